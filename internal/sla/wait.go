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
	cal, some, err := waitCalendar(tx)
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
	cal, some, err := waitCalendar(tx)
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
func waitCalendar(tx *db.Tx) (c *calendar.Calendar, ok bool, err error) {
	var id ident.CalendarID
	err = tx.Raw(`SELECT k.id FROM (SELECT ?::uuid AS id) f CROSS JOIN LATERAL (`+waitCalendars+`) k`, tx.Scope.Firm, tx.Now).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find the firm's calendar: %w", err)
	}
	c, err = NewCalendars().get(tx, id)
	return c, err == nil, err
}

// Waited is an item without an open clock, for its glance.
type Waited struct {
	Item     ItemKey
	Received time.Time
	Due      time.Time
}

// WaitGlances are the glances of items that wait without a promise.
func (s *Service) WaitGlances(tx *db.Tx, items []Waited) (map[ItemKey]Glance, error) {
	glances := make(map[ItemKey]Glance, len(items))
	if len(items) == 0 {
		return glances, nil
	}
	firms := map[ident.FirmID]bool{}
	var ids []ident.FirmID
	for _, w := range items {
		if !firms[w.Item.Firm] {
			firms[w.Item.Firm], ids = true, append(ids, w.Item.Firm)
		}
	}
	var rows []struct {
		FirmID     ident.FirmID
		CalendarID ident.CalendarID
	}
	err := tx.Raw(`SELECT f.id AS firm_id, k.id AS calendar_id FROM unnest(?::uuid[]) AS f(id) CROSS JOIN LATERAL (`+waitCalendars+`) k`, db.Array(ids), tx.Now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find calendars of %d firms: %w", len(ids), err)
	}
	calendars := map[ident.FirmID]*calendar.Calendar{}
	for _, r := range rows {
		if calendars[r.FirmID], err = s.calendars.of(tx, r.FirmID, r.CalendarID); err != nil {
			return nil, err
		}
	}
	for _, w := range items {
		if glances[w.Item], err = w.glance(calendars[w.Item.Firm], tx.Now); err != nil {
			return nil, err
		}
	}
	return glances, nil
}

func (w Waited) glance(cal *calendar.Calendar, now time.Time) (g Glance, err error) {
	g = Glance{Name: "Five business days", State: Running, DueAt: w.Due, Over: now.Truncate(time.Second).After(w.Due)}
	if cal == nil {
		g.TargetS, g.UsedS = int64(w.Due.Sub(w.Received)/time.Second), max(0, int64(now.Sub(w.Received)/time.Second))
		return g, nil
	}
	if g.TargetS, err = cal.Between(w.Received, w.Due); err != nil {
		return g, err
	}
	g.UsedS, err = cal.Between(w.Received, now)
	return g, err
}
