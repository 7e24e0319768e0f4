package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Sender hands one mail over. A nil error means that the receiver's side has it.
// Any other is a *SendError.
type Sender interface {
	Send(ctx context.Context, o Outgoing) error
}

// Verdict is what a failed hand-over means.
type Verdict int

// Temporary may be tried again. Permanent is a bounce. Uncertain may have arrived.
const (
	Temporary Verdict = iota
	Permanent
	Uncertain
)

// SendError is a mail that was not, or not surely, handed over.
type SendError struct {
	Verdict  Verdict
	Code     int    // SMTP's, 0 when there was no answer
	Response string // the server's words, cut and printable; may name an address
	err      error
}

func (e *SendError) Error() string {
	return fmt.Sprintf("send mail: %s (%d %s)", [...]string{"try again", "refused", "uncertain"}[e.Verdict], e.Code, e.Response)
}

// Unwrap gives the cause for the log.
func (e *SendError) Unwrap() error { return e.err }

// sendTimeout bounds one hand-over, so that a server that hangs holds no worker for
// longer (F08).
const sendTimeout = 25 * time.Second

// Open makes the sender that a URL names: smtp://user:password@host:587 (STARTTLS),
// smtps://host:465, or file:///folder for a folder of .eml files. Plain SMTP is for
// a loopback host only. dkim may be nil.
func Open(address string, dkim *DKIM) (Sender, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the mail URL cannot be read") // it may hold a password: not repeated
	}
	switch u.Scheme {
	case "file":
		return NewFolder(u.Path, dkim)
	case "smtp", "smtps":
		return newSMTP(u, dkim)
	default:
		return nil, fmt.Errorf("mail URL: scheme %q is not smtp, smtps or file", u.Scheme)
	}
}

// SMTP sends through one server, a connection a mail.
type SMTP struct {
	host    string
	options []gomail.Option
	dkim    *DKIM
}

func newSMTP(u *url.URL, dkim *DKIM) (*SMTP, error) {
	host := u.Hostname()
	ip := net.ParseIP(host)
	local := host == "localhost" || (ip != nil && ip.IsLoopback())
	o := []gomail.Option{gomail.WithTimeout(sendTimeout), gomail.WithoutNoop(), gomail.WithoutRset()}
	switch {
	case u.Scheme == "smtps":
		o = append(o, gomail.WithSSL(), gomail.WithPort(465))
	case local:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSOpportunistic), gomail.WithPort(25))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithPort(587))
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("mail URL: port %q", p)
		}
		o = append(o, gomail.WithPort(n))
	}
	if user := u.User.Username(); user != "" {
		password, _ := u.User.Password()
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(host, o...); err != nil {
		return nil, fmt.Errorf("mail URL: %w", err)
	}
	return &SMTP{host, o, dkim}, nil
}

// Send is Sender's.
func (s *SMTP) Send(ctx context.Context, o Outgoing) error {
	m, err := prepared(o, s.dkim)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, sendTimeout)
	defer stop()
	c, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return &SendError{Temporary, 0, "", err}
	}
	if err := c.DialWithContext(ctx); err != nil {
		return &SendError{Temporary, 0, "no connection", err}
	}
	err = c.Send(m)
	_ = c.Close() // the mail's fate is known already
	if err == nil || m.IsDelivered() {
		return nil
	}
	return judge(err)
}

// judge reads go-mail's error. After the text was handed over, silence is uncertain;
// before, nothing can have been accepted.
func judge(err error) *SendError {
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return &SendError{Temporary, 0, "", err}
	}
	e := &SendError{Temporary, se.ErrorCode(), cut(se.Error()), err}
	switch {
	case e.Code >= 500:
		e.Verdict = Permanent
	case se.Reason == gomail.ErrSMTPDataClose && !se.IsTemp():
		e.Verdict = Uncertain
	}
	return e
}

// prepared composes and signs; what cannot be composed will not be better later.
func prepared(o Outgoing, dkim *DKIM) (*gomail.Msg, error) {
	m, err := compose(o)
	if err == nil && dkim != nil {
		err = dkim.sign(m)
	}
	if err != nil {
		return nil, &SendError{Permanent, 0, "it cannot be composed", err}
	}
	return m, nil
}

// cut makes a server's words fit for a row: printable and short.
func cut(s string) string {
	s = strings.Map(printable, s)
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300])
	}
	return s
}
