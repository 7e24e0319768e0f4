package team

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/worklist"
)

var now = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

// due is a free item with a promise that falls due in so many hours, business time all of it.
func due(id ident.WorkItemID, hours float64) Item {
	at := now.Add(time.Duration(hours * float64(time.Hour)))
	return Item{Firm: "F", ID: id, Place: Free, Promised: true, Estimate: 60, CreatedAt: now.Add(-time.Hour), DueAt: at, Deadline: at, HotAt: at.Add(-time.Hour), DayEnd: now.Add(9 * time.Hour), LeftS: int64(hours * 3600)}
}

func (i Item) with(change func(i *Item)) Item { change(&i); return i }

func named(items []Item) (ids []ident.WorkItemID) {
	for _, i := range items {
		ids = append(ids, i.ID)
	}
	return ids
}

func boardOf(pace int64, items ...Item) *Board {
	b := &Board{At: now, Firms: []Firm{{Firm: worklist.Firm{ID: "F", Code: "FFF"}, Calendar: true, LeftS: 2 * 3600, PaceS: 40 * 3600, FinishedMin: pace * 40}}, Items: items}
	b.settle()
	return b
}

func TestTheForecastGoesByThePace(t *testing.T) {
	t.Parallel()
	parked := due("p", 1).with(func(i *Item) { i.Place, i.DueAt = Waiting, time.Time{} })
	over := due("o", -3)
	unpromised := due("u", 1).with(func(i *Item) { i.Promised = false })
	for name, c := range map[string]struct {
		pace  int64 // minutes of work in a business hour
		items []Item
		want  []ident.WorkItemID
	}{
		"each is reached in time":                         {60, []Item{due("a", 1), due("b", 2), due("c", 3)}, nil},
		"the second comes too late":                       {60, []Item{due("a", 1), due("b", 1.5), due("c", 3)}, []ident.WorkItemID{"b"}},
		"half the pace":                                   {30, []Item{due("a", 1), due("b", 4)}, []ident.WorkItemID{"a"}},
		"what is late already takes time and is none":     {60, []Item{over, due("a", 1), due("b", 3)}, []ident.WorkItemID{"a"}},
		"work without a promise takes time and is none":   {60, []Item{unpromised, due("a", 1.5)}, []ident.WorkItemID{"a"}},
		"what waits for the firm takes no time":           {60, []Item{parked, due("a", 1)}, nil},
		"beyond eight business hours nothing is foretold": {1, []Item{due("a", 8), due("b", 8.01)}, []ident.WorkItemID{"a"}},
		"without a pace nothing is foretold":              {0, []Item{due("a", 1)}, nil},
		"due at this instant":                             {60, []Item{due("a", 0)}, []ident.WorkItemID{"a"}},
	} {
		b := boardOf(c.pace, c.items...)
		if got := named(b.In(Query{List: ListForecast})); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestEachListHoldsWhatItSays(t *testing.T) {
	t.Parallel()
	hand := due("hand", 2).with(func(i *Item) { i.Place, i.Owner, i.Held = Hands, "ines", true })
	late := due("late", -1).with(func(i *Item) { i.Place, i.Owner = Hands, "ines" })
	wait := due("wait", 2).with(func(i *Item) { i.Place, i.Owner, i.DueAt = Waiting, "ines", time.Time{} })
	gone := due("gone", -2).with(func(i *Item) { i.Place, i.DueAt = Waiting, time.Time{} }) // late when it was parked
	hot := due("hot", .5).with(func(i *Item) { i.Missing = MissingReach })
	over := due("over", -5).with(func(i *Item) { i.Promised = false })
	triage := due("triage", 30).with(func(i *Item) { i.Place, i.Firm = Triage, "G" })
	b := boardOf(600, hand, late, wait, gone, hot, over, triage)
	for want, q := range map[string]Query{
		"over gone late hot hand wait triage": {List: ListOpen}, "over hot": {List: ListFree}, "late hand": {List: ListHands}, "gone wait": {List: ListWaiting}, "triage": {List: ListTriage},
		"hot": {List: ListHot}, "over": {List: ListOver}, "over late hot hand": {List: ListDay}, "hot hand": {List: ListToday}, "late": {List: ListLate},
		"hand": {List: ListToday, Person: "ines"}, "wait": {List: ListWaiting, Person: "ines"}, "": {List: ListOpen, Person: "maya"},
		"over gone late hot hand wait": {List: ListOpen, Firm: "F"}, "hot ": {List: ListStuck, Missing: MissingReach}, " ": {List: ListStuck, Missing: MissingWorkers},
		"hot  ": {List: ListCourse, Hour: 1}, "hand ": {List: ListCourse, Hour: 2}, "  ": {List: ListForecast},
	} {
		var got string
		for n, i := range b.In(q) {
			if n > 0 {
				got += " "
			}
			got += string(i.ID)
		}
		if trimmed := trim(want); got != trimmed {
			t.Errorf("%+v: %q, want %q", q, got, trimmed)
		}
		if err := q.check(); err != nil {
			t.Errorf("%+v: %v", q, err)
		}
	}
	// Every open item stands in one place.
	if n := b.Count(Query{List: ListFree}) + b.Count(Query{List: ListHands}) + b.Count(Query{List: ListWaiting}) + b.Count(Query{List: ListTriage}); n != len(b.Items) {
		t.Errorf("%d items in their places, want %d", n, len(b.Items))
	}
	for _, q := range []Query{{List: "all"}, {}, {List: ListStuck, Missing: "luck"}, {List: ListForecast, Hour: 9}, {List: ListForecast, Hour: -1}} {
		if err := q.check(); !errors.Is(err, ErrList) {
			t.Errorf("%+v is taken: %v", q, err)
		}
	}
}

func trim(s string) string {
	for s != "" && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func TestWhatKeepsEverybodyFromAnItem(t *testing.T) {
	t.Parallel()
	one, none := []ident.PersonID{"ines"}, []ident.PersonID(nil)
	course := requirement.Lack{Kind: requirement.Certificate, Course: "LEDES"}
	for name, c := range map[string]struct {
		place                  Place
		workers, reach, barred []ident.PersonID
		lacking                [][]requirement.Lack
		want                   Missing
	}{
		"somebody can":              {Free, one, one, none, nil, ""},
		"nobody works there":        {Free, none, none, none, nil, MissingWorkers},
		"nobody reaches it":         {Triage, one, none, none, nil, MissingReach},
		"who does said conflict":    {Free, one, none, one, nil, MissingConflict},
		"somebody has it":           {Hands, none, none, none, nil, ""},
		"it waits":                  {Waiting, none, none, none, nil, ""},
		"who does is not certified": {Free, one, none, one, [][]requirement.Lack{{{Kind: requirement.Guidelines}, course}, {course}}, MissingCourse},
		"nor has read":              {Free, one, none, none, [][]requirement.Lack{{{Kind: requirement.Guidelines}}, {course, course}}, MissingRead},
		"who does prepared it":      {Free, one, none, none, [][]requirement.Lack{{{Kind: requirement.FourEyes}}}, MissingOther},
		"others can":                {Free, one, one, none, [][]requirement.Lack{{course}}, ""},
	} {
		got, courses := stuck(c.place, c.workers, c.reach, kept{barred: c.barred, lacking: c.lacking})
		if m, _ := stuck(c.place, c.workers, c.reach, kept{barred: c.barred, lacking: c.lacking, outside: 1}); (m == MissingPool) != (len(c.reach) == 0 && len(c.workers) > 0 && (c.place == Free || c.place == Triage)) {
			t.Errorf("%s: beside somebody of another pool %q", name, m)
		}
		if (got == MissingCourse) != slices.Equal(courses, []string{course.Course}) {
			t.Errorf("%s: certificates %q", name, courses)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMovesGoToWhoHasRoom(t *testing.T) {
	t.Parallel()
	all := []ident.PersonID{"ines", "jun", "maya"}
	kept := func(id ident.WorkItemID, hours float64, owner ident.PersonID, reach ...ident.PersonID) Item {
		return due(id, hours).with(func(i *Item) { i.Place, i.Owner, i.Reach = Hands, owner, reach })
	}
	held := func(i Item) Item { i.Held = true; return i }
	for name, c := range map[string]struct {
		left  int64 // hours
		items []Item
		want  []string
	}{
		"nobody has too much": {2, []Item{kept("a", 1, "ines", all...), kept("b", 2, "ines", all...)}, nil},
		"what is due last goes first, to the first of equals": {1, []Item{kept("a", 1, "ines", all...), kept("b", 2, "ines", all...)}, []string{"b ines jun"}},
		"what was not begun goes before what was":             {1, []Item{held(kept("a", 3, "ines", all...)), kept("b", 2, "ines", all...)}, []string{"b ines jun"}},
		"only to whose access covers it":                      {1, []Item{kept("a", 1, "ines", all...), kept("b", 2, "ines", "ines", "maya")}, []string{"b ines maya"}},
		"nobody else can":                                     {1, []Item{kept("a", 1, "ines", "ines"), kept("b", 2, "ines", "ines")}, nil},
		"a colleague without room gets none":                  {1, []Item{kept("a", 1, "ines", all...), kept("b", 2, "ines", "ines", "jun"), kept("c", 1, "jun", all...)}, []string{"a ines maya"}},
		"each only until the rest fits":                       {1, []Item{kept("a", 1, "ines", all...), kept("b", 2, "ines", all...), kept("c", 3, "ines", all...)}, []string{"c ines jun", "b ines maya"}},
		"nothing of a day that is over":                       {0, []Item{kept("a", 1, "ines", all...)}, nil},
	} {
		b := boardOf(60, c.items...)
		b.Firms[0].LeftS = c.left * 3600
		b.People = nil
		for _, who := range all {
			b.People = append(b.People, Person{ID: who, Name: string(who), Firms: []ident.FirmID{"F"}})
		}
		var got []string
		for _, m := range b.Moves() {
			got = append(got, string(m.Item.ID)+" "+m.From.Name+" "+m.To.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	// The limit of items in hand holds, whatever the time left.
	b := boardOf(60, kept("a", 1, "ines", all...), kept("b", 2, "ines", all...), held(kept("c", 1, "jun", all...)), kept("d", 1, "jun", all...), kept("e", 1, "jun", all...))
	for n := range b.Items {
		if b.Items[n].Owner == "jun" {
			b.Items[n].Estimate = 1
		}
	}
	b.Firms[0].LeftS = 3600
	b.People = []Person{{ID: "ines", Firms: []ident.FirmID{"F"}}, {ID: "jun", Firms: []ident.FirmID{"F"}}}
	if m := b.Moves(); len(m) != 0 {
		t.Errorf("moves beyond the limit: %+v", m)
	}
	// Without a calendar nobody is known to have too much, or room.
	b.Firms[0].Calendar = false
	if l := b.Load(b.People[0]); l.Known || l.Overloaded() {
		t.Errorf("hours left without a calendar: %+v", l)
	}
}
