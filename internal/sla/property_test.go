package sla

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/calendar"
)

// The oracle lives through a clock minute by minute. It knows no intervals, no
// sums and no replay: only whether this minute is open, and what happens now.
type oracle struct {
	terms    Terms
	state    State
	outcome  Outcome
	priority Priority
	holding  []Reason
	target   int64 // minutes
	used     int64
	given    map[int]bool
	notices  []Notice
	ran      bool // it ran up to this very minute without an event
	passed   []int
	breached time.Time
}

func (o *oracle) happen(e Event) {
	switch {
	case e.Kind == EventStart && o.state == "":
		o.state, o.outcome, o.priority = Running, Open, e.Priority
		o.target = o.terms.Minutes[e.Priority]
	case o.state == "" || o.state == Completed:
	case e.Kind == EventPause && o.terms.stops(e.Reason):
		o.ran = false
		if !slices.Contains(o.holding, e.Reason) {
			o.holding = append(o.holding, e.Reason)
		}
		o.state = Paused
	case e.Kind == EventResume && slices.Contains(o.holding, e.Reason):
		o.holding = slices.DeleteFunc(o.holding, func(r Reason) bool { return r == e.Reason })
		if len(o.holding) == 0 {
			o.state = Running
		}
	case e.Kind == EventPriority:
		o.reprioritise(e.Priority)
	case e.Kind == EventComplete:
		o.state, o.passed = Completed, nil
		if o.outcome == Open {
			o.outcome = Met
		}
	}
}

func (o *oracle) reprioritise(p Priority) {
	o.priority = p
	target := o.terms.Minutes[p]
	if o.outcome != Open || target == o.target {
		return
	}
	o.ran = false
	if target < o.target {
		grace := (int64(o.terms.RaisePct)*target + 99) / 100
		target = max(target, o.used+min(grace, target))
	}
	o.target, o.passed = target, nil
	for _, pct := range o.terms.AtRisk {
		if !o.given[pct] && o.used*100 >= int64(pct)*target {
			o.passed = append(o.passed, pct)
		}
	}
}

// judge runs after the events of minute t.
func (o *oracle) judge(t time.Time, open bool) {
	if o.state == Completed || o.state == "" {
		return
	}
	for _, pct := range o.passed {
		o.warn(pct, t)
	}
	o.passed = nil
	if o.state != Running || o.outcome != Open || (!open && !o.ran) {
		return
	}
	for _, pct := range o.terms.AtRisk {
		if !o.given[pct] && o.used*100 >= int64(pct)*o.target {
			o.warn(pct, t)
		}
	}
	if o.used >= o.target {
		o.outcome, o.breached = Breached, t
		o.notices = append(o.notices, Notice{Cycle: 1, Kind: NoticeBreach, At: t})
	}
}

func (o *oracle) warn(pct int, t time.Time) {
	o.given[pct] = true
	o.notices = append(o.notices, Notice{Cycle: 1, Kind: NoticeAtRisk, Pct: pct, At: t})
}

// pass lets minute t go by.
func (o *oracle) pass(open bool) {
	o.ran = o.state == Running && open
	if o.ran {
		o.used++
	}
}

