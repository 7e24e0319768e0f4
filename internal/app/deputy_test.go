package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A partner names a deputy on the page and through the API, what waits for them reaches
// the deputy marked with their name, the approval names both, and a leaver's ends with
// them: over the whole program as it is wired.
func TestADeputyOverTheWholeProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	th := things{firm: f, ids: map[string]string{}}
	principal, admin, keeper := w.visitor(t, th, rbac.RolePartner), w.visitor(t, th, rbac.RoleFirmAdmin), w.visitor(t, th, rbac.RoleTimekeeper)
	who := ident.PersonID(f.Text(t, `SELECT person_id FROM access_grant WHERE firm_id = ? AND role = 'partner'`, f.ID))
	f.Exec(t, `UPDATE person SET name = 'Ines Vane' WHERE id = ?`, who)
	second := w.visitor(t, th, rbac.RolePartner)
	stand := ident.PersonID(f.Text(t, `SELECT person_id FROM access_grant WHERE firm_id = ? AND role = 'partner' AND person_id <> ?`, f.ID, who))
	f.Exec(t, `UPDATE person SET name = 'Jon Abel' WHERE id = ?`, stand)
	m, k := f.Matter(t), f.Timekeeper(t, "TK1", "ASSOC", 4_000_000)
	f.Exec(t, `UPDATE matter SET responsible_id = ? WHERE firm_id = ? AND id = ?`, who, f.ID, m.ID)
	f.Work(t, m, k, "2026-02-09", 20_000, 4_000_000)
	specialist := f.As(t, rbac.RoleSpecialist)
	bill, err := w.s.Prebills.Build(specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})
	if err == nil {
		bill, err = w.s.Prebills.Submit(specialist, bill.ID, bill.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	at, api := "/firms/"+string(f.ID), "/api/v1/firms/"+string(f.ID)
	send := func(v *visitor, path string, pairs ...string) answer {
		form := url.Values{"csrf": {v.token}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return v.ask(http.MethodPost, path, form.Encode())
	}
	want := func(what string, got answer, status int, texts ...string) {
		t.Helper()
		if got.status != status {
			t.Errorf("%s: %d, want %d: %s", what, got.status, status, cutTo(got.body, 400))
		}
		for _, text := range texts {
			if !strings.Contains(got.body, text) {
				t.Errorf("%s lacks %q", what, text)
			}
		}
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	today := w.s.Clock.Now().In(zone)
	first, last := today.Format(time.DateOnly), today.AddDate(0, 0, 6).Format(time.DateOnly)

	want("the account leads to it", principal.ask("GET", "/people/me", ""), 200, at+"/deputies")
	want("the access page too", admin.ask("GET", at+"/access", ""), 200, "/firms/ID/deputies")
	want("the page", principal.ask("GET", at+"/deputies", ""), 200, "Nobody stands in for anybody", "Jon Abel")
	want("without the permission", keeper.ask("GET", at+"/deputies", ""), 403)
	want("nobody chosen", send(principal, at+"/deputies", "from", first, "until", last, "reason", "Leave"), 422, "Choose a person")
	want("half a day", send(principal, at+"/deputies", "deputy", string(stand), "from", "2026-13-01", "until", last, "reason", "Leave"), 422, "Enter the day as 2026-12-31")
	want("no reason, and what was typed", send(principal, at+"/deputies", "deputy", string(stand), "from", first, "until", last), 422, `value="`+last+`"`)
	want("named", send(principal, at+"/deputies", "deputy", string(stand), "from", first, "until", last, "reason", "Annual leave"), 303)
	want("a second", send(principal, at+"/deputies", "deputy", string(stand), "from", first, "until", last, "reason", "Annual leave"), 409, "Ines Vane has a deputy until")
	want("the page after", principal.ask("GET", at+"/deputies", ""), 200, "Stands in", "End now", "Annual leave")
	until := f.Text(t, `SELECT to_char(until_at AT TIME ZONE 'America/New_York', 'YYYY-MM-DD HH24:MI') FROM deputy WHERE firm_id = ?`, f.ID)
	if next := today.AddDate(0, 0, 7).Format(time.DateOnly) + " 00:00"; until != next {
		t.Errorf("it holds until %s, want to the end of the last day, %s", until, next)
	}

	want("the deputy's list", second.ask("GET", at+"/prebills", ""), 200, "for Ines Vane", "For Ines Vane")
	want("what waits for Ines alone", second.ask("GET", at+"/prebills?status=in_review&waits_for="+string(who), ""), 200, "for Ines Vane")
	want("the principal's list", principal.ask("GET", at+"/prebills", ""), 200)
	want("through the API", second.ask("GET", api+"/prebills", ""), 200, `"stands_for":"Ines Vane"`)
	want("where they land", second.ask("GET", at+"/sla", ""), 200, "You stand in for Ines Vane: 1 pre-bill waits for them.")
	want("what waits for one person, to the administrator", admin.ask("GET", at+"/prebills?status=in_review&waits_for="+string(who), ""), 200, "For one person", bill.Name())
	want("the pre-bill", second.ask("GET", at+"/prebills/"+string(bill.ID), ""), 200, "for whom you stand in")
	v, err := w.s.Prebills.Get(f.Acting(stand), bill.ID)
	if err != nil {
		t.Fatal(err)
	}
	want("approved", send(second, at+"/prebills/"+string(bill.ID)+"/approve", "version", fmt.Sprint(v.Version), "hash", v.Hash), 303)
	want("the approved one", principal.ask("GET", at+"/prebills/"+string(bill.ID), ""), 200, "Approved by Jon Abel for Ines Vane")
	want("through the API too", principal.ask("GET", api+"/prebills/"+string(bill.ID), ""), 200, `"approved_by":"Jon Abel"`, `"approved_for":"Ines Vane"`, `"approved_for_id":"`)
	want("the audit log", admin.ask("GET", api+"/audit?object_id="+string(bill.ID), ""), 200, `"on_behalf_of":"Ines Vane"`)

	_, err = w.s.Invoices.StartRun(specialist, invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: f.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := app.NewEngine(w.worker)
	if err == nil {
		_, err = engine.Drain(t.Context(), f.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	want("its invoice", principal.ask("GET", at+"/invoices/"+f.Text(t, `SELECT id FROM invoice WHERE firm_id = ?`, f.ID), ""), 200, "Approved by Jon Abel for Ines Vane")

	id := f.Text(t, `SELECT id FROM deputy WHERE firm_id = ?`, f.ID)
	want("given back", send(second, at+"/deputies/"+id+"/end"), 303)
	want("twice", send(second, at+"/deputies/"+id+"/end"), 303)
	want("the page says so", principal.ask("GET", at+"/deputies", ""), 200, "given back by Jon Abel")
	body := fmt.Sprintf(`{"principal_id":%q,"deputy_id":%q,"from":%q,"until":%q,"reason":"A trial"}`, who, stand, today.UTC().Format(time.RFC3339Nano), today.AddDate(0, 0, 3).UTC().Format(time.RFC3339Nano))
	want("a partner for somebody else", second.ask("POST", api+"/deputies", body), 403)
	want("named through the API", admin.ask("POST", api+"/deputies", body), 201, `"principal_name":"Ines Vane"`, `"deputy_name":"Jon Abel"`)
	want("listed", admin.ask("GET", api+"/deputies", ""), 200, `"ended_why":"deputy"`, `"reason":"A trial"`)
	want("too long", admin.ask("POST", api+"/deputies", strings.Replace(body, today.AddDate(0, 0, 3).UTC().Format(time.RFC3339Nano), today.AddDate(0, 0, 100).UTC().Format(time.RFC3339Nano), 1)), 422, `"path":"until"`)

	if err := w.s.Grants.Remove(f.Acting(ident.PersonID(f.Text(t, `SELECT person_id FROM access_grant WHERE firm_id = ? AND role = 'firm_admin'`, f.ID))), who); err != nil {
		t.Fatal(err)
	}
	list, err := w.s.Deputies.List(f.Acting(stand), page.Request{})
	trial := slices.IndexFunc(list.Items, func(s deputy.Stead) bool { return s.Reason == "A trial" })
	if err != nil || trial < 0 || list.Items[trial].Why != deputy.WhyLeft {
		t.Errorf("after the principal left: %+v, %v", list.Items, err)
	}
	// A grant that ran out is found by the worker, with the worker's own rights.
	third := f.As(t, rbac.RolePartner)
	st, err := w.s.Deputies.Name(f.Acting(stand), deputy.Draft{Deputy: testkit.Actor(third), From: w.s.Clock.Now(), Until: w.s.Clock.Now().AddDate(0, 0, 3), Reason: "A trial"})
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `UPDATE access_grant SET until_at = ? WHERE firm_id = ? AND person_id = ?`, w.s.Clock.Now(), f.ID, testkit.Actor(third))
	if n, err := w.worker.Deputies.Sweep(t.Context()); err != nil || n < 1 {
		t.Errorf("the sweep ended %d, %v", n, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM deputy d JOIN person_letter l ON l.firm_id = d.firm_id AND l.about = d.id AND l.kind = 'deputy_left' WHERE d.firm_id = ? AND d.id = ? AND d.ended_why = 'left' AND d.ended_by IS NULL`, f.ID, st.ID); n != 1 {
		t.Errorf("%d letters of the sweep", n)
	}
	want("the letter's link", admin.ask("GET", at+"/prebills?status=in_review&waits_for="+string(who), ""), 200, "No pre-bills here")
}
