// Package outbound is the one way in which this program calls an address that
// somebody typed: a webhook, a sign-in provider, a receiver of e-bills. It reaches https
// on port 443 of the open internet, by Dial SSH's port and those above 1023 there, and
// nothing else (SECURITY T20). It does not retry, follow redirects or keep cookies.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// Limits of one call.
const (
	Timeout = 5 * time.Second
	MaxBody = 1 << 20
	port    = "443"
)

// Faults. None of them says what an address inside answered.
var (
	ErrAddress = fault.New(fault.Invalid, "address_refused", "enter an https address on port 443 of the public internet")
	ErrTooLong = fault.New(fault.Unavailable, "answer_too_long", "the answer is longer than 1 MiB")
)

// Client makes such calls.
type Client struct {
	http     *http.Client
	settings *tls.Config
	port     string
	allowed  func(netip.Addr) bool
	plain    bool // http too, on this machine
}

// Loopback changes a client so that it reaches a server of a test: any port, on a
// loopback address, that shows a certificate of roots.
type Loopback struct{ Roots *x509.CertPool }

// New returns the client. tests is given by tests alone, which internal/arch holds.
func New(tests ...Loopback) *Client {
	c := &Client{port: port, allowed: public, settings: &tls.Config{MinVersion: tls.VersionTLS12}}
	for _, t := range tests {
		c.port, c.settings.RootCAs = "", t.Roots
		c.allowed = netip.Addr.IsLoopback
	}
	c.http = &http.Client{
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     guarded{c, transport(c, c.settings)},
	}
	return c
}

// OnThisMachine is a client that reaches loopback addresses and nothing else, at any
// port, also in plain http: for a demo whose every part runs on one machine (DESIGN 2.17).
func OnThisMachine() *Client {
	c := New()
	c.port, c.plain, c.allowed = "", true, netip.Addr.IsLoopback
	return c
}

func transport(c *Client, settings *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: Timeout, ControlContext: c.control}
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: settings, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: Timeout, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: 64 << 10,
		// A kept connection would skip the check of the address that a name has now.
		DisableKeepAlives: true,
	}
}

// control looks at the address that is about to be connected to, after the name
// was resolved: a name that answers differently the second time gains nothing.
func (c *Client) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return ErrAddress
	}
	if !c.allowed(at.Addr().Unmap()) || c.port != "" && fmt.Sprint(at.Port()) != c.port {
		return ErrAddress
	}
	return nil
}

// Check tells whether an address has a form that may be called, before it is kept.
// What its name resolves to is looked at with each call.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return ErrAddress
	}
	return c.check(u)
}

func (c *Client) check(u *url.URL) error {
	if u.Scheme != "https" && !(c.plain && u.Scheme == "http") || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return ErrAddress
	}
	if p := u.Port(); c.port != "" && p != "" && p != c.port {
		return ErrAddress
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !c.allowed(ip.Unmap()) {
		return ErrAddress
	}
	return nil
}

// HTTP is the client in the form that libraries take. The same rules hold for
// whatever they call with it.
func (c *Client) HTTP() *http.Client { return c.http }

// Post sends a body to an address and tells the status that came back. The answer's
// text is thrown away: an address that somebody typed must not show what stands behind it.
func (c *Client) Post(ctx context.Context, address string, headers map[string]string, body []byte) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, ErrAddress
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// guarded checks each address and cuts each answer off, for every user of the client.
type guarded struct {
	client *Client
	next   http.RoundTripper
}

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.client.check(r.URL); err != nil {
		return nil, err
	}
	res, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &bounded{res.Body, MaxBody}
	return res, nil
}

// bounded fails once more than left bytes have come.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, ErrTooLong
	}
	b.left -= n
	return n, err
}
