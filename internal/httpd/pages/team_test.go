package pages

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// lead is Tomas Reuter, team lead at the bureau, across firms.
func (s story) lead(title string) layout.Chrome {
	c := s.specialist(title, "team", "")
	c.Person, c.Path = "Tomas Reuter", "/team"
	c.Nav = layout.Keep(layout.Menu(""), func(p rbac.Permission) bool { return true })
	return c
}

func teamFixtures(s story) []fixture {
	b := s.team()
	quiet := &team.Board{At: s.now, Firms: b.Firms[:1], People: b.People[:1]}
	view := func(b *team.Board) TeamView {
		return TeamView{Board: b, Zone: s.ny, CSRF: "token", Working: map[ident.PersonID]bool{id[ident.PersonID](1): true}, CanMove: func(ident.FirmID) bool { return true }}
	}
	refused := view(b)
	refused.Refused = partial.Form{Problem: sentence(worklist.ErrStale.Message)}
	q := team.Query{List: team.ListHands, Person: id[ident.PersonID](1)}
	var rows page.Page[worklist.Row]
	for _, i := range b.In(q) {
		rows.Items = append(rows.Items, worklist.Row{Firm: b.Firms[0].Firm, ID: i.ID, Type: i.Type, Status: worklist.Leased, Label: i.Label, DueAt: i.DueAt, Holder: worklist.Person{ID: i.Owner, Name: "Ines Carvalho"},
			Matter: worklist.Matter{Number: "00417-0032", Name: "Carrier liability, Savannah fire", Client: "Pelham Freight"}, Glance: sla.Glance{Name: "Turnaround", State: sla.Running, DueAt: i.DueAt, TargetS: 8 * 3600, UsedS: 6 * 3600}})
	}
	return []fixture{
		{name: "team", page: Team(s.lead("Team board"), view(b))},
		{name: "pools", page: Plain(s.lead("Pools"), s.pools(b, nil).page())},
		{name: "pools-refused", page: Plain(s.lead("Pools"), s.pools(b, worklist.ErrPool.On(fault.Field{Path: "name", Code: "pool_name", Message: "a pool needs a name of 1 to 60 characters"})).page())},
		{name: "pools-none", page: Plain(s.lead("Pools"), PoolsView{Board: quiet, Zone: s.ny}.page())},
		{name: "duty", page: Plain(s.specialist("Duty", "queue", ""), dutyView(frame{Zone: s.ny}, worklist.Seat{}, typedForm{}))},
		{name: "duty-away", page: Plain(s.specialist("Duty", "queue", ""), dutyView(frame{Zone: s.ny}, worklist.Seat{Away: worklist.Away{Since: s.now, As: worklist.AwayLapsed}}, typedForm{}))},
		{name: "team-quiet", page: Team(s.lead("Team board"), view(quiet))},
		{name: "team-refused", page: Team(s.lead("Team board"), refused)},
		{name: "team-list", page: Plain(s.lead("Team board"), teamListView(b, q, rows, s.now))},
		{name: "team-list-none", page: Plain(s.lead("Team board"), teamListView(b, team.Query{List: team.ListStuck, Firm: id[ident.FirmID](9)}, page.Page[worklist.Row]{}, s.now))},
	}
}

