package guideline

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/money"
)

// Rules about a bill as what its client agreed to.
var invoiceChecks = []check{
	{"INV-01", InBill | InPeriod | InToday, invoiceLate},
	{"INV-02", InBill | InLastInvoice, wrongCycle},
	{"INV-03", InBill | InMatter, mixedMatters},
	{"INV-09", InBill, wrongCurrency},
	{"INV-10", InBill | InTax, wrongTax},
	{"INV-11", InBill, notPositive},
	{"INV-12", InBill, belowMinimum},
	{"INV-14", InBill | InSplit, splitSum},
	{"INV-15", InBill | InDiscount, discountMissing},
	{"INV-16", InBill | InAttachments, noteMissing},
	{"INV-17", InBill | InTrust, trustFirst},
	{"INV-18", InBill | InHolds, unresolvedHold},
}

// invoiceLate counts from the end of the period to the invoice's date, or today.
func invoiceLate(j *job) {
	to := j.Bill.On
	if to.IsZero() {
		to = j.Today
	}
	days := dayOf(to) - dayOf(j.Bill.To)
	if days <= j.policy.LateWarn {
		return
	}
	severity := Warn
	if days > j.policy.LateBlock {
		severity = Block
	}
	j.report(remark{
		severity: severity, field: "invoice_date", observed: plural(days, "day", "days"), expected: fmt.Sprintf("at most %d days after the period", j.policy.LateWarn),
		params: fmt.Sprintf("warn_days=%d block_days=%d", j.policy.LateWarn, j.policy.LateBlock),
		fact:   fmt.Sprintf("The period ended on %s, %d days before the bill.", date(j.Bill.To), days), ask: fmt.Sprintf("a bill comes within %d days of its period", j.policy.LateWarn),
		so: "A payor may refuse a late bill whole.", fix: "Ask the client to accept the late bill", atRisk: j.Bill.total,
	})
}

// wrongCycle compares months, not days: bills of a monthly cycle come early and late
// in their months.
func wrongCycle(j *job) {
	months := cycles[j.policy.Cycle]
	if months == 0 || j.Bill.LastOn.IsZero() || j.Bill.On.IsZero() {
		return
	}
	passed := (j.Bill.On.Year()-j.Bill.LastOn.Year())*12 + int(j.Bill.On.Month()) - int(j.Bill.LastOn.Month())
	if passed == months {
		return
	}
	how := "sooner"
	if passed > months {
		how = "later"
	}
	j.report(remark{
		field: "invoice_date", observed: date(j.Bill.On), expected: j.policy.Cycle + " after " + date(j.Bill.LastOn), params: "cycle=" + j.policy.Cycle,
		fact: fmt.Sprintf("The last invoice is of %s; this one comes %s than the cycle says.", date(j.Bill.LastOn), how), ask: "the matter is billed " + j.policy.Cycle,
		so: "A payor may ask why.", fix: "Bill with the cycle, or say why not",
	})
}

func mixedMatters(j *job) {
	if !j.policy.OneMatter {
		return
	}
	seen := map[string]bool{}
	for i := range j.Bill.Lines {
		seen[j.Bill.Lines[i].Matter] = true
	}
	if len(seen) <= 1 {
		return
	}
	j.report(remark{
		field: "matter", observed: plural(len(seen), "matter", "matters"), expected: "one",
		fact: fmt.Sprintf("The bill holds lines of %d matters.", len(seen)), ask: "each matter has an invoice of its own",
		so: "The receiver refuses the invoice.", fix: "Make one invoice for each matter", atRisk: j.Bill.total,
	})
}

func wrongCurrency(j *job) {
	if j.policy.BillCurrency == "" || j.Currency == j.policy.BillCurrency {
		return
	}
	j.report(remark{
		field: "currency", observed: string(j.Currency), expected: string(j.policy.BillCurrency),
		fact: fmt.Sprintf("The bill is in %s, the client agreed to %s.", j.Currency, j.policy.BillCurrency), ask: "bills are in the agreed currency",
		fix: "Correct the matter's currency before it is billed", atRisk: j.Bill.total,
	})
}

