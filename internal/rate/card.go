package rate

import (
	"cmp"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/exchange"
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

	Conversion exchange.Conversion // of the row's rate into the currency asked for; zero where the row is in it
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

	Home     money.Currency    // the firm's, which goes before other currencies that are converted
	Settings exchange.Settings // where rates of another currency count
	Exchange *exchange.Book    // nil where they count nowhere
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

	settings   exchange.Settings
	book       *exchange.Book
	currencies []money.Currency // of the rates, in the order in which they are converted
}

// Version is that of the register that the card was made of.
func (c *Card) Version() int64 { return c.version }

// NewCard takes rows in any order. Rates of one key do not overlap, nor do a client's
// times in groups: the database holds both.
func NewCard(r Register) *Card {
	c := &Card{rates: map[key][]Rate{}, groups: map[ident.ClientID][]matter.Member{}, offices: r.Offices, version: r.Version, settings: r.Settings, book: r.Exchange}
	for _, x := range r.Rates {
		c.rates[keyOf(x)] = append(c.rates[keyOf(x)], x)
		if !slices.Contains(c.currencies, x.Currency) {
			c.currencies = append(c.currencies, x.Currency)
		}
	}
	slices.Sort(c.currencies)
	slices.SortStableFunc(c.currencies, func(a, b money.Currency) int { return abroad(a, r.Home) - abroad(b, r.Home) })
	for _, list := range c.rates {
		slices.SortFunc(list, func(a, b Rate) int { return a.From.Compare(b.From) })
	}
	for _, m := range r.Members {
		c.groups[m.ClientID] = append(c.groups[m.ClientID], m)
	}
	return c
}

// abroad is 0 for the firm's currency, and 1 for one that comes after it.
func abroad(c, home money.Currency) int {
	if c == home {
		return 0
	}
	return 1
}

// Resolve finds the first hit in the order of levels for the day. ErrNoRate when no row
// applies. Where rates of another currency do not count (exchange.Settings) only rows of the
// currency asked for are looked at. Where they do the first level that has a row wins, as
// ever: the row in the currency asked for, and a row of another where the level has none,
// converted at the exchange rate of the work date. exchange.ErrNoExchange when there is none
// for it, or for the standard rate: a deeper level does not step in, for its rate was not
// agreed for this work.
func (c *Card) Resolve(q Question) (Answer, error) {
	a, err := c.Agreed(q)
	if err != nil {
		return a, err
	}
	a.Standard = a.Rate
	if s, r := c.first(q, standardTimekeeper); r != nil && slotLevel[s] != a.Level {
		if a.Standard, _, err = c.priced(q, q.On, slotLevel[s], r); err != nil {
			return Answer{Version: c.version}, err
		}
	}
	return a, nil
}

// Converts tells whether what a matter is charged in other currencies is converted.
func (c *Card) Converts(client ident.ClientID, m ident.MatterID) bool {
	return c.book != nil && c.settings.For(client, m) == exchange.WorkDate
}

// Convert is a price of one unit out of another currency, where the matter's Converts says so:
// at the exchange rate of a day, or exchange.ErrNoExchange.
func (c *Card) Convert(price money.Fixed4, p exchange.Pair, day time.Time) (money.Fixed4, exchange.Conversion, error) {
	return c.book.Convert(price, p, day)
}

// Agreed is Resolve without the standard rate.
func (c *Card) Agreed(q Question) (Answer, error) { return c.agreed(q, q.On) }

// agreed takes the exchange rate of a day of its own.
func (c *Card) agreed(q Question, exchanged time.Time) (a Answer, err error) {
	a.Version = c.version
	s, r := c.first(q, 0)
	if r == nil {
		return a, ErrNoRate.With("there is no %s rate for this timekeeper on %s; enter one that covers the day", q.Currency, q.On.Format(time.DateOnly))
	}
	if a.Rate, a.Conversion, err = c.priced(q, exchanged, slotLevel[s], r); err != nil {
		return Answer{Version: c.version}, err
	}
	a.Level, a.Source, a.ID = slotLevel[s], s.words(), r.ID
	return a, nil
}

