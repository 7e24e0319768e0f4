package guideline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// terms is a policy with these parameters.
func terms(t *testing.T, text string) guideline.Policy {
	t.Helper()
	p, err := guideline.ReadPolicy(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// cost is a cost line with a quantity, a price and what it bills.
func cost(code, text string, qty, unit money.Fixed4, value int64) guideline.Line {
	return with(func(l *guideline.Line) {
		l.Kind, l.Hours, l.Rate, l.Task, l.Activity, l.Expense, l.Narrative = guideline.Expense, 0, 0, "", "", code, text
		l.Quantity, l.UnitCost, l.ValueMinor = qty, unit, value
	})
}

// several are n clean lines of one person, changed one by one.
func several(n int, change func(i int, l *guideline.Line)) (out []guideline.Line) {
	for i := range n {
		out = append(out, with(func(l *guideline.Line) {
			l.ID, l.On, l.Hours = fmt.Sprintf("l%02d", i), day(1+i), money.Fixed4(13_000+1_000*int64(i%3))
			l.ValueMinor = int64(l.Hours) * 4
			change(i, l)
		}))
	}
	return out
}

// scene is a line, or with bill a whole bill, and what is around it.
type scene struct {
	line guideline.Line
	c    guideline.Context
	bill bool
}

func (s scene) found() []guideline.Finding {
	if s.bill {
		return guideline.CheckBill(s.c)
	}
	return guideline.Check(s.line, s.c)
}

// on judges a line with more known and, with lines, on a bill and among these.
func on(l guideline.Line, known guideline.Input, p guideline.Policy, lines ...guideline.Line) scene {
	c := around(lines...)
	c.Known, c.Policy = c.Known|known, p
	if lines != nil {
		c.Bill = guideline.NewBill(guideline.Bill{Lines: lines, Currency: "USD"})
	}
	return scene{line: l, c: c}
}

// whole judges a bill of 28 October for October.
func whole(known guideline.Input, p guideline.Policy, b guideline.Bill) scene {
	b.Currency, b.On, b.From, b.To = "USD", day(31), day(1), day(31)
	if b.Lines == nil {
		b.Lines = []guideline.Line{clean(), with(func(l *guideline.Line) { l.ID, l.Narrative = "b", "Analyze damages report of Dr. Haas" })}
	}
	c := around(b.Lines...)
	c.Known, c.Policy, c.Bill = c.Known|known, p, guideline.NewBill(b)
	return scene{c: c, bill: true}
}

// rest is what a case changes of a scene that has been made.
func (s scene) but(change func(s *scene)) scene {
	change(&s)
	return s
}

// Every rule that the other tests do not name trips on one scene and is silent on a
// scene that differs in one thing.
func TestEachRuleTripsAndStaysSilent(t *testing.T) {
	t.Parallel()
	none := guideline.Policy{}
	more := func(m guideline.More) guideline.Line { return with(func(l *guideline.Line) { l.More = &m }) }
	costMore := func(l guideline.Line, m guideline.More) guideline.Line { l.More = &m; return l }
	classed := func(class string) guideline.Line { return with(func(l *guideline.Line) { l.Class = class }) }
	says := func(text string) guideline.Line { return with(func(l *guideline.Line) { l.Narrative = text }) }
	names := guideline.NewNames([]guideline.Named{{"c", "", "Pelham Freight Lines Inc."}, {"c2", "", "Whitlock Shipping LLC"}, {"c2", "m2", "Whitlock v. Orr"}})
	named := func(text string) scene {
		return on(says(text), 0, none).but(func(s *scene) { s.c.Names = names })
	}
	outside := terms(t, `{"outside_readers":true}`)
	there := func(n int, text string) (out []guideline.Line) {
		for i := range n {
			out = append(out, with(func(l *guideline.Line) {
				l.ID, l.Timekeeper, l.Activity, l.Narrative, l.Rate = fmt.Sprint(i), fmt.Sprint("t", i), "A109", text, money.Fixed4(4_000_000-int64(i)*10_000)
			}))
		}
		return out
	}
	hearing := there(3, "Attend hearing on motion to compel production")
	deposition := there(2, "Attend deposition of Dr. Lund on carrier liability")
	internal := func(n int64) []guideline.Line {
		return []guideline.Line{with(func(l *guideline.Line) {
			l.Activity, l.Narrative, l.Hours = "A105", "Confer with D. Osei regarding privilege log", money.Fixed4(n)
		}), with(func(l *guideline.Line) { l.ID, l.Hours = "b", 90_000 })}
	}
	whole10 := several(10, func(i int, l *guideline.Line) {
		if i < 7 {
			l.Hours = money.Fixed4(10_000 * int64(1+i%4))
		}
	})
	same := several(10, func(i int, l *guideline.Line) {
		if i > 0 && i < 9 {
			l.Hours = 13_000
		}
	})
	ordinary := several(10, func(int, *guideline.Line) {})
	research := several(3, func(_ int, l *guideline.Line) {
		l.Activity, l.Narrative = "A102", "Research duty to warn under state law for summary judgment motion"
	})
	known := terms(t, `{"approvals":[]}`)
	register := func(class, until string) guideline.Policy {
		return terms(t, `{"register":[{"timekeeper":"RV","class":"`+class+`","from":"2026-01-01","until":"`+until+`"}]}`)
	}
	coded := with(func(l *guideline.Line) { l.Code, l.Name = "RV", "Rosalind Vane" })
	rises := func(text string, steps ...guideline.RateStep) scene {
		return on(clean(), guideline.InRateHistory, terms(t, text)).but(func(s *scene) { s.c.Rates = steps })
	}
	step := func(from time.Time, rate money.Fixed4) guideline.RateStep {
		return guideline.RateStep{From: from, Rate: rate}
	}
	others := several(10, func(i int, l *guideline.Line) {
		if i > 7 {
			l.Task = "L190"
		}
	})
	air := func(text string) guideline.Line { return cost("E110", text, 10_000, 9_000_000, 90_000) }
	dear := costMore(air("Flight to Denver in first class for deposition of Dr. Lund"), guideline.More{EconomyMinor: 40_000})
	costs := []guideline.Line{cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 3_000_000, 30_000), cost("E113", "Subpoena fee of the process server", 10_000, 3_000_000, 30_000)}
	costs[1].ID = "b"
	fees := guideline.InBilled | guideline.InYearFees | guideline.InDiscount | guideline.InRecent
	stated := func(total int64) []guideline.Line {
		l := more(guideline.More{TotalMinor: total})
		return []guideline.Line{l}
	}
	cases := []struct {
		rule          string
		trips, silent scene
		risk          int64 // at risk where it trips
	}{
		{"NAR-09", on(says("Call with client re settlement authority of insurer"), 0, outside), on(says("Call with client re settlement authority of insurer"), 0, none), 0},
		{"NAR-09", on(says("Review bank letter on account no. 4471-99812 of trustee"), 0, outside), on(says("Review bank letter on the account of trustee"), 0, outside), 0},
		{"NAR-10", named("Call with counsel for Whitlock Shipping re release"), named("Call with counsel for Pelham Freight Lines re release"), 80_000},
		{"NAR-10", named("Draft letter to court on Whitlock v. Orr and its schedule"), named("Draft letter to court on whitlock and its schedule"), 80_000},
		{"NAR-05", on(clean(), 0, terms(t, `{"max_characters":20}`)), on(clean(), 0, none), 80_000},
		{"TIM-03", on(clean(), 0, terms(t, `{"matter_day":"1.5"}`)), on(clean(), 0, terms(t, `{"matter_day":"2.0"}`)), 20_000},
		{"EXP-02", on(cost("E101", "Copies of exhibits for the Lund deposition", 1_000_000, 2_000, 2_000), 0, none), on(cost("E101", "Copies of exhibits for the Lund deposition", 1_000_000, 1_000, 1_000), 0, none), 1_000},
		{"EXP-04", on(cost("E106", "Database search on carrier liability", 10_000, 500_000, 5_000), 0, none), on(cost("E106", "Database search on carrier liability", 10_000, 500_000, 0), 0, none).but(func(s *scene) { s.line.UnitCost = 0 }), 5_000},
		{"EXP-12", on(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 1_000_000, 10_000), guideline.InBilledOn, none).but(func(s *scene) { s.c.BilledOn = day(5).AddDate(0, 0, 91) }), on(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 1_000_000, 10_000), guideline.InBilledOn, none).but(func(s *scene) { s.c.BilledOn = day(5).AddDate(0, 0, 90) }), 10_000},
		{"EXP-15", on(cost("E107", "Courier to the court in Reno", 10_000, 600_000, 6_000), 0, none), on(cost("E107", "Courier to the court in Reno", 10_000, 500_000, 5_000), 0, none), 6_000},
		{"COD-02", on(with(func(l *guideline.Line) { l.Activity = "" }), 0, terms(t, `{"activity_codes_required":true}`)), on(with(func(l *guideline.Line) { l.Activity = "" }), 0, none), 80_000},
		{"TIM-10", on(clean(), guideline.InPeriod, none).but(func(s *scene) { s.c.PeriodFrom, s.c.PeriodTo = day(6), day(31) }),
			on(clean(), guideline.InPeriod, none).but(func(s *scene) { s.c.PeriodFrom, s.c.PeriodTo = day(5), day(5) }), 80_000},
		{"TIM-11", on(clean(), guideline.InBilledThrough, none).but(func(s *scene) { s.c.BilledThrough = day(5) }), on(clean(), guideline.InBilledThrough, none).but(func(s *scene) { s.c.BilledThrough = day(4) }), 80_000},
		{"TIM-17", on(classed("TRANEE"), 0, none), on(classed("STFATT"), 0, none), 80_000},
		{"TIM-17", on(more(guideline.More{AdmittedOn: day(6).AddDate(-1, 0, 0)}), guideline.InAdmission, none), on(more(guideline.More{AdmittedOn: day(5).AddDate(-1, 0, 0)}), guideline.InAdmission, none), 80_000},
		{"TIM-18", on(hearing[2], 0, none, hearing...), on(hearing[1], 0, none, hearing...), 80_000},
		{"TIM-18", on(deposition[1], 0, none, deposition...), on(deposition[0], 0, none, deposition...), 80_000},
		{"TIM-18", on(deposition[1], 0, none, deposition...), on(deposition[1], 0, terms(t, `{"deposition_attendees":2}`), deposition...), 80_000},
		{"TIM-19", on(internal(15_000)[0], 0, none, internal(15_000)...), on(internal(10_000)[0], 0, none, internal(10_000)...), 24_000},
		{"TIM-20", on(whole10[0], 0, none, whole10...), on(whole10[1], 0, none, whole10...), 0},
		{"TIM-20", on(whole10[0], 0, none, whole10...), on(ordinary[0], 0, none, ordinary...), 0},
		{"TIM-21", on(same[0], 0, none, same...), on(same[1], 0, none, same...), 0},
		{"TIM-22", on(clean(), 0, terms(t, `{"task_hours":{"L350":"1.5"}}`)), on(clean(), 0, terms(t, `{"task_hours":{"L350/A103":"2.0","L350":"1.0"}}`)), 20_000},
		{"TIM-22", on(clean(), 0, none).but(func(s *scene) { s.c.Benchmarks = map[string]money.Fixed4{"L350/A103": 10_000} }), on(clean(), 0, none).but(func(s *scene) { s.c.Benchmarks = map[string]money.Fixed4{"L350/A104": 10_000} }), 40_000},
		{"TIM-24", on(research[2], 0, known, research...), on(research[1], 0, known, research...), 48_000},
		{"TIM-24", on(research[2], 0, known, research...), on(research[2], 0, terms(t, `{"approvals":[{"rule":"TIM-24","reference":"mail of 3 October"}]}`), research...), 48_000},
		{"RAT-03", on(coded, guideline.InCode, register("ASSOC", "2026-09-30")), on(coded, guideline.InCode, register("ASSOC", "")), 80_000},
		{"RAT-04", rises(`{}`, step(day(1).AddDate(0, -9, 0), 3_500_000), step(day(1), 4_000_000)), rises(`{}`, step(day(1).AddDate(0, -9, 0), 3_900_000), step(day(1), 4_000_000)), 10_000},
		{"RAT-04", rises(`{"rates_frozen_until":"2027-01-01"}`, step(day(1).AddDate(0, -9, 0), 3_900_000), step(day(1), 4_000_000)), rises(`{"rate_cap":"0.5"}`, step(day(1).AddDate(0, -9, 0), 3_500_000), step(day(1), 4_000_000)), 2_000},
		{"RAT-04", rises(`{}`, step(day(1).AddDate(-1, 0, 0), 3_800_000), step(day(1).AddDate(0, -6, 0), 3_900_000), step(day(1), 4_000_000)), rises(`{}`, step(day(1).AddDate(-2, 0, 0), 3_800_000), step(day(1).AddDate(-1, 0, 0), 3_900_000), step(day(1), 4_000_000)), 2_000},
		{"RAT-04", rises(`{}`, step(day(1).AddDate(-1, 0, 0), 3_900_000), guideline.RateStep{From: day(1), Rate: 4_000_000, Told: day(1).AddDate(0, 0, -59)}), rises(`{}`, step(day(1).AddDate(-1, 0, 0), 3_900_000), guideline.RateStep{From: day(1), Rate: 4_000_000, Told: day(1).AddDate(0, 0, -60)}), 2_000},
		{"RAT-05", on(coded, guideline.InCode, register("PARALG", "")), on(coded, guideline.InCode, register("AS", "")), 80_000},
		{"RAT-06", on(with(func(l *guideline.Line) { l.Code = "RV" }), guideline.InTimekeeperData, none), on(coded, guideline.InTimekeeperData, none), 80_000},
		{"RAT-07", on(more(guideline.More{JoinedOn: day(6)}), guideline.InEmployment, none), on(more(guideline.More{JoinedOn: day(5)}), guideline.InEmployment, none), 80_000},
		{"RAT-07", on(more(guideline.More{LeftOn: day(4)}), guideline.InEmployment, none), on(more(guideline.More{LeftOn: day(5)}), guideline.InEmployment, none), 80_000},
		{"RAT-08", whole(0, none, guideline.Bill{Lines: []guideline.Line{classed("PARTNR"), with(func(l *guideline.Line) { l.Hours = 29_000 })}}),
			whole(0, none, guideline.Bill{Lines: []guideline.Line{classed("PARTNR"), with(func(l *guideline.Line) { l.Hours = 30_000 })}}), 0},
		{"RAT-09", whole(0, none, guideline.Bill{Lines: there(6, "Draft reply brief on damages")}), whole(0, none, guideline.Bill{Lines: there(5, "Draft reply brief on damages")}), 0},
		{"RAT-10", on(with(func(l *guideline.Line) { l.Hours = 9_000 }), 0, none, with(func(l *guideline.Line) { l.Hours = 9_000 })), on(clean(), 0, none, clean()), 80_000},
		{"EXP-01", on(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 260_000, 2_600), guideline.InReceipt, none), on(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 250_000, 2_500), guideline.InReceipt, none), 2_600},
		{"EXP-01", on(air("Train from Leeds for the Whitlock hearing"), guideline.InReceipt, none), on(costMore(air("Train from Leeds for the Whitlock hearing"), guideline.More{Receipt: true}), guideline.InReceipt, none), 90_000},
		{"EXP-05", on(dear, 0, none), on(air("Flight to Denver in economy for deposition of Dr. Lund"), 0, none), 50_000},
		{"EXP-05", on(air("Business class flight to Tokyo for Orr hearing"), 0, none), on(costMore(air("Business class flight to Tokyo for Orr hearing"), guideline.More{FlightHours: 110_000, Approval: "mail of 3 October"}), 0, none), 90_000},
		{"EXP-06", on(cost("E110", "Hotel in Denver for 2 nights, Lund deposition", 10_000, 7_000_000, 70_000), 0, none), on(cost("E110", "Hotel in Denver for 3 nights, Lund deposition", 10_000, 7_000_000, 70_000), 0, none), 10_000},
		{"EXP-08", on(cost("E109", "Mileage to Reno courthouse and back", 1_000_000, 8_000, 8_000), 0, none), on(cost("E109", "Mileage to Reno courthouse and back", 1_000_000, 7_250, 7_250), 0, none), 750},
		{"EXP-09", on(costMore(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 1_100_000, 11_000), guideline.More{VendorMinor: 10_000}), guideline.InVendor, none),
			on(costMore(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 1_000_000, 10_000), guideline.More{VendorMinor: 10_000}), guideline.InVendor, none), 1_000},
		{"EXP-10", on(cost("E115", "Transcripts of all depositions in Reyes", 10_000, 10_001_000, 100_010), 0, known), on(cost("E115", "Transcripts of all depositions in Reyes", 10_000, 10_000_000, 100_000), 0, known), 100_010},
		{"EXP-10", on(cost("E119", "Damages report of Dr. Haas, first half", 10_000, 1_000_000, 10_000), 0, known), on(cost("E119", "Damages report of Dr. Haas, first half", 10_000, 1_000_000, 10_000), 0, terms(t, `{"approvals":[{"rule":"EXP-10","for":"e119","reference":"mail","until":"2026-10-05"}]}`)), 10_000},
		{"EXP-13", on(costs[1], 0, terms(t, `{"expense_cap":"500"}`), costs...), on(costs[0], 0, terms(t, `{"expense_cap":"500"}`), costs...), 10_000},
		{"EXP-13", on(costs[1], 0, terms(t, `{"expense_caps":{"E113":"100"}}`), costs...), on(costs[0], 0, terms(t, `{"expense_caps":{"E113":"100"}}`), costs...), 20_000},
		{"COD-06", on(with2(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 10_000, 100), "L330"), 0, terms(t, `{"no_task_on_costs":true}`)), on(with2(cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 10_000, 100), ""), 0, terms(t, `{"no_task_on_costs":true}`)), 0},
		{"COD-08", on(others[8], 0, none, others...), on(others[9], 0, none, others...), 0},
		{"COD-08", on(others[8], 0, none, others...), on(others[8], 0, terms(t, `{"other_code_share":"0.2"}`), others...), 0},
		{"COD-09", on(clean(), 0, terms(t, `{"code_dates":[{"code":"l350","until":"2026-10-04"}]}`)), on(clean(), 0, terms(t, `{"code_dates":[{"code":"L350","from":"2026-10-05","until":"2026-10-05"}]}`)), 80_000},
		{"BUD-01", whole(fees, terms(t, `{"budget":"2000"}`), guideline.Bill{BilledMinor: 100_000}), whole(fees, terms(t, `{"budget":"2000"}`), guideline.Bill{}), 60_000},
		{"BUD-02", whole(fees, terms(t, `{"phase_budgets":{"L300":"1000"}}`), guideline.Bill{}), whole(fees, terms(t, `{"phase_budgets":{"L300":"2000","L100":"1"}}`), guideline.Bill{}), 60_000},
		{"BUD-03", whole(0, terms(t, `{"budget_required":true}`), guideline.Bill{}), whole(0, terms(t, `{"budget_required":true,"budget":"90000"}`), guideline.Bill{}), 160_000},
		{"BUD-04", whole(fees, terms(t, `{"fee_cap":"2000"}`), guideline.Bill{BilledFees: 50_000}), whole(fees, terms(t, `{"fee_cap":"2000"}`), guideline.Bill{BilledFees: 40_000}), 10_000},
		{"BUD-05", whole(guideline.InMilestones, none, guideline.Bill{Milestones: []guideline.Milestone{{Name: "Discovery", Billed: true}}}), whole(guideline.InMilestones, none, guideline.Bill{Milestones: []guideline.Milestone{{Name: "Discovery", Billed: true, DoneOn: day(31)}, {Name: "Trial"}}}), 160_000},
		{"BUD-06", whole(fees, terms(t, `{"volume_tiers":[{"over":"1000","discount":"0.05"},{"over":"2000","discount":"0.1"}]}`), guideline.Bill{YearFees: 90_000}), whole(fees, terms(t, `{"volume_tiers":[{"over":"1000","discount":"0.05"},{"over":"2000","discount":"0.1"}]}`), guideline.Bill{YearFees: 90_000, DiscountMinor: 10_000}), 10_000},
		{"BUD-06", whole(fees, terms(t, `{"tiers_retroactive":true,"volume_tiers":[{"over":"1000","discount":"0.05"},{"over":"2000","discount":"0.1"}]}`), guideline.Bill{YearFees: 120_000}), whole(fees, terms(t, `{"volume_tiers":[{"over":"3000","discount":"0.05"}]}`), guideline.Bill{YearFees: 120_000}), 22_000},
		{"BUD-07", whole(fees, terms(t, `{"budget":"5000","planned_end":"2027-10-31"}`), guideline.Bill{}), whole(fees, terms(t, `{"budget":"5000","planned_end":"2026-11-30"}`), guideline.Bill{}), 0},
		{"INV-01", whole(guideline.InPeriod, none, guideline.Bill{}).but(func(s *scene) { s.c.Bill.To = day(31).AddDate(0, 0, -31) }), whole(guideline.InPeriod, none, guideline.Bill{}).but(func(s *scene) { s.c.Bill.To = day(1) }), 160_000},
		{"INV-02", whole(guideline.InLastInvoice, terms(t, `{"cycle":"monthly"}`), guideline.Bill{LastOn: day(2)}), whole(guideline.InLastInvoice, terms(t, `{"cycle":"monthly"}`), guideline.Bill{LastOn: day(1).AddDate(0, 0, -1)}), 0},
		{"INV-03", whole(0, terms(t, `{"one_matter":true}`), guideline.Bill{Lines: []guideline.Line{clean(), with(func(l *guideline.Line) { l.Matter = "m2" })}}), whole(0, terms(t, `{"one_matter":true}`), guideline.Bill{}), 160_000},
		{"INV-04", whole(guideline.InNumber, none, guideline.Bill{Number: "26-00012", NumberUsed: true}), whole(guideline.InNumber, none, guideline.Bill{Number: "26-00012"}), 160_000},
		{"INV-05", whole(guideline.InStated, none, guideline.Bill{Lines: stated(80_001), StatedTotals: []int64{80_001}}), whole(guideline.InStated, none, guideline.Bill{Lines: stated(80_000), StatedTotals: []int64{80_000}}), 80_000},
		{"INV-06", whole(guideline.InStated, none, guideline.Bill{Lines: stated(80_000), StatedTotals: []int64{79_000}}), whole(guideline.InStated, none, guideline.Bill{Lines: stated(80_000), StatedTotals: []int64{80_000}}), 80_000},
		{"INV-06", whole(guideline.InStated, none, guideline.Bill{Lines: stated(80_000), StatedTotals: []int64{80_000, 79_000}}), whole(guideline.InStated, none, guideline.Bill{Lines: stated(80_000), StatedTotals: []int64{80_000}}), 80_000},
		{"INV-07", whole(guideline.InReceiver, none, guideline.Bill{ClientID: "PEL"}), whole(guideline.InReceiver, none, guideline.Bill{ClientID: "PEL", ClientMatter: "7-21"}), 160_000},
		{"INV-08", whole(0, terms(t, `{"closed_at_client":"2026-10-31"}`), guideline.Bill{}), whole(0, terms(t, `{"closed_at_client":"2026-11-01"}`), guideline.Bill{}), 160_000},
		{"INV-09", whole(0, terms(t, `{"currency":"EUR"}`), guideline.Bill{}), whole(0, terms(t, `{"currency":"USD"}`), guideline.Bill{}), 160_000},
		{"INV-10", whole(guideline.InTax, none, guideline.Bill{Tax: guideline.Tax{Applied: 190_000, Due: 210_000}}), whole(guideline.InTax, none, guideline.Bill{Tax: guideline.Tax{Applied: 210_000, Due: 210_000}}), 160_000},
		{"INV-10", whole(guideline.InTax, none, guideline.Bill{Tax: guideline.Tax{Reverse: true}}), whole(guideline.InTax, none, guideline.Bill{Tax: guideline.Tax{Reverse: true, Note: "Reverse charge, article 196"}}), 160_000},
		{"INV-11", whole(0, none, guideline.Bill{Lines: []guideline.Line{with(func(l *guideline.Line) { l.ValueMinor = -1 })}}), whole(0, none, guideline.Bill{}), 0},
		{"INV-12", whole(0, none, guideline.Bill{Lines: []guideline.Line{with(func(l *guideline.Line) { l.ValueMinor = 24_999 })}}), whole(0, none, guideline.Bill{Lines: []guideline.Line{with(func(l *guideline.Line) { l.ValueMinor = 25_000 })}}), 0},
		{"INV-13", whole(guideline.InPO, terms(t, `{"po_required":true}`), guideline.Bill{PO: "4500", POBalance: 100_000}), whole(guideline.InPO, terms(t, `{"po_required":true}`), guideline.Bill{PO: "4500", POBalance: 160_000}), 60_000},
		{"INV-14", whole(guideline.InSplit, none, guideline.Bill{Shares: []money.Fixed4{333_333, 666_666}}), whole(guideline.InSplit, none, guideline.Bill{Shares: []money.Fixed4{333_333, 666_667}}), 160_000},
		{"INV-15", whole(fees, terms(t, `{"discount":"0.1"}`), guideline.Bill{DiscountMinor: 10_000}), whole(fees, terms(t, `{"discount":"0.1"}`), guideline.Bill{DiscountMinor: 16_000}), 6_000},
		{"INV-16", whole(guideline.InAttachments, terms(t, `{"note_required":true}`), guideline.Bill{}), whole(guideline.InAttachments, terms(t, `{"note_required":true}`), guideline.Bill{Attachments: 1}), 160_000},
		{"INV-17", whole(guideline.InTrust, none, guideline.Bill{TrustMinor: 50_000, TrustFirst: true}), whole(guideline.InTrust, none, guideline.Bill{TrustMinor: 50_000}), 0},
		{"INV-18", whole(guideline.InHolds, none, guideline.Bill{OnHold: 1}), whole(guideline.InHolds, none, guideline.Bill{}), 160_000},
	}
	tested := map[string]bool{}
	for _, c := range cases {
		tested[c.rule] = true
		at := func(fs []guideline.Finding) (f guideline.Finding, ok bool) {
			i := slices.IndexFunc(fs, func(f guideline.Finding) bool { return f.Rule == c.rule })
			if i < 0 {
				return f, false
			}
			return fs[i], true
		}
		f, ok := at(c.trips.found())
		if !ok {
			t.Errorf("%s does not trip on %+v", c.rule, c.trips.line)
			continue
		}
		r, _ := guideline.RuleByID(c.rule)
		if f.AtRiskMinor != c.risk || f.Message == "" || f.Fix == "" || f.Field == "" || f.Expected == "" || !strings.Contains(f.Message, c.rule) {
			t.Errorf("%s: at risk %d, want %d: %+v", c.rule, f.AtRiskMinor, c.risk, f)
		}
		if f.Severity != r.Severity && !strings.Contains(r.Default, "block") {
			t.Errorf("%s is %s, the table says %s", c.rule, f.Severity, r.Severity)
		}
		if f, ok := at(c.silent.found()); ok {
			t.Errorf("%s trips where it should not: %+v", c.rule, f)
		}
	}
	for _, r := range guideline.Catalogue() {
		if !tested[r.ID] && !slices.Contains(before, r.ID) {
			t.Errorf("%s has no case", r.ID)
		}
	}
}

func with2(l guideline.Line, task string) guideline.Line {
	l.Task = task
	return l
}

// before are the rules that the other tests of this package hold.
var before = strings.Fields(`NAR-01 NAR-02 NAR-03 NAR-04 NAR-06 NAR-07 NAR-08 NAR-11 TIM-01 TIM-02 TIM-04 TIM-05 TIM-06 TIM-07 TIM-08 TIM-09 TIM-12 TIM-13
	TIM-14 TIM-15 TIM-16 TIM-23 TIM-25 RAT-01 RAT-02 EXP-03 EXP-07 EXP-11 EXP-14 COD-01 COD-03 COD-04 COD-05 COD-07`)
