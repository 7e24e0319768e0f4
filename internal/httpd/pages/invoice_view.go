package pages

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
)

// InvoiceView is one issued invoice: the sheet, its files, what was paid, how it
// was delivered and what reminders follow. It cannot be edited, only credited.
type InvoiceView struct {
	Firm     partial.Firm
	ID       ident.InvoiceID
	Number   string
	Client   string
	Label    partial.Label
	State    partial.Chip
	Total    money.Amount
	Open     money.Amount
	Paid     money.Amount
	Disputed money.Amount   // of what is open
	Disputes []InvoiceOther // the newest first
	DueOn    time.Time
	Today    time.Time
	Sheet    SheetView
	Files    []InvoiceFile
	Hash     string // of the canonical document
	Payments []InvoicePaid
	Allowed  money.Amount     // left out by a prompt payment
	Prompt   string           // what is enough by which day, "" where less is not
	Withheld *InvoiceWithheld // what waits for a certificate of tax withheld; nil where nothing does
	Trust    *InvoiceTrust    // what client money could pay of it; nil where none is held
	Make     *partial.Field   // the e-bill's formats that are not made yet; nil without any, or without the right
	Credits  []InvoiceCredit  // the first first
	Taken    bool             // credited in full
	Prebill  ident.PrebillID
	Check    *InvoiceCheck  // what the receiver would answer; nil without one, or without sight of the text
	History  []partial.Step // delivery and reminders, the planned ones with Next
	Planned  []InvoiceReminder
	Can      InvoiceCan
	Others   []InvoiceOther // of the other payors of a bill that is split
	Whole    string         // what they come to together
}

// InvoiceOther is the invoice of another payor of the same bill.
type InvoiceOther struct {
	Link  partial.Link
	Payor string
	Net   money.Amount
	State partial.Chip
}

// InvoiceWithheld is what waits for the payor's certificate, and the form that records it.
type InvoiceWithheld struct {
	Text string
	Form *partial.Form // nil without the right
}

// InvoiceTrust is what client money in trust could pay of an invoice.
type InvoiceTrust struct {
	Text string
	More partial.Link
}

// InvoiceCan is what the person may do here.
type InvoiceCan struct{ Pay, Send, Remind, Credit, Part, Dispute, Hold bool }

// InvoiceCheck is what the payor's receiver would answer to the invoice.
type InvoiceCheck struct {
	Receiver partial.Link
	Reads    string // "LEDES XML 2.1"
	Findings []portal.Finding
	Sent     []InvoiceSent // newest first
	More     string        // where it is sent and followed; "" without the right
}

// InvoiceSent is one version that went to the receiver.
type InvoiceSent struct {
	Text  string
	Href  string
	State partial.Chip
}

func (c *InvoiceCheck) chip() partial.Chip {
	blocks := 0
	for _, x := range c.Findings {
		if x.Severity == portal.Block {
			blocks++
		}
	}
	switch {
	case blocks > 0:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: format.Counted(blocks, "refusal", "refusals")}
	case len(c.Findings) > 0:
		return partial.Chip{Tone: partial.Warn, Icon: "alert", Text: format.Counted(len(c.Findings), "remark", "remarks")}
	}
	return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Nothing found"}
}

// checksShown is how many findings stand on the invoice; its e-bills' page has them all.
const checksShown = 5

// first are the findings that stand here, what would be refused before the rest.
func (c *InvoiceCheck) first() []portal.Finding {
	list := slices.Clone(c.Findings)
	slices.SortStableFunc(list, func(a, b portal.Finding) int { return cmp.Compare(string(a.Severity), string(b.Severity)) })
	return list[:min(len(list), checksShown)]
}

func (c *InvoiceCheck) rest() string {
	if n := len(c.Findings) - checksShown; n > 0 {
		return "And " + strconv.Itoa(n) + " more, on the page of its e-bills."
	}
	return ""
}

func (c *InvoiceCheck) tone(x portal.Finding) string {
	if x.Severity == portal.Block {
		return "ico-bad"
	}
	return "ico-warn"
}

