package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/rbac"
)

// trainings are the bureau's courses and its people's certificates.
type trainings interface {
	Records(ctx context.Context) ([]training.Record, error)
	Mine(ctx context.Context) ([]training.Certificate, error)
	Courses(ctx context.Context) ([]training.Course, error)
	AddCourse(ctx context.Context, c training.Course) (training.Course, error)
	CloseCourse(ctx context.Context, id ident.CourseID) error
	Record(ctx context.Context, d training.Draft) (training.Certificate, error)
	Withdraw(ctx context.Context, id ident.CertificateID, reason string) error
}

// Course is one line of the bureau's catalogue.
type Course struct {
	ID     ident.CourseID `json:"id" class:"C1"`
	Name   string         `json:"name" class:"C1"`
	Months int            `json:"months" class:"C1" doc:"for which a certificate holds"`
}

func toCourse(c training.Course) Course { return Course{c.ID, c.Name, c.Months} }

// Certificate is that somebody passed a course.
type Certificate struct {
	ID         ident.CertificateID `json:"id,omitempty" class:"C1" doc:"only for who records them"`
	Course     string              `json:"course" class:"C1"`
	PassedOn   string              `json:"passed_on" class:"C1"`
	ValidUntil string              `json:"valid_until" class:"C1" doc:"the last day"`
	RecordedBy string              `json:"recorded_by,omitempty" class:"C1" doc:"only for who records them"`
}

func toCertificate(c training.Certificate) Certificate {
	return Certificate{c.ID, c.Course, day(c.PassedOn), day(c.ValidUntil), c.RecordedBy}
}

// TrainingRecord is one of the bureau's people with what they hold or held last.
type TrainingRecord struct {
	Person       ident.PersonID `json:"person_id" class:"C1"`
	Name         string         `json:"name" class:"C1"`
	Certificates []Certificate  `json:"certificates"`
}

func toTrainingRecord(r training.Record) TrainingRecord {
	out := TrainingRecord{Person: r.Person, Name: r.Name, Certificates: []Certificate{}}
	for _, c := range r.Certificates {
		out.Certificates = append(out.Certificates, toCertificate(c))
	}
	return out
}

// Training mounts them.
func Training(s *httpd.Server, v trainings) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/training", Needs: rbac.TrainingRead, Summary: "Certificates of the bureau's people who have access here, or for whom it is asked; in the bureau's own domain of all"},
		func(ctx context.Context, _ *InFirm) (*Many[TrainingRecord], error) {
			list, err := v.Records(ctx)
			return many(list, err, toTrainingRecord)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/courses", Needs: rbac.TrainingRecord, Summary: "The bureau's courses"},
		func(ctx context.Context, _ *InFirm) (*Many[Course], error) {
			list, err := v.Courses(ctx)
			return many(list, err, toCourse)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/courses", Needs: rbac.TrainingRecord, Summary: "Add a course, in the bureau's own domain", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Name   string `json:"name" maxLength:"80"`
				Months int    `json:"months"`
			}
		}) (*One[Course], error) {
			c, err := v.AddCourse(ctx, training.Course{Name: in.Body.Name, Months: in.Body.Months})
			return one(toCourse(c), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/courses/{id}/close", Needs: rbac.TrainingRecord, Summary: "Close a course; certificates in it stand", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.CourseID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.CloseCourse(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/certificates", Needs: rbac.TrainingRecord, Summary: "Record that somebody passed a course", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Person   string `json:"person_id"`
				Course   string `json:"course_id"`
				PassedOn string `json:"passed_on"`
			}
		}) (*One[Certificate], error) {
			d, err := certificateDraft(in.Body.Person, in.Body.Course, in.Body.PassedOn)
			if err != nil {
				return nil, err
			}
			c, err := v.Record(ctx, d)
			return one(toCertificate(c), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/certificates/{id}/withdraw", Needs: rbac.TrainingRecord, Summary: "Withdraw a certificate; it stays on record", Status: 204},
		func(ctx context.Context, in *Refusal) (*Empty, error) {
			id, err := idOf[ident.CertificateID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Withdraw(ctx, id, in.Body.Reason))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/people/me/certificates", Needs: rbac.SignedIn, Summary: "What you hold or held last"},
		func(ctx context.Context, _ *struct{}) (*Many[Certificate], error) {
			list, err := v.Mine(ctx)
			return many(list, err, toCertificate)
		})
}

func certificateDraft(person, course, passed string) (d training.Draft, err error) {
	if d.Person, err = optionalID[ident.PersonID](person); err != nil {
		return d, err
	}
	if d.Course, err = optionalID[ident.CourseID](course); err != nil {
		return d, err
	}
	d.PassedOn, err = parseDay("passed_on", passed)
	return d, err
}
