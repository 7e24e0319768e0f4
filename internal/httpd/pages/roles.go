package pages

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// mountRoles adds the roles of a firm's own.
func (s *Site) mountRoles(srv *httpd.Server) {
	get(srv, "/firms/{firm}/roles", rbac.RoleRead, s.roles)
	show(srv, "/firms/{firm}/roles/new", rbac.RoleEdit, s.newRolePage)
	fill(srv, "/firms/{firm}/roles/new", rbac.RoleEdit, s.makeRole, s.newRolePage)
	show(srv, "/firms/{firm}/roles/{id}", rbac.RoleRead, s.rolePage)
	fill(srv, "/firms/{firm}/roles/{id}", rbac.RoleEdit, s.editRole, s.rolePage)
	post(srv, "/firms/{firm}/roles/{id}/close", rbac.RoleEdit, s.closeRole)
}

func (s *Site) roles(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Roles", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Grants.Roles(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, roleList(f, list, s.Grants.GivenRoles()))), nil
}

func givenRoles(list []grant.GivenRole) *partial.Table {
	t := &partial.Table{Caption: "Roles that come with Docketry", Columns: []partial.Column{{Head: "Role"}, {Head: "For"}, {Head: "May"}}}
	for _, g := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Capital(g.Role.Says()), Key: true}, partial.Txt(sideWords(g.Role.OfBureau())), partial.Txt(permissionWords(g.Permissions))}})
	}
	return t
}

func roleList(f frame, list []grant.Role, given []grant.GivenRole) PlainView {
	t := &partial.Table{Caption: "Roles", Keys: true, Columns: []partial.Column{{Head: "Role"}, {Head: "For"}, {Head: "May"}, {Head: "Held by", Right: true}, {Head: "Made", NoWrap: true, Minor: true}},
		Empty: partial.Empty{Icon: "key", Title: "No role of your own", Text: "The roles below are always there."}}
	for _, x := range list {
		name := partial.Named(x.Name, href.Role(f.FirmID, x.ID), "")
		if x.Closed != nil {
			name.Sub = "closed " + format.Date(x.Closed.In(f.Zone))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{name, partial.Txt(sideWords(x.Staff)), partial.Txt(permissionWords(x.Permissions)), partial.Txt(strconv.Itoa(x.Holders)),
			{Text: format.Date(x.At.In(f.Zone)), Sub: "by " + x.By}}})
	}
	v := PlainView{Head: layout.Head{Title: "Roles", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede:     "A role of your own includes what you tick, and no more than the roles that you can give alone. A change reaches everybody who holds it at once.",
		Sections: []Section{{Title: "Your own roles", Table: t}, {Title: "Roles that come with Docketry", Table: givenRoles(given)}}}
	if f.May(rbac.RoleEdit) {
		v.Links = []partial.Link{{Text: "Role for the bureau's people", Href: href.Query(href.New(href.Roles(f.FirmID)), "for", "staff")}}
		v.Main = &partial.Link{Text: "Role for your own people", Href: href.New(href.Roles(f.FirmID))}
	}
	return v
}

func sideWords(staff bool) string {
	if staff {
		return "the bureau's people"
	}
	return "your own people"
}

// rolesToGive is what a grant's form offers: the roles that come with Docketry, then
// the firm's own for that side.
func (s *Site) rolesToGive(r *httpd.Request, staff bool, known []string) ([]string, error) {
	list, err := s.Grants.Roles(r.Context())
	if err != nil {
		return nil, err
	}
	pairs := slices.Clone(known)
	for _, x := range list {
		if x.Closed == nil && x.Staff == staff {
			pairs = append(pairs, string(x.Named()), x.Name)
		}
	}
	return pairs, nil
}

func (s *Site) newRolePage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New role", "access")
	if err != nil {
		return nil, err
	}
	staff := titled(r.Form("for"), r.Query("for")) == "staff"
	side := "own"
	if staff {
		side = "staff"
	}
	d := typedRole(r)
	form := roleForm(href.New(href.Roles(f.FirmID)), "Make the role", d, s.Grants.RoleChoices(staff), failed)
	form.Fields = append(form.Fields, partial.Field{Name: "for", Label: "For", Kind: partial.Select, Options: partial.Options(side, side, sideWords(staff)), Hint: "Cannot change later"})
	return Plain(f.Chrome, rolePageView(f, "New role", form, nil)), nil
}

