package httpd

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// allowance is so many requests a second, and so many at once.
type allowance struct {
	perSecond float64 // a rate, not money
	burst     float64
}

// The allowances of SECURITY 7. While Redis is away each process counts for itself,
// and sign-in gets the half.
var (
	perSession = allowance{20, 60}
	perFirm    = allowance{100, 300}
	perToken   = allowance{10, 30}
	perGate    = allowance{20. / 60, 20} // sign-in, enrolment, one-time codes, by network
)

// redisTime bounds what a request waits for Redis: it is a hint, never a must (F04).
const redisTime = 50 * time.Millisecond

// Pace counts requests in Redis, or by itself without.
type Pace struct {
	redis *redis.Client
	clock clock.Clock

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// NewPace counts in r, or in the process when r is nil.
func NewPace(r *redis.Client, c clock.Clock) *Pace {
	return &Pace{redis: r, clock: c, buckets: map[string]bucket{}}
}

// tooFast says when to try again.
type tooFast struct{ after time.Duration }

var errTooFast = fault.New(fault.TooMany, "requests_too_many", "too many requests; slow down")

func (e *tooFast) Error() string             { return errTooFast.Error() }
func (e *tooFast) Unwrap() error             { return errTooFast }
func (e *tooFast) RetryAfter() time.Duration { return e.after }

// take is the generic cell rate algorithm: the key holds the time, in microseconds,
// at which the bucket will be full again. It outlives that by a minute, for clocks
// that do not agree.
var take = redis.NewScript(`
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + every
local early = full - burst - now
if early > 0 then return early end
redis.call('SET', KEYS[1], string.format('%d', full), 'PX', math.ceil((full - now) / 1000) + 60000)
return 0`)

// allow takes one request from key's allowance.
func (p *Pace) allow(ctx context.Context, key string, a allowance) error {
	if p.redis != nil {
		ctx, stop := context.WithTimeout(ctx, redisTime)
		defer stop()
		every := 1e6 / a.perSecond
		wait, err := take.Run(ctx, p.redis, []string{key}, p.clock.Now().UnixMicro(), int64(every), int64(every*a.burst)).Int64()
		if err == nil && wait > 0 {
			return &tooFast{time.Duration(wait) * time.Microsecond}
		}
		if err == nil {
			return nil
		}
		if a == perGate {
			a.burst /= 2
		}
	}
	return p.alone(key, a)
}

// most is how many keys one process remembers; a full memory forgets everything
// rather than grow, which only ever lets more through.
const most = 100_000

func (p *Pace) alone(key string, a allowance) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	b, ok := p.buckets[key]
	if !ok {
		if len(p.buckets) >= most {
			clear(p.buckets)
		}
		b = bucket{a.burst, now}
	}
	b.tokens = min(a.burst, b.tokens+now.Sub(b.at).Seconds()*a.perSecond)
	b.at = now
	if b.tokens < 1 {
		p.buckets[key] = b
		return &tooFast{time.Duration((1 - b.tokens) / a.perSecond * float64(time.Second))}
	}
	b.tokens--
	p.buckets[key] = b
	return nil
}

// paceFirm slows a firm as a whole, counting only who has been let in: a stranger
// must not use up what is theirs.
func (s *Server) paceFirm(ctx context.Context) error {
	sc, err := scope.From(ctx)
	if s.parts.Pace == nil || err != nil {
		return err
	}
	return s.parts.Pace.allow(ctx, firmKey(sc.Firm, "pace"), perFirm)
}

// pace slows who asks too fast: a session everywhere, and by network whoever is not
// signed in.
func (s *Server) pace(r Route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p := s.parts.Pace
			if p == nil {
				return next(c)
			}
			ctx := c.Request().Context()
			sc, err := scope.From(ctx)
			switch {
			case err == nil && sc.Token != "":
				err = p.allow(ctx, freeKey("pace:token", string(sc.Token)), perToken)
			case err == nil && sc.Session != "":
				err = p.allow(ctx, freeKey("pace:session", string(sc.Session)), perSession)
			case r.Gate || (r.Needs == rbac.Public || r.Needs == rbac.PayorLink) && r.Method != http.MethodGet:
				err = p.allow(ctx, freeKey("pace:gate", networkOf(c.RealIP())), perGate)
			default:
				err = p.allow(ctx, freeKey("pace:network", networkOf(c.RealIP())), perFirm)
			}
			if err != nil {
				return err
			}
			return next(c)
		}
	}
}
