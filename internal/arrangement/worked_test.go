package arrangement_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/money"
)

func on(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

func fixed4(s string) money.Fixed4 {
	v, err := money.ParseFixed4(s)
	if err != nil {
		panic(err)
	}
	return v
}

// usd are terms in dollars.
func usd(kind arrangement.Kind, set func(*arrangement.Terms)) arrangement.Terms {
	t := arrangement.Terms{Kind: kind, Currency: "USD"}
	if set != nil {
		set(&t)
	}
	return t
}

// hours are entries "hours@rate", of a lawyer, with /phase and :task where they matter.
func hours(entries ...string) arrangement.Work {
	var w arrangement.Work
	for i, e := range entries {
		e, task, _ := strings.Cut(e, ":")
		e, phase, _ := strings.Cut(e, "/")
		h, rate, _ := strings.Cut(e, "@")
		f := arrangement.Fee{Entry: fmt.Sprint(i + 1), On: on(2026, 6, i%28+1), Hours: fixed4(h), Phase: phase, Task: task, Lawyer: !strings.HasSuffix(rate, "p")}
		f.Rate = fixed4(strings.TrimSuffix(rate, "p"))
		w.Fees = append(w.Fees, f)
	}
	return w
}

func with(w arrangement.Work, set func(*arrangement.Work)) arrangement.Work {
	set(&w)
	return w
}

// due has a price or a period's fee on the bill.
func due(codes ...string) func(*arrangement.Work) {
	return func(w *arrangement.Work) { w.Due = codes }
}

// said is a bill in one line: its charges, then what it comes to.
func said(b arrangement.Bill, c money.Currency) string {
	text := func(minor int64) string { return money.Amount{Minor: minor, Currency: c}.Text() }
	var parts []string
	for _, ch := range b.Charges {
		name := ch.Entry
		if name == "" {
			name = strings.TrimSpace(ch.What + " " + ch.Code)
		}
		parts = append(parts, name+" "+text(ch.Minor))
	}
	out := strings.Join(parts, ", ") + " = " + text(b.FeesMinor)
	for _, x := range []struct {
		name  string
		minor int64
	}{{"expenses", b.ExpensesMinor}, {"held", b.HeldMinor}, {"over", b.OverMinor}, {"credit", b.CreditMinor}, {"prompt", b.PromptMinor}} {
		if x.minor != 0 {
			out += "; " + x.name + " " + text(x.minor)
		}
	}
	for _, w := range b.Warnings {
		out += "; " + w.Code
	}
	return out + "; due " + text(b.DueMinor)
}

// TestWorkedExamples are the rows of the table in LEGAL-BILLING 8, each computed by
// hand.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	work := hours("10@400", "5.5@250", "0.35@333.33") // 4000.00, 1375.00, 116.67
	type T = arrangement.Terms
	type W = arrangement.Work
	for name, c := range map[string]struct {
		terms T
		work  W
		want  string
	}{
		"hourly":                   {usd("hourly", nil), with(work, func(w *W) { w.ExpensesMinor = 29_000 }), "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; expenses 290.00; due 5781.67"},
		"hourly, nothing recorded": {usd("hourly", nil), W{}, " = 0.00; due 0.00"},
		"fixed for the matter":     {usd("fixed", func(t *T) { t.Fixed = &arrangement.Fixed{Per: "matter", Prices: []arrangement.Price{{"", 600_000}}} }), with(work, func(w *W) { w.Due = []string{""} }), "1 0.00, 2 0.00, 3 0.00, fixed 6000.00 = 6000.00; over 508.33; due 6000.00"},
		"fixed, work beyond it":    {usd("fixed", func(t *T) { t.Fixed = &arrangement.Fixed{Per: "matter", Prices: []arrangement.Price{{"", 600_000}}} }), with(work, func(w *W) { w.Due, w.Before.WorkedMinor = []string{""}, 100_000 }), "1 0.00, 2 0.00, 3 0.00, fixed 6000.00 = 6000.00; over -491.67; due 6000.00"},
		"fixed, not due yet":       {usd("fixed", func(t *T) { t.Fixed = &arrangement.Fixed{Per: "matter", Prices: []arrangement.Price{{"", 600_000}}} }), work, "1 0.00, 2 0.00, 3 0.00 = 0.00; due 0.00"},
		"fixed for phases": {usd("fixed", func(t *T) {
			t.Fixed = &arrangement.Fixed{Per: "phase", Prices: []arrangement.Price{{"L100", 200_000}, {"L200", 350_000}}}
		}), with(work, func(w *W) { w.Due, w.Before.Prices, w.Before.FeesMinor = []string{"L200"}, []string{"L100"}, 200_000 }), "1 0.00, 2 0.00, 3 0.00, fixed L200 3500.00 = 3500.00; over 8.33; fixed_unpriced; due 3500.00"},
		"cap of the matter": {usd("hourly", func(t *T) { t.Cap = &arrangement.Cap{Per: "matter", Limits: []arrangement.Price{{"", 800_000}}} }), with(work, func(w *W) { w.Before.Capped = map[string]int64{"": 500_000} }), "1 2185.13, 2 751.14, 3 63.73 = 3000.00; due 3000.00"},
		"cap not reached":   {usd("hourly", func(t *T) { t.Cap = &arrangement.Cap{Per: "matter", Limits: []arrangement.Price{{"", 549_167}}} }), work, "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; due 5491.67"},
		"cap passed before": {usd("hourly", func(t *T) { t.Cap = &arrangement.Cap{Per: "matter", Limits: []arrangement.Price{{"", 100_000}}} }), with(work, func(w *W) { w.Before.Capped = map[string]int64{"": 120_000} }), "1 0.00, 2 0.00, 3 0.00 = 0.00; due 0.00"},
		"soft cap": {usd("hourly", func(t *T) {
			t.Cap = &arrangement.Cap{Per: "matter", Soft: true, Limits: []arrangement.Price{{"", 100_000}}}
		}), work, "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; cap_exceeded; due 5491.67"},
		"cap of phases":              {usd("hourly", func(t *T) { t.Cap = &arrangement.Cap{Per: "phase", Limits: []arrangement.Price{{"L100", 300_000}}} }), hours("10@400/L100", "5@200/L200"), "1 3000.00, 2 1000.00 = 4000.00; due 4000.00"},
		"cap of a year":              {usd("hourly", func(t *T) { t.Cap = &arrangement.Cap{Per: "year", Limits: []arrangement.Price{{"", 300_000}}} }), with(hours("10@400", "10@250"), func(w *W) { w.Fees[1].On = on(2027, 1, 2) }), "1 3000.00, 2 2500.00 = 5500.00; due 5500.00"},
		"collar within the band":     {usd("collar", func(t *T) { t.Collar = &arrangement.Collar{TargetMinor: 500_000, Band: 100_000, Client: 500_000} }), with(work, func(w *W) { w.Final = true }), "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; due 5491.67"},
		"collar above":               {usd("collar", func(t *T) { t.Collar = &arrangement.Collar{TargetMinor: 400_000, Band: 100_000, Client: 500_000} }), with(hours("12@400"), func(w *W) { w.Final = true }), "1 4800.00, collar -200.00 = 4600.00; due 4600.00"},
		"collar below":               {usd("collar", func(t *T) { t.Collar = &arrangement.Collar{TargetMinor: 600_000, Band: 100_000, Client: 500_000} }), with(hours("12@400"), func(w *W) { w.Final = true }), "1 4800.00, collar 300.00 = 5100.00; due 5100.00"},
		"collar, not the last bill":  {usd("collar", func(t *T) { t.Collar = &arrangement.Collar{TargetMinor: 100, Band: 100_000, Client: 500_000} }), work, "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; due 5491.67"},
		"collar over earlier bills":  {usd("collar", func(t *T) { t.Collar = &arrangement.Collar{TargetMinor: 400_000, Band: 0, Client: 0} }), with(hours("1@400"), func(w *W) { w.Final, w.Before.WorkedMinor, w.Before.FeesMinor = true, 480_000, 480_000 }), "1 400.00, collar -400.00 = 0.00; credit 800.00; due 0.00"},
		"cap after a write-down":     {usd("hourly", func(t *T) { t.Cap = &arrangement.Cap{Per: "matter", Limits: []arrangement.Price{{"", 500_000}}} }), with(hours("10@400", "5.5@250", "0.35@333.33"), func(w *W) { w.Fees[0].DownMinor = 40_000 }), "1 3535.19, 2 1350.24, 3 114.57 = 5000.00; due 5000.00"},
		"blended, half written down": {usd("blended", func(t *T) { t.Blended = &arrangement.Blended{Rate: fixed4("300")} }), with(hours("10@400", "5.5@250"), func(w *W) { w.Fees[0].DownMinor = 200_000 }), "1 1500.00, 2 1650.00 = 3150.00; due 3150.00"},
		"blended, one rate":          {usd("blended", func(t *T) { t.Blended = &arrangement.Blended{Rate: fixed4("300")} }), hours("10@400", "5.5@250", "2@120p"), "1 3000.00, 2 1650.00, 3 600.00 = 5250.00; due 5250.00"},
		"blended, two rates":         {usd("blended", func(t *T) { t.Blended = &arrangement.Blended{Rate: fixed4("350"), OthersRate: fixed4("150")} }), hours("10@400", "5.5@250", "2@120p"), "1 3500.00, 2 1925.00, 3 300.00 = 5725.00; due 5725.00"},
		"volume, marginal":           {usd("hourly", func(t *T) { t.Volume = &arrangement.Volume{Tiers: tiers()} }), with(hours("125@400"), func(w *W) { w.Before.YearFeesMinor = 8_000_000 }), "1 50000.00, volume discount -1500.00 = 48500.00; due 48500.00"},
		"volume, two tiers":          {usd("hourly", func(t *T) { t.Volume = &arrangement.Volume{Tiers: tiers()} }), with(hours("500@400"), func(w *W) { w.Before.YearFeesMinor = 8_000_000 }), "1 200000.00, volume discount -10500.00 = 189500.00; due 189500.00"},
		"volume, retroactive":        {usd("hourly", func(t *T) { t.Volume = &arrangement.Volume{Tiers: tiers(), Retroactive: true} }), with(hours("125@400"), func(w *W) { w.Before.YearFeesMinor = 8_000_000 }), "1 50000.00, volume discount -6500.00 = 43500.00; due 43500.00"},
		"volume, more than the bill": {usd("hourly", func(t *T) { t.Volume = &arrangement.Volume{Tiers: tiers(), Retroactive: true} }), with(hours("5@400"), func(w *W) { w.Before.YearFeesMinor = 9_900_000 }), "1 2000.00, volume discount -2000.00 = 0.00; credit 3050.00; due 0.00"},
		"discount of the invoice":    {usd("hourly", func(t *T) { t.Discount = &arrangement.Discount{Rate: 100_000} }), work, "1 4000.00, 2 1375.00, 3 116.67, discount -549.17 = 4942.50; due 4942.50"},
		"discount by line":           {usd("hourly", func(t *T) { t.Discount = &arrangement.Discount{Rate: 100_000, ByLine: true} }), work, "1 3600.00, 2 1237.50, 3 105.00 = 4942.50; due 4942.50"},
		"discount for prompt pay":    {usd("hourly", func(t *T) { t.Discount = &arrangement.Discount{Rate: 20_000, PromptDays: 10} }), work, "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; prompt 109.83; due 5491.67"},
		"contingency, gross": {usd("contingency", contingent(false)), with(work, func(w *W) {
			w.Recovery = &arrangement.Recovery{Stage: "settlement", GrossMinor: 10_000_000, CostsMinor: 1_200_000}
		}), "1 0.00, 2 0.00, 3 0.00, contingent fee 33333.30 = 33333.30; due 33333.30"},
		"contingency, net": {usd("contingency", contingent(true)), with(work, func(w *W) {
			w.Recovery = &arrangement.Recovery{Stage: "trial", GrossMinor: 10_000_000, CostsMinor: 1_200_000}
		}), "1 0.00, 2 0.00, 3 0.00, contingent fee 35200.00 = 35200.00; due 35200.00"},
		"contingency, nothing yet": {usd("contingency", contingent(true)), work, "1 0.00, 2 0.00, 3 0.00 = 0.00; due 0.00"},
		"success fee":              {usd("hourly", func(t *T) { t.Success = &arrangement.Success{AmountMinor: 1_000_000} }), with(work, func(w *W) { w.Outcome = true }), "1 4000.00, 2 1375.00, 3 116.67, success fee 10000.00 = 15491.67; due 15491.67"},
		"success fee, not earned":  {usd("hourly", func(t *T) { t.Success = &arrangement.Success{AmountMinor: 1_000_000} }), work, "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; due 5491.67"},
		"uplift, limited":          {usd("hourly", func(t *T) { t.Success = &arrangement.Success{Uplift: 1_500_000, Limit: 1_000_000} }), with(hours("10@400"), func(w *W) { w.Outcome, w.Before.FeesMinor = true, 600_000 }), "1 4000.00, success fee 10000.00 = 14000.00; success_limited; due 14000.00"},
		"holdback":                 {usd("hourly", func(t *T) { t.Holdback = &arrangement.Holdback{Share: 100_000, Condition: "the appeal is won"} }), with(work, func(w *W) { w.ExpensesMinor = 29_000 }), "1 4000.00, 2 1375.00, 3 116.67 = 5491.67; expenses 290.00; held 549.17; due 5232.50"},
		"general retainer":         {usd("retainer_general", func(t *T) { t.General = &arrangement.General{Per: "month", AmountMinor: 250_000} }), with(work, due("2026-06")), "1 0.00, 2 0.00, 3 0.00, availability 2026-06 2500.00 = 2500.00; due 2500.00"},
		"general retainer and work": {usd("retainer_general", func(t *T) {
			t.General = &arrangement.General{Per: "month", AmountMinor: 250_000, HourlyWork: true}
		}), with(work, due("2026-06")), "1 4000.00, 2 1375.00, 3 116.67, availability 2026-06 2500.00 = 7991.67; due 7991.67"},
		"general retainer, two quarters": {usd("retainer_general", func(t *T) {
			t.General = &arrangement.General{Per: "quarter", AmountMinor: 250_000}
		}), W{Due: []string{"2026-Q2", "2026-Q3"}}, "availability 2026-Q2 2500.00, availability 2026-Q3 2500.00 = 5000.00; due 5000.00"},
		"general retainer, no fee": {usd("retainer_general", func(t *T) { t.General = &arrangement.General{Per: "year", AmountMinor: 250_000} }), hours("1@400"), "1 0.00 = 0.00; period_unbilled; due 0.00"},
		"general retainer, only hours": {usd("retainer_general", func(t *T) {
			t.General = &arrangement.General{Per: "year", AmountMinor: 250_000, HourlyWork: true}
		}), hours("1@400"), "1 400.00 = 400.00; due 400.00"},
		"subscription": {usd("subscription", func(t *T) { t.Subscription = &arrangement.Subscription{Per: "month", AmountMinor: 300_000} }), with(work, due("2026-06")), "1 0.00, 2 0.00, 3 0.00, subscription 2026-06 3000.00 = 3000.00; due 3000.00"},
		"subscription, beyond": {usd("subscription", func(t *T) {
			t.Subscription = &arrangement.Subscription{Per: "month", AmountMinor: 300_000, Hours: fixed4("12"), BeyondHourly: true}
		}), with(work, due("2026-06")), "1 0.00, 2 875.00, 3 116.67, subscription 2026-06 3000.00 = 3991.67; due 3991.67"},
		"subscription, hours used on an earlier bill": {usd("subscription", func(t *T) {
			t.Subscription = &arrangement.Subscription{Per: "month", AmountMinor: 300_000, Hours: fixed4("12"), BeyondHourly: true}
		}), with(work, func(w *W) {
			w.Before.Prices = []string{"2026-06"}
			w.Before.Used = []arrangement.Used{{Month: "2026-06", Hours: fixed4("3")}, {Month: "2026-05", Hours: fixed4("9")}}
		}), "1 400.00, 2 1375.00, 3 116.67 = 1891.67; due 1891.67"},
		"subscription of a quarter, hours used in another month": {usd("subscription", func(t *T) {
			t.Subscription = &arrangement.Subscription{Per: "quarter", AmountMinor: 300_000, Hours: fixed4("12"), BeyondHourly: true}
		}), with(hours("10@400"), func(w *W) {
			w.Before.Prices = []string{"2026-Q2"}
			w.Before.Used = []arrangement.Used{{Month: "2026-04", Hours: fixed4("3")}, {Month: "2026-07", Hours: fixed4("9")}}
		}), "1 400.00 = 400.00; due 400.00"},
		"subscription, other tasks": {usd("subscription", func(t *T) {
			t.Subscription = &arrangement.Subscription{Per: "month", AmountMinor: 300_000, Tasks: []string{"C300"}, BeyondHourly: true}
		}), with(hours("2@400:C300", "1@400:L120"), due("2026-06")), "1 0.00, 2 400.00, subscription 2026-06 3000.00 = 3400.00; due 3400.00"},
		"subscription, warned": {usd("subscription", func(t *T) {
			t.Subscription = &arrangement.Subscription{Per: "month", AmountMinor: 300_000, Hours: fixed4("1")}
		}), with(hours("2@400"), due("2026-06")), "1 0.00, subscription 2026-06 3000.00 = 3000.00; subscription_exceeded; due 3000.00"},
		"subscription, no fee": {usd("subscription", func(t *T) { t.Subscription = &arrangement.Subscription{Per: "month", AmountMinor: 300_000} }), hours("2@400"), "1 0.00 = 0.00; period_unbilled; due 0.00"},
		"price list": {usd("task_based", func(t *T) {
			t.Tasks = &arrangement.Tasks{Prices: []arrangement.UnitPrice{{"L330", fixed4("1250.50")}, {"L210", fixed4("800")}}}
		}), with(hours("10@400:L330", "5.5@250:L210", "0.35@333.33:L330"), func(w *W) { w.Units = []arrangement.Unit{{"L330", fixed4("2.5")}, {"L210", fixed4("1")}} }), "1 0.00, 2 0.00, 3 0.00, task L330 3126.25, task L210 800.00 = 3926.25; due 3926.25"},
		"price list, nothing done": {usd("task_based", unitPrices(false)), hours("10@400:L330"), "1 0.00 = 0.00; due 0.00"},
		"price list, a unit twice": {usd("task_based", unitPrices(false)), W{Units: []arrangement.Unit{{"DEPO-DAY", fixed4("3")}, {"L330", fixed4("0.3333")}}}, "task DEPO-DAY 5700.00, task L330 416.79 = 6116.79; due 6116.79"},
		"price list, other time waits": {usd("task_based", unitPrices(false)), with(hours("10@400:L330", "5.5@250:L210", "1@100"), func(w *W) { w.Units = []arrangement.Unit{{"L330", fixed4("1")}} }),
			"1 0.00, 2 0.00, 3 0.00, task L330 1250.50 = 1250.50; task_unpriced; due 1250.50"},
		"price list, other time by the hour": {usd("task_based", unitPrices(true)), with(hours("10@400:L330", "5.5@250:L210", "1@100"), func(w *W) { w.Units = []arrangement.Unit{{"L330", fixed4("1")}} }),
			"1 0.00, 2 1375.00, 3 100.00, task L330 1250.50 = 2725.50; due 2725.50"},
		"price list of a phase": {usd("task_based", func(t *T) {
			t.Tasks = &arrangement.Tasks{Prices: []arrangement.UnitPrice{{"L300", fixed4("9000")}}, OthersHourly: true}
		}), with(hours("10@400/L300:L330", "1@250/L100:L110"), func(w *W) { w.Units = []arrangement.Unit{{"L300", fixed4("1")}} }), "1 0.00, 2 250.00, task L300 9000.00 = 9250.00; due 9250.00"},
		"price list, discounted": {usd("task_based", func(t *T) {
			unitPrices(false)(t)
			t.Discount = &arrangement.Discount{Rate: 100_000}
		}), W{Units: []arrangement.Unit{{"L330", fixed4("2")}}}, "task L330 2501.00, discount -250.10 = 2250.90; due 2250.90"},
		"no charge": {usd("no_charge", nil), with(work, func(w *W) { w.ExpensesMinor = 1_000 }), "1 0.00, 2 0.00, 3 0.00 = 0.00; expenses 10.00; due 10.00"},
		"all that combines": {usd("hourly", func(t *T) {
			t.Cap = &arrangement.Cap{Per: "matter", Limits: []arrangement.Price{{"", 500_000}}}
			t.Volume = &arrangement.Volume{Tiers: []arrangement.Tier{{0, 50_000}}}
			t.Discount = &arrangement.Discount{Rate: 100_000, ByLine: true}
			t.Success, t.Holdback = &arrangement.Success{AmountMinor: 50_000}, &arrangement.Holdback{Share: 200_000, Condition: "the case is closed"}
		}), with(work, func(w *W) { w.Outcome = true }), "1 3295.90, 2 1132.97, 3 96.13, volume discount -250.00, success fee 500.00 = 4775.00; held 955.00; due 3820.00"},
	} {
		b, err := c.terms.Price(c.work)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := said(b, "USD"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func tiers() []arrangement.Tier {
	return []arrangement.Tier{{10_000_000, 50_000}, {25_000_000, 100_000}}
}

func unitPrices(hourly bool) func(*arrangement.Terms) {
	return func(t *arrangement.Terms) {
		t.Tasks = &arrangement.Tasks{Prices: []arrangement.UnitPrice{{"L330", fixed4("1250.50")}, {"DEPO-DAY", fixed4("1900")}}, OthersHourly: hourly}
	}
}

func contingent(net bool) func(*arrangement.Terms) {
	return func(t *arrangement.Terms) {
		t.Contingency = &arrangement.Contingency{Shares: []arrangement.StageShare{{"settlement", 333_333}, {"trial", 400_000}}, NetCosts: net, SignedOn: on(2026, 1, 5)}
	}
}

func TestClosingStatement(t *testing.T) {
	t.Parallel()
	terms := usd("contingency", contingent(true))
	b, err := terms.Price(arrangement.Work{Recovery: &arrangement.Recovery{Stage: "trial", GrossMinor: 10_000_000, CostsMinor: 1_200_000}})
	want := arrangement.Closing{Stage: "trial", GrossMinor: 10_000_000, CostsMinor: 1_200_000, BaseMinor: 8_800_000, Share: 400_000, AgreedMinor: 3_520_000, FeeMinor: 3_520_000, ClientMinor: 5_280_000}
	if err != nil || b.Closing == nil || *b.Closing != want {
		t.Errorf("%+v, %v", b.Closing, err)
	}
	if _, err := terms.Price(arrangement.Work{Recovery: &arrangement.Recovery{Stage: "appeal", GrossMinor: 1}}); !errors.Is(err, arrangement.ErrWork) {
		t.Errorf("a stage without a share: %v", err)
	}
	terms.Contingency.SignedOn = time.Time{}
	if _, err := terms.Price(arrangement.Work{}); !errors.Is(err, arrangement.ErrUnsigned) {
		t.Errorf("without a signed writing: %v", err)
	}
}

// TestSplitIsTheOneOfTheBook is the example of LEGAL-BILLING 8.
func TestSplitIsTheOneOfTheBook(t *testing.T) {
	t.Parallel()
	thirds := arrangement.Split{Payors: []arrangement.PayorShare{{Payor: "A", Fees: 333_333}, {Payor: "B", Fees: 333_333}, {Payor: "C", Fees: 333_334}}}
	parts, err := thirds.Share(234_827, 0)
	if err != nil || parts[0].FeesMinor != 78_276 || parts[1].FeesMinor != 78_275 || parts[2].FeesMinor != 78_276 {
		t.Errorf("2348.27 in thirds: %+v, %v", parts, err)
	}
	none := money.Fraction(0)
	all := money.One
	kinds := arrangement.Split{Payors: []arrangement.PayorShare{{Payor: "insurer", Fees: 600_000, Expenses: &all, CapMinor: 500_000}, {Payor: "client", Fees: 400_000, Expenses: &none}}}
	for _, c := range []struct {
		fees, expenses int64
		want           string
	}{
		{100_001, 5_000, "[{insurer 60001 5000} {client 40000 0}]"},
		{1_000_000, 5_000, "[{insurer 500000 0} {client 500000 5000}]"}, // the insurer's cap: fees first
		{0, 600_000, "[{insurer 0 500000} {client 0 100000}]"},
	} {
		parts, err := kinds.Share(c.fees, c.expenses)
		if got := fmt.Sprint(parts); err != nil || got != c.want {
			t.Errorf("%d and %d: %s, %v; want %s", c.fees, c.expenses, got, err, c.want)
		}
	}
	kinds.Payors[1].CapMinor = 1_000
	if _, err := kinds.Share(1_000_000, 0); !errors.Is(err, arrangement.ErrCaps) {
		t.Errorf("all at their caps: %v", err)
	}
}

func TestRetainersDraw(t *testing.T) {
	t.Parallel()
	evergreen := usd("retainer_evergreen", func(t *arrangement.Terms) {
		t.Evergreen = &arrangement.Evergreen{FloorMinor: 200_000, TargetMinor: 500_000}
	})
	for name, c := range map[string]struct {
		terms        arrangement.Terms
		due, balance int64
		final        bool
		want         arrangement.Draw
	}{
		"security is held":            {usd("retainer_security", nil), 100_000, 500_000, false, arrangement.Draw{PayableMinor: 100_000, BalanceMinor: 500_000}},
		"security pays the last bill": {usd("retainer_security", nil), 100_000, 500_000, true, arrangement.Draw{DrawnMinor: 100_000, RefundMinor: 400_000}},
		"advance is drawn down":       {usd("retainer_advance", nil), 100_000, 500_000, false, arrangement.Draw{DrawnMinor: 100_000, BalanceMinor: 400_000}},
		"advance runs out":            {usd("retainer_advance", nil), 600_000, 500_000, false, arrangement.Draw{DrawnMinor: 500_000, PayableMinor: 100_000}},
		"evergreen above its floor":   {evergreen, 300_000, 500_000, false, arrangement.Draw{DrawnMinor: 300_000, BalanceMinor: 200_000}},
		"evergreen below its floor":   {evergreen, 300_001, 500_000, false, arrangement.Draw{DrawnMinor: 300_001, BalanceMinor: 199_999, RequestMinor: 300_001}},
		"evergreen at the end":        {evergreen, 300_001, 500_000, true, arrangement.Draw{DrawnMinor: 300_001, RefundMinor: 199_999}},
		"a general one has none":      {usd("retainer_general", nil), 100, 500, false, arrangement.Draw{PayableMinor: 100, BalanceMinor: 500}},
	} {
		if got, err := c.terms.Draw(c.due, c.balance, c.final); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	if _, err := evergreen.Draw(-1, 0, false); !errors.Is(err, arrangement.ErrWork) {
		t.Errorf("a bill below zero: %v", err)
	}
}

func TestPromptPaymentAndRelease(t *testing.T) {
	t.Parallel()
	d := &arrangement.Discount{Rate: 20_000, PromptDays: 10}
	b := arrangement.Bill{PromptMinor: 10_983}
	if d.OnPayment(b, 10) != 10_983 || d.OnPayment(b, 11) != 0 || (*arrangement.Discount)(nil).OnPayment(b, 1) != 0 {
		t.Error("a prompt payment takes the discount off within its days, and not after")
	}
	for earned, want := range map[money.Fraction]int64{0: 0, money.One: 54_917, 500_000: 27_459} {
		released, off, err := arrangement.Release(54_917, earned)
		if err != nil || released != want || released+off != 54_917 {
			t.Errorf("%s of 549.17: %d and %d, %v", earned, released, off, err)
		}
	}
	if _, _, err := arrangement.Release(1, money.One+1); !errors.Is(err, arrangement.ErrWork) {
		t.Errorf("more than all: %v", err)
	}
}

// TestRealizationIsTheOneOfTheBook is the worked check of LEGAL-BILLING 11.
func TestRealizationIsTheOneOfTheBook(t *testing.T) {
	t.Parallel()
	v := arrangement.Value{StandardMinor: 4_000_000, AgreedMinor: 3_600_000, BilledMinor: 3_420_000, CashMinor: 3_249_000}
	r := v.Realization()
	for name, c := range map[string]struct {
		got  arrangement.Ratio
		want money.Fraction
	}{"billing": {r.Billing, 855_000}, "agreed": {r.Agreed, 950_000}, "collection": {r.Collection, 950_000}, "overall": {r.Overall, 812_250}, "write-down": {v.WriteDown(), 145_000}} {
		if !c.got.Known || c.got.Share != c.want {
			t.Errorf("%s: %+v, want %s", name, c.got, c.want)
		}
	}
	none := arrangement.Value{StandardMinor: 100}.Realization()
	if none.Collection.Known || none.Overall.Known || none.Agreed.Known || !none.Billing.Known {
		t.Errorf("nothing billed is n/a and not 0: %+v", none)
	}
	if got := (arrangement.Value{StandardMinor: 3, BilledMinor: -2}).Realization().Billing.Share; got != -666_667 {
		t.Errorf("-2/3 = %s", got)
	}
}

func TestHoursRoundUpOncePerEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minutes   int
		step, out string
	}{{1, "0.1", "0.1"}, {6, "0.1", "0.1"}, {7, "0.1", "0.2"}, {0, "0.1", "0"}, {60, "0.1", "1"}, {15, "0.25", "0.25"}, {16, "0.25", "0.5"}, {20, "0", "0.3333"}, {1440, "0.1", "24"}} {
		if got, err := arrangement.Hours(c.minutes, fixed4(c.step)); err != nil || got != fixed4(c.out) {
			t.Errorf("%d min in steps of %s: %s, %v; want %s", c.minutes, c.step, got, err, c.out)
		}
	}
	if _, err := arrangement.Hours(1441, 1_000); err == nil {
		t.Error("more than a day is accepted")
	}
}
