package sla

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
)

// The shapes of `got` of a duration story.
type (
	toldDuration struct {
		Cycles       []toldCycle     `json:"cycles"`
		Emitted      []toldNotice    `json:"emitted"`
		Probes       []toldProbe     `json:"probes"`
		BreachVoided bool            `json:"breach_voided"`
		VoidedAt     *time.Time      `json:"voided_at"`
		Detected     []toldDetection `json:"detected"`
	}
	toldCycle struct {
		N               int        `json:"n"`
		Outcome         Outcome    `json:"outcome"`
		State           State      `json:"state"`
		ConsumedMinutes int64      `json:"consumed_minutes"`
		TargetMinutes   int64      `json:"target_minutes"`
		DueAt           *time.Time `json:"due_at"`
		BreachedAt      *time.Time `json:"breached_at"`
		CompletedAt     *time.Time `json:"completed_at"`
		OverrunMinutes  int64      `json:"overrun_minutes"`
	}
	toldNotice struct {
		Type  NoticeKind `json:"type"`
		Pct   int        `json:"pct,omitempty"`
		Cycle int        `json:"cycle"`
		At    time.Time  `json:"at"`
	}
	toldProbe struct {
		At              time.Time  `json:"at"`
		State           State      `json:"state"`
		Cycle           int        `json:"cycle"`
		ConsumedMinutes int64      `json:"consumed_minutes"`
		TargetMinutes   int64      `json:"target_minutes"`
		DueAt           *time.Time `json:"due_at"`
		Breached        bool       `json:"breached"`
	}
	toldDetection struct {
		At         time.Time  `json:"at"`
		DetectedAt *time.Time `json:"detected_at"`
	}
	toldMonthly struct {
		DueAt      time.Time     `json:"due_at"`
		DueDate    calendar.Date `json:"due_date"`
		Extension  int           `json:"extension_bdays"`
		WarnAt     time.Time     `json:"warn_at"`
		Outcome    Outcome       `json:"outcome"`
		BreachedAt *time.Time    `json:"breached_at"`
	}
)

// tellDuration writes the events down one after another, as the system would: each
// recording, like each sweep, notices what has come due strictly before it.
func (s Story) tellDuration(calendars map[string]*calendar.Calendar, c *calendar.Calendar) (toldDuration, error) {
	terms := s.Clock.terms(c)
	if _, err := terms.targetS(s.Clock.Priority); err != nil {
		return toldDuration{}, err
	}
	recorded, err := s.log(calendars, terms)
	if err != nil {
		return toldDuration{}, err
	}
	var log []Event
	var written []Notice
	for _, e := range recorded {
		if e.Kind != sweepEvent {
			log = append(log, e)
		}
		now, err := Project(terms, log, e.RecordedAt)
		if err != nil {
			return toldDuration{}, err
		}
		written = writeDown(written, now, e.RecordedAt)
	}
	return s.summarise(terms, log, written)
}

// writeDown keeps notices as the table of notices does.
func writeDown(written []Notice, c Clock, at time.Time) []Notice {
	fresh, voided := Reconcile(written, c, at)
	for _, v := range voided {
		i := slices.IndexFunc(written, v.sameButVoid)
		written[i].VoidedAt = v.VoidedAt
	}
	return append(written, fresh...)
}

func (n Notice) sameButVoid(m Notice) bool {
	n.VoidedAt = time.Time{}
	return n.sameAs(m)
}

func (s Story) summarise(terms Terms, log []Event, written []Notice) (told toldDuration, err error) {
	end := s.end()
	last, err := Project(terms, log, end)
	if err != nil {
		return told, err
	}
	unseen, _ := Reconcile(written, last, time.Time{})
	written = append(written, unseen...)
	slices.SortStableFunc(written, func(a, b Notice) int { return a.At.Compare(b.At) })
	told = toldDuration{Cycles: []toldCycle{}, Emitted: []toldNotice{}, Probes: []toldProbe{}, Detected: []toldDetection{}}
	for _, n := range written {
		told.Emitted = append(told.Emitted, toldNotice{n.Kind, n.Pct, n.Cycle, n.At})
		if n.Kind == NoticeBreach {
			told.Detected = append(told.Detected, toldDetection{n.At, instantOrNil(n.DetectedAt)})
		}
		if !n.VoidedAt.IsZero() {
			told.BreachVoided, told.VoidedAt = true, instantOrNil(n.VoidedAt)
		}
	}
	if last.State != "" {
		if last.ConsumedS, err = last.ConsumedAt(end); err != nil {
			return told, err
		}
		for _, c := range append(last.Past, last.Cycle) {
			told.Cycles = append(told.Cycles, tellCycle(c))
		}
	}
	for _, at := range s.Probes {
		p, err := probe(terms, log, at.UTC())
		if err != nil {
			return told, err
		}
		told.Probes = append(told.Probes, p)
	}
	return told, nil
}

