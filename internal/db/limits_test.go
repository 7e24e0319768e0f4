package db_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/testkit"
)

// limited is the package's database as the API opens it, with limits that a test can
// wait for.
func limited(t *testing.T, change func(c *db.Config)) *db.DB {
	t.Helper()
	c := db.Config{URL: testkit.URL(t, "docketry_api"), Key: testkit.Key, Clock: clock.At(testkit.Now), AcquireTimeout: 30 * time.Second, MaxConns: 12}
	change(&c)
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// A statement that takes too long, and a transaction that says nothing for too long,
// are ended by the server: as unavailable, with nothing saved, and the pool goes on.
func TestT31_LongStatementsAndSilenceEnd(t *testing.T) {
	t.Parallel()
	d := limited(t, func(c *db.Config) { c.StatementTimeout, c.IdleTimeout = time.Second, time.Second })
	f := testkit.Firm(t, testkit.DB(t))
	long := func(tx *db.Tx) error { return tx.Exec(`SELECT pg_sleep(60)`).Error }
	silent := func(tx *db.Tx) error {
		var pid int
		if err := tx.Raw(`SELECT pg_backend_pid()`).Row().Scan(&pid); err != nil {
			return err
		}
		for f.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE pid = ?`, pid) > 0 {
			if t.Context().Err() != nil {
				return t.Context().Err()
			}
		}
		return tx.Exec(`SELECT 1`).Error
	}
	for what, do := range map[string]func(tx *db.Tx) error{"a long statement": long, "silence": silent} {
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			if err := tx.Exec(`UPDATE firm SET name = 'half' WHERE firm_id = ?`, f.ID).Error; err != nil {
				return err
			}
			return do(tx)
		})
		if !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%s: %v, want it ended as unavailable", what, err)
		}
		if n := f.Count(t, `SELECT count(*) FROM firm WHERE firm_id = ? AND name = 'half'`, f.ID); n != 0 {
			t.Errorf("%s: half of it was saved", what)
		}
	}
	if err := d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Exec(`SELECT 1`).Error }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// crowd begins n transactions of a context that stay until they are let go, and tells
// how many came in and how each ended.
type crowd struct {
	inside, most atomic.Int64
	came         chan struct{}
	letGo        chan struct{}
	ended        sync.WaitGroup
	busy, failed atomic.Int64
}

func gather(d *db.DB, ctx context.Context, n int) *crowd {
	c := &crowd{came: make(chan struct{}, n), letGo: make(chan struct{})}
	for range n {
		c.ended.Go(func() {
			err := d.InFirm(ctx, func(*db.Tx) error {
				for now := c.inside.Add(1); ; {
					if old := c.most.Load(); now <= old || c.most.CompareAndSwap(old, now) {
						break
					}
				}
				c.came <- struct{}{}
				<-c.letGo
				c.inside.Add(-1)
				return nil
			})
			switch {
			case errors.Is(err, db.ErrBusy):
				c.busy.Add(1)
			case err != nil:
				c.failed.Add(1)
			}
		})
	}
	return c
}

// Of one firm's requests four are in the database at once, the others wait their turn;
// another firm's do not wait, nor do machinery's, nor what a request begins inside of a
// transaction of its own.
func TestT31_AFirmHasFourTurns(t *testing.T) {
	t.Parallel()
	d := limited(t, func(*db.Config) {})
	noisy, quiet := testkit.Firm(t, d), testkit.Firm(t, d)
	turn := func(f testkit.F) context.Context { return db.TakingTurns(f.Machine(), string(f.ID)) }
	c := gather(d, turn(noisy), 50)
	for range 4 {
		<-c.came
	}
	for _, ctx := range []context.Context{turn(quiet), noisy.Machine()} {
		if err := d.InFirm(ctx, func(*db.Tx) error { return nil }); err != nil {
			t.Errorf("beside a firm with all its turns taken: %v", err)
		}
	}
	select {
	case <-c.came:
		t.Error("a fifth came in")
	default:
	}
	close(c.letGo)
	if c.ended.Wait(); c.most.Load() != 4 || c.busy.Load() != 0 || c.failed.Load() != 0 {
		t.Errorf("%d at once; %d refused, %d failed", c.most.Load(), c.busy.Load(), c.failed.Load())
	}
	nested := make(chan error, 4)
	var all sync.WaitGroup
	var in sync.WaitGroup
	in.Add(4)
	for range 4 { // with all four turns taken by those who begin another
		all.Go(func() {
			nested <- d.InFirm(turn(noisy), func(tx *db.Tx) error {
				in.Done()
				in.Wait()
				return d.InFirm(tx.Context(), func(*db.Tx) error { return nil })
			})
		})
	}
	all.Wait()
	for range 4 {
		if err := <-nested; err != nil {
			t.Errorf("a transaction inside of another: %v", err)
		}
	}
}

// Who waits too long for a turn is told so, and has begun nothing.
func TestT31_WhoWaitsTooLongIsTold(t *testing.T) {
	t.Parallel()
	d := limited(t, func(c *db.Config) { c.AcquireTimeout, c.PerFirm = time.Second, 1 })
	f := testkit.Firm(t, testkit.DB(t))
	ctx := db.TakingTurns(f.Machine(), string(f.ID))
	c := gather(d, ctx, 1)
	<-c.came
	err := d.InFirm(ctx, func(*db.Tx) error { t.Error("began"); return nil })
	if !errors.Is(err, db.ErrBusy) || fault.KindOf(err) != fault.TooMany {
		t.Errorf("without a turn: %v", err)
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	if err := d.InFirm(gone, func(*db.Tx) error { t.Error("began"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
	close(c.letGo)
	c.ended.Wait()
	if err := d.InFirm(ctx, func(*db.Tx) error { return nil }); err != nil {
		t.Errorf("with the turn free again: %v", err)
	}
}
