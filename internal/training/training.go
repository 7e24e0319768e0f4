// Package training is what the bureau's people have learned: the bureau's courses, and
// certificates with the days from and until which they hold. A team lead or the bureau's
// administrator records them, never the person themselves. A firm sees those of the people
// who have access there or for whom it is asked, by name and days only.
//
// It decides nothing: what work asks for is package requirement, and package worklist gives
// nobody what they are not certified for.
package training

import (
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// LapseDays is how long before its last day a certificate is said to lapse soon.
const LapseDays = 30

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrSelf      = fault.New(fault.Forbidden, "certificate_self", "nobody records or withdraws their own certificate; a colleague can")
	ErrTaken     = fault.New(fault.Conflict, "course_name_taken", "there is a course of this name")
	ErrTwice     = fault.New(fault.Conflict, "certificate_twice", "this certificate is recorded already")
	ErrWithdrawn = fault.New(fault.Conflict, "certificate_withdrawn", "this certificate was withdrawn before")
	ErrClosed    = fault.New(fault.Conflict, "course_closed", "this course is closed; choose another")
)

// Course is one line of the bureau's catalogue.
type Course struct {
	ID     ident.CourseID
	Name   string
	Months int // for which a certificate holds
	Closed *time.Time
}

func (c *Course) validate() error {
	c.Name = strings.TrimSpace(c.Name)
	var fs fault.Fields
	fs.Line("name", c.Name, 1, 80)
	if c.Months < 1 || c.Months > 120 {
		fs.Add("months", "months_range", "enter for how many months a certificate holds, 1 to 120")
	}
	return fs.Err(ErrInvalid)
}

// Certificate is that somebody passed a course. What a firm is shown has no id and no
// name of who recorded it.
type Certificate struct {
	ID         ident.CertificateID
	Person     ident.PersonID
	Course     string
	PassedOn   time.Time
	ValidUntil time.Time // the last day
	RecordedBy string
}

// Holds tells whether the certificate stands on a day.
func (c Certificate) Holds(on time.Time) bool {
	day := dayOf(on)
	return !day.Before(dayOf(c.PassedOn)) && !day.After(dayOf(c.ValidUntil))
}

// Lapses tells whether it stands on a day and ends within LapseDays.
func (c Certificate) Lapses(on time.Time) bool {
	return c.Holds(on) && dayOf(c.ValidUntil).Before(dayOf(on).AddDate(0, 0, LapseDays+1))
}

// dayOf is the day of an instant where it was read, at midnight UTC as dates are kept.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// until is the last day of a certificate. A day that the month of its end does not have
// is that month's last: passed on 31 January for a month, valid until 28 February.
func until(passed time.Time, months int) time.Time {
	first := time.Date(passed.Year(), passed.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, months, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(passed.Day(), last)-1)
}

// Draft is a certificate to record.
type Draft struct {
	Person   ident.PersonID
	Course   ident.CourseID
	PassedOn time.Time
}

func (d Draft) validate(today time.Time) error {
	var fs fault.Fields
	if d.Person == "" {
		fs.Add("person", "person_missing", "choose a person")
	}
	if d.Course == "" {
		fs.Add("course", "course_missing", "choose a course")
	}
	switch {
	case d.PassedOn.IsZero():
		fs.Add("passed_on", "date_missing", "enter the day on which they passed")
	case dayOf(d.PassedOn).After(dayOf(today)):
		fs.Add("passed_on", "date_future", "this day has not come yet")
	case d.PassedOn.Before(today.AddDate(-20, 0, 0)):
		fs.Add("passed_on", "date_far", "at most 20 years ago")
	}
	return fs.Err(ErrInvalid)
}

// Record is one of the bureau's people with what they hold or held last, each course once.
type Record struct {
	Person       ident.PersonID
	Name         string
	Certificates []Certificate
}

// newest keeps of each person and course the certificate that holds longest.
func newest(list []Certificate) []Certificate {
	slices.SortStableFunc(list, func(a, b Certificate) int {
		if c := strings.Compare(strings.ToLower(a.Course), strings.ToLower(b.Course)); c != 0 {
			return c
		}
		return b.ValidUntil.Compare(a.ValidUntil)
	})
	return slices.CompactFunc(list, func(a, b Certificate) bool { return strings.EqualFold(a.Course, b.Course) })
}
