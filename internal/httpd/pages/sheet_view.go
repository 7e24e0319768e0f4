package pages

import (
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// SheetView is an invoice or credit note as it was sent, on a page: one more
// encoder over the canonical document, so that it cannot differ from the PDF.
type SheetView struct {
	Doc      *invoice.Document
	Paid     []SheetPaid // received and credited since, newest last
	Open     money.Amount
	Redacted bool // narratives are above the reader's class
}

// SheetPaid is money that came in, or was credited.
type SheetPaid struct {
	Text   string // "Received 20 Nov 2026, wire 4471"
	Amount money.Amount
}

func (v SheetView) title() string {
	if v.Doc.Kind == invoice.KindCreditNote {
		return "Credit note"
	}
	return "Invoice"
}

func (v SheetView) money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: v.Doc.Currency}
}

func (v SheetView) matterLines() []string {
	d := v.Doc
	refs := "Our " + d.Matter.Number
	if d.Matter.ClientRef != "" {
		refs += " · Your " + d.Matter.ClientRef
	}
	return []string{d.Matter.Name, refs, "Services " + d.From.Long() + " to " + d.To.Long()}
}

// lines of some kinds, in the order of the document.
func (v SheetView) lines(kinds ...invoice.LineKind) []invoice.Line {
	var ls []invoice.Line
	for _, l := range v.Doc.Lines {
		if slices.Contains(kinds, l.Kind) {
			ls = append(ls, l)
		}
	}
	return ls
}

func (v SheetView) feeHours() string {
	var h money.Fixed4
	for _, l := range v.lines(invoice.Fee) {
		h += l.QuantityE4
	}
	return format.Hours(h)
}

func lineCodesText(l invoice.Line) string {
	return strings.Join(strings.Fields(l.Task+" "+l.Activity+" "+l.ExpenseCode), " ")
}

func (v SheetView) narrative(l invoice.Line) string {
	if v.Redacted && (l.Kind == invoice.Fee || l.Kind == invoice.Expense) {
		return "Narrative withheld"
	}
	return l.Narrative
}

func lineHours(l invoice.Line) string {
	if l.Kind != invoice.Fee {
		return ""
	}
	return format.Hours(l.QuantityE4)
}

func (v SheetView) lineRate(l invoice.Line) string {
	if l.Kind != invoice.Fee {
		return ""
	}
	return format.RateFigure(l.RateE4, v.Doc.Currency)
}

// adjusted says why a line is not hours x rate.
func (v SheetView) adjusted(l invoice.Line) string {
	if l.AdjustMinor == 0 || l.Kind == invoice.Adjustment {
		return ""
	}
	return "Adjusted by " + format.Figure(v.money(l.AdjustMinor))
}

// keeper is what one timekeeper billed.
type keeper struct {
	who    invoice.Timekeeper
	hours  money.Fixed4
	amount int64
}

// keepers sums the fees by timekeeper, in the order of the document.
func (v SheetView) keepers() []keeper {
	ks := make([]keeper, 0, len(v.Doc.People))
	for _, p := range v.Doc.People {
		k := keeper{who: p}
		for _, l := range v.lines(invoice.Fee) {
			if l.Who == p.Code {
				k.hours += l.QuantityE4
				k.amount += l.AmountMinor
			}
		}
		ks = append(ks, k)
	}
	return ks
}

func (k keeper) name() string { return k.who.Code + " " + k.who.Name }

func (v SheetView) payTo() []string {
	b := v.Doc.Bank
	if b.Account == "" {
		return nil
	}
	ls := []string{v.Doc.Firm.Name}
	if b.Name != "" {
		ls = append(ls, b.Name)
	}
	ls = append(ls, named(b.AccountName, "Account", b.Account))
	if b.Code != "" {
		ls = append(ls, named(b.CodeName, "Code", b.Code))
	}
	return append(ls, "Reference "+v.Doc.Number)
}

func named(name, instead, value string) string {
	if name == "" {
		name = instead
	}
	return name + " " + value
}

// balance is the last line of the sheet: what is due, or "Paid in full".
func (v SheetView) balance() string {
	switch {
	case v.Doc.Kind == invoice.KindCreditNote:
		return "Credited, " + string(v.Doc.Currency)
	case v.Open.Minor == 0:
		return "Balance, " + string(v.Doc.Currency)
	default:
		return "Balance due " + v.Doc.DueOn.Long() + ", " + string(v.Doc.Currency)
	}
}

func (v SheetView) balanceAmount() string {
	if v.Doc.Kind == invoice.KindCreditNote {
		return format.Money(v.money(v.Doc.Totals.TotalMinor))
	}
	return format.Money(v.Open)
}
