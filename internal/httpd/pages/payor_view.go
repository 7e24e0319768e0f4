package pages

import (
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// PayorListView is a payor's invoices, behind a one-time code. It holds no other
// payor's, and no name of a matter in the address or the title (DESIGN 2.16).
type PayorListView struct {
	FirmName string
	Payor    string
	Until    time.Time // when the door closes
	Today    time.Time
	Rows     []PayorItem
}

// PayorItem is one invoice of the payor.
type PayorItem struct {
	ID     ident.InvoiceID
	Number string
	On     time.Time
	DueOn  time.Time
	Total  money.Amount
	Open   money.Amount // to be paid to the firm: without tax that the payor withholds
	State  partial.Chip
}

// sentence is what is open, by currency, and since when something is late.
func (v PayorListView) sentence() string {
	sums := map[money.Currency]int64{}
	var order []money.Currency
	open, late := 0, 0
	for _, r := range v.Rows {
		if r.Open.Minor <= 0 {
			continue
		}
		open++
		if _, seen := sums[r.Open.Currency]; !seen {
			order = append(order, r.Open.Currency)
		}
		sums[r.Open.Currency] += r.Open.Minor
		if r.DueOn.Before(v.Today) {
			late++
		}
	}
	if open == 0 {
		return "Nothing is open. Thank you."
	}
	s := ""
	for i, c := range order {
		if i > 0 {
			s += " and "
		}
		s += format.Money(money.Amount{Minor: sums[c], Currency: c})
	}
	s += " is open on " + format.Counted(open, "invoice", "invoices") + "."
	if late > 0 {
		s += " " + format.Counted(late, "invoice is", "invoices are") + " past due."
	}
	return s
}

func (v PayorListView) table() partial.Table {
	t := partial.Table{
		Caption: "Your invoices, newest first", Keys: true,
		Columns: []partial.Column{{Head: "Invoice"}, {Head: "Issued", NoWrap: true, Minor: true}, {Head: "Due", NoWrap: true}, {Head: "Total", Right: true, Minor: true}, {Head: "Open", Right: true}, {Head: "State"}, {Head: "File", Hidden: true}},
		Empty:   partial.Empty{Icon: "money", Title: "No invoice yet"},
	}
	for _, r := range v.Rows {
		due := partial.Txt(format.Date(r.DueOn))
		if r.Open.Minor > 0 && r.DueOn.Before(v.Today) {
			due.Tone, due.Sub = partial.Bad, "past due"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(r.Number, href.PayorInvoice(r.ID), ""), partial.Txt(format.Date(r.On)), due, partial.Txt(format.Money(r.Total)), partial.Txt(format.Money(r.Open)),
			partial.Node(partial.ChipMark(r.State)), {Text: "PDF", Href: href.PayorDocument(r.ID, "pdf")},
		}})
	}
	return t
}

// PayorInvoiceView is one invoice as its payor sees it.
type PayorInvoiceView struct {
	ID     ident.InvoiceID
	Number string
	State  partial.Chip
	Open   money.Amount
	DueOn  time.Time
	Today  time.Time
	Sheet  SheetView
	Files  []InvoiceFile
	Ask    string // whom to call: "Call 404-555-0136 to check bank details."
}

func (v PayorInvoiceView) file(f InvoiceFile) string { return href.PayorDocument(v.ID, f.Kind) }

func (v PayorInvoiceView) about() []string {
	pay, waits := v.Sheet.toPay(), v.Sheet.Waits
	if v.Sheet.Waits.Minor > v.Open.Minor {
		waits.Minor = 0 // it was paid, too
	}
	switch {
	case waits.Minor > 0 && pay.Minor <= 0:
		return []string{"Nothing is left to pay to us", "The certificate over " + format.Money(waits) + " of tax withheld is still to come"}
	case v.Open.Minor <= 0 || pay.Minor <= 0:
		return []string{"Nothing is left to pay"}
	}
	return []string{format.Money(pay) + " open", "Due " + format.Date(v.DueOn) + ", " + format.InDays(v.DueOn, v.Today)}
}
