package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/jobs"
	"github.com/docketry/docketry/rbac"
)

func TestDrainDoesWhatIsDueAsWhoAsked(t *testing.T) {
	t.Parallel()
	d := testkit.WorkerDB(t)
	f := testkit.Firm(t, d)
	ctx := f.As(t, rbac.RolePartner)
	var got scope.Scope
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, func(ctx context.Context, _ outbox.Job, _ *db.Tx) (err error) {
		got, err = scope.From(ctx)
		return err
	}))
	err := d.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := outbox.Add(tx, noted{"later"}, outbox.At(tx.Now.Add(time.Hour))); err != nil {
			return err
		}
		_, err := outbox.Add(tx, noted{"now"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := engine(t, d, r, nil).Drain(t.Context(), f.ID)
	if err != nil || n != 1 {
		t.Fatalf("Drain = %d, %v, want 1", n, err)
	}
	if got.Firm != f.ID || got.Actor != testkit.Actor(ctx) || got.Machine != "worker" {
		t.Errorf("handler's scope = %+v", got)
	}
	if times(t, f, "now") != 1 || times(t, f, "later") != 0 {
		t.Error("want the due effect once and the later one not yet")
	}
}

func TestAJobOfARolledBackChangeDoesNotExist(t *testing.T) {
	t.Parallel()
	d := testkit.WorkerDB(t)
	f := testkit.Firm(t, d)
	fail := errors.New("no")
	err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
		if _, err := outbox.Add(tx, noted{"x"}); err != nil {
			return err
		}
		return fail
	})
	if !errors.Is(err, fail) || f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ?`, f.ID) != 0 {
		t.Errorf("a job outlived its change: %v", err)
	}
}

func TestTheSameKeyIsOneJob(t *testing.T) {
	t.Parallel()
	f, g := testkit.Firm(t, testkit.WorkerDB(t)), testkit.Firm(t, testkit.WorkerDB(t))
	a, b := add(t, f, noted{"x"}, outbox.Key("k")), add(t, f, noted{"y"}, outbox.Key("k"))
	if a != b {
		t.Error("asking twice made two jobs")
	}
	if add(t, g, noted{"x"}, outbox.Key("k")) == a {
		t.Error("two firms share a key")
	}
}

func TestF15PoisonIsParkedAndOthersGoOn(t *testing.T) {
	t.Parallel()
	d := testkit.WorkerDB(t)
	f := testkit.Firm(t, d)
	for name, c := range map[string]struct {
		err    error
		reason string
		tries  int
	}{
		"a fault that another try cannot change": {fault.New(fault.Conflict, "noun_taken", "it is taken"), "noun_taken: it is taken", 1},
		"an outage ten times":                    {fault.New(fault.Unavailable, "noun_away", "it is away"), "noun_away: it is away", 10},
		"a bug ten times, its text in the log":   {errors.New(`value "Smith v. Jones" is wrong`), "internal_error: the work failed for a reason that only the log tells; operators find it under this job's id", 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testkit.Firm(t, d)
			r := jobs.NewRegistry()
			jobs.Handle(r, func(_ context.Context, _ outbox.Job, a noted) error {
				if a.Series == "poison" {
					return c.err
				}
				return nil
			})
			id, good := add(t, f, noted{"poison"}), add(t, f, noted{"good"})
			e := engine(t, testkit.WorkerDB(t), r, func(c *jobs.Config) { c.Pause = func(int) time.Duration { return -time.Second } })
			if _, err := e.Drain(t.Context(), f.ID); err != nil {
				t.Fatal(err)
			}
			if s, reason, tries := state(t, f, id); s != "parked" || reason != c.reason || tries != c.tries {
				t.Errorf("job is %s after %d tries: %q", s, tries, reason)
			}
			if s, _, _ := state(t, f, good); s != "done" {
				t.Errorf("the job beside it is %s", s)
			}
			if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'job.parked' AND object_id = ?`, f.ID, id); n != 1 {
				t.Errorf("%d leaves say that it is parked, want 1", n)
			}
		})
	}
	t.Run("a panic is an error of its job", func(t *testing.T) {
		t.Parallel()
		r := jobs.NewRegistry()
		jobs.Handle(r, func(context.Context, outbox.Job, noted) error { panic("boom") })
		id := add(t, f, noted{"x"})
		if _, err := engine(t, d, r, func(c *jobs.Config) { c.Pause = func(int) time.Duration { return time.Hour } }).Drain(t.Context(), f.ID); err != nil {
			t.Fatal(err)
		}
		if s, reason, _ := state(t, f, id); s != "pending" || reason == "" {
			t.Errorf("job is %s: %q", s, reason)
		}
	})
}

