package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// whyFixtures ask about Ines Carvalho, whom a wall keeps from one matter.
func whyFixtures(t testing.TB, s story) []fixture {
	f := s.house(t, "access")
	until, ended := s.at(15, 0, 0), s.at(1, 9, 0)
	x := &authz.Explanation{Person: id[ident.PersonID](1), Name: "Ines Carvalho", Permission: rbac.EntryRead, At: s.now, Allowed: true, Because: authz.BecauseGranted, Grants: []authz.Explained{
		{Role: rbac.RoleSpecialist, Scope: authz.ScopeMatter, Class: authz.C2, Label: authz.Confidential, From: ended, Until: &until, Verdict: authz.VerdictGives, Line: "p, specialist, entry, read"},
		{Role: rbac.RoleQualityAuditor, Scope: authz.ScopeAll, Class: authz.C3, From: ended, Ended: &ended, Verdict: authz.VerdictEnded, Line: "p, quality_auditor, entry, read"},
		{Role: rbac.RoleTeamLead, Scope: authz.ScopePractice, Class: authz.C1, From: ended, Verdict: authz.VerdictRole},
	}}
	walled := *x
	walled.Allowed, walled.Because, walled.Walls = false, authz.BecauseWall, []ident.WallID{id[ident.WallID](7)}
	walls := []grant.Wall{{ID: id[ident.WallID](7), Names: []string{"00402-0007 Lease portfolio"}, Reason: "EW-07", Since: ended, SetBy: "Noor Haddad"}, {ID: id[ident.WallID](8), Reason: "EW-08"}}
	question := Section{Title: "The question", Body: AskForm(href.AccessWhy(f.FirmID), "Ask", []partial.Field{
		{Name: "person", Label: "Who", Kind: partial.Select, Options: partial.Options("a", "", "choose", "a", "Ines Carvalho"), Required: true},
		{Name: "permission", Label: "May they", Kind: partial.Select, Options: actOptions("entry.read"), Required: true},
		{Name: "matter", Label: "For", Kind: partial.Select, Options: partial.Options("", "", "the firm as a whole")}})}
	page := func(name string, answer []Section) fixture {
		c := f.Chrome
		c.Title = "Why may they?"
		return fixture{name: name, page: Plain(c, PlainView{Head: layout.Head{Title: "Why may they?"}, Sections: append(answer, question)})}
	}
	return []fixture{page("access-why", whySections(f, x, walls)), page("access-why-wall", whySections(f, &walled, walls))}
}

func TestWhySaysWhatDecides(t *testing.T) {
	t.Parallel()
	gives := authz.Explained{Role: rbac.RoleSpecialist, Class: authz.C3, Verdict: authz.VerdictGives}
	cut := gives
	cut.Class = authz.C2
	for _, tt := range []struct {
		name string
		x    authz.Explanation
		want string
	}{
		{"granted", authz.Explanation{Because: authz.BecauseGranted, Grants: []authz.Explained{gives, gives}}, `Ines may: access as billing specialist includes "read entry".`},
		{"granted, cut", authz.Explanation{Because: authz.BecauseGranted, Grants: []authz.Explained{cut}}, `Ines may: access as billing specialist includes "read entry". Fields above "amounts and names" are left out.`},
		{"a wall", authz.Explanation{Because: authz.BecauseWall, Grants: []authz.Explained{gives}}, "Ines may not: a wall stands before this matter, whatever they are granted."},
		{"disabled", authz.Explanation{Because: authz.BecauseDisabled}, "Ines may not: they can no longer sign in."},
		{"a factor", authz.Explanation{Because: authz.BecauseFactor, Grants: []authz.Explained{gives}}, "Ines may not at the moment: restricted and sealed matters show for half an hour after the second factor, and nowhere have they shown theirs since."},
		{"nothing", authz.Explanation{Because: authz.BecauseNone}, `Ines may not: nothing they hold here gives "read entry". Each grant below says why.`},
	} {
		tt.x.Name, tt.x.Permission = "Ines", rbac.EntryRead
		if got := whySentence(&tt.x); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	for _, x := range whyFixtures(t, newStory(t)) {
		html := render(t, x.page)
		if walled := x.name == "access-why-wall"; strings.Contains(html, "EW-07") != walled || strings.Contains(html, "EW-08") {
			t.Errorf("%s shows the wrong walls", x.name)
		}
	}
}
