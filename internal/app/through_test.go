package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// issuer answers what a provider says of itself; package people goes there and back.
func issuer(t *testing.T) (address string, calls *outbound.Client) {
	t.Helper()
	var srv *httptest.Server
	srv = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		said := map[string]any{"issuer": srv.URL, "authorization_endpoint": srv.URL + "/authorize", "token_endpoint": srv.URL + "/token", "jwks_uri": srv.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
		if err := json.NewEncoder(w).Encode(said); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, outbound.New(outbound.Loopback{Roots: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
}

// A firm's sign-in through its provider is read, tried, turned on and off by the API,
// by the administrator alone; linking is each person's own and asks for the factor.
func TestSignInThroughTheFirmByAPI(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	address, calls := issuer(t)
	at := "/firms/" + string(f.ID) + "/sign-in"
	admin, partner, stranger := w.signIn(t, f, rbac.RoleFirmAdmin), w.signIn(t, f, rbac.RolePartner), w.signIn(t, other, rbac.RoleFirmAdmin)

	w.answers(t, "GET", at, admin, "", 200, `"listed":false`)
	w.answers(t, "POST", at+"/try", admin, "", 409, "sso_none")
	w.s.People.SignInThrough(people.NewProviders([]people.Issuer{{URL: address, Client: "docketry", Secret: "s", Firms: []string{f.Code}}}, calls, c, "http://127.0.0.1"))
	back := "http://127.0.0.1/sign-in/through/" + f.Code + "/back"
	w.answers(t, "GET", at, admin, "", 200, `"listed":true`, `"redirect_uri":"`+back+`"`)
	if _, _, page := (&reader{t: t, w: w, sid: admin}).do("GET", at, nil); !strings.Contains(page, back) {
		t.Errorf("the administrator's page does not say what to register: %s", cutTo(page, 300))
	}
	w.answers(t, "GET", at, partner, "", 403)
	w.answers(t, "GET", at, stranger, "", 404)
	w.answers(t, "PUT", at, partner, `{"on":true}`, 403)
	w.answers(t, "PUT", at, admin, `{"on":true}`, 409, "sso_unproven")

	var way struct{ Address, Host string }
	if err := json.Unmarshal([]byte(w.answers(t, "POST", at+"/try", admin, "", 200, f.Text(t, `SELECT name FROM firm WHERE firm_id = ?`, f.ID))), &way); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(way.Address)
	if err != nil || to.Host != way.Host || to.Query().Get("state") == "" || to.Query().Get("code_challenge_method") != "S256" || to.Query().Get("redirect_uri") != back {
		t.Errorf("the way leads to %s, %v", way.Address, err)
	}
	w.answers(t, "POST", at+"/link", partner, "", 409, "sso_none") // it is not on yet

	f.Exec(t, `INSERT INTO firm_sso (firm_id, issuer, proven_at, proven_by) SELECT ?, ?, ?, person_id FROM access_grant WHERE firm_id = ? AND role = 'firm_admin' LIMIT 1`, f.ID, address, testkit.Now, f.ID)
	w.answers(t, "PUT", at, admin, `{"on":false,"only":true}`, 409, "sso_off")
	w.answers(t, "PUT", at, admin, `{"on":true}`, 200, `"on_since"`, `"only":false`)
	w.answers(t, "PUT", at, admin, `{"on":true}`, 412, "sso_changed")

	// A stranger who types the code reads the code and the provider, and no name.
	anybody := &reader{t: t, w: w}
	_, page := anybody.post("/sign-in/through", "/sign-in/through", url.Values{"code": {strings.ToLower(f.Code)}})
	if name := f.Text(t, `SELECT name FROM firm WHERE firm_id = ?`, f.ID); strings.Contains(page, name) || !strings.Contains(page, "Go on at "+f.Code) || !strings.Contains(page, way.Host) {
		t.Errorf("a stranger reads %s", page)
	}
	if _, page := anybody.post("/sign-in/through", "/sign-in/through", url.Values{"code": {other.Code}}); !strings.Contains(page, "o firm signs in through") {
		t.Errorf("the code of a firm that has none: %s", page)
	}
	for _, path := range []string{"/sign-in/through/" + f.Code + "/back?state=x&code=y", "/sign-in/through/QQQ/back?error=access_denied", "/sign-in/through/QQQ/back"} {
		if status, _, _ := anybody.do("GET", path, nil); status != 409 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, _, _ := anybody.do("GET", "/sign-in/through/back?state=x&code=y", nil); status != 404 {
		t.Errorf("an address that all providers share: %d", status)
	}
	w.answers(t, "GET", at+"/link", partner, "", 200, `"on":true`, `"linked":false`)
	w.answers(t, "GET", at+"/link", stranger, "", 404)
	w.answers(t, "POST", at+"/link", partner, "", 200, `"address"`)
	w.answers(t, "POST", at+"/link", stranger, "", 404)

	c.Advance(6 * time.Minute)
	for _, p := range []struct{ method, path, sid, body string }{{"PUT", at, admin, `{"on":false}`}, {"POST", at + "/try", admin, ""}, {"POST", at + "/link", partner, ""}} {
		w.answers(t, p.method, p.path, p.sid, p.body, 403, "factor_stale")
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'sso.set'`, f.ID); n != 1 {
		t.Errorf("%d leaves, want one for the one change", n)
	}
}

// A state at the callback that nobody went with is answered in the same words whatever
// firm it names, leaves nothing in any firm's trail, and is slowed as signing in is.
func TestT24_TheCallbackTellsNoFirmsApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	pages := map[string]string{}
	come := func(state string) (status int, page string) {
		rec := w.call("GET", "/sign-in/through/"+f.Code+"/back?code=y&state="+url.QueryEscape(state), "", "")
		own := strings.ReplaceAll(rec.Body.String(), "state="+url.QueryEscape(state), "state=") // of the address that was asked
		page = rec.Header().Get("Content-Type") + volatile.ReplaceAllString(formToken.ReplaceAllString(own, ""), "X")
		return rec.Code, page
	}
	for name, state := range map[string]string{"a firm": string(f.ID) + ".abc", "the bureau": string(w.bureau.ID) + ".abc", "no firm": absentID + ".abc", "malformed": "firm.abc", "none": ""} {
		status, page := come(state)
		if status != http.StatusConflict {
			t.Errorf("%s: %d", name, status)
		}
		pages[page] += name + " "
	}
	if len(pages) != 1 {
		t.Errorf("%d different pages: %v", len(pages), pages)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("strangers left %d leaves", n)
	}

	w.s.Pace = httpd.NewPace(nil, w.s.Clock)
	var err error
	if w.web, err = app.NewWeb(w.s); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if status, _ := come(string(f.ID) + ".abc"); status != http.StatusConflict {
			t.Fatalf("ask %d: %d", i+1, status)
		}
	}
	if status, _ := come(string(f.ID) + ".abc"); status != http.StatusTooManyRequests {
		t.Errorf("a 21st at once: %d", status)
	}
	if rec := w.call("POST", "/api/v1/password-resets", "", `{"email":"nobody@people.example"}`); rec.Code != http.StatusTooManyRequests {
		t.Errorf("signing in has another allowance: %d", rec.Code)
	}
}
