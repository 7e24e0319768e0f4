package portal

import (
	"context"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with receivers.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// List is the receivers of the scope's firm, by name. It needs portal.read.
func (s *Service) List(ctx context.Context) (list []Profile, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PortalRead)
		if err != nil {
			return err
		}
		list, err = all(tx, a)
		return err
	})
	return list, err
}

// Get is one receiver, ErrNotFound where the firm has none of that id.
func (s *Service) Get(ctx context.Context, id ident.PortalID) (p Profile, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PortalRead)
		if err != nil {
			return err
		}
		p, err = seen(tx, a, id)
		return err
	})
	return p, err
}

// Save creates a receiver when p.ID is empty, else changes the one whose version is
// p.Version. Invoices made before keep the file they have. It is for who sees the whole
// firm: a receiver serves payors of many clients.
func (s *Service) Save(ctx context.Context, p Profile) (Profile, error) {
	if p.Status == "" {
		p.Status = "active"
	}
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PortalEdit)
		if err != nil {
			return err
		}
		var before Profile
		if p.ID != "" {
			if before, err = seen(tx, a, p.ID); err != nil {
				return err
			}
		}
		if !a.WholeFirm() {
			return authz.ErrForbidden.With("your grant covers some matters only; receivers need one over the whole firm")
		}
		if err := p.Validate(); err != nil {
			return err
		}
		if err := reached(tx, p); err != nil {
			return err
		}
		if p.ID == "" {
			p.ID, p.Version = ident.New[ident.PortalID](tx.Now), 1
			if err := insert(tx, p); err != nil {
				return err
			}
			return record(tx, "portal.created", nil, p)
		}
		p.Payors = before.Payors
		if err := update(tx, p); err != nil {
			return err
		}
		p.Version++
		return record(tx, "portal.changed", before, p)
	})
	return p, err
}

// reached refuses to let files go by themselves where nobody said how.
func reached(tx *db.Tx, p Profile) error {
	if p.Route != RouteConnector {
		return nil
	}
	known, err := connected(tx, p.ID)
	if err != nil || known {
		return err
	}
	return ErrInvalid.On(fault.Field{Path: "route", Code: "route_unconnected", Message: "nobody has said yet how its server is reached", Fix: "save it with download, set up its connection, then choose this"})
}

func record(tx *db.Tx, action string, before any, after Profile) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "portal", ID: string(after.ID), Class: audit.C1, Permission: string(rbac.PortalEdit), Before: before, After: after})
}
