package matter_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func setup(t *testing.T) (*matter.Service, testkit.F) {
	t.Helper()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return matter.New(d, authz.NewGuard(d, policy)), testkit.Firm(t, d)
}

func payor(client ident.ClientID) matter.Payor {
	return matter.Payor{ClientID: client, Name: "Pelham Freight Lines, Inc.", Address: "1 Drayage Way\nElizabeth", Country: "US", TermsDays: 30, Delivery: matter.DeliveryLink}
}

func TestOpeningAMatterFromNothing(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleSpecialist)
	c, err := s.SaveClient(ctx, matter.Client{Number: "00417", Name: "Pelham Freight Lines"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.SavePayor(ctx, payor(c.ID))
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.SaveContact(ctx, matter.Contact{PayorID: p.ID, Name: "Ruth Okonjo", Email: "payables@pelhamfreight.example"})
	if err != nil || k.VerifiedAt != nil {
		t.Fatalf("contact %+v, %v", k, err)
	}
	if k, err = s.VerifyContact(ctx, k.ID, k.Version); err != nil || k.VerifiedAt == nil {
		t.Fatalf("verified %+v, %v", k, err)
	}
	k.Email = "other@pelhamfreight.example"
	if k, err = s.SaveContact(ctx, k); err != nil || k.VerifiedAt != nil {
		t.Errorf("a changed address stays unverified: %+v, %v", k, err)
	}
	m, err := s.SaveMatter(ctx, matter.Matter{ClientID: c.ID, PayorID: p.ID, Number: "00417-0032", Name: "Pelham v. Cobalt", TaskSet: "litigation", Currency: "USD", OpenedOn: testkit.Day("2026-02-09")})
	if err != nil || m.ClientName != c.Name || m.Version != 1 {
		t.Fatalf("matter %+v, %v", m, err)
	}
	closed := testkit.Day("2026-06-01")
	m.ClosedOn = &closed
	if m, err = s.SaveMatter(ctx, m); err != nil || m.Status != "closed" || m.Version != 2 {
		t.Errorf("closing: %+v, %v", m, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, f.ID); n != 7 {
		t.Errorf("%d leaves, want one for each of 7 changes", n)
	}
}

func TestRefusalsNameEveryFieldAndSaveNothing(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleSpecialist)
	have := f.Matter(t)
	other := f.Matter(t)
	leaves := func() int64 {
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND result = 'done'`, f.ID)
	}
	before := leaves()
	fields := func(err error) []string {
		var fe *fault.Error
		if !errors.As(err, &fe) {
			t.Fatalf("%v is not a fault", err)
		}
		var names []string
		for _, x := range fe.Fields {
			names = append(names, x.Path)
		}
		return names
	}
	_, err := s.SaveMatter(ctx, matter.Matter{Number: strings.Repeat("9", 21), Currency: "dollars", TaxRate: 20_000_000, Label: 9})
	if got := fields(err); !slices.Equal(got, []string{"number", "name", "label", "currency", "tax_rate", "client_id", "payor_id", "opened_on"}) {
		t.Errorf("matter faults %v", got)
	}
	_, err = s.SaveContact(ctx, matter.Contact{PayorID: have.Payor, Name: "x\r\nBcc: y", Email: "a@b.example, c@d.example"})
	if got := fields(err); !slices.Equal(got, []string{"name", "email"}) {
		t.Errorf("contact faults %v", got)
	}
	base := matter.Matter{ClientID: have.Client, PayorID: have.Payor, Number: have.Number, Name: "again", Currency: "USD", OpenedOn: testkit.Day("2026-01-01")}
	if _, err := s.SaveMatter(ctx, base); !errors.Is(err, matter.ErrNumberTaken) {
		t.Errorf("number in use: %v", err)
	}
	base.Number, base.PayorID = "fresh", other.Payor
	if _, err := s.SaveMatter(ctx, base); !errors.Is(err, matter.ErrPayorElse) {
		t.Errorf("another client's payor: %v", err)
	}
	c, err := s.Client(ctx, have.Client)
	if err != nil {
		t.Fatal(err)
	}
	c.Version = 99
	if _, err := s.SaveClient(ctx, c); !errors.Is(err, matter.ErrStale) {
		t.Errorf("old version: %v", err)
	}
	if leaves() != before {
		t.Error("a refused change left a leaf")
	}
}

// A number that is taken is refused in the same words whether its matter is hidden or not,
// and each such refusal is in the firm's history, without the number.
func TestT24_ATakenNumberIsRefusedAndSeen(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	have, hidden := f.Matter(t), f.Matter(t)
	walled := f.As(t, rbac.RoleSpecialist)
	f.Wall(t, testkit.Actor(walled), hidden.ID)
	mine, err := s.Matter(walled, have.ID)
	if err != nil {
		t.Fatal(err)
	}
	client, err := s.Client(walled, have.Client)
	if err != nil {
		t.Fatal(err)
	}
	other := f.Text(t, `SELECT number FROM client WHERE firm_id = ? AND id = ?`, f.ID, hidden.Client)
	fresh := matter.Matter{ClientID: have.Client, PayorID: have.Payor, Number: hidden.Number, Name: "again", Currency: "USD", OpenedOn: testkit.Day("2026-01-01")}
	inSight, renumbered, renamed := fresh, mine, client
	inSight.Number, renumbered.Number, renamed.Number = have.Number, hidden.Number, other
	var told []string
	for what, save := range map[string]func() error{
		"opened":         func() error { _, err := s.SaveMatter(walled, fresh); return err },
		"opened, seen":   func() error { _, err := s.SaveMatter(walled, inSight); return err },
		"changed":        func() error { _, err := s.SaveMatter(walled, renumbered); return err },
		"client changed": func() error { _, err := s.SaveClient(walled, renamed); return err },
	} {
		err := save()
		if !errors.Is(err, matter.ErrNumberTaken) {
			t.Fatalf("%s: %v", what, err)
		}
		told = append(told, err.Error())
	}
	if len(slices.Compact(told)) != 1 {
		t.Errorf("refused in different words: %q", told)
	}
	const refused = `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND result = 'failed' AND actor = ? AND class = 1 AND action = `
	who := testkit.Actor(walled)
	if n, c := f.Count(t, refused+`'matter.number_refused'`, f.ID, who), f.Count(t, refused+`'client.number_refused'`, f.ID, who); n != 3 || c != 1 {
		t.Errorf("%d refusals of a matter's number and %d of a client's are recorded, want 3 and 1", n, c)
	}
	if n := f.Count(t, refused+`'matter.number_refused' AND matter_id = ?`, f.ID, who, string(have.ID)); n != 1 {
		t.Errorf("%d are of the matter that was to be changed, want 1", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf l WHERE l.firm_id = ? AND l.result = 'failed' AND to_jsonb(l)::text LIKE ANY (ARRAY['%' || ? || '%', '%' || ? || '%'])`, f.ID, hidden.Number, other); n != 0 {
		t.Errorf("%d entries say the number", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM matter WHERE firm_id = ?`, f.ID); n != 2 {
		t.Errorf("%d matters, want 2", n)
	}
	fresh.Number = "F-1"
	if _, err := s.SaveMatter(walled, fresh); err != nil {
		t.Errorf("a number that is free: %v", err)
	}
}

// TestT01_MastersOfAnotherFirmAreNotThere also walks scope, label and wall.
func TestT01_MastersOfAnotherFirmAreNotThere(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	theirs := testkit.Firm(t, f.DB()).Matter(t)
	a, b, secret := f.Matter(t), f.Matter(t), f.Matter(t, testkit.Label(2))
	all := f.As(t, rbac.RoleSpecialist)
	narrow := f.As(t, rbac.RoleSpecialist, testkit.OnMatters(a.ID), testkit.UpToLabel(0))
	plain := f.As(t, rbac.RoleSpecialist, testkit.UpToLabel(1))
	walled := f.As(t, rbac.RoleSpecialist)
	f.Wall(t, testkit.Actor(walled), b.ID)
	for name, c := range map[string]struct {
		ctx    context.Context
		sees   []ident.MatterID
		hidden []ident.MatterID
	}{
		"whole firm":     {all, []ident.MatterID{a.ID, b.ID, secret.ID}, []ident.MatterID{theirs.ID}},
		"one matter":     {narrow, []ident.MatterID{a.ID}, []ident.MatterID{b.ID, secret.ID, theirs.ID}},
		"label too low":  {plain, []ident.MatterID{a.ID, b.ID}, []ident.MatterID{secret.ID}},
		"behind a wall":  {walled, []ident.MatterID{a.ID, secret.ID}, []ident.MatterID{b.ID}},
		"nobody of ours": {f.Acting(testkit.Person(t, f.DB(), "stranger")), nil, []ident.MatterID{a.ID}},
	} {
		list, err := s.Matters(c.ctx, "")
		if name == "nobody of ours" {
			if !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("%s: list %v", name, err)
			}
		} else if err != nil || len(list) != len(c.sees) {
			t.Errorf("%s: lists %d matters, %v; want %d", name, len(list), err, len(c.sees))
		}
		for _, id := range c.sees {
			if _, err := s.Matter(c.ctx, id); err != nil {
				t.Errorf("%s: cannot see %s: %v", name, id, err)
			}
		}
		for _, id := range c.hidden {
			if _, err := s.Matter(c.ctx, id); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("%s: hidden matter answers %v", name, err)
			}
			if _, err := s.SaveMatter(c.ctx, matter.Matter{ID: id, ClientID: a.Client, PayorID: a.Payor, Number: "x", Name: "x", Currency: "USD", OpenedOn: testkit.Day("2026-01-01")}); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("%s: changing a hidden matter answers %v", name, err)
			}
		}
	}
	if _, err := s.SaveClient(narrow, matter.Client{Number: "n", Name: "n"}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a narrow grant made a client: %v", err)
	}
	if _, err := s.SaveClient(f.As(t, rbac.RolePartner), matter.Client{Number: "n", Name: "n"}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner made a client: %v", err)
	}
}

func TestI20_NoLeafNoChange(t *testing.T) {
	t.Parallel()
	name := testkit.NewDatabase(t)
	admin := testkit.OpenDatabase(t, "postgres", name, testkit.DB(t).Clock())
	d := testkit.OpenDatabase(t, "docketry_api", name, testkit.DB(t).Clock())
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f := testkit.Firm(t, d)
	ctx := f.As(t, rbac.RoleSpecialist)
	s := matter.New(d, authz.NewGuard(d, policy))
	err = admin.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Exec("REVOKE INSERT ON audit_leaf FROM docketry_audit").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.SaveClient(ctx, matter.Client{Number: "1", Name: "x"})
	if fault.KindOf(err) != fault.Unavailable || f.Count(t, "SELECT count(*) FROM client") != 0 {
		t.Errorf("without the audit grant: %v", err)
	}
}

// What does not fit the work of a matter is refused, by the service and, once something
// is billed, by the database itself.
func TestAMatterStaysInTheCurrencyOfItsWork(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleSpecialist)
	have := f.Matter(t)
	m, err := s.Matter(ctx, have.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"gbp", "Gbp", "XXX", ""} {
		wrong := m
		if wrong.Currency = money.Currency(code); !refusedAt(t, second(s.SaveMatter(ctx, wrong)), "currency") {
			t.Errorf("currency %q is taken", code)
		}
	}
	m.Currency = "GBP"
	if m, err = s.SaveMatter(ctx, m); err != nil {
		t.Fatalf("without work: %v", err)
	}
	m.Currency = "USD"
	if m, err = s.SaveMatter(ctx, m); err != nil {
		t.Fatal(err)
	}
	f.Cost(t, have, "2026-02-04", "E115", 10_000, 2_500_000)
	other := m
	if other.Currency = "GBP"; !refusedAt(t, second(s.SaveMatter(ctx, other)), "currency") {
		t.Error("the currency changes under the work")
	}
	later := m
	if later.OpenedOn = testkit.Day("2026-02-05"); !refusedAt(t, second(s.SaveMatter(ctx, later)), "opened_on") {
		t.Error("the matter is opened after its work")
	}
	f.Invoice(t, have)
	err = testkit.DB(t).InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE matter SET currency = 'GBP' WHERE firm_id = ? AND id = ?`, f.ID, have.ID).Error
	})
	if !db.Violates(err, "prebill_currency_fkey") && !db.Violates(err, "invoice_currency_fkey") {
		t.Error("the database lets an invoice's matter change its currency")
	}
	p := payor(have.Client)
	for _, code := range []string{"XX", "ZZ", "us", "UK"} {
		if p.Country = code; !refusedAt(t, second(s.SavePayor(ctx, p)), "country") {
			t.Errorf("country %q is taken", code)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// refusedAt tells whether err names that one field.
func refusedAt(t *testing.T, err error, field string) bool {
	t.Helper()
	var fe *fault.Error
	return errors.As(err, &fe) && len(fe.Fields) == 1 && fe.Fields[0].Path == field
}

func TestATimekeepersDays(t *testing.T) {
	t.Parallel()
	day := func(s string) *time.Time { d := testkit.Day(s); return &d }
	k := matter.Timekeeper{Code: "RV", Name: "R. Vane", Class: "ASSOC", Status: "left", JoinedOn: day("2024-05-01"), LeftOn: day("2024-05-01"), AdmittedOn: day("2026-01-01")}
	if err := k.Validate(); err != nil {
		t.Errorf("one day there: %v", err)
	}
	k.LeftOn = day("2024-04-30")
	var f *fault.Error
	if err := k.Validate(); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "left_on" {
		t.Errorf("left before joining: %v", err)
	}
	svc, firm := setup(t)
	admin := firm.As(t, rbac.RoleFirmAdmin)
	k.LeftOn = nil
	saved, err := svc.SaveTimekeeper(admin, k)
	if err != nil {
		t.Fatal(err)
	}
	saved.LeftOn = day("2026-02-27")
	if _, err := svc.SaveTimekeeper(admin, saved); err != nil {
		t.Fatal(err)
	}
	got, err := svc.Timekeeper(admin, saved.ID)
	if err != nil || got.JoinedOn == nil || !got.JoinedOn.Equal(*k.JoinedOn) || got.LeftOn == nil || !got.LeftOn.Equal(*saved.LeftOn) || !got.AdmittedOn.Equal(*k.AdmittedOn) {
		t.Errorf("kept: %+v, %v", got, err)
	}
}
