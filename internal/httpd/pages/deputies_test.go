package pages

import (
	"net/url"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// deputyRows are deputies in every state, as an administrator sees them.
func (s story) deputyRows(me int) deputyRows {
	person := func(n int) ident.PersonID { return id[ident.PersonID](n) }
	used, ended := s.at(3, 17, 20), s.at(2, 9, 0)
	of := func(n int, st deputy.Stead) deputy.Stead {
		st.ID, st.NamedAt = id[ident.DeputyID](n), s.at(1, 9, 0)
		if st.NamedBy == "" {
			st.NamedBy = st.PrincipalName
		}
		return st
	}
	rosalind, martin, ada := "Rosalind Vane", "Martin Oyelaran", "Ada Sorrel"
	return deputyRows{me: person(me), people: []deputy.Person{{ID: person(3), Name: ada}, {ID: person(2), Name: martin}, {ID: person(1), Name: rosalind}}, steads: []deputy.Stead{
		of(1, deputy.Stead{Principal: person(2), PrincipalName: martin, Deputy: person(1), DeputyName: rosalind, From: s.at(2, 0, 0), Until: s.at(14, 0, 0), Reason: "Annual leave", Used: &used}),
		of(2, deputy.Stead{Principal: person(3), PrincipalName: ada, Deputy: person(1), DeputyName: rosalind, From: s.at(20, 0, 0), Until: s.at(28, 0, 0), Reason: "Trial in Savannah", NamedBy: "Noor Haddad"}),
		of(3, deputy.Stead{Principal: person(4), PrincipalName: "Theo Brandt", Deputy: person(3), DeputyName: ada, From: s.at(1, 0, 0), Until: s.at(28, 0, 0), Reason: "Parental leave", Ended: &ended, EndedBy: "Noor Haddad", Why: deputy.WhyLeft}),
		of(4, deputy.Stead{Principal: person(3), PrincipalName: ada, Deputy: person(2), DeputyName: martin, From: s.at(1, 0, 0), Until: s.at(3, 0, 0), Reason: "Conference", Ended: &ended, EndedBy: martin, Why: deputy.WhyDeputy}),
	}}
}

func deputyFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	admin, partner := s.house(t, "access"), s.house(t, "access")
	partner.Chrome = s.partner("Deputies", "access")
	partner.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{partner.FirmID: {rbac.RolePartner}})
	admin.Chrome.Title = "Deputies"
	own := s.deputyRows(1)
	own.steads = own.steads[:2]
	wrong := deputy.ErrInvalid.On(fault.Field{Path: "deputy", Code: "deputy_right", Message: "Theo Brandt cannot approve pre-bills; who stands in needs that right by a grant of their own"},
		fault.Field{Path: "until", Code: "window_long", Message: "at most 92 days; name them again then"})
	typed := url.Values{"principal": {string(id[ident.PersonID](2))}, "deputy": {string(id[ident.PersonID](3))}, "from": {"2026-11-04"}, "until": {"2027-11-04"}, "reason": {"Leave"}}
	here := href.Deputies(admin.FirmID)
	page := func(name string, f frame, rows deputyRows, typed typedForm) fixture {
		return fixture{name: name, page: Plain(f.Chrome, deputiesView(f, rows, typed, s.now))}
	}
	return []fixture{
		page("deputies", admin, s.deputyRows(9), typedForm{}),
		page("deputies-mine", partner, own, typedForm{}),
		page("deputies-empty", partner, deputyRows{me: own.me, people: own.people}, typedForm{}),
		page("deputies-refused", admin, s.deputyRows(9), typedForm{typed, here, wrong}),
		page("deputies-clash", partner, own, typedForm{typed, here, deputy.ErrOpen.With("Martin Oyelaran has a deputy until 13 November 2026: Rosalind Vane. End that first")}),
	}
}

// Each of the two can end it, in their own words; who has no part in it has no button.
func TestWhoCanEndADeputySeesIt(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f := s.house(t, "access")
	f.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{f.FirmID: {rbac.RolePartner}})
	show := func(f frame, me int) string {
		return render(t, Plain(f.Chrome, deputiesView(f, s.deputyRows(me), typedForm{}, s.now)))
	}
	for name, c := range map[string]struct {
		html       string
		back, ends int
	}{"the deputy of two": {show(f, 1), 2, 0}, "the principal": {show(f, 2), 0, 1}, "a third": {show(f, 9), 0, 0}, "an administrator": {show(s.house(t, "access"), 9), 0, 2}} {
		if back, ends := strings.Count(c.html, "Give it back"), strings.Count(c.html, "End now"); back != c.back || ends != c.ends {
			t.Errorf("%s: %d to give back, %d to end; want %d, %d", name, back, ends, c.back, c.ends)
		}
	}
}

// A partner names for themselves alone, an administrator for anybody who approves; who
// approves nothing has no form.
func TestWhoCanNameADeputyHasTheForm(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f := s.house(t, "access")
	names := func(form bool, f frame, me int) (list []string) {
		got := deputyForm(f, s.deputyRows(me), typedForm{}, s.now)
		if (got != nil) != form {
			t.Errorf("a form for %d: %v", me, got != nil)
		}
		if got != nil {
			for _, field := range got.Fields {
				list = append(list, field.Name)
			}
		}
		return list
	}
	if got := strings.Join(names(true, f, 9), " "); got != "principal deputy from until reason" {
		t.Errorf("an administrator fills in %q", got)
	}
	f.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{f.FirmID: {rbac.RolePartner}})
	if got := strings.Join(names(true, f, 1), " "); got != "deputy from until reason" {
		t.Errorf("a partner fills in %q", got)
	}
	names(false, f, 9)
}

// How one ended is said in words.
func TestHowADeputyEnded(t *testing.T) {
	t.Parallel()
	for why, want := range map[deputy.Why]string{deputy.WhyDate: "its day came", deputy.WhyPrincipal: "by Ada", deputy.WhyDeputy: "given back by Jon", deputy.WhyFirm: "by Noor for the firm", deputy.WhyLeft: "one of them can approve no longer"} {
		if got := endedWords(deputy.Stead{PrincipalName: "Ada", DeputyName: "Jon", EndedBy: "Noor", Why: why}); got != want {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
}
