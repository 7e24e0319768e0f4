package prebill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MaxParts is the most that one line is split into.
const MaxParts = 20

// Faults of splits.
var (
	ErrNoSplit  = fault.New(fault.Conflict, "prebill_no_split", "this line cannot be split")
	ErrPartHeld = fault.New(fault.Conflict, "prebill_part_held", "an entry waits for the next bill in one piece; undo the split, then hold the line")
	ErrPartsSet = fault.New(fault.Conflict, "prebill_part_changed", "another part of this line was changed since the split; undo that first")
)

// Division is a line of time taken apart. The hours of its parts come to the line's, or
// Reason says why fewer are billed; the last part is then written down by what is missing.
type Division struct {
	Parts  []Piece
	Reason amend.Reason
	Note   string
}

// Piece is one of the lines that a line becomes. A nil code is the line's own.
type Piece struct {
	Hours     money.Fixed4
	Narrative string
	Task      *string
	Activity  *string
}

// Split takes a line of time apart into lines of their own hours, words and codes, which
// stand in its place and share its entry. The entry stays as recorded. A split of an
// approved pre-bill voids the approval. ErrStale when version is not the stored one,
// ErrNoSplit for a line that is no whole line of time as recorded, ErrInvalid with every
// field that needs correcting. Undo of a part takes the split back.
func (s *Service) Split(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, d Division) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, a *authz.Access, p *Prebill) error {
		m, f, l, err := s.editable(tx, p, line)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, p.MatterID, authz.C3); err != nil {
			return err // nobody divides what they cannot read
		}
		if err := l.divisible(); err != nil {
			return err
		}
		side, err := s.sideOf(tx)
		if err != nil {
			return err
		}
		parts, err := l.divide(tx, d, termsOf(p, m, f), side)
		if err != nil {
			return err
		}
		if err := s.keep(tx, p, m, f, func() error { return first(setGone(tx, true, l.ID), insertParts(tx, p, l, parts)) }); err != nil {
			return err
		}
		ids := make([]ident.PrebillLine, len(parts))
		for i := range parts {
			ids[i] = parts[i].ID
		}
		return record(tx, "prebill.line_split", rbac.PrebillEdit, p, classOf(m, audit.C3), []amend.Content{l.Content}, contents(parts),
			map[string]any{"line": l.ID, "entry": l.EntryID, "parts": ids, "side": side, "reason": d.Reason})
	})
}

// join takes back the split that a part came of: the line stands again, with the changes
// that it had. ErrPartsSet while a part has a later change.
func (s *Service) join(tx *db.Tx, p *Prebill, m matter.Matter, f policies, part *Line) error {
	all, err := lines(tx, p.ID)
	if err != nil {
		return err
	}
	parts := partsOf(all, part.SplitOf)
	ids, before := make([]ident.PrebillLine, len(parts)), make([]amend.Content, len(parts))
	for i, x := range parts {
		if e := x.Edits.Last(); e == nil || e.Reason != amend.ReasonSplit {
			return ErrPartsSet.With("line %d, another part, was changed since the split; undo that first", x.Position)
		}
		ids[i], before[i] = x.ID, x.Content
	}
	err = s.keep(tx, p, m, f, func() error {
		for _, x := range parts {
			if err := markUndone(tx, x.Edits.Last()); err != nil {
				return err
			}
		}
		return first(setGone(tx, true, ids...), setGone(tx, false, part.SplitOf))
	})
	if err != nil {
		return err
	}
	return record(tx, "prebill.split_undone", rbac.PrebillEdit, p, classOf(m, audit.C3), before, nil, map[string]any{"line": part.SplitOf, "entry": part.EntryID, "parts": ids})
}

