// Package submission is an invoice's e-bill at its receiver: each version that was sent,
// what was answered, what was cut from which line, and the appeals (LEGAL-BILLING 6, 9). It
// owns the chain of versions, verdicts, reductions and appeals. It does not own the invoice,
// which never changes, nor the receivable: a cut that is accepted is corrected by the credit
// note that somebody issues, and by nothing here.
//
// Dates: answered_on is the day of the receiver's verdict, appeal_until the last day of the
// window that its profile gave then; both are days of the firm's calendar.
package submission

import (
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
)

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale     = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrBlocked   = fault.New(fault.Conflict, "submission_blocked", "the receiver would refuse this")
	ErrRemarks   = fault.New(fault.Conflict, "submission_remarks", "the receiver may cut this or ask about it; say that it goes all the same")
	ErrSame      = fault.New(fault.Conflict, "submission_same_file", "the receiver refuses a file that it had before; correct a line or the receiver's profile first")
	ErrOnItsWay  = fault.New(fault.Conflict, "submission_on_its_way", "this invoice is with its receiver; it is sent again when that refuses it")
	ErrCredited  = fault.New(fault.Conflict, "invoice_credited", "this invoice is credited; there is nothing to send")
	ErrOpen      = fault.New(fault.Conflict, "submission_open", "this is not settled yet")
	ErrClosed    = fault.New(fault.Conflict, "portal_closed", "this receiver is closed; give the payor another one first")
	ErrStatus    = fault.New(fault.Conflict, "submission_status", "that cannot follow the state of this submission")
	ErrDecided   = fault.New(fault.Conflict, "reduction_decided", "this cut is accepted or appealed already")
	ErrNoAppeal  = fault.New(fault.Conflict, "appeal_none", "this receiver takes no appeals")
	ErrLate      = fault.New(fault.Conflict, "appeal_late", "the time to appeal is over")
	ErrPaper     = fault.New(fault.Invalid, "paper_refused", "this file cannot be kept as evidence")
	ErrPaperSize = fault.New(fault.TooLarge, "paper_too_large", "a file has at most 10 MiB; scan it in grey, or in parts")
	ErrTwice     = fault.New(fault.Conflict, "paper_twice", "this very file speaks for the appeal already")
	ErrFull      = fault.New(fault.Conflict, "papers_full", "an appeal has at most 20 files; put them together in one")
	ErrAnswered  = fault.New(fault.Conflict, "appeal_decided", "this appeal is answered already")
	ErrLeaving   = fault.New(fault.Conflict, "handover_leaving", "the e-bill is going to its receiver at this moment; credit the invoice in a minute, when it is known whether it arrived")
	ErrUnderway  = fault.New(fault.Conflict, "handover_underway", "this is on its way or there; it goes again only after it failed or its fate is unknown")
	ErrNotFailed = fault.New(fault.Conflict, "submission_reason_missing", "an invoice goes again only after its receiver refused it")
)

// Status is where a submission stands; the receiver-neutral list of LEGAL-BILLING 6, with
// what we did before the receiver says anything, and with cuts. Stored, never rename.
type Status string

// The states.
const (
	Queued      Status = "queued" // is to go by itself, and is not known to be there
	Submitted   Status = "submitted"
	Received    Status = "received"
	FileError   Status = "file_error"
	Pending     Status = "pending_client"
	PendingTax  Status = "pending_tax_authority"
	PendingFirm Status = "pending_vendor" // the receiver waits for us
	Delivered   Status = "delivered_to_client"
	Rejected    Status = "rejected"
	Reduced     Status = "reduced" // accepted with cuts, some of which are open or appealed
	Approved    Status = "approved"
	SentToAP    Status = "sent_to_ap"
	Paid        Status = "paid"
)

// underway are the states that an answer can still change into any verdict.
var underway = []Status{Submitted, Received, Pending, PendingTax, PendingFirm, Delivered}

// next are the states that a receiver's answer may lead to.
func (s Status) next() []Status {
	switch {
	case slices.Contains(underway, s):
		return []Status{Received, Pending, PendingTax, PendingFirm, Delivered, FileError, Rejected, Reduced, Approved}
	case s == Approved:
		return []Status{SentToAP, Paid}
	case s == SentToAP:
		return []Status{Paid}
	}
	return nil // refused: a new version follows. Reduced: its cuts are settled first
}

// Answers are what the receiver can say next.
func (s Status) Answers() []Status {
	return slices.DeleteFunc(s.next(), func(n Status) bool { return n == s })
}

// Failed tells that the receiver refused it: a corrected version may follow.
func (s Status) Failed() bool { return s == FileError || s == Rejected }

