package rate

import (
	"context"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with rates.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// List shows the rates the actor may know of: the firm's, and those of matters,
// clients and groups in scope. Deepest level first.
func (s *Service) List(ctx context.Context) (rates []Rate, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RateRead)
		if err != nil {
			return err
		}
		matters, margs := a.Shown("m", authz.C2)
		clients, cargs := a.Clients("c")
		groups, gargs := matter.GroupsKnown(a, "g")
		rates, err = list(tx, `(r.matter_id IS NULL OR EXISTS (SELECT FROM matter m WHERE m.firm_id = r.firm_id AND m.id = r.matter_id AND `+matters+`))
			AND (r.client_id IS NULL OR EXISTS (SELECT FROM client c WHERE c.firm_id = r.firm_id AND c.id = r.client_id AND `+clients+`))
			AND (r.group_id IS NULL OR EXISTS (SELECT FROM client_group g WHERE g.firm_id = r.firm_id AND g.id = r.group_id AND `+groups+`))`, slices.Concat(margs, cargs, gargs))
		return err
	})
	return rates, err
}

// Rate shows one rate, ErrNotFound when the actor may not know of what it is for.
func (s *Service) Rate(ctx context.Context, id ident.RateID) (r Rate, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RateRead)
		if err != nil {
			return err
		}
		if r, err = byID(tx, id); err != nil {
			return err
		}
		return known(tx, a, r)
	})
	return r, err
}

// Add enters a rate. ErrOverlap when the same key has a rate in that time.
func (s *Service) Add(ctx context.Context, r Rate) (Rate, error) {
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RateEdit)
		if err != nil {
			return err
		}
		if err := r.Validate(); err != nil {
			return err
		}
		if err := inScope(tx, a, r); err != nil {
			return err
		}
		r.ID = ident.New[ident.RateID](tx.Now)
		if err := insert(tx, r); err != nil {
			return err
		}
		if r, err = byID(tx, r.ID); err != nil {
			return err
		}
		return record(tx, "rate.added", nil, r)
	})
	return r, err
}

// End lets a rate apply until the day before the given one. What was priced
// before keeps its price; a repricing is an act of its own.
func (s *Service) End(ctx context.Context, id ident.RateID, day time.Time) (r Rate, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RateEdit)
		if err != nil {
			return err
		}
		before, err := byID(tx, id)
		if err != nil {
			return err
		}
		if err := inScope(tx, a, before); err != nil {
			return err
		}
		if !day.After(before.From) || (before.Until != nil && !day.Before(*before.Until)) {
			return ErrEnded.With("enter a day after %s, the rate's first, and before its end", before.From.Format(time.DateOnly))
		}
		if err := end(tx, id, day); err != nil {
			return err
		}
		if r, err = byID(tx, id); err != nil {
			return err
		}
		return record(tx, "rate.ended", before, r)
	})
	return r, err
}

// known wants what the rate is for to be there for the actor.
func known(tx *db.Tx, a *authz.Access, r Rate) error {
	switch {
	case r.MatterID != "":
		if err := a.RequireMatter(tx, r.MatterID); err != nil {
			return err
		}
		return a.RequireSight(tx, r.MatterID, authz.C2)
	case r.ClientID != "":
		return a.RequireClient(tx, r.ClientID)
	case r.GroupID != "":
		return matter.RequireGroup(tx, a, r.GroupID)
	default:
		return nil
	}
}

// inScope is known for a change: what holds over several clients is for who sees the
// whole firm.
func inScope(tx *db.Tx, a *authz.Access, r Rate) error {
	if err := known(tx, a, r); err != nil {
		return err
	}
	if r.MatterID == "" && r.ClientID == "" && !a.WholeFirm() {
		return authz.ErrForbidden.With("a rate of the firm, a group of clients, an office or a practice group needs a grant over the whole firm")
	}
	return nil
}

func record(tx *db.Tx, action string, before, after any) error {
	r, _ := after.(Rate)
	return audit.Record(tx, audit.Entry{Action: action, Object: "rate", ID: string(r.ID), Matter: r.MatterID, Class: audit.C2, Permission: string(rbac.RateEdit), Before: before, After: after})
}
