package db

import (
	"context"

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
