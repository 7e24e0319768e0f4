package conflict

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Service is what the bureau does about conflicts.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	bureau *bureau.Home
}

// New returns the service.
func New(d *db.DB, guard *authz.Guard, home *bureau.Home) *Service {
	return &Service{db: d, guard: guard, bureau: home}
}

// Check compares a firm with each other one where one of the bureau's people
// works, or worked in the last two years, and keeps what it found; nothing is found
// where there is no other. The bureau's administrator names the firm, with ctx in the
// bureau; the lead does it for the firm of ctx, where they lead.
func (s *Service) Check(ctx context.Context, firm ident.FirmID, who ident.PersonID) (list []Check, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ConflictCheck); err != nil {
			return err
		}
		if s.bureau.Bound(tx) == "" && firm == "" {
			return ErrInvalid.On(fault.Field{Path: "firm_id", Code: "firm_missing", Message: "choose a firm"})
		}
		if s.bureau.Bound(tx) == "" {
			return bureau.Inside(tx, firm, func() error { return ofBureau(tx, who) })
		}
		if firm != "" && firm != tx.Scope.Firm {
			return ErrNotFound
		}
		firm = tx.Scope.Firm
		return ofBureau(tx, who)
	})
	if err != nil {
		return nil, err
	}
	if list, err = s.compare(ctx, firm, who); err != nil {
		return nil, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error { return s.withhold(tx, s.bureau.Bound(tx), list) })
	if err != nil {
		return nil, err
	}
	return list, s.nameFirms(ctx, list)
}

// ofBureau is ErrNotFound for whoever is not one of the bureau's people.
func ofBureau(tx *db.Tx, who ident.PersonID) error {
	p, err := people.Grantable(tx, who)
	if err == nil && !p.Staff {
		err = ErrNotFound
	}
	return err
}

// compare runs the check and keeps it in the bureau's domain. Each firm is entered by
// itself, and before anything is written.
func (s *Service) compare(ctx context.Context, firm ident.FirmID, who ident.PersonID) (list []Check, err error) {
	self, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	var others []ident.FirmID
	err = s.bureau.As(ctx, self, func(tx *db.Tx) error {
		others, err = worked(tx, who, firm)
		return err
	})
	if err != nil || len(others) == 0 {
		return nil, err
	}
	if list, err = s.look(ctx, firm, others); err != nil {
		return nil, err
	}
	err = s.bureau.As(ctx, self, func(tx *db.Tx) error {
		if err := tx.Lock("conflict checks of " + string(who)); err != nil {
			return err
		}
		for i := range list {
			list[i].Person = who
			if list[i], err = keepCheck(tx, list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// look makes the counts.
func (s *Service) look(ctx context.Context, firm ident.FirmID, others []ident.FirmID) (list []Check, err error) {
	m, err := newMarker()
	if err != nil {
		return nil, err
	}
	defer m.forget()
	err = s.db.InSystem(ctx, "conflict.check", func(sys *db.System) error {
		mine, err := sidesOf(sys, firm, m)
		if err != nil {
			return err
		}
		for _, other := range others {
			theirs, err := sidesOf(sys, other, m)
			if err != nil {
				return err
			}
			opposite, shared := mine.against(theirs)
			list = append(list, Check{Firm: firm, Other: other, Opposite: opposite, Shared: shared})
		}
		return nil
	})
	return list, err
}

func keepCheck(tx *db.Tx, c Check) (Check, error) {
	before, err := standingCheck(tx, c.Person, c.Firm, c.Other)
	if err != nil {
		return c, err
	}
	var last *Check
	if before != nil {
		last = &before.Check
	}
	kept := found(c.Opposite, c.Shared, last, tx.Now)
	kept.ID, kept.Person, kept.Firm, kept.Other = ident.New[ident.CheckID](tx.Now), c.Person, c.Firm, c.Other
	if err := insertCheck(tx, kept, before); err != nil {
		return c, err
	}
	if err := audit.Record(tx, audit.Entry{Action: "conflict.checked", Object: "conflict_check", ID: string(kept.ID), Class: audit.C1, Permission: string(rbac.ConflictCheck),
		Detail: map[string]any{"person": kept.Person, "for": kept.Firm, "other": kept.Other, "opposite": kept.Opposite, "shared": kept.Shared, "state": kept.State}}); err != nil {
		return c, err
	}
	again, err := lockCheck(tx, kept.ID)
	return again, err
}

// Checks lists the checks that stand, the newest first, or only the open ones: in
// the bureau's domain all, in a firm those for this firm.
func (s *Service) Checks(ctx context.Context, open bool, r page.Request) (p page.Page[Check], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ConflictCheck); err != nil {
			return err
		}
		of := s.bureau.Bound(tx)
		return s.bureau.AtHome(tx, func() error {
			if p, err = listChecks(tx, of, open, r); err != nil {
				return err
			}
			return s.withhold(tx, of, p.Items)
		})
	})
	if err != nil {
		return p, err
	}
	return p, s.nameFirms(ctx, p.Items)
}

// Find is one of them.
func (s *Service) Find(ctx context.Context, id ident.CheckID) (c Check, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		c, err = s.checkFor(tx, id, func(Check) error { return nil })
		return err
	})
	if err != nil {
		return c, err
	}
	one := []Check{c}
	err = s.nameFirms(ctx, one)
	return one[0], err
}