func rolePageView(f frame, title string, form *partial.Form, more []Section) PlainView {
	return PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}, {Text: "Roles", Href: href.Roles(f.FirmID)}}},
		Sections: append([]Section{{Title: "Role", Form: form}}, more...)}
}

func roleForm(action, submit string, d grant.RoleDraft, choices []rbac.Permission, failed error) *partial.Form {
	slices.SortFunc(choices, func(a, b rbac.Permission) int { return strings.Compare(string(a), string(b)) })
	var boxes []partial.Option
	for _, p := range choices {
		boxes = append(boxes, partial.Option{Value: string(p), Label: permissionWord(p), Selected: slices.Contains(d.Permissions, p)})
	}
	return &partial.Form{Action: action, Submit: submit, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Note: "Which matters it reaches, and how much of them, is the grant's.",
		Fields: []partial.Field{
			{Name: "name", Label: "Name", Value: d.Name, Required: true, Max: 60},
			{Name: "permissions", Label: "May", Kind: partial.Checks, Options: boxes, Wide: true},
		}}
}

func typedRole(r *httpd.Request) grant.RoleDraft {
	d := grant.RoleDraft{Staff: r.Form("for") == "staff", Name: r.Form("name")}
	for _, p := range r.FormList("permissions") {
		d.Permissions = append(d.Permissions, rbac.Permission(p))
	}
	return d
}

func (s *Site) makeRole(r *httpd.Request) (httpd.Reply, error) {
	made, err := s.Grants.MakeRole(r.Context(), typedRole(r))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newRolePage(r, err) })
	}
	return httpd.Go(href.Roles(r.Firm()), made.Name+" can be given from now on."), nil
}

func (s *Site) rolePage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Role", "access")
	if err != nil {
		return nil, err
	}
	id, err := httpd.ID[ident.RoleID](r, "id")
	if err != nil {
		return nil, err
	}
	x, err := s.Grants.Role(r.Context(), id)
	if err != nil {
		return nil, err
	}
	facts := []partial.Fact{{Name: "For", Value: sideWords(x.Staff)}, {Name: "May", Value: permissionWords(x.Permissions)}, {Name: "Held by", Value: format.Counted(x.Holders, "grant", "grants")}}
	if x.Closed != nil || !f.May(rbac.RoleEdit) {
		return Plain(f.Chrome, PlainView{Head: layout.Head{Title: x.Name, Crumbs: []partial.Link{{Text: "Roles", Href: href.Roles(f.FirmID)}}}, Sections: []Section{{Title: "Role", Facts: facts}}}), nil
	}
	d := grant.RoleDraft{Name: x.Name, Permissions: x.Permissions}
	if failed != nil {
		d = typedRole(r)
	}
	form := roleForm(href.Role(f.FirmID, x.ID), "Save the role", d, s.Grants.RoleChoices(x.Staff), failed)
	form.Version = x.Version
	if failed != nil {
		form.Version = r.FormInt("version")
	}
	end := Section{Title: "Close", Text: "It can then not be given any more.", Acts: []partial.Button{{Text: "Close the role", Action: href.Act(href.Role(f.FirmID, x.ID), "close"), Class: "danger"}}}
	if x.Holders > 0 {
		end.Text, end.Acts = "Somebody holds it. End those grants first.", nil
	}
	return Plain(f.Chrome, rolePageView(f, x.Name, form, []Section{{Title: "Who", Facts: facts[:1:1]}, end})), nil
}

func (s *Site) editRole(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RoleID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	x, err := s.Grants.EditRole(r.Context(), id, r.FormInt("version"), typedRole(r))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.rolePage(r, err) })
	}
	return httpd.Go(href.Roles(r.Firm()), "Saved. "+format.Counted(x.Holders, "grant has", "grants have")+" it from now on."), nil
}

func (s *Site) closeRole(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RoleID](r, "id")
	if err == nil {
		err = s.Grants.CloseRole(r.Context(), id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Roles(r.Firm()), "Closed."), nil
}
