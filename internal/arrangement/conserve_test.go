package arrangement_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

var currencies = []money.Currency{"USD", "JPY", "KWD"}

func drawFraction(t *rapid.T, name string) money.Fraction {
	return money.Fraction(rapid.Int64Range(1, int64(money.One)).Draw(t, name))
}

// drawTerms are any valid terms: one main arrangement and what combines with it.
func drawTerms(t *rapid.T) arrangement.Terms {
	amount := func(name string) int64 { return rapid.Int64Range(1, 5_000_000).Draw(t, name) }
	terms := arrangement.Terms{Currency: rapid.SampledFrom(currencies).Draw(t, "currency")}
	terms.Kind = rapid.SampledFrom([]arrangement.Kind{
		"hourly", "hourly", "fixed", "collar", "blended", "contingency", "retainer_general", "retainer_security", "retainer_advance", "retainer_evergreen",
		"subscription", "task_based", "no_charge",
	}).Draw(t, "kind")
	switch terms.Kind {
	case "fixed":
		terms.Fixed = &arrangement.Fixed{Per: "phase", Prices: []arrangement.Price{{Code: "L100", AmountMinor: amount("price")}, {Code: "L200", AmountMinor: amount("price")}}}
	case "collar":
		terms.Collar = &arrangement.Collar{TargetMinor: amount("target"), Band: drawFraction(t, "band"), Client: drawFraction(t, "client")}
	case "blended":
		terms.Blended = &arrangement.Blended{Rate: money.Fixed4(amount("rate")), OthersRate: money.Fixed4(rapid.Int64Range(0, 3_000_000).Draw(t, "others"))}
	case "contingency":
		terms.Contingency = &arrangement.Contingency{Shares: []arrangement.StageShare{{Stage: "trial", Share: drawFraction(t, "share")}}, NetCosts: rapid.Bool().Draw(t, "net"), SignedOn: on(2026, 1, 1)}
	case "retainer_general":
		terms.General = &arrangement.General{Per: drawPeriod(t), AmountMinor: amount("fee"), HourlyWork: rapid.Bool().Draw(t, "work")}
	case "retainer_evergreen":
		floor := amount("floor")
		terms.Evergreen = &arrangement.Evergreen{FloorMinor: floor, TargetMinor: floor + amount("above")}
	case "subscription":
		terms.Subscription = &arrangement.Subscription{Per: drawPeriod(t), AmountMinor: amount("fee"), Hours: money.Fixed4(rapid.Int64Range(0, 200_000).Draw(t, "hours")), BeyondHourly: rapid.Bool().Draw(t, "beyond")}
		if rapid.Bool().Draw(t, "tasks") {
			terms.Subscription.Tasks = []string{"L110"}
		}
	case "task_based":
		terms.Tasks = &arrangement.Tasks{Prices: []arrangement.UnitPrice{{Code: "L330", Price: money.Fixed4(amount("price"))}, {Code: rapid.SampledFrom([]string{"L110", "L200"}).Draw(t, "covers"), Price: 1}}, OthersHourly: rapid.Bool().Draw(t, "others")}
	}
	if terms.Kind != "no_charge" {
		drawCombined(t, &terms)
	}
	return terms
}

