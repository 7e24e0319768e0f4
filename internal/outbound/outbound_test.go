package outbound

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// inside are addresses that must never be reached, those among them that Go's own
// helpers take for public.
var inside = []string{
	"0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.7",
	"192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
	"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
	"2001::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "3fff::1",
}

func TestT20_AddressTable(t *testing.T) {
	t.Parallel()
	for _, text := range inside {
		if public(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.32.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"} {
		if !public(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as not public", text)
		}
	}
}

func TestT20_OnlyHTTPSOn443(t *testing.T) {
	t.Parallel()
	c := New()
	for _, address := range []string{"http://example.com/", "https://example.com:8443/", "https://example.com:80/", "ftp://example.com", "https://", "https://user:pw@example.com/", "file:///etc/passwd",
		"https:example.com", "//example.com", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1%25eth0]/", "https://169.254.169.254/latest", "https://exa mple.com/", ""} {
		if err := c.Check(address); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
		if _, err := ask(t, c, address); err == nil {
			t.Errorf("%q was asked for", address)
		}
	}
	for _, address := range []string{"https://example.com", "https://example.com:443/hook?x=1", "https://8.8.8.8/"} {
		if err := c.Check(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func ask(t *testing.T, c *Client, address string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.HTTP().Do(r)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

// listener counts who connects to it, on every kind of loopback.
func listener(t *testing.T) (port string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	connections = &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = conn.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, connections
}

// TestT20_RebindingResolver answers a name with a public address when it is looked
// up to be checked and with a loopback one when it is connected to.
func TestT20_RebindingResolver(t *testing.T) {
	t.Parallel()
	port, connections := listener(t)
	var asked atomic.Int64
	resolver := resolverOf(t, func() [4]byte {
		if asked.Add(1) == 1 {
			return [4]byte{93, 184, 215, 14}
		}
		return [4]byte{127, 0, 0, 1}
	})
	first, err := resolver.LookupNetIP(t.Context(), "ip4", "rebinding.example.")
	if err != nil || !public(first[0]) {
		t.Fatalf("the first look-up gives %v, %v", first, err)
	}
	c := New()
	c.port = port // as if the listener stood on 443, which a test may not open
	dialer := &net.Dialer{Timeout: Timeout, ControlContext: c.control, Resolver: resolver}
	tr := transport(c, nil)
	tr.DialContext = dialer.DialContext
	c.http.Transport = guarded{c, tr}
	if _, err := ask(t, c, "https://rebinding.example.:"+port+"/"); !errors.Is(err, ErrAddress) {
		t.Errorf("the second look-up: %v", err)
	}
	for _, text := range inside {
		if _, err := ask(t, c, "https://"+host(text)+":"+port+"/"); err == nil {
			t.Errorf("%s answered", text)
		}
		conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(text, port))
		if err == nil {
			_ = conn.Close()
			t.Errorf("%s was connected to", text)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("the listener saw %d connections", n)
	}
}

func host(ip string) string {
	if strings.Contains(ip, ":") {
		return "[" + strings.ReplaceAll(ip, "%", "%25") + "]"
	}
	return ip
}

// resolverOf is a resolver whose server answers every question with what answer says.
func resolverOf(t *testing.T, answer func() [4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}, Body: &dnsmessage.AResource{A: answer()}}}
			}
			if b, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestT20_RedirectServer leads to an address inside; nobody goes there.
func TestT20_RedirectServer(t *testing.T) {
	t.Parallel()
	port, connections := listener(t)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://127.0.0.1:"+port+"/", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	res, err := ask(t, New(Loopback{roots(srv)}), srv.URL)
	if err != nil || res.StatusCode != http.StatusTemporaryRedirect {
		t.Fatalf("%v, %v", res, err)
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("the listener saw %d connections", n)
	}
}

func roots(srv *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	return pool
}

func TestT20_AnswersAreBounded(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := MaxBody
		if r.URL.Path == "/long" {
			n++
		}
		_, _ = io.CopyN(w, zeros{}, int64(n))
	}))
	defer srv.Close()
	c := New(Loopback{roots(srv)})
	for path, want := range map[string]error{"/": nil, "/long": ErrTooLong} {
		res, err := ask(t, c, srv.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		if n != MaxBody || !errors.Is(err, want) {
			t.Errorf("%s: %d bytes, %v", path, n, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestT20_NoProxyNoRedirectNoSecondConnection(t *testing.T) {
	t.Parallel()
	c := New()
	tr := c.http.Transport.(guarded).next.(*http.Transport)
	if tr.Proxy != nil || !tr.DisableKeepAlives || c.http.Jar != nil || c.http.Timeout != 5*time.Second || tr.TLSClientConfig.RootCAs != nil || tr.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("%s", fmt.Sprintf("%+v", tr))
	}
}
