package requirement

import (
	"context"
	"slices"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what leads, firms and specialists do about what work asks for.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

func ofBureau(a *authz.Access) bool { return slices.ContainsFunc(a.Roles(), rbac.Role.OfBureau) }

// Sheet is what work at the firm of ctx asks for, and how the reader stands to it.
func (s *Service) Sheet(ctx context.Context) (out Sheet, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RequirementRead)
		if err != nil {
			return err
		}
		out.Bureau = ofBureau(a)
		if out.List, err = requirements(tx); err != nil {
			return err
		}
		if out.Guide, err = guide(tx); err != nil {
			return err
		}
		may, err := s.guard.May(tx, rbac.RequirementSet, rbac.ItemClaim)
		if err != nil {
			return err
		}
		out.MaySet, out.Works = may[rbac.RequirementSet], may[rbac.ItemClaim]
		if !out.MaySet {
			return nil
		}
		if out.Courses, err = courses(tx); err != nil || out.Guide == nil {
			return err
		}
		workers, err := s.guard.Holders(tx, rbac.ItemWork)
		if err != nil {
			return err
		}
		people := make([]ident.PersonID, len(workers))
		for i, w := range workers {
			people[i] = w.Person
		}
		out.Unread, err = unread(tx, out.Guide.ID, people)
		return err
	})
	return out, err
}

// Set asks for a certificate with a type of the firm's work, or prefers one. It holds from
// the next claim; what is held stays. ErrTwice where it is asked for already.
func (s *Service) Set(ctx context.Context, d Draft) (id ident.RequirementID, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RequirementSet)
		if err != nil {
			return err
		}
		if err := d.validate(); err != nil {
			return err
		}
		side := "firm"
		if ofBureau(a) {
			side = "bureau"
		}
		id = ident.New[ident.RequirementID](tx.Now)
		if err := insert(tx, id, d, side); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "requirement.set", Object: "requirement", ID: string(id), Class: audit.C1, Permission: string(rbac.RequirementSet),
			Detail: map[string]any{"type": d.Type, "course": d.Course, "mandatory": d.Mandatory, "prefer_minutes": d.PreferMin}})
	})
	return id, err
}

// End asks for something no more. What the firm asked for itself the bureau does not end.
func (s *Service) End(ctx context.Context, id ident.RequirementID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RequirementSet)
		if err != nil {
			return err
		}
		r, err := lock(tx, id)
		if err != nil {
			return err
		}
		if r.OfFirm && ofBureau(a) {
			return ErrOfFirm
		}
		if err := end(tx, id); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "requirement.ended", Object: "requirement", ID: string(id), Class: audit.C1, Permission: string(rbac.RequirementSet),
			Detail: map[string]any{"type": r.Type, "course": r.CourseID}})
	})
}

// Confirm is the word of who takes the firm's work that they have read its guidelines in
// the version that they name. ErrNewer when another is in force by now. Twice is once.
func (s *Service) Confirm(ctx context.Context, id ident.GuideID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.GuideRead); err != nil {
			return err
		}
		if _, err := s.guard.Require(tx, rbac.ItemClaim); err != nil {
			return err
		}
		g, err := guide(tx)
		switch {
		case err != nil:
			return err
		case g == nil:
			return ErrNotFound
		case g.ID != id:
			return ErrNewer
		}
		fresh, err := insertWord(tx, id)
		if err != nil || !fresh {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "guide.confirmed", Object: "guide", ID: string(id), Class: audit.C1, Permission: string(rbac.ItemClaim), Detail: map[string]any{"number": g.Number}})
	})
}
