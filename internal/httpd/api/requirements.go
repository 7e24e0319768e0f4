package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/rbac"
)

// requirements are what work asks of who takes it.
type requirements interface {
	Sheet(ctx context.Context) (requirement.Sheet, error)
	Set(ctx context.Context, d requirement.Draft) (ident.RequirementID, error)
	End(ctx context.Context, id ident.RequirementID) error
	Confirm(ctx context.Context, id ident.GuideID) error
}

// Requirement is a certificate that a firm's work asks for.
type Requirement struct {
	ID        ident.RequirementID `json:"id" class:"C1"`
	Type      string              `json:"work_type" class:"C1" doc:"empty is every type"`
	Course    ident.CourseID      `json:"course_id" class:"C1"`
	Name      string              `json:"certificate" class:"C1"`
	Mandatory bool                `json:"mandatory" class:"C1"`
	PreferMin int                 `json:"prefer_minutes,omitempty" class:"C1" doc:"business minutes after which anybody may have an item"`
	OfFirm    bool                `json:"of_firm" class:"C1" doc:"only the firm ends it"`
	Until     string              `json:"yours_until,omitempty" class:"C1" doc:"last day of your own; missing without one that counts today"`
}

// OwnGuide is the firm's own guidelines in force.
type OwnGuide struct {
	ID     ident.GuideID `json:"id" class:"C1"`
	Number int           `json:"version" class:"C1"`
	From   string        `json:"from" class:"C1"`
	Said   *time.Time    `json:"confirmed_at,omitempty" class:"C1" doc:"when you did"`
	Unread []string      `json:"not_confirmed,omitempty" class:"C1" doc:"who works here and did not; only for who sets requirements"`
}

// RequirementSheet is what work at a firm asks for.
type RequirementSheet struct {
	List  []Requirement `json:"certificates"`
	Guide *OwnGuide     `json:"guidelines,omitempty"`
}

func toSheet(s requirement.Sheet) RequirementSheet {
	out := RequirementSheet{List: []Requirement{}}
	for _, r := range s.List {
		x := Requirement{ID: r.ID, Type: r.Type, Course: r.CourseID, Name: r.Course, Mandatory: r.Mandatory, PreferMin: r.PreferMin, OfFirm: r.OfFirm}
		if r.Until != nil {
			x.Until = day(*r.Until)
		}
		out.List = append(out.List, x)
	}
	if g := s.Guide; g != nil {
		out.Guide = &OwnGuide{g.ID, g.Number, day(g.From), g.Said, s.Unread}
	}
	return out
}

// madeRequirement is what asking for one answers.
type madeRequirement struct {
	ID ident.RequirementID `json:"id" class:"C1"`
}

// Requirements mounts them.
func Requirements(s *httpd.Server, v requirements) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/requirements", Needs: rbac.RequirementRead, Summary: "What this firm's work asks of who takes it, and how you stand to it"},
		func(ctx context.Context, _ *InFirm) (*One[RequirementSheet], error) {
			sheet, err := v.Sheet(ctx)
			return one(toSheet(sheet), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/requirements", Needs: rbac.RequirementSet, Summary: "Ask for a certificate with a type of work, from the next item that somebody takes", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Type      string `json:"work_type,omitempty" maxLength:"40" doc:"none is every type"`
				Course    string `json:"course_id"`
				Mandatory bool   `json:"mandatory,omitempty"`
				PreferMin int    `json:"prefer_minutes,omitempty" doc:"of one that is not mandatory"`
			}
		}) (*One[madeRequirement], error) {
			d := requirement.Draft{Type: in.Body.Type, Mandatory: in.Body.Mandatory, PreferMin: in.Body.PreferMin}
			var err error
			if d.Course, err = optionalID[ident.CourseID](in.Body.Course); err != nil {
				return nil, err
			}
			id, err := v.Set(ctx, d)
			return one(madeRequirement{id}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/requirements/{id}/end", Needs: rbac.RequirementSet, Summary: "Ask for it no more", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.RequirementID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.End(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/guidelines/{id}/confirm", Needs: rbac.ItemClaim, Summary: "Confirm that you read the firm's own guidelines in the version in force; without it you get no work of this firm", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.GuideID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Confirm(ctx, id))
		})
}
