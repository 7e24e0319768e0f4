package pages

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// MountTimekeepers adds the list and form of timekeepers.
func (s *Site) MountTimekeepers(srv *httpd.Server) {
	get(srv, "/firms/{firm}/timekeepers", rbac.TimekeeperRead, s.timekeepers)
	get(srv, "/firms/{firm}/timekeepers/new", rbac.TimekeeperEdit, s.newTimekeeper)
	fill(srv, "/firms/{firm}/timekeepers/new", rbac.TimekeeperEdit, s.saveTimekeeper, s.timekeeperAgain)
	get(srv, "/firms/{firm}/timekeepers/{id}", rbac.TimekeeperRead, s.timekeeper)
	fill(srv, "/firms/{firm}/timekeepers/{id}", rbac.TimekeeperEdit, s.saveTimekeeper, s.timekeeperAgain)
}

func (s *Site) timekeepers(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Timekeepers", "timekeepers")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Matters.Timekeepers(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Timekeepers", Keys: true, Columns: []partial.Column{{Head: "Name"}, {Head: "Code"}, {Head: "Class"}, {Head: "Office", Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "clock", Title: "No timekeepers yet", Text: "A timekeeper bills time; files name one by its code."}}
	q := filtersOf(r)
	found := sifter[matter.Timekeeper]{Address: href.Timekeepers(f.FirmID), Noun: [2]string{"timekeeper", "timekeepers"}, Open: "Active", Closed: "Left",
		Words: func(k matter.Timekeeper) string {
			return strings.Join([]string{k.Code, k.Name, k.Class, k.Office}, " ")
		}, Over: func(k matter.Timekeeper) bool { return k.Status == "left" }, Key: func(k matter.Timekeeper) string { return string(k.ID) }}.sift(list, q)
	for _, k := range found.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(k.Name, href.Timekeeper(f.FirmID, k.ID), ""), {Text: k.Code, Code: true}, {Text: k.Class, Code: true}, partial.Txt(k.Office), partial.Txt(k.Status)}})
	}
	v := PlainView{Head: layout.Head{Title: "Timekeepers"}}
	found.show(&v, href.Timekeepers(f.FirmID), "Timekeepers", t)
	if f.May(rbac.TimekeeperEdit) {
		v.Main = &partial.Link{Text: "New timekeeper", Href: href.New(href.Timekeepers(f.FirmID))}
	}
	return q.plain(f, v), nil
}

func (s *Site) newTimekeeper(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.timekeeperPage(r, matter.Timekeeper{Status: "active"}, nil)
	return httpd.Show(page), err
}

func (s *Site) timekeeper(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TimekeeperID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	k, err := s.Matters.Timekeeper(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.timekeeperPage(r, k, nil)
	return httpd.Show(page), err
}

func (s *Site) saveTimekeeper(r *httpd.Request) (httpd.Reply, error) {
	k, err := s.typedTimekeeper(r)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.timekeeperPage(r, k, err) })
	}
	saved, err := s.Matters.SaveTimekeeper(r.Context(), k)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.timekeeperPage(r, k, err) })
	}
	return httpd.Go(href.Timekeeper(r.Firm(), saved.ID), "Timekeeper saved."), nil
}

func (s *Site) typedTimekeeper(r *httpd.Request) (matter.Timekeeper, error) {
	id, err := optionalID[ident.TimekeeperID](r)
	k := matter.Timekeeper{ID: id, Code: r.Form("code"), Name: r.Form("name"), Class: r.Form("class"), Office: r.Form("office"), Status: r.Form("status"), Version: r.FormInt("version")}
	if err != nil {
		return k, err
	}
	if id != "" {
		before, err := s.Matters.Timekeeper(r.Context(), id)
		if err != nil {
			return k, err
		}
		k.PersonID = before.PersonID // which person it is stays as it was
	}
	var fs fault.Fields
	k.JoinedOn, k.LeftOn, k.AdmittedOn = dayTyped(r, &fs, "joined_on"), dayTyped(r, &fs, "left_on"), dayTyped(r, &fs, "admitted_on")
	return k, fs.Err(matter.ErrInvalid)
}

func (s *Site) timekeeperAgain(r *httpd.Request, failed error) (templ.Component, error) {
	k, err := s.typedTimekeeper(r)
	if err != nil && !httpd.Correctable(err) {
		return nil, err
	}
	return s.timekeeperPage(r, k, failed)
}

func (s *Site) timekeeperPage(r *httpd.Request, k matter.Timekeeper, failed error) (templ.Component, error) {
	f, err := s.frame(r, titled(k.Name, "New timekeeper"), "timekeepers")
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: r.Path(), Version: k.Version, Submit: "Save timekeeper", Cancel: href.Timekeepers(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "code", Label: "Code", Value: k.Code, Required: true, Max: 20, Hint: "As the firm's files write it"},
			{Name: "name", Label: "Name", Value: k.Name, Required: true, Max: 30, Hint: "Up to 30 characters, as e-bills carry it"},
			{Name: "class", Label: "Classification", Value: k.Class, Required: true, Max: 10, Hint: "PARTNR, ASSOC, PARALG and the like"},
			{Name: "office", Label: "Office", Value: k.Office, Max: 60, Hint: "Where they work. Rates may go by it"},
			{Name: "joined_on", Label: "Joined on", Kind: partial.Date, Value: keptDay(k.JoinedOn), Hint: "Work before it is remarked"},
			{Name: "left_on", Label: "Last day", Kind: partial.Date, Value: keptDay(k.LeftOn), Hint: "Work after it is remarked"},
			{Name: "admitted_on", Label: "Admitted to the bar on", Kind: partial.Date, Value: keptDay(k.AdmittedOn), Hint: "Some clients pay for no first year"},
			{Name: "status", Label: "State", Kind: partial.Select, Options: partial.Options(k.Status, "active", "Active", "left", "Left the firm")},
		}}
	v := PlainView{Head: layout.Head{Title: titled(k.Name, "New timekeeper"), Crumbs: []partial.Link{{Text: "Timekeepers", Href: href.Timekeepers(f.FirmID)}}},
		Sections: []Section{formOrFacts(f, rbac.TimekeeperEdit, "Timekeeper", form)}}
	if k.ID != "" && f.May(rbac.EntryRead) {
		v.Links = append(v.Links, partial.Link{Text: "Time and costs", Href: href.Query(href.Entries(f.FirmID), "timekeeper", string(k.ID))})
	}
	if k.ID != "" && f.May(rbac.RateRead) {
		v.Links = append(v.Links, partial.Link{Text: "Rates", Href: href.Rates(f.FirmID)})
	}
	return Plain(f.Chrome, v), nil
}

// dayTyped is a date that may be left out, nil without one.
func dayTyped(r *httpd.Request, fs *fault.Fields, name string) *time.Time {
	if r.Form(name) == "" {
		return nil
	}
	on, err := time.Parse(time.DateOnly, r.Form(name))
	if err != nil {
		fs.Add(name, "date_form", "enter a date such as 2026-11-24")
	}
	return &on
}

// keptDay is a date as a field has it, "" without one.
func keptDay(t *time.Time) string {
	if t == nil {
		return ""
	}
	return dateKey(*t)
}
