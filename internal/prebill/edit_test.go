package prebill_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestEditsKeepBothSides(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	recorded := v.Lines[0].Narrative
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, amend.Change{Narrative: text("Draft reply brief on motion to compel, section 3")})))
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, amend.Change{Quantity: fixed(15_000), Reason: amend.ReasonGuideline, Note: "scanning is overhead"})))
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[1].ID, amend.Change{Task: text("l130"), Activity: text("A104")})))
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	v = s.view(s.ok(s.svc.WriteDown(s.partner, v.ID, v.Version, v.Lines[2].ID, 4_000, amend.ReasonOther, "agreed by phone")))
	v = s.view(s.ok(s.svc.Hold(s.partner, v.ID, v.Version, v.Lines[1].ID, "settle with the mediation invoice")))

	l := v.Lines[0]
	if l.Recorded.Narrative != recorded || l.Recorded.Quantity != 20_000 || l.Recorded.Amount != 80_000 {
		t.Errorf("the original changed: %+v", l.Recorded)
	}
	if len(l.Edits) != 2 || l.Edits[0].Before.Narrative != recorded || l.Edits[0].Reason != amend.ReasonWording || l.Edits[0].BeforeAt != 80_000 || l.Edits[0].AfterAt != 80_000 {
		t.Errorf("first edit %+v", l.Edits)
	}
	e := l.Edits[1]
	if e.Before.Quantity != 20_000 || e.After.Quantity != 15_000 || e.AfterAt != 60_000 || e.Note != "scanning is overhead" || e.By != testkit.Actor(s.specialist) || e.Side != amend.SideBureau || e.At.IsZero() {
		t.Errorf("second edit %+v", e)
	}
	if v.Lines[1].Task != "L130" || v.Lines[1].Bills() != 0 || v.Lines[2].Amount() != 4_000 || v.Lines[2].Reason != amend.ReasonOther {
		t.Errorf("lines %+v, %+v", v.Lines[1].Content, v.Lines[2].Content)
	}
	want := prebill.Totals{RecordedMinor: 130_000, RecordedHours: 30_000, TeamMinor: -20_000, FirmMinor: -46_000, InvoiceMinor: 64_000, FeesMinor: 60_000,
		ExpensesMinor: 4_000, Hours: 15_000, Lines: 3, Held: 1, TeamLines: 2, FirmLines: 2}
	if v.Totals != want {
		t.Errorf("totals %+v, want %+v", v.Totals, want)
	}
	var groups []string
	for _, sec := range v.Sections() {
		for _, l := range sec.Lines {
			groups = append(groups, string(sec.Group)+" "+string(rune('0'+l.Position)))
		}
	}
	if len(groups) != 3 || groups[0] != "changed_by_team 1" || groups[1] != "your_changes 2" || groups[2] != "your_changes 3" {
		t.Errorf("groups %v", groups)
	}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	start := v.Hash
	v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, amend.Change{Quantity: fixed(15_000), Reason: amend.ReasonQuality})))
	v = s.view(s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[0].ID, 50_000, amend.ReasonCourtesy, "")))
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	if l := v.Lines[0]; l.Amount() != 60_000 || l.WriteDown != 0 || l.Edits[1].UndoneAt == nil || v.Totals.TeamMinor != -20_000 {
		t.Errorf("after one undo: %d, %+v", l.Amount(), v.Totals)
	}
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	if v.Hash != start || v.Totals.InvoiceMinor != 130_000 || v.Totals.TeamMinor != 0 || v.Lines[0].Changed() {
		t.Errorf("after two: hash same %v, %+v", v.Hash == start, v.Totals)
	}
	if _, err := s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID); !errors.Is(err, amend.ErrNoEdit) {
		t.Errorf("a third: %v, want ErrNoEdit", err)
	}
	// What follows an undo counts on.
	v = s.view(s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[0].ID, 0, amend.ReasonCourtesy, "")))
	if l := v.Lines[0]; len(l.Edits) != 3 || l.Edits[2].Seq != 3 || l.Amount() != 0 {
		t.Errorf("after all: %+v", l.Edits)
	}
}

func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	if _, err := s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, ""); !errors.Is(err, prebill.ErrInvalid) {
		t.Errorf("a hold without a note: %v", err)
	}
	v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, "wait for the ruling")))
	if v.Totals.InvoiceMinor != 50_000 || v.Totals.Held != 1 || v.Totals.TeamHeld != 1 {
		t.Errorf("held: %+v", v.Totals)
	}
	v = s.view(s.ok(s.svc.Release(s.specialist, v.ID, v.Version, v.Lines[0].ID, "the ruling came")))
	if v.Totals.InvoiceMinor != 130_000 || v.Totals.TeamMinor != 0 || v.Totals.TeamHeld != 0 {
		t.Errorf("released: %+v", v.Totals)
	}
	// The other side's hold is its own, whoever held the line before.
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	v = s.view(s.ok(s.svc.Hold(s.partner, v.ID, v.Version, v.Lines[0].ID, "with the next bill")))
	if v.Totals.Held != 1 || v.Totals.TeamHeld != 0 {
		t.Errorf("held by the firm: %+v", v.Totals)
	}
}

