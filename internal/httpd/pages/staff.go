package pages

import (
	"slices"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// MountStaff adds the people of a firm, and of the bureau in its own domain: who
// they are, inviting the bureau's, and letting someone go.
func (s *Site) MountStaff(srv *httpd.Server) {
	get(srv, "/firms/{firm}/people", rbac.PersonRead, s.members)
	post(srv, "/firms/{firm}/people/{id}/remove", rbac.PersonDisable, s.removeMember)
	post(srv, "/firms/{firm}/people/{id}/invitation", rbac.PersonInvite, s.reinvite)
	post(srv, "/firms/{firm}/people/{id}/sessions/end", rbac.SessionEnd, s.endMemberSessions)
	fill(srv, "/firms/{firm}/people/staff", rbac.PersonInvite, s.inviteStaff, s.memberPage)
	fill(srv, "/firms/{firm}/people/administrators", rbac.GrantGive, s.proposeAdministrator, s.memberPage)
}

func (s *Site) members(r *httpd.Request) (httpd.Reply, error) {
	q := filtersOf(r)
	page, err := s.showMembers(r, q, nil)
	return q.reply(page), err
}

// memberPage is the page after a refused act.
func (s *Site) memberPage(r *httpd.Request, failed error) (templ.Component, error) {
	return s.showMembers(r, readFilters(nil), failed)
}

func (s *Site) showMembers(r *httpd.Request, q *filters, failed error) (templ.Component, error) {
	f, err := s.frame(r, "People", "people")
	if err != nil {
		return nil, err
	}
	list, err := s.People.Members(r.Context(), q.after())
	if err != nil {
		return nil, err
	}
	t := &partial.Table{Caption: "People", Columns: []partial.Column{{Head: "Name"}, {Head: "E-mail", Minor: true}, {Head: "May act as"}, {Head: "State", NoWrap: true}, {Head: "Acts", Hidden: true}},
		Empty: partial.Empty{Icon: "users", Title: "Nobody yet"}}
	for _, m := range list.Items {
		state, acts := m.Status, []partial.Button{{Text: "Remove", Action: href.Act(href.Person(f.FirmID, m.ID), "remove"), Class: "sm danger"}}
		if f.May(rbac.SessionEnd) {
			acts = append([]partial.Button{{Text: "End sessions", Action: href.Act(href.Person(f.FirmID, m.ID), "sessions/end"), Class: "sm quiet"}}, acts...)
		}
		if m.Status == "active" && f.May(rbac.PersonInvite) {
			acts = append([]partial.Button{{Text: "Send a password link", Action: href.Act(href.Person(f.FirmID, m.ID), "invitation"), Class: "sm quiet"}}, acts...)
		}
		if m.Status == "invited" {
			state, acts = "invited", []partial.Button{{Text: "Send the link again", Action: href.Act(href.Person(f.FirmID, m.ID), "invitation"), Class: "sm quiet"}}
		}
		last := partial.Txt("")
		if m.Status != "disabled" && f.May(rbac.PersonDisable) {
			last = partial.Node(rowActs(f.CSRF, acts))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(m.Name), Key: true}, partial.Txt(m.Email), partial.Txt(rolesInWords(m.Roles)), partial.Txt(state), last}})
	}
	v := PlainView{Head: layout.Head{Title: "People"}, Sections: []Section{{Title: "People", Table: t, Pager: pagerOf(href.People(f.FirmID), r, len(list.Items), list.Next)}}}
	if f.May(rbac.PersonRecover) {
		v.Links = []partial.Link{{Text: "Lost second factors", Href: href.Recoveries(f.FirmID)}}
	}
	if f.Card.Kind == "bureau" && f.May(rbac.ConflictCheck) {
		v.Links = append(v.Links, partial.Link{Text: "Conflict checks", Href: href.Conflicts(f.FirmID)})
	}
	if f.Card.Kind == "bureau" && f.May(rbac.TrainingRead) {
		lapsing, err := s.lapsing(r, f)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, lapsing)
		v.Links = append(v.Links, partial.Link{Text: "Training", Href: href.Training(f.FirmID)}, partial.Link{Text: "Undertakings", Href: href.Undertakings(f.FirmID)})
	}
	if f.Card.Kind == "bureau" && f.May(rbac.PersonInvite) {
		v.Lede = "The bureau's own people. What they may see is for each firm to grant."
		v.Sections = append(v.Sections, Section{Title: "Invite", Form: &partial.Form{Action: href.People(f.FirmID) + "/staff", Submit: "Send invitation", Faults: invitationFaults(r, failed), Problem: problemIn(failed),
			Fields: []partial.Field{
				{Name: "name", Label: "Name", Value: r.Form("name"), Required: true, Max: 120},
				{Name: "email", Label: "Work e-mail", Kind: partial.Email, Value: r.Form("email"), Required: true, Max: 254},
			}}})
	}
	if f.Card.Kind == "bureau" && f.May(rbac.GrantGive) {
		v.Sections = append(v.Sections, proposal(r, f, list.Items, failed))
	}
	f.Wrong = q.said()
	return Plain(f.Chrome, v), nil
}

