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

func isList(sealed string) bool { return strings.HasPrefix(sealed, "{") }

// run is the ordinary course of a transaction: begin, seal, fn, commit.
func (d *DB) run(ctx context.Context, sc scope.Scope, sealed, begin string, fn func(tx *Tx) error) error {
	return d.open(ctx, sc, func(tx *Tx) error { return d.inside(tx, sealed, begin, fn) })
}

// open is the one place that takes a connection for a transaction, which course has to
// begin and to end.
func (d *DB) open(ctx context.Context, sc scope.Scope, course func(tx *Tx) error) error {
	ctx, back, err := d.turns.take(ctx)
	if err != nil {
		return classify(err)
	}
	defer back()
	conn, err := d.take(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	w := &wire{conn: conn, most: d.acquire}
	defer w.done()
	tx := &Tx{Scope: sc, Now: d.clock.Now(), ctx: scope.With(ctx, sc), owner: d, wire: w, sealed: new(string)}
	if err := course(tx); err != nil {
		if w.silent() && ctx.Err() == nil {
			return ErrUnavailable.Because(fmt.Errorf("%w: %w", errSilent, err))
		}
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
func (d *DB) inside(tx *Tx, sealed, begin string, fn func(tx *Tx) error) error {
	return tx.orBack(func() error {
		if err := tx.begin(begin, isList(sealed)); err != nil {
			return err
		}
		if err := tx.seal(sealed); err != nil {
			return err
		}
		tx.wire.most = d.patience
		tx.rebind()
		if err := fn(tx); err != nil {
			return err
		}
		return tx.commit()
	})
}

// orBack rolls back unless fn is content.
func (tx *Tx) orBack(fn func() error) (err error) {
	content := false
	defer func() {
		if !content {
			tx.rollback()
		}
	}()
	err = fn()
	content = err == nil
	return err
}

// begin begins and learns what to seal in one round trip.
func (tx *Tx) begin(begin string, list bool) (err error) {
	statements := []string{begin, tx.owner.begin}
	if list {
		statements = append(statements, asBureau)
	}
	if tx.challenge, err = tx.beginScope(statements); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

// Over moves a list's transaction to other firms, which the actor must be shown: what a
// list starts from can so be read first, in the transaction of the list.
func (tx *Tx) Over(firms []ident.FirmID) error {
	if !isList(*tx.sealed) {
		return errors.New("only a transaction over a list of firms moves to another list")
	}
	sealed := listScope(firms)
	if *tx.sealed == sealed {
		return nil
	}
	return tx.seal(sealed)
}

// rebind gives tx a gorm of its own context on its connection.
func (tx *Tx) rebind() {
	g := tx.owner.gorm.Session(&gorm.Session{NewDB: true, Context: tx.ctx})
	g.Statement.ConnPool = bound{tx.wire}
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
	if err := tx.enter(sealed, sealOf(tx.owner.key, tx.challenge, sealed)); err != nil {
		return fmt.Errorf("enter scope: %w", err)
	}
	*tx.sealed = sealed
	return nil
}

func sealOf(key, challenge []byte, sealed string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(challenge)
	mac.Write([]byte(sealed))
	return hex.EncodeToString(mac.Sum(nil))
}

// enter tells the server, which for a person in one firm stamps the transaction.
func (tx *Tx) enter(sealed, seal string) error {
	tx.stamp = nil
	switch {
	case tx.Scope.Actor == "" || sealed == "" || isList(sealed) && tx.list != nil:
		return tx.wire.exec(tx.ctx, "SELECT auth.enter($1, $2)", sealed, seal)
	case isList(sealed):
		return tx.enterList(sealed, seal)
	}
	s := &stamped{firm: ident.FirmID(sealed), actor: tx.Scope.Actor, session: tx.Scope.Session}
	err := tx.wire.conn.QueryRowContext(tx.wire.await(tx.ctx), "SELECT coalesce(authz_version, 0), coalesce(active, false), coalesce(open, false) FROM auth.stamp($1, $2, $3::uuid, nullif($4, '')::uuid)",
		sealed, seal, string(s.actor), string(s.session)).Scan(&s.Version, &s.Active, &s.Open)
	if err == nil && s.Version > 0 {
		tx.stamp = s
	}
	return err
}

// stampList enters a list and answers its stamp.
const stampList = "SELECT firms::text[], versions, active, open FROM auth.stamp_list($1, $2, $3::uuid, nullif($4, '')::uuid)"

// enterList is enter for a list, where the stamp of a transaction is taken once.
func (tx *Tx) enterList(sealed, seal string) error {
	return tx.wire.raw(tx.ctx, func(ctx context.Context, pg *pgx.Conn) error {
		return tx.stampedBy(pg.QueryRow(ctx, stampList, sealed, seal, string(tx.Scope.Actor), string(tx.Scope.Session)))
	})
}

// stampedBy keeps what stampList answered.
func (tx *Tx) stampedBy(row pgx.Row) error {
	s := &stampedList{actor: tx.Scope.Actor, session: tx.Scope.Session}
	var firms []string
	var versions []int64
	if err := row.Scan(&firms, &versions, &s.Active, &s.Open); err != nil {
		return err
	}
	s.Firms = make([]FirmVersion, len(firms))
	for i, firm := range firms {
		s.Firms[i] = FirmVersion{ident.FirmID(firm), versions[i]}
	}
	tx.list = s
	return nil
}

// beginScope begins and learns what to seal in one round trip. The backend's own
// process id is needed: behind PgBouncer the driver's is PgBouncer's.
func (tx *Tx) beginScope(statements []string) (challenge []byte, err error) {
	statements = append(statements, "SELECT encode(auth.challenge(), 'hex')")
	err = tx.wire.raw(tx.ctx, func(ctx context.Context, pg *pgx.Conn) error {
		// One simple-protocol message for what has no parameters.
		results, err := pg.PgConn().Exec(ctx, strings.Join(statements, ";")).ReadAll()
		if err != nil {
			return err
		}
		challenge, err = hex.DecodeString(string(results[len(results)-1].Rows[0][0]))
		return err
	})
	return challenge, err
}

// commit also notices the server's silent way of refusing: an aborted transaction
// answers COMMIT with ROLLBACK and no error.
func (tx *Tx) commit() error {
	return tx.wire.raw(tx.ctx, func(ctx context.Context, pg *pgx.Conn) error {
		tag, err := pg.Exec(ctx, "COMMIT", pgx.QueryExecModeSimpleProtocol)
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
	_, _ = tx.wire.conn.ExecContext(ctx, "ROLLBACK") // on failure the connection is left in a transaction and pgx discards it
}
