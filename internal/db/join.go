package db

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/scope"
)

type joinKey struct{}

// Joining lets what runs with the returned context work inside tx: each door on the
// same database, save InSystem, becomes a savepoint of tx under a scope of its own.
// So the answer to a request can be kept in the transaction of its effect, also
// where that lies in several firms (I15). Not for use by several goroutines at once.
func Joining(ctx context.Context, tx *Tx) context.Context {
	return context.WithValue(ctx, joinKey{}, tx)
}

// joined is the transaction that ctx lets d join, or nil.
func (d *DB) joined(ctx context.Context) *Tx {
	tx, ok := ctx.Value(joinKey{}).(*Tx)
	if !ok || tx.owner != d {
		return nil
	}
	return tx
}

// within runs fn in a savepoint of tx, as sc and under the scope sealed. What fn asks
// to be done after the commit waits for tx's. Scope and role are set locally, so a
// rollback of the savepoint brings the former ones back by itself.
func (tx *Tx) within(ctx context.Context, sc scope.Scope, sealed string, fn func(tx *Tx) error) (err error) {
	inner := *tx
	inner.ctx, inner.Scope, inner.after = scope.With(ctx, sc), sc, nil
	before := *tx.sealed
	if err := tx.wire.exec(ctx, "SAVEPOINT joined"); err != nil {
		return fmt.Errorf("begin savepoint: %w", err)
	}
	panicked := true
	defer func() {
		if panicked {
			return // the door of tx rolls everything back
		}
		if err != nil {
			*tx.sealed = before
			// Rolled back to, a savepoint is still there, and would be the one that the next of its name
			// outside is rolled back to.
			if rollback := tx.wire.exec(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT joined; RELEASE SAVEPOINT joined"); rollback != nil {
				err = fmt.Errorf("%w (and the savepoint: %w)", err, rollback)
			}
			return
		}
		if err = tx.wire.exec(ctx, "RELEASE SAVEPOINT joined"); err == nil {
			err = tx.reseal(before)
		}
		if err == nil {
			tx.after = append(tx.after, inner.after...)
		}
	}()
	if err = inner.reseal(sealed); err == nil {
		inner.rebind()
		err = fn(&inner)
	}
	panicked = false
	return err
}

// reseal moves the transaction to another scope, and to the role that goes with it.
func (tx *Tx) reseal(sealed string) error {
	if *tx.sealed == sealed {
		return nil
	}
	role := "SET LOCAL ROLE NONE"
	if isList(sealed) {
		role = asBureau
	}
	if err := tx.wire.exec(tx.ctx, role); err != nil {
		return fmt.Errorf("change the role: %w", err)
	}
	return tx.seal(sealed)
}