// Words is the state for a reader.
func (s Status) Words() string {
	switch s {
	case Pending:
		return "Pending at client"
	case PendingTax:
		return "Pending at tax authority"
	case PendingFirm:
		return "Waits for the firm"
	case FileError:
		return "File refused"
	case SentToAP:
		return "Sent to payment"
	case Queued:
		return "Not sent yet"
	case "":
		return ""
	default:
		return strings.ReplaceAll(strings.ToUpper(string(s[:1]))+string(s[1:]), "_", " ")
	}
}

// Type is what a submission is to its receiver; stored.
type Type string

// The types.
const (
	TypeInvoice  Type = "invoice"
	TypeResubmit Type = "resubmit"
)

// ErrorType is the kind of a refusal, of the LEDES API's list.
type ErrorType string

// ErrorTypes are those of LEGAL-BILLING 6.
func ErrorTypes() []ErrorType {
	return []ErrorType{"file_structure", "missing_field", "bad_file_data", "invoice_level_error", "line_item_error", "audit_error", "afa_error"}
}

// Submission is one version of an invoice's e-bill that went to a receiver.
type Submission struct {
	ID            ident.SubmissionID
	Invoice       ident.InvoiceID
	Matter        ident.MatterID
	Portal        ident.PortalID
	PortalName    string
	N             int // version of the e-bill, from 1
	Type          Type
	Follows       ident.SubmissionID // the version that failed; "" for the first
	Reason        string             // why it went again
	Status        Status
	Format        invoice.Format
	Number        string // as the file has it
	FileName      string
	Blob          ident.BlobID
	SHA256        string `gorm:"column:sha256"`
	SizeBytes     int64
	Remarks       int
	Currency      money.Currency
	TotalMinor    int64
	ReducedMinor  int64
	RegainedMinor int64
	AnswerBy      invoice.Day
	Receipt       string
	ErrorType     ErrorType
	Code          string
	AnswerText    string // "" for a reader below C3
	AnsweredOn    invoice.Day
	AnsweredAt    *time.Time
	AnsweredBy    ident.PersonID
	AppealUntil   invoice.Day
	SubmittedBy   string // name
	SubmittedAt   time.Time
	OverdueAt     *time.Time // when it was found that no answer came in time
	Carried       State      // of its newest hand-over; "" where a person takes the file
	Version       int

	InvoiceNumber string
	MatterNumber  string
	MatterName    string
	Label         int16
	PayorName     string
}

// ApprovedMinor is what the receiver stands by: the total less the cuts, plus what appeals
// brought back.
func (s *Submission) ApprovedMinor() int64 { return s.TotalMinor - s.ReducedMinor + s.RegainedMinor }

// Change is one text of a line that a version says otherwise than the one before it.
type Change struct {
	Line   int `gorm:"column:line_no"`
	Field  string
	Before string
	After  string
}

// Fields are what a change may be of. Amounts, hours, dates and people stay: a bill that is
// wrong in those is credited and billed anew.
func Fields() []string { return []string{"narrative", "task_code", "activity_code", "expense_code"} }

// of is the field of a line.
func (c Change) of(l *invoice.Line) *string {
	switch c.Field {
	case "narrative":
		return &l.Narrative
	case "task_code":
		return &l.Task
	case "activity_code":
		return &l.Activity
	case "expense_code":
		return &l.ExpenseCode
	}
	return nil
}

// apply makes the change on a document that has its line, and keeps what stood before.
func (c *Change) apply(d *invoice.Document) bool {
	i := slices.IndexFunc(d.Lines, func(l invoice.Line) bool { return l.No == c.Line })
	if i < 0 {
		return false
	}
	field := c.of(&d.Lines[i])
	if field == nil {
		return false
	}
	c.Before, *field = *field, c.After
	return true
}

// Sending is what is asked for when an invoice goes to its receiver.
type Sending struct {
	Reason  string   // why it goes again; "" for the first time
	Changes []Change // line, field and what it says now
	Anyway  bool     // remarks of the check before sending are known
}

// Answer is what a receiver said.
type Answer struct {
	Status     Status
	Receipt    string // "" leaves it as it is
	ErrorType  ErrorType
	Code       string // of the published rejection reasons
	Text       string
	On         invoice.Day // "" is today
	Reductions []Cut       // of Reduced
}

// Cut is what a receiver took off a line, or off the invoice as a whole.
type Cut struct {
	Line  int // 0 is the whole
	Code  string
	Text  string
	Minor int64
}

// CutStatus is where a cut stands.
type CutStatus string

// The states of a cut; the last three are an appeal's outcome.
const (
	CutOpen     CutStatus = "open"
	CutAccepted CutStatus = "accepted"
	CutAppealed CutStatus = "appealed"
	CutGranted  CutStatus = "granted"
	CutPart     CutStatus = "part"
	CutDenied   CutStatus = "denied"
)

