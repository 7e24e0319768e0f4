package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

type pools interface {
	Layout(ctx context.Context) (worklist.Layout, error)
	MakePool(ctx context.Context, d worklist.PoolDraft) (worklist.Pool, error)
	ChangePool(ctx context.Context, id ident.PoolID, d worklist.PoolDraft) (worklist.Pool, error)
	EndPool(ctx context.Context, id ident.PoolID) error
	SetSeat(ctx context.Context, who ident.PersonID, d worklist.SeatDraft) error
	SetWeights(ctx context.Context, weights map[string]int) error
	Duty(ctx context.Context) (worklist.Seat, error)
	SetDuty(ctx context.Context, away bool, until time.Time) error
	SetDutyOf(ctx context.Context, who ident.PersonID, away bool, until time.Time) error
}

// Away is since when, until when and by whose word somebody is away.
type Away struct {
	Since time.Time       `json:"since" class:"C1"`
	Until *time.Time      `json:"until,omitempty" class:"C1" doc:"missing until they come back"`
	As    worklist.AwayAs `json:"as" class:"C1" enum:"self,lead,lapsed"`
}

func toAway(a worklist.Away) *Away {
	if a.Since.IsZero() {
		return nil
	}
	return &Away{a.Since.UTC(), moment(a.Until), a.As}
}

// PoolBody is what a lead says of a pool.
type PoolBody struct {
	Name      string   `json:"name" maxLength:"200"`
	Lead      string   `json:"lead_id,omitempty" doc:"you, of a new one; as it is, of one that there is"`
	EveryFirm bool     `json:"every_firm,omitempty"`
	Firms     []string `json:"firm_ids,omitempty" maxItems:"2000" doc:"whose work it takes, of yours; what you are not told of stays in it"`
	Types     []string `json:"types,omitempty" maxItems:"100" doc:"of work; every one without"`
	Limit     int      `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"the weight of what one person may hold; 3 without"`
	Push      bool     `json:"push,omitempty" doc:"it offers its work"`
	Version   int      `json:"version,omitempty" minimum:"0" doc:"what you saw, of a change"`
}

func (b PoolBody) draft() worklist.PoolDraft {
	d := worklist.PoolDraft{Name: b.Name, Lead: ident.PersonID(b.Lead), EveryFirm: b.EveryFirm, Types: b.Types, Limit: b.Limit, Push: b.Push, Version: b.Version}
	for _, f := range b.Firms {
		d.Firms = append(d.Firms, ident.FirmID(f))
	}
	return d
}

// Pool is a named set of people under a lead, with the work that it takes.
type Pool struct {
	ID        ident.PoolID   `json:"id" class:"C1"`
	Name      string         `json:"name" class:"C1"`
	Default   bool           `json:"default" class:"C1" doc:"whoever is in no other claims through it"`
	LeadID    ident.PersonID `json:"lead_id,omitempty" class:"C1"`
	Lead      string         `json:"lead,omitempty" class:"C1"`
	EveryFirm bool           `json:"every_firm" class:"C1"`
	Firms     []ident.FirmID `json:"firm_ids" class:"C1" doc:"those that you are told of"`
	Others    bool           `json:"other_firms" class:"C1" doc:"it takes work of firms that you are not told of"`
	Types     []string       `json:"types" class:"C1" doc:"none is every type"`
	Limit     int            `json:"limit" class:"C1"`
	Push      bool           `json:"push" class:"C1"`
	Version   int            `json:"version" class:"C1"`
}

func toPool(p worklist.Pool) Pool {
	return Pool{p.ID, p.Name, p.Default, p.Lead.ID, p.Lead.Name, p.EveryFirm, append([]ident.FirmID{}, p.Firms...), p.Others, append([]string{}, p.Types...), p.Limit, p.Push, p.Version}
}

// PoolLayout is the pools that you are told of, and what work weighs.
type PoolLayout struct {
	Pools   []Pool         `json:"pools"`
	Weights map[string]int `json:"weights" class:"C1" doc:"of types of work that do not weigh one"`
}

