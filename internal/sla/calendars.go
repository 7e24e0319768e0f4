package sla

import (
	"errors"
	"fmt"
	"sync"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Calendars keeps compiled calendars. A version never changes, so what is kept
// never goes stale. It is safe for concurrent use.
type Calendars struct {
	mu   sync.Mutex
	kept map[calendarKey]*calendar.Calendar
}

type calendarKey struct {
	firm ident.FirmID
	id   ident.CalendarID
}

// maxKept is about 100 MB of tables; beyond it everything is built anew.
const maxKept = 2000

// NewCalendars returns an empty store.
func NewCalendars() *Calendars { return &Calendars{kept: map[calendarKey]*calendar.Calendar{}} }

// get is a calendar of the firm of tx.
func (k *Calendars) get(tx *db.Tx, id ident.CalendarID) (*calendar.Calendar, error) {
	return k.of(tx, tx.Scope.Firm, id)
}

// of is a calendar of a firm that tx may read.
func (k *Calendars) of(tx *db.Tx, firm ident.FirmID, id ident.CalendarID) (*calendar.Calendar, error) {
	key := calendarKey{firm, id}
	k.mu.Lock()
	c := k.kept[key]
	k.mu.Unlock()
	if c != nil {
		return c, nil
	}
	var r calendarRow
	err := tx.Raw(`SELECT id, name, number, definition FROM calendar WHERE firm_id = ? AND id = ?`, firm, id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrCalendarNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("load calendar %s: %w", id, err)
	}
	row, err := r.calendar()
	if err != nil {
		return nil, err
	}
	if c, err = calendar.Compile(row.Version); err != nil {
		return nil, fmt.Errorf("compile calendar %s: %w", id, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxKept {
		clear(k.kept)
	}
	k.kept[key] = c
	return c, nil
}
