package pages

import (
	"errors"
	"slices"

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

// MountSignIn adds the pages about oneself: signing in and out, the account, looks.
func (s *Site) MountSignIn(srv *httpd.Server) {
	get(srv, href.SignIn, rbac.Public, s.signInForm)
	srv.MountForm(href.SignIn, rbac.Public, s.signIn, func(r *httpd.Request, refused error) (httpd.Reply, error) {
		return s.showSignIn(r, r.Form("email"), refused)
	})
	post(srv, href.SignOut, rbac.SignedIn, s.signOut)
	get(srv, "/enrol/{token}", rbac.Public, s.enrolForm)
	post(srv, "/enrol/{token}", rbac.Public, s.enrol)
	get(srv, "/sign-in/firm", rbac.SignedIn, s.chooseFirm)
	post(srv, "/sign-in/firm", rbac.SignedIn, s.switchFirm)
	get(srv, href.Home, rbac.SignedIn, s.home)
	get(srv, href.Me, rbac.SignedIn, s.account)
	post(srv, href.Me+"/password", rbac.SignedIn, s.changePassword)
	post(srv, href.Me+"/sessions/{id}/end", rbac.SignedIn, s.endSession)
	post(srv, href.Preferences, rbac.Public, s.preferences)
	get(srv, href.Keys, rbac.SignedIn, s.keys)
}

const deviceCookie = "device"

func (s *Site) signInForm(r *httpd.Request) (httpd.Reply, error) { return s.showSignIn(r, "", nil) }

func (s *Site) showSignIn(r *httpd.Request, email string, failed error) (httpd.Reply, error) {
	asked, err := s.People.AskToEnter(r.Context(), r.Holder())
	if err != nil {
		return httpd.Reply{}, err
	}
	page := GatePage(bare(r, "Sign in"), signInView(email, asked, failed))
	return shownWith(failed, page), nil
}

// shownWith is a page, under the status of what it came back with.
func shownWith(failed error, page templ.Component) httpd.Reply {
	if failed == nil {
		return httpd.Show(page)
	}
	return httpd.ShowFault(failed, page)
}

func signInView(email, asked string, err error) GateView {
	form := partial.Form{Action: href.SignIn, Submit: "Continue", Fields: []partial.Field{
		{Name: "email", Label: "Work e-mail", Kind: partial.Email, Value: email, Required: true, Autocomplete: "username"},
		{Name: "password", Label: "Password", Kind: partial.Password, Required: true, Autocomplete: "current-password", Hint: "Pasting and password managers are welcome."},
	}}
	form.Faults, form.Problem = partial.FaultsOf(err), problemIn(err)
	return GateView{Title: "Sign in", Lede: "For the billing bureau and its client firms", Form: &form, Passkey: passkeyAsked(asked, partial.Form{ID: "passkey", Action: href.SignIn + "/passkey", Submit: "Use a passkey", Side: true}), Links: []partial.Link{{Text: "Sign in through your firm", Href: href.Through}, {Text: "Forgotten your password?", Href: href.Forgot}}}
}

func (s *Site) signIn(r *httpd.Request) (httpd.Reply, error) {
	email := r.Form("email")
	e, err := s.People.SignIn(r.Context(), people.Try{
		Email: email, Password: r.Secret("password"), Network: r.Network(), Device: r.Cookie(deviceCookie), Browser: r.Device(),
	})
	if errors.Is(err, people.ErrFactor) {
		return s.askFactor(r, e)
	}
	if err != nil {
		if errors.Is(err, people.ErrSignIn) || httpd.Correctable(err) {
			return s.showSignIn(r, email, err)
		}
		return httpd.Reply{}, err
	}
	return s.begin(r, e)
}

func (s *Site) signOut(r *httpd.Request) (httpd.Reply, error) {
	if err := s.People.SignedOut(r.Context()); err != nil {
		return httpd.Reply{}, err
	}
	if err := r.SignOut(); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.SignIn, ""), nil
}

func (s *Site) enrolForm(r *httpd.Request) (httpd.Reply, error) {
	p, err := s.People.Invitee(r.Context(), r.Param("token"))
	if err != nil {
		return httpd.Reply{}, err
	}
	v := enrolView(r, p, nil)
	through, err := s.People.InvitedThrough(r.Context(), r.Param("token"))
	if err != nil {
		return httpd.Reply{}, err
	}
	if through {
		v.Links = []partial.Link{{Text: "No password: sign in through your firm instead", Href: r.Path() + "/through"}}
	}
	return httpd.Show(GatePage(bare(r, "Choose a password"), v)), nil
}

