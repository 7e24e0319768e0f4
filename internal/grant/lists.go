package grant

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/rbac"
)

// Grants lists who may do what in the firm and has not ended, by name; with past,
// also what has. Clients and matters beyond the reader's own access are counted,
// not named.
func (s *Service) Grants(ctx context.Context, past bool) (list []Grant, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GrantRead)
		if err != nil {
			return err
		}
		if list, err = listGrants(tx, `(? OR g.ended_at IS NULL AND (g.until_at IS NULL OR g.until_at > ?))`, []any{past, tx.Now}, ""); err != nil {
			return err
		}
		return nameScopes(tx, a, list)
	})
	return list, err
}

// nameScopes fills in the names of what each grant is limited to.
func nameScopes(tx *db.Tx, a *authz.Access, list []Grant) error {
	var clients, matters []string
	for _, g := range list {
		switch g.Scope {
		case authz.ScopeClient:
			clients = append(clients, g.IDs...)
		case authz.ScopeMatter:
			matters = append(matters, g.IDs...)
		case authz.ScopeAll, authz.ScopePractice:
		}
	}
	names, err := namesOf(tx, a, clients, matters)
	if err != nil {
		return err
	}
	for i, g := range list {
		for _, id := range g.IDs {
			if n, ok := names[id]; ok {
				list[i].Names = append(list[i].Names, n)
			} else {
				list[i].Hidden++
			}
		}
	}
	return nil
}

func namesOf(tx *db.Tx, a *authz.Access, clients, matters []string) (map[string]string, error) {
	names := map[string]string{}
	if len(clients)+len(matters) == 0 || !a.Sees(authz.C2) {
		return names, nil
	}
	var rows []struct{ ID, Name string }
	cond, args := a.Clients("c")
	err := tx.Raw(`SELECT c.id, c.name FROM client c WHERE c.firm_id = ? AND c.id = ANY (?::uuid[]) AND `+cond,
		append([]any{tx.Scope.Firm, db.Array(clients)}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("name clients: %w", err)
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	rows = nil
	cond, args = a.MattersSeeing("m", authz.C2)
	err = tx.Raw(`SELECT m.id, m.number || ' ' || m.name AS name FROM matter m WHERE m.firm_id = ? AND m.id = ANY (?::uuid[]) AND `+cond,
		append([]any{tx.Scope.Firm, db.Array(matters)}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("name matters: %w", err)
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

// WhoGrants names the people who can give access in the firm of ctx, for the answer
// to whoever was refused inside it (DESIGN 2.14). It needs a live grant there.
func (s *Service) WhoGrants(ctx context.Context) (names []string, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		roles, err := s.guard.Roles(tx)
		if err != nil || len(roles) == 0 {
			return err
		}
		err = tx.Raw(`SELECT DISTINCT p.name FROM access_grant g JOIN acquaintance p ON p.id = g.person_id WHERE g.firm_id = ? AND g.role = ? AND p.status = 'active'
			AND g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) ORDER BY p.name LIMIT 5`,
			tx.Scope.Firm, rbac.RoleFirmAdmin, tx.Now, tx.Now).Scan(&names).Error
		return wrap(err, "name the administrators of firm", tx.Scope.Firm)
	})
	return names, err
}
