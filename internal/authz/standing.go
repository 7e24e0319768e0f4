package authz

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Standing is the person of a request and the roles they hold now, for menus and
// buttons: what is shown to nobody who cannot use it. It decides nothing.
type Standing struct {
	policy Policy
	Firms  map[ident.FirmID][]rbac.Role
	own    map[ident.FirmID][]string // what the firm's own roles among them include
	hidden map[ident.FirmID]bool     // see Hidden
	stamp  db.ListStamp
}

// Mark says by what the person sees what they see, over all firms: the roles they hold
// there, and the versions of the firms' grants and walls.
func (s Standing) Mark() string {
	var list []string
	for firm, roles := range s.Firms {
		list = append(list, fmt.Sprint(firm, roles, s.own[firm], s.hidden[firm]))
	}
	slices.Sort(list)
	return fmt.Sprint(list, s.stamp.Firms)
}

// StandingOf is a standing of roles that are known already.
func StandingOf(policy Policy, firms map[ident.FirmID][]rbac.Role) Standing {
	return Standing{policy: policy, Firms: firms}
}

// Standing reads the live roles of the person of ctx in every firm.
func (g *Guard) Standing(ctx context.Context) (Standing, error) {
	s := Standing{policy: g.policy, Firms: map[ident.FirmID][]rbac.Role{}, own: map[ident.FirmID][]string{}, hidden: map[ident.FirmID]bool{}}
	sc, err := scope.From(ctx)
	if err != nil {
		return s, err
	}
	err = g.db.InBureau(ctx, nil, func(tx *db.Tx) error {
		var rows []struct {
			FirmID ident.FirmID
			Roles  db.Strings
			Own    db.Strings
			Label  Label
		}
		if err := tx.Raw("SELECT firm_id, roles, own, label FROM auth.person_firms(?::uuid, ?)", sc.Actor, tx.Now).Scan(&rows).Error; err != nil {
			return fmt.Errorf("read firms of person %s: %w", sc.Actor, err)
		}
		s.stamp, _ = tx.ListStamp()
		for _, r := range rows {
			s.Firms[r.FirmID], s.own[r.FirmID] = rolesOf(r.Roles), r.Own
			s.hidden[r.FirmID] = r.Label > ceiling && !Cleared(sc, tx.Now)
		}
		return nil
	})
	return s, err
}

// In tells whether a role held in the firm includes p.
func (s Standing) In(firm ident.FirmID, p rbac.Permission) bool {
	return anyGives(s.policy, s.Firms[firm], s.own[firm], p)
}

// Anywhere tells whether a role held in any firm includes p.
func (s Standing) Anywhere(p rbac.Permission) bool {
	for firm := range s.Firms {
		if s.In(firm, p) {
			return true
		}
	}
	return false
}

// Hidden tells whether matters of the firm stay hidden that the person's grants reach,
// until they show a factor again; with no firm, whether that is so in any. It says what
// the grants say and the session lacks, and nothing of whether such a matter is there.
func (s Standing) Hidden(firm ident.FirmID) bool {
	if firm != "" {
		return s.hidden[firm]
	}
	for _, hidden := range s.hidden {
		if hidden {
			return true
		}
	}
	return false
}

// Holds tells whether the person holds the role in any firm.
func (s Standing) Holds(role rbac.Role) bool {
	for _, roles := range s.Firms {
		for _, r := range roles {
			if r == role {
				return true
			}
		}
	}
	return false
}

// OfBureau tells whether the person is one of the bureau's.
func (s Standing) OfBureau() bool {
	for _, roles := range s.Firms {
		for _, r := range roles {
			if r.OfBureau() {
				return true
			}
		}
	}
	return false
}
