// Package team is the lead's board: who has how much to do, what the queue holds that
// nobody takes or can take, which promises are likely to be broken, and which moves would
// help (SLA.md 9). It owns what is counted and how. It does not own items and moves
// nothing by itself: package worklist does, and decides anew about every act.
//
// The rules:
//
//   - A lead's board is made of the open items that her own grants and walls let her know
//     of, in the firms where she may see the board and the queue. Every figure is the
//     length of the list behind it (Board.In), so what is hidden changes no figure.
//   - Each open item stands in one place: free, in hands, waiting, or for the lead to decide.
//   - Somebody is named where the lead may know of the whole firm, or where their work or
//     their access meets an item that she sees.
//   - Hours left today are the business time until a firm's day ends, on the calendar in
//     force there; of a person, the most that any firm of theirs counts. Without any such
//     calendar they are not known. Who is set away counts as not on duty.
//   - Work belongs to every pool that takes its firm and type (package worklist). What none
//     takes is a list of its own, so that it never vanishes.
//   - The present pace of a pool is the estimate of what its people finished in the last
//     PaceDays, per business hour of them, on the calendar that counts the most.
//   - A promise that falls due within Horizon business seconds is likely to be missed when
//     in every pool that takes it the work up to and with it, by deadline and whoever has
//     it, takes longer at that pace than the business time until it is due. Without a pace
//     anywhere nothing is foretold.
//   - Nobody can take an item where no grant with item.work reaches it, or where all whom one
//     does are away, claim through a pool that does not take it, said that they may have a
//     conflict, lack a mandatory certificate, have not read the firm's guidelines or prepared
//     what it reviews (package requirement). Of these the board names what the one who lacks
//     least lacks. A preference for a certificate ends by itself,
//     so it keeps nobody.
package team

import (
	"cmp"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/worklist"
)

// The forecast's bounds.
const (
	Horizon  = 8 * 60 * 60 // business seconds ahead (SLA.md 9)
	PaceDays = 7
)

// ErrList refuses a list that there is not.
var ErrList = fault.New(fault.Invalid, "team_list", "there is no such list")

// Place is where an open item stands.
type Place string

// The places. In hands is what somebody holds, or what is kept for them.
const (
	Free    Place = "free"
	Hands   Place = "hands"
	Waiting Place = "waiting"
	Triage  Place = "triage" // three people passed it over: a lead decides
)

// Missing is why nobody can take an item.
type Missing string

// What is missing; "" where somebody can.
const (
	MissingWorkers  Missing = "workers"  // nobody holds item.work at the firm
	MissingReach    Missing = "reach"    // no grant of theirs covers the item: scope, level or wall
	MissingConflict Missing = "conflict" // who could said that they may have a conflict
	MissingDuty     Missing = "duty"     // who could is away
	MissingPool     Missing = "pool"     // who could claims through a pool that does not take it
	MissingCourse   Missing = "certificate"
	MissingRead     Missing = "guidelines" // who could has not read the firm's guidelines
	MissingOther    Missing = "four_eyes"  // who could prepared what it reviews
)

// AllMissing are all of them.
var AllMissing = []Missing{MissingWorkers, MissingReach, MissingConflict, MissingCourse, MissingRead, MissingOther, MissingDuty, MissingPool}

// Item is one open item as the board counts it.
type Item struct {
	Firm      ident.FirmID
	ID        ident.WorkItemID
	Version   int
	Type      string
	Label     authz.Label
	Place     Place
	Held      bool           // in hands, and under a lease
	Owner     ident.PersonID // who has it, or who asked while it waits; "" for nobody
	Promised  bool
	Estimate  int // minutes
	Weight    int // in the hands of who holds it; 0 is 1
	CreatedAt time.Time
	DueAt     time.Time // zero while it waits
	Deadline  time.Time
	HotAt     time.Time
	DayEnd    time.Time        // of the firm's present day
	LeftS     int64            // business seconds until it is due
	Pools     []ident.PoolID   // that take it
	Reach     []ident.PersonID // who could take it now
	Missing   Missing
	Courses   []string // the certificates that are missing
	Likely    bool     // to miss

	known []ident.PersonID // whose access covers it, whatever keeps them from it
}

func (i Item) weight() int { return max(i.Weight, 1) }

func (i Item) over(at time.Time) bool { return i.Place != Waiting && i.Deadline.Before(at) }
func (i Item) hot(at time.Time) bool {
	return i.Place != Waiting && !i.over(at) && !i.HotAt.After(at)
}
func (i Item) today(at time.Time) bool {
	return !i.DueAt.IsZero() && !i.over(at) && i.DueAt.Before(i.DayEnd)
}

