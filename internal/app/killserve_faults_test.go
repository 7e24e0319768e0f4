//go:build faults

package app_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/testkit"
)

// victim is one `docketry serve`, with a wire to PostgreSQL of its own.
type victim struct {
	wire *wire
	cmd  *exec.Cmd
	url  string
	dead chan struct{} // closed when it has ended
}

// server says how `docketry serve` is started over one database.
type server struct {
	program, database, redis string
	config                   config.Config
}

// builtOnce is the program as it is delivered.
func builtOnce(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "docketry")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/docketry").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// start runs the program and returns when it listens.
func (s server) start(t *testing.T) *victim {
	t.Helper()
	p := &victim{wire: newWire(t), dead: make(chan struct{})}
	p.cmd = exec.Command(s.program, "serve")
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("DOCKETRY_DATABASE_URL=host=%s port=5432 user=docketry_api dbname=%s", p.wire.dir, s.database),
		"DOCKETRY_REDIS_URL="+s.redis, "DOCKETRY_PUBLIC_URL="+s.config.PublicURL, "DOCKETRY_BLOB_URL="+s.config.BlobURL,
		"DOCKETRY_LISTEN=127.0.0.1:0", "DOCKETRY_OPS_LISTEN=127.0.0.1:0",
		"DOCKETRY_SCOPE_KEY="+hex.EncodeToString(s.config.Keys.Scope), "DOCKETRY_PAYLOAD_KEY="+hex.EncodeToString(s.config.Keys.Payload),
		"DOCKETRY_MASTER_KEY="+hex.EncodeToString(s.config.Keys.Master), "DOCKETRY_AUDIT_KEY="+hex.EncodeToString(s.config.Keys.Audit),
		"DOCKETRY_SESSION_KEY="+hex.EncodeToString(s.config.Keys.Session))
	said, err := p.cmd.StderrPipe()
	if err := errors.Join(err, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	p.wire.kill = func() {
		_ = p.cmd.Process.Kill() // SIGKILL; it may have ended
		<-p.dead
	}
	address := make(chan string, 1)
	go func() {
		defer close(p.dead)
		defer close(address)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			var l struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "serving" {
				address <- l.Address
				continue
			}
			if !strings.Contains(lines.Text(), `"level":"INFO"`) {
				t.Log(lines.Text())
			}
		}
		_ = p.cmd.Wait() // killed
	}()
	t.Cleanup(p.wire.kill)
	a, ok := <-address
	if !ok {
		t.Fatal("serve ended before it listened")
	}
	p.url = "http://" + a
	return p
}

// request is one act of one person.
type request struct {
	sid, path, body string
	form            string // Content-Type; JSON without it
	version         int    // If-Match; 0 is none
	status          int    // of the answer when it is done
}

// reply is what came back; its status is 0 when nothing did.
type reply struct {
	status   int
	replayed bool
	body     string
}

// post sends the request under a key. A connection that breaks is no error here.
func (p *victim) post(t *testing.T, r request, key string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/api/v1"+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if r.form != "" {
		req.Header.Set("Content-Type", r.form)
	}
	if r.version > 0 {
		req.Header.Set("If-Match", strconv.Quote(strconv.Itoa(r.version)))
	}
	req.Header.Set("Idempotency-Key", key)
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: r.sid})
	// A connection for each request: Go's client sends one with a key again by itself
	// where a connection that it kept has broken.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return reply{body: err.Error()}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{body: err.Error()}
	}
	return reply{resp.StatusCode, resp.Header.Get("Idempotency-Replayed") == "true", string(b)}
}

// store is a whole database, seen by the private server's superuser past all walls.
type store struct {
	conn *pgx.Conn
	rows string // answers every row of every table as its table and its sum
}

func openStore(t *testing.T, database string) *store {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	s := &store{conn: conn}
	// What a request leaves by itself, whatever becomes of its act, is not the act's:
	// when the session and the grant were last used.
	err = conn.QueryRow(t.Context(), `SELECT string_agg(format('SELECT %L, md5(' || CASE c.relname WHEN 'access_grant' THEN '(to_jsonb(r) - ''last_used_on'')' ELSE 'r' END || '::text) FROM %s r',
			c.oid::regclass, c.oid::regclass), ' UNION ALL ')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relname <> 'session'`).Scan(&s.rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// state counts the rows of each table by their sums.
type state map[[2]string]int

func (s *store) state(t *testing.T) state {
	t.Helper()
	rows, err := s.conn.Query(t.Context(), s.rows)
	if err != nil {
		t.Fatal(err)
	}
	all := state{}
	var r [2]string
	if _, err := pgx.ForEachRow(rows, []any{&r[0], &r[1]}, func() error { all[r]++; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// change is how many rows came to be in each table, and how many ceased to be; a row
// that changed is one of both.
type change map[string][2]int

func (before state) to(now state) change {
	c := change{}
	for r, n := range now {
		if more := n - before[r]; more > 0 {
			c[r[0]] = [2]int{c[r[0]][0] + more, c[r[0]][1]}
		}
	}
	for r, n := range before {
		if fewer := n - now[r]; fewer > 0 {
			c[r[0]] = [2]int{c[r[0]][0], c[r[0]][1] + fewer}
		}
	}
	return c
}

// settled waits until the server has noticed that a dead process is gone, and with
// that has ended its transactions.
func (s *store) settled(t *testing.T, p *victim) {
	t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-again.C {
		var n int
		err := s.conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE pid = ANY ($1)`, p.wire.sessions()).Scan(&n)
		switch {
		case err != nil:
			t.Fatal(err)
		case n == 0:
			return
		case time.Now().After(deadline):
			t.Fatalf("%d sessions of a dead process are still there", n)
		}
	}
}
