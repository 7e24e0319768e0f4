package app_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// stream is an open event stream, line by line.
type stream struct {
	t     *testing.T
	body  io.ReadCloser
	lines chan string // closed when the stream has ended
}

// listen opens a stream over a real connection.
func listen(t *testing.T, base, path, sid string) (*stream, int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, res.StatusCode
	}
	s := &stream{t, res.Body, make(chan string, 1000)}
	go func() {
		defer close(s.lines)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			s.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() { _ = s.body.Close() })
	return s, res.StatusCode
}

// until waits for a line with the words; false when the stream ends or the time is over first.
func (s *stream) until(words string, within time.Duration) bool {
	over := time.After(within)
	for {
		select {
		case line, open := <-s.lines:
			if !open {
				return false
			}
			if strings.Contains(line, words) {
				return true
			}
		case <-over:
			return false
		}
	}
}

// ended tells whether the stream ends in time.
func (s *stream) ended(within time.Duration) bool {
	over := time.After(within)
	for {
		select {
		case _, open := <-s.lines:
			if !open {
				return true
			}
		case <-over:
			return false
		}
	}
}

// liveWorld is a world at the present time, by which connections measure how long they
// may last, with a firm that has an item and a run under way.
func liveWorld(t *testing.T) (world, things) {
	t.Helper()
	w := worldOver(t, testkit.Open(t, "docketry_api", clock.System()), testkit.Open(t, "docketry_worker", clock.System()))
	f := testkit.Firm(t, w.s.DB)
	f.Agreement(t)
	th := things{firm: f, ids: map[string]string{}}
	m := f.Matter(t)
	f.Work(t, m, f.Timekeeper(t, "RV", "ASSOC", 6_850_000), f.Day(t, 3).Format(time.DateOnly), 20_000, 6_850_000)
	specialist, partner := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RolePartner)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := w.s.Prebills.Build(specialist, prebill.Order{Matter: m.ID, Through: f.Day(t, 0)})
	ok(err)
	b, err = w.s.Prebills.Submit(specialist, b.ID, b.Version)
	ok(err)
	v, err := w.s.Prebills.Get(partner, b.ID)
	ok(err)
	_, err = w.s.Prebills.Approve(partner, b.ID, b.Version, v.Hash)
	ok(err)
	run, err := w.s.Invoices.StartRun(specialist, invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: f.ID}}})
	ok(err)
	th.ids["run"] = string(run)
	ok(w.s.DB.InFirm(f.Machine(), func(tx *db.Tx) error {
		item, err := worklist.Open(tx, worklist.New{Type: "query", SubjectKind: "query", SubjectID: string(m.ID), Matter: m.ID})
		th.ids["item"] = string(item)
		return err
	}))
	return w, th
}

// Whoever is disabled, signed out elsewhere or loses the grant loses their open
// streams within 15 seconds, and the page is told that it is over.
func TestT04_StreamsEndWithTheAccess(t *testing.T) {
	t.Parallel()
	w, mine := liveWorld(t)
	srv := httptest.NewServer(w.web.Handler())
	t.Cleanup(srv.Close)
	item := "/firms/" + string(mine.firm.ID) + "/items/" + mine.ids["item"] + "/events"
	for name, c := range map[string]struct {
		path string
		end  func(who ident.PersonID)
	}{
		"disabled at an item": {item, func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = ? WHERE id = ?`, w.s.Clock.Now(), who)
		}},
		"disabled at the queue": {"/queue/events", func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = ? WHERE id = ?`, w.s.Clock.Now(), who)
		}},
		"disabled at a run": {"/runs/" + mine.ids["run"] + "/events", func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = ? WHERE id = ?`, w.s.Clock.Now(), who)
		}},
		"signed out": {item, func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE session SET ended_at = ? WHERE person_id = ?`, w.s.Clock.Now(), who)
		}},
		"signed out at the queue": {"/queue/events", func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE session SET ended_at = ? WHERE person_id = ?`, w.s.Clock.Now(), who)
		}},
		"grant ended at an item": {item, func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, w.s.Clock.Now(), mine.firm.ID, who)
		}},
		"grant ended at the queue": {"/queue/events", func(who ident.PersonID) {
			mine.firm.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, w.s.Clock.Now(), mine.firm.ID, who)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sid := w.signIn(t, mine.firm, rbac.RoleSpecialist)
			who := w.personOf(t, sid)
			s, status := listen(t, srv.URL, c.path, sid)
			if s == nil {
				t.Fatalf("the stream does not open: %d", status)
			}
			if !s.until("event: ", 10*time.Second) {
				t.Fatal("nothing comes")
			}
			c.end(who)
			if !s.ended(15 * time.Second) {
				t.Error("the stream is open 15 seconds later")
			}
			if again, status := listen(t, srv.URL, c.path, sid); again != nil || status < 300 {
				t.Errorf("it opens again: %d", status)
			}
		})
	}
}

// personOf is who a session's cookie belongs to.
func (w world) personOf(t *testing.T, sid string) ident.PersonID {
	t.Helper()
	rec := w.call("GET", "/api/v1/people/me", sid, "")
	_, rest, _ := strings.Cut(rec.Body.String(), `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if len(id) != 36 {
		t.Fatalf("who am I: %d %s", rec.Code, rec.Body)
	}
	return ident.PersonID(id)
}

// One person has so many streams open, and no more; others are not held up by it.
func TestStreamsOfOnePersonAreFew(t *testing.T) {
	t.Parallel()
	w, mine := liveWorld(t)
	srv := httptest.NewServer(w.web.Handler())
	t.Cleanup(srv.Close)
	path := "/firms/" + string(mine.firm.ID) + "/items/" + mine.ids["item"] + "/events"
	sid, other := w.signIn(t, mine.firm, rbac.RoleSpecialist), w.signIn(t, mine.firm, rbac.RoleTeamLead)
	var open []*stream
	for range 5 {
		s, status := listen(t, srv.URL, path, sid)
		if s == nil {
			t.Fatalf("stream %d: %d", len(open)+1, status)
		}
		open = append(open, s)
	}
	if _, status := listen(t, srv.URL, "/queue/events", sid); status != http.StatusTooManyRequests {
		t.Errorf("one too many: %d", status)
	}
	if s, status := listen(t, srv.URL, path, other); s == nil {
		t.Errorf("somebody else's: %d", status)
	} else if !s.until("specialist is looking at this", 2*time.Second) {
		t.Error("two people at an item do not see each other within two seconds")
	}
	_ = open[0].body.Close()
	for deadline := time.After(10 * time.Second); ; {
		s, status := listen(t, srv.URL, path, sid)
		if s != nil {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("after one has gone: %d", status)
		default:
		}
	}
}