// first is the row of the first kind that has one, from a kind on; nil for none.
func (c *Card) first(q Question, from slot) (slot, *Rate) {
	for s := from; s < slots; s++ {
		if r := c.find(s, q); r != nil {
			return s, r
		}
	}
	return slots, nil
}

// priced is the rate of a row in the currency asked for.
func (c *Card) priced(q Question, exchanged time.Time, l Level, r *Rate) (money.Fixed4, exchange.Conversion, error) {
	if r.Currency == q.Currency {
		return r.Rate, exchange.Conversion{}, nil
	}
	out, how, err := c.Convert(r.Rate, exchange.Pair{From: r.Currency, To: q.Currency}, exchanged)
	if err == nil && (out <= 0 || out > maxRate) {
		err = ErrConverted.With("the rate of %s for %s comes to %s %s an hour at the exchange rate of %s; enter a rate in %s", string(r.Currency), l, out.Text(2), q.Currency, how.On, q.Currency)
	}
	return out, how, err
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

// find is the row of one kind that holds on the day: in the currency asked for, else of the
// first other that counts.
func (c *Card) find(s slot, q Question) *Rate {
	k, asked := c.keyFor(s, q)
	if !asked {
		return nil
	}
	r := c.holding(k, q.On)
	if r != nil || !c.Converts(q.Client, q.Matter) {
		return r
	}
	for _, k.currency = range c.currencies {
		if r := c.holding(k, q.On); r != nil {
			return r
		}
	}
	return nil
}

// holding is the row of a key that holds on a day.
func (c *Card) holding(k key, day time.Time) *Rate {
	list := c.rates[k]
	after, _ := slices.BinarySearchFunc(list, day, func(r Rate, on time.Time) int {
		if r.From.After(on) {
			return 1
		}
		return -1
	})
	if after == 0 {
		return nil
	}
	r := &list[after-1]
	if r.Until != nil && !day.Before(*r.Until) {
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

// counted are the currencies whose rates count for the question.
func (c *Card) counted(q Question) []money.Currency {
	if c.Converts(q.Client, q.Matter) {
		return append([]money.Currency{q.Currency}, c.currencies...)
	}
	return []money.Currency{q.Currency}
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

// Since is a rate from a day on.
type Since struct {
	From time.Time
	Rate money.Fixed4
}

// History is what the question's work would have cost on each day up to q.On, oldest first:
// each day on which another rate than the one before began to hold. Titles, offices and
// practice groups are those of today, as everywhere. A day without any rate is a gap that
// tells of no change. What is converted is so at the exchange rate of q.On throughout: that
// currencies move is no rise of a rate.
func (c *Card) History(q Question) []Since {
	var days []time.Time
	add := func(day time.Time) {
		if !day.After(q.On) {
			days = append(days, day)
		}
	}
	for _, m := range c.groups[q.Client] {
		add(m.From)
		if m.Until != nil {
			add(*m.Until)
		}
	}
	// A client may have been in other groups before: the rates of each count for its days.
	places := []Question{q}
	for _, day := range days {
		then := q
		then.On = day
		places = append(places, then)
	}
	for _, then := range places {
		for s := range slots {
			k, asked := c.keyFor(s, then)
			if !asked {
				continue
			}
			for _, currency := range c.counted(q) {
				k.currency = currency
				for _, r := range c.rates[k] {
					add(r.From)
					if r.Until != nil {
						add(*r.Until)
					}
				}
			}
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	var list []Since
	for _, day := range slices.CompactFunc(days, time.Time.Equal) {
		then := q
		then.On = day
		a, err := c.agreed(then, q.On)
		if err != nil || len(list) > 0 && list[len(list)-1].Rate == a.Rate {
			continue
		}
		list = append(list, Since{day, a.Rate})
	}
	return list
}
