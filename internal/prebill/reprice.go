package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// LockToReprice keeps matters' pre-bills and the named ones as they are until the
// transaction ends: nobody builds, changes, hands in or approves one meanwhile. Both in
// the order given, which is that of their ids.
func LockToReprice(tx *db.Tx, matters []ident.MatterID, bills []ident.PrebillID) error {
	for _, m := range matters {
		if err := tx.Lock("prebill of matter " + string(m)); err != nil {
			return err
		}
	}
	for _, id := range bills {
		if _, err := lock(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// Reprice takes the new prices of entries over onto the draft that they are on, by a
// repricing run that has given them to the entries and locked the draft: what people changed
// is made again on the new price, with its author, time and reason, and the former change
// stays in the line's history as taken back. A rate that was cut to more than the new one
// falls away, and all else of that change is made: hours, words, codes, hold and
// write-down. A line that is a part or in a merge is not repriced.
// ErrStatus when the bill is not with the billing team.
func Reprice(tx *db.Tx, id ident.PrebillID, run ident.Repricing, entries []ident.EntryID) error {
	p, err := lock(tx, id)
	if err != nil {
		return err
	}
	if p.Status != StatusDraft && p.Status != StatusChangesRequested {
		return ErrStatus.With("%s is %s; its lines keep their prices", p.Name(), p.Status.words())
	}
	m, f, err := groundOf(tx, &p)
	if err != nil {
		return err
	}
	if err := save(tx, &p); err != nil {
		return err
	}
	if err := movePrices(tx, p.ID, entries); err != nil {
		return err
	}
	all, err := lines(tx, p.ID)
	if err != nil {
		return err
	}
	of := make(map[ident.EntryID]bool, len(entries))
	for _, e := range entries {
		of[e] = true
	}
	again, fell := 0, []ident.PrebillLine{}
	for i := range all {
		l := &all[i]
		if !of[l.EntryID] || l.SplitOf != "" || len(l.Sources) > 0 {
			continue
		}
		made, cut, err := l.reprice(tx, &p, repricingTerms(p.Currency, f))
		if err != nil {
			return err
		}
		again += made
		if cut > 0 {
			fell = append(fell, l.ID)
		}
	}
	if _, err := recheck(tx, &p, m, f); err != nil {
		return err
	}
	return record(tx, "prebill.repriced", rbac.RateReprice, &p, classOf(m, audit.C2), nil, nil,
		map[string]any{"run": run, "entries": len(entries), "changes_made_again": again, "rates_fell_away": fell})
}

// repricingTerms are those that changes are made again by: what stands on a line stays,
// and a code that is no longer in use with it.
func repricingTerms(c money.Currency, f policies) amend.Terms {
	return amend.Terms{Currency: c, Rounding: money.Rounding(f.Rounding), Standing: true}
}

// again is what the line comes to when its changes are made once more on what is recorded:
// those that are made, and those of which a part fell away.
func (l *Line) again(t amend.Terms) (made amend.Edits, after amend.Work, cut amend.Edits) {
	bare := l.Work
	bare.Value = l.Recorded.Amount
	bare.Content = amend.Content{Quantity: l.Recorded.Quantity, Rate: l.Recorded.Rate, Narrative: l.Recorded.Narrative, Task: l.Recorded.Task,
		Activity: l.Recorded.Activity, Expense: l.Recorded.Expense}
	return l.Edits.Again(bare, t)
}

// reprice makes the changes of a line that stand once more on the price that its entry has
// by now. It returns how many were made, and of how many a part fell away.
func (l *Line) reprice(tx *db.Tx, p *Prebill, t amend.Terms) (made, cut int, err error) {
	edits, work, fell := l.again(t)
	for i := range l.Edits {
		if e := &l.Edits[i]; e.UndoneAt == nil {
			if err := markUndone(tx, e); err != nil {
				return 0, 0, err
			}
		}
	}
	l.Work = work
	if err := updateLine(tx, l); err != nil {
		return 0, 0, err
	}
	for i := range edits {
		e := &edits[i]
		e.ID, e.Seq = ident.New[ident.EditID](tx.Now), len(l.Edits)+1+i
		if err := insertEdit(tx, p, l.ID, e); err != nil {
			return 0, 0, err
		}
	}
	return len(edits), len(fell), nil
}

// Foreseen is what a repricing would make of a line on a draft.
type Foreseen struct {
	Last   ident.EditID // its newest change that stands, "" for none
	Before amend.Work
	After  amend.Work
}

// Foresee works out what Reprice would make of the lines of entries with prices, and
// changes nothing. Of an entry that is on no draft, or whose line is a part, split or in a
// merge, there is nothing.
func Foresee(tx *db.Tx, prices map[ident.EntryID]capture.Price) (map[ident.EntryID]Foreseen, error) {
	entries := make([]ident.EntryID, 0, len(prices))
	for e := range prices {
		entries = append(entries, e)
	}
	f, err := firmPolicies(tx)
	if err != nil {
		return nil, err
	}
	all, err := wholeLines(tx, entries)
	if err != nil {
		return nil, err
	}
	seen := make(map[ident.EntryID]Foreseen, len(all))
	for i := range all {
		l := &all[i]
		x, price := Foreseen{Before: l.Work}, prices[l.EntryID]
		if last := l.Edits.Last(); last != nil {
			x.Last = last.ID
		}
		l.Recorded.Rate, l.Recorded.Amount = price.Rate, price.Minor
		_, x.After, _ = l.again(repricingTerms(price.Currency, f))
		seen[l.EntryID] = x
	}
	return seen, nil
}

// movePrices lets the lines of entries stand by the prices that these have by now.
func movePrices(tx *db.Tx, id ident.PrebillID, entries []ident.EntryID) error {
	err := tx.Exec(`UPDATE prebill_line l SET price_seq = e.price_seq FROM entry e
		WHERE l.firm_id = ? AND l.prebill_id = ? AND l.entry_id = ANY (?::uuid[]) AND e.firm_id = l.firm_id AND e.id = l.entry_id AND l.price_seq <> e.price_seq`,
		tx.Scope.Firm, id, db.Array(entries)).Error
	if err != nil {
		return fmt.Errorf("move prices of pre-bill %s: %w", id, err)
	}
	return nil
}
