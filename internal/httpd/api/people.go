package api

import (
	"context"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// members are a firm's people, and the bureau's staff.
type members interface {
	Members(ctx context.Context, r page.Request) (page.Page[people.Member], error)
	Staff(ctx context.Context) ([]people.Person, error)
}

// invitations make somebody one of them, and end it.
type invitations interface {
	Invite(ctx context.Context, name, email string, d grant.Draft) (grant.Grant, error)
	InviteStaff(ctx context.Context, name, email string) (people.Person, error)
	Reinvite(ctx context.Context, who ident.PersonID) error
	Remove(ctx context.Context, who ident.PersonID) error
}

// presences are where they are signed in.
type presences interface {
	SessionsOf(ctx context.Context, who ident.PersonID) ([]people.Session, error)
	EndSessionsOf(ctx context.Context, who ident.PersonID) error
}

// Person is someone with access to the firm.
type Person struct {
	ID     ident.PersonID `json:"id" class:"C1"`
	Name   string         `json:"name" class:"C1"`
	Email  string         `json:"email,omitempty" class:"C1"`
	Staff  bool           `json:"staff" class:"C1" doc:"works for the bureau"`
	Status string         `json:"status" class:"C1" enum:"invited,active,disabled"`
	Roles  []string       `json:"roles,omitempty" class:"C1" doc:"held now"`
}

func toPerson(p people.Person) Person {
	return Person{ID: p.ID, Name: p.Name, Email: p.Email, Staff: p.Staff, Status: p.Status}
}

func toMember(m people.Member) Person {
	p := toPerson(m.Person)
	p.Roles = m.Roles
	return p
}

// Invitee is whom an invitation goes to.
type Invitee struct {
	Name  string `json:"name" maxLength:"120"`
	Email string `json:"email" maxLength:"254"`
}

// Members mounts a firm's people and the bureau's staff.
func Members(s *httpd.Server, v members, door invitations, at presences) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/people", Needs: rbac.PersonRead, Summary: "Who has or had access"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
		}) (*Many[Person], error) {
			p, err := v.Members(ctx, in.request())
			return paged(p, err, toMember)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/people", Needs: rbac.PersonInvite, Summary: "Invite a person of the firm's own", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Invitee
				GrantDraft
			}
		}) (*One[Grant], error) {
			d, err := in.Body.toDraft()
			if err != nil {
				return nil, err
			}
			g, err := door.Invite(ctx, in.Body.Name, in.Body.Email, d)
			return one(toGrant(g), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/staff", Needs: rbac.PersonInvite, Summary: "Invite one of the bureau's own people", Status: 201, Creates: true},
		func(ctx context.Context, in *struct{ Body Invitee }) (*One[Person], error) {
			p, err := door.InviteStaff(ctx, in.Body.Name, in.Body.Email)
			return one(toPerson(p), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/staff", Needs: rbac.GrantGive, Summary: "The bureau's people whom the firm can let in"},
		func(ctx context.Context, _ *InFirm) (*Many[Person], error) {
			list, err := v.Staff(ctx)
			return many(list, err, func(p people.Person) Person {
				return Person{ID: p.ID, Name: p.Name, Staff: true, Status: p.Status} // their addresses are the bureau's
			})
		})
	forPerson := func(method, path string, needs rbac.Permission, summary string, do func(ctx context.Context, who ident.PersonID) error) {
		httpd.API(s, httpd.Op{Method: method, Path: "/firms/{firm}/people/{id}" + path, Needs: needs, Summary: summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.PersonID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id))
			})
	}
	forPerson("DELETE", "", rbac.PersonDisable, "End everything a person has in the firm", door.Remove)
	forPerson("POST", "/invitation", rbac.PersonInvite, "Send the invitation again; to who has a password, a link to choose a new one", door.Reinvite)
	forPerson("DELETE", "/sessions", rbac.SessionEnd, "End a person's sessions in the firm", at.EndSessionsOf)
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/people/{id}/sessions", Needs: rbac.SessionRead, Summary: "Where a person is signed in to the firm"},
		func(ctx context.Context, in *ByID) (*Many[Session], error) {
			id, err := idOf[ident.PersonID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := at.SessionsOf(ctx, id)
			return many(list, err, toSession)
		})
}
