package invoice_test

import (
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestAReleaseCountsAgainstTheCap: with a cap of 1,000.00 that was laid down after 610.00 were
// billed and as much held back, a release of it all is over; one within it is not.
func TestAReleaseCountsAgainstTheCap(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","holdback":{"share":500000,"condition":"the appeal is decided"}`)
	h.issued(t) // 1,220.00 of fees, half of it billed
	h.f.Guide(t, h.m, `"fee_cap":"1000"`)
	h.decide(t, prebill.HeldRelease, 0)
	over := func() (minor int64) {
		t.Helper()
		p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		v := h.look(t, p.ID)
		if releaseOn(v) != 61_000 || len(v.Lines) != 0 {
			t.Fatalf("release alone: %+v", v.Charges)
		}
		for _, f := range v.Findings {
			if f.Rule == "BUD-04" && f.State == guideline.Open {
				minor = f.AtRiskMinor
			}
		}
		if _, err := h.prebills.Cancel(h.specialist, p.ID, v.Version); err != nil {
			t.Fatal(err)
		}
		return minor
	}
	if got := over(); got != 22_000 {
		t.Errorf("%d over the cap, want 220.00", got)
	}
	h.f.Guide(t, h.m, `"fee_cap":"1220"`)
	if got := over(); got != 0 {
		t.Errorf("%d over a cap that covers it", got)
	}
}

// TestHeldFeesLeaveNoRoomUnderTheCap: what is held back may be billed yet; what is forgone is not.
func TestHeldFeesLeaveNoRoomUnderTheCap(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	h.f.Guide(t, h.m, `"fee_cap":"1500"`)
	h.issued(t) // 1,220.00 of fees, 122.00 of it held back
	over := func(day, words string) (minor int64) {
		t.Helper()
		for _, f := range h.hour(t, day, words).Findings {
			if f.Rule == "BUD-04" && f.State == guideline.Open {
				minor = f.AtRiskMinor
			}
		}
		return minor
	}
	if got := over("2026-02-20", "Draft the reply brief on damages"); got != 33_000 {
		t.Errorf("%d over the cap, want 330.00", got)
	}
	h.decide(t, prebill.HeldForgo, 0)
	if got := over("2026-02-21", "Draft the reply to the appeal"); got != 81_800 {
		t.Errorf("%d over the cap, want 818.00", got)
	}
}

// TestAReleaseBearsNoDiscountAgain: what is agreed on fees was due on the bill that held them.
func TestAReleaseBearsNoDiscountAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","holdback":{"share":500000,"condition":"the appeal is decided"}`)
	h.issued(t)
	h.f.Guide(t, h.m, `"discount":"0.1"`)
	h.decide(t, prebill.HeldRelease, 0)
	v := h.hour(t, "2026-02-20", "Draft the reply brief on damages") // 610.00, and 610.00 released
	due := int64(0)
	for _, f := range v.Findings {
		if f.Rule == "INV-15" && f.State == guideline.Open {
			due = f.AtRiskMinor
		}
	}
	if due != 6_100 || releaseOn(v) != 61_000 {
		t.Errorf("a discount of %d is due, want 61.00 of the new hour; %+v", due, v.Charges)
	}
}
