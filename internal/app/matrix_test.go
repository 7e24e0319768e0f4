package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Matrix of T01, made from the route table: every route x every role x {own, other,
// absent, malformed}. What is another firm's, what does not exist and what is no id
// at all answer with the same status, type and bytes.
func TestT01_EveryRouteByRoleAndID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.furnished(t), w.furnished(t)
	routes := w.web.Routes()
	var tried atomic.Int64
	t.Cleanup(func() {
		t.Logf("tried: %d requests over %d routes, %d of them event streams", tried.Load(), len(routes), count(routes, func(r httpd.Route) bool { return strings.HasSuffix(r.Path, "/events") }))
	})
	for _, role := range rbac.Roles() {
		if role == rbac.RoleMachine {
			continue // no grant names it, so nobody signs in as it
		}
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			v := w.visitor(t, mine, role)
			defer func() { tried.Add(v.tried.Load()) }()
			for _, r := range routes {
				// A payor's contact has no role: package notice holds the door to what is theirs.
				if r.Needs != rbac.PayorLink && !skipped[r.Method+" "+r.Path] {
					v.visit(r, theirs)
				}
			}
		})
	}
}

// skipped are the routes that name no thing of a firm in their path.
var skipped = map[string]bool{
	"GET /enrol/{token}": true, "POST /enrol/{token}": true, "GET /enrol/{token}/through": true, // a secret, not an id; package people tests it
	"DELETE /api/v1/sessions/{id}": true, "POST /people/me/sessions/{id}/end": true, "POST /sessions/{id}/end": true, // a person's own
	"POST /people/me/passkeys/{id}/remove": true, "DELETE /api/v1/people/me/passkeys/{id}": true, // likewise
	"DELETE /api/v1/sessions": true, "DELETE /api/v1/sessions/current": true, "POST /sign-out": true, // would end the visit
}

var param = regexp.MustCompile(`\{([a-z_]+)\}`)

// visitor is one person signed in with one role, and the things of their own firm.
type visitor struct {
	t     *testing.T
	w     world
	role  rbac.Role
	own   things
	sid   string
	token string // of forms
	tried atomic.Int64
}

func count[T any](list []T, is func(T) bool) (n int) {
	for _, x := range list {
		if is(x) {
			n++
		}
	}
	return n
}

func (w world) visitor(t *testing.T, own things, role rbac.Role) *visitor {
	t.Helper()
	f := own.firm
	if role == rbac.RoleBureauAdmin {
		f = w.bureau
	}
	v := &visitor{t: t, w: w, role: role, own: own}
	v.sid = w.signIn(t, f, role)
	page := v.ask("GET", "/people/me", "")
	found := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("no form token on the account page: %d %s", page.status, page.body)
	}
	v.token = found[1]
	return v
}

var pageToken = regexp.MustCompile(`(name="csrf" value="[^".]*)\.[^"]*"`)

