package audit

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/docketry/docketry/internal/db"
)

// list reads entries with the names a page shows.
func list(tx *db.Tx, cond string, args []any, limit int) ([]Shown, error) {
	var rows []row
	sql := `SELECT ` + leafColumns + `, coalesce(p.name, '') AS name, coalesce(b.name, '') AS behalf, coalesce(m.number, '') AS number
		FROM audit_leaf l
		LEFT JOIN person p ON p.id = ` + idIn("l.actor") + `
		LEFT JOIN person b ON b.id = ` + idIn("l.on_behalf_of") + `
		LEFT JOIN matter m ON m.firm_id = l.firm_id AND m.id = ` + idIn("l.matter_id") + `
		WHERE ` + cond + ` ORDER BY l.at DESC, l.id DESC LIMIT ?`
	if err := tx.Raw(sql, append(args, limit)...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list audit entries: %w", err)
	}
	out := make([]Shown, len(rows))
	for i, r := range rows {
		out[i] = Shown{
			ID: r.ID, Seq: r.Seq, At: r.At, Actor: r.Actor, Who: who(r.Actor, r.Name), OnBehalfOf: r.Behalf, Session: r.SessionID,
			Action: r.Action, Object: r.Object, ObjectID: r.ObjectID, Matter: r.Number, Class: r.Class, Permission: r.Permission,
			Before: r.BeforeHash, After: r.AfterHash, Detail: r.Detail, Request: r.RequestID, Result: r.Result, matter: r.MatterID,
		}
	}
	return out, addProof(tx, out)
}

// idIn reads a text column as an id where it is one, so that the joined table's own
// index serves.
func idIn(column string) string {
	return `CASE WHEN ` + column + ` ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN ` + column + `::uuid END`
}

// who is the actor in words.
func who(actor, name string) string {
	kind, rest, ok := strings.Cut(actor, ":")
	switch {
	case name != "":
		return name
	case ok && kind == "machine":
		return "Docketry, " + rest
	case ok && kind == "contact":
		return "payor's contact"
	default:
		return actor
	}
}

// addProof adds each entry's hash in the tree and whether a checkpoint covers it.
func addProof(tx *db.Tx, shown []Shown) error {
	var positions []int64
	for _, e := range shown {
		if e.Seq != nil {
			positions = append(positions, tlog.StoredHashIndex(0, *e.Seq))
		}
	}
	if len(positions) == 0 {
		return nil
	}
	hashes, err := readHashes(tx, positions)
	if err != nil {
		return err
	}
	size, err := sealedSize(tx)
	if err != nil {
		return err
	}
	for i, e := range shown {
		if e.Seq != nil {
			shown[i].Hash = hashText(hashes[tlog.StoredHashIndex(0, *e.Seq)])
			shown[i].Sealed = *e.Seq < size
		}
	}
	return nil
}

func sealedSize(tx *db.Tx) (n int64, err error) {
	err = tx.Raw(`SELECT coalesce(max(size), 0) FROM audit_checkpoint WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read size of newest checkpoint: %w", err)
	}
	return n, nil
}
