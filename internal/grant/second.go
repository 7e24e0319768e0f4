package grant

import (
	"context"
	"slices"

	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// An administrator is made by two. The second is another administrator of the same
// domain. Where there is none, one person alone must not be able to make another
// their equal, nor be locked out for ever: the proposal is told to the firm's
// partners and to the bureau's administrators at once, and one of the bureau's
// administrators can confirm it, not before 24 hours have passed and only while
// the firm still has no second administrator. The bureau gains nothing by it: it
// cannot propose, and the role is not one that its people can hold.

// propose keeps an administrator's draft until the second word is said.
func (s *Service) propose(tx *db.Tx, p people.Person, d Draft) (Grant, error) {
	r, err := insertRequest(tx, KindSecond, p, d)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{Person: p.ID, Name: p.Name, Staff: p.Staff, Role: d.Role, Scope: d.Scope, IDs: d.IDs, Practices: d.Practices, Class: d.Class, Label: d.Label, From: d.From, Until: d.Until, Reason: d.Reason, Waits: r.ID}
	others, err := seconds(tx, r)
	if err != nil {
		return g, err
	}
	if len(others) > 0 {
		return g, letter.Write(tx, letter.Second, string(r.ID), others...)
	}
	told, err := s.noticed(tx, r)
	if err != nil {
		return g, err
	}
	return g, letter.Write(tx, letter.Sole, string(r.ID), told...)
}

// seconds lists who can say the second word: administrators other than who
// proposed and who is to become one.
func seconds(tx *db.Tx, r Request) ([]ident.PersonID, error) {
	all, err := people.Administrators(tx, r.Role)
	return slices.DeleteFunc(all, func(who ident.PersonID) bool { return who == r.AskedBy || who == r.Person }), err
}

// noticed lists who is told that a sole administrator proposes another: the
// administrator, the firm's partners, the bureau's administrators.
func (s *Service) noticed(tx *db.Tx, r Request) ([]ident.PersonID, error) {
	told := []ident.PersonID{r.AskedBy}
	partners, err := people.Administrators(tx, rbac.RolePartner)
	if err != nil {
		return nil, err
	}
	bureau, err := s.bureauAdmins(tx)
	return slices.Concat(told, partners, bureau), err
}

// bureauAdmins lists the bureau's administrators, from within a firm.
func (s *Service) bureauAdmins(tx *db.Tx) (all []ident.PersonID, err error) {
	err = s.bureau.AtHome(tx, func() error {
		all, err = people.Administrators(tx, rbac.RoleBureauAdmin)
		return err
	})
	return all, err
}

// second says the second word: the proposal becomes a grant, and a person who is
// new gets the link to choose a password.
func (s *Service) second(tx *db.Tx, r Request, allowed rbac.Permission) (Grant, error) {
	if err := own(tx, r); err != nil {
		return Grant{}, err
	}
	p, err := people.ByID(tx, r.Person)
	if err != nil {
		return Grant{}, err
	}
	if p.Status == "disabled" {
		return Grant{}, people.ErrPersonGone
	}
	d := r.Draft()
	if d.From.Before(tx.Now) {
		d.From = tx.Now
	}
	if err := d.validate(tx.Now); err != nil {
		return Grant{}, err
	}
	g, err := s.keep(tx, p, d, r.AskedBy, allowed)
	if err != nil {
		return g, err
	}
	if err := decide(tx, r, allowed, RequestGiven, "", false, g.ID); err != nil {
		return g, err
	}
	if err := letter.Write(tx, letter.Answered, string(r.ID), r.AskedBy); err != nil {
		return g, err
	}
	return g, s.people.InviteTx(tx, p, allowed)
}

// own refuses the proposer's own word, but for the bureau's only administrator: above
// the bureau there is nobody, so their proposal stands once 24 hours have passed.
func own(tx *db.Tx, r Request) error {
	if r.AskedBy != tx.Scope.Actor {
		return nil
	}
	others, err := seconds(tx, r)
	switch {
	case err != nil:
		return err
	case r.Role != rbac.RoleBureauAdmin || len(others) > 0:
		return ErrOwnRequest
	case tx.Now.Before(r.Ripe):
		return ErrUnripe
	default:
		return nil
	}
}

// ConfirmSole is the word of the bureau's administrator where a firm has one
// administrator only. ctx is in the bureau.
func (s *Service) ConfirmSole(ctx context.Context, firm ident.FirmID, id ident.RequestID) (g Grant, err error) {
	err = s.soleProposal(ctx, firm, id, func(tx *db.Tx, r Request) error {
		if tx.Now.Before(r.Ripe) {
			return ErrUnripe
		}
		g, err = s.second(tx, r, rbac.GrantConfirm)
		return err
	})
	return g, err
}

// Sole is a proposal that waits in a firm for the bureau's word.
type Sole struct {
	Firm     ident.FirmID
	FirmName string
	Request
}

// Soles lists them over all firms, for the bureau's administrators. ctx is in the bureau.
func (s *Service) Soles(ctx context.Context) (list []Sole, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.GrantConfirm); err != nil {
			return err
		}
		list, err = overFirms(tx, solesOf)
		return err
	})
	return list, err
}

func solesOf(tx *db.Tx, firm ident.FirmID, name string) (list []Sole, err error) {
	waiting, err := listRequests(tx, "")
	if err != nil {
		return nil, err
	}
	for _, r := range waiting {
		if r.Kind != KindSecond || r.Status != RequestWaiting {
			continue
		}
		others, err := seconds(tx, r)
		if err != nil {
			return nil, err
		}
		if len(others) == 0 {
			list = append(list, Sole{firm, name, r})
		}
	}
	return list, nil
}

// RefuseSole ends such a proposal; it needs no waiting. ErrHasSecond as ConfirmSole.
func (s *Service) RefuseSole(ctx context.Context, firm ident.FirmID, id ident.RequestID, reason string) error {
	return s.soleProposal(ctx, firm, id, func(tx *db.Tx, r Request) error { return refuse(tx, r, rbac.GrantConfirm, reason) })
}

func (s *Service) soleProposal(ctx context.Context, firm ident.FirmID, id ident.RequestID, fn func(tx *db.Tx, r Request) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.GrantConfirm); err != nil {
			return err
		}
		return bureau.Inside(tx, firm, func() error {
			r, err := loadRequest(tx, id, " FOR UPDATE OF r")
			switch {
			case err != nil:
				return err
			case r.Kind != KindSecond:
				return ErrNotFound
			case r.Status != RequestWaiting:
				return ErrDecided
			}
			// Where the firm has somebody else who could decide, neither word is the bureau's.
			others, err := seconds(tx, r)
			switch {
			case err != nil:
				return err
			case len(others) > 0:
				return ErrHasSecond
			}
			return fn(tx, r)
		})
	})
}
