package httpd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/scope"
)

type requestKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// begin gives the request its id, times it and logs it: pattern and status, no
// path, no query, no body.
func (s *Server) begin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := uuid.NewString()
		ctx := context.WithValue(c.Request().Context(), requestKey{}, id)
		ctx = context.WithValue(ctx, networkKey{}, networkOf(c.RealIP()))
		c.SetRequest(c.Request().WithContext(scope.With(ctx, scope.Scope{RequestID: id})))
		c.Response().Header().Set("X-Request-Id", id)
		start := s.parts.DB.Clock().Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := s.parts.DB.Clock().Now().Sub(start)
		status := c.Response().Status
		s.parts.Metrics.Requests.WithLabelValues(c.Path(), methodLabel(c.Request().Method), strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
		s.parts.Log.InfoContext(c.Request().Context(), "request", "method", methodLabel(c.Request().Method), "route", c.Path(), "status", status, "ms", took.Milliseconds())
		return nil
	}
}

const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-to csp"

// methodLabel keeps what a stranger calls a method out of labels and logs.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace:
		return method
	default:
		return "other"
	}
}

// permissions turns off what a page may ask of the device. Public-key credentials are
// left as they are: signing in uses them.
const permissions = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), usb=(), xr-spatial-tracking=()"

// varies are the request's headers that decide who is answered, for a cache that keeps
// what it was told not to.
const varies = "Authorization, Cookie"

// headers are those of SECURITY 6. Static files overwrite Cache-Control.
func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		if !s.parts.Plain {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		h.Set("Content-Security-Policy", contentSecurity)
		h.Set("Reporting-Endpoints", `csp="`+reportPath+`"`)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions)
		h.Set("Cache-Control", "no-store")
		c.Response().Before(func() {
			if keep := h.Get("Cache-Control"); keep == "no-store" || keep == "" { // net/http takes it off its own refusals
				h.Set("Cache-Control", "no-store")
				h.Set("Vary", varies)
			}
		})
		if c.Request().Method == http.MethodTrace {
			return echo.ErrMethodNotAllowed
		}
		return next(c)
	}
}

// recoverPanic turns a bug into an answer and a log line with its stack.
func (s *Server) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				s.parts.Log.ErrorContext(c.Request().Context(), "panic", "route", c.Path(), "what", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
				err = fault.New(fault.Internal, "internal", "something went wrong on our side")
			}
		}()
		return next(c)
	}
}

var (
	errText   = fault.New(fault.Invalid, "text_unreadable", "the request holds characters that are no text; take them out")
	errUnseen = fault.New(fault.Invalid, "text_unreadable", "the request holds characters that nobody can see")
)

// legible refuses what the database cannot hold as text, before any reader of a
// field or a filter meets it.
func legible(values url.Values) error {
	for name, list := range values {
		for _, v := range append([]string{name}, list...) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return errText
			}
		}
	}
	return nil
}

// makeLegible puts a mark in the place of what legible refuses, so that a page can show
// a form again.
func makeLegible(values url.Values) {
	for _, list := range values {
		for i, v := range list {
			list[i] = strings.ReplaceAll(strings.ToValidUTF8(v, "\ufffd"), "\x00", "\ufffd")
		}
	}
}

// secretFields hold passwords, in which every character counts and none is shown.
var secretFields = map[string]bool{"password": true, "present": true}

// seen refuses fields of a posted form with characters that nobody can see. find says
// what is wrong with one text.
func seen(values url.Values, find func(path, text string) (fault.Field, bool)) error {
	var fs fault.Fields
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name] {
			if f, ok := find(name, v); !ok && !secretFields[name] {
				fs = append(fs, f)
			}
		}
	}
	return unseen(fs)
}

// unseen is the refusal of those fields, each named in the sentence too, for a page
// that shows no field.
func unseen(fs fault.Fields) error {
	if len(fs) == 0 {
		return nil
	}
	words := make([]string, len(fs))
	for i, f := range fs {
		words[i] = strings.ReplaceAll(f.Path, "_", " ") + ": " + f.Message
	}
	return errUnseen.With("%s. %s", strings.Join(words, "; "), fs[0].Fix).On(fs...)
}

var errTooLarge = fault.New(fault.TooLarge, "body_too_large", "the request is larger than this accepts")

// limits bounds bodies and waiting, and wants a query string of text. Uploads may be larger than JSON.
func (s *Server) limits(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		limit := int64(maxJSON)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
			limit = maxUpload + maxJSON
		}
		body := &bounded{body: r.Body, left: limit, limit: limit}
		if r.ContentLength > limit {
			if r.Header.Get("Expect") == "" { // who asks first has sent nothing yet
				body.drain()
			}
			return tooLarge(r.ContentLength, limit)
		}
		r.Body = body
		if err := legible(c.QueryParams()); err != nil {
			return err
		}
		return next(c)
	}
}

// tooLarge says how much is accepted, and how much came where that is known.
func tooLarge(size, limit int64) error {
	what, most := "form", limit
	if limit > maxJSON {
		what, most = "file", maxUpload // the rest is for the form around it
	}
	if size <= 0 {
		return errTooLarge.With("this is larger than the %d MiB that a %s may have", most>>20, what)
	}
	return errTooLarge.With("this has %.1f MiB; a %s may have at most %d MiB", float64(size)/(1<<20), what, most>>20)
}

// mostDrained is how much of a body that is too large is read and thrown away: a
// browser reads no answer before it has sent everything, and a connection closed under
// it shows as a fault of the network. Who sends more than that is cut off.
const mostDrained = 128 << 20

// bounded is a request's body up to a limit. Where more comes, it is drained and the
// reader is told.
type bounded struct {
	body        io.ReadCloser
	left, limit int64
	over        bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.over {
		return 0, tooLarge(0, b.limit)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more tells whether there is more
	}
	n, err := b.body.Read(p)
	if int64(n) <= b.left {
		b.left -= int64(n)
		return n, err
	}
	n, b.left, b.over = int(b.left), 0, true
	b.drain()
	return n, tooLarge(0, b.limit)
}

func (b *bounded) Close() error { return b.body.Close() }

func (b *bounded) drain() {
	_, _ = io.CopyN(io.Discard, b.body, mostDrained) // how it ends does not matter: the answer is the same
}

// extend lets a stream or a download outlive the server's write timeout.
func extend(w http.ResponseWriter, by time.Duration, now time.Time) {
	_ = http.NewResponseController(w).SetWriteDeadline(now.Add(by)) // a writer without deadlines has none to extend
}

type networkKey struct{}

// Network is the /24 or /48 that a request came from, for what is slowed by it.
func Network(ctx context.Context) string {
	n, _ := ctx.Value(networkKey{}).(string)
	return n
}