// divisible refuses a line that does not stand as it was recorded in hours, rate and value,
// and what is not billed by its hours.
func (l *Line) divisible() error {
	switch {
	case !l.isTime():
		return ErrNoSplit.With("line %d is a cost; only time is split", l.Position)
	case l.SplitOf != "":
		return ErrNoSplit.With("line %d is a part already; undo that split, then split the line into all its parts at once", l.Position)
	case len(l.Sources) > 0:
		return ErrNoSplit.With("line %d is a merge of several entries; undo the merge, then split the line that has too much in it", l.Position)
	case l.Held:
		return ErrNoSplit.With("line %d is held; put it back on the bill first", l.Position)
	case l.Arranged.Unseen || l.Arranged.Reason == amend.ReasonFixed:
		return ErrNoSplit.With("line %d is in an agreed price, which bills no hours; there is nothing to split", l.Position)
	case l.WriteDown != 0 || l.Quantity != l.Recorded.Quantity || l.Rate != l.Recorded.Rate:
		return ErrNoSplit.With("the hours, rate or amount of line %d were changed; undo that, then split it and change its parts", l.Position)
	case l.Quantity <= 0 || l.Recorded.Amount < 0:
		return ErrNoSplit.With("line %d takes hours back; there is nothing to split", l.Position)
	}
	return nil
}

// Validate checks the parts against the line's hours; ErrInvalid with every field.
func (d Division) Validate(of money.Fixed4) error {
	var bad fault.Fields
	switch {
	case len(d.Parts) < 2:
		bad.Add("parts", "parts_few", "a split makes at least two lines; fill in a second part with its hours and narrative")
	case len(d.Parts) > MaxParts:
		bad.Add("parts", "parts_many", "split a line into at most %d parts; this has %d", MaxParts, len(d.Parts))
	}
	sum, odd := money.Fixed4(0), false
	for i, p := range d.Parts {
		switch rest := p.Hours % amend.Increment; {
		case p.Hours <= 0 || p.Hours > of:
			bad.Add(at(i, "hours"), "hours_range", "enter more than 0 and at most the %s of the line", of)
			continue
		case rest != 0 && (odd || rest != of%amend.Increment):
			bad.Add(at(i, "hours"), "hours_increment", "enter tenths of an hour, such as 0.4; only one part takes what of %s is no full tenth", of)
		case rest != 0:
			odd = true
		}
		sum += p.Hours
	}
	switch missing := of - sum; {
	case len(bad) > 0:
	case missing < 0:
		bad.Add("parts", "hours_over", "the parts come to %s hours, which is more than the %s of the line; take %s off", sum, of, -missing)
	case missing > 0 && !slices.Contains(amend.WriteDownReasons(), d.Reason):
		bad.Add("reason", "reason_missing", "the parts come to %s of %s hours; give the missing %s to a part, or choose why it is not billed", sum, of, missing)
	}
	return bad.Err(ErrInvalid)
}

func at(i int, field string) string { return fmt.Sprintf("parts.%d.%s", i+1, field) }

// divide works out the parts of a line, each with the edits that it begins with: how it
// came to be, and on the last one what was written down. What was recorded is shared out
// exactly; each part bills its own hours, rounded once.
func (l *Line) divide(tx *db.Tx, d Division, t amend.Terms, side amend.Side) ([]Line, error) {
	if err := d.Validate(l.Quantity); err != nil {
		return nil, err
	}
	hours := make([]int64, len(d.Parts))
	left := int64(l.Quantity)
	for i, p := range d.Parts {
		hours[i] = int64(p.Hours)
		left -= hours[i]
	}
	missing := left
	hours[len(hours)-1] += missing
	shares, err := money.Split(l.Recorded.Amount, hours)
	if err != nil {
		return nil, err
	}
	var bad fault.Fields
	parts := make([]Line, len(d.Parts))
	for i := range d.Parts {
		x := *l
		x.ID, x.SplitOf, x.Arranged, x.Edits, x.Findings = ident.New[ident.PrebillLine](tx.Now), l.ID, Arranged{}, nil, nil
		x.Recorded.Share, x.Recorded.Quantity, x.Recorded.Amount = true, money.Fixed4(hours[i]), shares[i]
		x.Quantity, x.Reason = x.Recorded.Quantity, ""
		if x.Value, err = x.Valued(x.Quantity, x.Rate, t); err != nil {
			return nil, err
		}
		if err := x.begin(tx, d, i, missing > 0, t, side); err != nil && !collect(&bad, i, err) {
			return nil, err
		}
		parts[i] = x
	}
	return parts, bad.Err(ErrInvalid)
}

