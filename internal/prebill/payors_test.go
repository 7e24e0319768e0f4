package prebill_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// halves agrees on two payors from a day on, the first with some of the fees.
func (s *stage) halves(from string, fees int, other ident.PayorID) ident.ArrangementID {
	s.t.Helper()
	return s.f.Arrange(s.t, s.m, from, fmt.Sprintf(`"kind":"hourly","split":{"payors":[{"payor":%q,"fees":%d,"expenses":1000000},{"payor":%q,"fees":%d,"expenses":0}]}`, s.m.Payor, fees, other, 1_000_000-fees))
}

// TestTheApprovalCoversTheShares: what each payor pays is worked out with the bill, follows its
// changes, is part of what the approval names, and another split is looked at before it is
// approved.
func TestTheApprovalCoversTheShares(t *testing.T) {
	t.Parallel()
	s := setup(t)
	other := s.f.Payor(t, s.m)
	whole := s.built() // 1,200.00 of fees and a cost of 100.00
	if len(whole.Shares) != 0 {
		t.Fatalf("nobody agreed on %+v", whole.Shares)
	}
	s.halves("2026-01-01", 500_000, other)
	if v := s.view(whole.Prebill); !v.Behind {
		t.Error("the page does not say that another split is agreed")
	}
	if _, err := s.svc.Submit(s.specialist, whole.ID, whole.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Fatalf("hand on what nobody saw: %v", err)
	}
	v := s.view(whole.Prebill)
	if v.Hash == whole.Hash || len(v.Shares) != 2 || v.Shares[0].FeesMinor != 60_000 || v.Shares[0].ExpensesMinor != 10_000 || v.Shares[1].NetMinor() != 60_000 || len(v.Shares[1].Lines) != 2 {
		t.Errorf("half and half: %+v", v.Shares)
	}
	// A change of a line changes the shares; the lines behind them come to them.
	s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[0].ID, 70_001, "COURTESY", "as agreed"))
	v = s.view(v.Prebill)
	if v.Shares[0].FeesMinor != 55_001 || v.Shares[1].FeesMinor != 55_000 || v.Shares[0].Lines[0].WholeMinor != 70_001 {
		t.Errorf("with a line written down: %+v", v.Shares)
	}
	s.ok(s.svc.Submit(s.specialist, v.ID, v.Version))
	v = s.view(v.Prebill)
	s.halves("2026-02-01", 600_000, other) // the bill's last day is of this version, its work of the same
	if _, err := s.svc.Approve(s.partner, v.ID, v.Version, v.Hash); !errors.Is(err, prebill.ErrRearranged) {
		t.Fatalf("approve another split: %v", err)
	}
	again := s.view(v.Prebill)
	if again.Hash == v.Hash || again.Shares[0].FeesMinor != 66_001 {
		t.Errorf("60 and 40: %+v", again.Shares)
	}
	s.ok(s.svc.Approve(s.partner, again.ID, again.Version, again.Hash))
	// A version that says the same does not void it; one that says another is told at once.
	s.halves("2026-02-02", 600_000, other)
	if v := s.view(again.Prebill); v.SplitChanged || v.Status != prebill.StatusApproved {
		t.Errorf("the same split again: %s, changed %v", v.Status, v.SplitChanged)
	}
	s.halves("2026-02-03", 700_000, other)
	if v := s.view(again.Prebill); !v.SplitChanged || v.Shares[0].FeesMinor != 66_001 {
		t.Errorf("another split: changed %v, %+v", v.SplitChanged, v.Shares)
	}
}

// TestTheSplitOfTheLastDayHolds for all of a bill, whatever days its work is of.
func TestTheSplitOfTheLastDayHolds(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.halves("2026-01-01", 500_000, s.f.Payor(t, s.m))
	s.f.Arrange(t, s.m, "2026-02-10", `"kind":"hourly"`)
	if v := s.built(); len(v.Shares) != 0 {
		t.Errorf("a split that ended before the bill's last day: %+v", v.Shares)
	}
	yen := setup(t, testkit.Currency("JPY"))
	yen.halves("2026-01-01", 500_000, yen.f.Payor(t, yen.m)) // in dollars: it holds for none of the matter's work
	yen.f.Work(t, yen.m, yen.k, "2026-02-09", 20_000, 4_000_000, testkit.EntryCurrency("JPY"))
	if v := yen.view(yen.ok(yen.svc.Build(yen.specialist, prebill.Order{Matter: yen.m.ID, Through: testkit.Day("2026-02-28")}))); len(v.Shares) != 0 {
		t.Errorf("a split in another currency: %+v", v.Shares)
	}
}
