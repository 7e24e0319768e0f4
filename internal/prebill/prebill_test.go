package prebill_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestBuildCopiesWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-03-01", 10_000, 4_000_000) // after the day asked for
	v := s.built()
	if v.Status != prebill.StatusDraft || len(v.Lines) != 3 || v.Totals.RecordedMinor != 130_000 || v.Totals.InvoiceMinor != 130_000 {
		t.Fatalf("built %s with %d lines, %+v", v.Status, len(v.Lines), v.Totals)
	}
	for i, want := range []int64{80_000, 40_000, 10_000} {
		if v.Lines[i].Position != i+1 || v.Lines[i].Amount() != want {
			t.Errorf("line %d: position %d, %d", i, v.Lines[i].Position, v.Lines[i].Amount())
		}
	}
	if v.PreparedBy != testkit.Actor(s.specialist) || v.Preparer == "" {
		t.Errorf("prepared by %q %q", v.PreparedBy, v.Preparer)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billing' AND prebill_id = ?`, s.f.ID, v.ID); n != 3 {
		t.Errorf("%d entries are claimed, want 3", n)
	}
	if n := s.leaves(v.ID); n != 1 {
		t.Errorf("%d leaves, want the one of building", n)
	}
}

func TestBuildAgainChangesNothing(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	again := s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")}))
	if again.ID != v.ID || again.Version != v.Version || s.leaves(v.ID) != 1 {
		t.Errorf("built again: %s version %d, %d leaves", again.ID, again.Version, s.leaves(v.ID))
	}
	s.f.Work(t, s.m, s.k, "2026-02-12", 5_000, 4_000_000)
	more := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if more.ID != v.ID || len(more.Lines) != 4 || more.Version != v.Version+1 || more.Lines[3].Position != 4 {
		t.Errorf("late work: %s with %d lines at version %d", more.ID, len(more.Lines), more.Version)
	}
}

func TestLateWorkWaitsWhileThePartnerLooks(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	s.f.Work(t, s.m, s.k, "2026-02-12", 5_000, 4_000_000)
	again, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})
	if !errors.Is(err, prebill.ErrWithPartner) || again.ID != v.ID || again.Version != v.Version {
		t.Errorf("a pre-bill in review: %v, version %d", err, again.Version)
	}
}

func TestNothingToBill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-03-01", 10_000, 4_000_000)
	_, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})
	if !errors.Is(err, prebill.ErrEmpty) {
		t.Errorf("Build: %v, want ErrEmpty", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ?`, s.f.ID) + s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, s.f.ID); n != 0 {
		t.Errorf("the refusal left %d rows and leaves", n)
	}
}

// TestI01_ParallelBuildsTakeEachEntryOnce starts fifty builders over the same work.
func TestI01_ParallelBuildsTakeEachEntryOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for i := range 40 {
		s.f.Work(t, s.m, s.k, fmt.Sprintf("2026-02-%02d", 1+i%28), 1_000, 4_000_000)
	}
	ids := make(chan ident.PrebillID, 50)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			p, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})
			if err != nil {
				t.Errorf("Build: %v", err)
			}
			ids <- p.ID
		})
	}
	group.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Fatalf("two pre-bills: %s and %s", first, id)
		}
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_line WHERE firm_id = ?`, s.f.ID); n != 40 {
		t.Errorf("%d lines for 40 entries", n)
	}
	if n := s.f.Count(t, `SELECT count(DISTINCT entry_id) FROM prebill_line WHERE firm_id = ? AND live`, s.f.ID); n != 40 {
		t.Errorf("%d entries claimed, want 40", n)
	}
}