func enrolView(r *httpd.Request, p people.Person, err error) GateView {
	return GateView{Title: "Choose a password", Lede: "For " + p.Name + ", " + p.Email, Form: &partial.Form{
		Action: r.Path(), Submit: "Set password and sign in", Faults: partial.FaultsOf(err), Problem: problemIn(err),
		Fields: []partial.Field{{Name: "password", Label: "Password", Kind: partial.Password, Required: true, Autocomplete: "new-password",
			Hint: "At least 15 characters of any kind; a sentence is good."}},
	}}
}

func (s *Site) enrol(r *httpd.Request) (httpd.Reply, error) {
	token := r.Param("token")
	p, err := s.People.Invitee(r.Context(), token)
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.People.Enrol(r.Context(), token, r.Secret("password")); err != nil {
		if httpd.Correctable(err) {
			return httpd.ShowFault(err, GatePage(bare(r, "Choose a password"), enrolView(r, p, err))), nil
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.SignIn, "Your password is set. Sign in with it."), nil
}

// chooseFirm is for people who hold grants at more than one firm and belong to the bureau of none.
func (s *Site) chooseFirm(r *httpd.Request) (httpd.Reply, error) {
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := GateView{Title: "Choose a firm", Lede: "You work in one firm at a time. Changing it starts a new session."}
	for _, c := range cards {
		v.Acts = append(v.Acts, partial.Button{Text: c.Name, Action: "/sign-in/firm", Hidden: []partial.Hidden{{Name: "firm", Value: string(c.ID)}}, Class: "wide"})
	}
	return httpd.Show(GatePage(bare(r, "Choose a firm"), v)), nil
}

func (s *Site) switchFirm(r *httpd.Request) (httpd.Reply, error) {
	firm, err := ident.Parse[ident.FirmID](r.Form("firm"))
	if err != nil {
		return httpd.Reply{}, err
	}
	e, err := s.People.Switch(r.Context(), firm)
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := r.SignIn(httpd.Started{Person: e.Person, Firm: firm, Via: e.Via, At: e.At, Deadline: e.Deadline, Switched: true}); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Home, ""), nil
}

// home leads each role to the page its day begins with (DESIGN, the three people).
func (s *Site) home(r *httpd.Request) (httpd.Reply, error) {
	st, err := r.Standing()
	if err != nil {
		return httpd.Reply{}, err
	}
	switch {
	case st.OfBureau() && st.Anywhere(rbac.QueueRead):
		return httpd.Go(href.Queue, ""), nil
	case st.OfBureau():
		return httpd.Go(href.Firms, ""), nil
	}
	if asked, err := s.Undertakings.Mine(r.Context()); err != nil || len(asked) > 0 { // one of the bureau's, whom nothing lets in now
		return httpd.Go(href.MyUndertakings, ""), err
	}
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	bound := ident.FirmID(r.Get(httpd.KeyFirm))
	for _, c := range cards {
		if c.ID != bound {
			continue
		}
		if st.Holds(rbac.RoleFirmAdmin) && !st.Holds(rbac.RolePartner) {
			return httpd.Go(href.Access(c.ID), ""), nil
		}
		return httpd.Go(href.SLA(c.ID, ""), ""), nil
	}
	if len(cards) > 1 {
		return httpd.Go("/sign-in/firm", ""), nil
	}
	return httpd.Go(href.Me, "Nobody has granted you access at the moment. Ask the firm's administrator."), nil
}

func (s *Site) account(r *httpd.Request) (httpd.Reply, error) { return s.showAccount(r, nil) }

