// Package invoicebench measures the invoice sheet against the best of the general
// PDF libraries on the same content (DESIGN 9). Only `docketry bench` and tests
// import it, so that the library stays out of the servers' way.
package invoicebench

import (
	"fmt"
	"strconv"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

var phrases = [...]string{
	"Review correspondence from opposing counsel regarding scheduling of depositions",
	"draft response to second set of interrogatories",
	"telephone conference with Ms. Zoë Kjærsgård regarding outstanding discovery items",
	"prepare for and attend hearing on motion to compel before Judge Nuñez",
	"analyse indemnity clause in master services agreement (§ 14.3) and advise on exposure",
	"revise memorandum of points and authorities in support of summary judgment",
	"confer with expert on designation and report outline",
	"research limitation period under French law and summarise findings for client",
	"review privilege log; finalise redactions of produced documents",
	"correspond with Müller & Söhne GmbH regarding escrow release of €1,250,000",
}

var people = [...]struct {
	invoice.Timekeeper
	rate money.Fixed4
}{
	{invoice.Timekeeper{Code: "SB", Name: "Siobhán Ó Briain", Class: "PARTNR"}, 7_250_000},
	{invoice.Timekeeper{Code: "LW", Name: "Lucas Wright", Class: "OFCOUN"}, 5_100_000},
	{invoice.Timekeeper{Code: "AL", Name: "Anaïs Lefèvre", Class: "ASSOC"}, 3_855_000},
	{invoice.Timekeeper{Code: "JS", Name: "J. Smith", Class: "PARALG"}, 1_955_000},
}

// Sample is an invoice of n time entries and a few expenses that adds up; the same
// n gives the same invoice.
func Sample(n int, currency money.Currency, tax money.Fraction) *invoice.Document {
	d := &invoice.Document{
		Form: invoice.Form, Kind: invoice.KindInvoice, ID: "019a5e40-0000-7000-8000-000000000001",
		Number: "HV-20948", Series: "INV", IssuedOn: "2026-11-06", DueOn: "2026-12-06", From: "2026-10-01", To: "2026-10-31",
		Currency: currency, Lang: "en", Sheet: invoice.SheetA4, Rounding: money.HalfUp, TaxBasis: invoice.TaxByLine,
		Firm: invoice.Party{Name: "Hollis & Vane LLP", Lines: []string{"1180 Peachtree Walk, Suite 2400", "Atlanta, GA 30309"},
			Country: "US", TaxID: "14-5550182", Phone: "404-555-0136"},
		Bank: invoice.Bank{Name: "Mohawk Valley Trust", Account: "4410029917", AccountName: "Account", Code: "021305386", CodeName: "Routing number"},
		Payor: invoice.Party{Name: "Pelham Freight Lines, Inc.", Attn: "G. Amadi", Country: "US", TaxID: "22-4471093",
			Lines: []string{"Legal Department", "77 Harbor Loop", "Jacksonville, FL 32202"}},
		Client:    invoice.Client{Number: "00417", Name: "Pelham Freight Lines"},
		Matter:    invoice.Matter{Number: "00417-0032", Name: "Carrier liability, Savannah yard fire", ClientRef: "LIT-2026-118"},
		LawFirmID: "14-5550182",
	}
	for _, p := range people {
		d.People = append(d.People, p.Timekeeper)
	}
	seed := uint32(7)
	next := func(n int) int { // a small congruential generator: the content must never change
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	for i := range n {
		p := people[next(len(people))]
		text := phrases[next(len(phrases))]
		for range next(3) {
			text += "; " + phrases[next(len(phrases))]
		}
		d.Lines = append(d.Lines, invoice.Line{
			Kind: invoice.Fee, On: invoice.Day(fmt.Sprintf("2026-10-%02d", 1+i*31/n)), Who: p.Code,
			Task: "L" + strconv.Itoa(110+10*next(5)), Activity: "A10" + strconv.Itoa(1+next(9)), Narrative: text + ".",
			QuantityE4: money.Fixed4(1000 * (1 + next(60))), RateE4: p.rate, TaxE6: tax,
		})
	}
	for i, text := range [...]string{"Court filing fees", "Rail travel, economy", "Translation of witness statements", "Copying, 412 pages"} {
		d.Lines = append(d.Lines, invoice.Line{
			Kind: invoice.Expense, On: "2026-10-22", ExpenseCode: "E10" + strconv.Itoa(i+1), Narrative: text,
			QuantityE4: 10_000, RateE4: money.Fixed4(100_000 * (5 + next(200))), TaxE6: tax,
		})
	}
	for i := range d.Lines {
		d.Lines[i].No = i + 1
		d.Lines[i].ID = ident.InvoiceLine(fmt.Sprintf("019a5e40-0000-7000-8000-%012d", i+1))
	}
	if err := d.Add(); err != nil {
		panic("invoice sample: " + err.Error()) // the data above is constant
	}
	return d
}
