package sla

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
)

// Ratio is kept promises of all that were judged; waived and cancelled ones are in neither.
type Ratio struct{ Met, Breached int64 }

// All is the denominator.
func (r Ratio) All() int64 { return r.Met + r.Breached }

// PercentE2 is the attainment in hundredths of a percent, half up; ok is false
// without data, which is never 100 %.
func (r Ratio) PercentE2() (e2 int64, ok bool) {
	if r.All() == 0 {
		return 0, false
	}
	return (r.Met*20_000 + r.All()) / (2 * r.All()), true
}

// String is "95.41", or "no data".
func (r Ratio) String() string {
	e2, ok := r.PercentE2()
	if !ok {
		return "no data"
	}
	return fmt.Sprintf("%d.%02d", e2/100, e2%100)
}

// Reaches compares with a goal exactly, not by what is shown (SLA.md 7).
func (r Ratio) Reaches(goalE6 int64) bool { return r.All() > 0 && r.Met*1_000_000 >= goalE6*r.All() }

func (r Ratio) plus(o Ratio) Ratio { return Ratio{r.Met + o.Met, r.Breached + o.Breached} }

// Month is a calendar month of a firm's own zone.
type Month struct {
	Year  int
	Month time.Month
}

// ErrMonth is an address that names no month.
var ErrMonth = fault.New(fault.NotFound, "month_invalid", "there is no such month")

// ParseMonth reads "2026-10".
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return Month{}, ErrMonth
	}
	return Month{t.Year(), t.Month()}, nil
}

// MonthAt is the month that an instant lies in, in a zone.
func MonthAt(t time.Time, zone *time.Location) Month {
	t = t.In(zone)
	return Month{t.Year(), t.Month()}
}

// String is "2026-10".
func (m Month) String() string { return m.first().Format("2006-01") }

// Add is the month n months later.
func (m Month) Add(n int) Month {
	t := m.first().AddDate(0, n, 0)
	return Month{t.Year(), t.Month()}
}

// Before tells whether m is earlier than o.
func (m Month) Before(o Month) bool { return m.first().Before(o.first()) }

func (m Month) first() time.Time { return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC) }

// bounds are the first instant of the month in a zone and that of the next.
func (m Month) bounds(zone *time.Location) (from, to time.Time, err error) {
	if from, err = calendar.FirstInstant(zone, calendar.DateOf(m.Year, m.Month, 1)); err != nil {
		return from, to, err
	}
	to, err = calendar.FirstInstant(zone, calendar.DateOf(m.Year, m.Month+1, 1))
	return from, to, err
}

// Counts are the cycles of one target whose outcome falls into one month.
type Counts struct {
	Month     Month
	Ratio     Ratio
	Waived    int64
	Cancelled int64
}

func (c *Counts) add(o Outcome, n int64) {
	switch o {
	case Met:
		c.Ratio.Met += n
	case Breached:
		c.Ratio.Breached += n
	case Waived:
		c.Waived += n
	case Cancelled:
		c.Cancelled += n
	case Open:
	}
}

// TargetFigures is one target's month, and the months before it.
type TargetFigures struct {
	Key    string
	Name   string
	Kind   Kind
	Target Target   // as the newest agreement that uses the key says it
	Months []Counts // oldest first, the month itself last
}

// Now is the month itself.
func (f TargetFigures) Now() Counts { return f.Months[len(f.Months)-1] }

// Last is the month before.
func (f TargetFigures) Last() Counts { return f.Months[len(f.Months)-2] }

// Met tells whether the goal is reached; a month without data reaches none and misses none.
func (f TargetFigures) Met() bool { return f.Now().Ratio.Reaches(f.Target.GoalE6) }

// Report is what a firm's service level page shows for a month.
type Report struct {
	Month     Month
	AsOf      time.Time
	Zone      *time.Location
	FirmName  string
	Agreement Agreement // in force at AsOf; its ID is "" when there is none
	Calendar  Calendar  // of that agreement
	Targets   []TargetFigures
	AtRisk    []CycleRow // running, not breached, a quarter or an hour left; soonest first
	Overdue   []CycleRow // broken and not done
	Waiting   []CycleRow // paused for the firm's answer, longest first
	Missed    []CycleRow // of the month, newest first; the list of Breached has all
}

// Total is all targets together, by month, oldest first.
func (r Report) Total() []Counts {
	var sum []Counts
	for _, t := range r.Targets {
		if sum == nil {
			sum = make([]Counts, len(t.Months))
		}
		for i, m := range t.Months {
			sum[i].Month = m.Month
			sum[i].Ratio = sum[i].Ratio.plus(m.Ratio)
			sum[i].Waived += m.Waived
			sum[i].Cancelled += m.Cancelled
		}
	}
	return sum
}

// dateIn is the local date of an instant.
func dateIn(t time.Time, zone *time.Location) (calendar.Date, error) {
	return calendar.ParseDate(t.In(zone).Format(time.DateOnly))
}
