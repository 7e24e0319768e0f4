package pages

import (
	"strings"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountLessons adds what receivers' answers say about the rules: the overview with the list
// behind each figure, one lesson with its decision, and what a receiver means by a reason.
func (s *Site) MountLessons(srv *httpd.Server) {
	get(srv, "/firms/{firm}/lessons", rbac.SubmissionRead, s.lessons)
	get(srv, "/firms/{firm}/lessons/cases", rbac.SubmissionRead, s.lessonCases)
	show(srv, "/firms/{firm}/lessons/{id}", rbac.SubmissionRead, of(s.lessonPage))
	fill(srv, "/firms/{firm}/lessons/{id}/trial", rbac.GuideRead, s.tryLesson, of(s.lessonPage))
	fill(srv, "/firms/{firm}/lessons/{id}/accept", rbac.GuideEdit, s.acceptLesson, of(s.lessonPage))
	fill(srv, "/firms/{firm}/lessons/{id}/decline", rbac.GuideEdit, s.declineLesson, of(s.lessonPage))
	show(srv, "/firms/{firm}/receiver-reasons/{id}", rbac.SubmissionRead, of(s.reasonPage))
	fill(srv, "/firms/{firm}/receiver-reasons/{id}/map", rbac.GuideEdit, s.mapReason, of(s.reasonPage))
	fill(srv, "/firms/{firm}/receiver-reasons/{id}/no-rule", rbac.GuideEdit, s.noRuleReason, of(s.reasonPage))
}

// lessonStates are the states in words, for a list and its filter.
var lessonStates = []string{string(lesson.Open), "Which rule is open", string(lesson.Proposed), "Setting proposed", string(lesson.Missed), "Missed by the rule", string(lesson.Overridden), "Found and let pass",
	string(lesson.Accepted), "Setting accepted", string(lesson.Declined), "Setting declined", string(lesson.NoRule), "No rule can catch it"}

func lessonChip(state lesson.State) partial.Chip {
	c := partial.Chip{Icon: "check", Text: choice(string(state), lessonStates)}
	switch state {
	case lesson.Open, lesson.Proposed:
		c.Tone, c.Icon = partial.Warn, "alert"
	case lesson.Missed:
		c.Tone, c.Icon = partial.Bad, "x"
	case lesson.Accepted:
		c.Tone = partial.OK
	case lesson.Overridden, lesson.Declined, lesson.NoRule:
	}
	return c
}

// ruleCell names a rule, or a check of the file; of neither it says that it is open.
func ruleCell(rule, check string) partial.Cell {
	if r, builtIn := guideline.RuleByID(rule); builtIn {
		return partial.Cell{Text: r.Name, Sub: rule}
	}
	if x, known := lesson.ReasonByCode(check); known {
		return partial.Cell{Text: x.Words, Sub: "File check " + check}
	}
	if rule != "" {
		return partial.Cell{Text: rule, Sub: "The firm’s own rule"}
	}
	return partial.Txt("–")
}

// saidWords names a receiver's reason: its code, and what the published list says of it.
func saidWords(code, like string) (text, sub string) {
	if x, known := lesson.ReasonByCode(code); known {
		return code, x.Words
	}
	if like != "" {
		sub = "Its own code for " + like
	}
	return titled(code, "No code"), sub
}

// lessonFilter reads what the address asks for.
func lessonFilter(q *filters) (f lesson.Filter, err error) {
	states := make([]string, 0, len(lesson.States()))
	for _, x := range lesson.States() {
		states = append(states, string(x))
	}
	f = lesson.Filter{Rule: strings.ToUpper(q.text("rule")), State: lesson.State(q.one("state", "is no state of a lesson", "lessons in every state are shown", states...))}
	if f.Portal, err = idOrNone[ident.PortalID](q.text("portal")); err != nil {
		return f, err
	}
	f.Reason, err = idOrNone[ident.ReasonID](q.text("reason"))
	return f, err
}

func (s *Site) lessons(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Lessons from receivers", "submissions")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter, err := lessonFilter(q)
	if err != nil {
		return httpd.Reply{}, err
	}
	sums, more, err := s.Lessons.Sums(r.Context(), filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.plain(f, lessonSumsView(f, filter, sums, more)), nil
}

func lessonSumsView(f frame, filter lesson.Filter, sums []lesson.Sum, more bool) PlainView {
	t := &partial.Table{Caption: "What receivers refused or cut, by receiver, reason and rule", Keys: true,
		Columns: []partial.Column{{Head: "Reason"}, {Head: "Receiver"}, {Head: "Rule", Wide: true}, {Head: "Times", Right: true}, {Head: "Cut", Right: true}, {Head: "State"}},
		Empty:   partial.Empty{Icon: "check", Title: "Nothing to learn here", Text: "When a receiver refuses or cuts an e-bill, the rule that was to say it first stands here."}}
	for _, x := range sums {
		text, sub := saidWords(x.Code, x.Like)
		cut := make([]string, len(x.Cut))
		for i, a := range x.Cut {
			cut[i] = format.Money(a)
		}
		cases := href.LessonCases(f.FirmID, string(x.Portal), string(x.Reason), titled(x.Rule, x.FileCheck), string(x.State))
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(text, href.ReceiverReason(f.FirmID, x.Reason), sub), {Text: x.PortalName, Href: href.Query(href.Lessons(f.FirmID), "portal", string(x.Portal), "state", string(filter.State))},
			ruleCell(x.Rule, x.FileCheck), {Text: format.Count(x.Times), Href: cases}, moneyCell(strings.Join(cut, ", "), cases), partial.Node(partial.ChipMark(lessonChip(x.State)))}})
	}
	if more {
		t.Foot = []partial.Row{{Cells: []partial.Cell{{Text: "There are more; choose a state or a receiver.", Span: 6}}}}
	}
	v := PlainView{Head: layout.Head{Title: "Lessons from receivers", Crumbs: []partial.Link{{Text: "E-bills", Href: href.Submissions(f.FirmID)}}},
		Lede: "Each refusal and each cut is held against the rule that was to say it first.", Sections: []Section{{Title: "By receiver and reason", Table: t}}}
	tabs := append([]string{"", "All"}, lessonStates...)
	for i := 0; i+1 < len(tabs); i += 2 {
		v.Tabs = append(v.Tabs, partial.Tab{Text: tabs[i+1], Href: href.Query(href.Lessons(f.FirmID), "portal", string(filter.Portal), "state", tabs[i]), Count: -1, Current: tabs[i] == string(filter.State)})
	}
	if filter.Portal != "" || filter.Reason != "" || filter.Rule != "" {
		v.Links = []partial.Link{{Text: "Every receiver", Href: href.Query(href.Lessons(f.FirmID), "state", string(filter.State))}}
	}
	return v
}

