package money

// Exchange is what one unit of a currency is worth in another, at 1e-8: 1.0845 is 108450000.
type Exchange int64

// exchangeOne is the rate at which nothing changes.
const exchangeOne = 100_000_000

// MaxExchange is the most that a rate may be: a million.
const MaxExchange Exchange = 1_000_000 * exchangeOne

// ParseExchange reads decimal text with at most eight decimals.
func ParseExchange(s string) (Exchange, error) {
	v, err := parseScaled(s, 8)
	return Exchange(v), err
}

// String is decimal text with all eight decimals, as tables print it: "1.08450000".
func (x Exchange) String() string { return formatScaled(int64(x), 8, 8) }

// Of is a price of one unit (an hour, a copy) in the other currency, at the four decimals
// that every price of a unit has in whatever currency, rounded once and half up: away from
// zero. The line that it is multiplied to is rounded to the minor unit after it.
func (x Exchange) Of(price Fixed4) (Fixed4, error) {
	v, err := mulDiv(int64(price), int64(x), exchangeOne, HalfUp)
	return Fixed4(v), err
}

// Apart tells whether one of two rates is more than a factor of the other; factor is at 1e-4,
// as 12000 for 1.2.
func (x Exchange) Apart(y Exchange, factor Fixed4) bool {
	lo, hi := min(x, y), max(x, y)
	most, err := mulDiv(int64(lo), int64(factor), 10_000, HalfUp)
	return err == nil && int64(hi) > most
}
