package guideline

import (
	"fmt"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Rules about rates and prices. Amounts in the parameters are in the line's currency.
var priceChecks = []check{
	{"RAT-01", InRate | InAgreedRate, rateOverAgreed},
	{"RAT-02", InAgreedRate, noRate},
	{"EXP-02", InExpense | InUnitCost, copyPrice},
	{"EXP-03", InExpense, overhead},
	{"EXP-04", InExpense, onlineResearch},
	{"EXP-07", InExpense | InUnitCost, mealCap},
	{"EXP-14", InExpense | InUnitCost, noQuantity},
	{"EXP-15", InExpense | InUnitCost, courier},
}

func rateOverAgreed(j *job) {
	if !j.HasRate || j.Rate <= j.AgreedRate {
		return
	}
	agreed, cut := j.AgreedRate.Text(2), j.full()
	if v, err := money.Line(j.Hours, j.AgreedRate, j.Currency, money.HalfUp); err == nil {
		cut -= v
	}
	j.report(remark{
		field: "rate", observed: j.Rate.Text(2), expected: agreed,
		fact: fmt.Sprintf("The rate is %s, agreed for the work date is %s.", j.Rate.Text(2), agreed), ask: "no line is over the agreed rate",
		fix: "Cut the rate to " + agreed, proposal: &Proposal{Field: "rate", Value: agreed, Reason: "RATE"}, atRisk: cut,
	})
}

func noRate(j *job) {
	if j.HasRate {
		return
	}
	j.report(remark{
		field: "rate", expected: "an agreed rate",
		fact: "No rate is agreed for this timekeeper on the work date.", ask: "every line has an agreed rate",
		fix: "Enter a rate for the matter, the client or the firm that covers " + date(j.On), atRisk: j.ValueMinor,
	})
}

func copyPrice(j *job) {
	if j.Expense == "E101" {
		j.capPrice("a page", "copies", j.policy.CopyPrice)
	}
}

func mealCap(j *job) {
	if j.Expense == "E111" {
		j.capPrice("a person and day", "meals", j.policy.MealCap)
	}
}

// capPrice proposes the agreed unit price where the line is over it.
func (j *job) capPrice(unit, what string, limit money.Fixed4) {
	if j.UnitCost <= limit {
		return
	}
	to, err := money.Line(j.Quantity, limit, j.Currency, money.HalfUp)
	if err != nil || j.ValueMinor <= to {
		return
	}
	j.report(remark{
		field: "unit_cost", observed: j.UnitCost.Text(2), expected: "at most " + limit.Text(2), params: "max=" + limit.Text(2),
		fact: fmt.Sprintf("The price is %s %s.", j.UnitCost.Text(2), unit), ask: fmt.Sprintf("%s are paid up to %s %s", what, limit.Text(2), unit),
		fix: "Cut the price to " + limit.Text(2), proposal: &Proposal{Field: "value", Value: j.amount(to), Reason: "GUIDELINE"}, atRisk: j.ValueMinor - to,
	})
}

func overhead(j *job) {
	if j.Expense != "E103" && j.Expense != "E104" && j.Expense != "E105" {
		return
	}
	c, _ := utbms.Lookup(j.Expense)
	j.unpaid(c.Name+" is billed as a cost.", "overhead is not reimbursed")
}

func onlineResearch(j *job) {
	if j.Expense == "E106" {
		j.unpaid("Online research is billed as a cost.", "flat database charges are not passed on")
	}
}

func (j *job) unpaid(fact, ask string) {
	if j.ValueMinor == 0 && j.Known&InUnitCost != 0 {
		return // already at no charge
	}
	m := remark{field: "expense_code", observed: j.Expense, expected: "no charge", fact: fact, ask: ask, fix: "Bill it at no charge", atRisk: j.ValueMinor}
	if j.ValueMinor > 0 {
		m.proposal = &Proposal{Field: "value", Value: j.amount(0), Reason: "GUIDELINE"}
	}
	j.report(m)
}

func noQuantity(j *job) {
	if j.Quantity != 0 && j.UnitCost != 0 {
		return
	}
	j.report(remark{
		field: "quantity", observed: j.Quantity.String() + " at " + j.UnitCost.Text(2), expected: "quantity and unit price",
		fact: "The expense has no quantity or no unit price.", ask: "an expense states both", so: "The receiver refuses the line.",
		fix: "Enter quantity and unit price", atRisk: j.ValueMinor,
	})
}

func courier(j *job) {
	over, err := money.Line(10_000, j.policy.CourierOver, j.Currency, money.HalfUp)
	if err != nil || j.Expense != "E107" || j.ValueMinor <= over {
		return
	}
	j.report(remark{
		field: "expense_code", observed: j.Expense, expected: "a stated need", params: "over=" + j.policy.CourierOver.Text(2),
		fact: "A courier above " + j.policy.CourierOver.Text(2) + " is billed.", ask: "overnight delivery needs a stated reason",
		fix: "Say in the text why it was urgent", atRisk: j.ValueMinor,
	})
}
