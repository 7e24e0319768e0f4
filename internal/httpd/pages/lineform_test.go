package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
)

func TestASavedLineSaysItsNewAmount(t *testing.T) {
	t.Parallel()
	if got := savedLine(3, usd(40_625), usd(40_000)); got != "Line 3 now bills $400.00. Undo stands at the line." {
		t.Error(got)
	}
	if got := savedLine(3, usd(40_000), usd(40_000)); got != "Line 3 saved. Undo stands at the line." {
		t.Error(got)
	}
}

// TestAnEditOfAWrittenDownLineSaysWhatItBills: the amount that was entered stays, and
// the form says so before the hours change.
func TestAnEditOfAWrittenDownLineSaysWhatItBills(t *testing.T) {
	t.Parallel()
	stored := func(_, stored string) string { return stored }
	hint := func(kind guideline.Kind, down int64, field string) string {
		w := amend.Work{Kind: kind, Value: 40_625, Content: amend.Content{WriteDown: down}}
		for _, f := range editFields("", w, "USD", codeChoice{}, stored) {
			if f.Name == field {
				return f.Hint
			}
		}
		return "no such field"
	}
	for _, c := range []struct {
		kind  guideline.Kind
		field string
	}{{guideline.Time, "hours"}, {guideline.Expense, "rate"}} {
		if got := hint(c.kind, 625, c.field); !strings.HasSuffix(got, "The line bills $400.00 as entered; that stays unless this comes to less") {
			t.Errorf("%s: %q", c.field, got)
		}
		if got := hint(c.kind, 0, c.field); strings.Contains(got, "entered") {
			t.Errorf("%s without a write-down: %q", c.field, got)
		}
	}
}
