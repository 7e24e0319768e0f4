package testkit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
)

const (
	api    = "docketry_api"
	worker = "docketry_worker"
)

// Key seals scopes in tests.
var Key = bytes.Repeat([]byte("docketry"), 4)

// Now is where the clock of DB stands: a Monday morning in New York.
var Now = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)

// packageDatabase is the database that all tests of a package share; each makes
// its own firm, and they stay apart by the wall that tenants do.
var packageDatabase = sync.OnceValues(clone)

var (
	apiDB    = sync.OnceValues(func() (*db.DB, error) { return openStanding(api) })
	workerDB = sync.OnceValues(func() (*db.DB, error) { return openStanding(worker) })
)

// DB is the package's database as docketry_api, with a clock that stands at Now.
// Every test of the package has the same one: for a clock that moves see Open.
func DB(t testing.TB) *db.DB { t.Helper(); return must(t, apiDB) }

// WorkerDB is DB as docketry_worker.
func WorkerDB(t testing.TB) *db.DB { t.Helper(); return must(t, workerDB) }

// Open is the package's database as role ("docketry_api", "docketry_worker") with
// a clock of the test's own. It is closed when the test ends.
func Open(t testing.TB, role string, c clock.Clock) *db.DB {
	t.Helper()
	return OpenDatabase(t, role, must(t, packageDatabase), c)
}

// NewDatabase clones the migrated template for one test that changes what others
// must not see, such as roles or migrations. It returns the database's name.
func NewDatabase(t testing.TB) string { t.Helper(); return must(t, clone) }

// OpenDatabase is Open for a database of NewDatabase.
func OpenDatabase(t testing.TB, role, name string, c clock.Clock) *db.DB {
	t.Helper()
	return opened(t, Stack(t).Postgres(role, name), c, false)
}

// BouncedDB is the package's database as docketry_api behind PgBouncer in
// transaction mode, with a clock that stands at Now.
func BouncedDB(t testing.TB) *db.DB {
	t.Helper()
	return opened(t, must(t, bouncer).Postgres(api, must(t, packageDatabase)), clock.At(Now), true)
}

// BouncedURL is the connection string of a database of NewDatabase through PgBouncer in
// transaction mode.
func BouncedURL(t testing.TB, role, name string) string {
	t.Helper()
	return must(t, bouncer).Postgres(role, name)
}

// URL is the connection string of the package's database for a role, for what
// opens it by itself.
func URL(t testing.TB, role string) string {
	t.Helper()
	return Stack(t).Postgres(role, must(t, packageDatabase))
}

// AdminURL is the connection string of a database for the superuser of the private server.
func AdminURL(t testing.TB, name string) string {
	t.Helper()
	return Stack(t).Postgres("postgres", name)
}

// AdminExec runs one statement in the package's database as the private server's
// superuser, who passes all walls: only to play the insider of T27 or to read a
// catalogue.
func AdminExec(t testing.TB, _ *db.DB, sql string, args ...any) {
	t.Helper()
	AdminExecIn(t, must(t, packageDatabase), sql, args...)
}

// AdminExecIn is AdminExec in a database of NewDatabase, also to take a right from a role
// there.
func AdminExecIn(t testing.TB, name, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), AdminURL(t, name))
	if err != nil {
		t.Fatalf("connect as superuser: %v", err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), strings.TrimSpace(sql), args...); err != nil {
		t.Fatalf("as superuser: %v", err)
	}
}

func openStanding(role string) (*db.DB, error) {
	name, err := packageDatabase()
	if err != nil {
		return nil, err
	}
	s, err := stack()
	if err != nil {
		return nil, err
	}
	return db.Open(context.Background(), config(s.Postgres(role, name), clock.At(Now), false))
}

// OpenTurns is the package's database as the API opens it, with as many turns for a firm.
func OpenTurns(t testing.TB, turns int) *db.DB {
	t.Helper()
	c := config(URL(t, "docketry_api"), clock.At(Now), false)
	c.PerFirm = turns
	return openedAs(t, c)
}

func opened(t testing.TB, url string, c clock.Clock, bounced bool) *db.DB {
	t.Helper()
	return openedAs(t, config(url, c, bounced))
}

func openedAs(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(d.Close)
	return d
}

// config waits longer than production does, for tests share two cores.
func config(url string, c clock.Clock, bounced bool) db.Config {
	return db.Config{URL: url, Key: Key, Clock: c, Bounced: bounced, MaxConns: 12,
		StatementTimeout: time.Minute, IdleTimeout: time.Minute, AcquireTimeout: 30 * time.Second}
}

func must[T any](t testing.TB, get func() (T, error)) T {
	t.Helper()
	v, err := get()
	if err != nil {
		t.Fatalf("set up test database: %v", err)
	}
	return v
}

// clone copies the template. Grants on a database are not copied with it.
func clone() (name string, err error) {
	from, err := template()
	if err != nil {
		return "", err
	}
	name = fmt.Sprintf("t_%d_%d", os.Getpid(), databases.Add(1))
	return name, asAdmin("postgres", func(ctx context.Context, conn *pgx.Conn) error {
		for _, sql := range []string{
			"DROP DATABASE IF EXISTS " + name, // of an earlier process with our number
			"CREATE DATABASE " + name + " TEMPLATE " + from,
			"REVOKE TEMPORARY, CREATE ON DATABASE " + name + " FROM PUBLIC",
			"GRANT CREATE ON DATABASE " + name + " TO docketry_migrate",
		} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return fmt.Errorf("clone database: %w", err)
			}
		}
		return nil
	})
}