// Clear says why the person of an open check can work for both firms. It holds
// for 30 days, and for no more parties than the check found. Nobody clears their own,
// and no lead without access to both firms.
func (s *Service) Clear(ctx context.Context, id ident.CheckID, reason string) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		_, err := s.checkFor(tx, id, func(c Check) error {
			if c.ID != id {
				return ErrDecided.With("a later check has taken the place of this one; look at that")
			}
			if err := clearing(tx, c, reason); err != nil {
				return err
			}
			err := tx.Exec(`UPDATE conflict_check SET state = 'cleared', decided_by = ?, decided_at = ?, reason = ? WHERE firm_id = ? AND id = ?`,
				tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, id).Error
			if err != nil {
				return fmt.Errorf("clear check %s: %w", id, err)
			}
			return audit.Record(tx, audit.Entry{Action: "conflict.cleared", Object: "conflict_check", ID: string(id), Class: audit.C1, Permission: string(rbac.ConflictCheck), After: reason,
				Detail: map[string]any{"person": c.Person, "for": c.Firm, "other": c.Other, "opposite": c.Opposite}})
		})
		return err
	})
}

// clearing refuses a reason that says nothing, and a word that is not the actor's to give.
func clearing(tx *db.Tx, c Check, reason string) error {
	var fs fault.Fields
	if reason == "" {
		fs.Add("reason", "text_missing", "say why they can work for both firms")
	} else {
		fs.Line("reason", reason, 1, 500)
	}
	if err := fs.Err(ErrInvalid); err != nil {
		return err
	}
	switch {
	case c.State != CheckOpen:
		return ErrDecided
	case c.Person == tx.Scope.Actor:
		return ErrSelf
	case c.Other == "":
		return ErrOther
	}
	return nil
}

// checkFor decides where ctx stands, and does fn in the bureau's domain with the check
// under its hand, without the other firm where the actor may not know it. A check for
// another firm does not exist in this one.
func (s *Service) checkFor(tx *db.Tx, id ident.CheckID, fn func(c Check) error) (c Check, err error) {
	if _, err := s.guard.Require(tx, rbac.ConflictCheck); err != nil {
		return c, err
	}
	of := s.bureau.Bound(tx)
	err = s.bureau.AtHome(tx, func() error {
		if c, err = lockCheck(tx, id); err != nil {
			return err
		}
		if of != "" && c.Firm != of {
			return ErrNotFound
		}
		one := []Check{c}
		if err := s.withhold(tx, of, one); err != nil {
			return err
		}
		c = one[0]
		return fn(c)
	})
	return c, err
}

