package grant

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Service is what firms do about who gets in, and the bureau about asking them.
type Service struct {
	db        *db.DB
	guard     *authz.Guard
	lattice   Lattice
	bureau    *bureau.Home
	people    *people.Service
	conflicts *conflict.Service
}

// Lattice says which role may give which, and what a firm's own role can hold (rbac.Policy).
type Lattice interface {
	MayGrant(giver, given rbac.Role) bool
	Allows(role rbac.Role, p rbac.Permission) bool
	Givable(staff bool, p rbac.Permission) bool // by a role of a firm's own
	GivableTo(staff bool) []rbac.Permission
}

// New returns the service.
func New(d *db.DB, guard *authz.Guard, lattice Lattice, home *bureau.Home, p *people.Service, c *conflict.Service) *Service {
	return &Service{db: d, guard: guard, lattice: lattice, bureau: home, people: p, conflicts: c}
}

// Give grants access in the firm of ctx. Nobody grants themselves, nobody gives a
// role above the lattice, and nobody widens what they see only a part of. A new
// administrator is proposed only: the grant has no id, and Waits names the request.
// One of the bureau's people who is new here and works for another firm needs the
// bureau's word first (ErrUnconfirmed).
func (s *Service) Give(ctx context.Context, d Draft) (g Grant, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GrantGive)
		if err != nil {
			return err
		}
		p, err := people.Grantable(tx, d.Person)
		if err != nil {
			return err
		}
		g, err = s.give(tx, a, p, d)
		return err
	})
	return g, err
}

func (s *Service) give(tx *db.Tx, a *authz.Access, p people.Person, d Draft) (Grant, error) {
	if d.From.IsZero() {
		d.From = tx.Now
	}
	if err := d.validate(tx.Now); err != nil {
		return Grant{}, err
	}
	if p.ID == tx.Scope.Actor {
		return Grant{}, ErrSelf
	}
	if !s.mayGive(a, d.Role) {
		return Grant{}, ErrRoleAbove
	}
	if !a.WholeFirm() {
		return Grant{}, authz.ErrForbidden.With("your own access covers a part of the firm; who sees all of it can grant")
	}
	if p.Staff != d.Role.OfBureau() {
		return Grant{}, ErrInvalid.With("this role is not for %s", whose(p))
	}
	if err := scopeExists(tx, d); err != nil {
		return Grant{}, err
	}
	if err := givenRole(tx, d.Role); err != nil {
		return Grant{}, err
	}
	if dual(d.Role) {
		return s.propose(tx, p, d)
	}
	if err := s.conflicts.Newcomer(tx, p); err != nil {
		return Grant{}, err
	}
	g, err := s.keep(tx, p, d, tx.Scope.Actor, rbac.GrantGive)
	if err != nil || !p.Staff {
		return g, err // a firm's own people are told by their invitation
	}
	return g, letter.Write(tx, letter.Given, string(g.ID), p.ID)
}

// keep makes the grant of a draft that has been checked.
func (s *Service) keep(tx *db.Tx, p people.Person, d Draft, by ident.PersonID, allowed rbac.Permission) (Grant, error) {
	g := Grant{ID: ident.New[ident.GrantID](tx.Now), Person: p.ID, Name: p.Name, Staff: p.Staff, Role: d.Role, Scope: d.Scope, IDs: d.IDs, Practices: d.Practices,
		Class: d.Class, Label: d.Label, From: d.From, Until: d.Until, Reason: d.Reason}
	if err := insertGrant(tx, g, by); err != nil {
		return Grant{}, err
	}
	return g, recordGrant(tx, "grant.given", allowed, g)
}

func (s *Service) mayGive(a *authz.Access, role rbac.Role) bool {
	for _, giver := range a.Roles() {
		if s.lattice.MayGrant(giver, role) {
			return true
		}
	}
	return false
}

func whose(p people.Person) string {
	if p.Staff {
		return "the bureau's people"
	}
	return "a firm's own people"
}

