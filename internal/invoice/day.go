package invoice

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Day is a date without time or zone, as "2026-11-06": the text sorts and compares
// as the date does. The zero value "" is no date.
type Day string

const dayForm = "2006-01-02"

// DayOf is the date of t where t stands; give t the firm's zone first.
func DayOf(t time.Time) Day { return Day(t.Format(dayForm)) }

// Time is midnight UTC of the date; a Day that is none gives the zero time.
func (d Day) Time() time.Time {
	t, err := time.Parse(dayForm, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add is n days later.
func (d Day) Add(n int) Day { return DayOf(d.Time().AddDate(0, 0, n)) }

// Until is the number of days from d to e, negative when e is earlier.
func (d Day) Until(e Day) int { return int(e.Time().Sub(d.Time()) / (24 * time.Hour)) }

// Long is "6 Nov 2026".
func (d Day) Long() string { return d.Time().Format("2 Jan 2006") }

// Value writes a date column.
func (d Day) Value() (driver.Value, error) {
	if d == "" {
		return nil, nil
	}
	return string(d), nil
}

// Scan reads a date column.
func (d *Day) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = ""
	case time.Time:
		*d = DayOf(v)
	case string:
		*d = Day(v)
	default:
		return fmt.Errorf("scan day: %T is no date", src)
	}
	return nil
}
