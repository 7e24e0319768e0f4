package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Kept is for whom an item is kept, why and until when.
type Kept struct {
	PersonID ident.PersonID      `json:"person_id" class:"C1"`
	Person   string              `json:"person" class:"C1"`
	As       worklist.ReservedAs `json:"as" class:"C1" enum:"answer,assigned,handed,offered"`
	ByID     ident.PersonID      `json:"by_id,omitempty" class:"C1"`
	By       string              `json:"by,omitempty" class:"C1"`
	Until    time.Time           `json:"until" class:"C1"`
}

func toKept(k worklist.Kept) *Kept {
	if k.For.ID == "" {
		return nil
	}
	return &Kept{k.For.ID, k.For.Name, k.As, k.By.ID, k.By.Name, k.Until.UTC()}
}

// Candidate is somebody to whom an item may go.
type Candidate struct {
	ID   ident.PersonID `json:"id" class:"C1"`
	Name string         `json:"name" class:"C1"`
	Held int            `json:"held" class:"C1" doc:"items of this firm in their hands"`
	Away *Away          `json:"away,omitempty" doc:"nothing is given to them meanwhile"`
}

// mountHandoff adds how an item gets from one person to another.
func mountHandoff(s *httpd.Server, v queue) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/items/{id}/eligible", Needs: rbac.ItemClaim, Summary: "Who an item may be assigned or handed to"},
		func(ctx context.Context, in *ByID) (*One[[]Candidate], error) {
			id, err := idOf[ident.WorkItemID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.Eligible(ctx, id)
			out := make([]Candidate, len(list))
			for i, c := range list {
				out[i] = Candidate{c.ID, c.Name, c.Held, toAway(c.Away)}
			}
			return one(out, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/assign", Needs: rbac.ItemAssign, Summary: "Give an item to a named person; whoever holds it loses it", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Person string `json:"person_id"`
				Reason string `json:"reason" maxLength:"20000"`
				Over   bool   `json:"over,omitempty" doc:"they may take it although they hold as much as they may"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.WorkItemID](in.ID)
			if err != nil {
				return nil, err
			}
			if in.Body.Over {
				return done(v.AssignOver(ctx, id, ident.PersonID(in.Body.Person), in.Body.Reason))
			}
			return done(v.Assign(ctx, id, ident.PersonID(in.Body.Person), in.Body.Reason))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/hand-off", Needs: rbac.ItemWork, Summary: "Hand an item you hold on to a colleague, who takes it; without one it goes back to the queue", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Held
				Person string `json:"person_id,omitempty"`
				Note   string `json:"note" maxLength:"20000"`
			}
		}) (*Empty, error) {
			a, err := in.Body.act(in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.HandOff(ctx, a, ident.PersonID(in.Body.Person), in.Body.Note))
		})
	simple := func(name, summary string, do func(ctx context.Context, id ident.WorkItemID) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/items/{id}/" + name, Needs: rbac.ItemClaim, Summary: summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.WorkItemID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id))
			})
	}
	simple("decline", "Refuse an item that is kept for you", v.Decline)
	simple("withdraw", "Take back what you assigned or handed on, before it is taken", v.Withdraw)
}
