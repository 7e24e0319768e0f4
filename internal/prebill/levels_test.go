package prebill_test

import (
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestALinesTaskDecidesItsAgreedRate: a line is held against the rate of its task as it
// stands, and against the standard rate once another task is written.
func TestALinesTaskDecidesItsAgreedRate(t *testing.T) {
	t.Parallel()
	s := setup(t, testkit.Practice("Litigation"))
	rate := func(columns string, rateE4 int64, values ...any) {
		t.Helper()
		marks := ""
		for range values {
			marks += ", ?"
		}
		s.f.Exec(t, `INSERT INTO rate (firm_id, id, rate_e4, currency, valid, created_at, `+columns+`) VALUES (?, ?, ?, 'USD', '[2025-01-01,)', ?`+marks+`)`,
			append([]any{s.f.ID, ident.New[ident.RateID](testkit.Now), rateE4, testkit.Now}, values...)...)
	}
	rate("matter_id, task_code", 3_000_000, s.m.ID, "L340")
	rate("practice_group, class", 3_500_000, "Litigation", "ASSOC")
	s.f.Work(t, s.m, s.k, "2026-02-10", 20_000, 4_000_000, testkit.Narrative("Analyze expert report of Dr. Haas on damages model"), testkit.Codes("L340", "A104"))
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	open := func() (risk int64, n int) {
		for _, f := range v.Lines[0].Findings {
			if f.Rule == "RAT-01" && f.State == guideline.Open {
				risk, n = f.AtRiskMinor, n+1
			}
		}
		return risk, n
	}
	if risk, n := open(); n != 1 || risk != 20_000 {
		t.Fatalf("above the task's rate: %d findings, %d at risk", n, risk)
	}
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, amend.Change{Task: text("L350")})))
	if risk, n := open(); n != 1 || risk != 10_000 {
		t.Errorf("above the practice group's: %d findings, %d at risk", n, risk)
	}
	rate("matter_id", 4_000_000, s.m.ID)
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, amend.Change{Task: text("L120")})))
	if _, n := open(); n != 0 {
		t.Errorf("at the matter's flat rate: %d findings", n)
	}
}