// answeredAt is where a finding is: "Line 4, LINE_ITEM_DESCRIPTION".
func answeredAt(x portal.Finding) string {
	at := "The invoice"
	if x.Line > 0 {
		at = "Line " + strconv.Itoa(x.Line)
	}
	if x.Field != "" {
		at += ", " + x.Field
	}
	return at
}

// InvoiceFile is one stored file.
type InvoiceFile struct {
	Name  string // "PDF", "LEDES 1998B"
	Kind  string // of href.Document
	Bytes int64
	Hash  string
	Note  string // "3 texts spelled otherwise"
}

// InvoicePaid is a share of a payment set against this invoice.
type InvoicePaid struct {
	On      time.Time
	Text    string
	Amount  money.Amount
	Payment ident.PaymentID
}

// InvoiceCredit is a credit note that takes the invoice back, or a part of it.
type InvoiceCredit struct {
	ID     ident.CreditNoteID
	Number string
	On     time.Time
	Reason string
	Amount money.Amount
	EBill  invoice.Format // "" where it has only a PDF
}

// InvoiceReminder is one planned reminder; each can be skipped with a reason.
type InvoiceReminder struct {
	ID   ident.ReminderID
	Text string // "First reminder"
	On   time.Time
	Note string // "7 days after due, if still open"
	Skip bool
	Why  Faulty // a reason for skipping that came back
}

func (v InvoiceView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Invoices", Href: href.Invoices(v.Firm.ID)}, {Text: v.Client}}
}

func (v InvoiceView) openWords() string { return format.Money(v.Open) + " open" }

// dueWords is "" for what nobody is to pay any more.
func (v InvoiceView) dueWords() string {
	if v.Open.Minor == 0 {
		return ""
	}
	return "Due " + format.Date(v.DueOn) + ", " + format.InDays(v.DueOn, v.Today)
}

func (v InvoiceView) act(name string) string { return href.InvoiceAct(v.Firm.ID, v.ID, name) }

func (v InvoiceView) paidBar() partial.Bar {
	return partial.Bar{Says: format.Percent(v.Paid.Minor, v.Total.Minor) + " paid", Parts: []partial.BarPart{{Tone: partial.OK, Share: partial.Share(v.Paid.Minor, v.Total.Minor)}}}
}

func (v InvoiceView) paidNote() string {
	if v.Taken {
		return "taken back"
	}
	return format.Percent(v.Paid.Minor, v.Total.Minor) + " paid"
}

// withheld tells that the lines' text, and so the files that hold it, are above the reader's class.
func (v InvoiceView) withheld() bool { return v.Sheet.Doc == nil }

// open lists the files that the reader may open.
func (v InvoiceView) open() []InvoiceFile {
	if v.withheld() {
		return nil
	}
	return v.Files
}

func (v InvoiceView) file(f InvoiceFile) string { return href.Document(v.Firm.ID, v.ID, f.Kind) }

func (v InvoiceView) creditFile(c InvoiceCredit, f invoice.Format) string {
	return href.CreditFile(v.Firm.ID, c.ID, string(f))
}

// creditWords name the act that takes back all that is left.
func (v InvoiceView) creditWords() string {
	if len(v.Credits) > 0 {
		return "Credit the rest"
	}
	return "Credit in full"
}

func (v InvoiceView) makeForm() partial.Form {
	return partial.Form{ID: "ebill", Action: v.act("files"), Submit: "Make the file", Side: true, Fields: []partial.Field{*v.Make}}
}

func (f InvoiceFile) about() string {
	s := format.Bytes(f.Bytes)
	if f.Note != "" {
		s += ", " + f.Note
	}
	return s
}

func (v InvoiceView) skip(r InvoiceReminder) partial.Form {
	return partial.Form{ID: "s-" + string(r.ID), Action: href.ReminderSkip(v.Firm.ID, v.ID, r.ID), Submit: "Skip it", Side: true, Fields: []partial.Field{
		{Name: "reason", Label: "Why", Value: r.Why.Value, Error: r.Why.Error, Required: true, Max: 200},
	}}
}

