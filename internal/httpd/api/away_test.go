package api_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// wire is a way to the database that a test can cut.
type wire struct {
	t      *testing.T
	socket string
	mu     sync.Mutex
	l      net.Listener
	conns  []net.Conn
	addr   string
}

func newWire(t *testing.T, socket string) *wire {
	t.Helper()
	w := &wire{t: t, socket: socket, addr: "127.0.0.1:0"}
	w.mend()
	t.Cleanup(w.cut)
	return w
}

// mend listens, again at the same address after a cut.
func (w *wire) mend() {
	w.t.Helper()
	l, err := net.Listen("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.l, w.addr = l, l.Addr().String()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", w.socket)
			if err != nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, in, out)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(out, in) }()
			go func() { _, _ = io.Copy(in, out) }()
		}
	}()
}

// cut ends every connection and lets no new one through.
func (w *wire) cut() {
	_ = w.l.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

func TestF05TheDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	c, err := pgx.ParseConfig(testkit.URL(t, "docketry_api"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, fmt.Sprintf("%s/.s.PGSQL.%d", c.Host, c.Port))
	d, err := db.Open(t.Context(), db.Config{URL: fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", c.User, w.addr, c.Database), Key: testkit.Key, Clock: clock.At(testkit.Now),
		AcquireTimeout: 10 * time.Second, StatementTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := newServerOver(t, d)
	f := testkit.Firm(t, d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	admin.get(at(f, "/clients")).want(t, 200)
	w.cut()
	for range 3 { // the first meets a connection that is dead, the next find none
		r := admin.get(at(f, "/clients")).want(t, 503, `"code":"database_unavailable"`)
		if r.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	admin.send("POST", "/api/v1/sessions", map[string]string{"email": "a@b.example", "password": password}).want(t, 503)
	w.mend()
	admin.get(at(f, "/clients")).want(t, 200)
	admin.send("POST", at(f, "/clients"), map[string]string{"number": "1", "name": "A"}).want(t, 201)
}
