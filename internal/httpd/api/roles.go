package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// roles is the roles of a firm's own.
type roles interface {
	Roles(ctx context.Context) ([]grant.Role, error)
	Role(ctx context.Context, id ident.RoleID) (grant.Role, error)
	MakeRole(ctx context.Context, d grant.RoleDraft) (grant.Role, error)
	EditRole(ctx context.Context, id ident.RoleID, version int, d grant.RoleDraft) (grant.Role, error)
	CloseRole(ctx context.Context, id ident.RoleID) error
}

// Role is a role of a firm's own.
type Role struct {
	ID          ident.RoleID      `json:"id" class:"C1"`
	Role        rbac.Role         `json:"role" class:"C1" doc:"as a grant names it"`
	Staff       bool              `json:"staff" class:"C1" doc:"for the bureau's people"`
	Name        string            `json:"name" class:"C1"`
	Permissions []rbac.Permission `json:"permissions" class:"C1"`
	Holders     int               `json:"holders" class:"C1" doc:"grants of it that have not ended"`
	MadeBy      string            `json:"made_by,omitempty" class:"C1"`
	MadeAt      time.Time         `json:"made_at" class:"C1"`
	Closed      *time.Time        `json:"closed_at,omitempty" class:"C1"`
	Version     int               `json:"version" class:"C1"`
}

func toRole(r grant.Role) Role {
	return Role{r.ID, r.Named(), r.Staff, r.Name, r.Permissions, r.Holders, r.By, r.At.UTC(), utc(r.Closed), r.Version}
}

func permissionsOf(texts []string) []rbac.Permission {
	out := make([]rbac.Permission, len(texts))
	for i, text := range texts {
		out[i] = rbac.Permission(text)
	}
	return out
}

// Roles mounts the roles of a firm's own.
func Roles(s *httpd.Server, v roles) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/roles", Needs: rbac.RoleRead, Summary: "The firm's own roles"},
		func(ctx context.Context, _ *InFirm) (*Many[Role], error) {
			list, err := v.Roles(ctx)
			return many(list, err, toRole)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/roles", Needs: rbac.RoleEdit, Summary: "Make a role of some permissions", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Staff       bool     `json:"staff,omitempty" doc:"for the bureau's people, else for the firm's own; cannot change later"`
				Name        string   `json:"name" maxLength:"60"`
				Permissions []string `json:"permissions" maxItems:"100"`
			}
		}) (*One[Role], error) {
			r, err := v.MakeRole(ctx, grant.RoleDraft{Staff: in.Body.Staff, Name: in.Body.Name, Permissions: permissionsOf(in.Body.Permissions)})
			return versioned(toRole(r), r.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/roles/{id}", Needs: rbac.RoleRead, Summary: "One role"},
		func(ctx context.Context, in *ByID) (*One[Role], error) {
			id, err := idOf[ident.RoleID](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := v.Role(ctx, id)
			return versioned(toRole(r), r.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/roles/{id}", Needs: rbac.RoleEdit, Summary: "Change a role, for everybody who holds it at once"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Name        string   `json:"name" maxLength:"60"`
				Permissions []string `json:"permissions" maxItems:"100"`
			}
		}) (*One[Role], error) {
			id, version, err := changing[ident.RoleID](in.Changing)
			if err != nil {
				return nil, err
			}
			r, err := v.EditRole(ctx, id, version, grant.RoleDraft{Name: in.Body.Name, Permissions: permissionsOf(in.Body.Permissions)})
			return versioned(toRole(r), r.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/roles/{id}", Needs: rbac.RoleEdit, Summary: "Close a role that nobody holds", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.RoleID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.CloseRole(ctx, id))
		})
}
