package arrangement

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// MaxPayors is the most payors of one split.
const MaxPayors = 20

// Split shares a bill among payors. The shares sum to one hundred percent, in four
// decimals. Without shares of expenses of their own these follow those of the fees. A bill
// goes by the split of the version of its last day, whatever days its work is of.
type Split struct {
	Payors []PayorShare `json:"payors"`
}

// PayorShare is what one payor pays. CapMinor, when set, is the most it pays of one
// bill, before tax; what lies above falls to the payors that are not at theirs, by their
// shares of the fees, and one of them has none: it may well have a share of nothing, and
// then pays only what the others' caps leave. Tax is the matter's where the payor has none
// of its own.
type PayorShare struct {
	Payor    ident.PayorID   `json:"payor"`
	Fees     money.Fraction  `json:"fees"`
	Expenses *money.Fraction `json:"expenses,omitempty"`
	CapMinor int64           `json:"cap_minor,omitempty"`
	TaxRate  *money.Fraction `json:"tax_rate,omitempty"`
	TaxNote  string          `json:"tax_note,omitempty"` // on its invoice, in place of the matter's; only with a rate of its own
}

// OfExpenses is its share of the expenses.
func (p PayorShare) OfExpenses() money.Fraction {
	if p.Expenses != nil {
		return *p.Expenses
	}
	return p.Fees
}

func (s *Split) check(fs *fault.Fields) {
	var fees, expenses money.Fraction
	seen := map[ident.PayorID]bool{}
	if len(s.Payors) > MaxPayors {
		fs.Add("split.payors", "payors_many", "split a bill among at most %d payors", MaxPayors)
	}
	for i, p := range s.Payors {
		at := fmt.Sprintf("split.payors.%d", i)
		if p.Payor == "" || seen[p.Payor] {
			fs.Add(at+".payor", "payor_twice", "choose a payor that no other share has")
		}
		seen[p.Payor] = true
		p.check(fs, at)
		fees, expenses = fees+p.Fees, expenses+p.OfExpenses()
	}
	for _, x := range []struct {
		of  string
		sum money.Fraction
	}{{"fees", fees}, {"expenses", expenses}} {
		if x.sum != money.One {
			fs.Add("split.payors", "shares_sum", "the shares of the %s come to %s percent; change them so that they come to 100.0000", x.of, Percent(x.sum))
		}
	}
}

func (p PayorShare) check(fs *fault.Fields, at string) {
	for _, x := range []struct {
		path string
		f    money.Fraction
	}{{".fees", p.Fees}, {".expenses", p.OfExpenses()}} {
		if x.f < 0 || x.f > money.One {
			fs.Add(at+x.path, "share_range", "enter a percentage from 0 to 100")
		}
	}
	if p.CapMinor < 0 {
		fs.Add(at+".cap_minor", "amount_negative", "enter an amount, or leave it empty for none")
	}
	if p.TaxRate != nil && (*p.TaxRate < 0 || *p.TaxRate > money.One) {
		fs.Add(at+".tax_rate", "tax_rate_range", "enter a percentage from 0 to 100, or leave it empty for the matter's")
	}
	if _, ok := fault.Unseen(p.TaxNote); !ok || len([]rune(p.TaxNote)) > 300 || strings.TrimSpace(p.TaxNote) != p.TaxNote || strings.ContainsAny(p.TaxNote, "\r\n\t") {
		fs.Add(at+".tax_note", "text_length", "say it in at most 300 characters of one line")
	}
	if p.TaxNote != "" && p.TaxRate == nil {
		fs.Add(at+".tax_note", "tax_note_alone", "enter the payor's own tax rate too, such as 0, or leave the note empty")
	}
}

// uncapped refuses caps of all payors: bills beyond them would be nobody's.
func (s *Split) uncapped(fs *fault.Fields) {
	for _, p := range s.Payors {
		if p.CapMinor == 0 {
			return
		}
	}
	if len(s.Payors) > 0 {
		fs.Add("split.payors", "all_capped", "leave one payor without a cap: it pays what is above the caps of the others")
	}
}

// Percent is a share as a percentage in four decimals: "33.3333".
func Percent(f money.Fraction) string { return money.Fixed4(f).Text(4) }

// Part is what one payor gets on its own invoice.
type Part struct {
	Payor         ident.PayorID
	FeesMinor     int64
	ExpensesMinor int64
}

// Share parts fees and expenses of a whole bill, each by largest remainder, ties to
// the payor first in order: the parts sum to the whole, always. Tax follows each
// payor's status and is computed on its part. ErrCaps when every payor is at its cap.
// What is below zero is parted alike.
func (s *Split) Share(feesMinor, expensesMinor int64) ([]Part, error) {
	var fs fault.Fields
	if s.check(&fs); len(fs) > 0 {
		return nil, fs.Err(ErrTerms)
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
	expenses, err := money.Split(expensesMinor, weights(PayorShare.OfExpenses))
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
			cost := min(over, max(parts[i].ExpensesMinor, 0))
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
