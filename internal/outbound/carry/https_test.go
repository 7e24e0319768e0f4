package carry_test

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbound/carry"
)

// inbox is a receiver's web server with a certificate of its own.
type inbox struct {
	*httptest.Server
	mu    sync.Mutex
	do    func(w http.ResponseWriter, r *http.Request)
	came  int
	heads []http.Header
	paths []string
	files [][]byte
}

func web(t *testing.T) *inbox {
	t.Helper()
	b := &inbox{}
	b.Server = httptest.NewTLSServer(b)
	t.Cleanup(b.Close)
	return b
}

// ServeHTTP keeps what came whole, unless it was told to do something else.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.came++
	do := b.do
	b.mu.Unlock()
	if do != nil {
		do(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heads, b.paths = append(b.heads, r.Header.Clone()), append(b.paths, r.Method+" "+r.URL.Path)
	if r.Method != http.MethodHead {
		b.files = append(b.files, body)
	}
	w.WriteHeader(http.StatusCreated)
}

// place is the inbox as a target whose own certificate is the one that is believed.
func (b *inbox) place(method string) carry.Target {
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Certificate().Raw}))
	return carry.Target{Way: carry.HTTPS, URL: b.URL + "/in", Method: method, Auth: carry.Bearer, Secret: "token-CANARY", CA: ca}
}

func TestWebTakesTheFile(t *testing.T) {
	t.Parallel()
	b := web(t)
	f := bill(2)
	f.SHA256 = strings.Repeat("ab", 32)
	got, err := carrier().Send(t.Context(), b.place("PUT"), f)
	if err != nil || got.Name != "/in/HV-1-1.txt" || got.SizeBytes != int64(len(f.Bytes)) {
		t.Fatalf("%+v, %v", got, err)
	}
	x := b.place("POST")
	x.Auth, x.User, x.Secret = carry.Basic, "hollis", "pw"
	f.Name = "HV-1-2.xml"
	if _, err := carrier().Send(t.Context(), x, f); err != nil {
		t.Fatal(err)
	}
	if strings.Join(b.paths, " ") != "PUT /in/HV-1-1.txt POST /in" || !bytes.Equal(b.files[0], f.Bytes) || !bytes.Equal(b.files[1], f.Bytes) {
		t.Errorf("%v, %d files", b.paths, len(b.files))
	}
	for name, want := range map[string]string{"Authorization": "Bearer token-CANARY", "If-None-Match": "*", "Content-Type": "text/plain", "Idempotency-Key": f.Part,
		"Content-Disposition": `attachment; filename="HV-1-1.txt"`, "Content-Digest": "sha-256=:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=:"} {
		if b.heads[0].Get(name) != want {
			t.Errorf("%s: %q", name, b.heads[0].Get(name))
		}
	}
	if h := b.heads[1]; h.Get("Authorization") != "Basic aG9sbGlzOnB3" || h.Get("Content-Type") != "application/xml" || h.Get("If-None-Match") != "" {
		t.Errorf("%v", h)
	}
	if err := carrier().Try(t.Context(), b.place("PUT")); err != nil || len(b.files) != 2 || b.paths[2] != "HEAD /in" {
		t.Errorf("a try: %v, %v", err, b.paths)
	}
}

func TestWhatTheWebAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		v carry.Verdict
		c carry.Cause
	}{
		302: {carry.Refused, carry.Redirected}, 307: {carry.Refused, carry.Redirected}, 400: {carry.Refused, carry.Rejected}, 401: {carry.Refused, carry.Credential}, 403: {carry.Refused, carry.Permission},
		404: {carry.Refused, carry.Folder}, 409: {carry.Refused, carry.Collision}, 412: {carry.Refused, carry.Collision}, 413: {carry.Refused, carry.Rejected}, 422: {carry.Refused, carry.Rejected},
		429: {carry.Later, carry.ServerFault}, 503: {carry.Later, carry.ServerFault}, 507: {carry.Later, carry.ServerFault}, 500: {carry.Uncertain, carry.ServerFault}, 502: {carry.Uncertain, carry.ServerFault}, 504: {carry.Uncertain, carry.ServerFault},
	} {
		b := web(t)
		elsewhere := web(t)
		b.do = func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
		}
		_, err := carrier().Send(t.Context(), b.place("PUT"), bill(2))
		wants(t, err, want.v, want.c)
		if b.came != 1 || elsewhere.came != 0 {
			t.Errorf("%d: %d calls, %d elsewhere", status, b.came, elsewhere.came)
		}
	}
}

