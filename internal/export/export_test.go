package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Not in parallel: its sweep, a day ahead, would erase the exports of the tests beside it.
func TestAnExportFromRequestToErasure(t *testing.T) {
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	f.Work(t, m, k, "2026-02-03", 15000, 3_700_000, testkit.Narrative("Draft the brief"))
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	f.Work(t, m, k, "2025-12-31", 10000, 3_700_000) // before the period
	asker := f.As(t, rbac.RoleSpecialist)
	e, key := h.ask(t, asker, year(export.FormFull))
	if e.Status != export.StatusAsked || e.RowsAsked != 2 || e.Narratives != 2 || !e.KeyMade || !strings.HasPrefix(key.Reveal(), "AGE-SECRET-KEY-") {
		t.Fatalf("asked %+v", e)
	}
	if n := f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND position(? in export::text) > 0`, f.ID, key.Reveal()); n != 0 {
		t.Error("the private key stands in the row")
	}
	if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, export.ErrNotReady) {
		t.Errorf("a ticket before approval: %v", err)
	}
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	e, err := h.svc.Get(asker, e.ID)
	if err != nil || e.Status != export.StatusReady || e.RowsDone != 2 || !e.ExpiresAt.Equal(testkit.Now.Add(24*time.Hour)) {
		t.Fatalf("ready %+v, %v", e, err)
	}
	sealed := h.fetch(t, asker, e)
	if bytes.Contains(sealed, []byte("Draft")) {
		t.Error("the file is not encrypted")
	}
	_, table, manifest := opened(t, sealed, key)
	if got := column(t, table, "narrative"); len(got) != 2 || got[0] != "Draft the brief" {
		t.Errorf("narratives %q", got)
	}
	if got := fmt.Sprint(column(t, table, "hours"), column(t, table, "rate"), column(t, table, "amount"), column(t, table, "matter_number")); got != fmt.Sprintf("[1.5 0.0] [370.0 0.0] [555.00 250.00] [%s %s]", m.Number, m.Number) {
		t.Errorf("figures %s", got)
	}
	if manifest["rows"] != 2.0 || manifest["narratives"] != 2.0 || manifest["id"] != string(e.ID) {
		t.Errorf("manifest %v", manifest)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(bytes.NewReader(sealed), stranger); err == nil {
		t.Error("another key opened the file")
	}
	h.clock.Advance(25 * time.Hour)
	if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, export.ErrNotReady) {
		t.Errorf("a ticket after its time: %v", err)
	}
	if n, err := h.worker.Sweep(t.Context()); err != nil || n < 1 || len(h.bucket.Names()) != 0 {
		t.Errorf("swept %d, %v, %v left", n, err, h.bucket.Names())
	}
	if e, err = h.svc.Get(asker, e.ID); err != nil || e.Status != export.StatusExpired || e.FileHash == "" || len(e.Fetched) != 1 || e.Fetched[0].Who == "" {
		t.Errorf("erased %+v, %v", e, err)
	}
	for _, action := range []string{"asked", "approved", "built", "ticket_made", "fetched", "erased"} {
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, f.ID, "export."+action); n != 1 {
			t.Errorf("%d leaves of %s", n, action)
		}
	}
}

// Rows and columns are those of the asker, whoever that is.
func TestAFileHoldsExactlyItsAskersScope(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	open, second, confidential, restricted, sealedM, walled := f.Matter(t), f.Matter(t), f.Matter(t, testkit.Label(1)), f.Matter(t, testkit.Label(2)), f.Matter(t, testkit.Label(3)), f.Matter(t)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	names := map[string]string{}
	for name, m := range map[string]testkit.M{"open": open, "second": second, "confidential": confidential, "restricted": restricted, "sealed": sealedM, "walled": walled} {
		f.Work(t, m, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative("words of "+name))
		names[f.Text(t, `SELECT id::text FROM entry WHERE firm_id = ? AND matter_id = ?`, f.ID, m.ID)] = name
	}
	other.Work(t, other.Matter(t), other.Timekeeper(t, "XX", "PARTNR", 0), "2026-02-03", 10000, 1)
	who := func(opts ...testkit.GrantOption) context.Context {
		ctx := f.As(t, rbac.RoleSpecialist, opts...)
		f.Wall(t, testkit.Actor(ctx), walled.ID)
		return ctx
	}
	for name, c := range map[string]struct {
		asker context.Context
		ask   func(n *export.NewRequest)
		want  string // matters, with ! where the narrative is there, $ where amounts are
	}{
		"up to restricted":    {who(), nil, "confidential!$ open!$ restricted!$ second!$"},
		"no factor lately":    {shown(who(), testkit.Now.Add(-authz.ClearTime-time.Second)), nil, "confidential!$ open!$ second!$"},
		"standard only":       {who(testkit.UpToLabel(0)), nil, "open!$ second!$"},
		"no narratives":       {who(testkit.UpToClass(2)), nil, "confidential$ open$ restricted$ second$"},
		"operations only":     {who(testkit.UpToClass(1)), nil, "confidential open restricted second"},
		"one matter":          {who(testkit.OnMatters(open.ID)), nil, "open!$"},
		"named sealed matter": {who(testkit.OnMatters(sealedM.ID), testkit.UpToLabel(3)), nil, "sealed!$"},
		"one client":          {who(testkit.OnClients(second.Client)), nil, "second!$"},
		"asked for redacted":  {who(testkit.OnMatters(open.ID)), func(n *export.NewRequest) { n.Form = export.FormRedacted }, "open$"},
		"asked for one":       {who(), func(n *export.NewRequest) { n.Matters = []ident.MatterID{open.ID, walled.ID, sealedM.ID} }, "open!$"},
		"asked for a client":  {who(), func(n *export.NewRequest) { n.Clients = []ident.ClientID{second.Client} }, "second!$"},
	} {
		t.Run(name, func(t *testing.T) {
			n := year(export.FormFull)
			if c.ask != nil {
				c.ask(&n)
			}
			seen, err := h.svc.Preview(c.asker, n)
			if err != nil {
				t.Fatal(err)
			}
			e, key := h.ready(t, f, c.asker, n)
			_, table, manifest := opened(t, h.fetch(t, c.asker, e), key)
			previewHolds(t, seen, table)
			var got []string
			words, amounts, ids := column(t, table, "narrative"), column(t, table, "amount"), column(t, table, "id")
			for i, id := range ids {
				s := names[id]
				if words[i] != "" {
					s += "!"
				}
				if amounts[i] != "" {
					s += "$"
				}
				for _, name := range []string{"worked_on", "matter_number", "timekeeper", "hours", "task_code"} { // the firm's as well
					if shown := column(t, table, name)[i] != ""; shown != (amounts[i] != "") {
						t.Errorf("%s is shown: %t, the amount: %t", name, shown, amounts[i] != "")
					}
				}
				got = append(got, s)
				if words[i] != "" && words[i] != "words of "+names[id] {
					t.Errorf("narrative %q", words[i])
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("file holds %v, want %s", got, c.want)
			}
			if int(manifest["rows"].(float64)) != len(ids) {
				t.Errorf("manifest counts %v rows", manifest["rows"])
			}
		})
	}
	if _, _, err := h.svc.Request(who(testkit.OnMatters(open.ID)), export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: export.FormFull, Hours: 24, Reason: "study",
		Matters: []ident.MatterID{second.ID}}); !errors.Is(err, export.ErrEmpty) {
		t.Errorf("a matter out of scope: %v", err)
	}
	if _, err := h.svc.Preview(who(testkit.OnMatters(open.ID)), export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: export.FormFull, Hours: 24, Matters: []ident.MatterID{second.ID}}); !errors.Is(err, export.ErrEmpty) {
		t.Errorf("the preview of a matter out of scope: %v", err)
	}
	if _, err := h.svc.Preview(who(testkit.OnMatters(open.ID)), export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: export.FormFull, Hours: 24, Recipient: "age1no"}); !errors.Is(err, export.ErrInput) {
		t.Errorf("the preview with a key that is none: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'export.previewed' AND class = 3 AND matter_id IS NOT NULL`, f.ID); n != 8 {
		t.Errorf("%d looks by preview", n)
	}
}

