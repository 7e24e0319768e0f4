package sla

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Work is what clocks are started for.
type Work struct {
	Item       ident.WorkItemID
	Type       string
	Matter     ident.MatterID // "" for work over several
	Priority   Priority
	ReceivedAt time.Time // when the firm handed it over, not when it was processed
	Source     Source    // whose record says so; SourceSystem when ""
}

// Standing is what an item's clocks say of it together.
type Standing struct {
	DueAt    time.Time // earliest running clock; zero when none runs
	HotAt    time.Time // from then on a quarter or an hour of a clock is left
	Deadline time.Time // what the order of work goes by; zero when no clock is open (see Wait)
}

// Change is one event for the clocks of an item.
type Change struct {
	Kind     EventKind
	Only     []Kind    // of which targets; nil is all
	At       time.Time // zero is now; earlier only from a system's record
	Source   Source    // "" is the actor of the transaction
	Priority Priority
	Reason   Reason
	Cause    Cause
	Question ident.MessageID
	Note     string
}

// ErrBackdated refuses a person's claim that something happened earlier (SLA.md 5).
var ErrBackdated = fault.New(fault.Invalid, "event_backdated", "only what a system has on record can be dated back")

// Start starts the clocks of the agreement that is in force for work, at the
// instant the firm handed it over, in the transaction that makes the item. Without
// an agreement no clock runs.
func Start(tx *db.Tx, w Work) (Standing, error) {
	p := pass{tx: tx, calendars: NewCalendars()}
	w.ReceivedAt = earlier(w.ReceivedAt, tx.Now).UTC()
	targets, err := inForce(tx, w.ReceivedAt)
	if err != nil {
		return Standing{}, err
	}
	started := map[string]bool{}
	var clocks []stored
	for _, t := range targets {
		target := t.target()
		if started[t.Key] || !target.matches(w.Type) {
			continue
		}
		started[t.Key] = true
		s, err := p.start(w, t)
		if err != nil {
			return Standing{}, err
		}
		clocks = append(clocks, s)
	}
	return standing(clocks, tx.Now)
}

// Record applies one event to the clocks of an item, in the transaction of what
// caused it, and returns how the item stands then. An event that makes no sense for
// a clock is recorded and changes nothing.
func Record(tx *db.Tx, item ident.WorkItemID, c Change) (Standing, error) {
	p := pass{tx: tx, calendars: NewCalendars()}
	clocks, err := p.lockItem(item)
	if err != nil {
		return Standing{}, err
	}
	ev, err := c.event(tx)
	if err != nil {
		return Standing{}, err
	}
	for i := range clocks {
		if c.Only != nil && !slices.Contains(c.Only, clocks[i].Kind) {
			continue
		}
		if err := p.record(&clocks[i], ev); err != nil {
			return Standing{}, err
		}
	}
	return standing(clocks, tx.Now)
}

func (c Change) event(tx *db.Tx) (Event, error) {
	e := Event{
		Kind: c.Kind, At: c.At, RecordedAt: tx.Now, Actor: tx.Scope.Actor, Source: c.Source,
		Priority: c.Priority, Reason: c.Reason, Cause: c.Cause, Question: c.Question, Note: c.Note,
	}
	if e.Source == "" {
		e.Source = SourceSystem
		if tx.Scope.Actor != "" {
			e.Source = SourcePerson
		}
	}
	if e.At.IsZero() || e.At.After(tx.Now) {
		e.At = tx.Now
	}
	e.At = e.At.UTC().Truncate(time.Second)
	if e.Source == SourcePerson && e.At.Before(tx.Now.Truncate(time.Second)) {
		return e, ErrBackdated
	}
	return e, nil
}

// standing sums up the open clocks of an item.
func standing(clocks []stored, now time.Time) (st Standing, err error) {
	for _, s := range clocks {
		c := s.now
		if c.State == Completed {
			continue
		}
		due := c.DueAt
		if c.State == Paused {
			if due, err = c.IfResumed(now); err != nil {
				return st, err
			}
		}
		st.Deadline = first(st.Deadline, due)
		if c.State != Running {
			continue
		}
		st.DueAt = first(st.DueAt, due)
		hot, err := c.HotAt()
		if err != nil {
			return st, err
		}
		if hot.IsZero() {
			hot = due // breached: it has been urgent since
		}
		st.HotAt = first(st.HotAt, hot)
	}
	if st.HotAt.IsZero() {
		st.HotAt = st.Deadline // all are paused: not urgent before they run again
	}
	return st, nil
}

// first is the earlier of two instants; a zero one is none.
func first(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
