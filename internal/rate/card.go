package rate

import (
	"cmp"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
)

// Question asks what an hour costs.
type Question struct {
	Matter     ident.MatterID
	Client     ident.ClientID
	Practice   string // the matter's practice group; "" when it has none
	Timekeeper ident.TimekeeperID
	Class      string
	Task       string
	Activity   string
	Currency   money.Currency
	On         time.Time // the work date decides, not the day of entry or invoice
}

// Answer says what, and why: the row that won, and the standard rate beside it,
// which is the base of realization.
type Answer struct {
	Rate     money.Fixed4
	Level    Level
	Source   string // the level in words, and which of two it was on levels 3 and 9
	ID       ident.RateID
	Standard money.Fixed4 // levels 10 and 11; equals Rate when neither exists
	Version  int64        // of the register that gave it
}

// Step is one question that a resolution asks, in order, with the row that answers it.
type Step struct {
	Level Level
	Words string
	Rate  *Rate // nil where there is none for the day
	Wins  bool
}

// Register is what a firm's rates are resolved by.
type Register struct {
	Rates   []Rate
	Members []matter.Member               // which client was in which group, when
	Offices map[ident.TimekeeperID]string // of timekeepers who have one
	Version int64                         // goes up with every change of what rates are resolved by; 0 while nothing was entered
}

// slot is one kind of key. The order is that of resolution.
type slot uint8

const (
	matterTimekeeper slot = iota
	matterTask
	matterActivity
	matterTitle
	matterFlat
	clientTimekeeper
	clientTitle
	groupTitle
	officeTitle
	practiceTitle
	standardTimekeeper
	standardTitle
	slots
)

var slotLevel = [slots]Level{
	LevelMatterTimekeeper, LevelMatterCode, LevelMatterCode, LevelMatterTitle, LevelMatter, LevelClientTimekeeper, LevelClientTitle,
	LevelGroupTitle, LevelPlaceTitle, LevelPlaceTitle, LevelTimekeeper, LevelTitle,
}

// words are the level's, or closer ones where it has two kinds.
func (s slot) words() string {
	switch s {
	case matterTask:
		return "this matter and task"
	case matterActivity:
		return "this matter and activity"
	case officeTitle:
		return "the timekeeper's office and title"
	case practiceTitle:
		return "the practice group and title"
	default:
		return slotLevel[s].String()
	}
}

// Words name the level as a list shows it, closer than Level where it has two kinds.
func (r Rate) Words() string { return keyOf(r).slot.words() }

// Names is the level that the rate's keys make it.
func (r Rate) Names() Level { return slotLevel[keyOf(r).slot] }

// key is what at most one rate a day is for.
type key struct {
	slot     slot
	place    string
	who      string
	currency money.Currency
}

func keyOf(r Rate) key {
	k := key{currency: r.Currency, who: cmp.Or(string(r.TimekeeperID), r.Class, r.Task, r.Activity),
		place: cmp.Or(string(r.MatterID), string(r.ClientID), string(r.GroupID), r.Office, r.Practice)}
	switch {
	case r.MatterID != "" && r.TimekeeperID != "":
		k.slot = matterTimekeeper
	case r.MatterID != "" && r.Task != "":
		k.slot = matterTask
	case r.MatterID != "" && r.Activity != "":
		k.slot = matterActivity
	case r.MatterID != "" && r.Class != "":
		k.slot = matterTitle
	case r.MatterID != "":
		k.slot = matterFlat
	case r.ClientID != "" && r.TimekeeperID != "":
		k.slot = clientTimekeeper
	case r.ClientID != "":
		k.slot = clientTitle
	case r.GroupID != "":
		k.slot = groupTitle
	case r.Office != "":
		k.slot = officeTitle
	case r.Practice != "":
		k.slot = practiceTitle
	case r.TimekeeperID != "":
		k.slot = standardTimekeeper
	default:
		k.slot = standardTitle
	}
	return k
}

// Card is a firm's rates at hand, to price many entries without asking again: twelve
// look-ups answer a question, however many rates there are. It is not changed after
// NewCard, so that many may ask at once.
type Card struct {
	rates   map[key][]Rate // by first day
	groups  map[ident.ClientID][]matter.Member
	offices map[ident.TimekeeperID]string
	version int64
}