// withhold takes out the other firm where whoever reads in a firm has no access to it.
func (s *Service) withhold(tx *db.Tx, of ident.FirmID, list []Check) error {
	if of == "" {
		return nil
	}
	known, err := people.FirmsOf(tx, tx.Scope.Actor)
	for i, c := range list {
		if !slices.Contains(known, c.Other) {
			list[i].Other = ""
		}
	}
	return err
}

// nameFirms fills in the names of the firms that the reader may know.
func (s *Service) nameFirms(ctx context.Context, list []Check) error {
	var firms []ident.FirmID
	for _, c := range list {
		firms = append(firms, c.Firm)
		if c.Other != "" {
			firms = append(firms, c.Other)
		}
	}
	slices.Sort(firms)
	firms = slices.Compact(firms)
	if len(firms) == 0 {
		return nil
	}
	var rows []struct {
		FirmID ident.FirmID
		Name   string
	}
	err := s.db.InSystem(ctx, "conflict.check", func(sys *db.System) error {
		return sys.Read(firms, func(tx *db.Tx) error { return tx.Raw(`SELECT firm_id, name FROM firm`).Scan(&rows).Error })
	})
	if err != nil {
		return fmt.Errorf("name the firms of %d checks: %w", len(list), err)
	}
	names := map[ident.FirmID]string{}
	for _, r := range rows {
		names[r.FirmID] = r.Name
	}
	for i, c := range list {
		list[i].FirmName, list[i].OtherName = names[c.Firm], names[c.Other]
	}
	return nil
}

// confirmed tells whether the bureau's word stands for each of the others.
func (s *Service) confirmed(tx *db.Tx, who ident.PersonID, firm ident.FirmID, others []ident.FirmID) (ok bool, err error) {
	ok = true
	err = s.bureau.AtHome(tx, func() error {
		for _, other := range others {
			c, err := standingCheck(tx, who, firm, other)
			if err != nil {
				return err
			}
			ok = ok && c != nil && c.Holds(tx.Now)
		}
		return nil
	})
	return ok, err
}

// Newcomer refuses one of the bureau's people who works for another firm, and has no
// access to this one now, until the bureau has confirmed them. The lock makes two firms
// that let the same person in at once wait in line.
func (s *Service) Newcomer(tx *db.Tx, p people.Person) error {
	firm := s.bureau.Bound(tx)
	if !p.Staff || firm == "" {
		return nil
	}
	if err := tx.Lock("firms of " + string(p.ID)); err != nil {
		return err
	}
	if here, err := hasAccess(tx, p.ID); err != nil || here {
		return err
	}
	others, err := worked(tx, p.ID, firm)
	if err != nil || len(others) == 0 {
		return err
	}
	ok, err := s.confirmed(tx, p.ID, firm, others)
	if err == nil && !ok {
		err = ErrUnconfirmed
	}
	return err
}

// CheckedFirst sees that the request would be taken, runs the check for it, and takes
// it. What the check found is kept also where the request is refused for it.
func (s *Service) CheckedFirst(ctx context.Context, firm ident.FirmID, who ident.PersonID, ask func(take bool) error) error {
	if err := ask(false); err != nil {
		return err
	}
	if _, err := s.compare(ctx, firm, who); err != nil {
		return err
	}
	return ask(true)
}

// Unopposed refuses a request for somebody whose check is open.
func (s *Service) Unopposed(tx *db.Tx, who ident.PersonID) error {
	others, err := worked(tx, who, tx.Scope.Firm)
	if err != nil || len(others) == 0 {
		return err
	}
	ok, err := s.confirmed(tx, who, tx.Scope.Firm, others)
	if err == nil && !ok {
		err = ErrOpen
	}
	return err
}
