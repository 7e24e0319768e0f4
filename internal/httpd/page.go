package httpd

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Request is what a page's handler works with.
type Request struct {
	echo   echo.Context
	server *Server
}

// Context has the scope of who acts and, under /firms/{firm}, for which firm.
func (r *Request) Context() context.Context { return r.echo.Request().Context() }

// For names the work that the rest of the request is for, once the reader was let see
// it: the access log ties each look to it. See audit.For.
func (r *Request) For(object, id string) {
	r.echo.SetRequest(r.echo.Request().WithContext(audit.For(r.Context(), object, id)))
}

// Param is a part of the path.
func (r *Request) Param(name string) string { return r.echo.Param(name) }

// ID reads an id from the path; a malformed one is not there.
func ID[T ~string](r *Request, name string) (T, error) { return ident.Parse[T](r.Param(name)) }

// Firm is the firm of the path, "" outside one.
func (r *Request) Firm() ident.FirmID {
	sc, _ := scope.From(r.Context())
	return sc.Firm
}

// Person is who acts, "" before anybody has signed in.
func (r *Request) Person() ident.PersonID {
	sc, _ := scope.From(r.Context())
	return sc.Actor
}

// Path is the request's own path, for links back to itself.
func (r *Request) Path() string { return r.echo.Request().URL.Path }

// Page is the address to open again after a refusal: the request's own where it
// answers a GET, else the page that the act's address lies below. "" where none does.
func (r *Request) Page() string { return r.server.pageAt(r.Path()) }

// Payor tells whether the request came through the payor's door, whose people know
// no other page of ours.
func (r *Request) Payor() bool {
	return r.Path() == payorRoot || strings.HasPrefix(r.Path(), payorRoot+"/")
}

// Query is a value of the query string.
func (r *Request) Query(name string) string { return r.echo.QueryParam(name) }

// Queries is the whole query of the address.
func (r *Request) Queries() url.Values { return r.echo.QueryParams() }

// QueryInt is a number of the query string, 0 when there is none.
func (r *Request) QueryInt(name string) int {
	n, _ := strconv.Atoi(r.Query(name)) // what is not a number counts as not given
	return n
}

// Form is a field of a posted form, without blanks around it and with line feeds only.
func (r *Request) Form(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(r.echo.FormValue(name), "\r\n", "\n"))
}

// FormInt is a whole number of a posted form; -1 when it is not one, which no
// rule accepts.
func (r *Request) FormInt(name string) int {
	n, err := strconv.Atoi(r.Form(name))
	if err != nil {
		return -1
	}
	return n
}

// FormList is every value of a field that may be given more than once.
func (r *Request) FormList(name string) []string {
	values, err := r.echo.FormParams()
	if err != nil {
		return nil
	}
	return values[name]
}

// Values are all fields of a posted form, to show them again after a fault.
func (r *Request) Values() url.Values {
	values, err := r.echo.FormParams()
	if err != nil {
		return url.Values{}
	}
	return values
}

// Upload is a posted file, at most 25 MiB.
func (r *Request) Upload(name string) (filename string, content []byte, err error) {
	var h *multipart.FileHeader
	if h, err = r.echo.FormFile(name); err != nil {
		return "", nil, fault.New(fault.Invalid, "file_missing", "choose a file").On(fault.Field{Path: name, Code: "file_missing", Message: "choose a file"})
	}
	if h.Size > maxUpload {
		return "", nil, tooLarge(h.Size, maxUpload)
	}
	f, err := h.Open()
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	content, err = io.ReadAll(f)
	return h.Filename, content, err
}

// CSRF is the token that every form carries in its hidden field "csrf". Its second
// half is new on each page: a form posted twice from one page is one act.
func (r *Request) CSRF() string { return r.server.pageToken(r.Context()) }

// RequestID ties the page to the log.
func (r *Request) RequestID() string { return requestID(r.Context()) }

// Cookie is a cookie's value, "" without one; for theme and density only.
func (r *Request) Cookie(name string) string {
	c, err := r.echo.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// SetCookie keeps a choice of looks for a year.
func (r *Request) SetCookie(name, value string) {
	r.echo.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: !r.server.parts.Plain, SameSite: http.SameSiteLaxMode})
}

// Flash is the message the last action left, once.
func (r *Request) Flash() string {
	if r.server.value(r.Context(), keyFlash) == "" {
		return ""
	}
	return r.server.sessions.PopString(r.Context(), keyFlash)
}

// Device is the browser's own name, cut short.
func (r *Request) Device() string {
	ua := r.echo.Request().UserAgent()
	return ua[:min(len(ua), 200)]
}

// Network is the /24 or /48 that the request came from.
func (r *Request) Network() string { return networkOf(r.echo.RealIP()) }

func networkOf(addr string) string {
	ip := net.ParseIP(addr)
	if v4 := ip.To4(); v4 != nil {
		return v4.Mask(net.CIDRMask(24, 32)).String() + "/24"
	}
	return ip.Mask(net.CIDRMask(48, 128)).String() + "/48"
}

// SignIn begins a session; device and network are the request's own.
func (r *Request) SignIn(b Started) error {
	b.Device, b.Network = r.Device(), r.Network()
	return r.server.SignIn(r.Context(), b)
}

// Renew gives the session a new token and keeps what is in it, for a step towards
// signing in (T12).
func (r *Request) Renew() error { return r.server.sessions.RenewToken(r.Context()) }

// Standing is what the person may do where, for menus and buttons.
func (r *Request) Standing() (authz.Standing, error) {
	return r.server.parts.Guard.Standing(r.Context())
}

