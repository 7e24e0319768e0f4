// Package clock is where the time comes from. Everything that needs the present
// takes a Clock, so that a past month can be replayed and a test can stand still.
package clock

import (
	"sync"
	"time"
)

// Clock tells the present instant in UTC.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock, in UTC and cut to microseconds, which is what
// PostgreSQL keeps: an instant read back equals the one written.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Manual is a clock that moves only when told. It is safe for concurrent use.
type Manual struct {
	mu sync.Mutex
	t  time.Time
}

// At returns a clock that stands at t.
func At(t time.Time) *Manual { return &Manual{t: t.UTC().Truncate(time.Microsecond)} }

// Now is the instant the clock was last set to.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.t
}

// Set moves the clock to t, also backwards.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.t = t.UTC().Truncate(time.Microsecond)
}

// Advance moves the clock on by d and returns the new instant.
func (m *Manual) Advance(d time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.t = m.t.Add(d)
	return m.t
}
