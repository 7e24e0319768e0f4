package prebill_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// halves takes two hours apart into 1.5 and 0.5.
func halves() prebill.Division {
	return prebill.Division{Parts: []prebill.Piece{
		{Hours: 15_000, Narrative: "Draft reply brief on motion to compel", Activity: text("A103")},
		{Hours: 5_000, Narrative: "Telephone conference with opposing counsel on production", Activity: text("A107")},
	}}
}

func (s *stage) split(v prebill.View, d prebill.Division) prebill.View {
	s.t.Helper()
	return s.view(s.ok(s.svc.Split(s.specialist, v.ID, v.Version, v.Lines[0].ID, d)))
}

func TestALineIsSplit(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	start, whole := v.Hash, v.Lines[0]
	v = s.split(v, halves())
	if len(v.Lines) != 4 || v.Totals.InvoiceMinor != 130_000 || v.Totals.RecordedMinor != 130_000 || v.Totals.RecordedHours != 30_000 || v.Totals.TeamMinor != 0 || v.Totals.TeamLines != 2 {
		t.Fatalf("%d lines, %+v", len(v.Lines), v.Totals)
	}
	for i, want := range []int64{60_000, 20_000} {
		l := v.Lines[i]
		if l.Position != i+1 || l.EntryID != whole.EntryID || l.SplitOf != whole.ID || l.Amount() != want || l.Recorded.Amount != want || l.Recorded.Narrative != whole.Narrative || l.RoundedMinor() != 0 {
			t.Errorf("part %d: %+v", i+1, l)
		}
		if len(l.Edits) != 1 || l.Edits[0].Reason != amend.ReasonSplit || l.Edits[0].Before.Narrative != whole.Narrative || l.Edits[0].By != testkit.Actor(s.specialist) {
			t.Errorf("part %d began as %+v", i+1, l.Edits)
		}
	}
	if v.Lines[1].Activity != "A107" || v.Lines[2].Position != 3 || v.Lines[2].SplitOf != "" {
		t.Errorf("lines %+v", v.Lines)
	}
	list, err := s.svc.List(s.partner, prebill.Filter{}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Lines != 4 || list.Items[0].RecordedMinor != 130_000 || list.Items[0].InvoiceMinor != 130_000 {
		t.Errorf("list %+v, %v", list.Items, err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action = 'prebill.line_split' AND detail::text NOT LIKE '%brief%'`, s.f.ID, v.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	// Undo of any part makes the line whole again.
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[1].ID)))
	if v.Hash != start || len(v.Lines) != 3 || v.Totals.InvoiceMinor != 130_000 {
		t.Errorf("undone: same %v, %+v", v.Hash == start, v.Totals)
	}
	// And it can be split another way.
	if v = s.split(v, halves()); len(v.Lines) != 4 || v.Totals.InvoiceMinor != 130_000 {
		t.Errorf("again: %+v", v.Totals)
	}
}

func TestFewerHoursAreAWriteDown(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	d := halves()
	d.Parts[1].Hours = 3_000
	if _, err := s.svc.Split(s.specialist, v.ID, v.Version, v.Lines[0].ID, d); !errors.Is(err, prebill.ErrInvalid) || !strings.Contains(fieldsOf(err), "give the missing 0.2") {
		t.Errorf("without a reason: %v %s", err, fieldsOf(err))
	}
	d.Reason, d.Note = amend.ReasonGuideline, "the call was long"
	v = s.split(v, d)
	if l := v.Lines[1]; l.Recorded.Quantity != 5_000 || l.Quantity != 3_000 || l.Amount() != 12_000 || len(l.Edits) != 2 || l.Edits[1].Reason != amend.ReasonGuideline || l.Edits[1].Note != d.Note {
		t.Errorf("the short part %+v", l)
	}
	if v.Totals.RecordedMinor != 130_000 || v.Totals.TeamMinor != -8_000 || v.Totals.InvoiceMinor != 122_000 {
		t.Errorf("totals %+v", v.Totals)
	}
	// The write-down goes first, then the split.
	if _, err := s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID); !errors.Is(err, prebill.ErrPartsSet) {
		t.Errorf("undo under a later change: %v", err)
	}
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[1].ID)))
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[1].ID)))
	if len(v.Lines) != 3 || v.Totals.InvoiceMinor != 130_000 || v.Lines[0].Changed() {
		t.Errorf("all undone: %+v", v.Totals)
	}
}

// What is agreed about fees counts the parts as it did the line, and what is under a fixed
// price has no hours to split.
func TestAnArrangementCountsThePartsAsTheLine(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, capAt900)
	v := s.split(s.built(), halves())
	if said(v) != "45000, 15000, 30000, 10000 = 100000" { // the line was 600.00 of it
		t.Errorf("under a cap: %s", said(v))
	}
	s.adds(v)
	fixed := setup(t)
	fixed.f.Arrange(t, fixed.m, dayOne, `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":50000}]}`)
	w := fixed.built()
	if _, err := fixed.svc.Split(fixed.specialist, w.ID, w.Version, w.Lines[0].ID, halves()); !errors.Is(err, prebill.ErrNoSplit) || !strings.Contains(err.Error(), "in an agreed price") {
		t.Errorf("under a fixed price: %v", err)
	}
}

// fieldsOf are the messages of a refusal's fields.
func fieldsOf(err error) string {
	var f *fault.Error
	var all []string
	if errors.As(err, &f) {
		for _, x := range f.Fields {
			all = append(all, x.Path+": "+x.Message)
		}
	}
	return strings.Join(all, "\n")
}

func TestWhatCannotBeSplitSaysWhy(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	bad := func(change func(d *prebill.Division), want string) {
		t.Helper()
		d := halves()
		change(&d)
		_, err := s.svc.Split(s.specialist, v.ID, v.Version, v.Lines[0].ID, d)
		if got := fieldsOf(err); !errors.Is(err, prebill.ErrInvalid) || !strings.Contains(got, want) {
			t.Errorf("%v, %q, want %q", err, got, want)
		}
	}
	bad(func(d *prebill.Division) { d.Parts = d.Parts[:1] }, "at least two")
	bad(func(d *prebill.Division) { d.Parts = make([]prebill.Piece, 21) }, "at most 20")
	bad(func(d *prebill.Division) { d.Parts[1].Hours = 6_000 }, "take 0.1 off")
	bad(func(d *prebill.Division) { d.Parts[0].Hours, d.Parts[1].Hours = 14_500, 5_500 }, "parts.1.hours: enter tenths")
	bad(func(d *prebill.Division) { d.Parts[1].Hours = 0 }, "parts.2.hours: enter more than 0")
	bad(func(d *prebill.Division) { d.Parts[0].Hours, d.Parts[1].Hours = 0, 21_000 }, "parts.1.hours: enter more than 0 and at most the 2.0 of the line\nparts.2.hours: enter more")
	bad(func(d *prebill.Division) { d.Parts[1].Narrative = " " }, "parts.2.narrative: say what was done")
	bad(func(d *prebill.Division) { d.Parts[0].Task = text("X999") }, "parts.1.task_code: X999")
	bad(func(d *prebill.Division) { d.Parts[1].Hours, d.Reason = 4_000, amend.ReasonOther }, "note: say in a few words why")

	refused := func(line int, want string) {
		t.Helper()
		if _, err := s.svc.Split(s.specialist, v.ID, v.Version, v.Lines[line].ID, halves()); !errors.Is(err, prebill.ErrNoSplit) || !strings.Contains(err.Error(), want) {
			t.Errorf("line %d: %v, want %q", line+1, err, want)
		}
	}
	refused(2, "only time")
	v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, "wait for the ruling")))
	refused(0, "is held")
	v = s.view(s.ok(s.svc.Release(s.specialist, v.ID, v.Version, v.Lines[0].ID, "the ruling came")))
	v = s.view(s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[0].ID, 0, amend.ReasonCourtesy, "")))
	refused(0, "were changed; undo that")
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	v = s.split(v, halves())
	refused(1, "is a part already")
	if _, err := s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[1].ID, "next time"); !errors.Is(err, prebill.ErrPartHeld) {
		t.Errorf("a part is held: %v", err)
	}
	if _, err := s.svc.Split(s.specialist, v.ID, v.Version-1, v.Lines[2].ID, halves()); !errors.Is(err, prebill.ErrStale) {
		t.Errorf("a stale split: %v", err)
	}
	s.ok(s.svc.Cancel(s.specialist, v.ID, v.Version))
	if _, err := s.svc.Split(s.specialist, v.ID, v.Version+1, v.Lines[2].ID, halves()); !errors.Is(err, prebill.ErrStatus) {
		t.Errorf("on a cancelled pre-bill: %v", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open'`, s.f.ID); n != 3 {
		t.Errorf("%d entries went back, want 3", n)
	}
}

