package rate_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
)

func eurUSD(day string, e8 money.Exchange, n int, version int64) exchange.Rate {
	return exchange.Rate{ID: ident.ExchangeID(day), Pair: exchange.Pair{From: "EUR", To: "USD"}, On: testkit.Day(day), N: n, Rate: e8, Version: version}
}

// question is about an associate's work on a matter that is billed in dollars.
func question(day string) rate.Question {
	return rate.Question{Matter: "m", Client: "c", Timekeeper: "k", Class: "ASSOC", Currency: "USD", On: testkit.Day(day)}
}

func row(level string, e4 money.Fixed4, c money.Currency) rate.Rate {
	r := rate.Rate{ID: ident.RateID(level + string(c)), Rate: e4, Currency: c, From: testkit.Day("2026-01-01")}
	switch level {
	case "matter":
		r.MatterID = "m"
	case "client":
		r.ClientID, r.TimekeeperID = "c", "k"
	case "standard":
		r.TimekeeperID = "k"
	default:
		r.Class = "ASSOC"
	}
	return r
}

// TestTheFirstLevelWinsInWhateverCurrency: without a setting rates of another currency do not
// count, whatever the tables hold. With one the levels are asked in their order; at one level
// the matter's own currency goes first, and a rate of another is converted.
func TestTheFirstLevelWinsInWhateverCurrency(t *testing.T) {
	t.Parallel()
	book := exchange.Fixed(7, eurUSD("2026-03-03", 108_450_000, 1, 7))
	byFirm := exchange.Settings{Firm: exchange.WorkDate}
	for _, c := range []struct {
		name     string
		rates    []rate.Rate
		settings exchange.Settings
		want     money.Fixed4
		level    rate.Level
		standard money.Fixed4
		from     money.Currency
	}{
		{"no setting", []rate.Rate{row("matter", 4_000_000, "EUR"), row("standard", 3_500_000, "USD")}, exchange.Settings{}, 3_500_000, rate.LevelTimekeeper, 3_500_000, ""},
		{"converted", []rate.Rate{row("matter", 4_000_000, "EUR"), row("standard", 3_500_000, "USD")}, byFirm, 4_338_000, rate.LevelMatter, 3_500_000, "EUR"},
		{"both at one level", []rate.Rate{row("matter", 4_000_000, "EUR"), row("matter", 4_100_000, "USD")}, byFirm, 4_100_000, rate.LevelMatter, 4_100_000, ""},
		{"own currency deeper", []rate.Rate{row("client", 4_000_000, "USD"), row("standard", 3_500_000, "EUR")}, byFirm, 4_000_000, rate.LevelClientTimekeeper, 3_795_750, ""},
		{"the matter says no", []rate.Rate{row("matter", 4_000_000, "EUR"), row("standard", 3_500_000, "USD")}, exchange.Settings{Firm: exchange.WorkDate, Matters: map[ident.MatterID]exchange.Basis{"m": exchange.None}}, 3_500_000, rate.LevelTimekeeper, 3_500_000, ""},
		{"the client says so", []rate.Rate{row("matter", 4_000_000, "EUR")}, exchange.Settings{Clients: map[ident.ClientID]exchange.Basis{"c": exchange.WorkDate}}, 4_338_000, rate.LevelMatter, 4_338_000, "EUR"},
		{"the matter follows", []rate.Rate{row("matter", 4_000_000, "EUR")}, exchange.Settings{Firm: exchange.WorkDate, Matters: map[ident.MatterID]exchange.Basis{"m": exchange.Inherit}}, 4_338_000, rate.LevelMatter, 4_338_000, "EUR"},
	} {
		card := rate.NewCard(rate.Register{Rates: c.rates, Settings: c.settings, Exchange: book, Version: 3, Home: "USD"})
		a, err := card.Resolve(question("2026-03-05"))
		if err != nil || a.Rate != c.want || a.Level != c.level || a.Standard != c.standard || a.Conversion.From != c.from {
			t.Errorf("%s: %+v, %v", c.name, a, err)
		}
		if c.from != "" && (a.Conversion != exchange.Conversion{ID: "2026-03-03", From: "EUR", Price: 4_000_000, Rate: 108_450_000, On: "2026-03-03", Version: 7}) {
			t.Errorf("%s: %+v", c.name, a.Conversion)
		}
	}
}

