package prebill_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// pieces is a draft of three pieces of one afternoon, an hour of another day and a cost.
func (s *stage) pieces() prebill.View {
	s.t.Helper()
	for _, x := range []struct {
		hours int64
		words string
	}{{5_000, "Draft outline of reply brief on motion to compel"}, {3_000, "Revise table of authorities of reply brief"}, {12_000, "Draft statement of facts of reply brief"}} {
		s.f.Work(s.t, s.m, s.k, "2026-02-09", x.hours, 4_000_000, testkit.Narrative(x.words))
	}
	s.f.Work(s.t, s.m, s.k, "2026-02-10", 10_000, 4_000_000)
	s.f.Cost(s.t, s.m, "2026-02-11", "E115", 10_000, 1_000_000)
	return s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
}

// union names lines of v by their place.
func union(v prebill.View, places ...int) (u prebill.Union) {
	for _, n := range places {
		u.Lines = append(u.Lines, v.Lines[n-1].ID)
	}
	return u
}

func (s *stage) merge(v prebill.View, places ...int) prebill.View {
	s.t.Helper()
	return s.view(s.ok(s.svc.Merge(s.specialist, v.ID, v.Version, union(v, places...))))
}

func TestLinesAreMerged(t *testing.T) {
	t.Parallel()
	s := setup(t)
	start := s.pieces()
	one, two := start.Lines[0], start.Lines[2]
	u := union(start, 3, 1) // in any order
	u.Note = "one sitting"
	v := s.view(s.ok(s.svc.Merge(s.specialist, start.ID, start.Version, u)))
	if len(v.Lines) != 4 || v.Totals.RecordedMinor != 130_000 || v.Totals.RecordedHours != 30_000 || v.Totals.InvoiceMinor != 130_000 || v.Totals.TeamMinor != 0 || v.Totals.TeamLines != 1 {
		t.Fatalf("%d lines, %+v", len(v.Lines), v.Totals)
	}
	l := v.Lines[0]
	words, hours, minor := one.Narrative+"; "+two.Narrative, one.Quantity+two.Quantity, one.Amount()+two.Amount()
	if l.Position != 1 || l.Quantity != hours || l.Amount() != minor || l.Recorded.Quantity != hours || l.Recorded.Amount != minor || l.Narrative != words || l.Recorded.Narrative != words {
		t.Errorf("merged %+v", l)
	}
	if len(l.Sources) != 2 || l.Sources[0].EntryID != one.EntryID || l.Sources[1].EntryID != two.EntryID || l.Sources[1].Recorded.Amount != two.Recorded.Amount {
		t.Errorf("sources %+v", l.Sources)
	}
	if len(l.Edits) != 1 || l.Edits[0].Reason != amend.ReasonMerge || l.Edits[0].Note != "one sitting" || l.Edits[0].By != testkit.Actor(s.specialist) {
		t.Errorf("began as %+v", l.Edits)
	}
	if v.Lines[1].ID != start.Lines[1].ID || v.Lines[1].Position != 2 || v.Hash == start.Hash {
		t.Errorf("the line between: %+v", v.Lines[1])
	}
	list, err := s.svc.List(s.partner, prebill.Filter{}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Lines != 4 || list.Items[0].RecordedMinor != 130_000 || list.Items[0].InvoiceMinor != 130_000 {
		t.Errorf("list %+v, %v", list.Items, err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action = 'prebill.lines_merged' AND detail::text NOT LIKE '%brief%'`, s.f.ID, v.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND (narrative LIKE '%;%' OR hours_e4 = ?)`, s.f.ID, hours); n != 0 {
		t.Error("an entry was overwritten")
	}
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, l.ID)))
	if v.Hash != start.Hash || len(v.Lines) != 5 || v.Totals != start.Totals {
		t.Errorf("undone: same %v, %+v", v.Hash == start.Hash, v.Totals)
	}
	if v = s.merge(v, 1, 2, 3); len(v.Lines) != 3 || v.Lines[0].Quantity != 20_000 || v.Totals.InvoiceMinor != 130_000 {
		t.Errorf("merged another way: %+v", v.Totals)
	}
}