// visit asks one route for each kind of id and compares.
func (v *visitor) visit(r httpd.Route, theirs things) {
	v.t.Helper()
	names := v.params(r)
	if len(names) == 0 {
		return
	}
	own := v.fill(r, v.own, "", "")
	inFirm := strings.Contains(r.Path, "{firm}")
	allowed := v.role != rbac.RoleBureauAdmin && v.w.policy.Allows(v.role, r.Needs)
	switch {
	case v.role == rbac.RoleBureauAdmin && inFirm:
		v.same(r, own, v.fill(r, v.own, "firm", absentID)) // a firm that let nobody of the bureau's office in
	case inFirm && !allowed:
		if got := v.ask(r.Method, own, v.body(r, v.own)); got.status != http.StatusForbidden {
			v.t.Errorf("%s %s without the permission: %d, want 403", r.Method, r.Path, got.status)
		}
		return
	case r.Method == http.MethodGet && allowed && !strings.HasSuffix(r.Path, "/events") && v.complete(r):
		// A timekeeper's things are their own, which these are not, and pages show more than they may see.
		got := v.ask(r.Method, own, "")
		if bad := got.status == 403 || got.status == 404 || got.status >= 500; bad && !v.role.OwnOnly() && !asksMore[r.Path] {
			v.t.Errorf("%s %s of one's own: %d %s", r.Method, own, got.status, cutTo(got.body, 300))
		}
	}
	for _, name := range names {
		if !comparable(r, name) {
			continue
		}
		others := []string{v.fill(r, v.own, name, theirs.of(v.t, r.Path, name)), v.fill(r, v.own, name, "malformed"), v.fill(r, v.own, name, strings.ToUpper(theirs.of(v.t, r.Path, name)))}
		absent := v.fill(r, v.own, name, absentID)
		first := v.refused(r, absent)
		if first.status == http.StatusForbidden {
			others = others[:1] // the service asks for more than the route: what is no id may be told first
		}
		for _, other := range others {
			v.likewise(r, absent, first, other)
		}
	}
	if inFirm && len(names) > 1 {
		v.same(r, v.fill(r, theirs, "firm", absentID), v.fill(r, theirs, "", "")) // their firm with their ids
	}
}

// asksMore are the addresses that need a query or a ticket besides, or that show a
// thing to who asked for it and who decides on it.
var asksMore = map[string]bool{
	"/firms/{firm}/payors/new": true, "/firms/{firm}/purchase-orders/new": true, "/firms/{firm}/client-codes/new": true, "/firms/{firm}/matters/new": true, "/api/v1/firms/{firm}/export-file": true,
	"/firms/{firm}/exports/{id}": true, "/api/v1/firms/{firm}/exports/{id}": true, "/firms/{firm}/exports/{id}/text": true, "/api/v1/firms/{firm}/exports/{id}/text": true,
}

const absentID = "00000000-0000-7000-8000-00000000abcd"

func (v *visitor) params(r httpd.Route) (names []string) {
	for _, m := range param.FindAllStringSubmatch(r.Path, -1) {
		names = append(names, m[1])
	}
	return names
}

// comparable leaves out parts of a path that are words and not ids.
func comparable(r httpd.Route, name string) bool {
	return !slices.Contains([]string{"format", "kind", "reminder"}, name) &&
		!strings.Contains(r.Path, "/numbering/{id}") && !strings.Contains(r.Path, "/letters/{id}") && !strings.Contains(r.Path, "/import-mappings/{id}")
}

// complete tells whether the visitor's firm has every thing that the path names.
func (v *visitor) complete(r httpd.Route) bool {
	for _, name := range v.params(r) {
		if v.own.of(v.t, r.Path, name) == absentID {
			return false
		}
	}
	return true
}

// fill writes a path with the things of one firm, and one of them replaced.
func (v *visitor) fill(r httpd.Route, th things, replace, with string) string {
	return param.ReplaceAllStringFunc(r.Path, func(p string) string {
		name := strings.Trim(p, "{}")
		if name == replace {
			return with
		}
		return th.of(v.t, r.Path, name)
	})
}

// same asks two addresses and wants one answer.
func (v *visitor) same(r httpd.Route, a, b string) {
	v.t.Helper()
	v.likewise(r, a, v.refused(r, a), b)
}

// refused asks an address and wants a refusal.
func (v *visitor) refused(r httpd.Route, path string) answer {
	v.t.Helper()
	got := v.ask(r.Method, path, v.body(r, v.own))
	if got.status < 400 || got.status >= 500 {
		v.t.Errorf("%s %s: %d %s", r.Method, path, got.status, cutTo(got.body, 300))
	}
	return got
}

// likewise asks b and wants the answer that a gave.
func (v *visitor) likewise(r httpd.Route, a string, first answer, b string) {
	v.t.Helper()
	if second := v.ask(r.Method, b, v.body(r, v.own)); first != second {
		at := parting(first.body, second.body)
		v.t.Errorf("%s %s and %s differ:\n%d %s %q\n%d %s %q", r.Method, a, b, first.status, first.kind, cutTo(first.body[at:], 120), second.status, second.kind, cutTo(second.body[at:], 120))
	}
}

