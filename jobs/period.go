package jobs

import "time"

// Period is one turn of a schedule. Key is its name within the schedule, and the
// keys of a schedule sort as their starts do.
type Period struct {
	Key   string
	Start time.Time // UTC
	Day   string    // the firm's own date at the start, YYYY-MM-DD
}

// When says into which periods time is cut.
type When interface {
	// at is the period that now lies in, for a firm in zone.
	at(now time.Time, zone *time.Location) Period
}

// Every cuts time into stretches of d from the epoch on, the same for every firm.
func Every(d time.Duration) When { return every(d) }

type every time.Duration

func (e every) at(now time.Time, zone *time.Location) Period {
	s := now.UTC().Truncate(time.Duration(e))
	return Period{s.Format("2006-01-02T15:04:05Z"), s, s.In(zone).Format(time.DateOnly)}
}

// Daily begins a period at the firm's own hh:mm of every calendar day. Where the
// clocks skip that time it begins within the hour before or after; where they show
// it twice, once.
func Daily(hour, minute int) When { return daily{hour, minute} }

type daily struct{ hour, minute int }

func (d daily) at(now time.Time, zone *time.Location) Period {
	y, m, day := now.In(zone).Date()
	start := time.Date(y, m, day, d.hour, d.minute, 0, 0, zone)
	if start.After(now) {
		day--
		start = time.Date(y, m, day, d.hour, d.minute, 0, 0, zone)
	}
	// Dates are counted where no clock is ever moved.
	date := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	return Period{date, start.UTC(), date}
}
