package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// leaver is a person in the middle of something in a firm of their own.
type leaver struct {
	t    *testing.T
	w    world
	f    testkit.F
	m    testkit.M
	sid  string
	who  ident.PersonID
	home string // "/firms/<id>"
}

// leaving signs a person of a role in to a firm with two hours of work.
func (w world) leaving(t *testing.T, role rbac.Role) *leaver {
	f := testkit.Firm(t, w.s.DB)
	m := f.Matter(t)
	f.Work(t, m, f.Timekeeper(t, "RV", "ASSOC", 6_850_000), f.Day(t, 9).Format(time.DateOnly), 20_000, 6_850_000)
	sid := w.signIn(t, f, role)
	return &leaver{t, w, f, m, sid, w.personOf(t, sid), "/firms/" + string(f.ID)}
}

func (l *leaver) call(method, path, body string, headers ...string) int {
	return l.w.call(method, "/api/v1"+path, l.sid, body, headers...).Code
}

func (l *leaver) token() string {
	l.t.Helper()
	found := formToken.FindStringSubmatch(l.w.send(l.sid, http.MethodGet, "/people/me", "").Body.String())
	if found == nil {
		l.t.Fatal("no form token on the account page")
	}
	return found[1]
}

// made decodes the answer of a creating operation, which must have succeeded.
func (l *leaver) made(rec *httptest.ResponseRecorder, into any) {
	l.t.Helper()
	if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil || rec.Code >= 300 {
		l.t.Fatalf("%d %s", rec.Code, rec.Body)
	}
}

