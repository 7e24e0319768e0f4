package app_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// cleared is a person who is signed in with a factor, in a firm with a matter of each label.
type cleared struct {
	*reader

	f       testkit.F
	who     ident.PersonID
	secret  string
	clock   interface{ Now() time.Time }
	matters [4]testkit.M // by label; the sealed one is named in a grant
}

func (w world) cleared(t *testing.T, role rbac.Role, opts ...testkit.GrantOption) *cleared {
	t.Helper()
	f := testkit.Firm(t, w.s.DB)
	a := &cleared{f: f, clock: w.s.Clock}
	for label := range a.matters {
		a.matters[label] = f.Matter(t, testkit.Label(label))
	}
	sid, secret := w.setUpApp(t, w.passwordOnly(t, f, role))
	a.reader, a.secret = &reader{t: t, w: w, sid: sid}, secret
	var me struct{ ID ident.PersonID }
	if err := json.Unmarshal([]byte(a.get("/api/v1/people/me")), &me); err != nil {
		t.Fatal(err)
	}
	a.who = me.ID
	if len(opts) > 0 {
		f.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, w.s.Clock.Now(), f.ID, a.who)
		f.Grant(t, a.who, role, opts...)
		return a
	}
	f.Grant(t, a.who, role, testkit.OnMatters(a.matters[3].ID), testkit.UpToLabel(3))
	return a
}

func (a *cleared) get(path string) string {
	a.t.Helper()
	return a.w.call("GET", path, a.sid, "").Body.String()
}

// seen are the labels of the matters that the person finds in a list.
func (a *cleared) seen(path string) (labels []int) {
	a.t.Helper()
	body := a.get(path)
	for label, m := range a.matters {
		if strings.Contains(body, string(m.ID)) {
			labels = append(labels, label)
		}
	}
	return labels
}

