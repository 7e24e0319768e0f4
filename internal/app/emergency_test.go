package app_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// The whole of T34 as people see it: the bureau's administrator asks, a colleague
// allows it, the firm's access page says so with the time left, what they read stands
// in the firm's access log, and the firm ends it.
func TestT34_EmergencyAccessOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	m := f.Matter(t)
	asker, second := &reader{t: t, w: w, sid: w.signIn(t, w.bureau, rbac.RoleBureauAdmin)}, &reader{t: t, w: w, sid: w.signIn(t, w.bureau, rbac.RoleBureauAdmin)}
	admin := &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RoleFirmAdmin)}
	list, access, matters := "/firms/"+string(w.bureau.ID)+"/emergencies", "/firms/"+string(f.ID)+"/access", "/firms/"+string(f.ID)+"/matters"
	if _, _, html := asker.do("GET", "/firms", nil); !strings.Contains(html, list) {
		t.Error("the list of firms does not lead to emergency access")
	}
	if location, body := asker.post(list, list, url.Values{"firm": {string(f.ID)}}); location != "" || !strings.Contains(body, "f-reason-e") {
		t.Errorf("without a reason: %q", location)
	}
	if location, body := asker.post(list, list, url.Values{"firm": {string(f.ID)}, "reason": {"Ledger alarm"}}); location != list {
		t.Fatalf("ask: %q %s", location, cutTo(body, 500))
	}
	if status, _, _ := asker.do("GET", matters, nil); status != 404 {
		t.Errorf("before a second word: %d", status)
	}
	if _, _, html := admin.do("GET", access, nil); !strings.Contains(html, "asks for emergency access") || !strings.Contains(html, "Ledger alarm") {
		t.Error("the firm does not see that it was asked for")
	}
	mine := row(asker, list, f)
	if strings.Contains(mine, "Allow an hour") {
		t.Error("the asker is offered the second word")
	}
	open := regexp.MustCompile(list + `/[0-9a-f-]{36}/open`).FindString(row(second, list, f))
	if open == "" {
		t.Fatal("the second administrator is not offered it")
	}
	if location, body := asker.post(list, open, url.Values{"firm": {string(f.ID)}}); location != "" {
		t.Errorf("the asker's own word: %q %s", location, cutTo(body, 300))
	}
	if location, body := second.post(list, open, url.Values{"firm": {string(f.ID)}}); location != list {
		t.Fatalf("open: %q %s", location, cutTo(body, 500))
	}
	if status, _, html := asker.do("GET", matters, nil); status != 200 || !strings.Contains(html, m.Number) {
		t.Errorf("a look: %d", status)
	}
	if status, _, _ := asker.do("GET", "/firms/"+string(f.ID)+"/entries", nil); status != 200 {
		t.Errorf("entries: %d", status)
	}
	if status, _, _ := asker.do("GET", "/firms/"+string(f.ID)+"/matters/new", nil); status != 403 {
		t.Errorf("a form to change something: %d", status)
	}
	_, _, html := admin.do("GET", access, nil)
	if !strings.Contains(html, "Emergency access is open") || !regexp.MustCompile(`data-sla="3[56]\d\d"`).MatchString(html) {
		t.Errorf("the access page has no countdown: %s", cutTo(html, 3000))
	}
	if _, _, log := admin.do("GET", access+"/log", nil); !strings.Contains(log, "Emergency access: read matter") || !strings.Contains(log, "emergency access") {
		t.Errorf("the look is not in the access log: %s", cutTo(log, 3000))
	}
	end := regexp.MustCompile(access + `/[0-9a-f-]{36}/end`).FindString(html)
	if location, _ := admin.post(access, end, url.Values{}); location != access {
		t.Fatalf("end: %q", location)
	}
	if status, _, _ := asker.do("GET", matters, nil); status != 404 {
		t.Errorf("the very next click: %d", status)
	}
}

// row is the firm's row in the bureau's list, which other tests fill too.
func row(b *reader, list string, f testkit.F) string {
	_, _, html := b.do("GET", list, nil)
	for _, r := range strings.Split(html, "<tr")[1:] {
		if strings.Contains(r, "Firm "+f.Code) && strings.Contains(r, string(f.ID)) {
			return r
		}
	}
	return ""
}
