package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// batch is how many leaves of one firm get their places in one transaction.
const batch = 1000

// Keeper gives leaves their places and signs what the trees are. The worker runs
// it; the two methods may run in many processes at once.
type Keeper struct {
	db  *db.DB
	key *SigningKey
}

// NewKeeper refuses to be without a key (F17).
func NewKeeper(d *db.DB, key *SigningKey) (*Keeper, error) {
	if d == nil || key == nil {
		return nil, fmt.Errorf("make audit keeper: database and audit key are needed")
	}
	return &Keeper{d, key}, nil
}

// Sequence gives every waiting leaf of every active firm its place in the firm's
// tree and tells how many there were. Run it at least every 5 seconds. A firm
// whose tree does not take leaves is named in the error; it does not hold up others.
func (k *Keeper) Sequence(ctx context.Context) (placed int, err error) {
	var stuck []error
	err = k.db.InSystem(ctx, "audit.sequence", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			var behind []ident.FirmID
			err := sys.Read(firms, func(tx *db.Tx) error {
				return tx.Raw(`SELECT f.id FROM unnest(?::uuid[]) AS f(id)
					WHERE EXISTS (SELECT FROM audit_leaf l WHERE l.firm_id = f.id AND l.seq IS NULL)`, db.Array(firms)).Scan(&behind).Error
			})
			if err != nil {
				return fmt.Errorf("find waiting audit leaves: %w", err)
			}
			for _, firm := range behind {
				n, err := sequenceFirm(sys, firm)
				placed += n
				if err != nil {
					stuck = append(stuck, fmt.Errorf("sequence audit of firm %s: %w", firm, err))
				}
				if ctx.Err() != nil || errors.Is(err, db.ErrUnavailable) {
					return err
				}
			}
			return nil
		})
	})
	return placed, errors.Join(append(stuck, err)...)
}

// sequenceFirm works in batches until nothing waits or another process is at it.
func sequenceFirm(sys *db.System, firm ident.FirmID) (placed int, err error) {
	for {
		n := 0
		err := sys.Enter(firm, func(tx *db.Tx) error {
			// One appender a tree: a seq is given once, and the tree has no fork.
			mine, err := tx.TryLock("audit.tree:" + string(firm))
			if err != nil || !mine {
				return err
			}
			n, err = appendBatch(tx)
			return err
		})
		placed += n
		if err != nil || n < batch {
			return placed, err
		}
	}
}

func appendBatch(tx *db.Tx) (int, error) {
	rows, err := waiting(tx, batch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	first, err := size(tx)
	if err != nil {
		return 0, err
	}
	var (
		ids    = make([]ident.LeafID, len(rows))
		seqs   = make([]int64, len(rows))
		hashes []Hash
		fresh  = map[int64]Hash{}
		start  = tlog.StoredHashCount(first)
		reader = hashesIn(tx, fresh)
	)
	for i, r := range rows {
		ids[i], seqs[i] = r.ID, first+int64(i)
		h, err := r.leaf(tx.Scope.Firm, seqs[i]).Hash()
		if err != nil {
			return 0, err
		}
		added, err := tlog.StoredHashesForRecordHash(seqs[i], h, reader)
		if err != nil {
			return 0, fmt.Errorf("grow audit tree: %w", err)
		}
		for _, a := range added {
			fresh[start+int64(len(hashes))] = a
			hashes = append(hashes, a)
		}
	}
	return len(rows), place(tx, ids, seqs, start, hashes)
}
