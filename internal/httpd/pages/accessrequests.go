package pages

import (
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// waiting is what somebody at the firm decides.
func (s *Site) waiting(f frame, list []grant.Request) (out []WaitingView) {
	for _, r := range list {
		if r.Status == grant.RequestWaiting && f.May(rbac.GrantGive) {
			out = append(out, waitingView(f, r, s.Clock.Now()))
		}
	}
	return out
}

func (s *Site) accessRequest(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.requestPage(r, nil, nil)
	return httpd.Show(page), err
}

// requestPage shows a request with what it would show, and the form to give it or
// less of it. d is the answer under way; nil starts with what was asked for.
func (s *Site) requestPage(r *httpd.Request, failed error, d *grant.Draft) (templ.Component, error) {
	f, err := s.frame(r, "A request for access", "access")
	if err != nil {
		return nil, err
	}
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err != nil {
		return nil, err
	}
	req, err := s.Grants.Request(r.Context(), id)
	if err != nil {
		return nil, err
	}
	said := waitingView(f, req, s.Clock.Now())
	refuse := refuseForm(r, href.Act(href.AccessRequest(f.FirmID, req.ID), "refuse"), failed)
	if refuse.Action == r.Path() {
		failed = nil // it is the other form's
	}
	v := PlainView{Head: layout.Head{Title: "Access for " + req.Name, Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}}, Lede: said.Sentence, Meta: []string{said.Asked},
		Sections: []Section{{Title: "Why", Text: req.Reason}}}
	if req.Status == grant.RequestWaiting && req.Kind != grant.KindSecond {
		known, err := s.trustedSections(r, f, req.Person)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, known...)
	}
	switch {
	case req.Status != grant.RequestWaiting:
		v.Sections = append(v.Sections, Section{Title: "Decided", Text: stateCell(f, req).Text + ", " + stateCell(f, req).Sub})
		return Plain(f.Chrome, v), nil
	case req.Kind == grant.KindSecond || req.Kind == grant.KindGlass:
		v.Sections = append(v.Sections, s.secondWord(f, req, failed))
	default:
		form, err := s.answerForm(r, f, req, failed, d)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, Section{Title: "Give it, or less of it", Body: GrantForm(f.CSRF, form)})
	}
	v.Sections = append(v.Sections, Section{ID: "refuse", Title: "Refuse", Form: refuse})
	return Plain(f.Chrome, v), nil
}

// refuseForm keeps what was typed where it was this form that came back.
func refuseForm(r *httpd.Request, action string, failed error) *partial.Form {
	form := &partial.Form{ID: "refuse", Action: action, Submit: "Refuse the request", Danger: true, Side: true,
		Fields: []partial.Field{{Name: "reason", Label: "Why not", Required: true, Max: 500, Wide: true, Hint: "Whoever asked reads it"}}}
	if failed != nil && action == r.Path() {
		form.Fields[0].Value, form.Faults, form.Problem = r.Form("reason"), partial.FaultsOf(failed), problemIn(failed)
	}
	return form
}

func (s *Site) secondWord(f frame, req grant.Request, failed error) Section {
	sec := Section{Title: "The second word", Text: "An administrator can grant access, raise walls and invite people. Two administrators make a new one: " + req.AskedName + " proposed it, you confirm or refuse."}
	yes := "Confirm " + req.Name
	if req.Kind == grant.KindGlass {
		sec.Title, yes = "Allow an hour", "Allow "+req.Name+" an hour"
		sec.Text = "They can look at every matter up to restricted, narratives too, and change nothing. Walls stand. Each look is in your access log, and you can end it at once."
	}
	if failed != nil {
		sec.Text = problemIn(failed)
	}
	sec.Acts = []partial.Button{{Text: yes, Action: href.Act(href.AccessRequest(f.FirmID, req.ID), "give"), Hidden: []partial.Hidden{{Name: "step", Value: "confirm"}}, Class: "primary"}}
	return sec
}

// answerForm is the grant's form with the request's values; the first showing is
// already previewed.
func (s *Site) answerForm(r *httpd.Request, f frame, req grant.Request, failed error, d *grant.Draft) (GrantFormView, error) {
	if d == nil && failed == nil {
		asked := req.Draft()
		d = &asked
		fillForm(r.Values(), f, asked)
	}
	fields, err := s.grantFields(r, string(req.Role), []string{string(req.Role), req.Role.Says()})
	if err != nil {
		return GrantFormView{}, err
	}
	one := href.AccessRequest(f.FirmID, req.ID)
	v := GrantFormView{Form: partial.Form{Action: href.Act(one, "give"), Cancel: href.Access(f.FirmID), Note: "Give what was asked for or less. Walls beat grants.", Fields: fields}}
	v.mark(failed)
	if d == nil {
		return v, nil
	}
	d.Person = req.Person
	return v, s.preview(r, f, &v, req.Name, *d)
}

