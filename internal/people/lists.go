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
		err = tx.Raw(`SELECT id, email, name, staff, status FROM person WHERE staff AND status <> 'disabled' ORDER BY name, id`).Scan(&list).Error
		return wrap(err, "list staff for firm", tx.Scope.Firm)
	})
	return list, err
}