func drawCombined(t *rapid.T, terms *arrangement.Terms) {
	has := func(name string) bool { return rapid.IntRange(0, 2).Draw(t, name) == 0 }
	switch terms.Kind {
	case "hourly", "blended", "retainer_security", "retainer_advance", "retainer_evergreen":
		if has("cap") {
			terms.Cap = &arrangement.Cap{Per: rapid.SampledFrom([]arrangement.Scope{"matter", "phase", "year"}).Draw(t, "per"), Soft: has("soft"), Limits: []arrangement.Price{{AmountMinor: rapid.Int64Range(1, 3_000_000).Draw(t, "limit")}}}
		}
	}
	if has("volume") {
		terms.Volume = &arrangement.Volume{Retroactive: has("retroactive"), Tiers: []arrangement.Tier{{FromMinor: 0, Rate: drawFraction(t, "tier")}, {FromMinor: rapid.Int64Range(1, 3_000_000).Draw(t, "from"), Rate: drawFraction(t, "tier")}}}
	}
	if has("discount") {
		terms.Discount = &arrangement.Discount{Rate: drawFraction(t, "rate"), ByLine: has("by line")}
		if has("prompt") {
			terms.Discount.PromptDays, terms.Discount.ByLine = 10, false
		}
	}
	if has("success") {
		terms.Success = &arrangement.Success{AmountMinor: rapid.Int64Range(1, 100_000).Draw(t, "extra"), Uplift: drawFraction(t, "uplift"), Limit: drawFraction(t, "limit")}
	}
	if has("holdback") {
		terms.Holdback = &arrangement.Holdback{Share: drawFraction(t, "held"), Condition: "the case is closed"}
	}
}

func drawPeriod(t *rapid.T) arrangement.Scope {
	return rapid.SampledFrom([]arrangement.Scope{"month", "quarter", "year"}).Draw(t, "period")
}

func drawWork(t *rapid.T, terms arrangement.Terms) arrangement.Work {
	w := arrangement.Work{
		ExpensesMinor: rapid.Int64Range(0, 100_000).Draw(t, "expenses"), Final: rapid.Bool().Draw(t, "final"), Outcome: rapid.Bool().Draw(t, "outcome"),
		Due: rapid.SampledFrom([][]string{nil, {"L100"}, {"L100", "L200"}}).Draw(t, "due"), Rounding: rapid.SampledFrom([]money.Rounding{"", money.HalfUp, money.HalfEven}).Draw(t, "rounding"),
	}
	for range rapid.IntRange(0, 8).Draw(t, "entries") {
		f := arrangement.Fee{
			Hours: money.Fixed4(rapid.Int64Range(0, 240_000).Draw(t, "hours")), Rate: money.Fixed4(rapid.Int64Range(0, 9_000_000).Draw(t, "rate")),
			On: on(rapid.IntRange(2026, 2027).Draw(t, "year"), 1, 1), Phase: rapid.SampledFrom([]string{"L100", "L200"}).Draw(t, "phase"),
			Task: rapid.SampledFrom([]string{"L110", "L120"}).Draw(t, "task"), Lawyer: rapid.Bool().Draw(t, "lawyer"),
		}
		if rapid.Bool().Draw(t, "written down") { // half a unit and more is left out: the value's rounding may go down
			f.DownMinor = rapid.Int64Range(0, int64(f.Hours)*int64(f.Rate)/100_000_000).Draw(t, "down")
		}
		w.Fees = append(w.Fees, f)
	}
	if rapid.Bool().Draw(t, "units") {
		w.Units = []arrangement.Unit{{Code: "L330", Quantity: money.Fixed4(rapid.Int64Range(1, 100_000).Draw(t, "quantity"))}}
	}
	if rapid.Bool().Draw(t, "recovered") {
		w.Recovery = &arrangement.Recovery{Stage: "trial", GrossMinor: rapid.Int64Range(0, 1e9).Draw(t, "gross"), CostsMinor: rapid.Int64Range(0, 1e8).Draw(t, "costs")}
	}
	w.Before = arrangement.Before{
		WorkedMinor: rapid.Int64Range(0, 1e7).Draw(t, "worked"), FeesMinor: rapid.Int64Range(0, 1e7).Draw(t, "fees"),
		YearFeesMinor: rapid.Int64Range(0, 1e7).Draw(t, "year"), YearDiscounts: rapid.Int64Range(0, 1e6).Draw(t, "given"),
		Capped: map[string]int64{"": rapid.Int64Range(0, 1e6).Draw(t, "capped"), "L100": 5, "2026": 7},
	}
	if code := terms.Recurs(on(2026, 5, 1)); code != "" {
		w.Due = rapid.SampledFrom([][]string{nil, {code}, {code, terms.Recurs(on(2027, 5, 1))}}).Draw(t, "periods")
		w.Before.Used = []arrangement.Used{{Month: "2026-01", Task: "L110", Hours: money.Fixed4(rapid.Int64Range(0, 300_000).Draw(t, "used"))}}
	}
	return w
}

