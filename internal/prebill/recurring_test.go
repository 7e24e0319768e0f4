package prebill_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// through has the matter's bill built up to a day.
func (s *stage) through(day string) prebill.View {
	s.t.Helper()
	return s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day(day)})))
}

// issued has a bill handed in, approved and taken by a run.
func (s *stage) issued(v prebill.View) prebill.Approved {
	s.t.Helper()
	if open := rules(v.Findings, guideline.Open); open != "" {
		s.t.Fatalf("open on the bill: %s", open)
	}
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	return s.take(v.ID)
}

// TestASubscriptionIsBilledByPeriod: the month's fee stands on the month's new bill, is
// billed once, and its hours last over the bills of the month.
func TestASubscriptionIsBilledByPeriod(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, `"kind":"subscription","subscription":{"per":"month","amount_minor":150000,"hours":25000,"beyond_hourly":true}`)
	v := s.built() // three hours of February
	if got := said(v); got != "0, 20000, 10000, subscription 2026-02 150000 = 180000" {
		t.Errorf("February: %s", got)
	}
	s.adds(v)
	if p := v.Parts[0].Prices; len(p) != 3 || p[0].Code != "2026-01" || p[0].Here || !p[1].Here || p[2].Code != "2026-03" || !v.Lines[0].Arranged.Unseen || v.Lines[1].Arranged.Unseen {
		t.Errorf("offered %+v", p)
	}
	a := s.issued(v)
	if len(a.Beside) != 1 || !a.Beside[0].Price || a.Beside[0].Text != "Subscription, as agreed: February 2026" {
		t.Errorf("beside %+v", a.Beside)
	}

	s.f.Work(t, s.m, s.k, "2026-02-26", 10_000, 4_000_000) // came late: the hours of its month are used up
	s.f.Work(t, s.m, s.k, "2026-03-02", 20_000, 4_000_000)
	v = s.through("2026-03-31")
	if got := said(v); got != "40000, 0, subscription 2026-03 150000 = 190000" {
		t.Errorf("March: %s", got)
	}
	s.refusedPrice(v, of, "2026-02", "the fee for February 2026 was billed before, on PB-")
	s.refusedPrice(v, of, "2026-05", "not agreed")
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "2026-01")))
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "2026-04")))
	v = s.view(s.ok(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "2026-03")))
	if got := said(v); got != "40000, 0, subscription 2026-01 150000, subscription 2026-04 150000 = 340000" || len(v.Parts[0].Warnings) != 1 {
		t.Errorf("March, changed: %s, %+v", got, v.Parts[0].Warnings)
	}
	// Building again adds what came, and does not put back what somebody took off.
	s.f.Work(t, s.m, s.k, "2026-03-03", 10_000, 4_000_000)
	if v = s.through("2026-03-31"); len(v.Charges) != 2 {
		t.Errorf("built again: %s", said(v))
	}
}

// TestAFeeAloneMakesABill: nobody worked, and the retainer's fee is due.
func TestAFeeAloneMakesABill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, `"kind":"retainer_general","general":{"per":"quarter","amount_minor":600000}`)
	v := s.through("2026-03-31")
	if got := said(v); got != "availability 2026-Q1 600000 = 600000" && got != ", availability 2026-Q1 600000 = 600000" {
		t.Fatalf("built %s", got)
	}
	s.adds(v)
	a := s.issued(v)
	if a.FromOn.IsZero() || !a.UntilOn.Equal(testkit.Day("2026-03-31")) || len(a.Lines) != 0 || a.Beside[0].Text != "Retainer fee, as agreed: first quarter of 2026" {
		t.Errorf("taken %+v", a)
	}
	// The next bill may have the quarter ahead, and comes without any fee of itself.
	next := s.through("2026-03-31")
	if got := said(next); next.ID == v.ID || len(next.Charges) != 0 {
		t.Errorf("next %s", got)
	}
	if _, err := s.svc.Submit(s.specialist, next.ID, next.Version); !errors.Is(err, prebill.ErrNothing) {
		t.Errorf("Submit of nothing: %v, want ErrNothing", err)
	}
	s.ok(s.svc.Cancel(s.specialist, next.ID, next.Version))
}

