package capture

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Amend changes an entry under review, for whoever holds the item that asks for it
// (SLA.md 9), while the entry is on no bill. What was recorded stays beside it, and
// the pre-bill takes the change over. ErrStale when version is not the stored one,
// amend.ErrInvalid with every field that needs correcting.
func (s *Service) Amend(ctx context.Context, by worklist.Act, id ident.EntryID, version int, c amend.Change) (Entry, error) {
	return s.reviewing(ctx, by, id, version, func(tx *db.Tx, r review) error { return r.amend(tx, c) })
}

// ApplyFix applies the fix that a finding on an entry proposes, with its rule as the
// reason.
func (s *Service) ApplyFix(ctx context.Context, by worklist.Act, finding ident.FindingID) (e Entry, err error) {
	var f guideline.Stored
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.EntryAmend); err != nil {
			return err
		}
		f, err = guideline.ByID(tx, finding)
		return err
	})
	if err != nil {
		return e, err
	}
	if f.Line != "" {
		return e, guideline.ErrNotFound // a pre-bill's; it is fixed there
	}
	return s.reviewing(ctx, by, f.Entry, 0, func(tx *db.Tx, r review) error {
		if f, err = guideline.ByID(tx, finding); err != nil {
			return err
		}
		if f.State != guideline.Open {
			return guideline.ErrSettled
		}
		c, err := amend.FixOf(f, r.entry.Currency)
		if err != nil {
			return err
		}
		return r.amend(tx, c)
	})
}

// UndoAmendment takes back the newest amendment of an entry that stands, whoever made
// it. amend.ErrNoEdit when the entry is as recorded.
func (s *Service) UndoAmendment(ctx context.Context, by worklist.Act, id ident.EntryID, version int) (Entry, error) {
	return s.reviewing(ctx, by, id, version, func(tx *db.Tx, r review) error {
		last := r.entry.Edits.Last()
		if last == nil {
			return amend.ErrNoEdit
		}
		if err := markAmendmentUndone(tx, last); err != nil {
			return err
		}
		last.UndoneAt = &tx.Now
		if err := r.recheck(tx); err != nil {
			return err
		}
		return r.record(tx, "entry.amendment_undone", last.After, last.Before, map[string]any{"amendment": last.ID})
	})
}

// review is one entry under the hand of whoever holds its item.
type review struct {
	entry   *Entry
	access  *authz.Access
	masters masters
	facts   *matterFacts
}

