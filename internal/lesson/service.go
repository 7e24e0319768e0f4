package lesson

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with lessons. Who reads e-bills reads them; who edits guidelines
// decides.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	guides *guideline.Service
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard, guides *guideline.Service) *Service {
	return &Service{d, guard, guides}
}

// deciding runs do for who edits guidelines and sees the lesson whole, whose row stays locked. The
// draft that it may go into is held first: of two who decide for a payor one comes after the other.
func (s *Service) deciding(ctx context.Context, id ident.LessonID, version int, do func(tx *db.Tx, l *Lesson) error) (l Lesson, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GuideEdit)
		if err != nil {
			return err
		}
		if l, err = seen(tx, a, id, false); err != nil {
			return err
		}
		if err := guideline.HoldDraft(tx, guideline.Place{Payor: l.Payor}); err != nil {
			return err
		}
		if l, err = seen(tx, a, id, true); err != nil {
			return err
		}
		if err := a.RequireSight(tx, l.Matter, authz.C3); err != nil {
			return err
		}
		if l.Version != version {
			return ErrStale
		}
		if err := do(tx, &l); err != nil {
			return err
		}
		l, err = seen(tx, a, id, false)
		return err
	})
	return l, err
}

// Adoption is a setting that is accepted, and whether it is signed for the firm at once.
type Adoption struct {
	Parameter string // "" only switches the rule on
	Value     string
	Sign      bool
}

// Accept makes what a lesson proposes a setting of the payor's guidelines: a draft on top of
// what is there, through the guidelines' own service with its permission and its audit. Who
// may sign can sign it at once, unless the draft has more in it than this setting: then it is
// signed where it is read. Every other lesson that proposes the same for the payor is accepted
// with it. One whose draft was replaced since can be accepted again, or declined.
func (s *Service) Accept(ctx context.Context, id ident.LessonID, version int, ad Adoption) (Lesson, error) {
	return s.deciding(ctx, id, version, func(tx *db.Tx, l *Lesson) error {
		switch {
		case l.decided():
			return ErrDecided
		case !l.Settable():
			return ErrNothing
		}
		l.Parameter, l.Value = strings.TrimSpace(ad.Parameter), strings.TrimSpace(ad.Value)
		g, was, err := s.guides.Adopt(tx, l.Payor, l.Matter, l.Setting())
		if err != nil {
			return err
		}
		if was != "" {
			if err := follow(tx, was, g.ID); err != nil {
				return err
			}
		}
		if ad.Sign && was == "" {
			if g, err = s.guides.SignIn(tx, g.ID, g.Hash); err != nil {
				return err
			}
		}
		l.State, l.Guide = Accepted, g.ID
		if err := save(tx, *l, true); err != nil {
			return err
		}
		if err := alike(tx, *l); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "lesson.accepted", Object: "lesson", ID: string(id), Matter: l.Matter, Class: audit.C2, Permission: string(rbac.GuideEdit),
			Detail: map[string]any{"rule": l.Rule, "parameter": l.Parameter, "guide": g.ID, "signed": g.Status == guideline.GuideSigned}})
	})
}

// alike accepts the other proposals that the same setting answers.
func alike(tx *db.Tx, l Lesson) error {
	list, err := load(tx, ` AND i.payor_id = ? AND l.rule = ? AND l.state = 'proposed' AND l.parameter = ? AND l.id <> ? ORDER BY l.id FOR NO KEY UPDATE OF l`, l.Payor, l.Rule, l.Parameter, l.ID)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Value != l.Value && x.Value != "" { // another limit is another proposal
			continue
		}
		x.State, x.Guide, x.Value = Accepted, l.Guide, l.Value
		if err := save(tx, x, true); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "lesson.accepted", Object: "lesson", ID: string(x.ID), Matter: x.Matter, Class: audit.C2, Permission: string(rbac.GuideEdit),
			Detail: map[string]any{"rule": x.Rule, "parameter": x.Parameter, "guide": x.Guide, "with": l.ID}})
		if err != nil {
			return err
		}
	}
	return nil
}

