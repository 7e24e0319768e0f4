package invoice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/money"
)

// drawDocument is any document that a pre-bill could give.
func drawDocument(t *rapid.T) *invoice.Document {
	d := &invoice.Document{
		Form: invoice.Form, Kind: invoice.KindInvoice, Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency"),
		Rounding: rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfEven}).Draw(t, "rounding"),
		TaxBasis: rapid.SampledFrom([]invoice.TaxBasis{invoice.TaxByLine, invoice.TaxByRate}).Draw(t, "basis"),
	}
	for i := range rapid.IntRange(1, 30).Draw(t, "lines") {
		l := invoice.Line{
			No: i + 1, Kind: rapid.SampledFrom([]invoice.LineKind{invoice.Fee, invoice.Price, invoice.Adjustment, invoice.Expense}).Draw(t, "kind"),
			QuantityE4:  money.Fixed4(rapid.Int64Range(0, 10_000_000).Draw(t, "quantity")),
			RateE4:      money.Fixed4(rapid.Int64Range(0, 30_000_000).Draw(t, "rate")),
			AdjustMinor: rapid.Int64Range(-10_000, 10_000).Draw(t, "adjust"),
			TaxE6:       money.Fraction(rapid.SampledFrom([]int64{0, 50_000, 88_750, 200_000}).Draw(t, "tax")),
		}
		switch l.Kind {
		case invoice.Price:
			l.QuantityE4 = 10_000
		case invoice.Adjustment:
			l.QuantityE4, l.RateE4 = 0, 0
		default:
		}
		d.Lines = append(d.Lines, l)
	}
	return d
}

func TestI02_LineIsQuantityTimesRateRoundedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		if err := d.Add(); err != nil {
			t.Fatal(err)
		}
		unit := int64(1)
		for range 8 - d.Currency.Exponent() {
			unit *= 10
		}
		for _, l := range d.Lines {
			// A second, simpler calculation: the value is within half a minor unit of the product.
			off := 2 * (l.ValueMinor*unit - int64(l.QuantityE4)*int64(l.RateE4))
			if off > unit || off < -unit || l.AmountMinor != l.ValueMinor+l.AdjustMinor {
				t.Fatalf("line %d: %d x %d gave %d, with %d made %d", l.No, l.QuantityE4, l.RateE4, l.ValueMinor, l.AdjustMinor, l.AmountMinor)
			}
		}
	})
}

func TestTotalsAreTheSumOfTheParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		if err := d.Add(); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		if d.TaxBasis == invoice.TaxByRate {
			for _, x := range d.Taxes {
				if want, err := x.RateE6.Of(x.BaseMinor, d.Rounding); err != nil || want != x.TaxMinor {
					t.Fatalf("tax of the subtotal %d is %d, want %d (%v)", x.BaseMinor, x.TaxMinor, want, err)
				}
			}
		}
		i := rapid.IntRange(0, len(d.Lines)-1).Draw(t, "touched")
		rapid.SampledFrom([]func(){
			func() { d.Lines[i].AmountMinor++ }, func() { d.Lines[i].TaxMinor-- }, func() { d.Totals.TotalMinor++ },
			func() { d.Totals.FeesMinor-- }, func() { d.Lines[i].No += 7 }, func() { d.Lines[i].Kind = "" },
			func() { d.Lines[i].Kind, d.Lines[i].QuantityE4 = invoice.Adjustment, 10_000 },
		}).Draw(t, "touch")()
		if err := d.Check(); !errors.Is(err, invoice.ErrUnbalanced) {
			t.Fatalf("a touched document passed: %v", err)
		}
	})
}

func TestDocumentSurvivesReorderingOfItsKeys(t *testing.T) {
	t.Parallel()
	d := invoicebench.Sample(20, "GBP", 200_000)
	d.Lines[0].Original = &invoice.Original{Narrative: "as recorded", QuantityE4: 1}
	first, err := d.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	var loose map[string]json.RawMessage // what jsonb does to it
	if err := json.Unmarshal(first, &loose); err != nil {
		t.Fatal(err)
	}
	shuffled, err := json.Marshal(loose)
	if err != nil {
		t.Fatal(err)
	}
	read, err := invoice.ReadDocument(shuffled)
	if err != nil {
		t.Fatal(err)
	}
	second, err := read.Canonical()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("read back and written again, the document differs (%v)", err)
	}
}
