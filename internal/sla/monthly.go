package sla

import (
	"time"

	"github.com/docketry/docketry/internal/calendar"
)

// Monthly is a deadline of a month: "invoices out by the 5th business day, close of
// business, if approved pre-bills are in by the 2nd" (SLA.md 2). It does not pause.
type Monthly struct {
	Calendar   *calendar.Calendar
	Year       int
	Month      time.Month
	Nth        int // business day of the month; from its end when negative
	Cutoff     int // minutes of the wall clock, or calendar.Close
	InputNth   int // business day by which the input is due; 0 when there is none
	Receipt    int // cutoff until which input counts as received that day
	CapDays    int // how far a late input can move the deadline
	WarnBefore int64
}

// MonthlyFacts is what happened; zero instants are what did not.
type MonthlyFacts struct {
	InputAt     time.Time
	CompletedAt time.Time
	CancelledAt time.Time
	Waived      bool
}

// MonthlyView is a deadline as seen at an instant.
type MonthlyView struct {
	DueOn      calendar.Date
	DueAt      time.Time
	Extension  int // business days that late input has moved it
	WarnAt     time.Time
	Outcome    Outcome
	BreachedAt time.Time
}

// At says how the deadline stands at now. While no input has come it counts as if
// it came now, or at completion.
func (m Monthly) At(f MonthlyFacts, now time.Time) (MonthlyView, error) {
	ended := f.CompletedAt
	if ended.IsZero() {
		ended = f.CancelledAt
	}
	if ended.IsZero() || ended.After(now) {
		ended = time.Time{}
	}
	seen := now
	if !ended.IsZero() {
		seen = ended
	}
	input := f.InputAt
	if input.IsZero() || input.After(seen) {
		input = seen
	}
	v := MonthlyView{Outcome: Open}
	var err error
	if v.Extension, err = m.extension(input); err != nil {
		return v, err
	}
	if err = m.place(&v); err != nil {
		return v, err
	}
	m.judge(&v, f, ended, now)
	return v, nil
}

// extension is how many business days after its day the input counts as received.
func (m Monthly) extension(input time.Time) (int, error) {
	if m.InputNth == 0 {
		return 0, nil
	}
	wanted, _, err := m.Calendar.NthDay(m.Year, m.Month, m.InputNth, calendar.Close)
	if err != nil {
		return 0, err
	}
	got, err := m.Calendar.Received(input, m.Receipt)
	if err != nil {
		return 0, err
	}
	k := 0
	for d := wanted; d < got && k < m.CapDays; k++ {
		if d, err = m.Calendar.After(d, 1); err != nil {
			return 0, err
		}
	}
	return k, nil
}

func (m Monthly) place(v *MonthlyView) error {
	d, _, err := m.Calendar.NthDay(m.Year, m.Month, m.Nth, calendar.Close)
	if err != nil {
		return err
	}
	if v.DueOn, err = m.Calendar.After(d, v.Extension); err != nil {
		return err
	}
	if v.DueAt, err = m.Calendar.Cutoff(v.DueOn, m.Cutoff); err != nil {
		return err
	}
	v.WarnAt, err = m.Calendar.Sub(v.DueAt, m.WarnBefore*60)
	return err
}

// judge gives the verdict by instant: met exactly at the deadline too.
func (m Monthly) judge(v *MonthlyView, f MonthlyFacts, ended, now time.Time) {
	seen := now
	if !ended.IsZero() {
		seen = ended
	}
	switch {
	case seen.After(v.DueAt):
		v.Outcome, v.BreachedAt = Breached, v.DueAt
	case ended.IsZero():
	case f.CompletedAt.IsZero():
		v.Outcome = Cancelled
	default:
		v.Outcome = Met
	}
	if f.Waived {
		v.Outcome = Waived
	}
}
