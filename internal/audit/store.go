package audit

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// row is a leaf as the table keeps it.
type row struct {
	Seq        *int64
	ID         ident.LeafID
	At         time.Time
	Actor      string
	OnBehalfOf string
	SessionID  string
	Action     string
	Object     string
	ObjectID   string
	MatterID   string
	Class      int
	Permission string
	BeforeHash string
	AfterHash  string
	Detail     string
	RequestID  string
	Result     string

	Name, Behalf, Number string // of the actor, whom it acted for, and the matter; for lists only
}

const leafColumns = `l.seq, l.id, l.at, l.actor, l.on_behalf_of, l.session_id, l.action, l.object, l.object_id, l.matter_id,
	l.class, l.permission, l.before_hash, l.after_hash, l.detail, l.request_id, l.result`

func (r row) leaf(firm ident.FirmID, seq int64) Leaf {
	return Leaf{
		Seq: seq, ID: string(r.ID), Time: Stamp(r.At), Firm: string(firm), Actor: r.Actor, OnBehalfOf: r.OnBehalfOf, Session: r.SessionID,
		Action: r.Action, Object: r.Object, ObjectID: r.ObjectID, Matter: r.MatterID, Class: r.Class, Permission: r.Permission,
		Before: r.BeforeHash, After: r.AfterHash, Detail: r.Detail, Request: r.RequestID, Result: r.Result,
	}
}

// size is how many leaves have a place in the firm's tree.
func size(tx *db.Tx) (n int64, err error) {
	err = tx.Raw(`SELECT coalesce(max(seq) + 1, 0) FROM audit_leaf WHERE firm_id = ? AND seq IS NOT NULL`, tx.Scope.Firm).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read size of audit tree: %w", err)
	}
	return n, nil
}

// waiting reads the leaves without a place in the order in which they were written.
func waiting(tx *db.Tx, limit int) (rows []row, err error) {
	err = tx.Raw(`SELECT `+leafColumns+` FROM audit_leaf l WHERE l.firm_id = ? AND l.seq IS NULL ORDER BY l.written_at, l.id LIMIT ?`,
		tx.Scope.Firm, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read waiting audit leaves: %w", err)
	}
	return rows, nil
}

// place gives leaves their seqs and stores the hashes that they add to the tree.
func place(tx *db.Tx, ids []ident.LeafID, seqs []int64, firstPosition int64, hashes []Hash) error {
	res := tx.Exec(`UPDATE audit_leaf l SET seq = u.seq FROM unnest(?::uuid[], ?::bigint[]) AS u(id, seq)
		WHERE l.firm_id = ? AND l.id = u.id`, db.Array(ids), db.Array(seqs), tx.Scope.Firm)
	if res.Error != nil {
		return fmt.Errorf("give audit leaves their places: %w", res.Error)
	}
	if int(res.RowsAffected) != len(ids) {
		return fmt.Errorf("give audit leaves their places: %d of %d rows", res.RowsAffected, len(ids))
	}
	positions, texts := make([]int64, len(hashes)), make([]string, len(hashes))
	for i, h := range hashes {
		positions[i], texts[i] = firstPosition+int64(i), hashText(h)
	}
	err := tx.Exec(`INSERT INTO audit_hash (firm_id, position, hash) SELECT ?, u.position, decode(u.hash, 'hex')
		FROM unnest(?::bigint[], ?::text[]) AS u(position, hash)`, tx.Scope.Firm, db.Array(positions), db.Array(texts)).Error
	if err != nil {
		return fmt.Errorf("store hashes of audit tree: %w", err)
	}
	return nil
}

// hashesIn reads the tree's stored hashes; fresh ones, by position, come first.
func hashesIn(tx *db.Tx, fresh map[int64]Hash) tlog.HashReader {
	return tlog.HashReaderFunc(func(positions []int64) ([]Hash, error) {
		out, missing := make([]Hash, len(positions)), []int64{}
		for i, p := range positions {
			h, ok := fresh[p]
			if !ok {
				missing = append(missing, p)
			}
			out[i] = h
		}
		if len(missing) == 0 {
			return out, nil
		}
		found, err := readHashes(tx, missing)
		if err != nil {
			return nil, err
		}
		for i, p := range positions {
			if _, ok := fresh[p]; !ok {
				out[i] = found[p]
			}
		}
		return out, nil
	})
}

// readHashes reads the hashes at positions, each once, and misses none.
func readHashes(tx *db.Tx, positions []int64) (map[int64]Hash, error) {
	found, err := findHashes(tx, positions)
	if err == nil && len(found) != len(positions) {
		err = fmt.Errorf("read hashes of audit tree: %d of %d positions are there", len(found), len(positions))
	}
	return found, err
}

// findHashes reads the hashes that are there.
func findHashes(tx *db.Tx, positions []int64) (map[int64]Hash, error) {
	var rows []struct {
		Position int64
		Hash     string
	}
	err := tx.Raw(`SELECT position, encode(hash, 'hex') AS hash FROM audit_hash WHERE firm_id = ? AND position = ANY (?::bigint[])`,
		tx.Scope.Firm, db.Array(positions)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read hashes of audit tree: %w", err)
	}
	found := make(map[int64]Hash, len(rows))
	for _, r := range rows {
		h, ok := parseHash(r.Hash)
		if !ok {
			return nil, fmt.Errorf("read hashes of audit tree: position %d is not a hash", r.Position)
		}
		found[r.Position] = h
	}
	return found, nil
}

// lastCheckpoint is the newest signed note of the firm, "" when there is none.
func lastCheckpoint(tx *db.Tx) (signed string, err error) {
	var notes []string
	err = tx.Raw(`SELECT note FROM audit_checkpoint WHERE firm_id = ? ORDER BY size DESC, at DESC LIMIT 1`, tx.Scope.Firm).Scan(&notes).Error
	if err != nil {
		return "", fmt.Errorf("read newest checkpoint: %w", err)
	}
	if len(notes) == 0 {
		return "", nil
	}
	return notes[0], nil
}

func storeCheckpoint(tx *db.Tx, c Checkpoint, signed string) error {
	err := tx.Exec(`INSERT INTO audit_checkpoint (firm_id, size, note, at) VALUES (?, ?, ?, ?)`, tx.Scope.Firm, c.Size, signed, c.At).Error
	if err != nil {
		return fmt.Errorf("store checkpoint of %d leaves: %w", c.Size, err)
	}
	return nil
}