// A merge is edited and written down like any line; what it came to stays until its hours
// change, and each step is undone before the merge is.
func TestAMergeIsEdited(t *testing.T) {
	t.Parallel()
	s := setup(t)
	start := s.pieces()
	v := s.merge(start, 1, 2, 3)
	id := v.Lines[0].ID
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, id, amend.Change{Narrative: text("Draft reply brief on motion to compel")})))
	if l := v.Lines[0]; l.Amount() != 80_000 || l.Value != 80_000 || l.Narrative != "Draft reply brief on motion to compel" {
		t.Errorf("reworded: %+v", l.Work)
	}
	v = s.view(s.ok(s.svc.WriteDown(s.partner, v.ID, v.Version, id, 70_000, amend.ReasonCourtesy, "")))
	if v.Totals.InvoiceMinor != 120_000 || v.Totals.FirmMinor != -10_000 || v.Totals.TeamMinor != 0 {
		t.Errorf("written down: %+v", v.Totals)
	}
	if _, err := s.svc.Hold(s.specialist, v.ID, v.Version, id, "next time"); !errors.Is(err, prebill.ErrMergeHeld) {
		t.Errorf("held: %v", err)
	}
	if _, err := s.svc.Split(s.specialist, v.ID, v.Version, id, halves()); !errors.Is(err, prebill.ErrNoSplit) || !strings.Contains(err.Error(), "merge of several") {
		t.Errorf("split: %v", err)
	}
	if _, err := s.svc.Edit(s.specialist, v.ID, v.Version, id, amend.Change{Quantity: fixed(21_000), Reason: amend.ReasonQuality}); !errors.Is(err, amend.ErrInvalid) {
		t.Errorf("more than recorded: %v", err)
	}
	for range 3 {
		v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	}
	if v.Hash != start.Hash {
		t.Errorf("all undone: %+v", v.Lines)
	}
}

