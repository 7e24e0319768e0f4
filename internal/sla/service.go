package sla

import (
	"context"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what people and the sweep do with promises.
type Service struct {
	db        *db.DB
	guard     *authz.Guard
	calendars *Calendars
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard, NewCalendars()} }

// PublishCalendar adds the next version of the firm's calendar called name. Clocks
// that run keep theirs. It refuses hours that do not compile (calendar.ErrInvalid,
// every mistake named) or that are never open (calendar.ErrEmpty).
func (s *Service) PublishCalendar(ctx context.Context, name string, v calendar.Version) (c Calendar, err error) {
	compiled, err := calendar.Compile(v)
	if err != nil {
		return c, err
	}
	if name == "" || len(name) > 60 {
		return c, calendar.ErrInvalid.On(fault.Field{Path: "name", Code: "calendar_name", Message: "a calendar's name has 1 to 60 characters"})
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.CalendarEdit); err != nil {
			return err
		}
		if err := compiled.Publishable(tx.Now); err != nil {
			return err
		}
		v.ID = ""
		c = Calendar{ID: ident.New[ident.CalendarID](tx.Now), Name: name, Version: v, PublishedAt: tx.Now}
		if err := insertCalendar(tx, &c); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			Action: "calendar.published", Object: "calendar", ID: string(c.ID), Class: audit.C1,
			Permission: string(rbac.CalendarEdit), After: c, Detail: map[string]any{"name": c.Name, "number": c.Number},
		})
	})
	return c, err
}

// Calendars lists the versions of the firm's calendars, newest first.
func (s *Service) Calendars(ctx context.Context) (list []Calendar, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.CalendarRead); err != nil {
			return err
		}
		list, err = calendarRows(tx)
		return err
	})
	return list, err
}

// ReadCalendar is one version of a calendar of the firm; ErrCalendarNotFound without one.
func (s *Service) ReadCalendar(ctx context.Context, id ident.CalendarID) (c Calendar, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.CalendarRead); err != nil {
			return err
		}
		c, err = calendarByID(tx, id)
		return err
	})
	return c, err
}

// PublishAgreement adds the firm's next agreement. It is in force from its date on,
// once a second person, of the firm, has approved it. Clocks that run keep theirs.
func (s *Service) PublishAgreement(ctx context.Context, d Draft) (a Agreement, err error) {
	if err := d.Validate(); err != nil {
		return a, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AgreementPublish); err != nil {
			return err
		}
		if _, err := s.calendars.get(tx, d.Calendar); err != nil {
			return err
		}
		a = Agreement{ID: ident.New[ident.AgreementID](tx.Now), Draft: d, PublishedBy: tx.Scope.Actor, PublishedAt: tx.Now}
		if err := insertAgreement(tx, &a); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			Action: "agreement.published", Object: "agreement", ID: string(a.ID), Class: audit.C1,
			Permission: string(rbac.AgreementPublish), After: a, Detail: map[string]any{"number": a.Number, "hash": a.Hash},
		})
	})
	return a, err
}

// ApproveAgreement is the firm's yes. ErrOwnAgreement for whoever published it,
// ErrAlreadyApproved the second time.
func (s *Service) ApproveAgreement(ctx context.Context, id ident.AgreementID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AgreementApprove); err != nil {
			return err
		}
		a, err := agreementByID(tx, id)
		if err != nil {
			return err
		}
		switch {
		case a.ApprovedBy != "":
			return ErrAlreadyApproved
		case a.PublishedBy == tx.Scope.Actor:
			return ErrOwnAgreement
		}
		if err := approveAgreement(tx, id); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			Action: "agreement.approved", Object: "agreement", ID: string(id), Class: audit.C1,
			Permission: string(rbac.AgreementApprove), Detail: map[string]any{"number": a.Number, "hash": a.Hash},
		})
	})
}

// Agreements lists the firm's agreements, newest first.
func (s *Service) Agreements(ctx context.Context) (list []Agreement, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AgreementRead); err != nil {
			return err
		}
		list, err = agreementRows(tx)
		return err
	})
	return list, err
}

// ReadAgreement is one of the firm's agreements; ErrAgreementNotFound without one.
func (s *Service) ReadAgreement(ctx context.Context, id ident.AgreementID) (a Agreement, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AgreementRead); err != nil {
			return err
		}
		a, err = agreementByID(tx, id)
		return err
	})
	return a, err
}
