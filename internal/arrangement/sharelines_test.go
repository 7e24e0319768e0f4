package arrangement_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// drawSplit is a split of one to six payors of whom one is never capped; one of fees in
// thirds and the like as often as any other.
func drawSplit(t *rapid.T) arrangement.Split {
	var s arrangement.Split
	left, leftExpenses := money.One, money.One
	n := rapid.IntRange(1, 6).Draw(t, "payors")
	for i := range n {
		f, e := min(left, (money.One+1)/money.Fraction(n)), min(leftExpenses, money.Fraction(rapid.Int64Range(0, int64(leftExpenses)).Draw(t, "expenses")))
		if rapid.Bool().Draw(t, "uneven") {
			f = money.Fraction(rapid.Int64Range(0, int64(left)).Draw(t, "fees"))
		}
		if i == n-1 {
			f, e = left, leftExpenses
		}
		left, leftExpenses = left-f, leftExpenses-e
		p := arrangement.PayorShare{Payor: ident.PayorID(rune('A' + i)), Fees: f, Expenses: &e}
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "capped") == 0 {
			p.CapMinor = rapid.Int64Range(1, 1_000_000).Draw(t, "cap")
		}
		s.Payors = append(s.Payors, p)
	}
	return s
}

// TestI03_LinesShareToThePayorsParts: whatever the lines, some below zero, and whatever the
// shares and caps, each line is shared whole, each payor's lines come to its part, and no
// share has another sign than its line. Amounts are minor units: of yen, cents and fils alike.
func TestI03_LinesShareToThePayorsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSplit(t)
		most := map[money.Currency]int64{"JPY": 30, "USD": 500_000, "KWD": 9_000_000_000}[rapid.SampledFrom(currencies).Draw(t, "currency")]
		lines := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, most), rapid.Int64Range(-most/10, most)), 0, 30).Draw(t, "lines")
		var whole int64
		for _, l := range lines {
			whole += l
		}
		parts, err := s.Share(whole, 0)
		if err != nil {
			t.Fatal(err)
		}
		fees, even := make([]int64, len(parts)), make([]int64, len(parts))
		for k, p := range parts {
			fees[k], even[k] = p.FeesMinor, int64(s.Payors[k].Fees)
		}
		got, err := arrangement.ShareLines(lines, fees, even)
		if err != nil {
			t.Fatalf("%v of %v: %v", lines, fees, err)
		}
		sums := make([]int64, len(parts))
		for l, shares := range got {
			var line int64
			for k, share := range shares {
				line += share
				sums[k] += share
				if share != 0 && (share > 0) != (lines[l] > 0) {
					t.Fatalf("line %d of %d has a share of %d", l, lines[l], share)
				}
			}
			if line != lines[l] {
				t.Fatalf("line %d of %d is shared as %v", l, lines[l], shares)
			}
		}
		for k := range sums {
			if sums[k] != fees[k] {
				t.Fatalf("payor %d has lines of %d and a part of %d", k, sums[k], fees[k])
			}
		}
	})
}

// TestLinesOfTheWorkedExample shares 2,348.27 in thirds, line by line.
func TestLinesOfTheWorkedExample(t *testing.T) {
	t.Parallel()
	got, err := arrangement.ShareLines([]int64{122_000, 100_001, 12_826}, []int64{78_276, 78_275, 78_276}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int64{{40_667, 40_666, 40_667}, {33_334, 33_334, 33_333}, {4_275, 4_275, 4_276}}
	for l := range want {
		for k := range want[l] {
			if got[l][k] != want[l][k] {
				t.Errorf("line %d: %v, want %v", l+1, got[l], want[l])
				break
			}
		}
	}
	if _, err := arrangement.ShareLines([]int64{1}, []int64{1, 1}, nil); err == nil {
		t.Error("parts that do not sum to the lines are shared")
	}
}
