package authz

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Holders are the people whose live grants in the firm of tx give p, each with what
// those let them know of, by id: for who gives work to somebody else. The caller has
// been decided about. It reads rows, never the snapshot.
func (g *Guard) Holders(tx *db.Tx, p rbac.Permission) ([]*Access, error) {
	return g.holders(tx, p, "", "")
}

// Holder is what p lets who know of in the firm of tx, for an act that rests on their
// access: it holds their grants until tx commits, so that the grant does not end
// between the decision and the act. ErrNotFound when nothing gives it to them.
func (g *Guard) Holder(tx *db.Tx, who ident.PersonID, p rbac.Permission) (*Access, error) {
	held, err := g.holders(tx, p, who, " FOR SHARE OF g, p")
	if err != nil {
		return nil, err
	}
	if len(held) == 0 {
		return nil, ErrNotFound
	}
	return held[0], nil
}

// Reach is what p lets who know of in the firm of tx now, nil when nothing gives it to
// them. It holds nothing: who ends their grant meanwhile sees to what rests on it.
func (g *Guard) Reach(tx *db.Tx, who ident.PersonID, p rbac.Permission) (*Access, error) {
	held, err := g.holders(tx, p, who, "")
	if err != nil || len(held) == 0 {
		return nil, err
	}
	return held[0], nil
}

func (g *Guard) holders(tx *db.Tx, p rbac.Permission, who ident.PersonID, locking string) ([]*Access, error) {
	var rows []struct {
		PersonID       ident.PersonID
		ID             ident.GrantID
		Role           rbac.Role
		ScopeKind      ScopeKind
		ScopeIDs       db.Strings
		PracticeGroups db.Strings
		Class          Class
		Label          Label
		Own            db.Strings
	}
	err := tx.Raw(`SELECT g.person_id, g.id, g.role, g.scope_kind, g.scope_ids, g.practice_groups, g.class, g.label, coalesce(r.permissions, '{}') AS own
		FROM access_grant g JOIN person p ON p.id = g.person_id LEFT JOIN custom_role r ON r.firm_id = g.firm_id AND r.id = g.role_id
		WHERE g.firm_id = ? AND (? = '' OR g.person_id = nullif(?, '')::uuid) AND p.status = 'active' AND g.ended_at IS NULL
		  AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND (g.waits_from IS NULL OR g.waits_from > ?) ORDER BY g.person_id, g.id`+locking,
		tx.Scope.Firm, who, who, tx.Now, tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read who holds %s: %w", p, err)
	}
	var held []*Access
	for _, r := range rows {
		grants := []Grant{{ID: r.ID, Role: r.Role, Scope: r.ScopeKind, IDs: r.ScopeIDs, Practices: r.PracticeGroups, Class: r.Class, Label: r.Label}}
		if r.Role.IsCustom() {
			grants[0].own = append(db.Strings{}, r.Own...)
			if err := heldRoles(tx, grants, locking); err != nil {
				return nil, err
			}
		}
		if !g.gives(&grants[0], p) {
			continue
		}
		if n := len(held); n == 0 || held[n-1].Person != r.PersonID {
			held = append(held, &Access{Person: r.PersonID, Firm: tx.Scope.Firm})
		}
		a := held[len(held)-1]
		a.grants = append(a.grants, grants[0])
	}
	for _, a := range held {
		if a.walls, err = walls(tx, a.Person); err != nil {
			return nil, err
		}
	}
	return held, nil
}
