package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
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
// stays in the line's history as taken back. What does not fit the new price any more, as a
// rate cut to more than it, falls away. A line that is a part or in a merge is not repriced.
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
	again, fell := 0, 0
	for i := range all {
		l := &all[i]
		if !of[l.EntryID] || l.SplitOf != "" || len(l.Sources) > 0 {
			continue
		}
		made, lost, err := l.reprice(tx, &p, termsOf(&p, m, f))
		if err != nil {
			return err
		}
		again, fell = again+made, fell+lost
	}
	if _, err := recheck(tx, &p, m, f); err != nil {
		return err
	}
	return record(tx, "prebill.repriced", rbac.RateReprice, &p, classOf(m, audit.C2), nil, nil,
		map[string]any{"run": run, "entries": len(entries), "changes_made_again": again, "changes_fell_away": fell})
}

// reprice makes the changes of a line that stand once more on the price that its entry has
// by now. It returns how many were made, and how many did not fit any more.
func (l *Line) reprice(tx *db.Tx, p *Prebill, t amend.Terms) (made, lost int, err error) {
	bare := l.Work
	bare.Value = l.Recorded.Amount
	bare.Content = amend.Content{Quantity: l.Recorded.Quantity, Rate: l.Recorded.Rate, Narrative: l.Recorded.Narrative, Task: l.Recorded.Task,
		Activity: l.Recorded.Activity, Expense: l.Recorded.Expense}
	edits, work := l.Edits.Again(bare, t)
	stood := 0
	for i := range l.Edits {
		if e := &l.Edits[i]; e.UndoneAt == nil {
			stood++
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
	return len(edits), stood - len(edits), nil
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
