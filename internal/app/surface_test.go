package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/static"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// call sends one request with a session's cookie.
func (w world) call(method, path, sid, body string, headers ...string) *httptest.ResponseRecorder {
	return w.callFrom("192.0.2.1:1234", method, path, sid, body, headers...)
}

// callFrom is call from another network: failures to sign in are counted by it.
func (w world) callFrom(addr, method, path, sid, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.RemoteAddr = addr
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	testkit.Keyed(req)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if sid != "" {
		req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	}
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	return rec
}

// shape is what the OpenAPI document says of an object.
type shape struct {
	Ref        string `json:"$ref"`
	Extra      any    `json:"additionalProperties"`
	Type       any    `json:"type"` // a name, or a list of names
	Properties map[string]shape
	Items      *shape
}

type openAPI struct {
	Paths map[string]map[string]struct {
		RequestBody *struct {
			Content map[string]struct{ Schema shape }
		}
	}
	Components struct{ Schemas map[string]shape }
}

func (w world) openAPI(t *testing.T) (doc openAPI) {
	t.Helper()
	if err := json.Unmarshal(w.call("GET", "/api/v1/openapi.json", "", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func (d openAPI) resolve(s shape) shape {
	if s.Ref != "" {
		return d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// body is the shape of a route's JSON body; false when it takes none.
func (d openAPI) body(r httpd.Route) (shape, bool) {
	op, ok := d.Paths[r.Path][strings.ToLower(r.Method)]
	if !ok || op.RequestBody == nil {
		return shape{}, false
	}
	s, ok := op.RequestBody.Content["application/json"]
	return d.resolve(s.Schema), ok
}

// open lists the objects below s that take fields nobody named.
func (d openAPI) open(s shape, at string, depth int) (found []string) {
	s = d.resolve(s)
	if len(s.Properties) > 0 && s.Extra != false {
		found = append(found, at)
	}
	if depth > 6 {
		return found
	}
	for name, p := range s.Properties {
		found = append(found, d.open(p, at+"."+name, depth+1)...)
	}
	if s.Items != nil {
		found = append(found, d.open(*s.Items, at+"[]", depth+1)...)
	}
	return found
}

// Every JSON route refuses every column of the database that is no field of its body,
// in three cases, and the same key twice (T03). The columns come from the database,
// the routes and their fields from the route table and the OpenAPI document.
func TestT03_NoRouteTakesAColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	doc := w.openAPI(t)
	columns := strings.Fields(f.Text(t, `SELECT string_agg(DISTINCT column_name, ' ') FROM information_schema.columns WHERE table_schema = 'public'`))
	if len(columns) < 100 || !slices.Contains(columns, "approved_by") {
		t.Fatalf("%d columns found", len(columns))
	}
	sessions := map[rbac.Role]string{}
	for _, role := range rbac.Roles() {
		if role == rbac.RoleMachine {
			continue
		}
		in := f
		if role == rbac.RoleBureauAdmin {
			in = w.bureau
		}
		sessions[role] = w.signIn(t, in, role)
	}
	walked := 0
	for _, r := range w.web.Routes() {
		fields, ok := doc.body(r)
		if !r.JSON || !ok {
			continue
		}
		walked++
		for _, at := range doc.open(fields, "body", 0) {
			t.Errorf("%s %s: %s takes fields that nobody named", r.Method, r.Path, at)
		}
		// A bureau administrator has no grant in the firm: the bureau's own domain it is.
		sid, firm := "", f.ID
		for role, s := range sessions {
			if role != rbac.RoleBureauAdmin && (w.policy.Allows(role, r.Needs) || rbac.Open(r.Needs)) {
				sid = s
				break
			}
		}
		if sid == "" && w.policy.Allows(rbac.RoleBureauAdmin, r.Needs) {
			sid, firm = sessions[rbac.RoleBureauAdmin], w.bureau.ID
		}
		if sid == "" {
			t.Errorf("%s %s: no role may do it", r.Method, r.Path)
			continue
		}
		path := param.ReplaceAllStringFunc(strings.Replace(r.Path, "{firm}", string(firm), 1), func(string) string { return absentID })
		refused := func(what, body, want string) {
			t.Helper()
			if got := w.call(r.Method, path, sid, body, "If-Match", `"1"`); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), want) {
				t.Errorf("%s %s: %s: %d %s", r.Method, r.Path, what, got.Code, cutTo(got.Body.String(), 300))
			}
		}
		var unknown strings.Builder
		for _, c := range columns {
			if _, mine := fields.Properties[c]; !mine {
				fmt.Fprintf(&unknown, `%q:"x",`, c)
			}
		}
		got := w.call(r.Method, path, sid, "{"+strings.TrimSuffix(unknown.String(), ",")+"}", "If-Match", `"1"`)
		for _, c := range columns {
			_, mine := fields.Properties[c]
			if !mine && !strings.Contains(got.Body.String(), `"path":"`+c+`"`) {
				t.Errorf("%s %s: the column %s is not refused by name: %d", r.Method, r.Path, c, got.Code)
				break
			}
		}
		for _, c := range []string{"firm_id", "status", "approved_by", "role", "total"} {
			refused("capitals", fmt.Sprintf(`{%q:"x"}`, strings.ToUpper(c)), `"key_repeated"`)
			refused("title case", fmt.Sprintf(`{%q:"x"}`, strings.ToUpper(c[:1])+c[1:]), `"key_repeated"`)
			refused("twice", fmt.Sprintf(`{%q:"x",%q:"y"}`, c, c), `"key_repeated"`)
		}
		refused("bytes that are no UTF-8", "{\"name\":\"\xff\"}", `"text_encoding"`)
		refused("half a surrogate pair", `{"name":"a\ud800b"}`, `"text_encoding"`)
		for name := range fields.Properties {
			if i := strings.IndexByte(name, 's'); i >= 0 { // the decoder takes a long s for an s
				refused("a long s", fmt.Sprintf(`{%q:"x",%q:"y"}`, name, name[:i]+"\u017f"+name[i+1:]), `"key_repeated"`)
			}
			refused("a field of its own in capitals", fmt.Sprintf(`{%q:"x"}`, strings.ToUpper(name)), `"key_repeated"`)
		}
	}
	if walked < 30 {
		t.Errorf("only %d routes with a body were walked", walked)
	}
}

// wantedHeaders are those of SECURITY 6 on plain http, where HSTS has no place.
var wantedHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-to csp",
	"Reporting-Endpoints":     `csp="/csp-reports"`, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	"Server": "", "X-Powered-By": "", "Access-Control-Allow-Origin": "", "Strict-Transport-Security": "",
}

func TestT09EveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.furnished(t)
	sid := w.signIn(t, th.firm, rbac.RoleFirmAdmin)
	style := static.Path("app.css")
	check := func(method, path string, got *httptest.ResponseRecorder) {
		t.Helper()
		for name, want := range wantedHeaders {
			if have := got.Header().Get(name); have != want {
				t.Errorf("%s %s (%d): %s is %q, want %q", method, path, got.Code, name, have, want)
			}
		}
		if cache := got.Header().Get("Cache-Control"); cache != "no-store" && path != style {
			t.Errorf("%s %s (%d): Cache-Control is %q", method, path, got.Code, cache)
		}
		if got.Header().Get("Permissions-Policy") == "" {
			t.Errorf("%s %s: no Permissions-Policy", method, path)
		}
	}
	for _, r := range w.web.Routes() {
		path := r.Path
		for name, id := range th.ids {
			path = strings.ReplaceAll(path, "{"+name+"}", id)
		}
		path = strings.ReplaceAll(path, "{id}", absentID)
		if r.Method == "GET" && !strings.HasSuffix(path, "/events") && !strings.Contains(path, "{") {
			check(r.Method, path, w.call(r.Method, path, sid, ""))
			check("GET signed out", path, w.call(r.Method, path, "", ""))
		}
	}
	for _, method := range []string{"TRACE", "BREW", "PROPFIND", "PATCH"} {
		got := w.call(method, "/api/v1/sessions", "", "")
		if got.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d, want 405", method, got.Code)
		}
		check(method, "/api/v1/sessions", got)
	}
	sheet := w.call("GET", style, "", "")
	if sheet.Code != http.StatusOK {
		t.Errorf("%s: %d", style, sheet.Code)
	}
	check("GET", style, sheet)
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/openapi.json", "/nowhere", "/static/nothing.js"} {
		check("GET", path, w.call("GET", path, "", ""))
	}
}