func TestEditsAreRefusedWithEveryFault(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	first, cost := v.Lines[0].ID, v.Lines[2].ID
	before := s.leaves(v.ID)
	cases := []struct {
		name  string
		line  ident.PrebillLine
		c     amend.Change
		paths []string
	}{
		{"nothing different", first, amend.Change{}, []string{"change"}},
		{"a control character", first, amend.Change{Narrative: text("Draft\x00 brief"), Note: "x\xff"}, []string{"narrative", "note"}},
		{"an empty narrative", first, amend.Change{Narrative: text("  ")}, []string{"narrative"}},
		{"more hours than recorded", first, amend.Change{Quantity: fixed(21_000), Reason: amend.ReasonOther, Note: "more"}, []string{"hours"}},
		{"a higher rate", first, amend.Change{Rate: fixed(4_000_001), Reason: amend.ReasonRate}, []string{"rate"}},
		{"no reason", first, amend.Change{Amount: minor(100)}, []string{"reason"}},
		{"other without a note", first, amend.Change{Amount: minor(100), Reason: amend.ReasonOther}, []string{"note"}},
		{"a write-up", first, amend.Change{Amount: minor(80_001), Reason: amend.ReasonCourtesy}, []string{"amount"}},
		{"a negative amount", first, amend.Change{Amount: minor(-1), Reason: amend.ReasonCourtesy}, []string{"amount"}},
		{"a heading as code", first, amend.Change{Task: text("L300")}, []string{"task_code"}},
		{"another set", first, amend.Change{Task: text("P240")}, []string{"task_code"}},
		{"a task on a cost", cost, amend.Change{Task: text("L350")}, []string{"task_code"}},
		{"an expense code on time", first, amend.Change{Expense: text("E101")}, []string{"expense_code"}},
		{"all at once", first, amend.Change{Narrative: text(""), Quantity: fixed(0), Activity: text("A999")}, []string{"narrative", "activity_code", "hours", "reason"}},
	}
	for _, c := range cases {
		_, err := s.svc.Edit(s.specialist, v.ID, v.Version, c.line, c.c)
		var f *fault.Error
		if !errors.Is(err, prebill.ErrInvalid) || !errors.As(err, &f) {
			t.Errorf("%s: %v, want ErrInvalid", c.name, err)
			continue
		}
		var got []string
		for _, x := range f.Fields {
			got = append(got, x.Path)
		}
		for _, want := range c.paths {
			if !contains(got, want) {
				t.Errorf("%s: fields %v, want %s among them", c.name, got, want)
			}
		}
	}
	if _, err := s.svc.WriteDown(s.specialist, v.ID, v.Version+1, first, 0, amend.ReasonCourtesy, ""); !errors.Is(err, prebill.ErrStale) {
		t.Errorf("another version: %v", err)
	}
	if got := s.view(v.Prebill); s.leaves(v.ID) != before || got.Version != v.Version || got.Hash != v.Hash {
		t.Error("refusals left something behind")
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_edit WHERE firm_id = ?`, s.f.ID); n != 0 {
		t.Errorf("%d edits after refusals", n)
	}
}

func contains(all []string, want string) bool {
	for _, s := range all {
		if s == want {
			return true
		}
	}
	return false
}

func TestFindingsStandInTheWayUntilSettled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_500_000) // 450.00 where 400.00 is agreed
	s.f.Work(t, s.m, s.k, "2026-02-10", 30_000, 4_000_000, testkit.Narrative("Draft reply brief on discovery; email client re status of the brief"))
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if v.OpenFindings != 2 || v.Totals.AtRiskMinor != 10_000+18_000 {
		t.Fatalf("%d findings, %d at risk", v.OpenFindings, v.Totals.AtRiskMinor)
	}
	_, err := s.svc.Submit(s.specialist, v.ID, v.Version)
	var f *fault.Error
	if !errors.Is(err, prebill.ErrOpenFindings) || !errors.As(err, &f) || len(f.Fields) != 2 || f.Fields[0].Path != "lines.1" || f.Fields[0].Code != "RAT-01" {
		t.Fatalf("Submit: %v", err)
	}
	rate, split := v.Lines[0].Findings[0], v.Lines[1].Findings[0]
	v = s.view(s.ok(s.svc.ApplyFix(s.specialist, v.ID, v.Version, rate.ID)))
	if l := v.Lines[0]; l.Rate != 4_000_000 || l.Amount() != 80_000 || l.Findings[0].State != guideline.Fixed || l.Edits[0].Reason != amend.ReasonRate {
		t.Errorf("fixed: %+v", l.Content)
	}
	if _, err := s.svc.ApplyFix(s.specialist, v.ID, v.Version, split.ID); !errors.Is(err, amend.ErrNoProposal) {
		t.Errorf("a fix that needs a person: %v", err)
	}
	if err := s.svc.Waive(s.specialist, v.ID, split.ID, " "); !errors.Is(err, guideline.ErrNote) {
		t.Errorf("waive without a word: %v", err)
	}
	if err := s.svc.Waive(s.partner, v.ID, split.ID, "agreed with the client"); err == nil {
		t.Error("a role without the right waived")
	}
	if err := s.svc.Waive(s.specialist, v.ID, split.ID, "client agreed on 9 Feb"); err != nil {
		t.Fatal(err)
	}
	if err := s.svc.Waive(s.specialist, v.ID, split.ID, "again"); !errors.Is(err, guideline.ErrSettled) {
		t.Errorf("waive twice: %v", err)
	}
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	if g := prebill.GroupOf(&v.Lines[1]); g != prebill.GroupLook {
		t.Errorf("a waived remark is in %s", g)
	}
	// An undo brings the finding back, and it blocks nobody but is seen.
	v = s.view(s.ok(s.svc.Undo(s.partner, v.ID, v.Version, v.Lines[0].ID)))
	if v.Lines[0].Findings[0].State != guideline.Open || v.Lines[0].Findings[0].ID != rate.ID {
		t.Errorf("after the undo: %+v", v.Lines[0].Findings)
	}
}

func TestNobodyWaivesTheirOwnTime(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-10", 30_000, 4_000_000, testkit.Narrative("Draft reply brief on discovery; email client re status of the brief"))
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	s.f.Exec(t, `UPDATE timekeeper SET person_id = ? WHERE firm_id = ? AND id = ?`, testkit.Actor(s.specialist), s.f.ID, s.k.ID)
	if err := s.svc.Waive(s.specialist, v.ID, v.Lines[0].Findings[0].ID, "my own words are fine"); !errors.Is(err, prebill.ErrOwnLine) {
		t.Errorf("Waive: %v, want ErrOwnLine", err)
	}
	if err := s.svc.Waive(s.f.As(t, rbac.RoleSpecialist), v.ID, v.Lines[0].Findings[0].ID, "checked with the timekeeper"); err != nil {
		t.Errorf("someone else: %v", err)
	}
}

// TestI17_TheWorkDatesRateIsTheAgreedOne has a rate that fell on 10 February.
func TestI17_TheWorkDatesRateIsTheAgreedOne(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Exec(t, `UPDATE rate SET valid = daterange(lower(valid), '2026-02-10') WHERE firm_id = ? AND timekeeper_id = ?`, s.f.ID, s.k.ID)
	s.f.Rate(t, s.k, 3_500_000, "USD", "2026-02-10")
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	s.f.Work(t, s.m, s.k, "2026-02-10", 10_000, 4_000_000, testkit.Narrative("Analyze expert report of Dr. Haas on damages model"), testkit.Codes("L340", "A104"))
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if n := len(v.Lines[0].Findings); n != 0 {
		t.Errorf("the day before: %d findings", n)
	}
	if fs := v.Lines[1].Findings; len(fs) != 1 || fs[0].Rule != "RAT-01" || fs[0].Expected != "350.00" {
		t.Errorf("the day itself: %+v", fs)
	}
}

// TestAWaiverOfTheEntryHoldsOnTheLine spares the reviewer from saying it twice.
func TestAWaiverOfTheEntryHoldsOnTheLine(t *testing.T) {
	t.Parallel()
	s := setup(t)
	words := "Draft reply brief on discovery; email client re status of the brief"
	e := s.f.Work(t, s.m, s.k, "2026-02-10", 30_000, 4_000_000, testkit.Narrative(words))
	l := guideline.Line{ID: string(e.ID), Kind: guideline.Time, Narrative: words, Hours: 30_000, Rate: 4_000_000, ValueMinor: 120_000, Currency: "USD", Activity: "A103"}
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		found := guideline.Check(l, guideline.Context{Stage: guideline.Entry, Known: guideline.InNarrative | guideline.InHours})
		if err := guideline.Record(tx, guideline.Entry, testkit.Day("2026-03-02"), []guideline.Judged{{Subject: guideline.Subject{Entry: e.ID, Currency: "USD"}, Findings: found}}); err != nil {
			return err
		}
		stored, err := guideline.OfEntries(tx, []ident.EntryID{e.ID})
		if err != nil {
			return err
		}
		return guideline.Waive(tx, stored[0].ID, "client agreed on 9 Feb")
	})
	if err != nil {
		t.Fatal(err)
	}
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if fs := v.Lines[0].Findings; len(fs) != 1 || fs[0].State != guideline.Waived || fs[0].Note != "client agreed on 9 Feb" {
		t.Errorf("on the line: %+v", fs)
	}
}
