package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

var hidden = regexp.MustCompile(`name="(version|sum|after)" value="([^"]*)"`)

// One of the bureau's people whom a firm lets look only after an undertaking is led to
// it, everywhere, and looks once it is given; the forms name what is wrong by field.
func TestAnUndertakingOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	th := things{firm: f, ids: map[string]string{}}
	admin, specialist, lead := w.visitor(t, th, rbac.RoleFirmAdmin), w.visitor(t, th, rbac.RoleSpecialist), w.visitor(t, th, rbac.RoleTeamLead)
	at := "/firms/" + string(f.ID)
	send := func(v *visitor, path string, pairs ...string) answer {
		form := url.Values{"csrf": {v.token}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return v.ask(http.MethodPost, path, form.Encode())
	}
	want := func(what string, got answer, status int, texts ...string) {
		t.Helper()
		if got.status != status {
			t.Errorf("%s: %d, want %d", what, got.status, status)
		}
		for _, text := range texts {
			if !strings.Contains(got.body, text) {
				t.Errorf("%s lacks %q", what, text)
			}
		}
	}
	want("before", specialist.ask(http.MethodGet, at+"/entries", ""), 200)
	want("turn on", send(admin, at+"/undertakings/required", "required", "yes"), 303)
	want("the quiet page", specialist.ask(http.MethodGet, at+"/entries", ""), 403, "An undertaking comes first", `href="/people/me/undertakings"`)
	want("the same to a program", specialist.ask(http.MethodGet, "/api/v1"+at+"/entries", ""), 403, "undertaking_due")
	start := specialist.ask(http.MethodGet, "/", "")
	if start.status != 303 || !strings.HasSuffix(start.kind, "/people/me/undertakings") {
		t.Errorf("who works for this firm alone lands at %d %s", start.status, start.kind)
	}
	other.Grant(t, ident.PersonID(f.Text(t, `SELECT person_id FROM access_grant WHERE firm_id = ? AND role = 'specialist'`, f.ID)), rbac.RoleSpecialist)
	want("where they land", specialist.ask(http.MethodGet, "/queue", ""), 200, "Until you give your undertaking of confidentiality, 1 firm shows you nothing", `href="/people/me/undertakings"`)
	want("the access page", admin.ask(http.MethodGet, at+"/access", ""), 200, "Undertakings and training", "gives nothing", "Not given")
	page := specialist.ask(http.MethodGet, "/people/me/undertakings", "")
	want("what is asked", page, 200, "Give this undertaking")
	var text []string
	for _, m := range hidden.FindAllStringSubmatch(page.body, -1) {
		text = append(text, m[1], m[2])
	}
	want("unread", send(specialist, "/people/me/undertakings", text...), 422, "Tick this once you have read the text")
	want("given", send(specialist, "/people/me/undertakings", append(text, "read", "yes")...), 303)
	if strings.Contains(specialist.ask(http.MethodGet, "/queue", "").body, "Until you give") {
		t.Error("the queue asks for what was given")
	}
	want("after", specialist.ask(http.MethodGet, at+"/entries", ""), 200)
	want("a text without words", send(admin, at+"/undertakings", "body", " ", "after", "0"), 422, "Enter the text that people are to give")
	want("a firm's own", send(admin, at+"/undertakings", "body", "I ask the office manager.", "after", "0"), 303)
	want("the next without a day", send(admin, at+"/undertakings", "body", "Another.", "after", "1"), 422, "Enter the day until which the version before still counts")
	want("with half a day", send(admin, at+"/undertakings", "body", "Another.", "after", "1", "former_until", "2026-13-01"), 422, "Enter the last day as 2026-12-31")
	want("turn off", send(admin, at+"/undertakings/required", "required", "no"), 303)
	want("a certificate of nobody", send(lead, at+"/training", "passed_on", "soon"), 422, "Enter the day as 2026-12-31")
	want("nothing chosen", send(lead, at+"/training"), 422, "Choose a person", "Choose a course")
	want("a certificate to withdraw", send(lead, at+"/training/withdraw", "reason", "x"), 422, "Choose a certificate")
}
