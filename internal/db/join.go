package db

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/scope"
)

type joinKey struct{}

// Joining lets what runs with the returned context work inside tx: its InFirm, when
// it is for tx's own firm on the same database, becomes a savepoint of tx. So the
// answer to a request can be kept in the transaction of its effect (I15). Every
// other door opens a transaction of its own, as ever. Not for use by several
// goroutines at once.
func Joining(ctx context.Context, tx *Tx) context.Context {
	return context.WithValue(ctx, joinKey{}, tx)
}

// joined is the transaction that ctx lets d join for the firm of its scope, or nil.
func (d *DB) joined(ctx context.Context, sealed string) *Tx {
	tx, ok := ctx.Value(joinKey{}).(*Tx)
	if !ok || tx.owner != d || string(tx.Scope.Firm) != sealed {
		return nil
	}
	return tx
}

// within runs fn in a savepoint of tx, as whoever acts in ctx. What fn asks to be
// done after the commit waits for tx's.
func (tx *Tx) within(ctx context.Context, fn func(tx *Tx) error) (err error) {
	inner := *tx
	inner.ctx, inner.after = ctx, nil
	if sc, err := scope.From(ctx); err == nil {
		inner.Scope = sc
	}
	if _, err := tx.conn.ExecContext(ctx, "SAVEPOINT joined"); err != nil {
		return fmt.Errorf("begin savepoint: %w", err)
	}
	panicked := true
	defer func() {
		if panicked {
			return // the door of tx rolls everything back
		}
		if err != nil {
			if _, rollback := tx.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT joined"); rollback != nil {
				err = fmt.Errorf("%w (and the savepoint: %w)", err, rollback)
			}
			return
		}
		if _, err = tx.conn.ExecContext(ctx, "RELEASE SAVEPOINT joined"); err == nil {
			tx.after = append(tx.after, inner.after...)
		}
	}()
	inner.DB = inner.DB.WithContext(ctx)
	err = fn(&inner)
	panicked = false
	return err
}
