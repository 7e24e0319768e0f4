package prebill_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const dayOne = "2026-01-01"

// said is what a bill comes to: its lines, what stands beside them, the total.
func said(v prebill.View) string {
	var parts []string
	for i := range v.Lines {
		parts = append(parts, fmt.Sprint(v.Lines[i].Bills()))
	}
	for _, c := range v.Charges {
		parts = append(parts, strings.TrimSpace(c.What+" "+c.Code)+" "+fmt.Sprint(c.Minor))
	}
	return strings.Join(parts, ", ") + " = " + fmt.Sprint(v.Totals.InvoiceMinor)
}

// adds holds the identities of a bill's totals, and that lists say the same.
func (s *stage) adds(v prebill.View) {
	s.t.Helper()
	t := v.Totals
	if t.RecordedMinor+t.TeamMinor+t.FirmMinor+t.ArrangedMinor != t.InvoiceMinor || t.FeesMinor+t.ExpensesMinor != t.InvoiceMinor {
		s.t.Errorf("totals %+v do not add up", t)
	}
	fees := int64(0)
	for _, p := range v.Parts {
		fees += p.FeesMinor - p.HeldMinor
	}
	for _, c := range v.Charges {
		if c.What == "holdback release" {
			fees += c.Minor
		}
	}
	if cut := t.TeamCutMinor + t.FirmCutMinor; len(v.Parts) > 0 && fees-cut != t.FeesMinor {
		s.t.Errorf("the versions make %d of fees less %d, the bill has %d", fees, cut, t.FeesMinor)
	}
	list, err := s.svc.List(s.specialist, prebill.Filter{Matter: v.MatterID}, page.Request{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, x := range list.Items {
		if x.ID == v.ID && x.InvoiceMinor != t.InvoiceMinor {
			s.t.Errorf("the list says %d, the bill %d", x.InvoiceMinor, t.InvoiceMinor)
		}
	}
}

// TestArrangementsOnABill are rows of the table in LEGAL-BILLING 8 on a bill of 800.00
// and 400.00 of time and a cost of 100.00.
func TestArrangementsOnABill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ terms, want string }{
		"hourly":              {`"kind":"hourly"`, "80000, 40000, 10000 = 130000"},
		"capped":              {`"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":90000}]}`, "60000, 30000, 10000 = 100000"},
		"a cap of a phase":    {`"kind":"hourly","cap":{"per":"phase","limits":[{"code":"L300","amount_minor":60000}]}`, "40000, 20000, 10000 = 70000"},
		"a cap not reached":   {`"kind":"hourly","cap":{"per":"year","limits":[{"code":"2026","amount_minor":120000}]}`, "80000, 40000, 10000 = 130000"},
		"a soft cap":          {`"kind":"hourly","cap":{"per":"matter","soft":true,"limits":[{"code":"","amount_minor":90000}]}`, "80000, 40000, 10000 = 130000"},
		"blended":             {`"kind":"blended","blended":{"rate":3000000}`, "60000, 30000, 10000 = 100000"},
		"blended above":       {`"kind":"blended","blended":{"rate":5000000}`, "100000, 50000, 10000 = 160000"},
		"discount":            {`"kind":"hourly","discount":{"rate":100000}`, "80000, 40000, 10000, discount -12000 = 118000"},
		"discount by line":    {`"kind":"hourly","discount":{"rate":100000,"by_line":true}`, "72000, 36000, 10000 = 118000"},
		"volume":              {`"kind":"hourly","volume":{"tiers":[{"from_minor":100000,"rate":100000}]}`, "80000, 40000, 10000, volume discount -2000 = 128000"},
		"volume, retroactive": {`"kind":"hourly","volume":{"retroactive":true,"tiers":[{"from_minor":100000,"rate":100000}]}`, "80000, 40000, 10000, volume discount -12000 = 118000"},
		"everything": {`"kind":"blended","blended":{"rate":3000000},"cap":{"per":"matter","limits":[{"code":"","amount_minor":80000}]},"volume":{"tiers":[{"from_minor":0,"rate":50000}]},"discount":{"rate":100000,"by_line":true}`,
			"48266, 24134, 10000, volume discount -4000 = 78400"},
		"fixed, nothing due": {`"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`, "0, 0, 10000 = 10000"},
		"no charge":          {`"kind":"no_charge"`, "0, 0, 10000 = 10000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.f.Arrange(t, s.m, dayOne, c.terms)
			v := s.built()
			if got := said(v); got != c.want {
				t.Errorf("bill %s, want %s", got, c.want)
			}
			s.adds(v)
		})
	}
}

