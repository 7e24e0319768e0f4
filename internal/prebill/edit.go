package prebill

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Edit changes one line. A change of an approved pre-bill voids the approval: it
// is in review again. ErrStale when version is not the stored one, ErrInvalid with
// every field that needs correcting.
func (s *Service) Edit(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, c amend.Change) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, a *authz.Access, p *Prebill) error {
		return s.edit(tx, a, p, line, func(*Line) (amend.Change, error) { return c, nil })
	})
}

// WriteDown bills a line at amount, which is at most its value; 0 is no charge.
func (s *Service) WriteDown(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, amount int64, why amend.Reason, note string) (Prebill, error) {
	return s.Edit(ctx, id, version, line, amend.Change{Amount: &amount, Reason: why, Note: note})
}

// Hold keeps a line off this bill; its entry goes back to WIP when the invoice is
// made, for the next cycle. Release puts it back on.
func (s *Service) Hold(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, note string) (Prebill, error) {
	held := true
	return s.Edit(ctx, id, version, line, amend.Change{Held: &held, Note: note})
}

// Release takes a hold back.
func (s *Service) Release(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, note string) (Prebill, error) {
	held := false
	return s.Edit(ctx, id, version, line, amend.Change{Held: &held, Note: note})
}

// ApplyFix applies a finding's proposed fix, with the rule as the reason.
func (s *Service) ApplyFix(ctx context.Context, id ident.PrebillID, version int, finding ident.FindingID) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, a *authz.Access, p *Prebill) error {
		f, err := guideline.ByID(tx, finding)
		if err != nil {
			return err
		}
		if f.State != guideline.Open {
			return guideline.ErrSettled
		}
		if f.Prebill == p.ID {
			return s.cut(tx, p, f)
		}
		return s.edit(tx, a, p, f.Line, func(l *Line) (amend.Change, error) { return l.fix(f, p.Currency) })
	})
}

// edit applies one change to one line of a locked pre-bill, records both sides of
// it and judges the bill again.
func (s *Service) edit(tx *db.Tx, a *authz.Access, p *Prebill, id ident.PrebillLine, want func(*Line) (amend.Change, error)) error {
	m, f, l, err := s.editable(tx, p, id)
	if err != nil {
		return err
	}
	c, err := want(l)
	if err != nil {
		return err
	}
	if c.Narrative != nil {
		if err := a.RequireSight(tx, p.MatterID, authz.C3); err != nil {
			return err // nobody rewrites what they cannot read
		}
	}
	work, reason, err := c.Apply(l.Work, termsOf(p, m, f))
	if err != nil {
		return err
	}
	if work.Held && l.SplitOf != "" {
		return ErrPartHeld
	}
	if work.Held && len(l.Sources) > 0 {
		return ErrMergeHeld
	}
	after := *l
	after.Work = work
	side, err := s.sideOf(tx)
	if err != nil {
		return err
	}
	e := amend.Edit{ID: ident.New[ident.EditID](tx.Now), Seq: len(l.Edits) + 1, Side: side, Before: l.Content, After: after.Content,
		BeforeAt: l.Work.Bills(), AfterAt: after.Work.Bills(), Reason: reason, Note: strings.TrimSpace(c.Note), By: tx.Scope.Actor, At: tx.Now}
	err = s.keep(tx, p, m, f, func() error { return first(updateLine(tx, &after), insertEdit(tx, p, l.ID, &e)) })
	if err != nil {
		return err
	}
	return record(tx, "prebill.line_edited", rbac.PrebillEdit, p, classOf(m, audit.C3), e.Before, e.After, map[string]any{"line": l.ID, "reason": e.Reason, "side": e.Side})
}

// Undo takes back the newest change of a line that stands, whoever made it. Of a part
// with no later change that is its split: ErrPartsSet while another part has one; of a
// merge it is the merge, and its lines stand again.
// amend.ErrNoEdit when the line is as recorded.
func (s *Service) Undo(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		m, f, l, err := s.editable(tx, p, line)
		if err != nil {
			return err
		}
		e := l.Edits.Last()
		if e == nil {
			return amend.ErrNoEdit
		}
		if e.Reason == amend.ReasonSplit {
			return s.join(tx, p, m, f, l)
		}
		if e.Reason == amend.ReasonMerge {
			return s.part(tx, p, m, f, l)
		}
		before := *l
		before.Content = e.Before
		if before.Value, err = l.Valued(before.Quantity, before.Rate, termsOf(p, m, f)); err != nil {
			return err
		}
		err = s.keep(tx, p, m, f, func() error { return first(updateLine(tx, &before), markUndone(tx, e)) })
		if err != nil {
			return err
		}
		return record(tx, "prebill.edit_undone", rbac.PrebillEdit, p, classOf(m, audit.C3), e.After, e.Before, map[string]any{"line": l.ID, "edit": e.ID})
	})
}

// cut takes off the fees what a finding on the bill proposes.
func (s *Service) cut(tx *db.Tx, p *Prebill, f guideline.Stored) error {
	m, rules, _, err := changeable(tx, p)
	if err != nil {
		return err
	}
	had, err := cuts(tx, p.ID)
	if err != nil {
		return err
	}
	c := Cut{ID: ident.New[ident.CutID](tx.Now), Seq: len(had) + 1, Rule: f.Rule, By: tx.Scope.Actor, At: tx.Now}
	if c.Minor, c.Reason, c.Note, err = amend.CutOf(f, p.Currency); err != nil {
		return err
	}
	if c.Side, err = s.sideOf(tx); err != nil {
		return err
	}
	if err := s.keep(tx, p, m, rules, func() error { return insertCut(tx, p.ID, &c) }); err != nil {
		return err
	}
	return record(tx, "prebill.fees_cut", rbac.PrebillEdit, p, classOf(m, audit.C2), nil, c.Minor, map[string]any{"cut": c.ID, "rule": c.Rule, "reason": c.Reason})
}

