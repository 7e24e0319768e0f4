package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/obs"
)

// Config is what an engine needs, and how fast it goes. Only DB, Registry and Log
// have no default; Redis and Key are needed by Run.
type Config struct {
	DB        *db.DB // as docketry_worker
	Registry  *Registry
	Log       *slog.Logger
	Redis     string // URL; a password and TLS as go-redis reads them
	Key       []byte // authenticates what travels in Redis
	Former    []byte // believed besides, while the key is being replaced; nil otherwise
	Metrics   *obs.Metrics
	Schedules []Schedule
	Sweeps    []Sweep

	Concurrency int           // jobs at once, of those with a deadline; half as many mails and exports; 0 means 8
	InFlight    int           // most jobs of one firm handed out at once (T32); 0 means 200
	Lease       time.Duration // a job without a sign of life for so long is another's; 0 means 20 s
	Poll        time.Duration // how often the relay looks; 0 means 250 ms
	Reconcile   time.Duration // how often lost work is looked for; 0 means 30 s
	Tick        time.Duration // how often the scheduler looks; 0 means 10 s
	Grace       time.Duration // how long running jobs may go on at the end; 0 means 25 s
	Pause       func(tries int) time.Duration
}

// maxTries is after how many starts a job is parked (F15).
const maxTries = 10

// Engine runs jobs. Any number may run beside each other.
type Engine struct {
	Config
	redis     redis.UniversalClient
	client    atomic.Pointer[asynq.Client] // anew when Redis has forgotten its queues
	inspector *asynq.Inspector
	running   sync.WaitGroup // jobs under way
	gate      sync.Mutex     // over stopping: no job begins once its end is waited for
	stopping  bool
}

// New checks the configuration and connects to nothing.
func New(c Config) (*Engine, error) {
	if c.DB == nil || c.Registry == nil || c.Log == nil {
		return nil, errors.New("make job engine: database, registry and log are needed")
	}
	c.defaults()
	e := &Engine{Config: c}
	if c.Redis == "" {
		return e, nil
	}
	opt, err := redis.ParseURL(c.Redis)
	if err != nil {
		return nil, fmt.Errorf("read Redis URL: %w", err)
	}
	// Redis is a hint: nothing waits for it longer than this (F04).
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = 2*time.Second, 2*time.Second, 2*time.Second
	opt.ContextTimeoutEnabled = true
	e.redis = redis.NewClient(opt)
	e.client.Store(asynq.NewClientFromRedisClient(e.redis))
	e.inspector = asynq.NewInspectorFromRedisClient(e.redis)
	return e, nil
}

func (c *Config) defaults() {
	for _, d := range []struct {
		value *time.Duration
		to    time.Duration
	}{
		{&c.Lease, 20 * time.Second}, {&c.Poll, 250 * time.Millisecond}, {&c.Reconcile, 30 * time.Second},
		{&c.Tick, 10 * time.Second}, {&c.Grace, 25 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.to
		}
	}
	if c.Concurrency == 0 {
		c.Concurrency = 8
	}
	if c.InFlight == 0 {
		c.InFlight = 200
	}
	if c.Pause == nil {
		c.Pause = pause
	}
}

// pause doubles from one second to five minutes.
func pause(tries int) time.Duration {
	return min(time.Second<<min(tries-1, 10), 5*time.Minute)
}

// Run works until ctx ends, then lets running jobs finish within the grace and
// gives back the rest. It starts also while Redis or PostgreSQL is away.
func (e *Engine) Run(ctx context.Context) error {
	if e.redis == nil || len(e.Key) == 0 {
		return errors.New("run job engine: Redis and the payload key are needed")
	}
	defer e.redis.Close()
	// A job does not end with ctx, but when its grace is over.
	jobs, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	servers, err := e.serve(jobs)
	if err != nil {
		return err
	}
	e.loops(ctx)
	for _, s := range servers {
		s.Stop()
	}
	e.settleDown(cut)
	for _, s := range servers {
		s.Shutdown()
	}
	return nil
}

// loops runs everything that repeats until ctx ends.
func (e *Engine) loops(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { e.repeat(ctx, "relay", e.Poll, e.relayAll) })
	all.Go(func() { e.repeat(ctx, "reconcile", e.Reconcile, e.reconcile) })
	if len(e.Schedules) > 0 {
		all.Go(func() { e.repeat(ctx, "schedule", e.Tick, newScheduler(e).tick) })
	}
	for _, s := range e.Sweeps {
		all.Go(func() { e.repeat(ctx, s.Name, s.Every, s.Do) })
	}
	all.Wait()
}

// repeat calls do at once and then at every interval. An error is logged; while it
// lasts the calls come seldom.
func (e *Engine) repeat(ctx context.Context, name string, every time.Duration, do func(ctx context.Context) error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := every
		if err := do(ctx); err != nil && ctx.Err() == nil {
			e.Log.ErrorContext(ctx, "machinery task failed", "task", name, "error", err)
			wait = max(every, 2*time.Second)
		}
		timer.Reset(wait)
	}
}

// begin counts a job in that is about to start; false when the engine is stopping and
// takes none any more. Who began says so to running when it is over.
func (e *Engine) begin() bool {
	e.gate.Lock()
	defer e.gate.Unlock()
	if e.stopping {
		return false
	}
	e.running.Add(1)
	return true
}

// settleDown waits for running jobs, at most the grace, then cuts them off and
// waits until they have given their rows back.
func (e *Engine) settleDown(cut context.CancelFunc) {
	e.gate.Lock()
	e.stopping = true
	e.gate.Unlock()
	done := make(chan struct{})
	go func() {
		e.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-time.After(e.Grace):
	}
	cut()
	select {
	case <-done:
	case <-time.After(5 * time.Second): // a handler that does not heed its context; its lease will run out
	}
}

// Close ends the connections of an engine whose Run was not called.
func (e *Engine) Close() error {
	if e.redis == nil {
		return nil
	}
	return e.redis.Close()
}
