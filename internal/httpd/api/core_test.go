package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestHeadersAndProblems(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser(t)
	for _, path := range []string{"/api/v1/people/me", "/api/v1/nothing/here", "/nothing/here"} {
		r := b.get(path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Server": "", "X-Powered-By": "",
		} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if csp := r.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
	}
	unknown := b.get("/api/v1/nothing/here").want(t, 404, `"code":"not_found"`, `"status":404`)
	if unknown.header.Get("Content-Type") != "application/problem+json" || unknown.field(t, "request_id") != unknown.header.Get("X-Request-Id") {
		t.Errorf("%v %s", unknown.header, unknown.body)
	}
	invalid := b.send("POST", "/api/v1/sessions", map[string]any{"email": 7, "password": "hush"}).want(t, 422, `"code":"request_invalid"`, `"path":"email"`)
	if strings.Contains(invalid.body, "hush") || invalid.field(t, "request_id") == "" {
		t.Errorf("a validation error repeats values or has no id: %s", invalid.body)
	}
	b.send("PATCH", "/api/v1/sessions", nil).want(t, 405)
	b.send("TRACE", "/api/v1/sessions", nil).want(t, 405)
	b.get("/healthz").want(t, 200)
	b.get("/readyz").want(t, 200)
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	spec := s.browser(t).get("/api/v1/openapi.json").want(t, 200, `"openapi":"3.1.0"`, `"x-permission":"client.edit"`, "/firms/{firm}/clients")
	if strings.Contains(spec.body, "$schema") {
		t.Error("the document links schemas by the request's host")
	}
}

