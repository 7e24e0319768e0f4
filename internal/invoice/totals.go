package invoice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// ErrUnbalanced is a document whose figures do not add up. It is never issued.
var ErrUnbalanced = fault.New(fault.Conflict, "invoice_unbalanced", "the figures of this invoice do not add up")

// Add computes values, taxes and totals from the lines' quantities, rates,
// adjustments and tax rates, or levies. It is the only place that does.
func (d *Document) Add() error {
	d.Totals, d.Taxes, d.Withheld = Totals{}, nil, nil
	for i := range d.Lines {
		if err := d.addLine(&d.Lines[i]); err != nil {
			return fmt.Errorf("line %d: %w", d.Lines[i].No, err)
		}
	}
	add := d.addTaxes
	if len(d.Levies) > 0 {
		add = d.addLevies
	}
	if err := add(); err != nil {
		return err
	}
	t := &d.Totals
	var err error
	if t.NetMinor, err = money.Sum(t.FeesMinor, t.ExpensesMinor); err != nil {
		return err
	}
	t.TotalMinor, err = money.Sum(t.NetMinor, t.TaxMinor)
	return err
}

func (d *Document) addLine(l *Line) error {
	var err error
	if l.ValueMinor, err = money.Line(l.QuantityE4, l.RateE4, d.Currency, d.Rounding); err != nil {
		return err
	}
	if l.AmountMinor, err = money.Sum(l.ValueMinor, l.AdjustMinor); err != nil {
		return err
	}
	if l.TaxMinor, err = l.TaxE6.Of(l.AmountMinor, d.Rounding); err != nil {
		return err
	}
	sum := &d.Totals.FeesMinor
	if l.Kind == Expense {
		sum = &d.Totals.ExpensesMinor
	}
	*sum, err = money.Sum(*sum, l.AmountMinor)
	return err
}

// addTaxes gathers the lines' taxes by rate. By rate, the tax of the subtotal is
// shared among its lines so that they still sum to it.
func (d *Document) addTaxes() error {
	for i := range d.Lines {
		l := &d.Lines[i]
		if l.TaxE6 == 0 {
			continue
		}
		t := d.taxOf(l.TaxE6)
		var err error
		if t.BaseMinor, err = money.Sum(t.BaseMinor, l.AmountMinor); err != nil {
			return err
		}
		if t.TaxMinor, err = money.Sum(t.TaxMinor, l.TaxMinor); err != nil {
			return err
		}
	}
	slices.SortFunc(d.Taxes, func(a, b Tax) int { return int(b.RateE6 - a.RateE6) })
	for i := range d.Taxes {
		if d.TaxBasis == TaxByRate {
			if err := d.taxSubtotal(&d.Taxes[i]); err != nil {
				return err
			}
		}
		var err error
		if d.Totals.TaxMinor, err = money.Sum(d.Totals.TaxMinor, d.Taxes[i].TaxMinor); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) taxOf(rate money.Fraction) *Tax {
	for i := range d.Taxes {
		if d.Taxes[i].RateE6 == rate {
			return &d.Taxes[i]
		}
	}
	d.Taxes = append(d.Taxes, Tax{Name: taxName(d.Firm.Country), RateE6: rate})
	return &d.Taxes[len(d.Taxes)-1]
}

func (d *Document) taxSubtotal(t *Tax) error {
	tax, err := t.RateE6.Of(t.BaseMinor, d.Rounding)
	if err != nil {
		return err
	}
	// The units by which the lines' own roundings miss it go to the first lines, one each.
	miss := tax - t.TaxMinor
	t.TaxMinor = tax
	for i := range d.Lines {
		if miss != 0 && d.Lines[i].TaxE6 == t.RateE6 {
			step := sign(miss)
			d.Lines[i].TaxMinor += step
			miss -= step
		}
	}
	return nil
}

func sign(v int64) int64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// taxName is what the tax on services is called where the firm is.
func taxName(country string) string {
	switch strings.ToUpper(country) {
	case "US", "USA":
		return "Sales tax"
	case "CA", "AU", "NZ", "SG", "IN":
		return "GST"
	case "JP":
		return "Consumption tax"
	}
	return "VAT"
}

// Check adds everything up again, in another way than Add, and refuses a document
// whose parts and totals differ by anything (I02, I03, I23). Every encoder may
// then rely on the figures.
func (d *Document) Check() error {
	var fees, expenses, tax int64
	for i, l := range d.Lines {
		value, err := money.Line(l.QuantityE4, l.RateE4, d.Currency, d.Rounding)
		if err != nil {
			return err
		}
		if l.No != i+1 || value != l.ValueMinor || l.ValueMinor+l.AdjustMinor != l.AmountMinor {
			return ErrUnbalanced.With("line %d: quantity times rate, adjustment and amount do not agree", i+1)
		}
		if l.Kind == Adjustment && (l.QuantityE4 != 0 || l.RateE4 != 0) || l.Kind == Price && l.QuantityE4 <= 0 {
			return ErrUnbalanced.With("line %d is a %s and its units do not fit", i+1, l.Kind)
		}
		switch l.Kind {
		case Fee, Price, Adjustment:
			fees += l.AmountMinor
		case Expense:
			expenses += l.AmountMinor
		default:
			return ErrUnbalanced.With("line %d is of no known kind", i+1)
		}
		tax += l.TaxMinor
	}
	t := d.Totals
	if fees != t.FeesMinor || expenses != t.ExpensesMinor || tax != t.TaxMinor ||
		t.NetMinor != fees+expenses || t.TotalMinor != t.NetMinor+tax {
		return ErrUnbalanced.With("the lines give %d and %d of tax, the totals state %d and %d", fees+expenses, tax, t.NetMinor, t.TaxMinor)
	}
	for _, x := range d.Taxes {
		tax -= x.TaxMinor
	}
	if tax != 0 {
		return ErrUnbalanced.With("the taxes by rate miss the lines' taxes by %d", tax)
	}
	if err := d.checkLevies(); err != nil {
		return err
	}
	if err := d.checkPart(); err != nil {
		return err
	}
	if err := d.checkClosing(); err != nil {
		return err
	}
	return d.checkPrompt()
}
