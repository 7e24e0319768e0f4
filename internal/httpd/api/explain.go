package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Explanation is one decision with everything that had a say in it.
type Explanation struct {
	Person     ident.PersonID  `json:"person_id" class:"C1"`
	Name       string          `json:"name" class:"C1"`
	Permission rbac.Permission `json:"permission" class:"C1"`
	Matter     ident.MatterID  `json:"matter_id,omitempty" class:"C1"`
	At         time.Time       `json:"at" class:"C1" doc:"when it was decided"`
	Allowed    bool            `json:"allowed" class:"C1"`
	Because    authz.Because   `json:"because" class:"C1" enum:"granted,no_grant,wall,disabled,factor_stale" doc:"factor_stale: granted, but a restricted or sealed matter, and nowhere have they shown a second factor in the last 30 minutes"`
	Walls      []ident.WallID  `json:"wall_ids,omitempty" class:"C1" doc:"that stand before the matter; a wall beats every grant"`
	Grants     []ExplainGrant  `json:"grants" class:"C1" doc:"every grant the person ever had here, the newest first"`
}

// ExplainGrant is what one grant does for the decision.
type ExplainGrant struct {
	ID      ident.GrantID   `json:"id" class:"C1"`
	Role    rbac.Role       `json:"role" class:"C1"`
	Named   string          `json:"role_name,omitempty" class:"C1" doc:"of a role of the firm's own"`
	Verdict authz.Verdict   `json:"verdict" class:"C1" enum:"gives,ended,not_yet,over,undertaking,not_in_role,scope,label"`
	Line    string          `json:"policy_line,omitempty" class:"C1" doc:"that gives the permission to the role; missing when none does"`
	Scope   authz.ScopeKind `json:"scope" class:"C1"`
	Class   int             `json:"class" class:"C1" doc:"highest class of field it shows"`
	Label   string          `json:"label" class:"C1"`
	From    time.Time       `json:"from" class:"C1"`
	Until   *time.Time      `json:"until,omitempty" class:"C1"`
	Ended   *time.Time      `json:"ended_at,omitempty" class:"C1"`
}

func toExplanation(x *authz.Explanation) Explanation {
	out := Explanation{x.Person, x.Name, x.Permission, x.Matter, x.At.UTC(), x.Allowed, x.Because, x.Walls, make([]ExplainGrant, len(x.Grants))}
	for i, g := range x.Grants {
		out.Grants[i] = ExplainGrant{g.ID, g.Role, g.Named, g.Verdict, g.Line, g.Scope, int(g.Class), g.Label.String(), g.From.UTC(), utc(g.Until), utc(g.Ended)}
	}
	return out
}

func mountExplain(s *httpd.Server, v grants) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/explain", Needs: rbac.WallRead, Summary: "Why a person may or may not do something"},
		func(ctx context.Context, in *struct {
			InFirm
			Person     string `query:"person_id" required:"true"`
			Permission string `query:"permission" required:"true" maxLength:"60" doc:"such as prebill.approve"`
			Matter     string `query:"matter_id" doc:"the firm as a whole when it is missing"`
		}) (*One[Explanation], error) {
			who, err := idOf[ident.PersonID](in.Person)
			if err != nil {
				return nil, err
			}
			var matter ident.MatterID
			if in.Matter != "" {
				if matter, err = idOf[ident.MatterID](in.Matter); err != nil {
					return nil, err
				}
			}
			x, err := v.Explain(ctx, who, rbac.Permission(in.Permission), matter)
			if err != nil {
				return nil, err
			}
			return one(toExplanation(x), nil)
		})
}
