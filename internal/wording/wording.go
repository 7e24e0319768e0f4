// Package wording is what a firm's letters to payors say: the words around an invoice, a
// credit note, a reminder. It comes with words of its own; a firm may publish others. A
// text has fields in place of what differs from letter to letter, and no logic: a field is
// replaced, a section is shown or not, or once for each invoice (SECURITY T18). What a
// letter must hold in any case (figures, the link) is not part of the text.
package wording

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// Faults.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInput    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale    = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrStandard = fault.New(fault.Conflict, "wording_standard", "the words that come with Docketry are in use already")
	// ErrLong is a letter beyond the limit; only many invoices and a long section come to it.
	ErrLong = fault.New(fault.Invalid, "wording_long", "with so many invoices the letter is too long")
)

// Kind is which letter; stored and part of addresses.
type Kind string

// The letters that a firm may word. The one that brings a one-time code is none of them.
const (
	Invoice          Kind = "invoice"
	CreditNote       Kind = "credit_note"
	Statement        Kind = "statement"
	ReminderUpcoming Kind = "reminder_upcoming"
	ReminderCourtesy Kind = "reminder_courtesy"
	ReminderFirst    Kind = "reminder_first"
	ReminderSecond   Kind = "reminder_second"
	ReminderThird    Kind = "reminder_third"
	ReminderFinal    Kind = "reminder_final"
)

// Kinds lists them in the order of an invoice's life.
func Kinds() []Kind {
	return []Kind{Invoice, CreditNote, Statement, ReminderUpcoming, ReminderCourtesy, ReminderFirst, ReminderSecond, ReminderThird, ReminderFinal}
}

// reminds tells a letter over what is open, of one invoice or several.
func (k Kind) reminds() bool {
	return k == Statement || k == ReminderUpcoming || k == ReminderCourtesy || k == ReminderFirst || k == ReminderSecond || k == ReminderThird || k == ReminderFinal
}

// Says is the kind in words.
func (k Kind) Says() string {
	switch k {
	case Invoice:
		return "An invoice is sent"
	case CreditNote:
		return "An invoice is taken back"
	case Statement:
		return "Monthly statement"
	case ReminderUpcoming:
		return "Notice before the due day"
	case ReminderCourtesy:
		return "Courtesy note on the due day"
	case ReminderFirst:
		return "First reminder"
	case ReminderSecond:
		return "Second reminder"
	case ReminderThird:
		return "Third reminder"
	case ReminderFinal:
		return "Final reminder"
	default:
		return string(k)
	}
}

// Field is a name that a text may use.
type Field struct {
	Name    string
	Means   string
	Section bool   // stands around words: {{#name}}…{{/name}}
	Within  string // only inside this section
}

const (
	fieldFirm     = "firm"
	fieldContact  = "contact"
	fieldSender   = "sender"
	fieldNumber   = "number"
	fieldOpen     = "open"
	fieldDue      = "due"
	fieldDays     = "days"
	fieldNote     = "note"
	fieldCount    = "count"
	fieldFirst    = "first"
	fieldAttached = "attached"
	fieldOne      = "one"
	fieldSeveral  = "several"
	fieldInvoices = "invoices"
)

// Fields are what a letter of the kind can say (DESIGN 2.16: never a client, a matter or
// a narrative).
func (k Kind) Fields() []Field {
	list := []Field{{Name: fieldFirm, Means: "the firm's name"}, {Name: fieldContact, Means: "the name of whom the letter goes to"}}
	number := Field{Name: fieldNumber, Means: "the invoice's number"}
	open := Field{Name: fieldOpen, Means: "what is open of it, such as USD 48,212.50"}
	due := Field{Name: fieldDue, Means: "the day it is due"}
	attached := Field{Name: fieldAttached, Means: "shown when the PDF goes with the letter; with ^ in place of #, when it does not", Section: true}
	switch {
	case k == Invoice:
		return append(list, number, open, due, attached)
	case k == CreditNote:
		return append(list, Field{Name: fieldNote, Means: "the credit note's number"}, number, open, attached)
	case k.reminds():
		number.Means, number.Within, open.Within, due.Within = "the number of an invoice", fieldInvoices, fieldInvoices, fieldInvoices
		return append(list, Field{Name: fieldSender, Means: "who writes: the firm's name, or the responsible partner's where the stage is theirs"}, Field{Name: fieldCount, Means: "how many invoices the letter reminds of"},
			Field{Name: fieldFirst, Means: "the number of the oldest of them"},
			Field{Name: fieldOne, Means: "shown when it is one invoice", Section: true},
			Field{Name: fieldSeveral, Means: "shown when it is more than one", Section: true},
			Field{Name: fieldInvoices, Means: "once for each invoice, the oldest first", Section: true},
			number, open, due, Field{Name: fieldDays, Means: "days since it was due", Within: fieldInvoices})
	default:
		return nil
	}
}

