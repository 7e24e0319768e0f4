package invoice_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
)

// bills are invoices whose XML is held: every currency form, residual cents, two rates of
// tax, reductions, prices and adjustments, halves rounded to even, and a credit note.
func bills(t *testing.T) map[string]*invoice.Document {
	t.Helper()
	all := map[string]*invoice.Document{
		"reductions_and_two_taxes": sheets(t)["reductions and two taxes"], "prices_and_adjustments": sheets(t)["prices and adjustments"],
		"prices_in_dinar_with_tax": sheets(t)["the same in dinar with tax"], "yen": sheets(t)["yen"],
	}
	for _, c := range []money.Currency{"USD", "JPY", "KWD"} {
		for name, tax := range map[string]money.Fraction{"plain": 0, "taxed": 72_516} {
			d := invoicebench.Sample(9, c, tax)
			for i := range d.Lines {
				d.Lines[i].RateE4 = 3_333_300
				d.Lines[i].QuantityE4 = money.Fixed4(3500 + 100*i) // a residual on most lines
			}
			all[string(c)+"_"+name] = d
		}
	}
	even := invoicebench.Sample(6, "USD", 50_000)
	even.Rounding = money.HalfEven
	for i := range even.Lines {
		even.Lines[i].RateE4, even.Lines[i].QuantityE4 = 2_501_000, 500 // 12.505 and its tax end in halves
	}
	all["halves_to_even"] = even
	for _, d := range all {
		d.EBillAs = invoice.FormatXML21
		if err := d.Add(); err != nil {
			t.Fatal(err)
		}
	}
	for name, of := range map[string]string{"credit_note_USD": "USD_taxed", "credit_note_KWD": "prices_in_dinar_with_tax"} {
		note := *all[of]
		note.Kind, note.Number, note.Text, note.Because = invoice.KindCreditNote, "CN-7", "", "billed twice"
		note.Corrects = &invoice.Reference{Number: all[of].Number, IssuedOn: all[of].IssuedOn, TotalMinor: all[of].Totals.TotalMinor}
		all[name] = &note
	}
	return all
}

// TestLEDESXMLStatesTheTotalsOfThePaper: the project's own checker finds nothing in the
// file, and what it reads comes to the invoice to the smallest coin, fees, expenses and
// taxes apart, and to what the flat file says.
func TestLEDESXMLStatesTheTotalsOfThePaper(t *testing.T) {
	t.Parallel()
	for name, d := range bills(t) {
		for _, f := range []invoice.Format{invoice.FormatXML21, invoice.FormatXML22} {
			t.Run(name+" "+string(f), func(t *testing.T) {
				t.Parallel()
				e, err := d.EFileAs(f, ledes.Profile{})
				if err != nil {
					t.Fatal(err)
				}
				again, err := d.EFileAs(f, ledes.Profile{})
				if err != nil || !bytes.Equal(again.Bytes, e.Bytes) {
					t.Errorf("made again it differs: %v", err)
				}
				r, err := ledes.Read(bytes.NewReader(e.Bytes), ledes.Options{})
				if err != nil || len(r.Findings) > 0 || len(r.Bills) != 1 || len(r.Invoices) != 1 {
					t.Fatalf("%v, findings %+v\n%s", err, r.Findings, e.Bytes)
				}
				sameSums(t, d, r.Bills[0])
				whole := d.Totals.TotalMinor
				if d.Kind == invoice.KindCreditNote {
					whole = -whole
				} else {
					sameAsFlat(t, d)
				}
				if total := (money.Amount{Minor: whole, Currency: d.Currency}).Text(); r.Invoices[0].Total != total || r.Invoices[0].Lines != len(d.Lines) {
					t.Errorf("the file states %+v, want %s over %d lines", r.Invoices[0], total, len(d.Lines))
				}
			})
		}
	}
}

func sameSums(t *testing.T, d *invoice.Document, inv ledes.Invoice) {
	t.Helper()
	var fees, expenses, tax int64
	for i := range inv.Items {
		it := &inv.Items[i]
		if it.Type == ledes.Expense || it.Type == ledes.ExpenseAdjust {
			expenses += it.NetMinor
		} else {
			fees += it.NetMinor
		}
		tax += it.TaxMinor
	}
	if d.Kind == invoice.KindCreditNote {
		fees, expenses, tax = -fees, -expenses, -tax
	}
	if want := d.Totals; fees != want.FeesMinor || expenses != want.ExpensesMinor || tax != want.TaxMinor || inv.Currency != d.Currency || !inv.DueOn.Equal(d.DueOn.Time()) {
		t.Errorf("fees %d, expenses %d, tax %d %s due %s; want %+v %s", fees, expenses, tax, inv.Currency, inv.DueOn, want, d.Currency)
	}
}

// sameAsFlat holds the total of the flat file against the invoice's, which the XML states.
func sameAsFlat(t *testing.T, d *invoice.Document) {
	t.Helper()
	flat := *d
	flat.EBillAs = ""
	f, err := flat.EFile(ledes.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ledes.Validate(bytes.NewReader(f.Bytes), ledes.Options{}, 0)
	if err != nil || !r.Valid() || r.Invoices[0].Total != (money.Amount{Minor: d.Totals.TotalMinor, Currency: d.Currency}).Text() {
		t.Errorf("the flat file: %v %+v", err, r)
	}
}

// TestLEDESXMLIsHeld keeps the bytes: what was issued must come out the same again.
func TestLEDESXMLIsHeld(t *testing.T) {
	t.Parallel()
	for name, d := range bills(t) {
		e, err := d.EFile(ledes.Profile{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		path := filepath.Join("testdata", "xml", name+".xml")
		if *update {
			if err := os.WriteFile(path, e.Bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, e.Bytes) {
			t.Errorf("%s is not the file it was (%v); look at it, then run with -update", name, err)
		}
	}
}

func TestAFormatThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	taxed, note := invoicebench.Sample(2, "USD", 72_516), *invoicebench.Sample(2, "USD", 0)
	note.Kind = invoice.KindCreditNote
	for name, c := range map[string]struct {
		d *invoice.Document
		f invoice.Format
	}{"tax in 1998B": {taxed, invoice.Format1998B}, "a flat credit note": {&note, invoice.Format1998B}, "a PDF as e-bill": {taxed, invoice.FormatPDF}, "nonsense": {taxed, "x"}} {
		if _, err := c.d.EFileAs(c.f, ledes.Profile{}); !strings.Contains(fmt.Sprint(err), "LEDES XML") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if note.EBill() != "" || taxed.EBill() != invoice.Format98BIV2 {
		t.Errorf("%q, %q", note.EBill(), taxed.EBill())
	}
}

// What stands beside the work, and a person with one name, stand in XML too.
func TestLEDESXMLTellsPricesAdjustmentsAndNamesApart(t *testing.T) {
	t.Parallel()
	d := sheets(t)["prices and adjustments"]
	d.EBillAs, d.People[0].Name = invoice.FormatXML22, "Prince"
	e, err := d.EFile(ledes.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<ledesxmlebilling2.2", "<tk_level>FLTFEE</tk_level>", "<charge_type>F</charge_type>", "<tk_level>ADJSMT</tk_level>", "<total_amount>-123.45</total_amount>", "<tk_lname>Prince</tk_lname>"} {
		if !bytes.Contains(e.Bytes, []byte(want)) {
			t.Errorf("the file lacks %q:\n%s", want, e.Bytes)
		}
	}
}
