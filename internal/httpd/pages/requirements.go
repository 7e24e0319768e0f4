package pages

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/rbac"
)

// MountRequirements adds what a firm's work asks of who takes it.
func (s *Site) MountRequirements(srv *httpd.Server) {
	const at = "/firms/{firm}/requirements"
	show(srv, at, rbac.RequirementRead, s.requirementsPage)
	fill(srv, at, rbac.RequirementSet, s.setRequirement, s.requirementsPage)
	fill(srv, at+"/end", rbac.RequirementSet, s.endRequirement, s.requirementsPage)
	fill(srv, at+"/confirm", rbac.ItemClaim, s.confirmGuide, s.requirementsPage)
}

func (s *Site) requirementsPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "What work requires", "queue")
	if err != nil {
		return nil, err
	}
	sheet, err := s.Requirements.Sheet(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, requirementsView(f, sheet, typedForm{r.Values(), r.Path(), failed})), nil
}

func requirementsView(f frame, sheet requirement.Sheet, typed typedForm) PlainView {
	v := PlainView{Head: layout.Head{Title: "What work requires"}, Lede: requirementsSentence(sheet)}
	if sheet.Bureau {
		v.Head.Crumbs = []partial.Link{{Text: "My queue", Href: href.Queue}}
	}
	if f.May(rbac.TrainingRead) {
		v.Links = []partial.Link{{Text: "Training", Href: href.Training(f.FirmID)}}
	}
	here := href.Requirements(f.FirmID)
	v.Sections = []Section{{Title: "Certificates", Note: "of who takes the work", Table: requirementTable(sheet)}, guideSection(f, sheet, typed, here)}
	if !sheet.MaySet {
		return v
	}
	v.Sections = append(v.Sections, Section{Title: "Ask for a certificate", Form: requirementForm(sheet, typed, here)})
	at := here + "/end"
	pairs := []string{"", "choose"}
	for _, x := range sheet.List {
		if !x.OfFirm || !sheet.Bureau {
			pairs = append(pairs, string(x.ID), typeWord(x.Type)+": "+x.Course)
		}
	}
	if len(pairs) > 2 || typed.at == at {
		v.Sections = append(v.Sections, Section{Title: "Ask for one no more", Form: typed.back(&partial.Form{ID: "e", Action: at, Submit: "End", Danger: true, Side: true, Fields: []partial.Field{
			{Name: "requirement", Label: "Requirement", Kind: partial.Select, Options: partial.Options(typed.of(at, "requirement"), pairs...), Required: true}}})})
	}
	return v
}

func requirementForm(sheet requirement.Sheet, typed typedForm, here string) *partial.Form {
	kinds, courses := []string{requirement.AnyType, "every type"}, []string{"", "choose"}
	for _, t := range workTypes {
		kinds = append(kinds, t, workName(t))
	}
	for _, c := range sheet.Courses {
		courses = append(courses, string(c.ID), c.Name)
	}
	return typed.back(&partial.Form{ID: "s", Action: here, Submit: "Ask for it", Side: true, Note: "It counts from the next item that somebody takes. Who holds an item keeps it.", Fields: []partial.Field{
		{Name: "work_type", Label: "Type of work", Kind: partial.Select, Options: partial.Options(typed.of(here, "work_type"), kinds...)},
		{Name: "course", Label: "Certificate", Kind: partial.Select, Options: partial.Options(typed.of(here, "course"), courses...), Required: true},
		{Name: "how", Label: "How", Kind: partial.Select, Options: partial.Options(typed.of(here, "how"), "mandatory", "mandatory, never relaxed", "preferred", "preferred, for a time")},
		{Name: "prefer_minutes", Label: "If preferred: after how many business minutes anybody may have the item", Kind: partial.Decimal, Value: typed.of(here, "prefer_minutes")}}})
}

// typeWord is a type of work in words, also for all of them.
func typeWord(kind string) string {
	if kind == requirement.AnyType {
		return "Every type of work"
	}
	return workName(kind)
}

func requirementsSentence(sheet requirement.Sheet) string {
	lacks := 0
	for _, x := range sheet.List {
		if x.Mandatory && x.Until == nil {
			lacks++
		}
	}
	unread := sheet.Guide != nil && sheet.Guide.Said == nil
	switch {
	case !sheet.Works && len(sheet.List) == 0:
		return "No certificate is asked for."
	case !sheet.Works:
		return format.Counted(len(sheet.List), "certificate is", "certificates are") + " asked for with this firm's work."
	case lacks > 0 && unread:
		return "You lack " + format.Counted(lacks, "certificate", "certificates") + ", and the guidelines are yours to read and confirm."
	case lacks > 0:
		return "You lack " + format.Counted(lacks, "certificate", "certificates") + " that this firm's work asks for."
	case unread:
		return "Read the firm's guidelines and confirm it: until then you get no work of this firm."
	default:
		return "You have all that this firm's work asks for."
	}
}