// TestAFixedPriceIsPutOnTheBill follows a fixed fee of two phases over two bills.
func TestAFixedPriceIsPutOnTheBill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, `"kind":"fixed","fixed":{"per":"phase","prices":[{"code":"L300","amount_minor":200000},{"code":"L400","amount_minor":350000}]}`)
	v := s.built()
	if _, err := s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "L100"); !errors.Is(err, prebill.ErrPrice) {
		t.Errorf("a price that is not agreed: %v, want ErrPrice", err)
	}
	if v.Totals.InvoiceMinor != 10_000 || len(v.Parts) != 1 || len(v.Parts[0].Prices) != 2 || v.Parts[0].Prices[0].Here {
		t.Fatalf("built %+v, parts %+v", v.Totals, v.Parts)
	}
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "L300")))
	if got := said(v); got != "0, 0, 10000, fixed L300 200000 = 210000" || !v.Parts[0].Prices[0].Here || v.Parts[0].OverMinor != 80_000 {
		t.Errorf("with the price: %s, %+v", got, v.Parts[0])
	}
	s.adds(v)
	if !v.Lines[0].Arranged.Unseen || v.Lines[2].Arranged.Unseen || v.Lines[0].Recorded.Amount != 80_000 {
		t.Errorf("lines %+v", v.Lines)
	}
	off := s.view(s.ok(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "L300")))
	if off.Totals.InvoiceMinor != 10_000 || off.Hash == v.Hash {
		t.Errorf("taken off: %+v", off.Totals)
	}
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, off.Version, of, "L300")))
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	s.take(v.ID)

	s.f.Work(t, s.m, s.k, "2026-03-03", 10_000, 4_000_000, testkit.Codes("L440", "A103"))
	next := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31")})))
	if p := next.Parts[0].Prices; !p[0].Billed || p[1].Billed {
		t.Errorf("prices of the second bill %+v", p)
	}
	if _, err := s.svc.PutPrice(s.specialist, next.ID, next.Version, of, "L300"); !errors.Is(err, prebill.ErrPrice) {
		t.Errorf("the price again: %v, want ErrPrice", err)
	}
	next = s.view(s.ok(s.svc.PutPrice(s.specialist, next.ID, next.Version, of, "L400")))
	if got := said(next); got != "0, fixed L400 350000 = 350000" {
		t.Errorf("second bill %s", got)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('prebill.price_put', 'prebill.price_taken')`, s.f.ID); n != 4 {
		t.Errorf("%d leaves of prices, want 4", n)
	}
}

// take has the run take an approved pre-bill.
func (s *stage) take(id ident.PrebillID) (a prebill.Approved) {
	s.t.Helper()
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) (err error) {
		a, err = prebill.TakeApproved(tx, id)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// TestAFixedFeeWithoutItsPriceIsNoBill: nothing would be seen.
func TestAFixedFeeWithoutItsPriceIsNoBill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`)
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	v := s.build()
	if err := s.svc.Override(s.partner, v.ID, s.finding(v, "INV-11").ID, letPass("to see what happens")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrNothing) {
		t.Errorf("Submit: %v, want ErrNothing", err)
	}
}

// TestNothingIsChargedAsAgreed: a bill of nothing is no remark, and shows the work.
func TestNothingIsChargedAsAgreed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, `"kind":"no_charge"`)
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	v := s.build()
	if got := rules(v.Findings, guideline.Open); got != "" || v.Totals.InvoiceMinor != 0 || v.Totals.ArrangedMinor != -80_000 {
		t.Errorf("open %q, %+v", got, v.Totals)
	}
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	a := s.take(v.ID)
	if len(a.Lines) != 1 || a.Lines[0].Unseen || a.Lines[0].Amount != 0 || a.Lines[0].Value != 80_000 || a.Lines[0].Reason != amend.ReasonCourtesy {
		t.Errorf("taken %+v", a.Lines)
	}
}

// TestACapCountsTheBillsBefore: what is approved counts as billed, also before its run,
// and what was taken back does not.
func TestACapCountsTheBillsBefore(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":150000}]}`)
	first := s.approved() // 1,200.00 of fees
	s.take(first.ID)
	s.f.Work(t, s.m, s.k, "2026-03-03", 20_000, 4_000_000)
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31")})))
	if got := said(v); got != "30000 = 30000" || v.Lines[0].Arranged.CapMinor != -50_000 {
		t.Errorf("second bill %s, %+v", got, v.Lines[0].Arranged)
	}
	// A write-down makes room under the cap for nothing else: the line has its own share.
	v = s.view(s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[0].ID, 20_000, amend.ReasonCourtesy, "")))
	if got := said(v); got != "20000 = 20000" || v.Totals.TeamMinor != -60_000 || v.Totals.ArrangedMinor != 0 {
		t.Errorf("written down: %s, %+v", got, v.Totals)
	}
	s.adds(v)
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	if got := said(v); got != "30000 = 30000" {
		t.Errorf("taken back: %s", got)
	}
}