// TestAFixedPriceAloneMakesABill is put by a person: only they know that it is due.
func TestAFixedPriceAloneMakesABill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`)
	v := s.through("2026-02-28")
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "")))
	if a := s.issued(v); len(a.Beside) != 1 || a.Beside[0].Minor != 500_000 {
		t.Errorf("taken %+v", a)
	}
	if _, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31")}); !errors.Is(err, prebill.ErrEmpty) {
		t.Errorf("with the price billed: %v, want ErrEmpty", err)
	}
}

// TestACollarIsSettledOnce: the work of its own days, on all bills, against its target.
func TestACollarIsSettledOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.issued(s.built()) // 1,200.00 by the hour, before the collar
	of := s.f.Arrange(t, s.m, "2026-02-20", `"kind":"collar","collar":{"target_minor":100000,"band":100000,"client":500000}`)
	s.f.Work(t, s.m, s.k, "2026-02-23", 30_000, 4_000_000) // 1,200.00
	v := s.through("2026-02-28")
	if p := v.Parts[0].Prices; said(v) != "120000 = 120000" || len(p) != 1 || p[0].Code != "COLLAR" || p[0].Here || p[0].Minor != -5_000 {
		t.Errorf("first bill %s, %+v", said(v), p)
	}
	s.issued(v)
	s.f.Work(t, s.m, s.k, "2026-03-02", 20_000, 4_000_000) // 800.00: 2,000.00 in all, 900.00 above the band
	v = s.through("2026-03-31")
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "COLLAR")))
	if p := v.Parts[0].Prices; said(v) != "80000, collar -45000 = 35000" || !p[0].Here || p[0].Minor != -45_000 {
		t.Errorf("settled %s, %+v", said(v), p)
	}
	s.adds(v)
	a := s.issued(v)
	if len(a.Beside) != 1 || a.Beside[0].Price || a.Beside[0].Reason != "DISCOUNT" || a.Beside[0].Text != "Settlement of the fee collar, as agreed" {
		t.Errorf("beside %+v", a.Beside)
	}
	s.f.Work(t, s.m, s.k, "2026-03-04", 5_000, 4_000_000)
	v = s.through("2026-03-31")
	s.refusedPrice(v, of, "COLLAR", "the settlement of the collar was billed before, on PB-")
}

// TestACollarWithinItsBandIsSettledToo: it changes nothing, and stays settled.
func TestACollarWithinItsBandIsSettledToo(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, `"kind":"collar","collar":{"target_minor":120000,"band":100000,"client":500000}`)
	v := s.built()
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "COLLAR")))
	if said(v) != "80000, 40000, 10000 = 130000" || !v.Parts[0].Prices[0].Here {
		t.Errorf("settled %s, %+v", said(v), v.Parts[0].Prices)
	}
	s.issued(v)
	s.refusedPrice(s.next(), of, "COLLAR", "was billed before")
}

// TestASuccessFeeIsBilledOnce on all fees of the matter, on a bill after its version too.
func TestASuccessFeeIsBilledOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, `"kind":"hourly","success":{"amount_minor":10000,"uplift":100000,"limit":150000}`)
	s.issued(s.built()) // 1,200.00 of fees
	s.f.Arrange(t, s.m, "2026-03-01", `"kind":"hourly"`)
	v := s.next() // 400.00
	if len(v.Parts) != 2 || v.Parts[0].Prices[0].Code != "SUCCESS" || v.Parts[0].Prices[0].Here {
		t.Fatalf("parts %+v", v.Parts)
	}
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "SUCCESS")))
	// 10 % of 1,200.00 and 100.00 more, at most 15 % of it; the work of the later version
	// is billed after it.
	if got := said(v); got != "40000, success fee 18000 = 58000" {
		t.Errorf("bill %s, %+v", got, v.Parts)
	}
	s.adds(v)
	a := s.issued(v)
	if len(a.Beside) != 1 || !a.Beside[0].Price || a.Beside[0].Text != "Success fee, as agreed" {
		t.Errorf("beside %+v", a.Beside)
	}
	s.f.Work(t, s.m, s.k, "2026-03-05", 10_000, 4_000_000)
	s.refusedPrice(s.through("2026-03-31"), of, "SUCCESS", "billed before")
}

// TestAFeeThatIsDueIsReadyToBill: with and without work, until it stands on a bill, and for
// who may see its matter.
func TestAFeeThatIsDueIsReadyToBill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, `"kind":"retainer_general","general":{"per":"month","amount_minor":150000}`)
	over := s.f.Matter(t)
	s.f.Arrange(t, over, dayOne, `"kind":"subscription","subscription":{"per":"month","amount_minor":5}`)
	s.f.Arrange(t, over, "2026-02-01", `"kind":"hourly"`) // its fee is of January
	ready := func(ctx context.Context) string {
		t.Helper()
		list, err := s.svc.Ready(ctx)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, r := range list {
			if r.MatterID == s.m.ID || r.Fee != "" {
				said += fmt.Sprintf("%d entries of %d, %s %d;", r.Entries, r.ValueMinor, r.Fee, r.FeeMinor)
			}
		}
		return said
	}
	if got := ready(s.specialist); got != "0 entries of 0, 2026-02 150000;" {
		t.Errorf("a fee alone: %s", got)
	}
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	if got := ready(s.specialist); got != "1 entries of 80000, 2026-02 150000;" {
		t.Errorf("with work: %s", got)
	}
	if got := ready(s.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(over.ID))); got != "" {
		t.Errorf("out of scope: %s", got)
	}
	s.through("2026-02-28")
	if got := ready(s.specialist); got != "0 entries of 0, 2026-03 150000;" {
		t.Errorf("with February on a bill: %s", got)
	}
	s.through("2026-03-31")
}
