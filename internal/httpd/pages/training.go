package pages

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/rbac"
)

// MountTraining adds the certificates of the bureau's people, and recording them.
func (s *Site) MountTraining(srv *httpd.Server) {
	show(srv, "/firms/{firm}/training", rbac.TrainingRead, s.trainingPage)
	fill(srv, "/firms/{firm}/training", rbac.TrainingRecord, s.recordCertificate, s.trainingPage)
	fill(srv, "/firms/{firm}/training/withdraw", rbac.TrainingRecord, s.withdrawCertificate, s.trainingPage)
	fill(srv, "/firms/{firm}/training/courses", rbac.TrainingRecord, s.addCourse, s.trainingPage)
	fill(srv, "/firms/{firm}/training/courses/close", rbac.TrainingRecord, s.closeCourse, s.trainingPage)
}

func (s *Site) trainingPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Training", "access")
	if err != nil {
		return nil, err
	}
	if !f.May(rbac.GrantRead) {
		f.Active = "asked"
	}
	list, err := s.Training.Records(r.Context())
	if err != nil {
		return nil, err
	}
	var courses []training.Course
	if f.May(rbac.TrainingRecord) {
		if courses, err = s.Training.Courses(r.Context()); err != nil {
			return nil, err
		}
	}
	return Plain(f.Chrome, trainingView(f, list, courses, typedForm{r.Values(), r.Path(), failed}, s.Clock.Now())), nil
}

func trainingView(f frame, list []training.Record, courses []training.Course, typed typedForm, now time.Time) PlainView {
	today := now.In(f.Zone)
	home := f.Card.Kind == firm.KindBureau
	v := PlainView{Head: layout.Head{Title: "Training", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}}, Lede: trainingSentence(list, today),
		Sections: []Section{{Title: "Certificates", Note: "of people with access, or for whom it is asked", Table: trainingTable(list, today)}}}
	if home {
		v.Head.Crumbs, v.Sections[0].Note = []partial.Link{{Text: "People", Href: href.People(f.FirmID)}}, ""
	} else if !f.May(rbac.GrantRead) {
		v.Head.Crumbs = []partial.Link{{Text: "Ask for access", Href: href.AccessAsked(f.FirmID)}}
	}
	if !home && f.May(rbac.RequirementRead) {
		v.Links = []partial.Link{{Text: "What work requires", Href: href.Requirements(f.FirmID)}}
	}
	if !f.May(rbac.TrainingRecord) {
		return v
	}
	here := href.Training(f.FirmID)
	v.Sections = append(v.Sections, Section{Title: "Record a certificate", Form: recordForm(list, courses, typed, here, today)})
	at := here + "/withdraw"
	if held := heldPairs(list); len(held) > 2 || typed.at == at {
		v.Sections = append(v.Sections, Section{Title: "Withdraw a certificate", Form: typed.back(&partial.Form{ID: "w", Action: at, Submit: "Withdraw", Danger: true, Side: true, Note: "It stays on record with your reason.", Fields: []partial.Field{
			{Name: "certificate", Label: "Certificate", Kind: partial.Select, Options: partial.Options(typed.of(at, "certificate"), held...), Required: true},
			{Name: "reason", Label: "Why", Value: typed.of(at, "reason"), Required: true, Max: 500}}})})
	}
	if home {
		v.Sections = append(v.Sections, courseSections(courses, typed, here)...)
	}
	return v
}

func recordForm(list []training.Record, courses []training.Course, typed typedForm, here string, today time.Time) *partial.Form {
	people, catalogue := []string{"", "choose"}, []string{"", "choose"}
	for _, x := range list {
		people = append(people, string(x.Person), x.Name)
	}
	for _, c := range courses {
		catalogue = append(catalogue, string(c.ID), c.Name+", "+format.Counted(c.Months, "month", "months"))
	}
	return typed.back(&partial.Form{Action: here, Submit: "Record", Note: "Nobody records their own.", Fields: []partial.Field{
		{Name: "person", Label: "Who passed", Kind: partial.Select, Options: partial.Options(typed.of(here, "person"), people...), Required: true},
		{Name: "course", Label: "Course", Kind: partial.Select, Options: partial.Options(typed.of(here, "course"), catalogue...), Required: true},
		{Name: "passed_on", Label: "Passed on", Kind: partial.Date, Value: titled(typed.of(here, "passed_on"), format.DateKey(today)), Required: true}}})
}