// Version is that of the register that the card was made of.
func (c *Card) Version() int64 { return c.version }

// NewCard takes rows in any order. Rates of one key do not overlap, nor do a client's
// times in groups: the database holds both.
func NewCard(r Register) *Card {
	c := &Card{rates: map[key][]Rate{}, groups: map[ident.ClientID][]matter.Member{}, offices: r.Offices, version: r.Version}
	for _, x := range r.Rates {
		c.rates[keyOf(x)] = append(c.rates[keyOf(x)], x)
	}
	for _, list := range c.rates {
		slices.SortFunc(list, func(a, b Rate) int { return a.From.Compare(b.From) })
	}
	for _, m := range r.Members {
		c.groups[m.ClientID] = append(c.groups[m.ClientID], m)
	}
	return c
}

// Resolve finds the first hit in the order of levels for the day. ErrNoRate when
// no row of the currency applies.
func (c *Card) Resolve(q Question) (Answer, error) {
	a := Answer{Version: c.version}
	for s := range slots {
		r := c.find(s, q)
		if r == nil {
			continue
		}
		if a.Level == 0 {
			a.Rate, a.Level, a.Source, a.ID = r.Rate, slotLevel[s], s.words(), r.ID
		}
		if s >= standardTimekeeper {
			a.Standard = r.Rate
			return a, nil
		}
	}
	if a.Level == 0 {
		return a, ErrNoRate.With("there is no %s rate for this timekeeper on %s; enter one that covers the day", q.Currency, q.On.Format(time.DateOnly))
	}
	a.Standard = a.Rate
	return a, nil
}

// Explain is the whole walk that Resolve takes: each level in order, the row that was
// found there if any, and which one wins.
func (c *Card) Explain(q Question) []Step {
	steps := make([]Step, slots)
	won := false
	for s := range slots {
		steps[s] = Step{Level: slotLevel[s], Words: s.words()}
		if r := c.find(s, q); r != nil {
			x := *r
			steps[s].Rate, steps[s].Wins, won = &x, !won, true
		}
	}
	return steps
}

// find is the row of one kind that holds on the day.
func (c *Card) find(s slot, q Question) *Rate {
	k, asked := c.keyFor(s, q)
	if !asked {
		return nil
	}
	list := c.rates[k]
	after, _ := slices.BinarySearchFunc(list, q.On, func(r Rate, on time.Time) int {
		if r.From.After(on) {
			return 1
		}
		return -1
	})
	if after == 0 {
		return nil
	}
	r := &list[after-1]
	if r.Until != nil && !q.On.Before(*r.Until) {
		return nil
	}
	return r
}

// keyFor is what a question looks for in one kind; false where it has no such thing.
func (c *Card) keyFor(s slot, q Question) (k key, asked bool) {
	k = key{slot: s, currency: q.Currency}
	switch s {
	case matterTimekeeper, matterTask, matterActivity, matterTitle, matterFlat:
		k.place = string(q.Matter)
	case clientTimekeeper, clientTitle:
		k.place = string(q.Client)
	case groupTitle:
		k.place = string(c.groupOf(q.Client, q.On))
	case officeTitle:
		k.place = c.offices[q.Timekeeper]
	case practiceTitle:
		k.place = q.Practice
	case standardTimekeeper, standardTitle, slots: // of the firm
	}
	switch s {
	case matterTimekeeper, clientTimekeeper, standardTimekeeper:
		k.who = string(q.Timekeeper)
	case matterTask:
		k.who = q.Task
	case matterActivity:
		k.who = q.Activity
	case matterTitle, clientTitle, groupTitle, officeTitle, practiceTitle, standardTitle:
		k.who = q.Class
	case matterFlat, slots: // whoever works
	}
	return k, (k.place != "" || s >= standardTimekeeper) && (k.who != "" || s == matterFlat)
}

// groupOf is the group that a client was in on a day.
func (c *Card) groupOf(id ident.ClientID, on time.Time) ident.GroupID {
	for _, m := range c.groups[id] {
		if m.Holds(on) {
			return m.GroupID
		}
	}
	return ""
}
