package training

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what the bureau does about the training of its people, and what others see.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	bureau *bureau.Home
}

// New returns the service.
func New(d *db.DB, guard *authz.Guard, home *bureau.Home) *Service { return &Service{d, guard, home} }

// Records are the bureau's people with their certificates: in a firm those who have access
// there or for whom it is asked, in the bureau's own domain all. Who may not record them
// is told names and days only.
func (s *Service) Records(ctx context.Context) (list []Record, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TrainingRead); err != nil {
			return err
		}
		home, err := s.bureau.ID(tx.Context())
		if err != nil {
			return err
		}
		may, err := s.guard.May(tx, rbac.TrainingRecord)
		if err != nil {
			return err
		}
		list, err = records(tx, home == tx.Scope.Firm)
		if may[rbac.TrainingRecord] {
			return err
		}
		for _, r := range list {
			for i := range r.Certificates {
				r.Certificates[i].ID, r.Certificates[i].RecordedBy = "", ""
			}
		}
		return err
	})
	return list, err
}

// Mine is what the person of ctx holds.
func (s *Service) Mine(ctx context.Context) (list []Certificate, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		list, err = certificatesOf(tx, []ident.PersonID{tx.Scope.Actor})
		list = newest(list)
		return err
	})
	return list, err
}

// Courses is the catalogue, for who records certificates.
func (s *Service) Courses(ctx context.Context) (list []Course, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TrainingRecord); err != nil {
			return err
		}
		list, err = courses(tx)
		return err
	})
	return list, err
}

// AddCourse adds a course to the catalogue, in the bureau's own domain.
func (s *Service) AddCourse(ctx context.Context, c Course) (Course, error) {
	err := s.office(ctx, func(tx *db.Tx) error {
		if err := c.validate(); err != nil {
			return err
		}
		c.ID = ident.New[ident.CourseID](tx.Now)
		if err := insertCourse(tx, c); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "course.added", Object: "course", ID: string(c.ID), Class: audit.C1, Permission: string(rbac.TrainingRecord), After: c, Detail: map[string]any{"months": c.Months}})
	})
	return c, err
}

// CloseCourse takes a course out of the catalogue; certificates in it stand.
func (s *Service) CloseCourse(ctx context.Context, id ident.CourseID) error {
	return s.office(ctx, func(tx *db.Tx) error {
		if err := closeCourse(tx, id); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "course.closed", Object: "course", ID: string(id), Class: audit.C1, Permission: string(rbac.TrainingRecord)})
	})
}

// office is an act on the catalogue, which no firm's domain knows.
func (s *Service) office(ctx context.Context, do func(tx *db.Tx) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TrainingRecord); err != nil {
			return err
		}
		if home, err := s.bureau.ID(tx.Context()); err != nil || home != tx.Scope.Firm {
			return orElse(err, authz.ErrForbidden.With("the catalogue is the bureau's; open it there"))
		}
		return do(tx)
	})
}

func orElse(err error, other error) error {
	if err != nil {
		return err
	}
	return other
}

// Record records that somebody passed a course: in the bureau's own domain of any of its
// people, in a firm of those who are known there. The leaf is the bureau's.
func (s *Service) Record(ctx context.Context, d Draft) (c Certificate, err error) {
	err = s.about(ctx, func(tx *db.Tx, known func(ident.PersonID) error) error {
		if err := d.validate(tx.Now); err != nil {
			return err
		}
		if err := known(d.Person); err != nil {
			return err
		}
		if d.Person == tx.Scope.Actor {
			return ErrSelf
		}
		course, err := courseOf(tx, d.Course)
		if err != nil {
			return err
		}
		if course.Closed != nil {
			return ErrClosed.On(fault.Field{Path: "course", Code: "course_closed", Message: "this course is closed"})
		}
		passed := dayOf(d.PassedOn)
		c = Certificate{ID: ident.New[ident.CertificateID](tx.Now), Person: d.Person, Course: course.Name, PassedOn: passed, ValidUntil: until(passed, course.Months)}
		if err := insertCertificate(tx, c, course.ID); err != nil {
			return err
		}
		return s.bureau.AtHome(tx, func() error {
			return audit.Record(tx, audit.Entry{Action: "certificate.recorded", Object: "certificate", ID: string(c.ID), Class: audit.C1, Permission: string(rbac.TrainingRecord), After: c,
				Detail: map[string]any{"person": c.Person, "course": course.ID}})
		})
	})
	return c, err
}

// Withdraw takes a certificate back, with the reason; it stays on record.
func (s *Service) Withdraw(ctx context.Context, id ident.CertificateID, reason string) error {
	return s.about(ctx, func(tx *db.Tx, known func(ident.PersonID) error) error {
		who, err := lockCertificate(tx, id)
		if err != nil {
			return err
		}
		if err := known(who); err != nil {
			return err
		}
		if who == tx.Scope.Actor {
			return ErrSelf
		}
		var fs fault.Fields
		reason = strings.TrimSpace(reason)
		fs.Line("reason", reason, 1, 500)
		if err := fs.Err(ErrInvalid); err != nil {
			return err
		}
		if err := withdraw(tx, id, reason); err != nil {
			return err
		}
		return s.bureau.AtHome(tx, func() error {
			return audit.Record(tx, audit.Entry{Action: "certificate.withdrawn", Object: "certificate", ID: string(id), Class: audit.C1, Permission: string(rbac.TrainingRecord), Detail: map[string]any{"person": who}})
		})
	})
}

// about is an act on somebody's certificates. known is ErrNotFound for whoever the domain
// of the act does not know.
func (s *Service) about(ctx context.Context, do func(tx *db.Tx, known func(ident.PersonID) error) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TrainingRecord); err != nil {
			return err
		}
		home, err := s.bureau.ID(tx.Context())
		if err != nil {
			return err
		}
		return do(tx, func(who ident.PersonID) error { return met(tx, who, home == tx.Scope.Firm) })
	})
}
