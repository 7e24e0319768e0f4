package arrangement

import (
	"fmt"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Split shares a bill among payors. The shares sum to one hundred percent, in four
// decimals. Without shares of expenses of their own these follow those of the fees.
type Split struct {
	Payors []PayorShare `json:"payors"`
}

// PayorShare is what one payor pays. CapMinor, when set, is the most it pays of one
// bill; what lies above falls to the payors that are not at theirs.
type PayorShare struct {
	Payor    string          `json:"payor"`
	Fees     money.Fraction  `json:"fees"`
	Expenses *money.Fraction `json:"expenses,omitempty"`
	CapMinor int64           `json:"cap_minor,omitempty"`
}

func (p PayorShare) expenses() money.Fraction {
	if p.Expenses != nil {
		return *p.Expenses
	}
	return p.Fees
}

func (s *Split) check(fs *fault.Fields) {
	var fees, expenses money.Fraction
	seen := map[string]bool{}
	for i, p := range s.Payors {
		at := fmt.Sprintf("split.payors.%d", i)
		if p.Payor == "" || seen[p.Payor] {
			fs.Add(at+".payor", "payor_twice", "choose a payor that no other share has")
		}
		seen[p.Payor] = true
		for path, f := range map[string]money.Fraction{".fees": p.Fees, ".expenses": p.expenses()} {
			if f < 0 || f > money.One {
				fs.Add(at+path, "share_range", "enter a percentage from 0 to 100")
			}
		}
		if p.CapMinor < 0 {
			fs.Add(at+".cap_minor", "amount_negative", "enter an amount, or leave it empty for none")
		}
		fees, expenses = fees+p.Fees, expenses+p.expenses()
	}
	if fees != money.One {
		fs.Add("split.payors", "shares_sum", "the shares of the fees come to %s and not to 1", fees)
	}
	if expenses != money.One {
		fs.Add("split.payors", "shares_sum", "the shares of the expenses come to %s and not to 1", expenses)
	}
}

// Part is what one payor gets on its own invoice.
type Part struct {
	Payor         string
	FeesMinor     int64
	ExpensesMinor int64
}

// Share parts fees and expenses of a whole bill, each by largest remainder, ties to
// the payor first in order: the parts sum to the whole, always. Tax follows each
// payor's status and is computed on its part. ErrCaps when every payor is at its cap.
func (s *Split) Share(feesMinor, expensesMinor int64) ([]Part, error) {
	var fs fault.Fields
	if s.check(&fs); len(fs) > 0 {
		return nil, fs.Err(ErrTerms)
	}
	if feesMinor < 0 || expensesMinor < 0 {
		return nil, ErrWork.With("a bill below zero is credited, not split")
	}
	if _, err := money.Sum(feesMinor, expensesMinor); err != nil {
		return nil, err
	}
	weights := func(of func(PayorShare) money.Fraction) []int64 {
		out := make([]int64, len(s.Payors))
		for i, p := range s.Payors {
			out[i] = int64(of(p))
		}
		return out
	}
	fees, err := money.Split(feesMinor, weights(func(p PayorShare) money.Fraction { return p.Fees }))
	if err != nil {
		return nil, err
	}
	expenses, err := money.Split(expensesMinor, weights(PayorShare.expenses))
	if err != nil {
		return nil, err
	}
	parts := make([]Part, len(s.Payors))
	for i, p := range s.Payors {
		parts[i] = Part{p.Payor, fees[i], expenses[i]}
	}
	return parts, s.hold(parts)
}

// hold brings each payor to its cap, fees last, and gives the rest to the others.
// Each round puts at least one more payor at its cap, so it ends.
func (s *Split) hold(parts []Part) error {
	for {
		var fees, expenses int64
		for i, p := range s.Payors {
			over := parts[i].FeesMinor + parts[i].ExpensesMinor - p.CapMinor
			if p.CapMinor == 0 || over <= 0 {
				continue
			}
			cost := min(over, parts[i].ExpensesMinor)
			parts[i].ExpensesMinor -= cost
			parts[i].FeesMinor -= over - cost
			fees, expenses = fees+over-cost, expenses+cost
		}
		if fees+expenses == 0 {
			return nil
		}
		if err := s.give(parts, fees, expenses); err != nil {
			return err
		}
	}
}

// give spreads what capped payors do not pay over those below their caps, by their
// shares of the fees, evenly when they have none.
func (s *Split) give(parts []Part, fees, expenses int64) error {
	weights := make([]int64, len(parts))
	open, whole := 0, int64(0)
	for i, p := range s.Payors {
		if p.CapMinor == 0 || parts[i].FeesMinor+parts[i].ExpensesMinor < p.CapMinor {
			weights[i] = int64(p.Fees)
			whole += weights[i]
			open++
		}
	}
	if open == 0 {
		return ErrCaps
	}
	for i, p := range s.Payors {
		if whole == 0 && (p.CapMinor == 0 || parts[i].FeesMinor+parts[i].ExpensesMinor < p.CapMinor) {
			weights[i] = 1
		}
	}
	f, err := money.Split(fees, weights)
	if err != nil {
		return err
	}
	e, err := money.Split(expenses, weights)
	if err != nil {
		return err
	}
	for i := range parts {
		parts[i].FeesMinor += f[i]
		parts[i].ExpensesMinor += e[i]
	}
	return nil
}
