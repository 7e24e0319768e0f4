package submission_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func (k *desk) lessons() *lesson.Service {
	return lesson.New(k.d, k.guard, guideline.New(k.d, k.guard))
}

// of are the lessons of a version, as the specialist sees them.
func (k *desk) of(t *testing.T, id ident.SubmissionID) []lesson.Lesson {
	t.Helper()
	list, err := k.lessons().OfSubmission(k.specialist, id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A receiver's own code opens one item however often it comes; once a person said which rule
// it is, what was open is weighed anew, the item is done, and the next one maps by itself.
func TestAReceiversOwnCodeIsAskedForOnce(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	svc := k.lessons()
	refused := submission.Answer{Status: submission.Rejected, ErrorType: "audit_error", Code: " 214x", Text: "Too many people on one day"}
	v := k.answer(t, k.submit(t, submission.Sending{}), refused)
	list := k.of(t, v.ID)
	if len(list) != 1 || list[0].State != lesson.Open || list[0].Code != "214X" || list[0].Text != "" || k.items(t, lesson.Work, "ready") != 1 {
		t.Fatalf("%+v, %d items", list, k.items(t, lesson.Work, "ready"))
	}
	line := k.line(t)
	again := func(code string) submission.View {
		return k.submit(t, submission.Sending{Reason: "asked them", Changes: []submission.Change{{Line: line, Field: "task_code", After: code}}})
	}
	v = k.answer(t, again("L120"), refused)
	if k.of(t, v.ID)[0].Reason != list[0].Reason || k.items(t, lesson.Work, "ready") != 1 {
		t.Error("the same reason of the same receiver is another, or has another item")
	}
	r, err := svc.ReasonOf(k.specialist, list[0].Reason)
	if err != nil || r.Status != lesson.ReasonOpen || r.Times != 2 || len(r.Lessons) != 2 || r.Lessons[0].Text == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	for name, m := range map[string]lesson.Meaning{
		"nothing":           {},
		"no rule":           {Target: lesson.Target{Rule: "XYZ-99"}},
		"a rule of files":   {Target: lesson.Target{Rule: "NAR-06"}},
		"no check":          {Target: lesson.Target{Check: "MAN-01"}},
		"both":              {Target: lesson.Target{Rule: "NAR-01", Check: "FLD-07"}},
		"an unknown reason": {Like: "GUI-99", Target: lesson.Target{Rule: "NAR-01"}},
	} {
		if _, err := svc.Say(k.specialist, r.ID, r.Version, m); !errors.Is(err, lesson.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	said, err := svc.Say(k.specialist, r.ID, r.Version, lesson.Meaning{Like: "gui-01", Target: lesson.Target{Rule: "TIM-18"}})
	if err != nil || said.Status != lesson.ReasonMapped || said.Like != "GUI-01" || said.Lessons[0].Rule != "TIM-18" || said.Lessons[0].State != lesson.Missed || said.Lessons[0].Source != lesson.ByPerson {
		t.Fatalf("%+v, %v", said, err)
	}
	if k.items(t, lesson.Work, "ready") != 0 || k.items(t, lesson.Work, "done") != 1 {
		t.Error("the item of the reason is not done")
	}
	if _, err := svc.Say(k.specialist, r.ID, r.Version, lesson.Meaning{Target: lesson.Target{Rule: "TIM-18"}}); !errors.Is(err, lesson.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	v = k.answer(t, again("L130"), refused)
	if x := k.of(t, v.ID)[0]; x.Rule != "TIM-18" || k.items(t, lesson.Work, "ready") != 0 {
		t.Errorf("the next one does not map by itself: %+v", x)
	}
	sums, _, err := svc.Sums(k.specialist, lesson.Filter{State: lesson.Missed})
	if err != nil || len(sums) != 1 || sums[0].Times != 3 {
		t.Errorf("%+v, %v", sums, err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'reason.mapped'`, k.f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

// Words that a person typed are one reason by themselves: other words are another.
func TestFreeTextIsClassifiedByAPerson(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	svc := k.lessons()
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{
		{Code: "MAN-01", Text: "See our mail", Minor: 100}, {Code: "MAN-01", Text: " see OUR  mail", Minor: 100}, {Code: "MAN-01", Text: "No parking", Minor: 100}, {Code: "MAN-01", Minor: 100}, {Code: "MAN-01", Minor: 100}}})
	list := k.of(t, v.ID)
	if len(list) != 5 || list[0].Reason != list[1].Reason || list[0].Reason == list[2].Reason || list[3].Reason == list[4].Reason || k.items(t, lesson.Work, "ready") != 4 {
		t.Fatalf("%+v", list)
	}
	r, err := svc.SayNone(k.specialist, list[0].Reason, 2, "a mail that nobody can foresee")
	if err != nil || r.Status != lesson.ReasonNoRule || k.of(t, v.ID)[1].State != lesson.NoRule || k.of(t, v.ID)[2].State != lesson.Open {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := svc.SayNone(k.specialist, list[2].Reason, 2, "x"); !errors.Is(err, lesson.ErrInvalid) {
		t.Errorf("no reason: %v", err)
	}
}

// hotel cuts the cost of 100.00 to the 60.00 that the receiver pays a night.
func (k *desk) hotel(t *testing.T) lesson.Lesson {
	t.Helper()
	cost := 3 - k.line(t)
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Line: cost, Code: "GUI-02", Text: "Hotel above the rate in confidence", Minor: 4_000}, {Line: k.line(t), Code: "GUI-01", Text: "vague", Minor: 500}}})
	list := k.of(t, v.ID)
	if len(list) != 2 || list[0].Rule != "EXP-06" || list[0].State != lesson.Proposed || list[0].Parameter != "hotel_cap" || list[0].Value != "60" || list[0].NowIs != "300" || list[1].Rule != "NAR-02" {
		t.Fatalf("%+v", list)
	}
	return list[0]
}

// What a lesson proposes is tried, accepted, and holds: as a draft for who edits, signed for
// who signs.
func TestAProposalBecomesASetting(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	svc, guides := k.lessons(), guideline.New(k.d, k.guard)
	l := k.hotel(t)
	if _, err := svc.Try(k.specialist, l.ID, l.Parameter, l.Value); err != nil {
		t.Errorf("tried: %v", err)
	}
	for name, ad := range map[string]lesson.Adoption{"no value": {Parameter: "hotel_cap"}, "no number": {Parameter: "hotel_cap", Value: "cheap"}, "another rule's": {Parameter: "meal_cap", Value: "60"}} {
		if _, err := svc.Accept(k.specialist, l.ID, l.Version, ad); !errors.Is(err, guideline.ErrSetting) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := svc.Accept(k.specialist, l.ID, l.Version, lesson.Adoption{Parameter: l.Parameter, Value: l.Value, Sign: true}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("signed without the right to: %v", err)
	}
	partner := k.f.As(t, rbac.RolePartner)
	done, err := svc.Accept(partner, l.ID, l.Version, lesson.Adoption{Parameter: l.Parameter, Value: l.Value, Sign: true})
	if err != nil || done.State != lesson.Accepted || done.GuideStatus != guideline.GuideSigned || done.DecidedBy == "" {
		t.Fatalf("%+v, %v", done, err)
	}
	g, err := guides.Guide(partner, done.Guide)
	if err != nil || g.Payor != k.m.Payor || g.Body.HotelCap != "60" {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := svc.Decline(k.specialist, l.ID, done.Version, "no"); !errors.Is(err, lesson.ErrDecided) {
		t.Errorf("decided twice: %v", err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('lesson.accepted', 'guide.drafted', 'guide.signed')`, k.f.ID); n != 3 {
		t.Errorf("%d leaves", n)
	}
}

func TestAProposalIsDeclinedWithAReason(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	l := k.hotel(t)
	if _, err := k.lessons().Decline(k.specialist, l.ID, l.Version, " "); !errors.Is(err, lesson.ErrInvalid) {
		t.Errorf("no reason: %v", err)
	}
	done, err := k.lessons().Decline(k.specialist, l.ID, l.Version, "one event, not a rule")
	if err != nil || done.State != lesson.Declined || done.Note == "" {
		t.Errorf("%+v, %v", done, err)
	}
}

// A rule that is off is proposed to be switched on; one that wider guidelines switch off is so
// only where it blocks.
func TestARuleThatIsOffIsProposed(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	partner, guides := k.f.As(t, rbac.RolePartner), guideline.New(k.d, k.guard)
	g, err := guides.SaveGuide(partner, guideline.NewGuide{Body: []byte(`{"name":"Firm","off":["NAR-01"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := guides.SignGuide(partner, g.ID, g.Hash); err != nil {
		t.Fatal(err)
	}
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Line: k.line(t), Code: "GUI-01", Text: "block billing", Minor: 500}}})
	l := k.of(t, v.ID)[0]
	if l.Rule != "NAR-01" || l.State != lesson.Proposed || l.How != lesson.HowOff {
		t.Fatalf("%+v", l)
	}
	done, err := k.lessons().Accept(k.specialist, l.ID, l.Version, lesson.Adoption{})
	if err != nil || done.GuideStatus != guideline.GuideDraft {
		t.Fatalf("%+v, %v", done, err)
	}
	if g, err = guides.Guide(partner, done.Guide); err != nil || len(g.Body.Block) != 1 {
		t.Errorf("%+v, %v", g.Body, err)
	}
}

// Who may only look does not decide; another firm's person knows of nothing; the receiver's
// words are for who reads the text of the invoice.
func TestT03_ALessonIsSeenByWhoMayKnowOfIt(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	svc, l := k.lessons(), k.hotel(t)
	other := testkit.Firm(t, k.d)
	for name, as := range map[string]struct {
		who  testkit.F
		opts []testkit.GrantOption
	}{"another firm": {other, nil}, "no amounts": {k.f, []testkit.GrantOption{testkit.UpToClass(1)}}} {
		ctx := as.who.As(t, rbac.RoleSpecialist, as.opts...)
		if _, err := svc.Get(ctx, l.ID); !errors.Is(err, lesson.ErrNotFound) {
			t.Errorf("%s reads it: %v", name, err)
		}
		if _, err := svc.Accept(ctx, l.ID, l.Version, lesson.Adoption{}); !errors.Is(err, lesson.ErrNotFound) {
			t.Errorf("%s accepts it: %v", name, err)
		}
		if list, err := svc.List(ctx, lesson.Filter{}, page.Request{}); err != nil || len(list.Items) != 0 {
			t.Errorf("%s lists %d: %v", name, len(list.Items), err)
		}
		if sums, _, err := svc.Sums(ctx, lesson.Filter{}); err != nil || len(sums) != 0 {
			t.Errorf("%s adds up %d: %v", name, len(sums), err)
		}
	}
	away := other.As(t, rbac.RoleSpecialist)
	if _, err := svc.Say(away, l.Reason, 1, lesson.Meaning{Target: lesson.Target{Rule: "EXP-06"}}); !errors.Is(err, lesson.ErrNotFound) {
		t.Errorf("another firm says what it is: %v", err)
	}
	auditor := k.f.As(t, rbac.RoleQualityAuditor)
	if x, err := svc.Get(auditor, l.ID); err != nil || x.State != lesson.Proposed {
		t.Errorf("who looks: %+v, %v", x, err)
	}
	if _, err := svc.Decline(auditor, l.ID, l.Version, "because"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("who only looks decides: %v", err)
	}
	if _, err := svc.SayNone(auditor, l.Reason, 1, "because"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("who only looks says what it is: %v", err)
	}
	full, err := svc.Get(k.specialist, l.ID)
	if err != nil || full.Text == "" {
		t.Errorf("%+v, %v", full, err)
	}
	low := k.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2))
	if x, err := svc.Get(low, l.ID); err != nil || x.Text != "" {
		t.Errorf("the words below class 3: %q, %v", x.Text, err)
	}
	if r, err := svc.ReasonOf(low, l.Reason); err != nil || len(r.Lessons) != 1 || r.Lessons[0].Text != "" {
		t.Errorf("the words of a reason below class 3: %+v, %v", r, err)
	}
	k.f.Exec(t, `UPDATE matter SET label = 3 WHERE firm_id = ? AND id = ?`, k.f.ID, k.m.ID)
	if r, err := svc.ReasonOf(k.f.As(t, rbac.RoleSpecialist, testkit.UpToLabel(1)), l.Reason); err != nil || r.Times != 0 || len(r.Lessons) != 0 {
		t.Errorf("a sealed matter's lesson is told: %+v, %v", r, err)
	}
}

// An invoice with a line that is of no entry, such as an agreed discount, is answered and learned
// from as any other.
func TestAnAnswerToALineOfNoEntryIsLearnedFrom(t *testing.T) {
	t.Parallel()
	k := setup(t, nil, func(*desk) string { return `"kind":"hourly","discount":{"rate":75000}` })
	if n := k.f.Count(t, `SELECT count(*) FROM invoice_line WHERE firm_id = ? AND entry_id IS NULL`, k.f.ID); n != 1 {
		t.Fatalf("%d lines without an entry", n)
	}
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Code: "GUI-04", Text: "over budget", Minor: 500}}})
	if list := k.of(t, v.ID); len(list) != 1 || list[0].Rule != "BUD-01" {
		t.Errorf("%+v", list)
	}
}

// A payor's share of a line is judged as its part of the line: the limit that follows is of the
// whole line, by which rules judge.
func TestALimitLearnedFromAShareIsOfTheWholeLine(t *testing.T) {
	t.Parallel()
	k := setup(t, nil, func(k *desk) string {
		return `"kind":"hourly","split":{"payors":[{"payor":"` + string(k.m.Payor) + `","fees":500000},{"payor":"` + string(k.f.Payor(t, k.m)) + `","fees":500000}]}`
	})
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Line: 3 - k.line(t), Code: "GUI-02", Text: "Hotel above the rate", Minor: 2_000}}})
	list := k.of(t, v.ID)
	if len(list) != 1 || list[0].CutMinor != 2_000 || list[0].Parameter != "hotel_cap" || list[0].Value != "60" {
		t.Errorf("half of a night of 100.00 is cut from 50.00 to 30.00: %+v", list)
	}
}

// proposals are a limit of a night and one of the code of the same cost, and each is accepted.
func (k *desk) proposals(t *testing.T) (night, code lesson.Lesson, accept func(ctx context.Context, l lesson.Lesson) (lesson.Lesson, error)) {
	t.Helper()
	cost := 3 - k.line(t)
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{
		{Line: cost, Code: "GUI-02", Text: "Hotel above the rate", Minor: 4_000}, {Line: cost, Code: "GUI-02", Text: "over the cap", Minor: 4_500}}})
	list := k.of(t, v.ID)
	if len(list) != 2 || list[0].Parameter != "hotel_cap" || list[1].Parameter != "expense_caps" || list[1].State != lesson.Proposed {
		t.Fatalf("%+v", list)
	}
	return list[0], list[1], func(ctx context.Context, l lesson.Lesson) (lesson.Lesson, error) {
		return k.lessons().Accept(ctx, l.ID, l.Version, lesson.Adoption{Parameter: l.Parameter, Value: l.Value})
	}
}

// Two who accept at the same instant for one payor come after one another: the draft has both
// settings, and neither is refused.
func TestTwoSettingsAcceptedAtOnceAreBothInTheDraft(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	night, code, accept := k.proposals(t)
	second := make(chan error, 1)
	err := k.d.InFirm(k.specialist, func(tx *db.Tx) error {
		if _, err := accept(db.Joining(tx.Context(), tx), night); err != nil {
			return err
		}
		go func() {
			_, err := accept(k.specialist, code)
			second <- err
		}()
		for len(second) == 0 && k.f.Count(t, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()`) == 0 {
			runtime.Gosched()
		}
		return nil
	})
	if err := errors.Join(err, <-second); err != nil {
		t.Fatal(err)
	}
	l, err := k.lessons().Get(k.specialist, code.ID)
	if err != nil {
		t.Fatal(err)
	}
	if g, err := guideline.New(k.d, k.guard).Guide(k.specialist, l.Guide); err != nil || g.Body.HotelCap != "60" || len(g.Body.ExpenseCaps) != 1 {
		t.Errorf("%+v, %v", g.Body, err)
	}
}

// What is accepted follows into the draft on top of its own. A draft that somebody replaces with
// another takes nothing away for good: the setting can be accepted again, or declined.
func TestAnAcceptedSettingOutlivesItsDraft(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	guides := guideline.New(k.d, k.guard)
	night, code, accept := k.proposals(t)
	if _, err := accept(k.specialist, night); err != nil {
		t.Fatal(err)
	}
	top, err := accept(k.specialist, code)
	if err != nil {
		t.Fatal(err)
	}
	now, err := k.lessons().Get(k.specialist, night.ID)
	if err != nil || now.Guide != top.Guide || now.GuideStatus != guideline.GuideDraft || now.Settable() {
		t.Errorf("%+v, %v", now, err)
	}
	if _, err := accept(k.specialist, now); !errors.Is(err, lesson.ErrDecided) {
		t.Errorf("twice into one draft: %v", err)
	}
	if _, err := guides.SaveGuide(k.specialist, guideline.NewGuide{Place: guideline.Place{Payor: k.m.Payor}, Body: []byte(`{"name":"Another"}`)}); err != nil {
		t.Fatal(err)
	}
	if now, err = k.lessons().Get(k.specialist, night.ID); err != nil || now.State != lesson.Accepted || now.GuideStatus != "" || !now.Settable() {
		t.Errorf("after the draft was replaced: %+v, %v", now, err)
	}
	if now, err = accept(k.specialist, now); err != nil || now.GuideStatus != guideline.GuideDraft {
		t.Fatalf("accepted again: %+v, %v", now, err)
	}
	if g, err := guides.Guide(k.specialist, now.Guide); err != nil || g.Body.HotelCap != "60" || g.Body.Name != "Another" {
		t.Errorf("%+v, %v", g.Body, err)
	}
	if top, err = k.lessons().Get(k.specialist, code.ID); err != nil {
		t.Fatal(err)
	}
	if top, err = k.lessons().Decline(k.specialist, top.ID, top.Version, "one event, not a rule"); err != nil || top.State != lesson.Declined || top.Guide != "" {
		t.Errorf("declined instead: %+v, %v", top, err)
	}
}
