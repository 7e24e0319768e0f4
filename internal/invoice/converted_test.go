package invoice

import (
	"testing"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// TestALineSaysWhatItWasConvertedFrom: a cost what was paid, work its rate; a rate that a person
// cut came from no other currency, and a line of old has the bytes that it had.
func TestALineSaysWhatItWasConvertedFrom(t *testing.T) {
	t.Parallel()
	d := Document{Currency: "USD", Rounding: money.HalfUp, From: "2026-03-01", To: "2026-03-31"}
	l := prebill.ApprovedLine{Kind: guideline.Expense, Quantity: 10_000, Rate: 1_301_400, Value: 13_014, Amount: 13_014}
	l.Recorded.Rate = l.Rate
	if out := fromApprovedLine(&l); out.Converted != nil || d.note(&out) != "" {
		t.Errorf("%+v", out)
	}
	l.Recorded.Converted = exchange.Conversion{ID: "x", From: "EUR", Price: 1_200_000, Rate: 108_450_000, On: "2026-03-03", Version: 4}
	for _, c := range []struct {
		kind     guideline.Kind
		quantity money.Fixed4
		rate     money.Fixed4
		want     string
	}{
		{guideline.Expense, 10_000, 1_301_400, "EUR 120.00 at 1.08450000 of 3 March 2026"},
		{guideline.Expense, 30_000, 1_301_400, "EUR 360.00 at 1.08450000 of 3 March 2026; 3 × 130.14"},
		{guideline.Time, 15_000, 1_301_400, "EUR 120.00 an hour at 1.08450000 of 3 March 2026"},
		{guideline.Time, 15_000, 1_300_000, ""},
	} {
		x := l
		x.Kind, x.Quantity, x.Rate = c.kind, c.quantity, c.rate
		var err error
		if x.Value, err = money.Line(x.Quantity, x.Rate, "USD", money.HalfUp); err != nil {
			t.Fatal(err)
		}
		x.Amount = x.Value
		out := fromApprovedLine(&x)
		if got := d.note(&out); got != c.want {
			t.Errorf("%s %s at %s: %q, want %q", c.kind, c.quantity, c.rate, got, c.want)
		}
	}
}