func courseSections(courses []training.Course, typed typedForm, here string) []Section {
	add, shut := here+"/courses", here+"/courses/close"
	t := &partial.Table{Caption: "Courses", Columns: []partial.Column{{Head: "Course"}, {Head: "Holds for", NoWrap: true}}, Empty: partial.Empty{Icon: "cap", Title: "No course yet"}}
	pairs := []string{"", "choose"}
	for _, c := range courses {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: c.Name, Key: true}, partial.Txt(format.Counted(c.Months, "month", "months"))}})
		pairs = append(pairs, string(c.ID), c.Name)
	}
	sections := []Section{{Title: "Courses", Table: t}, {Title: "Add a course", Form: typed.back(&partial.Form{ID: "c", Action: add, Submit: "Add course", Side: true, Fields: []partial.Field{
		{Name: "name", Label: "Name", Value: typed.of(add, "name"), Required: true, Max: 80},
		{Name: "months", Label: "A certificate holds for how many months", Kind: partial.Decimal, Value: typed.of(add, "months"), Required: true}}})}}
	if len(courses) == 0 {
		return sections
	}
	return append(sections, Section{Title: "Close a course", Form: typed.back(&partial.Form{ID: "d", Action: shut, Submit: "Close course", Danger: true, Side: true, Note: "What was recorded stands.", Fields: []partial.Field{
		{Name: "course", Label: "Course", Kind: partial.Select, Options: partial.Options(typed.of(shut, "course"), pairs...), Required: true}}})})
}

func heldPairs(list []training.Record) []string {
	pairs := []string{"", "choose"}
	for _, r := range list {
		for _, c := range r.Certificates {
			pairs = append(pairs, string(c.ID), r.Name+": "+c.Course+", passed "+format.Date(c.PassedOn))
		}
	}
	return pairs
}

func trainingSentence(list []training.Record, today time.Time) string {
	lapses, over := 0, 0
	for _, r := range list {
		for _, c := range r.Certificates {
			switch {
			case c.Lapses(today):
				lapses++
			case !c.Holds(today):
				over++
			}
		}
	}
	switch {
	case lapses == 0 && over == 0:
		return "No certificate lapses within 30 days."
	case lapses == 0:
		return format.Counted(over, "certificate has", "certificates have") + " run out."
	case over == 0:
		return format.Counted(lapses, "certificate lapses", "certificates lapse") + " within 30 days."
	default:
		return format.Counted(lapses, "certificate lapses", "certificates lapse") + " within 30 days; " + format.Count(over) + " ran out."
	}
}

func trainingTable(list []training.Record, today time.Time) *partial.Table {
	t := &partial.Table{Caption: "Certificates", Columns: []partial.Column{{Head: "Who"}, {Head: "Certificate"}, {Head: "Passed", NoWrap: true, Minor: true}, {Head: "Valid until", NoWrap: true}}, Empty: partial.Empty{Icon: "cap", Title: "Nobody"}}
	for _, r := range list {
		if len(r.Certificates) == 0 {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(r.Name), Key: true}, partial.Txt("none"), partial.Txt(""), partial.Txt("")}})
		}
		for _, c := range r.Certificates {
			t.Rows = append(t.Rows, partial.Row{Cells: append([]partial.Cell{{Node: partial.Person(r.Name), Key: true}}, certificateCells(c, today)...)})
		}
	}
	return t
}

