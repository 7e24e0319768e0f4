package submission

import (
	"context"
	"slices"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Subject is what work items about a submission are about; stored.
const Subject = "submission"

// The work that an answer asks for; stored.
const (
	workRejection = "rejection"
	workAppeal    = "appeal"
)

// Answer keeps what the receiver said. A refusal opens the work of correcting it, cuts that
// of accepting or appealing each. The window for appeals is what the receiver's profile
// gives on this day, and stays. ErrStatus for what cannot follow.
func (s *Service) Answer(ctx context.Context, id ident.SubmissionID, version int, a Answer) (View, error) {
	a.Receipt, a.Code, a.Text = trimmed(a.Receipt), trimmed(a.Code), trimmed(a.Text)
	return s.writing(ctx, id, version, func(tx *db.Tx, x *Submission, day invoice.Day) error {
		if a.On == "" {
			a.On = day
		}
		if !slices.Contains(x.Status.next(), a.Status) {
			return ErrStatus.With("%s cannot follow %s", a.Status.Words(), x.Status.Words())
		}
		sent, err := invoice.On(tx, x.SubmittedAt)
		if err != nil {
			return err
		}
		if err := a.validate(x, sent, day); err != nil {
			return err
		}
		before := x.Status
		x.Status, x.ErrorType = a.Status, a.ErrorType
		if a.Receipt != "" {
			x.Receipt = a.Receipt
		}
		if a.Status == Rejected || a.Status == FileError || a.Status == Reduced || a.Status == Approved {
			x.Code, x.AnswerText, x.AnsweredOn, x.AnsweredAt, x.AnsweredBy = a.Code, a.Text, a.On, &tx.Now, tx.Scope.Actor
		}
		if err := s.cut(tx, x, a); err != nil {
			return err
		}
		if x.OverdueAt != nil && !slices.Contains(underway, a.Status) && !a.Status.Failed() {
			if err := worklist.Finish(tx, Subject, string(x.ID)); err != nil { // nobody waits for the answer any more
				return err
			}
		}
		if err := ask(tx, *x); err != nil {
			return err
		}
		if err := learn(tx, *x); err != nil {
			return err
		}
		after := struct {
			Status        Status
			Receipt, Code string
			ReducedMinor  int64
		}{x.Status, x.Receipt, x.Code, x.ReducedMinor}
		return record(tx, "submission.answered", *x, before, after, map[string]any{"status": x.Status, "error_type": x.ErrorType, "on": a.On})
	})
}

// cut keeps the reductions of an answer.
func (s *Service) cut(tx *db.Tx, x *Submission, a Answer) error {
	if a.Status != Reduced {
		return nil
	}
	d, err := invoice.Stored(tx, x.Invoice)
	if err != nil {
		return err
	}
	if err := linesHold(a.Reductions, d); err != nil {
		return err
	}
	p, err := portal.ByID(tx, x.Portal)
	if err != nil {
		return err
	}
	if p.AppealDays > 0 {
		x.AppealUntil = a.On.Add(p.AppealDays)
	}
	for i, c := range a.Reductions {
		x.ReducedMinor += c.Minor
		if err := insertReduction(tx, x.ID, i+1, c); err != nil {
			return err
		}
	}
	return nil
}

// ask opens the work that a verdict brings.
func ask(tx *db.Tx, x Submission) error {
	work := ""
	switch {
	case x.Status.Failed():
		work = workRejection
	case x.Status == Reduced:
		work = workAppeal
	default:
		return nil
	}
	_, err := worklist.Open(tx, worklist.New{Type: work, Matter: x.Matter, SubjectKind: Subject, SubjectID: string(x.ID)})
	return err
}

// learn keeps what a verdict says about the rules that were to say it first.
func learn(tx *db.Tx, x Submission) error {
	h := lesson.Heard{Submission: x.ID, Invoice: x.Invoice, Portal: x.Portal, Refused: x.Status.Failed(), Code: x.Code, ErrorType: string(x.ErrorType), Text: x.AnswerText}
	if x.Status == Reduced {
		cuts, err := reductionsOf(tx, x.ID)
		if err != nil {
			return err
		}
		for _, c := range cuts {
			h.Cuts = append(h.Cuts, lesson.Cut{ID: c.ID, Line: c.Line, Code: c.Code, Text: c.Text, Minor: c.AmountMinor})
		}
	}
	return lesson.Learn(tx, h)
}

// Accept takes cuts as they are. The receivable stays what it is: what is not paid stays
// open until somebody credits the invoice.
func (s *Service) Accept(ctx context.Context, id ident.SubmissionID, version int, cuts []ident.ReductionID) (View, error) {
	return s.writing(ctx, id, version, func(tx *db.Tx, x *Submission, _ invoice.Day) error {
		chosen, err := open(tx, *x, cuts)
		if err != nil {
			return err
		}
		var minor int64
		for _, c := range chosen {
			c.Status = CutAccepted
			if err := saveReduction(tx, c); err != nil {
				return err
			}
			minor += c.AmountMinor
		}
		if err := settle(tx, x); err != nil {
			return err
		}
		return record(tx, "submission.cuts_accepted", *x, nil, minor, map[string]any{"cuts": cuts})
	})
}

// open are the chosen cuts of a submission, none of them decided.
func open(tx *db.Tx, x Submission, ids []ident.ReductionID) ([]Reduction, error) {
	if len(ids) == 0 {
		return nil, ErrInvalid.On(fault.Field{Path: "reductions", Code: "reductions_missing", Message: "choose at least one cut"})
	}
	all, err := reductionsOf(tx, x.ID)
	if err != nil {
		return nil, err
	}
	var chosen []Reduction
	for _, id := range ids {
		i := slices.IndexFunc(all, func(r Reduction) bool { return r.ID == id })
		switch {
		case i < 0:
			return nil, ErrNotFound
		case all[i].Status != CutOpen || slices.ContainsFunc(chosen, func(r Reduction) bool { return r.ID == id }):
			return nil, ErrDecided
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// settle moves a submission on when no cut of it is open or appealed any more, and ends the
// work that asks for decisions once none is open.
func settle(tx *db.Tx, x *Submission) error {
	all, err := reductionsOf(tx, x.ID)
	if err != nil {
		return err
	}
	has := func(s CutStatus) bool {
		return slices.ContainsFunc(all, func(r Reduction) bool { return r.Status == s })
	}
	if has(CutOpen) {
		return nil
	}
	if !has(CutAppealed) {
		x.Status = Approved
	}
	return worklist.Finish(tx, Subject, string(x.ID))
}

func record(tx *db.Tx, action string, x Submission, before, after any, detail map[string]any) error {
	detail["invoice"] = x.Invoice
	return audit.Record(tx, audit.Entry{Action: action, Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C2, Permission: string(rbac.SubmissionSend),
		Before: before, After: after, Detail: detail})
}
