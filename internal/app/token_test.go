package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// program calls the JSON API with a token and no cookie.
type program struct {
	t     *testing.T
	w     world
	token string
}

func (p program) ask(method, path, body string) (status int, code string, answer string) {
	p.t.Helper()
	return p.askFrom("192.0.2.1:1234", method, path, body)
}

func (p program) askFrom(addr, method, path, body string) (status int, code string, answer string) {
	p.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.RemoteAddr = addr
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("If-Match", `"1"`)
	testkit.Keyed(req)
	req.Header.Set("Authorization", "Bearer "+p.token)
	rec := httptest.NewRecorder()
	p.w.web.Handler().ServeHTTP(rec, req)
	var problem struct {
		Code string `json:"code"`
	}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		_ = json.Unmarshal(rec.Body.Bytes(), &problem) // an answer that is no problem has no code
	}
	return rec.Code, problem.Code, rec.Body.String()
}

// programOf makes a token with everything that its maker can put into one.
func (w world) programOf(t *testing.T, maker context.Context, change ...func(d *people.TokenDraft)) (program, people.Token) {
	t.Helper()
	choices, err := w.s.People.TokenChoices(maker)
	if err != nil {
		t.Fatal(err)
	}
	d := people.TokenDraft{Name: "Ledger", Permissions: choices, Class: authz.C3, Networks: []string{"192.0.2.0/24"}, Days: 90}
	for _, c := range change {
		c(&d)
	}
	made, text, err := w.s.People.CreateToken(maker, d)
	if err != nil {
		t.Fatal(err)
	}
	return program{t, w, text.Reveal()}, made
}

func TestT08_EachDeniedRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.furnished(t), w.furnished(t)
	admin := mine.firm.As(t, rbac.RoleFirmAdmin)
	p, made := w.programOf(t, admin)
	v := &visitor{t: t, w: w, role: rbac.RoleFirmAdmin, own: mine}
	leaves := func() int64 {
		return mine.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action <> 'access.denied'`, mine.firm.ID)
	}
	before, denied, open := leaves(), 0, 0
	for _, r := range w.web.Routes() {
		if !r.JSON || r.Needs == rbac.Public || r.Needs == rbac.PayorLink {
			continue
		}
		path := strings.Replace(r.Path, "/sessions/{id}", "/sessions/"+absentID, 1)
		path = v.fill(httpd.Route{Path: path}, mine, "", "")
		if strings.Contains(r.Path, "{firm}") && rbac.ForToken(r.Needs) {
			if r.Method != http.MethodGet {
				continue
			}
			open++
			status, code, body := p.ask(r.Method, path, "")
			if status == 401 || code == "token_route" {
				t.Errorf("%s %s: %d %s", r.Method, r.Path, status, cutTo(body, 200))
			}
			if status, _, _ := p.ask(r.Method, v.fill(r, theirs, "", ""), ""); status != 404 {
				t.Errorf("%s %s of another firm: %d, want 404", r.Method, r.Path, status)
			}
			continue
		}
		denied++
		if status, code, body := p.ask(r.Method, path, v.body(r, mine)); status != 403 || code != "token_route" {
			t.Errorf("%s %s: %d %s, want 403 token_route", r.Method, r.Path, status, cutTo(body, 200))
		}
	}
	if denied < 40 || open < 20 {
		t.Errorf("only %d routes were denied and %d open", denied, open)
	}
	for _, object := range []string{"person", "session", "grant", "wall", "token", "export"} {
		for _, x := range made.Permissions {
			if o, act, _ := strings.Cut(string(x), "."); o == object && x != rbac.ExportRead {
				t.Errorf("a token carries %s.%s", o, act)
			}
		}
	}
	if after := leaves(); after < before || mine.firm.Count(t, `SELECT count(*) FROM api_token WHERE firm_id = ?`, mine.firm.ID) != 2 {
		t.Errorf("a denied route did something: %d leaves, then %d", before, after)
	}
	if n := mine.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'access.denied' AND session_id = ?`, mine.firm.ID, "token:"+string(made.ID)); n < int64(denied) {
		t.Errorf("%d of %d refusals name the token", n, denied)
	}
}

func TestT08_TokenDiesWithItsMakersRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	path := "/api/v1/firms/" + string(f.ID) + "/clients"
	wants := func(p program, status int) {
		t.Helper()
		if got, _, body := p.ask("GET", path, ""); got != status {
			t.Errorf("%d, want %d: %s", got, status, cutTo(body, 200))
		}
	}
	ended := []struct {
		name string
		end  func(t *testing.T, who ident.PersonID, grant ident.GrantID, token ident.TokenID)
	}{
		{"grant ended", func(t *testing.T, _ ident.PersonID, grant ident.GrantID, _ ident.TokenID) { f.EndGrant(t, grant) }},
		{"a lesser role", func(t *testing.T, who ident.PersonID, grant ident.GrantID, _ ident.TokenID) {
			f.EndGrant(t, grant)
			f.Grant(t, who, rbac.RolePartner) // still reads clients, but no longer does all that the token carries
		}},
		{"person disabled", func(t *testing.T, who ident.PersonID, _ ident.GrantID, _ ident.TokenID) {
			f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = now() WHERE id = ?`, who)
		}},
		{"token ended", func(t *testing.T, _ ident.PersonID, _ ident.GrantID, token ident.TokenID) {
			if err := w.s.People.EndToken(f.As(t, rbac.RoleFirmAdmin), token); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, c := range ended {
		t.Run(c.name, func(t *testing.T) {
			who := testkit.Person(t, w.s.DB, "Maker")
			grant := f.Grant(t, who, rbac.RoleFirmAdmin)
			p, made := w.programOf(t, f.Acting(who))
			wants(p, http.StatusOK)
			c.end(t, who, grant, made.ID)
			wants(p, http.StatusUnauthorized)
		})
	}
}

func TestT08_NetworkScopeAndClass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	m := f.Matter(t)
	root := "/api/v1/firms/" + string(f.ID)
	p, made := w.programOf(t, admin, func(d *people.TokenDraft) { d.Permissions, d.Class = []rbac.Permission{rbac.MatterRead}, authz.C1 })
	if status, _, body := p.ask("GET", root+"/matters/"+string(m.ID), ""); status != 200 || strings.Contains(body, m.Number) {
		t.Errorf("a token of class 1: %d %s", status, body)
	}
	if status, code, _ := p.ask("GET", root+"/clients", ""); status != 403 || code != "token_beyond" {
		t.Errorf("beyond the token: %d %s", status, code)
	}
	if status, _, _ := p.askFrom("198.51.100.1:1", "GET", root+"/matters", ""); status != 401 {
		t.Errorf("from another network: %d", status)
	}
	for _, text := range []string{"", "dkt_", p.token + "x", strings.ToUpper(p.token), p.token[:len(p.token)-1] + "_", "dkt_" + strings.Repeat("A", 65)} {
		if status, code, _ := (program{t, w, text}).ask("GET", root+"/matters", ""); status != 401 || code != "token_refused" {
			t.Errorf("%q: %d %s", text, status, code)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM api_token WHERE firm_id = ? AND id = ? AND last_used_at IS NOT NULL`, f.ID, made.ID); n != 1 {
		t.Error("the use is not noted")
	}
	if n := f.Count(t, `SELECT count(*) FROM api_token WHERE firm_id = ? AND token_hash = ?`, f.ID, p.token); n != 0 {
		t.Error("the token itself is stored")
	}
	// A page takes no token, and a token overrules a cookie.
	req := httptest.NewRequest("GET", "/firms/"+string(f.ID)+"/matters", nil)
	req.Header.Set("Authorization", "Bearer "+p.token)
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	if rec.Code == http.StatusOK {
		t.Error("a page took a token")
	}
	req = httptest.NewRequest("GET", root+"/clients", nil)
	req.RemoteAddr = "192.0.2.1:1"
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: w.signIn(t, f, rbac.RoleFirmAdmin)})
	rec = httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	if rec.Code != http.StatusForbidden {
		t.Errorf("with a cookie beside it: %d", rec.Code)
	}
}