// A browser's report is counted by directive; nothing else that a stranger sends here
// is kept, and what is no report is refused.
func TestContentSecurityReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string]int{
		`{"csp-report":{"effective-directive":"script-src-elem","blocked-uri":"inline"}}`:              204,
		`[{"type":"csp-violation","body":{"effectiveDirective":"img-src","blockedURL":"canary-url"}}]`: 204,
		`{"csp-report":{"effective-directive":"canary-directive"}}`:                                    204,
		`not a report`:                          422,
		`"` + strings.Repeat("x", 17<<10) + `"`: 413,
	} {
		if got := w.call("POST", "/csp-reports", "", body, "Content-Type", "application/reports+json"); got.Code != want {
			t.Errorf("%s: %d, want %d", cutTo(body, 60), got.Code, want)
		}
	}
	rec := httptest.NewRecorder()
	w.s.Metrics.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", http.NoBody))
	for _, line := range []string{`docketry_csp_violations_total{directive="script-src-elem"} 1`, `{directive="img-src"} 1`, `{directive="unknown"} 1`} {
		if !strings.Contains(rec.Body.String(), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if strings.Contains(rec.Body.String(), "canary") {
		t.Error("the metrics hold what was sent")
	}
}

// What nobody can see is refused by field, in forms and in JSON bodies alike, and
// nothing is written. A form comes back with it, a JSON body's problem holds none of it.
// A password may hold anything.
func TestWhatNobodySeesIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	firm := "/firms/" + own.ids["firm"]
	sid := w.signIn(t, own.firm, rbac.RoleFirmAdmin)
	token := formToken.FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())[1]
	before := own.firm.Text(t, `SELECT string_agg(name, ',' ORDER BY id) FROM client WHERE firm_id = ?`, own.firm.ID)
	for _, name := range []string{"Pel\u202eham", "Pel\u200bham", "Pel\u2066ham", "Pel\u00adham"} {
		form := url.Values{"csrf": {token}, "version": {"1"}, "number": {"N-7"}, "name": {name}}
		got := w.send(sid, http.MethodPost, firm+"/clients/"+own.ids["client"], form.Encode())
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "This holds U+") {
			t.Errorf("a form with %q: %d %s", name, got.Code, cutTo(got.Body.String(), 300))
		}
		body, err := json.Marshal(map[string]string{"number": "N-7", "name": name})
		if err != nil {
			t.Fatal(err)
		}
		got = w.call(http.MethodPost, "/api/v1"+firm+"/clients", sid, string(body))
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), `"path":"name"`) || !strings.Contains(got.Body.String(), `"text_unseen"`) || strings.Contains(got.Body.String(), name) {
			t.Errorf("JSON with %q: %d %s", name, got.Code, got.Body)
		}
	}
	if after := own.firm.Text(t, `SELECT string_agg(name, ',' ORDER BY id) FROM client WHERE firm_id = ?`, own.firm.ID); after != before {
		t.Errorf("a refusal wrote: %s", after)
	}
	got := w.call(http.MethodPost, "/api/v1/sessions", "", `{"email":"nobody@larkspur.example","password":"a\u200bb"}`)
	if got.Code != http.StatusUnauthorized {
		t.Errorf("a password with a zero-width space: %d, want only that it is wrong: %s", got.Code, got.Body)
	}
}

