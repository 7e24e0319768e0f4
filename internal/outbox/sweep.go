package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// keepDone is how long an ended job can still be shown, and its key asked for again.
const keepDone = 90 * 24 * time.Hour

// Sweep removes jobs that ended long ago. Run it each day or oftener.
func Sweep(ctx context.Context, d *db.DB) error {
	return d.InSystem(ctx, "outbox.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				if err := sweepFirm(ctx, sys, firm); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Forget removes the jobs of the transaction's firm of the kind of a that had ended
// before an instant, where they are not worth keeping as long as others: call it from a
// sweep, as the worker.
func Forget(tx *db.Tx, a Args, before time.Time) error {
	err := tx.Exec(`DELETE FROM outbox WHERE firm_id = ? AND kind = ? AND state = 'done' AND done_at < ?`, tx.Scope.Firm, a.Kind(), before).Error
	if err != nil {
		return fmt.Errorf("remove old jobs %s of firm %s: %w", a.Kind(), tx.Scope.Firm, err)
	}
	return nil
}

// sweepFirm goes in batches, so that no transaction lasts.
func sweepFirm(ctx context.Context, sys *db.System, firm ident.FirmID) error {
	for n := int64(1); n > 0 && ctx.Err() == nil; {
		err := sys.Enter(firm, func(tx *db.Tx) error {
			res := tx.Exec(`DELETE FROM outbox WHERE firm_id = ? AND id IN (
				SELECT id FROM outbox WHERE firm_id = ? AND state = 'done' AND created_at < ? AND done_at < ? LIMIT 1000)`,
				firm, firm, tx.Now.Add(-keepDone), tx.Now.Add(-keepDone))
			n = res.RowsAffected
			return res.Error
		})
		if err != nil {
			return fmt.Errorf("remove old jobs of firm %s: %w", firm, err)
		}
	}
	return ctx.Err()
}