// Another firm finds no such pre-bill (T01).
func TestSplitOfAnotherFirm(t *testing.T) {
	t.Parallel()
	s, other := setup(t), setup(t)
	v := s.built()
	if _, err := s.svc.Split(other.specialist, v.ID, v.Version, v.Lines[0].ID, halves()); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if _, err := s.svc.Split(s.f.As(t, rbac.RoleQualityAuditor), v.ID, v.Version, v.Lines[0].ID, halves()); err == nil {
		t.Error("who only reads has split a line")
	}
}

// Splitting moves the total by what rounding each part for itself demands, and says by how
// much; what was recorded is shared out exactly.
func TestSplittingKeepsTheTotal(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := rand.New(rand.NewPCG(7, 94))
	moved := 0
	for range 12 {
		tenths, rate := 3+r.IntN(60), money.Fixed4(100_000+r.Int64N(9_000_000))
		m := s.f.Matter(t)
		s.f.Work(t, m, s.k, "2026-02-09", int64(tenths)*1_000, int64(rate))
		v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})))
		var d prebill.Division
		for left := tenths; left > 0; {
			n := 1 + r.IntN(left)
			if len(d.Parts) == 0 {
				n = 1 + r.IntN(left-1)
			}
			if len(d.Parts) == prebill.MaxParts-1 {
				n = left
			}
			d.Parts = append(d.Parts, prebill.Piece{Hours: money.Fixed4(n) * 1_000, Narrative: "Draft section " + string(rune('A'+len(d.Parts))) + " of the brief"})
			left -= n
		}
		before := v.Totals
		v = s.split(v, d)
		var hours money.Fixed4
		var recorded, said int64
		for i := range v.Lines {
			l := &v.Lines[i]
			want, err := money.Line(l.Quantity, l.Rate, v.Currency, money.HalfUp)
			if err != nil || l.Value != want {
				t.Errorf("%s h at %s is %d, want %d, %v", l.Quantity, l.Rate, l.Value, want, err)
			}
			hours += l.Quantity
			recorded += l.Recorded.Amount
			said += l.RoundedMinor()
		}
		off := v.Totals.InvoiceMinor - before.InvoiceMinor
		if hours != before.Hours || recorded != before.RecordedMinor || said != off || v.Totals.TeamMinor != off || 2*max(off, -off) > int64(len(v.Lines))+1 {
			t.Errorf("%d parts of %d tenths at %s: hours %s, recorded %d of %d, off by %d, said %d", len(v.Lines), tenths, rate, hours, recorded, before.RecordedMinor, off, said)
		}
		if off != 0 {
			moved++
		}
	}
	if moved == 0 {
		t.Error("no split was rounded; the rates prove nothing")
	}
}

