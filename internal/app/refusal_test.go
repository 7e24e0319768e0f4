package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A payor's contact knows the door only: what they meet there never leads into the
// staff's pages, signed in or not.
func TestPayorsErrorPagesStayAtTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/payor/nothing", "/payor/invoices/a/b/c"} {
		rec := httptest.NewRecorder()
		w.web.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		body := rec.Body.String()
		if rec.Code != http.StatusNotFound || !strings.Contains(body, `href="/payor"`) {
			t.Errorf("GET %s: %d %s", path, rec.Code, cutTo(body, 300))
		}
		for _, link := range regexp.MustCompile(`<a [^>]*href="([^"#]*)"`).FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(link[1], "/payor") {
				t.Errorf("GET %s leads to %s", path, link[1])
			}
		}
	}
}

// After a refused act "Open it again" leads to a page that exists.
func TestRefusedActLeadsBackToItsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	firm := "/firms/" + own.ids["firm"]
	for _, act := range []struct {
		role       rbac.Role
		path, page string
	}{
		{rbac.RoleTeamLead, "/jobs/" + own.ids["job"] + "/retry", "/jobs"},
		{rbac.RoleSpecialist, "/invoices/" + own.ids["credited"] + "/remind", "/invoices/" + own.ids["credited"]},
	} {
		sid := w.signIn(t, own.firm, act.role)
		token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())[1]
		got := w.send(sid, http.MethodPost, firm+act.path, "csrf="+token)
		if got.Code != http.StatusConflict {
			t.Errorf("POST %s: %d", act.path, got.Code)
		}
		if body := got.Body.String(); !strings.Contains(body, `href="`+firm+act.page+`">Open it again`) {
			t.Errorf("POST %s does not lead to %s: %s", act.path, act.page, body[strings.Index(body, "<main"):])
		}
		if back := w.send(sid, http.MethodGet, firm+act.page, ""); back.Code != http.StatusOK {
			t.Errorf("GET %s: %d", act.page, back.Code)
		}
	}
}

// A form whose session is over is no question of a role, and leads back to itself.
func TestStaleFormIsNamedAsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	for _, path := range []string{"/sign-in", "/firms/" + own.ids["firm"] + "/payments/new"} {
		got := w.send(sid, http.MethodPost, path, "email=a%40b.example&csrf=gone")
		if body := got.Body.String(); got.Code != http.StatusForbidden || !strings.Contains(body, "<title>This form is no longer good") || strings.Contains(body, "Your role") {
			t.Errorf("POST %s: %d %s", path, got.Code, body)
		}
	}
}

// HEAD is GET without the body, as monitors ask (RFC 9110 9.3.2).
func TestHeadIsGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	for path, want := range map[string]int{"/healthz": 200, "/sign-in": 200, "/firms/" + own.ids["firm"] + "/matters": 200, "/api/v1/people/me": 200, "/api/v1/firms/" + absentID + "/matters": 404} {
		rec := w.send(sid, http.MethodHead, path, "")
		if rec.Code != want || rec.Body.Len() != 0 || rec.Header().Get("Content-Type") == "" {
			t.Errorf("HEAD %s: %d, %d bytes, %v", path, rec.Code, rec.Body.Len(), rec.Header())
		}
	}
}

func (w world) send(sid, method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	return rec
}

func TestQueuesPageIsForLookingOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.s.Config.RedisURL = testkit.RedisURL(t)
	h, closed, err := app.Operations(w.s)
	if err != nil {
		t.Fatal(err)
	}
	defer closed()
	for _, ask := range []struct {
		method, path string
		want         int
	}{{"GET", "/metrics", 200}, {"GET", "/queues/", 200}, {"GET", "/queues/api/queues", 200}, {"POST", "/queues/api/queues/default:pause", 405}, {"DELETE", "/queues/api/queues/default", 405}} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(ask.method, ask.path, nil))
		if rec.Code != ask.want {
			t.Errorf("%s %s: %d, want %d: %s", ask.method, ask.path, rec.Code, ask.want, cutTo(rec.Body.String(), 200))
		}
	}
}

// An id in a filter or a field is as absent as one in the path when it is malformed.
func TestMalformedIDsOfFieldsAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	firm := "/firms/" + own.ids["firm"]
	sid := w.signIn(t, own.firm, rbac.RoleFirmAdmin)
	if got := w.send(sid, http.MethodGet, firm+"/invoices?payor=zz", ""); got.Code != http.StatusNotFound {
		t.Errorf("a filter: %d", got.Code)
	}
	token := formToken.FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())[1]
	form := "csrf=" + token + "&version=1&client_id=" + own.ids["client"] + "&number=N-1&name=M&label=1&currency=USD&opened_on=2026-01-01&payor_id="
	for payor, want := range map[string]int{"zz": http.StatusNotFound, "": http.StatusUnprocessableEntity} {
		if got := w.send(sid, http.MethodPost, firm+"/matters/"+own.ids["matter"], form+payor); got.Code != want {
			t.Errorf("payor %q: %d, want %d", payor, got.Code, want)
		}
	}
}

