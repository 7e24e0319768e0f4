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

// Class is of a grant: who holds class 1 on one matter and class 3 on another learns of the
// first no name, amount or note, wherever both could be told.
func TestT24_ClassIsOfEachGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	f := own.firm
	high := f.Matter(t)
	f.Exec(t, `UPDATE prebill SET note = 'a privileged note' WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"])
	low := ident.MatterID(f.Text(t, `SELECT matter_id FROM prebill WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"]))
	arranged := f.Arrange(t, testkit.M{ID: low}, "2026-01-01", `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":77777700}]}`)
	name := f.Text(t, `SELECT name || '|' || number FROM matter WHERE firm_id = ? AND id = ?`, f.ID, low)
	mname, number, _ := strings.Cut(name, "|")
	f.Exec(t, `INSERT INTO rate (firm_id, id, matter_id, rate_e4, currency, valid, reason, created_at) SELECT firm_id, gen_random_uuid(), id, 7654300, currency, daterange('2026-01-01', NULL), 'a secret deal', now() FROM matter WHERE firm_id = ? AND id = ?`, f.ID, low)
	sid := w.signIn(t, f, rbac.RoleSpecialist)
	who := w.whose(t, sid)
	f.Exec(t, `UPDATE access_grant SET ended_at = now() WHERE firm_id = ? AND person_id = ?`, f.ID, who)
	f.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(low), testkit.UpToClass(1))
	f.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(high.ID), testkit.UpToClass(3))
	root := "/api/v1/firms/" + string(f.ID)
	for _, path := range []string{"/matters", "/matters/" + string(low), "/clients", "/payors", "/rates", "/arrangements", "/arrangements/" + string(arranged), "/findings", "/guidelines", "/sla/cycles", "/prebills", "/prebills/" + own.ids["prebill"], "/prebills/ready"} {
		rec := w.call(http.MethodGet, root+path, sid, "")
		for _, secret := range []string{mname, number, "777777", "765.43", "secret deal", "privileged note"} {
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s: %d tells %q: %s", path, rec.Code, secret, cutTo(rec.Body.String(), 400))
			}
		}
	}
	item := f.Text(t, `SELECT id FROM work_item WHERE firm_id = ? AND matter_id = ? ORDER BY created_at LIMIT 1`, f.ID, low)
	if rec := w.call(http.MethodGet, root+"/items/"+item, sid, ""); rec.Code != 200 || strings.Contains(rec.Body.String(), number) {
		t.Errorf("the item: %d tells %q: %s", rec.Code, number, cutTo(rec.Body.String(), 400))
	}
	for _, c := range []struct{ path, body string }{
		{"/prebills", `{"matter_id":"` + string(low) + `","through_on":"2026-03-01"}`},
		{"/prebills/" + own.ids["prebill"] + "/prices/put", `{"arrangement_id":"` + string(arranged) + `"}`},
		{"/prebills/" + own.ids["prebill"] + "/submit", ``},
		{"/prebills/" + own.ids["prebill"] + "/cancel", ``},
	} {
		rec := w.keyed(sid, "/firms/"+string(f.ID)+c.path, c.body, "low "[:3]+strings.ReplaceAll(c.path, "/", "-")[:8]+string(rune('a'+len(c.path)%26)))
		if rec.Code < 400 || strings.Contains(rec.Body.String(), "privileged note") {
			t.Errorf("%s: %d %s", c.path, rec.Code, rec.Body)
		}
	}
}
