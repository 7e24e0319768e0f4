package grant

import (
	"context"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Invite gives a person of the firm's own a role there and, unless they sign in
// already, sends them a link to choose a password. The answer is the same either
// way: whether an address is known elsewhere is no firm's to learn.
func (s *Service) Invite(ctx context.Context, name, email string, d Draft) (Grant, error) {
	var g Grant
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PersonInvite)
		if err != nil {
			return err
		}
		to := people.Address(email)
		if err := validInvitee(name, to); err != nil {
			return err
		}
		p, err := s.personFor(tx, name, to, d.Role.OfBureau())
		if err != nil {
			return err
		}
		d.Person = p.ID
		known, err := people.Introduce(tx, p, name)
		if err != nil {
			return err
		}
		if g, err = s.give(tx, a, known, d); err != nil || g.Waits != "" {
			return err // a new administrator is invited once a second one has confirmed
		}
		return s.people.InviteTx(tx, p, rbac.PersonInvite)
	})
	return g, err
}

// InviteStaff makes one of the bureau's own people. Firms then grant them access;
// the bureau's administrators cannot.
func (s *Service) InviteStaff(ctx context.Context, name, email string) (people.Person, error) {
	var p people.Person
	err := s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonInvite); err != nil {
			return err
		}
		to := people.Address(email)
		if err := validInvitee(name, to); err != nil {
			return err
		}
		var err error
		if p, err = s.personFor(tx, name, to, true); err != nil {
			return err
		}
		return s.people.InviteTx(tx, p, rbac.PersonInvite)
	})
	return p, err
}

// Reinvite sends the link again, for an invitation that has ended: only the firm that
// invited may. Who has a password, lost or locked by wrong tries, is mailed a link to
// choose a new one. It returns people.ErrResetMost for a sixth within the hour.
func (s *Service) Reinvite(ctx context.Context, who ident.PersonID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonInvite); err != nil {
			return err
		}
		if _, err := people.OfFirm(tx, who); err != nil {
			return err
		}
		p, err := people.ByID(tx, who) // what a letter says is decided by what they are
		if err != nil {
			return err
		}
		return s.people.LinkTx(tx, p, rbac.PersonInvite)
	})
}

// FirstAdmin makes the first administrator of the firm of tx, with the one grant
// that nobody gave. Package firm calls it when it opens a firm.
func (s *Service) FirstAdmin(tx *db.Tx, name, email string) error {
	to := people.Address(email)
	if err := validInvitee(name, to); err != nil {
		return err
	}
	p, err := s.personFor(tx, name, to, false)
	if err != nil {
		return err
	}
	if _, err := people.Introduce(tx, p, name); err != nil {
		return err
	}
	g := Grant{ID: ident.New[ident.GrantID](tx.Now), Person: p.ID, Role: rbac.RoleFirmAdmin, Scope: "all", Class: 2, Label: 2, From: tx.Now, Reason: "First administrator of the firm"}
	if err := insertGrant(tx, g, ""); err != nil {
		return err
	}
	if err := recordGrant(tx, "grant.given", rbac.FirmCreate, g); err != nil {
		return err
	}
	return s.people.InviteTx(tx, p, rbac.FirmCreate)
}

// validInvitee never repeats what was typed. to is "" for what is no address.
func validInvitee(name, to string) error {
	var fs fault.Fields
	fs.Line("name", name, 1, 120)
	if to == "" {
		fs.Add("email", "email_form", "enter one address such as name@example.com")
	}
	return fs.Err(ErrInvalid)
}

// personFor is the person of an address, made when there is none. Nobody is both
// the bureau's and a firm's.
func (s *Service) personFor(tx *db.Tx, name, email string, staff bool) (people.Person, error) {
	p, err := people.ByAddress(tx, email)
	switch {
	case err != nil:
		return p, err
	case p.ID == "":
		p = people.Person{ID: ident.NewPerson(), Email: email, Name: name, Staff: staff, Status: "invited"}
		return p, people.Insert(tx, p)
	case p.Staff != staff:
		return p, ErrStaffElse
	default:
		return p, nil
	}
}