func TestRetryIsTheHandlersOwnPauseAndNotCounted(t *testing.T) {
	t.Parallel()
	d := testkit.WorkerDB(t)
	f := testkit.Firm(t, d)
	n := 0
	r := jobs.NewRegistry()
	jobs.Handle(r, func(context.Context, outbox.Job, noted) error {
		if n++; n <= 15 {
			return outbox.Retry(errors.New("mail server is busy"), 0)
		}
		return nil
	})
	id := add(t, f, noted{"x"})
	if _, err := engine(t, d, r, nil).Drain(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if s, _, tries := state(t, f, id); s != "done" || tries != 1 || n != 16 {
		t.Errorf("job is %s after %d calls and %d counted tries", s, n, tries)
	}
}

func TestAnUnknownKindWaitsForANewerWorker(t *testing.T) {
	t.Parallel()
	d := testkit.WorkerDB(t)
	f := testkit.Firm(t, d)
	id := add(t, f, noted{"x"})
	e := engine(t, d, jobs.NewRegistry(), func(c *jobs.Config) { c.Pause = func(int) time.Duration { return time.Hour } })
	if _, err := e.Drain(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if s, reason, _ := state(t, f, id); s != "pending" || reason != "job_kind_unknown: no worker of this version knows this kind of job" {
		t.Errorf("job is %s: %q", s, reason)
	}
}

func TestJobsTravelThroughRedisByIDAlone(t *testing.T) {
	t.Parallel()
	d := live(t)
	f := testkit.Firm(t, d)
	url := testkit.RedisURL(t)
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, nil))
	for i := range 40 {
		add(t, f, noted{fmt.Sprintf("canary-%d", i)}, outbox.Queue([]string{"default", "invoice", "mail", "export", "sla"}[i%5]))
	}
	stop := running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis = url }))
	eventually(t, "all jobs done", func() bool {
		return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state <> 'done'`, f.ID) == 0
	})
	stop()
	if n := f.Count(t, `SELECT count(*) FROM number_series WHERE firm_id = ? AND series LIKE 'canary-%' AND next = 1`, f.ID); n != 40 {
		t.Errorf("%d effects came exactly once, want 40", n)
	}
}

func TestF14DrainLosesNothing(t *testing.T) {
	t.Parallel()
	d := live(t)
	f := testkit.Firm(t, d)
	var begun atomic.Int32
	r := jobs.NewRegistry()
	jobs.Handle(r, func(ctx context.Context, j outbox.Job, a noted) error {
		begun.Add(1)
		if a.Series == "endless" {
			<-ctx.Done() // longer than the grace: cut off, and given back
			return ctx.Err()
		}
		return effect(d, nil)(ctx, j, a)
	})
	endless := add(t, f, noted{"endless"})
	stop := running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis, c.Grace = testkit.RedisURL(t), 100*time.Millisecond }))
	eventually(t, "the job began", func() bool { return begun.Load() == 1 })
	stop()
	if s, _, tries := state(t, f, endless); s != "pending" || tries != 0 {
		t.Errorf("the job cut off is %s after %d tries, want pending and none", s, tries)
	}
}
