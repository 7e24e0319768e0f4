// Package money is exact money: integer minor units with a currency, hours and
// rates at 1e-4, fractions at 1e-6 (DESIGN 2.4). Nothing here is a float, every
// rounding is named, and an overflow is an error.
package money

import (
	"math/bits"
	"strings"

	"github.com/bojanz/currency"

	"github.com/docketry/docketry/internal/fault"
)

// Faults of this package.
var (
	ErrOverflow = fault.New(fault.Invalid, "money_overflow", "the amount is too large")
	ErrNumber   = fault.New(fault.Invalid, "number_invalid", "enter a number such as 1250.50")
	ErrCurrency = fault.New(fault.Invalid, "currency_unknown", "enter a three-letter currency code such as USD")
)

// Currency is an ISO 4217 code in upper case.
type Currency string

// ParseCurrency accepts a known ISO 4217 code in any case.
func ParseCurrency(s string) (Currency, error) {
	c := strings.ToUpper(strings.TrimSpace(s))
	if c == "" || !currency.IsValid(c) {
		return "", ErrCurrency.With("%q is not a currency code; enter one such as USD", s)
	}
	return Currency(c), nil
}

// Known tells whether c is a currency code of ISO 4217, written as it is kept.
func (c Currency) Known() bool {
	parsed, err := ParseCurrency(string(c))
	return err == nil && parsed == c
}

// Exponent is the number of decimals of the minor unit: USD 2, JPY 0, KWD 3. An
// unknown code counts as 2, so check with ParseCurrency at the edge.
func (c Currency) Exponent() int {
	d, ok := currency.GetDigits(string(c))
	if !ok {
		return 2
	}
	return int(d)
}

// Amount is money: minor units (cents) of one currency.
type Amount struct {
	Minor    int64
	Currency Currency
}

// Text is the amount as decimal text without the currency, with exactly the
// currency's decimals: "-1250.00". Files and commands write this.
func (a Amount) Text() string {
	return formatScaled(a.Minor, a.Currency.Exponent(), a.Currency.Exponent())
}

// ParseAmount reads decimal text with at most the currency's decimals.
func ParseAmount(s string, c Currency) (Amount, error) {
	v, err := parseScaled(s, c.Exponent())
	return Amount{v, c}, err
}

// Rounding is the stored policy for halves.
type Rounding string

// HalfUp rounds halves away from zero, also for credits. HalfEven to the even digit.
const (
	HalfUp   Rounding = "half_up"
	HalfEven Rounding = "half_even"
)

// Fixed4 is a count at 1e-4: hours, quantities and rates. 12.5 h is 125000.
type Fixed4 int64

// ParseFixed4 reads decimal text with at most four decimals.
func ParseFixed4(s string) (Fixed4, error) {
	v, err := parseScaled(s, 4)
	return Fixed4(v), err
}

// String is decimal text without needless zeros, at least one decimal: "6.5", "333.33".
func (f Fixed4) String() string { return formatScaled(int64(f), 4, 1) }

// Text is decimal text with at least min decimals, cut to no fewer than the value needs.
func (f Fixed4) Text(min int) string { return formatScaled(int64(f), 4, min) }

// Fraction is a share at 1e-6: 0.2 is 200000 and is 20 percent.
type Fraction int64

// One is the whole.
const One Fraction = 1_000_000

// ParseFraction reads decimal text with at most six decimals.
func ParseFraction(s string) (Fraction, error) {
	v, err := parseScaled(s, 6)
	return Fraction(v), err
}

// String is decimal text without needless zeros: "0.2".
func (f Fraction) String() string { return formatScaled(int64(f), 6, 1) }

// Line is quantity x rate in minor units of c, rounded once (I02).
func Line(qty, rate Fixed4, c Currency, r Rounding) (int64, error) {
	// qty x rate is at 1e-8; one minor unit is 10^(8-exponent) of that.
	return mulDiv(int64(qty), int64(rate), pow10(8-c.Exponent()), r)
}

// Exact is quantity x rate at 1e-8 of the currency's unit, without rounding.
func Exact(qty, rate Fixed4) (int64, error) { return mulDiv(int64(qty), int64(rate), 1, HalfUp) }

// Of is the share f of minor units, rounded once.
func (f Fraction) Of(minor int64, r Rounding) (int64, error) {
	return mulDiv(minor, int64(f), int64(One), r)
}

// Sum adds minor units and refuses to wrap.
func Sum(xs ...int64) (int64, error) {
	var t int64
	for _, x := range xs {
		s := t + x
		if (x > 0 && s < t) || (x < 0 && s > t) {
			return 0, ErrOverflow
		}
		t = s
	}
	return t, nil
}

