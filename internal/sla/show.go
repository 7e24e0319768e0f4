package sla

import (
	"time"
)

// ConsumedAt is the business seconds used at t, which is not before the last event.
func (c Clock) ConsumedAt(t time.Time) (int64, error) {
	if c.State != Running {
		return c.ConsumedS, nil
	}
	open, err := c.terms.Calendar.Between(c.SegStart, t)
	return c.ConsumedS + open, err
}

// RemainingS is what is left of the target at t; below 0 it is overdue by as much.
func (c Clock) RemainingS(t time.Time) (int64, error) {
	used, err := c.ConsumedAt(t)
	return c.TargetS - used, err
}

// BreachedBy tells whether t shows the clock as breached. It needs no sweep to have looked.
func (c Clock) BreachedBy(t time.Time) bool {
	return c.Outcome == Breached || (c.Outcome == Open && c.State == Running && t.After(c.DueAt))
}

// HotAt is the instant from which a quarter of the target or an hour is left
// (SLA.md 9); zero unless the clock runs and is open.
func (c Clock) HotAt() (time.Time, error) {
	if c.State != Running || c.Outcome != Open {
		return time.Time{}, nil
	}
	hot := min(c.TargetS-c.TargetS/4, c.TargetS-3600)
	return c.terms.Calendar.Add(c.SegStart, max(0, hot-c.ConsumedS))
}

// IfResumed is the due instant that a paused clock would have if it ran again from t.
func (c Clock) IfResumed(t time.Time) (time.Time, error) {
	if !c.BreachedAt.IsZero() {
		return c.BreachedAt, nil
	}
	return c.terms.Calendar.Add(t, max(0, c.TargetS-c.ConsumedS))
}

// PauseShare is the share of the cycle's business time that pauses took up to t, in
// parts of 10,000; 3,000 and more is reported (SLA.md 4).
func (c Clock) PauseShare(t time.Time) (int64, error) {
	used, err := c.ConsumedAt(t)
	if err != nil {
		return 0, err
	}
	paused := c.PausedS
	if c.State == Paused {
		more, err := c.terms.Calendar.Between(c.SegStart, t)
		if err != nil {
			return 0, err
		}
		paused += more
	}
	if used+paused == 0 {
		return 0, nil
	}
	return paused * 10_000 / (used + paused), nil
}

// Step is one stretch of the explanation of a due date, in order and without gaps.
type Step struct {
	From, To time.Time
	Kind     StepKind
	Reasons  []Reason // of a pause
	Name     string   // of the holiday that closes it, where there is one
	CountedS int64
}

// StepKind says why a stretch counted or did not.
type StepKind string

// Open counts; closed is outside business hours; planned counts if the clock runs on.
const (
	StepOpen    StepKind = "open"
	StepClosed  StepKind = "closed"
	StepPaused  StepKind = "paused"
	StepPlanned StepKind = "planned"
)

// maxSteps bounds an explanation; a page shows no more.
const maxSteps = 400

// Explain tells stretch by stretch how the time of the present cycle was counted up
// to now, and how it will be up to the due instant.
func (c Clock) Explain(now time.Time) ([]Step, error) {
	segments := make([]Segment, 0, len(c.Segments)+2)
	for _, s := range c.Segments {
		if s.Cycle == c.N {
			segments = append(segments, s)
		}
	}
	if c.State != Completed && c.State != "" && now.After(c.SegStart) {
		segments = append(segments, Segment{Cycle: c.N, From: c.SegStart, To: now.Truncate(time.Second), Reasons: c.Holding, calendar: c.terms.Calendar})
	}
	var steps []Step
	for _, s := range segments {
		more, err := s.explain(StepOpen)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	if c.State == Running && c.DueAt.After(now) {
		more, err := Segment{From: later(now.Truncate(time.Second), c.SegStart), To: c.DueAt, calendar: c.terms.Calendar}.explain(StepPlanned)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return steps[:min(len(steps), maxSteps)], nil
}

// explain cuts a segment into open and closed stretches; a pause stays whole.
func (s Segment) explain(kind StepKind) ([]Step, error) {
	if !s.To.After(s.From) {
		return nil, nil
	}
	if len(s.Reasons) > 0 {
		return []Step{{From: s.From, To: s.To, Kind: StepPaused, Reasons: s.Reasons}}, nil
	}
	open, _, err := s.calendar.Stretches(s.From, s.To, maxSteps)
	if err != nil {
		return nil, err
	}
	var steps []Step
	at := s.From
	closed := func(until time.Time) error {
		if !until.After(at) {
			return nil
		}
		name, err := s.holiday(at, until)
		steps = append(steps, Step{From: at, To: until, Kind: StepClosed, Name: name})
		return err
	}
	for _, o := range open {
		if err := closed(o.From); err != nil {
			return nil, err
		}
		steps = append(steps, Step{From: o.From, To: o.To, Kind: kind, CountedS: o.Seconds()})
		at = o.To
	}
	return steps, closed(s.To)
}

// holiday names the first exception on the dates of a closed stretch.
func (s Segment) holiday(from, to time.Time) (string, error) {
	d, err := s.calendar.DateAt(from)
	if err != nil {
		return "", err
	}
	last, err := s.calendar.DateAt(to.Add(-time.Second))
	for ; err == nil && d <= last; d++ {
		if name := s.calendar.Name(d); name != "" {
			return name, nil
		}
	}
	return "", err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