// InvoiceCreditView is the form that takes an invoice back, whole.
type InvoiceCreditView struct {
	Firm   partial.Firm
	ID     ident.InvoiceID
	Number string
	Total  money.Amount
	Rest   bool // parts of it are credited already
	Others int  // invoices of the same bill that stand, where it is split among payors
	Form   partial.Form
}

func (v InvoiceCreditView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Invoices", Href: href.Invoices(v.Firm.ID)}, {Text: v.Number, Href: href.Invoice(v.Firm.ID, v.ID)}, {Text: "Credit"}}
}

func (v InvoiceCreditView) title() string {
	if v.Rest {
		return "Credit the rest of " + v.Number
	}
	return "Credit " + v.Number + " in full"
}

func (v InvoiceCreditView) lede() string {
	return "A credit note over " + format.Money(v.Total) + " is issued, and goes to the payor the way the invoice did, at once. The invoice stays as it is; its entries can be billed again if you say so." + v.othersWords()
}

// othersWords tell what a credit does to the other invoices of a split bill.
func (v InvoiceCreditView) othersWords() string {
	if v.Others == 0 {
		return ""
	}
	return " The bill is split among payors. Credited alone, the other " + format.Counted(v.Others, "invoice stays", "invoices stay") + " and so does the work; to bill it again all of them are credited together, each by a note to its own payor."
}

// InvoiceListView is a firm's invoices.
type InvoiceListView struct {
	Firm    partial.Firm
	Tabs    []partial.Tab
	Rows    []InvoiceItem
	Sums    []invoice.ListTotal // of the whole list
	Today   time.Time
	Pager   partial.Pager
	Between string // the days of their dates, "" for all
}

// InvoiceItem is one invoice in the list.
type InvoiceItem struct {
	ID     ident.InvoiceID
	Number string
	Matter string
	Client string
	On     time.Time
	DueOn  time.Time
	Total  money.Amount
	Open   money.Amount
	State  partial.Chip
	Label  partial.Label
}

func (v InvoiceListView) table() partial.Table {
	t := partial.Table{
		Caption: "Invoices, newest first", Keys: true,
		Columns: []partial.Column{{Head: "Invoice"}, {Head: "Matter", Minor: true}, {Head: "Issued", NoWrap: true, Minor: true}, {Head: "Due", NoWrap: true}, {Head: "Total", Right: true, Minor: true}, {Head: "Open", Right: true}, {Head: "State"}},
		Empty:   partial.Empty{Icon: "money", Title: "No invoice here", Text: "Invoices appear when a run issues approved pre-bills."},
	}
	for _, r := range v.Rows {
		due := partial.Txt(format.Date(r.DueOn))
		if r.Open.Minor > 0 && r.DueOn.Before(v.Today) {
			due.Tone, due.Sub = partial.Bad, "overdue"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(r.Number, href.Invoice(v.Firm.ID, r.ID), r.Client), partial.Txt(r.Matter), partial.Txt(format.Date(r.On)), due,
			partial.Txt(format.Money(r.Total)), partial.Txt(format.Money(r.Open)), partial.Node(partial.ChipMark(r.State)),
		}})
	}
	for _, x := range v.Sums {
		in := func(minor int64) partial.Cell {
			return partial.Txt(format.Money(money.Amount{Minor: minor, Currency: x.Currency}))
		}
		t.Foot = append(t.Foot, partial.Row{Grand: true, Cells: []partial.Cell{totalCell(x.Invoices, "invoice", "invoices", x.Currency, len(v.Sums)), {}, {}, {}, in(x.TotalMinor), in(x.OpenMinor), {}}})
	}
	return t
}

func (r InvoiceReminder) when() string {
	return format.Date(r.On) + ". " + r.Note
}

// InvoiceChip is the state of an invoice as a chip, by its stored word.
func InvoiceChip(status string) partial.Chip {
	switch status {
	case "paid":
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Paid"}
	case "part_paid":
		return partial.Chip{Tone: partial.Accent, Icon: "money", Text: "Part paid"}
	case "sent":
		return partial.Chip{Tone: partial.Calm, Icon: "mail", Text: "Sent"}
	case "credited":
		return partial.Chip{Icon: "x", Text: "Credited"}
	default:
		return partial.Chip{Icon: "seal", Text: "Issued"}
	}
}
