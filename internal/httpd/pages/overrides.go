package pages

import (
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// mountOverrides adds the list of blocking findings that were let pass.
func (s *Site) mountOverrides(srv *httpd.Server) {
	get(srv, "/firms/{firm}/overrides", rbac.FindingRead, s.overrides)
}

// blockWords tell who may let a finding pass, to who may not.
const blockWords = "It blocks: fix or hold the line. A partner, or the bureau's team lead, may let it pass."

// overrideWords is a reason in words, small letters.
func overrideWords(r guideline.OverrideReason) string {
	switch r {
	case guideline.ClientAgreed:
		return "the client agreed to it"
	case guideline.PriorApproval:
		return "approved beforehand"
	case guideline.NotApplicable:
		return "the clause does not apply here"
	case guideline.FirmDecision:
		return "the firm bills it and bears the risk"
	case guideline.RuleWrong:
		return "the rule is set wrongly"
	case guideline.OtherReason:
		return "another reason"
	}
	return string(r)
}

// keptWords say why a settled finding stays.
func keptWords(x guideline.Stored) string {
	if o := x.Override; o != nil {
		return "Let pass until " + format.Date(o.Until) + ", " + overrideWords(o.Reason) + ": " + x.Note
	}
	return "Kept: " + x.Note
}

// OverrideTyped is an override's form that came back, or a fresh one.
type OverrideTyped struct{ Reason, Note, Until Faulty }

func overrideAgain(r *httpd.Request, failed error) OverrideTyped {
	faults := partial.FaultsOf(failed)
	at := func(name string) Faulty { return Faulty{r.Form(name), faults.On(name)} }
	return OverrideTyped{at("reason"), at("note"), at("until")}
}

// failed tells whether any field came back with a complaint.
func (o OverrideTyped) failed() bool {
	return o.Reason.Error != "" || o.Note.Error != "" || o.Until.Error != ""
}

// form asks for reason, words and last day; today is the firm's.
func (o OverrideTyped) form(id, action string, version int, today time.Time) partial.Form {
	pairs := []string{"", "choose one"}
	for _, r := range guideline.OverrideReasons() {
		pairs = append(pairs, string(r), overrideWords(r))
	}
	return partial.Form{ID: id, Action: action, Version: version, Submit: "Let it pass", Side: true, Fields: []partial.Field{
		{Name: "reason", Label: "Reason", Kind: partial.Select, Options: partial.Options(o.Reason.Value, pairs...), Error: o.Reason.Error, Required: true},
		{Name: "note", Label: "Who agreed to what", Value: o.Note.Value, Error: o.Note.Error, Required: true, Max: 500},
		{Name: "until", Label: "Until", Kind: partial.Date, Value: titled(o.Until.Value, format.DateKey(today.AddDate(0, 0, 30))), Error: o.Until.Error, Required: true,
			Hint: "At latest " + format.Date(guideline.LatestOverride(today)) + ". A bill handed on or approved later is looked at again."},
	}}
}

// overrideTyped reads the form. A day that is none is a missing one.
func overrideTyped(r *httpd.Request) guideline.Override {
	o := guideline.Override{Reason: guideline.OverrideReason(r.Form("reason")), Note: r.Form("note")}
	if on, err := time.Parse(time.DateOnly, r.Form("until")); err == nil {
		o.Until = on
	}
	return o
}

func (s *Site) overrides(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Overrides", "guidelines")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter := guideline.OverrideFilter{Rule: q.text("rule")}
	if filter.Person, err = idOrNone[ident.PersonID](q.text("person")); err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Guidelines.Overrides(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.names(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	here := href.Query(href.Overrides(f.FirmID), "rule", filter.Rule, "person", string(filter.Person))
	return q.plain(f, overridesView(f, n.matters, list, filter, pagerOf(here, r, len(list.Items), list.Next))), nil
}

func overridesView(f frame, matters map[ident.MatterID]string, list guideline.Overrides, filter guideline.OverrideFilter, pager partial.Pager) PlainView {
	v := PlainView{Head: layout.Head{Title: "Overrides", Crumbs: []partial.Link{{Text: "Billing guidelines", Href: href.Guides(f.FirmID)}}},
		Lede: "Findings that block, and were let pass by a partner or the bureau's team lead. A rule that is overridden often is set wrongly, or not kept."}
	if filter != (guideline.OverrideFilter{}) {
		v.Links = []partial.Link{{Text: "All overrides", Href: href.Overrides(f.FirmID)}}
	}
	t := &partial.Table{Caption: "Overrides, newest first", Columns: []partial.Column{{Head: "When", NoWrap: true}, {Head: "Rule"}, {Head: "Matter"}, {Head: "By"}, {Head: "Reason"}, {Head: "Until", NoWrap: true}, {Head: "At risk", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing was overridden", Text: "What blocks was fixed or held."}}
	for _, o := range list.Items {
		risk := ""
		if o.AtRisk.Currency != "" {
			risk = format.Money(o.AtRisk)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(format.Moment(o.At.In(f.Zone))), {Text: o.Title, Sub: o.Rule, Key: true}, {Text: matters[o.Matter], Href: href.Matter(f.FirmID, o.Matter)},
			partial.Txt(o.ByName), {Text: overrideWords(o.Reason), Sub: o.Note}, partial.Txt(format.Date(o.Until)), partial.Txt(risk)}})
	}
	counts := func(title, head, key string, cs []guideline.OverrideCount) Section {
		t := &partial.Table{Caption: title, Columns: []partial.Column{{Head: head}, {Head: "Overrides", Right: true}}}
		for _, c := range cs {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: c.Name, Href: href.Query(href.Overrides(f.FirmID), key, c.Key), Key: true}, partial.Txt(format.Count(int64(c.Count)))}})
		}
		return Section{Title: title, Table: t}
	}
	v.Sections = []Section{{Title: "Let pass", Table: t, Pager: pager}}
	if len(list.ByRule) > 0 {
		v.Sections = append(v.Sections, counts("By rule", "Rule", "rule", list.ByRule), counts("By person", "Who", "person", list.ByPerson))
	}
	return v
}