func wrongTax(j *job) {
	x := j.Bill.Tax
	m := remark{field: "tax", observed: percent(x.Applied), expected: percent(x.Due), ask: "the tax is that of seller, buyer, place and date", fix: "Correct the matter's tax", atRisk: j.Bill.total}
	if x.DueWords != "" {
		m.expected = x.DueWords
	}
	switch {
	case x.Missing != "":
		m.fact, m.observed, m.expected, m.fix = x.Missing, "no rate", "a rate that holds on the day", "Enter the tax code that holds, or choose another treatment"
	case x.Reverse && x.Applied != 0:
		m.fact, m.expected = "The bill charges "+percent(x.Applied)+" tax, and the buyer accounts for it.", "no tax"
	case x.Reverse && strings.TrimSpace(x.Note) == "":
		m.fact, m.observed, m.expected = "The buyer accounts for the tax, and the bill does not say so.", "no note", "the note of the reverse charge"
		m.fix = "Enter the matter's tax note"
	case x.Reverse && x.NoNumber:
		m.fact, m.observed, m.expected = "The buyer accounts for the tax, and has no tax number.", "no tax number", "the buyer's tax number"
		m.fix = "Enter the payor's tax number"
	case !x.Reverse && x.Applied != x.Due:
		m.fact = fmt.Sprintf("The bill charges %s tax, %s are due.", percent(x.Applied), m.expected)
	default:
		return
	}
	j.report(m)
}

func notPositive(j *job) {
	if j.Bill.total > 0 || j.Bill.total == 0 && j.Bill.Free {
		return
	}
	j.report(remark{
		field: "total", observed: j.amount(j.Bill.total), expected: "above " + j.amount(0),
		fact: "The bill comes to " + j.amount(j.Bill.total) + ".", ask: "an invoice has a total above zero", fix: "Make a credit note, or hold the lines for the next bill",
	})
}

func belowMinimum(j *job) {
	least := j.minor(j.policy.Minimum)
	if j.Bill.total <= 0 || j.Bill.total >= least {
		return
	}
	j.report(remark{
		field: "total", observed: j.amount(j.Bill.total), expected: "at least " + j.amount(least), params: "min=" + j.policy.Minimum.Text(2),
		fact: "The bill comes to " + j.amount(j.Bill.total) + ".", ask: "bills are of at least " + j.amount(least),
		so: "The client would rather have it with the next one.", fix: "Hold it to the next cycle",
	})
}

func splitSum(j *job) {
	const whole money.Fixed4 = 1_000_000 // 100.0000
	if len(j.Bill.Shares) == 0 {
		return // one payor pays it all
	}
	var sum money.Fixed4
	for _, s := range j.Bill.Shares {
		sum += s
	}
	if sum == whole {
		return
	}
	j.report(remark{
		field: "split", observed: sum.Text(4), expected: whole.Text(4),
		fact: "The payors' shares add up to " + sum.Text(4) + " percent.", ask: "shares add up to 100.0000 percent", fix: "Correct the shares", atRisk: j.Bill.total,
	})
}

func discountMissing(j *job) {
	due := shareOf(j.policy.Discount, j.Bill.newFees())
	missing := due - j.Bill.DiscountMinor
	if j.policy.Discount == 0 || missing <= 0 {
		return
	}
	j.report(remark{
		field: "fees", observed: j.amount(j.Bill.DiscountMinor), expected: j.amount(due), params: "discount=" + j.policy.Discount.String(),
		fact: fmt.Sprintf("A discount of %s is agreed, %s; the bill has %s.", percent(j.policy.Discount), j.amount(due), j.amount(j.Bill.DiscountMinor)), ask: "fees have the agreed discount",
		fix: "Write fees of " + j.amount(missing) + " down", proposal: j.lessFees(missing, "DISCOUNT"), atRisk: missing,
	})
}

func noteMissing(j *job) {
	if !j.policy.NoteRequired || j.Bill.Attachments > 0 {
		return
	}
	j.report(remark{
		field: "attachments", observed: "none", expected: "a status note",
		fact: "The invoice has no status note.", ask: "each invoice comes with a status note", so: "The receiver refuses the invoice.", fix: "Attach the note", atRisk: j.Bill.total,
	})
}

func trustFirst(j *job) {
	if !j.Bill.TrustFirst || j.Bill.TrustMinor <= 0 {
		return
	}
	apply := min(j.Bill.TrustMinor, max(j.Bill.total, 0))
	j.report(remark{
		field: "trust", observed: j.amount(j.Bill.TrustMinor), expected: "applied to this bill",
		fact: "An advance of " + j.amount(j.Bill.TrustMinor) + " is held for the matter.", ask: "an advance is applied before the client pays",
		so: "The client would pay twice for a while.", fix: "Ask for approval to apply " + j.amount(apply),
	})
}

func unresolvedHold(j *job) {
	if j.Bill.OnHold == 0 {
		return
	}
	j.report(remark{
		field: "lines", observed: plural(j.Bill.OnHold, "line", "lines"), expected: "none on hold or in dispute",
		fact: fmt.Sprintf("%s on the bill, on hold or in dispute.", plural(j.Bill.OnHold, "line is", "lines are")), ask: "what is on hold or in dispute is not billed",
		fix: "Take the lines off, or settle what they wait for", atRisk: j.Bill.total,
	})
}
