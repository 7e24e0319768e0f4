package receipt

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// cost is what of an entry matters here.
type cost struct {
	Entry    ident.EntryID
	Kind     string
	Matter   ident.MatterID
	Label    authz.Label
	Status   string
	Currency money.Currency
	Prebill  ident.PrebillID // "" on none
}

// costFor is an entry that the access reaches, of either kind.
func costFor(tx *db.Tx, a *authz.Access, id ident.EntryID) (c cost, err error) {
	reach, args := a.Matters("m")
	own, ownArgs := a.Entries("e")
	err = tx.Raw(`SELECT e.id, e.kind, e.matter_id, m.label, e.status, e.currency, coalesce(e.prebill_id::text, '')
		FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		WHERE e.firm_id = ? AND e.id = ? AND `+reach+` AND `+own, append(append([]any{tx.Scope.Firm, id}, args...), ownArgs...)...).
		Row().Scan(&c.Entry, &c.Kind, &c.Matter, &c.Label, &c.Status, &c.Currency, &c.Prebill)
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("find entry %s: %w", id, err)
	}
	return c, nil
}

// lockEntry has two files for one cost wait for each other, so that both count.
func lockEntry(tx *db.Tx, id ident.EntryID) error {
	if err := tx.Exec(`SELECT id FROM entry WHERE firm_id = ? AND id = ? FOR NO KEY UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("lock entry %s: %w", id, err)
	}
	return nil
}

const columns = `r.id, r.entry_id, r.name, r.media, r.size, r.sha256, r.amount_minor, e.currency, coalesce(p.name, ''), r.added_at, r.blob_id
	FROM receipt r JOIN entry e ON e.firm_id = r.firm_id AND e.id = r.entry_id LEFT JOIN person p ON p.id = r.added_by`

type scanner interface{ Scan(dest ...any) error }

func scan(row scanner) (r Receipt, b ident.BlobID, err error) {
	var says *int64
	var in money.Currency
	if err = row.Scan(&r.ID, &r.Entry, &r.Name, &r.Media, &r.Bytes, &r.SHA256, &says, &in, &r.AddedBy, &r.AddedAt, &b); err == nil && says != nil {
		r.Says = &money.Amount{Minor: *says, Currency: in}
	}
	return r, b, err
}

// standing are the receipts of an entry that were not taken off.
func standing(tx *db.Tx, entry ident.EntryID) (list []Receipt, err error) {
	rows, err := tx.Raw(`SELECT `+columns+` WHERE r.firm_id = ? AND r.entry_id = ? AND r.removed_at IS NULL ORDER BY r.added_at, r.id`, tx.Scope.Firm, entry).Rows()
	if err != nil {
		return nil, fmt.Errorf("list receipts of entry %s: %w", entry, err)
	}
	defer rows.Close()
	for rows.Next() {
		r, _, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read receipt: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func byID(tx *db.Tx, id ident.ReceiptID) (Receipt, ident.BlobID, error) {
	r, b, err := scan(tx.Raw(`SELECT `+columns+` WHERE r.firm_id = ? AND r.id = ? AND r.removed_at IS NULL`, tx.Scope.Firm, id).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return r, b, ErrNotFound
	}
	if err != nil {
		return r, b, fmt.Errorf("find receipt %s: %w", id, err)
	}
	return r, b, nil
}

func insert(tx *db.Tx, r *Receipt, b ident.BlobID) error {
	var by *ident.PersonID
	if tx.Scope.Actor != "" {
		by = &tx.Scope.Actor
	}
	var says *int64
	if r.Says != nil {
		says = &r.Says.Minor
	}
	err := tx.Exec(`INSERT INTO receipt (firm_id, id, entry_id, name, media, size, sha256, amount_minor, blob_id, added_by, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, r.ID, r.Entry, r.Name, r.Media, r.Bytes, r.SHA256, says, b, by, r.AddedAt).Error
	if db.Violates(err, "receipt_once") {
		return ErrTwice
	}
	if err != nil {
		return fmt.Errorf("keep receipt of entry %s: %w", r.Entry, err)
	}
	return nil
}

func remove(tx *db.Tx, id ident.ReceiptID, reason string) error {
	res := tx.Exec(`UPDATE receipt SET removed_by = ?, removed_at = ?, reason = ? WHERE firm_id = ? AND id = ? AND removed_at IS NULL`, tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, id)
	if res.Error != nil {
		return fmt.Errorf("take receipt %s off: %w", id, res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrNotFound
	}
	return nil
}

// Papers are the receipts of one entry: how many, and what all say was paid together, 0
// where one of them says nothing.
type Papers struct {
	N         int
	SaysMinor int64
}

// Behind tells which papers the entries have. Who asks has decided already.
func Behind(tx *db.Tx, ids []ident.EntryID) (map[ident.EntryID]Papers, error) {
	var rows []struct {
		EntryID   ident.EntryID
		N         int
		SaysMinor int64
	}
	err := tx.Raw(`SELECT entry_id, count(*) AS n, CASE WHEN count(*) = count(amount_minor) THEN sum(amount_minor)::bigint ELSE 0 END AS says_minor FROM receipt WHERE firm_id = ? AND entry_id = ANY (?::uuid[]) AND removed_at IS NULL GROUP BY entry_id`, tx.Scope.Firm, db.Array(ids)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find receipts of entries: %w", err)
	}
	out := make(map[ident.EntryID]Papers, len(rows))
	for _, r := range rows {
		out[r.EntryID] = Papers{r.N, r.SaysMinor}
	}
	return out, nil
}
