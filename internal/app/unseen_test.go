package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/rbac"
)

var (
	anID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aNumber  = regexp.MustCompile(`\.[0-9]+\.`)
	codeOnce = regexp.MustCompile(`code$`) // a code is not shown again
)

// Every text that somebody can type into a form of ours comes back to that form when a
// character of it cannot be seen: the text as it was typed, and at its field which
// character that is and where it stands. The forms are those of every page, as each
// role sees them.
func TestTextThatNobodySeesComesBackToItsForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	item, entry := w.underReview(t, own)
	own.ids["item"], own.ids["entry"] = item, entry
	done := map[string]bool{}
	for _, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleTeamLead, rbac.RoleBureauAdmin} {
		v := w.visitor(t, own, role)
		if role == rbac.RoleSpecialist {
			v.ask(http.MethodPost, "/queue/next", url.Values{"csrf": {v.token}}.Encode())
		}
		for _, r := range w.web.Routes() {
			if r.Method == http.MethodGet && !r.JSON && r.Needs != rbac.PayorLink && !skipped["GET "+r.Path] && !strings.HasSuffix(r.Path, "/events") && v.complete(r) {
				v.typeUnseen(r, done)
			}
		}
	}
	if len(done) < 60 {
		t.Errorf("only %d fields were found", len(done))
	}
}

// typeUnseen posts each form of a page once for each of its texts that no page had yet.
func (v *visitor) typeUnseen(r httpd.Route, done map[string]bool) {
	v.t.Helper()
	got := v.w.send(v.sid, http.MethodGet, v.pagePath(r), "")
	if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") {
		return
	}
	for _, f := range webForms(v.t, got.Body.String()) {
		for _, name := range f.texts {
			field := aNumber.ReplaceAllString(anID.ReplaceAllString(f.action, "ID")+" "+name, ".N.")
			if done[field] {
				continue
			}
			done[field] = true
			v.comesBack(f, name)
		}
	}
}

// pagePath is the route's own address in the visitor's firm, or the bureau's.
func (v *visitor) pagePath(r httpd.Route) string {
	path := v.fill(r, v.own, "", "")
	if v.role == rbac.RoleBureauAdmin {
		path = strings.Replace(path, string(v.own.firm.ID), string(v.w.bureau.ID), 1)
	}
	if strings.HasSuffix(path, "/payors/new") || strings.HasSuffix(path, "/matters/new") {
		path += "?client=" + v.own.ids["client"]
	}
	return path
}

const typed = "Zwi\u200bschen"

func (v *visitor) comesBack(f webForm, name string) {
	v.t.Helper()
	form := url.Values{}
	for n, values := range f.fields {
		form[n] = values
	}
	form.Set(name, typed)
	got := v.w.send(v.sid, http.MethodPost, f.action, form.Encode())
	page := got.Body.String()
	if got.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "U+200B (zero-width space) as character 4") || !strings.Contains(page, "after “Zwi”") {
		v.t.Errorf("%s: POST %s with %s: %d %s", v.role, f.action, name, got.Code, cutTo(page[max(0, strings.Index(page, "<main")):], 500))
		return
	}
	for _, back := range webForms(v.t, page) {
		if back.action != f.action || back.fields.Get(name) != typed && !codeOnce.MatchString(name) {
			continue
		}
		if !fieldComplains(v.t, page, name) {
			v.t.Errorf("%s: POST %s: nothing is said at %s", v.role, f.action, name)
		}
		return
	}
	v.t.Errorf("%s: POST %s loses what was typed in %s: %s", v.role, f.action, name, cutTo(page[max(0, strings.Index(page, "<main")):], 1500))
}

// fieldComplains tells whether an input of that name is described by an error that
// names the character.
func fieldComplains(t *testing.T, page, name string) bool {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	says := map[string]string{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && has(n, "id") {
			says[attr(n, "id")] = textOf(n)
		}
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || attr(n, "name") != name {
			continue
		}
		for _, id := range strings.Fields(attr(n, "aria-describedby")) {
			if strings.Contains(says[id], "U+200B") {
				return true
			}
		}
	}
	return false
}
