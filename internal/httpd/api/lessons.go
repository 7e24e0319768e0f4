package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type lessons interface {
	Sums(ctx context.Context, f lesson.Filter) ([]lesson.Sum, bool, error)
	List(ctx context.Context, f lesson.Filter, req page.Request) (page.Page[lesson.Lesson], error)
	Get(ctx context.Context, id ident.LessonID) (lesson.Lesson, error)
	OfSubmission(ctx context.Context, id ident.SubmissionID) ([]lesson.Lesson, error)
	Try(ctx context.Context, id ident.LessonID, parameter, value string) (guideline.Trial, error)
	Accept(ctx context.Context, id ident.LessonID, version int, ad lesson.Adoption) (lesson.Lesson, error)
	Decline(ctx context.Context, id ident.LessonID, version int, reason string) (lesson.Lesson, error)
	ReasonOf(ctx context.Context, id ident.ReasonID) (lesson.ReasonView, error)
	Say(ctx context.Context, id ident.ReasonID, version int, m lesson.Meaning) (lesson.ReasonView, error)
	SayNone(ctx context.Context, id ident.ReasonID, version int, note string) (lesson.ReasonView, error)
}

// LessonSum is the lessons of one receiver, reason, rule and state.
type LessonSum struct {
	Portal ident.PortalID `json:"portal_id" class:"C1"`
	Reason ident.ReasonID `json:"reason_id" class:"C1"`
	Code   string         `json:"code" class:"C1" doc:"the receiver's"`
	Like   string         `json:"like,omitempty" class:"C1" doc:"the published reason that a person named"`
	Rule   string         `json:"rule,omitempty" class:"C1"`
	Check  string         `json:"check,omitempty" class:"C1" doc:"of the file before it is sent, by its published code"`
	State  lesson.State   `json:"state" class:"C1" enum:"open,proposed,missed,overridden,accepted,declined,no_rule"`
	Times  int            `json:"times" class:"C1"`
	Cut    []Money        `json:"cut,omitempty" class:"C2" doc:"by currency, less what appeals brought back"`
}

func toLessonSum(s lesson.Sum) LessonSum {
	out := LessonSum{Portal: s.Portal, Reason: s.Reason, Code: s.Code, Like: s.Like, Rule: s.Rule, Check: s.FileCheck, State: s.State, Times: s.Times}
	for _, a := range s.Cut {
		out.Cut = append(out.Cut, Money{a.Minor, a.Currency})
	}
	return out
}

// Lesson is what one answer of a receiver says about one rule.
type Lesson struct {
	ID         ident.LessonID     `json:"id" class:"C1"`
	Submission ident.SubmissionID `json:"submission_id" class:"C1"`
	Invoice    ident.InvoiceID    `json:"invoice_id" class:"C1"`
	Payor      ident.PayorID      `json:"payor_id" class:"C1"`
	Reduction  ident.ReductionID  `json:"reduction_id,omitempty" class:"C1" doc:"left out of a refusal"`
	Line       int                `json:"line" class:"C1" doc:"of the invoice; 0 is the whole"`
	Portal     ident.PortalID     `json:"portal_id" class:"C1"`
	Reason     ident.ReasonID     `json:"reason_id" class:"C1"`
	Code       string             `json:"code" class:"C1" doc:"the receiver's"`
	Text       string             `json:"text,omitempty" class:"C3"`
	Rule       string             `json:"rule,omitempty" class:"C1"`
	Check      string             `json:"check,omitempty" class:"C1"`
	State      lesson.State       `json:"state" class:"C1" enum:"open,proposed,missed,overridden,accepted,declined,no_rule"`
	How        lesson.How         `json:"how,omitempty" class:"C1" enum:"override,waived,left_open,off,not_set_up,looser,silent,not_in_force,file_check"`
	Finding    ident.FindingID    `json:"finding_id,omitempty" class:"C1"`
	Override   ident.OverrideID   `json:"override_id,omitempty" class:"C1"`
	Parameter  string             `json:"parameter,omitempty" class:"C1" doc:"of the payor's guidelines; left out where the rule is only switched on"`
	Value      string             `json:"value,omitempty" class:"C2"`
	NowIs      string             `json:"now_is,omitempty" class:"C2" doc:"the value when it was learned"`
	Guide      ident.GuideID      `json:"guide_id,omitempty" class:"C1" doc:"the version that has the setting"`
	Note       string             `json:"note,omitempty" class:"C2" doc:"why it was declined"`
	Cut        *Money             `json:"cut,omitempty" class:"C2"`
	LearnedAt  time.Time          `json:"learned_at" class:"C1"`
	Version    int                `json:"version" class:"C1"`
}