// Reduction is a cut as it is kept.
type Reduction struct {
	ID            ident.ReductionID
	Line          int `gorm:"column:line_no"`
	Code          string
	Text          string // "" for a reader below C3
	AmountMinor   int64
	Status        CutStatus
	RegainedMinor int64
	Appeal        ident.AppealID
}

// Appeal is what was said against cuts.
type Appeal struct {
	ID            ident.AppealID
	Reason        string // this and the next "" for a reader below C3
	Evidence      string
	DueOn         invoice.Day
	FiledOn       invoice.Day
	FiledBy       string // name
	AmountMinor   int64
	Status        string // filed, granted, part, denied
	RegainedMinor int64
	Outcome       string
	DecidedAt     *time.Time
	Papers        []Paper `gorm:"-"` // nil for a reader below C3
}

// NewAppeal asks for cuts to be taken back.
type NewAppeal struct {
	Reductions []ident.ReductionID
	Reason     string
	Evidence   string
}

// Outcome is the receiver's word on an appeal: what of each cut it takes back. A cut that is
// not named stays.
type Outcome struct {
	Regained map[ident.ReductionID]int64
	Text     string
}

// View is one submission with everything that hangs on it.
type View struct {
	Submission
	Handovers  []Handover // the newest first; none where a person takes the file
	Changes    []Change   // nil for a reader below C3
	Reductions []Reduction
	Appeals    []Appeal
	Text       bool // the reader sees C3
}

// outcome is how much of a cut came back, in a word.
func outcome(amount, regained int64) CutStatus {
	switch regained {
	case 0:
		return CutDenied
	case amount:
		return CutGranted
	}
	return CutPart
}

// validate names every field that needs correcting, of an answer to s, which was sent on a day.
func (a Answer) validate(s *Submission, sent, today invoice.Day) error {
	var fs fault.Fields
	fs.Line("receipt", a.Receipt, 0, 120)
	fs.Line("code", a.Code, 0, 20)
	text(&fs, "text", a.Text, 0, 2000)
	if refused := a.Status.Failed(); refused != slices.Contains(ErrorTypes(), a.ErrorType) {
		if refused {
			fs.Add("error_type", "error_type_missing", "choose what kind of error the receiver names")
		} else if a.ErrorType != "" {
			fs.Add("error_type", "error_type_unfit", "only a refusal has an error type")
		}
	}
	if a.On == "" || a.On.Time().IsZero() || a.On < sent || a.On > today {
		fs.Add("answered_on", "date_range", "enter the day of the answer, from %s, when it was sent, to today", sent)
	}
	a.cuts(&fs, s)
	return fs.Err(ErrInvalid)
}

func (a Answer) cuts(fs *fault.Fields, s *Submission) {
	if (a.Status == Reduced) != (len(a.Reductions) > 0) {
		fs.Add("reductions", "reductions_unfit", "an answer with cuts names them, any other has none")
		return
	}
	var sum int64
	for i, c := range a.Reductions {
		at := "reductions." + itoa(i)
		fs.Line(at+".code", c.Code, 1, 20)
		text(fs, at+".text", c.Text, 0, 500)
		if c.Minor <= 0 || c.Minor > s.TotalMinor-sum {
			fs.Add(at+".amount", "amount_range", "enter more than 0, and in all no more than the invoice")
			continue
		}
		sum += c.Minor
	}
}

// linesHold tells of cuts that take more off a line than it has.
func linesHold(cuts []Cut, d *invoice.Document) error {
	var fs fault.Fields
	left := map[int]int64{}
	for i := range d.Lines {
		left[d.Lines[i].No] = d.Lines[i].AmountMinor + d.Lines[i].TaxMinor
	}
	for i, c := range cuts {
		if c.Line == 0 {
			continue
		}
		has, there := left[c.Line]
		switch at := "reductions." + itoa(i); {
		case !there:
			fs.Add(at+".line", "line_unknown", "the invoice has no line %d", c.Line)
		case c.Minor > has:
			fs.Add(at+".amount", "amount_range", "line %d has %s left to cut", c.Line, money.Amount{Minor: max(0, has), Currency: d.Currency}.Text())
		}
		left[c.Line] -= c.Minor
	}
	return fs.Err(ErrInvalid)
}

// refusal names every finding at its line.
func refusal(base *fault.Error, list []portal.Finding) error {
	var fs fault.Fields
	for _, f := range list {
		path := "invoice"
		if f.Line > 0 {
			path = "lines." + itoa(f.Line)
		}
		fs = append(fs, fault.Field{Path: path, Code: f.Code, Message: f.Message, Fix: f.Fix})
	}
	return fs.Err(base)
}
