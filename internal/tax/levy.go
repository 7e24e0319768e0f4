package tax

import (
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// ErrOrder is of taxes of which one stands on another that is not there, that is withheld,
// or that stands on it in turn.
var ErrOrder = fault.New(fault.Invalid, "tax_order", "a tax is on a tax that does not stand beside it")

// Levy is a tax as a document has it: the code of a firm as it was on the document's day,
// with what it is charged on. It is part of a snapshot: its names in JSON stay.
type Levy struct {
	Code     string         `json:"code"`
	Name     string         `json:"name"` // as printed: GST
	RateE6   money.Fraction `json:"rate_e6"`
	Number   string         `json:"number,omitempty"`   // of the firm's registration; "" is its general one
	Country  string         `json:"country,omitempty"`  // whose tax it is, ISO 3166 alpha-2
	Region   string         `json:"region,omitempty"`   // of the country, where it is one's
	On       string         `json:"on,omitempty"`       // code of the tax that is part of its base
	Fees     bool           `json:"fees,omitempty"`     // charged on them
	Expenses bool           `json:"expenses,omitempty"` // charged on them
	Withheld bool           `json:"withheld,omitempty"` // kept back by who pays, and paid to the tax office: no part of the total
}

// Covers tells whether the tax is charged on fees, or on expenses.
func (l Levy) Covers(expense bool) bool {
	if expense {
		return l.Expenses
	}
	return l.Fees
}

// Ordered are the levies so that each stands after the tax that is part of its base, else in
// the order given. ErrOrder names the first that cannot stand: on a tax that is missing, that
// is withheld, that is not charged on all that it is, or that is on it in turn (LEGAL-BILLING 5).
func Ordered(levies []Levy) ([]Levy, error) {
	byCode := make(map[string]*Levy, len(levies))
	for i := range levies {
		if byCode[levies[i].Code] != nil {
			return nil, ErrOrder.With("%s stands twice; name each tax once", levies[i].Code)
		}
		byCode[levies[i].Code] = &levies[i]
	}
	for i := range levies {
		if err := levies[i].stands(byCode); err != nil {
			return nil, err
		}
	}
	out, placed := make([]Levy, 0, len(levies)), map[string]bool{"": true}
	for len(out) < len(levies) {
		next := -1
		for i := range levies {
			if l := &levies[i]; !placed[l.Code] && placed[l.On] {
				next = i
				break
			}
		}
		if next < 0 {
			return nil, ErrOrder.With("the taxes stand on each other in a circle; let one of them be on the net amount")
		}
		placed[levies[next].Code] = true
		out = append(out, levies[next])
	}
	return out, nil
}

// stands refuses a tax whose base cannot be told.
func (l *Levy) stands(byCode map[string]*Levy) error {
	if l.On == "" {
		return nil
	}
	on := byCode[l.On]
	switch {
	case on == nil:
		return ErrOrder.With("%s is on %s, which is not charged; add %s, or leave %s out", l.Code, l.On, l.On, l.Code)
	case on.Withheld || l.Withheld:
		return ErrOrder.With("%s is on %s, and a tax that is withheld is on the totals before tax", l.Code, l.On)
	case l.Fees && !on.Fees || l.Expenses && !on.Expenses:
		return ErrOrder.With("%s is on %s, which is not charged on the same lines", l.Code, l.On)
	}
	return nil
}

// Whole is what the levies come to on the fees as one rate, tax on tax included; on the
// expenses where none is on fees. What is withheld is no part of it.
func Whole(levies []Levy) (sum money.Fraction) {
	expense := !slices.ContainsFunc(levies, func(l Levy) bool { return l.Fees && !l.Withheld })
	rates := map[string]money.Fraction{}
	for _, l := range levies {
		if l.Withheld || !l.Covers(expense) {
			continue
		}
		r := l.RateE6
		if on, err := l.RateE6.Of(int64(rates[l.On]), money.HalfUp); err == nil && l.On != "" {
			r += money.Fraction(on)
		}
		rates[l.Code] = r
		sum += r
	}
	return sum
}

// Words names the levies with their rates: "GST 5% and QST 9.975% on GST". "" where none is charged.
func Words(levies []Levy) string {
	var words []string
	for _, l := range levies {
		if l.Withheld {
			continue
		}
		w := l.Name + " " + money.Fixed4(l.RateE6).Text(0) + "%"
		if l.On != "" {
			w += " on " + l.On
		}
		words = append(words, w)
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return strings.Join(words, "")
}