// draft is a pre-bill of the firm's work.
func (l *leaver) draft() (p prebill.Prebill) {
	l.t.Helper()
	p, err := l.w.s.Prebills.Build(l.f.As(l.t, rbac.RoleSpecialist), prebill.Order{Matter: l.m.ID, Through: l.f.Day(l.t, 0)})
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// submitted is a pre-bill that waits for a partner, as the partner sees it.
func (l *leaver) submitted() prebill.View {
	l.t.Helper()
	p := l.draft()
	p, err := l.w.s.Prebills.Submit(l.f.As(l.t, rbac.RoleSpecialist), p.ID, p.Version)
	if err != nil {
		l.t.Fatal(err)
	}
	v, err := l.w.s.Prebills.Get(l.f.As(l.t, rbac.RolePartner), p.ID)
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

// leased is an item that the leaver holds, and the body of an act on it.
func (l *leaver) leased() (at, act string) {
	l.t.Helper()
	item := l.f.WorkItem(l.t, "query", l.m.ID, testkit.Now.Add(time.Hour))
	l.f.Agreement(l.t)
	var held struct {
		Token int64
	}
	l.made(l.w.call("POST", "/api/v1/queue/next", l.sid, ""), &held)
	return l.home + "/items/" + string(item), fmt.Sprintf(`{"token":%d`, held.Token)
}

func match(version int) []string { return []string{"If-Match", fmt.Sprintf(`"%d"`, version)} }

// midFlight is what people can be in the middle of: begin prepares it and returns the
// step that is still to come, whose answer must be a refusal; 0 is a refusal without
// an answer, of a job.
var midFlight = map[string]struct {
	role  rbac.Role
	begin func(l *leaver) func() int
}{
	"a page": {rbac.RoleSpecialist, func(l *leaver) func() int {
		return func() int { return l.w.send(l.sid, "GET", l.home+"/matters", "").Code }
	}},
	"a read": {rbac.RoleSpecialist, func(l *leaver) func() int {
		return func() int { return l.call("GET", l.home+"/matters", "") }
	}},
	"a search": {rbac.RoleSpecialist, func(l *leaver) func() int {
		return func() int { return l.call("GET", "/find?q=M", "") }
	}},
	"a form that was open": {rbac.RoleSpecialist, func(l *leaver) func() int {
		form := url.Values{"csrf": {l.token()}, "number": {"C-77"}, "name": {"After the end"}}
		return func() int { return l.w.send(l.sid, "POST", l.home+"/clients/new", form.Encode()).Code }
	}},
	"get next": {rbac.RoleSpecialist, func(l *leaver) func() int {
		l.f.WorkItem(l.t, "query", l.m.ID, testkit.Now.Add(time.Hour))
		return func() int { return l.call("POST", "/queue/next", "") }
	}},
	"the beat of a lease": {rbac.RoleSpecialist, func(l *leaver) func() int {
		at, act := l.leased()
		return func() int { return l.call("POST", at+"/heartbeat", act+"}") }
	}},
	"the end of an item": {rbac.RoleSpecialist, func(l *leaver) func() int {
		at, act := l.leased()
		return func() int { return l.call("POST", at+"/finish", act+"}") }
	}},
	"a question that stops a clock": {rbac.RoleSpecialist, func(l *leaver) func() int {
		at, act := l.leased()
		return func() int { return l.call("POST", at+"/questions", act+`,"body":"why?"}`) }
	}},
	"an edit of a line": {rbac.RoleSpecialist, func(l *leaver) func() int {
		p := l.draft()
		line := l.f.Text(l.t, `SELECT id FROM prebill_line WHERE firm_id = ? AND prebill_id = ?`, l.f.ID, p.ID)
		return func() int {
			return l.call("PATCH", l.home+"/prebills/"+string(p.ID)+"/lines/"+line, `{"amount_minor":0,"reason":"COURTESY"}`, match(p.Version)...)
		}
	}},
	"handing a pre-bill over": {rbac.RoleSpecialist, func(l *leaver) func() int {
		p := l.draft()
		return func() int { return l.call("POST", l.home+"/prebills/"+string(p.ID)+"/submit", "", match(p.Version)...) }
	}},
	"an approval of what was looked at": {rbac.RolePartner, func(l *leaver) func() int {
		v := l.submitted()
		return func() int {
			return l.call("POST", l.home+"/prebills/"+string(v.ID)+"/approve", `{"content_hash":"`+v.Hash+`"}`, match(v.Version)...)
		}
	}},
	"an upload half sent": {rbac.RoleSpecialist, (*leaver).uploading},
	"a run that was started": {rbac.RoleSpecialist, func(l *leaver) func() int {
		v := l.submitted()
		if _, err := l.w.s.Prebills.Approve(l.f.As(l.t, rbac.RolePartner), v.ID, v.Version, v.Hash); err != nil {
			l.t.Fatal(err)
		}
		if _, err := l.w.s.Invoices.StartRun(l.f.Acting(l.who), invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: l.f.ID}}}); err != nil {
			l.t.Fatal(err)
		}
		return func() int { return l.drained(`SELECT count(*) FROM invoice WHERE firm_id = ?`) }
	}},
	"an export that waits for its worker": {rbac.RoleSpecialist, func(l *leaver) func() int {
		l.f.Cost(l.t, l.m, "2026-02-04", "E115", 10_000, 2_500_000)
		var asked struct{ ID ident.ExportID }
		l.made(l.w.call("POST", "/api/v1"+l.home+"/exports", l.sid, `{"from":"2026-01-01","to":"2026-12-31","form":"redacted","hours":24,"reason":"year-end"}`), &asked)
		if err := l.w.s.Exports.Approve(l.f.As(l.t, rbac.RoleFirmAdmin), asked.ID, 1); err != nil {
			l.t.Fatal(err)
		}
		return func() int { return l.drained(`SELECT count(*) FROM export WHERE firm_id = ? AND status = 'ready'`) }
	}},
	"a ticket that was given": {rbac.RoleSpecialist, func(l *leaver) func() int {
		ticket := l.ticket()
		return func() int {
			return l.w.call("GET", "/api/v1"+l.home+"/export-file", l.sid, "", "Export-Ticket", ticket).Code
		}
	}},
	"a download half done": {rbac.RoleSpecialist, func(l *leaver) func() int {
		ticket := l.ticket()
		begun := l.w.call("GET", "/api/v1"+l.home+"/export-file", l.sid, "", "Export-Ticket", ticket, "Range", "bytes=0-99")
		if begun.Code != http.StatusPartialContent {
			l.t.Fatalf("begun: %d %s", begun.Code, begun.Body)
		}
		return func() int {
			return l.w.call("GET", "/api/v1"+l.home+"/export-file", l.sid, "", "Export-Ticket", ticket, "Range", "bytes=100-", "If-Range", begun.Header().Get("ETag")).Code
		}
	}},
	"the same request under its key": {rbac.RoleSpecialist, func(l *leaver) func() int {
		const body = `{"number":"C-88","name":"Once"}`
		if rec := l.w.keyed(l.sid, l.home+"/clients", body, "client-88"); rec.Code != http.StatusCreated {
			l.t.Fatalf("the first time: %d %s", rec.Code, rec.Body)
		}
		return func() int { return l.w.keyed(l.sid, l.home+"/clients", body, "client-88").Code }
	}},
	"a program with their token": {rbac.RoleFirmAdmin, func(l *leaver) func() int {
		p, _ := l.w.programOf(l.t, l.f.Acting(l.who))
		return func() int { status, _, _ := p.ask("GET", "/api/v1"+l.home+"/clients", ""); return status }
	}},
	"showing the factor again": {rbac.RoleFirmAdmin, func(l *leaver) func() int {
		code := l.withApp(rbac.RoleFirmAdmin)
		return func() int { return l.call("POST", "/people/me/factor", `{"code":"`+code+`"}`) }
	}},
	"changing the password": {rbac.RoleTimekeeper, func(l *leaver) func() int {
		return func() int {
			return l.call("PUT", "/people/me/password", `{"present":"`+password+`","password":"eleven grey herons by the weir"}`)
		}
	}},
	"signing in once more": {rbac.RoleSpecialist, func(l *leaver) func() int {
		code := l.withApp(rbac.RoleSpecialist)
		return func() int {
			return l.call("POST", "/sessions", fmt.Sprintf(`{"email":"%s@people.example","password":%q,"code":%q}`, l.who, password, code))
		}
	}},
	"a stream that is open": {rbac.RoleSpecialist, func(l *leaver) func() int {
		srv := httptest.NewServer(l.w.web.Handler())
		l.t.Cleanup(srv.Close)
		s, status := listen(l.t, srv.URL, "/queue/events", l.sid)
		if s == nil || !s.until("event: ", 10*time.Second) {
			l.t.Fatalf("the stream does not open: %d", status)
		}
		return func() int {
			if !s.ended(15 * time.Second) {
				return http.StatusOK
			}
			return 0
		}
	}},
}