// EndGrant ends a grant at once: what starts after the commit is refused. Who is no
// administrator of the bureau any more loses open emergency access with it.
func (s *Service) EndGrant(ctx context.Context, id ident.GrantID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.GrantEnd); err != nil {
			return err
		}
		g, err := lockGrant(tx, id)
		if err != nil {
			return err
		}
		if err := endGrant(tx, g, rbac.GrantEnd); err != nil {
			return err
		}
		if g.Role == rbac.RoleBureauAdmin {
			if err := s.shutGlass(tx, g.Person); err != nil {
				return err
			}
		}
		return s.people.Leave(tx, g.Person)
	})
}

// Extend ends a grant and gives the same one until later, in one step, so that who
// extended it and why stands beside it. Only a live grant can be extended.
func (s *Service) Extend(ctx context.Context, id ident.GrantID, until time.Time, reason string) (g Grant, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GrantGive)
		if err != nil {
			return err
		}
		old, err := lockGrant(tx, id)
		if err != nil {
			return err
		}
		if !old.Live(tx.Now) {
			return ErrEnded
		}
		if dual(old.Role) {
			return ErrAdminAnew
		}
		p, err := people.Grantable(tx, old.Person)
		if err != nil {
			return err
		}
		g, err = s.give(tx, a, p, Draft{Person: p.ID, Role: old.Role, Scope: old.Scope, IDs: old.IDs, Practices: old.Practices,
			Class: old.Class, Label: old.Label, Until: &until, Reason: reason})
		if err != nil {
			return err
		}
		return endGrant(tx, old, rbac.GrantGive)
	})
	return g, err
}

// endGrant keeps the firm from being left without an administrator.
func endGrant(tx *db.Tx, g Grant, allowed rbac.Permission) error {
	if g.Ended != nil {
		return ErrEnded
	}
	if g.Role == rbac.RoleFirmAdmin || g.Role == rbac.RoleBureauAdmin {
		if err := anotherAdmin(tx, g); err != nil {
			return err
		}
	}
	err := tx.Exec(`UPDATE access_grant SET ended_at = ?, ended_by = ?::uuid WHERE firm_id = ? AND id = ?`, tx.Now, db.Null(tx.Scope.Actor), tx.Scope.Firm, g.ID).Error
	if err != nil {
		return fmt.Errorf("end grant %s: %w", g.ID, err)
	}
	g.Ended = &tx.Now
	return recordGrant(tx, "grant.ended", allowed, g)
}

// Remove ends everything a person of the firm's own has in the firm: grants and
// the sessions that work in it. In the bureau's domain it disables the person.
func (s *Service) Remove(ctx context.Context, who ident.PersonID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonDisable); err != nil {
			return err
		}
		if who == tx.Scope.Actor {
			return ErrSelf.With("nobody removes themselves; ask another administrator")
		}
		p, err := people.OfFirm(tx, who)
		if err != nil {
			return err
		}
		grants, err := grantsOf(tx, who)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if err := endGrant(tx, g, rbac.PersonDisable); err != nil {
				return err
			}
		}
		if err := s.people.LeaveEverywhere(tx, who); err != nil {
			return err
		}
		if err := s.shut(tx, p); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "person.removed", Object: "person", ID: string(who), Class: audit.C1, Permission: string(rbac.PersonDisable)})
	})
}

// shut ends the sessions of a person removed from the firm of tx. One of the
// bureau's people removed by the bureau cannot sign in any more.
func (s *Service) shut(tx *db.Tx, p people.Person) error {
	home, err := s.bureau.ID(tx.Context())
	if err != nil {
		return err
	}
	if !p.Staff || tx.Scope.Firm != home {
		_, err := people.EndSessions(tx, p.ID, tx.Scope.Firm, "")
		return err
	}
	err = tx.Exec(`UPDATE person SET status = 'disabled', disabled_at = ?, version = version + 1 WHERE id = ?`, tx.Now, p.ID).Error
	if err != nil {
		return fmt.Errorf("disable person %s: %w", p.ID, err)
	}
	_, err = people.EndSessions(tx, p.ID, "", "")
	return err
}

func recordGrant(tx *db.Tx, action string, allowed rbac.Permission, g Grant) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "grant", ID: string(g.ID), Class: audit.C2, Permission: string(allowed), After: g,
		Detail: map[string]any{"person": g.Person, "role": g.Role, "scope": g.Scope, "class": g.Class, "label": g.Label, "until": g.Until}})
}
