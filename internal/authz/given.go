package authz

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Given lists, by id, whom a live grant in the firm of tx gives p, in a role of the
// firm's own too, whatever part of the firm the grant reaches. The caller has been
// decided about. It reads rows, never the snapshot.
func (g *Guard) Given(tx *db.Tx, p rbac.Permission) ([]ident.PersonID, error) {
	return g.given(tx, p, "", "")
}

// Gives is Given about one person. It holds nothing: who ends their last such grant
// meanwhile has to see to what rests on it.
func (g *Guard) Gives(tx *db.Tx, who ident.PersonID, p rbac.Permission) (bool, error) {
	list, err := g.given(tx, p, who, "")
	return len(list) > 0, err
}

// GivesStill is Gives, and holds their grants until tx commits.
func (g *Guard) GivesStill(tx *db.Tx, who ident.PersonID, p rbac.Permission) (bool, error) {
	list, err := g.given(tx, p, who, " FOR SHARE OF g, p")
	return len(list) > 0, err
}

func (g *Guard) given(tx *db.Tx, p rbac.Permission, who ident.PersonID, locking string) (list []ident.PersonID, err error) {
	var rows []struct {
		PersonID ident.PersonID
		Role     rbac.Role
		Own      db.Strings
	}
	err = tx.Raw(`SELECT g.person_id, g.role, coalesce(r.permissions, '{}') AS own
		FROM access_grant g JOIN person p ON p.id = g.person_id LEFT JOIN custom_role r ON r.firm_id = g.firm_id AND r.id = g.role_id
		WHERE g.firm_id = ? AND (? = '' OR g.person_id = nullif(?, '')::uuid) AND p.status = 'active' AND g.ended_at IS NULL
		  AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND (g.waits_from IS NULL OR g.waits_from > ?) ORDER BY g.person_id, g.id`+locking,
		tx.Scope.Firm, who, who, tx.Now, tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read whom %s is given: %w", p, err)
	}
	for _, r := range rows {
		grants := []Grant{{Role: r.Role}}
		if r.Role.IsCustom() {
			grants[0].own = append(db.Strings{}, r.Own...)
			if err := heldRoles(tx, grants, locking); err != nil {
				return nil, err
			}
		}
		if g.gives(&grants[0], p) && (len(list) == 0 || list[len(list)-1] != r.PersonID) {
			list = append(list, r.PersonID)
		}
	}
	return list, nil
}