// certificateCells are name, the day it was passed and its last day.
func certificateCells(c training.Certificate, today time.Time) []partial.Cell {
	last := partial.Txt(format.Date(c.ValidUntil))
	switch {
	case c.Lapses(today):
		last.Sub, last.Tone = format.InDays(c.ValidUntil, today), partial.Warn
	case !c.Holds(today):
		last.Sub, last.Tone = "has run out", partial.Bad
	}
	return []partial.Cell{partial.Txt(c.Course), partial.Txt(format.Date(c.PassedOn)), last}
}

func (s *Site) recordCertificate(r *httpd.Request) (httpd.Reply, error) {
	var fs fault.Fields
	var d training.Draft
	var err error
	if text := r.Form("person"); text != "" {
		if d.Person, err = ident.Parse[ident.PersonID](text); err != nil {
			fs.Add("person", "person_missing", "choose a person")
		}
	}
	if text := r.Form("course"); text != "" {
		if d.Course, err = ident.Parse[ident.CourseID](text); err != nil {
			fs.Add("course", "course_missing", "choose a course")
		}
	}
	if text := r.Form("passed_on"); text != "" {
		if d.PassedOn, err = time.Parse(time.DateOnly, text); err != nil {
			fs.Add("passed_on", "date_form", "enter the day as 2026-12-31")
		}
	}
	if err = fs.Err(training.ErrInvalid); err == nil {
		_, err = s.Training.Record(r.Context(), d)
	}
	return s.trained(r, err, "Recorded.")
}

func (s *Site) withdrawCertificate(r *httpd.Request) (httpd.Reply, error) {
	id, err := ident.Parse[ident.CertificateID](r.Form("certificate"))
	if err != nil {
		err = training.ErrInvalid.On(fault.Field{Path: "certificate", Code: "certificate_missing", Message: "choose a certificate"})
	} else {
		err = s.Training.Withdraw(r.Context(), id, r.Form("reason"))
	}
	return s.trained(r, err, "Withdrawn. It no longer counts.")
}

func (s *Site) addCourse(r *httpd.Request) (httpd.Reply, error) {
	months, err := strconv.Atoi(r.Form("months"))
	if err != nil {
		months = 0 // out of range, which the service says of the field
	}
	_, err = s.Training.AddCourse(r.Context(), training.Course{Name: r.Form("name"), Months: months})
	return s.trained(r, err, "Added.")
}

func (s *Site) closeCourse(r *httpd.Request) (httpd.Reply, error) {
	id, err := ident.Parse[ident.CourseID](r.Form("course"))
	if err != nil {
		err = training.ErrInvalid.On(fault.Field{Path: "course", Code: "course_missing", Message: "choose a course"})
	} else {
		err = s.Training.CloseCourse(r.Context(), id)
	}
	return s.trained(r, err, "Closed. What was recorded stands.")
}

func (s *Site) trained(r *httpd.Request, err error, said string) (httpd.Reply, error) {
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.trainingPage(r, err) })
	}
	return httpd.Go(href.Training(r.Firm()), said), nil
}

// lapsing is what the bureau's page of people says of certificates that end soon.
func (s *Site) lapsing(r *httpd.Request, f frame) (Section, error) {
	list, err := s.Training.Records(r.Context())
	if err != nil {
		return Section{}, err
	}
	today := s.Clock.Now().In(f.Zone)
	var soon []training.Record
	for _, x := range list {
		var ends []training.Certificate
		for _, c := range x.Certificates {
			if c.Lapses(today) {
				ends = append(ends, c)
			}
		}
		if len(ends) > 0 {
			soon = append(soon, training.Record{Person: x.Person, Name: x.Name, Certificates: ends})
		}
	}
	t := trainingTable(soon, today)
	t.Empty = partial.Empty{Icon: "cap", Title: "No certificate lapses within 30 days"}
	return Section{ID: "lapsing", Title: "Training", Note: "what lapses within 30 days", Table: t}, nil
}
