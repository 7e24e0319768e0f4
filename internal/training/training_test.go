package training_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/rbac"
)

type world struct {
	d    *db.DB
	home testkit.F
	svc  *training.Service
}

func setup(t *testing.T) world {
	t.Helper()
	d := testkit.OpenDatabase(t, "docketry_api", testkit.NewDatabase(t), clock.At(testkit.Now)) // the bureau is one in a database
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return world{d, testkit.Bureau(t, d), training.New(d, authz.NewGuard(d, policy), bureau.New(d))}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestCertificatesAreRecordedByOthers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.d)
	office, lead, specialist, admin := w.home.As(t, rbac.RoleBureauAdmin), f.As(t, rbac.RoleTeamLead), f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RoleFirmAdmin)
	who := testkit.Actor(specialist)
	course, err := w.svc.AddCourse(office, training.Course{Name: "Confidentiality", Months: 12})
	ok(t, err)
	_, err = w.svc.AddCourse(office, training.Course{Name: "confidentiality", Months: 6})
	refused(t, "the same name", err, training.ErrTaken)
	_, err = w.svc.AddCourse(lead, training.Course{Name: "LEDES", Months: 6})
	refused(t, "the catalogue from a firm", err, authz.ErrForbidden)
	day := testkit.Now.AddDate(0, -11, -10)
	c, err := w.svc.Record(lead, training.Draft{Person: who, Course: course.ID, PassedOn: day})
	ok(t, err)
	if !c.Lapses(testkit.Now) {
		t.Errorf("%+v does not lapse within 30 days of %v", c, testkit.Now)
	}
	_, err = w.svc.Record(lead, training.Draft{Person: who, Course: course.ID, PassedOn: day})
	refused(t, "twice", err, training.ErrTwice)
	_, err = w.svc.Record(lead, training.Draft{Person: testkit.Actor(lead), Course: course.ID, PassedOn: day})
	refused(t, "of oneself", err, training.ErrSelf)
	for _, x := range []struct {
		d     training.Draft
		field string
	}{
		{training.Draft{Course: course.ID, PassedOn: day}, "person"}, {training.Draft{Person: who, PassedOn: day}, "course"},
		{training.Draft{Person: who, Course: course.ID}, "passed_on"}, {training.Draft{Person: who, Course: course.ID, PassedOn: testkit.Now.AddDate(0, 0, 2)}, "passed_on"},
	} {
		_, err := w.svc.Record(lead, x.d)
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != x.field {
			t.Errorf("%+v: %v", x.d, err)
		}
	}
	_, err = w.svc.Record(specialist, training.Draft{Person: who, Course: course.ID, PassedOn: day})
	refused(t, "a specialist", err, authz.ErrForbidden)
	_, err = w.svc.Record(admin, training.Draft{Person: who, Course: course.ID, PassedOn: day})
	refused(t, "a firm", err, authz.ErrForbidden)
	list, err := w.svc.Records(admin)
	ok(t, err)
	if len(list) != 2 {
		t.Fatalf("the firm sees %+v", list)
	}
	for _, r := range list {
		if r.Person == who && (len(r.Certificates) != 1 || r.Certificates[0].ID != "" || r.Certificates[0].RecordedBy != "") {
			t.Errorf("the firm sees %+v", r.Certificates)
		}
	}
	if mine, err := w.svc.Mine(specialist); err != nil || len(mine) != 1 || mine[0].Course != "Confidentiality" {
		t.Errorf("on their own page: %+v %v", mine, err)
	}
	refused(t, "without a reason", w.svc.Withdraw(lead, c.ID, " "), training.ErrInvalid)
	ok(t, w.svc.Withdraw(office, c.ID, "Somebody else's paper"))
	refused(t, "withdrawn before", w.svc.Withdraw(office, c.ID, "again"), training.ErrWithdrawn)
	if mine, err := w.svc.Mine(specialist); err != nil || len(mine) != 0 {
		t.Errorf("after it was withdrawn: %+v %v", mine, err)
	}
	ok(t, w.svc.CloseCourse(office, course.ID))
	_, err = w.svc.Record(lead, training.Draft{Person: who, Course: course.ID, PassedOn: day})
	refused(t, "a closed course", err, training.ErrClosed)
	for action, want := range map[string]int64{"certificate.recorded": 1, "certificate.withdrawn": 1, "course.added": 1, "course.closed": 1} {
		if n := w.home.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, w.home.ID, action); n != want {
			t.Errorf("%d leaves %s", n, action)
		}
	}
}

// T24: people whom a firm does not know are not there for it, nor for a lead in it.
func TestT24_AFirmSeesTheTrainingOfItsOwnOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine, theirs := testkit.Firm(t, w.d), testkit.Firm(t, w.d)
	office, lead, admin := w.home.As(t, rbac.RoleBureauAdmin), mine.As(t, rbac.RoleTeamLead), mine.As(t, rbac.RoleFirmAdmin)
	stranger := testkit.Actor(theirs.As(t, rbac.RoleSpecialist))
	course, err := w.svc.AddCourse(office, training.Course{Name: "LEDES", Months: 24})
	ok(t, err)
	c, err := w.svc.Record(office, training.Draft{Person: stranger, Course: course.ID, PassedOn: testkit.Now})
	ok(t, err)
	if list, err := w.svc.Records(admin); err != nil || len(list) != 1 {
		t.Errorf("my firm sees %+v %v", list, err)
	}
	_, err = w.svc.Record(lead, training.Draft{Person: stranger, Course: course.ID, PassedOn: testkit.Now.AddDate(0, 0, -1)})
	refused(t, "a lead of another firm records", err, training.ErrNotFound)
	refused(t, "a lead of another firm withdraws", w.svc.Withdraw(lead, c.ID, "no"), training.ErrNotFound)
	refused(t, "one that is not there", w.svc.Withdraw(lead, ident.New[ident.CertificateID](testkit.Now), "no"), training.ErrNotFound)
}

func TestACertificateEndsOnADayOfItsMonth(t *testing.T) {
	t.Parallel()
	w := setup(t)
	office := w.home.As(t, rbac.RoleBureauAdmin)
	who := testkit.Actor(w.home.As(t, rbac.RoleSpecialist))
	course, err := w.svc.AddCourse(office, training.Course{Name: "UTBMS", Months: 1})
	ok(t, err)
	for passed, want := range map[string]string{"2025-01-31": "2025-02-28", "2024-01-31": "2024-02-29", "2025-03-15": "2025-04-15", "2025-12-31": "2026-01-31"} {
		day, err := time.Parse(time.DateOnly, passed)
		ok(t, err)
		c, err := w.svc.Record(office, training.Draft{Person: who, Course: course.ID, PassedOn: day})
		ok(t, err)
		last := c.ValidUntil
		if last.Format(time.DateOnly) != want || !c.Holds(last) || c.Holds(last.AddDate(0, 0, 1)) || c.Holds(day.AddDate(0, 0, -1)) {
			t.Errorf("passed %s: %v", passed, last)
		}
	}
}