// Split shares total by weights so that the parts sum to it: each part is floored
// towards zero and the left-over units go to the largest remainders, ties to the
// earlier weight. Weights must not be negative and not all zero.
func Split(total int64, weights []int64) ([]int64, error) {
	var whole int64
	for _, w := range weights {
		if w < 0 {
			return nil, ErrNumber.With("a share cannot be negative")
		}
		s, err := Sum(whole, w)
		if err != nil {
			return nil, err
		}
		whole = s
	}
	if whole == 0 {
		return nil, ErrNumber.With("the shares sum to zero")
	}
	neg, abs := total < 0, magnitude(total)
	parts := make([]int64, len(weights))
	rest := make([]uint64, len(weights))
	left := abs
	for i, w := range weights {
		hi, lo := bits.Mul64(abs, uint64(w))
		q, rem := bits.Div64(hi, lo, uint64(whole)) // hi < whole because w <= whole and abs < 2^64
		parts[i], rest[i] = int64(q), rem
		left -= q
	}
	for ; left > 0; left-- {
		best := 0
		for i := range rest {
			if rest[i] > rest[best] {
				best = i
			}
		}
		parts[best]++
		rest[best] = 0
	}
	if neg {
		for i := range parts {
			parts[i] = -parts[i]
		}
	}
	return parts, nil
}

// FloorShare is the greatest integer not above minor x weight / whole, and 0 for a whole of
// nothing. Weight and whole have one sign, and weight is not the larger of the two.
func FloorShare(minor, weight, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	hi, lo := bits.Mul64(magnitude(minor), magnitude(weight))
	q, rest := bits.Div64(hi, lo, magnitude(whole)) // hi < whole because weight <= whole
	if minor >= 0 {
		return int64(q)
	}
	if rest > 0 {
		q++
	}
	return -int64(q)
}

// mulDiv is a x b / d, rounded; d > 0.
func mulDiv(a, b, d int64, r Rounding) (int64, error) {
	neg := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi >= uint64(d) {
		return 0, ErrOverflow
	}
	q, rem := bits.Div64(hi, lo, uint64(d))
	half := uint64(d) - rem // rem > d/2 exactly when rem > d-rem
	if rem > half || (rem == half && rem != 0 && (r != HalfEven || q%2 == 1)) {
		q++
	}
	if q > 1<<63-1 {
		return 0, ErrOverflow
	}
	if neg {
		return -int64(q), nil
	}
	return int64(q), nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-(v + 1)) + 1
	}
	return uint64(v)
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// formatScaled writes v / 10^scale with at least min decimals.
func formatScaled(v int64, scale, min int) string {
	u := magnitude(v)
	digits := make([]byte, 0, 24)
	for i := 0; u > 0 || i <= scale; i++ {
		if i == scale && scale > 0 {
			digits = append(digits, '.')
		}
		digits = append(digits, byte('0'+u%10))
		u /= 10
	}
	if v < 0 {
		digits = append(digits, '-')
	}
	for i, j := 0, len(digits)-1; i < j; i, j = i+1, j-1 {
		digits[i], digits[j] = digits[j], digits[i]
	}
	s := string(digits)
	for cut := scale - min; cut > 0 && strings.HasSuffix(s, "0"); cut-- {
		s = s[:len(s)-1]
	}
	return strings.TrimSuffix(s, ".")
}

// parseScaled reads decimal text: an optional sign, digits, at most one point, at
// most scale decimals that matter. No blanks inside, no separators, no exponent.
func parseScaled(s string, scale int) (int64, error) {
	t := strings.TrimSpace(s)
	neg := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(strings.TrimPrefix(t, "-"), "+")
	whole, frac, _ := strings.Cut(t, ".")
	if whole == "" && frac == "" || strings.HasPrefix(whole, "-") || strings.HasPrefix(whole, "+") {
		return 0, ErrNumber.With("%q is not a number; enter one such as 1250.50", s)
	}
	for len(frac) > scale && strings.HasSuffix(frac, "0") {
		frac = frac[:len(frac)-1]
	}
	if len(frac) > scale {
		return 0, ErrNumber.With("%q has more than %d decimals", s, scale)
	}
	var u uint64
	for _, c := range whole + frac + strings.Repeat("0", scale-len(frac)) {
		if c < '0' || c > '9' {
			return 0, ErrNumber.With("%q is not a number; enter one such as 1250.50", s)
		}
		hi, lo := bits.Mul64(u, 10)
		lo, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi != 0 || carry != 0 || lo > 1<<63-1 {
			return 0, ErrOverflow
		}
		u = lo
	}
	if neg {
		return -int64(u), nil
	}
	return int64(u), nil
}
