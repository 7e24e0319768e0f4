package money

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestLineRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		qty, rate string
		cur       Currency
		up, even  int64
	}{
		{"0.1", "333.25", "USD", 3333, 3332}, // DOCUMENTS 4
		{"-0.1", "333.25", "USD", -3333, -3332},
		{"0.1", "333.33", "USD", 3333, 3333},
		{"0.35", "333.33", "USD", 11667, 11667}, // LEGAL-BILLING 3
		{"1.5", "101", "JPY", 152, 152},
		{"2.5", "0.0002", "KWD", 1, 0},
	} {
		qty, _ := ParseFixed4(c.qty)
		rate, _ := ParseFixed4(c.rate)
		up, err := Line(qty, rate, c.cur, HalfUp)
		if err != nil || up != c.up {
			t.Errorf("%s x %s %s half up = %d, %v; want %d", c.qty, c.rate, c.cur, up, err, c.up)
		}
		even, err := Line(qty, rate, c.cur, HalfEven)
		if err != nil || even != c.even {
			t.Errorf("%s x %s %s half even = %d, %v; want %d", c.qty, c.rate, c.cur, even, err, c.even)
		}
	}
}

// TestI02_LineIsQuantityTimesRateRoundedOnce compares with rational arithmetic.
func TestI02_LineIsQuantityTimesRateRoundedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		qty := rapid.Int64Range(-10_000_000, 10_000_000).Draw(t, "qty")
		rate := rapid.Int64Range(-100_000_000, 100_000_000).Draw(t, "rate")
		cur := rapid.SampledFrom([]Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")
		got, err := Line(Fixed4(qty), Fixed4(rate), cur, HalfUp)
		if err != nil {
			t.Fatal(err)
		}
		// |got - exact| <= 1/2, and a tie goes away from zero.
		exact := new(big.Rat).SetFrac64(qty, 10_000)
		exact.Mul(exact, new(big.Rat).SetFrac64(rate, 10_000))
		exact.Mul(exact, new(big.Rat).SetInt64(pow10(cur.Exponent())))
		diff := new(big.Rat).Sub(new(big.Rat).SetInt64(got), exact)
		switch new(big.Rat).Abs(diff).Cmp(big.NewRat(1, 2)) {
		case 1:
			t.Fatalf("%d is more than half a unit from %s", got, exact)
		case 0:
			if diff.Sign() != exact.Sign() {
				t.Fatalf("%d: the half of %s went towards zero", got, exact)
			}
		}
	})
}

func TestSplitKeepsTheWhole(t *testing.T) {
	t.Parallel()
	got, err := Split(234827, []int64{333333, 333333, 333334}) // LEGAL-BILLING 8
	if err != nil || got[0] != 78276 || got[1] != 78275 || got[2] != 78276 {
		t.Errorf("2348.27 in thirds = %v, %v", got, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(-1e15, 1e15).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1e9), 1, 12).Draw(t, "weights")
		parts, err := Split(total, weights)
		var whole int64
		for _, w := range weights {
			whole += w
		}
		if whole == 0 {
			if !errors.Is(err, ErrNumber) {
				t.Fatalf("all-zero weights: %v", err)
			}
			return
		}
		sum, _ := Sum(parts...)
		if err != nil || sum != total {
			t.Fatalf("%v sums to %d, want %d (%v)", parts, sum, total, err)
		}
	})
}

func TestTextRoundTrips(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"6.5": "6.5", "6": "6.0", "-0.0045": "-0.0045", "+12.00": "12.0", "1250.": "1250.0", ".5": "0.5"} {
		f, err := ParseFixed4(in)
		if err != nil || f.String() != want {
			t.Errorf("ParseFixed4(%q) = %s, %v; want %s", in, f, err, want)
		}
	}
	for _, in := range []string{"", ".", "1,000", "1 0", "--1", "1e3", "0.12345", "99999999999999999999", "1.2.3", "$5"} {
		if f, err := ParseFixed4(in); err == nil {
			t.Errorf("ParseFixed4(%q) = %s, want an error", in, f)
		}
	}
	for a, want := range map[Amount]string{{125000, "USD"}: "1250.00", {-5, "USD"}: "-0.05", {0, "JPY"}: "0", {1234, "KWD"}: "1.234"} {
		if a.Text() != want {
			t.Errorf("%+v.Text() = %q, want %q", a, a.Text(), want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := Fixed4(rapid.Int64().Draw(t, "v"))
		if back, err := ParseFixed4(v.String()); err != nil && v != -1<<63 || err == nil && back != v {
			t.Fatalf("%s read back as %d, %v", v, back, err)
		}
	})
}

func TestOverflowIsAnError(t *testing.T) {
	t.Parallel()
	if v, err := Line(1<<62, 1<<62, "USD", HalfUp); !errors.Is(err, ErrOverflow) {
		t.Errorf("Line = %d, %v", v, err)
	}
	if v, err := Sum(1<<62, 1<<62); !errors.Is(err, ErrOverflow) {
		t.Errorf("Sum = %d, %v", v, err)
	}
}

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	if c, err := ParseCurrency(" usd "); err != nil || c != "USD" {
		t.Errorf("usd = %q, %v", c, err)
	}
	for _, in := range []string{"", "US", "ZZZ", "DOLLAR"} {
		if c, err := ParseCurrency(in); err == nil {
			t.Errorf("%q = %q, want an error", in, c)
		}
	}
}

func TestCurrenciesAreKeptInCapitals(t *testing.T) {
	t.Parallel()
	for c, known := range map[Currency]bool{"USD": true, "JPY": true, "usd": false, "Usd": false, " USD": false, "XXX": false, "US": false, "": false} {
		if c.Known() != known {
			t.Errorf("%q known: %t", c, c.Known())
		}
	}
}

// TestAFloorShareIsTheGreatestNotAbove: against exact fractions, either sign of the amount and
// of weight and whole.
func TestAFloorShareIsTheGreatestNotAbove(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(math.MinInt64+1, math.MaxInt64).Draw(t, "minor")
		whole := rapid.Int64Range(1, math.MaxInt64).Draw(t, "whole")
		weight := rapid.Int64Range(0, whole).Draw(t, "weight")
		product := new(big.Int).Mul(big.NewInt(minor), big.NewInt(weight))
		want := new(big.Int).Div(product, big.NewInt(whole)) // Euclid's, which is the floor above a positive divisor
		if got := FloorShare(minor, weight, whole); want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("%d x %d / %d is %s, got %d", minor, weight, whole, want, got)
		}
		if got := FloorShare(minor, -weight, -whole); want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("of negative weights got %d, want %s", got, want)
		}
	})
	if FloorShare(5, 0, 0) != 0 {
		t.Error("a whole of nothing")
	}
}