// Decline says why a proposal does not become a setting.
func (s *Service) Decline(ctx context.Context, id ident.LessonID, version int, reason string) (Lesson, error) {
	reason = strings.TrimSpace(reason)
	return s.deciding(ctx, id, version, func(tx *db.Tx, l *Lesson) error {
		switch {
		case l.decided():
			return ErrDecided
		case !l.Declinable():
			return ErrNothing
		}
		if err := why("reason", reason); err != nil {
			return err
		}
		l.State, l.Guide, l.Note = Declined, "", reason
		if err := save(tx, *l, true); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "lesson.declined", Object: "lesson", ID: string(id), Matter: l.Matter, Class: audit.C2, Permission: string(rbac.GuideEdit), Detail: map[string]any{"rule": l.Rule}})
	})
}

// Try is what a lesson's setting would have found on the last months' entries of the payor.
// Nothing is kept.
func (s *Service) Try(ctx context.Context, id ident.LessonID, parameter, value string) (guideline.Trial, error) {
	l, err := s.Get(ctx, id)
	switch {
	case err != nil:
		return guideline.Trial{}, err
	case !l.Settable():
		return guideline.Trial{}, ErrNothing
	}
	return s.guides.TrySetting(ctx, l.Payor, l.Matter, guideline.Setting{Rule: l.Rule, Parameter: strings.TrimSpace(parameter), Value: strings.TrimSpace(value)})
}

// meaning runs do for who may say what a receiver's reason is, which holds for many clients.
func (s *Service) meaning(ctx context.Context, id ident.ReasonID, version int, do func(tx *db.Tx, r *Reason) error) (v ReasonView, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GuideEdit)
		if err != nil {
			return err
		}
		r, err := reason(tx, ` AND q.id = ? FOR NO KEY UPDATE OF q`, id)
		if err != nil {
			return err
		}
		if !a.WholeFirm() {
			return authz.ErrForbidden.With("your grant covers some matters only; what a receiver means holds for all, and needs one over the whole firm")
		}
		if r.Version != version {
			return ErrStale
		}
		if err := do(tx, &r); err != nil {
			return err
		}
		if err := saveReason(tx, r); err != nil {
			return err
		}
		if r, err = reason(tx, ` AND q.id = ?`, id); err != nil {
			return err
		}
		if err := again(tx, r); err != nil {
			return err
		}
		if err := worklist.Finish(tx, Subject, string(id)); err != nil {
			return err
		}
		v, err = reasonView(tx, a, r)
		return err
	})
	return v, err
}

// Say keeps which rule or check a receiver means by a reason: its lessons that nobody decided
// are weighed anew, and the next one maps by itself. ErrInvalid for a rule that is not judged
// here. What was said before is replaced.
func (s *Service) Say(ctx context.Context, id ident.ReasonID, version int, m Meaning) (ReasonView, error) {
	return s.meaning(ctx, id, version, func(tx *db.Tx, r *Reason) error {
		own, _, err := ownRules(tx)
		if err != nil {
			return err
		}
		if err := m.validate(own); err != nil {
			return err
		}
		r.Status, r.Like, r.Target, r.Note = ReasonMapped, m.Like, m.Target, ""
		return audit.Record(tx, audit.Entry{Action: "reason.mapped", Object: "receiver_reason", ID: string(id), Class: audit.C1, Permission: string(rbac.GuideEdit),
			Detail: map[string]any{"code": r.Code, "like": m.Like, "rule": m.Target.Rule, "check": m.Target.Check}})
	})
}

// SayNone keeps why no rule can catch a reason.
func (s *Service) SayNone(ctx context.Context, id ident.ReasonID, version int, note string) (ReasonView, error) {
	note = strings.TrimSpace(note)
	return s.meaning(ctx, id, version, func(tx *db.Tx, r *Reason) error {
		if err := why("reason", note); err != nil {
			return err
		}
		r.Status, r.Like, r.Target, r.Note = ReasonNoRule, "", Target{}, note
		return audit.Record(tx, audit.Entry{Action: "reason.no_rule", Object: "receiver_reason", ID: string(id), Class: audit.C1, Permission: string(rbac.GuideEdit), Detail: map[string]any{"code": r.Code}})
	})
}
