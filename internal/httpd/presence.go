package httpd

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
)

// Doing is what somebody does at a thing.
type Doing string

// The doings. Who types looks at it too.
const (
	Viewing Doing = "viewing"
	Typing  Doing = "typing"
)

// presentFor is how long somebody counts as there after the last sign of them: a few
// signs of a stream, which come each second.
const presentFor = 4 * time.Second

// Here is somebody at a thing.
type Here struct {
	Person ident.PersonID
	Doing  Doing
}

// Presence is who looks at what in a firm, ids only. It is a hint and lives in Redis
// alone, so that every process sees the same; without Redis a process knows its own.
type Presence struct {
	redis *redis.Client
	clock clock.Clock

	mu    sync.Mutex
	alone map[string]map[string]time.Time
}

// NewPresence keeps presence in r, or in the process when r is nil.
func NewPresence(r *redis.Client, c clock.Clock) *Presence {
	return &Presence{redis: r, clock: c, alone: map[string]map[string]time.Time{}}
}

// presentAt is the key of a thing: a sorted set of who is there, by when it ends.
func presentAt(firm ident.FirmID, thing string) string {
	return firmKey(firm, "present", thing)
}

// See notes that who is at a thing now.
func (p *Presence) See(ctx context.Context, firm ident.FirmID, thing string, who ident.PersonID, d Doing) {
	key, member := presentAt(firm, thing), string(d)+" "+string(who)
	until := p.clock.Now().Add(presentFor)
	if p.redis != nil {
		ctx, stop := context.WithTimeout(ctx, redisTime)
		defer stop()
		_, err := p.redis.Pipelined(ctx, func(q redis.Pipeliner) error {
			q.ZAdd(ctx, key, redis.Z{Score: float64(until.UnixMilli()), Member: member})
			q.PExpire(ctx, key, 2*presentFor)
			return nil
		})
		if err == nil {
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alone[key] == nil {
		if len(p.alone) >= most {
			clear(p.alone)
		}
		p.alone[key] = map[string]time.Time{}
	}
	p.alone[key][member] = until
}

// Leave notes that who has gone.
func (p *Presence) Leave(ctx context.Context, firm ident.FirmID, thing string, who ident.PersonID) {
	key := presentAt(firm, thing)
	members := []any{string(Viewing) + " " + string(who), string(Typing) + " " + string(who)}
	if p.redis != nil {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), redisTime)
		defer stop()
		_ = p.redis.ZRem(ctx, key, members...).Err() // they count as gone a little later anyhow
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range members {
		delete(p.alone[key], m.(string))
	}
	if len(p.alone[key]) == 0 {
		delete(p.alone, key)
	}
}

// At is who is at each thing, by id; nobody where that cannot be known.
func (p *Presence) At(ctx context.Context, firms []ident.FirmID, things []string) [][]Here {
	out := make([][]Here, len(things))
	now := p.clock.Now()
	if p.redis != nil && len(things) > 0 {
		ctx, stop := context.WithTimeout(ctx, redisTime)
		defer stop()
		asked := make([]*redis.StringSliceCmd, len(things))
		_, err := p.redis.Pipelined(ctx, func(q redis.Pipeliner) error {
			for i, thing := range things {
				asked[i] = q.ZRangeByScore(ctx, presentAt(firms[i], thing), &redis.ZRangeBy{Min: "(" + strconv.FormatInt(now.UnixMilli(), 10), Max: "+inf"})
			}
			return nil
		})
		if err == nil {
			for i, a := range asked {
				out[i] = hereOf(a.Val())
			}
			return out
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, thing := range things {
		var members []string
		for m, until := range p.alone[presentAt(firms[i], thing)] {
			if until.After(now) {
				members = append(members, m)
			}
		}
		out[i] = hereOf(members)
	}
	return out
}

// Owners are those of things who look at their own now. owners go along with firms and
// things.
func (p *Presence) Owners(ctx context.Context, firms []ident.FirmID, things []string, owners []ident.PersonID) map[ident.PersonID]bool {
	look := map[ident.PersonID]bool{}
	for n, here := range p.At(ctx, firms, things) {
		for _, h := range here {
			if h.Person == owners[n] {
				look[h.Person] = true
			}
		}
	}
	return look
}

// hereOf makes one of each person: who types is not named twice.
func hereOf(members []string) (list []Here) {
	at := map[ident.PersonID]int{}
	for _, m := range members {
		doing, who, _ := strings.Cut(m, " ")
		h := Here{ident.PersonID(who), Doing(doing)}
		if i, ok := at[h.Person]; !ok {
			at[h.Person] = len(list)
			list = append(list, h)
		} else if h.Doing == Typing {
			list[i].Doing = Typing
		}
	}
	slices.SortFunc(list, func(a, b Here) int { return strings.Compare(string(a.Person), string(b.Person)) })
	return list
}