// UndoCut takes back what was taken off the fees as a whole. ErrNotFound when the
// pre-bill has no such cut, amend.ErrNoEdit when it was taken back already.
func (s *Service) UndoCut(ctx context.Context, id ident.PrebillID, version int, cut ident.CutID) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		m, f, _, err := changeable(tx, p)
		if err != nil {
			return err
		}
		had, err := cuts(tx, p.ID)
		if err != nil {
			return err
		}
		c, err := had.byID(cut)
		if err != nil {
			return err
		}
		if err := s.keep(tx, p, m, f, func() error { return undoCut(tx, c.ID) }); err != nil {
			return err
		}
		return record(tx, "prebill.cut_undone", rbac.PrebillEdit, p, classOf(m, audit.C2), c.Minor, nil, map[string]any{"cut": c.ID, "rule": c.Rule})
	})
}

func termsOf(p *Prebill, m matter.Matter, f policies) amend.Terms {
	return amend.Terms{Currency: p.Currency, Rounding: money.Rounding(f.Rounding), TaskSet: m.TaskSet, Codes: f.codes}
}

// editable loads what an edit of a line needs, and refuses a pre-bill that is closed.
func (s *Service) editable(tx *db.Tx, p *Prebill, id ident.PrebillLine) (m matter.Matter, f policies, l *Line, err error) {
	m, f, all, err := changeable(tx, p)
	if err != nil {
		return m, f, nil, err
	}
	l, err = byID(all, id)
	return m, f, l, err
}

// changeable loads a pre-bill for a change, and refuses one that is closed.
func changeable(tx *db.Tx, p *Prebill) (m matter.Matter, f policies, all []Line, err error) {
	if !p.Status.Editable() {
		return m, f, nil, ErrStatus.With("%s is %s; its lines do not change any more", p.Name(), p.Status.words())
	}
	if m, f, err = groundOf(tx, p); err != nil {
		return m, f, nil, err
	}
	all, err = lines(tx, p.ID)
	return m, f, all, err
}

// keep saves the head first, because an approved pre-bill does not change, then lets
// change write lines or cuts with their history, and judges the bill again.
func (s *Service) keep(tx *db.Tx, p *Prebill, m matter.Matter, f policies, change func() error) error {
	voided := p.Status == StatusApproved
	hash := p.ApprovedHash
	if voided {
		if err := p.move(StatusInReview, "", tx.Now); err != nil {
			return err
		}
	}
	if err := save(tx, p); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	if _, err := recheck(tx, p, m, f); err != nil {
		return err
	}
	if !voided {
		return nil
	}
	if err := cancelItem(tx, p); err != nil {
		return err
	}
	return record(tx, "prebill.approval_voided", rbac.PrebillEdit, p, audit.C2, nil, nil, map[string]any{"hash": hash})
}

// Waive settles an open finding with the reason why the line, or the bill, stays as
// it is. What blocks takes an override: guideline.ErrBlocks. Nobody decides about a
// finding on their own time.
func (s *Service) Waive(ctx context.Context, id ident.PrebillID, finding ident.FindingID, note string) error {
	return s.settling(ctx, rbac.FindingWaive, id, finding, func(tx *db.Tx, p *Prebill, m matter.Matter, f guideline.Stored) error {
		if err := guideline.Waive(tx, finding, note); err != nil {
			return err
		}
		return record(tx, "finding.waived", rbac.FindingWaive, p, classOf(m, audit.C2), nil, nil, map[string]any{"finding": finding, "rule": f.Rule, "line": f.Line})
	})
}

// Override lets a blocking finding on a line or the bill pass, for who may override:
// by a reason, in words, until a day (LEGAL-BILLING 7.5). Nobody decides about a
// finding on their own time. guideline.ErrNotBlocking when it only wants a reason.
func (s *Service) Override(ctx context.Context, id ident.PrebillID, finding ident.FindingID, o guideline.Override) error {
	return s.settling(ctx, rbac.FindingOverride, id, finding, func(tx *db.Tx, p *Prebill, m matter.Matter, _ guideline.Stored) error {
		done, err := guideline.OverrideIn(tx, finding, p.MatterID, o)
		if err != nil {
			return err
		}
		return guideline.RecordOverride(tx, finding, done, classOf(m, audit.C3))
	})
}

// settling lets do settle a finding of a pre-bill that can be changed, for who may do
// perm on its matter.
func (s *Service) settling(ctx context.Context, perm rbac.Permission, id ident.PrebillID, finding ident.FindingID, do func(*db.Tx, *Prebill, matter.Matter, guideline.Stored) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, perm)
		if err != nil {
			return err
		}
		p, err := lock(tx, id)
		if err != nil {
			return err
		}
		if err := a.RequireMatter(tx, p.MatterID); err != nil {
			return err
		}
		if err := a.RequireSight(tx, p.MatterID, authz.C2); err != nil {
			return err
		}
		f, err := guideline.ByID(tx, finding)
		if err != nil {
			return err
		}
		m, _, all, err := changeable(tx, &p)
		if err != nil {
			return err
		}
		if f.Prebill != p.ID { // else it is on the bill as a whole, which is nobody's own time
			l, err := byID(all, f.Line)
			if err != nil {
				return err
			}
			if own, err := ownTime(tx, l.Timekeeper); err != nil || own {
				return orOwnLine(err)
			}
		}
		return do(tx, &p, m, f)
	})
}
