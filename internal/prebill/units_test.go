package prebill_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

const priceList = `"kind":"task_based","tasks":{"prices":[{"code":"L340","price":5000000},{"code":"FILING","price":912500}],"others_hourly":true}`

// TestUnitsOfAPriceList: a task costs what is agreed for each unit, on any bill; the time on
// it is kept and valued, and who put the units there stands beside them.
func TestUnitsOfAPriceList(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, priceList)
	v := s.built() // two hours without a task, one of L340
	if got := said(v); got != "80000, 0, 10000 = 90000" || !v.Lines[1].Arranged.Unseen || v.Lines[1].Value != 40_000 {
		t.Fatalf("without units: %s, %+v", got, v.Lines[1].Arranged)
	}
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 20_000)))
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "FILING", 3_333)))
	if got := said(v); got != "80000, 0, 10000, task L340 100000, task FILING 3041 = 193041" {
		t.Errorf("with units: %s", got)
	}
	s.adds(v)
	x := v.Parts[0].Prices[0]
	if !x.Here || x.Billed || x.Quantity != 20_000 || x.Unit != 5_000_000 || x.Minor != 100_000 || x.By == "" || x.At == nil {
		t.Errorf("units %+v", x)
	}
	before := v.Hash
	v = s.view(s.ok(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "L340")))
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 10_000)))
	if got := said(v); got != "80000, 0, 10000, task L340 50000, task FILING 3041 = 143041" || v.Hash == before {
		t.Errorf("fewer units: %s", got)
	}
	a := s.issued(v)
	if len(a.Beside) != 2 || !a.Beside[0].Price || a.Beside[0].Quantity != 10_000 || a.Beside[0].Rate != 5_000_000 || !strings.HasPrefix(a.Beside[0].Text, "Price list, as agreed: ") || a.Beside[1].Text != "Price list, as agreed: FILING" {
		t.Errorf("beside %+v", a.Beside)
	}
	// The next bill may have the same again, and has nothing by itself.
	next := s.next()
	if got := said(next); got != "40000 = 40000" {
		t.Errorf("next: %s", got)
	}
	next = s.view(s.ok(s.svc.PutUnits(s.specialist, next.ID, next.Version, of, "L340", 10_000)))
	if got := said(next); got != "40000, task L340 50000 = 90000" {
		t.Errorf("next, with a unit: %s", got)
	}
}

// TestUnitsAloneMakeABill: the work was another's; only units are billed.
func TestUnitsAloneMakeABill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, priceList)
	v := s.through("2026-02-28")
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrNothing) {
		t.Errorf("Submit of nothing: %v", err)
	}
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "FILING", 40_000)))
	if a := s.issued(v); len(a.Beside) != 1 || a.Beside[0].Minor != 36_500 {
		t.Errorf("taken %+v", a)
	}
}

// TestTimeWithoutAPriceWaits: where the agreement does not charge other time by the hour, a
// bill with such time goes no further.
func TestTimeWithoutAPriceWaits(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, strings.Replace(priceList, "true", "false", 1))
	v := s.built()
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 10_000)))
	if w := v.Parts[0].Warnings; v.Parts[0].Unpriced != 1 || len(w) != 1 || w[0].Code != "task_unpriced" || !strings.Contains(w[0].Message, "800.00") {
		t.Fatalf("parts %+v", v.Parts)
	}
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrUnpriced) {
		t.Errorf("Submit: %v, want ErrUnpriced", err)
	}
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, amend.Change{Task: text("L340")})))
	if got := said(v); got != "0, 0, 10000, task L340 50000 = 60000" || v.Parts[0].Unpriced != 0 {
		t.Errorf("with its task: %s", got)
	}
	s.issued(v)
}

// TestWhoMayPutUnits: refusals leave nothing, and name what is wrong with the number.
func TestWhoMayPutUnits(t *testing.T) {
	t.Parallel()
	s, theirs := setup(t), setup(t)
	of, foreign := s.f.Arrange(t, s.m, dayOne, priceList), theirs.f.Arrange(t, theirs.m, dayOne, priceList)
	v := s.built()
	for name, try := range map[string]struct {
		err  error
		want error
	}{
		"another firm's":         {second(s.svc.PutUnits(s.specialist, v.ID, v.Version, foreign, "L340", 1)), prebill.ErrPrice},
		"of no list":             {second(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L310", 1)), prebill.ErrPrice},
		"without the permission": {second(s.svc.PutUnits(s.f.As(t, rbac.RoleQualityAuditor), v.ID, v.Version, of, "L340", 1)), authz.ErrForbidden},
		"an old version":         {second(s.svc.PutUnits(s.specialist, v.ID, v.Version+1, of, "L340", 1)), prebill.ErrStale},
		"none":                   {second(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 0)), prebill.ErrInvalid},
		"less than none":         {second(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", -1)), prebill.ErrInvalid},
		"too many":               {second(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 1_000_000_001)), prebill.ErrInvalid},
		"without a number":       {second(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "L340")), prebill.ErrInvalid},
		"not there":              {second(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "L340")), prebill.ErrPrice},
	} {
		var bad *fault.Error
		if !errors.Is(try.err, try.want) || errors.Is(try.want, prebill.ErrInvalid) && (!errors.As(try.err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Path != "quantity") {
			t.Errorf("%s: %v, want %v", name, try.err, try.want)
		}
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_price WHERE firm_id = ?`, s.f.ID) + s.leaves(v.ID); n != 1 {
		t.Errorf("the refusals left %d units and leaves, want the leaf of building", n)
	}
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 10_000)))
	if _, err := s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 10_000); !errors.Is(err, prebill.ErrPrice) {
		t.Errorf("put twice: %v", err)
	}
	fixed := s.f.Arrange(t, s.m, "2026-02-10", `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`)
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, fixed, "")))
	if _, err := s.svc.PutUnits(s.specialist, v.ID, v.Version, fixed, "", 10_000); err == nil {
		t.Error("a fixed price has a number")
	}
	// Units and amount do not part, whoever writes.
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO prebill_charge (firm_id, prebill_id, position, arrangement_id, what, code, amount_minor) VALUES (?, ?, 9, ?, 'task', 'L340', 100)`, s.f.ID, v.ID, of).Error
	})
	if !db.Violates(err, "prebill_charge_units") {
		t.Errorf("a task without units: %v", err)
	}
}
