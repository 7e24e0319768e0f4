package pages

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// mountGroups adds groups of clients: the list, the name, and who belongs when.
func (s *Site) mountGroups(srv *httpd.Server) {
	get(srv, "/firms/{firm}/client-groups", rbac.ClientRead, s.groups)
	show(srv, "/firms/{firm}/client-groups/new", rbac.ClientEdit, s.groupAgain)
	fill(srv, "/firms/{firm}/client-groups/new", rbac.ClientEdit, s.saveGroup, s.groupAgain)
	show(srv, "/firms/{firm}/client-groups/{id}", rbac.ClientRead, s.groupAgain)
	fill(srv, "/firms/{firm}/client-groups/{id}", rbac.ClientEdit, s.saveGroup, s.groupAgain)
	fill(srv, "/firms/{firm}/client-groups/{id}/members", rbac.ClientEdit, s.joinGroup, s.groupAgain)
	fill(srv, "/firms/{firm}/client-groups/{id}/members/{member}/end", rbac.ClientEdit, s.leaveGroup, s.groupAgain)
}

func (s *Site) groups(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Groups of clients", "clients")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Matters.Groups(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, groupsView(f, list, s.today(f)))), nil
}

func groupsView(f frame, list []matter.Group, today time.Time) PlainView {
	t := &partial.Table{Caption: "Groups of clients", Keys: true, Columns: []partial.Column{{Head: "Group"}, {Head: "Clients today", Wide: true}},
		Empty: partial.Empty{Icon: "users", Title: "No groups of clients", Text: "Companies of one owner, or the members of a buying group, can share rates and billing guidelines."}}
	for _, g := range list {
		var names []string
		for _, m := range g.On(today) {
			names = append(names, m.ClientName)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(g.Name, href.Group(f.FirmID, g.ID), ""), partial.Txt(titled(strings.Join(names, ", "), "none"))}})
	}
	v := PlainView{Head: layout.Head{Title: "Groups of clients", Crumbs: []partial.Link{{Text: "Clients", Href: href.Clients(f.FirmID)}}},
		Lede: "Rates by title and billing guidelines can be laid down for all clients of a group at once. What a client has of its own goes before its group's.", Sections: []Section{{Title: "All groups", Table: t}}}
	if f.May(rbac.ClientEdit) {
		v.Main = &partial.Link{Text: "New group", Href: href.New(href.Groups(f.FirmID))}
		t.Empty.Links = []partial.Link{*v.Main}
	}
	return v
}

func (s *Site) saveGroup(r *httpd.Request) (httpd.Reply, error) {
	id, err := optionalID[ident.GroupID](r)
	if err != nil {
		return httpd.Reply{}, err
	}
	g, err := s.Matters.SaveGroup(r.Context(), matter.Group{ID: id, Name: r.Form("name"), Version: r.FormInt("version")})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.groupAgain(r, err) })
	}
	return httpd.Go(href.Group(r.Firm(), g.ID), "Group saved."), nil
}

func (s *Site) joinGroup(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GroupID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	m := matter.Member{GroupID: id}
	if m.ClientID, err = idOrNone[ident.ClientID](r.Form("client_id")); err != nil {
		return httpd.Reply{}, err
	}
	if on, err := time.Parse(time.DateOnly, r.Form("from")); err == nil {
		m.From = on
	}
	if _, err := s.Matters.JoinGroup(r.Context(), m); err != nil {
		return again(err, func() (templ.Component, error) { return s.groupAgain(r, err) })
	}
	return httpd.Go(href.Group(r.Firm(), id), "The client belongs to the group. What was priced keeps its price."), nil
}

func (s *Site) leaveGroup(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GroupID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	member, err := httpd.ID[ident.MemberID](r, "member")
	if err != nil {
		return httpd.Reply{}, err
	}
	day, err := time.Parse(time.DateOnly, r.Form("day"))
	if err != nil {
		err = matter.ErrInvalid.With("enter the first day on which the client no longer belongs to the group")
	} else {
		_, err = s.Matters.LeaveGroup(r.Context(), id, member, day)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.groupAgain(r, err) })
	}
	return httpd.Go(href.Group(r.Firm(), id), "The client leaves the group. What was priced keeps its price."), nil
}

// groupAgain is the page of a group, or the form for a new one, with what was refused.
func (s *Site) groupAgain(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := optionalID[ident.GroupID](r)
	if err != nil {
		return nil, err
	}
	var g matter.Group
	if id != "" {
		if g, err = s.Matters.Group(r.Context(), id); err != nil {
			return nil, err
		}
	}
	f, err := s.frame(r, titled(g.Name, "New group"), "clients")
	if err != nil {
		return nil, err
	}
	clients, err := s.Matters.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, groupView(f, g, clients, typedForm{r.Values(), r.Path(), failed})), nil
}

