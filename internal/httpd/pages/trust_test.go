package pages

import (
	"net/url"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/internal/undertaking"
	"github.com/docketry/docketry/rbac"
)

// trustFixtures are undertakings and training, as the person, their firm and the bureau see them.
func trustFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f, office := s.house(t, "access"), s.house(t, "people")
	office.Card.Kind = "bureau"
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	office.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{office.FirmID: {rbac.RoleBureauAdmin}})
	soon, since := s.at(18, 0, 0), s.at(1, 9, 0)
	text := undertaking.Text{Version: 2, Body: "I work for the billing bureau, and keep what I read to myself.\n\n1. I look only at what a piece of work needs.\n\n2. I tell nobody outside the firm what I read there.", SHA256: "ab", PublishedBy: "Daniel Osei", PublishedAt: since, FormerUntil: &soon}
	own := undertaking.Text{Firm: f.FirmID, Version: 1, Body: "I tell the firm's office manager of any doubt the same day.", SHA256: "cd", PublishedBy: "Noor Haddad", PublishedAt: since}
	given, old := undertaking.Word{Version: 2, At: s.at(3, 9, 0), Current: true}, undertaking.Word{Version: 1, At: oct(5)}
	states := []undertaking.State{{Person: id[ident.PersonID](1), Name: "Ines Carvalho", Bureau: given, Firm: undertaking.Word{Version: 1, At: s.at(3, 9, 5), Current: true}},
		{Person: id[ident.PersonID](2), Name: "Lotte Brandsma", Bureau: old, Firm: undertaking.Word{Version: 1, At: s.at(3, 9, 5), Current: true}, Waits: &soon}, {Person: id[ident.PersonID](3), Name: "Maya Lindgren", Waits: &since}}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	records := []training.Record{{Person: id[ident.PersonID](1), Name: "Ines Carvalho", Certificates: []training.Certificate{{ID: id[ident.CertificateID](1), Course: "Confidentiality", PassedOn: day(2026, 3, 2), ValidUntil: day(2027, 3, 2)}, {ID: id[ident.CertificateID](2), Course: "LEDES 1998B", PassedOn: day(2025, 11, 20), ValidUntil: day(2026, 11, 20)}}},
		{Person: id[ident.PersonID](2), Name: "Lotte Brandsma", Certificates: []training.Certificate{{ID: id[ident.CertificateID](3), Course: "Confidentiality", PassedOn: day(2025, 10, 1), ValidUntil: day(2026, 10, 1)}}}, {Person: id[ident.PersonID](3), Name: "Maya Lindgren"}}
	courses := []training.Course{{ID: id[ident.CourseID](1), Name: "Confidentiality", Months: 12}, {ID: id[ident.CourseID](2), Name: "LEDES 1998B", Months: 12}}
	st := undertaking.Standing{Bureau: text, Own: own, Required: true, Waiting: 1}
	wrong := undertaking.ErrInvalid.On(fault.Field{Path: "former_until", Code: "date_past", Message: "this day has passed; the version before counts until today at least"})
	me := f
	me.Chrome = s.specialist("Undertakings of confidentiality", "", "")
	desk := me
	desk.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{f.FirmID: {rbac.RoleSpecialist}})
	holds := day(2026, 12, 31)
	sheet := requirement.Sheet{Works: true, Bureau: true, Guide: &requirement.Guide{ID: id[ident.GuideID](1), Number: 3, From: day(2026, 10, 1)}, List: []requirement.Requirement{
		{ID: id[ident.RequirementID](1), Course: "Confidentiality", Mandatory: true, OfFirm: true, SetBy: "Noor Haddad", Until: &holds},
		{ID: id[ident.RequirementID](2), Type: "rejection", Course: "LEDES 1998B", Mandatory: true, SetBy: "Lotte Brandsma"},
		{ID: id[ident.RequirementID](3), Type: "prebill", Course: "UTBMS codes", PreferMin: 240, SetBy: "Lotte Brandsma", Until: &holds}}}
	asked := sheet
	asked.Works, asked.Bureau, asked.MaySet, asked.Unread, asked.Courses = false, false, true, []string{"Ines Carvalho", "Maya Lindgren"}, []requirement.Course{{ID: id[ident.CourseID](1), Name: "Confidentiality"}}
	page := func(name string, in frame, v PlainView) fixture {
		in.Chrome.Title = v.Head.Title
		return fixture{name: name, page: Plain(in.Chrome, v)}
	}
	mine := []undertaking.Mine{{Text: text, Word: old, Waits: &soon}, {Text: own, FirmName: "Hollis & Vane LLP", Waits: &since}}
	return []fixture{
		page("undertakings-mine", me, myUndertakingsView(me, mine, string(own.Firm), undertaking.ErrInvalid.On(fault.Field{Path: "read", Code: "read_missing", Message: "tick this once you have read the text"}), s.now)),
		page("undertakings-given", me, myUndertakingsView(me, []undertaking.Mine{{Text: text, Word: given}}, "", nil, s.now)),
		page("undertakings-firm", f, undertakingsView(f, st, states, typedForm{}, s.now)),
		page("undertakings-refused", f, undertakingsView(f, undertaking.Standing{Bureau: text, Own: own, Waiting: 1}, states, typedForm{url.Values{"body": {"Another text"}, "former_until": {"2026-01-01"}}, href.Undertakings(f.FirmID), wrong}, s.now)),
		page("undertakings-bureau", office, undertakingsView(office, undertaking.Standing{Bureau: text}, states, typedForm{}, s.now)),
		page("training", f, trainingView(f, records, nil, typedForm{}, s.now)),
		page("training-bureau", office, trainingView(office, records, courses, typedForm{url.Values{"name": {"LEDES"}}, href.Training(office.FirmID) + "/courses", training.ErrInvalid.On(fault.Field{Path: "months", Code: "months_range", Message: "enter for how many months a certificate holds, 1 to 120"})}, s.now)),
		page("requirements", desk, requirementsView(desk, sheet, typedForm{})),
		page("requirements-set", f, requirementsView(f, asked, typedForm{url.Values{"how": {"preferred"}, "prefer_minutes": {"0"}}, href.Requirements(f.FirmID), requirement.ErrInvalid.On(fault.Field{Path: "prefer_minutes", Code: "prefer_range", Message: "enter after how many business minutes anybody may have the work, 1 to 4800"})})),
		page("requirements-none", f, requirementsView(f, requirement.Sheet{}, typedForm{})),
		page("trusted", f, PlainView{Head: layout.Head{Title: "Access for Maya Lindgren"}, Sections: []Section{{Title: "Undertakings and training", Table: trusted(f, true, states, records, s.now)}, ownTraining(records[0].Certificates, s.now)}}),
	}
}
