package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// reader is a browser without script: links, forms, cookies.
type reader struct {
	t   *testing.T
	w   world
	sid string
}

var formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// do sends a request and follows no redirect; a form carries the token of the page
// it stands on.
func (b *reader) do(method, path string, form url.Values) (status int, location, body string) {
	b.t.Helper()
	text := ""
	if form != nil {
		text = form.Encode()
	}
	req := httptest.NewRequest(method, path, strings.NewReader(text))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.sid != "" {
		req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: b.sid})
	}
	rec := httptest.NewRecorder()
	b.w.web.Handler().ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "docketry_sid" {
			b.sid = c.Value
		}
	}
	return rec.Code, rec.Header().Get("Location"), rec.Body.String()
}

// post fills in the form of a page.
func (b *reader) post(page, action string, form url.Values) (location, body string) {
	b.t.Helper()
	_, _, html := b.do("GET", page, nil)
	found := formToken.FindStringSubmatch(html)
	if found == nil {
		b.t.Fatalf("%s has no form: %s", page, cutTo(html, 300))
	}
	form.Set("csrf", found[1])
	_, location, body = b.do("POST", action, form)
	return location, body
}

func TestStaffAndAForgottenPasswordOnPages(t *testing.T) {
	t.Parallel()
	c, name := clock.At(testkit.Now), testkit.NewDatabase(t) // of its own: all jobs of the bureau are done below
	w := worldOver(t, testkit.OpenDatabase(t, "docketry_api", name, c), testkit.OpenDatabase(t, "docketry_worker", name, c))
	admin := &reader{t: t, w: w, sid: w.signIn(t, w.bureau, rbac.RoleBureauAdmin)}
	list := "/firms/" + string(w.bureau.ID) + "/people"
	if _, _, html := admin.do("GET", "/firms", nil); !strings.Contains(html, list) {
		t.Error("the list of firms does not lead to the bureau's people")
	}
	email := "ines." + string(w.bureau.ID)[30:] + strings.ToLower(t.Name()) + "@larkspur.example"
	if location, body := admin.post(list, list+"/staff", url.Values{"name": {"Ines Carvalho"}, "email": {"no address"}}); location != "" || !strings.Contains(body, "Enter one address") {
		t.Errorf("a bad address: %q %s", location, cutTo(body, 300))
	}
	if location, body := admin.post(list, list+"/staff", url.Values{"name": {"Ines Carvalho"}, "email": {email}}); location != list {
		t.Fatalf("invite: %q %s", location, cutTo(body, 500))
	}
	ines := &reader{t: t, w: w}
	link := "/enrol/" + w.letters.token(email)
	if location, body := ines.post(link, link, url.Values{"password": {"short"}}); location != "" || !strings.Contains(body, "at least 15") {
		t.Errorf("a short password: %q", location)
	}
	if location, _ := ines.post(link, link, url.Values{"password": {password}}); location != "/sign-in" {
		t.Fatalf("enrol: %q", location)
	}
	signIn := func(with string) string {
		location, _ := ines.post("/sign-in", "/sign-in", url.Values{"email": {email}, "password": {with}})
		return location
	}
	if to := signIn(password); to != "/" {
		t.Errorf("sign in: %q", to)
	}
	if location, _ := ines.post("/sign-in/forgot", "/sign-in/forgot", url.Values{"email": {email}}); location != "/sign-in" {
		t.Errorf("forgot: %q", location)
	}
	drain(t, w.worker, w.bureau)
	const next = "nine tall poplars lean west"
	again := "/enrol/" + w.letters.token(email)
	if location, _ := ines.post(again, again, url.Values{"password": {next}}); location != "/sign-in" {
		t.Fatalf("new password: %q", location)
	}
	if to := signIn(password); to != "" {
		t.Errorf("the old password leads to %q", to)
	}
	if to := signIn(next); to != "/" {
		t.Errorf("the new password leads to %q", to)
	}
}

func TestWallsOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	m := f.Matter(t)
	partner := f.As(t, rbac.RolePartner)
	admin := &reader{t: t, w: w, sid: w.signIn(t, f, rbac.RoleFirmAdmin)}
	walls := "/firms/" + string(f.ID) + "/walls"
	if _, _, html := admin.do("GET", "/firms/"+string(f.ID)+"/access", nil); !strings.Contains(html, walls) {
		t.Error("the access page does not lead to the walls")
	}
	form := url.Values{"person": {string(testkit.Actor(partner))}, "matters": {string(m.ID)}, "reason": {"EW-07"}}
	if location, body := admin.post(walls, walls, form); location != walls {
		t.Fatalf("raise: %q %s", location, cutTo(body, 500))
	}
	if _, err := w.s.Matters.Matter(partner, m.ID); err == nil {
		t.Error("the partner sees the matter through the wall")
	}
	_, _, html := admin.do("GET", walls, nil)
	lift := regexp.MustCompile(walls + `/[0-9a-f-]{36}/lift`).FindString(html)
	if lift == "" || !strings.Contains(html, "EW-07") {
		t.Fatalf("the wall is not listed: %s", cutTo(html, 500))
	}
	if location, _ := admin.post(walls, lift, url.Values{}); location != walls {
		t.Errorf("lift: %q", location)
	}
	if _, err := w.s.Matters.Matter(partner, m.ID); err != nil {
		t.Errorf("after the wall: %v", err)
	}
}

