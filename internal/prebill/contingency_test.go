package prebill_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const (
	ofGross = `"contingency":{"shares":[{"stage":"settlement","share":333333},{"stage":"trial","share":400000}],"net_of_costs":false}`
	ofNet   = `"contingency":{"shares":[{"stage":"settlement","share":333333},{"stage":"trial","share":400000}],"net_of_costs":true}`
)

// closing says a statement in figures.
func closing(v prebill.View) string {
	c := v.Closing
	if c == nil {
		return "none"
	}
	text := fmt.Sprintf("%d = %d fee + %d costs + %d client", c.GrossMinor, c.FeeMinor, c.CostsMinor, c.ClientMinor)
	if c.HeldMinor > 0 {
		text += fmt.Sprintf(", %d held", c.HeldMinor)
	}
	return text
}

// TestClosingStatementsOfTheTable are worked examples of LEGAL-BILLING 8, contingency: two
// hours and one, and a cost of 100.00. Time is kept and valued, and not billed; the costs are
// charged once, by the bill with the statement.
func TestClosingStatementsOfTheTable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terms, stage string
		gross        int64
		bill, want   string
	}{
		"settlement, a third":       {ofGross, "settlement", 10_000_000, "0, 0, 10000, contingent fee RECOVERY-1 3333330 = 3343330", "10000000 = 3333330 fee + 10000 costs + 6656670 client"},
		"trial, 40 percent":         {ofGross, "trial", 10_000_000, "0, 0, 10000, contingent fee RECOVERY-1 4000000 = 4010000", "10000000 = 4000000 fee + 10000 costs + 5990000 client"},
		"trial, net of costs":       {ofNet, "trial", 10_000_000, "0, 0, 10000, contingent fee RECOVERY-1 3996000 = 4006000", "10000000 = 3996000 fee + 10000 costs + 5994000 client"},
		"costs above the recovery":  {ofNet, "settlement", 6_000, "0, 0, 10000, contingent fee RECOVERY-1 0 = 10000", "6000 = 0 fee + 10000 costs + -4000 client"},
		"gross, and costs above it": {ofGross, "settlement", 6_000, "0, 0, 10000, contingent fee RECOVERY-1 2000 = 12000", "6000 = 2000 fee + 10000 costs + -6000 client"},
		"with a discount":           {ofGross + `,"discount":{"rate":100000}`, "trial", 1_000_000, "0, 0, 10000, contingent fee RECOVERY-1 400000, discount -40000 = 370000", "1000000 = 360000 fee + 10000 costs + 630000 client"},
		"a discount by line":        {ofGross + `,"discount":{"rate":100000,"by_line":true}`, "trial", 1_000_000, "0, 0, 10000, contingent fee RECOVERY-1 360000 = 370000", "1000000 = 360000 fee + 10000 costs + 630000 client"},
		"a volume discount":         {ofGross + `,"volume":{"tiers":[{"from_minor":100000,"rate":100000}]}`, "trial", 1_000_000, "0, 0, 10000, contingent fee RECOVERY-1 400000, volume discount -30000 = 380000", "1000000 = 370000 fee + 10000 costs + 620000 client"},
		"a holdback":                {ofGross + `,"holdback":{"share":100000,"condition":"the appeal is decided"}`, "trial", 1_000_000, "0, 0, 10000, contingent fee RECOVERY-1 400000, holdback -40000 = 370000", "1000000 = 400000 fee + 10000 costs + 590000 client, 40000 held"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.f.Contingent(t, s.m, c.terms)
			s.f.Recovered(t, s.m, "USD", c.stage, "2026-02-20", c.gross)
			v := s.built()
			if got := said(v); got != c.bill {
				t.Errorf("bill %s, want %s", got, c.bill)
			}
			if got := closing(v); got != c.want || !v.Closing.Adds() {
				t.Errorf("statement %s, want %s", got, c.want)
			}
			if v.Totals.RecordedHours != 30_000 || v.Parts[0].WorkedMinor != 120_000 || !v.Lines[0].Arranged.Unseen {
				t.Errorf("time is not kept and valued: %+v, %+v", v.Totals, v.Parts)
			}
			s.adds(v)
		})
	}
}

// TestClosingStatementsInOtherCurrencies has amounts without decimals and with three.
func TestClosingStatementsInOtherCurrencies(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]string{"JPY": "1000001 = 333300 fee + 100 costs + 666601 client", "KWD": "1000001 = 300000 fee + 100000 costs + 600001 client"} {
		t.Run(currency, func(t *testing.T) {
			t.Parallel()
			s := setup(t, testkit.Currency(currency))
			s.f.Contingent(t, s.m, `"currency":"`+currency+`",`+ofNet)
			s.f.Recovered(t, s.m, currency, "settlement", "2026-02-20", 1_000_001)
			s.f.Cost(t, s.m, "2026-02-11", "E115", 10_000, 1_000_000, testkit.EntryCurrency(currency))
			v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
			if got := closing(v); got != want {
				t.Errorf("statement %s, want %s", got, want)
			}
		})
	}
}