// Who opens more privileged text than SECURITY 7 allows shows their factor anew before
// they go on, in every process, and their firm sees both the warning and the stop.
func TestTooMuchPrivilegedTextIsStoppedAndNoted(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	other := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	other.s.Reads = httpd.NewReads(nil, c, w.s.Log, worklist.Holds) // another process, to which Redis is empty
	elsewhere, err := app.NewWeb(other.s)
	if err != nil {
		t.Fatal(err)
	}
	other.web = elsewhere
	own := w.furnished(t)
	w.s.Reads = httpd.NewReads(testkit.Redis(t), w.s.Clock, w.s.Log, worklist.Holds)
	web, err := app.NewWeb(w.s)
	if err != nil {
		t.Fatal(err)
	}
	w.web = web
	sid, secret := w.setUpApp(t, w.passwordOnly(t, own.firm, rbac.RoleSpecialist))
	path := "/firms/" + own.ids["firm"] + "/invoices/" + own.ids["invoice"]
	admin := own.firm.As(t, rbac.RoleFirmAdmin)
	for range 2_100 {
		got := w.call("GET", "/api/v1"+path, sid, "")
		if got.Code == http.StatusOK {
			continue
		}
		if got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), `"factor_stale"`) {
			t.Fatalf("stopped with %d: %s", got.Code, got.Body)
		}
		page := w.call("GET", path, sid, "")
		if page.Code != http.StatusForbidden || !strings.Contains(page.Body.String(), `value="`+path+`"`) || !strings.Contains(page.Body.String(), "more privileged text") {
			t.Errorf("the page: %d %s", page.Code, cutTo(page.Body.String(), 300))
		}
		c.Advance(15 * time.Minute)
		if got := other.call("GET", "/api/v1"+path, sid, ""); got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), `"factor_stale"`) {
			t.Errorf("another process, later: %d %s", got.Code, got.Body)
		}
		b := &reader{t: t, w: other, sid: sid}
		code, err := people.AppCode(secret, c.Now())
		if err != nil {
			t.Fatal(err)
		}
		if to, _ := b.post(path, "/people/me/factor", url.Values{"back": {path}, "factor_code": {code}}); to != path {
			t.Errorf("the factor leads to %q", to)
		}
		for name, web := range map[string]world{"here": w, "elsewhere": other} {
			if got := web.call("GET", "/api/v1"+path, b.sid, ""); got.Code != http.StatusOK {
				t.Errorf("%s, after the factor: %d %s", name, got.Code, got.Body)
			}
		}
		if n := own.firm.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind = 'reads_many' AND person_id = ?`, own.firm.ID, testkit.Actor(admin)); n != 1 {
			t.Errorf("%d letters to the administrator, want 1", n)
		}
		for action, want := range map[string]int64{"reads.many": 1, "reads.stopped": 4} {
			if n := own.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, own.firm.ID, action); n != want {
				t.Errorf("%d leaves %s, want %d", n, action, want)
			}
		}
		return
	}
	t.Fatal("2,100 invoices were opened in a row")
}
