package httpd

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
)

// Keys of a session's values. The store keeps the first three in columns as well,
// so that sessions can be listed and ended by person.
const (
	KeySession  = "session" // ident.SessionID
	KeyPerson   = "person"  // ident.PersonID
	KeyFirm     = "firm"    // the firm a firm's own user works in
	KeyFactorAt = "factor_at"
	KeyDevice   = "device"
	KeyNetwork  = "network"
	keyVia      = "via"        // the firm through whose provider the session began
	keyChoose   = "choose"     // "yes" while a firm's own person has several and has chosen none
	keyDue      = "factor_due" // "yes" while a factor must be set up before anything else
	keyCSRF     = "csrf"
	keyFlash    = "flash"
	keyReturn   = "return"
)

// ErrForged refuses an unsafe request that did not come from our own pages (T09).
var ErrForged = fault.New(fault.Forbidden, "request_forged", "this form has expired or came from another site; open the page again and repeat")

// newSessions keeps sessions in our own table. failed answers when it cannot be read.
func newSessions(p Parts, failed func(http.ResponseWriter, *http.Request, error)) *scs.SessionManager {
	// Not scs.New: it starts a store of its own whose goroutine never ends.
	m := &scs.SessionManager{Store: p.Sessions, Codec: people.SessionCodec{}}
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { failed(w, r, err) }
	m.HashTokenInStore = true
	m.Lifetime = maxSession // the store keeps the idle time
	m.Cookie.Name, m.Cookie.Secure = "__Host-sid", true
	if p.Plain {
		m.Cookie.Name, m.Cookie.Secure = "docketry_sid", false
	}
	m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Path, m.Cookie.Persist = true, http.SameSiteLaxMode, "/", false
	return m
}

// session loads the session into the context and who acts into the scope. It
// commits before the first byte of the answer.
func (s *Server) session(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if text, ok := bearer(c.Request()); ok {
			return s.byToken(c, text, next)
		}
		h := s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(r.Context(), sessionKey{}, true)
			c.SetRequest(r.WithContext(s.withActor(ctx)))
			c.SetResponse(echo.NewResponse(w, s.echo))
			if err := next(c); err != nil {
				s.showError(err, c) // inside, so that a flash or a new token is saved with it
			}
		}))
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	}
}

type sessionKey struct{}

// value is a session's, "" also where no session was loaded: an error page must
// come out when the store itself is away.
func (s *Server) value(ctx context.Context, key string) string {
	if ctx.Value(sessionKey{}) == nil {
		return ""
	}
	return s.sessions.GetString(ctx, key)
}

func (s *Server) withActor(ctx context.Context) context.Context {
	person := ident.PersonID(s.sessions.GetString(ctx, KeyPerson))
	if person == "" {
		return ctx
	}
	sc, _ := scope.From(ctx)
	sc.Actor = person
	sc.Session = ident.SessionID(s.sessions.GetString(ctx, KeySession))
	sc.FactorAt = s.sessions.GetTime(ctx, KeyFactorAt)
	sc.RequestID = requestID(ctx)
	return scope.With(ctx, sc)
}

func (s *Server) boundFirm(ctx context.Context) ident.FirmID {
	return ident.FirmID(s.value(ctx, KeyFirm))
}

// Started is a session to begin.
type Started struct {
	Person   ident.PersonID
	Firm     ident.FirmID // the firm of a firm's own user; "" for the bureau's people
	Via      ident.FirmID // the firm through whose provider they came
	Choose   bool         // one of several firms is to be chosen before any is opened
	At       time.Time
	Deadline time.Time // when it ends whatever happens
	Factor   bool      // one was shown beside the password
	Due      bool      // one must be set up before anything else
	Switched bool      // of a person who is signed in: what was shown of a factor stays so
	Device   string    // what the browser calls itself
	Network  string
}

