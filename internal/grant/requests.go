package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Ask is the bureau's lead asking the firm of ctx for access for one of the
// bureau's people. Nothing is given until somebody at the firm decides. Whoever asks
// can name only what they may know of. The conflict check runs with it; where that
// finds parties on opposite sides, nothing is asked until somebody has cleared it.
func (s *Service) Ask(ctx context.Context, d Draft) (r Request, err error) {
	here, err := scope.From(ctx)
	if err != nil {
		return r, err
	}
	err = s.conflicts.CheckedFirst(ctx, here.Firm, d.Person, func(take bool) error {
		return s.db.InFirm(ctx, func(tx *db.Tx) error {
			a, err := s.guard.Require(tx, rbac.GrantAsk)
			if err != nil {
				return err
			}
			r, err = s.ask(tx, d, a, take)
			return err
		})
	})
	return r, err
}

// AskFor is Ask by the bureau's administrator, who holds nothing in the firm and so
// can ask for all of it only; the firm gives what it sees fit. ctx is in the bureau.
func (s *Service) AskFor(ctx context.Context, firm ident.FirmID, d Draft) (r Request, err error) {
	err = s.conflicts.CheckedFirst(ctx, firm, d.Person, func(take bool) error {
		return s.db.InFirm(ctx, func(tx *db.Tx) error {
			if _, err := s.guard.Require(tx, rbac.GrantAsk); err != nil {
				return err
			}
			if d.Scope != authz.ScopeAll {
				return ErrInvalid.On(fault.Field{Path: "scope", Code: "scope_unknown", Message: "ask for the whole firm; the firm narrows it"})
			}
			return bureau.Inside(tx, firm, func() error {
				r, err = s.ask(tx, d, nil, take)
				return err
			})
		})
	})
	return r, err
}

// ask makes the request, or with take unset only sees that it would be made but for
// the conflict check.
func (s *Service) ask(tx *db.Tx, d Draft, a *authz.Access, take bool) (Request, error) {
	from := d.From
	if d.From.IsZero() {
		d.From = tx.Now
	}
	if err := d.validate(tx.Now); err != nil {
		return Request{}, err
	}
	d.From = from
	if !d.Role.OfBureau() || d.Role.IsCustom() || !s.lattice.MayGrant(rbac.RoleFirmAdmin, d.Role) {
		return Request{}, ErrInvalid.On(fault.Field{Path: "role", Code: "choice_unknown", Message: "choose a role that a firm gives to the bureau's people"})
	}
	p, err := people.Grantable(tx, d.Person)
	if err != nil {
		return Request{}, err
	}
	if !p.Staff {
		return Request{}, ErrNotFound
	}
	if err := knows(tx, a, d); err != nil {
		return Request{}, err
	}
	if err := fewWaiting(tx); err != nil || !take {
		return Request{}, err
	}
	if err := s.conflicts.Unopposed(tx, p.ID); err != nil {
		return Request{}, err
	}
	r, err := insertRequest(tx, KindAsk, p, d)
	if err != nil {
		return r, err
	}
	admins, err := people.Administrators(tx, rbac.RoleFirmAdmin)
	if err != nil {
		return r, err
	}
	return r, letter.Write(tx, letter.Asked, string(r.ID), admins...)
}

// knows refuses clients and matters that whoever asks may not know of, as if they
// were not there. a is nil for the bureau's administrator, who names none.
func knows(tx *db.Tx, a *authz.Access, d Draft) error {
	if len(d.IDs) == 0 || a == nil {
		return nil
	}
	if d.Scope == authz.ScopeClient {
		return knowsAll(tx, a, d.IDs, nil)
	}
	return knowsAll(tx, a, nil, d.IDs)
}

// Requests lists what waits and what was decided in the last 90 days, the waiting
// first: all of it to who reads grants, their own to who asked.
func (s *Service) Requests(ctx context.Context) (list []Request, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, mine, err := s.reader(tx)
		if err != nil {
			return err
		}
		if list, err = listRequests(tx, mine); err != nil {
			return err
		}
		return nameRequests(tx, a, list)
	})
	return list, err
}

// Request is one of them.
func (s *Service) Request(ctx context.Context, id ident.RequestID) (r Request, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, mine, err := s.reader(tx)
		if err != nil {
			return err
		}
		if r, err = loadRequest(tx, id, ""); err != nil {
			return err
		}
		if mine != "" && r.AskedBy != mine {
			return ErrNotFound
		}
		one := []Request{r}
		err = nameRequests(tx, a, one)
		r = one[0]
		return err
	})
	return r, err
}

// reader is the access of who reads requests; mine limits it to their own.
func (s *Service) reader(tx *db.Tx) (a *authz.Access, mine ident.PersonID, err error) {
	a, err = s.guard.Require(tx, rbac.GrantRead)
	if errors.Is(err, authz.ErrForbidden) {
		a, err = s.guard.Require(tx, rbac.GrantAsk)
		mine = tx.Scope.Actor
	}
	return a, mine, err
}

