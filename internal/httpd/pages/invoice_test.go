package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/notice"
)

func invoiceFixtures(s story) []fixture {
	c := s.specialist("Invoice HV-20948", "invoices", "HVL")
	credit := InvoiceCreditView{Firm: firmOf("HVL"), ID: id[ident.InvoiceID](1), Number: "HV-20948", Total: usd(1492255), Form: partial.Form{
		Action: "/x", Submit: "Credit $14,922.55", Danger: true, Cancel: "/y", Fields: []partial.Field{
			{Name: "reason", Label: "Reason, printed on the credit note", Required: true, Wide: true}, rebillField("yes"),
		}}}
	list := InvoiceListView{
		Firm: firmOf("HVL"), Today: s.at(23, 6, 0), Pager: partial.Pager{Shown: "3 of 214", Next: "/n"},
		Tabs: []partial.Tab{{Text: "All", Href: "/a", Count: 214, Current: true}, {Text: "Open", Href: "/o", Count: 61}, {Text: "Overdue", Href: "/d", Count: 12}},
		Rows: []InvoiceItem{
			{id[ident.InvoiceID](1), "HV-20948", "Carrier liability, Savannah fire", "Pelham Freight Lines", nov(6), nov(30), usd(1492255), usd(492255), InvoiceChip("part_paid"), 1},
			{id[ident.InvoiceID](2), "HV-20901", "Product recall", "Orrin Home Appliances", oct(6), nov(5), usd(291437), usd(291437), InvoiceChip("sent"), 0},
			{id[ident.InvoiceID](3), "HV-20877", "Matter 00402-0005", "", oct(6), nov(5), usd(2106600), usd(0), InvoiceChip("paid"), 2},
		},
	}
	return []fixture{
		{name: "invoice", page: Invoice(c, s.invoice())}, {name: "invoice-credit", page: InvoiceCreditPage(c, credit)}, {name: "invoices", page: Invoices(s.specialist("Invoices", "invoices", "HVL"), list)},
	}
}

func (s story) document() *invoice.Document {
	line := func(no int, day invoice.Day, who, task, act, text string, tenths, dollars, cents int64) invoice.Line {
		return invoice.Line{No: no, Kind: invoice.Fee, On: day, Who: who, Task: task, Activity: act, Narrative: text, QuantityE4: hours(tenths), RateE4: rateOf(dollars), ValueMinor: cents, AmountMinor: cents}
	}
	cost := func(no int, day invoice.Day, code, text string, cents int64) invoice.Line {
		return invoice.Line{No: no, Kind: invoice.Expense, On: day, ExpenseCode: code, Narrative: text, QuantityE4: 10_000, ValueMinor: cents, AmountMinor: cents}
	}
	expert := line(5, "2026-10-15", "DO", "L130", "A108", "Interview two cause-and-origin expert candidates; compare fees and conflicts.", 18, 370, 44400)
	expert.ValueMinor, expert.AdjustMinor = 66600, -22200
	return &invoice.Document{
		Kind: invoice.KindInvoice, Number: "HV-20948", IssuedOn: "2026-11-06", DueOn: "2026-12-06", From: "2026-10-01", To: "2026-10-31", Currency: "USD",
		Firm:   invoice.Party{Name: "Hollis & Vane LLP", Lines: []string{"1180 Peachtree Walk, Suite 2400", "Atlanta, GA 30309"}, TaxID: "00-0000000"},
		Payor:  invoice.Party{Name: "Pelham Freight Lines, Inc.", Attn: "G. Amadi", Lines: []string{"77 Harbor Loop", "Jacksonville, FL 32202"}},
		Client: invoice.Client{Number: "00417", Name: "Pelham Freight Lines"}, Matter: invoice.Matter{Number: "00417-0032", Name: "Carrier liability, Savannah yard fire", ClientRef: "LIT-2026-118"},
		Bank:   invoice.Bank{Name: "First Atlantic Bank", Account: "0004471", Code: "061000052", CodeName: "Routing number"},
		People: []invoice.Timekeeper{{Code: "RV", Name: "Rosalind Vane"}, {Code: "DO", Name: "Daniel Osei"}, {Code: "TB", Name: "Tara Brandt"}, {Code: "MC", Name: "Mia Castillo"}},
		Lines: []invoice.Line{
			line(1, "2026-10-05", "RV", "L120", "A104", "Review fire marshal’s preliminary report and insurer’s reservation of rights letter; identify coverage gaps for client call.", 14, 610, 85400),
			line(2, "2026-10-06", "DO", "L310", "A103", "Draft first set of interrogatories to terminal operator on hot-work permits (22 questions).", 32, 370, 118400),
			line(3, "2026-10-08", "MC", "L140", "A110", "Organize and index client documents.", 25, 165, 41250),
			line(4, "2026-10-12", "TB", "L330", "A109", "Attend deposition of J. Whitlock (yard supervisor) in Savannah; exhibits 4–19.", 73, 445, 324850),
			expert,
			cost(6, "2026-10-12", "E110", "Mileage Atlanta–Savannah and return, 496 miles at $0.70", 34720),
			cost(7, "2026-10-22", "E115", "Transcript, deposition of J. Whitlock (214 pages)", 128460),
		},
		Totals: invoice.Totals{FeesMinor: 614300, ExpensesMinor: 163180, NetMinor: 777480, TotalMinor: 777480},
	}
}

