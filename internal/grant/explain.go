package grant

import (
	"context"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// ErrPermissionUnknown refuses a question about something that nobody can do.
var ErrPermissionUnknown = fault.New(fault.Invalid, "permission_unknown", "there is no such permission")

// Explain tells the firm why a person may or may not do something in it, for a matter
// when one is named. Only who reads the firm's walls may ask: a wall's existence is
// what a refusal must not tell anyone else (DESIGN 2.14). It is a look, with its leaf.
func (s *Service) Explain(ctx context.Context, who ident.PersonID, p rbac.Permission, matter ident.MatterID) (x *authz.Explanation, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.WallRead)
		if err != nil {
			return err
		}
		if !rbac.Known(p) {
			return ErrPermissionUnknown.On(fault.Field{Path: "permission", Code: "permission_unknown", Message: "name one such as prebill.approve"})
		}
		if matter != "" {
			if err := a.RequireMatter(tx, matter); err != nil {
				return err
			}
		}
		if x, err = s.guard.Explain(tx, who, p, matter); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "grant.explained", Object: "person", ID: string(who), Matter: matter, Class: audit.C1, Permission: string(rbac.WallRead),
			Detail: map[string]any{"permission": p, "because": x.Because}})
	})
	return x, err
}
