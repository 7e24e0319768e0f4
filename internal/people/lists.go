package people

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
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

// Member is a person as the firm's list of people shows them.
type Member struct {
	Person
	Roles []string // live ones
}

// Members lists the people who hold or held a grant in the firm, by name; in the
// bureau's domain, its own people.
func (s *Service) Members(ctx context.Context, r page.Request) (p page.Page[Member], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonRead); err != nil {
			return err
		}
		p, err = members(tx, r)
		return err
	})
	return p, err
}

type memberKey struct {
	Name string
	ID   ident.PersonID
}

func members(tx *db.Tx, r page.Request) (page.Page[Member], error) {
	var after memberKey
	first, err := r.Decode(&after)
	if err != nil {
		return page.Page[Member]{}, err
	}
	rows, err := tx.Raw(`SELECT p.id, p.email, p.name, p.staff, p.status, coalesce(array_agg(DISTINCT coalesce(cr.name, g.role) ORDER BY coalesce(cr.name, g.role)) FILTER (
			WHERE g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?)), '{}')
		FROM acquaintance p LEFT JOIN access_grant g ON g.person_id = p.id AND g.firm_id = ? LEFT JOIN custom_role cr ON cr.firm_id = g.firm_id AND cr.id = g.role_id
		WHERE (g.id IS NOT NULL OR (p.staff AND EXISTS (SELECT FROM firm f WHERE f.firm_id = ? AND f.kind = 'bureau')))
		  AND (? OR (p.name, p.id) > (?, nullif(?, '')::uuid))
		GROUP BY p.id, p.email, p.name, p.staff, p.status ORDER BY p.name, p.id LIMIT ?`,
		tx.Now, tx.Now, tx.Scope.Firm, tx.Scope.Firm, first, after.Name, after.ID, r.Limit()+1).Rows()
	if err != nil {
		return page.Page[Member]{}, fmt.Errorf("list people of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	var list []Member
	for rows.Next() {
		var m Member
		if err := rows.Scan(&m.ID, &m.Email, &m.Name, &m.Staff, &m.Status, (*db.Strings)(&m.Roles)); err != nil {
			return page.Page[Member]{}, fmt.Errorf("read person: %w", err)
		}
		list = append(list, m)
	}
	if err := rows.Err(); err != nil {
		return page.Page[Member]{}, err
	}
	return page.Cut(list, r.Limit(), func(m Member) any { return memberKey{m.Name, m.ID} })
}

// Staff lists the bureau's people whom a firm may let in, by name, to who lets them
// in and to who asks for it.
func (s *Service) Staff(ctx context.Context) (list []Person, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		_, err := s.guard.Require(tx, rbac.GrantGive)
		if errors.Is(err, authz.ErrForbidden) {
			_, err = s.guard.Require(tx, rbac.GrantAsk)
		}
		if err != nil {
			return err
		}
		err = tx.Raw(`SELECT id, email, name, staff, status FROM person WHERE staff AND status <> 'disabled' ORDER BY name, id LIMIT 500`).Scan(&list).Error
		return wrap(err, "list staff for firm", tx.Scope.Firm)
	})
	return list, err
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