// What is too large is read to its end and answered with the limit: a browser reads no
// answer before it has sent everything, and would show a broken connection.
func TestWhatIsTooLargeIsAnsweredAndNotCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	srv := httptest.NewServer(w.web.Handler())
	defer srv.Close()
	for _, c := range []struct {
		kind    string
		size    int
		chunked bool
		want    string
	}{
		{"multipart/form-data; boundary=x", 40 << 20, false, "This has 40.0 MiB; a file may have at most 25 MiB."},
		{"multipart/form-data; boundary=x", 40 << 20, true, "This is larger than the 25 MiB that a file may have."},
		{"application/x-www-form-urlencoded", 9 << 20, false, "This has 9.0 MiB; a form may have at most 1 MiB."},
		{"application/x-www-form-urlencoded", 9 << 20, true, "This is larger than the 1 MiB that a form may have."},
	} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		head := "POST /sign-in HTTP/1.1\r\nHost: " + srv.Listener.Addr().String() + "\r\nContent-Type: " + c.kind + "\r\n"
		body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n"
		body += strings.Repeat("a", c.size-len(body))
		if c.chunked {
			head += "Transfer-Encoding: chunked\r\n\r\n"
			body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		} else {
			head += fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body))
		}
		if _, err := io.WriteString(conn, head+body); err != nil {
			t.Errorf("%s of %d bytes, chunked %v: cut off while sending: %v", c.kind, c.size, c.chunked, err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: no answer: %v", c.kind, err)
			conn.Close()
			continue
		}
		page, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(page), c.want) {
			t.Errorf("%s, chunked %v: %d, want %q in %s", c.kind, c.chunked, res.StatusCode, c.want, cutTo(string(page), 800))
		}
		res.Body.Close()
		conn.Close()
	}
}

// The queue over all firms is the bureau's workplace. To a firm's own people and to who
// works for no firm it is as absent as any page that there is not.
func TestTheQueueIsTheBureaus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	things := "/queue/selected?item=" + own.ids["firm"] + "/" + own.ids["item"] + "/1&act=pin"
	for _, role := range []rbac.Role{rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleTimekeeper, rbac.RoleBureauAdmin} {
		v := w.visitor(t, own, role)
		for _, path := range []string{"/queue", "/queue?view=mine", "/queue?from=zz", "/queue/views", "/queue/events", things} {
			none := v.ask(http.MethodGet, "/runs/"+absentID, "")
			got := v.ask(http.MethodGet, path, "")
			address, _, _ := strings.Cut(path, "?")
			got.body = strings.ReplaceAll(got.body, `value="`+address+`"`, `value="PATH"`) // the page to come back to after a change of looks
			if got.status != http.StatusNotFound || got != none {
				t.Errorf("%s: GET %s: %d, unlike what is not there: %s", role, path, got.status, cutTo(got.body[parting(got.body, none.body):], 200))
			}
		}
		form := "csrf=" + url.QueryEscape(v.token)
		for path, body := range map[string]string{"/queue/next": form, "/queue/views": form + "&name=Mine&view=all", "/queue/selected": form + "&act=pin", "/queue/views/" + absentID + "/remove": form} {
			for _, text := range []string{"", "&text=a%E2%80%8Bb"} {
				if got := v.ask(http.MethodPost, path, body+text); got.status != http.StatusNotFound && got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, "<form class=\"stack\" method=\"post\"") {
					t.Errorf("%s: POST %s: %d %s", role, path, got.status, cutTo(got.body, 200))
				}
			}
		}
		if keys := v.ask(http.MethodGet, "/keys", ""); strings.Contains(keys.body, "g q") {
			t.Errorf("%s reads of a key to the queue", role)
		}
	}
	for _, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RoleTeamLead, rbac.RoleQualityAuditor} {
		v := w.visitor(t, own, role)
		if got := v.ask(http.MethodGet, "/queue", ""); got.status != http.StatusOK {
			t.Errorf("%s: %d", role, got.status)
		}
		if keys := v.ask(http.MethodGet, "/keys", ""); !strings.Contains(keys.body, "g q") {
			t.Errorf("%s reads of no key to the queue", role)
		}
	}
}