func TestANewFirmHasACalendar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := firm.New{Code: "ZQX", Name: "New Firm LLP", TZ: "Europe/London", Country: "GB", Currency: "GBP", Address: "7 Saddlers Court\nLondon EC2V 6BR",
		Admin: firm.Admin{Name: "Priya Shah", Email: "priya.zqx@newfirm.example"}}
	f, err := w.s.Firms.Create(w.bureau.As(t, rbac.RoleBureauAdmin), n)
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.s.SLA.Calendars(testkit.Inside(w.s.DB, f.ID).As(t, rbac.RolePartner))
	if err != nil || len(list) != 1 || list[0].Version.TZ != "Europe/London" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAnAuthenticatorAppOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	b := &reader{t: t, w: w, sid: w.passwordOnly(t, f, rbac.RolePartner)}
	if _, to, _ := b.do("GET", "/people/me", nil); to != "/people/me/app" {
		t.Fatalf("a partner without a factor is led to %q", to)
	}
	_, _, html := b.do("GET", "/people/me/app", nil)
	found := regexp.MustCompile(`type the secret: ([A-Z2-7 ]+)<`).FindStringSubmatch(html)
	if found == nil || !strings.Contains(html, "<svg") {
		t.Fatalf("no secret on the page: %s", cutTo(html, 500))
	}
	secret := strings.ReplaceAll(found[1], " ", "")
	code := func(step time.Duration) string {
		c, err := people.AppCode(secret, w.s.Clock.Now().Add(step))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	_, body := b.post("/people/me/app", "/people/me/app", url.Values{"password": {password}, "code": {code(0)}})
	codes := regexp.MustCompile(`<code>([A-Z2-7]{5}-[A-Z2-7-]+)</code>`).FindAllStringSubmatch(body, -1)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes: %s", len(codes), cutTo(body, 500))
	}
	_, _, html = b.do("GET", "/people/me", nil)
	email := regexp.MustCompile(`[0-9a-f-]{36}@people\.example`).FindString(html)
	again := &reader{t: t, w: w}
	location, _ := again.post("/sign-in", "/sign-in", url.Values{"email": {email}, "password": {password}})
	if location != "/sign-in/factor" {
		t.Fatalf("the password alone leads to %q", location)
	}
	if _, to, _ := again.do("GET", "/people/me", nil); to != "/sign-in" {
		t.Errorf("before the factor the account page leads to %q", to)
	}
	if _, body := again.post("/sign-in/factor", "/sign-in/factor", url.Values{"code": {"41820"}}); !strings.Contains(body, "5 digits") {
		t.Errorf("five digits: %s", cutTo(body, 300))
	}
	fixed := again.sid
	if to, _ := again.post("/sign-in/factor", "/sign-in/factor", url.Values{"code": {code(30 * time.Second)}}); to != "/" && to != "/people/me" {
		t.Errorf("the code leads to %q", to)
	}
	if again.sid == fixed {
		t.Error("the token stayed the same over the factor")
	}
	if _, to, _ := (&reader{t: t, w: w, sid: fixed}).do("GET", "/people/me", nil); to != "/sign-in" {
		t.Error("the token from before the factor lives on")
	}
}

// One administrator of the bureau proposes another on the page of its people; the
// second word makes the grant, and nobody proposes or confirms themselves.
func TestAnotherAdministratorOfTheBureauOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := &reader{t: t, w: w, sid: w.signIn(t, w.bureau, rbac.RoleBureauAdmin)}
	second := &reader{t: t, w: w, sid: w.signIn(t, w.bureau, rbac.RoleBureauAdmin)}
	base := "/firms/" + string(w.bureau.ID)
	list, act := base+"/people", base+"/people/administrators"
	who := testkit.Person(t, w.s.DB, "Lotte Brandsma")
	w.bureau.Exec(t, `UPDATE person SET staff = true WHERE id = ?`, who)
	grants := func() int64 {
		return w.bureau.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ? AND role = 'bureau_admin' AND ended_at IS NULL`, w.bureau.ID, who)
	}
	if location, body := first.post(list, act, url.Values{"person": {""}, "reason": {"x"}}); location != "" || !strings.Contains(body, "Choose a person") {
		t.Errorf("nobody chosen: %q %s", location, cutTo(body, 300))
	}
	if location, body := first.post(list, act, url.Values{"person": {string(who)}, "reason": {"Holiday cover"}}); location != base+"/access" {
		t.Fatalf("propose: %q %s", location, cutTo(body, 800))
	}
	if grants() != 0 {
		t.Fatal("one word made an administrator")
	}
	id := w.bureau.Text(t, `SELECT id::text FROM access_request WHERE firm_id = ? AND person_id = ?`, w.bureau.ID, who)
	request := base + "/access/requests/" + id
	if location, _ := first.post(list, request+"/give", url.Values{"step": {"confirm"}}); location != "" || grants() != 0 {
		t.Errorf("the proposer confirmed alone: %q", location)
	}
	if _, _, html := second.do("GET", base+"/access", nil); !strings.Contains(html, request) {
		t.Error("the second administrator is not led to the proposal")
	}
	if location, body := second.post(request, request+"/give", url.Values{"step": {"confirm"}}); location != base+"/access" {
		t.Fatalf("confirm: %q %s", location, cutTo(body, 800))
	}
	if grants() != 1 {
		t.Error("the second word made no administrator")
	}
}
