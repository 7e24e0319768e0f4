package prebill

import (
	"errors"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Approved is what an invoice is made of: the approved content and nothing else.
type Approved struct {
	Prebill
	Matter  matter.Matter
	Lines   []ApprovedLine // by position; held lines are not among them
	Beside  []Beside       // lines of the fees without an entry
	Prompt  Prompt         // off the fees on prompt payment
	Shares  []Share        // of a bill that is split among payors, in their order
	Closing *Closing       // of a contingent fee; nil for none
	FromOn  time.Time      // first and last work date on the bill
	UntilOn time.Time
	Order   bool // its payor wants a purchase order on each invoice, and nobody let this one pass (INV-13)
}

// ApprovedLine is one line of an invoice with what was recorded for it.
type ApprovedLine struct {
	ID         ident.PrebillLine
	Position   int
	Entry      ident.EntryID
	Kind       guideline.Kind
	On         time.Time
	Timekeeper ident.TimekeeperID
	TKCode     string
	TKName     string
	TKClass    string
	Quantity   money.Fixed4 // hours of time
	Rate       money.Fixed4 // unit price of a cost
	Value      int64        // quantity x rate
	Amount     int64        // what it bills; what value does not explain of it is an adjustment
	Reason     amend.Reason // of that, "" where there is more than one
	Unseen     bool         // under a fixed price: the invoice does not show it
	Narrative  string
	Task       string
	Activity   string
	Expense    string
	Changed    bool // differs from what was recorded
	Recorded   amend.Recorded
	Shares     []int64         // of a bill that is split: of each payor, and they sum to Amount
	Merges     []ident.EntryID // of a merge: all its entries, Entry the first; nil of others
}

// TakeApproved hands an approved pre-bill to the transaction that issues its
// invoice: it locks it, proves that the content is what was approved, marks its
// entries billed, gives held ones back to WIP, and marks it taken, after which
// nobody can withdraw. ErrStatus when it is not approved (any more), ErrAltered
// when the stored lines do not give the approved hash. Voided when another split among
// payors is agreed by now, or a cost of the closing statement was credited since: the approval is
// voided, and the caller keeps that. The caller decides the right to issue.
func TakeApproved(tx *db.Tx, id ident.PrebillID) (Approved, error) {
	p, err := lock(tx, id)
	if err != nil {
		return Approved{}, err
	}
	if p.Status != StatusApproved {
		return Approved{}, ErrStatus.With("%s is %s; only an approved one is invoiced", p.Name(), p.Status.words())
	}
	all, err := sheetOf(tx, id)
	if err != nil {
		return Approved{}, err
	}
	hash, err := all.hash(&p)
	if err != nil {
		return Approved{}, err
	}
	if hash != p.ApprovedHash {
		return Approved{}, ErrAltered
	}
	m, f, err := groundOf(tx, &p)
	if err != nil {
		return Approved{}, err
	}
	switch err := first(splitStands(tx, &p, m, &all), closingStands(tx, &all)); {
	case errors.Is(err, ErrSplitChanged):
		return Approved{}, void(tx, &p, m, f, ErrSplitChanged)
	case errors.Is(err, ErrClosingChanged):
		return Approved{}, void(tx, &p, m, f, ErrClosingChanged)
	case err != nil:
		return Approved{}, err
	}
	if err := settleEntries(tx, &p, all.lines); err != nil {
		return Approved{}, err
	}
	if err := p.move(StatusTaken, "", tx.Now); err != nil {
		return Approved{}, err
	}
	if err := save(tx, &p); err != nil {
		return Approved{}, err
	}
	if err := record(tx, "prebill.taken", rbac.InvoiceIssue, &p, audit.C2, nil, nil, map[string]any{"hash": hash}); err != nil {
		return Approved{}, err
	}
	a, err := approved(p, m, f, &all)
	if err != nil {
		return a, err
	}
	if a.Order, err = wantsOrder(tx, &p, m, f, &all); err != nil {
		return a, err
	}
	a.Closing, err = numbered(tx, a.Closing)
	return a, err
}

// wantsOrder tells whether an invoice of the bill is not made without a purchase order.
func wantsOrder(tx *db.Tx, p *Prebill, m matter.Matter, f policies, s *sheet) (bool, error) {
	policy, err := policyOf(tx, p, m, f)
	if err != nil || !policy.PORequired {
		return false, err
	}
	return !slices.ContainsFunc(s.findings, func(x guideline.Stored) bool { return x.Rule == "INV-13" && x.State == guideline.Waived }), nil
}

// settleEntries ends the claim of held lines and closes the others for good.
func settleEntries(tx *db.Tx, p *Prebill, all []Line) error {
	if err := endClaims(tx, p.ID, true); err != nil {
		return err
	}
	var held []ident.EntryID
	for i := range all {
		if all[i].Held {
			held = append(held, all[i].EntryID)
		}
	}
	if len(held) > 0 { // without ids all would go back
		if err := capture.Release(tx, p.ID, held...); err != nil {
			return err
		}
	}
	n, err := capture.MarkBilled(tx, p.ID)
	if want := billedEntries(all); err == nil && n != int64(want) {
		return ErrAltered.With("the pre-bill holds %d entries and its lines bill %d; it needs a new approval", n, want)
	}
	return err
}

func approved(p Prebill, m matter.Matter, f policies, all *sheet) (Approved, error) {
	a := Approved{Prebill: p, Matter: m, Prompt: all.prompt, Shares: all.shares, Closing: all.closing}
	for i := range all.lines {
		l := &all.lines[i]
		if l.Held {
			continue
		}
		if a.FromOn.IsZero() || l.On.Before(a.FromOn) {
			a.FromOn = l.On
		}
		if l.On.After(a.UntilOn) {
			a.UntilOn = l.On
		}
		line := ApprovedLine{
			ID: l.ID, Position: l.Position, Entry: l.EntryID, Kind: l.Kind, On: l.On, Timekeeper: l.Timekeeper, TKCode: l.TKCode, TKName: l.TKName, TKClass: l.TKClass,
			Quantity: l.Quantity, Rate: l.Rate, Value: l.Value, Amount: l.Amount(), Reason: l.because(), Unseen: l.Arranged.Unseen,
			Narrative: l.Narrative, Task: l.Task, Activity: l.Activity, Expense: l.Expense, Changed: l.Changed(), Recorded: l.Recorded,
		}
		if len(l.Sources) > 0 {
			if err := line.merges(l, p.Currency, money.Rounding(f.Rounding)); err != nil {
				return a, err
			}
		}
		if r := l.Arranged.Rate; r != 0 {
			var err error
			if line.Value, err = money.Line(l.Quantity, r, p.Currency, money.Rounding(f.Rounding)); err != nil {
				return a, err
			}
			line.Rate, line.Changed = r, true
		}
		a.Lines = append(a.Lines, line)
	}
	if len(a.Lines) == 0 { // a price alone
		a.FromOn, a.UntilOn = p.ThroughOn, p.ThroughOn
	}
	if p.PeriodFrom != nil && p.PeriodFrom.Before(a.FromOn) {
		a.FromOn = *p.PeriodFrom // as it says itself
	}
	a.Beside = all.beside(a.UntilOn)
	return a, a.shareLines()
}

// AsItStands is a pre-bill as it stands, in the form in which an invoice takes an approved one,
// to whoever may know of its matter and see its amounts. Nothing is taken or changed.
func AsItStands(tx *db.Tx, a *authz.Access, id ident.PrebillID) (Approved, error) {
	p, err := load(tx, id)
	if err != nil {
		return Approved{}, err
	}
	if err := a.RequireMatter(tx, p.MatterID); err != nil {
		return Approved{}, err
	}
	if err := a.RequireSight(tx, p.MatterID, authz.C2); err != nil {
		return Approved{}, err
	}
	m, f, err := groundOf(tx, &p)
	if err != nil {
		return Approved{}, err
	}
	all, err := sheetOf(tx, id)
	if err != nil {
		return Approved{}, err
	}
	return approved(p, m, f, &all)
}

// merges names the entries of a merge. Its value is that of hours at the rate like that of
// any line of an invoice; what its lines were rounded by for themselves is an adjustment.
func (x *ApprovedLine) merges(l *Line, c money.Currency, r money.Rounding) (err error) {
	x.Merges = l.entries()
	if x.Value, err = money.Line(l.Quantity, l.Rate, c, r); err != nil {
		return err
	}
	if x.Amount != x.Value && x.Amount == l.Value {
		x.Reason = amend.ReasonMerge // nothing was taken off
	}
	return nil
}

// Waiting lists the firm's approved pre-bills in the order of their approval, for
// a run. The caller decides the right to run.
func Waiting(tx *db.Tx) (ids []ident.PrebillID, err error) {
	err = tx.Raw(`SELECT id FROM prebill WHERE firm_id = ? AND status = 'approved' ORDER BY approved_at, id`, tx.Scope.Firm).Scan(&ids).Error
	return ids, err
}