// soon tells a promise that falls due within the forecast's time.
func (i Item) soon(at time.Time) bool {
	return i.Promised && !i.DueAt.IsZero() && !i.DueAt.Before(at) && i.LeftS <= Horizon
}

// hour is in which business hour from now it falls due: 1 to 8.
func (i Item) hour() int { return int(max(0, i.LeftS-1)/3600) + 1 }

// Firm is one firm of the board.
type Firm struct {
	worklist.Firm
	Whole       bool // the lead may know of all of it
	DayEnd      time.Time
	Calendar    bool             // one is in force
	LeftS       int64            // business seconds until its day ends
	PaceS       int64            // business seconds of the last PaceDays
	FinishedMin int64            // estimate of what was finished in them ...
	Workers     []ident.PersonID // of those whom the lead is told of

	finished map[ident.PersonID]int64 // ... by whom
}

// Person is somebody of the team.
type Person struct {
	ID    ident.PersonID
	Name  string
	Firms []ident.FirmID // where they may work
	Pool  ident.PoolID   // "" where the lead is not told of it
	Away  worklist.Away  // the zero Away is on duty
	Limit int            // the weight of what they may hold; 0 is worklist.MaxHeld
}

func (p Person) limit() int { return cmp.Or(p.Limit, worklist.MaxHeld) }

// Board is what a lead sees at an instant.
type Board struct {
	At      time.Time       // whole seconds, as clocks count
	Firms   []Firm          // by code
	People  []Person        // by name
	Items   []Item          // by deadline
	Pools   []worklist.Pool // by name; none without configuration
	HasPace bool
	PaceMin int64 // estimated minutes finished ...
	PaceS   int64 // ... in so many business seconds
}

// List is one list behind a figure.
type List string

// The lists.
const (
	ListOpen     List = "open"
	ListFree     List = "free"
	ListHands    List = "hands"
	ListWaiting  List = "waiting"
	ListTriage   List = "triage"
	ListHot      List = "hot"      // free, and their deadline is near
	ListOver     List = "over"     // free, and past their deadline
	ListDay      List = "day"      // to be done until the day ends, with all that is over
	ListToday    List = "today"    // promised for today
	ListLate     List = "late"     // promised, and past due
	ListStuck    List = "stuck"    // nobody can take them
	ListForecast List = "forecast" // likely to miss
	ListCourse   List = "course"   // promised within the forecast's time, and on course
	ListNoPool   List = "no_pool"  // no pool takes them
)

// Lists are all of them.
var Lists = []List{ListOpen, ListFree, ListHands, ListWaiting, ListTriage, ListHot, ListOver, ListDay, ListToday, ListLate, ListStuck, ListForecast, ListCourse, ListNoPool}

// Query asks for one list, or for what one person has, one firm brings, one thing keeps
// from being taken or one hour of the forecast holds of it.
type Query struct {
	List    List
	Person  ident.PersonID
	Firm    ident.FirmID
	Pool    ident.PoolID // what it takes
	Missing Missing
	Hour    int // 1 to 8, 0 for all
}

func (q Query) check() error {
	if !slices.Contains(Lists, q.List) {
		return ErrList.On(fault.Field{Path: "list", Code: "team_list", Message: "there is no such list", Fix: "choose one of those that the board leads to"})
	}
	if q.Missing != "" && !slices.Contains(AllMissing, q.Missing) {
		return ErrList.On(fault.Field{Path: "missing", Code: "team_missing", Message: "nothing of this name can be missing", Fix: "choose workers, reach, conflict, certificate, guidelines, four_eyes, duty or pool"})
	}
	if q.Hour < 0 || q.Hour > Horizon/3600 {
		return ErrList.On(fault.Field{Path: "hour", Code: "team_hour", Message: "the forecast has no such hour", Fix: "choose 1 to 8, or leave it out"})
	}
	return nil
}

// In is the list that q asks for, by deadline.
func (b *Board) In(q Query) (list []Item) {
	for _, i := range b.Items {
		if b.has(q, i) {
			list = append(list, i)
		}
	}
	return list
}

// Count is the figure of q: how long its list is.
func (b *Board) Count(q Query) int { return len(b.In(q)) }