// Answer gives what was asked for, or less of it: d is the grant as the firm means
// it. For an administrator's
// proposal and for emergency access it is the second word, and d is not looked at.
func (s *Service) Answer(ctx context.Context, id ident.RequestID, d Draft) (g Grant, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, r, err := s.deciding(tx, id)
		if err != nil {
			return err
		}
		switch r.Kind {
		case KindSecond:
			g, err = s.second(tx, r, rbac.GrantGive)
			return err
		case KindGlass:
			g, err = s.openGlass(tx, r, rbac.GrantGive)
			return err
		case KindAsk:
		}
		d.Person, d.From = r.Person, r.Draft().From
		if !d.From.IsZero() && d.From.Before(tx.Now) {
			d.From = tx.Now
		}
		if err := answers(tx, d, r); err != nil {
			return err
		}
		p, err := people.Grantable(tx, r.Person)
		if err != nil {
			return err
		}
		if g, err = s.give(tx, a, p, d); err != nil {
			return err
		}
		if err := decide(tx, r, rbac.GrantGive, RequestGiven, "", !d.same(r.Draft()), g.ID); err != nil {
			return err
		}
		return letter.Write(tx, letter.Answered, string(r.ID), r.AskedBy)
	})
	return g, err
}

func answers(tx *db.Tx, d Draft, r Request) error {
	if err := d.wider(r.Draft()); err != nil {
		return err
	}
	if d.Scope != authz.ScopeMatter || r.Scope == authz.ScopeMatter || r.Scope == authz.ScopeAll {
		return nil
	}
	if err := scopeExists(tx, d); err != nil {
		return err
	}
	var outside int
	err := tx.Raw(`SELECT count(*) FROM matter m WHERE m.firm_id = ? AND m.id = ANY (?::uuid[]) AND NOT (m.client_id = ANY (?::uuid[]) OR m.practice_group = ANY (?::text[]))`,
		tx.Scope.Firm, db.Array(d.IDs), db.Array(r.IDs), db.Array(r.Practices)).Row().Scan(&outside)
	if err != nil {
		return wrap(err, "compare the answer with request", r.ID)
	}
	if outside > 0 {
		return ErrWider.On(fault.Field{Path: "scope", Code: "request_wider", Message: "choose a part of what was asked for"})
	}
	return nil
}

// deciding is the request under the hand of somebody at the firm who may decide it.
func (s *Service) deciding(tx *db.Tx, id ident.RequestID) (*authz.Access, Request, error) {
	a, err := s.guard.Require(tx, rbac.GrantGive)
	if err != nil {
		return nil, Request{}, err
	}
	r, err := loadRequest(tx, id, " FOR UPDATE OF r")
	switch {
	case err != nil:
		return nil, r, err
	case r.Status != RequestWaiting:
		return nil, r, ErrDecided
	case r.Person == tx.Scope.Actor:
		return nil, r, ErrSelf
	}
	return a, r, nil
}

// Refuse ends a request without a grant; whoever asked reads the reason.
func (s *Service) Refuse(ctx context.Context, id ident.RequestID, reason string) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		_, r, err := s.deciding(tx, id)
		if err != nil {
			return err
		}
		return refuse(tx, r, rbac.GrantGive, reason)
	})
}

func refuse(tx *db.Tx, r Request, allowed rbac.Permission, reason string) error {
	var fs fault.Fields
	fs.Line("reason", reason, 1, 500)
	if err := fs.Err(ErrInvalid); err != nil {
		return err
	}
	if err := decide(tx, r, allowed, RequestRefused, reason, false, ""); err != nil {
		return err
	}
	return letter.Write(tx, letter.Answered, string(r.ID), r.AskedBy)
}

// Withdraw takes back one's own request.
func (s *Service) Withdraw(ctx context.Context, id ident.RequestID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, _, err := s.reader(tx); err != nil {
			return err
		}
		r, err := loadRequest(tx, id, " FOR UPDATE OF r")
		switch {
		case err != nil:
			return err
		case r.AskedBy != tx.Scope.Actor:
			return ErrNotFound
		case r.Status != RequestWaiting:
			return ErrDecided
		}
		return decide(tx, r, rbac.GrantAsk, RequestWithdrawn, "", false, "")
	})
}

// decide records how a request ended.
func decide(tx *db.Tx, r Request, allowed rbac.Permission, as RequestStatus, answer string, narrower bool, g ident.GrantID) error {
	err := tx.Exec(`UPDATE access_request SET status = ?, answer = ?, narrower = ?, decided_by = ?, decided_at = ?, grant_id = ?::uuid WHERE firm_id = ? AND id = ?`,
		as, answer, narrower, tx.Scope.Actor, tx.Now, db.Null(g), tx.Scope.Firm, r.ID).Error
	if err != nil {
		return fmt.Errorf("decide request %s: %w", r.ID, err)
	}
	return audit.Record(tx, audit.Entry{Action: "grant.request_" + string(as), Object: "access_request", ID: string(r.ID), Class: audit.C2, Permission: string(allowed),
		Before: r, Detail: map[string]any{"kind": r.Kind, "person": r.Person, "role": r.Role, "grant": g, "narrower": narrower}})
}
