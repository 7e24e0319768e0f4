package arrangement

import "github.com/docketry/docketry/internal/money"

// Hours are raw minutes as billed: rounded up to the increment, once for each entry
// and never on totals (LEGAL-BILLING 8). An increment of 0 keeps them exact to 1e-4,
// rounded half up.
func Hours(minutes int, increment money.Fixed4) (money.Fixed4, error) {
	if minutes < 0 || minutes > 24*60 || increment < 0 || increment > 240_000 {
		return 0, ErrWork.With("an entry has 0 to 1440 minutes, and a step of time up to a day")
	}
	e4 := int64(minutes) * 10_000 // sixtieths of 1e-4 h
	if increment == 0 {
		return money.Fixed4((e4 + 30) / 60), nil
	}
	step := int64(increment) * 60
	return money.Fixed4((e4+step-1)/step) * increment, nil
}