// TestTheYearsVolumeIsTheClients: two matters of one client, each bill counts the other.
func TestTheYearsVolumeIsTheClients(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.ArrangeClient(t, s.m, dayOne, `"kind":"hourly","volume":{"retroactive":true,"tiers":[{"from_minor":100000,"rate":100000},{"from_minor":200000,"rate":200000}]}`)
	other := s.f.Matter(t, testkit.SameClientAs(s.m))
	s.f.Work(t, other, s.k, "2026-02-20", 25_000, 4_000_000)
	a := s.submitted()
	b := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: other.ID, Through: testkit.Day("2026-02-28")})))
	if said(a) != "80000, 40000, 10000, volume discount -12000 = 118000" || said(b) != "100000 = 100000" {
		t.Fatalf("alone: %s; %s", said(a), said(b))
	}
	b = s.view(s.ok(s.svc.Submit(s.specialist, b.ID, b.Version)))
	s.ok(s.svc.Approve(s.partner, a.ID, a.Version, a.Hash))
	// The partner saw 1,000.00; with the other bill the year is in the higher tier.
	if _, err := s.svc.Approve(s.partner, b.ID, b.Version, b.Hash); !errors.Is(err, prebill.ErrRearranged) {
		t.Fatalf("approve as seen before: %v, want ErrRearranged", err)
	}
	now := s.view(b.Prebill)
	// 2,200.00 at 20 percent is 440.00, of which 120.00 are given.
	if got := said(now); got != "100000, volume discount -32000 = 68000" || now.Status != prebill.StatusInReview || now.Version == b.Version {
		t.Fatalf("with the other bill: %s", got)
	}
	s.adds(now)
	s.ok(s.svc.Approve(s.partner, now.ID, now.Version, now.Hash))
	// What counted before an approval is what was approved before it, whatever is issued first.
	if got := s.take(now.ID).Beside; len(got) != 1 || got[0].Minor != -32_000 {
		t.Errorf("taken %+v", got)
	}
	if got := s.take(a.ID).Beside; len(got) != 1 || got[0].Minor != -12_000 {
		t.Errorf("taken %+v", got)
	}
}

// TestTwoApprovalsDoNotFillOneVolume approves bills of one client at the same time: each
// counts those before it.
func TestTwoApprovalsDoNotFillOneVolume(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.ArrangeClient(t, s.m, dayOne, `"kind":"hourly","volume":{"tiers":[{"from_minor":100000,"rate":500000}]}`)
	var bills []prebill.View
	for i := range 4 {
		m := s.m
		if i > 0 {
			m = s.f.Matter(t, testkit.SameClientAs(s.m))
		}
		s.f.Work(t, m, s.k, fmt.Sprintf("2026-02-%02d", 10+2*i), 20_000, 4_000_000)
		v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})))
		bills = append(bills, s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version))))
	}
	var group sync.WaitGroup
	for _, v := range bills {
		group.Go(func() {
			for {
				_, err := s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)
				if err == nil {
					return
				}
				if !errors.Is(err, prebill.ErrStale) && !errors.Is(err, prebill.ErrRearranged) {
					t.Errorf("approve: %v", err)
					return
				}
				next, err := s.svc.Get(s.partner, v.ID)
				if err != nil {
					t.Errorf("look again: %v", err)
					return
				}
				v = next
			}
		})
	}
	group.Wait()
	// 3,200.00 of fees in the year, half off beyond 1,000.00.
	if n := s.f.Count(t, `SELECT sum(amount_minor)::bigint FROM prebill_charge WHERE firm_id = ?`, s.f.ID); n != -110_000 {
		t.Errorf("discounts of %d, want -110000", n)
	}
}

