package capture_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// review is a house whose specialist holds the item of a file.
type review struct {
	*house
	work *worklist.Service
	by   worklist.Act
	file capture.Result
}

func newReview(t *testing.T, rows func(h *house) []string) *review {
	t.Helper()
	h := newHouse(t)
	h.Agreement(t)
	v := &review{house: h, file: h.load(rows(h)...)}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(h.DB(), policy)
	v.work = worklist.NewService(h.DB(), guard, sla.New(h.DB(), guard))
	v.work.FinishWhen(capture.Subject, capture.Reviewed)
	l, err := v.work.Next(scope.InFirm(h.who, ""))
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	v.by = worklist.Act{Item: l.Item, Token: l.Token}
	return v
}

func (v *review) findings(state guideline.State) []guideline.Stored {
	v.t.Helper()
	policy, err := rbac.New()
	if err != nil {
		v.t.Fatal(err)
	}
	found, err := guideline.New(v.DB(), authz.NewGuard(v.DB(), policy)).List(v.who, guideline.Filter{Import: v.file.ID, State: state}, page.Request{Size: page.MaxSize})
	if err != nil {
		v.t.Fatal(err)
	}
	return found.Items
}

// uneven has 0.37 hours, which rule TIM-01 rounds to tenths, and nothing else to remark.
func uneven(h *house) []string {
	return []string{h.row("a", "2026-02-03", "0.37", "Draft reply brief on the motion to dismiss the third claim"),
		h.row("b", "2026-02-04", "1.2", "Draft request for production to the defendant on its ledgers")}
}