// TestNoExchangeIsGuessed: the latest of at most 31 days before counts, over the turn of a year
// too; else the pair and the day are named, and a deeper level does not step in.
func TestNoExchangeIsGuessed(t *testing.T) {
	t.Parallel()
	rates := []rate.Rate{row("matter", 4_000_000, "EUR"), row("standard", 3_500_000, "USD")}
	for i := range rates {
		rates[i].From = testkit.Day("2025-01-01")
	}
	card := rate.NewCard(rate.Register{Rates: rates, Settings: exchange.Settings{Firm: exchange.WorkDate}, Exchange: exchange.Fixed(2, eurUSD("2025-12-20", 110_000_000, 1, 1), eurUSD("2025-12-20", 120_000_000, 2, 2), eurUSD("2026-03-03", 100_000_000, 1, 2))})
	for day, want := range map[string]money.Fixed4{"2025-12-20": 4_800_000, "2026-01-20": 4_800_000, "2026-01-21": 0, "2025-12-19": 0, "2026-03-03": 4_000_000, "2026-03-02": 0} {
		a, err := card.Resolve(question(day))
		if want == 0 {
			if !errors.Is(err, exchange.ErrNoExchange) || err.Error() == "" || !rate.Unconverted(err) {
				t.Errorf("%s: %+v, %v", day, a, err)
			}
			continue
		}
		if err != nil || a.Rate != want {
			t.Errorf("%s: %+v, %v", day, a, err)
		}
	}
	// The inverse does not stand in.
	card = rate.NewCard(rate.Register{Rates: rates, Settings: exchange.Settings{Firm: exchange.WorkDate}, Exchange: exchange.Fixed(1, exchange.Rate{Pair: exchange.Pair{From: "USD", To: "EUR"}, On: testkit.Day("2026-03-03"), Rate: 92_000_000, Version: 1})})
	if _, err := card.Resolve(question("2026-03-03")); !errors.Is(err, exchange.ErrNoExchange) {
		t.Errorf("by the inverse: %v", err)
	}
}

// TestAMoveOfCurrenciesIsNoRise: what a rate was before is told at one exchange rate.
func TestAMoveOfCurrenciesIsNoRise(t *testing.T) {
	t.Parallel()
	old, now := row("matter", 4_000_000, "EUR"), row("matter", 4_200_000, "EUR")
	end := testkit.Day("2026-03-01")
	old.Until, now.From = &end, end
	card := rate.NewCard(rate.Register{Rates: []rate.Rate{old, now}, Settings: exchange.Settings{Firm: exchange.WorkDate}, Exchange: exchange.Fixed(1, eurUSD("2026-01-01", 100_000_000, 1, 1), eurUSD("2026-03-03", 110_000_000, 1, 1))})
	list := card.History(question("2026-03-05"))
	if len(list) != 2 || list[0].Rate != 4_400_000 || list[1].Rate != 4_620_000 {
		t.Errorf("%+v", list)
	}
}

// TestFirmsThatDoNotConvertSeeNoDifference: for any rows, a card that has tables and no setting
// for the matter answers as one without.
func TestFirmsThatDoNotConvertSeeNoDifference(t *testing.T) {
	t.Parallel()
	levels, currencies := []string{"matter", "client", "standard", "title"}, []money.Currency{"USD", "EUR", "JPY"}
	rapid.Check(t, func(t *rapid.T) {
		var rates []rate.Rate
		for _, l := range levels {
			for _, c := range currencies {
				if rapid.Bool().Draw(t, l+string(c)) {
					rates = append(rates, row(l, money.Fixed4(rapid.Int64Range(1, 9_000_000).Draw(t, "rate")), c))
				}
			}
		}
		q := question("2026-03-05")
		plain, errA := rate.NewCard(rate.Register{Rates: rates}).Resolve(q)
		book := exchange.Fixed(1, eurUSD("2026-03-03", 108_450_000, 1, 1))
		others := exchange.Settings{Firm: exchange.WorkDate, Clients: map[ident.ClientID]exchange.Basis{"c": exchange.None}}
		tabled, errB := rate.NewCard(rate.Register{Rates: rates, Settings: others, Exchange: book}).Resolve(q)
		if plain != tabled || (errA == nil) != (errB == nil) {
			t.Fatalf("%+v, %v; with tables %+v, %v", plain, errA, tabled, errB)
		}
		// Where every level that has a row has one in the matter's currency, converting changes nothing either.
		for _, l := range levels {
			has := func(own bool) bool {
				for _, r := range rates {
					if (r.Currency == "USD") == own && r.ID == ident.RateID(l+string(r.Currency)) {
						return true
					}
				}
				return false
			}
			if has(false) && !has(true) {
				return
			}
		}
		converting, errC := rate.NewCard(rate.Register{Rates: rates, Settings: exchange.Settings{Firm: exchange.WorkDate}, Exchange: book}).Resolve(q)
		if plain != converting || (errA == nil) != (errC == nil) {
			t.Fatalf("%+v, %v; converting %+v, %v", plain, errA, converting, errC)
		}
	})
}
