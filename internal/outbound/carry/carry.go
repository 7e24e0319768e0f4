// Package carry takes one file to a receiver's server, by SFTP or by HTTPS, and tells
// whether it is there, is not, or may be. Every connection goes through package outbound
// (SECURITY T20). It owns the two protocols; it does not own what a file is, where it goes
// or whether it is tried again.
//
// A file arrives whole or not at all: SFTP gives it its name last, HTTPS says its length
// first. A file of the same name with other bytes is never written over.
package carry

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/seal"
)

// Way is a protocol; stored.
type Way string

// The ways.
const (
	SFTP  Way = "sftp"
	HTTPS Way = "https"
)

// Auth is how we show who we are; stored.
type Auth string

// A private key or a password for SFTP, a token or a name with a password for HTTPS.
const (
	Key      Auth = "key"
	Password Auth = "password"
	Bearer   Auth = "bearer"
	Basic    Auth = "basic"
)

// Target is a place at a receiver, with what opens it.
type Target struct {
	Way     Way
	Host    string // of SFTP, with the next three
	Port    int
	Folder  string // "" is where its user begins
	HostKey string // SHA256:… of the server's public key; another one is refused
	URL     string // of HTTPS, with the next two
	Method  string // PUT adds the file's name to the URL, POST does not
	CA      string // PEM; who vouches for the server instead of the usual authorities, "" is these
	User    string // "" for a token
	Auth    Auth
	Secret  seal.Secret
}

// File is what is carried.
type File struct {
	Name   string // at the receiver; letters, digits, hyphen, underscore and point
	Part   string // tells the unfinished file from every other; of the same characters
	SHA256 string
	Bytes  []byte
}

// Receipt is what is known of a file that arrived.
type Receipt struct {
	Name      string // with the folder or the path
	SizeBytes int64
}

// Verdict is what a failed hand-over means.
type Verdict int

// Later certainly did not arrive and may be tried again. Refused certainly did not either,
// and will not until a person changes something. Uncertain may have arrived.
const (
	Later Verdict = iota
	Refused
	Uncertain
)

// Cause is why a file did not surely arrive; stored.
type Cause string

// The causes.
const (
	Unreachable Cause = "unreachable" // no connection, or none within the time
	Address     Cause = "address"     // leads where no call may go
	HostKey     Cause = "host_key"    // the server is another one
	Certificate Cause = "certificate" // nobody vouches for the server
	Credential  Cause = "credential"  // the server does not know us
	Folder      Cause = "folder"      // the place is not there
	Permission  Cause = "permission"  // we may not write there
	Collision   Cause = "collision"   // another file has this name
	ServerFault Cause = "server"      // it failed, such as a full disk
	Redirected  Cause = "redirected"  // it sends us elsewhere, which is not followed
	Rejected    Cause = "rejected"    // it will not have the file
	CutShort    Cause = "cut_short"   // the connection ended before the file was whole, or before the server's word on it
)

// Error is a file that did not, or not surely, arrive. Its text names the cause alone: the
// far side's words and the address may say too much for a log.
type Error struct {
	Verdict Verdict
	Cause   Cause
	err     error
}

func (e *Error) Error() string { return "carry file: " + string(e.Cause) }

// Unwrap gives what the connection said.
func (e *Error) Unwrap() error { return e.err }

// timeout bounds one hand-over, so that a server that hangs holds no worker for longer
// (as F08 for mail).
const timeout = 25 * time.Second

// Carrier carries.
type Carrier struct {
	calls   *outbound.Client
	timeout time.Duration
}

// New carries over calls.
func New(calls *outbound.Client) *Carrier {
	if calls == nil {
		panic("carry: no client to call with")
	}
	return &Carrier{calls, timeout}
}

// Within is the carrier with another bound for one hand-over.
func (c *Carrier) Within(d time.Duration) *Carrier { return &Carrier{c.calls, d} }

// Send hands the file over. A nil error means that the receiver has it whole, under its
// name; any other is an *Error. SFTP takes a file that is there already, byte by byte the
// same, as arrived.
func (c *Carrier) Send(ctx context.Context, t Target, f File) (Receipt, error) {
	ctx, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	if t.Way == HTTPS {
		return c.put(ctx, t, f)
	}
	return c.upload(ctx, t, f)
}

// Try connects, shows who we are and looks at the place, without writing anything.
func (c *Carrier) Try(ctx context.Context, t Target) error {
	ctx, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	if t.Way == HTTPS {
		return c.head(ctx, t)
	}
	return c.look(ctx, t)
}

// CheckURL and CheckHost tell whether an address has a form that may be called.
func (c *Carrier) CheckURL(address string) error { return c.calls.Check(address) }

// CheckHost is CheckURL for a server that is no web server.
func (c *Carrier) CheckHost(host string, port int) error { return c.calls.CheckHost(host, port) }

// CheckKey tells what is wrong with a private key.
func CheckKey(s seal.Secret) *fault.Field {
	_, err := ssh.ParsePrivateKey([]byte(s.Reveal()))
	if _, locked := err.(*ssh.PassphraseMissingError); locked { //nolint:errorlint // the library returns it bare
		return &fault.Field{Path: "secret", Code: "key_locked", Message: "this key has a passphrase; make one without, it is kept sealed here"}
	}
	if err != nil {
		return &fault.Field{Path: "secret", Code: "key_form", Message: "paste the private key with its first and last line, in OpenSSH or PEM form"}
	}
	return nil
}

// Roots reads certificates in PEM; ok is false where there is none, or one cannot be read.
func Roots(text string) (pool *x509.CertPool, ok bool) {
	pool = x509.NewCertPool()
	rest := []byte(text)
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return pool, ok
		}
		cert, err := x509.ParseCertificate(b.Bytes)
		if err != nil || b.Type != "CERTIFICATE" {
			return nil, false
		}
		pool.AddCert(cert)
		ok = true
	}
}
