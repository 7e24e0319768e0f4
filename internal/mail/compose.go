package mail

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Outgoing is one mail with everything that its receiver will see.
type Outgoing struct {
	FromName  string // the firm
	From      string // the bureau's sending address
	ReplyTo   string // the firm's; "" for none
	ToName    string
	To        string
	Subject   string
	Text      string
	HTML      string
	MessageID string // without angle brackets
	Date      time.Time
	Files     []File
}

// File is an attachment's content.
type File struct {
	Name  string
	Media string
	Bytes []byte
}

// messageID is the same for every attempt at a mail, by which a receiver folds a
// resend. The domain is the sender's.
func messageID(kind, id, from string) string {
	_, domain, ok := strings.Cut(from, "@")
	if !ok {
		domain = "invalid"
	}
	return fmt.Sprintf("%s.%s.1@%s", kind, id, domain)
}

// compose makes the message: text and HTML, the files, no word of which program
// wrote it. Whatever could become a header or an address of its own is refused.
func compose(o Outgoing) (*gomail.Msg, error) {
	names := []string{o.FromName, o.ToName, o.Subject, o.MessageID}
	for _, f := range o.Files {
		names = append(names, f.Name, f.Media)
	}
	for _, s := range names {
		if !oneLine(s) {
			return nil, ErrControl
		}
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8))
	from, err := address(o.FromName, o.From)
	if err != nil {
		return nil, err
	}
	to, err := address(o.ToName, o.To)
	if err != nil {
		return nil, err
	}
	m.FromMailAddress(from)
	m.ToMailAddress(to)
	if o.ReplyTo != "" {
		reply, err := address(o.FromName, o.ReplyTo)
		if err != nil {
			return nil, err
		}
		m.ReplyToMailAddress(reply)
	}
	m.Subject(o.Subject)
	m.SetMessageIDWithValue(o.MessageID)
	m.SetDateWithValue(o.Date)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, o.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, o.HTML)
	for _, f := range o.Files {
		err := m.AttachReader(f.Name, bytes.NewReader(f.Bytes), gomail.WithFileContentType(gomail.ContentType(f.Media)))
		if err != nil {
			return nil, fmt.Errorf("attach %s: %w", f.Name, err)
		}
	}
	return m, nil
}

// address is one mailbox: a bare address of one line, with the name beside it.
func address(name, addr string) (*mail.Address, error) {
	a, err := mail.ParseAddress(addr)
	if err != nil || a.Address != addr || !oneLine(addr) || strings.ContainsAny(addr, " \t,;<>\"") {
		return nil, ErrControl.With("%q is not one mail address", strings.Map(printable, addr))
	}
	return &mail.Address{Name: name, Address: addr}, nil
}

func printable(r rune) rune {
	if oneLine(string(r)) {
		return r
	}
	return '?'
}

// render is the message's bytes. Called again they are the same, but for the
// boundaries, which are kept from the first time.
func render(m *gomail.Msg) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := m.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	return buf.Bytes(), nil
}
