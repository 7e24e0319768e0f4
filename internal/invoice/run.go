package invoice

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

// Selection is which approved pre-bills of a firm a run takes: all of them when
// nothing is named.
type Selection struct {
	Clients  []ident.ClientID
	Matters  []ident.MatterID
	Prebills []ident.PrebillID
}

// NewRun is a run to be started. On is the date printed on its invoices; "" means
// today where each firm is.
type NewRun struct {
	Name  string
	On    Day
	Firms []FirmSelection
}

// FirmSelection is what a run takes of one firm.
type FirmSelection struct {
	Firm ident.FirmID
	Selection
}

// Validate names every field that needs correcting.
func (n NewRun) Validate(today Day) error {
	var fs fault.Fields
	if l := len(n.Name); l < 1 || l > 80 {
		fs.Add("name", "text_length", "give the run a name of at most 80 characters")
	}
	dated(&fs, n.On, today.Add(1)) // somewhere it is tomorrow already; each firm judges by its own day
	if len(n.Firms) == 0 {
		fs.Add("firms", "firms_missing", "choose at least one firm")
	}
	return fs.Err(ErrInput)
}

// dated complains about an invoice date that is none or lies ahead of today; "" is none
// given. An invoice is mailed, owed and counted as soon as it is there: one of next
// month would be in the receivables before its date.
func dated(fs *fault.Fields, on, today Day) {
	if on != "" && on.Time().IsZero() {
		fs.Add("on", "date_form", "write the date as 2026-11-06")
	} else if on > today {
		fs.Add("on", "date_ahead", "choose today or an earlier date; invoices go out at once, so start the run on the day that they are to bear")
	}
}

// workLater is the refusal of an invoice date before the last day of work: first is
// the earliest date that all of what was chosen can bear.
func workLater(on, first Day) error {
	return ErrDate.On(fault.Field{Path: "on", Code: "date_before_work",
		Message: "the work chosen goes on after " + on.Long() + ", until " + first.Long(), Fix: "Choose " + first.Long() + " or a later date"})
}

// Again is which failed items of a run are tried once more: of one cause or "" for
// all, dated anew when On is given.
type Again struct {
	Cause string
	On    Day
}

// Waiting is one approved pre-bill that no run has taken.
type Waiting struct {
	Prebill      ident.PrebillID
	Matter       ident.MatterID
	MatterNumber string
	MatterName   string
	ClientName   string
	Payor        ident.PayorID
	Currency     money.Currency
	NetMinor     int64 // as approved
	LastWork     Day
	Problem      error `gorm:"-"` // why it would fail, nil when it is ready; found out, not stored
}

// Preview is what a run would take of one firm.
type Preview struct {
	Firm     ident.FirmID
	On       Day
	Waiting  []Waiting
	Problems int
	Totals   []Total // control totals, by currency
}

// tooEarly tells whether the work of every pre-bill goes on after the date, and
// which date all of them can bear.
func (p Preview) tooEarly() (first Day, all bool) {
	all = len(p.Waiting) > 0
	for _, w := range p.Waiting {
		first = max(first, w.LastWork)
		all = all && p.On < w.LastWork
	}
	return first, all
}

// Total is an amount with how many make it up.
type Total struct {
	Currency money.Currency
	Count    int
	Minor    int64
}

// Run is a run as lists show it.
type Run struct {
	ID        ident.RunID
	Name      string
	On        Day
	StartedBy ident.PersonID
	Starter   string // their name, in Progress only
	StartedAt time.Time
	Firms     int
	Planned   int
	Issued    int
	Failed    int
	Left      int // waiting or being issued
}

// Done tells whether every item has ended, well or not.
func (r Run) Done() bool { return r.Left == 0 }

// Progress is where a run stands in one firm. Planned = Issued + Failed +
// Withdrawn + Left, always: the control report.
type Progress struct {
	Firm      ident.FirmID
	Run       Run
	Withdrawn int
	Issued    []Total // by currency, before tax
	Planned   []Total
	Causes    []Cause
	Minutes   []Minute // the latest in which something was issued, oldest first
	ShowsC2   bool     // amounts and names may be shown
}

// Minute is how many invoices were issued in one minute.
type Minute struct {
	At     time.Time
	Issued int
}

// Cause groups the failed items of one reason.
type Cause struct {
	Code    string
	Message string // of one of them
	Acts    Actor
	Count   int
	// First is the earliest date that all of them can bear, where the date was the cause.
	First Day
}

// Dated tells whether another invoice date mends the cause.
func (c Cause) Dated() bool { return c.Code == ErrBeforeWork.Code }

// Actor is who must act on a failure.
type Actor string

// The actors: the firm corrects its data or text, the bureau its work, an operator the system.
const (
	ActsFirm     Actor = "firm"
	ActsBureau   Actor = "bureau"
	ActsOperator Actor = "operator"
)

// ItemStatus is how an item of a run stands.
type ItemStatus string

// The states of an item. Withdrawn: the partner took the approval back before the
// run came to it.
const (
	ItemWaiting   ItemStatus = "waiting"
	ItemIssued    ItemStatus = "issued"
	ItemFailed    ItemStatus = "failed"
	ItemWithdrawn ItemStatus = "withdrawn"
)

// Item is one pre-bill of a run.
type Item struct {
	ID           ident.RunItemID
	Run          ident.RunID
	Prebill      ident.PrebillID
	Matter       ident.MatterID
	MatterNumber string
	MatterName   string
	Currency     money.Currency
	PlannedMinor int64
	InvoiceOn    Day // "" is the run's
	Status       ItemStatus
	Cause        string
	Message      string
	Acts         Actor
	Tries        int
	Invoice      ident.InvoiceID // the first, of a bill that is split
	Number       string          // or numbers
	UpdatedAt    time.Time
}

// actsOn says who must act on a fault. What is no fault is ours.
func actsOn(err error) Actor {
	switch codeOf(err) {
	case ErrBank.Code, ErrFirmTaxID.Code, tax.ErrNoRate.Code, ErrRightEnded.Code, firm.ErrPattern.Code:
		return ActsFirm
	case "", ErrControl.Code, ErrUnbalanced.Code, ErrSealed.Code:
		return ActsOperator
	}
	if k := fault.KindOf(err); k == fault.Internal || k == fault.Unavailable {
		return ActsOperator
	}
	return ActsBureau // texts and lines: the bureau puts them right and has them approved anew
}
