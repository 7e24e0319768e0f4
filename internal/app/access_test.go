package app_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

var seenMark = regexp.MustCompile(`name="seen" value="([0-9a-f]*)"`)

// The bureau asks, the firm looks at what it would show, gives less, and a change
// after the look is looked at again. All without script.
func TestAskingForAccessOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	m := f.Matter(t)
	admin, lead := &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RoleFirmAdmin)}, &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RoleTeamLead)}
	who := testkit.Actor(f.As(t, rbac.RoleSpecialist))
	access := "/firms/" + string(f.ID) + "/access"
	ask := url.Values{"person": {string(who)}, "role": {"specialist"}, "scope": {"all"}, "class": {"3"}, "label": {"1"}, "until": {"2026-04-30"}, "reason": {""}}
	if location, body := lead.post(access+"/asked", access+"/asked", ask); location != "" || !strings.Contains(body, "f-reason-e") {
		t.Errorf("without a reason: %q %s", location, cutTo(body, 300))
	}
	ask.Set("reason", "Cover for a colleague")
	if location, body := lead.post(access+"/asked", access+"/asked", ask); location != access+"/asked" {
		t.Fatalf("ask: %q %s", location, cutTo(body, 500))
	}
	_, _, html := admin.do("GET", access, nil)
	link := regexp.MustCompile(access + `/requests/[0-9a-f-]{36}`).FindString(html)
	if link == "" || strings.Index(html, "request waits") > strings.Index(html, "People of the billing bureau") {
		t.Fatal("the request does not stand first on the access page")
	}
	_, _, html = admin.do("GET", link, nil)
	if !strings.Contains(html, "Grant until 30 Apr 2026") || !strings.Contains(html, m.Number) {
		t.Fatalf("the request opens with its preview: %s", cutTo(html, 2000))
	}
	less := url.Values{"step": {"give"}, "seen": {seenMark.FindStringSubmatch(html)[1]}, "role": {"specialist"}, "scope": {"matter"}, "matters": {string(m.ID)}, "class": {"2"}, "label": {"1"}, "until": {"2026-03-31"}, "reason": {"Less"}}
	location, html := admin.post(link, link+"/give", less)
	if location != "" || !strings.Contains(html, "Grant until 31 Mar 2026") {
		t.Fatalf("a change after the look is not looked at again: %q %s", location, cutTo(html, 500))
	}
	less.Set("seen", seenMark.FindStringSubmatch(html)[1])
	if location, html = admin.post(link, link+"/give", less); location != access {
		t.Fatalf("give: %q %s", location, cutTo(html, 500))
	}
	if _, _, html := lead.do("GET", access+"/asked", nil); !strings.Contains(html, "given, less than asked") {
		t.Error("the lead does not see the answer")
	}
}

// The administrator asks why somebody may do something; the answer names what decides,
// and the wall once there is one. Nobody else at the firm is told that there are walls.
func TestWhyMayTheyOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	m, foreign := f.Matter(t), other.Matter(t)
	who := testkit.Actor(f.As(t, rbac.RolePartner))
	adminCtx := f.As(t, rbac.RoleFirmAdmin)
	admin := &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RoleFirmAdmin)}
	why := "/firms/" + string(f.ID) + "/access/why"
	if _, _, html := admin.do("GET", "/firms/"+string(f.ID)+"/access", nil); !strings.Contains(html, why) {
		t.Error("the access page does not lead to the question")
	}
	ask := func(person, matter string) (int, string) {
		status, _, html := admin.do("GET", why+"?"+url.Values{"person": {person}, "permission": {"prebill.approve"}, "matter": {matter}}.Encode(), nil)
		return status, html
	}
	if _, html := ask(string(who), string(m.ID)); !strings.Contains(html, "may: access as partner") || !strings.Contains(html, "p, partner, prebill, approve") {
		t.Errorf("granted: %s", cutTo(html, 2000))
	}
	if _, err := w.s.Grants.RaiseWall(adminCtx, grant.Wall{Person: who, Matters: []string{string(m.ID)}, Reason: "Former client"}); err != nil {
		t.Fatal(err)
	}
	if _, html := ask(string(who), string(m.ID)); !strings.Contains(html, "a wall stands before this matter") || !strings.Contains(html, "Former client") {
		t.Errorf("walled: %s", cutTo(html, 2000))
	}
	absent, _ := ask(string(who), absentID)
	theirs, _ := ask(string(who), string(foreign.ID))
	nobody, _ := ask(absentID, "")
	if absent != 404 || theirs != 404 || nobody != 404 {
		t.Errorf("absent %d, another firm's matter %d, nobody %d", absent, theirs, nobody)
	}
	partner := &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RolePartner)}
	if status, _, html := partner.do("GET", why, nil); status != 403 || strings.Contains(html, "Former client") {
		t.Errorf("a partner asks: %d", status)
	}
}

// A firm makes a role, gives it by invitation, and sees it by its name.
func TestRolesOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	admin := &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RoleFirmAdmin)}
	access := "/firms/" + string(f.ID) + "/access"
	roles := "/firms/" + string(f.ID) + "/roles"
	if _, _, html := admin.do("GET", access, nil); !strings.Contains(html, roles) {
		t.Error("the access page does not lead to the roles")
	}
	if location, body := admin.post(roles+"/new", roles+"/new", url.Values{"name": {"Clerk"}, "permissions": {"grant.give"}, "for": {"own"}}); location != "" || !strings.Contains(body, "f-permissions-e") {
		t.Errorf("a role that gives access: %q %s", location, cutTo(body, 300))
	}
	if location, body := admin.post(roles+"/new", roles+"/new", url.Values{"name": {"Clerk"}, "permissions": {"firm.read", "invoice.read"}, "for": {"own"}}); location != roles {
		t.Fatalf("make: %q %s", location, cutTo(body, 500))
	}
	_, _, html := admin.do("GET", roles, nil)
	one := regexp.MustCompile(roles + `/[0-9a-f-]{36}`).FindString(html)
	if one == "" || !strings.Contains(html, "read invoice") {
		t.Fatalf("the role is not listed: %s", cutTo(html, 1000))
	}
	name := "own:" + one[len(one)-36:]
	if _, _, html := admin.do("GET", access+"/invite", nil); !strings.Contains(html, name) {
		t.Error("an invitation does not offer it")
	}
	if location, body := admin.post(access+"/invite", access+"/invite", url.Values{"name": {"Clara Clerk"}, "email": {"clara." + f.Code + "@firm.example"}, "role": {name}, "scope": {"all"}, "class": {"2"}, "label": {"0"}, "reason": {"Accounts"}}); location != access {
		t.Fatalf("invite: %q %s", location, cutTo(body, 500))
	}
	if _, _, html := admin.do("GET", access, nil); !strings.Contains(html, "Clerk") || strings.Contains(html, name) {
		t.Error("the access page does not name the role")
	}
	if location, _ := admin.post(one, one, url.Values{"name": {"Clerk"}, "version": {"1"}, "permissions": {"firm.read"}}); location != roles {
		t.Errorf("edit: %q", location)
	}
	theirs := &reader{t: t, w: w, sid: w.signIn(t, other, rbac.RoleFirmAdmin)}
	if status, _, _ := theirs.do("GET", strings.Replace(one, string(f.ID), string(other.ID), 1), nil); status != 404 {
		t.Errorf("another firm reads it: %d", status)
	}
}
