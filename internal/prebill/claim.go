package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

// openEntries is what waits for a bill in the matter's currency. Work that was
// priced before the currency changed is repriced first, by an act of its own.
func openEntries(tx *db.Tx, m matter.Matter, through time.Time) ([]capture.Entry, error) {
	all, err := capture.OpenEntries(tx, m.ID, through)
	if err != nil {
		return nil, err
	}
	var found []capture.Entry
	for _, e := range all {
		if e.Currency == m.Currency {
			found = append(found, e)
		}
	}
	return found, nil
}

func claim(tx *db.Tx, id ident.PrebillID, entries []capture.Entry) error {
	ids := make([]ident.EntryID, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return capture.Claim(tx, id, ids)
}

// lineOf copies an entry. A line begins with the value that was recorded.
func lineOf(tx *db.Tx, e capture.Entry, position int) Line {
	l := Line{ID: ident.New[ident.PrebillLine](tx.Now), EntryID: e.ID, Position: position, Kind: e.Kind, On: e.WorkedOn, Timekeeper: e.TimekeeperID, Value: e.AmountMinor}
	l.Content = Content{Quantity: e.Quantity, Rate: e.UnitCost, Narrative: e.Narrative, Task: e.Task, Activity: e.Activity, Expense: e.Expense}
	if e.Kind == guideline.Time {
		l.Quantity, l.Rate = e.Hours, e.Rate
	}
	return l
}
