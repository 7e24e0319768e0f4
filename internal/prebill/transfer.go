package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// ErrShaped is for lines that stand for no one entry as a whole.
var ErrShaped = fault.New(fault.Conflict, "prebill_line_shaped", "a line is split or merged; undo that first")

// Standing are the changes of entries on the bills that they are on, as they go with the
// work to another matter: those that stand, but for holds. An entry on no bill is not
// among them. ErrShaped for one whose line is split, or in a merge.
func Standing(tx *db.Tx, entries []ident.EntryID) (map[ident.EntryID]amend.Edits, error) {
	all, err := wholeLines(tx, entries)
	if err != nil {
		return nil, err
	}
	of := make(map[ident.EntryID]amend.Edits, len(all))
	for i := range all {
		of[all[i].EntryID] = carried(all[i].Edits)
	}
	return of, nil
}

// Credited are the changes of entries that wait to be billed again, as their next bill on
// this matter would start from them: those of the bill that was credited, with what was
// amended since, but for holds. An entry of no such bill is not among them.
func Credited(tx *db.Tx, of ident.MatterID, entries []capture.Entry) (map[ident.EntryID]amend.Edits, error) {
	m, err := matter.Get(tx, of)
	if err != nil {
		return nil, err
	}
	_, changes, err := resumed(tx, m, entries)
	for id, all := range changes {
		changes[id] = carried(all)
	}
	return changes, err
}

// carried are edits that stand, as they go to another matter: without holds.
func carried(all amend.Edits) amend.Edits {
	kept := amend.Edits{}
	for _, e := range all {
		if e.UndoneAt != nil || e.Reason == amend.ReasonHold {
			continue
		}
		e.Before.Held, e.After.Held = false, false
		kept = append(kept, e)
	}
	return kept
}

// LetGo takes entries off the draft that they are on, because they are transferred to
// another matter: they are work in progress again, their lines step back for good, and the
// draft is judged without them. The caller holds the bill, as LockToReprice does, and has
// decided. ErrStatus when the bill is approved or over, ErrShaped for a line that is split,
// or in a merge.
func LetGo(tx *db.Tx, id ident.PrebillID, transfer ident.TransferID, entries []ident.EntryID) error {
	p, err := lock(tx, id)
	if err != nil {
		return err
	}
	if !p.Status.Editable() || p.Status == StatusApproved {
		return ErrStatus.With("%s is %s; its lines stay on it", p.Name(), p.Status.words())
	}
	m, f, err := groundOf(tx, &p)
	if err != nil {
		return err
	}
	if err := save(tx, &p); err != nil {
		return err
	}
	if err := stepBack(tx, p.ID, entries); err != nil {
		return err
	}
	if err := capture.Release(tx, p.ID, entries...); err != nil {
		return err
	}
	if _, err := recheck(tx, &p, m, f); err != nil {
		return err
	}
	return record(tx, "prebill.lines_transferred", rbac.EntryTransfer, &p, classOf(m, audit.C2), nil, nil, map[string]any{"transfer": transfer, "entries": entries})
}

// stepBack ends the claims of whole lines for good.
func stepBack(tx *db.Tx, id ident.PrebillID, entries []ident.EntryID) error {
	res := tx.Exec(`UPDATE prebill_line SET transferred = true, gone = true, live = false, held = false
		WHERE firm_id = ? AND prebill_id = ? AND entry_id = ANY (?::uuid[]) AND live AND NOT gone AND split_of IS NULL AND NOT merged AND merged_into IS NULL`,
		tx.Scope.Firm, id, db.Array(entries))
	if res.Error != nil {
		return fmt.Errorf("take lines off pre-bill %s: %w", id, res.Error)
	}
	if res.RowsAffected != int64(len(entries)) {
		return ErrShaped
	}
	return nil
}
