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

// BusinessCalendar is the calendar of the agreement that is in force in the firm of
// tx, for whatever else goes by the firm's business days. ok is false where no
// agreement is in force.
func (s *Service) BusinessCalendar(tx *db.Tx) (c *calendar.Calendar, ok bool, err error) {
	var id ident.CalendarID
	err = tx.Raw(`SELECT a.calendar_id FROM agreement a JOIN firm f ON f.firm_id = a.firm_id WHERE a.firm_id = ? AND a.approved_at IS NOT NULL
		AND a.effective_from <= (?::timestamptz AT TIME ZONE f.tz)::date ORDER BY a.effective_from DESC, a.number DESC LIMIT 1`, tx.Scope.Firm, tx.Now).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find calendar in force: %w", err)
	}
	c, err = s.calendars.get(tx, id)
	return c, err == nil, err
}

// Ago is the instant since which so many business seconds have passed at a firm that tx may
// read, on the calendar by which work without a promise waits; without one time is the clock's.
func (s *Service) Ago(tx *db.Tx, firm ident.FirmID, seconds int64) (time.Time, error) {
	now := tx.Now.Truncate(time.Second)
	var id ident.CalendarID
	err := tx.Raw(`SELECT k.id FROM (SELECT ?::uuid AS id) f CROSS JOIN LATERAL (`+waitCalendars+`) k`, firm, tx.Now).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return now.Add(-time.Duration(seconds) * time.Second), nil
	}
	if err != nil {
		return now, fmt.Errorf("find the calendar of firm %s: %w", firm, err)
	}
	c, err := s.calendars.of(tx, firm, id)
	if err != nil {
		return now, err
	}
	at, err := c.Sub(now, seconds)
	if err != nil {
		return now, fmt.Errorf("count business time back from now: %w", err)
	}
	return at, nil
}
