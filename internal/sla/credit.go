package sla

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"github.com/docketry/docketry/internal/money"
)

// Percent is a percentage with up to four decimals: 95 is Percent(950_000).
type Percent = money.Fixed4

// hundred is the whole as a Percent.
const hundred = 1_000_000

// Tier is a step of a credit: from this attainment on, so much of the month's fee.
type Tier struct{ From, Credit Percent }

// Promise is one target's month as credits and composite see it.
type Promise struct {
	Ratio     Ratio
	Goal      Percent
	Weight    money.Fixed4
	Tiers     []Tier // best first
	MinSample int64  // with fewer cycles one breach is forgiven
}

// forgiven is the ratio that the tier is chosen by (SLA.md 7).
func (p Promise) forgiven() Ratio {
	if p.Ratio.All() < p.MinSample && p.Ratio.Breached > 0 {
		return Ratio{p.Ratio.Met + 1, p.Ratio.Breached - 1}
	}
	return p.Ratio
}

// CreditPercent is the share of the fee that the target gives back: that of the
// first tier it reaches, on the exact rate. Without data there is none.
func (p Promise) CreditPercent() Percent {
	r := p.forgiven()
	for _, t := range p.Tiers {
		if r.Reaches(int64(t.From)) {
			return t.Credit
		}
	}
	return 0
}

// Credits are the money of a month by target, in minor units of the fee, and their
// sum: the exact sum, at most limit of the fee (nil is no limit), is rounded half up
// once; the parts are floored and the missing units go to the largest remainders,
// ties in list order.
func Credits(promises []Promise, feeMinor int64, limit *Percent) (parts []int64, total int64, err error) {
	sum := big.NewInt(0)
	for _, p := range promises {
		sum.Add(sum, big.NewInt(int64(p.CreditPercent())))
	}
	parts = make([]int64, len(promises))
	if sum.Sign() == 0 {
		return parts, 0, nil
	}
	given := new(big.Int).Set(sum)
	if limit != nil && given.Cmp(big.NewInt(int64(*limit))) > 0 {
		given.SetInt64(int64(*limit))
	}
	exact := new(big.Rat).SetFrac(given.Mul(given, big.NewInt(feeMinor)), big.NewInt(hundred))
	remainders := make([]*big.Rat, len(promises))
	missing := roundHalfUp(exact)
	if !missing.IsInt64() {
		return nil, 0, fmt.Errorf("credits of a fee of %d: %w", feeMinor, money.ErrOverflow)
	}
	total = missing.Int64()
	for i, p := range promises {
		part := new(big.Rat).SetFrac(big.NewInt(int64(p.CreditPercent())), sum)
		part.Mul(part, exact)
		whole := floor(part)
		parts[i], remainders[i] = whole.Int64(), part.Sub(part, new(big.Rat).SetInt(whole))
		missing.Sub(missing, whole)
	}
	order := make([]int, len(promises))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(0, remainders[a].Cmp(remainders[b])) })
	for _, i := range order[:missing.Int64()] {
		parts[i]++
	}
	return parts, total, nil
}

// Composite is the weighted mean attainment of the targets with data, in hundredths
// of a percent, half up; ok is false when none has any.
func Composite(promises []Promise) (e2 int64, ok bool) {
	sum, weights := new(big.Rat), new(big.Rat)
	for _, p := range promises {
		if p.Ratio.All() == 0 {
			continue
		}
		w := new(big.Rat).SetInt64(int64(p.Weight))
		weights.Add(weights, w)
		sum.Add(sum, w.Mul(w, big.NewRat(p.Ratio.Met, p.Ratio.All())))
	}
	if weights.Sign() <= 0 {
		return 0, false
	}
	sum.Quo(sum, weights)
	return roundHalfUp(sum.Mul(sum, big.NewRat(10_000, 1))).Int64(), true
}

func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

// roundHalfUp rounds what is not negative.
func roundHalfUp(r *big.Rat) *big.Int { return floor(new(big.Rat).Add(r, big.NewRat(1, 2))) }