// parting is where two texts begin to differ, a little before.
func parting(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return max(0, i-40)
		}
	}
	return min(len(a), len(b))
}

// body is a body that gets past validation, so that the ids decide.
func (v *visitor) body(r httpd.Route, th things) string {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return ""
	}
	if !r.JSON {
		form := url.Values{"csrf": {v.token}}
		for name, value := range formFields {
			form.Set(name, value)
		}
		if strings.Contains(r.Path, "/payments/") {
			form.Set("version", "2")
		}
		return form.Encode()
	}
	text, ok := bodies[r.Method+" "+strings.TrimPrefix(r.Path, "/api/v1")]
	if !ok {
		return "{}"
	}
	for noun, id := range th.ids {
		text = strings.ReplaceAll(text, "<"+noun+">", id)
	}
	return text
}

// formFields get past the validation of every form where ids of the path decide.
var formFields = map[string]string{
	"version": "1", "reason": "because", "note": "because", "name": "Name", "number": "N-1", "body": "hello", "message": "hello", "text": "hello", "on": "2030-01-01",
	"email": "n@payor.example", "code": "XX", "class": "PARTNR", "status": "active", "terms_days": "30", "delivery": "mail_link", "country": "US",
	"address": "1 Street\nAlbany, NY 12207", "hash": strings.Repeat("0", 64), "amount": "1.00", "token": "1", "until": "2030-01-01", "why": "because", "stage": "first",
	"currency": "USD", "label": "0", "opened_on": "2026-01-01", "rate": "1", "cause": "x", "narrative": "Words", "hours": "1.0", "day": "2030-01-01", "format": "ledes_xml_21",
}

// answer is what a reader can compare, without the request's own id and the
// address that was asked for.
type answer struct {
	status int
	kind   string
	body   string
}

func (v *visitor) ask(method, path, body string) answer {
	v.t.Helper()
	v.tried.Add(1)
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if strings.HasPrefix(path, "/api/") {
		req.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if (strings.HasSuffix(path, "/imports") || strings.HasSuffix(path, "/receipts") || strings.HasSuffix(path, "/papers") || strings.HasSuffix(path, "/writings")) && method == "POST" && strings.HasPrefix(path, "/api/") {
		req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	}
	req.Header.Set("If-Match", `"1"`)
	testkit.Keyed(req)
	if strings.Contains(path, "/payments/") {
		req.Header.Set("If-Match", `"2"`) // the fixture has allocated something
	}
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: v.sid})
	rec := httptest.NewRecorder()
	v.w.web.Handler().ServeHTTP(rec, req)
	text := strings.NewReplacer(rec.Header().Get("X-Request-Id"), "RID", path, "PATH", url.QueryEscape(path), "PATH").Replace(rec.Body.String())
	text = pageToken.ReplaceAllString(text, `$1.PAGE"`) // new on each page, as the request's id is
	for _, part := range strings.Split(path, "/") {
		if len(part) >= 9 && (len(part) == 36 || part == "malformed") {
			text = strings.ReplaceAll(text, part, "ID")
		}
	}
	return answer{rec.Code, rec.Header().Get("Content-Type") + rec.Header().Get("Location"), text}
}

func cutTo(s string, n int) string { return s[:min(len(s), n)] }

