package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// grants is who may do what in a firm.
type grants interface {
	Grants(ctx context.Context, past bool) ([]grant.Grant, error)
	Give(ctx context.Context, d grant.Draft) (grant.Grant, error)
	Extend(ctx context.Context, id ident.GrantID, until time.Time, reason string) (grant.Grant, error)
	EndGrant(ctx context.Context, id ident.GrantID) error
	Reviews(ctx context.Context) ([]grant.Grant, error)
	Keep(ctx context.Context, id ident.GrantID) error
	Preview(ctx context.Context, d grant.Draft) (grant.Preview, error)
	Ask(ctx context.Context, d grant.Draft) (grant.Request, error)
	AskFor(ctx context.Context, firm ident.FirmID, d grant.Draft) (grant.Request, error)
	Requests(ctx context.Context) ([]grant.Request, error)
	Answer(ctx context.Context, id ident.RequestID, d grant.Draft) (grant.Grant, error)
	Refuse(ctx context.Context, id ident.RequestID, reason string) error
	Withdraw(ctx context.Context, id ident.RequestID) error
	ConfirmSole(ctx context.Context, firm ident.FirmID, id ident.RequestID) (grant.Grant, error)
	RefuseSole(ctx context.Context, firm ident.FirmID, id ident.RequestID, reason string) error
	Explain(ctx context.Context, who ident.PersonID, p rbac.Permission, matter ident.MatterID) (*authz.Explanation, error)
	Emergencies(ctx context.Context) ([]grant.Emergency, error)
	AskGlass(ctx context.Context, firm ident.FirmID, reason string) (grant.Request, error)
	OpenGlass(ctx context.Context, firm ident.FirmID, id ident.RequestID) (grant.Grant, error)
	EndGlass(ctx context.Context, firm ident.FirmID, id ident.RequestID) error
	Walls(ctx context.Context) ([]grant.Wall, error)
	RaiseWall(ctx context.Context, w grant.Wall) (grant.Wall, error)
	LiftWall(ctx context.Context, id ident.WallID) error
}

// Grant is one person's access.
type Grant struct {
	ID        ident.GrantID   `json:"id,omitempty" class:"C1" doc:"missing while a second administrator must confirm"`
	Waits     ident.RequestID `json:"waits_for_request,omitempty" class:"C1" doc:"the proposal that a second administrator confirms"`
	Person    ident.PersonID  `json:"person_id" class:"C1"`
	Name      string          `json:"name" class:"C1"`
	Staff     bool            `json:"staff" class:"C1"`
	Role      rbac.Role       `json:"role" class:"C1" doc:"own:<id> or staff:<id> for a role of the firm's own"`
	Named     string          `json:"role_name,omitempty" class:"C1" doc:"of a role of the firm's own"`
	Scope     authz.ScopeKind `json:"scope" class:"C1" enum:"all,client,matter,practice"`
	IDs       []string        `json:"scope_ids,omitempty" class:"C1"`
	Names     []string        `json:"scope_names,omitempty" class:"C2" doc:"of what you may know of"`
	Hidden    int             `json:"scope_hidden,omitempty" class:"C1" doc:"how many more there are"`
	Practices []string        `json:"practice_groups,omitempty" class:"C2"`
	Class     int             `json:"class" class:"C1" doc:"highest class of field it shows, 1 to 3"`
	Label     string          `json:"label" class:"C1" doc:"highest label of matter it reaches"`
	From      time.Time       `json:"from" class:"C1"`
	Until     *time.Time      `json:"until,omitempty" class:"C1"`
	Reason    string          `json:"reason,omitempty" class:"C2"`
	GrantedBy string          `json:"granted_by,omitempty" class:"C1"`
	LastUsed  string          `json:"last_used_on,omitempty" class:"C1"`
	Ended     *time.Time      `json:"ended_at,omitempty" class:"C1"`
	Kept      *time.Time      `json:"kept_at,omitempty" class:"C1" doc:"when a review last kept it"`
}

