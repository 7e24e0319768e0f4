package httpd

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/testkit"
)

func TestPace(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*redis.Client{"in Redis": testkit.Redis(t), "alone": nil, "Redis away": redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.At(testkit.Now)
			p := NewPace(r, c)
			const key = "session:someone"
			spend := func() (n int) {
				for p.allow(t.Context(), key, perSession) == nil {
					n++
				}
				return n
			}
			if n := spend(); n != 60 {
				t.Errorf("%d at once, want the burst of 60", n)
			}
			var fast *tooFast
			if err := p.allow(t.Context(), key, perSession); !errors.As(err, &fast) || !errors.Is(err, errTooFast) || fast.RetryAfter() > 50*time.Millisecond {
				t.Errorf("the next: %v", err)
			}
			c.Advance(time.Second)
			if n := spend(); n != 20 {
				t.Errorf("%d after a second, want 20", n)
			}
			if err := p.allow(t.Context(), "session:another", perSession); err != nil {
				t.Errorf("another session: %v", err)
			}
			c.Advance(time.Hour)
			if n := spend(); n != 60 {
				t.Errorf("%d after an hour, want no more than the burst", n)
			}
		})
	}
}

func TestF04GatesAreStricterWithoutRedis(t *testing.T) {
	t.Parallel()
	p := NewPace(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1}), clock.At(testkit.Now))
	n := 0
	for p.allow(t.Context(), freeKey("pace:gate", "10.0.0.0/24"), perGate) == nil {
		n++
	}
	if n != 10 {
		t.Errorf("%d tries at a gate, want half of 20", n)
	}
}

func TestT08_TokensAreSlower(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	p := NewPace(testkit.Redis(t), c)
	spend := func() (n int) {
		for p.allow(t.Context(), "token:one", perToken) == nil {
			n++
		}
		return n
	}
	if n := spend(); n != 30 {
		t.Errorf("%d at once, want 30", n)
	}
	c.Advance(time.Second)
	if n := spend(); n != 10 {
		t.Errorf("%d after a second, want 10", n)
	}
}