// fillForm lets a form start with a draft's values.
func fillForm(form url.Values, f frame, d grant.Draft) {
	form.Set("person", string(d.Person))
	form.Set("role", string(d.Role))
	form.Set("scope", string(d.Scope))
	form.Set("class", strconv.Itoa(int(d.Class)))
	form.Set("label", strconv.Itoa(int(d.Label)))
	form.Set("reason", d.Reason)
	if d.Until != nil {
		form.Set("until", format.DateKey(lastDay(*d.Until, f.Zone)))
	}
	form[map[authz.ScopeKind]string{authz.ScopeClient: "clients", authz.ScopeMatter: "matters"}[d.Scope]] = d.IDs
	form["practices"] = d.Practices
}

func (s *Site) answerRequest(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, "A request for access", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	req, err := s.Grants.Request(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := s.draftOf(r, f.Zone)
	d.Person = req.Person
	second := req.Kind != grant.KindAsk
	if second || err == nil && r.Form("step") == "give" && r.Form("seen") == seenOf(d) {
		var g grant.Grant
		if g, err = s.Grants.Answer(r.Context(), id, d); err == nil {
			return httpd.Go(href.Access(r.Firm()), givenWords(g)), nil
		}
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.requestPage(r, err, nil) })
	}
	page, err := s.requestPage(r, nil, &d)
	return httpd.Show(page), err
}

func (s *Site) refuseRequest(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err == nil {
		err = s.Grants.Refuse(r.Context(), id, r.Form("reason"))
	}
	switch {
	case len(partial.FaultsOf(err)) > 0:
		return again(err, func() (templ.Component, error) { return s.requestPage(r, err, nil) })
	case err != nil:
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Access(r.Firm()), "Refused. Whoever asked is told."), nil
}

// askedPage is the bureau's side: what was asked for, and the form. In the bureau's
// own domain it asks for a whole firm, and confirms sole administrators' proposals.
func (s *Site) askedPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Ask for access", "asked")
	if err != nil {
		return nil, err
	}
	v := PlainView{Head: layout.Head{Title: "Ask for access"}, Lede: "A firm decides who sees its records. Say who needs what, until when and why."}
	leadToConflicts(f, &v, failed)
	if f.May(rbac.TrainingRead) {
		v.Links = append(v.Links, partial.Link{Text: "Training", Href: href.Training(f.FirmID)})
	}
	person, _, err := s.staffField(r)
	if err != nil {
		return nil, err
	}
	form := GrantFormView{Form: partial.Form{Action: href.AccessAsked(f.FirmID), Submit: "Ask the firm", Note: "Somebody at the firm decides; both of you are told by mail."}}
	if f.Card.Kind == "bureau" {
		form.Form.Fields, err = s.officeFields(r)
	} else {
		form.Form.Fields, err = s.grantFields(r, "specialist", bureauRoles)
	}
	if err != nil {
		return nil, err
	}
	form.Form.Fields = append([]partial.Field{person}, form.Form.Fields...)
	form.mark(failed)
	v.Sections = []Section{{Title: "Ask", Form: &form.Form}}
	if f.Card.Kind == "bureau" {
		soles, err := s.soleSections(r, f)
		v.Sections = append(soles, v.Sections...)
		return Plain(f.Chrome, v), err
	}
	list, err := s.Grants.Requests(r.Context())
	if err != nil {
		return nil, err
	}
	v.Sections = append(v.Sections, Section{Title: "Asked so far", Note: "waiting, and decided in the last 90 days", Table: requestTable(f, list)})
	return Plain(f.Chrome, v), nil
}

