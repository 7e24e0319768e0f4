package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// MountClients adds the lists and forms of clients.
func (s *Site) MountClients(srv *httpd.Server) {
	get(srv, "/firms/{firm}/clients", rbac.ClientRead, s.clients)
	get(srv, "/firms/{firm}/clients/new", rbac.ClientEdit, s.newClient)
	fill(srv, "/firms/{firm}/clients/new", rbac.ClientEdit, s.saveClient, s.clientAgain)
	get(srv, "/firms/{firm}/clients/{id}", rbac.ClientRead, s.client)
	fill(srv, "/firms/{firm}/clients/{id}", rbac.ClientEdit, s.saveClient, s.clientAgain)
	s.mountGroups(srv)
}

func (s *Site) clients(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Clients", "clients")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Matters.Clients(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Clients", Keys: true, Columns: []partial.Column{{Head: "Client"}, {Head: "Number"}, {Head: "State"}},
		Empty: partial.Empty{Icon: "users", Title: "No clients yet", Text: "A client is whom the firm works for. Its matters and payors hang below it."}}
	q := filtersOf(r)
	found := sifter[matter.Client]{Address: href.Clients(f.FirmID), Noun: [2]string{"client", "clients"}, Open: "Active", Closed: "Closed",
		Words: func(c matter.Client) string { return c.Number + " " + c.Name }, Over: func(c matter.Client) bool { return c.Status == "closed" }, Key: func(c matter.Client) string { return string(c.ID) }}.sift(list, q)
	for _, c := range found.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(c.Name, href.Client(f.FirmID, c.ID), ""), {Text: c.Number, Code: true}, partial.Txt(c.Status)}})
	}
	v := PlainView{Head: layout.Head{Title: "Clients"}, Links: []partial.Link{{Text: "Groups of clients", Href: href.Groups(f.FirmID)}}}
	found.show(&v, href.Clients(f.FirmID), "Clients", t)
	if f.May(rbac.ClientEdit) {
		v.Main = &partial.Link{Text: "New client", Href: href.New(href.Clients(f.FirmID))}
		t.Empty.Links = []partial.Link{*v.Main}
	}
	return q.plain(f, v), nil
}

func (s *Site) newClient(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.clientPage(r, matter.Client{Status: "active"}, nil)
	return httpd.Show(page), err
}

func (s *Site) client(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ClientID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Matters.Client(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.clientPage(r, c, nil)
	return httpd.Show(page), err
}

func (s *Site) saveClient(r *httpd.Request) (httpd.Reply, error) {
	c, err := typedClient(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	saved, err := s.Matters.SaveClient(r.Context(), c)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.clientPage(r, c, err) })
	}
	return httpd.Go(href.Client(r.Firm(), saved.ID), "Client saved."), nil
}

func typedClient(r *httpd.Request) (matter.Client, error) {
	id, err := optionalID[ident.ClientID](r)
	c := matter.Client{ID: id, Number: r.Form("number"), Name: r.Form("name"), Status: r.Form("status"), Version: r.FormInt("version")}
	if err == nil {
		c.Treatment, err = typedTreatment(r)
	}
	return c, err
}

// clientAgain is the form with what was typed; of a client that is there.
func (s *Site) clientAgain(r *httpd.Request, failed error) (templ.Component, error) {
	c, err := typedClient(r)
	if err == nil && c.ID != "" {
		_, err = s.Matters.Client(r.Context(), c.ID)
	}
	if err != nil {
		return nil, err
	}
	return s.clientPage(r, c, failed)
}

func (s *Site) clientPage(r *httpd.Request, c matter.Client, failed error) (templ.Component, error) {
	f, err := s.frame(r, titled(c.Name, "New client"), "clients")
	if err != nil {
		return nil, err
	}
	taxed, err := s.treatmentField(r, f, c.Treatment, "", "For its matters and payors that have none of their own")
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: r.Path(), Version: c.Version, Submit: "Save client", Cancel: href.Clients(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "number", Label: "Number", Value: c.Number, Required: true, Max: 20, Hint: "As the firm and its files write it"},
			{Name: "name", Label: "Name", Value: c.Name, Required: true, Max: 120},
			taxed,
			{Name: "status", Label: "State", Kind: partial.Select, Options: partial.Options(c.Status, "active", "Active", "closed", "Closed")},
		}}
	v := PlainView{Head: layout.Head{Title: titled(c.Name, "New client"), Crumbs: []partial.Link{{Text: "Clients", Href: href.Clients(f.FirmID)}}}}
	v.Sections = []Section{formOrFacts(f, rbac.ClientEdit, "Client", form)}
	if c.ID == "" {
		return Plain(f.Chrome, v), nil
	}
	payors, err := s.Matters.Payors(r.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	matters, err := s.Matters.Matters(r.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	if v.Links, err = s.groupLink(r, f, c.ID); err != nil {
		return nil, err
	}
	v.Sections = append(v.Sections, Section{Title: "Payors", Table: payorTable(f, payors)}, Section{Title: "Matters", Table: matterTable(f, matters)})
	v.Links = append(v.Links, partial.Link{Text: "Codes", Href: href.Query(href.Codes(f.FirmID), "client", string(c.ID))})
	if f.May(rbac.ReceivableRead) {
		v.Links = append(v.Links, partial.Link{Text: "Open invoices", Href: href.ReceivablesOpen(f.FirmID, "", "", "", "", string(c.ID), "")})
	}
	if f.May(rbac.PayorEdit) {
		v.Links = append(v.Links, partial.Link{Text: "New payor", Href: href.Query(href.New(href.Payors(f.FirmID)), "client", string(c.ID))})
	}
	if f.May(rbac.MatterEdit) && len(payors) > 0 {
		v.Links = append(v.Links, partial.Link{Text: "New matter", Href: href.Query(href.New(href.Matters(f.FirmID)), "client", string(c.ID))})
	}
	return Plain(f.Chrome, v), nil
}

// formOrFacts shows the form to who may save it, and its values to anyone else.
func formOrFacts(f frame, p rbac.Permission, title string, form *partial.Form) Section {
	if f.May(p) {
		return Section{Title: title, Form: form}
	}
	s := Section{Title: title}
	for _, x := range form.Fields {
		value := x.Value
		for _, o := range x.Options {
			if o.Selected {
				value = o.Label
			}
		}
		if value == "" {
			value = "none"
		}
		s.Facts = append(s.Facts, partial.Fact{Name: x.Label, Value: value})
	}
	return s
}

func titled(name, fresh string) string {
	if name == "" {
		return fresh
	}
	return name
}

// optionalID reads {id} of a form that also creates; "new" has none.
func optionalID[T ~string](r *httpd.Request) (T, error) {
	if r.Param("id") == "" {
		return "", nil
	}
	return httpd.ID[T](r, "id")
}

// idOrNone reads an id of a field or a filter, where none may be given.
func idOrNone[T ~string](s string) (T, error) {
	if s == "" {
		return "", nil
	}
	return ident.Parse[T](s)
}
