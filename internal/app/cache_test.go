package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// hurried is a clock by which a second passes at each look, for what counts by the
// second while a test asks as fast as it can.
type hurried struct{ looks atomic.Int64 }

func (h *hurried) Now() time.Time {
	return testkit.Now.Add(time.Duration(h.looks.Add(1)) * time.Second)
}

// whole is a world with everything that the program runs with, on a database and a
// Redis of its own, behind a real server.
type whole struct {
	world
	url   string
	redis *redis.Client
}

func newWhole(t *testing.T) whole {
	t.Helper()
	name := testkit.NewDatabase(t)
	// Connections measure how long they may last by the present.
	api, work := testkit.OpenDatabase(t, "docketry_api", name, clock.System()), testkit.OpenDatabase(t, "docketry_worker", name, clock.System())
	w := worldOver(t, api, work)
	redisURL, _ := testkit.OwnRedis(t)
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	w.worker.Config.RedisURL = redisURL
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	w.s.Pace, w.s.Presence = httpd.NewPace(client, &hurried{}), httpd.NewPresence(client, w.s.Clock)
	w.s.Reads = httpd.NewReads(client, &hurried{}, w.s.Log, worklist.Holds)
	if w.web, err = app.NewWeb(w.s); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.web.Handler())
	t.Cleanup(srv.Close)
	return whole{world: w, url: srv.URL, redis: client}
}