func requirementTable(sheet requirement.Sheet) *partial.Table {
	t := &partial.Table{Caption: "Certificates that work asks for", Columns: []partial.Column{{Head: "Work"}, {Head: "Certificate"}, {Head: "How"}, {Head: "Asked for by", Minor: true}}, Empty: partial.Empty{Icon: "cap", Title: "No certificate is asked for", Text: "Whoever has access takes this firm's work."}}
	if sheet.Works {
		t.Columns = append(t.Columns, partial.Column{Head: "Yours"})
	}
	for _, x := range sheet.List {
		how := "Mandatory"
		if !x.Mandatory {
			how = "Preferred for " + format.BusinessTime(x.PreferMin)
		}
		by := partial.Cell{Text: x.SetBy, Sub: "for the bureau"}
		if x.OfFirm {
			by.Sub = "for the firm"
		}
		row := []partial.Cell{{Text: typeWord(x.Type), Key: true}, partial.Txt(x.Course), partial.Txt(how), by}
		if sheet.Works {
			mine := partial.Cell{Text: "You do not hold it", Tone: partial.Warn}
			if x.Until != nil {
				mine = partial.Txt("until " + format.Date(*x.Until))
			}
			row = append(row, mine)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: row})
	}
	return t
}

func guideSection(f frame, sheet requirement.Sheet, typed typedForm, here string) Section {
	x := Section{Title: "The firm's guidelines"}
	g := sheet.Guide
	if g == nil {
		x.Text = "The firm has no guidelines of its own in force, so nothing is to be confirmed. Those of clients, matters and payors are checked line by line."
		return x
	}
	x.Facts = []partial.Fact{{Name: "In force", Value: "Version " + strconv.Itoa(g.Number) + ", from " + format.Date(g.From)}}
	if f.May(rbac.GuideRead) {
		x.Facts[0].Href = href.Guide(f.FirmID, g.ID)
	}
	if sheet.MaySet {
		who := "nobody"
		if len(sheet.Unread) > 0 {
			who = strings.Join(sheet.Unread, ", ")
		}
		x.Facts = append(x.Facts, partial.Fact{Name: "Not confirmed yet", Value: who})
	}
	switch {
	case !sheet.Works:
	case g.Said != nil:
		x.Facts = append(x.Facts, partial.Fact{Name: "You confirmed it", Value: format.Moment(g.Said.In(f.Zone))})
	default:
		x.Form = typed.back(&partial.Form{ID: "g", Action: here + "/confirm", Submit: "I have read version " + strconv.Itoa(g.Number), Side: true, Kept: url.Values{"guide": {string(g.ID)}}, Note: "Until then get-next gives you no work of this firm. The word is kept with your name."})
	}
	return x
}

func (s *Site) setRequirement(r *httpd.Request) (httpd.Reply, error) {
	d := requirement.Draft{Type: r.Form("work_type"), Mandatory: r.Form("how") != "preferred"}
	var fs fault.Fields
	var err error
	if text := r.Form("course"); text != "" {
		if d.Course, err = ident.Parse[ident.CourseID](text); err != nil {
			fs.Add("course", "course_missing", "choose a certificate")
		}
	}
	if text := strings.TrimSpace(r.Form("prefer_minutes")); text != "" {
		if d.PreferMin, err = strconv.Atoi(text); err != nil {
			fs.Add("prefer_minutes", "prefer_range", "enter whole minutes, 1 to %d", requirement.MostPrefer)
		}
	}
	if err = fs.Err(requirement.ErrInvalid); err == nil {
		_, err = s.Requirements.Set(r.Context(), d)
	}
	return s.required(r, err, "Asked for from the next item on.")
}

func (s *Site) endRequirement(r *httpd.Request) (httpd.Reply, error) {
	id, err := ident.Parse[ident.RequirementID](r.Form("requirement"))
	if err != nil {
		err = requirement.ErrInvalid.On(fault.Field{Path: "requirement", Code: "requirement_missing", Message: "choose a requirement"})
	} else {
		err = s.Requirements.End(r.Context(), id)
	}
	return s.required(r, err, "It is asked for no more.")
}

func (s *Site) confirmGuide(r *httpd.Request) (httpd.Reply, error) {
	id, err := ident.Parse[ident.GuideID](r.Form("guide"))
	if err != nil {
		err = requirement.ErrNewer
	} else {
		err = s.Requirements.Confirm(r.Context(), id)
	}
	return s.required(r, err, "Confirmed. Work of this firm comes to you again.")
}

func (s *Site) required(r *httpd.Request, err error, said string) (httpd.Reply, error) {
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.requirementsPage(r, err) })
	}
	return httpd.Go(href.Requirements(r.Firm()), said), nil
}