// TestI01_ClaimIsAConstraint goes past the service: the database refuses a second live claim.
func TestI01_ClaimIsAConstraint(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO prebill_line (firm_id, id, prebill_id, entry_id, position, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor, narrative, task_code, activity_code, expense_code)
			SELECT firm_id, gen_random_uuid(), prebill_id, entry_id, 99, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor, narrative, '', '', ''
			FROM prebill_line WHERE firm_id = ? AND id = ?`, s.f.ID, v.Lines[0].ID).Error
	})
	if !db.Violates(err, "prebill_line_claim") {
		t.Errorf("second claim: %v, want prebill_line_claim", err)
	}
}

// TestI21_ChildrenStayInTheirFirm tries to hang one firm's rows under another's.
func TestI21_ChildrenStayInTheirFirm(t *testing.T) {
	t.Parallel()
	mine, theirs := setup(t), setup(t)
	v, w := mine.built(), theirs.built()
	for name, sql := range map[string]string{
		"prebill_line_prebill_fkey": `UPDATE prebill_line SET prebill_id = '` + string(w.ID) + `' WHERE firm_id = ? AND id = ?`,
		"prebill_line_entry_fkey":   `UPDATE prebill_line SET entry_id = '` + string(w.Lines[0].EntryID) + `' WHERE firm_id = ? AND id = ?`,
	} {
		err := mine.f.DB().InFirm(mine.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, mine.f.ID, v.Lines[0].ID).Error })
		if db.Code(err) != "23503" && !db.Violates(err, "prebill_line_identity") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	// Row security hides the other firm's row altogether.
	if n := mine.f.Count(t, `SELECT count(*) FROM prebill WHERE id = ?`, w.ID); n != 0 {
		t.Errorf("%d pre-bills of the other firm are visible", n)
	}
}

func TestWhoMayNotSee(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	other := setup(t)
	walled := s.f.As(t, rbac.RolePartner)
	s.f.Wall(t, testkit.Actor(walled), s.m.ID)
	elsewhere := s.f.Matter(t)
	before := s.leaves(v.ID)
	for name, c := range map[string]struct {
		ctx  context.Context
		want error
	}{
		"another firm":               {other.partner, prebill.ErrNotFound},
		"a matter out of scope":      {s.f.As(t, rbac.RolePartner, testkit.OnMatters(elsewhere.ID)), prebill.ErrNotFound},
		"behind a wall":              {walled, prebill.ErrNotFound},
		"a role without the right":   {s.f.As(t, rbac.RoleTimekeeper), authz.ErrForbidden},
		"a grant of operations only": {s.f.As(t, rbac.RolePartner, testkit.UpToClass(1)), authz.ErrForbidden},
	} {
		if _, err := s.svc.Get(c.ctx, v.ID); !errors.Is(err, c.want) {
			t.Errorf("%s: Get: %v, want %v", name, err, c.want)
		}
		if _, err := s.svc.Approve(c.ctx, v.ID, v.Version, v.Hash); !errors.Is(err, c.want) {
			t.Errorf("%s: Approve: %v, want %v", name, err, c.want)
		}
	}
	if after := s.leaves(v.ID); after != before {
		t.Errorf("the refusals left %d leaves", after-before)
	}
	if _, err := s.svc.Get(s.partner, ident.PrebillID("0190aaaa-0000-7000-8000-000000000000")); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("an absent one: %v", err)
	}
}

func TestNarrativesNeedTheirClass(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	ctx := s.f.As(t, rbac.RolePartner, testkit.UpToClass(2))
	got, err := s.svc.Get(ctx, v.ID)
	if err != nil || !got.Redacted || got.Totals != v.Totals || got.Hash != v.Hash {
		t.Fatalf("Get without C3: %v, redacted %v", err, got.Redacted)
	}
	for _, l := range got.Lines {
		if l.Narrative != "" || l.Recorded.Narrative != "" {
			t.Errorf("line %d shows %q", l.Position, l.Narrative)
		}
	}
	if _, err := s.svc.Approve(ctx, v.ID, v.Version, v.Hash); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("approve unseen: %v", err)
	}
	if _, err := s.svc.Edit(ctx, v.ID, v.Version, v.Lines[0].ID, amend.Change{Narrative: text("Draft reply brief on discovery")}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("rewrite unseen: %v", err)
	}
	looks := func() int64 {
		return s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action = 'prebill.viewed' AND class = 3`, s.f.ID, v.ID)
	}
	n := looks()
	if _, err := s.svc.Get(s.partner, v.ID); err != nil || looks() != n+1 {
		t.Errorf("a look at narratives left %d leaves, %v", looks()-n, err)
	}
	if _, err := s.svc.Get(ctx, v.ID); err != nil || looks() != n+1 {
		t.Errorf("a look without narratives left a leaf, %v", err)
	}
}

