package rate

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

func on(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func until(s string) *time.Time { t := on(s); return &t }

func TestTheDeepestLevelWins(t *testing.T) {
	t.Parallel()
	all := []Rate{
		{Class: "ASSOC", Rate: 3_000_000, Currency: "USD", From: on("2026-01-01"), Level: LevelTitle},
		{TimekeeperID: "t", Rate: 3_650_000, Currency: "USD", From: on("2026-01-01"), Level: LevelTimekeeper},
		{ClientID: "c", Class: "ASSOC", Rate: 3_400_000, Currency: "USD", From: on("2026-01-01"), Level: LevelClientTitle},
		{ClientID: "c", TimekeeperID: "t", Rate: 3_500_000, Currency: "USD", From: on("2026-01-01"), Level: LevelClientTimekeeper},
		{MatterID: "m", Class: "ASSOC", Rate: 3_200_000, Currency: "USD", From: on("2026-01-01"), Level: LevelMatterTitle},
		{MatterID: "m", TimekeeperID: "t", Rate: 3_300_000, Currency: "USD", From: on("2026-01-01"), Level: LevelMatterTimekeeper},
	}
	q := Question{Matter: "m", Client: "c", Timekeeper: "t", Class: "ASSOC", Currency: "USD", On: on("2026-10-05")}
	for n, want := range map[int]money.Fixed4{1: 3_000_000, 2: 3_650_000, 3: 3_400_000, 4: 3_500_000, 5: 3_200_000, 6: 3_300_000} {
		a, err := NewCard(Register{Rates: all[:n]}).Resolve(q)
		if err != nil || a.Rate != want {
			t.Errorf("with %d levels: %s, %v; want %s", n, a.Rate, err, want)
		}
		if n >= 2 && a.Standard != 3_650_000 {
			t.Errorf("with %d levels the standard rate is %s", n, a.Standard)
		}
	}
}

func TestNoRateIsAnErrorThatNamesTheDay(t *testing.T) {
	t.Parallel()
	card := NewCard(Register{Rates: []Rate{{TimekeeperID: "t", Rate: 1, Currency: "USD", From: on("2026-01-01"), Until: until("2026-07-01"), Level: LevelTimekeeper}}})
	for _, q := range []Question{
		{Timekeeper: "t", Currency: "USD", On: on("2025-12-31")},
		{Timekeeper: "t", Currency: "USD", On: on("2026-07-01")},
		{Timekeeper: "t", Currency: "EUR", On: on("2026-03-01")},
		{Timekeeper: "u", Currency: "USD", On: on("2026-03-01")},
	} {
		if a, err := card.Resolve(q); !errors.Is(err, ErrNoRate) {
			t.Errorf("%+v = %+v, %v", q, a, err)
		}
	}
}

// TestI17_RateIsTheOneValidOnTheWorkDate draws a chain of rates and checks the day
// against a walk through the chain.
func TestI17_RateIsTheOneValidOnTheWorkDate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := on("2024-01-01")
		lengths := rapid.SliceOfN(rapid.IntRange(1, 90), 1, 12).Draw(t, "lengths")
		var rates []Rate
		from := start
		for i, n := range lengths {
			end := from.AddDate(0, 0, n)
			rates = append(rates, Rate{ID: ident.RateID(rune('a' + i)), TimekeeperID: "t", Rate: money.Fixed4(i + 1), Currency: "USD", From: from, Until: &end, Level: LevelTimekeeper})
			from = end
		}
		day := start.AddDate(0, 0, rapid.IntRange(0, int(from.Sub(start).Hours()/24)-1).Draw(t, "day"))
		left, want := int(day.Sub(start).Hours()/24), 0
		for want = range lengths {
			if left < lengths[want] {
				break
			}
			left -= lengths[want]
		}
		got, err := NewCard(Register{Rates: rates}).Resolve(Question{Timekeeper: "t", Currency: "USD", On: day})
		if err != nil || got.Rate != money.Fixed4(want+1) {
			t.Fatalf("%s: rate %d, %v; want %d", day, got.Rate, err, want+1)
		}
	})
}
