package prebill

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// TestRecordedPlusChangesIsTheInvoice draws edits, holds and undos of both sides
// and checks the way from what was recorded to the invoice after each.
func TestRecordedPlusChangesIsTheInvoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		in := amend.Terms{Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(rt, "currency"), Rounding: money.HalfUp, TaskSet: "litigation"}
		lines := make([]Line, rapid.IntRange(1, 5).Draw(rt, "lines"))
		for i := range lines {
			lines[i] = drawnLine(rt, in)
		}
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			l := &lines[rapid.IntRange(0, len(lines)-1).Draw(rt, "line")]
			if e := l.Edits.Last(); e != nil && rapid.IntRange(0, 3).Draw(rt, "undo") == 0 {
				l.Content, e.UndoneAt = e.Before, &now
				l.Value, _ = l.Valued(l.Quantity, l.Rate, in)
			} else if work, reason, err := drawnChange(rt, l).Apply(l.Work, in); err == nil {
				after := *l
				after.Work = work
				side := rapid.SampledFrom([]amend.Side{amend.SideBureau, amend.SideFirm}).Draw(rt, "side")
				after.Edits = append(after.Edits, amend.Edit{Seq: len(l.Edits) + 1, Side: side, Before: l.Content, After: after.Content, BeforeAt: l.Work.Bills(), AfterAt: after.Work.Bills(), Reason: reason})
				*l = after
			}
			if l.WriteDown < 0 || l.Amount() < 0 || l.Amount() > l.Recorded.Amount+l.Recorded.Amount/2+1_000_000 {
				rt.Fatalf("line %+v", l.Content)
			}
			if got := (&sheet{lines: lines}).total(); got.RecordedMinor+got.TeamMinor+got.FirmMinor != got.InvoiceMinor || got.FeesMinor+got.ExpensesMinor != got.InvoiceMinor {
				rt.Fatalf("%+v does not add up", got)
			}
		}
	})
}

func drawnLine(rt *rapid.T, in amend.Terms) Line {
	l := Line{Work: amend.Work{Kind: rapid.SampledFrom([]guideline.Kind{guideline.Time, guideline.Expense}).Draw(rt, "kind")}}
	l.Recorded.Quantity = money.Fixed4(rapid.Int64Range(1, 240_000).Draw(rt, "quantity"))
	l.Recorded.Rate = money.Fixed4(rapid.Int64Range(1, 20_000_000).Draw(rt, "rate"))
	l.Recorded.Amount, _ = money.Line(l.Recorded.Quantity, l.Recorded.Rate, in.Currency, in.Rounding)
	l.Quantity, l.Rate, l.Value, l.Narrative = l.Recorded.Quantity, l.Recorded.Rate, l.Recorded.Amount, "Draft reply brief"
	return l
}

func drawnChange(rt *rapid.T, l *Line) amend.Change {
	c := amend.Change{Reason: amend.ReasonOther, Note: "for the test"}
	switch rapid.IntRange(0, 3).Draw(rt, "change") {
	case 0:
		a := rapid.Int64Range(0, max(l.Value, 0)).Draw(rt, "amount")
		c.Amount = &a
	case 1:
		q := money.Fixed4(rapid.Int64Range(1, int64(l.Recorded.Quantity)+2_000).Draw(rt, "quantity"))
		c.Quantity = &q
	case 2:
		r := money.Fixed4(rapid.Int64Range(1, int64(l.Recorded.Rate)).Draw(rt, "rate"))
		c.Rate = &r
	default:
		h := !l.Held
		c.Held = &h
	}
	return c
}