func TestWhatCannotBeMergedSaysEveryReason(t *testing.T) {
	t.Parallel()
	s := setup(t)
	other := s.f.Timekeeper(t, "TK2", "PARTNR", 6_000_000)
	s.f.Work(t, s.m, other, "2026-02-09", 10_000, 6_000_000, testkit.Codes("L340", "A104"))
	s.f.Work(t, s.m, s.k, "2026-02-09", 4_000, 4_000_000, testkit.Codes("L350", "A104"))
	v := s.pieces() // 6 lines of time and a cost
	place := func(match func(l *prebill.Line) bool) int {
		for i := range v.Lines {
			if match(&v.Lines[i]) {
				return i + 1
			}
		}
		t.Fatal("no such line")
		return 0
	}
	one := place(func(l *prebill.Line) bool { return strings.HasPrefix(l.Narrative, "Draft outline") })
	two := place(func(l *prebill.Line) bool { return strings.HasPrefix(l.Narrative, "Draft statement") })
	refused := func(why error, wants string, places ...int) {
		t.Helper()
		_, err := s.svc.Merge(s.specialist, v.ID, v.Version, union(v, places...))
		if !errors.Is(err, why) {
			t.Errorf("%v: %v", places, err)
		}
		for want := range strings.SplitSeq(wants, "|") {
			if got := fieldsOf(err) + err.Error(); !strings.Contains(got, want) {
				t.Errorf("%v: %q does not say %q", places, got, want)
			}
		}
	}
	partner := place(func(l *prebill.Line) bool { return l.Timekeeper == other.ID })
	later := place(func(l *prebill.Line) bool { return l.On.Equal(testkit.Day("2026-02-10")) })
	cost := place(func(l *prebill.Line) bool { return l.Kind == guideline.Expense })
	coded := place(func(l *prebill.Line) bool { return l.Activity == "A104" && l.Timekeeper == s.k.ID })
	refused(prebill.ErrInvalid, "at least two", one)
	refused(prebill.ErrInvalid, "named twice", one, one)
	refused(prebill.ErrInvalid, "activity_code: the lines have several", one, coded)
	refused(prebill.ErrNoMerge, "is the time of|an hour, line|task code L340|worked on 10 Feb 2026|is a cost", partner, one, later, cost)
	u := union(v, one, two)
	u.Narrative = text(" ")
	if _, err := s.svc.Merge(s.specialist, v.ID, v.Version, u); !errors.Is(err, prebill.ErrInvalid) || !strings.Contains(fieldsOf(err), "narrative: say what was done") {
		t.Errorf("no words: %v", err)
	}
	u = union(v, one, two)
	u.Note = strings.Repeat("x", 501)
	if _, err := s.svc.Merge(s.specialist, v.ID, v.Version, u); fieldsOf(err) != "note: enter at most 500 characters" {
		t.Errorf("a long note: %v, %s", err, fieldsOf(err))
	}
	u = union(v, one)
	u.Lines = append(u.Lines, ident.New[ident.PrebillLine](testkit.Now))
	if _, err := s.svc.Merge(s.specialist, v.ID, v.Version, u); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("a line that is not there: %v", err)
	}
	v = s.view(s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[one-1].ID, 0, amend.ReasonCourtesy, "")))
	refused(prebill.ErrNoMerge, "charged, line|charge both or none", one, two)
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[one-1].ID)))
	v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[one-1].ID, "wait")))
	refused(prebill.ErrNoMerge, "is held; put it back", one, two)
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[one-1].ID)))
	parts := prebill.Division{Parts: []prebill.Piece{{Hours: 2_000, Narrative: "Outline the brief"}, {Hours: 3_000, Narrative: "Draft the outline"}}}
	split := s.view(s.ok(s.svc.Split(s.specialist, v.ID, v.Version, v.Lines[one-1].ID, parts)))
	if _, err := s.svc.Merge(s.specialist, split.ID, split.Version, union(split, one, one+1)); !errors.Is(err, prebill.ErrNoMerge) || strings.Count(err.Error(), "part of a split") != 2 {
		t.Errorf("parts: %v", err)
	}
	v = s.view(s.ok(s.svc.Undo(s.specialist, split.ID, split.Version, split.Lines[one-1].ID)))
	merged := s.merge(v, one, two)
	id := merged.Lines[min(one, two)-1].ID
	third := prebill.Union{}
	for i := range merged.Lines {
		if l := &merged.Lines[i]; l.ID == id || strings.HasPrefix(l.Narrative, "Revise table") {
			third.Lines = append(third.Lines, l.ID)
		}
	}
	if _, err := s.svc.Merge(s.specialist, merged.ID, merged.Version, third); !errors.Is(err, prebill.ErrNoMerge) || !strings.Contains(err.Error(), "is a merge already") {
		t.Errorf("a merge merged: %v", err)
	}
	if _, err := s.svc.Merge(s.specialist, merged.ID, merged.Version-1, third); !errors.Is(err, prebill.ErrStale) {
		t.Errorf("stale: %v", err)
	}
	s.ok(s.svc.Cancel(s.specialist, merged.ID, merged.Version))
	if _, err := s.svc.Merge(s.specialist, merged.ID, merged.Version+1, third); !errors.Is(err, prebill.ErrStatus) {
		t.Errorf("on a cancelled one: %v", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open'`, s.f.ID); n != 7 {
		t.Errorf("%d entries went back, want 7", n)
	}
}

// Another firm finds no such pre-bill (T01), nor are another one's lines on it.
func TestMergeOfAnotherFirm(t *testing.T) {
	t.Parallel()
	s, other := setup(t), setup(t)
	v, theirs := s.pieces(), other.pieces()
	if _, err := s.svc.Merge(other.specialist, v.ID, v.Version, union(v, 1, 2)); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	mixed := prebill.Union{Lines: []ident.PrebillLine{v.Lines[0].ID, theirs.Lines[0].ID}}
	if _, err := s.svc.Merge(s.specialist, v.ID, v.Version, mixed); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("another firm's line: %v", err)
	}
	if _, err := s.svc.Merge(s.f.As(t, rbac.RoleQualityAuditor), v.ID, v.Version, union(v, 1, 2)); err == nil {
		t.Error("who only reads has merged lines")
	}
}

