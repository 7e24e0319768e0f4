package sla

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// ItemKey names an item across firms.
type ItemKey struct {
	Firm ident.FirmID
	Item ident.WorkItemID
}

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

// Glances reads the clocks of many items of several firms in one query, as the
// bureau role may.
func (s *Service) Glances(tx *db.Tx, keys []ItemKey) (map[ItemKey]Glance, error) {
	firms, items := make([]ident.FirmID, len(keys)), make([]ident.WorkItemID, len(keys))
	for i, k := range keys {
		firms[i], items[i] = k.Firm, k.Item
	}
	var rows []struct {
		FirmID     ident.FirmID
		ItemID     ident.WorkItemID
		CalendarID ident.CalendarID
		Name       string
		State      State
		DueAt      *time.Time
		TargetS    int64
		ConsumedS  int64
		SegStartAt time.Time
	}
	err := tx.Raw(`SELECT DISTINCT ON (c.firm_id, c.item_id) c.firm_id, c.item_id, c.calendar_id, t.name, c.state, c.due_at, c.target_s, c.consumed_s, c.seg_start_at
		FROM unnest(?::uuid[], ?::uuid[]) AS k(firm, item) JOIN clock c ON c.firm_id = k.firm AND c.item_id = k.item
		JOIN target t ON t.firm_id = c.firm_id AND t.id = c.target_id
		WHERE c.state <> 'completed' ORDER BY c.firm_id, c.item_id, c.due_at NULLS LAST, c.id`, db.Array(firms), db.Array(items)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read clocks of %d items: %w", len(keys), err)
	}
	glances := make(map[ItemKey]Glance, len(rows))
	for _, r := range rows {
		g := Glance{Name: r.Name, State: r.State, DueAt: value(r.DueAt), TargetS: r.TargetS, UsedS: r.ConsumedS}
		if r.State == Running {
			cal, err := s.calendars.of(tx, r.FirmID, r.CalendarID)
			if err != nil {
				return nil, err
			}
			more, err := cal.Between(r.SegStartAt, tx.Now)
			if err != nil {
				return nil, err
			}
			g.UsedS += more
			g.Over = tx.Now.Truncate(time.Second).After(g.DueAt)
		}
		glances[ItemKey{r.FirmID, r.ItemID}] = g
	}
	return glances, nil
}
