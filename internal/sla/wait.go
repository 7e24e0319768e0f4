package sla

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// WaitDays is how many business days work may wait for which nothing is promised,
// so that it turns urgent and cannot starve (SLA.md 9).
const WaitDays = 5

// waitWithoutCalendar stands for them in a firm that has no calendar at all.
const waitWithoutCalendar = 7 * 24 * time.Hour

// Wait is how an item stands of which no clock is open: it is due at the close of
// the fifth business day after it came in, on the calendar of the agreement in
// force, else on the firm's newest.
func Wait(tx *db.Tx, received time.Time) (Standing, error) {
	cal, some, err := waitCalendar(tx, NewCalendars())
	if err != nil {
		return Standing{}, err
	}
	if !some {
		return waiting(nil, received, received.Add(waitWithoutCalendar))
	}
	_, due, err := cal.AddDays(received, WaitDays, calendar.Close, calendar.Close)
	if err != nil {
		return Standing{}, fmt.Errorf("add %d business days: %w", WaitDays, err)
	}
	return waiting(cal, received, due)
}

// WaitOn is Wait for an item that waited for somebody else from one instant to now:
// the business time in between does not count. What was late already stays so.
func WaitOn(tx *db.Tx, received, due, from time.Time) (Standing, error) {
	cal, some, err := waitCalendar(tx, NewCalendars())
	if err != nil {
		return Standing{}, err
	}
	switch {
	case !due.After(from):
	case !some:
		due = due.Add(tx.Now.Sub(from))
	default:
		left, err := cal.Between(from, due)
		if err != nil {
			return Standing{}, err
		}
		if due, err = cal.Add(tx.Now, left); err != nil {
			return Standing{}, err
		}
	}
	return waiting(cal, received, due)
}

// waiting is hot from a quarter, or an hour, before the end, as a clock is.
func waiting(cal *calendar.Calendar, received, due time.Time) (Standing, error) {
	st := Standing{DueAt: due, Deadline: due, HotAt: due.Add(-due.Sub(received) / 4)}
	if cal == nil {
		return st, nil
	}
	span, err := cal.Between(received, due)
	if err != nil {
		return st, err
	}
	st.HotAt, err = cal.Sub(due, max(span/4, 3600))
	return st, err
}

// waitCalendars picks the calendar of firms in f (id), the one in force before the newest.
const waitCalendars = `SELECT k.id FROM calendar k LEFT JOIN LATERAL (SELECT a.calendar_id FROM agreement a JOIN firm x ON x.firm_id = a.firm_id
		WHERE a.firm_id = f.id AND a.approved_at IS NOT NULL AND a.effective_from <= (?::timestamptz AT TIME ZONE x.tz)::date ORDER BY a.number DESC LIMIT 1) a ON true
	WHERE k.firm_id = f.id ORDER BY k.id = a.calendar_id DESC NULLS LAST, k.id DESC LIMIT 1`

// waitCalendar is the one of the firm of tx; ok is false where there is none.
func waitCalendar(tx *db.Tx, calendars *Calendars) (c *calendar.Calendar, ok bool, err error) {
	var id ident.CalendarID
	err = tx.Raw(`SELECT k.id FROM (SELECT ?::uuid AS id) f CROSS JOIN LATERAL (`+waitCalendars+`) k`, tx.Scope.Firm, tx.Now).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find the firm's calendar: %w", err)
	}
	c, err = calendars.get(tx, id)
	return c, err == nil, err
}

// WaitGlance is the glance of an item of the firm of tx that waits without a promise.
func (s *Service) WaitGlance(tx *db.Tx, received, due time.Time) (g Glance, err error) {
	cal, _, err := waitCalendar(tx, s.calendars)
	if err != nil {
		return g, err
	}
	return waitGlance(cal, received, due, tx.Now)
}

func waitGlance(cal *calendar.Calendar, received, due, now time.Time) (g Glance, err error) {
	g = Glance{Name: "Five business days", State: Running, DueAt: due, Over: now.Truncate(time.Second).After(due)}
	if cal == nil {
		g.TargetS, g.UsedS = int64(due.Sub(received)/time.Second), max(0, int64(now.Sub(received)/time.Second))
		return g, nil
	}
	if g.TargetS, err = cal.Between(received, due); err != nil {
		return g, err
	}
	g.UsedS, err = cal.Between(received, now)
	return g, err
}
