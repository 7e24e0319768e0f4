package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	b, who := s.as(t, f, rbac.RolePartner)
	me := b.get("/api/v1/people/me").want(t, 200, string(who), string(f.ID))
	if me.header.Get("Cache-Control") != "no-store" || me.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", me.header)
	}
	sessions := b.get("/api/v1/sessions").want(t, 200, `"current":true`)
	if strings.Contains(sessions.body, b.cookie["docketry_sid"]) {
		t.Error("the list shows the token")
	}
	old := b.cookie["docketry_sid"]
	b.send("DELETE", "/api/v1/sessions/current", nil).want(t, 204)
	b.cookie["docketry_sid"] = old
	b.get("/api/v1/people/me").want(t, 401, `"code":"session_missing"`)
}

func TestT12TheTokenChangesAtSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	b, who := s.as(t, f, rbac.RoleTimekeeper)
	fixed := b.cookie["docketry_sid"]
	b.send("POST", "/api/v1/sessions", map[string]string{"email": string(who) + "@people.example", "password": password}).want(t, 201)
	if b.cookie["docketry_sid"] == fixed {
		t.Error("the token from before sign-in lives on")
	}
	after := b.cookie["docketry_sid"]
	b.cookie["docketry_sid"] = fixed
	b.get("/api/v1/people/me").want(t, 401)
	b.cookie["docketry_sid"] = after
	b.get("/api/v1/people/me").want(t, 200)
}

func TestT05TheSessionIsBoundToOneFirm(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	one, two := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	b, who := s.as(t, one, rbac.RolePartner)
	two.Grant(t, who, rbac.RolePartner)
	b.get(at(one, "/clients")).want(t, 200)
	b.get(at(two, "/clients")).want(t, 404, `"code":"not_found"`)
	before := b.cookie["docketry_sid"]
	b.send("PUT", "/api/v1/people/me/firm", map[string]string{"firm_id": string(two.ID)}).want(t, 200, string(two.ID))
	if b.cookie["docketry_sid"] == before {
		t.Error("the token stayed the same over the switch")
	}
	b.get(at(two, "/clients")).want(t, 200)
	b.get(at(one, "/clients")).want(t, 404)
	b.send("PUT", "/api/v1/people/me/firm", map[string]string{"firm_id": string(testkit.Firm(t, s.d).ID)}).want(t, 404)
}

func TestRefusedSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser(t)
	unknown := b.send("POST", "/api/v1/sessions", map[string]string{"email": "nobody@people.example", "password": password}).want(t, 401, `"code":"sign_in_refused"`)
	if strings.Contains(unknown.body, "nobody@") || strings.Contains(unknown.body, password) {
		t.Errorf("the answer repeats what was sent: %s", unknown.body)
	}
	b.get("/api/v1/people/me").want(t, 401)
}

func TestInviteEnrolAndReset(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	email := "nora." + string(f.ID)[24:] + "@people.example"
	admin.send("POST", at(f, "/people"), map[string]any{"name": "Nora Quill", "email": email, "role": "partner", "scope": "all", "class": 3, "label": "restricted", "reason": "new partner"}).
		want(t, 201, `"role":"partner"`)
	nora := s.browser(t)
	nora.send("POST", "/api/v1/enrolments", map[string]string{"token": s.post.token[email], "password": "short"}).want(t, 422, `"path":"password"`)
	nora.send("POST", "/api/v1/enrolments", map[string]string{"token": s.post.token[email], "password": password}).want(t, 204)
	nora.send("POST", "/api/v1/enrolments", map[string]string{"token": s.post.token[email], "password": password}).want(t, 404)
	nora.send("POST", "/api/v1/sessions", map[string]string{"email": email, "password": password}).want(t, 201, `"factor_due":true`)
	nora.get(at(f, "/grants")).want(t, 403, `"code":"factor_due"`)
	nora.setUpApp(s)
	nora.get(at(f, "/grants")).want(t, 200)
	nora.send("POST", "/api/v1/password-resets", map[string]string{"email": email}).want(t, 204)
	nora.send("POST", "/api/v1/password-resets", map[string]string{"email": "un" + email}).want(t, 204)
	nora.send("PUT", "/api/v1/people/me/password", map[string]string{"present": "no", "password": password}).want(t, 422, `"code":"password_wrong"`)
	nora.send("PUT", "/api/v1/people/me/password", map[string]string{"present": password, "password": "nine tall poplars lean west"}).want(t, 204)
}

func TestGrantsAndWallsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	m := f.Matter(t)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	ines, who := s.as(t, testkit.Bureau(t, s.d), rbac.RoleSpecialist) // works for no firm yet
	ines.get(at(f, "/matters")).want(t, 404)
	until := testkit.Now.AddDate(0, 0, 30).Format("2006-01-02T15:04:05Z")
	give := map[string]any{"person_id": string(who), "role": "specialist", "scope": "matter", "scope_ids": []string{string(m.ID)}, "class": 2, "label": "standard", "until": until, "reason": "close"}
	g := admin.send("POST", at(f, "/grants"), give).want(t, 201)
	ines.get(at(f, "/matters")).want(t, 200, m.Number)
	ines.get(at(f, "/matters/"+string(m.ID))).want(t, 200)
	w := admin.send("POST", at(f, "/walls"), map[string]any{"person_id": string(who), "matter_ids": []string{string(m.ID)}, "reason": "EW-07"}).want(t, 201)
	ines.get(at(f, "/matters/"+string(m.ID))).want(t, 404)
	admin.send("DELETE", at(f, "/walls/"+w.field(t, "id")), nil).want(t, 204)
	ines.get(at(f, "/matters/"+string(m.ID))).want(t, 200)
	admin.get(at(f, "/grants")).want(t, 200, "close", m.Number)
	extended := admin.send("POST", at(f, "/grants/"+g.field(t, "id")+"/extend"), map[string]any{"until": testkit.Now.AddDate(0, 0, 60).Format("2006-01-02T15:04:05Z"), "reason": "longer"}).want(t, 201)
	admin.send("DELETE", at(f, "/grants/"+extended.field(t, "id")), nil).want(t, 204)
	ines.get(at(f, "/matters/"+string(m.ID))).want(t, 404)
	admin.send("POST", at(f, "/grants"), map[string]any{"person_id": string(who), "role": "specialist", "scope": "all", "class": 2, "label": "standard", "reason": "no end"}).
		want(t, 422, `"path":"until"`)
	admin.get(at(f, "/staff")).want(t, 200, string(who))
	admin.get(at(f, "/people")).want(t, 200, string(who))
	admin.send("DELETE", at(f, "/people/"+string(who)), nil).want(t, 204)
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'access.denied'`, f.ID); n == 0 {
		t.Error("the visits behind the wall left no leaf")
	}
}

func TestMastersOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	client := admin.send("POST", at(f, "/clients"), map[string]string{"number": "00417", "name": "Pelham Freight Lines"}).want(t, 201)
	if client.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %q", client.header.Get("ETag"))
	}
	id := client.field(t, "id")
	change := map[string]string{"number": "00417", "name": "Pelham Freight"}
	admin.send("PUT", at(f, "/clients/"+id), change).want(t, 422, `"code":"version_missing"`)
	admin.send("PUT", at(f, "/clients/"+id), change, "If-Match", `"0"`).want(t, 412, `"code":"version_stale"`)
	admin.send("PUT", at(f, "/clients/"+id), change, "If-Match", `"-1"`).want(t, 422, `"code":"version_missing"`)
	admin.send("PUT", at(f, "/clients/"+id), change, "If-Match", `"1"`).want(t, 200, `"version":2`)
	admin.send("PUT", at(f, "/clients/"+id), change, "If-Match", `"1"`).want(t, 412, `"code":"version_stale"`)
	payor := admin.send("POST", at(f, "/payors"), map[string]any{"client_id": id, "name": "Pelham Freight Lines, Inc.", "address": "1 Drayage Way\nElizabeth, NJ 07201", "country": "US", "terms_days": 30, "delivery": "mail_link"}).want(t, 201, `"ebill":"ledes_flat"`)
	reads := map[string]any{"name": "Pelham Freight Lines, Inc.", "address": "1 Drayage Way\nElizabeth, NJ 07201", "country": "US", "terms_days": 30, "delivery": "mail_link", "ebill": "ledes_xml_21"}
	admin.send("PUT", at(f, "/payors/"+payor.field(t, "id")), reads, "If-Match", `"1"`).want(t, 200, `"ebill":"ledes_xml_21"`)
	delete(reads, "ebill")
	admin.send("PUT", at(f, "/payors/"+payor.field(t, "id")), reads, "If-Match", `"2"`).want(t, 200, `"ebill":"ledes_xml_21"`)
	reads["ebill"] = "ubl"
	admin.send("PUT", at(f, "/payors/"+payor.field(t, "id")), reads, "If-Match", `"3"`).want(t, 422, "ebill")
	contact := admin.send("POST", at(f, "/payors/"+payor.field(t, "id")+"/contacts"), map[string]string{"name": "Ruth Okonjo", "email": "payables@pelham.example"}).want(t, 201)
	admin.send("POST", at(f, "/contacts/"+contact.field(t, "id")+"/verify"), nil, "If-Match", `"1"`).want(t, 200, "verified_at")
	m := map[string]any{"client_id": id, "payor_id": payor.field(t, "id"), "number": "00417-0032", "name": "Pelham v. Cobalt", "label": "confidential", "task_set": "litigation", "currency": "USD", "tax_rate": "0.2", "opened_on": "2026-02-09"}
	admin.send("POST", at(f, "/matters"), m).want(t, 201, `"tax_rate":"0.2"`, `"opened_on":"2026-02-09"`)
	m["opened_on"] = "9 Feb 2026"
	admin.send("POST", at(f, "/matters"), m).want(t, 422, `"path":"opened_on"`)
	keeper := admin.send("POST", at(f, "/timekeepers"), map[string]string{"code": "RV", "name": "Rosalind Vane", "class": "PARTNR"}).want(t, 201)
	admin.send("POST", at(f, "/rates"), map[string]string{"timekeeper_id": keeper.field(t, "id"), "rate": "685", "currency": "USD", "from": "2026-01-01"}).want(t, 201, `"rate":"685.0"`)
	admin.get(at(f, "/payors/"+payor.field(t, "id"))).want(t, 200, "payables@pelham.example")
}

func TestFirmsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	admin, _ := s.as(t, s.bureau, rbac.RoleBureauAdmin)
	n := map[string]any{"code": "HVL", "name": "Hollis & Vane LLP", "tz": "America/New_York", "currency": "USD", "country": "US", "address": "410 Juniper Street\nAlbany, NY 12207",
		"admin": map[string]string{"name": "Wen Adeyemi", "email": "wen.adeyemi@hollisvane.example"}}
	made := admin.send("POST", "/api/v1/firms", n).want(t, 201)
	admin.send("POST", "/api/v1/firms", n).want(t, 409, `"code":"firm_code_taken"`)
	admin.get("/api/v1/firms?all=true").want(t, 200, made.field(t, "id"))
	admin.get("/api/v1/firms/"+made.field(t, "id")).want(t, 404)
	wen := s.browser(t)
	wen.send("POST", "/api/v1/enrolments", map[string]string{"token": s.post.token["wen.adeyemi@hollisvane.example"], "password": password}).want(t, 204)
	wen.send("POST", "/api/v1/sessions", map[string]string{"email": "wen.adeyemi@hollisvane.example", "password": password}).want(t, 201, made.field(t, "id"))
	wen.setUpApp(s)
	own := "/api/v1/firms/" + made.field(t, "id")
	wen.get(own).want(t, 200, "Albany").header.Get("ETag")
	wen.send("PUT", own+"/bank", map[string]string{"name": "Mohawk Valley Trust", "account": "4410029917", "code": "021305387"}, "If-Match", `"1"`).want(t, 422, `"path":"bank_code"`)
	wen.send("PUT", own+"/bank", map[string]string{"name": "Mohawk Valley Trust", "account": "4410029917", "code": "021305386"}, "If-Match", `"1"`).want(t, 200)
	wen.send("PUT", own+"/numbering/invoice", map[string]string{"pattern": "HV-{YY}{seq:4}"}, "If-Match", `"1"`).want(t, 204)
	wen.get(own+"/numbering").want(t, 200, "HV-{YY}{seq:4}")
	wen.send("POST", "/api/v1/firms", n).want(t, http.StatusNotFound)
}

// Nobody named a proxy, so nobody may say in a header where a request comes from.
func TestT10_AForgedForwardedHeaderSparesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser(t)
	b.remote = "198.51.100.7:4711"
	statuses := map[int]int{}
	for i := range 12 {
		spoof := fmt.Sprintf("203.0.113.%d", i)
		r := b.send("POST", "/api/v1/sessions", map[string]string{"email": fmt.Sprintf("victim%d@people.example", i), "password": password},
			"X-Forwarded-For", spoof, "X-Real-Ip", spoof, "Forwarded", "for="+spoof)
		if statuses[r.status]++; r.status == 429 && r.header.Get("Retry-After") == "" {
			t.Error("throttled without Retry-After")
		}
	}
	if statuses[401] != 5 || statuses[429] != 7 {
		t.Errorf("answers by status: %v, want five tries and then 429", statuses)
	}
}
