package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Question is one SELECT. Its rows are read one by one into the same places, which Each
// finds filled, for lists that are asked for all day: that leaves out what gorm's Scan
// spends on every row. Each ? of SQL stands for the next of Args, a list among them as
// Array; NULL needs a pointer to a pointer.
type Question struct {
	SQL  string
	Args []any
	Into []any
	Each func() error
}

// built is the question as the driver takes it, with $1 in place of the first ?.
func (q *Question) built() (text string, args []any, err error) {
	if n := strings.Count(q.SQL, "?"); n != len(q.Args) {
		return "", nil, fmt.Errorf("a question with %d places has %d arguments", n, len(q.Args))
	}
	var b strings.Builder
	b.Grow(len(q.SQL) + 2*len(q.Args))
	n := 0
	for part := range strings.SplitSeq(q.SQL, "?") {
		if n > 0 {
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	args = slices.Clone(q.Args)
	return b.String(), args, resolve(args)
}

// Read asks q in tx.
func (tx *Tx) Read(q Question) error {
	text, args, err := q.built()
	if err != nil {
		return err
	}
	bound{tx.wire}.note(text)
	return tx.wire.raw(tx.ctx, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, text, args...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, q.Into, q.Each)
		return err
	})
}

// Plan is what a list can be answered from in one step: what its maker expects to hold,
// and the question that follows from it.
type Plan struct {
	Firms  []ident.FirmID
	Agreed func(ListStamp) bool // whether what was expected holds; no row is read before it says so
	Question
}

// Ahead is InBureau for a list that is one question: it enters the firms, asks, and ends
// in one message, where InBureau takes three. made gives the plan, nil for none. What it
// was made from is judged by the stamp of the transaction itself, as ever: where that
// does not agree, or then asks for something more, nothing was answered and the caller
// asks by InBureau. then comes after the last row, and sees a transaction that has ended.
func (d *DB) Ahead(ctx context.Context, made func(tx *Tx) *Plan, then func(tx *Tx) error) (answered bool, err error) {
	sc, err := scope.From(ctx)
	if err != nil || sc.Actor == "" || d.joined(ctx) != nil {
		return false, err
	}
	sc.Firm = ""
	err = d.open(ctx, sc, func(tx *Tx) error {
		tx.rebind()
		plan := made(tx)
		if plan == nil {
			return nil
		}
		err := tx.orBack(func() error {
			if err := tx.begin(beginRead, true); err != nil {
				return err
			}
			tx.wire.most = d.patience
			answered, err = tx.ahead(plan)
			return err
		})
		if err != nil || !answered {
			return err
		}
		tx.wire.over = true
		if err = then(tx); tx.wire.late {
			answered, err = false, nil
		}
		return err
	})
	return answered && err == nil, err
}

// ahead sends plan and ends the transaction.
func (tx *Tx) ahead(plan *Plan) (agreed bool, err error) {
	text, args, err := plan.built()
	if err != nil {
		return false, err
	}
	sealed := listScope(plan.Firms)
	batch := &pgx.Batch{}
	batch.Queue(stampList, sealed, sealOf(tx.owner.key, tx.challenge, sealed), string(tx.Scope.Actor), string(tx.Scope.Session))
	batch.Queue(text, args...)
	batch.Queue("COMMIT")
	err = tx.wire.raw(tx.ctx, func(ctx context.Context, c *pgx.Conn) error {
		answers := c.SendBatch(ctx, batch)
		agreed, err = tx.answer(plan, answers)
		return errors.Join(err, answers.Close())
	})
	return agreed, err
}

func (tx *Tx) answer(plan *Plan, answers pgx.BatchResults) (agreed bool, err error) {
	if err := tx.stampedBy(answers.QueryRow()); err != nil {
		return false, fmt.Errorf("enter scope: %w", err)
	}
	if !plan.Agreed(tx.list.ListStamp) {
		return false, nil
	}
	rows, err := answers.Query()
	if err != nil {
		return false, err
	}
	if _, err := pgx.ForEachRow(rows, plan.Into, plan.Each); err != nil {
		return false, err
	}
	return true, nil
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