// TestNothingIsLostOnTheWayToABill holds the identities of a bill, a split, a draw, a
// closing statement and a release for any terms and work, in currencies of 0, 2 and 3
// decimals.
func TestNothingIsLostOnTheWayToABill(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t)
		w := drawWork(t, terms)
		b, err := terms.Price(w)
		if err != nil {
			t.Fatalf("%v\n%+v", err, terms)
		}
		var fees, worked int64
		for i, c := range b.Charges {
			sum := c.WorkedMinor
			for _, s := range c.Steps {
				sum += s.Minor
			}
			if sum != c.Minor {
				t.Fatalf("charge %d: %d with its steps is %d, not %d", i, c.WorkedMinor, sum, c.Minor)
			}
			if i < len(w.Fees) && (c.Minor < 0 || c.Entry != w.Fees[i].Entry || c.WorkedMinor != rounded(w.Fees[i].Hours, w.Fees[i].Rate, terms.Currency, w.Rounding)) {
				t.Fatalf("entry %d: %+v", i, c)
			}
			fees, worked = fees+c.Minor, worked+c.WorkedMinor
		}
		if x := terms.Tasks; b.Unpriced < 0 || b.Unpriced > 0 && (x == nil || x.OthersHourly) || b.Unpriced > len(w.Fees) {
			t.Fatalf("%d of %d entries have no price: %+v", b.Unpriced, len(w.Fees), x)
		}
		if fees != b.FeesMinor || worked != b.WorkedMinor || fees < 0 {
			t.Fatalf("charges %d, fees %d; worked %d of %d", fees, b.FeesMinor, worked, b.WorkedMinor)
		}
		if b.FeesMinor+b.ExpensesMinor != b.DueMinor+b.HeldMinor || b.ExpensesMinor != w.ExpensesMinor || b.HeldMinor < 0 || b.HeldMinor > b.FeesMinor || b.CreditMinor < 0 || b.PromptMinor < 0 || b.PromptMinor > b.FeesMinor-b.HeldMinor {
			t.Fatalf("bill %+v", b)
		}
		if c := b.Closing; c != nil && c.GrossMinor != c.FeeMinor+c.CostsMinor+c.ClientMinor {
			t.Fatalf("closing %+v", c)
		}
		balance := rapid.Int64Range(0, 1e7).Draw(t, "balance")
		d, err := terms.Draw(b.DueMinor, balance, w.Final)
		if err != nil || d.DrawnMinor+d.PayableMinor != b.DueMinor || d.DrawnMinor+d.RefundMinor+d.BalanceMinor != balance || min(d.DrawnMinor, d.PayableMinor, d.RefundMinor, d.BalanceMinor, d.RequestMinor) < 0 {
			t.Fatalf("draw %+v of %d on %d, %v", d, b.DueMinor, balance, err)
		}
		released, off, err := arrangement.Release(b.HeldMinor, drawFraction(t, "earned"))
		if err != nil || released+off != b.HeldMinor || released < 0 || off < 0 {
			t.Fatalf("released %d, written off %d of %d, %v", released, off, b.HeldMinor, err)
		}
		splitsWhole(t, b)
	})
}

