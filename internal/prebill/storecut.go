package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// cuts are all of a pre-bill, also those that were taken back.
func cuts(tx *db.Tx, id ident.PrebillID) (cs Cuts, err error) {
	rows, err := tx.Raw(`SELECT c.id, c.seq, c.side, c.amount_minor, c.reason, c.rule, c.note, c.cut_by, p.name, c.cut_at, coalesce(c.undone_by::text, ''), c.undone_at
		FROM prebill_cut c JOIN person p ON p.id = c.cut_by WHERE c.firm_id = ? AND c.prebill_id = ? ORDER BY c.seq`, tx.Scope.Firm, id).Rows()
	if err != nil {
		return nil, fmt.Errorf("list cuts of pre-bill %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var c Cut
		if err := rows.Scan(&c.ID, &c.Seq, &c.Side, &c.Minor, &c.Reason, &c.Rule, &c.Note, &c.By, &c.ByName, &c.At, &c.UndoneBy, &c.UndoneAt); err != nil {
			return nil, fmt.Errorf("read cut of pre-bill %s: %w", id, err)
		}
		cs = append(cs, c)
	}
	return cs, rows.Err()
}

func insertCut(tx *db.Tx, id ident.PrebillID, c *Cut) error {
	err := tx.Exec(`INSERT INTO prebill_cut (firm_id, id, prebill_id, seq, side, amount_minor, reason, rule, note, cut_by, cut_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, c.ID, id, c.Seq, c.Side, c.Minor, c.Reason, c.Rule, c.Note, c.By, c.At).Error
	if err != nil {
		return fmt.Errorf("cut the fees of pre-bill %s: %w", id, err)
	}
	return nil
}

func undoCut(tx *db.Tx, id ident.CutID) error {
	res := tx.Exec(`UPDATE prebill_cut SET undone_by = ?, undone_at = ? WHERE firm_id = ? AND id = ? AND undone_at IS NULL`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id)
	if res.Error != nil {
		return fmt.Errorf("undo cut %s: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return amend.ErrNoEdit
	}
	return nil
}