func TestAmendmentStandsBesideWhatWasRecorded(t *testing.T) {
	v := newReview(t, uneven)
	e := v.entries(capture.Filter{Import: v.file.ID})[0]
	text, hours := "Draft reply brief, second part", money.Fixed4(3_000)
	after, err := v.svc.Amend(v.who, v.by, e.ID, e.Version, amend.Change{Narrative: &text, Quantity: &hours, Reason: amend.ReasonQuality})
	if err != nil {
		t.Fatalf("Amend: %v", err)
	}
	w := after.Work()
	if after.Narrative != e.Narrative || after.Hours != e.Hours || w.Narrative != text || w.Quantity != hours || w.Amount() != 12_000 || after.Version != e.Version+1 {
		t.Errorf("recorded %q %s, now %q %s %d, version %d", after.Narrative, after.Hours, w.Narrative, w.Quantity, w.Amount(), after.Version)
	}
	if n := v.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'entry.amended'`, v.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	sums, err := v.svc.Sums(v.who, capture.Filter{Import: v.file.ID})
	if err != nil || len(sums) != 1 || sums[0].Minor != 14_800+48_000 || sums[0].NowMinor != 12_000+48_000 || sums[0].NowHours != 15_000 {
		t.Errorf("sums %+v, %v", sums, err)
	}
	if _, err := v.svc.Amend(v.who, v.by, e.ID, e.Version, amend.Change{Narrative: &text}); !errors.Is(err, capture.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	back, err := v.svc.UndoAmendment(v.who, v.by, e.ID, after.Version)
	if err != nil {
		t.Fatalf("UndoAmendment: %v", err)
	}
	if w := back.Work(); w.Narrative != e.Narrative || w.Amount() != e.AmountMinor {
		t.Errorf("after the undo %+v", w)
	}
	if _, err := v.svc.UndoAmendment(v.who, v.by, e.ID, back.Version); !errors.Is(err, amend.ErrNoEdit) {
		t.Errorf("a second undo: %v", err)
	}
}

func TestFixSettlesItsFindingAndUndoOpensIt(t *testing.T) {
	v := newReview(t, uneven)
	open := v.findings(guideline.Open)
	if len(open) != 1 || open[0].Rule != "TIM-01" || open[0].Proposal == nil {
		t.Fatalf("open %+v", open)
	}
	e, err := v.svc.ApplyFix(v.who, v.by, open[0].ID)
	if err != nil {
		t.Fatalf("ApplyFix: %v", err)
	}
	if w := e.Work(); w.Quantity != 4_000 || !strings.Contains(e.Edits.Last().Note, "TIM-01") {
		t.Errorf("after the fix %s, %q", w.Quantity, e.Edits.Last().Note)
	}
	if left := v.findings(guideline.Open); len(left) != 0 {
		t.Errorf("open after the fix %+v", left)
	}
	if _, err := v.svc.ApplyFix(v.who, v.by, open[0].ID); !errors.Is(err, guideline.ErrSettled) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := v.svc.UndoAmendment(v.who, v.by, e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if left := v.findings(guideline.Open); len(left) != 1 {
		t.Errorf("after the undo the remark is back: %+v", left)
	}
}

// A line that repeats another is settled by billing it at nothing: nobody has to say
// why it stays as well.
func TestADuplicateTakenOutIsSettled(t *testing.T) {
	v := newReview(t, func(h *house) []string {
		const text = "Draft reply brief on the motion to dismiss the third claim"
		return []string{h.row("a", "2026-02-03", "0.4", text), h.row("b", "2026-02-03", "0.4", text)}
	})
	open := v.findings(guideline.Open)
	if len(open) != 1 || open[0].Rule != "TIM-04" {
		t.Fatalf("open %+v", open)
	}
	e, err := v.svc.ApplyFix(v.who, v.by, open[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if w := e.Work(); w.Amount() != 0 || w.Reason != amend.ReasonDuplicate || len(v.findings(guideline.Open)) != 0 {
		t.Errorf("bills %d because of %s, open %+v", w.Amount(), w.Reason, v.findings(guideline.Open))
	}
}

func TestReviewEndsWhenItsFindingsAreSettled(t *testing.T) {
	v := newReview(t, uneven)
	var f *fault.Error
	if err := v.work.Finish(v.who, v.by); !errors.Is(err, capture.ErrOpenFindings) || !errors.As(err, &f) || !strings.HasPrefix(f.Message, "1 finding is open") {
		t.Fatalf("Finish with an open finding: %v", err)
	}
	if _, err := v.svc.ApplyFix(v.who, v.by, v.findings(guideline.Open)[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := v.work.Finish(v.who, v.by); err != nil {
		t.Fatalf("Finish: %v", err)
	}
}

func TestAmendingIsForTheHolderOfTheItem(t *testing.T) {
	v := newReview(t, uneven)
	e := v.entries(capture.Filter{Import: v.file.ID})[0]
	text := "Draft reply brief, second part"
	change := amend.Change{Narrative: &text}
	refused := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	_, err := v.svc.Amend(v.As(t, rbac.RoleSpecialist), v.by, e.ID, e.Version, change)
	refused("a colleague with the token", err, worklist.ErrLeaseLost)
	_, err = v.svc.Amend(v.who, worklist.Act{Item: v.by.Item, Token: v.by.Token + 1}, e.ID, e.Version, change)
	refused("another lease", err, worklist.ErrLeaseLost)
	_, err = v.svc.Amend(v.who, worklist.Act{Item: ident.New[ident.WorkItemID](testkit.Now), Token: v.by.Token}, e.ID, e.Version, change)
	refused("another item", err, capture.ErrNotFound)
	_, err = v.svc.Amend(v.As(t, rbac.RolePartner), v.by, e.ID, e.Version, change)
	refused("a partner", err, authz.ErrForbidden)
	other := testkit.Firm(t, v.DB())
	_, err = v.svc.Amend(other.As(t, rbac.RoleSpecialist), v.by, e.ID, e.Version, change)
	refused("another firm", err, capture.ErrNotFound)
	_, err = v.svc.ApplyFix(other.As(t, rbac.RoleSpecialist), v.by, v.findings(guideline.Open)[0].ID)
	refused("another firm's finding", err, guideline.ErrNotFound)
	_, err = v.svc.Amend(v.As(t, rbac.RoleSpecialist, testkit.OnMatters(v.Matter(t).ID)), v.by, e.ID, e.Version, change)
	refused("out of scope", err, capture.ErrNotFound)
	if now := v.entries(capture.Filter{Import: v.file.ID})[0]; now.Version != e.Version || len(now.Edits) != 0 {
		t.Errorf("something changed: %+v", now)
	}
	v.Exec(t, `UPDATE entry SET status = 'removed' WHERE firm_id = ? AND id = ?`, v.ID, e.ID)
	_, err = v.svc.Amend(v.who, v.by, e.ID, 0, change)
	refused("a removed entry", err, capture.ErrEntryTaken)
}

// TestAmendedHoursCountInTheDay has a day of 23 hours, remarked on both entries; cut
// to 6, neither has the remark.
func TestAmendedHoursCountInTheDay(t *testing.T) {
	v := newReview(t, func(h *house) []string {
		return []string{h.row("a", "2026-02-03", "13.0", "Attend trial in the district court on the first day of evidence"), h.row("b", "2026-02-03", "10.0", "Prepare cross examination of the plaintiff's accountant")}
	})
	days := func() (n int) {
		for _, f := range v.findings(guideline.Open) {
			if f.Rule == "TIM-02" {
				n++
			}
		}
		return n
	}
	if days() == 0 {
		t.Fatalf("no remark on the day: %+v", v.findings(""))
	}
	for _, e := range v.entries(capture.Filter{Import: v.file.ID}) {
		hours := money.Fixed4(30_000)
		if _, err := v.svc.Amend(v.who, v.by, e.ID, e.Version, amend.Change{Quantity: &hours, Reason: amend.ReasonQuality}); err != nil {
			t.Fatal(err)
		}
	}
	if n := days(); n != 0 {
		t.Errorf("%d remarks on a day of 6 hours", n)
	}
}

// TestReaderWithoutC3SeesNoTextOfAmendments has text in a change and its note.
func TestReaderWithoutC3SeesNoTextOfAmendments(t *testing.T) {
	v := newReview(t, uneven)
	e := v.entries(capture.Filter{Import: v.file.ID})[0]
	text := "Draft reply brief, second part"
	if _, err := v.svc.Amend(v.who, v.by, e.ID, e.Version, amend.Change{Narrative: &text, Note: "as the client asked"}); err != nil {
		t.Fatal(err)
	}
	seen, err := v.svc.Entry(v.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if w := seen.Work(); !seen.Withheld || w.Narrative != "" || seen.Edits[0].Note != "" || seen.Edits[0].Before.Narrative != "" {
		t.Errorf("shown %+v", seen)
	}
	bare, err := v.svc.Entry(v.As(t, rbac.RoleSpecialist, testkit.UpToClass(1)), e.ID)
	if err != nil || len(bare.Edits) != 0 || bare.Currency != "" {
		t.Errorf("figures shown %+v, %v", bare, err)
	}
	var on time.Time
	err = v.DB().InFirm(v.Machine(), func(tx *db.Tx) error { return tx.Raw(`SELECT worked_on FROM entry WHERE id = ?`, e.ID).Row().Scan(&on) })
	if err != nil || !on.Equal(e.WorkedOn) {
		t.Errorf("recorded %v, %v", on, err)
	}
}
