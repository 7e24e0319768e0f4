package prebill

import (
	"errors"
	"slices"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// ErrSplitChanged is told of an approval that was voided: the payors' shares are others by now.
var ErrSplitChanged = fault.New(fault.Conflict, "prebill_split_changed", "the split among payors that is agreed is another than the one approved, so the pre-bill is in review again; look at the payors' shares and approve it anew")

// Share is what one payor pays of a bill that is split, and on what terms. Those of a bill
// sum to it, fees and expenses each.
type Share struct {
	Payor         ident.PayorID  `json:"payor"`
	Fees          money.Fraction `json:"fees_e6"`
	Expenses      money.Fraction `json:"expenses_e6"`
	CapMinor      int64          `json:"cap_minor,omitempty"`
	OwnTax        bool           `json:"own_tax,omitempty"` // TaxRate and TaxNote are the payor's, else the matter's hold
	TaxRate       money.Fraction `json:"tax_rate_e6,omitempty"`
	TaxNote       string         `json:"tax_note,omitempty"`
	FeesMinor     int64          `json:"fees_minor"`
	ExpensesMinor int64          `json:"expenses_minor"`
}

// NetMinor is all that the payor pays, before tax.
func (s Share) NetMinor() int64 { return s.FeesMinor + s.ExpensesMinor }

// Nothing tells whether the payor pays nothing of this bill, and gets no invoice.
func (s Share) Nothing() bool { return s.FeesMinor == 0 && s.ExpensesMinor == 0 }

// Moved tells whether a cap made the share of a whole another than its percentages do.
func Moved(all []Share) bool {
	return slices.ContainsFunc(all, func(s Share) bool { return s.CapMinor > 0 && s.NetMinor() == s.CapMinor })
}

// shareOut is what each payor pays of the bill as o makes it, by what is agreed for the
// bill's own day; nil where nothing is split.
func (o *outcome) shareOut(p *Prebill, versions arrangement.Versions, s *sheet) error {
	v := versions.At(p.ThroughOn, p.Currency)
	if v == nil || v.Terms.Split == nil {
		return nil
	}
	after := *s
	after.lines, after.charges = slices.Clone(s.lines), o.charges
	for i := range after.lines {
		after.lines[i].Arranged = o.lines[i]
	}
	t := after.total()
	parts, err := v.Terms.Split.Share(t.FeesMinor, t.ExpensesMinor)
	if err != nil {
		return err
	}
	for i, x := range v.Terms.Split.Payors {
		share := Share{Payor: x.Payor, Fees: x.Fees, Expenses: x.OfExpenses(), CapMinor: x.CapMinor, FeesMinor: parts[i].FeesMinor, ExpensesMinor: parts[i].ExpensesMinor}
		if x.TaxRate != nil {
			share.OwnTax, share.TaxRate, share.TaxNote = true, *x.TaxRate, x.TaxNote
		}
		o.shares = append(o.shares, share)
	}
	return nil
}

// splitNow are the shares of a bill as it stands by the split that is agreed now.
func splitNow(tx *db.Tx, p *Prebill, m matter.Matter, s *sheet) ([]Share, error) {
	versions, err := arrangement.Of(tx, m.ID, m.ClientID)
	if err != nil {
		return nil, err
	}
	o := outcome{charges: s.charges, lines: make([]Arranged, len(s.lines))}
	for i := range s.lines {
		o.lines[i] = s.lines[i].Arranged
	}
	err = o.shareOut(p, versions, s)
	return o.shares, err
}

// splitStands answers ErrSplitChanged of an approved bill when another split is agreed by now
// than the one approved.
func splitStands(tx *db.Tx, p *Prebill, m matter.Matter, s *sheet) error {
	now, err := splitNow(tx, p, m, s)
	if err != nil || slices.Equal(now, s.shares) {
		return err
	}
	return ErrSplitChanged
}

// Voided tells whether an approval was voided when its invoice was to be made: what it was given
// for is not so any more. Whoever asked keeps what TakeApproved did.
func Voided(err error) bool {
	return errors.Is(err, ErrSplitChanged) || errors.Is(err, ErrClosingChanged)
}

// void puts an approved bill back into review, works it out anew, and returns the cause.
func void(tx *db.Tx, p *Prebill, m matter.Matter, f policies, cause *fault.Error) error {
	hash := p.ApprovedHash
	if err := p.move(StatusInReview, "", tx.Now); err != nil {
		return err
	}
	if err := save(tx, p); err != nil {
		return err
	}
	if _, err := recheck(tx, p, m, f); err != nil {
		return err
	}
	if err := cancelItem(tx, p); err != nil {
		return err
	}
	if err := record(tx, "prebill.approval_voided", rbac.InvoiceIssue, p, audit.C2, nil, nil, map[string]any{"hash": hash, "cause": cause.Code}); err != nil {
		return err
	}
	return cause
}

// shareLines gives each line of a bill that is split, and what stands beside them, the parts
// of its payors: for each payor they come to what it pays of the fees and of the expenses.
func (a *Approved) shareLines() error {
	if len(a.Shares) == 0 {
		return nil
	}
	net, fees, expenses := make([]int64, len(a.Shares)), make([]int64, len(a.Shares)), make([]int64, len(a.Shares))
	for k, s := range a.Shares {
		net[k], fees[k], expenses[k] = s.NetMinor(), s.FeesMinor, s.ExpensesMinor
	}
	if !slices.ContainsFunc(net, func(minor int64) bool { return minor != 0 }) {
		net[0] = 1 // a bill of nothing goes to the first
	}
	var ofFees, ofExpenses []int64
	for i := range a.Lines {
		if l := &a.Lines[i]; l.Kind == guideline.Expense {
			ofExpenses = append(ofExpenses, l.Amount)
		} else {
			ofFees = append(ofFees, l.Amount)
		}
	}
	for _, b := range a.Beside {
		ofFees = append(ofFees, b.Minor)
	}
	feeShares, err := arrangement.ShareLines(ofFees, fees, net)
	if err != nil {
		return err
	}
	expenseShares, err := arrangement.ShareLines(ofExpenses, expenses, net)
	if err != nil {
		return err
	}
	for i := range a.Lines {
		from := &feeShares
		if a.Lines[i].Kind == guideline.Expense {
			from = &expenseShares
		}
		a.Lines[i].Shares, *from = (*from)[0], (*from)[1:]
	}
	for i := range a.Beside {
		a.Beside[i].Shares = feeShares[i]
	}
	return nil
}

// share adds what each payor pays, with the lines behind it.
func (v *View) share(tx *db.Tx, m matter.Matter, f policies, all *sheet) error {
	if v.Status == StatusApproved {
		now, err := splitNow(tx, &v.Prebill, m, all)
		if err != nil {
			return err
		}
		v.SplitChanged = !slices.Equal(now, all.shares)
	}
	if len(all.shares) == 0 {
		return nil
	}
	a, err := approved(v.Prebill, m, f, all)
	if err != nil {
		return err
	}
	v.Shares = a.shareViews()
	return namePayors(tx, v.ID, v.Shares)
}

// ShareView is a share as a reader sees it, with what is behind it.
type ShareView struct {
	Share
	PayorName string
	Lines     []ShareLine
	Invoice   ident.InvoiceID // "" while there is none
	Number    string
}

// ShareLine is what a payor pays of a line, or of what stands beside the lines.
type ShareLine struct {
	Position   int    // of the line; 0 beside them
	Text       string // of what stands beside them
	WholeMinor int64
	Minor      int64
}

// shareViews leaves out lines of which a payor pays nothing.
func (a *Approved) shareViews() (list []ShareView) {
	for k, s := range a.Shares {
		v := ShareView{Share: s}
		for i := range a.Lines {
			if l := &a.Lines[i]; l.Shares[k] != 0 {
				v.Lines = append(v.Lines, ShareLine{Position: l.Position, WholeMinor: l.Amount, Minor: l.Shares[k]})
			}
		}
		for _, b := range a.Beside {
			if b.Shares[k] != 0 {
				v.Lines = append(v.Lines, ShareLine{Text: b.Text, WholeMinor: b.Minor, Minor: b.Shares[k]})
			}
		}
		list = append(list, v)
	}
	return list
}
