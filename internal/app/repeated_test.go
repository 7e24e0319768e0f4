package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// whose names the person of a session.
func (w world) whose(t *testing.T, sid string) ident.PersonID {
	t.Helper()
	var me struct {
		ID ident.PersonID `json:"id"`
	}
	if err := json.Unmarshal(w.call(http.MethodGet, "/api/v1/people/me", sid, "").Body.Bytes(), &me); err != nil || me.ID == "" {
		t.Fatalf("who signed in: %+v, %v", me, err)
	}
	return me.ID
}

// A repeated request is answered as the first was only while who asks may see all that they
// could: not after a wall, a matter's label, a grant that ended, nor with a token that shows
// less. That it was done is all that they learn then. Each repeated answer leaves a leaf.
func TestT24ARepeatedAnswerIsForWhoStillSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, end := range map[string]func(f testkit.F, who ident.PersonID, m testkit.M){
		"a wall": func(f testkit.F, who ident.PersonID, m testkit.M) { f.Wall(t, who, m.ID) },
		"a label": func(f testkit.F, _ ident.PersonID, m testkit.M) {
			f.Exec(t, `UPDATE matter SET label = 3 WHERE firm_id = ? AND id = ?`, f.ID, m.ID)
		},
		"a lower grant": func(f testkit.F, who ident.PersonID, _ testkit.M) {
			f.Exec(t, `UPDATE access_grant SET class = 1 WHERE firm_id = ? AND person_id = ?`, f.ID, who)
		},
	} {
		f := testkit.Firm(t, w.s.DB)
		m := f.Matter(t)
		f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
		sid := w.signIn(t, f, rbac.RoleSpecialist)
		who := w.whose(t, sid)
		path, body := "/firms/"+string(f.ID)+"/exports/preview", `{"from":"2026-01-01","to":"2026-12-31","matter_ids":["`+string(m.ID)+`"],"form":"full","hours":24,"reason":"x"}`
		first := w.keyed(sid, path, body, "pv-1")
		again := w.keyed(sid, path, body, "pv-1")
		if first.Code != 200 || again.Code != 200 || again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
			t.Fatalf("%s: first %d %s\nagain %d %s", name, first.Code, first.Body, again.Code, again.Body)
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'answer.seen' AND actor = ?`, f.ID, who); n != 1 {
			t.Errorf("%s: %d leaves of the repeated answer, want 1", name, n)
		}
		end(f, who, m)
		if late := w.keyed(sid, path, body, "pv-1"); late.Code != 409 && late.Code != 403 && late.Code != 404 || strings.Contains(late.Body.String(), "narrative") || strings.Contains(late.Body.String(), "matter_n") {
			t.Errorf("after %s: %d %s", name, late.Code, late.Body)
		}
	}
}

// A person's token is not shown what the person's session was, under the same key.
func TestT08ATokenRepeatsNothingOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	v := w.visitor(t, own, rbac.RoleFirmAdmin)
	path := "/firms/" + own.ids["firm"] + "/matters"
	body := `{"client_id":"` + own.ids["client"] + `","payor_id":"` + own.ids["payor"] + `","number":"N-77","name":"A quiet matter","label":"confidential","currency":"USD","opened_on":"2026-01-01"}`
	if r := w.keyed(v.sid, path, body, "m-1"); r.Code != 201 || !strings.Contains(r.Body.String(), "A quiet matter") {
		t.Fatalf("made: %d %s", r.Code, r.Body)
	}
	if r := w.keyed(v.sid, path, body, "m-1"); r.Code != 201 || r.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("again by the session: %d %s", r.Code, r.Body)
	}
	token, _ := w.programOf(t, own.firm.Acting(w.whose(t, v.sid)))
	req := httptest.NewRequest(http.MethodPost, "/api/v1"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "m-1")
	req.Header.Set("Authorization", "Bearer "+token.token)
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	if rec.Code != 409 || !strings.Contains(rec.Body.String(), `"done_already"`) || strings.Contains(rec.Body.String(), "quiet") {
		t.Errorf("by the token: %d %s", rec.Code, rec.Body)
	}
	if n := own.firm.Count(t, `SELECT count(*) FROM matter WHERE firm_id = ? AND number = 'N-77'`, own.firm.ID); n != 1 {
		t.Errorf("%d matters", n)
	}
}

// What gives or ends access moves the version that answers are kept by; its own answer is
// repeated all the same, and not when somebody else moved it meanwhile.
func TestI15WhatChangesAccessIsRepeatedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleFirmAdmin)
	path := "/firms/" + own.ids["firm"] + "/walls"
	body := `{"person_id":"` + own.ids["person"] + `","matter_ids":["` + own.ids["matter"] + `"],"reason":"acted for the other side"}`
	first := w.keyed(sid, path, body, "w-1")
	again := w.keyed(sid, path, body, "w-1")
	if first.Code != 201 || again.Code != 201 || again.Body.String() != first.Body.String() {
		t.Errorf("first %d %s\nagain %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	own.firm.As(t, rbac.RoleSpecialist)
	if late := w.keyed(sid, path, body, "w-1"); late.Code != 409 || !strings.Contains(late.Body.String(), `"done_already"`) {
		t.Errorf("after another grant: %d %s", late.Code, late.Body)
	}
}

// A page that shows a secret is kept no more than an operation's answer: the same form sent
// again, from "back" or another browser of the session, says that it was done.
func TestT08APageShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	v := w.visitor(t, own, rbac.RoleFirmAdmin)
	firm := "/firms/" + own.ids["firm"]
	for name, c := range map[string]struct{ path, form, secret string }{
		"a token":         {firm + "/tokens", "name=Ledger&days=30&class=1&networks=198.51.100.0%2F24&permissions=matter.read", "dkt_"},
		"a webhook":       {firm + "/webhooks", "url=https%3A%2F%2Fhooks.example.com%2Fx&events=invoice.issued", "dkwh_"},
		"a renewed hook":  {firm + "/webhooks/" + own.ids["webhook"] + "/secret", "", "dkwh_"},
		"an export's key": {firm + "/exports/new", "from=2026-01-01&to=2026-03-01&form=redacted&hours=24&reason=because", "AGE-SECRET-KEY-"},
	} {
		form := "csrf=" + formToken.FindStringSubmatch(w.send(v.sid, http.MethodGet, "/people/me", "").Body.String())[1] + "&" + c.form
		first := w.send(v.sid, http.MethodPost, c.path, form)
		if first.Code != 200 || !strings.Contains(first.Body.String(), c.secret) {
			t.Errorf("%s: %d %s", name, first.Code, cutTo(first.Body.String(), 2000))
			continue
		}
		again := w.send(v.sid, http.MethodPost, c.path, form)
		if again.Code != 409 || strings.Contains(again.Body.String(), c.secret) {
			t.Errorf("%s again: %d, shown: %v", name, again.Code, strings.Contains(again.Body.String(), c.secret))
		}
	}
}
