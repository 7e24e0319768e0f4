package pages

import (
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/rbac"
)

// lessonWords say what came of the rule on this very line or invoice.
func lessonWords(l lesson.Lesson) string {
	switch l.State {
	case lesson.Open:
		return "Nobody has said yet which rule this is."
	case lesson.NoRule:
		return "Somebody said that no rule can catch this."
	case lesson.Accepted:
		if l.GuideStatus == guideline.GuideDraft {
			return "Accepted: " + settingWords(l) + ". The draft binds nobody until it is signed."
		}
		if l.GuideStatus == "" {
			return "Accepted: " + settingWords(l) + ". Its draft was replaced by a later one of this payor; accept it again if that does not say it, or decline it."
		}
		return "Accepted: " + settingWords(l) + "."
	case lesson.Declined:
		return "Declined: " + l.Note
	case lesson.Overridden, lesson.Proposed, lesson.Missed:
	}
	switch l.How {
	case lesson.HowOverride:
		return "The rule had found it, and it was overridden."
	case lesson.HowWaived:
		return "The rule had found it, and somebody said why it stays."
	case lesson.HowOpen:
		return "The rule had found it, and it went as it was."
	case lesson.HowOff:
		return "The rule is switched off for this payor or matter."
	case lesson.HowUnset:
		return "The rule has nothing to judge by: " + settingWords(l) + " is proposed."
	case lesson.HowLooser:
		return "The limit of " + l.NowIs + " is looser than the receiver’s: " + settingWords(l) + " is proposed."
	case lesson.HowNotOurs:
		return "This rule of the firm’s own does not hold for this payor or matter."
	case lesson.HowCheck:
		return "The check before sending is there for this and did not find it."
	case lesson.HowSilent:
	}
	return "The rule applies and did not find it."
}

// settingWords name a setting as guidelines have it.
func settingWords(l lesson.Lesson) string {
	switch {
	case l.Parameter == "":
		return l.Rule + " applies"
	case l.Value == "":
		return l.Parameter
	}
	return l.Parameter + " = " + l.Value
}

func (s *Site) lessonPage(r *httpd.Request, id ident.LessonID, failed error) (templ.Component, error) {
	return s.lessonTried(r, id, nil, failed)
}

// lessonTried is the page with what a setting would have found, where it was tried.
func (s *Site) lessonTried(r *httpd.Request, id ident.LessonID, t *guideline.Trial, failed error) (templ.Component, error) {
	l, err := s.Lessons.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	title := "Lesson of " + l.InvoiceNumber
	f, err := s.frame(r, title, "submissions")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, lessonView(f, l, t, typedForm{r.Values(), r.Path(), failed})), nil
}

func lessonView(f frame, l lesson.Lesson, t *guideline.Trial, typed typedForm) PlainView {
	text, sub := saidWords(l.Code, "")
	v := PlainView{Head: layout.Head{Title: "Lesson of " + l.InvoiceNumber, Crumbs: []partial.Link{{Text: "E-bills", Href: href.Submissions(f.FirmID)}, {Text: "Lessons from receivers", Href: href.Lessons(f.FirmID)}}},
		Meta: []string{choice(string(l.State), lessonStates), l.PortalName, cutAt(l.Line)}, Links: []partial.Link{{Text: "The e-bill", Href: href.Submission(f.FirmID, l.Submission)}}}
	facts := []partial.Fact{{Name: "Reason", Value: strings.TrimSuffix(text+": "+sub, ": "), Href: href.ReceiverReason(f.FirmID, l.Reason)}, {Name: "Cut", Value: cutWords(l)}, {Name: "Payor", Value: l.PayorName}, {Name: "Matter", Value: l.MatterNumber}}
	if l.Text != "" {
		facts = append(facts, partial.Fact{Name: "Its words", Value: l.Text})
	}
	v.Sections = []Section{{Title: "What the receiver said", Facts: facts}, {Title: "What came of the rule", Text: lessonWords(l), Facts: ruleFacts(f, l)}}
	if l.State == lesson.Open {
		v.Main = &partial.Link{Text: "Say which rule it is", Href: href.ReceiverReason(f.FirmID, l.Reason)}
	}
	if l.Settable() && f.May(rbac.GuideRead) {
		v.Sections = append(v.Sections, settingSections(f, l, typed)...)
	}
	if t != nil {
		v.Sections = append(v.Sections, trialSections(*t)...)
	}
	return v
}