// previewHolds wants the preview to be true of the file.
func previewHolds(t *testing.T, p export.Preview, table [][]string) {
	t.Helper()
	if int(p.Rows) != len(table)-1 || p.Narratives+p.Withheld != p.Rows || len(p.Columns) != len(table[0]) {
		t.Errorf("preview of %d rows, %d columns; the file has %d, %d", p.Rows, len(p.Columns), len(table)-1, len(table[0]))
	}
	for i, c := range p.Columns {
		empty := int64(0)
		for _, line := range table[1:] {
			if line[i] == "" {
				empty++
			}
		}
		if c.Name != table[0][i] || c.Sample != table[1][i] || c.Hidden > empty || c.Class > authz.C1 && c.Name != "expense_code" && c.Hidden != empty { // time has no expense code
			t.Errorf("column %s: %+v, the file has %q first and %d empty", table[0][i], c, table[1][i], empty)
		}
	}
}

func TestT25_TicketsServeOncePersonSessionNetworkMinute(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	e, _ := h.ready(t, f, asker, year(export.FormRedacted))
	ticket := func() string {
		t.Helper()
		s, err := h.svc.Ticket(asker, e.ID, "192.0.2.0/24")
		if err != nil {
			t.Fatal(err)
		}
		return s.Reveal()
	}
	other := f.As(t, rbac.RoleSpecialist)
	session, err := scope.From(asker)
	if err != nil {
		t.Fatal(err)
	}
	session.Session = ident.New[ident.SessionID](testkit.Now)
	first := ticket()
	for name, c := range map[string]struct {
		ctx            context.Context
		token, network string
	}{
		"another person":  {other, first, "192.0.2.0/24"},
		"another session": {scope.With(context.Background(), session), first, "192.0.2.0/24"},
		"another network": {asker, first, "198.51.100.0/24"},
		"another firm":    {testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), first, "192.0.2.0/24"},
		"a made-up one":   {asker, strings.Repeat("A", 43), "192.0.2.0/24"},
		"none":            {asker, "", "192.0.2.0/24"},
	} {
		if _, err := h.svc.Download(c.ctx, c.token, c.network, ""); err == nil {
			t.Errorf("%s: fetched", name)
		} else if c.token != first || name != "another session" {
			continue
		} else if !errors.Is(err, export.ErrTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.svc.Ticket(other, e.ID, "n"); !errors.Is(err, export.ErrNotFound) {
		t.Errorf("a ticket for another's export: %v", err)
	}
	var wg sync.WaitGroup
	got := make([]error, 8)
	for i := range got {
		wg.Go(func() {
			file, err := h.svc.Download(asker, first, "192.0.2.0/24", "")
			if err == nil {
				_ = file.Body.Close()
			}
			got[i] = err
		})
	}
	wg.Wait()
	served := 0
	for _, err := range got {
		if err == nil {
			served++
		} else if !errors.Is(err, export.ErrTicket) {
			t.Error(err)
		}
	}
	if served != 1 {
		t.Errorf("a ticket served %d times", served)
	}
	late := ticket()
	h.clock.Advance(time.Minute)
	if _, err := h.svc.Download(asker, late, "192.0.2.0/24", ""); !errors.Is(err, export.ErrTicket) {
		t.Errorf("after a minute: %v", err)
	}
	for range 2 {
		file, err := h.svc.Download(asker, ticket(), "192.0.2.0/24", "")
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Body.Close()
	}
	if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, export.ErrUsedUp) {
		t.Errorf("a fourth time: %v", err)
	}
}