func tellCycle(c Cycle) toldCycle {
	return toldCycle{
		N: c.N, Outcome: c.Outcome, State: c.State, ConsumedMinutes: c.ConsumedS / 60, TargetMinutes: c.TargetS / 60,
		DueAt: instantOrNil(c.DueAt), BreachedAt: instantOrNil(c.BreachedAt), CompletedAt: instantOrNil(c.CompletedAt),
		OverrunMinutes: c.OverrunS() / 60,
	}
}

func probe(terms Terms, log []Event, at time.Time) (toldProbe, error) {
	c, err := Project(terms, log, at)
	if err != nil {
		return toldProbe{}, err
	}
	p := toldProbe{At: at, State: c.State, Cycle: c.N, TargetMinutes: c.TargetS / 60, DueAt: instantOrNil(c.DueAt), Breached: c.BreachedBy(at)}
	if c.State == "" {
		return p, nil
	}
	used, err := c.ConsumedAt(at)
	p.ConsumedMinutes = used / 60
	return p, err
}

func (s Story) tellMonthly(c *calendar.Calendar) (told toldMonthly, err error) {
	m := Monthly{
		Calendar: c, Year: s.Clock.Year, Month: time.Month(s.Clock.Month), Nth: s.Clock.Nth,
		InputNth: s.Clock.InputNth, CapDays: s.Clock.CapDays, WarnBefore: s.Clock.WarnBefore,
	}
	if m.Cutoff, err = calendar.Wall(s.Clock.Cutoff); err != nil {
		return told, err
	}
	if m.Receipt, err = calendar.Wall(s.Clock.ReceiptCutoff); err != nil {
		return told, err
	}
	facts, err := s.monthlyFacts()
	if err != nil {
		return told, err
	}
	v, err := m.At(facts, s.end())
	return toldMonthly{v.DueAt, v.DueOn, v.Extension, v.WarnAt, v.Outcome, instantOrNil(v.BreachedAt)}, err
}

// monthlyFacts takes the first of each; a second input moves nothing.
func (s Story) monthlyFacts() (f MonthlyFacts, err error) {
	first := func(t *time.Time, at time.Time) {
		if t.IsZero() || at.Before(*t) {
			*t = at
		}
	}
	for i, e := range s.Events {
		switch e.Do {
		case "input_received":
			first(&f.InputAt, e.happenedAt())
		case "complete":
			first(&f.CompletedAt, e.happenedAt())
		case "cancel":
			first(&f.CancelledAt, e.happenedAt())
		case "waive":
			f.Waived = true
		case "start", "sweep", "pause", "resume": // it does not pause, and nobody needs to start it
		default:
			return f, fmt.Errorf("event %d: %q does not happen to a monthly deadline", i+1, e.Do)
		}
	}
	return f, nil
}

func instantOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// noAnswer is the code of what business time cannot answer.
func noAnswer(err error) (code string, ok bool) {
	var f *fault.Error
	if !errors.Is(err, calendar.ErrNoBusinessTime) && !errors.Is(err, calendar.ErrOutOfRange) || !errors.As(err, &f) {
		return "", false
	}
	return f.Code, true
}

// onlyKeys leaves the keys that a story expects, all when it names none.
func onlyKeys(got any, expect map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	b, err := json.Marshal(got)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	if len(expect) == 0 || all["error"] != nil {
		return all, nil
	}
	for k := range all {
		if _, wanted := expect[k]; !wanted {
			delete(all, k)
		}
	}
	return all, nil
}
