package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// deputies is who stands in for whom.
type deputies interface {
	List(ctx context.Context, r page.Request) (page.Page[deputy.Stead], error)
	Name(ctx context.Context, d deputy.Draft) (deputy.Stead, error)
	End(ctx context.Context, id ident.DeputyID) error
}

// Deputy is one person standing in for another.
type Deputy struct {
	ID            ident.DeputyID `json:"id" class:"C1"`
	Principal     ident.PersonID `json:"principal_id" class:"C1" doc:"for whom"`
	PrincipalName string         `json:"principal_name" class:"C1"`
	Deputy        ident.PersonID `json:"deputy_id" class:"C1" doc:"who stands in"`
	DeputyName    string         `json:"deputy_name" class:"C1"`
	From          time.Time      `json:"from" class:"C1"`
	Until         time.Time      `json:"until" class:"C1" doc:"the first instant at which it holds no more"`
	Reason        string         `json:"reason" class:"C1"`
	NamedBy       string         `json:"named_by" class:"C1"`
	NamedAt       time.Time      `json:"named_at" class:"C1"`
	UsedAt        *time.Time     `json:"used_at,omitempty" class:"C1" doc:"the last approval under it"`
	EndedAt       *time.Time     `json:"ended_at,omitempty" class:"C1"`
	EndedBy       string         `json:"ended_by,omitempty" class:"C1" doc:"left out where nobody's act ended it"`
	Why           deputy.Why     `json:"ended_why,omitempty" class:"C1" enum:"date,principal,deputy,firm,left"`
}

func toDeputy(s deputy.Stead) Deputy {
	return Deputy{ID: s.ID, Principal: s.Principal, PrincipalName: s.PrincipalName, Deputy: s.Deputy, DeputyName: s.DeputyName, From: s.From.UTC(), Until: s.Until.UTC(),
		Reason: s.Reason, NamedBy: s.NamedBy, NamedAt: s.NamedAt.UTC(), UsedAt: utc(s.Used), EndedAt: utc(s.Ended), EndedBy: s.EndedBy, Why: s.Why}
}

// Deputies mounts naming and ending them.
func Deputies(s *httpd.Server, v deputies) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/deputies", Needs: rbac.DeputyRead, Summary: "Who stands in for whom, the last named first: those you have part in, or all for an administrator"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
		}) (*Many[Deputy], error) {
			p, err := v.List(ctx, in.request())
			return paged(p, err, toDeputy)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/deputies", Needs: rbac.DeputyName, Summary: "Name who stands in for you, or as an administrator for anybody of the firm; it gives them no right", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Principal string    `json:"principal_id,omitempty" doc:"left out for yourself"`
				Deputy    string    `json:"deputy_id" doc:"one of the firm's own people who approves pre-bills"`
				From      time.Time `json:"from"`
				Until     time.Time `json:"until" doc:"the first instant at which it holds no more, at most 92 days after from"`
				Reason    string    `json:"reason" maxLength:"500"`
			}
		}) (*One[Deputy], error) {
			d := deputy.Draft{From: in.Body.From.UTC(), Until: in.Body.Until.UTC(), Reason: in.Body.Reason}
			var err error
			if d.Principal, err = optionalID[ident.PersonID](in.Body.Principal); err != nil {
				return nil, err
			}
			if d.Deputy, err = idOf[ident.PersonID](in.Body.Deputy); err != nil {
				return nil, err
			}
			st, err := v.Name(ctx, d)
			return one(toDeputy(st), err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/deputies/{id}", Needs: rbac.DeputyName, Summary: "End it at once: by either of the two, or by an administrator", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.DeputyID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.End(ctx, id))
		})
}
