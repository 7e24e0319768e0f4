package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

func splitPayors() []matter.Payor {
	return []matter.Payor{
		{ID: id[ident.PayorID](1), Name: "Pelham Freight Lines, Inc.", Country: "US"}, {ID: id[ident.PayorID](2), Name: "Harbor Mutual Insurance", Country: "US"},
		{ID: id[ident.PayorID](3), Name: "Northgate Reinsurance plc", Country: "GB"}, {ID: id[ident.PayorID](4), Name: "Same Name"}, {ID: id[ident.PayorID](5), Name: "same name"},
	}
}

// splitTerms are an insurer up to a limit, a reinsurer abroad and the client, who pays no costs.
func splitTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindHourly, Currency: "USD", Split: &arrangement.Split{Payors: []arrangement.PayorShare{
		{Payor: id[ident.PayorID](2), Fees: 333_333, Expenses: new(money.Fraction(500_000)), CapMinor: 150_000},
		{Payor: id[ident.PayorID](3), Fees: 333_333, Expenses: new(money.Fraction(500_000)), TaxRate: new(money.Fraction(0)), TaxNote: "Reverse charge: the recipient accounts for the tax."},
		{Payor: id[ident.PayorID](1), Fees: 333_334, Expenses: new(money.Fraction(0))},
	}}}
}

func splitForm(f frame) PlainView {
	form := formOfTerms(splitTerms())
	form["place"], form["from"], form["split"] = "matter:m", "2026-11-01", "Harbor Mutual Insurance = 60\nPelham Freight Lines, Inc. = 30"
	terms := splitTerms()
	return arrangementFormView(f.FirmID, partial.Options("matter:m", "", "choose", "matter:m", "Matter 00417-0032 Carrier liability, Savannah fire"), form, &terms,
		(&arrangement.Terms{Kind: arrangement.KindHourly, Currency: "USD", Split: &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: "a", Fees: 600_000}, {Payor: "b", Fees: 300_000}}}}).Validate())
}

func (s story) shares() []PrebillShare {
	f := frame{}
	f.FirmID = firmOf("HVL").ID
	return sharesOf(f, prebill.View{Prebill: prebill.Prebill{Currency: "USD"}, Shares: []prebill.ShareView{
		{Share: prebill.Share{Fees: 333_333, Expenses: 500_000, CapMinor: 150_000, FeesMinor: 140_000, ExpensesMinor: 10_000}, PayorName: "Harbor Mutual Insurance", Lines: []prebill.ShareLine{
			{Position: 1, WholeMinor: 122_000, Minor: 46_660}, {Position: 2, WholeMinor: 112_827, Minor: 93_340}, {Text: "Discount on fees, as agreed", WholeMinor: -10_000, Minor: -3_333}}},
		{Share: prebill.Share{Fees: 333_333, Expenses: 500_000, OwnTax: true, FeesMinor: 78_275}, PayorName: "Northgate Reinsurance plc", Lines: []prebill.ShareLine{{Position: 1, WholeMinor: 122_000, Minor: 40_666}}, Invoice: id[ident.InvoiceID](2), Number: "HV-20949"},
		{Share: prebill.Share{Fees: 333_334}, PayorName: "Pelham Freight Lines, Inc."},
	}})
}

func splitFixtures(s story) []fixture {
	bill := s.prebill()
	bill.Payor, bill.Shares, bill.Split = "split among 3 payors", s.shares(), true
	share := s.invoice()
	share.Others, share.Whole = othersOf(frame{}, invoice.View{Invoice: invoice.Invoice{NetMinor: 78_276, Currency: "USD"}, Others: []invoice.Other{
		{ID: id[ident.InvoiceID](2), Number: "HV-20949", PayorName: "Northgate Reinsurance plc", NetMinor: 78_275, TotalMinor: 78_275, Status: invoice.StatusSent},
		{ID: id[ident.InvoiceID](3), Number: "HV-20950", PayorName: "Pelham Freight Lines, Inc.", NetMinor: 78_276, TotalMinor: 78_276, Status: invoice.StatusCredited}}})
	share.Sheet.Doc.Part = &invoice.Part{FeesE6: 333_333, ExpensesE6: 333_333, WholeMinor: 2_332_440}
	credit := InvoiceCreditView{Firm: firmOf("HVL"), ID: id[ident.InvoiceID](1), Number: "HV-20948", Total: usd(78_276), Others: 2, Form: partial.Form{Action: "/x", Submit: "Issue credit note", Cancel: "/y", Fields: []partial.Field{rebillField("yes")}}}
	return []fixture{
		{name: "prebill-payors", page: Prebill(s.partner("Pre-bill PB-1188", "prebills"), bill)},
		{name: "invoice-payors", page: Invoice(s.partner("Invoice HV-20948", "invoices"), share)},
		{name: "invoice-payors-credit", page: InvoiceCreditPage(s.partner("Credit HV-20948", "invoices"), credit)},
	}
}

// TestPagesOfASplitSayWhoPaysWhat: on the agreement, on the bill and on the invoice.
func TestPagesOfASplitSayWhoPaysWhat(t *testing.T) {
	t.Parallel()
	if got, want := splitWords(splitTerms().Split), "Bills are split among 3 payors: 33.3333%, 33.3333%, 33.3334% of the fees and 50%, 50%, 0% of the expenses"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s := newStory(t)
	html := render(t, prebillShares(s.shares()))
	for _, want := range []string{"Harbor Mutual Insurance", "33.3333% of the fees, 50% of the expenses", format.Money(usd(150_000)) + ", reached", "3 lines behind it", "Line 2", "Discount on fees, as agreed", "HV-20949", "no invoice"} {
		if !strings.Contains(html, want) {
			t.Errorf("the bill lacks %q", want)
		}
	}
	for name, f := range map[string]int{"prebill-payors": 0, "invoice-payors": 1, "invoice-payors-credit": 2} {
		html := render(t, splitFixtures(s)[f].page)
		want := map[string]string{"prebill-payors": "Another split among payors", "invoice-payors": "the whole bill of " + format.Money(usd(234_827)), "invoice-payors-credit": "the other 2 invoices stay"}[name]
		if !strings.Contains(html, want) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
}
