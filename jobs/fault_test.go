package jobs_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/jobs"
)

// held is a registry whose jobs wait for open, and how many have begun.
func held(do func(context.Context, outbox.Job, noted) error) (r *jobs.Registry, begun *atomic.Int32, open func()) {
	gate := make(chan struct{})
	begun = &atomic.Int32{}
	r = jobs.NewRegistry()
	jobs.Handle(r, func(ctx context.Context, j outbox.Job, a noted) error {
		begun.Add(1)
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
		return do(ctx, j, a)
	})
	return r, begun, func() { close(gate) }
}

func addMany(t *testing.T, f testkit.F, n int) {
	t.Helper()
	for i := range n {
		add(t, f, noted{fmt.Sprintf("s%d", i)})
	}
}

func wantAllOnce(t *testing.T, f testkit.F, n int64) {
	t.Helper()
	eventually(t, "all jobs done", func() bool {
		return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state = 'done'`, f.ID) == n
	})
	if got := f.Count(t, `SELECT count(*) FROM number_series WHERE firm_id = ? AND series LIKE 's%' AND next = 1`, f.ID); got != n {
		t.Errorf("%d effects came exactly once, want %d", got, n)
	}
}

func allSent(t *testing.T, f testkit.F) func() bool {
	return func() bool {
		return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND sent_at IS NULL AND state <> 'done'`, f.ID) == 0
	}
}

// inRedis is how many tasks wait in the queues which Redis knows of.
func inRedis(t *testing.T, url string) (n int) {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	defer c.Close()
	i := asynq.NewInspectorFromRedisClient(c)
	queues, err := i.Queues()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queues {
		info, err := i.GetQueueInfo(q)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Pending
	}
	return n
}

func TestF03RedisEmptiedWhileWorkIsPending(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, url string, kill func() error, revive func(context.Context) error){
		"FLUSHALL": func(t *testing.T, url string, _ func() error, _ func(context.Context) error) {
			opt, err := redis.ParseURL(url)
			if err != nil {
				t.Fatal(err)
			}
			c := redis.NewClient(opt)
			defer c.Close()
			if err := c.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		},
		"killed, and back empty": func(t *testing.T, _ string, kill func() error, revive func(context.Context) error) {
			if err := kill(); err != nil {
				t.Fatal(err)
			}
			if err := revive(context.Background()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := live(t)
			f := testkit.Firm(t, d)
			url, server := testkit.OwnRedis(t)
			r, begun, open := held(effect(d, nil))
			running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis = url }))
			addMany(t, f, 60)
			eventually(t, "everything is in Redis", allSent(t, f))
			eventually(t, "some run", func() bool { return begun.Load() == 4 })
			lose(t, url, server.Kill, server.Revive)
			// While the workers are still busy: what went out again is known to be there
			// and is not sent a third time by each look.
			eventually(t, "what was lost is in Redis", func() bool { return inRedis(t, url) == 56 })
			open()
			wantAllOnce(t, f, 60)
		})
	}
}

func TestF04RedisAwayDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	d := live(t)
	f := testkit.Firm(t, d)
	url, server := testkit.OwnRedis(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, nil))
	running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis = url })) // starts without it
	addMany(t, f, 20)                                                   // business goes on
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state = 'pending'`, f.ID); n != 20 {
		t.Errorf("%d jobs wait, want 20", n)
	}
	if err := server.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantAllOnce(t, f, 20)
}

func TestF11TwoSchedulersAskOncePerPeriodAndSkipNone(t *testing.T) {
	t.Parallel()
	c := clock.At(time.Date(2028, 2, 28, 22, 30, 0, 0, time.UTC)) // a leap year
	d := testkit.OpenDatabase(t, "docketry_worker", testkit.NewDatabase(t), c)
	firms := []testkit.F{testkit.Firm(t, d), testkit.Firm(t, d)}
	r := jobs.NewRegistry()
	jobs.Handle(r, func(context.Context, outbox.Job, noted) error { return nil })
	for range 2 {
		url := testkit.RedisURL(t)
		running(t, engine(t, d, r, func(e *jobs.Config) {
			e.Redis, e.Tick = url, 5*time.Millisecond
			e.Schedules = []jobs.Schedule{{Name: "hourly", When: jobs.Every(time.Hour), Args: func(p jobs.Period) outbox.Args { return noted{p.Key} }}}
		}))
	}
	asked := func(hour time.Time) bool {
		for _, f := range firms {
			key := "hourly " + hour.Truncate(time.Hour).Format("2006-01-02T15:04:05Z")
			if f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND task_key = ?`, f.ID, key) != 1 {
				return false
			}
		}
		return true
	}
	start := c.Now()
	eventually(t, "the first hour", func() bool { return asked(start) })
	c.Set(start.Add(time.Hour)) // jumps ahead,
	eventually(t, "the next hour", func() bool { return asked(start.Add(time.Hour)) })
	c.Set(start) // back,
	c.Set(start.Add(27 * time.Hour))
	eventually(t, "the last hour", func() bool { return asked(start.Add(27 * time.Hour)) }) // and far ahead
	for _, f := range firms {
		if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ?`, f.ID); n != 28 {
			t.Errorf("%d jobs for 28 hours", n)
		}
	}
}

func TestT22ForgedTaskIsRefusedAndRecorded(t *testing.T) {
	t.Parallel()
	d := live(t)
	f := testkit.Firm(t, d)
	url := testkit.RedisURL(t)
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, nil))
	id := add(t, f, noted{"s0"}, outbox.At(time.Now().Add(time.Hour)))
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	rc := redis.NewClient(opt)
	defer rc.Close()
	for i, payload := range []string{string(id) + ":0.00ff", string(id) + ":0", "nonsense"} {
		_, err := asynq.NewClientFromRedisClient(rc).Enqueue(asynq.NewTask("job", []byte(payload)), asynq.TaskID(fmt.Sprint(i)), asynq.MaxRetry(10))
		if err != nil {
			t.Fatal(err)
		}
	}
	running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis = url }))
	eventually(t, "both forgeries that name the job are recorded", func() bool {
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'job.refused' AND result = 'denied' AND object_id = ?`, f.ID, id) == 2
	})
	if s, _, tries := state(t, f, id); s != "pending" || tries != 0 || times(t, f, "s0") != 0 {
		t.Errorf("a forged task had an effect: job is %s after %d tries", s, tries)
	}
}

func TestT32NoisyFirmDoesNotStarveOthers(t *testing.T) {
	t.Parallel()
	d := live(t)
	noisy, quiet := testkit.Firm(t, d), testkit.Firm(t, d)
	noisy.Exec(t, `INSERT INTO outbox (firm_id, id, kind, task_key, args, run_at, created_at)
		SELECT ?, gen_random_uuid(), 'test.noted', n::text, '{}', ?, ? FROM generate_series(1, 50000) n`, noisy.ID, time.Unix(0, 0), time.Unix(0, 0))
	var before, done atomic.Int64
	r := jobs.NewRegistry()
	jobs.Handle(r, func(_ context.Context, j outbox.Job, _ noted) error {
		if j.Firm == quiet.ID {
			before.Store(done.Load())
		}
		done.Add(1)
		return nil
	})
	id := add(t, quiet, noted{"q"})
	stop := running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis = testkit.RedisURL(t) }))
	eventually(t, "the quiet firm's job", func() bool { s, _, _ := state(t, quiet, id); return s == "done" })
	stop()
	if n := before.Load(); n > 500 {
		t.Errorf("%d jobs of the noisy firm went before the quiet firm's one", n)
	}
}
