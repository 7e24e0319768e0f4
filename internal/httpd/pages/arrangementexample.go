package pages

import (
	"strings"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// exampleEntry is a line of the work that every example shows.
type exampleEntry struct {
	who, task   string
	hours, rate money.Fixed4
	lawyer      bool
}

var exampleEntries = []exampleEntry{
	{"A partner", "L330", 100_000, 4_000_000, true},
	{"An associate", "L330", 55_000, 2_500_000, true},
	{"A paralegal", "L140", 20_000, 1_200_000, false},
}

// exampleWork is a month's work for terms: the first fixed price and the month's fee are
// due, two units of the first price of a list are done, a collar is settled, the outcome of a success fee is there, and the client's fees of
// the year stand where the first tier of a volume discount begins.
func exampleWork(t arrangement.Terms) arrangement.Work {
	scale := money.Fixed4(1)
	if t.Currency.Exponent() == 0 {
		scale = 100 // an hour in yen costs about a hundred times what it does in dollars
	}
	w := arrangement.Work{Before: arrangement.Before{Capped: map[string]int64{}}}
	for i, e := range exampleEntries {
		phase := map[string]string{"L330": "L300", "L140": "L100"}[e.task]
		w.Fees = append(w.Fees, arrangement.Fee{Entry: e.who, On: time.Date(2026, 6, 1+i, 0, 0, 0, 0, time.UTC), Phase: phase, Task: e.task, Hours: e.hours, Rate: e.rate * scale, Lawyer: e.lawyer})
	}
	if t.Fixed != nil && len(t.Fixed.Prices) > 0 {
		w.Due = []string{t.Fixed.Prices[0].Code}
	}
	if code := t.Recurs(w.Fees[0].On); code != "" {
		w.Due = []string{code}
	}
	if t.Tasks != nil && len(t.Tasks.Prices) > 0 {
		w.Units = []arrangement.Unit{{Code: t.Tasks.Prices[0].Code, Quantity: 20_000}}
	}
	if c := t.Contingency; c != nil && len(c.Shares) > 0 {
		unit := money.Amount{Minor: 1, Currency: t.Currency}
		for range unit.Currency.Exponent() {
			unit.Minor *= 10
		}
		w.Recovery = &arrangement.Recovery{Stage: c.Shares[0].Stage, GrossMinor: 100_000 * unit.Minor, CostsMinor: 4_000 * unit.Minor}
	}
	w.Final, w.Outcome = t.Collar != nil, t.Success != nil
	if t.Volume != nil && len(t.Volume.Tiers) > 0 {
		w.Before.YearFeesMinor = t.Volume.Tiers[0].FromMinor
	}
	return w
}

// exampleSection is what the terms make of a month's work.
func exampleSection(t arrangement.Terms) Section {
	w := exampleWork(t)
	if c := t.Contingency; c != nil && c.SignedOn.IsZero() { // an example needs nobody's word
		signed := *c
		signed.SignedOn = w.Fees[0].On
		t.Contingency = &signed
	}
	bill, err := t.Price(w)
	if err != nil {
		return Section{ID: "example", Title: "A worked example", Text: "These terms cannot be worked out: " + err.Error()}
	}
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: t.Currency}) }
	table := &partial.Table{Caption: "What the terms make of a month's work", Columns: []partial.Column{{Head: "Work"}, {Head: "Hours", Right: true}, {Head: "Rate", Right: true}, {Head: "Worked", Right: true}, {Head: "Billed", Right: true}, {Head: "Because", Wide: true}}}
	for i, c := range bill.Charges {
		if i < len(w.Fees) {
			f := w.Fees[i]
			table.Rows = append(table.Rows, partial.Row{Cells: []partial.Cell{{Text: f.Entry, Sub: f.Task, Key: true}, partial.Txt(format.Hours(f.Hours)), partial.Txt(format.Rate(f.Rate, t.Currency)), partial.Txt(in(c.WorkedMinor)), partial.Txt(in(c.Minor)), partial.Txt(chargeWords(c, in))}})
			continue
		}
		why := "As agreed"
		if c.Quantity > 0 {
			why = c.Quantity.String() + " × " + format.Rate(c.Rate, t.Currency) + ", as agreed"
		}
		table.Rows = append(table.Rows, partial.Row{Cells: []partial.Cell{{Text: sentenceStart(c.What), Sub: placeName(c.Code), Key: true}, partial.Txt(""), partial.Txt(""), partial.Txt(""), partial.Txt(in(c.Minor)), partial.Txt(why)}})
	}
	if bill.HeldMinor > 0 {
		table.Rows = append(table.Rows, partial.Row{Cells: []partial.Cell{{Text: "Held back", Sub: "until " + t.Holdback.Condition, Key: true}, partial.Txt(""), partial.Txt(""), partial.Txt(""), partial.Txt(in(-bill.HeldMinor)), partial.Txt("As agreed")}})
	}
	table.Foot = []partial.Row{{Cells: []partial.Cell{{Text: "Fees of the bill", Key: true}, partial.Txt(""), partial.Txt(""), partial.Txt(in(bill.WorkedMinor)), partial.Txt(in(bill.FeesMinor - bill.HeldMinor)), partial.Txt("")}}}
	text := "Three people's work of a month, with nothing billed before on the matter."
	if t.Volume != nil {
		text = "Three people's work of a month, with fees of " + in(w.Before.YearFeesMinor) + " billed to the client this year."
	}
	if bill.PromptMinor > 0 {
		text += " On payment within " + format.Counted(t.Discount.PromptDays, "day", "days") + " of the invoice " + in(bill.PromptMinor) + " is left out."
	}
	if x := bill.Closing; x != nil {
		text += " Of " + in(x.GrossMinor) + " that came in, with costs of " + in(x.CostsMinor) + ", the fee is " + in(x.FeeMinor) + " and the client's part " + in(x.ClientMinor) + "."
	}
	text += splitExample(t, bill.FeesMinor-bill.HeldMinor, in)
	if bill.CreditMinor > 0 {
		text += " For earlier bills " + in(bill.CreditMinor) + " more is due to the client than this bill can take off."
	}
	for _, x := range bill.Warnings {
		text += " " + sentence(x.Message)
	}
	return Section{ID: "example", Title: "A worked example", Note: "Nothing is billed by it", Text: text, Table: table}
}

// chargeWords say why a charge is another than the value of the work.
func chargeWords(c arrangement.Charge, in func(int64) string) string {
	var parts []string
	for _, s := range c.Steps {
		parts = append(parts, stepNames[s.Reason]+" "+signed(s.Minor, in))
	}
	if len(parts) == 0 {
		return "At its rate"
	}
	return strings.Join(parts, ", ")
}

var stepNames = map[arrangement.Reason]string{
	arrangement.ReasonRate: "Blended rate", arrangement.ReasonFixed: "In the agreed price", arrangement.ReasonCap: "Cap", arrangement.ReasonDiscount: "Discount", arrangement.ReasonCourtesy: "No charge", arrangement.ReasonDown: "Written down",
}

// signed is an amount with its sign, also above zero.
func signed(minor int64, in func(int64) string) string {
	if minor > 0 {
		return "+" + in(minor)
	}
	return in(minor)
}

// placeName is what a price is for, as a page shows it: a phase, a task or a period.
func placeName(code string) string {
	if name, ok := arrangement.PeriodName(code); ok {
		return name
	}
	if c, ok := utbms.Lookup(code); ok {
		return code + " " + c.Name
	}
	return code
}

func sentenceStart(s string) string { return format.Capital(s) }
