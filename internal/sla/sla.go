// Package sla is promises and whether they are kept: clocks over a firm's business
// time, agreements and their targets, warnings and breaches, monthly figures
// (SLA.md 2-8). A clock is a log of events; everything shown of it is computed from
// the log, so that a stored row can always be checked against a replay.
//
// It owns calendars' versions, agreements, clocks and notices. It does not own the
// work itself (package worklist) or how time is counted (package calendar).
package sla

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// State of a clock. "Outside hours" is not one: a clock at night is running.
type State string

// The states; "" is a clock that has not started.
const (
	Running   State = "running"
	Paused    State = "paused"
	Completed State = "completed"
)

// Outcome of a cycle of a clock.
type Outcome string

// The outcomes. Waived and cancelled leave numerator and denominator.
const (
	Open      Outcome = "open"
	Met       Outcome = "met"
	Breached  Outcome = "breached"
	Cancelled Outcome = "cancelled"
	Waived    Outcome = "waived"
)

// Reason why a clock is paused.
type Reason string

// The reasons. WaitingInternal is recorded and never stops a clock.
const (
	WaitingFirm       Reason = "waiting_firm"
	WaitingThirdParty Reason = "waiting_third_party"
	FirmHold          Reason = "firm_hold"
	ForceMajeure      Reason = "force_majeure"
	WaitingInternal   Reason = "waiting_internal"
)

// Cause of reopening.
type Cause string

// A bureau error reopens the same cycle, a firm's change begins a new one.
const (
	BureauError Cause = "bureau_error"
	FirmChange  Cause = "firm_change"
)

// Priority of work, 1 the most urgent. Stored as its number, written "P1".
type Priority int16

// The priorities.
const (
	P1 Priority = 1 + iota
	P2
	P3
	P4
)

// String is "P1" to "P4".
func (p Priority) String() string { return "P" + strconv.Itoa(int(p)) }

// MarshalText writes "P1" to "P4", also as the key of a JSON object.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads "P1" to "P4".
func (p *Priority) UnmarshalText(b []byte) error {
	if len(b) != 2 || b[0] != 'P' || b[1] < '1' || b[1] > '4' {
		return ErrPriority.With("%q is not a priority; write P1 to P4", b)
	}
	*p = Priority(b[1] - '0')
	return nil
}

// Refusals of what a clock is told or asked.
var (
	ErrPriority = fault.New(fault.Invalid, "priority_invalid", "this is not a priority")
	ErrNoTarget = fault.New(fault.Invalid, "target_missing", "the agreement has no target for this priority")
)

// Terms are what one clock is measured by: a target of an agreement version and
// the calendar version that it pins.
type Terms struct {
	Calendar   *calendar.Calendar
	Minutes    map[Priority]int64 // business minutes
	Pauses     []Reason           // the reasons that stop this clock
	AtRisk     []int              // percentages of the target at which to warn
	RaisePct   int                // grace when the target shrinks, SLA.md 5
	ReopenDays int                // business days after completion in which a bureau error reopens the cycle
}

func (t Terms) targetS(p Priority) (int64, error) {
	m, ok := t.Minutes[p]
	if !ok || m <= 0 {
		return 0, ErrNoTarget.With("the agreement has no target for %s", p)
	}
	return m * 60, nil
}

// stops tells whether a pause for r stops the clock.
func (t Terms) stops(r Reason) bool { return r != WaitingInternal && slices.Contains(t.Pauses, r) }

// EventKind is what happened to a clock. Stored: never rename one.
type EventKind string

// The events of SLA.md 3 to 5.
const (
	EventStart    EventKind = "start"
	EventComplete EventKind = "complete"
	EventPause    EventKind = "pause"
	EventResume   EventKind = "resume"
	EventReopen   EventKind = "reopen"
	EventPriority EventKind = "priority"
	EventForward  EventKind = "rebase_forward" // from now on other terms
	EventCorrect  EventKind = "rebase_correct" // other terms from the start: a mistake is put right
	EventWaive    EventKind = "waive"
	EventCancel   EventKind = "cancel"
)

