package db

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

const (
	beginWrite = "BEGIN"
	beginRead  = "BEGIN READ ONLY"
	asBureau   = "SET LOCAL ROLE docketry_bureau"
)

// listScope is the sealed text of several firms. Its first byte tells it from one firm's.
func listScope(firms []ident.FirmID) string {
	return "{" + strings.Join(ident.Strings(firms), ",") + "}"
}

// run is the one place that opens a transaction: begin, seal, fn, commit.
func (d *DB) run(ctx context.Context, sc scope.Scope, sealed, begin string, fn func(tx *Tx) error) error {
	conn, err := d.take(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx := &Tx{Scope: sc, Now: d.clock.Now(), ctx: scope.With(ctx, sc), owner: d, conn: conn, sealed: new(string), wrote: new(bool)}
	if err := d.inside(tx, sealed, begin, fn); err != nil {
		return classify(err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func (d *DB) take(ctx context.Context) (*sql.Conn, error) {
	wait, stop := context.WithTimeout(ctx, d.acquire)
	defer stop()
	conn, err := d.pool.Conn(wait)
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return nil, ErrUnavailable.Because(errors.New("no free connection in time"))
		}
		return nil, classify(fmt.Errorf("take connection: %w", err))
	}
	return conn, nil
}

// inside commits when fn is content and rolls back otherwise, also on a panic. If
// even the rollback fails, pgx discards the connection.
func (d *DB) inside(tx *Tx, sealed, begin string, fn func(tx *Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			tx.rollback()
			panic(p)
		}
		if err != nil {
			tx.rollback()
			return
		}
		err = tx.commit()
	}()
	statements := []string{begin, d.begin}
	if strings.HasPrefix(sealed, "{") {
		statements = append(statements, asBureau)
	}
	if tx.challenge, err = beginScope(tx.ctx, tx.conn, statements); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err = tx.seal(sealed); err != nil {
		return err
	}
	tx.rebind()
	return fn(tx)
}

// rebind gives tx a gorm of its own context on its connection.
func (tx *Tx) rebind() {
	g := tx.owner.gorm.Session(&gorm.Session{NewDB: true, Context: tx.ctx})
	g.Statement.ConnPool = bound{tx.conn, tx.wrote}
	tx.DB = g
}

// Enter moves a claim's transaction from the bureau's list into one firm, where
// it may write. The firm must be one that the actor was shown.
func (tx *Tx) Enter(firm ident.FirmID) error {
	if err := tx.reseal(string(firm)); err != nil {
		return err
	}
	tx.Scope.Firm = firm
	tx.ctx = scope.With(tx.ctx, tx.Scope)
	tx.rebind()
	return nil
}

// seal binds sealed to this transaction's challenge; the server verifies it at once.
func (tx *Tx) seal(sealed string) error {
	mac := hmac.New(sha256.New, tx.owner.key)
	mac.Write(tx.challenge)
	mac.Write([]byte(sealed))
	if err := tx.enter(sealed, hex.EncodeToString(mac.Sum(nil))); err != nil {
		return fmt.Errorf("enter scope: %w", err)
	}
	*tx.sealed = sealed
	return nil
}

// enter tells the server, which for a person in one firm stamps the transaction.
func (tx *Tx) enter(sealed, seal string) error {
	tx.stamp = nil
	if tx.Scope.Actor == "" || sealed == "" || strings.HasPrefix(sealed, "{") {
		_, err := tx.conn.ExecContext(tx.ctx, "SELECT auth.enter($1, $2)", sealed, seal)
		return err
	}
	s := &stamped{firm: ident.FirmID(sealed), actor: tx.Scope.Actor, session: tx.Scope.Session}
	err := tx.conn.QueryRowContext(tx.ctx, "SELECT coalesce(authz_version, 0), coalesce(active, false), coalesce(open, false) FROM auth.stamp($1, $2, $3::uuid, nullif($4, '')::uuid)",
		sealed, seal, string(s.actor), string(s.session)).Scan(&s.Version, &s.Active, &s.Open)
	if err == nil && s.Version > 0 {
		tx.stamp = s
	}
	return err
}

// beginScope begins and learns what to seal in one round trip. The backend's own
// process id is needed: behind PgBouncer the driver's is PgBouncer's.
func beginScope(ctx context.Context, conn *sql.Conn, statements []string) (challenge []byte, err error) {
	err = conn.Raw(func(driverConn any) error {
		pg := driverConn.(*stdlib.Conn).Conn()
		// One simple-protocol message for what has no parameters and no rows.
		if _, err := pg.PgConn().Exec(ctx, strings.Join(statements, ";")).ReadAll(); err != nil {
			return err
		}
		return pg.QueryRow(ctx, "SELECT auth.challenge()").Scan(&challenge)
	})
	return challenge, err
}

// commit also notices the server's silent way of refusing: an aborted transaction
// answers COMMIT with ROLLBACK and no error.
func (tx *Tx) commit() error {
	return tx.conn.Raw(func(driverConn any) error {
		tag, err := driverConn.(*stdlib.Conn).Conn().Exec(tx.ctx, "COMMIT", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		if tag.String() != "COMMIT" {
			return errors.New("commit: an error inside the transaction was passed over, nothing was saved")
		}
		return nil
	})
}

func (tx *Tx) rollback() {
	ctx, stop := context.WithTimeout(context.WithoutCancel(tx.ctx), time.Second)
	defer stop()
	_, _ = tx.conn.ExecContext(ctx, "ROLLBACK") // on failure the connection is left in a transaction and pgx discards it
}

// bound shows gorm a connection that is already in a transaction. Being a
// gorm.TxCommitter it makes a nested Transaction a savepoint; given the bare
// *sql.Conn gorm would BEGIN and COMMIT ours.
// It notes what might have written.
type bound struct {
	conn  *sql.Conn
	wrote *bool
}

func (b bound) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	*b.wrote = true // nobody knows what it will be given
	return b.conn.PrepareContext(ctx, q)
}

func (b bound) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	*b.wrote = true
	return b.conn.ExecContext(ctx, q, args...)
}

func (b bound) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	b.note(q)
	return b.conn.QueryContext(ctx, q, args...)
}

func (b bound) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	b.note(q)
	return b.conn.QueryRowContext(ctx, q, args...)
}

// note takes for a write whatever does not begin as a SELECT. A function that a
// SELECT calls may append an audit leaf; none gives or ends rights.
func (b bound) note(q string) {
	if len(q) < 6 || !strings.EqualFold(q[:6], "SELECT") {
		*b.wrote = true
	}
}

func (bound) Commit() error   { return errors.New("only the door commits") }
func (bound) Rollback() error { return errors.New("only the door rolls back") }
