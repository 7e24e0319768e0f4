package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Each reads the rows of a SELECT one by one into the same places, which each finds
// filled, for lists that are asked for all day: it leaves out what gorm's Scan spends on
// every row. Arguments are as in Raw; NULL needs a pointer to a pointer.
func Each(tx *Tx, q string, args, into []any, each func() error) error {
	built := tx.Raw(q, args...).Statement
	text, vars := built.SQL.String(), built.Vars
	bound{tx.wire}.note(text)
	if err := resolve(vars); err != nil {
		return err
	}
	return tx.wire.raw(tx.ctx, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, text, vars...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, into, each)
		return err
	})
}

// One asks one question of what belongs to no firm, such as who is behind a session: by
// itself, in no transaction and no scope, so that rows of firms answer nothing. Arguments
// are $1, $2 and so on. sql.ErrNoRows when there is no such row.
func (d *DB) One(ctx context.Context, q string, args, into []any) error {
	within, stop := context.WithTimeoutCause(ctx, d.acquire, errSilent)
	defer stop()
	err := d.pgx.QueryRow(within, q, args...).Scan(into...)
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(within), errSilent):
		return ErrUnavailable.Because(fmt.Errorf("%w: %w", errSilent, err))
	}
	return classify(err)
}
