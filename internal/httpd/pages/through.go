package pages

import (
	"errors"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// MountThrough adds signing in through a firm's own provider. The way there is a link
// that the person follows: the policy of our pages lets no form end elsewhere.
func (s *Site) MountThrough(srv *httpd.Server) {
	get(srv, href.Through, rbac.Public, s.throughForm)
	fill(srv, href.Through, rbac.Public, s.through, func(r *httpd.Request, failed error) (templ.Component, error) {
		return GatePage(bare(r, "Sign in through your firm"), throughView(r.Form("code"), failed)), nil
	})
	srv.MountGate(people.CallbackRoute, s.back)
	get(srv, "/enrol/{token}/through", rbac.Public, s.enrolThrough)
	get(srv, "/firms/{firm}/sign-in", rbac.FirmSSO, s.ssoForm)
	post(srv, "/firms/{firm}/sign-in", rbac.FirmSSO, s.setSSO)
	get(srv, "/firms/{firm}/sign-in/try", rbac.FirmSSO, s.trySSO)
	get(srv, "/firms/{firm}/sign-in/link", rbac.FirmRead, s.linkSSO)
}

func (s *Site) throughForm(r *httpd.Request) (httpd.Reply, error) {
	return httpd.Show(GatePage(bare(r, "Sign in through your firm"), throughView("", nil))), nil
}

func throughView(code string, err error) GateView {
	form := partial.Form{Action: href.Through, Submit: "Continue", Fields: []partial.Field{
		{Name: "code", Label: "Your firm's code", Value: code, Required: true, Max: 3, Hint: "Three letters; they stand beside the firm's name in Docketry."},
	}}
	if err != nil {
		form.Fields[0].Error = titled(partial.FaultsOf(err).On("code"), sentence(httpd.FaultOf(err).Message))
	}
	return GateView{Title: "Sign in through your firm", Lede: "For firms whose people sign in with the account they have at the firm.", Form: &form, Links: []partial.Link{{Text: "Back to sign-in", Href: href.SignIn}}}
}

func (s *Site) through(r *httpd.Request) (httpd.Reply, error) {
	code := strings.ToUpper(r.Form("code"))
	w, err := s.People.WayIn(r.Context(), code, people.Try{Network: r.Network(), Holder: r.Holder()})
	if err != nil {
		if httpd.Correctable(err) {
			return httpd.ShowFault(err, GatePage(bare(r, "Sign in through your firm"), throughView(code, err))), nil
		}
		return httpd.Reply{}, err
	}
	return s.lead(r, w, code, href.SignIn), nil
}

// lead shows the way out and says where it goes. of is the firm: its name to whom may
// know it, the code that was typed to a stranger.
func (s *Site) lead(r *httpd.Request, w people.Way, of, back string) httpd.Reply {
	return httpd.Show(GatePage(bare(r, "Sign in through your firm"), GateView{
		Title: "Go on at " + of, Lede: "You sign in at " + w.Host + " and come back here.",
		Main: &partial.Link{Text: "Continue to " + w.Host, Href: w.Address}, Links: []partial.Link{{Text: "Back", Href: back}},
	}))
}

// back is where the provider sends people.
func (s *Site) back(r *httpd.Request) (httpd.Reply, error) {
	a, err := s.People.Arrive(r.Context(), people.Back{At: r.Param("code"), Answer: r.Queries(), Holder: r.Holder()}, people.Try{Network: r.Network(), Browser: r.Device()})
	switch {
	case errors.Is(err, people.ErrFactor):
		return s.askFactor(r, a.Entered)
	case err != nil && httpd.Correctable(err):
		return httpd.ShowFault(err, GatePage(bare(r, "Sign in through your firm"), throughView("", err))), nil
	case err != nil:
		return httpd.Reply{}, err
	}
	switch a.Errand {
	case people.ErrandProve:
		return httpd.Go(href.SignInOf(a.Firm), "It works: you came back, and your account is linked."), nil
	case people.ErrandLink:
		return httpd.Go(href.Me, "Your account is linked to your firm's sign-in."), nil
	default:
		return s.begin(r, a.Entered)
	}
}

func (s *Site) enrolThrough(r *httpd.Request) (httpd.Reply, error) {
	token := r.Param("token")
	w, err := s.People.WayInvited(r.Context(), token, r.Holder())
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.lead(r, w, w.Firm, "/enrol/"+token), nil
}

func (s *Site) trySSO(r *httpd.Request) (httpd.Reply, error) {
	w, err := s.People.WayToProve(r.Context(), r.Holder())
	if err != nil {
		if httpd.Correctable(err) {
			return httpd.Go(href.SignInOf(r.Firm()), sentence(httpd.FaultOf(err).Message)), nil
		}
		return httpd.Reply{}, err
	}
	return s.lead(r, w, w.Firm, href.SignInOf(r.Firm())), nil
}

func (s *Site) linkSSO(r *httpd.Request) (httpd.Reply, error) {
	w, err := s.People.WayToLink(r.Context(), r.Holder())
	if err != nil {
		if httpd.Correctable(err) {
			return httpd.Go(href.Me, sentence(httpd.FaultOf(err).Message)), nil
		}
		return httpd.Reply{}, err
	}
	return s.lead(r, w, w.Firm, href.Me), nil
}

func (s *Site) ssoForm(r *httpd.Request) (httpd.Reply, error) { return s.showSSO(r, nil) }

func (s *Site) showSSO(r *httpd.Request, failed error) (httpd.Reply, error) {
	f, err := s.frame(r, "Firm sign-in", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	x, err := s.People.SSO(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := PlainView{Head: layout.Head{Title: "Firm sign-in"}, Lede: "Your people sign in with the account they have at the firm. The firm's provider says who they are; Docketry still decides what they may."}
	if !x.Listed {
		v.Sections = []Section{{Title: "Provider", Text: "None is listed for your firm. Ask the bureau to list it: the address of its issuer and the name this program has there.", Facts: registered(x)}}
		return httpd.Show(Plain(f.Chrome, v)), nil
	}
	proven := "Nobody has come back from it yet. Try it yourself before anybody depends on it."
	if x.ProvenAt != nil {
		proven = "Tried on " + format.Moment(x.ProvenAt.In(f.Zone)) + "."
	}
	v.Sections = []Section{{Title: "Provider", Text: x.Host + ". " + proven, Body: tryLink(href.SignInOf(f.FirmID) + "/try"), Facts: registered(x)}}
	if x.ProvenAt != nil {
		way := "off"
		switch {
		case x.Only:
			way = "only"
		case x.OnAt != nil:
			way = "on"
		}
		v.Sections = append(v.Sections, Section{Title: "Who comes through it", Form: &partial.Form{Action: href.SignInOf(f.FirmID), Version: x.Version, Submit: "Save", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "way", Label: "Your people", Kind: partial.Radio, Value: way, Wide: true, Options: []partial.Option{
				{Value: "off", Label: "Sign in with a password or passkey", Selected: way == "off"},
				{Value: "on", Label: "May sign in through the firm", Hint: "Each links the account once, with their invitation or on their account page.", Selected: way == "on"},
				{Value: "only", Label: "Sign in through the firm only", Hint: "Other sessions end now. Administrators keep their password, for the day the provider fails; each use is told to all of them.", Selected: way == "only"},
			}},
		}}})
	}
	page := Plain(f.Chrome, v)
	if failed != nil {
		return httpd.ShowFault(failed, page), nil
	}
	return httpd.Show(page), nil
}

// registered is what the provider has to know of us.
func registered(x people.SSO) []partial.Fact {
	return []partial.Fact{{Name: "Redirect address to register there", Value: x.Back, Code: true}}
}

func (s *Site) setSSO(r *httpd.Request) (httpd.Reply, error) {
	way := r.Form("way")
	if err := s.People.SetSSO(r.Context(), r.FormInt("version"), way == "on" || way == "only", way == "only"); err != nil {
		if httpd.Correctable(err) {
			return s.showSSO(r, err)
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.SignInOf(r.Firm()), "Saved."), nil
}

// throughSections say how the firm's people come in, on one's own account page.
func (s *Site) throughSections(r *httpd.Request, f frame) ([]Section, error) {
	firm := ident.FirmID(r.Get(httpd.KeyFirm))
	if firm == "" || f.Standing.OfBureau() || r.FactorDue() {
		return nil, nil
	}
	on, linked, err := s.People.Through(r.Context(), firm)
	if err != nil {
		return nil, err
	}
	settings := f.Standing.In(firm, rbac.FirmSSO)
	switch {
	case !on && !settings:
		return nil, nil
	case !on:
		return []Section{{Title: "Your firm's sign-in", Text: "Your people sign in with a password or a passkey.", Body: throughLinks("", href.SignInOf(firm))}}, nil
	}
	text := "Your firm's people sign in with their account at the firm. Yours is not linked yet."
	if linked {
		text = "Your account at the firm is linked and signs you in here."
	}
	section := Section{Title: "Your firm's sign-in", Text: text}
	to := ""
	if settings {
		to = href.SignInOf(firm)
	}
	section.Body = throughLinks(href.SignInOf(firm)+"/link", to)
	return []Section{section}, nil
}