// Source of an event: a person says so, or a system has it in its own record.
type Source string

// System sources may date an event in the past (SLA.md 5).
const (
	SourcePerson Source = "person"
	SourceSystem Source = "system"
	SourceMail   Source = "mail"
	SourceUpload Source = "upload"
	SourceHub    Source = "hub"
)

// Event is one entry of a clock's log. It is never changed.
type Event struct {
	Seq        int64
	Kind       EventKind
	At         time.Time // when it happened; counted in whole seconds
	RecordedAt time.Time // when it was written down
	Actor      ident.PersonID
	Source     Source
	Priority   Priority        // of a start and a change of priority
	Reason     Reason          // of a pause and a resume
	Cause      Cause           // of a reopening
	Question   ident.MessageID // what the firm was asked, of a pause for it
	Note       string          // why, in words; shown to the firm
	Terms      *Terms          // of a re-baseline
}

// Cycle is one run of a clock towards its target. Reopening for a firm's change
// begins the next; the outcome of the one before stands.
type Cycle struct {
	N           int
	State       State
	Outcome     Outcome
	ConsumedS   int64 // business seconds used, up to SegStart while running
	TargetS     int64
	PausedS     int64     // business seconds that pauses took, up to the last resume
	SegStart    time.Time // since when it runs, or is paused
	DueAt       time.Time // zero while paused
	BreachedAt  time.Time // the due instant that passed; zero when none did
	CompletedAt time.Time
	WaivedAt    time.Time
}

// OutcomeAt is the instant that puts the outcome into a month (SLA.md 7); zero
// while it is open.
func (c Cycle) OutcomeAt() time.Time {
	switch {
	case c.Outcome == Open:
		return time.Time{}
	case !c.BreachedAt.IsZero():
		return c.BreachedAt
	case !c.CompletedAt.IsZero():
		return c.CompletedAt
	default:
		return c.WaivedAt
	}
}

// OverrunS is how far past the target the work went, paused time not counted.
func (c Cycle) OverrunS() int64 {
	if c.BreachedAt.IsZero() {
		return 0
	}
	return max(0, c.ConsumedS-c.TargetS)
}

// Clock is what a log amounts to at an instant.
type Clock struct {
	Cycle              // the present one
	Past     []Cycle   // earlier ones
	Priority Priority  // for the next target
	Holding  []Reason  // why it is paused, sorted
	Notices  []Notice  // every warning and breach so far, in order
	NextAt   time.Time // the next instant that will need a notice; zero when none will
	Segments []Segment // how the time went, for explanations
	terms    Terms     // in force now
}

// NoticeKind is a warning or a breach.
type NoticeKind string

// Each is given once per cycle, warnings once per percentage.
const (
	NoticeAtRisk NoticeKind = "at_risk"
	NoticeBreach NoticeKind = "breach"
)

// Notice is an instant that people must hear of.
type Notice struct {
	Cycle      int
	Kind       NoticeKind
	Pct        int       // of an at-risk notice; 0 for a breach
	At         time.Time // when it was so, however late anyone looked
	DetectedAt time.Time // when it was written down; zero when nobody has
	VoidedAt   time.Time // when it turned out not to have been so
}

// Segment is a time in which a clock ran, or was paused.
type Segment struct {
	Cycle    int
	From, To time.Time
	Reasons  []Reason // why it was paused; nil when it ran
	Seconds  int64    // open time in it
	calendar *calendar.Calendar
}

// inOrder sorts a copy by when things happened, then by when they were recorded.
func inOrder(events []Event) []Event {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b Event) int {
		return cmp.Or(a.At.Truncate(time.Second).Compare(b.At.Truncate(time.Second)), cmp.Compare(a.Seq, b.Seq))
	})
	return sorted
}