// A remark on several tasks in one line is judged anew on its parts.
func TestFindingsAreJudgedAnew(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-09", 40_000, 4_000_000, testkit.Narrative("Draft motion to compel; review deposition transcript of Dr. Haas; telephone conference with client"))
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	block := func() (n int) {
		for _, l := range v.Lines {
			for _, f := range l.Findings {
				if f.State == guideline.Open && strings.Contains(strings.ToLower(f.Title), "block") {
					n++
				}
			}
		}
		return n
	}
	if block() != 1 {
		t.Fatalf("before: %+v", v.Lines[0].Findings)
	}
	v = s.split(v, prebill.Division{Parts: []prebill.Piece{{Hours: 20_000, Narrative: "Draft motion to compel"}, {Hours: 15_000, Narrative: "Review deposition transcript of Dr. Haas"}, {Hours: 5_000, Narrative: "Telephone conference with client on settlement"}}})
	if block() != 0 {
		t.Errorf("after: %+v", v.Lines)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM finding f JOIN prebill_line l ON l.firm_id = f.firm_id AND l.id = f.line_id WHERE f.firm_id = ? AND l.gone AND f.state = 'open'`, s.f.ID); n != 0 {
		t.Errorf("%d findings are open on a line that does not stand", n)
	}
}

// A split voids the approval (I13); approved parts become lines of the invoice, their one
// entry is billed once (I01), and after a credit it is free once.
func TestPartsAreApprovedAndTaken(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.approved()
	v = s.split(v, halves())
	if v.Status != prebill.StatusInReview || v.ApprovedHash != "" {
		t.Fatalf("still %s", v.Status)
	}
	v = s.view(s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)))
	var a prebill.Approved
	if err := s.f.DB().InFirm(s.specialist, func(tx *db.Tx) (err error) { a, err = prebill.TakeApproved(tx, v.ID); return err }); err != nil {
		t.Fatal(err)
	}
	if len(a.Lines) != 4 || a.Lines[0].Entry != a.Lines[1].Entry || a.Lines[0].Position != 1 || a.Lines[1].Position != 2 || a.Lines[0].Amount != 60_000 || a.Lines[1].Amount != 20_000 || !a.Lines[1].Changed {
		t.Errorf("taken %+v", a.Lines)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, s.f.ID); n != 3 {
		t.Errorf("%d entries are billed, want 3", n)
	}
}

// The database keeps to it too: no approval while an entry would be billed twice, in part
// or not at all, and no part of another line (I01).
func TestPartsThatAreNotWholeAreNotApproved(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	v = s.split(v, halves())
	for name, q := range map[string]string{
		"the whole line stands beside its parts": `UPDATE prebill_line SET gone = false WHERE firm_id = ? AND id = (SELECT split_of FROM prebill_line WHERE id = ?)`,
		"a part is missing":                      `UPDATE prebill_line SET gone = true WHERE firm_id = ? AND id = ?`,
	} {
		err := s.f.DB().InFirm(s.specialist, func(tx *db.Tx) error {
			if err := tx.Exec(q, s.f.ID, v.Lines[0].ID).Error; err != nil {
				return err
			}
			return tx.Exec(`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = now(), approved_hash = repeat('0', 64) WHERE firm_id = ? AND id = ?`,
				testkit.Actor(s.partner), s.f.ID, v.ID).Error
		})
		if !db.Violates(err, "prebill_parts_whole") {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := s.f.DB().InFirm(s.specialist, func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO prebill_line (firm_id, id, prebill_id, entry_id, position, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor, narrative, task_code,
				activity_code, expense_code, live, split_of, part, share_quantity_e4, share_minor)
			SELECT firm_id, gen_random_uuid(), prebill_id, entry_id, position, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor, narrative, '', '', '', false, id, 1, quantity_e4, value_minor
			FROM prebill_line WHERE firm_id = ? AND id = ?`, s.f.ID, v.Lines[2].ID).Error
	})
	if !db.Violates(err, "prebill_line_part_of") {
		t.Errorf("a part of a line that stands: %v", err)
	}
}