// ruleFacts are the rule, and what there is of it to open.
func ruleFacts(f frame, l lesson.Lesson) []partial.Fact {
	var facts []partial.Fact
	if c := ruleCell(l.Rule, l.FileCheck); c.Sub != "" {
		facts = append(facts, partial.Fact{Name: "Rule", Value: c.Text + " (" + c.Sub + ")"})
	}
	switch {
	case l.Override != "" && f.May(rbac.FindingRead):
		facts = append(facts, partial.Fact{Name: "Let pass by", Value: "The overrides of " + l.Rule, Href: href.Query(href.Overrides(f.FirmID), "rule", l.Rule)})
	case l.Finding != "" && f.May(rbac.InvoiceRead):
		facts = append(facts, partial.Fact{Name: "Found on", Value: l.InvoiceNumber, Href: href.Invoice(f.FirmID, l.Invoice)})
	}
	if field := lesson.ReceiverSetting(l.FileCheck); field != "" && f.May(rbac.PortalRead) {
		facts = append(facts, partial.Fact{Name: "The receiver’s profile", Value: l.PortalName + ", " + strings.ReplaceAll(field, "_", " "), Href: href.Portal(f.FirmID, l.Portal)})
	}
	if l.GuideStatus != "" && f.May(rbac.GuideRead) {
		facts = append(facts, partial.Fact{Name: "Guidelines", Value: "The version that has it", Href: href.Guide(f.FirmID, l.Guide)})
	}
	if l.DecidedBy != "" && l.DecidedAt != nil {
		facts = append(facts, partial.Fact{Name: "Decided", Value: format.Moment(l.DecidedAt.In(f.Zone)) + ", " + l.DecidedBy})
	}
	return facts
}

// settingSections let a person try the setting, then accept it or say why not.
func settingSections(f frame, l lesson.Lesson, typed typedForm) []Section {
	fields := func(action string) []partial.Field {
		trying := href.Act(href.Lesson(f.FirmID, l.ID), "trial") // what was tried is what is offered
		parameter, value := l.Parameter, l.Value
		for _, at := range []string{trying, action} {
			if typed.at == at {
				parameter, value = typed.values.Get("parameter"), typed.values.Get("value")
			}
		}
		pairs := []string{}
		if l.How == lesson.HowOff || len(guideline.Settable(l.Rule)) == 0 {
			pairs = append(pairs, "", "only switch it on")
		}
		for _, p := range guideline.Settable(l.Rule) {
			pairs = append(pairs, p, p)
		}
		return []partial.Field{{Name: "parameter", Label: "Parameter", Kind: partial.Select, Options: partial.Options(parameter, pairs...)}, {Name: "value", Label: "Value", Value: value, Max: 4000, Hint: "As the guidelines’ form takes it"}}
	}
	var sections []Section
	if f.May(rbac.EntryRead) {
		action := href.Act(href.Lesson(f.FirmID, l.ID), "trial")
		sections = append(sections, Section{Title: "Try it", Note: "On the last 90 days of this payor", Text: guideline.Untried(l.Rule),
			Form: typed.back(&partial.Form{ID: "trial", Action: action, Submit: "Try the setting", Side: true, Fields: fields(action)})})
	}
	if !f.May(rbac.GuideEdit) {
		return sections
	}
	accept, decline := href.Act(href.Lesson(f.FirmID, l.ID), "accept"), href.Act(href.Lesson(f.FirmID, l.ID), "decline")
	form := &partial.Form{ID: "accept", Action: accept, Version: l.Version, Submit: "Accept the setting", Fields: fields(accept)}
	if f.May(rbac.GuideSign) {
		form.Fields = append(form.Fields, partial.Field{Name: "sign", Label: "Sign it for the firm now, where the draft has nothing else in it", Kind: partial.Check, Value: typed.of(accept, "sign")})
	}
	sections = append(sections, Section{Title: "Accept", Text: "It becomes a draft of the guidelines of " + l.PayorName + ", on top of what they say now.", Form: typed.back(form)})
	if l.Declinable() {
		sections = append(sections, Section{Title: "Decline", Form: typed.back(&partial.Form{ID: "decline", Action: decline, Version: l.Version, Submit: "Decline it",
			Fields: []partial.Field{{Name: "reason", Label: "Why not", Kind: partial.Area, Rows: 2, Value: typed.of(decline, "reason"), Required: true, Max: 500, Wide: true}}})})
	}
	return sections
}

