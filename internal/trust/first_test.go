package trust_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

// TestABillTellsOfAnAdvanceThatIsHeld: what the agreement has pay first is told of on the bill
// (INV-17) with what is free: less what is disputed and what an earlier bill asked for. A
// security waits for the last bill, and money that no terms speak of for a decision.
func TestABillTellsOfAnAdvanceThatIsHeld(t *testing.T) {
	t.Parallel()
	for terms, want := range map[string]string{
		`"kind":"retainer_advance"`: "850.00", `"kind":"retainer_evergreen","evergreen":{"floor_minor":50000,"target_minor":200000}`: "850.00",
		`"kind":"retainer_security"`: "", `"kind":"hourly"`: "",
	} {
		t.Run(terms, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			l := h.in(t, 150_000).Ledger
			if _, err := h.svc.Freeze(h.specialist, trust.Freezing{Ledger: l, Minor: 5_000, Reason: "The client disputes it"}); err != nil {
				t.Fatal(err)
			}
			h.asked(t, l, h.f.Invoice(t, h.m, testkit.Sent()), 60_000)
			h.f.Arrange(t, h.m, "2026-01-01", terms)

			k := h.f.Timekeeper(t, "TK1", "ASSOC", 4_000_000)
			h.f.Work(t, h.m, k, "2026-02-09", 40_000, 4_000_000)
			policy, err := rbac.New()
			if err != nil {
				t.Fatal(err)
			}
			bills := prebill.New(h.d, authz.NewGuard(h.d, policy))
			p, err := bills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
			if err != nil {
				t.Fatal(err)
			}
			v, err := bills.Get(h.partner, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			var told string
			for _, f := range v.Findings {
				if f.Rule == "INV-17" && f.State == guideline.Open {
					told = f.Message
				}
			}
			if want == "" && told != "" || !strings.Contains(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}
