// Package connector is how e-bills reach a receiver by themselves: its server, the place on
// it, and what opens it. Each receiver has one at most (LEGAL-BILLING 6). It does not own the
// receiver (package portal), the protocols (outbound/carry) nor what is sent (package
// submission).
//
// What opens a server is sealed with the firm's key, shown to nobody, and goes to the place
// that it was entered for: a change of the place asks for it again.
package connector

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/seal"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale    = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrInUse    = fault.New(fault.Conflict, "connector_in_use", "files go to this receiver by themselves; let it go by download first")
	ErrTries    = fault.New(fault.TooMany, "connector_tries", "this connection was tried a moment ago; wait ten seconds")
)

// Works is what a try says that found nothing wrong; stored.
const Works = "ok"

// pause is how long one try keeps the next away.
const pause = 10 * time.Second

// Connector is how one receiver is reached. It holds no secret.
type Connector struct {
	Portal    ident.PortalID
	Way       carry.Way
	Host      string // of SFTP, with the next three
	Port      int
	Folder    string
	HostKey   string
	URL       string // of HTTPS, with the next two
	Method    string // PUT, POST
	CA        string
	User      string
	Auth      carry.Auth
	TriedAt   *time.Time
	Tried     string // Works, or the cause of a carry.Error; "" before the first try
	ChangedBy string // name
	ChangedAt time.Time
	Version   int
}

// Draft is a connector as it is asked for; an empty Secret leaves the one that is there.
type Draft struct {
	Connector
	Secret seal.Secret
}

// target is the place with what opens it.
func (c *Connector) target(secret seal.Secret) carry.Target {
	return carry.Target{Way: c.Way, Host: c.Host, Port: c.Port, Folder: c.Folder, HostKey: c.HostKey, URL: c.URL, Method: c.Method, CA: c.CA, User: c.User, Auth: c.Auth, Secret: secret}
}

// sameDoor tells whether what opens one opens the other: nothing differs but the folder and
// the method.
func (c *Connector) sameDoor(o *Connector) bool {
	return c.Way == o.Way && c.Host == o.Host && c.Port == o.Port && c.HostKey == o.HostKey && c.URL == o.URL && c.CA == o.CA && c.User == o.User && c.Auth == o.Auth
}

// clean trims what was typed and drops what the way has no use for.
func (d *Draft) clean() {
	for _, s := range []*string{&d.Host, &d.Folder, &d.HostKey, &d.URL, &d.CA, &d.User} {
		*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	}
	d.Secret = seal.Secret(strings.ReplaceAll(d.Secret.Reveal(), "\r\n", "\n"))
	if d.Auth == carry.Key {
		d.Secret = seal.Secret(keyEdge.ReplaceAllString(strings.TrimSpace(d.Secret.Reveal()), "\n$0\n"))
	}
	if d.Way == carry.SFTP {
		d.URL, d.Method, d.CA = "", "", ""
		if d.Port == 0 {
			d.Port = 22
		}
		return
	}
	d.Host, d.Port, d.Folder, d.HostKey = "", 0, "", ""
	if d.Auth == carry.Bearer {
		d.User = ""
	}
}

// keyEdge is the first or last line of a private key. A field of one line takes the breaks
// around it away.
var keyEdge = regexp.MustCompile(`-----(BEGIN|END) [A-Z0-9 ]+-----`)

// addresses tells whether an address may be called; carry.Carrier does.
type addresses interface {
	CheckURL(address string) error
	CheckHost(host string, port int) error
}

var fingerprint = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)

// validate names every field that needs correcting; fresh wants a secret.
func (d *Draft) validate(may addresses, fresh bool) error {
	var fs fault.Fields
	switch d.Way {
	case carry.SFTP:
		d.server(&fs, may)
	case carry.HTTPS:
		d.web(&fs, may)
	default:
		fs.Add("way", "choice_unknown", "choose one of: sftp, https")
		return fs.Err(ErrInvalid)
	}
	d.secret(&fs, fresh)
	return fs.Err(ErrInvalid)
}

func (d *Draft) server(fs *fault.Fields, may addresses) {
	if err := may.CheckHost(d.Host, d.Port); err != nil {
		fs.Add("host", "address_refused", "enter the name of a server on the public internet; its port is 22 or from 1024 to 65535")
	}
	if !fingerprint.MatchString(d.HostKey) {
		fs.Add("host_key", "host_key_form", "enter the fingerprint of the server's key as the receiver gives it: SHA256: and 43 characters")
	}
	fs.Line("user", d.User, 1, 120)
	fs.Line("folder", d.Folder, 0, 300)
	if slices.Contains(strings.Split(d.Folder, "/"), "..") {
		fs.Add("folder", "folder_form", "enter the folder without ..")
	}
	if d.Auth != carry.Key && d.Auth != carry.Password {
		fs.Add("auth", "choice_unknown", "choose one of: key, password")
	}
}

func (d *Draft) web(fs *fault.Fields, may addresses) {
	if err := may.CheckURL(d.URL); err != nil || strings.ContainsAny(d.URL, "?#") {
		fs.Add("url", "address_refused", "enter an https address on port 443 of the public internet, without ? and #")
	} else if len(d.URL) > 500 {
		fs.Add("url", "text_length", "at most 500 characters")
	}
	if d.Method != "PUT" && d.Method != "POST" {
		fs.Add("method", "choice_unknown", "choose one of: PUT, POST")
	}
	if _, ok := carry.Roots(d.CA); d.CA != "" && (!ok || len(d.CA) > 20_000) {
		fs.Add("ca", "certificate_form", "paste the certificates of its authority in PEM, each with its first and last line")
	}
	switch d.Auth {
	case carry.Basic:
		fs.Line("user", d.User, 1, 120)
		if strings.Contains(d.User, ":") {
			fs.Add("user", "user_form", "a user name has no colon")
		}
	case carry.Bearer:
	default:
		fs.Add("auth", "choice_unknown", "choose one of: bearer, basic")
	}
}

func (d *Draft) secret(fs *fault.Fields, fresh bool) {
	s := d.Secret.Reveal()
	switch {
	case s == "" && fresh:
		fs.Add("secret", "secret_missing", "enter what opens the server; after a change of the server or the user it is asked for again")
	case s == "":
	case len(s) > 16_000:
		fs.Add("secret", "text_length", "at most 16000 characters")
	case d.Auth == carry.Key:
		if f := carry.CheckKey(d.Secret); f != nil {
			*fs = append(*fs, *f)
		}
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		fs.Add("secret", "secret_form", "enter it on one line")
	case d.Auth == carry.Bearer && strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r == ' ' }):
		fs.Add("secret", "secret_form", "a token has no spaces and no letters beyond ASCII")
	}
}
