package ledes

import (
	"math/big"

	bojanz "github.com/bojanz/currency"
)

// arithmetic checks the line and adds it to its invoice. A check that needs a
// value that could not be read is not made, nor ARI-03 for that invoice.
func (s *scan) arithmetic(same bool) {
	l := &s.line
	inv := s.invoices.last
	if !same || s.invoices.open {
		inv = s.invoices.of(s.fields, l.Number)
	}
	inv.lines++
	s.oneTaskSet(inv)
	l.minorUnit = s.exponent
	if s.layout.format == Format98BIV2 {
		l.minorUnit = minorUnit(s.fields[colCurrency])
		inv.minorUnit = l.minorUnit
	}
	if l.invoiceTotal.state == readable {
		inv.totals.add(l.invoiceTotal, s.fields[colInvoiceTotal], l.Number)
	}
	if l.invoiceTotal.state != readable || l.total.state != readable || !s.productKnown() {
		inv.incomplete = true
	}
	if l.total.state == readable {
		inv.sum.add(l.total)
	}
	if s.layout.format == Format98BIV2 {
		s.taxArithmetic(inv)
		return
	}
	if l.total.state == readable && s.productKnown() {
		s.lineTotal()
	}
}

// oneTaskSet warns of a task code from another set than the invoice's first: a
// matter has one set, but which one only its owner knows.
func (s *scan) oneTaskSet(inv *invoice) {
	if inv.taskSet == 0 {
		inv.taskSet = s.line.taskSet
	}
	if s.line.taskSet&^inv.taskSet != 0 {
		s.fault(Warning, COD01, colTask, "the code is from another set than the first of this invoice", "use the codes of the matter's set")
	}
}

func minorUnit(code []byte) int {
	if d, ok := bojanz.GetDigits(string(code)); ok {
		return int(d)
	}
	return -1
}

// productKnown tells whether units x cost + adjustment can be computed. Blank
// units or cost count as 0 where the type allows them blank.
func (s *scan) productKnown() bool {
	l := &s.line
	if l.adjustment.state == unreadable || l.units.state == unreadable || l.cost.state == unreadable {
		return false
	}
	mayBeBlank := l.kind == kindFeeAdjust || l.kind == kindExpenseAdjust
	return mayBeBlank || (l.units.state == readable && l.cost.state == readable)
}

// lineTotal is ARI-01 of 1998B: exact, and only a warning for a total that is
// rounded to the minor unit without its residual, which many receivers take.
func (s *scan) lineTotal() {
	l := &s.line
	if p, ok := product(l.units, l.cost); ok {
		a, okA := l.adjustment.atE8()
		t, okT := l.total.atE8()
		if okA && okT && p+a == t {
			return
		}
	}
	exact := new(big.Rat).Mul(l.units.rat(), l.cost.rat())
	want := new(big.Rat).Add(exact, l.adjustment.rat())
	total := l.total.rat()
	if want.Cmp(total) == 0 {
		return
	}
	for _, how := range [...]rounding{halfUp, halfEven} {
		before := roundRat(exact, l.minorUnit, how)
		if roundRat(want, l.minorUnit, how).Cmp(total) == 0 || before.Add(before, l.adjustment.rat()).Cmp(total) == 0 {
			rest := new(big.Rat).Sub(total, exact)
			s.fault(Warning, ARI01, colLineTotal, "the total is rounded; the exact value is "+decimalText(want),
				"write the difference into the adjustment: "+decimalText(rest))
			return
		}
	}
	s.fault(Error, ARI01, colLineTotal, "units x unit cost + adjustment is "+decimalText(want)+", not "+decimalText(total), "write "+decimalText(want))
}

// decimalText is an exact value, cut to twelve decimals for the eye.
func decimalText(v *big.Rat) string {
	prec, exact := v.FloatPrec()
	if !exact || prec > 12 {
		prec = 12
	}
	return v.FloatString(max(prec, 2))
}
