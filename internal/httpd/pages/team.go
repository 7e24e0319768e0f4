package pages

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountTeam adds the lead's board, the list behind each figure, and its moves.
func (s *Site) MountTeam(srv *httpd.Server) {
	get(srv, href.Team, rbac.SignedIn, ofTeam(s.team))
	get(srv, href.TeamItems, rbac.SignedIn, ofTeam(s.teamItems))
	fill(srv, href.TeamMove, rbac.SignedIn, ofTeam(s.teamMove), func(r *httpd.Request, failed error) (templ.Component, error) {
		if err := teamIsThere(r); err != nil {
			return nil, err
		}
		return s.teamPage(r, failed)
	})
}

// teamIsThere: the board is where the bureau's leads work; to anybody else it is not there.
func teamIsThere(r *httpd.Request) error {
	st, err := r.Standing()
	if err == nil && !(st.OfBureau() && st.Anywhere(rbac.TeamRead)) {
		err = authz.ErrNotFound
	}
	return err
}

func ofTeam(do func(r *httpd.Request) (httpd.Reply, error)) func(r *httpd.Request) (httpd.Reply, error) {
	return func(r *httpd.Request) (httpd.Reply, error) {
		if err := teamIsThere(r); err != nil {
			return httpd.Reply{}, err
		}
		return do(r)
	}
}

func (s *Site) team(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.teamPage(r, nil)
	return httpd.Show(page), err
}

func (s *Site) teamPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Team board", "team")
	if err != nil {
		return nil, err
	}
	b, err := s.Team.Board(r.Context())
	if err != nil {
		return nil, err
	}
	firms, items, holders := b.Held()
	v := TeamView{Board: b, Zone: f.Zone, CSRF: f.CSRF, Working: s.Presence.Owners(r.Context(), firms, items, holders), Refused: partial.Form{Faults: partial.FaultsOf(failed), Problem: problemIn(failed)},
		CanMove: func(firm ident.FirmID) bool { return f.Standing.In(firm, rbac.ItemAssign) }}
	return Team(f.Chrome, v), nil
}

// teamItems is the list behind a figure: as many rows as the figure says.
func (s *Site) teamItems(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Team board", "team")
	if err != nil {
		return httpd.Reply{}, err
	}
	asks := filtersOf(r)
	q := teamQuery(asks)
	list, b, err := s.Team.Items(r.Context(), q, asks.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := teamListView(b, q, list, s.Clock.Now())
	v.Sections[0].Pager = pagerOf(teamHref(q), r, len(list.Items), list.Next)
	return asks.plain(f, v), nil
}

// teamQuery reads which list the address asks for. A person or a firm that the board does
// not show has nothing in it, as one that does not exist.
func teamQuery(asks *filters) team.Query {
	var lists []string
	for _, l := range team.Lists {
		lists = append(lists, string(l))
	}
	q := team.Query{List: team.List(asks.one("list", "is no list of the board", "all open items are shown", lists...)),
		Missing: team.Missing(asks.one("missing", "is nothing that can be missing", "whatever is missing is shown", missingNames()...)),
		Person:  ident.PersonID(asks.text("person")), Firm: ident.FirmID(asks.text("firm")), Pool: ident.PoolID(asks.text("pool"))}
	if q.List == "" {
		q.List = team.ListOpen
	}
	if hour := asks.one("hour", "is no hour of the forecast", "all hours are shown", "1", "2", "3", "4", "5", "6", "7", "8"); hour != "" {
		q.Hour = int(hour[0] - '0')
	}
	return q
}

// teamHref is the address of the list of q.
func teamHref(q team.Query) string {
	hour := ""
	if q.Hour > 0 {
		hour = strconv.Itoa(q.Hour)
	}
	return href.Query(href.TeamItems, "list", string(q.List), "person", string(q.Person), "firm", string(q.Firm), "pool", string(q.Pool), "missing", string(q.Missing), "hour", hour)
}

var teamLists = map[team.List]string{
	team.ListOpen: "Open items", team.ListFree: "No owner yet", team.ListHands: "In hand", team.ListWaiting: "Waiting", team.ListTriage: "For you to decide",
	team.ListHot: "No owner yet, deadline near", team.ListOver: "No owner yet, past their deadline", team.ListDay: "To do today", team.ListToday: "Promised for today",
	team.ListLate: "Promises past due", team.ListStuck: "Nobody can take", team.ListForecast: "Likely to miss", team.ListCourse: "Promised soon, on course", team.ListNoPool: "No pool takes",
}

func teamListView(b *team.Board, q team.Query, list page.Page[worklist.Row], now time.Time) PlainView {
	all := b.In(q)
	minutes := 0
	for _, i := range all {
		minutes += i.Estimate
	}
	v := PlainView{Head: layout.Head{Title: teamLists[q.List], Crumbs: []partial.Link{{Text: "Team board", Href: href.Team}}}, Meta: []string{format.Counted(len(all), "item", "items")}}
	for _, p := range b.People {
		if p.ID == q.Person {
			v.Meta = append(v.Meta, p.Name)
		}
	}
	for _, f := range b.Firms {
		if f.ID == q.Firm {
			v.Meta = append(v.Meta, f.Name)
		}
	}
	for _, p := range b.Pools {
		if p.ID == q.Pool {
			v.Meta = append(v.Meta, "what "+p.Name+" takes")
		}
	}
	if q.Hour > 0 {
		v.Meta = append(v.Meta, "in business hour "+strconv.Itoa(q.Hour)+" from now")
	}
	v.Meta = append(v.Meta, teamHours(minutes)+" h estimated")
	t := &partial.Table{Caption: teamLists[q.List] + ", soonest deadline first", Keys: true, Columns: []partial.Column{{Head: "Time left"}, {Head: "Firm"}, {Head: "Work"}, {Head: "Level", Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing here", Text: "No open item that you may see is in this list now."}}
	for _, row := range list.Items {
		cells := append([]partial.Cell{partial.Node(partial.ClockMark(glance(row.Glance, now)))}, itemCells(row)...)
		t.Rows = append(t.Rows, partial.Row{Cells: append(cells, partial.Node(partial.LabelMark(partial.Label(row.Label))), itemStateCell(row))})
	}
	v.Sections = []Section{{Title: "Items", Table: t}}
	return v
}

// teamMove makes a suggested move; what it was suggested for may have changed since.
func (s *Site) teamMove(r *httpd.Request) (httpd.Reply, error) {
	picks, err := picksOf(r.Values()["item"])
	if err != nil {
		return httpd.Reply{}, err
	}
	if len(picks) != 1 {
		return httpd.Reply{}, worklist.ErrNotFound
	}
	if err := s.Team.Move(r.Context(), picks[0], ident.PersonID(r.Form("to"))); err != nil {
		return again(err, func() (templ.Component, error) { return s.teamPage(r, err) })
	}
	return httpd.Go(href.Team, "Moved. It is kept for them for a working day."), nil
}

// missingNames are what an address may ask for.
func missingNames() (names []string) {
	for _, m := range team.AllMissing {
		names = append(names, string(m))
	}
	return names
}