func toLesson(l lesson.Lesson) Lesson {
	return Lesson{l.ID, l.Submission, l.Invoice, l.Payor, l.Reduction, l.Line, l.Portal, l.Reason, l.Code, l.Text, l.Rule, l.FileCheck, l.State, l.How, l.Finding, l.Override,
		l.Parameter, l.Value, l.NowIs, l.Guide, l.Note, amount(l.CutMinor, l.Currency), l.LearnedAt.UTC(), l.Version}
}

// ReceiverReason is what a receiver means by one of its reasons.
type ReceiverReason struct {
	ID      ident.ReasonID      `json:"id" class:"C1"`
	Portal  ident.PortalID      `json:"portal_id" class:"C1"`
	Code    string              `json:"code" class:"C1"`
	Status  lesson.ReasonStatus `json:"status" class:"C1" enum:"published,open,mapped,no_rule"`
	Like    string              `json:"like,omitempty" class:"C1"`
	Rule    string              `json:"rule,omitempty" class:"C1"`
	Check   string              `json:"check,omitempty" class:"C1"`
	Note    string              `json:"note,omitempty" class:"C2" doc:"why no rule can catch it"`
	Times   int                 `json:"times" class:"C1"`
	Lessons []Lesson            `json:"lessons" class:"C1" doc:"the newest"`
	Version int                 `json:"version" class:"C1"`
}

func toReason(v lesson.ReasonView) ReceiverReason {
	out := ReceiverReason{ID: v.ID, Portal: v.Portal, Code: v.Code, Status: v.Status, Like: v.Like, Rule: v.Target.Rule, Check: v.Target.Check, Note: v.Note, Times: v.Times, Lessons: make([]Lesson, len(v.Lessons)), Version: v.Version}
	for i, l := range v.Lessons {
		out.Lessons[i] = toLesson(l)
	}
	return out
}

// lessonFilter reads what a list is narrowed to.
func lessonFilter(portal, reason, rule string, state lesson.State) (f lesson.Filter, err error) {
	f = lesson.Filter{Rule: rule, State: state}
	if f.Portal, err = optionalID[ident.PortalID](portal); err != nil {
		return f, err
	}
	f.Reason, err = optionalID[ident.ReasonID](reason)
	return f, err
}

func seenLesson(l lesson.Lesson, err error) (*One[Lesson], error) {
	return versioned(toLesson(l), l.Version, err)
}

func seenReason(v lesson.ReasonView, err error) (*One[ReceiverReason], error) {
	return versioned(toReason(v), v.Version, err)
}

// Lessons mounts what receivers' answers say about the rules.
func Lessons(s *httpd.Server, v lessons) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/lesson-sums", Needs: rbac.SubmissionRead, Summary: "What receivers' answers say about the rules, by receiver, reason, rule and state; at most 500"},
		func(ctx context.Context, in *struct {
			InFirm
			Portal string       `query:"portal_id"`
			Reason string       `query:"reason_id"`
			Rule   string       `query:"rule" doc:"or a check of the file"`
			State  lesson.State `query:"state"`
		}) (*Many[LessonSum], error) {
			f, err := lessonFilter(in.Portal, in.Reason, in.Rule, in.State)
			if err != nil {
				return nil, err
			}
			list, _, err := v.Sums(ctx, f)
			return many(list, err, toLessonSum)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/lessons", Needs: rbac.SubmissionRead, Summary: "Lessons from receivers, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Portal string       `query:"portal_id"`
			Reason string       `query:"reason_id"`
			Rule   string       `query:"rule" doc:"or a check of the file"`
			State  lesson.State `query:"state"`
		}) (*Many[Lesson], error) {
			f, err := lessonFilter(in.Portal, in.Reason, in.Rule, in.State)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, f, in.request())
			return paged(p, err, toLesson)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/submissions/{id}/lessons", Needs: rbac.SubmissionRead, Summary: "What the answer to one e-bill says about the rules"},
		func(ctx context.Context, in *ByID) (*Many[Lesson], error) {
			id, err := idOf[ident.SubmissionID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.OfSubmission(ctx, id)
			return many(list, err, toLesson)
		})
	mountLesson(s, v)
	mountReason(s, v)
}

