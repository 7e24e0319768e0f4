package invoice_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
)

func TestLEDESFilesAreValidAndStateTheTotalsOfThePaper(t *testing.T) {
	t.Parallel()
	reduced := sheets(t)["reductions and two taxes"]
	odd := invoicebench.Sample(9, "USD", 0)
	for i := range odd.Lines {
		odd.Lines[i].RateE4 = 3_333_300
		odd.Lines[i].QuantityE4 = money.Fixed4(3500 + 100*i) // hours of two decimals: the residual has four
	}
	if err := odd.Add(); err != nil {
		t.Fatal(err)
	}
	noTaxID := invoicebench.Sample(3, "EUR", 210_000)
	noTaxID.Payor.TaxID = ""
	for name, c := range map[string]struct {
		d    *invoice.Document
		want invoice.Format
		head string
	}{
		"no tax":                  {invoicebench.Sample(60, "USD", 0), invoice.Format1998B, "LEDES1998B[]"},
		"residual cents":          {odd, invoice.Format1998B, "LEDES1998B[]"},
		"tax":                     {invoicebench.Sample(20, "GBP", 200_000), invoice.Format98BIV2, "LEDES98BI V2[]"},
		"two taxes, reductions":   {reduced, invoice.Format98BIV2, "LEDES98BI V2[]"},
		"a payor without tax id":  {noTaxID, invoice.Format98BIV2, "LEDES98BI V2[]"},
		"prices and adjustments":  {sheets(t)["prices and adjustments"], invoice.Format1998B, "LEDES1998B[]"},
		"the same with tax":       {sheets(t)["the same in dinar with tax"], invoice.Format98BIV2, "LEDES98BI V2[]"},
		"no minor unit, with tax": {sheets(t)["yen"], invoice.Format98BIV2, "LEDES98BI V2[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := c.d.EFile(ledes.Profile{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Format != c.want || !strings.HasPrefix(string(f.Bytes), c.head+"\r\n") {
				t.Errorf("format %s begins %.20q, want %s", f.Format, f.Bytes, c.want)
			}
			report, err := ledes.Validate(bytes.NewReader(f.Bytes), ledes.Options{}, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range report.Findings {
				t.Errorf("our own file has %+v", x)
			}
			total := money.Amount{Minor: c.d.Totals.TotalMinor, Currency: c.d.Currency}.Text()
			if len(report.Invoices) != 1 || report.Invoices[0].Total != total || report.Invoices[0].Lines != len(c.d.Lines) {
				t.Errorf("the file holds %+v, want one invoice of %s with %d lines", report.Invoices, total, len(c.d.Lines))
			}
		})
	}
}

// What stands beside the work is told apart as receivers do: a flat fee by its class, a
// reduction as an adjustment of the fees without units or a person.
func TestLEDESTellsPricesAndAdjustmentsApart(t *testing.T) {
	t.Parallel()
	f, err := sheets(t)["prices and adjustments"].EFile(ledes.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"|F|1.00|0|2500.00|", "|FLTFEE|Fixed fee: motion to dismiss|", "|2500.00|Fee, Flat|FLTFEE|", "|IF||-123.45|-123.45|", "||||Discount on fees, as agreed|", "|IF||-0.07|-0.07|"} {
		if !bytes.Contains(f.Bytes, []byte(want)) {
			t.Errorf("the file lacks %q:\n%s", want, f.Bytes)
		}
	}
}

func TestLEDESKeepsWhatItHadToSpellOtherwise(t *testing.T) {
	t.Parallel()
	d := invoicebench.Sample(1, "USD", 0)
	d.Lines[0].Narrative = "Reply to Zoë | Müller"
	f, err := d.EFile(ledes.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(f.Bytes, []byte("Reply to Zoe / Muller")) || len(f.Changes) == 0 || f.Changes[0].Before == "" {
		t.Errorf("changes %+v in\n%s", f.Changes, f.Bytes)
	}
}

// TestATownStandsInItsOwnColumns: a payor's system files by town and postcode, and does
// not read them out of an address.
func TestATownStandsInItsOwnColumns(t *testing.T) {
	t.Parallel()
	d := invoicebench.Sample(1, "GBP", 200_000)
	d.Firm.Country, d.Firm.Lines = "GB", []string{"4 Gresham Yard", "London EC2V 6BR"}
	d.Payor.Country, d.Payor.Lines = "GB", []string{"Pier House", "9 Mill Lane", "Quay 3, Hull HU1 1AA"}
	f, err := d.EFile(ledes.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"|4 Gresham Yard||London||EC2V 6BR|GBR|", "|Pier House|9 Mill Lane, Quay 3, Hull HU1 1AA||||GBR|"} {
		if !strings.Contains(string(f.Bytes), want) {
			t.Errorf("the file lacks %q:\n%s", want, f.Bytes)
		}
	}
}
