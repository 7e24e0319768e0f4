package app_test

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// heavy gives a firm many entries: copies of one that is there.
func heavy(t *testing.T, f testkit.F, n int) {
	t.Helper()
	columns := f.Text(t, `SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'entry' AND column_name NOT IN ('id', 'fingerprint', 'external_id', 'narrative')`)
	f.Exec(t, `INSERT INTO entry (id, fingerprint, external_id, narrative, `+columns+`) SELECT gen_random_uuid(), gen_random_uuid(), 'x' || n, e.narrative || n, `+columns+`
		FROM (SELECT * FROM entry WHERE firm_id = ? AND status = 'open' LIMIT 1) e, generate_series(1, ?::int) n`, f.ID, n)
}

// heaviest are what costs the database most of all that a firm's people can ask.
var heaviest = []struct{ method, path, body string }{
	{"POST", "/exports/preview", `{"from":"2026-01-01","to":"2026-12-31","form":"redacted","hours":24,"reason":"x"}`},
	{"GET", "/prebills/ready", ""},
	{"GET", "/entries?limit=200", ""},
}

// While one firm asks its heaviest questions, fifty at a time, none of them is refused, and
// another firm is answered about as soon as when nobody else asks, where a firm has fewer
// turns than the database has cores, as DOCKETRY_DATABASE_FIRM_TURNS tells operators: with
// all cores taken it is the system that shares them out. Both are measured in turn,
// so that what else the machine does meets both. What it does beside one half only can but
// lengthen the ratio, so one round of several that keeps the bound shows it; that the firm
// takes turns for the database shows in every round, whatever else the machine does. What the
// slowest of them take says how many cores there are, and is only told.
func TestT31_OneFirmsHeaviestQuestions_Alone(t *testing.T) {
	const crowd, rounds, looks = 50, 8, 60
	const aside = 4 // the other firm's look, and sign-ins being looked up
	turns := min(4, max(1, runtime.NumCPU()-1))
	w := worldOver(t, testkit.OpenTurns(t, turns), testkit.WorkerDB(t))
	noisy, quiet := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	noisy.Cost(t, noisy.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	heavy(t, noisy, 10_000)
	for range 10 {
		quiet.Matter(t)
	}
	srv := httptest.NewServer(w.web.Handler())
	defer srv.Close()
	ask := func(client *http.Client, method, path, sid, body string) (int, time.Duration) {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		req.Header.Set("Content-Type", "application/json")
		req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
		begun := time.Now()
		res, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res.StatusCode, time.Since(begun)
	}
	loud := w.signIn(t, noisy, rbac.RoleSpecialist)
	soft := w.signIn(t, quiet, rbac.RolePartner)
	client := &http.Client{}
	look := func() time.Duration {
		status, took := ask(client, "GET", "/api/v1/firms/"+string(quiet.ID)+"/matters", soft, "")
		if status != http.StatusOK {
			t.Errorf("the other firm: %d", status)
		}
		return took
	}
	for round := range rounds {
		var alone, beside, heavies []time.Duration
		for range looks {
			alone = append(alone, look())
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		done := make(chan struct{})
		for n := range crowd {
			all.Go(func() {
				h := heaviest[n%len(heaviest)]
				status, took := ask(&http.Client{}, h.method, "/api/v1/firms/"+string(noisy.ID)+h.path, loud, h.body)
				if status != http.StatusOK {
					t.Errorf("%s: %d", h.path, status)
				}
				mu.Lock()
				heavies = append(heavies, took)
				mu.Unlock()
			})
		}
		go func() { all.Wait(); close(done) }()
		counted := make(chan []int, 1)
		go func() { counted <- openTransactions(t, done) }()
		for open := true; open; {
			select {
			case <-done:
				open = false
			default:
				beside = append(beside, look())
			}
		}
		if counts := <-counted; !t.Failed() && high(counts) > turns+aside {
			t.Errorf("round %d: of 20 countings of what is open in the database one finds more than %d, with %d turns for the firm", round, high(counts), turns)
		}
		ratio := float64(median(beside)) / float64(median(alone))
		t.Logf("round %d: %d answers alone: p50 %v, p95 %v; %d beside %d heavy ones of up to %v: p50 %v, p95 %v; ratio %.2f", round,
			len(alone), time.Duration(median(alone)), high(alone), len(beside), len(heavies), slices.Max(heavies), time.Duration(median(beside)), high(beside), ratio)
		if ratio < 2 || t.Failed() {
			return
		}
	}
	t.Errorf("in none of %d rounds was half of the other firm answered within twice the time it takes alone", rounds)
}

// openTransactions counts again and again, until done, what the application has open in
// the database for a while: fifty sign-ins that are looked up at once, for which nobody
// takes a turn, are over in a millisecond or two; the questions that take turns are not.
func openTransactions(t *testing.T, done <-chan struct{}) (counts []int) {
	conn, err := pgx.Connect(t.Context(), testkit.URL(t, "postgres"))
	if err != nil {
		t.Error(err)
		return nil
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for {
		select {
		case <-done:
			return counts
		default:
			var n int
			if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'docketry_api' AND state <> 'idle' AND xact_start < clock_timestamp() - interval '20 milliseconds'`).Scan(&n); err != nil {
				t.Error(err)
				return nil
			}
			counts = append(counts, n)
		}
	}
}

// high is what 95 of a hundred stay within.
func high[N cmp.Ordered](list []N) N {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)*95/100]
}

// A firm's requests share its turns for the database, whoever sends them: with all of
// them taken the next one waits, and nobody of another firm does.
func TestT31_RequestsTakeTheirFirmsTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	noisy, quiet := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	noisy.Matter(t)
	specialist, partner, other := w.signIn(t, noisy, rbac.RoleSpecialist), w.signIn(t, noisy, rbac.RolePartner), w.signIn(t, quiet, rbac.RolePartner)
	inside, letGo := make(chan struct{}), make(chan struct{})
	var holders, waiting sync.WaitGroup
	for range 4 {
		holders.Go(func() {
			if err := w.s.DB.InFirm(db.TakingTurns(noisy.Machine(), string(noisy.ID)), func(*db.Tx) error { inside <- struct{}{}; <-letGo; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	for range 4 {
		<-inside
	}
	answered := make(chan int, 2)
	for _, sid := range []string{specialist, partner} {
		waiting.Go(func() {
			answered <- w.call(http.MethodGet, "/api/v1/firms/"+string(noisy.ID)+"/matters", sid, "").Code
		})
	}
	if got := w.call(http.MethodGet, "/api/v1/firms/"+string(quiet.ID)+"/matters", other, "").Code; got != http.StatusOK {
		t.Errorf("another firm: %d", got)
	}
	select {
	case got := <-answered:
		t.Errorf("answered %d without a turn", got)
	case <-time.After(300 * time.Millisecond):
	}
	close(letGo)
	holders.Wait()
	waiting.Wait()
	for range 2 {
		if got := <-answered; got != http.StatusOK {
			t.Errorf("with turns free again: %d", got)
		}
	}
}

// deadlines notes whether a connection was given a time to be read within.
type deadlines struct {
	net.Listener
	set *atomic.Int64
}

func (l deadlines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return deadlineConn{c, l.set}, err
}

type deadlineConn struct {
	net.Conn
	set *atomic.Int64
}

func (c deadlineConn) SetReadDeadline(at time.Time) error {
	if time.Until(at) > 0 {
		c.set.Add(1)
	}
	return c.Conn.SetReadDeadline(at)
}

// A document that has come whole has no time left to run out: the end of it would end
// the request it belongs to while that is answered, and all later ones of its connection.
func TestASlowAnswerToADocumentIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	sid := w.signIn(t, f, rbac.RoleSpecialist)
	var set atomic.Int64
	srv := httptest.NewUnstartedServer(w.web.Handler())
	srv.Listener = deadlines{srv.Listener, &set}
	srv.Start()
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/api/v1/firms/"+string(f.ID)+"/exports/preview", strings.NewReader(heaviest[0].body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusOK || set.Load() != 0 {
		t.Errorf("answered %d; a time to read was set %d times", res.StatusCode, set.Load())
	}
}
