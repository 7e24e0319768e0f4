package app_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

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