// A fetch that broke off goes on with its ticket, for who began it and with the same
// file; once the whole file was delivered the ticket has served.
func TestF10_AFetchThatBrokeOffGoesOn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	e, _ := h.ready(t, f, asker, year(export.FormRedacted))
	f.Exec(t, `UPDATE export SET downloads_left = 1 WHERE firm_id = ?`, f.ID)
	ticket, err := h.svc.Ticket(asker, e.ID, "n")
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context, network, goesOn string, from int64) (string, error) {
		file, err := h.svc.Download(ctx, ticket.Reveal(), network, goesOn)
		if err != nil {
			return "", err
		}
		defer file.Body.Close()
		if _, err := file.Body.Seek(from, io.SeekStart); err != nil {
			return "", err
		}
		b, err := io.ReadAll(file.Body)
		return string(b), err
	}
	whole, err := open(asker, "n", e.FileHash, 0) // its first use, whatever it says
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(20 * time.Minute) // the minute is for beginning
	if rest, err := open(asker, "n", e.FileHash, 70); err != nil || rest != whole[70:] {
		t.Errorf("going on: %d bytes, %v", len(rest), err)
	}
	session, err := scope.From(asker)
	if err != nil {
		t.Fatal(err)
	}
	session.Session = ident.New[ident.SessionID](testkit.Now)
	for name, c := range map[string]struct {
		ctx             context.Context
		network, goesOn string
	}{
		"from its start":  {asker, "n", ""},
		"another file":    {asker, "n", strings.Repeat("0", 64)},
		"another person":  {f.As(t, rbac.RoleSpecialist), "n", e.FileHash},
		"another network": {asker, "m", e.FileHash},
		"another session": {scope.With(context.Background(), session), "n", e.FileHash},
		"another firm":    {testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), "n", e.FileHash},
	} {
		if _, err := open(c.ctx, c.network, c.goesOn, 70); err == nil {
			t.Errorf("%s: it went on", name)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND class = 3 AND action IN ('export.fetched', 'export.fetch_continued')`, f.ID); n != 2 {
		t.Errorf("%d looks, want 2", n)
	}
	if err := h.svc.Delivered(asker, ticket.Reveal(), "n"); err != nil {
		t.Fatal(err)
	}
	if _, err := open(asker, "n", e.FileHash, 70); !errors.Is(err, export.ErrTicket) {
		t.Errorf("after the whole file: %v", err)
	}
	f.Exec(t, `UPDATE export_ticket SET delivered_at = NULL WHERE firm_id = ?`, f.ID)
	h.clock.Advance(10 * time.Minute)
	if _, err := open(asker, "n", e.FileHash, 70); !errors.Is(err, export.ErrTicket) {
		t.Errorf("after half an hour: %v", err)
	}
}

// A grant that ends stops the file: before it is made, while it is made, and after.
func TestT04_RevokedMeansUnreachable(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	person := func() (context.Context, ident.GrantID) {
		who := testkit.Person(t, h.d, "asker")
		g := f.Grant(t, who, rbac.RoleSpecialist)
		return f.Acting(who), g
	}
	asker, grant := person()
	e, _ := h.ask(t, asker, year(export.FormRedacted))
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	f.EndGrant(t, grant)
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND status = 'failed' AND blob_id IS NULL`, f.ID); n != 1 || len(h.bucket.Names()) != 0 {
		t.Errorf("built for who has no right: %d, %v", n, h.bucket.Names())
	}
	asker, grant = person()
	e, _ = h.ready(t, f, asker, year(export.FormRedacted))
	ticket, err := h.svc.Ticket(asker, e.ID, "n")
	if err != nil {
		t.Fatal(err)
	}
	f.Wall(t, testkit.Actor(asker), m.ID)
	if _, err := h.svc.Download(asker, ticket.Reveal(), "n", ""); !errors.Is(err, export.ErrTicket) {
		t.Errorf("behind a wall since (T25): %v", err)
	}
	f.EndGrant(t, grant)
	for _, goesOn := range []string{"", e.FileHash} {
		if _, err := h.svc.Download(asker, ticket.Reveal(), "n", goesOn); err == nil {
			t.Error("fetched without a grant")
		}
	}
}