// Several tasks in one line are remarked on: the rules judge the merge anew, and its lines
// again when it is undone.
func TestAMergeIsJudgedAnew(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, words := range []string{"Draft motion to compel production of documents", "Review deposition transcript of Dr. Haas", "Telephone conference with client on settlement"} {
		s.f.Work(t, s.m, s.k, "2026-02-09", 13_000, 4_000_000, testkit.Narrative(words))
	}
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	open := func(v prebill.View) (n int) {
		for _, l := range v.Lines {
			for _, f := range l.Findings {
				if f.State == guideline.Open && f.Rule == "NAR-01" {
					n++
				}
			}
		}
		return n
	}
	if open(v) != 0 {
		t.Fatalf("before: %+v", v.Lines)
	}
	v = s.merge(v, 1, 2, 3)
	if open(v) != 1 {
		t.Errorf("merged: %+v", v.Lines[0].Findings)
	}
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	if open(v) != 0 {
		t.Errorf("undone: %+v", v.Lines)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM finding f JOIN prebill_line l ON l.firm_id = f.firm_id AND l.id = f.line_id WHERE f.firm_id = ? AND l.gone AND f.state = 'open'`, s.f.ID); n != 0 {
		t.Errorf("%d findings are open on what does not stand", n)
	}
}

// A merge voids the approval (I13); approved it is one line of the invoice, and each of its
// entries is billed once (I01).
func TestAMergeIsApprovedAndTaken(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.pieces()
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	v = s.view(s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)))
	v = s.merge(v, 1, 2, 3)
	if v.Status != prebill.StatusInReview || v.ApprovedHash != "" {
		t.Fatalf("still %s", v.Status)
	}
	v = s.view(s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)))
	var a prebill.Approved
	if err := s.f.DB().InFirm(s.specialist, func(tx *db.Tx) (err error) { a, err = prebill.TakeApproved(tx, v.ID); return err }); err != nil {
		t.Fatal(err)
	}
	if len(a.Lines) != 3 || len(a.Lines[0].Merges) != 3 || a.Lines[0].Merges[0] != a.Lines[0].Entry || a.Lines[0].Amount != 80_000 || !a.Lines[0].Changed || a.Lines[0].Recorded.Quantity != 20_000 || a.Lines[1].Merges != nil {
		t.Errorf("taken %+v", a.Lines)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, s.f.ID); n != 5 {
		t.Errorf("%d entries are billed, want 5", n)
	}
}

// The database keeps to it too: nothing is approved while an entry of a merge would be
// billed twice, or not at all (I01), and no line is merged with what it does not go with.
func TestMergesThatAreNotWholeAreNotApproved(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.pieces()
	v = s.merge(s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version))), 1, 2, 3)
	merge, source, alone := v.Lines[0].ID, v.Lines[0].Sources[2].ID, v.Lines[1].ID
	run := func(q string, args ...any) error {
		return s.f.DB().InFirm(s.specialist, func(tx *db.Tx) error {
			if err := tx.Exec(q, args...).Error; err != nil {
				return err
			}
			return tx.Exec(`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = now(), approved_hash = repeat('0', 64) WHERE firm_id = ? AND id = ?`,
				testkit.Actor(s.partner), s.f.ID, v.ID).Error
		})
	}
	for name, x := range map[string]struct {
		want, q string
		args    []any
	}{
		"a line stands beside its merge":        {"prebill_merges_whole", `UPDATE prebill_line SET gone = false, merged_into = NULL WHERE firm_id = ? AND id = ?`, []any{s.f.ID, source}},
		"a line stands and is merged":           {"prebill_line_merged_steps_back", `UPDATE prebill_line SET gone = false WHERE firm_id = ? AND id = ?`, []any{s.f.ID, source}},
		"nothing stands for the lines":          {"prebill_merges_whole", `UPDATE prebill_line SET gone = true WHERE firm_id = ? AND id = ?`, []any{s.f.ID, merge}},
		"a line lost its claim":                 {"prebill_merges_whole", `UPDATE prebill_line SET live = false WHERE firm_id = ? AND id = ?`, []any{s.f.ID, source}},
		"a line is gone and nothing stands":     {"prebill_parts_whole", `UPDATE prebill_line SET merged_into = NULL WHERE firm_id = ? AND id = ?`, []any{s.f.ID, source}},
		"a merge is another sum":                {"prebill_line_identity", `UPDATE prebill_line SET share_minor = share_minor + 1 WHERE firm_id = ? AND id = ?`, []any{s.f.ID, merge}},
		"a merge claims an entry":               {"prebill_line_merge_claims_nothing", `UPDATE prebill_line SET live = true WHERE firm_id = ? AND id = ?`, []any{s.f.ID, merge}},
		"a merge is held":                       {"prebill_line_merge_claims_nothing", `UPDATE prebill_line SET held = true WHERE firm_id = ? AND id = ?`, []any{s.f.ID, merge}},
		"a line of another day is merged":       {"prebill_line_merge_of", `UPDATE prebill_line SET gone = true, merged_into = ? WHERE firm_id = ? AND id = ?`, []any{merge, s.f.ID, alone}},
		"a line is merged into one that stands": {"prebill_line_merge_of", `UPDATE prebill_line SET gone = true, merged_into = ? WHERE firm_id = ? AND id = ?`, []any{v.Lines[2].ID, s.f.ID, alone}},
	} {
		if err := run(x.q, x.args...); !db.Violates(err, x.want) {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

// Of two who merge overlapping lines at once one wins and the other is told; each entry is
// billed once.
func TestMergesRace(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.pieces()
	second := s.f.As(t, rbac.RoleSpecialist)
	var a, b error
	var both sync.WaitGroup
	both.Go(func() { _, a = s.svc.Merge(s.specialist, v.ID, v.Version, union(v, 1, 2)) })
	both.Go(func() { _, b = s.svc.Merge(second, v.ID, v.Version, union(v, 2, 3)) })
	both.Wait()
	if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), prebill.ErrStale) {
		t.Fatalf("one %v, the other %v", a, b)
	}
	after := s.view(v.Prebill)
	if len(after.Lines) != 4 || after.Totals.InvoiceMinor != v.Totals.InvoiceMinor || after.Totals.RecordedMinor != v.Totals.RecordedMinor {
		t.Errorf("%d lines, %+v", len(after.Lines), after.Totals)
	}
	seen := map[ident.EntryID]int{}
	for _, l := range after.Lines {
		for _, x := range l.Sources {
			seen[x.EntryID]++
		}
		if len(l.Sources) == 0 {
			seen[l.EntryID]++
		}
	}
	for e, n := range seen {
		if n != 1 {
			t.Errorf("entry %s is billed %d times", e, n)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d entries are billed, want 5", len(seen))
	}
}

// Of a merge and an approval at the same time one is told to look again (I13).
func TestMergeRacesApproval(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.pieces()
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	var merge, approve error
	var both sync.WaitGroup
	both.Go(func() { _, merge = s.svc.Merge(s.specialist, v.ID, v.Version, union(v, 1, 2)) })
	both.Go(func() { _, approve = s.svc.Approve(s.partner, v.ID, v.Version, v.Hash) })
	both.Wait()
	if (merge == nil) == (approve == nil) || !errors.Is(errors.Join(merge, approve), prebill.ErrStale) {
		t.Errorf("merge %v, approve %v", merge, approve)
	}
}

// What is agreed about fees counts the merge as it did its lines; under a fixed price there
// are no hours to merge.
func TestAnArrangementCountsTheMergeAsItsLines(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, capAt900)
	v := s.pieces()
	before := v.Totals.InvoiceMinor
	if v = s.merge(v, 1, 2, 3); v.Totals.InvoiceMinor != before {
		t.Errorf("under a cap: %s, before %d", said(v), before)
	}
	s.adds(v)
	fixed := setup(t)
	fixed.f.Arrange(t, fixed.m, dayOne, `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":50000}]}`)
	w := fixed.pieces()
	if _, err := fixed.svc.Merge(fixed.specialist, w.ID, w.Version, union(w, 1, 2)); !errors.Is(err, prebill.ErrNoMerge) || !strings.Contains(err.Error(), "in an agreed price") {
		t.Errorf("under a fixed price: %v", err)
	}
}

// Whoever may not read narratives reads none of the lines that were merged (T05).
func TestAMergeIsRedactedWithItsLines(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.merge(s.pieces(), 1, 2, 3)
	seen, err := s.svc.Get(s.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), v.ID)
	if err != nil || !seen.Redacted {
		t.Fatalf("%v, redacted %v", err, seen.Redacted)
	}
	for _, l := range append(seen.Lines, seen.Lines[0].Sources...) {
		if l.Narrative != "" || l.Recorded.Narrative != "" {
			t.Errorf("line %d says %q", l.Position, l.Narrative)
		}
	}
}

// What is worked later comes after a merge, on a place of its own.
func TestAnExtendedPrebillKeepsItsMerge(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.merge(s.pieces(), 1, 2, 3)
	s.f.Work(t, s.m, s.k, "2026-02-12", 10_000, 4_000_000)
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if len(v.Lines) != 4 || len(v.Lines[0].Sources) != 3 || v.Totals.RecordedMinor != 170_000 || v.Totals.InvoiceMinor != 170_000 {
		t.Errorf("%d lines, %+v", len(v.Lines), v.Totals)
	}
}