func (s *Site) showAccount(r *httpd.Request, failed error) (httpd.Reply, error) {
	f, err := s.frame(r, "Your account", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	me, err := s.People.Me(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	sessions, err := s.People.Sessions(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	factors, err := s.People.Factors(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	lost, err := s.recoverySections(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	through, err := s.throughSections(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	trained, err := s.trainingSections(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	away, err := s.deputySections(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	back := func(form *partial.Form) *partial.Form { // the one that came back
		if form.Action == r.Path() {
			form.Faults, form.Problem = partial.FaultsOf(failed), problemIn(failed)
		}
		return form
	}
	page := Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Your account"}, Meta: []string{me.Name, me.Email},
		Acts: []partial.Button{rowHeight(f), {Text: "Sign out", Action: href.SignOut}},
		Sections: append(append(lost, []Section{
			{Title: "Where you are signed in", Table: sessionTable(f, sessions)},
			{Title: "Change your password", Form: back(&partial.Form{Action: href.Me + "/password", Submit: "Change password",
				Note: "This ends your other sessions.", Fields: []partial.Field{
					{Name: "present", Label: "Present password", Kind: partial.Password, Required: true, Autocomplete: "current-password"},
					{Name: "password", Label: "New password", Kind: partial.Password, Required: true, Autocomplete: "new-password", Hint: "At least 15 characters of any kind; a sentence is good."},
				}})},
		}...), append(append(factorSections(f, factors, back), through...), append(trained, away...)...)...),
	})
	return shownWith(failed, page), nil
}

// rowHeight offers the other density of lists (UI.md "Space").
func rowHeight(f frame) partial.Button {
	words, wanted := "Roomier rows", "roomy"
	if f.Density == "roomy" {
		words, wanted = "Denser rows", "normal"
	}
	return partial.Button{Text: words, Action: href.Preferences, Hidden: []partial.Hidden{{Name: "density", Value: wanted}, {Name: "back", Value: href.Me}}}
}

func sessionTable(f frame, sessions []people.Session) *partial.Table {
	t := &partial.Table{Caption: "Your sessions", Columns: []partial.Column{{Head: "Device"}, {Head: "Network", Minor: true}, {Head: "Last used", NoWrap: true}, {Head: "End", Hidden: true}}}
	for _, x := range sessions {
		end := partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "End", Action: href.Me + "/sessions/" + string(x.ID) + "/end", Class: "sm quiet"}))
		if x.Current {
			end = partial.Txt("this one")
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{deviceCell(x.Device), partial.Txt(x.Network), partial.Txt(format.Moment(x.SeenAt.In(f.Zone))), end}})
	}
	return t
}

func (s *Site) changePassword(r *httpd.Request) (httpd.Reply, error) {
	if err := s.People.ChangePassword(r.Context(), r.Secret("present"), r.Secret("password")); err != nil {
		if httpd.Correctable(err) {
			return s.showAccount(r, err)
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Me, "Your password is changed. Your other sessions have ended."), nil
}

func (s *Site) endSession(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.SessionID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.People.EndSession(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Me, "That session has ended."), nil
}

// preferences keeps a choice of looks in a cookie: no flash, no script (UI.md).
func (s *Site) preferences(r *httpd.Request) (httpd.Reply, error) {
	for name, known := range map[string][]string{"theme": {"system", "light", "dark"}, "density": {"normal", "roomy"}, "keys": {"on", "off"}} {
		for _, k := range known {
			if r.Form(name) == k {
				r.SetCookie(name, k)
			}
		}
	}
	return httpd.Go(backOf(r), ""), nil
}

func (s *Site) keys(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Keyboard", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	section := func(title string, pairs ...string) Section {
		t := partial.Table{Caption: title, Columns: []partial.Column{{Head: "Key"}, {Head: "Does"}}}
		for i := 0; i+1 < len(pairs); i += 2 {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Key(pairs[i]), Key: true}, partial.Txt(pairs[i+1])}})
		}
		return Section{Title: title, Table: &t}
	}
	anywhere := []string{"Ctrl K", "Search or go to", "?", "This list", "g d", "Service levels", "/", "Filter", "Esc", "Close"}
	if f.allowed(f.Standing.OfBureau())(rbac.QueueRead) {
		anywhere = slices.Insert(anywhere, 4, "g q", "Queue", "g n", "Next item")
	}
	words, wanted := "Switch single keys off", "off"
	if f.KeysOff {
		words, wanted = "Switch single keys on", "on"
	}
	return httpd.Show(Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Keyboard"}, Lede: "Single keys work outside fields and never do what cannot be undone.",
		Acts: []partial.Button{{Text: words, Action: href.Preferences, Hidden: []partial.Hidden{{Name: "keys", Value: wanted}, {Name: "back", Value: href.Keys}}}},
		Sections: []Section{
			section("Anywhere", anywhere...),
			section("Lists", "j", "Next row", "k", "Previous row", "Enter", "Open", "x", "Select", "Shift x", "Select a range, as Shift click does", "a", "Assign what is selected", "m", "Ask the firm about what is selected", "v 1 to 9", "Change the view"),
			section("Review", "n", "Next finding", "p", "Previous finding", "1 2 3", "Apply a fix", "e", "Edit the line", "z", "Undo the line's last change", "m", "Message", "Ctrl Enter", "Finish"),
			section("Approval", "w", "Write down", "h", "Hold", "Ctrl Enter", "Approve"),
		},
	})), nil
}