func (s *Site) tryLesson(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.LessonID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	t, err := s.Lessons.Try(r.Context(), id, r.Form("parameter"), r.Form("value"))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.lessonPage(r, id, err) })
	}
	c, err := s.lessonTried(r, id, &t, nil)
	return httpd.Show(c), err
}

// decideLesson decides about the lesson that the path names.
func (s *Site) decideLesson(r *httpd.Request, said string, do func(id ident.LessonID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.LessonID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(id); err != nil {
		return again(err, func() (templ.Component, error) { return s.lessonPage(r, id, err) })
	}
	return httpd.Go(href.Lesson(r.Firm(), id), said), nil
}

func (s *Site) acceptLesson(r *httpd.Request) (httpd.Reply, error) {
	return s.decideLesson(r, "Accepted. It stands in the payor’s guidelines.", func(id ident.LessonID) error {
		_, err := s.Lessons.Accept(r.Context(), id, r.FormInt("version"), lesson.Adoption{Parameter: r.Form("parameter"), Value: r.Form("value"), Sign: r.Form("sign") == "yes"})
		return err
	})
}

func (s *Site) declineLesson(r *httpd.Request) (httpd.Reply, error) {
	return s.decideLesson(r, "Declined.", func(id ident.LessonID) error {
		_, err := s.Lessons.Decline(r.Context(), id, r.FormInt("version"), r.Form("reason"))
		return err
	})
}

func (s *Site) reasonPage(r *httpd.Request, id ident.ReasonID, failed error) (templ.Component, error) {
	v, err := s.Lessons.ReasonOf(r.Context(), id)
	if err != nil {
		return nil, err
	}
	text, _ := saidWords(v.Code, v.Like)
	f, err := s.frame(r, "Reason "+text, "submissions")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, reasonView(f, v, typedForm{r.Values(), r.Path(), failed})), nil
}

func reasonView(f frame, v lesson.ReasonView, typed typedForm) PlainView {
	text, sub := saidWords(v.Code, v.Like)
	out := PlainView{Head: layout.Head{Title: "Reason " + text, Crumbs: []partial.Link{{Text: "E-bills", Href: href.Submissions(f.FirmID)}, {Text: "Lessons from receivers", Href: href.Lessons(f.FirmID)}}},
		Meta: []string{v.PortalName, format.Counted(v.Times, "time", "times")}, Lede: sub}
	out.Links = []partial.Link{{Text: "All its lessons", Href: href.LessonCases(f.FirmID, "", string(v.ID), "", "")}}
	state := Section{Title: "Which rule it is", Text: reasonState(v)}
	if v.DecidedBy != "" && v.DecidedAt != nil {
		state.Facts = []partial.Fact{{Name: "Said", Value: format.Moment(v.DecidedAt.In(f.Zone)) + ", " + v.DecidedBy}}
	}
	out.Sections = []Section{state}
	if f.May(rbac.GuideEdit) {
		out.Sections = append(out.Sections, reasonForms(f, v, typed)...)
	}
	t := lessonTable(f, v.Lessons)
	for i, l := range v.Lessons { // here the words are what one decides by
		if l.Text != "" {
			t.Rows[i].Cells[2].Sub = l.Text
		}
	}
	t.Columns[2].Minor = false
	out.Sections = append(out.Sections, Section{Title: "Occurrences", Note: "The newest", Table: t})
	return out
}

func reasonState(v lesson.ReasonView) string {
	switch v.Status {
	case lesson.ReasonOpen:
		return "Nobody has said yet which rule this receiver means by it."
	case lesson.ReasonMapped:
		c := ruleCell(v.Target.Rule, v.Target.Check)
		return "It is " + c.Text + " (" + c.Sub + "). The next one maps by itself."
	case lesson.ReasonNoRule:
		return "No rule can catch it: " + v.Note
	case lesson.ReasonPublished:
	}
	return "The published reasons say which rule it is."
}

