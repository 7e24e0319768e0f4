// Package prebill is the draft that a partner reviews before a client sees
// anything. It owns the copies of entries, their edits and write-downs, holds and
// the approval. It does not own numbering or delivery (package invoice), nor the
// entries themselves, which stay as recorded (package capture).
package prebill

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Faults of this package.
var (
	ErrNotFound     = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale        = fault.New(fault.Stale, "version_stale", "this pre-bill changed since you opened it; look at the new state and decide again")
	ErrRearranged   = fault.New(fault.Stale, "prebill_rearranged", "the fee arrangement makes another amount of this pre-bill by now, because its terms or another bill of the client changed; look at the new state and decide again")
	ErrInvalid      = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrEmpty        = fault.New(fault.Conflict, "prebill_empty", "there is nothing to bill on this matter up to that day")
	ErrWithPartner  = fault.New(fault.Conflict, "prebill_with_partner", "the pre-bill of this matter is with the partner; what was worked since waits for the next one")
	ErrAllHeld      = fault.New(fault.Conflict, "prebill_all_held", "every line is held, so there is nothing to invoice")
	ErrNothing      = fault.New(fault.Conflict, "prebill_nothing", "nothing on this bill is charged; put the price or the fee on it that is due")
	ErrUnpriced     = fault.New(fault.Conflict, "prebill_unpriced", "some time is of tasks that the agreed price list does not have")
	ErrPrice        = fault.New(fault.Conflict, "prebill_price", "this price is not agreed for the matter, or was billed before")
	ErrStatus       = fault.New(fault.Conflict, "prebill_status", "this pre-bill is not in a state for that")
	ErrOwnWork      = fault.New(fault.Conflict, "prebill_own_work", "you prepared or handed in this pre-bill, so another partner approves it")
	ErrOpenFindings = fault.New(fault.Conflict, "prebill_findings_open", "some findings are open; fix them or say why the line stays")
	ErrOwnLine      = fault.New(fault.Conflict, "finding_own_line", "this is your own time, so someone else decides about the finding")
	ErrCuts         = fault.New(fault.Conflict, "prebill_cuts_over", "the fees would be less than what is taken off them as a whole; undo that first")
	ErrNotLast      = fault.New(fault.Conflict, "edit_not_last", "a later change of this line stands on this one; undo that first")
	ErrUnbillable   = fault.New(fault.Conflict, "prebill_unbillable", "no invoice could be made of this pre-bill")
	ErrAltered      = fault.New(fault.Conflict, "prebill_altered", "what is stored is not what was approved; it needs a new approval")
)

// Status is where a pre-bill stands.
type Status string

// The statuses. Taken means that its invoice exists.
const (
	StatusDraft            Status = "draft"
	StatusInReview         Status = "in_review"
	StatusChangesRequested Status = "changes_requested"
	StatusApproved         Status = "approved"
	StatusTaken            Status = "taken"
	StatusCancelled        Status = "cancelled"
)

// Statuses lists them in the order of a pre-bill's life.
func Statuses() []Status {
	return []Status{StatusDraft, StatusInReview, StatusChangesRequested, StatusApproved, StatusTaken, StatusCancelled}
}

// graph is every step a pre-bill may take, with the permission that takes it
// (I12). Table prebill_transition holds the same and a trigger keeps to it.
var graph = map[Status]map[Status]rbac.Permission{
	StatusDraft:            {StatusInReview: rbac.PrebillSubmit, StatusCancelled: rbac.PrebillCancel},
	StatusInReview:         {StatusApproved: rbac.PrebillApprove, StatusChangesRequested: rbac.PrebillApprove, StatusCancelled: rbac.PrebillCancel},
	StatusChangesRequested: {StatusInReview: rbac.PrebillSubmit, StatusCancelled: rbac.PrebillCancel},
	StatusApproved:         {StatusInReview: rbac.PrebillApprove, StatusTaken: rbac.InvoiceIssue},
}

// Step returns the permission for a step, false when the graph has none.
func Step(from, to Status) (rbac.Permission, bool) {
	p, ok := graph[from][to]
	return p, ok
}

// Editable tells whether lines may change. A change of an approved one voids the
// approval.
func (s Status) Editable() bool {
	return s == StatusDraft || s == StatusInReview || s == StatusChangesRequested || s == StatusApproved
}

// Open tells whether it still holds its entries for a coming invoice.
func (s Status) Open() bool { return s != StatusTaken && s != StatusCancelled }

// Prebill is the head of a draft bill, for one matter and one payor.
type Prebill struct {
	ID           ident.PrebillID
	Number       int64
	MatterID     ident.MatterID
	PayorID      ident.PayorID
	Currency     money.Currency
	PeriodFrom   *time.Time // first work date that belongs on it; nil where no period is named (TIM-10)
	ThroughOn    time.Time  // last work date that belongs on it
	Status       Status
	PreparedBy   ident.PersonID // "" when a schedule built it
	PreparedAt   time.Time
	SubmittedBy  ident.PersonID
	SubmittedAt  *time.Time
	Note         string // why it was sent back
	ApprovedBy   ident.PersonID
	ApprovedAt   *time.Time
	ApprovedHash string
	// For whom the approver stood in, and under what; "" where they approved for themselves.
	ApprovedFor   ident.PersonID
	ApprovedUnder ident.DeputyID
	TakenAt       *time.Time
	CancelledAt   *time.Time
	Version       int
}

// Name is how people call it: PB-1184. It is no invoice number.
func (p *Prebill) Name() string { return fmt.Sprintf("PB-%d", p.Number) }

// move takes a step of the graph and forgets or sets what goes with it.
func (p *Prebill) move(to Status, by ident.PersonID, at time.Time) error {
	if _, ok := Step(p.Status, to); !ok {
		return ErrStatus.With("%s is %s; it cannot become %s", p.Name(), p.Status.words(), to.words())
	}
	p.Status = to
	if to != StatusApproved && to != StatusTaken {
		p.ApprovedBy, p.ApprovedAt, p.ApprovedHash, p.ApprovedFor, p.ApprovedUnder = "", nil, "", "", ""
	}
	switch to {
	case StatusTaken:
		p.TakenAt = &at
	case StatusCancelled:
		p.CancelledAt = &at
	case StatusApproved:
		p.ApprovedBy, p.ApprovedAt = by, &at
	default: // the others have no instant of their own
	}
	return nil
}

// Approve gives a pre-bill in review its approval for exactly the content that
// hash names. Who prepared or handed it in may not (I13, T33).
func (p *Prebill) Approve(by ident.PersonID, at time.Time, hash string) error {
	if by != "" && (by == p.PreparedBy || by == p.SubmittedBy) {
		return ErrOwnWork
	}
	if err := p.move(StatusApproved, by, at); err != nil {
		return err
	}
	p.ApprovedHash, p.Note = hash, ""
	return nil
}

// words is the status in a sentence.
func (s Status) words() string {
	switch s {
	case StatusInReview:
		return "in review"
	case StatusChangesRequested:
		return "sent back"
	case StatusDraft:
		return "a draft"
	case StatusTaken:
		return "invoiced"
	default:
		return string(s)
	}
}
