package capture

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// attachAmendments gives each entry of the list its history.
func attachAmendments(tx *db.Tx, list []Entry) error {
	at, ids := make(map[ident.EntryID]int, len(list)), make([]ident.EntryID, len(list))
	for i := range list {
		at[list[i].ID], ids[i] = i, list[i].ID
	}
	of, err := amendmentsOf(tx, ids)
	if err != nil {
		return err
	}
	for id, edits := range of {
		list[at[id]].Edits = edits
	}
	return nil
}

// amendmentsOf are the histories of entries, oldest first; most entries have none.
func amendmentsOf(tx *db.Tx, ids []ident.EntryID) (map[ident.EntryID]amend.Edits, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Raw(`SELECT d.entry_id, d.id, d.seq, d.side, d.before::text, d.after::text, d.before_minor, d.after_minor, d.reason, d.note,
			d.amended_by, p.name, d.amended_at, coalesce(d.undone_by::text, ''), d.undone_at
		FROM amendment d JOIN person p ON p.id = d.amended_by WHERE d.firm_id = ? AND d.entry_id = ANY (?::uuid[]) ORDER BY d.entry_id, d.seq`,
		tx.Scope.Firm, db.Array(ids)).Rows()
	if err != nil {
		return nil, fmt.Errorf("list amendments: %w", err)
	}
	defer rows.Close()
	of := map[ident.EntryID]amend.Edits{}
	for rows.Next() {
		id, e, err := scanAmendment(rows)
		if err != nil {
			return nil, fmt.Errorf("read amendment: %w", err)
		}
		of[id] = append(of[id], e)
	}
	return of, rows.Err()
}

func scanAmendment(rows *sql.Rows) (id ident.EntryID, e amend.Edit, err error) {
	var before, after string
	err = rows.Scan(&id, &e.ID, &e.Seq, &e.Side, &before, &after, &e.BeforeAt, &e.AfterAt, &e.Reason, &e.Note, &e.By, &e.ByName, &e.At, &e.UndoneBy, &e.UndoneAt)
	if err != nil {
		return id, e, err
	}
	if err := json.Unmarshal([]byte(before), &e.Before); err != nil {
		return id, e, err
	}
	return id, e, json.Unmarshal([]byte(after), &e.After)
}

func insertAmendment(tx *db.Tx, id ident.EntryID, e *amend.Edit) error {
	before, err := json.Marshal(e.Before)
	if err != nil {
		return fmt.Errorf("encode amendment: %w", err)
	}
	after, err := json.Marshal(e.After)
	if err != nil {
		return fmt.Errorf("encode amendment: %w", err)
	}
	err = tx.Exec(`INSERT INTO amendment (firm_id, id, entry_id, seq, side, before, after, before_minor, after_minor, reason, note, amended_by, amended_at)
		VALUES (?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, e.ID, id, e.Seq, e.Side, string(before), string(after),
		e.BeforeAt, e.AfterAt, e.Reason, e.Note, e.By, e.At).Error
	if err != nil {
		return fmt.Errorf("record amendment of entry %s: %w", id, err)
	}
	return nil
}

func markAmendmentUndone(tx *db.Tx, e *amend.Edit) error {
	res := tx.Exec(`UPDATE amendment SET undone_by = ?, undone_at = ? WHERE firm_id = ? AND id = ? AND undone_at IS NULL`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, e.ID)
	if res.Error != nil {
		return fmt.Errorf("undo amendment %s: %w", e.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return amend.ErrNoEdit
	}
	return nil
}

// bump moves the version of an entry whose history changed.
func bump(tx *db.Tx, e *Entry) error {
	err := tx.Exec(`UPDATE entry SET version = version + 1 WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, e.ID).Error
	if err != nil {
		return fmt.Errorf("move version of entry %s: %w", e.ID, err)
	}
	e.Version++
	return nil
}
