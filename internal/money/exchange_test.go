package money_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/money"
)

// TestARateConvertsAtFourDecimals: a price of a unit keeps four decimals in every currency, and
// the line alone is rounded to the minor unit of its own.
func TestARateConvertsAtFourDecimals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		price, exchange string
		into            money.Currency
		rate            string
		hours           money.Fixed4
		minor           int64
	}{
		{"400.00", "1.08450000", "USD", "433.8", 15_000, 65_070},
		{"333.33", "1.08455555", "USD", "361.5149", 10_000, 36_151},
		{"450.00", "161.23456789", "JPY", "72555.5556", 15_000, 108_833},
		{"450.00", "0.30712345", "KWD", "138.2056", 12_500, 172_757},
		{"0.0001", "0.50000000", "USD", "0.0001", 10_000, 0}, // half up
		{"0.0001", "0.49999999", "USD", "0.0", 10_000, 0},
		{"-0.0001", "0.50000000", "USD", "-0.0001", 10_000, 0}, // away from zero
	} {
		price, err := money.ParseFixed4(c.price)
		if err != nil {
			t.Fatal(err)
		}
		x, err := money.ParseExchange(c.exchange)
		if err != nil || x.String() != c.exchange {
			t.Fatalf("%s: %s, %v", c.exchange, x, err)
		}
		rate, err := x.Of(price)
		if err != nil || rate.String() != c.rate {
			t.Errorf("%s at %s: %s, %v; want %s", c.price, c.exchange, rate, err, c.rate)
		}
		minor, err := money.Line(c.hours, rate, c.into, money.HalfUp)
		if err != nil || minor != c.minor {
			t.Errorf("%s at %s %s: %d, %v; want %d", c.hours, rate, c.into, minor, err, c.minor)
		}
	}
}

// TestConversionIsExact against arithmetic without limits; nothing of it depends on the order
// in which prices are converted and added but for one half unit at 1e-4 each.
func TestConversionIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := money.Exchange(rapid.Int64Range(1, int64(money.MaxExchange)).Draw(t, "exchange"))
		// So that even the sum of twenty comes to something that is counted.
		most := min(1_000_000_000, math.MaxInt64/20/(int64(x)/100_000_000+1))
		prices := rapid.SliceOfN(rapid.Int64Range(-most, most), 1, 20).Draw(t, "prices")
		var sum, converted int64
		for _, p := range prices {
			got, err := x.Of(money.Fixed4(p))
			if err != nil {
				t.Fatalf("%d at %s: %v", p, x, err)
			}
			exact := new(big.Int).Mul(big.NewInt(p), big.NewInt(int64(x)))
			off := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(int64(got)), big.NewInt(100_000_000)), exact)
			if twice := new(big.Int).Abs(new(big.Int).Lsh(off, 1)); twice.Cmp(big.NewInt(100_000_000)) > 0 {
				t.Fatalf("%d at %s: %d is more than half a unit off", p, x, got)
			} else if twice.Cmp(big.NewInt(100_000_000)) == 0 && off.Sign() != exact.Sign() {
				t.Fatalf("%d at %s: %d, a half is not rounded away from zero", p, x, got)
			}
			if other, err := x.Of(money.Fixed4(-p)); err != nil || other != -got {
				t.Fatalf("%d at %s: %d, its opposite %d, %v", p, x, got, other, err)
			}
			sum, converted = sum+p, converted+int64(got)
		}
		whole, err := x.Of(money.Fixed4(sum))
		if err != nil {
			t.Fatalf("%d at %s: %v", sum, x, err)
		}
		if d := int64(whole) - converted; 2*max(d, -d) > int64(len(prices))+1 {
			t.Fatalf("the sum converts to %d, its parts to %d", whole, converted)
		}
	})
}

func TestRatesAreApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"1.0", "1.2", false}, {"1.0", "1.20000001", true}, {"1.2", "1.0", false}, {"108.45", "1.0845", true}} {
		a, errA := money.ParseExchange(c.a)
		b, errB := money.ParseExchange(c.b)
		if errA != nil || errB != nil || a.Apart(b, 12_000) != c.want || b.Apart(a, 12_000) != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, !c.want)
		}
	}
}
