package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// answers fails unless a call of the API has the status and the texts.
func (w world) answers(t *testing.T, method, path, sid, body string, status int, texts ...string) string {
	t.Helper()
	rec := w.call(method, "/api/v1"+path, sid, body, "If-Match", `"1"`)
	got := rec.Body.String()
	if rec.Code != status {
		t.Errorf("%s %s: %d %s, want %d", method, path, rec.Code, cutTo(got, 300), status)
	}
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("%s %s lacks %q: %s", method, path, text, cutTo(got, 500))
		}
	}
	return got
}

// A client of the API recovers a lost factor as the pages do: two administrators, a
// day between, the factor shown again before each word, and the person's own no.
func TestRecoveryByAPI(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	admin, second, owner := w.signIn(t, f, rbac.RoleFirmAdmin), w.signIn(t, f, rbac.RoleFirmAdmin), w.signIn(t, f, rbac.RolePartner)
	stranger := w.signIn(t, other, rbac.RoleFirmAdmin)
	at := "/firms/" + string(f.ID) + "/people/recoveries"
	var me struct{ Email string }
	if err := json.Unmarshal([]byte(w.answers(t, "GET", "/people/me", owner, "", 200)), &me); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"email":%q,"reason":"called back on the number we had"}`, me.Email)
	open := func(sid string) (id string) {
		var r struct{ ID string }
		if err := json.Unmarshal([]byte(w.answers(t, "POST", at, sid, body, 201, `"not_before"`)), &r); err != nil {
			t.Fatal(err)
		}
		return r.ID
	}

	w.answers(t, "POST", at, owner, body, 403)
	w.answers(t, "POST", at, admin, `{"email":"nobody@people.example","reason":"x"}`, 422, `"email"`)
	w.answers(t, "GET", "/people/me/recovery", owner, "", 200, `"waits":false`)
	id := open(admin)
	w.answers(t, "POST", at, second, body, 409, "recovery_waits")
	w.answers(t, "GET", at, second, "", 200, id, me.Email[:8], "called back")
	w.answers(t, "GET", at, owner, "", 403)
	w.answers(t, "POST", at+"/"+id+"/confirm", second, "", 409, "recovery_unripe")
	for _, what := range []string{"/confirm", "/refuse"} {
		w.answers(t, "POST", "/firms/"+string(other.ID)+"/people/recoveries/"+id+what, stranger, "", 404)
	}
	w.answers(t, "GET", "/people/me/recovery", owner, "", 200, `"waits":true`, `"not_before"`)
	w.answers(t, "POST", "/people/me/recovery/refuse", owner, "", 200, `"refused":1`)
	w.answers(t, "POST", at+"/"+id+"/confirm", second, "", 404)

	w.answers(t, "POST", at+"/"+open(admin)+"/refuse", second, "", 204)
	id = open(admin)
	c.Advance(6 * time.Minute)
	w.answers(t, "POST", at+"/"+id+"/refuse", second, "", 403, "factor_stale")
	c.Advance(24 * time.Hour)
	third := w.signIn(t, f, rbac.RoleFirmAdmin)
	w.answers(t, "POST", at+"/"+id+"/confirm", third, "", 204)
	if rec := w.call("GET", "/api/v1/people/me", owner, ""); rec.Code != http.StatusUnauthorized {
		t.Errorf("a session outlives the factor: %d", rec.Code)
	}
	for action, want := range map[string]int64{"recovery.opened": 3, "recovery.refused": 2, "recovery.confirmed": 1} {
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, f.ID, action); n != want {
			t.Errorf("%s: %d leaves, want %d", action, n, want)
		}
	}
}
