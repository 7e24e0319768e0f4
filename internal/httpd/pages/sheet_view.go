package pages

import (
	"slices"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// SheetView is an invoice or credit note as it was sent, on a page: the
// words of the document as the PDF has them, and below them what came in since.
type SheetView struct {
	Doc      *invoice.Document
	Paid     []SheetPaid // received and credited since, newest last
	Open     money.Amount
	Waits    money.Amount // of Open, for a certificate of tax that is withheld
	Redacted bool         // narratives are above the reader's class
}

// SheetPaid is money that came in, or was credited.
type SheetPaid struct {
	Text   string // "Received 20 Nov 2026, wire 4471"
	Amount money.Amount
}

func (v SheetView) money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: v.Doc.Currency}
}

// firmLines are the firm's address and telephone, as on its letterhead.
func (v SheetView) firmLines() []string {
	ls := slices.Clone(v.Doc.Firm.Lines)
	if v.Doc.Firm.Phone != "" {
		ls = append(ls, v.Doc.Firm.Phone)
	}
	return ls
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

// narrative is the text of a line; what stands beside the entries is the bureau's own.
func (v SheetView) narrative(l invoice.Line) string {
	if v.Redacted && (l.Kind == invoice.Fee || l.Kind == invoice.Expense) {
		return "Narrative withheld"
	}
	return l.Narrative
}

// lite sets the taxes, which come after the net sum, lighter than it.
func (v SheetView) lite(i int) string {
	if i > 0 {
		return "lite"
	}
	return ""
}

// balance is the last line of the sheet: what was due when it was sent, and what
// is left of that since money came in.
func (v SheetView) balance() string {
	if v.Doc.Kind == invoice.KindInvoice && v.toPay().Minor == 0 {
		return "Balance, " + string(v.Doc.Currency)
	}
	return v.Doc.Due().Label
}

func (v SheetView) balanceAmount() string {
	if v.Doc.Kind == invoice.KindCreditNote {
		return format.Money(v.money(v.Doc.Due().Minor))
	}
	return format.Money(v.toPay())
}

// forgive says of an invoice that is credited that nothing is withheld of it any more, and of one
// that is credited in part how much less is: now is withheld of what stands.
func (v *SheetView) forgive(s invoice.Status, now int64) {
	if v.Doc == nil || v.Doc.Totals.WithheldMinor == 0 {
		return
	}
	switch was := v.Doc.Totals.WithheldMinor; {
	case s == invoice.StatusCredited:
		v.Paid = append(v.Paid, SheetPaid{Text: "Not withheld, for it is credited", Amount: v.money(was)})
	case now < was:
		v.Paid = append(v.Paid, SheetPaid{Text: "Less withheld, for a part is credited", Amount: v.money(was - now)})
	}
}

// toPay is what is left to pay to the firm: what is open without what is withheld of it; nothing
// where the payor paid that, too.
func (v SheetView) toPay() money.Amount {
	return money.Amount{Minor: max(v.Open.Minor-v.Waits.Minor, 0), Currency: v.Open.Currency}
}