// Of a split and an approval at the same time one is told to look again: never is what
// nobody saw approved (I13).
func TestSplitRacesApproval(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	var split, approve error
	var both sync.WaitGroup
	both.Go(func() { _, split = s.svc.Split(s.specialist, v.ID, v.Version, v.Lines[0].ID, halves()) })
	both.Go(func() { _, approve = s.svc.Approve(s.partner, v.ID, v.Version, v.Hash) })
	both.Wait()
	if (split == nil) == (approve == nil) || !errors.Is(errors.Join(split, approve), prebill.ErrStale) {
		t.Errorf("split %v, approve %v", split, approve)
	}
	after := s.view(v.Prebill)
	if (approve == nil) != (after.Status == prebill.StatusApproved) || (split == nil) != (len(after.Lines) == 4) {
		t.Errorf("%s with %d lines", after.Status, len(after.Lines))
	}
}

// What is worked later comes after the parts, on a place of its own.
func TestAnExtendedPrebillKeepsItsParts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.split(s.built(), halves())
	s.f.Work(t, s.m, s.k, "2026-02-12", 10_000, 4_000_000)
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if len(v.Lines) != 5 || v.Lines[4].Position != 5 || v.Totals.RecordedMinor != 170_000 || v.Totals.InvoiceMinor != 170_000 {
		t.Errorf("%d lines, %+v", len(v.Lines), v.Totals)
	}
}
