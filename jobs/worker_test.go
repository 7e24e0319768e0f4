package jobs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/devstack"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/jobs"
)

// TestMain turns the test binary into a worker process when a test asks for one,
// so that it can be killed and stopped like a real one.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_WORKER_DATABASE") == "" {
		os.Exit(m.Run())
	}
	if err := work(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// work tells on standard output what its jobs come to, and waits for a line on
// standard input in the middle of each.
func work() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d, err := db.Open(ctx, db.Config{URL: os.Getenv("TEST_WORKER_DATABASE"), Key: testkit.Key, Clock: clock.System()})
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	pause := func() error {
		fmt.Println("in the middle")
		_, err := in.ReadString('\n')
		return err
	}
	r := jobs.NewRegistry()
	jobs.Handle(r, func(ctx context.Context, j outbox.Job, a noted) error {
		// A zombie does not know that its context has ended.
		ctx = context.WithoutCancel(ctx)
		inside := func(context.Context, outbox.Job, *db.Tx) error { return pause() }
		if a.Series == "before" {
			if err := pause(); err != nil {
				return err
			}
			inside = nil
		}
		err := effect(d, inside)(ctx, j, a)
		fmt.Println("ended:", err, errors.Is(err, outbox.ErrFenced))
		return err
	})
	e, err := jobs.New(jobs.Config{DB: d, Registry: r, Log: obs.Discard(), Redis: os.Getenv("TEST_WORKER_REDIS"), Key: payloadKey,
		Concurrency: 2, Lease: time.Second, Poll: 20 * time.Millisecond, Reconcile: time.Hour})
	if err != nil {
		return err
	}
	return e.Run(ctx)
}

// process is a worker process of this test.
type process struct {
	*exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func startWorker(t *testing.T, url, redis string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), "TEST_WORKER_DATABASE="+url, "TEST_WORKER_REDIS="+redis, devstack.Env+"="+testkit.Stack(t).Run)
	c.Stderr = os.Stderr
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2, c.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()
	})
	return &process{c, in, bufio.NewReader(out)}
}

// says reads its output up to a line that starts with want, and returns it.
func (p *process) says(t *testing.T, want string) string {
	t.Helper()
	for {
		line, err := p.out.ReadString('\n')
		if err != nil {
			t.Fatalf("worker ended before it said %q: %v", want, err)
		}
		if strings.HasPrefix(line, want) {
			return strings.TrimSpace(line)
		}
	}
}

// other is a second worker, in this process, that knows dead ones after a second.
func other(t *testing.T, d *db.DB, redis string) {
	t.Helper()
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, nil))
	running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis, c.Lease = redis, time.Second }))
}

func TestF02KilledWorkersJobIsDoneOnceByAnother(t *testing.T) {
	t.Parallel()
	name, redis := testkit.NewDatabase(t), testkit.RedisURL(t)
	d := testkit.OpenDatabase(t, "docketry_worker", name, clock.System())
	f := testkit.Firm(t, d)
	for _, where := range []string{"before", "inside"} { // of the effect's transaction
		id := add(t, f, noted{where})
		p := startWorker(t, testkit.Stack(t).Postgres("docketry_worker", name), redis)
		p.says(t, "in the middle")
		if err := p.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait() // killed
		if s, _, tries := state(t, f, id); s != "running" || tries != 1 {
			t.Errorf("after the kill the job is %s at try %d", s, tries)
		}
	}
	other(t, d, redis)
	for _, where := range []string{"before", "inside"} {
		eventually(t, where, func() bool { return times(t, f, where) > 0 })
	}
	eventually(t, "both done", func() bool {
		return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state = 'done' AND tries = 2`, f.ID) == 2
	})
	if times(t, f, "before") != 1 || times(t, f, "inside") != 1 {
		t.Error("an effect came twice")
	}
}

func TestF13ZombieIsFenced(t *testing.T) {
	t.Parallel()
	name, redis := testkit.NewDatabase(t), testkit.RedisURL(t)
	d := testkit.OpenDatabase(t, "docketry_worker", name, clock.System())
	f := testkit.Firm(t, d)
	id := add(t, f, noted{"before"})
	p := startWorker(t, testkit.Stack(t).Postgres("docketry_worker", name), redis)
	p.says(t, "in the middle")
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other(t, d, redis)
	eventually(t, "another did it", func() bool { s, _, _ := state(t, f, id); return s == "done" })
	if err := p.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(p.in, "go on")
	// Its Hold finds the effect there already, or the row in other hands.
	if got := p.says(t, "ended:"); got != "ended: "+outbox.ErrDone.Error()+" false" && !strings.HasSuffix(got, "true") {
		t.Errorf("the zombie %s", got)
	}
	if n := times(t, f, "before"); n != 1 {
		t.Errorf("the effect came %d times", n)
	}
}

func TestF13LateWriteAfterTheFenceIsRolledBack(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	d := testkit.OpenDatabase(t, "docketry_worker", testkit.NewDatabase(t), c)
	f := testkit.Firm(t, d)
	add(t, f, noted{"late"})
	err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
		if err := tx.Exec(`UPDATE outbox SET state = 'running', fence = 2, lease_until = ? WHERE firm_id = ?`, tx.Now, f.ID).Error; err != nil {
			return err
		}
		var j outbox.Job
		if err := tx.Raw(`SELECT id FROM outbox WHERE firm_id = ?`, f.ID).Row().Scan(&j.ID); err != nil {
			return err
		}
		j.Firm, j.Fence = f.ID, 1
		if err := outbox.Hold(tx, j); !errors.Is(err, outbox.ErrFenced) {
			t.Errorf("Hold of an older fence: %v", err)
		}
		return outbox.Done(tx, j, nil)
	})
	if !errors.Is(err, outbox.ErrFenced) {
		t.Errorf("Done of an older fence: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND fence = 2`, f.ID); n != 0 {
		t.Error("what the late transaction wrote was kept")
	}
}
