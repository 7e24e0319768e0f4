package prebill_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestARiseThatAClientDidNotAgreeToIsFound: rates rose by a tenth; what the client laid down
// about rises decides (RAT-04), and a client who laid nothing down is not spoken for.
func TestARiseThatAClientDidNotAgreeToIsFound(t *testing.T) {
	t.Parallel()
	for terms, want := range map[string]int64{`"rate_cap":"0.05"`: 8_000, `"rate_cap":"0.1"`: 0, `"rates_frozen_until":"2026-02-01","rate_cap":"0.5"`: 8_000, `"budget":"9000"`: 0} {
		t.Run(terms, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.f.Exec(t, `UPDATE rate SET valid = daterange('2025-01-01', '2026-01-20') WHERE firm_id = ? AND timekeeper_id = ?`, s.f.ID, s.k.ID)
			s.f.Rate(t, s.k, 4_400_000, "USD", "2026-01-20")
			s.f.Guide(t, s.m, terms)
			s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_400_000)
			v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
			var atRisk int64
			for _, f := range v.Lines[0].Findings {
				if f.Rule == "RAT-04" && f.State == guideline.Open && f.Severity == guideline.Block && strings.Contains(f.Message, "from 400.00 to 440.00") {
					atRisk = f.AtRiskMinor
				}
			}
			if atRisk != want {
				t.Errorf("at risk %d, want %d: %+v", atRisk, want, v.Lines[0].Findings)
			}
		})
	}
}