// bodies get past validation where ids of the path decide.
var bodies = map[string]string{
	"PUT /firms/{firm}":                                            `{"name":"N","address":"1 Street\nAlbany, NY 12207","country":"US","tax_id":"","reply_to":"","rounding":"half_up"}`,
	"PUT /firms/{firm}/bank":                                       `{"name":"B","account":"4410029917","code":"021305386"}`,
	"PUT /firms/{firm}/clients/{id}":                               `{"number":"N-1","name":"N"}`,
	"PUT /firms/{firm}/client-groups/{id}":                         `{"name":"N"}`,
	"POST /firms/{firm}/client-groups/{id}/members":                `{"client_id":"<client>","from":"2030-01-01"}`,
	"POST /firms/{firm}/client-groups/{id}/members/{member}/end":   `{"on":"2030-01-01"}`,
	"POST /firms/{firm}/submissions/{id}/answer":                   `{"status":"paid"}`,
	"POST /firms/{firm}/submissions/{id}/accept":                   `{"reduction_ids":["<reduction>"]}`,
	"POST /firms/{firm}/submissions/{id}/appeals":                  `{"reduction_ids":["<reduction>"],"reason":"because"}`,
	"POST /firms/{firm}/submissions/{id}/appeals/{appeal}/outcome": `{"regained":[]}`,
	"PUT /firms/{firm}/portals/{id}":                               `{"name":"N"}`,
	"PUT /firms/{firm}/portals/{id}/connector":                     `{"way":"https","url":"https://127.0.0.1:1/in","method":"PUT","auth":"bearer","secret":"token"}`,
	"POST /firms/{firm}/submissions/{id}/send-again":               `{"reason":"because"}`,
	"POST /firms/{firm}/submissions/{id}/by-hand":                  `{"reason":"because"}`,
	"PUT /firms/{firm}/payors/{id}":                                `{"name":"P","address":"1 Street\nAlbany, NY 12207","country":"US","terms_days":30,"delivery":"mail_link"}`,
	"POST /firms/{firm}/payors/{id}/contacts":                      `{"name":"N","email":"n@payor.example"}`,
	"PUT /firms/{firm}/contacts/{id}":                              `{"name":"N","email":"n@payor.example"}`,
	"PUT /firms/{firm}/matters/{id}":                               `{"client_id":"<client>","payor_id":"<payor>","number":"N-1","name":"M","label":"standard","currency":"USD","opened_on":"2026-01-01"}`,
	"POST /firms/{firm}/matters/{id}/held":                         `{"kind":"release","amount_minor":1,"reason":"the appeal was won"}`,
	"PUT /firms/{firm}/timekeepers/{id}":                           `{"code":"XX","name":"N","class":"PARTNR"}`,
	"POST /firms/{firm}/arrangements/{id}/end":                     `{"until":"2030-01-01"}`,
	"POST /firms/{firm}/prebills/{id}/prices/put":                  `{"arrangement_id":"<arrangement>"}`,
	"POST /firms/{firm}/prebills/{id}/prices/take":                 `{"arrangement_id":"<arrangement>"}`,
	"POST /firms/{firm}/guidelines/{id}/sign":                      `{"hash":"` + strings.Repeat("0", 64) + `"}`,
	"POST /firms/{firm}/rates/{id}/end":                            `{"on":"2030-01-01"}`,
	"POST /firms/{firm}/repricings/{id}/carry-out":                 `{"hash":"` + strings.Repeat("0", 64) + `","reason":"because"}`,
	"POST /firms/{firm}/transfers/{id}/take-back":                  `{"reason":"it was right"}`,
	"POST /firms/{firm}/access-requests":                           `{"person_id":"<person>","role":"specialist","scope":"all","class":3,"label":"standard","reason":"x"}`,
	"POST /firms/{firm}/access-requests/{id}/give":                 `{"role":"specialist","scope":"all","class":3,"label":"standard","until":"2026-05-01T00:00:00Z","reason":"x"}`,
	"POST /firms/{firm}/access-requests/{id}/refuse":               `{"reason":"x"}`,
	"POST /firms/{firm}/sole-administrators/{id}/confirm":          `{"firm_id":"<firm>"}`,
	"POST /firms/{firm}/sole-administrators/{id}/refuse":           `{"firm_id":"<firm>","reason":"x"}`,
	"POST /firms/{firm}/emergencies/{id}/open":                     `{"firm_id":"<firm>"}`,
	"POST /firms/{firm}/emergencies/{id}/end":                      `{"firm_id":"<firm>"}`,
	"POST /firms/{firm}/deputies":                                  `{"deputy_id":"<person>","from":"2030-01-01T00:00:00Z","until":"2030-01-08T00:00:00Z","reason":"x"}`,
	"POST /firms/{firm}/conflict-checks":                           `{"person_id":"<person>"}`,
	"POST /firms/{firm}/conflict-checks/{id}/clear":                `{"reason":"x"}`,
	"PUT /firms/{firm}/roles/{id}":                                 `{"name":"N","permissions":["firm.read"]}`,
	"POST /firms/{firm}/grants/{id}/extend":                        `{"until":"2026-05-01T00:00:00Z","reason":"x"}`,
	"POST /firms/{firm}/findings/{id}/override":                    `{"reason":"OTHER","note":"because","until":"2026-03-31"}`,
	"POST /firms/{firm}/prebills/{id}/findings/{finding}/override": `{"reason":"OTHER","note":"because","until":"2026-03-31"}`,
	"POST /firms/{firm}/findings/{id}/waive":                       `{"note":"because"}`,
	"POST /firms/{firm}/prebills/{id}/approve":                     `{"content_hash":"` + strings.Repeat("0", 64) + `"}`,
	"POST /firms/{firm}/prebills/{id}/request-changes":             `{"note":"because"}`,
	"POST /firms/{firm}/prebills/{id}/lines/{line}/split":          `{"parts":[{"hours":"0.1","narrative":"Draft"},{"hours":"0.1","narrative":"Review"}]}`,
	"POST /firms/{firm}/prebills/{id}/merge":                       `{"lines":["<line>","0190aaaa-0000-7000-8000-000000000000"]}`,
	"PATCH /firms/{firm}/prebills/{id}/lines/{line}":               `{"amount_minor":0,"reason":"COURTESY"}`,
	"POST /firms/{firm}/prebills/{id}/findings/{finding}/waive":    `{"note":"because"}`,
	"POST /firms/{firm}/invoices/{id}/credit":                      `{"reason":"because"}`,
	"POST /firms/{firm}/invoices/{id}/files":                       `{"format":"ledes_xml_21"}`,
	"POST /firms/{firm}/invoices/{id}/skip-reminder":               `{"stage":"first","reason":"because"}`,
	"POST /firms/{firm}/payments/{id}/allocations":                 `{"shares":[{"invoice_id":"<invoice>","amount_minor":1}]}`,
	"POST /firms/{firm}/payments/{id}/reverse":                     `{"reason":"because"}`,
	"POST /firms/{firm}/entries/{id}/amend":                        `{"item_id":"<item>","lease_token":1,"reason":"WORDING","narrative":"other words"}`,
	"POST /firms/{firm}/entries/{id}/undo":                         `{"item_id":"<item>","lease_token":1}`,
	"POST /firms/{firm}/findings/{id}/fix":                         `{"item_id":"<item>","lease_token":1}`,
	"PUT /firms/{firm}/letters/{id}":                               `{"subject":"S","body":"B","closing":"C"}`,
	"POST /firms/{firm}/letters/{id}/try":                          `{"subject":"S","body":"B","closing":"C"}`,
	"POST /firms/{firm}/items/{id}/break":                          `{"reason":"because"}`,
	"POST /firms/{firm}/items/{id}/release":                        `{"token":1}`,
	"POST /firms/{firm}/items/{id}/presence":                       `{"doing":"viewing"}`,
	"POST /firms/{firm}/items/{id}/assign":                         `{"person_id":"<person>","reason":"because"}`,
	"POST /firms/{firm}/items/{id}/hand-off":                       `{"token":1,"person_id":"<person>","note":"because"}`,
	"POST /firms/{firm}/items/{id}/finish":                         `{"token":1}`,
	"POST /firms/{firm}/items/{id}/heartbeat":                      `{"token":1}`,
	"POST /firms/{firm}/items/{id}/skip":                           `{"token":1,"reason":"too_long"}`,
	"POST /firms/{firm}/items/{id}/questions":                      `{"token":1,"body":"why?"}`,
	"POST /firms/{firm}/items/{id}/answers":                        `{"body":"because"}`,
	"POST /firms/{firm}/items/{id}/messages":                       `{"body":"hello"}`,
	"POST /firms/{firm}/certificates/{id}/withdraw":                `{"reason":"because"}`,
	"POST /firms/{firm}/exports/{id}/refuse":                       `{"why":"because"}`,
	"POST /firms/{firm}/runs/{id}/retry":                           `{}`,

	"POST /firms/{firm}/submissions/{id}/appeals/{appeal}/papers/{paper}/remove": `{"reason":"because"}`,
	"POST /firms/{firm}/exports/{id}/redact":                                     `{"redact":["a word"],"withhold_ids":["<entry>"]}`,
	"POST /firms/{firm}/exports/{id}/review":                                     `{"hash":"` + strings.Repeat("0", 64) + `"}`,
	"POST /firms/{firm}/reminders/{id}/approve":                                  `{"content_hash":"` + strings.Repeat("0", 64) + `"}`,
	"POST /firms/{firm}/reminders/{id}/veto":                                     `{"invoice_id":"<invoice>","reason":"because","until":"2026-03-31"}`,
	"POST /firms/{firm}/reminder-tasks/{id}/end":                                 `{"outcome":"reached"}`,
	"POST /firms/{firm}/reminder-holds":                                          `{"kind":"no_reminders","invoice_id":"<invoice>","reason":"because"}`,
	"POST /firms/{firm}/invoices/{id}/promises":                                  `{"amount_minor":1,"on":"2026-03-31"}`,
	"PUT /firms/{firm}/reminder-policy":                                          `{"n":0,"own":false}`,
	"PUT /firms/{firm}/purchase-orders/{id}":                                     `{"amount_minor":900000}`,

	"POST /firms/{firm}/invoices/{id}/disputes":       `{"code":"GUI-01","words":"because","raised_by":"x","amount_minor":1}`,
	"POST /firms/{firm}/disputes/{id}/answer":         `{"words":"because"}`,
	"POST /firms/{firm}/disputes/{id}/withdraw":       `{"words":"because"}`,
	"POST /firms/{firm}/disputes/{id}/notes":          `{"side":"client","words":"because"}`,
	"POST /firms/{firm}/disputes/{id}/resolve":        `{"words":"because"}`,
	"POST /firms/{firm}/invoices/{id}/credit/preview": `{"reason":"because","lines":[{"line":1,"amount_minor":1}]}`,

	"POST /firms/{firm}/matters/{id}/recoveries":          `{"stage":"trial","amount_minor":1000,"received_on":"2026-02-20","source":"the insurer"}`,
	"POST /firms/{firm}/matter-recoveries/{id}/correct":   `{"stage":"trial","amount_minor":1000,"received_on":"2026-02-20","source":"the insurer","reason":"it was less"}`,
	"POST /firms/{firm}/matter-recoveries/{id}/withdraw":  `{"reason":"it was another's"}`,
	"POST /firms/{firm}/arrangements/{id}/writing/remove": `{"reason":"it was another's"}`,

	"PUT /firms/{firm}/taxes":                    `{"treatment_id":""}`,
	"POST /firms/{firm}/tax-codes/{id}/end":      `{"until":"2030-01-01"}`,
	"POST /firms/{firm}/tax-treatments/{id}/end": `{"until":"2030-01-01"}`,
	"POST /firms/{firm}/invoices/{id}/withheld":  `{"reference":"1","received_on":"2026-03-01"}`,

	"POST /firms/{firm}/lessons/{id}/trial":            `{}`,
	"POST /firms/{firm}/lessons/{id}/accept":           `{}`,
	"POST /firms/{firm}/lessons/{id}/decline":          `{"reason":"because"}`,
	"POST /firms/{firm}/receiver-reasons/{id}/map":     `{"rule":"EXP-01"}`,
	"POST /firms/{firm}/receiver-reasons/{id}/no-rule": `{"reason":"because"}`,
	"POST /firms/{firm}/exchange-rates":                `{"from_currency":"GBP","to_currency":"USD","day":"2026-01-05","rate":"1.27","source":"ECB"}`,
	"POST /firms/{firm}/exchange-settings":             `{"basis":"none"}`,

	"PUT /team/pools/{id}":                     `{"name":"N","firm_ids":["<firm>"]}`,
	"PUT /team/people/{id}/seat":               `{"pool_id":"<pool>"}`,
	"PUT /team/people/{id}/duty":               `{"away":true}`,
	"POST /firms/{firm}/client-codes/{id}/end": `{"until":"2030-01-01"}`,
}

