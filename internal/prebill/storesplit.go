package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// setGone lets lines step back from the bill, or stand on it again.
func setGone(tx *db.Tx, gone bool, ids ...ident.PrebillLine) error {
	res := tx.Exec(`UPDATE prebill_line SET gone = ? WHERE firm_id = ? AND id = ANY (?::uuid[]) AND gone <> ?`, gone, tx.Scope.Firm, db.Array(ids), gone)
	if res.Error != nil {
		return fmt.Errorf("change what stands of lines %v: %w", ids, res.Error)
	}
	if res.RowsAffected != int64(len(ids)) {
		return ErrStale
	}
	return nil
}

// insertParts puts the parts of a line in its place, with the edits that they begin with.
func insertParts(tx *db.Tx, p *Prebill, whole *Line, parts []Line) error {
	for i := range parts {
		x := &parts[i]
		err := tx.Exec(`INSERT INTO prebill_line (firm_id, id, prebill_id, entry_id, position, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor,
				write_down_minor, narrative, task_code, activity_code, expense_code, reason, live, split_of, part, share_quantity_e4, share_minor)
			SELECT w.firm_id, ?, w.prebill_id, w.entry_id, w.position, w.kind, w.worked_on, w.timekeeper_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, false, w.id, ?, ?, ?
			FROM prebill_line w WHERE w.firm_id = ? AND w.id = ?`, x.ID, x.Quantity, x.Rate, x.Value, x.WriteDown, x.Narrative, x.Task, x.Activity, x.Expense, x.Reason,
			i+1, x.Recorded.Quantity, x.Recorded.Amount, tx.Scope.Firm, whole.ID).Error
		if err != nil {
			return fmt.Errorf("insert part %d of line %s: %w", i+1, whole.ID, err)
		}
		for k := range x.Edits {
			if err := insertEdit(tx, p, x.ID, &x.Edits[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastPosition is the place of the last line that was copied onto a pre-bill, 0 without any.
func lastPosition(tx *db.Tx, id ident.PrebillID) (n int, err error) {
	err = tx.Raw(`SELECT coalesce(max(position), 0) FROM prebill_line WHERE firm_id = ? AND prebill_id = ?`, tx.Scope.Firm, id).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count lines of pre-bill %s: %w", id, err)
	}
	return n, nil
}

// gone are the lines that do not stand any more, as subjects of rules: nothing is found on
// them, so that what was is settled.
func gone(tx *db.Tx, id ident.PrebillID, c money.Currency) (judged []guideline.Judged, err error) {
	var rows []struct {
		ID      ident.PrebillLine
		EntryID ident.EntryID
	}
	err = tx.Raw(`SELECT l.id, l.entry_id FROM prebill_line l WHERE l.firm_id = ? AND l.prebill_id = ? AND l.gone`, tx.Scope.Firm, id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list lines that left pre-bill %s: %w", id, err)
	}
	for _, r := range rows {
		judged = append(judged, guideline.Judged{Subject: guideline.Subject{Entry: r.EntryID, Line: r.ID, Currency: c}})
	}
	return judged, nil
}

// splitAgain takes lines apart as their credited bills had them, each part with what it said
// and how it came to that. A line that was changed at its entry since stays whole.
func splitAgain(tx *db.Tx, p *Prebill, from map[ident.EntryID]ident.PrebillLine, added []Line) error {
	if len(from) == 0 {
		return nil
	}
	var of []ident.PrebillLine
	for _, l := range from {
		of = append(of, l)
	}
	var bills []ident.PrebillID
	err := tx.Raw(`SELECT DISTINCT l.prebill_id FROM prebill_line l WHERE l.firm_id = ? AND l.id = ANY (?::uuid[]) AND l.gone`, tx.Scope.Firm, db.Array(of)).Scan(&bills).Error
	if err != nil {
		return fmt.Errorf("find split lines of credited bills: %w", err)
	}
	for _, id := range bills {
		billed, err := lines(tx, id)
		if err != nil {
			return err
		}
		for i := range added {
			parts := added[i].partsAgain(tx, partsOf(billed, from[added[i].EntryID]))
			if len(parts) == 0 {
				continue
			}
			if err := first(setGone(tx, true, added[i].ID), insertParts(tx, p, &added[i], parts)); err != nil {
				return err
			}
		}
	}
	return nil
}
