package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Who owes a factor reaches nothing but the page that sets one up, and a way out.
func TestAFactorIsSetUpBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	sid := w.passwordOnly(t, f, rbac.RolePartner)
	open := 0
	for _, r := range w.web.Routes() {
		if rbac.Open(r.Needs) && r.Needs != rbac.SignedIn || r.Method != http.MethodGet {
			continue
		}
		rec := w.call(r.Method, strings.ReplaceAll(strings.ReplaceAll(r.Path, "{firm}", string(f.ID)), "{id}", absentID), sid, "")
		switch {
		case rec.Code == http.StatusOK && (strings.HasSuffix(r.Path, "/people/me/app") || r.Path == "/people/me/passkeys/new" || r.JSON && strings.HasPrefix(r.Path, "/api/v1/people/me")):
			open++
		case r.JSON && (rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), `"factor_due"`)):
			t.Errorf("%s %s: %d %s", r.Method, r.Path, rec.Code, cutTo(rec.Body.String(), 200))
		case !r.JSON && rec.Header().Get("Location") != "/people/me/app":
			t.Errorf("%s %s: %d to %q", r.Method, r.Path, rec.Code, rec.Header().Get("Location"))
		}
	}
	if open != 4 {
		t.Errorf("%d routes are open without a factor, want two pages and two about oneself", open)
	}
	if rec := w.call("POST", "/api/v1/firms/"+string(f.ID)+"/walls", sid, `{}`); !strings.Contains(rec.Body.String(), `"factor_due"`) {
		t.Errorf("an act: %d %s", rec.Code, rec.Body)
	}
	next, _ := w.setUpApp(t, sid)
	if rec := w.call("GET", "/api/v1/firms/"+string(f.ID)+"/matters", next, ""); rec.Code != http.StatusOK {
		t.Errorf("after setting up: %d %s", rec.Code, rec.Body)
	}
	if rec := w.call("GET", "/api/v1/people/me", sid, ""); rec.Code != http.StatusUnauthorized {
		t.Errorf("the token from before the factor answers %d (T12)", rec.Code)
	}
}

// An act that steps up asks for a code five minutes after the last one, keeps what was
// typed, and begins the session anew (SECURITY 5, T12).
func TestT12_StepUp(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	f := testkit.Firm(t, w.s.DB)
	sid, secret := w.setUpApp(t, w.passwordOnly(t, f, rbac.RoleFirmAdmin))
	code := func() string {
		got, err := people.AppCode(secret, c.Now())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	b := &reader{t: t, w: w, sid: sid}
	home := "/firms/" + string(f.ID)
	bank := func(account string) url.Values {
		return url.Values{"version": {"1"}, "bank_name": {"Mohawk <Valley> Trust"}, "bank_account": {account}, "bank_code": {"021305386"}}
	}
	account := func() string { return f.Text(t, `SELECT bank_account FROM firm WHERE firm_id = ?`, f.ID) }
	was := account()

	c.Advance(5*time.Minute + time.Second)
	if rec := w.call("PUT", "/api/v1"+home+"/bank", b.sid, `{"name":"Mohawk","account":"1","code":"021305386"}`, "If-Match", `"1"`); rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), `"factor_stale"`) {
		t.Errorf("the operation: %d %s", rec.Code, rec.Body)
	}
	_, body := b.post(home, home+"/bank", bank("5510029918"))
	if account() != was || !strings.Contains(body, "Confirm it is you") {
		t.Fatalf("without a fresh factor the account is %q: %s", account(), cutTo(body, 300))
	}
	kept := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		kept.Add(m[1], strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(m[2]))
	}
	for name, values := range bank("5510029918") {
		if kept.Get(name) != values[0] || len(kept[name]) != 1 {
			t.Errorf("%s was kept as %q", name, kept[name])
		}
	}
	kept.Set("factor_code", "00000")
	if _, _, body = b.do("POST", home+"/bank", kept); account() != was || !strings.Contains(body, "5 digits") || !strings.Contains(body, "5510029918") {
		t.Fatalf("a short code: %s", cutTo(body, 300))
	}
	before := b.sid
	kept.Set("factor_code", code())
	if status, to, body := b.do("POST", home+"/bank", kept); status != http.StatusSeeOther || to != home || account() != "5510029918" {
		t.Fatalf("with the code: %d %q, the account is %q: %s", status, to, account(), cutTo(body, 300))
	}
	if _, to, _ := (&reader{t: t, w: w, sid: before}).do("GET", "/people/me", nil); b.sid == before || to != "/sign-in" {
		t.Error("the token from before the step-up lives on")
	}
	kept.Set("version", "2")
	kept.Del("factor_code")
	kept.Set("bank_account", "5510029919")
	_, _, page := b.do("GET", home, nil)
	kept.Set("csrf", formToken.FindStringSubmatch(page)[1])
	if _, to, _ := b.do("POST", home+"/bank", kept); to != home || account() != "5510029919" {
		t.Errorf("within five minutes of the code: %q, the account is %q", to, account())
	}

	c.Advance(6 * time.Minute)
	file := home + "/audit/bundle"
	if status, _, body := b.do("GET", file, nil); status != http.StatusForbidden || !strings.Contains(body, `action="/people/me/factor"`) || !strings.Contains(body, `value="`+file+`"`) {
		t.Errorf("the trail's file: %d %s", status, cutTo(body, 300))
	}
	if to, _ := b.post("/people/me", "/people/me/factor", url.Values{"back": {file}, "factor_code": {code()}}); to != file {
		t.Errorf("the code leads back to %q", to)
	}
	for _, elsewhere := range []string{"//elsewhere.example", "/\t/elsewhere.example/x", "/\n/elsewhere.example", "/\r/elsewhere.example", `/\elsewhere.example`} {
		c.Advance(6 * time.Minute)
		if to, _ := b.post("/people/me", "/people/me/factor", url.Values{"back": {elsewhere}, "factor_code": {code()}}); to != "/" {
			t.Errorf("the factor leads back to %q", to)
		}
		if to, _ := b.post("/people/me", "/preferences", url.Values{"back": {elsewhere}, "density": {"roomy"}}); to != "/" {
			t.Errorf("the preferences lead back to %q", to)
		}
		if _, _, page := b.do("GET", "/people/me/factor?back="+url.QueryEscape(elsewhere), nil); !strings.Contains(page, `name="back" value="/"`) {
			t.Errorf("the page that asks for the factor keeps %q", elsewhere)
		}
	}
	c.Advance(6 * time.Minute)
	if rec := w.call("POST", "/api/v1/people/me/factor", b.sid, `{"code":"`+code()+`"}`); rec.Code != http.StatusNoContent {
		t.Errorf("the operation that shows the factor: %d %s", rec.Code, rec.Body)
	}
}