// known refuses what is no kind.
func (k Kind) known() error {
	if k.Fields() == nil {
		return ErrNotFound
	}
	return nil
}

// Text is the words of a letter. Body stands before the figures and the link, with a blank
// line between paragraphs; Closing stands after them.
type Text struct {
	Subject string
	Body    string
	Closing string
}

// Standard is what a letter says as long as the firm publishes nothing else.
func Standard(k Kind) Text {
	switch k {
	case Invoice:
		return Text{"Invoice {{number}}", "Hello,\n\n{{firm}} has issued invoice {{number}} to you.\n\n" +
			"{{#attached}}It is attached, as agreed. You also find it at the address below, behind a one-time code sent to this mail address.{{/attached}}" +
			"{{^attached}}It is ready for you at the address below. The page sends a one-time code to this mail address and shows nothing without it.{{/attached}}", "{{firm}}"}
	case CreditNote:
		return Text{"Credit note {{note}}", "Hello,\n\n{{firm}} has taken invoice {{number}} back in full. Nothing is to be paid on it.\n\n" +
			"{{#attached}}The credit note is attached, as agreed. You also find it at the address below, behind a one-time code sent to this mail address.{{/attached}}" +
			"{{^attached}}You find the credit note beside the invoice at the address below. The page sends a one-time code to this mail address and shows nothing without it.{{/attached}}", "{{firm}}"}
	case ReminderFirst:
		return Text{"Reminder: {{#one}}invoice {{first}}{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Hello,\n\nwe have not yet seen a payment for the {{#one}}invoice{{/one}}{{#several}}invoices{{/several}} below. Perhaps it has crossed this letter; then please pay no attention to it.\n\n" +
				"If something about it is unclear, an answer to this mail reaches us.", "{{firm}}"}
	case Statement:
		return Text{"Statement of account: {{#one}}1 invoice{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Hello,\n\nthis is what is open with {{firm}} at the start of the month. It is for your records; where something is due already, we write about it separately.\n\n" +
				"If something about it is unclear, an answer to this mail reaches us.", "{{firm}}"}
	case ReminderUpcoming:
		return Text{"Due soon: {{#one}}invoice {{first}}{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Hello,\n\nthe {{#one}}invoice below is{{/one}}{{#several}}invoices below are{{/several}} due soon. Nothing needs to be done if the payment is arranged.", "{{firm}}"}
	case ReminderCourtesy:
		return Text{"Due now: {{#one}}invoice {{first}}{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Hello,\n\nthe {{#one}}invoice below has{{/one}}{{#several}}invoices below have{{/several}} come due. If the payment is on its way, please pay no attention to this note.", "{{firm}}"}
	case ReminderSecond:
		return Text{"Second reminder: {{#one}}invoice {{first}}{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Hello,\n\nwe have written to you before about the {{#one}}invoice{{/one}}{{#several}}invoices{{/several}} below and have not seen a payment. Please tell us when we can expect it, or what is in its way.\n\n" +
				"If it has crossed this letter, please pay no attention to it.", "{{sender}}\n{{firm}}"}
	case ReminderThird:
		return Text{"Third reminder: {{#one}}invoice {{first}}{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Dear client,\n\nthe {{#one}}invoice{{/one}}{{#several}}invoices{{/several}} below {{#one}}remains{{/one}}{{#several}}remain{{/several}} unpaid in spite of our reminders. I would like to settle this with you in person, and ask you to pay or to call me.", "{{sender}}\n{{firm}}"}
	case ReminderFinal:
		return Text{"Final reminder: {{#one}}invoice {{first}}{{/one}}{{#several}}{{count}} invoices{{/several}}",
			"Dear client,\n\nthis is our final reminder over the {{#one}}invoice{{/one}}{{#several}}invoices{{/several}} below. If you cannot pay in full, tell me now: we can agree on instalments. Without an answer the firm has to decide how to go on.", "{{sender}}\n{{firm}}"}
	default:
		return Text{}
	}
}

// Due is one invoice as a letter tells it, in words.
type Due struct {
	Number, Open, On string
	Days             int
}

// Values are what the fields of one letter stand for.
type Values struct {
	Firm, Contact string
	Sender        string // of a reminder; "" is the firm
	Note          string // of a credit note
	Attached      bool
	Invoices      []Due // the oldest first; all kinds have at least one
}

// Wording is the words of one kind as they are now.
type Wording struct {
	Kind     Kind
	Text     Text
	Standard bool
	Version  int // 0 as long as the firm published none
	By       string
	At       *time.Time
}

// Sample is how a letter would read in one case.
type Sample struct {
	Case    string
	Subject string
	Text    string
}
