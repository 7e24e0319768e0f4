package outbound

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Delivery is a file on its way to an address that somebody typed.
type Delivery struct {
	Method  string
	Address string
	Headers map[string]string
	Body    []byte
	Roots   *x509.CertPool // who vouches for the address instead of the usual authorities; nil is these
}

// Deliver hands a file over and tells the status that came back; the answer's text is
// thrown away. It lasts as long as ctx lets it, and is never tried a second time here.
// whole tells that all of the body was given to the connection: where err is set or the
// status is no word on the file, the other side may have it.
func (c *Client) Deliver(ctx context.Context, d Delivery) (status int, whole bool, err error) {
	body := &given{r: bytes.NewReader(d.Body), closed: make(chan struct{})}
	r, err := http.NewRequestWithContext(ctx, d.Method, d.Address, body)
	if err != nil || c.check(r.URL) != nil {
		return 0, false, ErrAddress
	}
	r.ContentLength = int64(len(d.Body))
	for name, value := range d.Headers {
		r.Header.Set(name, value)
	}
	if len(d.Body) == 0 {
		r.Body = http.NoBody
		_ = body.Close() // never fails
	}
	settings := c.settings.Clone()
	if d.Roots != nil {
		settings.RootCAs = d.Roots
	}
	slow := transport(c, settings)
	slow.ResponseHeaderTimeout = 0 // ctx ends it: a receiver may look at the file before it answers
	once := http.Client{CheckRedirect: c.http.CheckRedirect, Transport: guarded{c, slow}}
	res, err := once.Do(r)
	if err != nil {
		return 0, body.whole(len(d.Body)), err
	}
	return res.StatusCode, body.whole(len(d.Body)), res.Body.Close()
}

// given is a body that knows how much of it was taken.
type given struct {
	mu     sync.Mutex
	r      io.Reader
	n      int
	ended  bool
	closed chan struct{}
}

func (g *given) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n += n
	return n, err
}

// Close is called by who sends the body once no more of it is sent.
func (g *given) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		g.ended = true
		close(g.closed)
	}
	return nil
}

// whole tells whether size bytes were taken, once no more are: that may be a moment after
// the call has failed. Where it does not come to an end, any byte counts as all of them.
func (g *given) whole(size int) bool {
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-g.closed:
	case <-patience.C:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n >= size || !g.ended && g.n > 0
}

// lowest is the first port that no service of a machine itself has by custom.
const lowest = 1024

// dialable are the ports of Dial: SSH's own, and those above the ones that are reserved.
func dialable(port int) bool { return port == 22 || port >= lowest && port <= 65535 }

// CheckHost tells whether a host and port have a form that Dial may be given, before they
// are kept.
func (c *Client) CheckHost(host string, port int) error {
	if c.port != "" && !dialable(port) || port < 1 || port > 65535 || !hostName(host) {
		return ErrAddress
	}
	if ip, err := netip.ParseAddr(host); err == nil && !c.allowed(ip.Unmap()) {
		return ErrAddress
	}
	return nil
}

// hostName tells a name of letters, digits, hyphens and points, or an address.
func hostName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for _, c := range host {
		if c != '.' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return host != "" && len(host) <= 253
}

// Dial connects to a host that somebody typed, for a protocol that is no HTTP. The address
// is looked at after its name was resolved, as with every call.
func (c *Client) Dial(ctx context.Context, host string, port int) (net.Conn, error) {
	if err := c.CheckHost(host, port); err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: Timeout, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" || !c.allowed(at.Addr().Unmap()) {
			return ErrAddress
		}
		return nil
	}}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}
