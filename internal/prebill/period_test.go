package prebill_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestWorkBeforeThePeriodIsRemarkedOn is rule TIM-10: without a period nothing is, with one older
// work is at risk and can be held with one key; a wider period settles it.
func TestWorkBeforeThePeriodIsRemarkedOn(t *testing.T) {
	t.Parallel()
	s := setup(t)
	through := testkit.Day("2026-02-28")
	open := func(v prebill.View) (n int, minor int64, first guideline.Stored, line int) {
		for i := range v.Lines {
			for _, f := range v.Lines[i].Findings {
				if f.Rule == "TIM-10" && f.State == guideline.Open {
					if n++; n == 1 {
						first, line = f, i
					}
					minor += f.AtRiskMinor
				}
			}
		}
		return n, minor, first, line
	}
	v := s.built()
	if n, _, _, _ := open(v); n != 0 || v.PeriodFrom != nil {
		t.Fatalf("without a period: %d findings", n)
	}
	plain := v.Hash
	last := v.Lines[0].On
	for i := range v.Lines {
		if v.Lines[i].On.After(last) {
			last = v.Lines[i].On
		}
	}
	from := last.AddDate(0, 0, 1)
	_, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: through, From: through.AddDate(0, 0, 1)})
	if !errors.Is(err, prebill.ErrInvalid) {
		t.Errorf("a period that ends before it begins: %v", err)
	}
	v = s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: through, From: from})))
	n, minor, f, line := open(v)
	if n != len(v.Lines) || minor <= 0 || f.Proposal == nil || f.Proposal.Field != guideline.HeldField || v.PeriodFrom == nil || v.Hash == plain {
		t.Fatalf("with a period: %d of %d, %d at risk, %+v", n, len(v.Lines), minor, f.Proposal)
	}
	id := v.Lines[line].ID
	v = s.view(s.ok(s.svc.ApplyFix(s.specialist, v.ID, v.Version, f.ID)))
	for i := range v.Lines {
		if v.Lines[i].ID == id && !v.Lines[i].Held {
			t.Error("the line is not held")
		}
	}
	if left, _, _, _ := open(v); left != n-1 {
		t.Errorf("%d are left of %d", left, n)
	}
	v = s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: through, From: testkit.Day("2025-01-01")})))
	if left, _, _, _ := open(v); left != 0 {
		t.Errorf("a wider period leaves %d", left)
	}
	again := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: through})))
	if again.PeriodFrom == nil || again.Version != v.Version {
		t.Errorf("asked again: %+v, version %d after %d", again.PeriodFrom, again.Version, v.Version)
	}
}
