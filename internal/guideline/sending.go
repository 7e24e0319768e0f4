package guideline

import (
	"fmt"

	"github.com/docketry/docketry/internal/money"
)

// Rules about a bill as its receiver takes it.
var sendingChecks = []check{
	{"INV-04", InBill | InNumber, numberUsed},
	{"INV-05", InBill | InStated, lineArithmetic},
	{"INV-06", InBill | InStated, billArithmetic},
	{"INV-07", InBill | InReceiver, receiverIDs},
	{"INV-08", InBill, closedAtClient},
	{"INV-13", InBill | InPO, purchaseOrder},
}

func numberUsed(j *job) {
	if !j.Bill.NumberUsed {
		return
	}
	j.report(remark{
		field: "number", observed: j.Bill.Number, expected: "a number of its own",
		fact: "Invoice number " + j.Bill.Number + " is used already.", ask: "a number is used once", so: "The receiver takes it for a duplicate.",
		fix: "Send it as a version of the invoice that failed, or under the next number", atRisk: j.Bill.total,
	})
}

func lineArithmetic(j *job) {
	wrong, first := 0, ""
	for i := range j.Bill.Lines {
		l := &j.Bill.Lines[i]
		qty, price := l.Hours, l.Rate
		if l.Kind == Expense {
			qty, price = l.Quantity, l.UnitCost
		}
		v, err := money.Line(qty, price, l.Currency, money.HalfUp)
		if err != nil || v+l.more().AdjustMinor == l.more().TotalMinor {
			continue
		}
		if wrong++; wrong == 1 {
			at := money.Amount{Minor: v + l.more().AdjustMinor, Currency: l.Currency}
			says := money.Amount{Minor: l.more().TotalMinor, Currency: l.Currency}
			first = fmt.Sprintf("Line %s multiplies to %s and says %s", l.ID, at.Text(), says.Text())
		}
	}
	switch {
	case wrong == 0:
		return
	case wrong > 1:
		first += fmt.Sprintf(", and %s like it", plural(wrong-1, "line is", "lines are"))
	}
	j.report(remark{
		field: "lines", observed: plural(wrong, "line", "lines"), expected: "units x price + adjustment = total",
		fact: first + ".", ask: "a line's total is units x price + adjustment", so: "The receiver refuses the file.", fix: "Correct the totals of the lines", atRisk: j.Bill.total,
	})
}

func billArithmetic(j *job) {
	var sum int64
	for i := range j.Bill.Lines {
		sum += j.Bill.Lines[i].more().TotalMinor
	}
	m := remark{field: "total", expected: j.amount(sum), ask: "the invoice total is the sum of its lines and the same on each", so: "The receiver refuses the file.", fix: "Correct the invoice total", atRisk: j.Bill.total}
	switch {
	case len(j.Bill.StatedTotals) == 0:
		return
	case len(j.Bill.StatedTotals) > 1:
		m.observed = fmt.Sprintf("%d different totals", len(j.Bill.StatedTotals))
		m.fact = "The lines state " + m.observed + " of the invoice."
	case j.Bill.StatedTotals[0] != sum:
		m.observed = j.amount(j.Bill.StatedTotals[0])
		m.fact = fmt.Sprintf("The lines come to %s, the invoice says %s.", j.amount(sum), m.observed)
	default:
		return
	}
	j.report(m)
}

func receiverIDs(j *job) {
	missing := ""
	switch {
	case j.Bill.ClientID == "" && j.Bill.ClientMatter == "":
		missing = "client and matter number"
	case j.Bill.ClientID == "":
		missing = "client number"
	case j.Bill.ClientMatter == "":
		missing = "matter number"
	default:
		return
	}
	j.report(remark{
		field: "client_matter", observed: "no " + missing, expected: "the receiver's own " + missing,
		fact: "The matter has no " + missing + " of the receiver.", ask: "an e-bill carries the receiver's own numbers", so: "The receiver cannot place the invoice.",
		fix: "Enter the number that the client gave", atRisk: j.Bill.total,
	})
}

func closedAtClient(j *job) {
	closed := j.policy.ClientClosed
	if closed.IsZero() || !j.On.IsZero() && dayOf(j.On) < dayOf(closed) {
		return
	}
	j.report(remark{
		field: "matter", observed: "closed on " + date(closed), expected: "open at the client",
		fact: "The client closed the matter on " + date(closed) + ".", ask: "invoices are for matters that are open at the client", so: "The receiver refuses the invoice.",
		fix: "Have the client open the matter again", atRisk: j.Bill.total,
	})
}

func purchaseOrder(j *job) {
	if !j.policy.PORequired {
		return
	}
	due := j.Bill.total
	if j.Bill.Ordered != nil {
		due = *j.Bill.Ordered
	}
	m := remark{field: "po_number", ask: "an invoice names a purchase order that covers it", so: "The receiver refuses the invoice.", atRisk: due}
	switch {
	case j.Bill.Ordered != nil && due == 0: // of a split bill, nothing for who wants an order
		return
	case j.Bill.PO == "":
		m.observed, m.expected, m.fact, m.fix = "none", "a purchase order", "The bill has no purchase order.", "Enter the number that the client gave"
	case j.Bill.POBalance < due && j.Bill.POShared:
		m.observed, m.expected = "less", "at least "+j.amount(due)
		m.fact = fmt.Sprintf("Purchase order %s, which is for other matters too, has less left than the bill of %s.", j.Bill.PO, j.amount(due))
		m.fix = "Ask the client for more on the order, or another one"
	case j.Bill.POBalance < due:
		m.observed, m.expected = j.amount(j.Bill.POBalance), "at least "+j.amount(due)
		m.fact = fmt.Sprintf("Purchase order %s has %s left, the bill comes to %s.", j.Bill.PO, m.observed, j.amount(due))
		m.fix, m.atRisk = "Ask the client for more on the order, or another one", due-j.Bill.POBalance
	default:
		return
	}
	j.report(m)
}