// moneyCell leads to the list behind a sum, where there is one.
func moneyCell(text, address string) partial.Cell {
	if text == "" {
		return partial.Txt("")
	}
	return partial.Cell{Text: text, Href: address}
}

func (s *Site) lessonCases(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Lessons, one by one", "submissions")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter, err := lessonFilter(q)
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Lessons.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.LessonCases(f.FirmID, string(filter.Portal), string(filter.Reason), filter.Rule, string(filter.State))
	v := PlainView{Head: layout.Head{Title: "Lessons, one by one", Crumbs: []partial.Link{{Text: "E-bills", Href: href.Submissions(f.FirmID)}, {Text: "Lessons from receivers", Href: href.Lessons(f.FirmID)}}},
		Sections: []Section{{Title: "Lessons", Table: lessonTable(f, list.Items), Pager: pagerOf(base, r, len(list.Items), list.Next)}}}
	if filter.State != "" {
		v.Meta = []string{choice(string(filter.State), lessonStates)}
	}
	return q.plain(f, v), nil
}

// lessonTable lists lessons of any invoices.
func lessonTable(f frame, list []lesson.Lesson) *partial.Table {
	t := &partial.Table{Caption: "Lessons, newest first", Keys: true,
		Columns: []partial.Column{{Head: "Invoice"}, {Head: "Off", Minor: true}, {Head: "Reason", Minor: true}, {Head: "Rule", Wide: true}, {Head: "Cut", Right: true}, {Head: "State"}},
		Empty:   partial.Empty{Icon: "check", Title: "No lesson here", Text: "Choose another state or receiver."}}
	for _, l := range list {
		text, sub := saidWords(l.Code, "")
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(l.InvoiceNumber, href.Lesson(f.FirmID, l.ID), l.PortalName+", matter "+l.MatterNumber), partial.Txt(cutAt(l.Line)), {Text: text, Sub: sub},
			ruleCell(l.Rule, l.FileCheck), partial.Txt(cutWords(l)), partial.Node(partial.ChipMark(lessonChip(l.State)))}})
	}
	return t
}

// cutWords is what was cut, "" of a refusal.
func cutWords(l lesson.Lesson) string {
	if l.Reduction == "" {
		return "refused"
	}
	return format.Money(money.Amount{Minor: l.CutMinor, Currency: l.Currency})
}

// lessonSection is what the answer of a version says about the rules, on its page.
func (s *Site) lessonSection(r *httpd.Request, f frame, id ident.SubmissionID) ([]Section, error) {
	list, err := s.Lessons.OfSubmission(r.Context(), id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	t := &partial.Table{Caption: "What the answer says about the rules", Columns: []partial.Column{{Head: "Off"}, {Head: "Rule", Wide: true}, {Head: "What came of it", Wide: true}, {Head: "State"}}}
	for _, l := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(cutAt(l.Line), href.Lesson(f.FirmID, l.ID), titled(l.Code, "no code")), ruleCell(l.Rule, l.FileCheck), partial.Txt(lessonWords(l)), partial.Node(partial.ChipMark(lessonChip(l.State)))}})
	}
	return []Section{{Title: "Lessons", Note: "Which rule was to say it first", Table: t}}, nil
}
