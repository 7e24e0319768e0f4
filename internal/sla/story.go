package sla

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/calendar"
)

// StoryFile is a file of clock stories, `sla-stories/1` (sla-examples.json).
type StoryFile struct {
	Calendars []calendar.Version `json:"calendars"`
	Stories   []Story            `json:"stories"`
}

// Story is one clock, what happened to it, and the instants at which to look.
type Story struct {
	ID     string                     `json:"id"`
	Clock  StoryClock                 `json:"clock"`
	Events []StoryEvent               `json:"events"`
	Probes []time.Time                `json:"probes"`
	AsOf   *time.Time                 `json:"as_of"`
	Expect map[string]json.RawMessage `json:"expect"`
}

// StoryClock is either a duration or a monthly deadline.
type StoryClock struct {
	Kind       string             `json:"kind"`
	Calendar   string             `json:"calendar"`
	Targets    map[Priority]int64 `json:"targets"`
	Priority   Priority           `json:"priority"`
	Pauses     []Reason           `json:"pause_reasons"`
	AtRisk     []int              `json:"at_risk_pct"`
	RaisePct   *int               `json:"raise_grace_pct"`
	ReopenDays *int               `json:"reopen_window_bdays"`

	Year          int     `json:"year"`
	Month         int     `json:"month"`
	Nth           int     `json:"nth"`
	InputNth      int     `json:"input_nth"`
	CapDays       int     `json:"cap_bdays"`
	Cutoff        *string `json:"cutoff"`
	ReceiptCutoff *string `json:"receipt_cutoff"`
	WarnBefore    int64   `json:"warn_minutes_before"`
}

// StoryEvent is one line of a story. RecordedAt is At unless it came to be known later.
type StoryEvent struct {
	At         time.Time          `json:"at"`
	Do         string             `json:"do"`
	RecordedAt *time.Time         `json:"recorded_at"`
	Source     Source             `json:"source"`
	ApprovedBy string             `json:"approved_by"`
	Reason     Reason             `json:"reason"`
	Cause      Cause              `json:"cause"`
	To         Priority           `json:"to"`
	Calendar   string             `json:"calendar"`
	Targets    map[Priority]int64 `json:"targets"`
}

// StoryResult pairs a story with what came of it, under the keys that it expects.
type StoryResult struct {
	ID  string                     `json:"id"`
	Got map[string]json.RawMessage `json:"got"`
}

// Defaults of SLA.md 5, where a story or an agreement says nothing.
const (
	DefaultRaisePct   = 25
	DefaultReopenDays = 10
)

// Replay tells every story of the file. The error names the story that cannot be read.
func (f StoryFile) Replay() ([]StoryResult, error) {
	calendars, err := calendar.CompileAll(f.Calendars)
	if err != nil {
		return nil, err
	}
	results := make([]StoryResult, 0, len(f.Stories))
	for i, s := range f.Stories {
		got, err := s.tell(calendars)
		if err != nil {
			return nil, fmt.Errorf("story %d (%s): %w", i+1, s.ID, err)
		}
		results = append(results, StoryResult{s.ID, got})
	}
	return results, nil
}

func (s Story) tell(calendars map[string]*calendar.Calendar) (map[string]json.RawMessage, error) {
	c, ok := calendars[s.Clock.Calendar]
	if !ok {
		return nil, fmt.Errorf("there is no calendar %q in the file", s.Clock.Calendar)
	}
	var got any
	var err error
	switch s.Clock.Kind {
	case "duration":
		got, err = s.tellDuration(calendars, c)
	case "monthly":
		got, err = s.tellMonthly(c)
	default:
		return nil, fmt.Errorf("%q is not a kind of clock; write duration or monthly", s.Clock.Kind)
	}
	if code, ok := noAnswer(err); ok {
		got, err = map[string]string{"error": code}, nil
	}
	if err != nil {
		return nil, err
	}
	return onlyKeys(got, s.Expect)
}

// end is the last instant that the story knows of.
func (s Story) end() time.Time {
	if s.AsOf != nil {
		return s.AsOf.UTC()
	}
	var end time.Time
	for _, e := range s.Events {
		end = later(end, e.recordedAt())
	}
	for _, p := range s.Probes {
		end = later(end, p)
	}
	return end.UTC()
}

func (e StoryEvent) recordedAt() time.Time {
	if e.RecordedAt != nil {
		return *e.RecordedAt
	}
	return e.At
}

// happenedAt is when the event counts. A person cannot date it back without a
// lead's approval (SLA.md 5); what a system has on record stands.
func (e StoryEvent) happenedAt() time.Time {
	if e.Source == SourcePerson && e.ApprovedBy == "" {
		return e.recordedAt()
	}
	return e.At
}

// sweepEvent is no event of a clock: somebody looked.
const sweepEvent EventKind = "sweep"

// log is the story's events in the order in which they were recorded.
func (s Story) log(calendars map[string]*calendar.Calendar, terms Terms) ([]Event, error) {
	var log []Event
	for i, e := range s.Events {
		ev := Event{
			Seq: int64(i + 1), Kind: EventKind(e.Do), At: e.happenedAt().UTC(), RecordedAt: e.recordedAt().UTC(),
			Source: e.Source, Reason: e.Reason, Cause: e.Cause, Priority: e.To,
		}
		switch ev.Kind {
		case EventStart:
			ev.Priority = s.Clock.Priority
		case EventPriority:
			if _, err := terms.targetS(e.To); err != nil {
				return nil, fmt.Errorf("event %d: %w", i+1, err)
			}
		case EventForward, EventCorrect:
			t, err := e.terms(calendars, terms)
			if err != nil {
				return nil, fmt.Errorf("event %d: %w", i+1, err)
			}
			ev.Terms = &t
		case EventPause, EventResume:
			if e.Reason == "" {
				return nil, fmt.Errorf("event %d: a %s names its reason", i+1, e.Do)
			}
		case EventComplete, EventReopen, EventWaive, EventCancel, sweepEvent:
		default:
			return nil, fmt.Errorf("event %d: %q does not happen to a clock", i+1, e.Do)
		}
		log = append(log, ev)
	}
	slices.SortStableFunc(log, func(a, b Event) int { return a.RecordedAt.Compare(b.RecordedAt) })
	return log, nil
}

// terms are the story's with what the event changes.
func (e StoryEvent) terms(calendars map[string]*calendar.Calendar, terms Terms) (Terms, error) {
	if e.Calendar != "" {
		c, ok := calendars[e.Calendar]
		if !ok {
			return terms, fmt.Errorf("there is no calendar %q in the file", e.Calendar)
		}
		terms.Calendar = c
	}
	if e.Targets != nil {
		terms.Minutes = e.Targets
	}
	return terms, nil
}

func (c StoryClock) terms(cal *calendar.Calendar) Terms {
	t := Terms{Calendar: cal, Minutes: c.Targets, Pauses: c.Pauses, AtRisk: c.AtRisk, RaisePct: DefaultRaisePct, ReopenDays: DefaultReopenDays}
	if c.RaisePct != nil {
		t.RaisePct = *c.RaisePct
	}
	if c.ReopenDays != nil {
		t.ReopenDays = *c.ReopenDays
	}
	return t
}
