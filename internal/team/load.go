package team

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
)

// Load is what one person has to do, of what the lead sees.
type Load struct {
	Person  Person
	Hands   int // held, or kept for them
	Held    int // of these
	Weight  int // of what is in their hands ...
	Carried int // ... and of what they hold, which counts towards their limit
	Today   int
	Late    int
	Waiting int
	Likely  int
	NextDue time.Time // zero for none
	NextIn  ident.FirmID
	WorkMin int  // estimate of what is in their hands
	LeftMin int  // working time left today ...
	Known   bool // ... where a calendar tells
}

// Overloaded tells that there is more to do than time today.
func (l Load) Overloaded() bool { return l.Known && l.WorkMin > l.LeftMin }

// Load counts what p has.
func (b *Board) Load(p Person) Load {
	l := Load{Person: p}
	of := func(list List) int { return b.Count(Query{List: list, Person: p.ID}) }
	l.Today, l.Late, l.Waiting, l.Likely = of(ListToday), of(ListLate), of(ListWaiting), of(ListForecast)
	for _, i := range b.In(Query{List: ListHands, Person: p.ID}) {
		l.Hands++
		l.Weight += i.weight()
		l.WorkMin += i.Estimate
		if i.Held {
			l.Held++
			l.Carried += i.weight()
		}
		if l.NextDue.IsZero() || i.DueAt.Before(l.NextDue) {
			l.NextDue, l.NextIn = i.DueAt, i.Firm
		}
	}
	for _, f := range b.Firms {
		if f.Calendar && slices.Contains(p.Firms, f.ID) {
			l.LeftMin, l.Known = max(l.LeftMin, int(f.LeftS/60)), true
		}
	}
	return l
}

// Held are the items under a lease: where each is, and who holds it.
func (b *Board) Held() (firms []ident.FirmID, items []string, holders []ident.PersonID) {
	for _, i := range b.In(Query{List: ListHands}) {
		if i.Held {
			firms, items, holders = append(firms, i.Firm), append(items, string(i.ID)), append(holders, i.Owner)
		}
	}
	return firms, items, holders
}

// Loads are those of all people, by name.
func (b *Board) Loads() []Load {
	list := make([]Load, len(b.People))
	for n, p := range b.People {
		list[n] = b.Load(p)
	}
	return list
}

// Health is how the queue stands.
type Health struct {
	Free, Hot, Over, Triage, Stuck int
	Likely                         int       // to miss
	People, OnDuty                 int       // of those whom the lead is told of
	OldestAt                       time.Time // when the oldest free item came to be; zero for none
	Oldest                         Item
}

// Health counts the queue, of all pools.
func (b *Board) Health() Health { return b.HealthOf("") }

// HealthOf counts what a pool takes.
func (b *Board) HealthOf(pool ident.PoolID) Health {
	of := func(list List) int { return b.Count(Query{List: list, Pool: pool}) }
	h := Health{Free: of(ListFree), Hot: of(ListHot), Over: of(ListOver), Triage: of(ListTriage), Stuck: of(ListStuck), Likely: of(ListForecast)}
	for _, p := range b.People {
		if pool == "" || p.Pool == pool {
			if h.People++; p.Away.Since.IsZero() {
				h.OnDuty++
			}
		}
	}
	for _, i := range b.In(Query{List: ListFree, Pool: pool}) {
		if h.OldestAt.IsZero() || i.CreatedAt.Before(h.OldestAt) {
			h.OldestAt, h.Oldest = i.CreatedAt, i
		}
	}
	return h
}

// Lack is one thing that is missing at one firm, with how many items wait for it.
type Lack struct {
	Firm    Firm
	Missing Missing
	Labels  []authz.Label // levels of the items, lowest first
	Courses []string      // the certificates that are missing, by name
	Items   int
	Query   Query
}

// Lacks are all of them, by firm.
func (b *Board) Lacks() (list []Lack) {
	for _, f := range b.Firms {
		for _, m := range AllMissing {
			q := Query{List: ListStuck, Firm: f.ID, Missing: m}
			items := b.In(q)
			if len(items) == 0 {
				continue
			}
			l := Lack{Firm: f, Missing: m, Items: len(items), Query: q}
			for _, i := range items {
				l.Labels, l.Courses = append(l.Labels, i.Label), append(l.Courses, i.Courses...)
			}
			slices.Sort(l.Labels)
			slices.Sort(l.Courses)
			l.Labels, l.Courses = slices.Compact(l.Labels), slices.Compact(l.Courses)
			list = append(list, l)
		}
	}
	return list
}

// Hour is what falls due in one hour of the forecast.
type Hour struct {
	Until          int // business hours from now: 1 to 8
	Likely, Course int
}

// Hours split the promises of the forecast's time by business hours until they are due.
func (b *Board) Hours() []Hour {
	hours := make([]Hour, Horizon/3600)
	for n := range hours {
		hours[n] = Hour{n + 1, b.Count(Query{List: ListForecast, Hour: n + 1}), b.Count(Query{List: ListCourse, Hour: n + 1})}
	}
	return hours
}

// Move is one item that would go from somebody with more to do than time to a colleague
// with room. It is a suggestion: package worklist decides when it is made.
type Move struct {
	Item     Item
	From, To Person
}

// Moves suggests, for each person with more to do than hours left, to give away what was
// not begun first and what is due last first, until the rest fits. It goes to whoever of
// those that could take it has the most time left, where the estimate fits and they are
// below the limit of items in hand.
func (b *Board) Moves() (moves []Move) {
	loads := map[ident.PersonID]*Load{}
	for _, l := range b.Loads() {
		loads[l.Person.ID] = &l
	}
	for _, p := range b.People {
		from := loads[p.ID]
		if !from.Overloaded() {
			continue
		}
		for _, i := range givable(b.In(Query{List: ListHands, Person: p.ID})) {
			to := b.roomFor(i, p.ID, loads)
			if to == nil {
				continue
			}
			moves = append(moves, Move{i, p, to.Person})
			from.WorkMin, to.WorkMin = from.WorkMin-i.Estimate, to.WorkMin+i.Estimate
			from.Weight, to.Weight = from.Weight-i.weight(), to.Weight+i.weight()
			if !from.Overloaded() {
				break
			}
		}
	}
	return moves
}

// givable orders what somebody has by how well it can be given away.
func givable(items []Item) []Item {
	slices.SortStableFunc(items, func(x, y Item) int {
		if x.Held != y.Held {
			if y.Held {
				return -1
			}
			return 1
		}
		return y.Deadline.Compare(x.Deadline)
	})
	return items
}

func (b *Board) roomFor(i Item, from ident.PersonID, loads map[ident.PersonID]*Load) (best *Load) {
	for _, p := range b.People { // by name, so that equals are chosen alike
		l := loads[p.ID]
		if p.ID == from || !slices.Contains(i.Reach, p.ID) || !l.Known || l.Weight+i.weight() > p.limit() || l.WorkMin+i.Estimate > l.LeftMin {
			continue
		}
		if best == nil || l.LeftMin-l.WorkMin > best.LeftMin-best.WorkMin {
			best = l
		}
	}
	return best
}
