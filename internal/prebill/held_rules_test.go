package prebill_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestABillWithoutLinesIsJudged: units alone are under the fee cap as time is.
func TestABillWithoutLinesIsJudged(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000","budget":"2000"`)
	of := s.f.Arrange(t, s.m, dayOne, priceList)
	v := s.through("2026-02-28")
	if got := rules(v.Findings, guideline.Open); got != "" {
		t.Errorf("of nothing: %s", got)
	}
	v = s.view(s.ok(s.svc.PutUnits(s.specialist, v.ID, v.Version, of, "L340", 100_000))) // 10 at 500.00
	if got := rules(v.Findings, guideline.Open); got != "BUD-01 BUD-04" {
		t.Fatalf("units alone: %q", got)
	}
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrOpenFindings) {
		t.Errorf("Submit: %v, want ErrOpenFindings", err)
	}
	if v = s.fixed(v, "BUD-04"); v.Totals.FeesMinor != 100_000 || rules(v.Findings, guideline.Open) != "" {
		t.Errorf("cut: fees %d, %s", v.Totals.FeesMinor, rules(v.Findings, guideline.Open))
	}
}

// TestAFeeAloneHasNoSenselessFindings: nothing to say of a fee that is in order; the least
// amount of a bill holds for it too.
func TestAFeeAloneHasNoSenselessFindings(t *testing.T) {
	t.Parallel()
	for terms, want := range map[string]string{
		`"kind":"subscription","subscription":{"per":"month","amount_minor":150000,"hours":25000,"beyond_hourly":true}`: "",
		`"kind":"retainer_general","general":{"per":"month","amount_minor":150000}`:                                     "",
		`"kind":"retainer_general","general":{"per":"month","amount_minor":10000}`:                                      "INV-12",
	} {
		s := setup(t)
		s.f.Arrange(t, s.m, dayOne, terms)
		v := s.through("2026-02-28")
		if got := rules(v.Findings, guideline.Open); got != want || len(v.Lines) != 0 || len(v.Charges) != 1 {
			t.Errorf("%s: %q, want %q, on %s", terms, got, want, said(v))
		}
	}
}

// TestCapsSeeTheFeesBeforeTheHoldback: a holdback writes nothing down, and is of what is left
// after the cut.
func TestCapsSeeTheFeesBeforeTheHoldback(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000"`)
	s.f.Arrange(t, s.m, dayOne, heldTerms)
	v := s.built() // fees 1,200.00 and a cost of 100.00
	if f := s.finding(v, "BUD-04"); f.AtRiskMinor != 20_000 {
		t.Fatalf("over the cap %+v", f)
	}
	v = s.fixed(v, "BUD-04")
	if got := said(v); got != "80000, 40000, 10000, holdback -10000 = 100000" || v.Parts[0].HeldMinor != 10_000 || rules(v.Findings, guideline.Open) != "" {
		t.Errorf("cut: %s, %s", got, rules(v.Findings, guideline.Open))
	}
	s.issued(v)
	if h, err := s.svc.Held(s.partner, s.m.ID); err != nil || h.LeftMinor != 10_000 {
		t.Errorf("held %+v, %v", h, err)
	}
}

// TestEachPartHoldsItsShareAfterTheCut, for each version of the terms.
func TestEachPartHoldsItsShareAfterTheCut(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000"`)
	s.f.Arrange(t, s.m, "2026-02-12", `"kind":"hourly","holdback":{"share":200000,"condition":"the costs are decided"}`)
	s.f.Arrange(t, s.m, dayOne, heldTerms)
	s.f.Work(t, s.m, s.k, "2026-02-12", 20_000, 4_000_000, testkit.Codes("L440", "A103"))
	v := s.built() // 1,200.00 at a tenth, 800.00 at a fifth
	if v = s.fixed(v, "BUD-04"); v.Parts[0].HeldMinor != 6_000 || v.Parts[1].HeldMinor != 8_000 {
		t.Errorf("%s, parts %+v", said(v), v.Parts)
	}
	s.adds(v)
}
