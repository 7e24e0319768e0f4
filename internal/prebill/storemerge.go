package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// insertMerge puts a merge in the place of its lines, with the edits that it begins with.
func insertMerge(tx *db.Tx, p *Prebill, x *Line) error {
	err := tx.Exec(`INSERT INTO prebill_line (firm_id, id, prebill_id, entry_id, position, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor,
			write_down_minor, narrative, task_code, activity_code, expense_code, reason, live, merged, share_quantity_e4, share_minor)
		SELECT w.firm_id, ?, w.prebill_id, w.entry_id, w.position, w.kind, w.worked_on, w.timekeeper_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, false, true, ?, ?
		FROM prebill_line w WHERE w.firm_id = ? AND w.id = ?`, x.ID, x.Quantity, x.Sources[0].Rate, x.Value, x.WriteDown, x.Narrative, x.Task, x.Activity, x.Expense, x.Reason,
		x.Recorded.Quantity, x.Recorded.Amount, tx.Scope.Firm, x.Sources[0].ID).Error
	if err != nil {
		return fmt.Errorf("insert merge of lines %v: %w", idsOf(x.Sources), err)
	}
	res := tx.Exec(`UPDATE prebill_line SET gone = true, merged_into = ? WHERE firm_id = ? AND id = ANY (?::uuid[]) AND NOT gone`, x.ID, tx.Scope.Firm, db.Array(idsOf(x.Sources)))
	if res.Error != nil {
		return fmt.Errorf("let lines %v step back: %w", idsOf(x.Sources), res.Error)
	}
	if res.RowsAffected != int64(len(x.Sources)) {
		return ErrStale
	}
	for k := range x.Edits {
		if err := insertEdit(tx, p, x.ID, &x.Edits[k]); err != nil {
			return err
		}
	}
	return nil
}

// endMerge lets the lines of a merge stand again.
func endMerge(tx *db.Tx, x *Line) error {
	res := tx.Exec(`UPDATE prebill_line SET gone = false, merged_into = NULL WHERE firm_id = ? AND merged_into = ?`, tx.Scope.Firm, x.ID)
	if res.Error != nil {
		return fmt.Errorf("let lines of merge %s stand again: %w", x.ID, res.Error)
	}
	if res.RowsAffected != int64(len(x.Sources)) {
		return ErrStale
	}
	return nil
}

// nested puts the lines that were merged under the merge that stands for them, and numbers
// what stands from 1.
func nested(rows []Line) ([]Line, error) {
	under := map[ident.PrebillLine][]Line{}
	var all []Line
	for i := range rows {
		l := &rows[i]
		if l.mergedInto != "" {
			under[l.mergedInto] = append(under[l.mergedInto], *l)
			continue
		}
		l.Position = len(all) + 1
		all = append(all, *l)
	}
	for i := range all {
		l := &all[i]
		if l.Sources = under[l.ID]; len(l.Sources) == 0 {
			continue
		}
		if err := l.sum(); err != nil {
			return nil, fmt.Errorf("sum merge %s: %w", l.ID, err)
		}
	}
	return all, nil
}

// mergeAgain merges lines as their credited bills had them, with what the merge said and how
// it came to that. Where one of them was changed at its entry since, or is not billed again,
// the others stay by themselves.
func mergeAgain(tx *db.Tx, p *Prebill, from map[ident.EntryID]ident.PrebillLine, added []Line) error {
	if len(from) == 0 {
		return nil
	}
	was := make(map[ident.PrebillLine]bool, len(from))
	now := make(map[ident.EntryID]*Line, len(added))
	var of []ident.PrebillLine
	for _, l := range from {
		of, was[l] = append(of, l), true
	}
	for i := range added {
		now[added[i].EntryID] = &added[i]
	}
	var bills []ident.PrebillID
	err := tx.Raw(`SELECT DISTINCT l.prebill_id FROM prebill_line l WHERE l.firm_id = ? AND l.id = ANY (?::uuid[]) AND l.merged_into IS NOT NULL`, tx.Scope.Firm, db.Array(of)).Scan(&bills).Error
	if err != nil {
		return fmt.Errorf("find merged lines of credited bills: %w", err)
	}
	for _, id := range bills {
		billed, err := lines(tx, id)
		if err != nil {
			return err
		}
		for i := range billed {
			l := &billed[i]
			if len(l.Sources) == 0 || !l.latest(was) {
				continue
			}
			again, ok := l.mergedAgain(tx, now)
			if !ok {
				continue
			}
			if err := insertMerge(tx, p, &again); err != nil {
				return err
			}
		}
	}
	return nil
}

// latest tells whether this bill is the last one of every line of a merge.
func (l *Line) latest(was map[ident.PrebillLine]bool) bool {
	for i := range l.Sources {
		if !was[l.Sources[i].ID] {
			return false
		}
	}
	return true
}

// mergeOf is the merge that stood for a line of a credited bill, else the line itself.
func mergeOf(tx *db.Tx, id ident.PrebillLine) (merge ident.PrebillLine, err error) {
	err = tx.Raw(`SELECT coalesce(merged_into, id)::text FROM prebill_line WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&merge)
	if err != nil {
		return "", fmt.Errorf("load line %s: %w", id, err)
	}
	return merge, nil
}