func (s story) invoice() InvoiceView {
	return InvoiceView{
		Firm: firmOf("HVL"), ID: id[ident.InvoiceID](1), Number: "HV-20948", Client: "Pelham Freight Lines", Label: 1, State: InvoiceChip("part_paid"), Total: usd(1492255), Open: usd(492255), Paid: usd(1000000), DueOn: nov(36), Today: s.at(23, 6, 0),
		Sheet: SheetView{Doc: s.document(), Paid: []SheetPaid{{"Received 20 Nov 2026, wire 4471", usd(-300000)}}, Open: usd(477480)},
		Files: []InvoiceFile{{"PDF", "pdf", 31_400, "9f2c6d1b40a7e8f3c5d2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0908041d7", ""}, {"LEDES 1998B", "ledes-1998b", 2_412, "11d2a07be4c59f3860b8d2f7c41b9e2a7c55f0a3d1b6e8894c2f01d7735b6a90", "1 text spelled otherwise"}},
		Make:  &partial.Field{Name: "format", Label: "E-bill in another format", Kind: partial.Select, Options: partial.Options("", "ledes_xml_21", "LEDES XML 2.1", "ledes_xml_22", "LEDES XML 2.2"), Hint: "Made from the same snapshot, and kept with the others"},
		Hash:  "5d3e60b8d2f7c41b9e2a7c55f0a3d1b6e8894c2f01d7735b6a90e4d2c8b1a77c", Prebill: id[ident.PrebillID](1),
		Payments: []InvoicePaid{{nov(20), "wire 4471", usd(1000000), id[ident.PaymentID](1)}},
		History: []partial.Step{
			{Icon: "check", Tone: partial.OK, Text: "Approved by Rosalind Vane", Note: "5 Nov 2026, 16:20 EST, $14,922.55"}, {Icon: "check", Tone: partial.OK, Text: "Issued in October close", Note: "6 Nov, 08:31"},
			{Icon: "mail", Tone: partial.OK, Text: "E-mailed to G. Amadi", Note: "6 Nov, 08:34"}, {Icon: "money", Tone: partial.OK, Text: "$10,000.00 received", Note: "20 Nov, wire 4471"},
		},
		Planned: []InvoiceReminder{{ID: id[ident.ReminderID](1), Text: "First reminder", On: nov(43), Note: "7 days after due, if still open", Skip: true}},
		Can:     InvoiceCan{Pay: true, Remind: true, Credit: true, Send: true, Hold: true},
	}
}

func TestSheetTellsWhatTheDocumentHolds(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	v := SheetView{Doc: s.document(), Open: usd(0)}
	if v.balance() != "Balance, USD" {
		t.Errorf("balance %q", v.balance())
	}
	html := render(t, Sheet(v))
	for _, want := range []string{">16.2<", "666.00, reduction −222.00", ">Expenses<", "RV Rosalind Vane"} {
		if !strings.Contains(html, want) {
			t.Errorf("missing %q", want)
		}
	}
	v.Redacted = true
	if html = render(t, Sheet(v)); strings.Contains(html, "fire marshal") || !strings.Contains(html, "Narrative withheld") {
		t.Error("a narrative above the class is shown")
	}
}

