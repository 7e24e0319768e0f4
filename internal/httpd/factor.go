package httpd

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// What a session lacks of a second factor.
var (
	ErrFactorDue   = fault.New(fault.Forbidden, "factor_due", "your role asks for a second factor; set one up first")
	ErrFactorStale = people.ErrStale
)

// The form fields that carry a factor along with the act that wanted it: a code, or a
// passkey's answer.
const (
	FactorField   = "factor_code"
	PasskeyField  = "passkey"
	FactorPasskey = "factor_" + PasskeyField
)

// SecretField is a form's field for what opens something elsewhere. It stands on no page,
// that which asks for the factor among them: it is typed again.
const SecretField = "secret"

// Where a factor is set up.
const (
	setUpPage    = "/people/me/app"
	passkeyPage  = "/people/me/passkeys/new"
	undertakings = "/people/me/undertakings"
)

// LinkPath is where people link their account at their firm's own provider.
const LinkPath = "/firms/{firm}/sign-in/link"

// beforeFactor are the routes that stay open to whoever owes a factor: setting one
// up, reading what is set up, and leaving.
var beforeFactor = map[string]bool{
	"GET " + setUpPage: true, "POST " + setUpPage: true, "POST /sign-out": true,
	"GET " + apiRoot + "/people/me": true, "GET " + apiRoot + "/people/me/factors": true,
	"POST " + apiRoot + setUpPage: true, "PUT " + apiRoot + setUpPage: true, "DELETE " + apiRoot + "/sessions/current": true,
	"GET " + passkeyPage: true, "POST " + passkeyPage: true,
	"POST " + apiRoot + "/people/me/passkeys/challenge": true, "POST " + apiRoot + "/people/me/passkeys": true,
}

// aboutFactors are the routes that change what a person shows beside the password, and
// those of their own word. Who
// has shown a factor in this session shows it again; for who has none the service asks
// for the password. The pages ask before their form, for a passkey is made only once.
var aboutFactors = map[string]bool{
	"GET " + setUpPage: true, "POST " + setUpPage: true, "PUT " + apiRoot + setUpPage: true,
	"GET " + passkeyPage: true, "POST " + passkeyPage: true, "POST " + apiRoot + "/people/me/passkeys": true,
	"POST /people/me/passkeys/{id}/remove": true, "DELETE " + apiRoot + "/people/me/passkeys/{id}": true,
	"POST /people/me/passkeys/codes": true,
	"POST " + undertakings:           true, "POST " + apiRoot + undertakings: true,
	"GET " + LinkPath: true, "POST " + apiRoot + LinkPath: true, "GET /firms/{firm}/sign-in/try": true,
}

// StepUp asks for a code before an act. Kept is what was typed, to be sent along again.
type StepUp struct {
	Action string     // where the form posts to: the act itself, or StepUpPath for a download
	Kept   url.Values // hidden fields
	Wrong  *fault.Error
	Read   bool // asked of who has opened too much privileged text: nothing was typed
	Absent bool // asked in the place of "not found": nothing was typed, and nothing may be there
}

// StepUpPath takes a code and leads back to a page or download.
const StepUpPath = "/people/me/factor"

// owe marks a session that must set a factor up before anything else.
func (s *Server) owe(ctx context.Context, due bool) {
	if due {
		s.sessions.Put(ctx, keyDue, "yes")
		return
	}
	s.sessions.Remove(ctx, keyDue)
}

// FactorShown begins the session anew after a factor was shown or set up in it, under
// a new token and id (T12). Whoever acts in the rest of the request acts in it.
func (s *Server) FactorShown(ctx context.Context) (context.Context, error) {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return ctx, err
	}
	now := s.parts.DB.Clock().Now()
	id := ident.New[ident.SessionID](now)
	s.sessions.Put(ctx, KeySession, string(id))
	s.sessions.Put(ctx, KeyFactorAt, now)
	s.sessions.Remove(ctx, keyDue)
	// Written now, for the act that follows is decided for a session that lives.
	if _, _, err := s.sessions.Commit(ctx); err != nil {
		return ctx, err
	}
	sc, err := scope.From(ctx)
	sc.Session, sc.FactorAt = id, now
	return scope.With(ctx, sc), err
}

// FactorGone forgets that a factor was shown; due tells that another is owed.
func (s *Server) FactorGone(ctx context.Context, due bool) {
	s.sessions.Remove(ctx, KeyFactorAt)
	s.owe(ctx, due)
}

