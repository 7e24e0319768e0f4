package pages

import (
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// SLAView is a firm's promises in one month: a sentence, the figures with the list
// behind each, the trend, what was missed, what is at risk now. Every count equals
// the list it leads to (SLA.md 8).
type SLAView struct {
	Firm      partial.Firm
	Month     time.Time
	Prev      string // address of the month before, "" when there is none
	Next      string
	Server    string // "Larkspur Billing Services"
	Agreement string // "Agreement 4, in force since 1 Jan 2026"
	AsOf      time.Time
	Calendar  string // "Atlanta, version 3"
	Locked    string // "Locked 4 Nov 2026, 17:00 EST", or when it will be
	Targets   []SLATarget
	Trend     []SLAMonth // all targets together, oldest first, at most 12
	Misses    []SLAMiss
	MissAll   int // of the month; Misses shows the first of them
	AtRisk    []SLARisk
	Waiting   []SLARisk // paused for the firm's answer
	Credits   []partial.Sum
	StandsIn  []StandInView
	CSV       string // address of the same figures as a file, "" without the right
}

// SLATarget is one promise with its month and the months before.
type SLATarget struct {
	Key     string
	Name    string // "Time-entry review"
	Promise string // "8 business hours"
	GoalE6  int64  // 950000 is 95 percent
	Met     int64
	All     int64 // met and breached
	Excused int64 // waived, listed apart
	Months  []SLAMonth
}

// SLAMonth is a month's counts. All 0 is "no data", never 100 %.
type SLAMonth struct {
	Month time.Time
	Met   int64
	All   int64
}

// SLAMiss is one broken promise.
type SLAMiss struct {
	Item   string // "Pelham Freight, 22 Oct"
	Href   string
	Target string
	Late   time.Duration // business time over the target
	Cause  string
	Open   bool // not done yet
}

// SLARisk is one running or paused clock.
type SLARisk struct {
	Clock  partial.Clock
	Work   string
	Href   string
	Matter string
	With   string // "With Larkspur, I. Carvalho", "Waiting on you: 1 question"
}

// about is where the figures come from; what is not known is left out.
func (v SLAView) about() []string {
	firm, calendar := v.Firm.Name, ""
	if v.Server != "" {
		firm += ", served by " + v.Server
	}
	if v.Calendar != "" {
		calendar = "Calendar: " + v.Calendar
	}
	return []string{firm, v.Agreement, v.Locked, calendar}
}

// verdict compares the counts, not the rounded text (SLA.md 7).
func (t SLATarget) verdict() partial.Chip {
	switch {
	case t.All == 0:
		return partial.Chip{Tone: partial.Line, Text: format.NoData}
	case t.kept():
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Met"}
	default:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Missed"}
	}
}

func (t SLATarget) kept() bool { return t.All > 0 && t.Met*1_000_000 >= t.GoalE6*t.All }

// before is the month before this one, empty when the target is new.
func (t SLATarget) before() SLAMonth {
	if len(t.Months) < 2 {
		return SLAMonth{}
	}
	return t.Months[len(t.Months)-2]
}

func (t SLATarget) change() string {
	b := t.before()
	return format.Points(t.Met, t.All, b.Met, b.All)
}

// rate for drawing, in percent.
func (m SLAMonth) rate() float64 { return 100 * partial.Share(m.Met, m.All) }

func (t SLATarget) spark() partial.Spark {
	s := partial.Spark{Target: float64(t.GoalE6) / 10_000}
	for _, m := range t.Months {
		s.Values = append(s.Values, partial.Point{Value: m.rate(), Missing: m.All == 0})
	}
	s.Says = t.Name + ", last " + format.Counted(len(t.Months), "month", "months") + ", now " + format.Attainment(t.Met, t.All) + ", target " + format.Goal(t.GoalE6)
	return s
}

// totals over all targets of the month.
func (v SLAView) totals() (met, all int64) {
	for _, t := range v.Targets {
		met, all = met+t.Met, all+t.All
	}
	return met, all
}

func (v SLAView) kept() (kept, judged int) {
	for _, t := range v.Targets {
		if t.All > 0 {
			judged++
		}
		if t.kept() {
			kept++
		}
	}
	return kept, judged
}

// sentence says the month in words, before any figure.
func (v SLAView) sentence() string {
	met, all := v.totals()
	if all == 0 {
		return "No promise fell due in " + format.Month(v.Month) + ", so there is nothing to judge."
	}
	kept, judged := v.kept()
	s := format.Count(met) + " of " + format.Counted(all, "item was", "items were") + " on time, " + format.Attainment(met, all) + ". "
	if judged == 1 && kept == 1 {
		return s + "The target was met."
	}
	if kept == judged {
		return s + "All " + format.Counted(judged, "target was", "targets were") + " met."
	}
	s += strconv.Itoa(kept) + " of " + format.Counted(judged, "target was", "targets were") + " met."
	for _, t := range v.Targets {
		if t.All > 0 && !t.kept() {
			s += " " + t.Name + " missed its " + format.Goal(t.GoalE6) + " target at " + format.Attainment(t.Met, t.All) + "."
		}
	}
	return s
}

func (v SLAView) kpis() []partial.KPI {
	met, all := v.totals()
	kept, judged := v.kept()
	month := format.MonthKey(v.Month)
	ks := []partial.KPI{
		{Name: "On time", Value: strings.TrimSuffix(format.Attainment(met, all), "%"), Unit: percentUnit(all), Note: format.Count(met) + " of " + format.Count(all), Href: href.SLACycles(v.Firm.ID, month, "", "met")},
		{Name: "Missed", Value: format.Count(all - met), Note: "in " + format.Month(v.Month), Href: href.SLACycles(v.Firm.ID, month, "", "breached")},
		{Name: "Targets met", Value: strconv.Itoa(kept), Unit: " of " + strconv.Itoa(judged), Note: untold(len(v.Targets) - judged)},
		{Name: "Waiting on the firm", Value: strconv.Itoa(len(v.Waiting)), Note: "paused until an answer", Live: true, Href: "#waiting"},
		{Name: "At risk now", Value: strconv.Itoa(len(v.AtRisk)), Note: "as of " + format.Clock(v.AsOf), Tone: riskTone(len(v.AtRisk)), Live: true, Href: "#risk"},
	}
	return ks
}

func percentUnit(all int64) string {
	if all == 0 {
		return ""
	}
	return "%"
}

func untold(n int) string {
	if n == 0 {
		return "every target had items"
	}
	return format.Counted(n, "target", "targets") + " without items"
}

func riskTone(n int) partial.Tone {
	if n == 0 {
		return partial.Plain
	}
	return partial.Warn
}

func (v SLAView) cycles(t SLATarget, outcome string) string {
	return href.SLACycles(v.Firm.ID, format.MonthKey(v.Month), t.Key, outcome)
}

func (v SLAView) misses() partial.Table {
	t := partial.Table{
		Caption: "Missed items",
		Columns: []partial.Column{{Head: "Item"}, {Head: "Service"}, {Head: "Late by", Right: true}, {Head: "Cause", Minor: true}, {Head: "State", Minor: true}},
		Empty:   partial.Empty{Icon: "check", Title: "Nothing was missed", Text: "Every promise that fell due in " + format.Month(v.Month) + " was kept."},
	}
	for _, m := range v.Misses {
		state := "done"
		if m.Open {
			state = "still open"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Text: m.Item, Href: m.Href, Key: true}, partial.Txt(m.Target), partial.Txt(format.Duration(m.Late)), partial.Txt(m.Cause), partial.Txt(state),
		}})
	}
	return t
}

func (v SLAView) missNote() string {
	if len(v.Misses) == v.MissAll {
		return format.Count(v.MissAll)
	}
	return format.Count(len(v.Misses)) + " of " + format.Count(v.MissAll)
}
