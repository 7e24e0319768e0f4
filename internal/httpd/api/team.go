package api

import (
	"cmp"
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

type teams interface {
	Board(ctx context.Context) (*team.Board, error)
	Items(ctx context.Context, q team.Query, r page.Request) (page.Page[worklist.Row], *team.Board, error)
}

// TeamPerson is what one of the team has to do, of what you see.
type TeamPerson struct {
	Person  ident.PersonID `json:"person_id" class:"C1"`
	Name    string         `json:"name" class:"C1"`
	Working bool           `json:"working_now" class:"C1" doc:"looks at an item that they hold, in these seconds"`
	Hands   int            `json:"in_hand" class:"C1" doc:"held, or kept for them: list hands"`
	Held    int            `json:"held" class:"C1"`
	Weight  int            `json:"held_weight" class:"C1"`
	Limit   int            `json:"held_limit" class:"C1" doc:"of held_weight"`
	Pool    ident.PoolID   `json:"pool_id,omitempty" class:"C1" doc:"through which they claim; missing where you are not told"`
	Away    *Away          `json:"away,omitempty"`
	Today   int            `json:"promised_today" class:"C1" doc:"list today"`
	Late    int            `json:"late" class:"C1" doc:"list late"`
	Waiting int            `json:"waiting" class:"C1" doc:"list waiting"`
	Likely  int            `json:"likely_to_miss" class:"C1" doc:"list forecast"`
	NextDue *time.Time     `json:"next_due_at,omitempty" class:"C1"`
	Work    int            `json:"work_minutes" class:"C1" doc:"estimate of what is in hand"`
	Left    *int           `json:"left_today_minutes,omitempty" class:"C1" doc:"missing where no calendar tells"`
}

// TeamLack is what keeps everybody from items of a firm.
type TeamLack struct {
	Firm       ident.FirmID    `json:"firm_id" class:"C1"`
	Code       string          `json:"firm_code" class:"C1"`
	Missing    team.Missing    `json:"missing" class:"C1" enum:"workers,reach,conflict,certificate,guidelines,four_eyes,duty,pool" doc:"list stuck with firm_id and missing"`
	Permission rbac.Permission `json:"permission,omitempty" class:"C1" doc:"that a grant is missing for"`
	Courses    []string        `json:"certificates,omitempty" class:"C1" doc:"that are missing"`
	Labels     []string        `json:"labels" class:"C1"`
	Items      int             `json:"items" class:"C1"`
}

// TeamMove is a suggestion: POST /firms/{firm}/items/{id}/assign makes it.
type TeamMove struct {
	Firm ident.FirmID     `json:"firm_id" class:"C1"`
	Item ident.WorkItemID `json:"item_id" class:"C1"`
	From ident.PersonID   `json:"from_person_id" class:"C1"`
	To   ident.PersonID   `json:"to_person_id" class:"C1"`
	Work int              `json:"work_minutes" class:"C1"`
}

// PoolHealth is how the work stands that a pool takes.
type PoolHealth struct {
	Pool     ident.PoolID `json:"pool_id" class:"C1"`
	Name     string       `json:"name" class:"C1"`
	People   int          `json:"people" class:"C1" doc:"that you are told of"`
	OnDuty   int          `json:"on_duty" class:"C1"`
	Free     int          `json:"free" class:"C1"`
	Hot      int          `json:"hot" class:"C1"`
	Over     int          `json:"over" class:"C1"`
	Stuck    int          `json:"nobody_can_take" class:"C1"`
	Likely   *int         `json:"likely_to_miss,omitempty" class:"C1"`
	OldestAt *time.Time   `json:"oldest_free_at,omitempty" class:"C1"`
}

// TeamBoard is who has how much to do and how the queue stands.
type TeamBoard struct {
	At       time.Time    `json:"as_of" class:"C1"`
	Open     int          `json:"open" class:"C1"`
	Free     int          `json:"free" class:"C1"`
	Hot      int          `json:"hot" class:"C1"`
	Over     int          `json:"over" class:"C1"`
	Triage   int          `json:"triage" class:"C1"`
	Waiting  int          `json:"waiting" class:"C1"`
	Today    int          `json:"promised_today" class:"C1"`
	Late     int          `json:"late" class:"C1"`
	Stuck    int          `json:"nobody_can_take" class:"C1"`
	Likely   *int         `json:"likely_to_miss,omitempty" class:"C1" doc:"within eight business hours; missing while there is no pace to go by"`
	OldestAt *time.Time   `json:"oldest_free_at,omitempty" class:"C1"`
	NoPool   int          `json:"no_pool" class:"C1" doc:"that no pool takes"`
	Pools    []PoolHealth `json:"pools" doc:"each counts what it takes: list with pool_id"`
	People   []TeamPerson `json:"people"`
	Lacks    []TeamLack   `json:"lacks"`
	Moves    []TeamMove   `json:"moves"`
}

func toTeamBoard(b *team.Board, working map[ident.PersonID]bool) TeamBoard {
	h := b.Health()
	count := func(l team.List) int { return b.Count(team.Query{List: l}) }
	out := TeamBoard{At: b.At, Open: count(team.ListOpen), Free: h.Free, Hot: h.Hot, Over: h.Over, Triage: h.Triage, Waiting: count(team.ListWaiting), Today: count(team.ListToday), Late: count(team.ListLate), Stuck: h.Stuck,
		OldestAt: moment(h.OldestAt), People: []TeamPerson{}, Pools: []PoolHealth{}, Lacks: []TeamLack{}, Moves: []TeamMove{}}
	if b.HasPace {
		n := count(team.ListForecast)
		out.Likely = &n
	}
	for _, l := range b.Loads() {
		p := TeamPerson{Person: l.Person.ID, Name: l.Person.Name, Working: working[l.Person.ID], Hands: l.Hands, Held: l.Held, Weight: l.Carried, Limit: cmp.Or(l.Person.Limit, worklist.MaxHeld), Pool: l.Person.Pool, Away: toAway(l.Person.Away), Today: l.Today, Late: l.Late, Waiting: l.Waiting, Likely: l.Likely, NextDue: moment(l.NextDue), Work: l.WorkMin}
		if l.Known {
			p.Left = &l.LeftMin
		}
		out.People = append(out.People, p)
	}
	out.NoPool = count(team.ListNoPool)
	for _, p := range b.Pools {
		h := b.HealthOf(p.ID)
		x := PoolHealth{Pool: p.ID, Name: p.Name, People: h.People, OnDuty: h.OnDuty, Free: h.Free, Hot: h.Hot, Over: h.Over, Stuck: h.Stuck, OldestAt: moment(h.OldestAt)}
		if b.HasPace {
			x.Likely = &h.Likely
		}
		out.Pools = append(out.Pools, x)
	}
	for _, l := range b.Lacks() {
		x := TeamLack{Firm: l.Firm.ID, Code: l.Firm.Code, Missing: l.Missing, Courses: l.Courses, Items: l.Items}
		if l.Missing == team.MissingWorkers || l.Missing == team.MissingReach || l.Missing == team.MissingConflict {
			x.Permission = rbac.ItemWork
		}
		for _, label := range l.Labels {
			x.Labels = append(x.Labels, label.String())
		}
		out.Lacks = append(out.Lacks, x)
	}
	for _, m := range b.Moves() {
		out.Moves = append(out.Moves, TeamMove{m.Item.Firm, m.Item.ID, m.From.ID, m.To.ID, m.Item.Estimate})
	}
	return out
}

// Team mounts the lead's board and the list behind each of its figures.
func Team(s *httpd.Server, v teams, p *httpd.Presence) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/team", Needs: rbac.TeamRead, Summary: "Who of the team has how much to do, how the queue stands, and which promises are likely to be missed"},
		func(ctx context.Context, _ *Empty) (*One[TeamBoard], error) {
			b, err := v.Board(ctx)
			if err != nil {
				return nil, err
			}
			firms, items, holders := b.Held()
			return one(toTeamBoard(b, p.Owners(ctx, firms, items, holders)), nil)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/team/items", Needs: rbac.TeamRead, Summary: "The list behind one figure of the board, the soonest deadline first"},
		func(ctx context.Context, in *struct {
			Paged
			List    team.List    `query:"list" enum:"open,free,hands,waiting,triage,hot,over,day,today,late,stuck,forecast,course,no_pool" default:"open"`
			Person  string       `query:"person_id"`
			Firm    string       `query:"firm_id"`
			Pool    string       `query:"pool_id" doc:"what it takes"`
			Missing team.Missing `query:"missing" enum:"workers,reach,conflict,certificate,guidelines,four_eyes,duty,pool"`
			Hour    int          `query:"hour" minimum:"0" maximum:"8" doc:"of the forecast"`
		}) (*Many[QueueRow], error) {
			q := team.Query{List: in.List, Missing: in.Missing, Hour: in.Hour}
			var err error
			if q.Person, err = optionalID[ident.PersonID](in.Person); err != nil {
				return nil, err
			}
			if q.Firm, err = optionalID[ident.FirmID](in.Firm); err != nil {
				return nil, err
			}
			if q.Pool, err = optionalID[ident.PoolID](in.Pool); err != nil {
				return nil, err
			}
			list, _, err := v.Items(ctx, q, in.request())
			return paged(list, err, toQueueRow)
		})
}