// owes refuses whoever must set up a factor first. A page leads there instead.
func (s *Server) owes(r Route, c echo.Context) (answered bool, err error) {
	if s.value(c.Request().Context(), keyDue) == "" || beforeFactor[r.Method+" "+r.Path] {
		return false, nil
	}
	if r.JSON || !safe(r.Method) {
		return false, ErrFactorDue
	}
	s.rememberReturn(c)
	return true, c.Redirect(http.StatusSeeOther, setUpPage)
}

// stepsUp tells whether using the route wants a fresh factor: what changes something,
// and what hands the trail out. The file of an export opens with a ticket, which took one.
func (r Route) stepsUp() bool {
	if aboutFactors[r.Method+" "+r.Path] {
		return true
	}
	return r.Needs.StepsUp() && (!safe(r.Method) || r.Needs == rbac.AuditExport)
}

// fresh asks for the factor again when it was shown too long ago. A form may carry a
// code along, which is judged here, before the act. Programs have no factor: making
// their token took one.
func (s *Server) fresh(ctx context.Context, r Route, c echo.Context) (context.Context, error) {
	sc, err := scope.From(ctx)
	if err != nil || sc.Token != "" || !r.stepsUp() {
		return ctx, err
	}
	at := s.sessions.GetTime(ctx, KeyFactorAt)
	if !at.IsZero() && s.parts.DB.Clock().Now().Sub(at) <= people.FactorTime || at.IsZero() && aboutFactors[r.Method+" "+r.Path] {
		return ctx, nil
	}
	if r.JSON || c.Request().Method != http.MethodPost {
		return ctx, ErrFactorStale
	}
	p := people.Proof{Code: c.FormValue(FactorField), Passkey: c.FormValue(FactorPasskey), Holder: s.Holder(ctx)}
	if p.Code == "" && p.Passkey == "" {
		return ctx, ErrFactorStale
	}
	switch err := s.parts.ProveFactor(ctx, p); {
	case err == nil:
		return s.FactorShown(ctx)
	case fault.KindOf(err) == fault.Unauthenticated: // too many wrong codes
		return ctx, s.endWith(ctx, err)
	case Correctable(err):
		c.Set(FactorField, asFault(err))
		return ctx, ErrFactorStale
	default:
		return ctx, err
	}
}

// endWith ends the session for the reason why.
func (s *Server) endWith(ctx context.Context, why error) error {
	if err := s.sessions.Destroy(ctx); err != nil {
		return err
	}
	return why
}

// askAgain is the page that asks for a code and keeps what was typed for the act.
func (s *Server) askAgain(r *Request) (templ.Component, error) {
	up := StepUp{Action: r.Path(), Kept: url.Values{}}
	if r.echo.Request().Method != http.MethodPost {
		up.Action, up.Kept = StepUpPath, url.Values{"back": {r.echo.Request().URL.RequestURI()}}
	} else {
		for name, values := range r.Values() {
			if name != "csrf" && name != FactorField && name != FactorPasskey && name != SecretField {
				up.Kept[name] = values
			}
		}
	}
	up.Wrong, _ = r.echo.Get(FactorField).(*fault.Error)
	return s.parts.StepUp(r, up)
}

// readOn is the page that asks for a factor of who has opened too much privileged text,
// and leads back to what they wanted to see.
func (s *Server) readOn(r *Request) (templ.Component, error) {
	back := r.echo.Request().URL.RequestURI()
	if !safe(r.echo.Request().Method) {
		back = r.Page()
	}
	return s.parts.StepUp(r, StepUp{Action: StepUpPath, Kept: url.Values{"back": {back}}, Read: true})
}

// FactorShown is the server's, for a page that saw a factor.
func (r *Request) FactorShown() error {
	ctx, err := r.server.FactorShown(r.Context())
	if err != nil {
		return err
	}
	r.echo.SetRequest(r.echo.Request().WithContext(ctx))
	return nil
}

// FactorGone is the server's, for the page that removed it.
func (r *Request) FactorGone(due bool) { r.server.FactorGone(r.Context(), due) }

// EndWith ends the session for the reason why, which it returns.
func (r *Request) EndWith(why error) error { return r.server.endWith(r.Context(), why) }

// FactorDue tells whether the person must set up a factor before anything else.
func (r *Request) FactorDue() bool { return r.server.value(r.Context(), keyDue) != "" }
