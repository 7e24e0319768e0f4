package pages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// MountGuides adds billing guidelines: versions, their form, the trial, signing and ending.
func (s *Site) MountGuides(srv *httpd.Server) {
	get(srv, "/firms/{firm}/guidelines", rbac.GuideRead, s.guides)
	get(srv, "/firms/{firm}/guidelines/new", rbac.GuideEdit, s.newGuide)
	fill(srv, "/firms/{firm}/guidelines/new", rbac.GuideEdit, s.saveGuide, func(r *httpd.Request, failed error) (templ.Component, error) {
		typed, _ := readGuideForm(r.Form, r.Values(), true) // what is wrong with the terms is told when they are saved
		return s.guidePage(r, typed, failed)
	})
	get(srv, "/firms/{firm}/guidelines/{id}", rbac.GuideRead, s.guide)
	get(srv, "/firms/{firm}/guidelines/{id}/trial", rbac.GuideRead, s.tryGuide)
	post(srv, "/firms/{firm}/guidelines/{id}/sign", rbac.GuideSign, s.signGuide)
	post(srv, "/firms/{firm}/guidelines/{id}/end", rbac.GuideSign, s.endGuide)
	s.mountOverrides(srv)
}

// placeNames are what guidelines are for, by name, and the choices of a form.
type placeNames struct {
	masterNames
	payors  map[ident.PayorID]string
	choices []string // value, label pairs
}

func (s *Site) placeNames(r *httpd.Request) (n placeNames, err error) {
	if n.masterNames, err = s.names(r); err != nil {
		return n, err
	}
	payors, err := s.Matters.Payors(r.Context(), "")
	if err != nil {
		return n, err
	}
	n.payors = map[ident.PayorID]string{}
	n.choices = []string{"", "the whole firm"}
	add := func(kind, label string, pairs []string) {
		for i := 0; i+1 < len(pairs); i += 2 {
			n.choices = append(n.choices, kind+":"+pairs[i], label+pairs[i+1])
		}
	}
	add("group", "Group ", n.order.groups)
	add("client", "Client ", n.order.clients)
	for _, p := range payors {
		n.payors[p.ID] = p.Name
		add("payor", "Payor ", []string{string(p.ID), p.Name})
	}
	add("matter", "Matter ", n.order.matters)
	return n, nil
}

func (n placeNames) of(p guideline.Place) (name, kind string) {
	switch {
	case p.Payor != "":
		return n.payors[p.Payor], "payor"
	case p.Matter != "":
		return n.matters[p.Matter], "matter"
	case p.Client != "":
		return n.clients[p.Client], "client"
	case p.Group != "":
		return n.groups[p.Group], "group of clients"
	default:
		return "The whole firm", "firm"
	}
}

func placeValue(p guideline.Place) string {
	switch {
	case p.Payor != "":
		return "payor:" + string(p.Payor)
	case p.Matter != "":
		return "matter:" + string(p.Matter)
	case p.Client != "":
		return "client:" + string(p.Client)
	case p.Group != "":
		return "group:" + string(p.Group)
	default:
		return ""
	}
}

// placeOf reads a choice; an id that is none is absent like any other.
func placeOf(text string) (p guideline.Place, err error) {
	kind, id, _ := strings.Cut(text, ":")
	switch kind {
	case "":
	case "payor":
		p.Payor, err = ident.Parse[ident.PayorID](id)
	case "matter":
		p.Matter, err = ident.Parse[ident.MatterID](id)
	case "group":
		p.Group, err = ident.Parse[ident.GroupID](id)
	case "client":
		p.Client, err = ident.Parse[ident.ClientID](id)
	default:
		err = guideline.ErrGuidePlace
	}
	return p, err
}