// withApp makes the leaver another person of a role, and returns the next code of
// their app: the present one served when it was set up.
func (l *leaver) withApp(role rbac.Role) (code string) {
	l.t.Helper()
	sid, secret := l.w.setUpApp(l.t, l.w.passwordOnly(l.t, l.f, role))
	l.sid, l.who = sid, l.w.personOf(l.t, sid)
	code, err := people.AppCode(secret, l.w.s.Clock.Now().Add(30*time.Second))
	if err != nil {
		l.t.Fatal(err)
	}
	return code
}

// ticket is one for an export of the leaver's that is ready.
func (l *leaver) ticket() string {
	l.t.Helper()
	l.f.Cost(l.t, l.m, "2026-02-04", "E115", 10_000, 2_500_000)
	id := l.w.readyExport(l.t, l.f, l.sid)
	var given struct{ Ticket string }
	l.made(l.w.call("POST", "/api/v1"+l.home+"/exports/"+string(id)+"/ticket", l.sid, ""), &given)
	return given.Ticket
}

// drained lets the worker do all the firm's jobs, and tells whether that made what
// count counts.
func (l *leaver) drained(count string) int {
	l.t.Helper()
	engine, err := app.NewEngine(l.w.worker)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := engine.Drain(l.t.Context(), l.f.ID); err != nil {
		l.t.Fatal(err)
	}
	if l.f.Count(l.t, count, l.f.ID) != 0 {
		return http.StatusOK
	}
	return 0
}

// uploading sends the first half of a file over a real connection.
func (l *leaver) uploading() func() int {
	srv := httptest.NewServer(l.w.web.Handler())
	l.t.Cleanup(srv.Close)
	number := l.f.Text(l.t, `SELECT number FROM matter WHERE firm_id = ? AND id = ?`, l.f.ID, l.m.ID)
	head := "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"late.csv\"\r\nContent-Type: text/csv\r\n\r\n" +
		"id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code\n"
	rest := "1,2026-02-12," + strings.Replace(number, "M-", "C-", 1) + "," + number + ",RV,PARTNR,1.5,,Review of the file,L110,A103\n\r\n--cut--\r\n"
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, srv.URL+"/api/v1"+l.home+"/imports", body)
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary=cut")
	testkit.Keyed(req)
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: l.sid})
	answer := make(chan int, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			answer <- -1
			return
		}
		_ = res.Body.Close()
		answer <- res.StatusCode
	}()
	if _, err := io.WriteString(feed, head); err != nil {
		l.t.Fatal(err)
	}
	return func() int {
		if _, err := io.WriteString(feed, rest); err != nil {
			l.t.Log("the server reads no more:", err)
		}
		_ = feed.Close()
		return <-answer
	}
}

// Whoever the bureau or the firm shuts out is out in the middle of anything: what comes
// after the commit is refused and leaves no trace but the refusal, in every process
// (SECURITY promise of disabling; issue of access, 20 points).
func TestDisabledInTheMiddleOfAnything(t *testing.T) {
	t.Parallel()
	if len(midFlight) < 20 {
		t.Errorf("%d points, want 20", len(midFlight))
	}
	w := newWorld(t)
	live, _ := liveWorld(t) // at the present time, by which connections measure
	for name, point := range midFlight {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := w
			if name == "a stream that is open" || name == "an upload half sent" {
				in = live
			}
			l := in.leaving(t, point.role)
			next := point.begin(l)
			admin := in.bureau.As(t, rbac.RoleBureauAdmin)
			if point.role != rbac.RoleSpecialist {
				admin = l.f.As(t, rbac.RoleFirmAdmin) // each house shuts out its own people
			}
			if err := in.s.Grants.Remove(admin, l.who); err != nil {
				t.Fatal(err)
			}
			acts := func() int64 {
				return l.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND actor = ? AND result = 'done' AND action <> 'access.denied'`, l.f.ID, l.who)
			}
			before := acts()
			if status := next(); status != 0 && status != http.StatusSeeOther && (status < 400 || status >= 500) {
				t.Errorf("answered %d", status)
			}
			if after := acts(); after != before {
				t.Errorf("%d acts after the end: %s", after-before, l.f.Text(t, `SELECT string_agg(action, ' ' ORDER BY written_at DESC) FROM audit_leaf WHERE firm_id = ? AND actor = ?`, l.f.ID, l.who))
			}
		})
	}
}
