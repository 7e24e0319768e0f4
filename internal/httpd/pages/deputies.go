package pages

import (
	"errors"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// MountDeputies adds who stands in for whom.
func (s *Site) MountDeputies(srv *httpd.Server) {
	get(srv, "/firms/{firm}/deputies", rbac.DeputyRead, s.deputies)
	fill(srv, "/firms/{firm}/deputies", rbac.DeputyName, s.nameDeputy, s.deputiesPage)
	post(srv, "/firms/{firm}/deputies/{id}/end", rbac.DeputyName, s.endDeputy)
}

func (s *Site) deputies(r *httpd.Request) (httpd.Reply, error) {
	q := filtersOf(r)
	list, err := s.Deputies.List(r.Context(), q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	f, v, err := s.deputyPage(r, list, nil)
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return Plain(c, v) }), nil
}

// deputiesPage is the page after a refused act: its first rows.
func (s *Site) deputiesPage(r *httpd.Request, failed error) (templ.Component, error) {
	list, err := s.Deputies.List(r.Context(), page.Request{})
	if err != nil {
		return nil, err
	}
	f, v, err := s.deputyPage(r, list, failed)
	return Plain(f.Chrome, v), err
}

func (s *Site) deputyPage(r *httpd.Request, list page.Page[deputy.Stead], failed error) (frame, PlainView, error) {
	f, err := s.frame(r, "Deputies", "access")
	if err != nil {
		return f, PlainView{}, err
	}
	people, err := s.Deputies.Candidates(r.Context())
	if err != nil {
		return f, PlainView{}, err
	}
	me, err := s.People.Me(r.Context())
	if err != nil {
		return f, PlainView{}, err
	}
	v := deputiesView(f, deputyRows{me.ID, list.Items, people}, typedForm{r.Values(), r.Path(), failed}, s.Clock.Now())
	v.Sections[0].Pager = pagerOf(href.Deputies(f.FirmID), r, len(list.Items), list.Next)
	return f, v, nil
}

// deputyRows are what the page shows, and to whom.
type deputyRows struct {
	me     ident.PersonID
	steads []deputy.Stead
	people []deputy.Person // who can be named
}

func deputiesView(f frame, rows deputyRows, typed typedForm, now time.Time) PlainView {
	v := PlainView{Head: layout.Head{Title: "Deputies", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede: "A deputy stands in while somebody is away: what waits for that person reaches the deputy too. It gives no right; a deputy approves with their own access, and the record names both."}
	if !f.May(rbac.GrantRead) {
		v.Head.Crumbs = nil
	}
	title := "Your part"
	if f.May(rbac.DeputyManage) {
		title = "In the firm"
	}
	v.Sections = []Section{{ID: "list", Title: title, Table: deputyTable(f, rows, now)}}
	if form := deputyForm(f, rows, typed, now); form != nil {
		v.Sections = append(v.Sections, Section{ID: "name", Title: "Name a deputy", Form: typed.back(form)})
	}
	return v
}

func deputyTable(f frame, rows deputyRows, now time.Time) *partial.Table {
	t := &partial.Table{Caption: "Deputies", Columns: []partial.Column{{Head: "For"}, {Head: "Deputy"}, {Head: "From", NoWrap: true}, {Head: "Last day", NoWrap: true}, {Head: "Why", Minor: true}, {Head: "State"}, {Head: "End", Hidden: true}},
		Empty: partial.Empty{Icon: "users", Title: "Nobody stands in for anybody", Text: "Name a deputy before you go away, so that what waits for you does not stand still."}}
	for _, s := range rows.steads {
		end, last := partial.Txt(""), partial.Cell{Text: format.Date(lastDay(s.Until, f.Zone))}
		if s.Open(now) && (f.May(rbac.DeputyManage) || rows.me == s.Principal || rows.me == s.Deputy) {
			words := "End now"
			if rows.me == s.Deputy {
				words = "Give it back"
			}
			end = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: words, Action: href.Act(href.Deputy(f.FirmID, s.ID), "end"), Class: "sm danger"}))
		}
		if s.Runs(now) {
			last.Sub = format.InDays(lastDay(s.Until, f.Zone), now.In(f.Zone))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(s.PrincipalName), Key: true}, {Node: partial.Person(s.DeputyName)},
			{Text: format.Date(s.From.In(f.Zone)), Sub: "named by " + s.NamedBy}, last, partial.Txt(s.Reason), deputyState(f, s, now), end}})
	}
	return t
}

func deputyState(f frame, s deputy.Stead, now time.Time) partial.Cell {
	switch {
	case s.Runs(now):
		c := partial.Cell{Node: partial.ChipMark(partial.Chip{Tone: partial.OK, Icon: "check", Text: "Stands in"}), Sub: "not used yet"}
		if s.Used != nil {
			c.Sub = "last approval " + format.Moment(s.Used.In(f.Zone))
		}
		return c
	case s.Open(now):
		return partial.Node(partial.ChipMark(partial.Chip{Icon: "clock", Text: "To come"}))
	default:
		at := s.Until
		if s.Ended != nil {
			at = *s.Ended
		}
		return partial.Cell{Text: "Ended " + format.Date(at.In(f.Zone)), Sub: endedWords(s)}
	}
}

// endedWords is how one ended.
func endedWords(s deputy.Stead) string {
	switch s.Why {
	case deputy.WhyPrincipal:
		return "by " + s.PrincipalName
	case deputy.WhyDeputy:
		return "given back by " + s.DeputyName
	case deputy.WhyFirm:
		return "by " + s.EndedBy + " for the firm"
	case deputy.WhyLeft:
		return "one of them can approve no longer"
	default:
		return "its day came"
	}
}

