// Package calendar is business time: which instants count for a firm, and the
// arithmetic over them (SLA.md 1). A calendar is compiled once per version into a
// table of open intervals with running sums, so that adding or measuring is a
// binary search. It is pure: no database, no present instant.
//
// It owns hours, holidays and zones. It does not own deadlines: that is package sla.
package calendar

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// Version is one immutable version of a firm's calendar as people write it.
type Version struct {
	ID         string             `json:"id,omitempty"`
	TZ         string             `json:"tz"`     // IANA name
	Weekly     map[string][]Hours `json:"weekly"` // "mon" to "sun"; an absent day is closed
	Exceptions []Exception        `json:"exceptions"`
}

// Hours is a half-open stretch of the wall clock, "HH:MM" to "HH:MM"; "24:00" is a
// legal end. In Weekly an end before the start is a night shift.
type Hours [2]string

// Exception replaces the whole local date: no hours is closed.
type Exception struct {
	Date  string  `json:"date"` // YYYY-MM-DD
	Hours []Hours `json:"hours"`
	Name  string  `json:"name"`
}

// Refusals. ErrInvalid lists every problem of a version with its path.
var (
	ErrInvalid        = fault.New(fault.Invalid, "calendar_invalid", "this calendar has mistakes")
	ErrEmpty          = fault.New(fault.Invalid, "calendar_empty", "this calendar has no open time in the next 400 days")
	ErrNoBusinessTime = fault.New(fault.Invalid, "no_business_time", "the calendar has no such business time within six years")
	ErrOutOfRange     = fault.New(fault.Invalid, "calendar_out_of_range", "business time is known for the years 1900 to 2200")
	ErrArgument       = fault.New(fault.Invalid, "calendar_argument", "this cannot be counted")
)

// Calendar answers questions about one version. It is safe for concurrent use.
type Calendar struct {
	zone       *time.Location
	week       [7]day // by time.Weekday
	exceptions map[Date]day
	names      map[Date]string

	grow  sync.Mutex
	table atomic.Pointer[table]
}

// day is the open hours of one kind of date.
type day struct {
	open   []span // sorted, merged; includes the tail of the night before
	starts bool   // an interval starts on it, which makes it a business day
}

// span is a half-open stretch in minutes from 0 to 1440.
type span struct{ from, to int }

// Zone is the calendar's time zone.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Name is what the exception on d is called, "" when there is none.
func (c *Calendar) Name(d Date) string { return c.names[d] }

// Publishable is ErrEmpty when nothing is open in the 400 days after at (SLA.md 1).
func (c *Calendar) Publishable(at time.Time) error {
	open, err := c.Between(at, at.AddDate(0, 0, 400))
	if err != nil {
		return err
	}
	if open == 0 {
		return ErrEmpty
	}
	return nil
}

func (c *Calendar) hours(d Date) day {
	if x, ok := c.exceptions[d]; ok {
		return x
	}
	return c.week[d.Weekday()]
}