// proposal is the form by which one of the bureau's administrators proposes another.
func proposal(r *httpd.Request, f frame, members []people.Member, failed error) Section {
	pairs := []string{"", "choose"}
	for _, m := range members {
		if m.Status != "disabled" && !slices.Contains(m.Roles, string(rbac.RoleBureauAdmin)) {
			pairs = append(pairs, string(m.ID), m.Name)
		}
	}
	return Section{ID: "administrators", Title: "Another administrator", Note: "two administrators make a new one", Form: &partial.Form{
		ID: "admin", Action: href.People(f.FirmID) + "/administrators", Submit: "Propose", Side: true, Faults: adminFaults(r, failed),
		Note: "Another administrator confirms it under Access. Where you are the only one, you can confirm it yourself after 24 hours.",
		Fields: []partial.Field{
			{Name: "person", Label: "Who", Kind: partial.Select, Options: partial.Options(r.Form("person"), pairs...), Required: true, Hint: "Somebody new is invited first"},
			{Name: "reason", Label: "Why", Value: r.Form("reason"), Required: true, Max: 500},
		}}}
}

func invitationFaults(r *httpd.Request, failed error) partial.Faults {
	if _, invited := r.Values()["email"]; !invited {
		return nil
	}
	return partial.FaultsOf(failed)
}

// adminFaults are those of a refused proposal, not of the invitation beside it.
func adminFaults(r *httpd.Request, failed error) partial.Faults {
	if _, proposed := r.Values()["person"]; !proposed {
		return nil
	}
	return partial.FaultsOf(failed)
}

// proposeAdministrator is the first of the two words that make an administrator of
// the bureau; the service asks for the second.
func (s *Site) proposeAdministrator(r *httpd.Request) (httpd.Reply, error) {
	who, err := ident.Parse[ident.PersonID](r.Form("person"))
	if err != nil {
		err = people.ErrInvalid.On(fault.Field{Path: "person", Code: "person_missing", Message: "choose a person"})
	}
	var g grant.Grant
	if err == nil {
		g, err = s.Grants.Give(r.Context(), grant.Draft{Person: who, Role: rbac.RoleBureauAdmin, Scope: authz.ScopeAll, Class: authz.C1, Label: authz.Standard, Reason: r.Form("reason")})
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.memberPage(r, err) })
	}
	return httpd.Go(href.Access(r.Firm()), givenWords(g)), nil
}

func rolesInWords(roles []string) string {
	words := ""
	for i, r := range roles {
		if i > 0 {
			words += ", "
		}
		words += rbac.Role(r).Says()
	}
	return words
}

func (s *Site) inviteStaff(r *httpd.Request) (httpd.Reply, error) {
	if _, err := s.Grants.InviteStaff(r.Context(), r.Form("name"), r.Form("email")); err != nil {
		return again(err, func() (templ.Component, error) { return s.memberPage(r, err) })
	}
	return httpd.Go(href.People(r.Firm()), "Invited. The link in the mail works for 72 hours."), nil
}

func (s *Site) removeMember(r *httpd.Request) (httpd.Reply, error) {
	return s.memberAct(r, "Removed. Their very next click is refused.", func(id ident.PersonID) error { return s.Grants.Remove(r.Context(), id) })
}

func (s *Site) reinvite(r *httpd.Request) (httpd.Reply, error) {
	return s.memberAct(r, "Sent. The link of an invitation works for 72 hours, and an earlier one no longer does; one for a new password works for 15 minutes.", func(id ident.PersonID) error { return s.Grants.Reinvite(r.Context(), id) })
}

func (s *Site) endMemberSessions(r *httpd.Request) (httpd.Reply, error) {
	return s.memberAct(r, "Their sessions have ended.", func(id ident.PersonID) error { return s.People.EndSessionsOf(r.Context(), id) })
}

func (s *Site) memberAct(r *httpd.Request, done string, do func(id ident.PersonID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PersonID](r, "id")
	if err == nil {
		err = do(id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.People(r.Firm()), done), nil
}