func TestT03BodiesAreStrict(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	for name, body := range map[string]string{
		"unknown field":        `{"number": "1", "name": "A", "firm_id": "` + string(other.ID) + `"}`,
		"status of ours":       `{"number": "1", "name": "A", "version": 9}`,
		"same key twice":       `{"number": "1", "name": "A", "name": "B"}`,
		"key in other case":    `{"number": "1", "NAME": "A"}`,
		"both cases":           `{"number": "1", "name": "A", "Name": "B"}`,
		"two documents":        `{"number": "1", "name": "A"}{"number": "2", "name": "B"}`,
		"not JSON":             `number=1&name=A`,
		"cut short":            `{"number": "1", "name": "A"`,
		"a list":               `[{"number": "1", "name": "A"}]`,
		"null":                 `null`,
		"nothing":              ` `,
		"deep":                 strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
		"number for text":      `{"number": 1, "name": "A"}`,
		"escaped key, again":   `{"number": "1", "name": "A", "n\u0061me": "B"}`,
		"long text":            `{"number": "1", "name": "` + strings.Repeat("x", 200) + `"}`,
		"keys of another noun": `{"number": "1", "name": "A", "approved_by": "x", "total": 5, "role": "partner"}`,
	} {
		r := admin.send("POST", at(f, "/clients"), body)
		if r.status < 400 || r.status >= 500 || r.status == 404 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	admin.send("POST", at(f, "/clients"), `{"number": "1", "name": "`+strings.Repeat("x", 1<<20)+`"}`).want(t, 413)
	if n := f.Count(t, `SELECT count(*) FROM client WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("%d clients were made", n)
	}
}

func TestT09RequestsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	made := 0
	s.Mount("POST", "/firms/{firm}/thing", rbac.ClientEdit, func(*httpd.Request) (httpd.Reply, error) { made++; return httpd.Go("/", "done"), nil })
	s.Mount("GET", "/firms/{firm}/thing", rbac.ClientRead, func(r *httpd.Request) (httpd.Reply, error) {
		token := r.CSRF()
		return httpd.Show(templ.ComponentFunc(func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, token); return err })), nil
	})
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	client := map[string]string{"number": "1", "name": "A"}
	for name, headers := range map[string][]string{
		"cross-site":        {"Sec-Fetch-Site", "cross-site"},
		"same-site":         {"Sec-Fetch-Site", "same-site"},
		"foreign origin":    {"Origin", "https://evil.example"},
		"no origin, opaque": {"Origin", "null"},
	} {
		admin.send("POST", at(f, "/clients"), client, headers...).want(t, 403)
		admin.send("DELETE", "/api/v1/sessions", nil, headers...).want(t, 403)
		_ = name
	}
	admin.send("POST", at(f, "/clients"), `{"number": "1", "name": "A"}`, "Content-Type", "text/plain").want(t, 415)
	admin.send("POST", at(f, "/clients"), `{"number": "1", "name": "A"}`, "Content-Type", "application/x-www-form-urlencoded").want(t, 415)
	admin.send("GET", at(f, "/clients"), nil, "X-HTTP-Method-Override", "DELETE").want(t, 200)
	form := func(token string, headers ...string) response {
		return admin.send("POST", "/firms/"+string(f.ID)+"/thing", url.Values{"csrf": {token}, "_method": {"DELETE"}}.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	}
	token := admin.get("/firms/"+string(f.ID)+"/thing").want(t, 200).body
	form("").want(t, 403)
	form("guess").want(t, 403)
	form(token, "Sec-Fetch-Site", "cross-site").want(t, 403)
	stranger, _ := s.as(t, f, rbac.RoleFirmAdmin)
	form(stranger.get("/firms/"+string(f.ID)+"/thing").body).want(t, 403)
	if made != 0 {
		t.Errorf("%d forged forms were taken", made)
	}
	form(token, "Sec-Fetch-Site", "same-origin").want(t, 303)
	admin.send("POST", at(f, "/clients"), client, "Sec-Fetch-Site", "same-origin", "Origin", "http://example.com").want(t, 201)
	if n := f.Count(t, `SELECT count(*) FROM client WHERE firm_id = ?`, f.ID); n != 1 || made != 1 {
		t.Errorf("%d clients, %d forms", n, made)
	}
}

func TestI15OneKeyOneAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	body := map[string]string{"number": "00417", "name": "Pelham Freight Lines"}
	var mu sync.Mutex
	answers := map[string]int{}
	var all sync.WaitGroup
	for range 12 {
		one := &browser{t: t, s: s, cookie: map[string]string{"docketry_sid": admin.cookie["docketry_sid"]}}
		all.Go(func() {
			r := one.send("POST", at(f, "/clients"), body, "Idempotency-Key", "k-1")
			mu.Lock()
			defer mu.Unlock()
			answers[fmt.Sprint(r.status, r.header.Get("ETag"), r.header.Get("Content-Type"), r.body)]++
		})
	}
	all.Wait()
	if len(answers) != 1 || f.Count(t, `SELECT count(*) FROM client WHERE firm_id = ?`, f.ID) != 1 {
		t.Errorf("answers %v", answers)
	}
	again := admin.send("POST", at(f, "/clients"), body, "Idempotency-Key", "k-1").want(t, 201, "00417")
	if again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the repeated answer does not say so")
	}
	admin.send("POST", at(f, "/clients"), map[string]string{"number": "00418", "name": "Other"}, "Idempotency-Key", "k-1").want(t, 422, `"code":"idempotency_key_reused"`)
	admin.send("POST", at(f, "/clients"), body, "Idempotency-Key", "k-2").want(t, 409, `"code":"number_taken"`)
	admin.send("POST", at(f, "/clients"), map[string]string{"number": "00419", "name": "Third"}, "Idempotency-Key", "k-2").want(t, 201)
	admin.send("POST", at(f, "/clients"), body, "Idempotency-Key", strings.Repeat("k", 101)).want(t, 422, `"code":"idempotency_key_form"`)
	other, _ := s.as(t, f, rbac.RoleFirmAdmin)
	admin.send("POST", at(f, "/clients"), map[string]string{"number": "00421", "name": "Without"}, "Idempotency-Key", "").want(t, 422, `"code":"idempotency_key_missing"`)
	if n := f.Count(t, `SELECT count(*) FROM client WHERE number = '00421'`); n != 0 {
		t.Error("made without a key")
	}
	other.send("POST", at(f, "/clients"), map[string]string{"number": "00420", "name": "Fourth"}, "Idempotency-Key", "k-1").want(t, 201)
	if n := f.Count(t, `SELECT count(*) FROM idempotency WHERE firm_id = ? AND status = 0`, f.ID); n != 0 {
		t.Errorf("%d keys without an answer", n)
	}
}

func TestFieldsAboveTheGrantsClassAreLeftOut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	m := f.Matter(t)
	low, _ := s.as(t, f, rbac.RoleSpecialist, testkit.UpToClass(1))
	high, _ := s.as(t, f, rbac.RoleSpecialist, testkit.UpToClass(2))
	for _, path := range []string{"/matters", "/matters/" + string(m.ID), "/clients", "/payors", "/payors/" + string(m.Payor)} {
		shown := high.get(at(f, path)).want(t, 200)
		cut := low.get(at(f, path)).want(t, 200, `"id":`)
		for _, field := range []string{`"name"`, `"number"`, `"address"`, `"email"`, `"client_name"`} {
			if strings.Contains(cut.body, field) {
				t.Errorf("%s shows %s to class 1: %s", path, field, cut.body)
			}
		}
		if !strings.Contains(shown.body, `"name"`) {
			t.Errorf("%s hides names from class 2: %s", path, shown.body)
		}
	}
}

func TestEveryAnswerIsClassed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	type bare struct {
		Body struct {
			Name string `json:"name"`
		}
	}
	httpd.API(s.Server, httpd.Op{Method: "GET", Path: "/bare", Needs: rbac.SignedIn}, func(context.Context, *struct{}) (*bare, error) { return &bare{}, nil })
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "Body.Name") && !strings.Contains(err.Error(), ".Name: has no class") {
		t.Errorf("an answer without classes starts: %v", err)
	}
	s = newServer(t)
	s.Mount("GET", "/loose", "", func(*httpd.Request) (httpd.Reply, error) { return httpd.Reply{}, nil })
	s.Mount("GET", "/unknown", "matter.destroy", func(*httpd.Request) (httpd.Reply, error) { return httpd.Reply{}, nil })
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "/loose") || !strings.Contains(err.Error(), "/unknown") {
		t.Errorf("a route without a permission starts: %v", err)
	}
}

func TestDenialsLeaveALeafWhereTheyBelong(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	stranger, outside := s.as(t, testkit.Firm(t, s.d), rbac.RoleSpecialist)
	partner, _ := s.as(t, f, rbac.RolePartner)
	leaves := func(f testkit.F, actor any) int64 {
		t.Helper()
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'access.denied' AND actor = ? AND result = 'denied'`, f.ID, actor)
	}
	stranger.get(at(f, "/clients")).want(t, 404)
	if in, out := leaves(f, outside), leaves(s.bureau, outside); in != 0 || out != 1 {
		t.Errorf("a stranger's visit: %d leaves at the firm, %d at the bureau", in, out)
	}
	secret := ident.New[ident.ClientID](testkit.Now)
	partner.get(at(f, "/clients/"+string(secret))).want(t, 404)
	partner.send("POST", at(f, "/clients"), map[string]string{"number": "1", "name": "A"}).want(t, 403, `"code":"not_permitted"`)
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'access.denied'`, f.ID); n != 2 {
		t.Errorf("%d leaves of a member's refusals", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'access.denied' AND object_id = ?`, f.ID, secret); n != 1 {
		t.Errorf("%d leaves name what was asked for", n)
	}
}

