package invoice

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/money"
)

// left is what no credit note has taken back yet of a line of an invoice. It is one of the two
// places that know how tax stands on a line; the other is retax.
type left struct {
	line   *Line
	amount int64 // before tax
	tax    int64
	taxes  []LineTax // tax by levy, of a document with levies
}

func (l left) gross() int64 { return l.amount + l.tax }

// nothing tells that all of the line was taken back.
func (l left) nothing() bool { return l.amount == 0 && l.tax == 0 }

// untouched tells that nothing of it was.
func (l left) untouched() bool { return l.amount == l.line.AmountMinor && l.tax == l.line.TaxMinor }

// remains are the lines of an invoice less what its notes so far took back of them. A note
// over the whole names no lines.
func remains(d *Document, notes []*Document) []left {
	all := make([]left, len(d.Lines))
	for i := range d.Lines {
		l := &d.Lines[i]
		all[i] = left{l, l.AmountMinor, l.TaxMinor, slices.Clone(l.Taxes)}
	}
	for _, n := range notes {
		for i := range n.Lines {
			no := n.Lines[i].OfNo
			if no == 0 {
				no = n.Lines[i].No
			}
			l := &all[no-1]
			l.amount -= n.Lines[i].AmountMinor
			l.tax -= n.Lines[i].TaxMinor
			for k := range l.taxes {
				l.taxes[k].Minor -= n.Lines[i].of(l.taxes[k].Code)
			}
		}
	}
	return all
}

// net is the part of a line that comes to minor before tax: what is left of its tax goes with
// it in proportion, and all of it with the last unit.
func (l left) net(minor int64) (left, error) {
	if minor == l.amount {
		return l, nil
	}
	tax, err := money.Split(l.tax, []int64{minor, l.amount - minor})
	if err != nil {
		return left{}, err
	}
	return l.part(minor, tax[0])
}

// with is the part of a line that comes to minor with its tax.
func (l left) with(minor int64) (left, error) {
	if minor == l.gross() {
		return l, nil
	}
	parts, err := money.Split(minor, []int64{l.amount, max(l.tax, 0)})
	if err != nil {
		return left{}, err
	}
	return l.part(parts[0], parts[1])
}

// part takes so much of the amount and of the tax. Of several taxes each goes back in proportion
// to what is left of it, never more than that.
func (l left) part(amount, tax int64) (left, error) {
	p := left{line: l.line, amount: amount, tax: tax}
	if len(l.taxes) == 0 {
		return p, nil
	}
	weights := make([]int64, len(l.taxes))
	for i, t := range l.taxes {
		weights[i] = max(t.Minor, 0) // by rate, a unit of rounding may have taken one below zero
	}
	shares := make([]int64, len(l.taxes))
	if tax != 0 { // else nothing may be left of any
		var err error
		if shares, err = money.Split(tax, weights); err != nil {
			return left{}, err
		}
	}
	p.taxes = slices.Clone(l.taxes)
	for i := range shares {
		p.taxes[i].Minor = shares[i]
	}
	return p, nil
}

// portion is the line of a credit note that takes a part of a line back, or the whole of
// one. Hours stand only on what goes back whole: a part of a line is an amount.
func (d *Document) portion(p left) Line {
	l := *p.line
	l.OfNo, l.OfMinor = l.No, l.AmountMinor
	l.AmountMinor, l.TaxMinor, l.Taxes = p.amount, p.tax, p.taxes
	l.Original = nil
	if p.untouched() && l.WholeNo == 0 {
		return l
	}
	l.WholeNo, l.WholeMinor, l.Reason, l.QuantityE4, l.RateE4, l.ValueMinor, l.AdjustMinor = 0, 0, "", 0, 0, 0, p.amount
	if l.Kind != Expense {
		l.Kind = Adjustment
	}
	return l
}

// of is a credit note that takes parts of lines back.
func (d *Document) of(parts []left) error {
	d.Part, d.Lines = nil, nil
	for _, p := range parts {
		if !p.nothing() {
			l := d.portion(p)
			l.No = len(d.Lines) + 1
			d.Lines = append(d.Lines, l)
		}
	}
	d.People = slices.DeleteFunc(slices.Clone(d.People), func(t Timekeeper) bool {
		return !slices.ContainsFunc(d.Lines, func(l Line) bool { return l.Kind == Fee && l.Who == t.Code })
	})
	return d.retax()
}

// retax states the totals, and the taxes by rate, of lines as they stand.
func (d *Document) retax() error {
	names, t := d.Taxes, Totals{}
	d.Taxes = nil
	for i := range d.Lines {
		l := &d.Lines[i]
		sum := &t.FeesMinor
		if l.Kind == Expense {
			sum = &t.ExpensesMinor
		}
		var err error
		if *sum, err = money.Sum(*sum, l.AmountMinor); err != nil {
			return err
		}
		if t.TaxMinor, err = money.Sum(t.TaxMinor, l.TaxMinor); err != nil {
			return err
		}
		if l.TaxE6 == 0 {
			continue
		}
		x := d.taxOf(l.TaxE6)
		x.BaseMinor += l.AmountMinor
		x.TaxMinor += l.TaxMinor
	}
	for i := range d.Taxes {
		for _, n := range names {
			if n.RateE6 == d.Taxes[i].RateE6 {
				d.Taxes[i].Name = n.Name
			}
		}
	}
	slices.SortFunc(d.Taxes, func(a, b Tax) int { return int(b.RateE6 - a.RateE6) })
	for _, v := range d.Levies {
		if t, n := d.columnOf(v); n > 0 {
			d.Taxes = append(d.Taxes, t)
		}
	}
	var err error
	if t.NetMinor, err = money.Sum(t.FeesMinor, t.ExpensesMinor); err != nil {
		return err
	}
	t.TotalMinor, err = money.Sum(t.NetMinor, t.TaxMinor)
	d.Totals = t
	return err
}

// partial tells a credit note over a part of its invoice, or over what others left of it.
func (d *Document) partial() bool { return len(d.Lines) > 0 && d.Lines[0].OfNo > 0 }

// ofLine says which line of the invoice a line takes back, and how much that was.
func (d *Document) ofLine(l *Line) string {
	if l.AmountMinor == l.OfMinor {
		return fmt.Sprintf("line %d", l.OfNo)
	}
	return fmt.Sprintf("part of line %d, %s", l.OfNo, amount(l.OfMinor, d.Currency))
}

// corrected says of a note over a part how much it takes off its invoice.
func (d *Document) corrected() string {
	if !d.partial() {
		return ""
	}
	return " by " + amount(d.Totals.TotalMinor, d.Currency) + " " + string(d.Currency) + ", on the lines named"
}