// reviewing locks the entry, sees that it is under review by the actor, and lets do
// change it; version 0 is whatever is stored. The entry is locked before its item, as
// an undo of the import does.
func (s *Service) reviewing(ctx context.Context, by worklist.Act, id ident.EntryID, version int, do func(tx *db.Tx, r review) error) (e Entry, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryAmend)
		if err != nil {
			return err
		}
		if err := tx.Exec(`SELECT FROM entry WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Error; err != nil {
			return fmt.Errorf("lock entry %s: %w", id, err)
		}
		found, err := entriesFor(tx, a, "e.id = ?", []any{id}, 1)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		e = found[0]
		if e.Currency == "" || e.Withheld {
			return authz.ErrForbidden.With("your access shows too little of this matter to change its entries")
		}
		if err := underReview(tx, by, &e); err != nil {
			return err
		}
		if version != 0 && version != e.Version {
			return ErrStale
		}
		r := review{entry: &e, access: a}
		if r.masters, err = loadMasters(tx, a); err != nil {
			return err
		}
		if r.facts = r.masters.matterByID(e.MatterID); r.facts == nil {
			return ErrNotFound
		}
		if err := do(tx, r); err != nil {
			return err
		}
		return bump(tx, &e)
	})
	return e, err
}

// underReview wants the entry open and the actor to hold the item of its import.
func underReview(tx *db.Tx, by worklist.Act, e *Entry) error {
	item, err := worklist.Of(tx, workType, Subject, string(e.ImportID))
	if err != nil {
		return err
	}
	switch {
	case item == "" || item != by.Item:
		return ErrNotFound // under this item there is no such entry
	case e.Status != StatusOpen:
		return ErrEntryTaken.With("this entry is on a bill or was removed; what is on a pre-bill is changed there")
	}
	return worklist.Hold(tx, item, by.Token)
}

func (r review) amend(tx *db.Tx, c amend.Change) error {
	if c.Held != nil {
		return amend.ErrInvalid.With("an entry is put on hold on its pre-bill")
	}
	before := r.entry.Work()
	after, reason, err := c.Apply(before, r.masters.terms(r.entry, r.facts))
	if err != nil {
		return err
	}
	d := amend.Edit{ID: ident.New[ident.EditID](tx.Now), Seq: len(r.entry.Edits) + 1, Side: amend.SideBureau, Before: before.Content, After: after.Content,
		BeforeAt: before.Amount(), AfterAt: after.Amount(), Reason: reason, Note: strings.TrimSpace(c.Note), By: tx.Scope.Actor, At: tx.Now}
	if err := insertAmendment(tx, r.entry.ID, &d); err != nil {
		return err
	}
	r.entry.Edits = append(r.entry.Edits, d)
	if err := r.recheck(tx); err != nil {
		return err
	}
	return r.record(tx, "entry.amended", d.Before, d.After, map[string]any{"amendment": d.ID, "reason": d.Reason})
}

func (r review) record(tx *db.Tx, action string, before, after amend.Content, detail map[string]any) error {
	class := audit.C3
	if r.facts.Label == authz.Sealed {
		class = audit.C4
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "entry", ID: string(r.entry.ID), Matter: r.entry.MatterID, Class: class, Permission: string(rbac.EntryAmend),
		Before: before, After: after, Detail: detail})
}

// recheck judges the entry again, and with it what the same person recorded in the
// same file within a day of it: a day's hours are a remark on all of them.
func (r review) recheck(tx *db.Tx) error {
	e := r.entry
	near, err := readEntries(tx, `SELECT `+entryColumns+`, e.narrative, false FROM entry e WHERE e.firm_id = ? AND e.import_id = ? AND e.status = 'open'
		AND (e.id = ? OR (e.timekeeper_id = nullif(?, '')::uuid AND e.worked_on BETWEEN ?::date - 1 AND ?::date + 1)) ORDER BY e.source_line, e.id`,
		tx.Scope.Firm, e.ImportID, e.ID, string(e.TimekeeperID), day(e.WorkedOn), day(e.WorkedOn))
	if err != nil {
		return err
	}
	if err := attachAmendments(tx, near); err != nil {
		return err
	}
	p := plan{}
	for i := range near {
		l, ok, err := r.masters.landing(&near[i])
		if err != nil {
			return err
		}
		if ok { // beyond the actor's reach nothing is judged
			p.entries, p.facts = append(p.entries, near[i]), append(p.facts, l)
		}
	}
	_, err = checkEntries(tx, &p, r.masters.today, true)
	return err
}

// matterByID finds a matter in reach by its id.
func (m masters) matterByID(id ident.MatterID) *matterFacts {
	for _, f := range m.matters {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// landing is what rules need to know about an entry that landed before.
func (m masters) landing(e *Entry) (l landing, ok bool, err error) {
	if l.matter = m.matterByID(e.MatterID); l.matter == nil {
		return l, false, nil
	}
	if e.TimekeeperID == "" {
		return l, true, nil
	}
	k, _ := m.timekeeperByID(e.TimekeeperID)
	l.keeper(k)
	w := e.Work() // a rate may be for a task, and the task as it stands counts
	a, err := m.card.Resolve(l.matter.asks(e, l.class, w.Task, w.Activity))
	if err != nil && !errors.Is(err, rate.ErrNoRate) {
		return l, false, err
	}
	l.agreed, l.hasRate = a.Rate, err == nil
	return l, true, nil
}

func (m masters) timekeeperByID(id ident.TimekeeperID) (k matter.Timekeeper, ok bool) {
	for _, k := range m.timekeepers {
		if k.ID == id {
			return k, true
		}
	}
	return k, false
}

// Reviewed refuses to end the review of an import while findings on its open entries
// are neither fixed nor kept with a reason. What is on a pre-bill already is settled
// there, and what the actor may not know of is not theirs to settle.
func Reviewed(tx *db.Tx, a *authz.Access, id string) error {
	cond, args := a.Matters("m")
	var open int
	err := tx.Raw(`SELECT count(*) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		WHERE f.firm_id = ? AND e.import_id = ? AND e.status = 'open' AND f.line_id IS NULL AND f.state = 'open' AND `+cond,
		append([]any{tx.Scope.Firm, id}, args...)...).Row().Scan(&open)
	switch {
	case err != nil:
		return fmt.Errorf("count findings of import %s: %w", id, err)
	case open == 1:
		return ErrOpenFindings.With("1 finding is open; fix it or say why the line stays")
	case open > 1:
		return ErrOpenFindings.With("%d findings are open; fix them or say why the lines stay", open)
	}
	return nil
}
