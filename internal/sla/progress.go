package sla

import (
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Progress is how one item's clocks stand, for its page and for lists.
type Progress struct {
	ID        ident.ClockID
	Item      ident.WorkItemID
	Key       string
	Kind      Kind
	Name      string
	StartedAt time.Time
	TargetS   int64
	UsedS     int64 // at now
	Clock     Clock
}

// OfItem replays the clocks of an item, in the order of the agreement.
func (s *Service) OfItem(tx *db.Tx, item ident.WorkItemID) ([]Progress, error) {
	p := pass{tx: tx, calendars: s.calendars}
	clocks, err := p.load(`WHERE c.firm_id = ? AND c.item_id = ? ORDER BY t.position`, tx.Scope.Firm, item)
	if err != nil {
		return nil, err
	}
	list := make([]Progress, len(clocks))
	for i, c := range clocks {
		used, err := c.now.ConsumedAt(tx.Now)
		if err != nil {
			return nil, err
		}
		list[i] = Progress{ID: c.ID, Item: c.Item, Key: c.Key, Kind: c.Kind, Name: c.Name, StartedAt: c.StartedAt.UTC(), TargetS: c.now.TargetS, UsedS: used, Clock: c.now}
	}
	return list, nil
}