func TestSheetWithTaxAndAsCreditNote(t *testing.T) {
	t.Parallel()
	d := newStory(t).document()
	d.Currency, d.TaxNote = "GBP", "Reverse charge."
	d.Taxes = []invoice.Tax{{Name: "VAT", RateE6: 200_000, BaseMinor: 777480, TaxMinor: 155496}}
	d.Totals.TaxMinor, d.Totals.TotalMinor = 155496, 932976
	html := render(t, Sheet(SheetView{Doc: d, Open: money.Amount{Minor: 932976, Currency: "GBP"}}))
	for _, want := range []string{"VAT 20% on 7,774.80", "GBP\u00a01,554.96", "GBP\u00a09,329.76", "Reverse charge.", "Balance due 6 Dec 2026, GBP"} {
		if !strings.Contains(html, want) {
			t.Errorf("missing %q", want)
		}
	}
	d.Kind, d.Corrects, d.Because = invoice.KindCreditNote, &invoice.Reference{Number: "HV-20948", IssuedOn: "2026-11-06", TotalMinor: 932976}, "Billed to the wrong payor."
	html = render(t, Sheet(SheetView{Doc: d}))
	for _, want := range []string{"Credit note", "Credits invoice", "Reason: Billed to the wrong payor.", "Total credited, GBP"} {
		if !strings.Contains(html, want) {
			t.Errorf("missing %q", want)
		}
	}
}

func TestInvoiceWords(t *testing.T) {
	t.Parallel()
	v := newStory(t).invoice()
	if v.openWords() != "$4,922.55 open" || v.dueWords() != "Due 6 Dec 2026, in 13 days" || v.paidNote() != "67.0% paid" {
		t.Errorf("%q %q %q", v.openWords(), v.dueWords(), v.paidNote())
	}
	paid, credited := v, v
	paid.Open = usd(0)
	credited.Open, credited.Paid, credited.Taken = usd(0), usd(0), true
	if paid.dueWords() != "" || credited.dueWords() != "" || credited.paidNote() != "taken back" {
		t.Errorf("nothing is to be paid: %q %q %q", paid.dueWords(), credited.dueWords(), credited.paidNote())
	}
	if InvoiceChip("credited").Text != "Credited" || InvoiceChip("issued").Text != "Issued" {
		t.Error("states")
	}
}

func TestTheCreditPageSaysWhatTheNextBillStartsFrom(t *testing.T) {
	t.Parallel()
	for _, f := range invoiceFixtures(newStory(t)) {
		if f.name == "invoice-credit" && !strings.Contains(render(t, f.page), "The next pre-bill starts from what this invoice") {
			t.Error("the page does not say so")
		}
	}
}

// Who may keep reminders back gets there from the invoice, and nobody else is shown the way.
func TestTheInvoiceLeadsToItsHold(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	v := s.invoice()
	link := `href="` + v.act("hold") + `"`
	for _, may := range []bool{true, false} {
		v.Can.Hold = may
		if got := strings.Contains(render(t, invoiceHistory(s.specialist("x", "invoices", "HVL"), v)), link); got != may {
			t.Errorf("may hold: %v, link: %v", may, got)
		}
	}
}

// A list of reminders that stops says so at its number and over its rows.
func TestARemindersListThatStopsSaysSo(t *testing.T) {
	t.Parallel()
	b := notice.Board{Today: "2026-11-23", Waiting: []notice.ToPayor{{PayorName: "Pelham", Stage: notice.StageThird}}, More: []notice.List{notice.ListWaiting}}
	v := boardView(frame{}, b)
	if v.KPIs[1].Value != "over 1" || v.Sections[0].Note != "the first 1; there are more, which come up as these are done" || strings.Contains(v.Sections[3].Note, "there are more") {
		t.Errorf("%+v, %q", v.KPIs[1], v.Sections[0].Note)
	}
}