// officeFields are those of a request for a whole firm.
func (s *Site) officeFields(r *httpd.Request) ([]partial.Field, error) {
	pairs, err := s.firmPairs(r)
	if err != nil {
		return nil, err
	}
	until := titled(r.Form("until"), format.DateKey(s.Clock.Now().AddDate(0, 0, 30)))
	return []partial.Field{
		{Name: "firm", Label: "Firm", Kind: partial.Select, Options: partial.Options(r.Form("firm"), pairs...), Required: true},
		{Name: "role", Label: "May act as", Kind: partial.Select, Options: partial.Options(titled(r.Form("role"), "specialist"), bureauRoles...)},
		{Name: "until", Label: "Until the end of", Kind: partial.Date, Value: until, Hint: "At most 180 days"},
		{Name: "class", Label: "Sees", Kind: partial.Select, Options: partial.Options(titled(r.Form("class"), "2"), "1", "Dates and states only", "2", "Amounts and names", "3", "Narratives too")},
		{Name: "label", Label: "Up to level", Kind: partial.Select, Options: partial.Options(titled(r.Form("label"), "0"), "0", "Standard", "1", "Confidential", "2", "Restricted")},
		{Name: "reason", Label: "Why", Value: r.Form("reason"), Required: true, Max: 500, Wide: true, Hint: "The firm decides by it"},
	}, nil
}

func (s *Site) soleSections(r *httpd.Request, f frame) ([]Section, error) {
	if !f.May(rbac.GrantConfirm) {
		return nil, nil
	}
	list, err := s.Grants.Soles(r.Context())
	if err != nil || len(list) == 0 {
		return nil, err
	}
	t := &partial.Table{Caption: "Proposals of sole administrators", Columns: []partial.Column{{Head: "Firm"}, {Head: "Proposed"}, {Head: "By"}, {Head: "Can be confirmed", NoWrap: true}, {Head: "Confirm", Hidden: true}, {Head: "Refuse", Hidden: true}}}
	for _, x := range list {
		hidden := []partial.Hidden{{Name: "firm", Value: string(x.Firm)}, {Name: "reason", Value: "Refused by the bureau"}}
		act := href.AccessSole(f.FirmID, x.ID)
		confirm := partial.Txt("")
		if !s.Clock.Now().Before(x.Ripe) {
			confirm = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Confirm", Action: href.Act(act, "confirm"), Hidden: hidden, Class: "sm"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: x.FirmName, Key: true}, partial.Txt(x.Name), partial.Txt(x.AskedName), partial.Txt(format.Moment(x.Ripe.In(f.Zone))), confirm,
			partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Refuse", Action: href.Act(act, "refuse"), Hidden: hidden, Class: "sm danger"}))}})
	}
	return []Section{{Title: "Second administrators to confirm", Note: "firms with one administrator only; call the firm before you confirm", Table: t}}, nil
}

func (s *Site) askAccess(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Ask for access", "asked")
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := s.namedDraft(r, f.Zone)
	if err == nil && f.Card.Kind == "bureau" {
		d.Scope = authz.ScopeAll
		err = s.askFor(r, d)
	} else if err == nil {
		_, err = s.Grants.Ask(r.Context(), d)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.askedPage(r, err) })
	}
	return httpd.Go(href.AccessAsked(r.Firm()), "Asked. The firm decides now."), nil
}

func (s *Site) askFor(r *httpd.Request, d grant.Draft) error {
	id, err := ident.Parse[ident.FirmID](r.Form("firm"))
	if err != nil {
		return people.ErrInvalid.On(fault.Field{Path: "firm", Code: "firm_missing", Message: "choose a firm"})
	}
	_, err = s.Grants.AskFor(r.Context(), id, d)
	return err
}

func (s *Site) withdrawRequest(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err == nil {
		err = s.Grants.Withdraw(r.Context(), id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.AccessAsked(r.Firm()), "Withdrawn."), nil
}

func (s *Site) confirmSole(r *httpd.Request) (httpd.Reply, error) {
	return s.soleAct(r, "Confirmed. The firm is told.", func(f ident.FirmID, id ident.RequestID) error {
		_, err := s.Grants.ConfirmSole(r.Context(), f, id)
		return err
	})
}

func (s *Site) refuseSole(r *httpd.Request) (httpd.Reply, error) {
	return s.soleAct(r, "Refused. The firm is told.", func(f ident.FirmID, id ident.RequestID) error {
		return s.Grants.RefuseSole(r.Context(), f, id, r.Form("reason"))
	})
}

func (s *Site) soleAct(r *httpd.Request, done string, do func(f ident.FirmID, id ident.RequestID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := ident.Parse[ident.FirmID](r.Form("firm"))
	if err == nil {
		err = do(f, id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.AccessAsked(r.Firm()), done), nil
}
