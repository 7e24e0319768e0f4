package prebill

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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

// MaxMerged is the most lines that one merge takes.
const MaxMerged = 20

// Faults of merges.
var (
	ErrNoMerge   = fault.New(fault.Conflict, "prebill_no_merge", "these lines cannot be merged")
	ErrMergeHeld = fault.New(fault.Conflict, "prebill_merge_held", "each entry waits for the next bill by itself; undo the merge, then hold the lines")
)

// Union is what lines of time become together.
type Union struct {
	Lines     []ident.PrebillLine
	Narrative *string // nil: those of the lines, one after the other
	Activity  *string // nil: that of the lines, which must then be one
	Note      string
}

// Merge makes one line of lines of time of one person, day, rate and task, which stands in
// their place: its hours, its value and what is written down are the sums of theirs, never
// rounded again, and the entries stay as recorded. Lines may have been changed before; their
// changes go on counting for who made them. A merge of an approved pre-bill voids the
// approval. ErrStale when version is not the stored one, ErrNoMerge with every reason why
// not, by line.
//
// The merged line is edited and written down like any other, and undone step by step; undo
// of the merge itself gives the lines back as they were. It is not split, held or merged
// again before that: split and hold belong to one entry, and lines are merged all at once.
// Parts of a split, held lines, costs, negative lines and time in an agreed price are not
// merged, nor is what is billed with what is not charged.
func (s *Service) Merge(ctx context.Context, id ident.PrebillID, version int, u Union) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, a *authz.Access, p *Prebill) error {
		m, f, all, err := changeable(tx, p)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, p.MatterID, authz.C3); err != nil {
			return err // nobody merges what they cannot read
		}
		from, err := marked(all, u.Lines)
		if err != nil {
			return err
		}
		if err := mergeable(from); err != nil {
			return err
		}
		side, err := s.sideOf(tx)
		if err != nil {
			return err
		}
		merged, err := unite(tx, from, u, termsOf(p, m, f), side)
		if err != nil {
			return err
		}
		if err := s.keep(tx, p, m, f, func() error { return insertMerge(tx, p, &merged) }); err != nil {
			return err
		}
		return record(tx, "prebill.lines_merged", rbac.PrebillEdit, p, classOf(m, audit.C3), contents(merged.Sources), merged.Content,
			map[string]any{"line": merged.ID, "lines": idsOf(merged.Sources), "entries": merged.entries(), "side": side})
	})
}

// part takes a merge back: its lines stand again, with the changes that they had.
func (s *Service) part(tx *db.Tx, p *Prebill, m matter.Matter, f policies, l *Line) error {
	ids := idsOf(l.Sources)
	err := s.keep(tx, p, m, f, func() error {
		return first(markUndone(tx, l.Edits.Last()), endMerge(tx, l), setGone(tx, true, l.ID))
	})
	if err != nil {
		return err
	}
	return record(tx, "prebill.merge_undone", rbac.PrebillEdit, p, classOf(m, audit.C3), l.Content, contents(l.Sources), map[string]any{"line": l.ID, "lines": ids, "entries": l.entries()})
}

// marked finds lines of a pre-bill in their order.
func marked(all []Line, ids []ident.PrebillLine) (from []Line, err error) {
	for _, id := range ids {
		if _, err := byID(all, id); err != nil {
			return nil, err
		}
	}
	for i := range all {
		if slices.Contains(ids, all[i].ID) {
			from = append(from, all[i])
		}
	}
	var bad fault.Fields
	switch {
	case len(from) != len(ids):
		bad.Add("lines", "lines_twice", "a line is named twice; name each line once")
	case len(from) < 2:
		bad.Add("lines", "lines_few", "a merge takes at least two lines; mark another one of the same person, day and rate")
	case len(from) > MaxMerged:
		bad.Add("lines", "lines_many", "merge at most %d lines; these are %d", MaxMerged, len(from))
	}
	if len(bad) > 0 {
		return nil, bad.Err(ErrInvalid.With("%s", bad[0].Message))
	}
	return from, nil
}

