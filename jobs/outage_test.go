package jobs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/devstack"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/jobs"
)

// ownPostgres is a migrated PostgreSQL of the test's own, as a worker in real time.
func ownPostgres(t *testing.T) (*db.DB, *devstack.Extra) {
	t.Helper()
	pg, err := devstack.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pg.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin := pg.Postgres("postgres", "postgres")
	conn, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "CREATE DATABASE docketry")
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.NewMigrator(pg.Postgres("postgres", "docketry"), testkit.Key).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), db.Config{URL: pg.Postgres("docketry_worker", "docketry"), Key: testkit.Key, Clock: clock.System()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, pg
}

func TestF05PostgresKilledUnderLoad(t *testing.T) {
	t.Parallel()
	d, pg := ownPostgres(t)
	f := testkit.Firm(t, d)
	url := testkit.RedisURL(t)
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, nil))
	running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis = url }))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var acknowledged sync.Map
	refused := make(chan error, 1)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				series := fmt.Sprintf("s%d-%d", w, n)
				err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
					_, err := outbox.Add(tx, noted{series})
					return err
				})
				if err == nil {
					acknowledged.Store(series, true)
					continue
				}
				select {
				case refused <- err:
				default:
				}
			}
		})
	}
	written := func() (n int) {
		acknowledged.Range(func(any, any) bool { n++; return true })
		return n
	}
	eventually(t, "writes go on", func() bool { return written() > 50 })
	if err := pg.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-refused; fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write while PostgreSQL is away: %v, want unavailable", err)
	}
	if err := pg.Revive(context.Background()); err != nil {
		t.Fatal(err)
	}
	before := written()
	eventually(t, "the pool recovers by itself", func() bool { return written() > before+20 })
	stop()
	writers.Wait()
	eventually(t, "every job is done", func() bool {
		return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state <> 'done'`, f.ID) == 0
	})
	acknowledged.Range(func(series, _ any) bool {
		if n := times(t, f, series.(string)); n != 1 {
			t.Errorf("acknowledged write %s has its effect %d times", series, n)
			return false
		}
		return true
	})
}

func TestRunRefusesToStartHalfConfigured(t *testing.T) {
	t.Parallel()
	if _, err := jobs.New(jobs.Config{}); err == nil {
		t.Error("an engine without a database was made")
	}
	e := engine(t, testkit.WorkerDB(t), jobs.NewRegistry(), nil)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := e.Run(ctx); err == nil {
		t.Error("an engine without Redis ran")
	}
}