// SignOut ends the session everywhere and clears what the browser kept.
func (r *Request) SignOut() error {
	r.echo.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return r.server.SignOut(r.Context())
}

// Put and Get keep small values in the session: ids only, never a firm's data.
func (r *Request) Put(key, value string) { r.server.sessions.Put(r.Context(), key, value) }

// Get is a value that Put kept, "" without one.
func (r *Request) Get(key string) string { return r.server.value(r.Context(), key) }

// ReturnPath is where the person wanted to go before signing in, "/" when nowhere.
func (r *Request) ReturnPath() string {
	if r.server.value(r.Context(), keyReturn) != "" {
		return r.server.sessions.PopString(r.Context(), keyReturn)
	}
	return "/"
}

// ReturnOr is ReturnPath, or elsewhere when they wanted nothing.
func (r *Request) ReturnOr(elsewhere string) string {
	if r.server.value(r.Context(), keyReturn) == "" {
		return elsewhere
	}
	return r.ReturnPath()
}

func (s *Server) rememberReturn(c echo.Context) {
	if c.Request().Context().Value(sessionKey{}) == nil {
		return
	}
	if p := c.Request().URL.RequestURI(); OwnPath(p) && !strings.HasPrefix(p, "/sign-") {
		s.sessions.Put(c.Request().Context(), keyReturn, p)
	}
}

// Reply is what a page's handler answers with: Show, Go, File or Stream.
type Reply struct {
	status    int
	component templ.Component
	location  string
	flash     string
	file      *File
	download  *Download
	secret    bool // shows one this once
	stream    func(ctx context.Context, send func(event, data string) error) error
}

// Show renders a page with status 200.
func Show(c templ.Component) Reply { return Reply{status: http.StatusOK, component: c} }

// ShowOnce renders a page that shows a secret this once: the answer is kept for nobody who
// posts the form again (T08).
func ShowOnce(c templ.Component) Reply {
	return Reply{status: http.StatusOK, component: c, secret: true}
}

// ShowFault renders the same page again with its faults: 422, 409 or 412.
func ShowFault(err error, c templ.Component) Reply {
	return Reply{status: statusOf[fault.KindOf(err)], component: c}
}

// Go sends the browser on after a change (post, redirect, flash).
func Go(location, flash string) Reply {
	return Reply{status: http.StatusSeeOther, location: location, flash: flash}
}

// File is a download: always an attachment, never shown inline (T21).
type File struct {
	Name, Type string
	Content    []byte
}

// Attachment is the header that makes a browser save a file under name.
func Attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// Send answers with a file.
func Send(f File) Reply { return Reply{status: http.StatusOK, file: &f} }

// Stream sends events until fn returns, the reader goes away or may read no more, which
// is asked again while it lasts whatever fn does.
func Stream(fn func(ctx context.Context, send func(event, data string) error) error) Reply {
	return Reply{status: http.StatusOK, stream: fn}
}

// Correctable tells whether a fault belongs beside a form rather than on an error page.
func Correctable(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Stale, fault.TooLarge, fault.TooMany:
		return true
	default:
		return false
	}
}

// FaultOf is the fault in err as the reader may see it.
func FaultOf(err error) *fault.Error { return asFault(err) }

// ShowAgain is how an act's form comes back with what it was refused for.
type ShowAgain func(r *Request, refused error) (Reply, error)

// begun runs a page's handler. A form with text that nobody can see comes back where
// the route says how, and is refused on a page of its own where it does not.
func begun(r *Request, do func(r *Request) (Reply, error), again ShowAgain) (Reply, error) {
	if r.echo.Request().Method != http.MethodPost {
		return do(r)
	}
	values, find := r.Values(), fault.UnseenIn
	if again != nil {
		find = fault.UnseenTyped
	}
	err := seen(values, find)
	switch {
	case err == nil:
		err = legible(values) // names, and passwords
	case again != nil:
		makeLegible(values)
		return again(r, err)
	}
	if err != nil {
		return Reply{}, err
	}
	return do(r)
}

func (s *Server) page(do func(r *Request) (Reply, error), again ShowAgain) echo.HandlerFunc {
	return func(c echo.Context) error {
		reply, err := begun(&Request{echo: c, server: s}, do, again)
		if err != nil {
			return err
		}
		switch {
		case reply.location != "":
			if reply.flash != "" {
				s.sessions.Put(c.Request().Context(), keyFlash, reply.flash)
			}
			return c.Redirect(reply.status, reply.location)
		case reply.file != nil:
			c.Response().Header().Set(echo.HeaderContentDisposition, Attachment(reply.file.Name))
			return c.Blob(reply.status, reply.file.Type, reply.file.Content)
		case reply.download != nil:
			return s.pour(c, reply.download)
		case reply.stream != nil:
			return s.events(c, reply.stream)
		case reply.component == nil:
			return authz.ErrNotFound
		default:
			if reply.secret {
				outcomeOf(c.Request().Context()).secret = true
			}
			return s.render(c, reply.status, reply.component)
		}
	}
}

// render fills a buffer first: a failing template is an error page, not half a page.
func (s *Server) render(c echo.Context, status int, component templ.Component) error {
	var b bytes.Buffer
	if err := component.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	return c.HTMLBlob(status, b.Bytes())
}

// Secret is a field of a posted form exactly as typed: a password may begin or
// end with blanks.
func (r *Request) Secret(name string) string { return r.echo.FormValue(name) }
