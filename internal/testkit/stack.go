// Package testkit gives tests a migrated database of their own, as the run-time
// role, and the firms, people and rows they need. Only tests import it. It writes
// rows with plain SQL and imports no noun, so that a noun's tests can import it.
package testkit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/devstack"
	"github.com/docketry/docketry/migrations"
)

// Key seals scopes in tests.
var Key = bytes.Repeat([]byte("docketry"), 4)

// Now is where the clock of DB stands: a Monday morning in New York.
var Now = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)

// SharedEnv names the folder of the stack that serves a whole test run; `docketry
// devstack` sets it. Without it each test process starts a stack of its own.
const SharedEnv = "DOCKETRY_TEST_STACK"

var stack = sync.OnceValues(func() (devstack.Addresses, error) {
	if shared := os.Getenv(SharedEnv); shared != "" {
		return devstack.At(shared), nil
	}
	s, err := devstack.Start(context.Background(), devstack.Config{})
	if err != nil {
		return devstack.Addresses{}, err
	}
	return s.Addresses, nil // it ends with this process
})

// Stack is where the servers of this test run listen.
func Stack(t testing.TB) devstack.Addresses {
	t.Helper()
	s, err := stack()
	if err != nil {
		t.Fatalf("test servers: %v", err)
	}
	return s
}

// AdminURL connects to a database as the private server's superuser.
func AdminURL(t testing.TB, database string) string { return Stack(t).Postgres(superuser, database) }

const superuser = "postgres"

// template is migrated once per run and set of migrations; packages clone it.
var template = sync.OnceValues(func() (string, error) {
	s, err := stack()
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	sum, err := fingerprint()
	if err != nil {
		return "", err
	}
	name := "template_" + sum
	conn, err := pgx.Connect(ctx, s.Postgres(superuser, "postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(4201)"); err != nil {
		return "", err
	}
	var ready bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready); err != nil || ready {
		return name, err
	}
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	if err := db.NewMigrator(s.Postgres(superuser, name), Key).Up(ctx); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true")
	return name, err
})

func fingerprint() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := migrations.FS.ReadFile(path)
		h.Write([]byte(path))
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}

var databases atomic.Int64

// NewDatabase clones the migrated template for one test that changes what others
// must not see, such as roles or migrations. It returns the database's name.
func NewDatabase(t testing.TB) string {
	t.Helper()
	name, err := newDatabase()
	if err != nil {
		t.Fatalf("clone the template: %v", err)
	}
	return name
}

func newDatabase() (string, error) {
	from, err := template()
	if err != nil {
		return "", err
	}
	s, err := stack()
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.Postgres(superuser, "postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), databases.Add(1))
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+from)
	if err == nil { // grants on the database itself are not cloned
		_, err = conn.Exec(ctx, "REVOKE TEMPORARY, CREATE ON DATABASE "+name+" FROM PUBLIC")
	}
	return name, err
}

// PackageDatabase is the database that all tests of a package share; each makes
// its own firm, and they stay apart by the wall that tenants do.
var packageDatabase = sync.OnceValues(newDatabase)

var (
	openOnce sync.Mutex
	opened   = map[string]*db.DB{}
)

// DB is the package's database as docketry_api, with its clock standing at Now.
func DB(t testing.TB) *db.DB { t.Helper(); return shared(t, "docketry_api", clock.At(Now)) }

// WorkerDB is the package's database as docketry_worker, at Now.
func WorkerDB(t testing.TB) *db.DB { t.Helper(); return shared(t, "docketry_worker", clock.At(Now)) }

func shared(t testing.TB, role string, c clock.Clock) *db.DB {
	t.Helper()
	name, err := packageDatabase()
	if err != nil {
		t.Fatalf("make the package's database: %v", err)
	}
	openOnce.Lock()
	defer openOnce.Unlock()
	if d := opened[role]; d != nil {
		return d
	}
	d := open(t, Stack(t).Postgres(role, name), c, false)
	opened[role] = d
	return d
}

// Open is the package's database as role with a clock of the test's own; closed
// when the test ends.
func Open(t testing.TB, role string, c clock.Clock) *db.DB {
	t.Helper()
	name, err := packageDatabase()
	if err != nil {
		t.Fatalf("make the package's database: %v", err)
	}
	return OpenDatabase(t, role, name, c)
}

// OpenDatabase is Open for a database of NewDatabase.
func OpenDatabase(t testing.TB, role, name string, c clock.Clock) *db.DB {
	t.Helper()
	d := open(t, Stack(t).Postgres(role, name), c, false)
	t.Cleanup(d.Close)
	return d
}

// BouncedDB is the package's database as docketry_api behind PgBouncer in transaction mode.
func BouncedDB(t testing.TB) *db.DB {
	t.Helper()
	name, err := packageDatabase()
	if err != nil {
		t.Fatal(err)
	}
	b, err := devstack.StartBouncer(context.Background(), Stack(t), "docketry_api", "docketry_worker")
	if err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	d := open(t, b.Postgres("docketry_api", name), clock.At(Now), true)
	t.Cleanup(func() {
		d.Close()
		if err := b.Stop(); err != nil {
			t.Errorf("stop PgBouncer: %v", err)
		}
	})
	return d
}

func open(t testing.TB, url string, c clock.Clock, bounced bool) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), db.Config{URL: url, Key: Key, Clock: c, Bounced: bounced, StatementTimeout: 60 * time.Second, AcquireTimeout: 30 * time.Second, MaxConns: 12})
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	return d
}

var redisDatabases atomic.Int64

// Redis is an empty logical database of the run's Redis, for one test.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	// Packages run as processes of their own: the process id spreads them over the 512 databases.
	n := (os.Getpid()*7 + int(redisDatabases.Add(1))) % 512
	opt, err := redis.ParseURL(Stack(t).Redis(n))
	if err != nil {
		t.Fatalf("redis URL: %v", err)
	}
	r := redis.NewClient(opt)
	if err := r.FlushDB(context.Background()).Err(); err != nil {
		t.Fatalf("empty the test's Redis database: %v", err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// AdminExec runs one statement as the private server's superuser, who passes all
// walls: only to play the insider of T27 or to read a catalogue.
func AdminExec(t testing.TB, d *db.DB, sql string, args ...any) {
	t.Helper()
	ctx := context.Background()
	name, err := packageDatabase()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, AdminURL(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, strings.TrimSpace(sql), args...); err != nil {
		t.Fatalf("as superuser: %v", err)
	}
}
