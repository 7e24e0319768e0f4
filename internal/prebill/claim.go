package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
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

// lineOf copies an entry. A line begins with what its review left, and has the
// changes that led there as its own.
func lineOf(tx *db.Tx, e capture.Entry, position int) Line {
	return Line{ID: ident.New[ident.PrebillLine](tx.Now), EntryID: e.ID, Position: position, On: e.WorkedOn, Timekeeper: e.TimekeeperID, Work: e.Work(), Edits: takenOver(tx, e.Edits)}
}

// takenOver are the amendments that stand, as the first edits of a line.
func takenOver(tx *db.Tx, all amend.Edits) (edits amend.Edits) {
	for _, e := range all {
		if e.UndoneAt == nil {
			e.ID, e.Seq = ident.New[ident.EditID](tx.Now), len(edits)+1
			edits = append(edits, e)
		}
	}
	return edits
}
