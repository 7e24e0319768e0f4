package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/rbac"
)

// internals are words of the language and its decoders, which no answer holds.
var internals = regexp.MustCompile(`json: |Go value|Go struct|unmarshal|strconv|parsing time|reflect\.|float64|int64|uint8|time\.Time|2006-01-02|huma|\.go:`)

// misfits are values that some kinds of field cannot hold.
var misfits = []string{`1.0`, `1.5`, `1e30`, `1e999`, `-1`, `9223372036854775808`, `"x"`, `""`, `"2026-02-30T25:61:00Z"`, `true`, `null`, `[]`, `[7]`, `{}`, `{"x":1}`, `[[[]]]`}

// elsewhere is where those come from who guess at passwords here.
const elsewhere = "198.51.100.7:1234"

// Each operation that takes a body says of each field what does not fit and never how
// the program reads it; a body of another kind than JSON is 415 before it is read.
func TestABodyThatDoesNotFitIsNamedInPlainWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	doc := w.openAPI(t)
	v := map[rbac.Role]*visitor{}
	for _, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleTeamLead, rbac.RoleBureauAdmin} {
		v[role] = w.visitor(t, own, role)
	}
	fields := 0
	for _, r := range w.web.Routes() {
		body, ok := doc.body(r)
		if !r.JSON || !ok {
			continue
		}
		who := v[rbac.RoleBureauAdmin]
		for _, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleTeamLead} {
			if w.policy.Allows(role, r.Needs) || rbac.Open(r.Needs) {
				who = v[role]
				break
			}
		}
		path := who.fill(r, own, "", "")
		if who.role == rbac.RoleBureauAdmin {
			path = strings.Replace(path, string(own.firm.ID), string(w.bureau.ID), 1)
		}
		whole := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(who.body(r, own)), &whole); err != nil {
			t.Errorf("%s %s: its fixture is no object: %v", r.Method, r.Path, err)
		}
		for _, name := range slices.Sorted(maps.Keys(body.Properties)) {
			fields++
			for _, value := range misfits {
				tells(who, r, path, whole, name, value, doc.resolve(body.Properties[name]))
			}
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"} {
			got := w.callFrom(elsewhere, r.Method, path, who.sid, who.body(r, own), "Content-Type", kind, "If-Match", `"1"`)
			if got.Code != http.StatusUnsupportedMediaType || got.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(got.Body.String(), `"code":"content_type"`) || !strings.Contains(got.Body.String(), "takes application/json") {
				t.Errorf("%s %s as %s: %d %s", r.Method, r.Path, kind, got.Code, got.Body)
			}
		}
	}
	if fields < 100 {
		t.Errorf("only %d fields were tried", fields)
	}
	got := w.call(http.MethodPost, "/api/v1/firms/"+own.ids["firm"]+"/imports", v[rbac.RoleSpecialist].sid, `{}`)
	if got.Code != http.StatusUnsupportedMediaType || !strings.Contains(got.Body.String(), "takes multipart/form-data") {
		t.Errorf("an import as JSON: %d %s", got.Code, got.Body)
	}
	for query, says := range map[string]string{"from=zz": "a moment such as", "limit=zz": "enter a whole number"} {
		got := w.call(http.MethodGet, "/api/v1/firms/"+own.ids["firm"]+"/audit?"+query, v[rbac.RoleFirmAdmin].sid, "")
		if got.Code != http.StatusUnprocessableEntity || internals.MatchString(got.Body.String()) || !strings.Contains(got.Body.String(), says) {
			t.Errorf("?%s: %d %s", query, got.Code, got.Body)
		}
	}
}

// tells sends a body with one value that may not fit.
func tells(v *visitor, r httpd.Route, path string, whole map[string]json.RawMessage, name, value string, s shape) {
	v.t.Helper()
	sent := map[string]json.RawMessage{}
	for n, part := range whole {
		sent[n] = part
	}
	sent[name] = json.RawMessage(value)
	text, err := json.Marshal(sent)
	if err != nil {
		v.t.Fatal(err)
	}
	got := v.w.callFrom(elsewhere, r.Method, path, v.sid, string(text), "If-Match", `"1"`)
	if at := internals.FindString(got.Body.String()); at != "" || got.Code >= 500 {
		v.t.Errorf("%s %s with %s: %s answers %d with %q: %s", r.Method, r.Path, name, value, got.Code, at, cutTo(got.Body.String(), 500))
	}
	if strings.Contains(got.Body.String(), `"request_invalid"`) && !strings.Contains(got.Body.String(), `"path"`) {
		v.t.Errorf("%s %s with %s: %s: no field is named: %s", r.Method, r.Path, name, value, got.Body)
	}
	wrong := s.Type == "integer" && slices.Contains([]string{`1.5`, `1e999`, `"x"`, `true`, `[]`, `{}`}, value) ||
		s.Type == "string" && slices.Contains([]string{`1.0`, `1e999`, `true`, `[]`, `{}`}, value) || s.Type == "boolean" && value != `true` && value != `null`
	if wrong && (got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), fmt.Sprintf(`"path":%q`, name))) {
		v.t.Errorf("%s %s with %s: %s: %d, the field is not named: %s", r.Method, r.Path, name, value, got.Code, cutTo(got.Body.String(), 300))
	}
}
