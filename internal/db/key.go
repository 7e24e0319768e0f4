package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
)

// ErrNotOwner refuses to look over all firms' rows as a role that sees one firm.
var ErrNotOwner = errors.New("keys are looked after as docketry_migrate, which alone sees the rows of every firm")

// KeyID is the short name of a sealing key, as the database makes it of its pads.
func KeyID(key []byte) string { return seal.KeyID("scope", key) }

const named = "docketry scope "

// name tells the server which key its connections are sealed with, so that `admin keys
// status` can count those that would fail without it. An id gives nothing away.
func name(params map[string]string, key []byte) {
	own := params["application_name"]
	params["application_name"] = named + KeyID(key)
	if own != "" {
		params["application_name"] += " " + own
	}
}

// accepted tells whether the database takes what each of the keys seals: a key that was
// never installed, or was removed, is known before the first page fails for it.
func (d *DB) accepted(ctx context.Context) error {
	for i, key := range seal.Live(d.key, d.former) {
		err := d.probe(ctx, key)
		if Code(err) != "28000" {
			if err != nil {
				return err
			}
			continue
		}
		variable := "DOCKETRY_SCOPE_KEY"
		if i > 0 {
			variable += "_FORMER"
		}
		return &RoleError{[]string{fmt.Sprintf("%s: the database does not accept this key (%s): run `docketry admin keys install`, or `docketry migrate up`, with it before any program starts with it", variable, KeyID(key))}}
	}
	return nil
}

// probe enters a list of no firms under key and leaves it again.
func (d *DB) probe(ctx context.Context, key []byte) error {
	conn, err := d.pgx.Acquire(ctx)
	if err != nil {
		return classify(err)
	}
	defer conn.Release()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var challenge []byte
		if err := tx.QueryRow(ctx, "SELECT auth.challenge()").Scan(&challenge); err != nil {
			return classify(err)
		}
		_, err := tx.Exec(ctx, "SELECT auth.enter($1, $2)", listScope(nil), sealOf(key, challenge, listScope(nil)))
		return classify(err)
	})
}

// AsOwner runs fn as the named task where it sees the rows of every firm; ErrNotOwner
// unless d is opened as docketry_migrate. The scope names no firm that exists.
func (d *DB) AsOwner(ctx context.Context, task string, fn func(tx *Tx) error) error {
	nobody := ident.New[ident.FirmID](d.clock.Now())
	return d.InFirm(scope.ForMachine(ctx, task, nobody), func(tx *Tx) error {
		var owner bool
		if err := tx.Raw(`SELECT current_user = 'docketry_migrate'`).Row().Scan(&owner); err != nil {
			return fmt.Errorf("ask for the role: %w", err)
		}
		if !owner {
			return ErrNotOwner
		}
		return fn(tx)
	})
}

// ScopeKey is a sealing key that the database accepts.
type ScopeKey struct {
	ID          string
	AddedAt     time.Time
	Connections int // open now, by programs that seal with it
}

// InstallKey has the database accept the program's keys beside older ones, so that both
// serve while programs are restarted. Without a key no program sees a row.
func (m *Migrator) InstallKey(ctx context.Context) error {
	err := m.asAuth(ctx, func(tx *sql.Tx) error {
		for _, key := range m.keys {
			inner, outer := pads(key)
			_, err := tx.ExecContext(ctx, `INSERT INTO auth.key (id, inner_pad, outer_pad)
				SELECT (SELECT coalesce(max(id), 0) + 1 FROM auth.key), $1, $2
				WHERE NOT EXISTS (SELECT FROM auth.key WHERE inner_pad = $1)`, inner, outer)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("install the sealing key: %w", err)
	}
	return nil
}

const scopeKeys = `SELECT left(encode(sha256(convert_to('docketry scope key id ', 'UTF8') || k.inner_pad), 'hex'), 8) AS id, k.added_at FROM auth.key k`

// ScopeKeys lists what the database accepts, oldest first. No key leaves the database.
func (m *Migrator) ScopeKeys(ctx context.Context) (keys []ScopeKey, err error) {
	err = m.asAuth(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT k.id, k.added_at, (SELECT count(*) FROM pg_stat_activity a
				WHERE a.datname = current_database() AND starts_with(a.application_name, $1 || k.id))
			FROM (`+scopeKeys+`) k ORDER BY k.added_at, k.id`, named)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k ScopeKey
			if err := rows.Scan(&k.ID, &k.AddedAt, &k.Connections); err != nil {
				return err
			}
			keys = append(keys, k)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the sealing keys: %w", err)
	}
	return keys, nil
}

// ErrKeyInUse keeps a sealing key that open connections seal with.
var ErrKeyInUse = errors.New("a program still seals with the key")

// RetireKeys has the database accept the program's own keys alone, and tells how many
// others it took away. A key with open connections stays: ErrKeyInUse, and nothing is
// taken away. So does everything where the program's own keys are not installed.
func (m *Migrator) RetireKeys(ctx context.Context) (n int, err error) {
	held, err := m.ScopeKeys(ctx)
	if err != nil {
		return 0, err
	}
	own := map[string]bool{}
	for _, key := range m.keys {
		own[KeyID(key)] = false
	}
	for _, k := range held {
		if _, mine := own[k.ID]; mine {
			own[k.ID] = true
		} else if k.Connections > 0 {
			return 0, fmt.Errorf("%w: %d connections with %s; restart those programs with the present key first", ErrKeyInUse, k.Connections, k.ID)
		}
	}
	for id, there := range own {
		if !there {
			return 0, fmt.Errorf("key %s is not installed: run `docketry admin keys install` first", id)
		}
	}
	err = m.asAuth(ctx, func(tx *sql.Tx) error {
		keep := make([][]byte, len(m.keys))
		for i, key := range m.keys {
			keep[i], _ = pads(key)
		}
		last := keep[len(keep)-1]
		res, err := tx.ExecContext(ctx, `DELETE FROM auth.key WHERE inner_pad NOT IN ($1, $2)`, keep[0], last)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("retire sealing keys: %w", err)
	}
	return n, nil
}

// asAuth runs fn in one transaction as the role that alone sees the keys.
func (m *Migrator) asAuth(ctx context.Context, fn func(tx *sql.Tx) error) error {
	c, err := pgx.ParseConfig(m.url)
	if err != nil {
		return errors.New("DOCKETRY_MIGRATE_URL is not a connection URL") // its text may hold a password
	}
	c.RuntimeParams["role"] = "docketry_auth"
	conn := stdlib.OpenDB(*c)
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
