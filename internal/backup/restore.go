package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/db"
)

// Target is where a backup is put back.
type Target struct {
	URL string // a superuser's, to an empty database
	Key []byte // the sealing key that programs will use there
}

// Inspect reads a whole backup and puts it nowhere: it opens, no byte of it was
// altered or is missing, and it holds what its manifest says.
func Inspect(file string, ids []Identity) (Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return Manifest{}, fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	m, err := read(f, ids, io.Discard, io.Discard)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// Restore puts a backup into an empty database, counts what is there then against the
// manifest, and last of all installs the sealing key. Without that key no program sees
// a row, so what was restored in part, or differs, serves nobody. It reads the file
// twice: nothing is put anywhere before the whole of it was found good.
func Restore(ctx context.Context, file string, ids []Identity, to Target) (Manifest, error) {
	m, err := Inspect(file, ids)
	if err != nil {
		return m, err
	}
	conn, err := pgx.Connect(ctx, to.URL)
	if err != nil {
		return m, fmt.Errorf("connect to restore: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	server, err := fit(ctx, conn, m)
	if err != nil {
		return m, err
	}
	migrator := db.NewMigrator(to.URL, to.Key)
	if err := migrator.Roles(ctx); err != nil {
		return m, err
	}
	if err := load(ctx, conn.Config(), server, file, ids); err != nil {
		return m, err
	}
	got, err := count(ctx, conn)
	if err != nil {
		return m, err
	}
	if err := differs(differences(m.Tables, got)); err != nil {
		return m, fmt.Errorf("%w\nDrop this database; no program works with it, for the sealing key was not installed", err)
	}
	return m, migrator.InstallKey(ctx)
}

// fit refuses a database in which something is, a login that cannot put everything
// back, and versions that do not go together. It answers the server's major version.
func fit(ctx context.Context, conn *pgx.Conn, m Manifest) (server int, err error) {
	var super bool
	var there string
	err = conn.QueryRow(ctx, `SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), current_setting('server_version_num')::int / 10000,
		coalesce((SELECT min(n.nspname || '.' || c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')),
			(SELECT min(nspname) FROM pg_namespace WHERE nspname NOT IN ('public', 'information_schema') AND NOT starts_with(nspname, 'pg_')), '')`).Scan(&super, &server, &there)
	if err != nil {
		return 0, fmt.Errorf("look at the database to restore into: %w", err)
	}
	newest, err := db.Newest()
	if err != nil {
		return 0, err
	}
	switch {
	case there != "":
		return 0, fmt.Errorf("%w: there is %s%s; make a new one with CREATE DATABASE", ErrNotEmpty, there, interrupted(ctx, conn))
	case !super:
		return 0, errors.New("a restore makes roles and puts owners back: DOCKETRY_MIGRATE_URL must be a superuser's")
	case server < m.Server:
		return 0, fmt.Errorf("the backup is of PostgreSQL %d, this server is %d: restore into the same version or a newer one", m.Server, server)
	case m.Schema > newest:
		return 0, fmt.Errorf("the backup has migration %d, this program knows up to %d: restore with the program that took it, or a newer one", m.Schema, newest)
	}
	return server, nil
}

// interrupted says so of a database that has everything but a sealing key, as a restore
// leaves it that was killed: pg_restore goes on by itself with what it has.
func interrupted(ctx context.Context, conn *pgx.Conn) string {
	var keyless bool
	if err := conn.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM auth.key)`).Scan(&keyless); err != nil || !keyless {
		return ""
	}
	return ", and no sealing key, as after a restore that was interrupted: drop it"
}

// load runs pg_restore over the dump in one transaction: it is there whole, or not at all.
func load(ctx context.Context, c *pgx.ConnConfig, server int, file string, ids []Identity) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	out, in := io.Pipe()
	was := make(chan error, 1)
	go func() {
		_, err := read(f, ids, in, io.Discard)
		in.CloseWithError(err) // nil ends the dump
		was <- err
	}()
	restored := run(ctx, c, server, "pg_restore", []string{"--single-transaction", "--exit-on-error", "--no-password", "--dbname=" + c.Database}, out, io.Discard)
	_ = out.Close() // it always succeeds, and ends the reader when pg_restore stopped early
	if err := <-was; err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return errors.Join(err, restored)
	}
	return restored
}
