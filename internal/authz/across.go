package authz

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Across is Require for a list over several firms: in a transaction of the bureau
// role it reads what the actor may know of in each. Firms in which no live grant
// gives p are left out. Each act on what the list shows decides again in its firm.
func (g *Guard) Across(tx *db.Tx, firms []ident.FirmID, p rbac.Permission) ([]*Access, error) {
	if tx.Scope.Actor == "" {
		return nil, ErrForbidden
	}
	byFirm := map[ident.FirmID]*Access{}
	var order []*Access
	for _, r := range firms {
		if byFirm[r] == nil {
			byFirm[r] = &Access{Person: tx.Scope.Actor, Firm: r}
			order = append(order, byFirm[r])
		}
	}
	if err := g.grantsAcross(tx, firms, p, byFirm); err != nil {
		return nil, err
	}
	if err := wallsAcross(tx, firms, byFirm); err != nil {
		return nil, err
	}
	var held []*Access
	for _, a := range order {
		a.clear(tx, a.grants)
		if len(a.grants) > 0 {
			held = append(held, a)
		}
	}
	return held, nil
}

func (g *Guard) grantsAcross(tx *db.Tx, firms []ident.FirmID, p rbac.Permission, byFirm map[ident.FirmID]*Access) error {
	var rows []struct {
		FirmID         ident.FirmID
		ID             ident.GrantID
		Role           rbac.Role
		ScopeKind      ScopeKind
		ScopeIDs       db.Strings
		PracticeGroups db.Strings
		Class          Class
		Label          Label
		Own            db.Strings
	}
	err := tx.Raw(`SELECT g.firm_id, g.id, g.role, g.scope_kind, g.scope_ids, g.practice_groups, g.class, g.label, coalesce(r.permissions, '{}') AS own
		FROM unnest(?::uuid[]) AS f(id) JOIN access_grant g ON g.firm_id = f.id AND g.person_id = ? JOIN person p ON p.id = g.person_id
		LEFT JOIN custom_role r ON r.firm_id = g.firm_id AND r.id = g.role_id
		WHERE p.status = 'active' AND g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND (g.waits_from IS NULL OR g.waits_from > ?) ORDER BY g.id`,
		db.Array(firms), tx.Scope.Actor, tx.Now, tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read grants of person %s across firms: %w", tx.Scope.Actor, err)
	}
	for _, r := range rows {
		grant := Grant{ID: r.ID, Role: r.Role, Scope: r.ScopeKind, IDs: r.ScopeIDs, Practices: r.PracticeGroups, Class: r.Class, Label: r.Label}
		if r.Role.IsCustom() {
			grant.own = r.Own
		}
		if g.gives(&grant, p) {
			a := byFirm[r.FirmID]
			a.grants = append(a.grants, grant)
		}
	}
	return nil
}

func wallsAcross(tx *db.Tx, firms []ident.FirmID, byFirm map[ident.FirmID]*Access) error {
	var rows []struct {
		FirmID    ident.FirmID
		ClientIDs db.Strings
		MatterIDs db.Strings
	}
	err := tx.Raw(`SELECT w.firm_id, w.client_ids, w.matter_ids FROM unnest(?::uuid[]) AS f(id) JOIN wall w ON w.firm_id = f.id AND w.person_id = ?
		WHERE w.ended_at IS NULL AND w.from_at <= ? AND (w.until_at IS NULL OR w.until_at > ?)`,
		db.Array(firms), tx.Scope.Actor, tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read walls of person %s across firms: %w", tx.Scope.Actor, err)
	}
	for _, r := range rows {
		a := byFirm[r.FirmID]
		a.walls = append(a.walls, wall{r.ClientIDs, r.MatterIDs})
	}
	return nil
}

// Plain tells whether a label alone decides what the person may know of in the
// firm: every grant covers all of it and no wall stands. Lists over many firms ask
// for these in one query.
func (a *Access) Plain() (label Label, ok bool) {
	if a.Machine != "" || len(a.walls) > 0 || len(a.grants) == 0 {
		return 0, false
	}
	for _, g := range a.grants {
		if g.Scope != ScopeAll {
			return 0, false
		}
	}
	return a.Unscoped()
}

// Unscoped is the highest label of what belongs to no matter, or to several, that
// the person may know of; ok is false without a grant over the whole firm.
func (a *Access) Unscoped() (label Label, ok bool) { return a.UnscopedSeeing(C1) }

// UnscopedSeeing is Unscoped through the grants that show fields of class c.
func (a *Access) UnscopedSeeing(c Class) (label Label, ok bool) {
	if a.Machine != "" {
		return Sealed, true
	}
	for _, g := range a.grants {
		if g.Scope == ScopeAll && g.Class >= c {
			label, ok = max(label, min(g.Label, Restricted)), true
		}
	}
	return label, ok
}
