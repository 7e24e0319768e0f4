package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/rbac"
)

// MountForgot adds asking for a new password.
func (s *Site) MountForgot(srv *httpd.Server) {
	get(srv, href.Forgot, rbac.Public, s.forgotForm)
	fill(srv, href.Forgot, rbac.Public, s.forgot, func(r *httpd.Request, failed error) (templ.Component, error) {
		return GatePage(bare(r, "New password"), forgotView(r.Form("email"), failed)), nil
	})
}

func (s *Site) forgotForm(r *httpd.Request) (httpd.Reply, error) {
	return httpd.Show(GatePage(bare(r, "New password"), forgotView("", nil))), nil
}

func forgotView(email string, err error) GateView {
	form := partial.Form{Action: href.Forgot, Submit: "Send the link", Fields: []partial.Field{
		{Name: "email", Label: "Work e-mail", Kind: partial.Email, Value: email, Required: true, Autocomplete: "username"},
	}}
	form.Faults, form.Problem = partial.FaultsOf(err), problemIn(err)
	return GateView{Title: "New password", Lede: "A link to choose one goes to your work address. It works for 15 minutes.", Form: &form, Links: []partial.Link{{Text: "Back to sign-in", Href: href.SignIn}}}
}

// forgot answers alike whoever the address belongs to.
func (s *Site) forgot(r *httpd.Request) (httpd.Reply, error) {
	if err := s.People.Forgot(r.Context(), r.Form("email"), r.Network()); err != nil {
		if httpd.Correctable(err) {
			return httpd.ShowFault(err, GatePage(bare(r, "New password"), forgotView(r.Form("email"), err))), nil
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.SignIn, "If somebody signs in with that address, a link is on its way to it."), nil
}
