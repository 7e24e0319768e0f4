package testkit

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Received is one mail as the server took it.
type Received struct {
	From string
	To   []string
	Text []byte
}

// MailServer is an SMTP server of the test's own on a loopback port. It can
// answer with an error, hang up or stall at each verb: "mail", "rcpt", "data"
// (before the text is taken) and "accept" (after).
type MailServer struct {
	Addr string

	mu       sync.Mutex
	received []Received
	answers  map[string]*smtp.SMTPError
	drops    map[string]bool
	stalls   map[string]chan struct{}
	reached  chan string
}

// SMTP starts a server that takes everything until told otherwise.
func SMTP(t testing.TB) *MailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start mail server: %v", err)
	}
	m := &MailServer{Addr: l.Addr().String(), answers: map[string]*smtp.SMTPError{}, drops: map[string]bool{},
		stalls: map[string]chan struct{}{}, reached: make(chan string, 100)}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mailSession{server: m, conn: c}, nil }))
	s.Domain = "sink.example"
	s.MaxMessageBytes = 10 << 20
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() {
		m.Heal()
		_ = s.Close()
		<-done
	})
	return m
}

// Answer makes the server refuse at verb with an SMTP code.
func (m *MailServer) Answer(verb string, code int, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[verb] = &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}

// HangUp makes the server close the connection at verb without an answer.
func (m *MailServer) HangUp(verb string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drops[verb] = true
}

// Stall makes the server say nothing at verb until Heal.
func (m *MailServer) Stall(verb string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stalls[verb] = make(chan struct{})
}

// Heal makes the server take everything again.
func (m *MailServer) Heal() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.stalls {
		close(c)
	}
	clear(m.answers)
	clear(m.drops)
	clear(m.stalls)
}

// Reached waits until a client has come to verb.
func (m *MailServer) Reached(t testing.TB, verb string) {
	t.Helper()
	for {
		select {
		case v := <-m.reached:
			if v == verb {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("no client came to %s", verb)
		}
	}
}

// Received is what was taken so far.
func (m *MailServer) Received() []Received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Received(nil), m.received...)
}

var errHangUp = errors.New("mail server hangs up")

func (m *MailServer) at(verb string, c *smtp.Conn) error {
	select {
	case m.reached <- verb:
	default:
	}
	m.mu.Lock()
	answer, drop, stall := m.answers[verb], m.drops[verb], m.stalls[verb]
	m.mu.Unlock()
	if stall != nil {
		<-stall
	}
	if drop {
		_ = c.Conn().Close()
		return errHangUp
	}
	if answer != nil {
		return answer
	}
	return nil
}

type mailSession struct {
	server *MailServer
	conn   *smtp.Conn
	mail   Received
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.mail = Received{From: from}
	return s.server.at("mail", s.conn)
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = append(s.mail.To, to)
	return s.server.at("rcpt", s.conn)
}

// Data takes the text; a mail counts as received even when the answer is lost.
func (s *mailSession) Data(r io.Reader) error {
	if err := s.server.at("data", s.conn); err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.Text = text
	s.server.mu.Lock()
	_, refuse := s.server.answers["accept"]
	if !refuse {
		s.server.received = append(s.server.received, s.mail)
	}
	s.server.mu.Unlock()
	return s.server.at("accept", s.conn)
}

func (s *mailSession) Reset()        { s.mail = Received{} }
func (s *mailSession) Logout() error { return nil }
