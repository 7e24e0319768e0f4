package ledes

import (
	"math/big"
	"math/bits"
)

// decimal is a number as read. Nearly all fit e4; the others are held and computed
// as fractions, so that no input is judged inexactly.
type decimal struct {
	e4    int64    // the value at 1e-4, unless wide
	wide  *big.Rat // never changed once set
	state state
}

type state uint8

const (
	blank state = iota
	unreadable
	readable
)

const (
	digitsInE4  = 14 // before the point; 12.4 of the format and room for sums
	digitsAtAll = 64 // more is no number that a bill holds
)

// parseDecimal reads what the format allows and the forms seen in published
// samples: +12.00, 1250. and .5. before and after count the digits as written.
func parseDecimal(b []byte) (d decimal, before, after int) {
	if len(b) == 0 {
		return decimal{}, 0, 0
	}
	i, neg := 0, false
	if b[0] == '-' || b[0] == '+' {
		neg, i = b[0] == '-', 1
	}
	var v int64
	point := false
	for ; i < len(b); i++ {
		c := b[i]
		switch {
		case c >= '0' && c <= '9' && !point:
			if before++; before <= digitsInE4 {
				v = v*10 + int64(c-'0')
			}
		case c >= '0' && c <= '9':
			if after++; after <= 4 && before <= digitsInE4 {
				v = v*10 + int64(c-'0')
			}
		case c == '.' && !point:
			point = true
		default:
			return decimal{state: unreadable}, 0, 0
		}
	}
	if before+after == 0 || before+after > digitsAtAll {
		return decimal{state: unreadable}, before, after
	}
	if before > digitsInE4 || after > 4 {
		v, _ := new(big.Rat).SetString(string(b)) // a sign, digits and a point: it cannot fail
		return decimal{state: readable, wide: v}, before, after
	}
	for k := after; k < 4; k++ {
		v *= 10
	}
	if neg {
		v = -v
	}
	return decimal{e4: v, state: readable}, before, after
}

// sign is -1, 0 or 1.
func (d decimal) sign() int {
	switch {
	case d.wide != nil:
		return d.wide.Sign()
	case d.e4 < 0:
		return -1
	case d.e4 > 0:
		return 1
	default:
		return 0
	}
}

// rat is the exact value, not to be changed; blank is 0.
func (d decimal) rat() *big.Rat {
	if d.wide != nil {
		return d.wide
	}
	return big.NewRat(d.e4, 10_000)
}

// product is a x b at 1e-8, when it fits comfortably.
func product(a, b decimal) (int64, bool) {
	if a.wide != nil || b.wide != nil {
		return 0, false
	}
	hi, lo := bits.Mul64(magnitude(a.e4), magnitude(b.e4))
	if hi != 0 || lo >= 1<<61 {
		return 0, false
	}
	if (a.e4 < 0) != (b.e4 < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

// atE8 is a value at 1e-8, when it fits comfortably.
func (d decimal) atE8() (int64, bool) {
	if d.wide != nil || magnitude(d.e4) >= 1<<61/10_000 {
		return 0, false
	}
	return d.e4 * 10_000, true
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-v)
	}
	return uint64(v)
}

// tally adds readable numbers exactly.
type tally struct {
	e4   int64
	rest *big.Rat // what did not fit
}

func (t *tally) add(d decimal) {
	if s := t.e4 + d.e4; d.wide == nil && magnitude(s) < 1<<61 {
		t.e4 = s
		return
	}
	t.addRat(d.rat())
}

func (t *tally) addRat(v *big.Rat) {
	if t.rest == nil {
		t.rest = new(big.Rat)
	}
	t.rest.Add(t.rest, v)
}

func (t *tally) equals(d decimal) bool {
	if t.rest == nil && d.wide == nil {
		return t.e4 == d.e4
	}
	return t.rat().Cmp(d.rat()) == 0
}

func (t *tally) rat() *big.Rat {
	v := big.NewRat(t.e4, 10_000)
	if t.rest != nil {
		v.Add(v, t.rest)
	}
	return v
}

// rounding is how halves go.
type rounding uint8

const (
	halfUp   rounding = iota // away from zero
	halfEven                 // to the even digit
)

// roundTo rounds v, which counts 1/unit parts, to whole units and returns parts.
func roundTo(v, unit int64, how rounding) int64 {
	q, rem := v/unit, magnitude(v%unit)
	twice := 2 * rem
	if twice > uint64(unit) || (twice == uint64(unit) && (how == halfUp || q%2 != 0)) {
		if v < 0 {
			q--
		} else {
			q++
		}
	}
	return q * unit
}

// roundRat is roundTo for any value, to the given number of decimals.
func roundRat(v *big.Rat, decimals int, how rounding) *big.Rat {
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	scaled := new(big.Rat).Mul(v, scale)
	q, rem := new(big.Int).QuoRem(scaled.Num(), scaled.Denom(), new(big.Int))
	twice := new(big.Int).Abs(rem)
	twice.Lsh(twice, 1)
	if c := twice.Cmp(scaled.Denom()); c > 0 || (c == 0 && (how == halfUp || q.Bit(0) == 1)) {
		q.Add(q, big.NewInt(int64(scaled.Sign())))
	}
	return new(big.Rat).Quo(new(big.Rat).SetInt(q), scale)
}

func (d decimal) above1() bool {
	if d.wide != nil {
		return d.wide.Cmp(big.NewRat(1, 1)) > 0
	}
	return d.e4 > 10_000
}
