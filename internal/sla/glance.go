package sla

import (
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Glance is the clock of an item that comes first: of the running ones the earliest
// due, else a paused one. It is read from the row alone.
type Glance struct {
	Name    string
	State   State
	DueAt   time.Time // zero while paused
	TargetS int64
	UsedS   int64 // now
	Over    bool  // past due
}

// Listed is what a list of items reads along, as the bureau role may, to show each
// item's glance: GlanceColumns into Columns, from items w (work_item) joined with GlanceJoin.
type Listed struct {
	Firm       ident.FirmID     // set by the list
	CalendarID ident.CalendarID // "" for none
	Name       string
	State      State
	DueAt      *time.Time
	TargetS    int64
	ConsumedS  int64
	SegStartAt *time.Time
}

// GlanceColumns are what Columns takes.
const GlanceColumns = `coalesce(lc.calendar_id::text, lk.id::text, ''), coalesce(lc.name, ''), coalesce(lc.state, ''), lc.due_at, coalesce(lc.target_s, 0), coalesce(lc.consumed_s, 0), lc.seg_start_at`

// GlanceJoin finds the clock of w that comes first, or for what waits without a promise
// the calendar of its firm. It has one parameter, the present.
const GlanceJoin = `LEFT JOIN LATERAL (SELECT c.calendar_id, t.name, c.state, c.due_at, c.target_s, c.consumed_s, c.seg_start_at
		FROM clock c JOIN target t ON t.firm_id = c.firm_id AND t.id = c.target_id
		WHERE w.promised AND c.firm_id = w.firm_id AND c.item_id = w.id AND c.state <> 'completed' ORDER BY c.due_at NULLS LAST, c.id LIMIT 1) lc ON true
	LEFT JOIN LATERAL (SELECT k.id FROM (SELECT w.firm_id AS id) f CROSS JOIN LATERAL (` + waitCalendars + `) k WHERE NOT w.promised AND w.due_at IS NOT NULL) lk ON true`

// Columns are where GlanceColumns of one row go.
func (l *Listed) Columns() []any {
	return []any{(*string)(&l.CalendarID), &l.Name, (*string)(&l.State), &l.DueAt, &l.TargetS, &l.ConsumedS, &l.SegStartAt}
}

// Promised is the glance of an item that has clocks; none while all have stopped.
func (s *Service) Promised(tx *db.Tx, l Listed) (g Glance, err error) {
	if l.State == "" {
		return g, nil
	}
	g = Glance{Name: l.Name, State: l.State, DueAt: value(l.DueAt), TargetS: l.TargetS, UsedS: l.ConsumedS}
	if l.State != Running {
		return g, nil
	}
	cal, err := s.calendars.of(tx, l.Firm, l.CalendarID)
	if err != nil {
		return g, err
	}
	more, err := cal.Between(*l.SegStartAt, tx.Now)
	if err != nil {
		return g, err
	}
	g.UsedS += more
	g.Over = tx.Now.Truncate(time.Second).After(g.DueAt)
	return g, nil
}

// Waiting is the glance of an item that waits without a promise, from its receipt until it is due.
func (s *Service) Waiting(tx *db.Tx, l Listed, received, due time.Time) (g Glance, err error) {
	if l.CalendarID == "" {
		return waitGlance(nil, received, due, tx.Now)
	}
	cal, err := s.calendars.of(tx, l.Firm, l.CalendarID)
	if err != nil {
		return g, err
	}
	return waitGlance(cal, received, due, tx.Now)
}