// things are what one firm has, by noun.
type things struct {
	firm testkit.F
	ids  map[string]string
}

// of is the thing that a part of a path names, by the segment before it.
func (th things) of(t *testing.T, path, name string) string {
	t.Helper()
	switch name {
	case "firm":
		return string(th.firm.ID)
	case "code":
		return th.firm.Code
	case "format", "kind":
		return "pdf"
	case "reminder":
		return "first"
	}
	noun, known := nounOf[name]
	if name == "id" {
		before, _, _ := strings.Cut(path, "/{id}")
		noun, known = segments[before[strings.LastIndex(before, "/")+1:]], true
	}
	id, there := th.ids[noun]
	if !known || noun == "" {
		t.Fatalf("route %s: no fixture for {%s}; add one to this test", path, name)
	}
	if !there || id == "" {
		return absentID
	}
	return id
}

var nounOf = map[string]string{"line": "line", "cut": "cut", "entry": "entry", "finding": "finding", "allocation": "allocation", "contact": "contact", "clock": "clock", "session": "session", "message": "message", "grant": "grant", "wall": "wall", "member": "member", "appeal": "appeal", "paper": "paper"}

var segments = map[string]string{
	"clients": "client", "client-groups": "group", "payors": "payor", "purchase-orders": "order", "client-codes": "client_code", "portals": "portal", "tax-codes": "tax_code", "tax-treatments": "treatment", "codes": "tax_code", "treatments": "treatment", "submissions": "submission", "lessons": "lesson", "receiver-reasons": "reason", "disputes": "dispute", "trust-accounts": "trust_account", "trust-ledgers": "trust_ledger", "trust-entries": "trust_entry", "trust-requests": "trust_request", "trust-reconciliations": "trust_reconciliation", "appeals": "appeal", "papers": "paper", "contacts": "contact", "matters": "matter", "timekeepers": "timekeeper", "rates": "rate", "exchange-rates": "exchange", "repricings": "repricing", "transfers": "transfer", "arrangements": "arrangement", "matter-recoveries": "matter_recovery", "guidelines": "guide", "imports": "import",
	"entries": "entry", "receipts": "receipt", "findings": "finding", "items": "item", "prebills": "prebill", "runs": "run", "invoices": "invoice", "credit-notes": "credit_note",
	"payments": "payment", "mails": "mail", "exports": "export", "audit": "leaf", "jobs": "job", "grants": "grant", "access": "grant", "access-requests": "request", "asked": "request", "sole": "request", "sole-administrators": "request", "requests": "request", "emergencies": "request", "conflict-checks": "check", "courses": "course", "deputies": "deputy", "certificates": "certificate", "requirements": "requirement", "walls": "wall", "roles": "role", "tokens": "token", "webhooks": "webhook", "letters": "wording", "reminders": "reminder_letter", "reminder-holds": "reminder_hold", "reminder-tasks": "reminder_task",
	"people": "person", "passkeys": "passkey", "recoveries": "recovery", "agreements": "agreement", "calendars": "calendar", "views": "view", "pools": "pool", "numbering": "series", "import-mappings": "mapping",
}
