package arrangement

import "github.com/docketry/docketry/internal/money"

// Draw is what a bill takes from a client's deposit. These hold always:
//
//	the amount due = DrawnMinor + PayableMinor
//	the balance before = DrawnMinor + RefundMinor + BalanceMinor
//
// It is a proposal: trust money moves only against a final invoice, with approval.
type Draw struct {
	DrawnMinor   int64
	PayableMinor int64 // what the client pays beside the deposit
	BalanceMinor int64 // left in trust
	RefundMinor  int64 // given back, on the last bill
	RequestMinor int64 // asked for, to bring the deposit to its target
}

// Draw applies the deposit of a matter to what is due on a bill. A security deposit
// is held to the last bill; an advance is drawn down by each; an evergreen one is
// asked to be filled again when it falls below its floor. What the last bill leaves
// goes back to the client. Other arrangements have no deposit and draw nothing.
func (t Terms) Draw(dueMinor, balanceMinor int64, final bool) (Draw, error) {
	if dueMinor < 0 || balanceMinor < 0 {
		return Draw{}, ErrWork.With("neither the amount due nor the balance is below zero")
	}
	d := Draw{PayableMinor: dueMinor, BalanceMinor: balanceMinor}
	switch t.Kind {
	case KindSecurity:
		if !final {
			return d, nil
		}
	case KindAdvance, KindEvergreen:
	default:
		return d, nil
	}
	d.DrawnMinor = min(dueMinor, balanceMinor)
	d.PayableMinor -= d.DrawnMinor
	d.BalanceMinor -= d.DrawnMinor
	switch {
	case final:
		d.RefundMinor, d.BalanceMinor = d.BalanceMinor, 0
	case t.Kind == KindEvergreen && t.Evergreen != nil && d.BalanceMinor < t.Evergreen.FloorMinor:
		var err error
		if d.RequestMinor, err = money.Sum(t.Evergreen.TargetMinor, -d.BalanceMinor); err != nil {
			return Draw{}, err
		}
	}
	return d, nil
}

// InTrust tells whether the terms speak of a deposit that is client money.
func (t *Terms) InTrust() bool {
	return t.Kind == KindSecurity || t.Kind == KindAdvance || t.Kind == KindEvergreen
}