// mergeable refuses lines that are no one piece of work, with every reason.
func mergeable(from []Line) error {
	var bad fault.Fields
	one := &from[0]
	for i := range from {
		l := &from[i]
		path := "lines." + strconv.Itoa(l.Position)
		if code, why := l.apart(); why != "" {
			bad.Add(path, code, "line %d %s", l.Position, why)
			continue
		}
		for _, x := range one.against(l) {
			bad.Add(path, x.code, "line %d %s", l.Position, x.why)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	said := make([]string, len(bad))
	for i := range bad {
		said[i] = bad[i].Message
	}
	return bad.Err(ErrNoMerge.With("these lines cannot be merged: %s", strings.Join(said, "; ")))
}

// apart is why a line is merged with no other, "" where it may be.
func (l *Line) apart() (code, why string) {
	switch {
	case !l.isTime():
		return "merge_cost", "is a cost; only time is merged"
	case l.SplitOf != "":
		return "merge_part", "is a part of a split; undo the split, then merge the line"
	case len(l.Sources) > 0:
		return "merge_again", "is a merge already; undo it, then merge all lines at once"
	case l.Held:
		return "merge_held", "is held; put it back on the bill first"
	case l.Arranged.Unseen || l.Arranged.Reason == amend.ReasonFixed:
		return "merge_fixed", "is in an agreed price, which bills no hours; there is nothing to merge"
	case l.Quantity <= 0 || l.Value < 0 || l.Recorded.Quantity <= 0 || l.Recorded.Amount < 0:
		return "merge_negative", "takes hours back; it stays by itself"
	}
	return "", ""
}

type mismatch struct{ code, why string }

// against is every way in which x is no one piece of work with l.
func (l *Line) against(x *Line) (all []mismatch) {
	no := func(same bool, code, format string, args ...any) {
		if !same {
			all = append(all, mismatch{code, fmt.Sprintf(format, args...)})
		}
	}
	n := l.Position
	no(x.Timekeeper == l.Timekeeper || !l.isTime(), "merge_person", "is the time of %s, line %d that of %s", x.TKName, n, l.TKName)
	no(x.On.Equal(l.On), "merge_day", "was worked on %s, line %d on %s", x.On.Format("2 Jan 2006"), n, l.On.Format("2 Jan 2006"))
	no(x.Rate == l.Rate || !l.isTime(), "merge_rate", "is billed at %s an hour, line %d at %s", x.Rate.Text(2), n, l.Rate.Text(2))
	no(x.Recorded.Rate == l.Recorded.Rate || x.Rate != l.Rate || !l.isTime(), "merge_rate", "was recorded at %s an hour, line %d at %s", x.Recorded.Rate.Text(2), n, l.Recorded.Rate.Text(2))
	no(x.Task == l.Task || !l.isTime(), "merge_task", "has %s, line %d has %s", taskWords(x.Task), n, taskWords(l.Task))
	no((x.Work.Amount() == 0) == (l.Work.Amount() == 0), "merge_charge", "is %s, line %d is %s; charge both or none", charged(x), n, charged(l))
	return all
}

func taskWords(code string) string {
	if code == "" {
		return "no task code"
	}
	return "task code " + code
}

func charged(l *Line) string {
	if l.Work.Amount() == 0 {
		return "not charged"
	}
	return "charged"
}

// unite works out the line that lines become, with the edit that it begins with.
func unite(tx *db.Tx, from []Line, u Union, t amend.Terms, side amend.Side) (Line, error) {
	x := from[0]
	x.ID, x.Sources, x.Arranged, x.Edits, x.Findings = ident.New[ident.PrebillLine](tx.Now), from, Arranged{}, nil, nil
	if err := x.sum(); err != nil {
		return x, err
	}
	words, several := make([]string, len(from)), false
	x.Quantity, x.Value, x.WriteDown, x.Reason = 0, 0, 0, oneReason(from)
	for i := range from {
		l := &from[i]
		words[i] = l.Narrative
		x.Quantity, x.Value, x.WriteDown = x.Quantity+l.Quantity, x.Value+l.Value, x.WriteDown+l.WriteDown
		several = several || l.Activity != x.Activity
	}
	x.Narrative = JoinNarratives(words)
	before := x.Content
	c := amend.Change{Narrative: u.Narrative, Activity: u.Activity, Note: u.Note}
	if c.Narrative == nil {
		c.Narrative = &x.Narrative
	}
	var bad fault.Fields
	after, _, err := c.Apply(x.Work, t)
	if err != nil && !collectAs(&bad, err, func(path string) string { return path }) {
		return x, err
	}
	if several && u.Activity == nil {
		bad.Add("activity_code", "activity_several", "the lines have several activity codes; choose one for the merged line")
	}
	if len(bad) > 0 {
		return x, bad.Err(ErrInvalid)
	}
	x.Work = after
	x.Edits = amend.Edits{{ID: ident.New[ident.EditID](tx.Now), Seq: 1, Side: side, Before: before, After: x.Content, BeforeAt: x.Work.Bills(), AfterAt: x.Work.Bills(),
		Reason: amend.ReasonMerge, Note: strings.TrimSpace(u.Note), By: tx.Scope.Actor, At: tx.Now}}
	return x, nil
}

// JoinNarratives is what a merge proposes to say.
func JoinNarratives(words []string) string { return strings.Join(words, "; ") }

// oneReason is why lines were written down, "" where that is not one reason.
func oneReason(from []Line) (why amend.Reason) {
	for i := range from {
		l := &from[i]
		if l.WriteDown == 0 {
			continue
		}
		if why != "" && why != l.Reason {
			return ""
		}
		why = l.Reason
	}
	return why
}

// sum sets what was recorded of all lines of a merge, and what they came to when they were
// merged: that is its value while neither hours nor rate change.
func (l *Line) sum() error {
	r := &l.Recorded
	r.Quantity, r.Stood = 0, amend.Stood{Rate: l.Sources[0].Rate}
	words, recorded, value := make([]string, len(l.Sources)), make([]int64, len(l.Sources)), make([]int64, len(l.Sources))
	for i := range l.Sources {
		x := &l.Sources[i]
		words[i], recorded[i], value[i] = x.Recorded.Narrative, x.Recorded.Amount, x.Value
		r.Quantity += x.Recorded.Quantity
		r.Stood.Quantity += x.Quantity
	}
	r.Narrative = JoinNarratives(words)
	var err error
	if r.Amount, err = money.Sum(recorded...); err != nil {
		return err
	}
	r.Stood.Value, err = money.Sum(value...)
	return err
}

// entries are those that the line bills: of a merge those of all its lines.
func (l *Line) entries() []ident.EntryID {
	if len(l.Sources) == 0 {
		return []ident.EntryID{l.EntryID}
	}
	ids := make([]ident.EntryID, len(l.Sources))
	for i := range l.Sources {
		ids[i] = l.Sources[i].EntryID
	}
	return ids
}

// history are all changes behind the line: of a merge also those of its lines.
func (l *Line) history() amend.Edits {
	var all amend.Edits
	for i := range l.Sources {
		all = append(all, l.Sources[i].Edits...)
	}
	return append(all, l.Edits...)
}

// mergedAgain is a merge of a credited bill for the lines that are billed again: ok is false
// where a line is missing or does not stand as it did.
func (l *Line) mergedAgain(tx *db.Tx, now map[ident.EntryID]*Line) (again Line, ok bool) {
	again = *l
	again.ID, again.Arranged, again.Findings = ident.New[ident.PrebillLine](tx.Now), Arranged{}, nil
	again.Edits, again.Sources = takenOver(tx, l.Edits), nil
	for i := range l.Sources {
		was := &l.Sources[i]
		x := now[was.EntryID]
		if x == nil || x.Content != was.Content || x.Value != was.Value || x.Recorded.Quantity != was.Recorded.Quantity || x.Recorded.Amount != was.Recorded.Amount {
			return again, false
		}
		again.Sources = append(again.Sources, *x)
	}
	return again, mergeable(again.Sources) == nil
}

func idsOf(all []Line) []ident.PrebillLine {
	ids := make([]ident.PrebillLine, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return ids
}

// MayMerge tells whether a page offers to merge the line with others.
func (l *Line) MayMerge() bool {
	_, why := l.apart()
	return l.Kind == guideline.Time && why == ""
}

// Proposed are the lines of v that ids name, in their order: what a merge of them would be
// made of. ErrNotFound, ErrInvalid and ErrNoMerge are those of Merge.
func (v *View) Proposed(ids []ident.PrebillLine) ([]Line, error) {
	from, err := marked(v.Lines, ids)
	if err != nil {
		return nil, err
	}
	return from, mergeable(from)
}