// TestNoBillBeforeTheSigning: a contingent fee needs its signed writing before the first bill,
// and a draft of before waits for it.
func TestNoBillBeforeTheSigning(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Cost(t, s.m, "2026-02-11", "E115", 10_000, 3_000_000)
	v := s.built()
	of := s.f.Arrange(t, s.m, dayOne, `"kind":"contingency",`+ofGross)
	v = s.view(v.Prebill)
	if !v.Parts[0].Unsigned || !v.Behind {
		t.Errorf("parts %+v", v.Parts)
	}
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Errorf("the first step tells what changed: %v", err)
	}
	v = s.view(v.Prebill)
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, arrangement.ErrUnsigned) {
		t.Errorf("Submit without the writing: %v, want ErrUnsigned", err)
	}
	other := s.f.Matter(t)
	unsigned := s.f.Arrange(t, other, dayOne, `"kind":"contingency",`+ofGross)
	s.f.Cost(t, other, "2026-02-11", "E115", 10_000, 3_000_000)
	order := prebill.Order{Matter: other.ID, Through: testkit.Day("2026-02-28")}
	if _, err := s.svc.Build(s.specialist, order); !errors.Is(err, arrangement.ErrUnsigned) {
		t.Errorf("Build without the writing: %v, want ErrUnsigned", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ? AND matter_id = ?`, s.f.ID, other.ID); n != 0 {
		t.Errorf("the refusal left %d bills", n)
	}
	s.f.Sign(t, of)
	s.f.Sign(t, unsigned)
	v = s.view(v.Prebill)
	s.ok(s.svc.Submit(s.specialist, v.ID, v.Version))
	s.ok(s.svc.Build(s.specialist, order))
}

// TestARecoveryOfAClosedMatterIsBilled: money comes in when the case is over, and the matter is
// among those to bill; a recovery in a currency that the matter has no more is not in its sum.
func TestARecoveryOfAClosedMatterIsBilled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Contingent(t, s.m, ofGross)
	s.f.Recovered(t, s.m, "USD", "settlement", "2026-02-20", 1_000_000)
	s.f.Recovered(t, s.m, "EUR", "settlement", "2026-02-21", 7_000_000)
	s.f.Exec(t, `UPDATE matter SET status = 'closed', closed_on = '2026-02-19' WHERE firm_id = ? AND id = ?`, s.f.ID, s.m.ID)
	ready, err := s.svc.Ready(s.specialist)
	if err != nil || len(ready) != 1 || ready[0].GrossMinor != 1_000_000 {
		t.Errorf("ready %+v, %v", ready, err)
	}
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if got := closing(v); got != "1000000 = 333333 fee + 0 costs + 666667 client" {
		t.Errorf("statement %s", got)
	}
}

// TestARecoveryIsBilledOnce follows one over bills: on a draft, taken off, put on, approved,
// and given back when the bill is cancelled.
func TestARecoveryIsBilledOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Contingent(t, s.m, ofGross)
	s.f.Recovered(t, s.m, "USD", "settlement", "2026-02-20", 1_000_000)
	s.f.Recovered(t, s.m, "USD", "appeal", "2026-02-21", 1_000_000) // no share is agreed
	s.f.Recovered(t, s.m, "USD", "trial", "2026-02-22", 1_000_000)
	ready, err := s.svc.Ready(s.specialist)
	if err != nil || len(ready) != 1 || ready[0].GrossMinor != 3_000_000 || ready[0].Entries != 0 {
		t.Fatalf("ready %+v, %v", ready, err)
	}
	v := s.built()
	if got := closing(v); got != "1000000 = 333333 fee + 10000 costs + 656667 client" || len(v.Parts[0].Prices) != 3 {
		t.Fatalf("statement %s, %+v", got, v.Parts)
	}
	for code, why := range map[string]string{"RECOVERY-2": "no share is agreed for its stage", "RECOVERY-3": "another recovery is on it; a bill has one closing statement"} {
		if _, err := s.svc.PutPrice(s.specialist, v.ID, v.Version, of, code); !errors.Is(err, prebill.ErrPrice) || !hasText(err, why) {
			t.Errorf("%s: %v, want %q", code, err, why)
		}
	}
	v = s.view(s.ok(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "RECOVERY-1")))
	if closing(v) != "none" || said(v) != "0, 0, 10000 = 10000" {
		t.Errorf("taken off: %s, %s", closing(v), said(v))
	}
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "RECOVERY-3")))
	if got := closing(v); got != "1000000 = 400000 fee + 10000 costs + 590000 client" {
		t.Errorf("statement %s", got)
	}
	hash := v.Hash
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	if hash != v.Hash {
		t.Errorf("the hash moved without a change")
	}
	err = s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE prebill_closing SET fee_minor = 0 WHERE firm_id = ?`, s.f.ID).Error
	})
	if err == nil {
		t.Error("a statement that is approved was changed")
	}
	v = s.view(s.ok(s.svc.Withdraw(s.partner, v.ID, s.view(v.Prebill).Version)))
	s.ok(s.svc.Cancel(s.specialist, v.ID, v.Version))
	v = s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if got := closing(v); got != "1000000 = 333333 fee + 10000 costs + 656667 client" {
		t.Errorf("after the other bill was cancelled: %s", got)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_price WHERE firm_id = ? AND recovery_id IS NOT NULL AND live`, s.f.ID); n != 1 {
		t.Errorf("%d recoveries on live bills, want 1", n)
	}
}

func hasText(err error, text string) bool {
	return err != nil && len(text) > 0 && strings.Contains(err.Error(), text)
}

// TestACostIsInOneStatement has costs of 300.00, 200.00 and 50.00: what an earlier bill charged is in the list, what a statement
// counted is in no other, and what is held is left out with a warning.
func TestACostIsInOneStatement(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Contingent(t, s.m, ofNet)
	s.f.Cost(t, s.m, "2026-02-11", "E115", 10_000, 3_000_000)
	first := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")}))) // nothing came in yet
	first = s.view(s.ok(s.svc.Submit(s.specialist, first.ID, first.Version)))
	s.ok(s.svc.Approve(s.partner, first.ID, first.Version, first.Hash))
	s.take(first.ID)
	s.f.Recovered(t, s.m, "USD", "trial", "2026-02-20", 1_000_000)
	s.f.Cost(t, s.m, "2026-02-12", "E118", 10_000, 2_000_000)
	held := s.f.Cost(t, s.m, "2026-02-13", "E101", 10_000, 500_000)
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if got := closing(v); got != "1000000 = 378000 fee + 55000 costs + 567000 client" || v.Closing.HereMinor() != 25_000 || v.Closing.Costs[0].Prebill != first.ID {
		t.Errorf("statement %s of %+v", got, v.Closing)
	}
	for i := range v.Lines {
		if v.Lines[i].EntryID == held.ID {
			v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[i].ID, "until the vendor answers")))
			break
		}
	}
	if got := closing(v); got != "1000000 = 380000 fee + 50000 costs + 570000 client" || !warns(v, "costs_held") {
		t.Errorf("with one held: %s, %+v", got, v.Parts)
	}
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	v = s.view(s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)))
	s.take(v.ID)
	s.f.Recovered(t, s.m, "USD", "trial", "2026-02-25", 500_000)
	v = s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if got := closing(v); got != "500000 = 198000 fee + 5000 costs + 297000 client" {
		t.Errorf("the next statement counts what none did: %s", got)
	}
}

func warns(v prebill.View, code string) bool {
	for _, p := range v.Parts {
		for _, w := range p.Warnings {
			if w.Code == code {
				return true
			}
		}
	}
	return false
}

// TestI01_ParallelBuildsBillARecoveryOnce starts twenty builders of one matter while others
// put the recovery on: it is on one bill, once.
func TestI01_ParallelBuildsBillARecoveryOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Contingent(t, s.m, ofGross)
	id := s.f.Recovered(t, s.m, "USD", "settlement", "2026-02-20", 1_000_000)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")}); err != nil {
				t.Errorf("Build: %v", err)
			}
		})
	}
	group.Wait()
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_charge WHERE firm_id = ? AND what = 'contingent fee'`, s.f.ID); n != 1 {
		t.Errorf("%d contingent fees, want 1", n)
	}
	// Past the service: the database refuses a second live bill, and another matter's.
	other := s.f.Matter(t, testkit.SameClientAs(s.m))
	of := s.f.Contingent(t, other, ofGross)
	s.f.Cost(t, other, "2026-02-11", "E115", 10_000, 1_000_000)
	bill := s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: other.ID, Through: testkit.Day("2026-02-28")}))
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO prebill_price (firm_id, prebill_id, arrangement_id, code, recovery_id, put_by, put_at) VALUES (?, ?, ?, 'RECOVERY-1', ?, ?, ?)`, s.f.ID, bill.ID, of, id, testkit.Actor(s.partner), tx.Now).Error
	})
	if !db.Violates(err, "prebill_price_own_recovery") && !db.Violates(err, "prebill_price_recovery_once") {
		t.Errorf("a recovery on a bill of another matter: %v", err)
	}
}

// TestT01_AnotherFirmsRecoveryIsNotThere: neither its share nor its code reaches another firm.
func TestT01_AnotherFirmsRecoveryIsNotThere(t *testing.T) {
	t.Parallel()
	mine, theirs := setup(t), setup(t)
	of := theirs.f.Contingent(t, theirs.m, ofGross)
	theirs.f.Recovered(t, theirs.m, "USD", "settlement", "2026-02-20", 1_000_000)
	v := theirs.built()
	if _, err := mine.svc.TakePrice(mine.specialist, v.ID, v.Version, of, "RECOVERY-1"); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("another firm's bill: %v, want ErrNotFound", err)
	}
	auditor := theirs.f.As(t, rbac.RoleQualityAuditor)
	if _, err := theirs.svc.TakePrice(auditor, v.ID, v.Version, of, "RECOVERY-1"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the right: %v, want ErrForbidden", err)
	}
	own := mine.built()
	if closing(own) != "none" {
		t.Errorf("statement %s", closing(own))
	}
}