func TestListShowsWhatIsInScope(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	sealed := s.f.Matter(t, testkit.Label(3))
	s.f.Work(t, sealed, s.k, "2026-02-09", 10_000, 4_000_000)
	named := s.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(sealed.ID, s.m.ID), testkit.UpToLabel(3))
	s.ok(s.svc.Build(named, prebill.Order{Matter: sealed.ID, Through: testkit.Day("2026-02-28")}))

	all, err := s.svc.List(named, prebill.Filter{}, page.Request{})
	if err != nil || len(all.Items) != 2 {
		t.Fatalf("List: %d, %v", len(all.Items), err)
	}
	for _, i := range all.Items {
		if i.Label == authz.Sealed && (i.MatterName != "" || i.ClientName != "") {
			t.Errorf("a sealed matter shows its names: %+v", i)
		}
		if i.ID == v.ID && (i.InvoiceMinor != 130_000 || i.Lines != 3 || i.MatterName == "") {
			t.Errorf("row %+v", i)
		}
	}
	mine, err := s.svc.List(s.partner, prebill.Filter{}, page.Request{})
	if err != nil || len(mine.Items) != 1 || mine.Items[0].ID != v.ID {
		t.Errorf("below the seal: %d rows, %v", len(mine.Items), err)
	}
	none, err := s.svc.List(s.partner, prebill.Filter{Status: prebill.StatusApproved}, page.Request{})
	if err != nil || len(none.Items) != 0 {
		t.Errorf("approved: %d rows, %v", len(none.Items), err)
	}
	counts, err := s.svc.Counts(s.partner)
	if err != nil || counts[prebill.StatusDraft] != 1 {
		t.Errorf("counts %v, %v", counts, err)
	}
	first, err := s.svc.List(named, prebill.Filter{}, page.Request{Size: 1})
	if err != nil || len(first.Items) != 1 || first.Next == "" {
		t.Fatalf("first page: %d, %v", len(first.Items), err)
	}
	second, err := s.svc.List(named, prebill.Filter{}, page.Request{Size: 1, After: first.Next})
	if err != nil || len(second.Items) != 1 || second.Next != "" || second.Items[0].ID == first.Items[0].ID {
		t.Errorf("second page: %d, %v", len(second.Items), err)
	}
}

// TestEveryRightEndsWithItsGrant uses a clock of its own.
func TestEveryRightEndsWithItsGrant(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	s := setup(t)
	v := s.submitted()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.Open(t, "docketry_api", c)
	svc := prebill.New(d, authz.NewGuard(d, policy))
	c.Advance(24 * 365 * 3600e9) // the specialist's grant has run out
	if _, err := svc.Get(s.specialist, v.ID); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("after the grant ended: %v", err)
	}
}

func TestAScheduleBuildsForNobody(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	p := s.ok(s.svc.Build(s.f.Machine(), prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")}))
	if p.PreparedBy != "" {
		t.Errorf("prepared by %q", p.PreparedBy)
	}
	p = s.ok(s.svc.Submit(s.specialist, p.ID, p.Version))
	s.ok(s.svc.Approve(s.partner, p.ID, p.Version, s.view(p).Hash))
}

func TestReadyNamesWhatCanBeBilled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-10", 10_000, 4_000_000)
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000, testkit.EntryCurrency("EUR")) // not the matter's currency
	s.f.Work(t, s.f.Matter(t, testkit.Label(3)), s.k, "2026-02-09", 10_000, 4_000_000)   // above the label
	ready, err := s.svc.Ready(s.specialist)
	if err != nil || len(ready) != 1 || ready[0].MatterID != s.m.ID || ready[0].Entries != 2 || ready[0].ValueMinor != 80_000 || !ready[0].OldestOn.Equal(testkit.Day("2026-02-09")) {
		t.Errorf("Ready: %+v, %v", ready, err)
	}
	if _, err := s.svc.Ready(s.partner); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the right: %v", err)
	}
}

// A bill is dated after its work, so nobody bills up to a day far ahead.
func TestWorkIsBilledUpToTheEndOfThisMonthAtTheLatest(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	for _, through := range []time.Time{{}, testkit.Day("2026-04-01"), testkit.Day("2030-01-01")} {
		var f *fault.Error
		_, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: through})
		if !errors.Is(err, prebill.ErrInvalid) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "through" {
			t.Errorf("up to %s: %v", through.Format(time.DateOnly), err)
		}
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ?`, s.f.ID); n != 0 {
		t.Errorf("%d pre-bills were built", n)
	}
	last := s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31").Add(17 * time.Hour)}))
	if got := last.ThroughOn.Format(time.DateOnly); got != "2026-03-31" {
		t.Errorf("a day with an hour: up to %s", got)
	}
}
