package invoice

import (
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
	"pgregory.net/rapid"
)

// drawn is an invoice with taxes and lines below zero, added up as an issued one is.
func drawn(t *rapid.T) *Document {
	d := &Document{Form: Form, Kind: KindInvoice, Number: "26-00001", Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency"),
		TaxBasis: rapid.SampledFrom([]TaxBasis{TaxByLine, TaxByRate}).Draw(t, "basis"), Rounding: money.HalfUp, Firm: Party{Country: "DE"}}
	for i := range rapid.IntRange(1, 8).Draw(t, "lines") {
		l := Line{No: i + 1, Kind: rapid.SampledFrom([]LineKind{Fee, Price, Adjustment, Expense}).Draw(t, "kind"), Who: "RV",
			TaxE6: rapid.SampledFrom([]money.Fraction{0, 70_000, 190_000, 333_333}).Draw(t, "tax")}
		if l.Kind == Adjustment {
			l.AdjustMinor = rapid.Int64Range(-5_000, 5_000).Draw(t, "adjustment")
		} else {
			l.QuantityE4 = money.Fixed4(rapid.Int64Range(1, 90_000).Draw(t, "quantity"))
			l.RateE4 = money.Fixed4(rapid.Int64Range(0, 9_000_000).Draw(t, "rate"))
		}
		d.Lines = append(d.Lines, l)
	}
	if rapid.Bool().Draw(t, "several taxes") {
		d.Levies = []tax.Levy{{Code: "GST", Name: "GST", RateE6: 50_000, Fees: true, Expenses: true}, {Code: "QST", Name: "QST", RateE6: 99_750, Fees: true, Expenses: rapid.Bool().Draw(t, "on costs")}}
		if rapid.Bool().Draw(t, "tax on tax") {
			d.Levies[1].On = "GST"
		}
		if rapid.Bool().Draw(t, "withheld") {
			d.Levies = append(d.Levies, tax.Levy{Code: "WHT", Name: "Withholding tax", RateE6: 150_000, Fees: true, Withheld: true})
		}
		for i := range d.Lines {
			d.Lines[i].TaxE6 = 0
		}
	}
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	return d
}

// ofTax is what the documents bear of a tax, all together.
func ofTax(code string, list ...*Document) (sum int64) {
	for _, d := range list {
		for _, t := range d.Taxes {
			if t.Code == code {
				sum += t.TaxMinor
			}
		}
	}
	return sum
}

// ask draws a credit of what is left, sane or not.
func ask(t *rapid.T, all []left, rest int64) NewCredit {
	n := NewCredit{Reason: "as agreed"}
	switch rapid.IntRange(0, 9).Draw(t, "way") {
	case 0:
		return n
	case 1, 2, 3:
		n.AmountMinor = rapid.Int64Range(1, max(rest, 1)+2).Draw(t, "amount")
		if rapid.Bool().Draw(t, "all lines") {
			return n
		}
	}
	for _, l := range all {
		if rapid.Bool().Draw(t, "named") {
			x := CreditLine{No: l.line.No}
			if n.AmountMinor == 0 && l.amount > 0 {
				x.Minor = rapid.Int64Range(0, l.amount+1).Draw(t, "of line")
			}
			n.Lines = append(n.Lines, x)
		}
	}
	return n
}

// TestI03_AnySequenceOfPartialCreditsConserves: of no line, tax or total more goes back than was
// invoiced, each note adds up by itself, and the last one empties the invoice to the unit (I02).
func TestI03_AnySequenceOfPartialCreditsConserves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		if d.Totals.TotalMinor <= 0 {
			return
		}
		inv := Invoice{Currency: d.Currency, TotalMinor: d.Totals.TotalMinor}
		var notes []*Document
		issue := func(n NewCredit) {
			if n.Validate() != nil {
				return
			}
			all := remains(d, notes)
			chosen, err := n.choose(all, inv)
			if err != nil {
				if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
					t.Fatalf("%v", err)
				}
				return
			}
			c := d.creditedBy(CreditNote{Number: "CN1"})
			if rest := gross(chosen) == inv.TotalMinor-inv.CreditedMinor; !rest || len(notes) > 0 {
				if rest {
					chosen = all
				}
				if err := c.of(chosen); err != nil {
					t.Fatal(err)
				}
			}
			if c.Totals.TotalMinor <= 0 {
				t.Fatalf("a note of %d", c.Totals.TotalMinor)
			}
			if err := c.Check(); err != nil {
				t.Fatalf("%v: %+v", err, c)
			}
			if n.AmountMinor > 0 && c.Totals.TotalMinor != n.AmountMinor {
				t.Fatalf("%d asked for, %d credited", n.AmountMinor, c.Totals.TotalMinor)
			}
			for _, l := range n.Lines {
				for i := range c.Lines {
					if c.Lines[i].OfNo == l.No && l.Minor > 0 && c.partial() && gross(chosen) != gross(all) && c.Lines[i].AmountMinor != l.Minor {
						t.Fatalf("line %d: %d asked for, %d credited", l.No, l.Minor, c.Lines[i].AmountMinor)
					}
				}
			}
			notes = append(notes, c)
			inv.CreditedMinor += c.Totals.TotalMinor
		}
		for range rapid.IntRange(0, 6).Draw(t, "notes") {
			if inv.CreditedMinor == inv.TotalMinor {
				break
			}
			issue(ask(t, remains(d, notes), inv.TotalMinor-inv.CreditedMinor))
			for _, l := range remains(d, notes) {
				if x := l.line; (l.amount < min(x.AmountMinor, 0) || l.amount > max(x.AmountMinor, 0)) || (l.tax < min(x.TaxMinor, 0) || l.tax > max(x.TaxMinor, 0)) {
					t.Fatalf("line %d has %d and %d of tax left of %d and %d", x.No, l.amount, l.tax, x.AmountMinor, x.TaxMinor)
				}
			}
			for _, l := range remains(d, notes) {
				for i, x := range l.taxes {
					if was := l.line.Taxes[i].Minor; x.Minor < min(was, 0) || x.Minor > max(was, 0) {
						t.Fatalf("line %d has %d of %s left of %d", l.line.No, x.Minor, x.Code, was)
					}
				}
			}
			if inv.CreditedMinor > inv.TotalMinor {
				t.Fatalf("%d of %d is credited", inv.CreditedMinor, inv.TotalMinor)
			}
		}
		if inv.CreditedMinor < inv.TotalMinor {
			issue(NewCredit{Reason: "all that is left"})
		}
		var net, taxes int64
		for _, n := range notes {
			net, taxes = net+n.Totals.NetMinor, taxes+n.Totals.TaxMinor
		}
		if net != d.Totals.NetMinor || taxes != d.Totals.TaxMinor || inv.CreditedMinor != inv.TotalMinor {
			t.Fatalf("credited %d and %d of tax of %+v", net, taxes, d.Totals)
		}
		for _, code := range []string{"GST", "QST"} {
			if was, back := ofTax(code, d), ofTax(code, notes...); was != back {
				t.Fatalf("%d of %s was charged, %d goes back", was, code, back)
			}
		}
		for _, l := range remains(d, notes) {
			if !l.nothing() {
				t.Fatalf("line %d has %d and %d left", l.line.No, l.amount, l.tax)
			}
		}
	})
}
