package pages

import (
	"errors"
	"fmt"
	"net/url"
	"time"

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

// MountFactor adds the second step of signing in, and setting up what it asks for.
func (s *Site) MountFactor(srv *httpd.Server) {
	get(srv, href.Factor, rbac.Public, s.factorForm)
	srv.MountForm(href.Factor, rbac.Public, s.showFactor, s.askForFactor)
	get(srv, href.App, rbac.SignedIn, s.appForm)
	srv.MountForm(href.App, rbac.SignedIn, s.confirmApp, s.showApp)
	srv.MountForm(href.App+"/remove", rbac.SignedIn, s.removeApp, s.showAccount)
	srv.MountForm(href.App+"/codes", rbac.SignedIn, s.newCodes, s.showAccount)
	get(srv, href.StepUp, rbac.SignedIn, s.askFirst)
	srv.MountForm(httpd.StepUpPath, rbac.SignedIn, s.showAgain, s.askAgain)
	post(srv, href.SignIn+"/passkey", rbac.Public, s.enterByPasskey)
	get(srv, href.Passkey, rbac.SignedIn, s.passkeyForm)
	srv.MountForm(href.Passkey, rbac.SignedIn, s.addPasskey, s.showPasskey)
	post(srv, href.Passkeys+"/{id}/remove", rbac.SignedIn, s.removePasskey)
	post(srv, href.Passkeys+"/codes", rbac.SignedIn, s.passkeyCodes)
}

// What a session keeps of a sign-in between the password and the factor. Only the
// server writes it.
const (
	pendingPerson    = "pending_person"
	pendingChallenge = "pending_challenge"
	pendingAt        = "pending_at"
	pendingVia       = "pending_via"
)

// askFactor remembers whose password was right and asks for the factor.
func (s *Site) askFactor(r *httpd.Request, e people.Entered) (httpd.Reply, error) {
	if err := r.Renew(); err != nil {
		return httpd.Reply{}, err
	}
	r.Put(pendingPerson, string(e.Person))
	r.Put(pendingChallenge, ident.New[string](e.At))
	r.Put(pendingAt, e.At.Format(time.RFC3339Nano))
	r.Put(pendingVia, string(e.Via))
	return httpd.Go(href.Factor, ""), nil
}

func pending(r *httpd.Request) (p people.Pending, ok bool) {
	at, err := time.Parse(time.RFC3339Nano, r.Get(pendingAt))
	p = people.Pending{Person: ident.PersonID(r.Get(pendingPerson)), Challenge: r.Get(pendingChallenge), At: at, Via: ident.FirmID(r.Get(pendingVia))}
	return p, err == nil && p.Person != ""
}

func forget(r *httpd.Request) {
	for _, key := range []string{pendingPerson, pendingChallenge, pendingAt, pendingVia} {
		r.Put(key, "")
	}
}

func (s *Site) factorForm(r *httpd.Request) (httpd.Reply, error) { return s.askForFactor(r, nil) }

func (s *Site) askForFactor(r *httpd.Request, failed error) (httpd.Reply, error) {
	p, ok := pending(r)
	if !ok {
		return httpd.Go(href.SignIn, ""), nil
	}
	asked, err := s.People.AskFactor(r.Context(), p, r.Holder())
	if errors.Is(err, people.ErrSignIn) {
		forget(r)
		return httpd.Go(href.SignIn, sentence(httpd.FaultOf(err).Message)), nil
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	page := GatePage(bare(r, "Confirm it is you"), factorView(asked, failed))
	if failed != nil {
		return httpd.ShowFault(failed, page), nil
	}
	return httpd.Show(page), nil
}

func factorView(asked people.Asked, err error) GateView {
	form := partial.Form{Action: href.Factor, Submit: "Sign in", Fields: []partial.Field{codeField("code", asked, err)}, Side: !asked.App}
	v := GateView{Title: "Confirm it is you", Lede: "One more step.", Form: &form, Links: []partial.Link{{Text: "Back to sign-in", Href: href.SignIn}}}
	v.Passkey = passkeyAsked(asked.Passkey, partial.Form{Action: href.Factor, Submit: "Use a passkey", Side: asked.App})
	return v
}

// codeField takes a code of the app; without one, a recovery code.
func codeField(name string, asked people.Asked, err error) partial.Field {
	f := partial.Field{Name: name, Label: "6-digit code from your authenticator app", Kind: partial.OneTime, Required: true, Max: 40, Hint: "Paste works. Spaces are ignored. A recovery code serves as well."}
	if !asked.App {
		f.Label, f.Kind, f.Hint = "Recovery code", partial.Text, "One of the ten that you kept."
	}
	if err != nil {
		f.Error = titled(partial.FaultsOf(err).On(name), sentence(httpd.FaultOf(err).Message))
	}
	return f
}

func (s *Site) showFactor(r *httpd.Request) (httpd.Reply, error) {
	p, ok := pending(r)
	if !ok {
		return httpd.Go(href.SignIn, ""), nil
	}
	e, err := s.People.ShowFactor(r.Context(), p, people.Try{Code: r.Form("code"), Passkey: r.Form(httpd.PasskeyField), Holder: r.Holder(), Network: r.Network(), Browser: r.Device()})
	switch {
	case errors.Is(err, people.ErrChallenge), errors.Is(err, people.ErrSignIn):
		forget(r)
		return httpd.Go(href.SignIn, sentence(httpd.FaultOf(err).Message)), nil
	case err != nil && httpd.Correctable(err):
		return s.askForFactor(r, err)
	case err != nil:
		return httpd.Reply{}, err
	}
	forget(r)
	return s.begin(r, e)
}

// begin starts the session of whoever has shown all that was due.
func (s *Site) begin(r *httpd.Request, e people.Entered) (httpd.Reply, error) {
	if err := r.SignIn(httpd.Started{Person: e.Person, Firm: e.Firm, Via: e.Via, Choose: !e.Staff && e.Firm == "", At: e.At, Deadline: e.Deadline, Factor: e.FactorShown, Due: e.FactorDue}); err != nil {
		return httpd.Reply{}, err
	}
	r.SetCookie(deviceCookie, e.Device)
	return httpd.Go(r.ReturnPath(), ""), nil
}

func (s *Site) appForm(r *httpd.Request) (httpd.Reply, error) { return s.showApp(r, nil) }

func (s *Site) showApp(r *httpd.Request, failed error) (httpd.Reply, error) {
	f, err := s.frame(r, "Authenticator app", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	shown, err := s.People.BeginApp(r.Context())
	if errors.Is(err, people.ErrHasFactor) {
		return httpd.Go(href.Me, "An authenticator app is set up already."), nil
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	lede, cancel := "From then on, signing in asks for a code of the app besides the password.", href.Me
	if r.FactorDue() {
		lede, cancel = "Your role asks for a second factor. Set one up to go on; it takes about a minute.", ""
		f.Nav, f.Next = nil, false
	}
	had, err := s.People.Factors(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	fields := []partial.Field{{Name: "code", Label: "6-digit code the app shows", Kind: partial.OneTime, Required: true, Max: 40}}
	if !had.Any() {
		fields = append([]partial.Field{presentPassword}, fields...)
	}
	page := Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Authenticator app"}, Lede: lede, Links: otherWay(r, "Use a passkey instead", href.Passkey),
		Sections: []Section{
			{Title: "1. Add Docketry to your app", Body: QR(shown.QR), Text: "Read the picture with the app, or type the secret: " + grouped(shown.Secret)},
			{Title: "2. Show that it works", Form: &partial.Form{Action: href.App, Submit: "Switch on", Cancel: cancel, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
				Note: "This ends your other sessions.", Fields: fields}},
		},
	})
	if failed != nil {
		return httpd.ShowFault(failed, page), nil
	}
	return httpd.ShowOnce(page), nil
}

// grouped is a secret in fours, as it is typed.
func grouped(secret string) string {
	text := ""
	for i, c := range secret {
		if i > 0 && i%4 == 0 {
			text += " "
		}
		text += string(c)
	}
	return text
}

func (s *Site) confirmApp(r *httpd.Request) (httpd.Reply, error) {
	codes, err := s.People.ConfirmApp(r.Context(), r.Secret("password"), r.Form("code"))
	if err != nil {
		if httpd.Correctable(err) {
			return s.showApp(r, err)
		}
		return httpd.Reply{}, err
	}
	if err := r.FactorShown(); err != nil {
		return httpd.Reply{}, err
	}
	return s.showCodes(r, codes, "The app is set up. Your other sessions have ended.")
}

// presentPassword is asked of whoever has no factor yet.
var presentPassword = partial.Field{Name: "password", Label: "Present password", Kind: partial.Password, Required: true, Autocomplete: "current-password"}

// otherWay is the other factor, for who must set one up first.
func otherWay(r *httpd.Request, text, to string) []partial.Link {
	if !r.FactorDue() {
		return nil
	}
	return []partial.Link{{Text: text, Href: to}}
}

// StepUp asks for the factor before an act and sends along what was typed for it.
func (s *Site) StepUp(r *httpd.Request, up httpd.StepUp) (templ.Component, error) {
	asked, err := s.People.AskAgain(r.Context(), r.Holder())
	if err != nil {
		return nil, err
	}
	v := GateView{Title: "Confirm it is you", Lede: "This asks for your second factor again. What you entered is kept."}
	if up.Action == httpd.StepUpPath {
		v.Lede = "This asks for your second factor again. Then you go on to what you wanted to see."
	}
	if up.Read {
		v.Lede = "You have opened more privileged text in ten minutes than one person reads. Confirm it is you to go on. What belongs to work that you hold stays open, and the firm can see in its access log that you were stopped."
	}
	if up.Absent && !asked.App && asked.Passkey == "" {
		return nil, nil //nolint:nilnil // there is nothing to ask for: the page says "not there"
	}
	if up.Absent {
		v.Lede = "Nothing here shows as you are signed in now. The address may be wrong, or it leads to something that shows only for half an hour after your second factor: confirm to look again. Your visit was recorded."
	}
	if !asked.App && asked.Passkey == "" {
		v.Links = []partial.Link{{Text: "No second factor yet? Set one up", Href: href.Passkey}}
	}
	var wrong error
	if up.Wrong != nil {
		wrong = up.Wrong
	}
	v.Form = &partial.Form{Action: up.Action, Submit: "Confirm and go on", Kept: up.Kept, Fields: []partial.Field{codeField(httpd.FactorField, asked, wrong)}, Side: !asked.App}
	v.Passkey = passkeyAsked(asked.Passkey, partial.Form{Action: up.Action, Submit: "Use a passkey", Kept: up.Kept, Side: asked.App})
	if v.Passkey != nil {
		v.Passkey.Name = httpd.FactorPasskey
	}
	return GatePage(bare(r, "Confirm it is you"), v), nil
}

// askFirst asks for the factor before anybody has wanted it, for who follows the bar
// over pages on which matters are hidden.
func (s *Site) askFirst(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.StepUp(r, httpd.StepUp{Action: httpd.StepUpPath, Kept: url.Values{"back": {ownPathOr(r.Query("back"), href.Home)}}})
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(page), nil
}

// showAgain takes a factor for a page or a download and leads back to it.
func (s *Site) showAgain(r *httpd.Request) (httpd.Reply, error) {
	back := backOf(r)
	err := s.People.ProveFactor(r.Context(), people.Proof{Code: r.Form(httpd.FactorField), Passkey: r.Form(httpd.FactorPasskey), Holder: r.Holder()})
	switch {
	case errors.Is(err, people.ErrChallenge):
		return httpd.Reply{}, r.EndWith(err)
	case err != nil && httpd.Correctable(err):
		return s.askAgain(r, err)
	case err != nil:
		return httpd.Reply{}, err
	}
	if err := r.FactorShown(); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(back, ""), nil
}

// askAgain is the page that asks for the factor, with what was wrong with it.
func (s *Site) askAgain(r *httpd.Request, wrong error) (httpd.Reply, error) {
	page, err := s.StepUp(r, httpd.StepUp{Action: httpd.StepUpPath, Kept: url.Values{"back": {backOf(r)}}, Wrong: httpd.FaultOf(wrong)})
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.ShowFault(wrong, page), nil
}

// backOf is where a form leads back to: a page of ours.
func backOf(r *httpd.Request) string { return ownPathOr(r.Form("back"), href.Home) }

func ownPathOr(back, elsewhere string) string {
	if httpd.OwnPath(back) {
		return back
	}
	return elsewhere
}

// showCodes is the only time that recovery codes are seen. Without any, done is said
// on the account page.
func (s *Site) showCodes(r *httpd.Request, codes []string, done string) (httpd.Reply, error) {
	if len(codes) == 0 {
		return httpd.Go(r.ReturnOr(href.Me), done), nil
	}
	f, err := s.frame(r, "Recovery codes", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.ShowOnce(Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Recovery codes"}, Lede: "Keep them where your app and your passkeys are not. Each signs you in once in place of a factor that you do not have at hand; they are not shown again.",
		Main:     &partial.Link{Text: "I have kept them", Href: r.ReturnOr(href.Me)},
		Sections: []Section{{Title: "Your codes", Body: CodeList(codes)}},
	})), nil
}

func (s *Site) removeApp(r *httpd.Request) (httpd.Reply, error) {
	due, err := s.People.RemoveApp(r.Context(), r.Form("code"))
	if err != nil {
		if httpd.Correctable(err) {
			return s.showAccount(r, err)
		}
		return httpd.Reply{}, err
	}
	if r.FactorGone(due); due {
		return httpd.Go(href.App, "The app is removed and your other sessions have ended. Set up another."), nil
	}
	return httpd.Go(href.Me, "Signing in asks for the password only. Your other sessions have ended."), nil
}

func (s *Site) newCodes(r *httpd.Request) (httpd.Reply, error) {
	codes, err := s.People.NewRecoveryCodes(r.Context(), r.Form("code"))
	if err != nil {
		if httpd.Correctable(err) {
			return s.showAccount(r, err)
		}
		return httpd.Reply{}, err
	}
	return s.showCodes(r, codes, "")
}

// factorSections say what is asked for besides the password, and change it. back marks
// the form that came back.
func factorSections(f frame, x people.Factors, back func(*partial.Form) *partial.Form) []Section {
	if !x.Any() {
		return []Section{{Title: "Second factor", Text: "Signing in asks for your password only. A passkey or an authenticator app makes a stolen password worthless.", Body: factorLinks(true, true)}}
	}
	code := func(form, action, submit string, danger bool) *partial.Form {
		return back(&partial.Form{ID: form, Action: action, Submit: submit, Danger: danger, Side: !danger,
			Fields: []partial.Field{{Name: "code", Label: "6-digit code of the app", Kind: partial.OneTime, Required: true, Max: 40}}})
	}
	codes := Section{Title: "Recovery codes", Text: fmt.Sprintf("%d of 10 are left.", x.CodesLeft)}
	app := Section{Title: "Authenticator app", Text: "None is set up. It is a way in when no passkey is at hand.", Body: factorLinks(false, true)}
	if x.App != nil {
		codes.Form = code("codes", href.App+"/codes", "Make new codes", false)
		app = Section{Title: "Authenticator app", Text: "Set up on " + format.Moment(x.App.In(f.Zone)) + ". Removing it ends your other sessions.", Form: code("app", href.App+"/remove", "Remove the app", true)}
	} else {
		codes.Acts = []partial.Button{{Text: "Make new codes", Action: href.Passkeys + "/codes"}}
	}
	return []Section{passkeySection(f, x.Passkeys), app, codes}
}
