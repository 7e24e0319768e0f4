package pages

import (
	"errors"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
)

// noPasskey is said where the browser can make none.
const noPasskey = "This browser cannot use a passkey here: it takes script, a browser that knows passkeys, and an address with a name, such as localhost, not a number."

// enterByPasskey signs in whoever answers, without a password.
func (s *Site) enterByPasskey(r *httpd.Request) (httpd.Reply, error) {
	e, err := s.People.Enter(r.Context(), people.Try{Passkey: r.Form(httpd.PasskeyField), Holder: r.Holder(), Network: r.Network(), Browser: r.Device()})
	if err != nil {
		if httpd.Correctable(err) {
			return s.showSignIn(r, "", err)
		}
		return httpd.Reply{}, err
	}
	return s.begin(r, e)
}

func (s *Site) passkeyForm(r *httpd.Request) (httpd.Reply, error) { return s.showPasskey(r, nil) }

func (s *Site) showPasskey(r *httpd.Request, failed error) (httpd.Reply, error) {
	f, err := s.frame(r, "Add a passkey", "")
	if err != nil {
		return httpd.Reply{}, err
	}
	asked, err := s.People.BeginPasskey(r.Context(), r.Holder())
	if errors.Is(err, people.ErrPasskeyTop) || errors.Is(err, people.ErrPasskeyOff) {
		return httpd.Go(href.Me, sentence(httpd.FaultOf(err).Message)), nil
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	had, err := s.People.Factors(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	form := partial.Form{Action: href.Passkey, Submit: "Add the passkey", Cancel: href.Me, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Note: "This ends your other sessions.", Fields: []partial.Field{
		{Name: "name", Label: "Name", Value: r.Form("name"), Required: true, Max: 60, Hint: "Yours, to know it by: the laptop, the key on the ring."},
	}}
	if !had.Any() {
		form.Fields = append(form.Fields, presentPassword)
	}
	lede := "A passkey is kept by your device or password manager. It signs you in without a password, and stands for the second factor too."
	if r.FactorDue() {
		lede, form.Cancel = "Your role asks for a second factor. Add a passkey to go on, or use an authenticator app.", ""
		f.Nav, f.Next = nil, false
	}
	page := Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Add a passkey"}, Lede: lede, Links: otherWay(r, "Use an authenticator app instead", href.App),
		Sections: []Section{{Title: "New passkey", Body: PasskeyBox(f.CSRF, PasskeyView{Asked: asked, Form: form, Else: noPasskey})}},
	})
	if failed != nil {
		return httpd.ShowFault(failed, page), nil
	}
	return httpd.Show(page), nil
}

func (s *Site) addPasskey(r *httpd.Request) (httpd.Reply, error) {
	codes, err := s.People.AddPasskey(r.Context(), people.NewPasskey{Name: r.Form("name"), Password: r.Secret("password"), Holder: r.Holder(), Answer: r.Form(httpd.PasskeyField)})
	if err != nil {
		if httpd.Correctable(err) {
			return s.showPasskey(r, err)
		}
		return httpd.Reply{}, err
	}
	if err := r.FactorShown(); err != nil {
		return httpd.Reply{}, err
	}
	return s.showCodes(r, codes, "The passkey is added. Your other sessions have ended.")
}

func (s *Site) removePasskey(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PasskeyID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	due, err := s.People.RemovePasskey(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	if due {
		r.FactorGone(due)
		return httpd.Go(href.Passkey, "The passkey is removed and your other sessions have ended. Set up another factor."), nil
	}
	return httpd.Go(href.Me, "The passkey is removed. Your other sessions have ended."), nil
}

func (s *Site) passkeyCodes(r *httpd.Request) (httpd.Reply, error) {
	codes, err := s.People.NewRecoveryCodes(r.Context(), "")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.showCodes(r, codes, "")
}

// passkeySection lists a person's passkeys.
func passkeySection(f frame, keys []people.Passkey) Section {
	s := Section{Title: "Passkeys", Body: factorLinks(true, false)}
	if len(keys) == 0 {
		s.Text = "You have none. A passkey signs you in without a password."
		return s
	}
	s.Table = &partial.Table{Caption: "Your passkeys", Columns: []partial.Column{{Head: "Name"}, {Head: "Added", Minor: true}, {Head: "Last used", NoWrap: true}, {Head: "Remove", Hidden: true}}}
	for _, k := range keys {
		used := "not yet"
		switch {
		case k.Stopped != nil:
			used = "stopped: somebody may have a copy; remove it"
		case k.Used != nil:
			used = format.Moment(k.Used.In(f.Zone))
		}
		remove := partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Remove", Action: href.Passkeys + "/" + string(k.ID) + "/remove", Class: "sm quiet"}))
		s.Table.Rows = append(s.Table.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(k.Name), partial.Txt(format.Moment(k.Created.In(f.Zone))), partial.Txt(used), remove}})
	}
	return s
}
