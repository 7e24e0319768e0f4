// Package worklist is the bureau's work: items with deadlines from many firms, who
// holds which, the order in which they are given out, and the thread with the firm
// (SLA.md 9). It owns items, leases, skips and messages. It does not own the clocks
// (package sla) nor what an item is about (import, pre-bill, ...).
package worklist

import (
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/sla"
)

// Status of an item.
type Status string

// The statuses. Ready, leased and parked items are open.
const (
	Ready     Status = "ready"
	Leased    Status = "leased"
	Parked    Status = "parked" // waits for somebody else
	Done      Status = "done"
	Cancelled Status = "cancelled"
)

// Limits of SLA.md 9.
const (
	LeaseTTL     = 15 * time.Minute
	SkipFor      = 30 * time.Minute // a skipped item is not offered to the same person again
	MaxHeld      = 3                // items one person works on at once
	MaxParked    = 15               // items one person waits for
	skipsToAsk   = 3                // different people who skipped: a lead decides
	estimateMin  = 15
	maxBodyRunes = 4000
	maxThread    = 500 // messages on one item, answers aside
)

// Refusals.
var (
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrQueueEmpty  = fault.New(fault.NotFound, "queue_empty", "nothing is ready for you at the moment")
	ErrHeldMany    = fault.New(fault.Conflict, "queue_held_many", "you hold as many items as one person may; finish or return one first")
	ErrParkedMany  = fault.New(fault.Conflict, "queue_parked_many", "you wait for the firm on as many items as one person may; settle one first")
	ErrLeaseLost   = fault.New(fault.Conflict, "lease_lost", "this item is no longer yours")
	ErrStale       = fault.New(fault.Stale, "item_changed", "this item changed since you opened it")
	ErrNotOpen     = fault.New(fault.Conflict, "item_not_open", "this item is finished")
	ErrNotReady    = fault.New(fault.Conflict, "item_not_ready", "somebody works on this item, or it waits for an answer")
	ErrNotLeased   = fault.New(fault.Conflict, "item_not_leased", "nobody holds this item")
	ErrInvalid     = fault.New(fault.Invalid, "item_invalid", "this cannot become a work item")
	ErrReason      = fault.New(fault.Invalid, "item_reason", "choose a reason")
	ErrMessage     = fault.New(fault.Invalid, "message_invalid", "this message cannot be sent")
	ErrThreadFull  = fault.New(fault.Conflict, "thread_full", "this item has 500 messages, as many as a thread takes; call, or say it on another item")
	ErrPerson      = fault.New(fault.Invalid, "item_person", "this item cannot go to that person")
	ErrTheirs      = fault.New(fault.Conflict, "item_theirs", "this person works on the item already")
	ErrNotKept     = fault.New(fault.Conflict, "item_not_kept", "this item is not kept for anybody any more")
	ErrNotEligible = fault.New(fault.Conflict, "item_not_eligible", "this work asks for what you do not have")
	ErrQuestion    = fault.New(fault.NotFound, "question_not_found", "there is no such question to answer")
)

// New is work that has come in.
type New struct {
	Type        string         // 'time_import', 'prebill', ...
	Matter      ident.MatterID // "" for work over several matters
	SubjectKind string
	SubjectID   string
	Label       authz.Label  // of work without a matter
	Priority    sla.Priority // 0 is P3
	ReceivedAt  time.Time    // when the firm handed it over; zero is now
	Source      sla.Source   // whose record says so
	EstimateMin int          // 0 is 15
	About       About        // of work whose subject does not say it itself
}

// About is what lists say of a subject that brings many things at once.
type About struct {
	Entries      int // 0 is none of this
	FromOn, ToOn time.Time
	Amount       *money.Amount // nil where it is not in one currency
}

type aboutColumns struct {
	Entries      *int
	FromOn, ToOn *time.Time
	Currency     *money.Currency
	AmountMinor  *int64
}

func (b About) columns() (c aboutColumns) {
	if b.Entries > 0 {
		c.Entries, c.FromOn, c.ToOn = &b.Entries, &b.FromOn, &b.ToOn
	}
	if b.Amount != nil {
		c.Currency, c.AmountMinor = &b.Amount.Currency, &b.Amount.Minor
	}
	return c
}

func (c aboutColumns) about() (b About) {
	if c.Entries != nil {
		b.Entries, b.FromOn, b.ToOn = *c.Entries, *c.FromOn, *c.ToOn
	}
	if c.Currency != nil {
		b.Amount = &money.Amount{Minor: *c.AmountMinor, Currency: *c.Currency}
	}
	return b
}

// Lease is the right to write to an item until an instant.
type Lease struct {
	Firm    ident.FirmID
	Item    ident.WorkItemID
	Token   int64
	Until   time.Time
	Version int
	Band    Band   // why it was first
	Why     string // the same in a sentence
}

// Act is what a holder does to an item. Version 0 does not ask for one.
type Act struct {
	Item    ident.WorkItemID
	Token   int64
	Version int
}

// SkipReason is why somebody passes an item over. Stored.
type SkipReason string

// The reasons.
const (
	SkipMissingInformation SkipReason = "missing_information"
	SkipNotMySkill         SkipReason = "not_my_skill"
	SkipConflict           SkipReason = "conflict"
	SkipTooLong            SkipReason = "too_long"
)

func (r SkipReason) known() bool {
	switch r {
	case SkipMissingInformation, SkipNotMySkill, SkipConflict, SkipTooLong:
		return true
	}
	return false
}

func (n *New) fill(now time.Time) error {
	if n.Priority == 0 {
		n.Priority = sla.P3
	}
	if n.EstimateMin == 0 {
		n.EstimateMin = estimateMin
	}
	if n.ReceivedAt.IsZero() || n.ReceivedAt.After(now) {
		n.ReceivedAt = now
	}
	if n.Type == "" || n.SubjectKind == "" || n.SubjectID == "" || n.Priority < sla.P1 || n.Priority > sla.P4 || n.EstimateMin < 0 {
		return ErrInvalid.With("a work item needs a type, a subject and a priority")
	}
	return nil
}
