// Package dispute is what a client disputes of an invoice: what, why and in whose words, what
// the firm answers, and how it ends (LEGAL-BILLING 9, 10, 14). It owns disputes and what of an
// invoice is in dispute. It does not own the invoice, which never changes, nor the credit note by
// which a dispute is upheld (package invoice).
//
// An invoice in dispute keeps its state of payment: a part of it may be paid and another disputed.
// What is in dispute is never more than is open; it is not reminded of, and no payment and no
// client money pays it before the dispute has ended.
//
// Dates: raised_on is the day of the client's word, answer_by the last day that was agreed for
// the answer; both are days of the firm's calendar.
package dispute

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInput    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale    = fault.New(fault.Stale, "version_stale", "someone changed this dispute since you opened it; look at the new state and decide again")
	ErrEnded    = fault.New(fault.Conflict, "dispute_ended", "this dispute has ended")
	ErrAnswered = fault.New(fault.Conflict, "dispute_answered", "this dispute is answered already; add what is to be said as a note")
	ErrNothing  = fault.New(fault.Conflict, "dispute_nothing_open", "nothing of this invoice is open and not in dispute already")
	ErrWhole    = fault.New(fault.Conflict, "dispute_whole", "the whole of this invoice is in dispute, or a part is and the whole cannot be beside it; settle that first")
	ErrOpen     = fault.New(fault.Conflict, "dispute_open", "this dispute is not settled: answer it, then resolve or withdraw it")
)

// Scope is what of an invoice is disputed; stored.
type Scope string

// The scopes: all that is open, lines with amounts, or an amount.
const (
	Whole  Scope = "whole"
	Lines  Scope = "lines"
	Amount Scope = "amount"
)

// Status is where a dispute stands; stored.
type Status string

// The states.
const (
	Open      Status = "open"
	Answered  Status = "answered"
	Resolved  Status = "resolved"
	Withdrawn Status = "withdrawn"
)

// Live tells that it has not ended.
func (s Status) Live() bool { return s == Open || s == Answered }

// Outcome is how a resolved dispute ended; stored.
type Outcome string

// The outcomes: a credit note takes back what was disputed, a part of it, or nothing.
const (
	Upheld   Outcome = "upheld"
	Part     Outcome = "part"
	Rejected Outcome = "rejected"
)

// Reason is a code of the published rejection reasons that a client's dispute can have. There is
// one vocabulary for what receivers refuse, what they cut, and what clients dispute.
type Reason struct{ Code, Words string }

// Reasons lists them as a form shows them (rejection_reasons.csv).
func Reasons() []Reason {
	return []Reason{
		{"GUI-01", "Block billing, vague narrative, clerical work, staffing"},
		{"GUI-02", "Expense not allowed, over its cap or without receipt"},
		{"GUI-03", "Late invoice or stale time"},
		{"GUI-04", "Budget exceeded or not on file"},
		{"TKP-01", "Timekeeper unknown or not approved"},
		{"TKP-02", "Rate above the approved rate"},
		{"MAT-02", "Posted to the wrong matter"},
		{"MAT-03", "Matter closed, or the bill too long after closing"},
		{"COD-01", "Task, activity or expense code not allowed"},
		{"DUP-01", "Billed already"},
		{"ARI-01", "An amount is wrong"},
		{"TAX-01", "Tax wrong or missing"},
		{"MAN-01", "Something else, in the client's words"},
	}
}

// Dispute is one of them. Amounts are minor units of Currency, with tax.
type Dispute struct {
	ID            ident.DisputeID
	Invoice       ident.InvoiceID
	Matter        ident.MatterID
	Currency      money.Currency
	Scope         Scope
	Code          string
	Words         string // the client's own; "" for a reader below C3, as the other texts
	RaisedBy      string // who of the client
	RaisedOn      invoice.Day
	AnswerBy      invoice.Day // "" where nothing was agreed
	ClaimedMinor  int64       // when it was opened
	DisputedMinor int64       // still in dispute
	Status        Status
	Outcome       Outcome
	AgreedMinor   int64 // that the firm takes back
	CreditNote    ident.CreditNoteID
	CreditNumber  string
	Answer        string
	AnsweredBy    string // name
	AnsweredAt    *time.Time
	Closing       string
	ClosedBy      string // name
	ClosedAt      *time.Time
	OpenedBy      string // name
	OpenedAt      time.Time
	Version       int

	InvoiceNumber string
	OpenMinor     int64 // of the invoice, now
	ClientName    string
	PayorName     string
	MatterNumber  string
	MatterName    string
	Label         int16
}