func TestLimitsAndBadInput(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	_, _, err := h.svc.Request(asker, export.NewRequest{From: "x", To: "2026-13-01", Form: "all", Hours: 1, Reason: " ", Recipient: "ssh-rsa"})
	for _, path := range []string{"from", "to", "form", "hours", "reason", "recipient"} {
		if err == nil || !strings.Contains(fmt.Sprintf("%+v", fields(err)), path) {
			t.Errorf("%s is not named in %v", path, fields(err))
		}
	}
	if _, _, err := h.svc.Request(f.As(t, rbac.RolePartner), year(export.FormFull)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("partner: %v", err)
	}
	own, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	n := year(export.FormFull)
	n.Recipient = own.Recipient().String()
	if e, key := h.ask(t, asker, n); e.KeyMade || key != "" {
		t.Errorf("own key: %+v, %v", e, key)
	}
	for range 4 {
		h.ask(t, asker, n)
	}
	if _, _, err := h.svc.Request(asker, n); !errors.Is(err, export.ErrDaily) {
		t.Errorf("the sixth of a day: %v", err)
	}
	h.clock.Advance(25 * time.Hour)
	h.ask(t, asker, n)
}

// shown is ctx with its person having shown their factor at an instant.
func shown(ctx context.Context, at time.Time) context.Context {
	sc, err := scope.From(ctx)
	if err != nil {
		panic(err)
	}
	sc.FactorAt = at
	return scope.With(ctx, sc)
}

// What is in an export was settled when it was asked for with the factor shown: it is
// built so however late the firm approves, and fetched only with a factor again.
func TestAnExportKeepsTheClearanceOfItsRequest(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	for label := range 3 {
		f.Work(t, f.Matter(t, testkit.Label(label)), k, "2026-02-03", 10000, 3_700_000)
	}
	asker := f.As(t, rbac.RoleSpecialist)
	e, key := h.ask(t, shown(asker, h.clock.Now()), year(export.FormFull))
	if e.RowsAsked != 3 {
		t.Fatalf("%d rows asked for, want 3", e.RowsAsked)
	}
	h.clock.Advance(authz.ClearTime + time.Minute)
	late := shown(asker, testkit.Now)
	admin := f.As(t, rbac.RoleFirmAdmin)
	if p, err := h.svc.Review(admin, e.ID); err != nil || p.Rows != 3 {
		t.Errorf("the review counts %d rows, %v", p.Rows, err)
	}
	if p, err := h.svc.Preview(late, year(export.FormFull)); err != nil || p.Rows != 2 {
		t.Errorf("the asker's own preview without the factor: %d rows, %v", p.Rows, err)
	}
	if err := h.svc.Approve(admin, e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Ticket(late, e.ID, "net"); !errors.Is(err, export.ErrRightGone) {
		t.Errorf("fetched without the factor: %v", err)
	}
	_, table, _ := opened(t, h.fetch(t, asker, e), key)
	if n := len(column(t, table, "id")); n != 3 {
		t.Errorf("%d rows in the file, want 3", n)
	}
}
