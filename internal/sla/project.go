package sla

import (
	"slices"
	"time"
)

// Project replays a log up to an instant. Whatever happens at an instant is applied
// before anyone is warned of it: notices before `until` are given, those at it are
// not yet. Events that make no sense where they stand (a pause of what is completed)
// change nothing. The error is a calendar without business time, or a missing target.
func Project(terms Terms, log []Event, until time.Time) (Clock, error) {
	until = until.Truncate(time.Second)
	terms, log = corrected(terms, inOrder(log))
	w := walker{Clock: Clock{terms: terms}}
	for _, e := range log {
		e.At = e.At.Truncate(time.Second).UTC()
		if e.At.After(until) {
			break
		}
		if err := w.advance(e.At); err != nil {
			return Clock{}, err
		}
		if err := w.apply(e); err != nil {
			return Clock{}, err
		}
	}
	if err := w.advance(until); err != nil {
		return Clock{}, err
	}
	if err := w.lookAhead(); err != nil {
		return Clock{}, err
	}
	return w.Clock, nil
}

// corrected applies the last correction from the start. Earlier re-baselines are
// part of the mistake that it puts right.
func corrected(terms Terms, log []Event) (Terms, []Event) {
	last := int64(-1)
	for _, e := range log {
		if e.Kind == EventCorrect && e.Terms != nil && e.Seq > last {
			last, terms = e.Seq, *e.Terms
		}
	}
	if last < 0 {
		return terms, log
	}
	return terms, slices.DeleteFunc(slices.Clone(log), func(e Event) bool {
		return e.Kind == EventCorrect || (e.Kind == EventForward && e.Seq < last)
	})
}

// walker goes through a log.
type walker struct {
	Clock
	passed []Notice // thresholds that an edit has put behind the clock, not given yet
}

func (w *walker) apply(e Event) error {
	if e.Kind == EventStart {
		return w.start(e)
	}
	if w.State == "" {
		return nil
	}
	switch e.Kind {
	case EventComplete:
		return w.finish(e.At, Met)
	case EventCancel:
		return w.finish(e.At, Cancelled)
	case EventPause:
		return w.pause(e)
	case EventResume:
		return w.resume(e)
	case EventReopen:
		return w.reopen(e)
	case EventPriority:
		return w.reprioritise(e)
	case EventForward:
		if e.Terms != nil {
			return w.retarget(e.At, *e.Terms)
		}
	case EventWaive:
		w.Outcome, w.WaivedAt, w.passed = Waived, e.At, nil
	default: // a start was handled above, a correction stands at the start
	}
	return nil
}

func (w *walker) start(e Event) error {
	if w.State != "" {
		return nil
	}
	w.Priority = e.Priority
	return w.begin(e.At, 1)
}

// begin starts cycle n with a full target.
func (w *walker) begin(at time.Time, n int) error {
	target, err := w.terms.targetS(w.Priority)
	if err != nil {
		return err
	}
	w.Cycle = Cycle{N: n, Outcome: Open, TargetS: target}
	return w.run(at)
}

// run lets the clock run from at on.
func (w *walker) run(at time.Time) error {
	w.State, w.SegStart = Running, at
	if !w.BreachedAt.IsZero() {
		w.DueAt = w.BreachedAt // a breach stays where it was
		return nil
	}
	due, err := w.terms.Calendar.Add(at, max(0, w.TargetS-w.ConsumedS))
	w.DueAt = due
	return err
}

// settle books the time since SegStart, as used or as paused.
func (w *walker) settle(at time.Time) error {
	if w.State == Completed {
		return nil
	}
	open, err := w.terms.Calendar.Between(w.SegStart, at)
	if err != nil {
		return err
	}
	s := Segment{Cycle: w.N, From: w.SegStart, To: at, Seconds: open, calendar: w.terms.Calendar}
	if w.State == Running {
		w.ConsumedS += open
	} else {
		w.PausedS += open
		s.Reasons = slices.Clone(w.Holding)
	}
	w.Segments = append(w.Segments, s)
	w.SegStart = at
	return nil
}

// finish ends the cycle. Past its due instant it was breached before this is reached.
func (w *walker) finish(at time.Time, as Outcome) error {
	if w.State == Completed {
		return nil
	}
	if err := w.settle(at); err != nil {
		return err
	}
	w.State, w.CompletedAt, w.Holding, w.passed = Completed, at, nil, nil
	if w.Outcome == Open {
		w.Outcome = as
	}
	return nil
}

func (w *walker) pause(e Event) error {
	if w.State == Completed || !w.terms.stops(e.Reason) || slices.Contains(w.Holding, e.Reason) {
		return nil
	}
	if err := w.settle(e.At); err != nil {
		return err
	}
	w.State, w.DueAt = Paused, time.Time{}
	w.Holding = append(slices.Clone(w.Holding), e.Reason)
	slices.Sort(w.Holding)
	return nil
}

func (w *walker) resume(e Event) error {
	i := slices.Index(w.Holding, e.Reason)
	if w.State != Paused || i < 0 {
		return nil
	}
	if err := w.settle(e.At); err != nil {
		return err
	}
	w.Holding = slices.Delete(slices.Clone(w.Holding), i, i+1)
	if len(w.Holding) > 0 {
		return nil
	}
	w.Holding = nil
	return w.run(e.At)
}

func (w *walker) reopen(e Event) error {
	if w.State != Completed {
		return nil
	}
	same, err := w.reopensCycle(e)
	if err != nil {
		return err
	}
	if !same {
		w.Past = append(w.Past, w.Cycle)
		return w.begin(e.At, w.N+1)
	}
	w.CompletedAt = time.Time{}
	if w.Outcome == Met || w.Outcome == Cancelled {
		w.Outcome = Open
	}
	return w.run(e.At)
}

// reopensCycle tells whether a reopening continues the cycle: the bureau's error,
// found by the close of the last day of the window.
func (w *walker) reopensCycle(e Event) (bool, error) {
	if e.Cause != BureauError {
		return false, nil
	}
	_, last, err := w.terms.Calendar.AddDays(w.CompletedAt, w.terms.ReopenDays, closeOfBusiness, closeOfBusiness)
	return !e.At.After(last), err
}

// reprioritise leaves the clock alone when the target is the same: settling it at
// a closing instant at which it is due would move the due instant.
func (w *walker) reprioritise(e Event) error {
	w.Priority = e.Priority
	target, err := w.terms.targetS(e.Priority)
	if err != nil || target == w.TargetS {
		return err
	}
	return w.retarget(e.At, w.terms)
}

// retarget puts the clock on terms from at on. What was used is kept as measured.
// A smaller target leaves at least the grace, so that no edit breaches by itself;
// after a breach, and when completed, the target stays.
func (w *walker) retarget(at time.Time, terms Terms) error {
	if err := w.settle(at); err != nil {
		return err
	}
	w.terms = terms
	if w.State == Completed {
		return nil
	}
	target, err := terms.targetS(w.Priority)
	if err != nil {
		return err
	}
	if w.Outcome == Open && target != w.TargetS {
		if target < w.TargetS {
			graceS := 60 * ceilDiv(int64(terms.RaisePct)*target/60, 100)
			target = max(target, w.ConsumedS+min(graceS, target))
		}
		w.TargetS = target
		w.passThresholds(at)
	}
	if w.State == Running {
		return w.run(at)
	}
	return nil
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