func mountLesson(s *httpd.Server, v lessons) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/lessons/{id}", Needs: rbac.SubmissionRead, Summary: "One lesson"},
		func(ctx context.Context, in *ByID) (*One[Lesson], error) {
			id, err := idOf[ident.LessonID](in.ID)
			if err != nil {
				return nil, err
			}
			return seenLesson(v.Get(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/lessons/{id}/trial", Needs: rbac.GuideRead, Summary: "What a lesson's setting would have found on the last 90 days; nothing is kept"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Parameter string `json:"parameter,omitempty" maxLength:"40"`
				Value     string `json:"value,omitempty" maxLength:"4000"`
			}
		}) (*One[Trial], error) {
			id, err := idOf[ident.LessonID](in.ID)
			if err != nil {
				return nil, err
			}
			t, err := v.Try(ctx, id, in.Body.Parameter, in.Body.Value)
			return one(toTrial(t), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/lessons/{id}/accept", Needs: rbac.GuideEdit, Summary: "Make a setting of the payor's guidelines of it; signing it at once needs guide.sign too"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Parameter string `json:"parameter,omitempty" maxLength:"40" doc:"left out: the rule is only switched on"`
				Value     string `json:"value,omitempty" maxLength:"4000"`
				Sign      bool   `json:"sign,omitempty" doc:"where the draft has nothing else in it"`
			}
		}) (*One[Lesson], error) {
			id, version, err := changing[ident.LessonID](in.Changing)
			if err != nil {
				return nil, err
			}
			return seenLesson(v.Accept(ctx, id, version, lesson.Adoption{Parameter: in.Body.Parameter, Value: in.Body.Value, Sign: in.Body.Sign}))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/lessons/{id}/decline", Needs: rbac.GuideEdit, Summary: "Say why a proposal does not become a setting"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reason string `json:"reason" maxLength:"500"`
			}
		}) (*One[Lesson], error) {
			id, version, err := changing[ident.LessonID](in.Changing)
			if err != nil {
				return nil, err
			}
			return seenLesson(v.Decline(ctx, id, version, in.Body.Reason))
		})
}

func mountReason(s *httpd.Server, v lessons) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/receiver-reasons/{id}", Needs: rbac.SubmissionRead, Summary: "What a receiver means by a reason, with its newest occurrences"},
		func(ctx context.Context, in *ByID) (*One[ReceiverReason], error) {
			id, err := idOf[ident.ReasonID](in.ID)
			if err != nil {
				return nil, err
			}
			return seenReason(v.ReasonOf(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/receiver-reasons/{id}/map", Needs: rbac.GuideEdit, Summary: "Say which rule or check a receiver means by a reason"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Rule  string `json:"rule,omitempty" maxLength:"20"`
				Check string `json:"check,omitempty" maxLength:"20" doc:"of the file, by its published code, instead of a rule"`
				Like  string `json:"like,omitempty" maxLength:"20" doc:"the published reason it is like"`
			}
		}) (*One[ReceiverReason], error) {
			id, version, err := changing[ident.ReasonID](in.Changing)
			if err != nil {
				return nil, err
			}
			return seenReason(v.Say(ctx, id, version, lesson.Meaning{Like: in.Body.Like, Target: lesson.Target{Rule: in.Body.Rule, Check: in.Body.Check}}))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/receiver-reasons/{id}/no-rule", Needs: rbac.GuideEdit, Summary: "Say that no rule can catch a reason, and why"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reason string `json:"reason" maxLength:"500"`
			}
		}) (*One[ReceiverReason], error) {
			id, version, err := changing[ident.ReasonID](in.Changing)
			if err != nil {
				return nil, err
			}
			return seenReason(v.SayNone(ctx, id, version, in.Body.Reason))
		})
}