func TestPanicsAndUploads(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Mount("GET", "/bug", rbac.Public, func(*httpd.Request) (httpd.Reply, error) { panic("secret narrative") })
	r := s.browser(t).get("/bug").want(t, 500)
	if strings.Contains(r.body, "secret narrative") || strings.Contains(r.body, "goroutine") {
		t.Errorf("the page shows the bug: %s", r.body)
	}
	req := httptest.NewRequest("POST", "/bug", strings.NewReader("x"))
	req.ContentLength = 100 << 20
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("100 MB: %d", w.Code)
	}
}

func TestT03_WhatIsNoTextIsRefusedBeforeAnyoneReadsIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	read := 0
	for _, method := range []string{"GET", "POST"} {
		s.Mount(method, "/thing", rbac.Public, func(*httpd.Request) (httpd.Reply, error) { read++; return httpd.Go("/", "done"), nil })
	}
	f := testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	admin.get("/thing?q=a%00b").want(t, 422, "take them out")
	admin.get("/thing?q=%ff").want(t, 422)
	admin.get("/thing?%00=a").want(t, 422)
	admin.send("GET", at(f, "/audit?action=%00"), nil).want(t, 422, `"code":"text_unreadable"`)
	if read != 0 {
		t.Errorf("%d requests were read", read)
	}
	admin.get("/thing?q=a%0Ab+%E2%82%AC").want(t, 303)
}
