package httpd

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
)

var statusOf = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Stale: http.StatusPreconditionFailed,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.TooMany: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

// Problem is RFC 9457 with our code, the request's id and complaints by field.
type Problem struct {
	Type      string        `json:"type"`
	Title     string        `json:"title"`
	Status    int           `json:"status"`
	Code      string        `json:"code"`
	Detail    string        `json:"detail,omitempty"`
	Fields    []fault.Field `json:"fields,omitempty"`
	RequestID string        `json:"request_id"`
}

// Error and the two methods below make a Problem what Huma sends as it is.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is RFC 9457's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// asFault is the one reading of an error: what the reader may know. Whatever is
// not there, not theirs or malformed becomes the same fault (DESIGN 2.14).
func asFault(err error) *fault.Error {
	var f *fault.Error
	var tooLarge *http.MaxBytesError
	var he *echo.HTTPError
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge.With("the request is larger than %d bytes", tooLarge.Limit)
	case errors.As(err, &f):
		if f.Kind == fault.NotFound {
			return authz.ErrNotFound
		}
		if f.Kind == fault.Internal {
			return errInternal
		}
		return f
	case errors.As(err, &he):
		return ofStatus(he.Code)
	default:
		return errInternal
	}
}

var errInternal = fault.New(fault.Internal, "internal", "something went wrong on our side; nothing was changed unless a page says so")

func ofStatus(status int) *fault.Error {
	switch status {
	case http.StatusNotFound:
		return authz.ErrNotFound
	case http.StatusMethodNotAllowed:
		return fault.New(fault.NotFound, "method_not_allowed", "this address does not take that method")
	case http.StatusRequestEntityTooLarge:
		return errTooLarge
	case http.StatusUnsupportedMediaType:
		return errMedia
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fault.New(fault.Invalid, "request_invalid", "the request could not be read")
	default:
		return errInternal
	}
}

func problemOf(err error, id string) *Problem {
	f := asFault(err)
	status := statusOf[f.Kind]
	switch f.Code {
	case "method_not_allowed":
		status = http.StatusMethodNotAllowed
	case errMedia.Code:
		status = http.StatusUnsupportedMediaType
	}
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Message, Fields: f.Fields, RequestID: id}
}

// retryAfter is the header's value in seconds, "" where trying again later does not help.
func retryAfter(err error, status int) string {
	var waits interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &waits) && waits.RetryAfter() <= 0:
		return ""
	case errors.As(err, &waits):
		return strconv.Itoa(int(waits.RetryAfter()/time.Second) + 1)
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		return "5"
	default:
		return ""
	}
}

// showError is the only place where an error becomes an answer. Ours are logged
// once, in full, here.
func (s *Server) showError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	ctx := c.Request().Context()
	p := problemOf(err, requestID(ctx))
	if p.Status >= http.StatusInternalServerError {
		s.parts.Log.ErrorContext(ctx, "request failed", "route", c.Path(), "err", err)
	}
	if after := retryAfter(err, p.Status); after != "" {
		c.Response().Header().Set("Retry-After", after)
	}
	if !wantsPage(c.Request()) && s.hides(ctx, p.Status) {
		c.Response().Header().Set(hiddenHeader, hiddenValue)
	}
	if !wantsPage(c.Request()) || strings.HasPrefix(c.Request().Header.Get("Accept"), "application/json") {
		c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
		if err := c.JSON(p.Status, p); err != nil {
			s.parts.Log.DebugContext(ctx, "client went away", "err", err)
		}
		return
	}
	if p.Status == http.StatusUnauthorized && safe(c.Request().Method) {
		s.rememberReturn(c)
		_ = c.Redirect(http.StatusSeeOther, "/sign-in") // to a checked code; it does not fail
		return
	}
	r := &Request{echo: c, server: s}
	page, failed := s.stepUpPage(r, err, p.Status)
	if failed == nil && page != nil {
		failed = s.render(c, p.Status, page)
	}
	switch {
	case failed != nil:
		s.parts.Log.ErrorContext(ctx, "step-up page failed", "err", failed)
	case page != nil:
		return
	}
	if err := s.render(c, p.Status, s.parts.ErrorPage(r, p.Status, asFault(err))); err != nil {
		s.parts.Log.ErrorContext(ctx, "error page failed", "err", err)
		_ = c.String(p.Status, p.Detail) // nothing is left to try
	}
}

// stepUpPage is the page that asks for a factor where err is one that a factor may
// mend, nil for any other.
func (s *Server) stepUpPage(r *Request, err error, status int) (templ.Component, error) {
	var much *tooMuchRead
	if errors.As(err, &much) && errors.Is(err, ErrFactorStale) {
		return s.readOn(r)
	}
	if errors.Is(err, ErrFactorStale) {
		return s.askAgain(r)
	}
	return s.throughFactor(r, status)
}