// deputyForm is nil for who can name nobody: not for themselves, and for nobody else.
func deputyForm(f frame, rows deputyRows, typed typedForm, now time.Time) *partial.Form {
	here, manages := href.Deputies(f.FirmID), f.May(rbac.DeputyManage)
	self := false
	others, all := []string{"", "choose"}, []string{"", "choose"}
	for _, p := range rows.people {
		all = append(all, string(p.ID), p.Name)
		if p.ID == rows.me {
			self = true
		}
		if p.ID != rows.me || manages {
			others = append(others, string(p.ID), p.Name)
		}
	}
	if !f.May(rbac.DeputyName) || !manages && !self {
		return nil
	}
	form := &partial.Form{Action: here, Submit: "Name the deputy", Side: true, Note: "The deputy is written to. Either of the two, and the firm's administrator, can end it at any time."}
	if manages {
		principal := typed.of(here, "principal")
		if principal == "" && self {
			principal = string(rows.me)
		}
		form.Fields = append(form.Fields, partial.Field{Name: "principal", Label: "For whom", Kind: partial.Select, Options: partial.Options(principal, all...), Required: true, Hint: "Who approves pre-bills"})
	}
	today := now.In(f.Zone)
	form.Fields = append(form.Fields,
		partial.Field{Name: "deputy", Label: "Who stands in", Kind: partial.Select, Options: partial.Options(typed.of(here, "deputy"), others...), Required: true, Hint: "Only who approves pre-bills with access of their own"},
		partial.Field{Name: "from", Label: "First day", Kind: partial.Date, Value: titled(typed.of(here, "from"), format.DateKey(today)), Required: true},
		partial.Field{Name: "until", Label: "Last day", Kind: partial.Date, Value: titled(typed.of(here, "until"), format.DateKey(today.AddDate(0, 0, 13))), Required: true, Hint: "At most 92 days"},
		partial.Field{Name: "reason", Label: "Why", Value: typed.of(here, "reason"), Required: true, Max: 500, Hint: "Annual leave, a long trial; no client's name"})
	return form
}

func (s *Site) nameDeputy(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Deputies", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := deputyTyped(r, f, s.Clock.Now())
	if err == nil {
		_, err = s.Deputies.Name(r.Context(), d)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.deputiesPage(r, err) })
	}
	return httpd.Go(href.Deputies(r.Firm()), "Named. The deputy has been written to."), nil
}

// deputyTyped reads the form: days of the firm's calendar. Today begins now.
func deputyTyped(r *httpd.Request, f frame, now time.Time) (deputy.Draft, error) {
	d := deputy.Draft{Reason: r.Form("reason")}
	var fs fault.Fields
	person := func(name string, into *ident.PersonID) {
		id, err := ident.Parse[ident.PersonID](r.Form(name))
		if err != nil {
			fs.Add(name, "person_missing", "choose a person")
		}
		*into = id
	}
	day := func(name string, into *time.Time) {
		var err error
		if text := r.Form(name); text != "" {
			if *into, err = time.ParseInLocation(time.DateOnly, text, f.Zone); err != nil {
				fs.Add(name, "date_form", "enter the day as 2026-12-31")
			}
		}
	}
	if f.May(rbac.DeputyManage) {
		person("principal", &d.Principal)
	}
	person("deputy", &d.Deputy)
	day("from", &d.From)
	day("until", &d.Until)
	if !d.From.IsZero() && d.From.Before(now) && d.From.AddDate(0, 0, 1).After(now) {
		d.From = now
	}
	if !d.Until.IsZero() {
		d.Until = d.Until.AddDate(0, 0, 1) // through the end of that day
	}
	return d, fs.Err(deputy.ErrInvalid)
}

func (s *Site) endDeputy(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.DeputyID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	switch err := s.Deputies.End(r.Context(), id); {
	case errors.Is(err, deputy.ErrEnded):
		return httpd.Go(href.Deputies(r.Firm()), "It had ended already."), nil
	case err != nil:
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Deputies(r.Firm()), "Ended. Nothing more reaches the deputy."), nil
}

// StandInView is somebody for whom the reader stands in and something waits.
type StandInView struct{ Sentence, Href string }

// standsIn is what waits for those for whom the reader stands in, for the page where
// partners land.
func (s *Site) standsIn(r *httpd.Request, f frame) (list []StandInView, err error) {
	if !f.May(rbac.PrebillApprove) || !f.May(rbac.PrebillRead) {
		return nil, nil
	}
	whom, err := s.Prebills.StandsIn(r.Context())
	for _, p := range whom {
		if p.Waiting > 0 {
			list = append(list, StandInView{"You stand in for " + p.Name + ": " + format.Counted(p.Waiting, "pre-bill waits", "pre-bills wait") + " for them.", href.WaitsFor(f.FirmID, p.ID)})
		}
	}
	return list, err
}

// deputySections lead from the account of who approves to who stands in for them.
func (s *Site) deputySections(r *httpd.Request, f frame) ([]Section, error) {
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return nil, err
	}
	var sec Section
	bound := ident.FirmID(r.Get(httpd.KeyFirm))
	for _, c := range cards {
		if c.ID == bound && f.Standing.In(c.ID, rbac.DeputyName) {
			sec = Section{ID: "deputies", Title: "Deputies", Body: Due("While you are away somebody can stand in for you at "+c.Name+".", href.Deputies(c.ID), "See or name a deputy")}
		}
	}
	if sec.ID == "" {
		return nil, nil
	}
	return []Section{sec}, nil
}
