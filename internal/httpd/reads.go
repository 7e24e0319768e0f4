package httpd

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// How many privileged texts a person opens in ten minutes outside their work before
// the firm is told, and before they pause (SECURITY 7).
const (
	readsTold    = 500
	readsStopped = 2_000
	readMinutes  = 10
)

var errReads = fault.New(fault.TooMany, "reads_too_many", "this is more privileged text than one person reads in ten minutes; go on a little later, or take the work that it belongs to")

// tooMuchRead says when to go on.
type tooMuchRead struct{ after time.Duration }

func (e *tooMuchRead) Error() string             { return errReads.Error() }
func (e *tooMuchRead) Unwrap() error             { return errReads }
func (e *tooMuchRead) RetryAfter() time.Duration { return e.after }

// Held tells whether the actor of tx holds work on a matter: what belongs to that work
// is not counted. m may be "".
type Held func(tx *db.Tx, m ident.MatterID) (bool, error)

// Reads counts the privileged texts each person opens, minute by minute: over all firms
// for where they pause, and in each firm for what that firm is told, so that none is told
// of what they open elsewhere. It counts in Redis, and by itself while Redis is away. It
// is an audit.Meter.
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

// Showing counts texts, tells the firm once they are many, and refuses beyond the limit.
// One look may pass the limit; the next is refused. What is refused is not counted.
func (q *Reads) Showing(tx *db.Tx, m ident.MatterID, texts int) error {
	held, err := q.held(tx, m)
	if err != nil || held {
		return err
	}
	who := tx.Scope.Actor
	now := q.clock.Now()
	before := q.add(tx.Context(), freeKey("reads", string(who)), now.Unix()/60, int64(texts))
	sum := total(before)
	if sum >= readsStopped {
		return &tooMuchRead{pause(before, now)}
	}
	if after := sum + int64(texts); sum < readsTold && after >= readsTold {
		q.log.WarnContext(tx.Context(), "many privileged texts read", "person", who, "texts", after, "minutes", readMinutes)
	}
	here := total(q.add(tx.Context(), firmKey(tx.Scope.Firm, "reads", string(who)), now.Unix()/60, int64(texts)))
	if after := here + int64(texts); here < readsTold && after >= readsTold {
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

// pause is how long until enough minutes are over for another look.
func pause(minutes map[int64]int64, now time.Time) time.Duration {
	sum := total(minutes)
	for _, m := range slices.Sorted(maps.Keys(minutes)) {
		if sum -= minutes[m]; sum < readsStopped {
			return time.Unix((m+readMinutes)*60, 0).Sub(now)
		}
	}
	return 0
}