// rounded is hours x rate by rational arithmetic.
func rounded(hours, rate money.Fixed4, c money.Currency, r money.Rounding) int64 {
	v := new(big.Rat).Mul(big.NewRat(int64(hours), 10_000), big.NewRat(int64(rate), 10_000))
	for range c.Exponent() {
		v.Mul(v, big.NewRat(10, 1))
	}
	q, rest := new(big.Int).QuoRem(v.Num(), v.Denom(), new(big.Int))
	if cmp := rest.Lsh(rest, 1).Cmp(v.Denom()); cmp > 0 || (cmp == 0 && (r != money.HalfEven || q.Bit(0) == 1)) {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64()
}

func splitsWhole(t *rapid.T, b arrangement.Bill) {
	var s arrangement.Split
	left, leftExpenses := money.One, money.One
	n := rapid.IntRange(1, 4).Draw(t, "payors")
	for i := range n {
		f, e := money.Fraction(rapid.Int64Range(0, int64(left)).Draw(t, "fees")), money.Fraction(rapid.Int64Range(0, int64(leftExpenses)).Draw(t, "expenses"))
		if i == n-1 {
			f, e = left, leftExpenses
		}
		left, leftExpenses = left-f, leftExpenses-e
		p := arrangement.PayorShare{Payor: string(rune('A' + i)), Fees: f, Expenses: &e}
		if rapid.IntRange(0, 2).Draw(t, "capped") == 0 {
			p.CapMinor = rapid.Int64Range(1, 1_000_000).Draw(t, "cap")
		}
		s.Payors = append(s.Payors, p)
	}
	parts, err := s.Share(b.FeesMinor, b.ExpensesMinor)
	if errors.Is(err, arrangement.ErrCaps) {
		var caps int64
		for _, p := range s.Payors {
			if caps += p.CapMinor; p.CapMinor == 0 {
				t.Fatalf("one without a cap can take the rest: %+v", s)
			}
		}
		if caps >= b.FeesMinor+b.ExpensesMinor {
			t.Fatalf("caps of %d hold the bill %+v", caps, b)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var fees, expenses int64
	for i, p := range parts {
		if p.FeesMinor < 0 || p.ExpensesMinor < 0 || (s.Payors[i].CapMinor > 0 && p.FeesMinor+p.ExpensesMinor > s.Payors[i].CapMinor) {
			t.Fatalf("%+v of %+v", parts, s)
		}
		fees, expenses = fees+p.FeesMinor, expenses+p.ExpensesMinor
	}
	if fees != b.FeesMinor || expenses != b.ExpensesMinor {
		t.Fatalf("%+v is not %d and %d", parts, b.FeesMinor, b.ExpensesMinor)
	}
}

// TestTheBillsOfAYearSumToItsDiscount bills the same fees in parts and at once.
func TestTheBillsOfAYearSumToItsDiscount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms := arrangement.Terms{Kind: "hourly", Currency: rapid.SampledFrom(currencies).Draw(t, "currency"), Volume: &arrangement.Volume{Tiers: []arrangement.Tier{
			{FromMinor: rapid.Int64Range(0, 1_000_000).Draw(t, "first"), Rate: 33_333}, {FromMinor: 1_000_000 + rapid.Int64Range(1, 1_000_000).Draw(t, "second"), Rate: 77_777}}}}
		var before arrangement.Before
		var all arrangement.Work
		for range rapid.IntRange(1, 12).Draw(t, "bills") {
			fee := arrangement.Fee{Hours: money.Fixed4(rapid.Int64Range(1, 240_000).Draw(t, "hours")), Rate: money.Fixed4(rapid.Int64Range(1, 9_000_000).Draw(t, "rate"))}
			b, err := terms.Price(arrangement.Work{Fees: []arrangement.Fee{fee}, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			before.YearFeesMinor += b.WorkedMinor
			before.YearDiscounts += b.WorkedMinor - b.FeesMinor
			all.Fees = append(all.Fees, fee)
		}
		b, err := terms.Price(all)
		if err != nil || b.WorkedMinor-b.FeesMinor != before.YearDiscounts {
			t.Fatalf("at once %d, in parts %d, %v", b.WorkedMinor-b.FeesMinor, before.YearDiscounts, err)
		}
	})
}

// TestASubscriptionsHoursLastItsPeriod bills the same work in parts and at once: the hours
// of each period are used up in the order of the work, whichever bill has it.
func TestASubscriptionsHoursLastItsPeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms := arrangement.Terms{Kind: "subscription", Currency: rapid.SampledFrom(currencies).Draw(t, "currency"), Subscription: &arrangement.Subscription{Per: drawPeriod(t), AmountMinor: 100,
			Hours: money.Fixed4(rapid.Int64Range(1, 300_000).Draw(t, "included")), BeyondHourly: true}}
		if rapid.Bool().Draw(t, "tasks") {
			terms.Subscription.Tasks = []string{"L110"}
		}
		var before arrangement.Before
		var all arrangement.Work
		fees, day := int64(0), on(2026, 2, 20)
		for range rapid.IntRange(1, 8).Draw(t, "bills") {
			day = day.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "days"))
			fee := arrangement.Fee{On: day, Task: rapid.SampledFrom([]string{"L110", "L120"}).Draw(t, "task"), Hours: money.Fixed4(rapid.Int64Range(1, 240_000).Draw(t, "hours")), Rate: money.Fixed4(rapid.Int64Range(1, 9_000_000).Draw(t, "rate"))}
			b, err := terms.Price(arrangement.Work{Fees: []arrangement.Fee{fee}, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			fees += b.FeesMinor
			before.Used = append(before.Used, arrangement.Used{Month: day.Format("2006-01"), Task: fee.Task, Hours: fee.Hours})
			all.Fees = append(all.Fees, fee)
		}
		b, err := terms.Price(all)
		if err != nil || b.FeesMinor != fees {
			t.Fatalf("at once %d, in parts %d, %v", b.FeesMinor, fees, err)
		}
	})
}

