// Package notice writes to payors: the invoice itself, the one-time code to the
// payor's door, and reminders by stage (LEGAL-BILLING 14). It owns deliveries,
// reminders and the payor's door. It does not own the sending (package mail) nor
// what is owed (packages invoice, receivable).
//
// A stage is dated by the recipient's local day, the firm's unless the client has a zone. A letter holds the firm, invoice
// numbers, open amounts and due dates, and nothing else of the matter.
package notice

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Faults.
var (
	ErrNotFound     = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrNoContact    = fault.New(fault.Conflict, "payor_contact_missing", "this payor has no verified contact; verify one, then send the invoice again")
	ErrDelivered    = fault.New(fault.Conflict, "invoice_delivered", "this invoice is delivered already, or on its way")
	ErrRecalled     = fault.New(fault.Conflict, "invoice_recalled", "this invoice was taken back before it reached the payor, so there is nothing to send")
	ErrReminded     = fault.New(fault.Conflict, "reminder_sent", "this reminder was sent or skipped already")
	ErrNotDue       = fault.New(fault.Conflict, "reminder_not_due", "this invoice cannot be reminded of now")
	ErrStage        = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale        = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrHeld         = fault.New(fault.Conflict, "reminder_held", "this is not reminded of now")
	ErrChanged      = fault.New(fault.Stale, "reminder_changed", "this message is not what you looked at any more; look at it as it is now")
	ErrDecided      = fault.New(fault.Conflict, "reminder_decided", "this does not wait for anybody's word any more")
	ErrEnded        = fault.New(fault.Conflict, "hold_ended", "this has ended already")
	ErrReason       = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrCode         = fault.New(fault.Invalid, "code_wrong", "this code is not right, or no longer valid; ask for a new one")
	ErrNoVisit      = fault.New(fault.Unauthenticated, "visit_ended", "your visit has ended; ask for a new code")
	ErrTooManyCodes = fault.New(fault.TooMany, "code_too_many", "too many tries; wait a while, then ask for a new code")
)

// Business hours within which reminders leave, in the recipient's zone.
const (
	opensAt  = 9
	closesAt = 17
)

// Status is where a delivery or a reminder stands.
type Status string

// Waiting is a delivery that a person makes, such as an upload to a portal, and a reminder
// that a partner has to see or that is to be posted.
const (
	StatusQueued    Status = "queued"
	StatusWaiting   Status = "waiting"
	StatusSent      Status = "sent"
	StatusFailed    Status = "failed"
	StatusUncertain Status = "uncertain"
	StatusSkipped   Status = "skipped"
	StatusPassed    Status = "passed" // a stage whose days went by
	StatusOpened    Status = "opened" // the hand-over: a task for the firm's management
)

// Delivery is one sending of an invoice, or of the credit note that takes it back.
type Delivery struct {
	Way        string // mail_link, mail_attachment, portal, by_hand, connector
	Contact    string
	CreditNote string // its number; "" for the invoice itself
	Mail       ident.MailID
	Status     Status
	Reason     string
	CreatedAt  time.Time
	EndedAt    *time.Time
}

// Reminder is one stage that was sent, waits, passed or was skipped.
type Reminder struct {
	ID        ident.ReminderID
	Stage     Stage
	Period    string // of a statement its month
	Letter    ident.LetterToPayor
	State     LetterState // of its letter, "" without one
	ForOn     invoice.Day
	OpenMinor int64 // as the letter says
	Currency  money.Currency
	Contact   string
	Mail      ident.MailID
	Status    Status
	Reason    string
	CreatedAt time.Time
	EndedAt   *time.Time
}

// Planned is a stage to come, if the invoice is still open then.
type Planned struct {
	Stage Stage
	On    invoice.Day
}

// Correspondence is everything that went, and will go, to the payor about one invoice, and why
// nothing goes, "" where nothing is in the way.
type Correspondence struct {
	Deliveries []Delivery
	Reminders  []Reminder
	Planned    []Planned
	Kept       Reason
	Holds      []Hold
	Promises   []Promise
}

// smallest is the open amount below which nobody is reminded: one unit of the currency.
func smallest(c money.Currency) int64 {
	n := int64(1)
	for range c.Exponent() {
		n *= 10
	}
	return n
}
