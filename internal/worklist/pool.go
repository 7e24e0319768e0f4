package worklist

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
)

// Bounds of pools.
const (
	MaxPools     = 50 // open ones
	mostLimit    = 20 // of what one person may hold, and of a weight
	maxPoolName  = 60
	maxPoolFirms = 2000
)

// Refusals about pools and duty.
var (
	ErrPool      = fault.New(fault.Invalid, "pool_invalid", "some fields of this pool need correcting")
	ErrPoolName  = fault.New(fault.Conflict, "pool_name", "another pool has this name")
	ErrPoolsMany = fault.New(fault.Conflict, "pools_many", "there are as many pools as there may be; end one first")
	ErrPoolStays = fault.New(fault.Conflict, "pool_default", "whoever is in no other pool claims through this one, so it stays")
	ErrPoolLead  = fault.New(fault.Forbidden, "pool_lead_only", "this pool also takes work of firms that are not yours, so only its lead changes or ends it")
	ErrPoolTook  = fault.New(fault.Stale, "pool_changed", "this pool changed since you opened it")
	ErrAway      = fault.New(fault.Conflict, "queue_away", "you are set away, so nothing is given to you; come back on duty first")
	ErrSeat      = fault.New(fault.Invalid, "seat_invalid", "this cannot be set for that person")
	ErrWeight    = fault.New(fault.Invalid, "weight_invalid", "these weights cannot be set")
)

// Pool is a named set of specialists under a lead, for some or all firms and types of
// work. Each person claims through one; without configuration there is one.
type Pool struct {
	ID        ident.PoolID
	Name      string
	Default   bool   // whoever is in no other claims through it; it never ends
	Lead      Person // "" while nobody was named
	EveryFirm bool
	Firms     []ident.FirmID // whose work it takes, where not of every firm
	Others    bool           // it takes work of firms that the reader is not told of
	Types     []string       // of work that it takes; nil is every one
	Limit     int            // the weight of what one of its people may hold
	Push      bool           // it offers its work
	Version   int
	Closed    bool // to the reader: only its lead changes or ends it

	leadLeft bool
}

// Takes tells whether a pool takes a firm's work of a type.
func (p Pool) Takes(firm ident.FirmID, typ string) bool {
	return (p.EveryFirm || slices.Contains(p.Firms, firm)) && (len(p.Types) == 0 || slices.Contains(p.Types, typ))
}

// firmsOf are those of firms whose work the pool takes.
func (p Pool) firmsOf(firms []ident.FirmID) []ident.FirmID {
	if p.EveryFirm {
		return firms
	}
	return slices.DeleteFunc(slices.Clone(firms), func(f ident.FirmID) bool { return !slices.Contains(p.Firms, f) })
}

// accesses are those in the firms whose work the pool takes.
func (p Pool) accesses(all []*authz.Access) []*authz.Access {
	if p.EveryFirm {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(a *authz.Access) bool { return !slices.Contains(p.Firms, a.Firm) })
}

// PoolDraft is what a lead says of a pool. Of its firms a lead names those that they work
// for themselves; whatever else it takes stays as it is.
type PoolDraft struct {
	Name      string
	Lead      ident.PersonID // "" is the actor, of a new one; else as it is
	EveryFirm bool
	Firms     []ident.FirmID
	Types     []string // nil is every one
	Limit     int      // 0 is 3
	Push      bool
	Version   int // of a change: what was shown
}

// check tells all that is wrong with a draft. firms are those of the lead.
func (d *PoolDraft) check(firms []ident.FirmID) error {
	d.Name = strings.TrimSpace(d.Name)
	if d.Limit == 0 {
		d.Limit = MaxHeld
	}
	var fs fault.Fields
	if n := utf8.RuneCountInString(d.Name); n == 0 || n > maxPoolName {
		fs.Add("name", "pool_name", "a pool needs a name of 1 to %d characters", maxPoolName)
	}
	if d.EveryFirm && len(d.Firms) > 0 {
		fs.Add("firm_ids", "pool_firms", "it takes the work of every firm; leave the firms out, or name the firms alone")
	}
	if len(d.Firms) > maxPoolFirms || slices.ContainsFunc(d.Firms, func(f ident.FirmID) bool { return !slices.Contains(firms, f) }) {
		fs.Add("firm_ids", "pool_firm", "one of these is none of your firms; choose among them")
	}
	for _, t := range d.Types {
		if !slices.Contains(requirement.Types(), t) { // a slip of the pen would leave work that nobody is given
			fs.Add("types", "pool_type", "there is no type of work %q; choose of %s", t, strings.Join(requirement.Types(), ", "))
		}
	}
	if d.Limit < 1 || d.Limit > mostLimit {
		fs.Add("limit", "pool_limit", "one person may hold 1 to %d", mostLimit)
	}
	slices.Sort(d.Types)
	d.Types = slices.Compact(d.Types)
	slices.Sort(d.Firms)
	d.Firms = slices.Compact(d.Firms)
	return fs.Err(ErrPool)
}

// AwayAs is whose word it is that somebody is away. Stored.
type AwayAs string

// Somebody away is given nothing until they come back.
const (
	AwaySelf   AwayAs = "self"
	AwayLead   AwayAs = "lead"
	AwayLapsed AwayAs = "lapsed" // three offers in a row that they did not answer
)