// work runs the workers over w's Redis until the test ends.
func (w *whole) work(t *testing.T) {
	t.Helper()
	engine, err := app.NewEngine(w.worker)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// fetch asks the server as a browser or a program does.
func (w whole) fetch(t *testing.T, method, path, sid string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if sid != "" {
		req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// uncached fails where an answer could be kept and handed to somebody else.
func uncached(t *testing.T, what string, res *http.Response) {
	t.Helper()
	if keep := res.Header.Values("Cache-Control"); !slices.Equal(keep, []string{"no-store"}) {
		t.Errorf("%s (%d): Cache-Control %q", what, res.StatusCode, keep)
	}
	if vary := res.Header.Values("Vary"); !slices.Equal(vary, []string{"Authorization, Cookie"}) {
		t.Errorf("%s (%d): Vary %q", what, res.StatusCode, vary)
	}
	for _, name := range []string{"Expires", "Last-Modified", "Age", "Pragma"} {
		if res.Header.Get(name) != "" {
			t.Errorf("%s (%d): %s %q", what, res.StatusCode, name, res.Header.Get(name))
		}
	}
}

// traces are what only one firm's answers may hold: the ids of all its rows and people,
// and the names made for it.
type traces struct {
	ids   map[string]bool
	names []string
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// in is the first of them in a text.
func (tr traces) in(text string) string {
	for _, id := range anyID.FindAllString(text, -1) {
		if tr.ids[id] {
			return id
		}
	}
	for _, name := range tr.names {
		if strings.Contains(text, name) {
			return name
		}
	}
	return ""
}

// traces leaves out the bureau's people, whom every firm may let in.
func (th things) traces(t *testing.T) (tr traces) {
	t.Helper()
	firm := string(th.firm.ID)
	tables := strings.Fields(th.firm.Text(t, `SELECT string_agg(c.table_name, ' ') FROM information_schema.columns c JOIN information_schema.columns f USING (table_schema, table_name)
		JOIN information_schema.tables k USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND k.table_type = 'BASE TABLE' AND c.column_name = 'id' AND c.data_type = 'uuid' AND f.column_name = 'firm_id'`))
	parts := []string{`SELECT g.person_id::text FROM access_grant g JOIN person p ON p.id = g.person_id WHERE NOT p.staff AND g.firm_id = '` + firm + `'`}
	for _, table := range tables {
		parts = append(parts, `SELECT id::text FROM `+table+` WHERE firm_id = '`+firm+`'`)
	}
	tr.ids = map[string]bool{firm: true}
	for id := range strings.SplitSeq(th.firm.Text(t, `SELECT string_agg(id, ' ') FROM (`+strings.Join(parts, " UNION ")+`) x(id)`), " ") {
		tr.ids[id] = true
	}
	names := th.firm.Text(t, `SELECT string_agg(name, '|') FROM (SELECT name FROM client WHERE firm_id = ? UNION SELECT number FROM matter WHERE firm_id = ?) x`, firm, firm)
	tr.names = append(strings.Split(names, "|"), th.name())
	return tr
}

// name is what a firm of these tests is called.
func (th things) name() string { return "Canary " + string(th.firm.ID[24:]) }

// named gives a furnished firm a name that no other has.
func (w world) named(t *testing.T) things {
	t.Helper()
	th := w.furnished(t)
	th.firm.Exec(t, `UPDATE firm SET name = ? WHERE firm_id = ?`, th.name(), th.firm.ID)
	return th
}

// Two firms ask the same, one after the other, over every route that shows something:
// each answer is its own and tells every cache to keep nothing. After a revoke the same
// questions show nothing of the firm. What went to Redis meanwhile names no firm's data,
// and each key is of a firm, or of what belongs to none.
func TestT23_TheSameQuestionsShareNothing(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	watched := w.watch(t)
	firms := [2]things{w.named(t), w.named(t)}
	w.work(t)
	known := [2]traces{firms[0].traces(t), firms[1].traces(t)}
	if len(known[0].ids) < 60 || len(known[0].names) < 5 {
		t.Fatalf("only %d ids and %d names of a firm", len(known[0].ids), len(known[0].names))
	}
	asked := 0
	ask := func(v [2]*visitor, r httpd.Route, wantOK bool) {
		t.Helper()
		for i := range v {
			path := v[i].fill(r, firms[i], "", "")
			res, body := w.fetch(t, r.Method, path, v[i].sid)
			uncached(t, r.Method+" "+r.Path, res)
			if leak := known[1-i].in(body); leak != "" {
				t.Errorf("%s %s shows %q of the other firm", r.Method, path, leak)
			}
			// A refusal may repeat the address that was asked for, and nothing else.
			if leak := known[i].in(strings.NewReplacer(path, "", string(firms[i].firm.ID), "").Replace(body)); !wantOK && leak != "" {
				t.Errorf("%s %s shows %q (%d) after the revoke", r.Method, path, leak, res.StatusCode)
			}
			asked++
		}
	}
	seen := map[string]bool{}
	roles := []rbac.Role{rbac.RoleSpecialist, rbac.RoleFirmAdmin, rbac.RolePartner, rbac.RoleTeamLead}
	for _, role := range roles {
		v := [2]*visitor{w.visitor(t, firms[0], role), w.visitor(t, firms[1], role)}
		var mine []httpd.Route
		for _, r := range w.web.Routes() {
			open := r.Needs == rbac.Public || r.Needs == rbac.PayorLink || strings.Contains(r.Path, "{token}")
			if r.Method == http.MethodGet && !strings.HasSuffix(r.Path, "/events") && !open && (rbac.Open(r.Needs) || w.policy.Allows(role, r.Needs)) && !seen[r.Path] {
				seen[r.Path] = true
				mine = append(mine, r)
			}
		}
		for _, r := range mine {
			ask(v, r, true)
		}
		for i := range v {
			who := w.personOf(t, v[i].sid)
			firms[i].firm.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, w.s.Clock.Now(), firms[i].firm.ID, who)
		}
		for _, r := range mine {
			if strings.Contains(r.Path, "{firm}") || strings.HasPrefix(strings.TrimPrefix(r.Path, "/api/v1"), "/queue") || strings.Contains(r.Path, "/find") {
				ask(v, r, false)
			}
		}
	}
	w.otherAnswers(t, firms)
	t.Logf("tried: %d answers over %d routes", asked, len(seen))
	if len(seen) < 120 {
		t.Errorf("only %d routes were asked", len(seen))
	}
	watched(slices.Concat(known[0].names, known[1].names, []string{"Work on file", "@people.example"}), firms)
}

// otherAnswers are those that no walk over the routes meets: a program's, a stream's, a
// file's, a part of a file's and the refusal of one, posts and their refusals.
func (w whole) otherAnswers(t *testing.T, firms [2]things) {
	t.Helper()
	for i := range firms {
		f := firms[i].firm
		root := "/api/v1/firms/" + string(f.ID)
		p, _ := w.programOf(t, f.As(t, rbac.RoleFirmAdmin), func(d *people.TokenDraft) {
			d.Permissions, d.Networks = []rbac.Permission{rbac.MatterRead}, []string{"127.0.0.0/8"}
		})
		for path, want := range map[string]int{"/matters": 200, "/clients": 403, "/matters/" + absentID: 404} {
			res, _ := w.fetch(t, "GET", root+path, "", "Authorization", "Bearer "+p.token)
			if uncached(t, "a program's "+path, res); res.StatusCode != want {
				t.Errorf("a program asks %s: %d", path, res.StatusCode)
			}
		}
		sid := w.signIn(t, f, rbac.RoleSpecialist)
		for _, path := range []string{"/nowhere", root + "/nowhere", "/firms/" + absentID + "/matters"} {
			res, _ := w.fetch(t, "GET", path, sid)
			uncached(t, path, res)
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			res, _ := w.fetch(t, method, root+"/matters/"+firms[i].ids["matter"], sid)
			uncached(t, method, res)
		}
		ticket := w.builtExport(t, f, sid)
		for _, part := range []string{"bytes=0-9", "bytes=99999999-"} {
			res, body := w.fetch(t, "GET", root+"/export-file", sid, "Export-Ticket", ticket(), "Range", part)
			uncached(t, "an export's "+part, res)
			if res.StatusCode != http.StatusPartialContent && res.StatusCode != http.StatusRequestedRangeNotSatisfiable {
				t.Errorf("%s: %d %s", part, res.StatusCode, body)
			}
		}
		for _, path := range []string{"/queue/events", "/firms/" + string(f.ID) + "/items/" + firms[i].ids["item"] + "/events", "/runs/" + firms[i].ids["run"] + "/events"} {
			w.stream(t, path, sid)
		}
	}
}

// builtExport asks for an export in a session, has the firm approve it, waits for the
// workers, and returns what gives a ticket for the file.
func (w whole) builtExport(t *testing.T, f testkit.F, sid string) (ticket func() string) {
	t.Helper()
	root := "/api/v1/firms/" + string(f.ID)
	rec := w.call("POST", root+"/exports", sid, `{"from":"2026-01-01","to":"2026-12-31","form":"redacted","hours":24,"reason":"year-end"}`)
	var asked struct{ ID ident.ExportID }
	if err := json.Unmarshal(rec.Body.Bytes(), &asked); err != nil || rec.Code != http.StatusCreated {
		t.Fatalf("ask: %d %s", rec.Code, rec.Body)
	}
	if err := w.s.Exports.Approve(f.As(t, rbac.RoleFirmAdmin), asked.ID, 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the export is built", func() bool {
		return f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND id = ? AND status = 'ready'`, f.ID, asked.ID) == 1
	})
	return func() string {
		t.Helper()
		res, body := w.fetch(t, "POST", root+"/exports/"+string(asked.ID)+"/ticket", sid) // from where it is used
		var given struct{ Ticket string }
		if err := json.Unmarshal([]byte(body), &given); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("ticket: %d %s", res.StatusCode, body)
		}
		return given.Ticket
	}
}

// eventually asks again until ok holds; the limit is for a broken program only.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

// stream opens a stream, looks at its head and first event and leaves.
func (w whole) stream(t *testing.T, path, sid string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	uncached(t, path, res)
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Errorf("GET %s: %d %s", path, res.StatusCode, kind)
	}
}

// keysOf are the kinds of keys that the product and its courier make in Redis, each
// with why no firm meets another under it.
var keysOf = []struct{ why, form string }{
	{"its firm", `^f:(?P<firm>[0-9a-f-]{36}):(pace|present:[0-9a-f-]{36}|reads:[0-9a-f-]{36})$`},
	{"a session, a token or a person: an instant or counts", `^(pace:session|pace:token|reads):[0-9a-f-]{36}(:[0-9]+)?$`},
	{"a network: an instant", `^pace:(gate|network|bearer):[0-9a-f.:]+/(24|48)$`},
	{"a row's id and the how-manieth sending", `^asynq:\{(sla|default|invoice|mail|export)\}:t:[0-9a-f-]{36}:[0-9]+$`},
	{"lists of those, and counts by day", `^asynq:\{(sla|default|invoice|mail|export)\}(:(pending|active|lease|scheduled|retry|archived|completed|aggregation_sets|paused|groups|unique|processed|failed)(:[0-9-]+|:total)?)?$`},
	{"the worker's process", `^asynq:(queues|servers|workers|schedulers|cancel|servers:\{.*\}|workers:\{.*\})$`},
}

// keyless are commands without a key.
var keyless = []string{"PING", "HELLO", "CLIENT", "SELECT", "SCRIPT", "MONITOR", "COMMAND", "INFO", "TIME", "MULTI", "EXEC", "AUTH", "SUBSCRIBE", "UNSUBSCRIBE", "PUBSUB", "KEYS", "SCAN", "DBSIZE", "EVALSHA", "EVAL", "HEXISTS"}

var quoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

// watch listens to every command that Redis gets from now on. What it returns judges
// them: no trace of a firm but its id at the head of a key, and no key of a kind that
// is not known.
func (w whole) watch(t *testing.T) (judge func(names []string, firms [2]things)) {
	t.Helper()
	lines := make(chan string, 1<<16)
	conn, err := net.Dial(w.redis.Options().Network, w.redis.Options().Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(conn); in.Scan(); {
			lines <- in.Text()
		}
	}()
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil || <-lines != "+OK" {
		t.Fatalf("Redis does not tell what it is told: %v", err)
	}
	return func(names []string, firms [2]things) {
		t.Helper()
		if err := w.redis.Set(t.Context(), "the end", "", 0).Err(); err != nil {
			t.Fatal(err)
		}
		ids := []string{string(firms[0].firm.ID), string(firms[1].firm.ID)}
		kinds, keys, commands := map[string]int{}, map[string]bool{}, 0
		for line := range lines {
			args := quoted.FindAllStringSubmatch(line, -1)
			if len(args) > 1 && args[1][1] == "the end" {
				break
			}
			if len(args) == 0 {
				continue
			}
			commands++
			// Jobs, items, sessions and people travel as ids; names and numbers do not.
			if leak := (traces{names: names}).in(line); leak != "" {
				t.Errorf("Redis was told %q: %s", leak, cutTo(line, 300))
			}
			if len(args) < 2 || slices.Contains(keyless, strings.ToUpper(args[0][1])) {
				continue
			}
			keys[strings.ReplaceAll(args[1][1], `\"`, `"`)] = true
		}
		for key := range keys {
			at := slices.IndexFunc(keysOf, func(k struct{ why, form string }) bool { return regexp.MustCompile(k.form).MatchString(key) })
			if at < 0 {
				t.Errorf("no kind of key is known of which %q is one: name it in keysOf, with why no firm meets another under it", key)
				continue
			}
			kinds[keysOf[at].why]++
			if firm := regexp.MustCompile(keysOf[0].form).FindStringSubmatch(key); firm != nil && !slices.Contains(ids, firm[1]) {
				t.Errorf("the firm of %q is none", key)
			}
		}
		t.Logf("tried: %d commands to Redis, %d keys: %v", commands, len(keys), kinds)
		if len(kinds) != len(keysOf) {
			t.Errorf("kinds of keys that were not met: %v of %d", kinds, len(keysOf))
		}
	}
}
