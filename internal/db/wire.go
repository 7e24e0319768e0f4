package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// errSilent is a server that takes what it is sent and answers nothing: frozen, or cut
// off without a word. Its own time limits do not help then.
var errSilent = errors.New("no answer in time")

// grace is how long after the server's own limit for a statement its word on that is
// waited for.
const grace = 2 * time.Second

// wire is the connection of one transaction. It sends one statement after another, and
// waits for each no longer than most.
type wire struct {
	conn  *sql.Conn
	most  time.Duration
	wrote bool // something but a plain SELECT was sent
	over  bool // the transaction has ended: nothing more is sent
	late  bool // something was to be sent after that

	last context.Context // of the statement under way
	stop func()
}

// await is the context to send the next statement under. The one before is over.
func (w *wire) await(ctx context.Context) context.Context {
	w.done()
	if w.over {
		w.late = true
		w.last, w.stop = context.WithCancel(ctx)
		w.stop()
		return w.last
	}
	w.last, w.stop = context.WithTimeoutCause(ctx, w.most, errSilent)
	return w.last
}

func (w *wire) done() {
	if w.stop != nil {
		w.stop()
	}
}

// silent tells that the last statement was given up for want of an answer.
func (w *wire) silent() bool { return w.last != nil && errors.Is(context.Cause(w.last), errSilent) }

func (w *wire) exec(ctx context.Context, q string, args ...any) error {
	_, err := w.conn.ExecContext(w.await(ctx), q, args...)
	return err
}

// raw lends the driver's own connection.
func (w *wire) raw(ctx context.Context, fn func(ctx context.Context, c *pgx.Conn) error) error {
	ctx = w.await(ctx)
	return w.conn.Raw(func(driverConn any) error { return fn(ctx, driverConn.(*stdlib.Conn).Conn()) })
}

// bound shows gorm a connection that is already in a transaction. Being a
// gorm.TxCommitter it makes a nested Transaction a savepoint; given the bare
// *sql.Conn gorm would BEGIN and COMMIT ours.
// It notes what might have written.
type bound struct{ *wire }

// resolve puts arrays into the text that they are sent as. The driver would do so too,
// but for an array it reads the text again, to write it in the binary form.
func resolve(args []any) error {
	for i, arg := range args {
		v, ok := arg.(driver.Valuer)
		if !ok || reflect.TypeOf(arg).Kind() != reflect.Slice {
			continue
		}
		text, err := v.Value()
		if err != nil {
			return err
		}
		args[i] = text
	}
	return nil
}

func (b bound) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	b.wrote = true // nobody knows what it will be given
	return b.conn.PrepareContext(b.await(ctx), q)
}

func (b bound) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	b.wrote = true
	if err := resolve(args); err != nil {
		return nil, err
	}
	return b.conn.ExecContext(b.await(ctx), q, args...)
}

func (b bound) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	b.note(q)
	if err := resolve(args); err != nil {
		return nil, err
	}
	return b.conn.QueryContext(b.await(ctx), q, args...)
}

func (b bound) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	b.note(q)
	_ = resolve(args) // what cannot be sent is refused by the driver, which tries it again
	return b.conn.QueryRowContext(b.await(ctx), q, args...)
}

// note takes for a write whatever does not begin as a SELECT. A function that a
// SELECT calls may append an audit leaf; none gives or ends rights.
func (b bound) note(q string) {
	if len(q) < 6 || !strings.EqualFold(q[:6], "SELECT") {
		b.wrote = true
	}
}

func (bound) Commit() error   { return errors.New("only the door commits") }
func (bound) Rollback() error { return errors.New("only the door rolls back") }
