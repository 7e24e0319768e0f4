package invoice

import (
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// Part is of an invoice that is one payor's share of a bill: how much of the whole it is, and
// nothing of the others. Hours, rates and values of the lines are those of the whole bill, and
// the adjustment of each line leads to the payor's share of it: the reader sees what work the
// share is of, and quantity x rate + adjustment is the amount, as receivers compute it.
type Part struct {
	FeesE6     money.Fraction `json:"fees_e6,omitempty"` // its shares as agreed, both 0 where a cap moved them
	ExpensesE6 money.Fraction `json:"expenses_e6,omitempty"`
	CapMinor   int64          `json:"cap_minor,omitempty"` // its cap, where it is reached
	WholeMinor int64          `json:"whole_minor"`         // net amount of the whole bill
}

// parts are the drafts of the invoices of a bill, in the order of its shares: one for each
// payor that pays something of it, the first for a bill of nothing, and the whole where it is
// not split. They come to the whole, line by line.
func parts(a prebill.Approved) ([]Draft, error) {
	whole := fromApproved(a)
	if len(a.Shares) == 0 {
		return []Draft{whole}, nil
	}
	net, err := whole.NetMinor()
	if err != nil {
		return nil, err
	}
	prompt, err := sharePrompt(a)
	if err != nil {
		return nil, err
	}
	var drafts []Draft
	for k, s := range a.Shares {
		if s.Nothing() && (k > 0 || !allNothing(a.Shares)) {
			continue
		}
		d := whole
		d.Payor, d.Share, d.Part = s.Payor, k+1, partOf(a.Shares, k, net)
		d.Order = a.Order && d.Payor == a.PayorID // of the others nothing is laid down
		if s.OwnTax {
			d.OwnTax, d.Matter.TaxRate, d.Matter.TaxNote = true, s.TaxRate, s.TaxNote
		}
		if d.Prompt = a.Prompt; prompt != nil {
			d.Prompt.Minor = prompt[k]
		}
		d.Lines, d.People = nil, nil
		d.take(a, k, whole.Lines, whole.People)
		drafts = append(drafts, d)
	}
	return drafts, nil
}

func allNothing(all []prebill.Share) bool {
	for _, s := range all {
		if !s.Nothing() {
			return false
		}
	}
	return true
}

// partOf is what the invoice of a share says of the whole.
func partOf(all []prebill.Share, k int, net int64) *Part {
	s := all[k]
	switch {
	case s.CapMinor > 0 && s.NetMinor() == s.CapMinor:
		return &Part{CapMinor: s.CapMinor, WholeMinor: net}
	case prebill.Moved(all):
		return &Part{WholeMinor: net}
	default:
		return &Part{FeesE6: s.Fees, ExpensesE6: s.Expenses, WholeMinor: net}
	}
}

// sharePrompt parts a discount on prompt payment as the fees are parted, nil where there are none.
func sharePrompt(a prebill.Approved) ([]int64, error) {
	fees := make([]int64, len(a.Shares))
	for k, s := range a.Shares {
		fees[k] = max(s.FeesMinor, 0)
	}
	if sum, err := money.Sum(fees...); err != nil || sum == 0 {
		return nil, err
	}
	return money.Split(a.Prompt.Minor, fees)
}

// take adds a payor's shares of the lines, and who worked on them. Of a kind of which the payor pays
// nothing it sees no line.
func (d *Draft) take(a prebill.Approved, k int, lines []Line, people []Timekeeper) {
	shares := make([]int64, 0, len(lines))
	for i := range a.Lines {
		if !a.Lines[i].Unseen {
			shares = append(shares, a.Lines[i].Shares[k])
		}
	}
	for _, b := range a.Beside {
		shares = append(shares, b.Shares[k])
	}
	worked := map[string]bool{}
	for i, l := range lines {
		ofKind := a.Shares[k].FeesMinor
		if l.Kind == Expense {
			ofKind = a.Shares[k].ExpensesMinor
		}
		if shares[i] == 0 && ofKind == 0 && !allNothing(a.Shares) {
			continue
		}
		l.WholeNo, l.WholeMinor = i+1, l.AmountMinor
		if l.Kind == Adjustment {
			l.AdjustMinor = shares[i]
		} else {
			l.AdjustMinor = shares[i] - l.ValueMinor
		}
		l.AmountMinor = shares[i]
		worked[l.Who] = true
		d.Lines = append(d.Lines, l)
	}
	for _, t := range people {
		if worked[t.Code] {
			d.People = append(d.People, t)
		}
	}
}

// partRemark says how much of the whole bill the invoice is, "" of a whole one.
func (d *Document) partRemark() string {
	p := d.Part
	if p == nil {
		return ""
	}
	in := func(minor int64) string { return string(d.Currency) + " " + amount(minor, d.Currency) }
	of := in(d.Totals.NetMinor) + " of the whole bill of " + in(p.WholeMinor) + " before tax"
	const hours = " Hours and rates are those of the whole bill."
	switch {
	case p.CapMinor > 0:
		return "Your share of a bill that is split, as agreed: " + of + ", which is your agreed limit." + hours
	case p.FeesE6 == 0 && p.ExpensesE6 == 0:
		return "Your share of a bill that is split, as agreed: " + of + "." + hours
	case p.FeesE6 == p.ExpensesE6:
		return "Your share of a bill that is split, as agreed: " + arrangement.Percent(p.FeesE6) + "%, " + of + "." + hours
	default:
		return "Your share of a bill that is split, as agreed: " + arrangement.Percent(p.FeesE6) + "% of the fees and " + arrangement.Percent(p.ExpensesE6) + "% of the expenses, " + of + "." + hours
	}
}

// checkPart refuses a share that is more than its whole.
func (d *Document) checkPart() error {
	for i := range d.Lines {
		l := &d.Lines[i]
		if d.Part == nil && (l.WholeNo != 0 || l.WholeMinor != 0) || d.Part != nil && (l.WholeNo < 1 || l.AmountMinor < min(l.WholeMinor, 0) || l.AmountMinor > max(l.WholeMinor, 0)) {
			return ErrUnbalanced.With("line %d is no part of a line of the whole bill", i+1)
		}
	}
	return nil
}