// Late tells that no answer was given by the day that was agreed.
func (d *Dispute) Late(today invoice.Day) bool {
	return d.Status == Open && d.AnswerBy != "" && today > d.AnswerBy
}

// Line is a line of the invoice that is disputed, or as much of it.
type Line struct {
	No         int `gorm:"column:line_no"`
	NetMinor   int64
	GrossMinor int64 // with the tax that follows it
	Live       bool
}

// Side is whose word a note is; stored.
type Side string

// The sides.
const (
	Client Side = "client"
	Firm   Side = "firm"
)

// Note is what was said on the way.
type Note struct {
	ID     ident.DisputeNoteID
	Side   Side
	Words  string // C3
	MadeBy string // name
	MadeAt time.Time
}

// View is a dispute with everything that hangs on it.
type View struct {
	Dispute
	Lines []Line
	Notes []Note // nil for a reader below C3
	Text  bool   // the reader sees C3
}

// Opening is a dispute to open: of Lines, of AmountMinor with its tax, or of all that is open
// and not in dispute already.
type Opening struct {
	Lines       []invoice.CreditLine // Minor before tax; 0 is all that is left of it
	AmountMinor int64
	Code        string
	Words       string
	RaisedBy    string
	RaisedOn    invoice.Day // "" is today
	AnswerBy    invoice.Day
}

func (o Opening) scope() Scope {
	switch {
	case len(o.Lines) > 0:
		return Lines
	case o.AmountMinor != 0:
		return Amount
	}
	return Whole
}

// validate names every field that needs correcting.
func (o Opening) validate(issued, today invoice.Day) error {
	var fs fault.Fields
	if !slices.ContainsFunc(Reasons(), func(r Reason) bool { return r.Code == o.Code }) {
		fs.Add("code", "reason_unknown", "choose one of the published reasons, such as GUI-01")
	}
	text(&fs, "words", o.Words, 3)
	fs.Line("raised_by", o.RaisedBy, 1, 120)
	if o.RaisedOn.Time().IsZero() || o.RaisedOn < issued || o.RaisedOn > today {
		fs.Add("raised_on", "date_range", "enter the day on which the client said so, from %s, when the invoice was issued, to today", issued.Long())
	}
	if o.AnswerBy != "" && (o.AnswerBy.Time().IsZero() || o.AnswerBy < today) {
		fs.Add("answer_by", "date_range", "enter today or a later day, or leave it empty")
	}
	if o.AmountMinor < 0 {
		fs.Add("amount", "amount_positive", "enter more than zero")
	}
	if o.AmountMinor != 0 && len(o.Lines) > 0 {
		fs.Add("amount", "amount_unfit", "say an amount, or lines, not both")
	}
	seen := map[int]bool{}
	for _, l := range o.Lines {
		if seen[l.No] {
			fs.Add(invoice.CreditLineField(l.No), "line_twice", "name line %d once", l.No)
		}
		if l.Minor < 0 {
			fs.Add(invoice.CreditLineField(l.No), "amount_positive", "enter more than zero for line %d", l.No)
		}
		seen[l.No] = true
	}
	return fs.Err(ErrInput)
}

// lines are what is disputed of each line, never more than is left of it; taken are lines in
// another dispute.
func (o Opening) lines(left []invoice.LeftOf, taken []int, c money.Currency) (lines []Line, err error) {
	var fs fault.Fields
	for _, want := range o.Lines {
		at := invoice.CreditLineField(want.No)
		if want.No < 1 || want.No > len(left) {
			fs.Add(at, "line_unknown", "the invoice has no line %d", want.No)
			continue
		}
		l := left[want.No-1]
		switch {
		case slices.Contains(taken, want.No):
			fs.Add(at, "line_disputed", "line %d is in another dispute; settle that first", want.No)
		case l.NetMinor <= 0 || l.GrossMinor <= 0:
			fs.Add(at, "line_below_zero", "nothing is asked for on line %d; leave it out", want.No)
		case want.Minor > l.NetMinor:
			fs = append(fs, fault.Field{Path: at, Code: "amount_range", Message: fmt.Sprintf("line %d has less than that left", want.No), Fix: "Enter at most " + money.Amount{Minor: l.NetMinor, Currency: c}.Text()})
		default:
			net := l.NetMinor
			if want.Minor > 0 {
				net = want.Minor
			}
			gross, err := l.With(net)
			if err != nil {
				return nil, err
			}
			lines = append(lines, Line{No: want.No, NetMinor: net, GrossMinor: gross, Live: true})
		}
	}
	return lines, fs.Err(ErrInput)
}

