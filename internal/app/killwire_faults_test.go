//go:build faults

package app_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/docketry/docketry/internal/testkit"
)

// wire stands between one process and PostgreSQL and understands what they say. Once
// armed it counts the statements of all connections, and at the nth it kills the
// process before the server hears the statement. Or it counts those that settle
// something, and kills when the server has done the nth and its answer would go back;
// after any other statement is before the next one, for the transaction is still open.
type wire struct {
	dir  string // of its socket
	kill func()

	mu    sync.Mutex
	armed bool
	left  int
	after bool
	at    string   // the statement of the kill; "" while there was none
	pids  []uint32 // of the server's processes for its connections
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{}
	w.dir = testkit.Between(t, w.pass)
	return w
}

// arm has the process killed at the nth statement from now.
func (w *wire) arm(n int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.left, w.after, w.at = true, n, after, ""
}

// disarm tells at which statement the process was killed; "" when it was not.
func (w *wire) disarm() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	return w.at
}

// due counts a statement and tells whether it is the one.
func (w *wire) due(sql string, settles bool) (now, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed || w.after && !settles {
		return false, false
	}
	if w.left--; w.left > 0 {
		return false, false
	}
	w.armed, w.at = false, sql
	return true, w.after
}

func (w *wire) knows(pid uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pids = append(w.pids, pid)
}

func (w *wire) sessions() []uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]uint32{}, w.pids...)
}

func (w *wire) pass(client, server net.Conn) {
	l := &line{wire: w, client: pgproto3.NewBackend(client, client), server: pgproto3.NewFrontend(server, server), settled: make(chan struct{}), texts: map[string]string{}, portals: map[string]string{}}
	hello, err := l.client.ReceiveStartupMessage()
	if err != nil {
		return
	}
	l.server.Send(hello)
	if l.server.Flush() != nil {
		return
	}
	go func() {
		l.answers()
		if !l.muted() { // the process is to die before it hears that the line is dead
			_ = client.Close()
		}
	}()
	l.asks()
}

// line is one connection.
type line struct {
	wire    *wire
	client  *pgproto3.Backend
	server  *pgproto3.Frontend
	mu      sync.Mutex
	mute    bool          // the client hears nothing more
	idle    bool          // no transaction is open
	settled chan struct{} // a muted server is ready, so it has done what it was asked

	texts, portals map[string]string // prepared statements and what was bound, by name
}

func (l *line) muted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mute
}

// settles tells a statement after which something is there for good.
func (l *line) settles(sql string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return commits(sql) || l.idle && !strings.HasPrefix(strings.ToUpper(sql), "BEGIN")
}

func commits(sql string) bool { return strings.EqualFold(sql, "COMMIT") }

// answers hands on what the server says.
func (l *line) answers() {
	defer close(l.settled)
	for {
		m, err := l.server.Receive()
		if err != nil {
			return
		}
		if key, ok := m.(*pgproto3.BackendKeyData); ok {
			l.wire.knows(key.ProcessID)
		}
		ready, ok := m.(*pgproto3.ReadyForQuery)
		if ok {
			l.mu.Lock()
			l.idle = ready.TxStatus == 'I'
			l.mu.Unlock()
		}
		if l.muted() {
			if ok {
				return
			}
			continue
		}
		l.client.Send(m)
		if l.client.Flush() != nil {
			return
		}
	}
}

// asks hands on what the client says, up to the statement at which it dies.
func (l *line) asks() {
	last := false
	for {
		m, err := l.client.Receive()
		if err != nil {
			return
		}
		if sql, ok := l.statement(m); ok && !last {
			now, after := l.wire.due(sql, l.settles(sql))
			if now && !after {
				l.wire.kill()
				return
			}
			if now {
				last = true
				l.mu.Lock()
				l.mute = true
				l.mu.Unlock()
			}
		}
		l.server.Send(m)
		if l.server.Flush() != nil {
			return
		}
		if last && ends(m) {
			<-l.settled
			l.wire.kill()
			return
		}
	}
}

// ends tells a message upon which the server does what it was asked and says so.
func ends(m pgproto3.FrontendMessage) bool {
	switch m.(type) {
	case *pgproto3.Query, *pgproto3.Sync:
		return true
	default:
		return false
	}
}

// statement is the SQL that a message has done, if it is one of those.
func (l *line) statement(m pgproto3.FrontendMessage) (sql string, ok bool) {
	switch m := m.(type) {
	case *pgproto3.Query:
		return brief(m.String), true
	case *pgproto3.Parse:
		l.texts[m.Name] = brief(m.Query)
	case *pgproto3.Bind:
		l.portals[m.DestinationPortal] = l.texts[m.PreparedStatement]
	case *pgproto3.Execute:
		return l.portals[m.Portal], true
	}
	return "", false
}

// brief is the head of a statement, on one line; its values are elsewhere.
func brief(sql string) string {
	return fmt.Sprintf("%.60s", strings.Join(strings.Fields(sql), " "))
}