// SignIn begins a session for a person under a new token, so that one fixed
// before is worthless (T12).
func (s *Server) SignIn(ctx context.Context, b Started) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.SetDeadline(ctx, b.Deadline)
	s.sessions.Put(ctx, KeySession, string(ident.New[ident.SessionID](b.At)))
	s.sessions.Put(ctx, KeyPerson, string(b.Person))
	s.sessions.Put(ctx, KeyFirm, string(b.Firm))
	s.sessions.Put(ctx, keyVia, string(b.Via))
	s.sessions.Remove(ctx, keyChoose)
	if b.Choose {
		s.sessions.Put(ctx, keyChoose, "yes")
	}
	switch {
	case b.Switched:
	case b.Factor:
		s.sessions.Put(ctx, KeyFactorAt, b.At)
		s.sessions.Remove(ctx, keyDue)
	default:
		s.sessions.Remove(ctx, KeyFactorAt)
		s.owe(ctx, b.Due)
	}
	s.sessions.Put(ctx, KeyDevice, b.Device)
	s.sessions.Put(ctx, KeyNetwork, b.Network)
	s.sessions.Remove(ctx, keyCSRF)
	return nil
}

// SignOut ends the session in the store, not only in the browser.
func (s *Server) SignOut(ctx context.Context) error { return s.sessions.Destroy(ctx) }

// sameSite refuses unsafe requests that another site caused: by what the browser
// says of their origin, and for forms by the session's token.
func (s *Server) sameSite(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if safe(r.Method) {
			return next(c)
		}
		if !s.fromHere(r) {
			return ErrForged
		}
		if !wantsPage(r) {
			// An upload is multipart; where JSON is expected, that is refused as a body.
			if r.ContentLength != 0 && ofKind(r.Header, jsonBody) != nil && ofKind(r.Header, fileBody) != nil {
				return ofKind(r.Header, jsonBody)
			}
			return next(c)
		}
		if _, err := c.FormParams(); errors.Is(err, errTooLarge) {
			return err
		}
		if !s.tokenMatches(r.Context(), c.FormValue("csrf")) {
			return ErrForged
		}
		return next(c)
	}
}

// fromHere believes Sec-Fetch-Site where the browser sends it: under our
// no-referrer policy the Origin of our own forms is "null". A program that is no
// browser sends neither, and has no cookie to abuse.
func (s *Server) fromHere(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || s.ownOrigin(origin, r.Host)
}

func (s *Server) ownOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	return u.Host == host || strings.EqualFold(origin, strings.TrimSuffix(s.parts.PublicURL, "/"))
}

// csrf is the session's form token, made on first use.
func (s *Server) csrf(ctx context.Context) string {
	if t := s.value(ctx, keyCSRF); t != "" || ctx.Value(sessionKey{}) == nil {
		return t
	}
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return ""
	}
	t := base64.RawURLEncoding.EncodeToString(b)
	s.sessions.Put(ctx, keyCSRF, t)
	return t
}

// Holder names this browser's session, also before anyone has signed in, for what is
// handed to it and must come back from it. "" without a session.
func (s *Server) Holder(ctx context.Context) string { return s.csrf(ctx) }

// Holder is the server's, for the request's session.
func (r *Request) Holder() string { return r.server.Holder(r.Context()) }

// onceSign stands between the session's form token and the page's own part, by which
// a form posted twice is known.
const onceSign = "."

// pageToken is what the forms of one page carry: the session's token and a part that
// no other page has.
func (s *Server) pageToken(ctx context.Context) string {
	t := s.csrf(ctx)
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil || t == "" {
		return t
	}
	return t + onceSign + base64.RawURLEncoding.EncodeToString(b)
}

// onceOf is the page's part of a form token, "" when it has none of that form.
func onceOf(token string) string {
	_, once, _ := strings.Cut(token, onceSign)
	if b, err := base64.RawURLEncoding.DecodeString(once); err != nil || len(b) != 16 {
		return ""
	}
	return once
}

func (s *Server) tokenMatches(ctx context.Context, given string) bool {
	given, _, _ = strings.Cut(given, onceSign)
	want := s.value(ctx, keyCSRF)
	return want != "" && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}