func london(t testing.TB) *calendar.Calendar {
	t.Helper()
	hours := []calendar.Hours{{"09:30", "13:00"}, {"14:00", "18:00"}}
	c, err := calendar.Compile(calendar.Version{TZ: "Europe/London", Weekly: map[string][]calendar.Hours{
		"mon": hours, "tue": hours, "wed": hours, "thu": hours, "fri": hours, "sat": {{"22:00", "06:00"}},
	}, Exceptions: []calendar.Exception{{Date: "2027-03-26", Name: "Good Friday"}, {Date: "2027-03-29", Name: "Easter Monday"}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const lived = 9 * 24 * 60 // minutes around the change of clocks on 28 March

func drawLog(rt *rapid.T, from time.Time) []Event {
	kinds := []EventKind{EventPause, EventPause, EventResume, EventResume, EventResume, EventPriority, EventComplete}
	reasons := []Reason{WaitingFirm, FirmHold, WaitingInternal, ForceMajeure}
	// Quarter hours make events meet openings, closings, thresholds and each other.
	when := func() time.Time {
		return from.Add(time.Duration(rapid.IntRange(0, lived/15-1).Draw(rt, "quarter")) * 15 * time.Minute)
	}
	log := []Event{{Seq: 1, Kind: EventStart, At: when(), Priority: Priority(rapid.IntRange(1, 3).Draw(rt, "priority"))}}
	for i := range rapid.IntRange(0, 12).Draw(rt, "events") {
		log = append(log, Event{
			Seq: int64(i + 2), Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"), At: when(),
			Reason: rapid.SampledFrom(reasons).Draw(rt, "reason"), Priority: Priority(rapid.IntRange(1, 3).Draw(rt, "to")),
		})
	}
	return log
}

func terms(c *calendar.Calendar) Terms {
	return Terms{
		Calendar: c, Minutes: map[Priority]int64{P1: 150, P2: 510, P3: 1020}, RaisePct: 25, ReopenDays: 10,
		Pauses: []Reason{WaitingFirm, FirmHold}, AtRisk: []int{75, 90},
	}
}

func TestProjectionEqualsALifeMinuteByMinute(t *testing.T) {
	t.Parallel()
	cal := london(t)
	from := time.Date(2027, 3, 24, 0, 0, 0, 0, time.UTC)
	open := make([]bool, lived)
	for i := range open {
		var err error
		if open[i], err = cal.Open(from.Add(time.Duration(i) * time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		log := drawLog(rt, from)
		sorted := inOrder(log)
		o := oracle{terms: terms(cal), given: map[int]bool{}}
		for i := range lived {
			at := from.Add(time.Duration(i) * time.Minute)
			for len(sorted) > 0 && sorted[0].At.Equal(at) {
				o.happen(sorted[0])
				sorted = sorted[1:]
			}
			o.judge(at, open[i])
			o.pass(open[i])
		}
		end := from.Add(lived * time.Minute)
		c, err := Project(terms(cal), log, end)
		if err != nil {
			rt.Fatal(err)
		}
		used, err := c.ConsumedAt(end)
		if err != nil {
			rt.Fatal(err)
		}
		if c.State != o.state || c.Outcome != o.outcome || used != o.used*60 || c.TargetS != o.target*60 || !c.BreachedAt.Equal(o.breached) {
			rt.Fatalf("projection %s %s used %d of %d breached %v\n  lived %s %s used %d of %d breached %v\n%v",
				c.State, c.Outcome, used/60, c.TargetS/60, c.BreachedAt, o.state, o.outcome, o.used, o.target, o.breached, log)
		}
		if !slices.Equal(c.Notices, o.notices) {
			rt.Fatalf("notices %v\n  lived %v\n%v", c.Notices, o.notices, log)
		}
	})
}

// I19: totals never decrease, pauses do not overlap, and the stretches add up.
func TestI19TotalsNeverDecreaseAndPausesDoNotOverlap(t *testing.T) {
	t.Parallel()
	cal := london(t)
	from := time.Date(2027, 3, 24, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		log := drawLog(rt, from)
		for i := range log {
			if log[i].Kind == EventComplete && i%2 == 0 {
				log[i].Kind, log[i].Cause = EventReopen, rapid.SampledFrom([]Cause{BureauError, FirmChange}).Draw(rt, "cause")
			}
		}
		var before Clock
		var usedBefore int64
		for i := 0; i < lived; i += 97 {
			now := from.Add(time.Duration(i) * time.Minute)
			c, err := Project(terms(cal), log, now)
			if err != nil {
				rt.Fatal(err)
			}
			used := int64(0)
			if c.State != "" {
				if used, err = c.ConsumedAt(now); err != nil {
					rt.Fatal(err)
				}
			}
			if c.N == before.N && (used < usedBefore || c.PausedS < before.PausedS) {
				rt.Fatalf("at %v used fell from %d to %d, paused from %d to %d", now, usedBefore, used, before.PausedS, c.PausedS)
			}
			if len(c.Notices) < len(before.Notices) {
				rt.Fatalf("at %v notices fell from %v to %v", now, before.Notices, c.Notices)
			}
			checkSegments(rt, c)
			before, usedBefore = c, used
		}
	})
}

func checkSegments(rt *rapid.T, c Clock) {
	var ran, paused int64
	for i, s := range c.Segments {
		if s.To.Before(s.From) || (i > 0 && s.From.Before(c.Segments[i-1].To)) {
			rt.Fatalf("segments overlap: %v", c.Segments)
		}
		if s.Cycle != c.N {
			continue
		}
		if len(s.Reasons) > 0 {
			paused += s.Seconds
		} else {
			ran += s.Seconds
		}
	}
	if ran != c.ConsumedS || paused != c.PausedS {
		rt.Fatalf("segments add up to %d and %d, the cycle says %d and %d", ran, paused, c.ConsumedS, c.PausedS)
	}
}

func TestTheOrderOfRecordingDoesNotMatter(t *testing.T) {
	t.Parallel()
	cal := london(t)
	from := time.Date(2027, 3, 24, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		log := drawLog(rt, from)
		shuffled := rapid.Permutation(log).Draw(rt, "shuffled")
		end := from.Add(lived * time.Minute)
		a, err := Project(terms(cal), log, end)
		if err != nil {
			rt.Fatal(err)
		}
		b, err := Project(terms(cal), shuffled, end)
		if err != nil {
			rt.Fatal(err)
		}
		if a.Cycle != b.Cycle || !slices.Equal(a.Notices, b.Notices) || !a.NextAt.Equal(b.NextAt) {
			rt.Fatalf("%+v\n%+v", a.Cycle, b.Cycle)
		}
	})
}
