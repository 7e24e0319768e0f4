package pages

import (
	"strings"

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

// MountWalls adds what keeps a person from clients and matters.
func (s *Site) MountWalls(srv *httpd.Server) {
	show(srv, "/firms/{firm}/walls", rbac.WallRead, s.wallPage)
	fill(srv, "/firms/{firm}/walls", rbac.WallRaise, s.raiseWall, s.wallPage)
	post(srv, "/firms/{firm}/walls/{id}/lift", rbac.WallLift, s.liftWall)
}

func (s *Site) wallPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Ethical walls", "access")
	if err != nil {
		return nil, err
	}
	list, err := s.Grants.Walls(r.Context())
	if err != nil {
		return nil, err
	}
	t := &partial.Table{Caption: "Ethical walls", Columns: []partial.Column{{Head: "Who is kept away"}, {Head: "From"}, {Head: "Why"}, {Head: "Since", NoWrap: true}, {Head: "Lift", Hidden: true}},
		Empty: partial.Empty{Icon: "wall", Title: "No walls"}}
	for _, w := range list {
		lift := partial.Txt("")
		if f.May(rbac.WallLift) {
			lift = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Lift", Action: href.Act(href.Wall(f.FirmID, w.ID), "lift"), Class: "sm danger"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(w.Name), Key: true}, partial.Txt(wallNames(w)), partial.Txt(w.Reason),
			{Text: format.Date(w.Since.In(f.Zone)), Sub: "by " + w.SetBy}, lift}})
	}
	v := PlainView{Head: layout.Head{Title: "Ethical walls", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede: "A wall wins over every grant. What is behind it does not exist for that person.", Sections: []Section{{Title: "Standing walls", Table: t}}}
	if f.May(rbac.WallRaise) {
		form, err := s.wallForm(r, f, failed)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, Section{Title: "Raise a wall", Form: form})
	}
	return Plain(f.Chrome, v), nil
}

func (s *Site) wallForm(r *httpd.Request, f frame, failed error) (*partial.Form, error) {
	grants, err := s.Grants.Grants(r.Context(), false)
	if err != nil {
		return nil, err
	}
	pairs, seen := []string{"", "choose"}, map[ident.PersonID]bool{}
	for _, g := range grants {
		if !seen[g.Person] {
			seen[g.Person] = true
			pairs = append(pairs, string(g.Person), g.Name+", "+strings.ToLower(g.RoleSays()))
		}
	}
	fields, err := s.grantFields(r, "", nil)
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.Walls(f.FirmID), Submit: "Raise the wall", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Note: "It stands at once. Nobody lifts a wall that stands before themselves.",
		Fields: []partial.Field{{Name: "person", Label: "Who is kept away", Kind: partial.Select, Options: partial.Options(r.Form("person"), pairs...), Required: true}}}
	for _, field := range fields {
		if field.Name == "matters" || field.Name == "clients" || field.Name == "reason" {
			form.Fields = append(form.Fields, field)
		}
	}
	return form, nil
}

func (s *Site) raiseWall(r *httpd.Request) (httpd.Reply, error) {
	w := grant.Wall{Clients: r.FormList("clients"), Matters: r.FormList("matters"), Reason: r.Form("reason")}
	var err error
	if w.Person, err = ident.Parse[ident.PersonID](r.Form("person")); err != nil {
		err = people.ErrInvalid.On(fault.Field{Path: "person", Code: "person_missing", Message: "choose a person"})
	} else {
		_, err = s.Grants.RaiseWall(r.Context(), w)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.wallPage(r, err) })
	}
	return httpd.Go(href.Walls(r.Firm()), "The wall stands."), nil
}

func (s *Site) liftWall(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WallID](r, "id")
	if err != nil {
		return httpd.Reply{}, authz.ErrNotFound
	}
	if err := s.Grants.LiftWall(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Walls(r.Firm()), "The wall is lifted."), nil
}