func toGrant(g grant.Grant) Grant {
	return Grant{g.ID, g.Waits, g.Person, g.Name, g.Staff, g.Role, g.Named, g.Scope, g.IDs, g.Names, g.Hidden, g.Practices, int(g.Class), g.Label.String(),
		g.From.UTC(), utc(g.Until), g.Reason, g.GrantedBy, dayOf(g.LastUsed), utc(g.Ended), utc(g.Kept)}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// GrantDraft is a grant as it is asked for.
type GrantDraft struct {
	Role      rbac.Role       `json:"role"`
	Scope     authz.ScopeKind `json:"scope" enum:"all,client,matter,practice"`
	IDs       []string        `json:"scope_ids,omitempty" maxItems:"200" doc:"clients or matters"`
	Practices []string        `json:"practice_groups,omitempty" maxItems:"200"`
	Class     int             `json:"class" minimum:"1" maximum:"3"`
	Label     string          `json:"label" enum:"standard,confidential,restricted,sealed"`
	From      *time.Time      `json:"from,omitempty" doc:"now when it is missing"`
	Until     *time.Time      `json:"until,omitempty"`
	Reason    string          `json:"reason" maxLength:"500"`
}

var labels = map[string]authz.Label{"standard": authz.Standard, "confidential": authz.Confidential, "restricted": authz.Restricted, "sealed": authz.Sealed}

func (d GrantDraft) toDraft() (grant.Draft, error) {
	out := grant.Draft{Role: d.Role, Scope: d.Scope, IDs: d.IDs, Practices: d.Practices, Class: authz.Class(d.Class), Label: labels[d.Label], Until: utc(d.Until), Reason: d.Reason} // 1 to 3 by the schema
	if d.From != nil {
		out.From = d.From.UTC()
	}
	return out, nil
}

// PersonDraft is a grant for a person who is known here. (Embedded structs are
// exported, or Huma passes them over.)
type PersonDraft struct {
	Person string `json:"person_id"`
	GrantDraft
}

func (d PersonDraft) toDraft() (grant.Draft, error) {
	out, err := d.GrantDraft.toDraft()
	if err != nil {
		return out, err
	}
	out.Person, err = idOf[ident.PersonID](d.Person)
	return out, err
}

// Effect is what a grant would do for one matter.
type Effect struct {
	Matter  ident.MatterID `json:"matter_id" class:"C1"`
	Number  string         `json:"number,omitempty" class:"C2"`
	Name    string         `json:"name,omitempty" class:"C2"`
	Client  string         `json:"client,omitempty" class:"C2"`
	Label   string         `json:"label" class:"C1"`
	Entries int            `json:"entries" class:"C1"`
	Result  grant.Result   `json:"result" class:"C1" enum:"sees,label,scope,wall"`
}

// Grants mounts the access list and the walls.
func Grants(s *httpd.Server, v grants) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/grants", Needs: rbac.GrantRead, Summary: "Who may do what"},
		func(ctx context.Context, in *struct {
			InFirm
			Past bool `query:"past" doc:"also what has ended"`
		}) (*Many[Grant], error) {
			list, err := v.Grants(ctx, in.Past)
			return many(list, err, toGrant)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/grants", Needs: rbac.GrantGive, Summary: "Grant access", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body PersonDraft
		}) (*One[Grant], error) {
			d, err := in.Body.toDraft()
			if err != nil {
				return nil, err
			}
			g, err := v.Give(ctx, d)
			return one(toGrant(g), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/grants/preview", Needs: rbac.GrantGive, Summary: "What a grant would let its person see, matter by matter"},
		func(ctx context.Context, in *struct {
			InFirm
			Body PersonDraft
		}) (*One[Preview], error) {
			d, err := in.Body.toDraft()
			if err != nil {
				return nil, err
			}
			p, err := v.Preview(ctx, d)
			return one(toPreview(p), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/grants/{id}/extend", Needs: rbac.GrantGive, Summary: "End a grant and give the same until later", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Until  time.Time `json:"until"`
				Reason string    `json:"reason" maxLength:"500"`
			}
		}) (*One[Grant], error) {
			id, err := idOf[ident.GrantID](in.ID)
			if err != nil {
				return nil, err
			}
			g, err := v.Extend(ctx, id, in.Body.Until.UTC(), in.Body.Reason)
			return one(toGrant(g), err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/grants/{id}", Needs: rbac.GrantEnd, Summary: "End access at once", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.GrantID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.EndGrant(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/grants/reviews", Needs: rbac.GrantRead, Summary: "Grants that are due to be kept or ended: given or last kept 90 days ago"},
		func(ctx context.Context, _ *InFirm) (*Many[Grant], error) {
			list, err := v.Reviews(ctx)
			return many(list, err, toGrant)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/grants/{id}/keep", Needs: rbac.GrantGive, Summary: "Keep a grant for another quarter", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.GrantID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Keep(ctx, id))
		})
	mountRequests(s, v)
	mountWalls(s, v)
	mountExplain(s, v)
	mountEmergencies(s, v)
}

// Wall keeps a person from clients and matters.
type Wall struct {
	ID      ident.WallID   `json:"id" class:"C1"`
	Person  ident.PersonID `json:"person_id" class:"C1"`
	Name    string         `json:"name" class:"C1"`
	Clients []string       `json:"client_ids,omitempty" class:"C1"`
	Matters []string       `json:"matter_ids,omitempty" class:"C1"`
	Names   []string       `json:"names,omitempty" class:"C2"`
	Reason  string         `json:"reason,omitempty" class:"C2"`
	Since   time.Time      `json:"since" class:"C1"`
	SetBy   string         `json:"set_by,omitempty" class:"C1"`
}

func toWall(w grant.Wall) Wall {
	return Wall{w.ID, w.Person, w.Name, w.Clients, w.Matters, w.Names, w.Reason, w.Since.UTC(), w.SetBy}
}

func mountWalls(s *httpd.Server, v grants) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/walls", Needs: rbac.WallRead, Summary: "Standing walls"},
		func(ctx context.Context, _ *InFirm) (*Many[Wall], error) {
			list, err := v.Walls(ctx)
			return many(list, err, toWall)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/walls", Needs: rbac.WallRaise, Summary: "Keep a person from clients and matters", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Person  string   `json:"person_id"`
				Clients []string `json:"client_ids,omitempty" maxItems:"200"`
				Matters []string `json:"matter_ids,omitempty" maxItems:"200"`
				Reason  string   `json:"reason" maxLength:"500"`
			}
		}) (*One[Wall], error) {
			who, err := idOf[ident.PersonID](in.Body.Person)
			if err != nil {
				return nil, err
			}
			w, err := v.RaiseWall(ctx, grant.Wall{Person: who, Clients: in.Body.Clients, Matters: in.Body.Matters, Reason: in.Body.Reason})
			return one(toWall(w), err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/walls/{id}", Needs: rbac.WallLift, Summary: "Lift a wall at once", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.WallID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.LiftWall(ctx, id))
		})
}
