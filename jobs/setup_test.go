package jobs_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/jobs"
)

var payloadKey = bytes.Repeat([]byte("payload!"), 4)

// noted asks for a row of number_series named after it, which stands for an effect
// that must come once: the series is unique per firm, and next counts.
type noted struct {
	Series string `json:"series"`
}

func (noted) Kind() string { return "test.noted" }

// effect counts up the named series in the transaction that ends the job.
func effect(d *db.DB, inside func(ctx context.Context, j outbox.Job, tx *db.Tx) error) func(context.Context, outbox.Job, noted) error {
	return func(ctx context.Context, j outbox.Job, a noted) error {
		return d.InFirm(ctx, func(tx *db.Tx) error {
			if err := outbox.Hold(tx, j); err != nil {
				return err
			}
			if inside != nil {
				if err := inside(ctx, j, tx); err != nil {
					return err
				}
			}
			err := tx.Exec(`INSERT INTO number_series (firm_id, series, pattern) VALUES (?, ?, '{seq}')
				ON CONFLICT (firm_id, series) DO UPDATE SET next = number_series.next + 1`, tx.Scope.Firm, a.Series).Error
			if err != nil {
				return err
			}
			return outbox.Done(tx, j, nil)
		})
	}
}

// times is how often the effect of series came in the firm.
func times(t testing.TB, f testkit.F, series string) int64 {
	t.Helper()
	return f.Count(t, `SELECT coalesce(sum(next), 0) FROM number_series WHERE firm_id = ? AND series = ?`, f.ID, series)
}

func add(t testing.TB, f testkit.F, a outbox.Args, opts ...outbox.Option) (id ident.JobID) {
	t.Helper()
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		id, err = outbox.Add(tx, a, opts...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func state(t testing.TB, f testkit.F, id ident.JobID) (state, reason string, tries int) {
	t.Helper()
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT state, error, tries FROM outbox WHERE firm_id = ? AND id = ?`, f.ID, id).Row().Scan(&state, &reason, &tries)
	})
	if err != nil {
		t.Fatal(err)
	}
	return state, reason, tries
}

// engine is one that does everything quickly; change c to your need.
func engine(t testing.TB, d *db.DB, r *jobs.Registry, change func(c *jobs.Config)) *jobs.Engine {
	t.Helper()
	c := jobs.Config{
		DB: d, Registry: r, Log: obs.Discard(), Key: payloadKey, Concurrency: 4,
		Lease: 2 * time.Second, Poll: 20 * time.Millisecond, Reconcile: 200 * time.Millisecond, Tick: 50 * time.Millisecond,
		Grace: 5 * time.Second, Pause: func(int) time.Duration { return 0 },
	}
	if change != nil {
		change(&c)
	}
	e, err := jobs.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// running runs e until the test ends, and fails the test when it does not drain.
func running(t testing.TB, e *jobs.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// eventually asks again until ok holds; the limit is for a broken program only.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

// live is a database of the test's own as a worker, in real time: an engine that
// runs does the jobs of every firm it finds.
func live(t testing.TB) *db.DB {
	t.Helper()
	return testkit.OpenDatabase(t, "docketry_worker", testkit.NewDatabase(t), clock.System())
}