func (b *Board) has(q Query, i Item) bool {
	if q.Firm != "" && i.Firm != q.Firm || q.Person != "" && i.Owner != q.Person || q.Missing != "" && i.Missing != q.Missing {
		return false
	}
	if q.Pool != "" && !slices.Contains(i.Pools, q.Pool) {
		return false
	}
	if q.Hour != 0 && !(i.soon(b.At) && i.hour() == q.Hour) {
		return false
	}
	switch q.List {
	case ListOpen:
		return true
	case ListFree, ListHands, ListWaiting, ListTriage:
		return string(i.Place) == string(q.List)
	case ListHot:
		return i.Place == Free && i.hot(b.At)
	case ListOver:
		return i.Place == Free && i.over(b.At)
	case ListDay:
		return i.over(b.At) || i.today(b.At)
	case ListToday:
		return i.Promised && i.today(b.At)
	case ListLate:
		return i.Promised && i.over(b.At)
	case ListStuck:
		return i.Missing != ""
	case ListForecast:
		return i.Likely
	case ListCourse:
		return b.HasPace && i.soon(b.At) && !i.Likely
	case ListNoPool:
		return len(b.Pools) > 0 && len(i.Pools) == 0
	}
	return false
}

// settle puts everything in its order and foretells.
func (b *Board) settle() {
	slices.SortFunc(b.Items, func(x, y Item) int {
		return cmp.Or(x.Deadline.Compare(y.Deadline), cmp.Compare(x.Firm, y.Firm), cmp.Compare(x.ID, y.ID))
	})
	slices.SortFunc(b.Firms, func(x, y Firm) int { return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(x.ID, y.ID)) })
	slices.SortFunc(b.People, func(x, y Person) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	b.PaceMin, b.PaceS = 0, 0
	for _, f := range b.Firms {
		b.PaceMin, b.PaceS = b.PaceMin+f.FinishedMin, max(b.PaceS, f.PaceS)
	}
	b.HasPace = b.PaceMin > 0 && b.PaceS > 0
	b.foretell()
}

// foretell marks the promises that are likely to be missed.
func (b *Board) foretell() {
	pace, ahead := b.paces(), map[ident.PoolID]int64{}
	for n := range b.Items {
		i := &b.Items[n]
		i.Likely = false
		if i.Place == Waiting {
			continue
		}
		takes := i.Pools
		if len(b.Pools) < 2 {
			takes = []ident.PoolID{""} // one pool is everybody
		}
		i.Likely = b.HasPace && i.soon(b.At)
		for _, p := range takes {
			ahead[p] += int64(i.Estimate)
			if ahead[p]*b.PaceS <= i.LeftS*pace[p] {
				i.Likely = false
			}
		}
	}
}

// paces are the minutes that each pool's people finished in the last PaceDays; under "" those
// of everybody.
func (b *Board) paces() map[ident.PoolID]int64 {
	pace := map[ident.PoolID]int64{"": b.PaceMin}
	for _, f := range b.Firms {
		for who, minutes := range f.finished {
			for _, p := range b.People {
				if p.ID == who && p.Pool != "" {
					pace[p.Pool] += minutes
				}
			}
		}
	}
	return pace
}

// kept are those whose access covers an item and whom something keeps from it.
type kept struct {
	barred  []ident.PersonID     // they may have a conflict
	lacking [][]requirement.Lack // what each lacks
	away    int
	outside int // their pool does not take it
}

// stuck tells what keeps everybody from an item that waits to be taken.
func stuck(p Place, workers, reach []ident.PersonID, k kept) (m Missing, courses []string) {
	switch {
	case p == Hands || p == Waiting:
		return "", nil
	case len(workers) == 0:
		return MissingWorkers, nil
	case len(reach) > 0:
		return "", nil
	case k.away > 0:
		return MissingDuty, nil
	case k.outside > 0:
		return MissingPool, nil
	case len(k.lacking) > 0:
		return least(k.lacking)
	case len(k.barred) > 0:
		return MissingConflict, nil
	default:
		return MissingReach, nil
	}
}

// least is what the one who lacks least lacks.
func least(lacking [][]requirement.Lack) (Missing, []string) {
	best := slices.MinFunc(lacking, func(a, b []requirement.Lack) int { return len(a) - len(b) })
	var courses []string
	m := MissingOther
	for _, l := range best {
		switch l.Kind {
		case requirement.Certificate:
			courses = append(courses, l.Course)
		case requirement.Guidelines:
			m = MissingRead
		case requirement.FourEyes, requirement.Preferred:
		}
	}
	if len(courses) > 0 {
		m = MissingCourse
	}
	return m, courses
}
