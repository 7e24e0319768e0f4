package pages

import (
	"net/url"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/money"
)

// learnedLesson is a hotel that a receiver paid in part, whose cap was looser here.
func learnedLesson(s story) lesson.Lesson {
	return lesson.Lesson{ID: id[ident.LessonID](1), Submission: id[ident.SubmissionID](1), Invoice: id[ident.InvoiceID](1), InvoiceNumber: "HV-20948", N: 1, Matter: id[ident.MatterID](1), MatterNumber: "00417-0032", Payor: id[ident.PayorID](1),
		PayorName: "Pelham Freight Lines, Inc.", Reduction: id[ident.ReductionID](1), Line: 7, Portal: id[ident.PortalID](1), PortalName: "Castellan", Reason: id[ident.ReasonID](1), Code: "GUI-02", Text: "Hotel above the rate of the city",
		Rule: "EXP-06", Source: lesson.Published, State: lesson.Proposed, How: lesson.HowLooser, Parameter: "hotel_cap", Value: "245", NowIs: "300", Currency: "USD", CutMinor: 11_000, LearnedAt: s.at(3, 9, 0), Version: 1}
}

func lessonFixtures(t testing.TB, s story) []fixture {
	f := s.house(t, "submissions")
	partner := s.partnerFrame(t, f)
	proposed := learnedLesson(s)
	when := s.at(3, 9, 30)
	open, accepted, passed, checked := proposed, proposed, proposed, proposed
	open.ID, open.Code, open.Rule, open.State, open.How, open.Parameter, open.Source = id[ident.LessonID](2), "214", "", lesson.Open, "", "", ""
	accepted.ID, accepted.State, accepted.Guide, accepted.GuideStatus, accepted.DecidedBy, accepted.DecidedAt = id[ident.LessonID](3), lesson.Accepted, id[ident.GuideID](1), guideline.GuideDraft, "Rosalind Vane", &when
	passed.ID, passed.State, passed.How, passed.Finding, passed.Override = id[ident.LessonID](4), lesson.Overridden, lesson.HowOverride, id[ident.FindingID](1), id[ident.OverrideID](1)
	checked.ID, checked.Reduction, checked.Line, checked.Code, checked.Rule, checked.FileCheck, checked.State, checked.How = id[ident.LessonID](5), "", 0, "FLD-07", "", "FLD-07", lesson.Missed, lesson.HowCheck
	list := []lesson.Lesson{proposed, open, accepted, passed, checked}
	sums := []lesson.Sum{{Portal: proposed.Portal, PortalName: "Castellan", Reason: open.Reason, Code: "214", State: lesson.Open, Times: 3, Cut: []money.Amount{{Minor: 118_400, Currency: "USD"}, {Minor: 22_000, Currency: "EUR"}}},
		{Portal: proposed.Portal, PortalName: "Castellan", Reason: id[ident.ReasonID](2), Code: "FLD-07", FileCheck: "FLD-07", State: lesson.Missed, Times: 1}}
	reason := lesson.ReasonView{Reason: lesson.Reason{ID: open.Reason, Portal: open.Portal, PortalName: "Castellan", Code: "214", Status: lesson.ReasonOpen, Times: 3, Version: 2}, Lessons: []lesson.Lesson{open}, Written: []guideline.OwnRule{{ID: "PEL-01", Name: "Two at a deposition"}}}
	trial := guideline.Trial{Since: s.at(1, 0, 0), Lines: 812, Rules: []guideline.TriedRule{{Rule: "EXP-06", Name: "Hotel cap", Severity: guideline.Auto, Before: 2, After: 9, AtRisk: []money.Amount{{Minor: 61_000, Currency: "USD"}}}}}
	trying := href.Act(href.Lesson(f.FirmID, proposed.ID), "trial")
	accept := href.Act(href.Lesson(f.FirmID, proposed.ID), "accept")
	show := func(name string, f frame, v PlainView) fixture {
		f.Active, f.Title = "submissions", v.Head.Title
		return fixture{name: name, page: Plain(f.Chrome, v)}
	}
	return []fixture{
		show("lessons", f, lessonSumsView(f, lesson.Filter{}, sums, true)),
		show("lessons-none", f, lessonSumsView(f, lesson.Filter{State: lesson.Open}, nil, false)),
		show("lesson-cases", f, PlainView{Head: lessonView(f, proposed, nil, typedForm{}).Head, Sections: []Section{{Title: "Lessons", Table: lessonTable(f, list)}}}),
		show("lesson", partner, lessonView(partner, proposed, nil, typedForm{})),
		show("lesson-tried", partner, lessonView(partner, proposed, &trial, typedForm{url.Values{"parameter": {"hotel_cap"}, "value": {"240"}}, trying, nil})),
		show("lesson-wrong", partner, lessonView(partner, proposed, nil, typedForm{url.Values{"value": {"cheap"}}, accept, guideline.ErrSetting})),
		show("lesson-accepted", f, lessonView(f, accepted, nil, typedForm{})),
		show("reason", partner, reasonView(partner, reason, typedForm{})),
	}
}

// Every state of a lesson and each reason for it has words of its own.
func TestALessonSaysWhatCameOfItsRule(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	l := learnedLesson(newStory(t))
	for _, state := range lesson.States() {
		l.State = state
		if lessonChip(state).Text == string(state) {
			t.Errorf("%s has no words", state)
		}
	}
	for _, how := range []lesson.How{lesson.HowOverride, lesson.HowWaived, lesson.HowOpen, lesson.HowOff, lesson.HowUnset, lesson.HowLooser, lesson.HowSilent, lesson.HowNotOurs, lesson.HowCheck} {
		l.State, l.How = lesson.Missed, how
		words := lessonWords(l)
		if seen[words] != "" {
			t.Errorf("%s says what %s says", how, seen[words])
		}
		seen[words] = string(how)
	}
}

// What was tried is what is offered for acceptance; who only looks is offered nothing.
func TestWhatWasTriedIsOffered(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.partnerFrame(t, s.house(t, "submissions"))
	l := learnedLesson(s)
	v := lessonView(f, l, &guideline.Trial{}, typedForm{url.Values{"parameter": {"hotel_cap"}, "value": {"240"}}, href.Act(href.Lesson(f.FirmID, l.ID), "trial"), nil})
	found := false
	for _, x := range v.Sections {
		if x.Form == nil || !strings.HasSuffix(x.Form.Action, "/accept") {
			continue
		}
		found = true
		if x.Form.Fields[1].Value != "240" {
			t.Errorf("offered is %q", x.Form.Fields[1].Value)
		}
	}
	if !found {
		t.Error("nothing is offered to who decides")
	}
}
