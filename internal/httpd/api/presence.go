package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

type glimpses interface {
	Glimpse(ctx context.Context, id ident.WorkItemID, others []ident.PersonID) (worklist.Glimpse, error)
}

// PersonHere is somebody who looks at an item.
type PersonHere struct {
	ID    ident.PersonID `json:"person_id" class:"C1"`
	Name  string         `json:"name" class:"C1"`
	Doing httpd.Doing    `json:"doing" class:"C1" enum:"viewing,typing"`
}

// Presence mounts who of the bureau looks at an item. It is for the bureau alone.
func Presence(s *httpd.Server, v glimpses, p *httpd.Presence) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/presence", Needs: rbac.ItemClaim, Summary: "Say that you look at an item, and learn who else does; good for four seconds"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Doing httpd.Doing `json:"doing" enum:"viewing,typing"`
			}
		}) (*One[[]PersonHere], error) {
			id, err := idOf[ident.WorkItemID](in.ID)
			if err != nil {
				return nil, err
			}
			if _, err := v.Glimpse(ctx, id, nil); err != nil {
				return nil, err
			}
			sc, err := scope.From(ctx)
			if err != nil {
				return nil, err
			}
			p.See(ctx, sc.Firm, string(id), sc.Actor, in.Body.Doing)
			here := p.At(ctx, []ident.FirmID{sc.Firm}, []string{string(id)})[0]
			who := make([]ident.PersonID, len(here))
			for i, h := range here {
				who[i] = h.Person
			}
			g, err := v.Glimpse(ctx, id, who)
			out := []PersonHere{}
			for _, h := range here {
				if name := g.Names[h.Person]; name != "" && h.Person != sc.Actor {
					out = append(out, PersonHere{h.Person, name, h.Doing})
				}
			}
			return one(out, err)
		})
}