// DutyBody sets somebody away, or on duty again.
type DutyBody struct {
	Away  bool       `json:"away"`
	Until *time.Time `json:"until,omitempty" doc:"until they come back without"`
}

func (b DutyBody) until() (t time.Time) {
	if b.Until != nil {
		t = b.Until.UTC()
	}
	return t
}

// Duty is your own seat.
type Duty struct {
	OnDuty bool  `json:"on_duty" class:"C1"`
	Away   *Away `json:"away,omitempty"`
}

// Pools mounts how the bureau splits its work among its people.
func Pools(s *httpd.Server, v pools) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/team/pools", Needs: rbac.TeamRead, Summary: "The pools through which the bureau's people claim, and what work weighs in their hands"},
		func(ctx context.Context, _ *Empty) (*One[PoolLayout], error) {
			l, err := v.Layout(ctx)
			out := PoolLayout{Pools: []Pool{}, Weights: map[string]int{}}
			for _, p := range l.Pools {
				out.Pools = append(out.Pools, toPool(p))
			}
			for typ, weight := range l.Weights {
				if weight > 1 {
					out.Weights[typ] = weight
				}
			}
			return one(out, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/team/pools", Needs: rbac.PoolEdit, Summary: "Make a pool; nobody claims through it until they are moved there", Status: 201, Creates: true},
		func(ctx context.Context, in *struct{ Body PoolBody }) (*One[Pool], error) {
			p, err := v.MakePool(ctx, in.Body.draft())
			return one(toPool(p), err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/team/pools/{id}", Needs: rbac.PoolEdit, Summary: "Give a pool another name, lead, work or limit"},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body PoolBody
		}) (*One[Pool], error) {
			id, err := idOf[ident.PoolID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.ChangePool(ctx, id, in.Body.draft())
			return one(toPool(p), err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/team/pools/{id}", Needs: rbac.PoolEdit, Summary: "End a pool; its people claim through the one for everybody again", Status: 204},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*Empty, error) {
			id, err := idOf[ident.PoolID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.EndPool(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/team/weights", Needs: rbac.PoolEdit, Summary: "Say what one item of a type of work counts in the hands of who holds it; what is not named stays", Status: 204},
		func(ctx context.Context, in *struct {
			Body struct {
				Weights map[string]int `json:"weights"`
			}
		}) (*Empty, error) {
			return done(v.SetWeights(ctx, in.Body.Weights))
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/team/people/{id}/seat", Needs: rbac.PoolEdit, Summary: "Let somebody claim through a pool, and say how much they may hold", Status: 204},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Pool  string `json:"pool_id"`
				Limit int    `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"the pool's without"`
			}
		}) (*Empty, error) {
			return done(v.SetSeat(ctx, ident.PersonID(in.ID), worklist.SeatDraft{Pool: ident.PoolID(in.Body.Pool), Limit: in.Body.Limit}))
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/team/people/{id}/duty", Needs: rbac.PoolEdit, Summary: "Set somebody away, or on duty again", Status: 204},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body DutyBody
		}) (*Empty, error) {
			return done(v.SetDutyOf(ctx, ident.PersonID(in.ID), in.Body.Away, in.Body.until()))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/queue/duty", Needs: rbac.ItemClaim, Summary: "Whether you are on duty"},
		func(ctx context.Context, _ *Empty) (*One[Duty], error) {
			seat, err := v.Duty(ctx)
			return one(Duty{seat.Away.Since.IsZero(), toAway(seat.Away)}, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/queue/duty", Needs: rbac.ItemClaim, Summary: "Set yourself away, so that nothing is given to you, or on duty again", Status: 204},
		func(ctx context.Context, in *struct{ Body DutyBody }) (*Empty, error) {
			return done(v.SetDuty(ctx, in.Body.Away, in.Body.until()))
		})
}
