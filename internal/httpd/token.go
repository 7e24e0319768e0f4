package httpd

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Tokens opens the token that a program sends instead of a session's cookie.
type Tokens interface {
	OpenToken(ctx context.Context, text string, from netip.Addr) (scope.Scope, error)
}

// Refusals of tokens (SECURITY T08).
var (
	errNoTokens    = fault.New(fault.Unauthenticated, "token_refused", "this token is not valid from this address, or no longer")
	errTokenRoute  = fault.New(fault.Forbidden, "token_route", "a token cannot do this; a person signs in for it")
	errTokenBeyond = fault.New(fault.Forbidden, "token_beyond", "this token does not carry the permission that this needs")
)

// bearer is the token of a call to the JSON API; pages know sessions only. A call
// that sends one is judged by it, whatever cookie comes along.
func bearer(r *http.Request) (string, bool) {
	kind, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(text), !wantsPage(r) && strings.EqualFold(kind, "Bearer")
}

// byToken puts who acts with the token into the scope. Tries are slowed by network
// before anything is looked up.
func (s *Server) byToken(c echo.Context, text string, next echo.HandlerFunc) error {
	ctx := c.Request().Context()
	if p := s.parts.Pace; p != nil {
		if err := p.allow(ctx, freeKey("pace:bearer", networkOf(c.RealIP())), perFirm); err != nil {
			return err
		}
	}
	from, err := netip.ParseAddr(c.RealIP())
	if err != nil || s.parts.Tokens == nil {
		return errNoTokens
	}
	sc, err := s.parts.Tokens.OpenToken(ctx, text, from)
	if err != nil {
		return err
	}
	c.SetRequest(c.Request().WithContext(scope.With(ctx, sc)))
	return next(c)
}

// forToken lets a token through to what is inside its own firm and what a program
// may do there at all; what signs a person in is never its.
func forToken(sc scope.Scope, r Route) error {
	switch {
	case sc.Token == "":
		return nil
	case !strings.Contains(r.Path, "{firm}") || !rbac.ForToken(r.Needs) || aboutFactors[r.Method+" "+r.Path]:
		return errTokenRoute
	default:
		return nil
	}
}

// beyondToken tells a program that its token is at fault and not its maker's role.
func beyondToken(ctx context.Context, err error) error {
	if sc, scopeErr := scope.From(ctx); scopeErr == nil && sc.Token != "" && err == authz.ErrForbidden { //nolint:errorlint // the bare one only: others say more
		return errTokenBeyond
	}
	return err
}