// Seat is where a person claims, how much they may hold and whether they are away.
type Seat struct {
	Person ident.PersonID
	Pool   ident.PoolID // "" where the reader is not told of it
	Limit  int          // their own; 0 is the pool's
	Away   Away
	Lapses int  // offers in a row that they let lapse
	Push   bool // their pool offers its work; of one's own seat

	offered time.Time // when they were last offered something
}

// Away is since when and until when somebody is away. The zero Away is on duty.
type Away struct {
	Since time.Time
	Until time.Time // zero until they come back
	As    AwayAs
}

// Is tells whether they are away at an instant.
func (a Away) Is(at time.Time) bool {
	return !a.Since.IsZero() && (a.Until.IsZero() || a.Until.After(at))
}

// Layout is how the bureau's people claim: pools by name, who sits where, and weights.
// The zero Layout is one pool for everybody.
type Layout struct {
	At      time.Time
	Pools   []Pool
	Seats   map[ident.PersonID]Seat
	Weights map[string]int // of types of work; 1 where it says nothing
}

// Pool is the one that a person claims through; false where the reader is not told of it.
func (l Layout) Pool(who ident.PersonID) (Pool, bool) {
	id := l.Seats[who].Pool
	at := slices.IndexFunc(l.Pools, func(p Pool) bool { return p.ID == id || id == "" && p.Default })
	switch {
	case at >= 0:
		return l.Pools[at], true
	case id == "":
		return Pool{EveryFirm: true, Default: true, Limit: MaxHeld}, true // nothing was ever set
	default:
		return Pool{Limit: MaxHeld}, false // it takes nothing that the reader sees
	}
}

// Takes tells whether somebody's pool takes a firm's work of a type.
func (l Layout) Takes(who ident.PersonID, firm ident.FirmID, typ string) bool {
	p, _ := l.Pool(who)
	return p.Takes(firm, typ)
}

// Of are the pools that take a firm's work of a type.
func (l Layout) Of(firm ident.FirmID, typ string) (list []ident.PoolID) {
	for _, p := range l.Pools {
		if p.Takes(firm, typ) {
			list = append(list, p.ID)
		}
	}
	return list
}

// Limit is the weight of what somebody may hold.
func (l Layout) Limit(who ident.PersonID) int {
	if own := l.Seats[who].Limit; own > 0 {
		return own
	}
	p, _ := l.Pool(who)
	return p.Limit
}

// Away tells whether somebody is away now.
func (l Layout) Away(who ident.PersonID) bool { return l.Seats[who].Away.Is(l.At) }

// Weight is what one item of a type counts in the hands of who holds it.
func (l Layout) Weight(typ string) int { return max(l.Weights[typ], 1) }

// checkWeights tells all that is wrong with weights. Nothing weighs more than somebody in
// a pool may hold, for nobody there would ever be given it.
func checkWeights(weights map[string]int, pools []Pool) error {
	var fs fault.Fields
	for _, typ := range slices.Sorted(maps.Keys(weights)) {
		switch w := weights[typ]; {
		case !slices.Contains(requirement.Types(), typ):
			fs.Add("weights."+typ, "weight_type", "there is no type of work %q; choose of %s", typ, strings.Join(requirement.Types(), ", "))
		case w < 1 || w > mostLimit:
			fs.Add("weights."+typ, "weight_range", "a weight is 1 to %d", mostLimit)
		default:
			for _, p := range pools {
				if w > p.Limit && (len(p.Types) == 0 || slices.Contains(p.Types, typ)) {
					fs.Add("weights."+typ, "weight_limit", "a pool that takes this work lets one person hold %d; raise that first, or let it weigh less", p.Limit)
					break
				}
			}
		}
	}
	return fs.Err(ErrWeight)
}

// checkLimit is the same from the pool's side.
func (d PoolDraft) checkLimit(weights map[string]int) error {
	var fs fault.Fields
	for _, typ := range slices.Sorted(maps.Keys(weights)) {
		if w := weights[typ]; w > d.Limit && (len(d.Types) == 0 || slices.Contains(d.Types, typ)) {
			fs.Add("limit", "pool_limit_weight", "one item of the type %s weighs %d, so nobody in this pool would ever be given one; let them hold as much", typ, w)
		}
	}
	return fs.Err(ErrPool)
}

// room is what a claim starts from: which pool gives to somebody, and what they may still
// take on.
type room struct {
	pool    Pool
	hot     int // picks of the pool since the last overdue one
	away    bool
	limit   int            // of what they may hold
	left    int            // of it
	weights map[string]int // of types of work
	gone    []string       // people who are away
}

// full is the refusal where not even the lightest thing fits.
func (r room) full() error { return r.fitting(1) }

// fits is the refusal where one item of a type does not fit.
func (r room) fits(typ string) error { return r.fitting(max(r.weights[typ], 1)) }

func (r room) fitting(weight int) error {
	switch {
	case weight <= r.left:
		return nil
	case r.left < 1:
		return ErrHeldMany
	default:
		return ErrHeldMany.With("this weighs %d, and you hold %d of the %d that one person may; finish or return something first", weight, r.limit-r.left, r.limit)
	}
}
