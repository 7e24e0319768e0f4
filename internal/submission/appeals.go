package submission

import (
	"context"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Appeal files one against open cuts, with what speaks for it, within the window that the
// receiver gave. ErrNoAppeal where it gives none, ErrLate after its last day.
func (s *Service) Appeal(ctx context.Context, id ident.SubmissionID, version int, n NewAppeal) (View, error) {
	n.Reason, n.Evidence = trimmed(n.Reason), trimmed(n.Evidence)
	return s.writing(ctx, id, version, func(tx *db.Tx, x *Submission, day invoice.Day) error {
		var fs fault.Fields
		text(&fs, "reason", n.Reason, 3, 2000)
		text(&fs, "evidence", n.Evidence, 0, 8000)
		if err := fs.Err(ErrInvalid); err != nil {
			return err
		}
		if x.Status != Reduced {
			return ErrStatus.With("only cuts that are not settled can be appealed")
		}
		switch {
		case x.AppealUntil == "":
			return ErrNoAppeal
		case day > x.AppealUntil:
			return ErrLate.With("the time to appeal ended on %s", x.AppealUntil.Long())
		}
		chosen, err := open(tx, *x, n.Reductions)
		if err != nil {
			return err
		}
		a := Appeal{ID: ident.New[ident.AppealID](tx.Now), Reason: n.Reason, Evidence: n.Evidence, DueOn: x.AppealUntil, FiledOn: day}
		for _, c := range chosen {
			a.AmountMinor += c.AmountMinor
		}
		if err := insertAppeal(tx, x.ID, a); err != nil {
			return err
		}
		for _, c := range chosen {
			c.Status, c.Appeal = CutAppealed, a.ID
			if err := saveReduction(tx, c); err != nil {
				return err
			}
		}
		if err := settle(tx, x); err != nil {
			return err
		}
		return record(tx, "appeal.filed", *x, nil, a.AmountMinor, map[string]any{"appeal": a.ID, "cuts": n.Reductions, "due_on": a.DueOn})
	})
}

// Decide keeps the receiver's word on an appeal: granted, in part, or denied, by what of each
// cut comes back, never more than was cut.
func (s *Service) Decide(ctx context.Context, id ident.SubmissionID, version int, appeal ident.AppealID, o Outcome) (View, error) {
	o.Text = trimmed(o.Text)
	var a Appeal
	there := func(tx *db.Tx) (err error) {
		a, err = appealOf(tx, id, appeal)
		return err
	}
	return s.writingOn(ctx, id, version, there, func(tx *db.Tx, x *Submission, _ invoice.Day) error {
		if a.Status != "filed" {
			return ErrAnswered
		}
		all, err := reductionsOf(tx, x.ID)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(r Reduction) bool { return r.Appeal != appeal })
		if err := o.validate(all, x.Currency); err != nil {
			return err
		}
		for _, r := range all {
			r.RegainedMinor = o.Regained[r.ID]
			r.Status = outcome(r.AmountMinor, r.RegainedMinor)
			a.RegainedMinor += r.RegainedMinor
			if err := saveReduction(tx, r); err != nil {
				return err
			}
		}
		a.Outcome, a.Status = o.Text, string(outcome(a.AmountMinor, a.RegainedMinor))
		if err := saveAppeal(tx, a); err != nil {
			return err
		}
		x.RegainedMinor += a.RegainedMinor
		if err := settle(tx, x); err != nil {
			return err
		}
		return record(tx, "appeal.decided", *x, nil, a.RegainedMinor, map[string]any{"appeal": a.ID, "outcome": a.Status})
	})
}

func (o Outcome) validate(of []Reduction, c money.Currency) error {
	var fs fault.Fields
	text(&fs, "text", o.Text, 0, 2000)
	named := 0
	for _, r := range of {
		back, there := o.Regained[r.ID]
		if !there {
			continue
		}
		named++
		if back < 0 || back > r.AmountMinor {
			fs.Add("regained."+string(r.ID), "amount_range", "enter 0 to %s, what was cut", money.Amount{Minor: r.AmountMinor, Currency: c}.Text())
		}
	}
	if named != len(o.Regained) {
		return ErrNotFound // a cut of another appeal
	}
	return fs.Err(ErrInvalid)
}