// team is a board with something of everything.
func (s story) team() *team.Board {
	end := s.at(5, 0, 0)
	b := &team.Board{At: s.now, HasPace: true, PaceMin: 2400, PaceS: 40 * 3600}
	for _, code := range []string{"BRW", "HVL"} {
		f := firmOf(code)
		b.Firms = append(b.Firms, team.Firm{Firm: worklist.Firm{ID: f.ID, Code: f.Code, Name: f.Name, Slot: f.Slot, Zone: "America/New_York"}, Whole: true, DayEnd: end, Calendar: true, LeftS: 7 * 3600, PaceS: 40 * 3600, FinishedMin: 1200})
	}
	slices.Reverse(b.Firms)
	for n, name := range []string{"Ines Carvalho", "Lotte Brandsma", "Maya Lindgren"} {
		b.People = append(b.People, team.Person{ID: id[ident.PersonID](n + 1), Name: name, Firms: []ident.FirmID{b.Firms[0].ID, b.Firms[1].ID}})
	}
	add := func(n int, firm int, kind string, left time.Duration, owner int, place team.Place, minutes int, change func(i *team.Item)) {
		i := team.Item{Firm: b.Firms[firm].ID, ID: id[ident.WorkItemID](n), Version: 1, Type: kind, Place: place, Promised: true, Estimate: minutes, CreatedAt: s.now.Add(-26 * time.Hour), DueAt: s.now.Add(left), Deadline: s.now.Add(left), HotAt: s.now.Add(left - time.Hour), DayEnd: end, LeftS: int64(left / time.Second)}
		if owner > 0 {
			i.Owner = id[ident.PersonID](owner)
		}
		for _, p := range b.People {
			i.Reach = append(i.Reach, p.ID)
		}
		if change != nil {
			change(&i)
		}
		b.Items = append(b.Items, i)
	}
	held := func(i *team.Item) { i.Held = true }
	add(1, 0, "time_import", -41*time.Minute, 1, team.Hands, 150, held)
	add(2, 0, "rejection", 22*time.Minute, 0, team.Free, 30, func(i *team.Item) { i.Likely = true })
	add(3, 1, "prebill_edits", 90*time.Minute, 1, team.Hands, 180, func(i *team.Item) { i.Likely = true })
	add(4, 1, "prebill", 3*time.Hour, 2, team.Hands, 60, held)
	add(5, 0, "invoice_issue", 4*time.Hour, 1, team.Hands, 150, nil)
	add(6, 0, "time_import", 5*time.Hour, 0, team.Free, 45, func(i *team.Item) { i.Missing, i.Label, i.Reach = team.MissingReach, authz.Restricted, nil })
	add(7, 1, "time_import", 6*time.Hour, 0, team.Triage, 45, nil)
	add(8, 1, "query", 30*time.Hour, 2, team.Waiting, 15, func(i *team.Item) { i.DueAt = time.Time{} })
	b.Pools = []worklist.Pool{
		{ID: id[ident.PoolID](1), Name: "Bureau", Default: true, Firms: []ident.FirmID{b.Firms[1].ID}, Limit: 3, Version: 2},
		{ID: id[ident.PoolID](2), Name: "Hollis & Vane", Lead: worklist.Person{ID: id[ident.PersonID](8), Name: "Tomas Reuter"}, Firms: []ident.FirmID{b.Firms[0].ID}, Others: true, Types: []string{"time_import", "rejection"}, Limit: 4, Push: true, Version: 1},
	}
	for n := range b.Items {
		i := &b.Items[n]
		for _, p := range b.Pools {
			if p.Takes(i.Firm, i.Type) {
				i.Pools = append(i.Pools, p.ID)
			}
		}
	}
	for n := range b.People {
		b.People[n].Pool, b.People[n].Limit = b.Pools[min(n, 1)].ID, 3
	}
	b.People[1].Away = worklist.Away{Since: s.now.Add(-time.Hour), Until: s.now.Add(26 * time.Hour), As: worklist.AwaySelf}
	return b
}

// pools are those of a board; failed is what a form was refused for.
func (s story) pools(b *team.Board, failed error) PoolsView {
	v := PoolsView{Board: b, Weights: map[string]int{"prebill": 2}, Edit: true, Me: id[ident.PersonID](7), Zone: s.ny, CSRF: "token"}
	for _, f := range b.Firms {
		v.Mine = append(v.Mine, firm.Card{ID: f.ID, Code: f.Code, Name: f.Name})
	}
	if failed != nil {
		v.Change = b.Pools[1].ID
		v.Typed = typedForm{url.Values{"limit": {"4"}, "types": {"prebill"}}, "/team/pools/" + string(v.Change), failed}
	}
	return v
}

var teamLink = regexp.MustCompile(`href="/team/items\?([^"]*)"[^>]*>\s*([0-9,]+)<`)

// Each count that the board shows leads to a list of as many items.
func TestEveryCountOfTheBoardLeadsToItsList(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	v := TeamView{Board: s.team(), Zone: s.ny, CSRF: "token", CanMove: func(ident.FirmID) bool { return true }}
	shown := render(t, Team(s.lead("Team board"), v))
	links := teamLink.FindAllStringSubmatch(shown, -1)
	if len(links) < 30 {
		t.Fatalf("%d figures lead to lists", len(links))
	}
	for _, m := range links {
		values, err := url.ParseQuery(html.UnescapeString(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		q := teamQuery(readFilters(values))
		if n := v.Board.Count(q); m[2] != format.Count(n) {
			t.Errorf("%s shows %s, its list has %d", m[1], m[2], n)
		}
	}
	for _, want := range []string{"8.0 of 7.0", "more than is left", "Move to Maya Lindgren", "that covers these", "Restricted", "capacity left 21.0 h"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the board does not say %q", want)
		}
	}
}

func TestTheBoardSaysWhatMattersMost(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	b := s.team()
	v := TeamView{Board: b, Zone: s.ny}
	if got := v.sentence(); got != "1 item cannot be taken by anybody; what is missing is named below." {
		t.Error(got)
	}
	b.Items[5].Missing = ""
	if got := v.sentence(); got != "2 promises are likely to be missed in the next 8 business hours." {
		t.Error(got)
	}
	b.Items[1].Likely, b.Items[2].Likely = false, false
	if got := v.sentence(); got != "1 promise is past due; nothing else is likely to be missed." {
		t.Error(got)
	}
	if got := teamHours(95); got != "1.6" {
		t.Errorf("95 minutes are %s hours", got)
	}
	if l := b.Load(b.People[0]); hoursCell(l).Text != "8.0 of 7.0" || hoursCell(l).Tone != partial.Bad || loadBar(l).Says != "8.0 of 7.0 hours" {
		t.Errorf("%+v", hoursCell(l))
	}
	if m := b.Moves(); len(m) != 1 || m[0].To.Name != "Maya Lindgren" {
		t.Errorf("moves %+v", m)
	}
}
