package ledes

import (
	"github.com/docketry/docketry/internal/money"
)

// priced are the three numbers of a line that must multiply and add up.
type priced struct {
	units, cost, adjustment money.Fixed4
	rounded                 bool // the total is the rounded product: no exact spelling has four decimals
}

// price spells an amount as units x cost + adjustment, exactly where four decimals
// allow it. netMinor counts 10^-exponent of the currency.
func price(it Item, c money.Currency, policy Residual) (priced, error) {
	net := money.Fixed4(it.NetMinor)
	for range 4 - c.Exponent() {
		if net > 1<<59/10 || net < -(1<<59/10) {
			return priced{}, money.ErrOverflow
		}
		net *= 10
	}
	p := priced{units: it.Units, cost: it.UnitCost}
	if it.Units == 0 && (it.Type == FeeAdjust || it.Type == ExpenseAdjust) {
		p.cost, p.adjustment = 0, net
		return p, nil
	}
	exact, err := money.Exact(it.Units, it.UnitCost) // at 1e-8
	if err != nil {
		return priced{}, err
	}
	lineMinor, err := money.Line(it.Units, it.UnitCost, c, money.HalfUp)
	if err != nil {
		return priced{}, err
	}
	line := money.Fixed4(lineMinor)
	for range 4 - c.Exponent() {
		line *= 10
	}
	if policy == Rate && exact != int64(line)*10_000 {
		if cost, ok := exactCost(line, it.Units); ok {
			p.cost, p.adjustment = cost, net-line
			return p, nil
		}
	}
	if policy != Tolerate && exact%10_000 == 0 {
		p.adjustment = net - money.Fixed4(exact/10_000)
		return p, nil
	}
	p.adjustment, p.rounded = net-line, exact != int64(line)*10_000
	return p, nil
}

// exactCost is line / units when four decimals hold it and it is above zero. line is at 1e-4.
func exactCost(line, units money.Fixed4) (money.Fixed4, bool) {
	const big = 1 << 62 / 10_000
	if units == 0 || line > big || line < -big {
		return 0, false
	}
	scaled := int64(line) * 10_000
	return money.Fixed4(scaled / int64(units)), scaled > 0 && scaled%int64(units) == 0
}
