package ledes

import "math/big"

// taxArithmetic is the arithmetic of 98BI V2 for one line (LEGAL-BILLING 4). Base
// and tax may be the exact product or its rounding to the currency's minor unit.
func (s *scan) taxArithmetic(inv *invoice) {
	l := &s.line
	if l.invoiceTax.state == readable {
		inv.taxTotals.add(l.invoiceTax, s.fields[colInvoiceTax], l.Number)
	}
	if l.invoiceNet.state == readable {
		inv.netTotals.add(l.invoiceNet, s.fields[colInvoiceNet], l.Number)
	}
	if l.invoiceTax.state == unreadable || l.invoiceNet.state != readable || l.tax.state != readable ||
		l.rate.state == unreadable || l.minorUnit < 0 {
		inv.incomplete = true
	}
	if l.tax.state != readable || l.minorUnit < 0 || !s.productKnown() {
		return
	}
	if s.taxExact(inv) {
		return
	}
	bases := forms(new(big.Rat).Add(new(big.Rat).Mul(l.units.rat(), l.cost.rat()), l.adjustment.rat()), l.minorUnit)
	taxGood := s.taxFits(bases)
	inv.taxStated.add(l.tax)
	if taxGood {
		inv.taxRecomputed.add(l.tax)
	} else {
		inv.taxRecomputed.addRat(roundRat(new(big.Rat).Mul(bases[1], l.rate.rat()), l.minorUnit, halfUp))
	}
	if l.total.state != readable {
		return
	}
	s.judgeTaxLine(bases, taxGood)
}

// taxExact answers the usual line without big numbers: base and tax in the
// minor unit, rounded half up, and the total their sum.
func (s *scan) taxExact(inv *invoice) bool {
	l := &s.line
	p, ok := product(l.units, l.cost)
	a, okA := l.adjustment.atE8()
	if !ok || !okA || l.rate.wide != nil || l.tax.wide != nil || l.total.wide != nil || l.rate.state != readable || l.total.state != readable {
		return false
	}
	unit := int64(10_000) // minor units at 1e-4: 100 for cents
	for range l.minorUnit {
		unit /= 10
	}
	if unit == 0 {
		return false
	}
	base := roundTo(p+a, unit*10_000, halfUp) / 10_000 // at 1e-4, as all below
	if magnitude(base) >= 1<<61/10_000 {
		return false
	}
	tax := roundTo(base*l.rate.e4, unit*10_000, halfUp) / 10_000
	if tax != l.tax.e4 || base+tax != l.total.e4 {
		return false
	}
	inv.taxStated.add(l.tax)
	inv.taxRecomputed.add(l.tax)
	return true
}

// forms are the exact value and its two roundings.
func forms(v *big.Rat, decimals int) [3]*big.Rat {
	return [3]*big.Rat{v, roundRat(v, decimals, halfUp), roundRat(v, decimals, halfEven)}
}

// taxFits tells whether the stated tax is base x rate in one of the forms. Without
// a readable rate nothing speaks against it.
func (s *scan) taxFits(bases [3]*big.Rat) bool {
	l := &s.line
	if l.rate.state != readable {
		return true
	}
	stated := l.tax.rat()
	for _, b := range bases {
		for _, t := range forms(new(big.Rat).Mul(b, l.rate.rat()), l.minorUnit) {
			if t.Cmp(stated) == 0 {
				return true
			}
		}
	}
	return false
}

// judgeTaxLine tells one ARI-01 for a wrong tax or a wrong total.
func (s *scan) judgeTaxLine(bases [3]*big.Rat, taxGood bool) {
	l := &s.line
	want := new(big.Rat)
	if !taxGood {
		want = roundRat(want.Mul(bases[1], l.rate.rat()), l.minorUnit, halfUp)
		s.fault(Error, ARI01, colLineTax, "base "+decimalText(bases[1])+" x rate is "+decimalText(want)+", not "+decimalText(l.tax.rat()),
			"write "+decimalText(want)+" and the total "+decimalText(want.Add(want, bases[1])))
		return
	}
	for _, b := range bases {
		if want.Add(b, l.tax.rat()).Cmp(l.total.rat()) == 0 {
			return
		}
	}
	want.Add(bases[1], l.tax.rat())
	s.fault(Error, ARI01, colLineTotal, "units x unit cost + adjustment + tax is "+decimalText(want)+", not "+decimalText(l.total.rat()), "write "+decimalText(want))
}
