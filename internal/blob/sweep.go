package blob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

type blobRow struct {
	ID          ident.BlobID
	Name        string
	Kind        string
	KeyVersion  int
	Size        int64
	ContentHash string
	CreatedAt   time.Time
}

// orphanAge is how long bytes may lie before a row must name them (F02).
const orphanAge = time.Hour

// Remove takes a blob's bytes away and keeps the row. What is removed twice is gone once.
func (s *Store) Remove(tx *db.Tx, id ident.BlobID) error {
	var names []string
	err := tx.Raw(`UPDATE blob SET removed_at = ? WHERE firm_id = ? AND id = ? AND removed_at IS NULL RETURNING name`, tx.Now, tx.Scope.Firm, id).Scan(&names).Error
	if err != nil {
		return fmt.Errorf("remove blob %s: %w", id, err)
	}
	for _, name := range names {
		firm, ctx := tx.Scope.Firm, context.WithoutCancel(tx.Context())
		// After the commit, or a rollback would leave a row without bytes. If this
		// fails the sweep does it: no live row names the bytes any more.
		tx.AfterCommit(func() { _ = s.bucket.Delete(ctx, object(firm, name)) })
	}
	return nil
}

// Sweep removes bytes that no live row of their firm names and that are older than
// an hour, and tells how many. It looks at active firms only: what belongs to a
// closed one is left to the firm's exit. Run it each hour.
func (s *Store) Sweep(ctx context.Context) (removed int, err error) {
	err = s.db.InSystem(ctx, "blob.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				n, err := s.sweepFirm(ctx, sys, firm)
				removed += n
				if err != nil {
					return fmt.Errorf("sweep blobs of firm %s: %w", firm, err)
				}
			}
			return nil
		})
	})
	return removed, err
}

func (s *Store) sweepFirm(ctx context.Context, sys *db.System, firm ident.FirmID) (removed int, err error) {
	var old []string
	flush := func() error {
		orphans, err := orphans(sys, firm, old)
		old = old[:0]
		for _, name := range orphans {
			if err := s.bucket.Delete(ctx, object(firm, name)); err != nil && !errors.Is(err, ErrGone) {
				return storage(err)
			}
			removed++
		}
		return err
	}
	now := s.db.Clock().Now()
	err = s.bucket.Walk(ctx, string(firm)+"/", func(o Object) error {
		if now.Sub(o.PutAt) < orphanAge {
			return nil
		}
		if old = append(old, strings.TrimPrefix(o.Name, string(firm)+"/")); len(old) < 1000 {
			return nil
		}
		return flush()
	})
	if err != nil {
		return removed, storage(err)
	}
	return removed, flush()
}

// orphans are the names among old that no live row has.
func orphans(sys *db.System, firm ident.FirmID, old []string) (names []string, err error) {
	if len(old) == 0 {
		return nil, nil
	}
	err = sys.Enter(firm, func(tx *db.Tx) error {
		return tx.Raw(`SELECT o.name FROM unnest(?::text[]) AS o(name)
			WHERE NOT EXISTS (SELECT FROM blob b WHERE b.firm_id = ? AND b.name = o.name AND b.removed_at IS NULL)`, db.Array(old), firm).Scan(&names).Error
	})
	return names, err
}