// reasonForms let a person say which rule it is, begin a rule of the firm's own, or say that
// none can catch it.
func reasonForms(f frame, v lesson.ReasonView, typed typedForm) []Section {
	here := href.ReceiverReason(f.FirmID, v.ID)
	says, none := href.Act(here, "map"), href.Act(here, "no-rule")
	like := []string{"", "none of them"}
	for _, x := range lesson.Reasons() {
		like = append(like, x.Code, x.Code+" "+x.Words)
	}
	target := v.Target.Rule
	if v.Target.Check != "" {
		target = checkPrefix + v.Target.Check
	}
	chosen, chosenLike := target, v.Like
	if typed.at == says {
		chosen, chosenLike = typed.of(says, "rule"), typed.of(says, "like")
	}
	sections := []Section{{Title: "Say which rule it is", Text: "What nobody decided yet is looked at again, and the next one maps by itself.", Form: typed.back(&partial.Form{ID: "map", Action: says, Version: v.Version, Submit: "Keep it", Fields: []partial.Field{
		{Name: "rule", Label: "Rule or check", Kind: partial.Select, Options: partial.Options(chosen, targetPairs(v)...), Required: true},
		{Name: "like", Label: "The published reason it is like", Kind: partial.Select, Options: partial.Options(chosenLike, like...)}}})}}
	if len(v.Lessons) > 0 {
		sections = append(sections, Section{Title: "A rule of the firm’s own", Text: "Where no rule says it, write one in the payor’s guidelines. Once they are signed, choose it above.",
			Facts: []partial.Fact{{Name: "Guidelines of " + v.Lessons[0].PayorName, Value: "Write a rule", Href: href.Query(href.New(href.Guides(f.FirmID)), "lesson", string(v.Lessons[0].ID))}}})
	}
	return append(sections, Section{Title: "No rule can catch this", Form: typed.back(&partial.Form{ID: "no-rule", Action: none, Version: v.Version, Submit: "Say so",
		Fields: []partial.Field{{Name: "reason", Label: "Why not", Kind: partial.Area, Rows: 2, Value: typed.of(none, "reason"), Required: true, Max: 500, Wide: true}}})})
}

// checkPrefix tells a check of the file from a rule of the same name in the choice of both.
const checkPrefix = "check:"

// targetPairs are the rules and checks that can be chosen: those that the published map has for
// the reason first, then the firm's own.
func targetPairs(v lesson.ReasonView) []string {
	pairs := []string{"", "choose one"}
	add := func(id, name string) {
		if !slices.Contains(pairs, id) {
			pairs = append(pairs, id, id+" "+name)
		}
	}
	for _, t := range v.Could {
		if r, known := guideline.RuleByID(t.Rule); known {
			add(r.ID, r.Name)
		}
	}
	for _, r := range v.Written {
		add(r.ID, r.Name)
	}
	for _, r := range guideline.Catalogue() {
		if r.InProduct() {
			add(r.ID, r.Name)
		}
	}
	for _, c := range lesson.Checks() {
		pairs = append(pairs, checkPrefix+c.Code, "File check "+c.Code+" "+c.Words)
	}
	return pairs
}

// sayReason keeps what a person said of the reason that the path names.
func (s *Site) sayReason(r *httpd.Request, said string, do func(id ident.ReasonID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ReasonID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(id); err != nil {
		return again(err, func() (templ.Component, error) { return s.reasonPage(r, id, err) })
	}
	return httpd.Go(href.ReceiverReason(r.Firm(), id), said), nil
}

func (s *Site) mapReason(r *httpd.Request) (httpd.Reply, error) {
	return s.sayReason(r, "Kept. The next one maps by itself.", func(id ident.ReasonID) error {
		m := lesson.Meaning{Like: r.Form("like")}
		if check, ok := strings.CutPrefix(r.Form("rule"), checkPrefix); ok {
			m.Target.Check = check
		} else {
			m.Target.Rule = r.Form("rule")
		}
		_, err := s.Lessons.Say(r.Context(), id, r.FormInt("version"), m)
		return err
	})
}

func (s *Site) noRuleReason(r *httpd.Request) (httpd.Reply, error) {
	return s.sayReason(r, "Kept. No rule is asked for any more.", func(id ident.ReasonID) error {
		_, err := s.Lessons.SayNone(r.Context(), id, r.FormInt("version"), r.Form("reason"))
		return err
	})
}
