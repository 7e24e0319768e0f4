package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

type groups interface {
	Groups(ctx context.Context) ([]matter.Group, error)
	Group(ctx context.Context, id ident.GroupID) (matter.Group, error)
	SaveGroup(ctx context.Context, g matter.Group) (matter.Group, error)
	JoinGroup(ctx context.Context, m matter.Member) (matter.Group, error)
	LeaveGroup(ctx context.Context, group ident.GroupID, id ident.MemberID, day time.Time) (matter.Group, error)
}

// Group is a named set of clients, for which rates and guidelines may be laid down.
type Group struct {
	ID      ident.GroupID `json:"id" class:"C1"`
	Name    string        `json:"name,omitempty" class:"C2"`
	Version int           `json:"version" class:"C1"`
	Members []Member      `json:"members" class:"C1" doc:"clients you may know of, by first day"`
}

// Member is a client's time in a group.
type Member struct {
	ID     ident.MemberID `json:"id" class:"C1"`
	Client ident.ClientID `json:"client_id" class:"C1"`
	Name   string         `json:"client_name,omitempty" class:"C2"`
	From   string         `json:"from" class:"C1" format:"date"`
	Until  string         `json:"until,omitempty" class:"C1" format:"date" doc:"first day it no longer belongs"`
}

func toGroup(g matter.Group) Group {
	out := Group{g.ID, g.Name, g.Version, make([]Member, len(g.Members))}
	for i, m := range g.Members {
		out.Members[i] = Member{m.ID, m.ClientID, m.ClientName, day(m.From), dayOf(m.Until)}
	}
	return out
}

type groupBody struct {
	Name string `json:"name" maxLength:"120"`
}

// Groups mounts groups of clients.
func Groups(s *httpd.Server, v groups) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/client-groups", Needs: rbac.ClientRead, Summary: "Groups of clients you may know of, by name"},
		func(ctx context.Context, _ *InFirm) (*Many[Group], error) {
			list, err := v.Groups(ctx)
			return many(list, err, toGroup)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/client-groups/{id}", Needs: rbac.ClientRead, Summary: "One group of clients"},
		func(ctx context.Context, in *ByID) (*One[Group], error) {
			id, err := idOf[ident.GroupID](in.ID)
			if err != nil {
				return nil, err
			}
			g, err := v.Group(ctx, id)
			return versioned(toGroup(g), g.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/client-groups", Needs: rbac.ClientEdit, Summary: "Make a group of clients", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body groupBody
		}) (*One[Group], error) {
			g, err := v.SaveGroup(ctx, matter.Group{Name: in.Body.Name})
			return versioned(toGroup(g), g.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/client-groups/{id}", Needs: rbac.ClientEdit, Summary: "Rename a group of clients; its members are changed on their own"},
		func(ctx context.Context, in *struct {
			Changing
			Body groupBody
		}) (*One[Group], error) {
			id, version, err := changing[ident.GroupID](in.Changing)
			if err != nil {
				return nil, err
			}
			if _, err = v.SaveGroup(ctx, matter.Group{ID: id, Name: in.Body.Name, Version: version}); err != nil {
				return nil, err
			}
			g, err := v.Group(ctx, id)
			return versioned(toGroup(g), g.Version, err)
		})
	mountMembers(s, v)
}

func mountMembers(s *httpd.Server, v groups) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/client-groups/{id}/members", Needs: rbac.ClientEdit, Summary: "Let a client belong to a group from a day on", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Client string `json:"client_id"`
				From   string `json:"from"`
			}
		}) (*One[Group], error) {
			m := matter.Member{}
			var err error
			if m.GroupID, err = idOf[ident.GroupID](in.ID); err != nil {
				return nil, err
			}
			if m.ClientID, err = idOf[ident.ClientID](in.Body.Client); err != nil {
				return nil, err
			}
			if m.From, err = parseDay("from", in.Body.From); err != nil {
				return nil, err
			}
			g, err := v.JoinGroup(ctx, m)
			return versioned(toGroup(g), g.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/client-groups/{id}/members/{member}/end", Needs: rbac.ClientEdit, Summary: "Let a client belong to a group until the day before; on its first day, as if it had never joined"},
		func(ctx context.Context, in *struct {
			ByID
			Member string `path:"member"`
			Body   struct {
				On string `json:"on"`
			}
		}) (*One[Group], error) {
			id, err := idOf[ident.GroupID](in.ID)
			if err != nil {
				return nil, err
			}
			member, err := idOf[ident.MemberID](in.Member)
			if err != nil {
				return nil, err
			}
			on, err := parseDay("on", in.Body.On)
			if err != nil {
				return nil, err
			}
			g, err := v.LeaveGroup(ctx, id, member, on)
			return versioned(toGroup(g), g.Version, err)
		})
}