// TestWorkGoesByTheVersionOfItsDay: a bill over a change of the arrangement, and a cap
// that counts what went before on the same bill.
func TestWorkGoesByTheVersionOfItsDay(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, "2026-02-10", `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":100000}]}`)
	v := s.built() // 800.00 on the 9th, 400.00 on the 10th
	if got := said(v); got != "80000, 20000, 10000 = 110000" || len(v.Parts) != 2 || v.Parts[0].Version.ID != "" {
		t.Errorf("bill %s, parts %+v", got, v.Parts)
	}
	s.adds(v)
	// The matter's own goes before the client's; a version in another currency holds for nothing.
	s.f.ArrangeClient(t, s.m, dayOne, `"kind":"no_charge"`)
	v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[2].ID, "later")))
	if got := said(v); got != "0, 40000, 0 = 40000" {
		t.Errorf("with the client's: %s", got)
	}
	s.f.Exec(t, `UPDATE arrangement SET withdrawn_by = agreed_by, withdrawn_at = now() WHERE firm_id = ? AND matter_id IS NOT NULL`, s.f.ID)
	v = s.view(s.ok(s.svc.Release(s.specialist, v.ID, v.Version, v.Lines[2].ID, "now")))
	if got := said(v); got != "0, 0, 10000 = 10000" {
		t.Errorf("withdrawn: %s", got)
	}
}

// TestABlendedRateIsTheRate: rules and fixes go by it, and so does the invoice.
func TestABlendedRateIsTheRate(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, `"kind":"blended","blended":{"rate":4500000}`)
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000, testkit.Narrative("Train from Leeds for the Whitlock hearing"), testkit.Codes("L330", "A112"))
	v := s.build()
	if got := rules(v.Lines[0].Findings, guideline.Open); got != "TIM-12" {
		t.Fatalf("open %q", got)
	}
	v = s.fixed(v, "TIM-12") // half of 900.00
	if got := said(v); got != "45000 = 45000" || rules(v.Lines[0].Findings, guideline.Open) != "" || v.Lines[0].Work.Amount() != 40_000 {
		t.Errorf("bill %s, %+v", got, v.Lines[0].Work.Content)
	}
	s.adds(v)
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	if l := s.take(v.ID).Lines[0]; l.Rate != 4_500_000 || l.Value != 90_000 || l.Amount != 45_000 || l.Reason != amend.ReasonTravel {
		t.Errorf("taken %+v", l)
	}
}

// TestAnAgreedDiscountIsNotAskedForTwice: guidelines and the arrangement say the same.
func TestAnAgreedDiscountIsNotAskedForTwice(t *testing.T) {
	t.Parallel()
	for _, byLine := range []string{"false", "true"} {
		s := setup(t)
		s.f.Guide(t, s.m, `"discount":"0.1","fee_cap":"1080"`)
		s.f.Arrange(t, s.m, dayOne, `"kind":"hourly","discount":{"rate":100000,"by_line":`+byLine+`}`)
		if v := s.built(); rules(v.Findings, guideline.Open) != "" || v.Totals.FeesMinor != 108_000 {
			t.Errorf("by line %s: open %q, fees %d", byLine, rules(v.Findings, guideline.Open), v.Totals.FeesMinor)
		}
	}
}

// TestWhoMayPutAPrice: refusals leave nothing, and another firm's is not there.
func TestWhoMayPutAPrice(t *testing.T) {
	t.Parallel()
	s, theirs := setup(t), setup(t)
	const terms = `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`
	of, foreign := s.f.Arrange(t, s.m, dayOne, terms), theirs.f.Arrange(t, theirs.m, dayOne, terms)
	v := s.built()
	for name, try := range map[string]struct {
		err  error
		want error
	}{
		"another firm's":         {second(s.svc.PutPrice(s.specialist, v.ID, v.Version, foreign, "")), prebill.ErrPrice},
		"without the permission": {second(s.svc.PutPrice(s.f.As(t, rbac.RoleQualityAuditor), v.ID, v.Version, of, "")), authz.ErrForbidden},
		"an old version":         {second(s.svc.PutPrice(s.specialist, v.ID, v.Version+1, of, "")), prebill.ErrStale},
		"one that is not there":  {second(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "")), prebill.ErrPrice},
	} {
		if !errors.Is(try.err, try.want) {
			t.Errorf("%s: %v, want %v", name, try.err, try.want)
		}
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_price WHERE firm_id = ?`, s.f.ID) + s.leaves(v.ID); n != 1 {
		t.Errorf("the refusals left %d prices and leaves, want the leaf of building", n)
	}
	p := s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, ""))
	p = s.ok(s.svc.Submit(s.specialist, p.ID, p.Version))
	seen := s.view(p)
	s.ok(s.svc.Approve(s.partner, p.ID, p.Version, seen.Hash))
	for table, sql := range map[string]string{
		"charge": `DELETE FROM prebill_charge WHERE firm_id = ? AND prebill_id = ?`,
		"price":  `DELETE FROM prebill_price WHERE firm_id = ? AND prebill_id = ?`,
	} {
		err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, s.f.ID, v.ID).Error })
		if !db.Violates(err, "prebill_beside_frozen") {
			t.Errorf("%s of an approved bill: %v, want prebill_beside_frozen", table, err)
		}
	}
}