// Resolution is how a dispute ends: Lines or AmountMinor are what the firm takes back of it,
// neither is nothing.
type Resolution struct {
	Lines       []invoice.CreditLine // of a dispute over lines; Minor before tax, 0 is what is disputed of it
	AmountMinor int64                // of any other, with its tax
	Words       string               // why
	Reason      string               // printed on the credit note, where something is taken back
}

// agreed is the credit note that a resolution asks for, and how the dispute ends; no note where
// nothing is taken back.
func (r Resolution) agreed(d *Dispute, lines []Line) (n invoice.NewCredit, o Outcome, err error) {
	var fs fault.Fields
	text(&fs, "words", r.Words, 3)
	n = invoice.NewCredit{Reason: r.Reason}
	in := func(minor int64) string { return money.Amount{Minor: minor, Currency: d.Currency}.Text() }
	switch {
	case d.Scope != Lines && len(r.Lines) > 0:
		fs.Add("lines", "lines_unfit", "this dispute is over an amount; say how much of it is taken back")
	case d.Scope == Lines && r.AmountMinor != 0:
		fs.Add("amount", "amount_unfit", "this dispute is over lines; say what is taken back of each")
	case r.AmountMinor < 0 || r.AmountMinor > d.DisputedMinor:
		fs = append(fs, fault.Field{Path: "amount", Code: "amount_range", Message: "this is not a part of what is disputed", Fix: "Enter at most " + in(d.DisputedMinor) + ", or nothing to reject the dispute"})
	}
	n.AmountMinor = r.AmountMinor
	whole := d.Scope != Lines && r.AmountMinor == d.DisputedMinor || d.Scope == Lines && len(r.Lines) == len(lines)
	for _, want := range r.Lines {
		at := invoice.CreditLineField(want.No)
		i := slices.IndexFunc(lines, func(l Line) bool { return l.No == want.No })
		switch {
		case d.Scope != Lines:
			continue
		case i < 0:
			fs.Add(at, "line_unknown", "line %d is not in this dispute", want.No)
			continue
		case slices.ContainsFunc(n.Lines, func(l invoice.CreditLine) bool { return l.No == want.No }):
			fs.Add(at, "line_twice", "name line %d once", want.No)
		case want.Minor < 0 || want.Minor > lines[i].NetMinor:
			fs = append(fs, fault.Field{Path: at, Code: "amount_range", Message: fmt.Sprintf("less than that is disputed of line %d", want.No), Fix: "Enter at most " + in(lines[i].NetMinor)})
		}
		if want.Minor == 0 {
			want.Minor = lines[i].NetMinor
		}
		whole = whole && want.Minor == lines[i].NetMinor
		n.Lines = append(n.Lines, want)
	}
	if o = Rejected; r.Reason != "" && len(r.Lines) == 0 && r.AmountMinor == 0 {
		fs.Add("reason", "nothing_taken_back", "a credit note would say this, and nothing is taken back; say how much, or leave this empty to reject the dispute")
	}
	if len(n.Lines) > 0 || n.AmountMinor > 0 {
		if o = Part; whole {
			o = Upheld
		}
		if len(fs) == 0 {
			return n, o, n.Validate()
		}
	}
	return n, o, fs.Err(ErrInput)
}

// text wants least to 4000 characters over several lines.
func text(fs *fault.Fields, field, s string, least int) {
	if n := utf8.RuneCountInString(s); n < least || n > 4000 {
		fs.Add(field, "text_length", "enter %d to 4000 characters; this has %d", least, n)
		return
	}
	if f, ok := fault.UnseenTyped(field, s); !ok {
		*fs = append(*fs, f)
	}
}