// TestF09_ARedirectAfterAPostLeavesOpenWhatBecameOfIt: many servers take a file and then say
// where to read on. 307 and 308 ask for the file elsewhere, so it is not here.
func TestF09_ARedirectAfterAPostLeavesOpenWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]carry.Verdict{301: carry.Uncertain, 302: carry.Uncertain, 303: carry.Uncertain, 307: carry.Refused, 308: carry.Refused} {
		b := web(t)
		b.do = func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", b.URL+"/taken")
			w.WriteHeader(status)
		}
		_, err := carrier().Send(t.Context(), b.place("POST"), bill(2))
		wants(t, err, want, carry.Redirected)
	}
}

// TestF09_TheWebEndsInTheMiddle: what was not given whole is not there; what was may be.
func TestF09_TheWebEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	hang := func(w http.ResponseWriter, _ *http.Request, _ chan struct{}) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	large := bill(2_000_000) // more than any buffer on the way
	for name, x := range map[string]struct {
		file carry.File
		do   func(w http.ResponseWriter, r *http.Request, halt chan struct{})
		v    carry.Verdict
	}{
		"hangs up mid-file": {large, hang, carry.Later},
		"hangs up after the last byte": {bill(2), func(w http.ResponseWriter, r *http.Request, _ chan struct{}) {
			_, _ = io.Copy(io.Discard, r.Body)
			hang(w, r, nil)
		}, carry.Uncertain},
		"stalls mid-file": {large, func(_ http.ResponseWriter, _ *http.Request, halt chan struct{}) { <-halt }, carry.Later},
		"stalls after the last byte": {bill(2), func(_ http.ResponseWriter, r *http.Request, halt chan struct{}) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-halt
		}, carry.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := web(t)
			halt := make(chan struct{})
			t.Cleanup(func() { close(halt) })
			b.do = func(w http.ResponseWriter, r *http.Request) { x.do(w, r, halt) }
			_, err := carrier().Within(2*time.Second).Send(t.Context(), b.place("PUT"), x.file)
			wants(t, err, x.v, map[carry.Verdict]carry.Cause{carry.Later: carry.Unreachable, carry.Uncertain: carry.CutShort}[x.v])
			if b.came != 1 {
				t.Errorf("%d calls", b.came)
			}
		})
	}
}

func TestT20_OnlyAServerThatSomebodyVouchesFor(t *testing.T) {
	t.Parallel()
	b, other := web(t), web(t)
	x := b.place("PUT")
	x.CA = ""
	_, err := carrier().Send(t.Context(), x, bill(1))
	wants(t, err, carry.Refused, carry.Certificate)
	wants(t, carrier().Try(t.Context(), x), carry.Refused, carry.Certificate)
	x.CA = "no certificate"
	_, err = carrier().Send(t.Context(), x, bill(1))
	wants(t, err, carry.Refused, carry.Certificate)
	open := carry.New(outbound.New())
	for _, address := range []string{b.URL, "http://example.com", "https://example.com:8443", "https://10.0.0.1", "https://user:pw@example.com", "https://[::1]/"} {
		x := other.place("PUT")
		x.URL = address
		_, err := open.Send(t.Context(), x, bill(1))
		wants(t, err, carry.Refused, carry.Address)
	}
	if b.came+other.came != 0 {
		t.Errorf("%d, %d calls", b.came, other.came)
	}
}