// TestWhatIsOffered reads the periods between the first day of a version and the bill.
func TestWhatIsOffered(t *testing.T) {
	t.Parallel()
	monthly := func(per arrangement.Scope) arrangement.Terms {
		return usd("retainer_general", func(t *arrangement.Terms) { t.General = &arrangement.General{Per: per, AmountMinor: 7} })
	}
	until := on(2026, 4, 1)
	for name, c := range map[string]struct {
		terms   arrangement.Terms
		until   *time.Time
		through time.Time
		want    string
	}{
		"months, and the one ahead":  {monthly("month"), nil, on(2026, 3, 31), "2026-01 2026-02 2026-03 2026-04"},
		"months, ended":              {monthly("month"), &until, on(2026, 6, 30), "2026-01 2026-02 2026-03"},
		"quarters":                   {monthly("quarter"), nil, on(2026, 6, 30), "2026-Q1 2026-Q2 2026-Q3"},
		"years":                      {monthly("year"), nil, on(2026, 6, 30), "2026 2027"},
		"a bill of before":           {monthly("month"), nil, on(2025, 11, 30), ""},
		"by the hour":                {usd("hourly", nil), nil, on(2026, 3, 31), ""},
		"a collar":                   {usd("collar", func(t *arrangement.Terms) { t.Collar = &arrangement.Collar{TargetMinor: 1} }), nil, on(2026, 3, 31), "COLLAR"},
		"by the hour, and a success": {usd("hourly", func(t *arrangement.Terms) { t.Success = &arrangement.Success{AmountMinor: 1} }), nil, on(2026, 3, 31), "SUCCESS"},
	} {
		var codes []string
		for _, o := range c.terms.Offers(on(2026, 1, 15), c.until, c.through) {
			codes = append(codes, o.Code)
		}
		if got := strings.Join(codes, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for code, want := range map[string]string{"2026-03": "March 2026", "2026-Q3": "third quarter of 2026", "2026": "2026", "2026-13": "", "2026-Q5": "", "L100": "", "": ""} {
		if got, _ := arrangement.PeriodName(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestTermsNameWhatNeedsCorrecting(t *testing.T) {
	t.Parallel()
	type T = arrangement.Terms
	for name, c := range map[string]struct {
		terms T
		path  string
	}{
		"no kind":                 {T{Currency: "USD"}, "kind"},
		"no currency":             {T{Kind: "hourly"}, "currency"},
		"terms missing":           {usd("fixed", nil), "fixed"},
		"terms of another kind":   {usd("hourly", func(t *T) { t.General = &arrangement.General{Per: "month", AmountMinor: 1} }), "general"},
		"a cap on a fixed price":  {usd("retainer_general", func(t *T) { t.General, t.Cap = &arrangement.General{Per: "month", AmountMinor: 1}, caps("matter", "") }), "cap"},
		"no period":               {usd("retainer_general", func(t *T) { t.General = &arrangement.General{AmountMinor: 1} }), "general.per"},
		"a period of no calendar": {usd("subscription", func(t *T) { t.Subscription = &arrangement.Subscription{Per: "phase", AmountMinor: 1} }), "subscription.per"},
		"no charge and a success": {usd("no_charge", func(t *T) { t.Success = &arrangement.Success{AmountMinor: 1} }), "kind"},
		"a cap by task":           {usd("hourly", func(t *T) { t.Cap = caps("task", "L110") }), "cap.per"},
		"a cap of a matter named": {usd("hourly", func(t *T) { t.Cap = caps("matter", "L110") }), "cap.limits.0.code"},
		"prices twice": {usd("fixed", func(t *T) {
			t.Fixed = &arrangement.Fixed{Per: "phase", Prices: []arrangement.Price{{"L1", 1}, {"L1", 1}}}
		}), "fixed.prices.1.code"},
		"a price without a phase": {usd("fixed", func(t *T) { t.Fixed = &arrangement.Fixed{Per: "phase", Prices: []arrangement.Price{{"", 1}}} }), "fixed.prices.0.code"},
		"a price of nothing":      {usd("fixed", func(t *T) { t.Fixed = &arrangement.Fixed{Per: "matter", Prices: []arrangement.Price{{"", 0}}} }), "fixed.prices.0.amount_minor"},
		"a stage twice": {usd("contingency", func(t *T) {
			t.Contingency = &arrangement.Contingency{Shares: []arrangement.StageShare{{"trial", 1}, {"trial", 1}}}
		}), "contingency.shares.1.stage"},
		"more than all of it": {usd("contingency", func(t *T) {
			t.Contingency = &arrangement.Contingency{Shares: []arrangement.StageShare{{"trial", 1_000_001}}}
		}), "contingency.shares.0.share"},
		"a target below":          {usd("retainer_evergreen", func(t *T) { t.Evergreen = &arrangement.Evergreen{FloorMinor: 2, TargetMinor: 1} }), "evergreen.target_minor"},
		"tiers out of order":      {usd("hourly", func(t *T) { t.Volume = &arrangement.Volume{Tiers: []arrangement.Tier{{5, 1}, {5, 2}}} }), "volume.tiers.1.from_minor"},
		"a discount of all twice": {usd("hourly", func(t *T) { t.Discount = &arrangement.Discount{Rate: 2_000_000} }), "discount.rate"},
		"a success of nothing":    {usd("hourly", func(t *T) { t.Success = &arrangement.Success{} }), "success.amount_minor"},
		"a holdback for nothing":  {usd("hourly", func(t *T) { t.Holdback = &arrangement.Holdback{Share: 1} }), "holdback.condition"},
		"ninety-nine percent": {usd("hourly", func(t *T) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: "A", Fees: 999_999}}}
		}), "split.payors"},
		"a payor twice": {usd("hourly", func(t *T) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: "A", Fees: 500_000}, {Payor: "A", Fees: 500_000}}}
		}), "split.payors.1.payor"},
	} {
		_, err := c.terms.Price(arrangement.Work{})
		var f *fault.Error
		if !errors.Is(err, arrangement.ErrTerms) || !errors.As(err, &f) || len(f.Fields) == 0 || f.Fields[0].Path != c.path || f.Fields[0].Message == "" {
			t.Errorf("%s: %v %+v", name, err, f)
		}
	}
}

