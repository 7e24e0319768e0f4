package httpd

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/scope"
)

// hiddenHeader stands on each "not found" of the JSON API that is answered to someone
// whose grants reach matters that their session does not show now. It says what GET
// /people/me says, and nothing of whether there is anything at the address.
const (
	hiddenHeader = "Docketry-Hidden"
	hiddenValue  = "restricted; until=factor"
)

// Hidden tells whether matters that the person's own grants reach stay hidden until they
// show a factor again. A program has nothing to show, and is told of none.
func (s *Server) Hidden(ctx context.Context) (bool, error) {
	sc, err := scope.From(ctx)
	switch {
	case errors.Is(err, scope.ErrNone):
		return false, nil
	case err != nil:
		return false, err
	case sc.Actor == "" || sc.Token != "":
		return false, nil
	}
	st, err := s.parts.Guard.Standing(ctx)
	if err != nil {
		return false, err
	}
	return st.Hidden(""), nil
}

// hides is Hidden for an answer that says "not found"; what cannot be asked is no.
func (s *Server) hides(ctx context.Context, status int) bool {
	if status != http.StatusNotFound {
		return false
	}
	hidden, err := s.Hidden(ctx)
	if err != nil {
		s.parts.Log.DebugContext(ctx, "clearance not asked", "err", err)
	}
	return hidden && err == nil
}

// extra are the headers of a refusal that tell a program how to go on.
func (s *Server) extra(ctx context.Context, err error, status int) http.Header {
	h := http.Header{}
	if after := retryAfter(err, status); after != "" {
		h.Set("Retry-After", after)
	}
	if s.hides(ctx, status) {
		h.Set(hiddenHeader, hiddenValue)
	}
	return h
}

// throughFactor is the page that asks for a factor in the place of "not found", for a
// reader to whom anything there may be hidden: it leads back to the same address. It is
// the same for every such address, whatever is there.
func (s *Server) throughFactor(r *Request, status int) (templ.Component, error) {
	c := r.echo.Request()
	if !safe(c.Method) || !s.hides(r.Context(), status) {
		return nil, nil //nolint:nilnil // there is no such page for this answer
	}
	return s.parts.StepUp(r, StepUp{
		Action: StepUpPath, Kept: url.Values{"back": {c.URL.RequestURI()}}, Absent: true,
	})
}
