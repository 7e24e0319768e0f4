package httpd

import "net/http"

// visitName is the cookie of a payor's visit: no session of ours, and bound to
// this host where the connection is secure.
func (r *Request) visitName() string {
	if r.server.parts.Plain {
		return "docketry_visit"
	}
	return "__Host-visit"
}

// VisitCookie is what SetVisitCookie kept, "" without one.
func (r *Request) VisitCookie() string { return r.Cookie(r.visitName()) }

// SetVisitCookie keeps a visit until the browser closes; "" forgets it. The server
// ends it sooner.
func (r *Request) SetVisitCookie(value string) {
	c := &http.Cookie{Name: r.visitName(), Value: value, Path: "/", HttpOnly: true, Secure: !r.server.parts.Plain, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	r.echo.SetCookie(c)
}
