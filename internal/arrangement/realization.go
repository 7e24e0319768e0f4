package arrangement

import (
	"math/big"

	"github.com/docketry/docketry/internal/money"
)

// Value is the same hours at each step from work to cash, in one currency
// (LEGAL-BILLING 11).
type Value struct {
	StandardMinor int64 // at the standard rate
	AgreedMinor   int64 // at the agreed rate
	BilledMinor   int64
	CashMinor     int64
}

// Ratio is a share at 1e-6, rounded half up. Known is false for a zero denominator,
// which is "n/a" and not 0.
type Ratio struct {
	Share money.Fraction
	Known bool
}

// Realization is how much of the value survives.
type Realization struct {
	Billing    Ratio // billed / standard
	Agreed     Ratio // billed / agreed: rate loss apart from write-down
	Collection Ratio // cash / billed
	Overall    Ratio // billing x collection, computed before either is rounded
}

// Realization computes the shares.
func (v Value) Realization() Realization {
	r := Realization{
		Billing: ratio(v.BilledMinor, v.StandardMinor), Agreed: ratio(v.BilledMinor, v.AgreedMinor), Collection: ratio(v.CashMinor, v.BilledMinor),
	}
	if r.Billing.Known && r.Collection.Known {
		r.Overall = ratio(v.CashMinor, v.StandardMinor)
	}
	return r
}

// WriteDown is the share of the standard value that was taken off before the invoice.
func (v Value) WriteDown() Ratio { return ratio(v.StandardMinor-v.BilledMinor, v.StandardMinor) }

func ratio(part, whole int64) Ratio {
	if whole == 0 {
		return Ratio{}
	}
	scaled := new(big.Int).Mul(big.NewInt(part), big.NewInt(int64(money.One)))
	twice := scaled.Lsh(scaled, 1)
	w := big.NewInt(whole)
	if w.Sign() < 0 {
		twice, w = twice.Neg(twice), w.Neg(w)
	}
	if twice.Sign() < 0 {
		twice.Sub(twice, w)
	} else {
		twice.Add(twice, w)
	}
	q := twice.Quo(twice, w.Lsh(w, 1)) // half away from zero
	return Ratio{Share: money.Fraction(q.Int64()), Known: q.IsInt64()}
}
