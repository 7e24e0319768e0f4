package guideline

import (
	"fmt"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Rules about costs and their papers.
var costChecks = []check{
	{ReceiptRule, InExpense | InReceipt, receiptMissing},
	{"EXP-05", InExpense | InNarrative, airClass},
	{"EXP-06", InExpense | InNarrative | InUnitCost, hotelCap},
	{"EXP-08", InExpense | InNarrative | InUnitCost | InDate, mileage},
	{"EXP-09", InExpense | InVendor, markup},
	{"EXP-10", InExpense | InApprovals, costApproval},
	{"EXP-13", InExpense | InBill, expenseCap},
}

// ReceiptRule asks for the paper behind a cost, which is attached to the cost itself.
const ReceiptRule = "EXP-01"

func receiptMissing(j *job) {
	if j.more().Receipt || j.ValueMinor <= 0 || j.Expense != "E110" && j.ValueMinor <= j.minor(j.policy.ReceiptOver) {
		return
	}
	limit := "above " + j.policy.ReceiptOver.Text(2)
	j.report(remark{
		field: "receipt", observed: "none", expected: "a receipt", params: "over=" + j.policy.ReceiptOver.Text(2),
		fact: "The cost has no receipt.", ask: "costs " + limit + ", and travel always, come with a receipt", fix: "Attach the receipt", atRisk: j.ValueMinor,
	})
}

// says tells whether any of the phrases stands in the narrative.
func (t *text) says(phrases *lexicon) bool { return phrases.all(t.words) != nil }

func phrases(list ...string) *lexicon {
	lx := &lexicon{byFirst: map[string][]*term{}}
	for _, p := range list {
		lx.add(restricted, p)
	}
	return lx
}

var (
	firstClass    = phrases("first class", "first-class")
	businessClass = phrases("business class", "business-class", "club class", "club world")
	lodging       = phrases("hotel", "hotels", "lodging", "accommodation", "motel", "inn", "overnight stay")
	driven        = phrases("mile", "miles", "mileage", "km", "kilometer", "kilometers", "kilometre", "kilometres")
	inKilometers  = phrases("km", "kilometer", "kilometers", "kilometre", "kilometres")
)

// longFlight is when business class is accepted with approval.
const longFlight money.Fixed4 = 60_000

func airClass(j *job) {
	if j.Expense != "E110" {
		return
	}
	class := ""
	switch {
	case j.text.says(firstClass):
		class = "first class"
	case j.text.says(businessClass) && !(j.more().FlightHours > longFlight && j.approved("EXP-05")):
		class = "business class"
	default:
		return
	}
	m := remark{
		field: "fare_class", observed: class, expected: "economy", params: "business_over_hours=" + longFlight.String(),
		fact: "The flight was in " + class + ".", ask: "flights are paid in economy, business only above " + longFlight.String() + " h and approved",
		fix: "Enter the economy fare and bill that", atRisk: j.ValueMinor,
	}
	if economy := j.more().EconomyMinor; economy > 0 {
		if j.ValueMinor <= economy {
			return // cut already
		}
		m.fix, m.atRisk = "Bill the economy fare of "+j.amount(economy), j.ValueMinor-economy
		m.proposal = &Proposal{Field: "value", Value: j.amount(economy), Reason: "GUIDELINE"}
	}
	j.report(m)
}

func hotelCap(j *job) {
	if j.Expense != "E110" || !j.text.says(lodging) {
		return
	}
	nights := j.Quantity
	if nights == 10_000 {
		nights = max(j.text.counted("night", "nights")*10_000, nights)
	}
	to, err := money.Line(nights, j.policy.HotelCap, j.Currency, money.HalfUp)
	if err != nil || j.ValueMinor <= to {
		return
	}
	limit := j.policy.HotelCap.Text(2)
	j.report(remark{
		field: "unit_cost", observed: j.amount(j.ValueMinor) + " for " + plural(int(nights/10_000), "night", "nights"), expected: "at most " + limit + " a night", params: "max=" + limit,
		fact: fmt.Sprintf("The hotel costs %s for %s.", j.amount(j.ValueMinor), plural(int(nights/10_000), "night", "nights")), ask: "hotels are paid up to " + limit + " a night",
		fix: "Cut it to " + j.amount(to), proposal: &Proposal{Field: "value", Value: j.amount(to), Reason: "GUIDELINE"}, atRisk: j.ValueMinor - to,
	})
}

// counted is the number before one of the words, 0 when there is none.
func (t *text) counted(units ...string) money.Fixed4 {
	for i := 1; i < len(t.words); i++ {
		for _, u := range units {
			n, err := strconv.Atoi(t.words[i-1].low)
			if t.words[i].low == u && err == nil && n > 0 && n < 1_000 {
				return money.Fixed4(n)
			}
		}
	}
	return 0
}

// officialMile is what tax authorities accept for a mile by car: the business rate of
// the United States by year, and that of the United Kingdom. Elsewhere the client's
// guidelines say.
func officialMile(c money.Currency, on time.Time) money.Fixed4 {
	if c == "GBP" {
		return 4_500
	}
	if c != "USD" {
		return 0
	}
	switch {
	case on.Year() >= 2026:
		return 7_250
	case on.Year() == 2025:
		return 7_000
	case on.Year() == 2024:
		return 6_700
	default:
		return 6_550
	}
}

func mileage(j *job) {
	if j.Expense != "E109" && j.Expense != "E110" || !j.text.says(driven) {
		return
	}
	limit, unit := j.policy.MileageRate, "a mile"
	if j.text.says(inKilometers) {
		unit = "a km"
	}
	if limit == 0 && unit == "a mile" {
		limit = officialMile(j.Currency, j.On)
	}
	if limit > 0 && j.Quantity > 10_000 { // one at the whole price states no rate
		j.capPrice(unit, "miles", limit)
	}
}

func markup(j *job) {
	paid := j.more().VendorMinor
	if paid <= 0 || j.ValueMinor <= paid {
		return
	}
	j.report(remark{
		field: "value", observed: j.amount(j.ValueMinor), expected: j.amount(paid),
		fact: fmt.Sprintf("The cost is billed at %s, the vendor billed %s.", j.amount(j.ValueMinor), j.amount(paid)), ask: "costs of third parties are passed on as they are",
		fix: "Bill what the vendor billed", proposal: &Proposal{Field: "value", Value: j.amount(paid), Reason: "GUIDELINE"}, atRisk: j.ValueMinor - paid,
	})
}

// always need approval: experts, investigators, arbitrators, local counsel and other
// professionals.
var alwaysApproved = set("E119 E120 E121 E122 E123")

func costApproval(j *job) {
	over := j.minor(j.policy.ApprovalOver)
	if !alwaysApproved[j.Expense] && j.ValueMinor <= over || j.ValueMinor <= 0 || j.approved("EXP-10") {
		return
	}
	limit := j.policy.ApprovalOver.Text(2)
	j.report(remark{
		field: "value", observed: j.amount(j.ValueMinor), expected: "the client's approval", params: "over=" + limit,
		fact: fmt.Sprintf("A cost of %s has no approval of the client.", j.amount(j.ValueMinor)), ask: "costs above " + limit + ", and experts and other outside people always, are approved beforehand",
		fix: "Enter the reference of the approval, or ask the client for it", atRisk: j.ValueMinor,
	})
}

func expenseCap(j *job) {
	for _, c := range []struct {
		what          string
		limit         money.Fixed4
		before, spent int64
	}{
		{"all costs", j.policy.ExpenseCap, sumOf(j.Bill.BilledExpenses), j.Bill.spent[j.ID]},
		{"costs with code " + j.Expense, j.policy.ExpenseCaps[j.Expense], j.Bill.BilledExpenses[j.Expense], j.Bill.spentCode[j.ID]},
	} {
		sum, limit := c.before+c.spent, j.minor(c.limit)
		if c.limit == 0 || sum <= limit || j.ValueMinor <= 0 {
			continue
		}
		j.report(remark{
			field: "value", observed: j.amount(sum), expected: "at most " + j.amount(limit), params: "cap=" + c.limit.Text(2),
			fact: fmt.Sprintf("After this line %s come to %s.", c.what, j.amount(sum)), ask: fmt.Sprintf("%s of the matter stay within %s", c.what, j.amount(limit)),
			fix: "Ask the client to raise the cap, or write down what is over it", atRisk: min(sum-limit, j.ValueMinor),
		})
		return
	}
}

func sumOf(m map[string]int64) (sum int64) {
	for _, v := range m {
		sum += v
	}
	return sum
}
