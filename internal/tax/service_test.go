package tax_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func guard(t *testing.T, d *db.DB) *authz.Guard {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return authz.NewGuard(d, policy)
}

func home() tax.Treatment {
	return tax.Treatment{Name: "Home", Kind: tax.Taxed, Fees: []string{"GST"}, Expenses: []string{"GST"}, From: "2026-01-01"}
}

func TestTaxesAreEnteredChosenAndEnded(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	svc := tax.New(d, guard(t, d))
	f := testkit.Firm(t, d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	if _, err := svc.AddTreatment(admin, home()); !errors.Is(err, tax.ErrInvalid) {
		t.Errorf("a treatment of codes that are not there: %v", err)
	}
	gst, err := svc.AddCode(admin, code("GST", 50_000, "2026-01-01", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.AddCode(admin, code("GST", 70_000, "2026-07-01", "")); !errors.Is(err, tax.ErrOverlap) {
		t.Errorf("two rates on one day: %v", err)
	}
	if _, err := svc.EndCode(admin, gst.ID, gst.Version, "2025-12-31"); !errors.Is(err, tax.ErrInvalid) {
		t.Errorf("ended before it began: %v", err)
	}
	if _, err := svc.EndCode(admin, gst.ID, gst.Version+1, "2026-06-30"); !errors.Is(err, tax.ErrStale) {
		t.Errorf("a version nobody saw: %v", err)
	}
	if gst, err = svc.EndCode(admin, gst.ID, gst.Version, "2026-06-30"); err != nil || gst.Until != "2026-06-30" {
		t.Fatalf("%+v, %v", gst, err)
	}
	if _, err := svc.EndCode(admin, gst.ID, gst.Version, "2026-05-30"); !errors.Is(err, tax.ErrEnded) {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := svc.AddCode(admin, code("GST", 70_000, "2026-07-01", "")); err != nil {
		t.Errorf("the rate after it: %v", err)
	}
	if _, err = svc.AddTreatment(admin, home()); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.AddTreatment(admin, home()); !errors.Is(err, tax.ErrNameTaken) {
		t.Errorf("the same name: %v", err)
	}
	b, own, err := svc.Book(f.As(t, rbac.RoleSpecialist))
	if err != nil || own != "" || len(b.Codes) != 2 || len(b.Treatments) != 1 || b.Codes[0].Rate != 70_000 || b.Treatments[0].Fees[0] != "GST" {
		t.Fatalf("%+v, %q, %v", b, own, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('tax_code.created', 'tax_code.ended', 'tax_treatment.created')`, f.ID); n != 4 {
		t.Errorf("%d entries in the trail, want 4", n)
	}

}

// TestATreatmentThatSomeoneHasDoesNotEnd: for firm, client, payor and matter, each where its
// own data is kept; one of another firm is not there.
// TestTheFieldAtFaultIsNamed: of a code that is missing among those on expenses that field is
// at fault, and a day of no year is no day.
func TestTheFieldAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	svc, f := tax.New(d, guard(t, d)), testkit.Firm(t, d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	if _, err := svc.AddCode(admin, code("GST", 50_000, "2026-01-01", "")); err != nil {
		t.Fatal(err)
	}
	never := code("HST", 130_000, "0000-01-01", "")
	_, noDay := svc.AddCode(admin, never)
	made := func(kind tax.Kind, fees, expenses string) error {
		t := tax.Treatment{Name: "Some", Kind: kind, From: "2026-01-01", Expenses: []string{expenses}, Note: "The buyer accounts for the tax"}
		if fees != "" {
			t.Fees = []string{fees}
		}
		_, err := svc.AddTreatment(admin, t)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		path string
	}{
		"year 0":                     {noDay, "from"},
		"fees missing":               {made(tax.Taxed, "HST", "GST"), "fees"},
		"expenses missing":           {made(tax.Taxed, "GST", "HST"), "expenses"},
		"a tax on reversed expenses": {made(tax.Reverse, "", "GST"), "expenses"},
	} {
		var got *fault.Error
		if !errors.Is(c.err, tax.ErrInvalid) || !errors.As(c.err, &got) || len(got.Fields) != 1 || got.Fields[0].Path != c.path {
			t.Errorf("%s: %v %+v, want a fault of %s", name, c.err, got, c.path)
		}
	}
}

func TestATreatmentThatSomeoneHasDoesNotEnd(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	g := guard(t, d)
	svc, matters := tax.New(d, g), matter.New(d, g)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	admin, specialist := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleSpecialist)
	made := entered(t, svc, admin)
	theirs := entered(t, svc, other.As(t, rbac.RoleFirmAdmin))
	m := f.Matter(t)
	stays := func(where string) {
		t.Helper()
		if _, err := svc.EndTreatment(admin, made.ID, made.Version, "2026-12-31"); !errors.Is(err, tax.ErrInUse) {
			t.Errorf("%s has it: %v", where, err)
		}
	}
	none := ident.TreatmentID("")
	for where, save := range map[string]func(id *ident.TreatmentID) error{
		"firm": func(id *ident.TreatmentID) error { return svc.ChooseForFirm(admin, *id) },
		"client": func(id *ident.TreatmentID) error {
			c, err := matters.Client(specialist, m.Client)
			if c.Treatment = id; err == nil {
				_, err = matters.SaveClient(specialist, c)
			}
			return err
		},
		"payor": func(id *ident.TreatmentID) error {
			p, _, err := matters.Payor(specialist, m.Payor)
			if p.Treatment = id; err == nil {
				_, err = matters.SavePayor(specialist, p)
			}
			return err
		},
		"matter": func(id *ident.TreatmentID) error {
			x, err := matters.Matter(specialist, m.ID)
			if x.Treatment = id; err == nil {
				_, err = matters.SaveMatter(specialist, x)
			}
			return err
		},
	} {
		if err := save(&made.ID); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		stays(where)
		if err := save(&theirs.ID); !errors.Is(err, tax.ErrNotFound) {
			t.Errorf("%s takes one of another firm: %v", where, err)
		}
		stays(where)
		if where != "firm" { // left out, it stays
			if err := save(nil); err != nil {
				t.Errorf("%s: %v", where, err)
			}
			stays(where)
		}
		if err := save(&none); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
	ended, err := svc.EndTreatment(admin, made.ID, made.Version, "2026-12-31")
	if err != nil || ended.Until != "2026-12-31" {
		t.Fatalf("%+v, %v", ended, err)
	}
	if err := svc.ChooseForFirm(admin, made.ID); !errors.Is(err, tax.ErrUnknown) {
		t.Errorf("one that ended is chosen: %v", err)
	}
	if _, err := svc.EndTreatment(admin, theirs.ID, theirs.Version, "2026-12-31"); !errors.Is(err, tax.ErrNotFound) {
		t.Errorf("one of another firm is ended: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'firm.tax_treatment_chosen'`, f.ID); n != 2 {
		t.Errorf("%d choices in the trail, want 2", n)
	}
}

func entered(t *testing.T, svc *tax.Service, admin context.Context) tax.Treatment {
	t.Helper()
	if _, err := svc.AddCode(admin, code("GST", 50_000, "2026-01-01", "")); err != nil {
		t.Fatal(err)
	}
	made, err := svc.AddTreatment(admin, home())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestWhoMayEnterTaxes(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	svc := tax.New(d, guard(t, d))
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	gst, err := svc.AddCode(f.As(t, rbac.RoleFirmAdmin), code("GST", 50_000, "2026-01-01", ""))
	if err != nil {
		t.Fatal(err)
	}
	partner := f.As(t, rbac.RolePartner)
	if _, err := svc.AddCode(partner, code("QST", 99_750, "2026-01-01", "")); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a partner enters: %v", err)
	}
	if _, err := svc.EndCode(partner, gst.ID, gst.Version, "2026-12-31"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a partner ends: %v", err)
	}
	if _, err := svc.AddTreatment(partner, home()); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a partner enters a treatment: %v", err)
	}
	if err := svc.ChooseForFirm(partner, ""); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a partner chooses: %v", err)
	}
	theirs := other.As(t, rbac.RoleFirmAdmin)
	if b, _, err := svc.Book(theirs); err != nil || len(b.Codes) != 0 {
		t.Errorf("another firm lists %+v, %v", b, err)
	}
	if _, err := svc.EndCode(theirs, gst.ID, gst.Version, "2026-12-31"); !errors.Is(err, tax.ErrNotFound) {
		t.Errorf("another firm ends: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'tax%'`, f.ID); n != 1 {
		t.Errorf("refusals left %d entries", n-1)
	}
}
