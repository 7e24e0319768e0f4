package httpd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Route ties a path to the permission it needs. {firm} in the path is the firm
// whose domain decides; a path without it is decided firm by firm in the service.
type Route struct {
	Method string
	Path   string // "/firms/{firm}/prebills/{id}"
	Needs  rbac.Permission
	JSON   bool
	Gate   bool // a GET by which somebody tries to sign in: slowed as the posts that do are
	do     echo.HandlerFunc
}

// HeedsKey tells that the route takes an Idempotency-Key: it posts JSON for someone
// who has signed in. Who has not has no place to keep an answer under.
func (r Route) HeedsKey() bool {
	return r.JSON && r.Method == http.MethodPost && r.Needs != rbac.Public && r.Needs != rbac.PayorLink
}

// HeedsForm tells that the route takes a page's form of someone who has signed in,
// and does it once however often it is posted.
func (r Route) HeedsForm() bool {
	return !r.JSON && r.Method == http.MethodPost && r.Needs != rbac.Public && r.Needs != rbac.PayorLink && !strings.HasSuffix(r.Path, "/download")
}

var param = regexp.MustCompile(`\{([a-z_]+)\}`)

// Mount adds a page's route. A route without a known permission does not mount:
// the error stops the start.
func (s *Server) Mount(method, path string, needs rbac.Permission, do func(r *Request) (Reply, error)) {
	s.add(Route{Method: method, Path: path, Needs: needs, do: s.page(do, nil)})
}

// MountGate adds a page by whose GET somebody tries to sign in, such as the one that a
// provider sends them back to: it stands under the allowance of sign-in.
func (s *Server) MountGate(path string, do func(r *Request) (Reply, error)) {
	s.add(Route{Method: http.MethodGet, Path: path, Needs: rbac.Public, Gate: true, do: s.page(do, nil)})
}

// MountForm adds an act that a page's form posts. again shows that form with what was
// typed, also where its text is refused before the act is asked.
func (s *Server) MountForm(path string, needs rbac.Permission, do func(r *Request) (Reply, error), again ShowAgain) {
	s.add(Route{Method: http.MethodPost, Path: path, Needs: needs, do: s.page(do, again)})
}

// Routes lists every route, for the matrix test and the role matrix.
func (s *Server) Routes() []Route { return s.routes }

func (s *Server) add(r Route) {
	s.routes = append(s.routes, r)
	chain := []echo.MiddlewareFunc{s.session, s.sameSite, s.pace(r), s.decide(r)}
	if r.HeedsForm() {
		chain = append(chain, s.formOnce)
	}
	s.echo.Add(r.Method, param.ReplaceAllString(r.Path, ":$1"), r.do, chain...)
}

// Check refuses to start with a route that names no known permission.
func (s *Server) Check() error {
	errs := append([]error(nil), s.problems...)
	for _, r := range s.routes {
		if !rbac.Known(r.Needs) && !rbac.Open(r.Needs) {
			errs = append(errs, fmt.Errorf("route %s %s names no known permission", r.Method, r.Path))
		}
	}
	return errors.Join(errs...)
}

// decide is the early check at the route; the service decides again in its own
// transaction (DESIGN 2.6). What is refused to someone who has signed in leaves a leaf.
func (s *Server) decide(r Route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if r.Needs == rbac.Public || r.Needs == rbac.PayorLink {
				return next(c)
			}
			ctx, o := withOutcome(context.WithValue(c.Request().Context(), routeKey{}, r))
			sc, err := scope.From(ctx)
			if err != nil || sc.Actor == "" {
				return scope.ErrNone
			}
			ctx = db.TakingTurns(ctx, s.inTurnWith(ctx, sc))
			if s.parts.Reads != nil {
				ctx = audit.Metered(ctx, s.parts.Reads)
			}
			if err := forToken(sc, r); err != nil {
				s.noteRefusal(scope.InFirm(ctx, sc.Firm), r, c, o, err)
				return err
			}
			if answered, err := s.owes(r, c); answered || err != nil {
				return err
			}
			if strings.Contains(r.Path, "{firm}") {
				if ctx, o.access, err = s.enter(ctx, c.Param("firm"), r.Needs); err == nil {
					ctx = db.TakingTurns(ctx, c.Param("firm"))
					err = s.paceFirm(ctx)
				}
			}
			if err == nil {
				ctx, err = s.fresh(ctx, r, c)
			}
			c.SetRequest(c.Request().WithContext(ctx))
			if err == nil {
				if err = next(c); err == nil {
					err = o.err // an operation that has answered by itself
				}
			}
			s.noteRefusal(ctx, r, c, o, err)
			if o.err != nil {
				return nil //nolint:nilerr // the operation has answered with it already
			}
			return err
		}
	}
}

// inTurnWith is who a request takes turns with for the database (T31): the firm that its
// person or its token works in, else that person alone. Once it has been let into a
// firm, it is that one: a stranger takes none of a firm's turns, and learns of none.
func (s *Server) inTurnWith(ctx context.Context, sc scope.Scope) string {
	return cmp.Or(string(sc.Firm), string(s.boundFirm(ctx)), string(sc.Actor))
}

// enter puts the firm of the path into the scope and asks whether the person may
// do there what the route does.
func (s *Server) enter(ctx context.Context, text string, p rbac.Permission) (context.Context, *authz.Access, error) {
	firm, err := ident.Parse[ident.FirmID](text)
	if err != nil {
		return ctx, nil, authz.ErrNotFound
	}
	// A firm's own user is bound to the firm chosen at sign-in (T05).
	bound := s.boundFirm(ctx)
	if sc, _ := scope.From(ctx); sc.Token != "" {
		bound = sc.Firm
	}
	if bound != "" && bound != firm || bound == "" && s.value(ctx, keyChoose) != "" {
		return ctx, nil, authz.ErrNotFound
	}
	ctx = scope.InFirm(ctx, firm)
	if p == rbac.SignedIn {
		p = rbac.FirmRead
	}
	var access *authz.Access
	err = s.parts.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err = s.parts.Guard.Require(tx, p)
		return err
	})
	return ctx, access, beyondToken(ctx, err)
}

// payorRoot is what every address of the payor's door begins with.
const payorRoot = "/payor"

// pageAt is path, or the nearest address above it, that answers a GET with a page.
func (s *Server) pageAt(path string) string {
	for path != "" && path != "/" {
		if s.isPage(path) {
			return path
		}
		path = path[:strings.LastIndexByte(path, '/')]
	}
	return ""
}

func (s *Server) isPage(path string) bool {
	parts := strings.Split(path, "/")
	for _, r := range s.routes {
		if r.Method == http.MethodGet && !r.JSON && fits(strings.Split(r.Path, "/"), parts) {
			return true
		}
	}
	return false
}

// fits tells whether the parts of an address are those of a route's path.
func fits(pattern, parts []string) bool {
	if len(pattern) != len(parts) {
		return false
	}
	for i, p := range pattern {
		if p != parts[i] && (parts[i] == "" || !strings.HasPrefix(p, "{")) {
			return false
		}
	}
	return true
}

// methods that change nothing.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// Static serves embedded files: the same for everybody, without a session.
func (s *Server) Static(prefix string, files http.Handler) {
	s.echo.GET(prefix+"*", echo.WrapHandler(files))
	s.echo.HEAD(prefix+"*", echo.WrapHandler(files))
}
