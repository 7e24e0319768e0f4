package pages

import (
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receivable"
)

func payorFixtures(s story) []fixture {
	c := layout.Chrome{Title: "Invoices", Org: "Hollis & Vane LLP", CSRF: "token", Path: href.PayorList}
	gate := layout.Chrome{Title: "Enter the code", CSRF: "token", Path: href.PayorEnter}
	one := PayorInvoiceView{
		ID: id[ident.InvoiceID](1), Number: "HV-20948", State: InvoiceChip("part_paid"), Open: usd(477480), DueOn: nov(36), Today: s.at(23, 6, 0), Sheet: SheetView{Doc: s.document(), Open: usd(777480)},
		Files: []InvoiceFile{{Name: "PDF", Kind: "pdf"}, {Name: "LEDES 1998B", Kind: "ledes-1998b"}}, Ask: "Call 404-555-0136 before you use other bank details than these.",
	}
	code := partial.Form{Action: href.PayorEnter, Submit: "Open the invoices", Fields: []partial.Field{{Name: "code", Label: "Code from the e-mail", Kind: partial.OneTime, Required: true, Hint: "Eight digits, good for 10 minutes. Blanks do not matter."}}}
	return []fixture{
		{name: "payor-code", page: GatePage(gate, GateView{Title: "Enter the code", Lede: "We sent it to the address of this invoice.", Form: &code})},
		{name: "payor-invoices", page: PayorInvoices(c, s.payorList())}, {name: "payor-invoice", page: PayorInvoice(c, one)},
		{name: "receivables", page: Receivables(s.partner("Receivables", "receivables"), s.receivables())},
	}
}

func (s story) receivables() ReceivablesView {
	row := func(client string, b [ageColumns]int64) ReceivableRow {
		r := ReceivableRow{Client: id[ident.ClientID](1), ClientName: client, Payor: id[ident.PayorID](1), PayorName: client, Currency: "USD", Buckets: b, Invoices: 2, Pace: receivable.Pace{Paid: 100, DaysE1: 284, TermsE1: 300}, Next: partial.Link{Text: "Reminder 29 Nov 2026"}}
		for _, minor := range b {
			r.Open += minor
		}
		return r
	}
	total := row("", [ageColumns]int64{1756255, 941550, 723000, 412000, 2834030})
	mercer := row("Mercer Dunes Resorts", [ageColumns]int64{1264000, 941550, 723000, 412000, 2834030})
	mercer.Over180, mercer.Next = 100000, partial.Link{Text: "Call: reminded 12 Nov 2026", Href: "/x"}
	flow := FlowView{ID: "flow-USD", Firm: id[ident.FirmID](1), Currency: "USD"}
	for n := range 12 {
		first := nov(1).AddDate(0, n-11, 0)
		flow.Months = append(flow.Months, receivable.FlowMonth{First: invoice.DayOf(first), Last: invoice.DayOf(first.AddDate(0, 1, -1)), BilledMinor: 38_800_000 + int64(n)*400_000, CollectedMinor: 36_100_000, Pace: receivable.Pace{Paid: 1, DaysE1: 540 - int64(n)*7, TermsE1: 450}})
	}
	flow.Months[11].Last = invoice.DayOf(nov(23))
	return ReceivablesView{Firm: flow.Firm, On: invoice.DayOf(nov(23)), Today: invoice.DayOf(nov(23)), By: receivable.ByDueDate, Moves: true, Flows: []FlowView{flow},
		Currencies: []ReceivableCurrency{{Total: total, Rows: []ReceivableRow{row("Pelham Freight Lines", [ageColumns]int64{492255}), mercer}}}}
}

func TestReceivablesSentence(t *testing.T) {
	t.Parallel()
	got := story{}.receivables().sentence()
	if want := "$66,668.35 is open. $49,105.80 is past its date, 73.7%. One client, Mercer Dunes Resorts, holds 100.0% of everything over 90 days."; got != want {
		t.Errorf("got %q", got)
	}
	if got := (ReceivablesView{}).sentence(); got != "Nothing is owed." {
		t.Errorf("got %q", got)
	}
}

func (s story) payorList() PayorListView {
	eur := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }
	return PayorListView{FirmName: "Hollis & Vane LLP", Payor: "Pelham Freight Lines, Inc.", Until: s.at(23, 18, 0), Today: s.at(23, 6, 0), Rows: []PayorItem{
		{id[ident.InvoiceID](1), "HV-20948", nov(6), nov(36), usd(1492255), usd(492255), InvoiceChip("part_paid")},
		{id[ident.InvoiceID](2), "HV-20901", oct(6), nov(5), usd(291437), usd(291437), InvoiceChip("sent")},
		{id[ident.InvoiceID](3), "HV-20877", oct(6), nov(5), eur(90000), eur(0), InvoiceChip("paid")},
	}}
}

func TestPayorSentence(t *testing.T) {
	t.Parallel()
	v := newStory(t).payorList()
	if want := "$7,836.92 is open on 2 invoices. 1 invoice is past due."; v.sentence() != want {
		t.Errorf("sentence %q", v.sentence())
	}
	v.Rows[2].Open = money.Amount{Minor: 100, Currency: "EUR"}
	if want := "$7,836.92 and EUR\u00a01.00 is open on 3 invoices. 2 invoices are past due."; v.sentence() != want {
		t.Errorf("sentence %q", v.sentence())
	}
	if (PayorListView{}).sentence() != "Nothing is open. Thank you." {
		t.Error("nothing open")
	}
}

func TestAgeBar(t *testing.T) {
	t.Parallel()
	v := AgeView{Buckets: []AgeBucket{{"Not due", usd(75)}, {"1–30", usd(25)}, {"a", usd(0)}, {"b", usd(0)}, {"c", usd(0)}, {"d", usd(0)}}}
	b := v.bar()
	if b.Says != "Not due 75.0%, 1–30 25.0%, a 0.0%, b 0.0%, c 0.0%, d 0.0%" || b.Parts[5].Class != "age-4" || b.Parts[0].Share != .75 {
		t.Errorf("%+v", b)
	}
	if (AgeView{}).bar().Says != "" {
		t.Error("no bucket, no words")
	}
}
