package httpd

import (
	"context"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
)

// How many privileged texts a person opens in ten minutes outside their work before
// the firm is told, and before they pause (SECURITY 7).
const (
	readsTold    = 500
	readsStopped = 2_000
	readMinutes  = 10
)

var errReads = fault.New(fault.TooMany, "reads_too_many", "this is more privileged text than one person reads in ten minutes; go on a little later, or take the work that it belongs to")

// tooMuchRead refuses a look. A session goes on after a factor that is newer than the
// stop (people.ErrStale), a program, which has none to show, after a while.
type tooMuchRead struct {
	refusal *fault.Error
	at      time.Time // of the stop
	after   time.Duration
	again   bool // it was stopped before, and has shown no factor since
}

func (e *tooMuchRead) Error() string             { return e.refusal.Error() }
func (e *tooMuchRead) Unwrap() error             { return e.refusal }
func (e *tooMuchRead) RetryAfter() time.Duration { return e.after }

// stoppedAt refuses who acts in sc, for a stop at an instant.
func stoppedAt(sc scope.Scope, at time.Time, left time.Duration) *tooMuchRead {
	if sc.Token != "" {
		return &tooMuchRead{refusal: errReads, at: at, after: max(left, 0)}
	}
	return &tooMuchRead{refusal: people.ErrStale.With("this is more privileged text than one person reads in ten minutes; confirm it is you with your second factor to go on, or take the work that it belongs to"), at: at}
}

// goesOn tells whether who acts in sc may read after a stop.
func goesOn(sc scope.Scope, stop, now time.Time) bool {
	switch {
	case stop.IsZero():
		return true
	case sc.Token != "":
		return now.Sub(stop) >= readMinutes*time.Minute
	default:
		return sc.FactorAt.After(stop)
	}
}

// Held tells whether the actor of tx holds work on a matter: what belongs to that work
// is not counted. m may be "".
type Held func(tx *db.Tx, m ident.MatterID) (bool, error)

// Reads counts the privileged texts each person opens, minute by minute: over all firms
// for where they stop, and in each firm for what that firm is told, so that none is told
// of what they open elsewhere. It counts in Redis, and by itself while Redis is away. That
// somebody was stopped stands in PostgreSQL, and ends with a factor, not with Redis. It is
// an audit.Meter.
type Reads struct {
	redis *redis.Client
	clock clock.Clock
	log   *slog.Logger
	held  Held

	mu    sync.Mutex
	alone map[string]map[int64]int64 // minute -> texts
}

// NewReads counts in r, or in the process when r is nil.
func NewReads(r *redis.Client, c clock.Clock, log *slog.Logger, held Held) *Reads {
	return &Reads{redis: r, clock: c, log: log, held: held, alone: map[string]map[int64]int64{}}
}

// sinceStop names who the count is of, and the stop after which it began anew.
func sinceStop(who ident.PersonID, stop time.Time) string {
	if stop.IsZero() {
		return string(who)
	}
	return string(who) + ":" + strconv.FormatInt(stop.UnixMicro(), 10)
}

// Showing counts texts, tells the firm once they are many, and refuses beyond the limit.
// One look may pass the limit; the next is refused. What is refused is not counted. After
// a stop the count begins anew.
func (q *Reads) Showing(tx *db.Tx, m ident.MatterID, texts int) error {
	held, err := q.held(tx, m)
	if err != nil || held {
		return err
	}
	who := tx.Scope.Actor
	now := q.clock.Now()
	stop, err := people.ReadsStopped(tx)
	if err != nil {
		return err
	}
	if !goesOn(tx.Scope, stop, now) {
		e := stoppedAt(tx.Scope, stop, stop.Add(readMinutes*time.Minute).Sub(now))
		e.again = true
		return e
	}
	before := q.add(tx.Context(), freeKey("reads", sinceStop(who, stop)), now.Unix()/60, int64(texts))
	sum := total(before)
	if sum >= readsStopped {
		return stoppedAt(tx.Scope, now, readMinutes*time.Minute)
	}
	if after := sum + int64(texts); sum < readsTold && after >= readsTold {
		q.log.WarnContext(tx.Context(), "many privileged texts read", "person", who, "texts", after, "minutes", readMinutes)
	}
	here := total(q.add(tx.Context(), firmKey(tx.Scope.Firm, "reads", string(who)), now.Unix()/60, int64(texts)))
	if after := here + int64(texts); after >= readsTold {
		// Asked at each look beyond the limit: the one that passed it may have been rolled back.
		first, err := people.ReadsTold(tx, tx.Now.Add(-readMinutes*time.Minute))
		if err != nil || !first {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "reads.many", Object: "person", ID: string(who), Class: audit.C1, Detail: map[string]int64{"texts": after, "minutes": readMinutes}})
	}
	return nil
}

// addReads forgets minutes that are over, adds unless the limit is reached, and
// returns what stood before: minute, texts, minute, texts.
var addReads = redis.NewScript(`
local minute, texts, limit, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local all, out, sum = redis.call('HGETALL', KEYS[1]), {}, 0
for i = 1, #all, 2 do
  if tonumber(all[i]) <= minute - keep then redis.call('HDEL', KEYS[1], all[i])
  else sum = sum + tonumber(all[i + 1]); out[#out + 1] = tonumber(all[i]); out[#out + 1] = tonumber(all[i + 1]) end
end
if sum < limit then redis.call('HINCRBY', KEYS[1], minute, texts); redis.call('EXPIRE', KEYS[1], (keep + 1) * 60) end
return out`)

// add counts texts and returns what was counted before, minute by minute.
func (q *Reads) add(ctx context.Context, key string, minute, texts int64) map[int64]int64 {
	if q.redis != nil {
		ctx, stop := context.WithTimeout(ctx, redisTime)
		defer stop()
		flat, err := addReads.Run(ctx, q.redis, []string{key}, minute, texts, readsStopped, readMinutes).Int64Slice()
		if err == nil {
			before := map[int64]int64{}
			for i := 0; i+1 < len(flat); i += 2 {
				before[flat[i]] = flat[i+1]
			}
			return before
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	mine := q.alone[key]
	if mine == nil {
		if len(q.alone) >= most {
			clear(q.alone)
		}
		mine = map[int64]int64{}
		q.alone[key] = mine
	}
	maps.DeleteFunc(mine, func(m, _ int64) bool { return m <= minute-readMinutes })
	before := maps.Clone(mine)
	if total(before) < readsStopped {
		mine[minute] += texts
	}
	return before
}

func total(minutes map[int64]int64) (sum int64) {
	for _, n := range minutes {
		sum += n
	}
	return sum
}
