package amend

import (
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// FixOf is the change that a finding proposes, with its rule as the reason and c the
// line's currency. ErrNoProposal when it proposes none that stands by itself.
func FixOf(f guideline.Stored, c money.Currency) (ch Change, err error) {
	if f.Proposal == nil {
		return ch, ErrNoProposal
	}
	ch.Reason, ch.Note = Reason(f.Proposal.Reason), f.Title+" ("+f.Rule+")"
	if ch.Reason == "" {
		ch.Reason = ReasonGuideline
	}
	number := func() *money.Fixed4 {
		v, e := money.ParseFixed4(f.Proposal.Value)
		err = e
		return &v
	}
	switch f.Proposal.Field {
	case "hours":
		ch.Quantity = number()
	case "rate":
		ch.Rate = number()
	case "task_code":
		ch.Task = &f.Proposal.Value
	case "activity_code":
		ch.Activity = &f.Proposal.Value
	case "expense_code":
		ch.Expense = &f.Proposal.Value
	case guideline.HeldField:
		held := true
		ch.Held = &held
	case "narrative":
		ch.Narrative = &f.Proposal.Value
	case "value":
		var a money.Amount
		a, err = money.ParseAmount(f.Proposal.Value, c)
		ch.Amount = &a.Minor
	default:
		return ch, ErrNoProposal
	}
	return ch, err
}

// CutOf is what a finding on a whole bill proposes to take off its fees.
// ErrNoProposal when it proposes none.
func CutOf(f guideline.Stored, c money.Currency) (minor int64, why Reason, note string, err error) {
	if f.Proposal == nil || f.Proposal.Field != guideline.FeesField {
		return 0, "", "", ErrNoProposal
	}
	a, err := money.ParseAmount(f.Proposal.Value, c)
	return a.Minor, Reason(f.Proposal.Reason), f.Title + " (" + f.Rule + ")", err
}
