package db

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/docketry/docketry/internal/fault"
)

// ErrBusy means that others of the same firm hold all its turns (SECURITY T31). Nothing
// was begun.
var ErrBusy = fault.New(fault.TooMany, "firm_busy", "your firm asks for more at once than it may; try again in a few seconds")

// perFirm is how many transactions of one firm's requests this process runs at once
// where Config says nothing else: what one firm asks for never takes all connections.
const perFirm = 4

type (
	turnKey struct{} // who takes turns with whom: a firm, or a person of the bureau
	heldKey struct{} // the turn that the transaction of ctx has
)

// TakingTurns makes the transactions of a request wait for a turn that they share with
// others under the same name: a firm's id, or a person's who acts in no one firm. A
// transaction begun inside another one of the request needs none of its own. Machinery
// and jobs, which pass no such context, take none: they are shared out by the relay (T32).
func TakingTurns(ctx context.Context, with string) context.Context {
	return context.WithValue(ctx, turnKey{}, with)
}

// turns are those of everybody who has or waits for one.
type turns struct {
	most int64
	wait time.Duration

	mu  sync.Mutex
	all map[string]*line
}

type line struct {
	free *semaphore.Weighted
	in   int // who has a turn or waits
}

// take waits for a turn and returns ctx with it, and what gives it back.
func (t *turns) take(ctx context.Context) (_ context.Context, back func(), err error) {
	with, _ := ctx.Value(turnKey{}).(string)
	if with == "" || ctx.Value(heldKey{}) == with {
		return ctx, func() {}, nil
	}
	l := t.join(with)
	if l.free.TryAcquire(1) {
		return t.held(ctx, with, l)
	}
	wait, stop := context.WithTimeout(ctx, t.wait)
	defer stop()
	if err := l.free.Acquire(wait, 1); err != nil {
		t.leave(with, l)
		if ctx.Err() != nil {
			return ctx, nil, ctx.Err()
		}
		return ctx, nil, ErrBusy
	}
	return t.held(ctx, with, l)
}

// held is ctx with a turn that was taken, and what gives it back.
func (t *turns) held(ctx context.Context, with string, l *line) (_ context.Context, back func(), err error) {
	return context.WithValue(ctx, heldKey{}, with), func() {
		l.free.Release(1)
		t.leave(with, l)
	}, nil
}

func (t *turns) join(with string) *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.all[with]
	if l == nil {
		l = &line{free: semaphore.NewWeighted(t.most)}
		t.all[with] = l
	}
	l.in++
	return l
}

func (t *turns) leave(with string, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.in--; l.in == 0 {
		delete(t.all, with)
	}
}
