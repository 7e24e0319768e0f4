package calendar

import (
	"time"
)

// Date is a local date, in days since 1970-01-01. Steps of one are steps of one
// date, whatever the zone does with its clocks.
type Date int32

const daySeconds = 24 * 60 * 60

// DateOf is the date of year, month and day, which are normalised as by time.Date.
func DateOf(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / daySeconds)
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, ErrArgument.With("%q is not a date; write YYYY-MM-DD", s)
	}
	return dateAt(t.Unix()), nil
}

// dateAt is the date of a wall clock that reads `wall` seconds after 1970-01-01.
func dateAt(wall int64) Date {
	d := wall / daySeconds
	if wall%daySeconds < 0 {
		d--
	}
	return Date(d)
}

// Weekday of the date.
func (d Date) Weekday() time.Weekday {
	return time.Weekday(((int(d)+int(time.Thursday))%7 + 7) % 7) // 1970-01-01 was a Thursday
}

// String is YYYY-MM-DD.
func (d Date) String() string { return d.midnight().Format(time.DateOnly) }

// Month is the year and month that d falls in.
func (d Date) Month() (int, time.Month) {
	t := d.midnight()
	return t.Year(), t.Month()
}

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Date) midnight() time.Time { return time.Unix(int64(d)*daySeconds, 0).UTC() }

func (d Date) wall() int64 { return int64(d) * daySeconds }
