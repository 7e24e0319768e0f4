package invoice

import (
	"strings"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

// LineTax is one tax of a line, of a document with levies.
type LineTax struct {
	Code  string `json:"code"`
	Minor int64  `json:"minor"`
}

// of is what the line bears of a tax; none of "".
func (l *Line) of(code string) int64 {
	for _, t := range l.Taxes {
		if t.Code == code && code != "" {
			return t.Minor
		}
	}
	return 0
}

// PayableMinor is what is to be paid to the firm: the total without what is withheld of it
// for the tax office.
func (t Totals) PayableMinor() int64 { return t.TotalMinor - t.WithheldMinor }

// addLevies computes the taxes of a document with levies, each tax before those that it is
// part of the base of, and then what is withheld.
func (d *Document) addLevies() (err error) {
	if d.Levies, err = tax.Ordered(d.Levies); err != nil {
		return err
	}
	for i := range d.Lines {
		l := &d.Lines[i]
		if l.TaxE6 != 0 {
			return ErrUnbalanced.With("line %d has a rate of its own beside the taxes of the invoice", l.No)
		}
		l.Taxes, l.TaxMinor = nil, 0
	}
	for _, v := range d.Levies {
		if v.Withheld {
			continue
		}
		if err := d.levy(v); err != nil {
			return err
		}
	}
	for i := range d.Taxes {
		if d.Totals.TaxMinor, err = money.Sum(d.Totals.TaxMinor, d.Taxes[i].TaxMinor); err != nil {
			return err
		}
	}
	return d.withhold()
}

// levy charges one tax on the lines that it covers. By rate, the tax of the subtotal is shared
// among its lines so that they still sum to it.
func (d *Document) levy(v tax.Levy) error {
	t := taxOfLevy(v)
	var lines []*Line
	for i := range d.Lines {
		l := &d.Lines[i]
		if !v.Covers(l.Kind == Expense) {
			continue
		}
		base, err := money.Sum(l.AmountMinor, l.of(v.On))
		if err != nil {
			return err
		}
		minor, err := v.RateE6.Of(base, d.Rounding)
		if err != nil {
			return err
		}
		if t.BaseMinor, err = money.Sum(t.BaseMinor, base); err != nil {
			return err
		}
		if t.TaxMinor, err = money.Sum(t.TaxMinor, minor); err != nil {
			return err
		}
		l.Taxes = append(l.Taxes, LineTax{v.Code, minor})
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		return nil
	}
	if err := d.byRate(&t, lines); err != nil {
		return err
	}
	for _, l := range lines {
		var err error
		if l.TaxMinor, err = money.Sum(l.TaxMinor, l.Taxes[len(l.Taxes)-1].Minor); err != nil {
			return err
		}
	}
	d.Taxes = append(d.Taxes, t)
	return nil
}

// byRate makes the tax that of the subtotal where it is charged so. The units by which the
// lines' own roundings miss it go to the first lines that bill something, one each.
func (d *Document) byRate(t *Tax, lines []*Line) error {
	if d.TaxBasis != TaxByRate {
		return nil
	}
	whole, err := t.RateE6.Of(t.BaseMinor, d.Rounding)
	if err != nil {
		return err
	}
	miss := whole - t.TaxMinor
	t.TaxMinor = whole
	for _, l := range lines {
		if l.AmountMinor == 0 {
			continue // it missed nothing, and bears no tax
		}
		step := sign(miss)
		l.Taxes[len(l.Taxes)-1].Minor += step
		miss -= step
	}
	return nil
}

func taxOfLevy(v tax.Levy) Tax {
	return Tax{Name: v.Name, RateE6: v.RateE6, Code: v.Code, Number: v.Number, On: v.On}
}

// withhold computes what who pays keeps back for the tax office: on the totals before tax,
// after the split, and never on lines (LEGAL-BILLING 5).
func (d *Document) withhold() error {
	for _, v := range d.Levies {
		if !v.Withheld {
			continue
		}
		t := taxOfLevy(v)
		var err error
		if t.BaseMinor, err = d.withheldOn(v); err != nil {
			return err
		}
		if t.TaxMinor, err = v.RateE6.Of(t.BaseMinor, d.Rounding); err != nil {
			return err
		}
		if d.Totals.WithheldMinor, err = money.Sum(d.Totals.WithheldMinor, t.TaxMinor); err != nil {
			return err
		}
		d.Withheld = append(d.Withheld, t)
	}
	return nil
}

// withheldOn is the base of a tax that is withheld; of fees and expenses below zero nothing is.
func (d *Document) withheldOn(v tax.Levy) (base int64, err error) {
	if v.Fees {
		base = d.Totals.FeesMinor
	}
	if v.Expenses {
		base, err = money.Sum(base, d.Totals.ExpensesMinor)
	}
	return max(base, 0), err
}

// taxOn is the tax that goes with an amount of the fees: by the levies, or by the one rate.
func (d *Document) taxOn(minor int64, rate money.Fraction) (sum int64, err error) {
	if len(d.Levies) == 0 {
		return rate.Of(minor, d.Rounding)
	}
	l := Line{AmountMinor: minor}
	for _, v := range d.Levies {
		if v.Withheld || !v.Fees {
			continue
		}
		one, err := v.RateE6.Of(minor+l.of(v.On), d.Rounding)
		if err != nil {
			return 0, err
		}
		l.Taxes = append(l.Taxes, LineTax{v.Code, one})
		if sum, err = money.Sum(sum, one); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// checkLevies adds the taxes up by columns where Add went by lines: what each tax comes to is
// the sum of the lines' parts of it, its base is their amounts and the tax in it, and each part
// is its rate of that base, or of the subtotal.
func (d *Document) checkLevies() error {
	if len(d.Levies) == 0 {
		return d.unlevied()
	}
	ordered, err := tax.Ordered(d.Levies)
	if err != nil {
		return err
	}
	taxes, withheld := d.Taxes, d.Withheld
	var parts int
	var kept int64
	for i, v := range d.Levies {
		if v != ordered[i] {
			return ErrUnbalanced.With("%s stands before the tax that is part of its base", v.Code)
		}
		if v.Withheld {
			minor, err := d.checkWithheld(v, withheld)
			if err != nil {
				return err
			}
			withheld, kept = withheld[1:], kept+minor
			continue
		}
		n, err := d.checkLevy(v, taxes)
		if err != nil {
			return err
		}
		if n > 0 {
			taxes = taxes[1:]
		}
		parts += n
	}
	for i := range d.Lines {
		parts -= len(d.Lines[i].Taxes)
	}
	if parts != 0 || len(taxes) != 0 || len(withheld) != 0 || kept != d.Totals.WithheldMinor {
		return ErrUnbalanced.With("the invoice has taxes that none of its levies charges")
	}
	if t := d.Totals; t.WithheldMinor > 0 && t.WithheldMinor > t.TotalMinor {
		return ErrUnbalanced.With("%d is withheld of a total of %d", t.WithheldMinor, t.TotalMinor)
	}
	return nil
}

// unlevied refuses taxes of levies in a document of one rate.
func (d *Document) unlevied() error {
	found := len(d.Withheld) > 0 || d.Totals.WithheldMinor != 0
	for i := range d.Lines {
		found = found || len(d.Lines[i].Taxes) > 0
	}
	if found {
		return ErrUnbalanced.With("the invoice has taxes that none of its levies charges")
	}
	return nil
}

// checkLevy holds one tax against the lines, and returns on how many it is.
func (d *Document) checkLevy(v tax.Levy, taxes []Tax) (n int, err error) {
	if d.partial() {
		return d.checkColumn(v, taxes)
	}
	var base, sum int64
	for i := range d.Lines {
		l := &d.Lines[i]
		if !v.Covers(l.Kind == Expense) {
			continue
		}
		at, of := 0, int64(0)
		for _, t := range l.Taxes {
			if t.Code == v.Code {
				at, sum, of = at+1, sum+t.Minor, t.Minor
			}
		}
		on := l.AmountMinor + l.of(v.On)
		want, err := v.RateE6.Of(on, d.Rounding)
		if err != nil {
			return 0, err
		}
		if off := of - want; at != 1 || d.TaxBasis != TaxByRate && off != 0 || off > 1 || off < -1 {
			return 0, ErrUnbalanced.With("line %d: %s is not its rate of the line", l.No, v.Code)
		}
		base, n = base+on, n+1
	}
	if n == 0 {
		return 0, nil
	}
	whole, err := v.RateE6.Of(base, d.Rounding)
	if err != nil {
		return 0, err
	}
	want := taxOfLevy(v)
	want.BaseMinor, want.TaxMinor = base, sum
	if len(taxes) == 0 || taxes[0] != want || d.TaxBasis == TaxByRate && sum != whole {
		return 0, ErrUnbalanced.With("%s on the lines comes to %d on %d, and the invoice states another sum", v.Code, sum, base)
	}
	return n, nil
}

// columnOf is what a tax comes to on the lines as they stand, and on how many it is.
func (d *Document) columnOf(v tax.Levy) (t Tax, n int) {
	t = taxOfLevy(v)
	for i := range d.Lines {
		l := &d.Lines[i]
		for _, x := range l.Taxes {
			if x.Code == v.Code {
				t.BaseMinor += l.AmountMinor + l.of(v.On)
				t.TaxMinor += x.Minor
				n++
			}
		}
	}
	return t, n
}

// checkColumn holds one tax of a note over parts of lines against them: a part of a line bears a
// part of its tax, which is no rate of anything any more.
func (d *Document) checkColumn(v tax.Levy, taxes []Tax) (int, error) {
	want, n := d.columnOf(v)
	if n > 0 && (len(taxes) == 0 || taxes[0] != want) {
		return 0, ErrUnbalanced.With("%s on the lines comes to %d on %d, and the credit note states another sum", v.Code, want.TaxMinor, want.BaseMinor)
	}
	return n, nil
}

func (d *Document) checkWithheld(v tax.Levy, withheld []Tax) (int64, error) {
	want := taxOfLevy(v)
	for i := range d.Lines {
		if l := &d.Lines[i]; v.Covers(l.Kind == Expense) {
			want.BaseMinor += l.AmountMinor
		}
	}
	want.BaseMinor = max(want.BaseMinor, 0)
	var err error
	if want.TaxMinor, err = v.RateE6.Of(want.BaseMinor, d.Rounding); err != nil {
		return 0, err
	}
	if len(withheld) == 0 || withheld[0] != want {
		return 0, ErrUnbalanced.With("%s withheld is not its rate of the totals before tax", v.Code)
	}
	return want.TaxMinor, nil
}

// waive takes what is withheld off a document that pays nothing, such as a credit note: it
// is withheld of a payment.
func (d *Document) waive() {
	var levies []tax.Levy
	for _, v := range d.Levies {
		if !v.Withheld {
			levies = append(levies, v)
		}
	}
	d.Levies, d.Withheld, d.Totals.WithheldMinor = levies, nil, 0
}

// Several tells whether a line bears more than one tax, which no flat LEDES file can say.
func (d *Document) Several() bool {
	for i := range d.Lines {
		if len(d.Lines[i].Taxes) > 1 {
			return true
		}
	}
	return false
}

// severalNames are the taxes of the first line that bears several: "GST and QST".
func (d *Document) severalNames() string {
	for i := range d.Lines {
		l := &d.Lines[i]
		if len(l.Taxes) < 2 {
			continue
		}
		var names []string
		for _, t := range l.Taxes {
			names = append(names, d.levyOf(t.Code).Name)
		}
		last := len(names) - 1
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return ""
}

// levyOf is the levy of a code, the zero one where there is none.
func (d *Document) levyOf(code string) tax.Levy {
	for _, v := range d.Levies {
		if v.Code == code {
			return v
		}
	}
	return tax.Levy{}
}

// Fits refuses, before the document is issued, what its receiver's format cannot say:
// ErrSeveralTaxes, where a line bears several taxes and the format is a flat one.
func (d *Document) Fits() error {
	if d.Kind == KindCreditNote || d.Receiver == nil || d.EBill().XML() || !d.Several() {
		return nil
	}
	return ErrSeveralTaxes.With("%s stand on one line, and %s reads %s, which has room for one tax; choose LEDES XML 2.1 for it, as agreed with them", d.severalNames(), d.Receiver.Name, d.EBill().Name())
}