func (a *cleared) code() string {
	a.t.Helper()
	code, err := people.AppCode(a.secret, a.clock.Now())
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// grow lets the factor grow older than it may be, in a session that is used meanwhile.
func (a *cleared) grow(c *clock.Manual) {
	a.t.Helper()
	for range 2 {
		c.Advance(authz.ClearTime/2 + time.Second)
		a.get("/api/v1/people/me")
	}
}

// secrets are what differs between two answers to the same question.
var secrets = regexp.MustCompile(`value="[^"]{30,}"|data-passkey="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}`)

// DESIGN 4: half an hour after the factor, restricted and sealed matters do not exist: in
// no list, no count, no search and at no address, in the API as on pages.
func TestRestrictedAsksForTheFactorAgain(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	other := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c)) // another process
	a := w.cleared(t, rbac.RolePartner)
	list, one := "/api/v1/firms/"+string(a.f.ID)+"/matters", func(id ident.MatterID) string { return "/api/v1/firms/" + string(a.f.ID) + "/matters/" + string(id) }
	page := "/firms/" + string(a.f.ID) + "/matters/"
	find := "/api/v1/find?q=M-"
	for _, path := range []string{list, find} {
		if got := a.seen(path); !slices.Equal(got, []int{0, 1, 2, 3}) {
			t.Errorf("right after the factor %s shows %v: %s", path, got, a.get(path))
		}
	}
	if body := a.get("/api/v1/people/me"); !strings.Contains(body, `"restricted_hidden":false`) {
		t.Errorf("right after the factor: %s", body)
	}
	if _, _, body := a.do("GET", page+string(a.matters[2].ID), nil); strings.Contains(body, "Restricted matters are hidden") || !strings.Contains(body, a.matters[2].Number) {
		t.Errorf("the page right after the factor: %s", cutTo(body, 300))
	}

	a.grow(c)
	for _, web := range []world{w, other} {
		a.w = web
		for _, path := range []string{list, find} {
			if got := a.seen(path); !slices.Equal(got, []int{0, 1}) {
				t.Errorf("later %s shows %v", path, got)
			}
		}
		if body := a.get("/api/v1/people/me"); !strings.Contains(body, `"restricted_hidden":true`) {
			t.Errorf("later: %s", body)
		}
		absent := web.call("GET", one(absentID), a.sid, "")
		for _, label := range []int{2, 3} {
			rec := web.call("GET", one(a.matters[label].ID), a.sid, "")
			if rec.Code != 404 || secrets.ReplaceAllString(rec.Body.String(), "") != secrets.ReplaceAllString(absent.Body.String(), "") ||
				rec.Header().Get("Docketry-Hidden") == "" || rec.Header().Get("Docketry-Hidden") != absent.Header().Get("Docketry-Hidden") {
				t.Errorf("label %d: %d %v %s", label, rec.Code, rec.Header(), rec.Body)
			}
		}
		if rec := web.call("GET", one(a.matters[1].ID), a.sid, ""); rec.Code != 200 || rec.Header().Get("Docketry-Hidden") != "" {
			t.Errorf("a confidential one: %d %v", rec.Code, rec.Header())
		}
	}
	a.w = w

	status, _, hidden := a.do("GET", page+string(a.matters[2].ID), nil)
	_, _, nothing := a.do("GET", page+absentID, nil)
	if status != 404 || secrets.ReplaceAllString(hidden, "") != secrets.ReplaceAllString(nothing, "") {
		t.Errorf("the page tells what is there: %d\n%s\n%s", status, hidden, nothing)
	}
	_, _, matters := a.do("GET", "/firms/"+string(a.f.ID)+"/clients", nil)
	if !strings.Contains(matters, "Restricted matters are hidden until you confirm your sign-in") {
		t.Errorf("no bar: %s", cutTo(matters, 500))
	}
	link := regexp.MustCompile(`/people/me/factor\?back=[^"]*`).FindString(matters)
	if status, _, asked := a.do("GET", link, nil); status != 200 || !strings.Contains(asked, `value="/firms/`+string(a.f.ID)+`/clients"`) {
		t.Errorf("the bar leads to %q: %d %s", link, status, cutTo(asked, 300))
	}
	to, _ := a.post(page+string(a.matters[2].ID), "/people/me/factor", url.Values{"back": {page + string(a.matters[2].ID)}, "factor_code": {a.code()}})
	if status, _, body := a.do("GET", to, nil); to != page+string(a.matters[2].ID) || status != 200 || !strings.Contains(body, a.matters[2].Number) {
		t.Errorf("after the factor: %q %d %s", to, status, cutTo(body, 300))
	}
	if status, _, body := a.do("GET", page+absentID, nil); status != 404 || strings.Contains(body, "factor_code") || !strings.Contains(body, "There is nothing here that you can see") {
		t.Errorf("what is not there, after the factor: %d %s", status, cutTo(body, 300))
	}
	if got := a.seen(list); !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Errorf("after the factor the list shows %v", got)
	}
	if n := w.bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'factor.shown_again' AND object_id = ?`, w.bureau.ID, string(a.who)); n != 1 {
		t.Errorf("%d leaves of the step-up, want 1", n)
	}
}

// Whose grants stop at confidential is told of nothing more, however old the factor is.
func TestWhoReachesNothingMoreIsToldOfNothing(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	a := w.cleared(t, rbac.RolePartner, testkit.UpToLabel(1))
	a.grow(c)
	rec := w.call("GET", "/api/v1/firms/"+string(a.f.ID)+"/matters/"+string(a.matters[2].ID), a.sid, "")
	if rec.Code != 404 || rec.Header().Get("Docketry-Hidden") != "" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if body := a.get("/api/v1/people/me"); !strings.Contains(body, `"restricted_hidden":false`) {
		t.Errorf("%s", body)
	}
	status, _, body := a.do("GET", "/firms/"+string(a.f.ID)+"/matters/"+string(a.matters[2].ID), nil)
	if status != 404 || strings.Contains(body, "factor_code") || strings.Contains(body, "Restricted matters") {
		t.Errorf("%d %s", status, cutTo(body, 500))
	}
}

// A program shows no factor: no token reaches above confidential (T08).
func TestT08_ATokenIsNeverAboveConfidential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.cleared(t, rbac.RoleFirmAdmin)
	p, _ := w.programOf(t, a.f.Acting(a.who))
	list := "/api/v1/firms/" + string(a.f.ID) + "/matters"
	_, _, body := p.ask("GET", list, "")
	for label, m := range a.matters {
		if strings.Contains(body, string(m.ID)) != (label < 2) {
			t.Errorf("label %d in the list: %s", label, body)
		}
		if status, _, _ := p.ask("GET", list+"/"+string(m.ID), ""); (status == 200) != (label < 2) {
			t.Errorf("label %d: %d", label, status)
		}
	}
}

// The queue and its counters follow, across firms too.
func TestTheQueueForgetsRestrictedWork(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	a := w.cleared(t, rbac.RoleSpecialist)
	a.f.Agreement(t)
	a.open(t, 0)
	item := a.open(t, 2)
	counts := a.get("/api/v1/queue/counts")
	if !strings.Contains(a.get("/api/v1/queue"), item) {
		t.Fatalf("the queue lacks the item: %s", a.get("/api/v1/queue"))
	}
	a.grow(c)
	if strings.Contains(a.get("/api/v1/queue"), item) {
		t.Error("the queue still shows the item")
	}
	if later := a.get("/api/v1/queue/counts"); later == counts {
		t.Errorf("the counters have not changed: %s", later)
	}
}

func (a *cleared) open(t *testing.T, label int) string {
	t.Helper()
	var id ident.WorkItemID
	err := a.w.s.DB.InFirm(a.f.Machine(), func(tx *db.Tx) (err error) {
		id, err = worklist.Open(tx, worklist.New{Type: "query", SubjectKind: "query", SubjectID: string(a.matters[label].ID), Matter: a.matters[label].ID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(id)
}

// ahead is the present time, and what a test adds to it.
type ahead struct{ by atomic.Int64 }

func (c *ahead) Now() time.Time { return time.Now().UTC().Add(time.Duration(c.by.Load())) }

// A stream over a restricted matter ends when the factor has grown too old, while the
// session lives on.
func TestAStreamDropsRestrictedWork(t *testing.T) {
	t.Parallel()
	c := &ahead{}
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	a := w.cleared(t, rbac.RoleSpecialist)
	a.f.Agreement(t)
	plain, restricted := a.open(t, 0), a.open(t, 2)
	srv := httptest.NewServer(w.web.Handler())
	t.Cleanup(srv.Close)
	at := func(item string) string { return "/firms/" + string(a.f.ID) + "/items/" + item + "/events" }
	kept, _ := listen(t, srv.URL, at(plain), a.sid)
	s, status := listen(t, srv.URL, at(restricted), a.sid)
	if s == nil || kept == nil {
		t.Fatalf("no stream: %d", status)
	}
	if !s.until("event: part", 10*time.Second) {
		t.Fatal("the stream shows nothing")
	}
	for range 2 {
		c.by.Add(int64(authz.ClearTime/2 + time.Second))
		a.get("/api/v1/people/me")
	}
	if !s.ended(15 * time.Second) {
		t.Error("the stream goes on")
	}
	if _, status := listen(t, srv.URL, at(restricted), a.sid); status != 404 {
		t.Errorf("opened again: %d", status)
	}
	if kept.ended(time.Second) {
		t.Error("the stream over other work has ended too")
	}
}

// What somebody asked for with their factor shown is done with that clearance, however
// long it waits; what they asked for without is done without.
func TestAJobKeepsItsClearance(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	issued := func(shown bool) int64 {
		f := testkit.Firm(t, w.s.DB)
		m := f.Matter(t, testkit.Label(2))
		f.Work(t, m, f.Timekeeper(t, "RV", "ASSOC", 6_850_000), c.Now().AddDate(0, 0, -3).Format(time.DateOnly), 20_000, 6_850_000)
		specialist, partner := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RolePartner)
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		b, err := w.s.Prebills.Build(specialist, prebill.Order{Matter: m.ID, Through: c.Now()})
		ok(err)
		b, err = w.s.Prebills.Submit(specialist, b.ID, b.Version)
		ok(err)
		v, err := w.s.Prebills.Get(partner, b.ID)
		ok(err)
		_, err = w.s.Prebills.Approve(partner, b.ID, b.Version, v.Hash)
		ok(err)
		sc, err := scope.From(specialist)
		ok(err)
		sc.FactorAt = c.Now()
		_, err = w.s.Invoices.StartRun(scope.With(t.Context(), sc), invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: f.ID}}})
		ok(err)
		if !shown {
			f.Exec(t, `UPDATE outbox SET factor_at = NULL WHERE firm_id = ?`, f.ID)
		}
		c.Advance(authz.ClearTime + time.Minute)
		engine, err := app.NewEngine(w.worker)
		ok(err)
		_, err = engine.Drain(t.Context(), f.ID)
		ok(err)
		return f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, f.ID)
	}
	if n := issued(true); n != 1 {
		t.Errorf("%d invoices of a run that was started with the factor shown, want 1", n)
	}
	if n := issued(false); n != 0 {
		t.Errorf("%d invoices of a job without clearance, want none", n)
	}
}

// What belongs to a payor and not to a matter, payments and mails, and answers that were
// kept, tell of a restricted matter no more than its own address does.
func TestWhatIsAPayorsForgetsRestrictedMatters(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	a := w.cleared(t, rbac.RoleSpecialist, testkit.UpToLabel(2))
	m := a.matters[2]
	inv := a.f.Invoice(t, m, testkit.Sent())
	engine, err := app.NewEngine(w.worker)
	if err != nil {
		t.Fatal(err)
	}
	if end := w.endOf(t, engine.Drain, a.f, "invoice.delivery_wanted", `{"invoice_id":"`+string(inv.ID)+`"}`); end != "done" {
		t.Fatalf("delivery: %s", end)
	}
	mail := "/mails/" + a.f.Text(t, `SELECT mail_id FROM delivery WHERE firm_id = ? AND invoice_id = ?`, a.f.ID, inv.ID)
	firm := "/firms/" + string(a.f.ID)
	body := fmt.Sprintf(`{"payor_id":%q,"amount_minor":50000,"currency":"USD","method":"wire","reference":"x","received_on":"2026-03-01"}`, m.Payor)
	posted := w.keyed(a.sid, firm+"/payments", body, "k1")
	var p struct{ ID string }
	if err := json.Unmarshal(posted.Body.Bytes(), &p); err != nil || posted.Code != 201 {
		t.Fatalf("post: %d %s", posted.Code, posted.Body)
	}
	payment := firm + "/payments/" + p.ID
	if rec := w.call("POST", "/api/v1"+payment+"/allocations", a.sid, fmt.Sprintf(`{"shares":[{"invoice_id":%q,"amount_minor":30000}]}`, inv.ID), "If-Match", `"1"`); rec.Code >= 300 {
		t.Fatalf("allocate: %d %s", rec.Code, rec.Body)
	}
	allocation := a.f.Text(t, `SELECT id FROM allocation WHERE firm_id = ?`, a.f.ID)
	back := func() int {
		return w.call("DELETE", "/api/v1"+payment+"/allocations/"+allocation, a.sid, "", "If-Match", `"2"`).Code
	}
	told := func() (where []string) {
		for _, path := range []string{"/api/v1" + payment, payment, "/api/v1" + firm + "/mails", "/api/v1" + firm + mail} {
			if strings.Contains(a.get(path), inv.Number) {
				where = append(where, path)
			}
		}
		return where
	}
	if got := told(); len(got) != 4 {
		t.Errorf("right after the factor only %v tell of the invoice", got)
	}
	a.grow(c)
	if got := told(); len(got) != 0 {
		t.Errorf("later %v tell of the invoice", got)
	}
	for _, path := range []string{"/api/v1" + payment, payment, "/api/v1" + payment + "0"} {
		if rec := w.call("GET", path, a.sid, ""); rec.Code != 404 {
			t.Errorf("later a payment into what is hidden is there at %s: %d", path, rec.Code)
		}
	}
	for _, path := range []string{"/api/v1" + firm + "/payments", firm + "/payments"} {
		if got := a.get(path); strings.Contains(got, p.ID) {
			t.Errorf("later %s lists a payment into what is hidden", path)
		}
	}
	if got := back(); got != 404 {
		t.Errorf("taking back what is hidden: %d", got)
	}
	if rec := w.call("POST", "/api/v1"+payment+"/reverse", a.sid, `{"reason":"bounced"}`, "If-Match", `"2"`); rec.Code != 404 {
		t.Errorf("reversing: %d %s", rec.Code, rec.Body)
	}
	if rec := w.call("POST", "/api/v1"+firm+mail+"/resend", a.sid, ""); rec.Code != 404 {
		t.Errorf("sending the mail again: %d %s", rec.Code, rec.Body)
	}
	if rec := w.keyed(a.sid, firm+"/payments", body, "k1"); rec.Code != 403 || !strings.Contains(rec.Body.String(), "factor_stale") {
		t.Errorf("a kept answer: %d %s", rec.Code, rec.Body)
	}
	a.post(firm+"/payments", "/people/me/factor", url.Values{"back": {firm + "/payments"}, "factor_code": {a.code()}})
	if rec := w.keyed(a.sid, firm+"/payments", body, "k1"); rec.Code != 201 || rec.Body.String() != posted.Body.String() {
		t.Errorf("a kept answer after the factor: %d %s", rec.Code, rec.Body)
	}
	if n := a.f.Count(t, `SELECT count(*) FROM payment WHERE firm_id = ?`, a.f.ID); n != 1 {
		t.Errorf("%d payments", n)
	}
	if got := back(); got != 200 {
		t.Errorf("taking back after the factor: %d", got)
	}
}
