package pages

import (
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

// leviedSheet is an invoice with two taxes, one on the other, of which part is withheld.
func leviedSheet(t testing.TB) *invoice.Document {
	t.Helper()
	d := invoicebench.Sample(3, "CAD", 0)
	d.Levies = []tax.Levy{{Code: "GST", Name: "GST", RateE6: 50_000, Number: "123456789RT0001", Country: "CA", Fees: true, Expenses: true},
		{Code: "QST", Name: "QST", RateE6: 99_750, Number: "1012345678TQ0001", Country: "CA", Region: "Quebec", On: "GST", Fees: true, Expenses: true},
		{Code: "WHT", Name: "Withholding tax", RateE6: 150_000, Country: "CA", Fees: true, Withheld: true}}
	d.TaxKind = tax.Taxed
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	return d
}

func taxFixtures(t testing.TB, s story) []fixture {
	d := leviedSheet(t)
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: d.Currency} }
	v := s.invoice()
	v.Total, v.Open, v.Paid, v.Payments, v.Credits = in(d.Totals.TotalMinor), in(d.Totals.TotalMinor), in(0), nil, nil
	v.Sheet = SheetView{Doc: d, Open: v.Open, Waits: in(d.Totals.WithheldMinor)}
	v.Withheld = &InvoiceWithheld{Text: "CAD 150.00 of the total is withheld by the payor for the tax office. It stays open until their certificate is recorded.",
		Form: &partial.Form{ID: "withheld", Action: "/x", Submit: "Record certificate", Side: true, Fields: []partial.Field{{Name: "reference", Label: "Number of the certificate", Required: true, Max: 80, Error: "Enter the number of the certificate, at most 80 characters"}, {Name: "received_on", Label: "It came on", Kind: partial.Date, Required: true}}}}
	bill := s.prebill()
	bill.Taxes = []PrebillTax{prebillTax(&invoice.Forecast{Name: "Pelham Freight Lines, Inc.", Currency: d.Currency, Taxes: d.Taxes, Withheld: d.Withheld, Totals: d.Totals}),
		{Payor: "Harbor Mutual", Remarks: []string{"Reverse charge: the recipient accounts for the tax."}}, {Payor: "Orrin", Problem: "VAT has no rate on 2026-03-02; enter the tax code that holds on that day."}}
	return []fixture{{name: "invoice-withheld", page: Invoice(s.specialist("Invoice HV-20948", "invoices", "HVL"), v)},
		{name: "prebill-taxes", page: Prebill(s.partner("Pre-bill PB-1184", "prebills"), bill)}}
}

// TestThePageOfTaxesAddsUp: the rows below the lines lead from the net sum to what is to be
// paid, before and after money and the certificate came in.
func TestThePageOfTaxesAddsUp(t *testing.T) {
	t.Parallel()
	d := leviedSheet(t)
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: d.Currency} }
	total, held := d.Totals.TotalMinor, d.Totals.WithheldMinor
	for name, c := range map[string]struct {
		open, waits int64
		paid        []SheetPaid
	}{
		"as issued":                  {total, held, nil},
		"paid short":                 {held, held, []SheetPaid{{Text: "Received", Amount: in(held - total)}}},
		"certificate first":          {total - held, 0, nil},
		"part paid, and certificate": {total - held - 100, 0, []SheetPaid{{Text: "Received", Amount: in(-100)}}},
		"credited":                   {0, 0, []SheetPaid{{Text: "Credited", Amount: in(-total)}}},
		"all settled":                {0, 0, []SheetPaid{{Text: "Received", Amount: in(held - total)}}},
	} {
		v := SheetView{Doc: d, Open: in(c.open), Waits: in(c.waits), Paid: c.paid}
		if name == "credited" {
			v.forgive(invoice.StatusCredited, 0)
		}
		sum := d.Totals.NetMinor
		for _, s := range d.Sums()[1:] {
			if s.Label != "Total" {
				sum += s.Minor
			}
		}
		for _, p := range v.Paid {
			sum += p.Amount.Minor
		}
		if got := v.toPay().Minor; got != sum {
			t.Errorf("%s: %d to pay, the rows come to %d", name, got, sum)
		}
		if page := render(t, Sheet(v)); strings.Count(page, ">Total<") != 1 {
			t.Errorf("%s: the total stands %d times", name, strings.Count(page, ">Total<"))
		}
	}
}

func TestCodesAreReadFromAField(t *testing.T) {
	t.Parallel()
	if got := codesIn(" gst, QST;wht "); !slices.Equal(got, []string{"GST", "QST", "WHT"}) {
		t.Errorf("%q", got)
	}
}
