// Package httpd is the HTTP face: it turns a request into one call of a service,
// and the answer, or the fault, into JSON or a page. Echo and Huma stay below
// this package (DESIGN 2.10). JSON is in api, HTML in pages.
package httpd

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
)

// Parts is what the server is made of. All are needed.
type Parts struct {
	DB        *db.DB
	Guard     *authz.Guard
	Sessions  SessionStore // over table session, so that a person's can be listed and ended
	Tokens    Tokens       // of programs; nil lets none in
	Log       *slog.Logger
	Metrics   *obs.Metrics
	PublicURL string // scheme and host people type; unsafe requests must come from it
	Plain     bool   // plain http on loopback (DESIGN 2.17)
	Proxies   []*net.IPNet
	ErrorPage func(r *Request, status int, f *fault.Error) templ.Component
	StepUp    func(r *Request, up StepUp) (templ.Component, error) // the page that asks for a factor again; nil where it would stand for "not found" and there is none to ask for
	// ProveFactor judges what who acts in ctx shows, for an act that wants a factor again.
	ProveFactor func(ctx context.Context, p people.Proof) error
	Ready       func(ctx context.Context) error
	Pace        *Pace      // how fast one may ask; nil for tests that ask faster
	Reads       *Reads     // how much privileged text one may open; nil for tests that open more
	Keys        *blob.Keys // seal the answers kept for an Idempotency-Key
}

// Server holds the routes and answers requests.
type Server struct {
	parts    Parts
	echo     *echo.Echo
	sessions *scs.SessionManager
	routes   []Route
	problems []error // found while mounting; they stop the start
	api      apiState
	streams  streams
}

// SessionStore is where sessions are kept.
type SessionStore interface {
	scs.CtxStore
	// Lives tells whether a session has neither ended nor run out nor lost its person. To
	// ask is no use of it.
	Lives(ctx context.Context, id ident.SessionID) (bool, error)
}

// The limits of SECURITY 6 and 7.
const (
	maxJSON      = 1 << 20
	maxUpload    = 25 << 20
	maxSession   = 12 * time.Hour
	readHeader   = 5 * time.Second
	readBody     = 30 * time.Second
	writeAnswer  = 60 * time.Second
	maxHeader    = 16 << 10
	shutdownTime = 30 * time.Second
)

// New returns a server without routes; Mount adds them.
func New(p Parts) *Server {
	s := &Server{parts: p, echo: echo.New()}
	s.sessions = newSessions(p, func(w http.ResponseWriter, r *http.Request, err error) { s.showError(err, s.echo.NewContext(r, w)) })
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.showError
	s.echo.IPExtractor = clientIP(p.Proxies)
	s.echo.Use(s.begin, s.headers, s.recoverPanic, s.limits)
	s.echo.POST(reportPath, s.report)
	s.echo.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok") })
	s.echo.GET("/readyz", func(c echo.Context) error {
		if err := p.Ready(c.Request().Context()); err != nil {
			return err
		}
		return c.String(http.StatusOK, "ready")
	})
	s.newAPI()
	return s
}

// clientIP trusts X-Forwarded-For only behind the proxies the operator names:
// left unset echo would believe anyone (T10).
func clientIP(proxies []*net.IPNet) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		options = append(options, echo.TrustIPRange(p))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// Handler is the whole server as a handler, for tests and for Serve.
func (s *Server) Handler() http.Handler { return headed(s.echo) }

// headed answers HEAD as GET without the body, which the server leaves out (RFC 9110
// 9.3.2). A stream has no end to ask about: there HEAD stays refused.
func headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !strings.HasSuffix(r.URL.Path, "/events") {
			asked := *r
			asked.Method = http.MethodGet
			r, w = &asked, bodiless{w}
		}
		next.ServeHTTP(w, r)
	})
}

// bodiless takes a body and sends none.
type bodiless struct{ http.ResponseWriter }

func (b bodiless) Write(p []byte) (int, error) { return len(p), nil }

// Unwrap is for http.ResponseController.
func (b bodiless) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// Serve answers on l until ctx ends, then lets what is under way finish (F14).
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readHeader, ReadTimeout: readBody, WriteTimeout: writeAnswer, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    slog.NewLogLogger(s.parts.Log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer stop()
	return srv.Shutdown(drain)
}

// wantsPage tells a browser's navigation from a program's call.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, apiRoot)
}