// begin gives a part its words and codes, and the last one fewer hours where some are missing.
func (l *Line) begin(tx *db.Tx, d Division, i int, short bool, t amend.Terms, side amend.Side) error {
	p, before := d.Parts[i], l.Work
	c := amend.Change{Narrative: &p.Narrative, Task: p.Task, Activity: p.Activity}
	if i == 0 && !short {
		c.Note = d.Note
	}
	after, _, err := c.Apply(before, t)
	if err != nil && !unchanged(err) {
		return err
	}
	note := strings.TrimSpace(d.Note)
	first := amend.Edit{ID: ident.New[ident.EditID](tx.Now), Seq: 1, Side: side, Before: before.Content, After: after.Content,
		BeforeAt: l.Recorded.Amount, AfterAt: after.Bills(), Reason: amend.ReasonSplit, By: tx.Scope.Actor, At: tx.Now}
	if !short {
		first.Note = note
	}
	l.Work, l.Edits = after, amend.Edits{first}
	if !short || i != len(d.Parts)-1 {
		return nil
	}
	fewer, reason, err := amend.Change{Quantity: &p.Hours, Reason: d.Reason, Note: d.Note}.Apply(after, t)
	if err != nil {
		return err
	}
	l.Edits = append(l.Edits, amend.Edit{ID: ident.New[ident.EditID](tx.Now), Seq: 2, Side: side, Before: after.Content, After: fewer.Content,
		BeforeAt: after.Bills(), AfterAt: fewer.Bills(), Reason: reason, Note: note, By: tx.Scope.Actor, At: tx.Now})
	l.Work = fewer
	return nil
}

// unchanged tells whether a change was refused only because nothing is different: a part
// may keep the words of its line.
func unchanged(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && len(f.Fields) == 1 && f.Fields[0].Code == "change_none"
}

// collect adds the fields that a part's refusal names, under the part.
func collect(bad *fault.Fields, i int, err error) bool {
	return collectAs(bad, err, func(path string) string {
		if path == "note" || path == "reason" {
			return path
		}
		return at(i, path)
	})
}

// collectAs adds the fields that a refusal names, each by another path.
func collectAs(bad *fault.Fields, err error, as func(path string) string) bool {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return false
	}
	for _, x := range f.Fields {
		if x.Code == "change_none" {
			continue // a part, or a merge, may keep the words that were there
		}
		x.Path = as(x.Path)
		*bad = append(*bad, x)
	}
	return true
}

// RoundedMinor is by how much a part bills another amount than its share of the line that
// was split, because it is rounded for itself; 0 of a whole line.
func (l *Line) RoundedMinor() int64 {
	for _, e := range l.Edits {
		if e.Reason == amend.ReasonSplit && e.UndoneAt == nil {
			return e.AfterAt - e.BeforeAt
		}
	}
	return 0
}

// partsOf are the lines that stand for a line that was split.
func partsOf(all []Line, whole ident.PrebillLine) (parts []*Line) {
	for i := range all {
		if all[i].SplitOf == whole {
			parts = append(parts, &all[i])
		}
	}
	return parts
}

// partsAgain are the parts of a credited line for l, which is of the same entry: none where
// l does not stand as recorded, or the parts do not share what was.
func (l *Line) partsAgain(tx *db.Tx, was []*Line) (parts []Line) {
	if len(was) == 0 || l.divisible() != nil {
		return nil
	}
	var hours money.Fixed4
	var minor int64
	for _, w := range was {
		x := *w
		hours, minor = hours+w.Recorded.Quantity, minor+w.Recorded.Amount
		x.ID, x.SplitOf, x.Arranged, x.Edits = ident.New[ident.PrebillLine](tx.Now), l.ID, Arranged{}, takenOver(tx, w.Edits)
		parts = append(parts, x)
	}
	if hours != l.Recorded.Quantity || minor != l.Recorded.Amount {
		return nil
	}
	return parts
}

// billedEntries counts the entries behind the lines that are not held: parts of one entry
// are one, and a merge is as many as its lines.
func billedEntries(all []Line) int {
	seen := map[ident.EntryID]bool{}
	for i := range all {
		if all[i].Held {
			continue
		}
		for _, e := range all[i].entries() {
			seen[e] = true
		}
	}
	return len(seen)
}

// MaySplit tells whether a page offers to split the line.
func (l *Line) MaySplit() bool { return l.Kind == guideline.Time && l.divisible() == nil }