func (s *Site) guides(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Billing guidelines", "guidelines")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Guidelines.Guides(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.placeNames(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Billing guidelines, newest version of each place first", Keys: true, Columns: []partial.Column{{Head: "Document"}, {Head: "For"}, {Head: "Version", Right: true}, {Head: "In force from", NoWrap: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "check", Title: "No guidelines yet", Text: "Every line is judged by the house rules. A client's own policy goes before them once it is entered and signed."}}
	for _, g := range list {
		name, kind := n.of(g.Place)
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(g.Body.Name, href.Guide(f.FirmID, g.ID), ""), {Text: name, Sub: kind},
			partial.Txt(strconv.Itoa(g.Number)), partial.Txt(format.Date(g.From)), partial.Txt(guideState(g, s.today(f)))}})
	}
	v := PlainView{Head: layout.Head{Title: "Billing guidelines"}, Lede: "What clients lay down for their bills. The payor's document goes before the matter's, the client's, its group's and the firm's, rule by rule.", Sections: []Section{{Title: "All versions", Table: t}}}
	if f.May(rbac.FindingRead) {
		v.Links = []partial.Link{{Text: "Overrides", Href: href.Overrides(f.FirmID)}}
	}
	if f.May(rbac.GuideEdit) {
		v.Main = &partial.Link{Text: "New guidelines", Href: href.New(href.Guides(f.FirmID))}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func guideState(g guideline.Guide, today time.Time) string {
	switch {
	case g.Status == guideline.GuideDraft:
		return "Draft, binds nobody"
	case g.Status == guideline.GuideEnded:
		return "Ended"
	case g.From.After(today):
		return "Signed, not yet in force"
	default:
		return "Signed"
	}
}

func (s *Site) guide(r *httpd.Request) (httpd.Reply, error) { return s.showGuide(r, nil) }

func (s *Site) tryGuide(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GuideID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	t, err := s.Guidelines.Try(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.showGuide(r, &t)
}

func (s *Site) showGuide(r *httpd.Request, t *guideline.Trial) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GuideID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	g, err := s.Guidelines.Guide(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, g.Body.Name, "guidelines")
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.placeNames(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	name, kind := n.of(g.Place)
	v := PlainView{Head: layout.Head{Title: g.Body.Name, Crumbs: []partial.Link{{Text: "Billing guidelines", Href: href.Guides(f.FirmID)}}},
		Meta: []string{name + " (" + kind + ")", fmt.Sprintf("version %d", g.Number), guideState(g, s.today(f)), "from " + format.Date(g.From)}}
	here := href.Guide(f.FirmID, id)
	if f.May(rbac.EntryRead) && g.Status != guideline.GuideEnded {
		v.Links = append(v.Links, partial.Link{Text: "Try on the last 90 days", Href: here + "/trial"})
	}
	if f.May(rbac.GuideEdit) {
		v.Links = append(v.Links, partial.Link{Text: "Change", Href: href.Query(href.New(href.Guides(f.FirmID)), "from", string(id))})
	}
	if f.May(rbac.GuideSign) {
		switch g.Status {
		case guideline.GuideDraft:
			v.Acts = append(v.Acts, partial.Button{Text: "Sign for the firm", Action: here + "/sign", Class: "primary", Hidden: []partial.Hidden{{Name: "hash", Value: g.Hash}}})
		case guideline.GuideSigned:
			v.Acts = append(v.Acts, partial.Button{Text: "End", Action: here + "/end", Class: "danger"})
		case guideline.GuideEnded:
		}
	}
	if t != nil {
		v.Sections = trialSections(*t)
	}
	v.Sections = append(v.Sections, saysSections(g)...)
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func saysSections(g guideline.Guide) []Section {
	says := &partial.Table{Caption: "Rules about which the document says something", Columns: []partial.Column{{Head: "Rule"}, {Head: "Asks for", Wide: true}, {Head: "Clause"}, {Head: "A breach"}},
		Empty: partial.Empty{Icon: "check", Title: "The house rules apply as they are"}}
	for _, x := range g.Body.Says() {
		breach := "as the rule says"
		switch {
		case x.Off:
			breach = "is not looked for"
		case x.Block:
			breach = "blocks the line"
		}
		says.Rows = append(says.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Name, Sub: x.Rule, Key: true}, partial.Txt(sentence(strings.Join(x.Asks, "; "))), partial.Txt(x.Clause), partial.Txt(breach)}})
	}
	out := []Section{{Title: "Rules", Table: says}}
	if len(g.Body.Rules) > 0 {
		own := &partial.Table{Caption: "Rules of this document", Columns: []partial.Column{{Head: "Rule"}, {Head: "When"}, {Head: "Says", Wide: true}, {Head: "A breach"}}}
		for _, x := range g.Body.Rules {
			own.Rows = append(own.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Name, Sub: x.ID, Key: true}, {Text: x.When, Code: true}, {Text: x.Message, Sub: x.Fix}, partial.Txt(string(x.Severity))}})
		}
		out = append(out, Section{Title: "Its own rules", Table: own})
	}
	if len(g.Body.Manual) > 0 {
		manual := &partial.Table{Caption: "Clauses for a person", Columns: []partial.Column{{Head: "Clause"}, {Head: "To check by hand", Wide: true}}}
		for _, x := range g.Body.Manual {
			manual.Rows = append(manual.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Clause, Key: true}, partial.Txt(x.Text)}})
		}
		out = append(out, Section{Title: "Checked by hand", Note: "Listed on every pre-bill", Table: manual})
	}
	return append(out, Section{Title: "Proof", Facts: []partial.Fact{{Name: "SHA-256", Value: g.Hash, Code: true}}})
}

