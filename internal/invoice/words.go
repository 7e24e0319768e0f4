package invoice

import (
	"cmp"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

// The words of the sheet. Paper and pages set them, each in its own way, so that
// what a reader sees on a screen is what the payor was sent.

// Heading is what the document is: "Invoice", "Credit note" or "Closing statement".
func (d *Document) Heading() string {
	switch d.Kind {
	case KindCreditNote:
		return "Credit note"
	case kindClosing:
		return "Closing statement"
	case KindInvoice:
	}
	return "Invoice"
}

// title is "Invoice HV-20948".
func (d *Document) title() string { return d.Heading() + " " + d.Number }

// Fact is a label with its value.
type Fact struct{ Label, Value string }

// Facts are number, dates and tax id, as the letterhead states them.
func (d *Document) Facts() []Fact {
	facts := []Fact{{"Number", d.Number}, {"Date", d.IssuedOn.Long()}}
	if d.Kind == kindClosing {
		return []Fact{{"Of invoice", d.Number}, {"Date", d.IssuedOn.Long()}}
	}
	if d.Corrects != nil {
		facts = append(facts, Fact{"Credits invoice", d.Corrects.Number}, Fact{"of", d.Corrects.IssuedOn.Long()})
	} else {
		facts = append(facts, Fact{"Due", d.DueOn.Long()})
	}
	if d.PO != "" {
		facts = append(facts, Fact{"Your order", d.PO})
	}
	if d.Firm.TaxID != "" {
		facts = append(facts, Fact{"Tax ID", d.Firm.TaxID})
	}
	for _, x := range d.Taxes {
		f := Fact{x.Name + " no.", x.Number}
		if x.Number != "" && x.Number != d.Firm.TaxID && !slices.Contains(facts, f) {
			facts = append(facts, f)
		}
	}
	return facts
}

// MatterLines say what the work was for, the matter's name first.
func (d *Document) MatterLines() []string {
	lines := []string{d.Matter.Name}
	if d.Client.Name != d.Payor.Name {
		lines = append(lines, "Client: "+d.Client.Name)
	}
	ours := "Our " + d.Matter.Number
	if d.Matter.ClientRef != "" {
		ours += " · Your " + d.Matter.ClientRef
	}
	return append(lines, ours, "Services "+period(d.From, d.To))
}

// Printed is a line as a client reads it. Hours and Rate are of fees only: the
// quantity of a cost is no time, and stands in Note.
type Printed struct {
	Date, Who, Codes, Narrative string
	Note                        string // quantity and price of a cost, and why the amount is another; "" for none
	Hours, Rate, Amount         string
}

// Print is a line of d in the words of the sheet.
func (d *Document) Print(l *Line) Printed {
	p := Printed{Date: d.columnDate(l.On), Who: l.Who, Codes: l.ExpenseCode, Narrative: l.Narrative, Note: d.note(l), Amount: amount(l.AmountMinor, d.Currency)}
	if l.Kind == Fee {
		p.Codes = strings.TrimSpace(l.Task + " " + l.Activity)
		p.Hours, p.Rate = hours(l.QuantityE4), rate(l.RateE4, d.Currency)
	}
	return p
}

// columnDate names the year only when the lines are not all of one.
func (d *Document) columnDate(on Day) string {
	if d.From != "" && d.From[:4] != d.To[:4] {
		return on.Time().Format("02 Jan 06")
	}
	return on.Time().Format("02 Jan")
}

// oneUnit is a quantity of 1.
const oneUnit money.Fixed4 = 10_000

// converted is "EUR 120.00 at 1.08450000 of 3 March 2026" for what was paid or agreed in another
// currency: of a cost what was paid, of work its rate.
func (d *Document) converted(l *Line) string {
	c := l.Converted
	if c == nil || l.QuantityE4 == 0 {
		return ""
	}
	text := c.PriceE4.Text(c.From.Exponent())
	if l.Kind == Fee {
		text += " an hour"
	} else if minor, err := money.Line(l.QuantityE4, c.PriceE4, c.From, d.Rounding); err == nil {
		text = money.Amount{Minor: minor, Currency: c.From}.Text()
	}
	return exchange.Said(c.From, text, c.RateE8, string(c.On))
}

// note is "640 × 0.10" for a cost or a price of more than one of a thing, and says why
// quantity times price is not the amount: "422.50, discount −10.01".
func (d *Document) note(l *Line) string {
	var units, why string
	adjust := l.AdjustMinor
	if l.WholeNo > 0 && l.Kind != Adjustment {
		adjust = l.WholeMinor - l.ValueMinor
	}
	if (l.Kind == Expense || l.Kind == Price) && l.QuantityE4 != oneUnit && l.QuantityE4 != 0 {
		units = quantity(l.QuantityE4) + " × " + rate(l.RateE4, d.Currency)
	}
	if adjust != 0 && l.Kind != Adjustment && (l.OfNo == 0 || l.QuantityE4 != 0) {
		why = amount(l.ValueMinor, d.Currency) + ", " + reduction(l.Reason, adjust) + " " + amount(adjust, d.Currency)
	}
	if units != "" && why != "" {
		units += " = "
	}
	note := units + why
	if said := d.converted(l); said != "" {
		if note != "" {
			said += "; "
		}
		note = said + note
	}
	more := ""
	switch {
	case l.OfNo > 0:
		more = d.ofLine(l)
	case l.WholeNo > 0 && l.WholeMinor != l.AmountMinor:
		more = "share of " + amount(l.WholeMinor, d.Currency)
	}
	if note != "" && more != "" {
		note += "; "
	}
	return note + more
}

func reduction(reason string, adjust int64) string {
	if adjust > 0 && reason != "MERGE" {
		return "adjustment"
	}
	return cmp.Or(reductions[reason], "reduction")
}

// Sum is a line below others: what is summed, and the sum in minor units of the
// document's currency. Hours are only of the sum of fees.
type Sum struct {
	Label string
	Hours string
	Minor int64
}

// Subtotal is the sum of the expenses, or of the fees with what stands beside them;
// ok is false when there are none.
func (d *Document) Subtotal(kind LineKind) (s Sum, ok bool) {
	var sum money.Fixed4
	for i := range d.Lines {
		l := &d.Lines[i]
		ok = ok || (l.Kind == Expense) == (kind == Expense)
		if l.Kind == Fee {
			sum += l.QuantityE4
		}
	}
	if kind == Fee {
		return Sum{"Fees", hours(sum), d.Totals.FeesMinor}, ok
	}
	return Sum{"Expenses", "", d.Totals.ExpensesMinor}, ok
}

// Sums lead from the subtotals to what is to be paid: net, where it is not plain
// from the subtotals, and the taxes by rate or levy. Where part of the total is withheld by
// who pays, they end with the total and what is withheld, below zero.
func (d *Document) Sums() (sums []Sum) {
	t := d.Totals
	if len(d.Taxes) > 0 || (t.FeesMinor != 0 && t.ExpensesMinor != 0) {
		sums = append(sums, Sum{Label: "Fees and expenses", Minor: t.NetMinor})
	}
	for _, x := range d.Taxes {
		sums = append(sums, Sum{Label: x.Words(d.Currency), Minor: x.TaxMinor})
	}
	if len(d.Withheld) > 0 {
		sums = append(sums, Sum{Label: "Total", Minor: t.TotalMinor})
	}
	for _, x := range d.Withheld {
		sums = append(sums, Sum{Label: x.Words(d.Currency) + ", withheld by you", Minor: -x.TaxMinor})
	}
	return sums
}

// Words is a tax as the sheet names it: "VAT 20% on 1,000.00".
func (x Tax) Words(c money.Currency) string {
	return x.Name + " " + percent(x.RateE6) + " on " + amount(x.BaseMinor, c)
}

// Due is the last line: what is to be paid by when, or was credited.
func (d *Document) Due() Sum {
	label := "Balance due " + d.DueOn.Long() + ", " + string(d.Currency)
	if d.Kind == KindCreditNote {
		label = "Total credited, " + string(d.Currency)
	}
	return Sum{Label: label, Minor: d.Totals.PayableMinor()}
}

// Remarks are the sentences below the totals: how tax was rounded, what share of a bill it
// is, a discount on prompt payment, and the firm's note on tax.
func (d *Document) Remarks() (remarks []string) {
	for _, x := range d.Taxes {
		if s := d.roundingNote(x); s != "" && !d.partial() { // the tax of a part follows the invoice's
			remarks = append(remarks, s)
		}
	}
	if s := d.partRemark(); s != "" {
		remarks = append(remarks, s)
	}
	if s := d.withheldRemark(); s != "" {
		remarks = append(remarks, s)
	}
	if s := d.promptRemark(); s != "" {
		remarks = append(remarks, s)
	}
	return append(remarks, d.taxRemarks()...)
}

// taxRemarks are the note on tax, or why none is charged.
func (d *Document) taxRemarks() []string {
	switch {
	case d.TaxNote != "":
		return []string{d.TaxNote}
	case d.TaxKind == tax.Exempt:
		return []string{"No tax is charged: exempt."}
	case d.TaxKind == tax.Zero:
		return []string{"No tax is charged: zero-rated."}
	}
	return nil
}

// withheldRemark says what to do with tax that is withheld, "" where none is.
func (d *Document) withheldRemark() string {
	if d.Totals.WithheldMinor == 0 {
		return ""
	}
	return "Pay " + string(d.Currency) + " " + amount(d.Totals.WithheldMinor, d.Currency) + " of the total to the tax office, and send us the certificate."
}

// roundingNote says by how much tax summed by line misses tax on the subtotal
// (LEGAL-BILLING 8: shown as rounding, not hidden).
func (d *Document) roundingNote(x Tax) string {
	whole, err := x.RateE6.Of(x.BaseMinor, d.Rounding)
	if err != nil || whole == x.TaxMinor {
		return ""
	}
	return x.Name + " is rounded line by line. On the subtotal it would be " + amount(whole, d.Currency) +
		"; rounding " + amount(x.TaxMinor-whole, d.Currency) + "."
}

// Share is what one timekeeper billed.
type Share struct {
	who    Timekeeper
	hours  money.Fixed4
	amount int64
	in     money.Currency
}

// Name is "RV Rosalind Vane, partner".
func (s Share) Name() string {
	name := s.who.Code + " " + s.who.Name
	if s.who.Class != "" {
		name += ", " + class(s.who.Class)
	}
	return name
}

// Hours is "1.4".
func (s Share) Hours() string { return hours(s.hours) }

// Amount is "854.00".
func (s Share) Amount() string { return amount(s.amount, s.in) }

// ByTimekeeper sums the fees by timekeeper, in the order of People.
func (d *Document) ByTimekeeper() []Share {
	shares := make([]Share, len(d.People))
	at := make(map[string]int, len(d.People))
	for i, p := range d.People {
		shares[i] = Share{who: p, in: d.Currency}
		at[p.Code] = i
	}
	for i := range d.Lines {
		l := &d.Lines[i]
		if k, ok := at[l.Who]; ok && l.Kind == Fee {
			shares[k].hours += l.QuantityE4
			shares[k].amount += l.AmountMinor
		}
	}
	return shares
}

// Remittance says where, by when and with which reference to pay, or what a credit
// note does.
func (d *Document) Remittance() (title string, lines []string) {
	if d.Kind == KindCreditNote {
		lines = append(lines, "This credit note reduces invoice "+d.Corrects.Number+" of "+d.Corrects.IssuedOn.Long()+
			" ("+amount(d.Corrects.TotalMinor, d.Currency)+" "+string(d.Currency)+")"+d.corrected()+". Nothing is to be paid on it.")
		if d.Because != "" {
			lines = append(lines, "Reason: "+d.Because)
		}
		return "About this credit", lines
	}
	return d.payTo(d.Totals.PayableMinor())
}

// RemittanceNow is Remittance while openMinor is left to pay of an invoice: a page
// never asks for what was paid or credited since the paper was sent.
func (d *Document) RemittanceNow(openMinor int64) (title string, lines []string) {
	switch {
	case d.Kind == KindCreditNote:
		return d.Remittance()
	case openMinor <= 0:
		return "Payment", []string{"Nothing is left to pay on this invoice."}
	default:
		return d.payTo(openMinor)
	}
}

func (d *Document) payTo(minor int64) (title string, lines []string) {
	lines = append(lines, string(d.Currency)+" "+amount(minor, d.Currency)+" by "+d.DueOn.Long()+", reference "+d.Number)
	if p := d.Prompt; p != nil && minor == d.Totals.PayableMinor() {
		lines = append(lines, "or "+string(d.Currency)+" "+amount(minor-p.Minor, d.Currency)+" by "+p.Until.Long())
	}
	lines = append(lines, "Account of "+d.Firm.Name)
	for _, x := range [...]Fact{{"Bank", d.Bank.Name}, {cmp.Or(d.Bank.AccountName, "Account"), d.Bank.Account}, {cmp.Or(d.Bank.CodeName, "Code"), d.Bank.Code}} {
		if x.Value != "" {
			lines = append(lines, x.Label+": "+x.Value)
		}
	}
	lines = append(lines, "We never change bank details by e-mail.")
	if d.Firm.Phone != "" {
		lines = append(lines, "To check them, call "+d.Firm.Phone)
	}
	return "Pay to", lines
}