func caps(per arrangement.Scope, code string) *arrangement.Cap {
	return &arrangement.Cap{Per: per, Limits: []arrangement.Price{{Code: code, AmountMinor: 1}}}
}

func TestWorkThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	fixed := usd("fixed", func(t *arrangement.Terms) {
		t.Fixed = &arrangement.Fixed{Per: "phase", Prices: []arrangement.Price{{"L100", 100}}}
	})
	list := usd("task_based", func(t *arrangement.Terms) {
		t.Tasks = &arrangement.Tasks{Prices: []arrangement.UnitPrice{{"L330", 100}}}
	})
	for name, c := range map[string]struct {
		terms arrangement.Terms
		work  arrangement.Work
		path  string
	}{
		"a price nobody agreed":   {fixed, arrangement.Work{Due: []string{"L900"}}, "due.0"},
		"a price billed before":   {fixed, arrangement.Work{Due: []string{"L100"}, Before: arrangement.Before{Prices: []string{"L100"}}}, "due.0"},
		"a price twice":           {fixed, arrangement.Work{Due: []string{"L100", "L100"}}, "due.1"},
		"a unit off the list":     {list, arrangement.Work{Units: []arrangement.Unit{{"L330", 1}, {"X", 1}}}, "units.1"},
		"nothing of a unit":       {list, arrangement.Work{Units: []arrangement.Unit{{"L330", 0}}}, "units.0"},
		"hours below zero":        {usd("hourly", nil), arrangement.Work{Fees: []arrangement.Fee{{Hours: -1}}}, "fees.0"},
		"expenses below zero":     {usd("hourly", nil), arrangement.Work{ExpensesMinor: -1}, "expenses"},
		"a recovery below zero":   {usd("contingency", contingent(true)), arrangement.Work{Recovery: &arrangement.Recovery{Stage: "trial", GrossMinor: -1}}, "recovery"},
		"a stage without a share": {usd("contingency", contingent(true)), arrangement.Work{Recovery: &arrangement.Recovery{Stage: "appeal"}}, "recovery.stage"},
	} {
		_, err := c.terms.Price(c.work)
		var f *fault.Error
		if !errors.Is(err, arrangement.ErrWork) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != c.path {
			t.Errorf("%s: %v %+v", name, err, f)
		}
	}
	huge := arrangement.Work{Fees: []arrangement.Fee{{Hours: 1 << 62, Rate: 1 << 62}}}
	if _, err := usd("hourly", nil).Price(huge); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("more than money holds: %v", err)
	}
}

func TestOneArrangementAtATime(t *testing.T) {
	t.Parallel()
	end := on(2026, 7, 1)
	list := []arrangement.Dated{{From: on(2026, 7, 1), Terms: usd("no_charge", nil)}, {From: on(2026, 1, 1), Until: &end, Terms: usd("hourly", nil)}}
	if err := arrangement.CheckList(list); err != nil {
		t.Errorf("one after the other: %v", err)
	}
	for day, want := range map[int]arrangement.Kind{6: "hourly", 7: "no_charge"} {
		if got, err := arrangement.At(list, on(2026, day, 1)); err != nil || got.Kind != want {
			t.Errorf("in month %d: %s, %v", day, got.Kind, err)
		}
	}
	if _, err := arrangement.At(list, on(2025, 12, 31)); !errors.Is(err, arrangement.ErrNone) {
		t.Errorf("before the first: %v", err)
	}
	list[1].Until = nil
	if err := arrangement.CheckList(list); !errors.Is(err, arrangement.ErrTerms) {
		t.Errorf("two at once: %v", err)
	}
	list[1].Until = &list[1].From
	if err := arrangement.CheckList(list); !errors.Is(err, arrangement.ErrTerms) {
		t.Errorf("of no day: %v", err)
	}
}