func trialSections(t guideline.Trial) []Section {
	rules := &partial.Table{Caption: "Findings by rule", Columns: []partial.Column{{Head: "Rule"}, {Head: "In force now", Right: true}, {Head: "With this version", Right: true}, {Head: "Money at risk", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "No rule finds anything"}}
	for _, x := range t.Rules {
		var risk []string
		for _, a := range x.AtRisk {
			risk = append(risk, format.Money(a))
		}
		rules.Rows = append(rules.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Name, Sub: x.Rule, Key: true}, partial.Txt(format.Count(x.Before)), partial.Txt(format.Count(x.After)), partial.Txt(strings.Join(risk, ", "))}})
	}
	lines := &partial.Table{Caption: "Lines that would be judged differently, newest first", Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Matter"}, {Head: "Who"}, {Head: "Rule"}, {Head: "Finding"}, {Head: "Value", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "No line is judged differently"}}
	for _, x := range t.Changed {
		what := "gone"
		if x.New {
			what = "new"
		}
		lines.Rows = append(lines.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(format.Date(x.On)), partial.Txt(x.Matter), partial.Txt(x.Keeper), {Text: x.Name, Sub: x.Rule, Key: true}, partial.Txt(what), partial.Txt(format.Money(x.Value))}})
	}
	if t.Hidden > 0 {
		lines.Foot = []partial.Row{{Cells: []partial.Cell{{Text: format.Counted(t.Hidden, "more finding", "more findings") + " that come or go", Span: 6}}}}
	}
	text := fmt.Sprintf("%s since %s judged by what is in force now and by this version. Rules on agreed rates and on the billing date ask about an invoice and are left out. Nothing has changed.", format.Counted(t.Lines, "line", "lines"), format.Date(t.Since))
	if t.More {
		text += " There are more lines in that time; the newest were taken."
	}
	if t.Failed > 0 {
		text += fmt.Sprintf(" A rule could not be judged %s.", format.Counted(t.Failed, "time", "times"))
	}
	return []Section{{Title: "On the last 90 days", Text: text, Table: rules}, {Title: "What changes", Table: lines}}
}

func (s *Site) newGuide(r *httpd.Request) (httpd.Reply, error) {
	var g guideline.Guide
	if from := r.Query("from"); from != "" {
		id, err := ident.Parse[ident.GuideID](from)
		if err != nil {
			return httpd.Reply{}, err
		}
		if g, err = s.Guidelines.Guide(r.Context(), id); err != nil {
			return httpd.Reply{}, err
		}
	}
	if of := r.Query("lesson"); of != "" {
		id, err := ident.Parse[ident.LessonID](of)
		if err != nil {
			return httpd.Reply{}, err
		}
		if g, err = s.guideOfLesson(r, id); err != nil {
			return httpd.Reply{}, err
		}
	}
	page, err := s.guidePage(r, guideForm{Place: placeValue(g.Place), Body: g.Body, Terms: g.Body.Terms.Lines()}, nil)
	return httpd.Show(page), err
}

// guideOfLesson is the newest version of the payor's guidelines with a rule begun that says
// what its receiver said.
func (s *Site) guideOfLesson(r *httpd.Request, id ident.LessonID) (g guideline.Guide, err error) {
	l, err := s.Lessons.Get(r.Context(), id)
	if err != nil {
		return g, err
	}
	list, err := s.Guidelines.Guides(r.Context())
	if err != nil {
		return g, err
	}
	g.Payor = l.Payor
	for _, x := range list {
		if x.Place == g.Place && x.Status != guideline.GuideEnded {
			g.Body = x.Body
			break
		}
	}
	g.Body.Rules = append(slices.Clone(g.Body.Rules), guideline.OwnRule{Name: "What " + l.PortalName + " refuses", Severity: guideline.Warn, Message: strings.Join(strings.Fields(titled(l.Text, "The receiver gives the reason "+titled(l.Code, "in its own words"))), " ")})
	if text := []rune(g.Body.Rules[len(g.Body.Rules)-1].Message); len(text) > 500 {
		g.Body.Rules[len(g.Body.Rules)-1].Message = string(text[:500])
	}
	return g, nil
}

func (s *Site) saveGuide(r *httpd.Request) (httpd.Reply, error) {
	form, err := readGuideForm(r.Form, r.Values(), false)
	var g guideline.Guide
	if err == nil {
		g, err = s.keepGuide(r, form)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.guidePage(r, form, err) })
	}
	return httpd.Go(href.Guide(r.Firm(), g.ID), "The draft is kept. Try it, then sign it for the firm."), nil
}

// keepGuide saves the draft that a form tells of.
func (s *Site) keepGuide(r *httpd.Request, form guideForm) (g guideline.Guide, err error) {
	var n guideline.NewGuide
	if n.Place, err = placeOf(form.Place); err != nil {
		return g, err
	}
	if on, err := time.Parse(time.DateOnly, form.From); err == nil {
		n.From = on
	} else if form.From != "" {
		return g, guideline.ErrPolicy.On(fault.Field{Path: "from", Code: "date_form", Message: "enter the day as 2026-10-31"})
	}
	if n.Body, err = form.Body.JSON(); err != nil {
		return g, err
	}
	return s.Guidelines.SaveGuide(r.Context(), n)
}

func (s *Site) signGuide(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GuideID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	g, err := s.Guidelines.SignGuide(r.Context(), id, r.Form("hash"))
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Guide(r.Firm(), id), "Signed: in force from "+format.Date(g.From)+". Pre-bills are judged by it when they are next built or changed."), nil
}

func (s *Site) endGuide(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GuideID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Guidelines.EndGuide(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Guide(r.Firm(), id), "Ended. The version before it is in force again, if there is one."), nil
}