// groupView is one group: its name, who belongs, and the form for one more.
func groupView(f frame, g matter.Group, clients []matter.Client, typed typedForm) PlainView {
	v := PlainView{Head: layout.Head{Title: titled(g.Name, "New group"), Crumbs: []partial.Link{{Text: "Clients", Href: href.Clients(f.FirmID)}, {Text: "Groups of clients", Href: href.Groups(f.FirmID)}}}}
	action, name, version := href.New(href.Groups(f.FirmID)), "", g.Version
	if g.ID != "" {
		action, name = href.Group(f.FirmID, g.ID), g.Name
	}
	if typed.at == action && typed.failed != nil {
		name = typed.of(action, "name")
	}
	form := typed.back(&partial.Form{Action: action, Version: version, Submit: "Save group", Cancel: href.Groups(f.FirmID), Fields: []partial.Field{
		{Name: "name", Label: "Name", Value: name, Required: true, Max: 120, Hint: "Who knows of one of its clients is shown it"},
	}})
	v.Sections = []Section{formOrFacts(f, rbac.ClientEdit, "Group", form)}
	if g.ID == "" {
		return v
	}
	v.Sections = append(v.Sections, Section{Title: "Clients", Note: "A client belongs to one group a day", Table: memberTable(f, g, typed)})
	if f.May(rbac.ClientEdit) {
		v.Sections = append(v.Sections, Section{Title: "Add a client", Form: joinForm(f, g, clients, typed)})
	}
	if f.May(rbac.RateRead) {
		v.Links = append(v.Links, partial.Link{Text: "Rates", Href: href.Rates(f.FirmID)})
	}
	if f.May(rbac.GuideRead) {
		v.Links = append(v.Links, partial.Link{Text: "Billing guidelines", Href: href.Guides(f.FirmID)})
	}
	return v
}

func memberTable(f frame, g matter.Group, typed typedForm) *partial.Table {
	t := &partial.Table{Caption: "Clients of the group, by first day", Columns: []partial.Column{{Head: "Client"}, {Head: "From", NoWrap: true}, {Head: "Until", NoWrap: true}, {Head: "Leave", Hidden: true}},
		Empty: partial.Empty{Icon: "users", Title: "No clients yet", Text: "Add the first one below."}}
	for _, m := range g.Members {
		until, leave := "open", partial.Txt("")
		if m.Until != nil {
			until = format.Date(*m.Until)
		} else if f.May(rbac.ClientEdit) {
			action := href.MemberEnd(f.FirmID, g.ID, m.ID)
			leave = partial.Node(partial.PlainForm(f.CSRF, *typed.back(&partial.Form{ID: "leave-" + string(m.ID), Action: action, Side: true, Submit: "Leave", Fields: []partial.Field{
				{Name: "day", Label: "First day outside", Kind: partial.Date, Value: typed.of(action, "day"), Required: true},
			}})))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(m.ClientName, href.Client(f.FirmID, m.ClientID), m.ClientNumber), partial.Txt(format.Date(m.From)), partial.Txt(until), leave}})
	}
	return t
}

func joinForm(f frame, g matter.Group, clients []matter.Client, typed typedForm) *partial.Form {
	action := href.Members(f.FirmID, g.ID)
	choices := []string{"", "choose a client"}
	for _, c := range clients {
		choices = append(choices, string(c.ID), c.Number+" "+c.Name)
	}
	return typed.back(&partial.Form{ID: "join", Action: action, Side: true, Submit: "Add client", Fields: []partial.Field{
		{Name: "client_id", Label: "Client", Kind: partial.Select, Options: partial.Options(typed.of(action, "client_id"), choices...), Required: true},
		{Name: "from", Label: "First day in the group", Kind: partial.Date, Value: typed.of(action, "from"), Required: true},
	}})
}

// groupLink leads from a client to the group that it is in today.
func (s *Site) groupLink(r *httpd.Request, f frame, id ident.ClientID) ([]partial.Link, error) {
	list, err := s.Matters.Groups(r.Context())
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		for _, m := range g.On(s.today(f)) {
			if m.ClientID == id {
				return []partial.Link{{Text: g.Name, Href: href.Group(f.FirmID, g.ID)}}, nil
			}
		}
	}
	return nil, nil
}
