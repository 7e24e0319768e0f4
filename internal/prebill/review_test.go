package prebill_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestI12_StatusGraph walks every pair of statuses, in the database and in the code.
func TestI12_StatusGraph(t *testing.T) {
	t.Parallel()
	s := setup(t)
	partner := testkit.Actor(s.partner)
	for _, from := range prebill.Statuses() {
		for _, to := range prebill.Statuses() {
			perm, allowed := prebill.Step(from, to)
			n := s.f.Count(t, `SELECT count(*) FROM prebill_transition WHERE from_status = ? AND to_status = ? AND permission = ?`, from, to, perm)
			if (n == 1) != allowed {
				t.Errorf("%s -> %s: code %v, table %d", from, to, allowed, n)
			}
			if from == to {
				continue
			}
			id := placed(t, s, from, partner)
			err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error { return tx.Exec(statusSQL(to, partner), s.f.ID, id).Error })
			if allowed != (err == nil) {
				t.Errorf("%s -> %s in the database: %v, allowed %v", from, to, err, allowed)
			}
			if err != nil && !db.Violates(err, "prebill_status_graph") {
				t.Errorf("%s -> %s: %v, want prebill_status_graph", from, to, err)
			}
		}
	}
}

// placed puts a new pre-bill into a status along the graph.
func placed(t *testing.T, s *stage, want prebill.Status, partner ident.PersonID) ident.PrebillID {
	t.Helper()
	m, id := s.f.Matter(t), ident.New[ident.PrebillID](testkit.Now)
	s.f.Exec(t, `INSERT INTO prebill (firm_id, id, number, matter_id, payor_id, currency, through_on, prepared_at)
		SELECT ?, ?, coalesce(max(number), 0) + 1, ?, ?, 'USD', '2026-02-28', now() FROM prebill WHERE firm_id = ?`, s.f.ID, id, m.ID, m.Payor, s.f.ID)
	paths := map[prebill.Status][]prebill.Status{
		prebill.StatusDraft: nil, prebill.StatusInReview: {prebill.StatusInReview},
		prebill.StatusChangesRequested: {prebill.StatusInReview, prebill.StatusChangesRequested},
		prebill.StatusApproved:         {prebill.StatusInReview, prebill.StatusApproved},
		prebill.StatusTaken:            {prebill.StatusInReview, prebill.StatusApproved, prebill.StatusTaken},
		prebill.StatusCancelled:        {prebill.StatusCancelled},
	}
	for _, step := range paths[want] {
		s.f.Exec(t, statusSQL(step, partner), s.f.ID, id)
	}
	return id
}

func statusSQL(to prebill.Status, partner ident.PersonID) string {
	set := "approved_by = NULL, approved_at = NULL, approved_hash = ''"
	if to == prebill.StatusApproved || to == prebill.StatusTaken {
		set = fmt.Sprintf("approved_by = '%s', approved_at = now(), approved_hash = repeat('a', 64)", partner)
	}
	taken, cancelled := "NULL", "NULL"
	switch to {
	case prebill.StatusTaken:
		taken = "now()"
	case prebill.StatusCancelled:
		cancelled = "now()"
	default:
	}
	return fmt.Sprintf("UPDATE prebill SET status = '%s', %s, taken_at = %s, cancelled_at = %s WHERE firm_id = ? AND id = ?", to, set, taken, cancelled)
}

func TestTheWayToApproval(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	if v.Status != prebill.StatusInReview || v.SubmittedBy != testkit.Actor(s.specialist) {
		t.Fatalf("submitted: %s by %s", v.Status, v.SubmittedBy)
	}
	p := s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	if p.Status != prebill.StatusApproved || p.ApprovedHash != v.Hash || p.ApprovedBy != testkit.Actor(s.partner) || p.ApprovedAt == nil {
		t.Errorf("approved: %+v", p)
	}
	if n := s.leaves(v.ID); n != 3 {
		t.Errorf("%d leaves, want built, submitted, approved", n)
	}
}

func TestApprovalIsForTheContentThatWasSeen(t *testing.T) {
	t.Parallel()
	s := setup(t)
	seen := s.submitted()
	now := s.view(s.ok(s.svc.WriteDown(s.specialist, seen.ID, seen.Version, seen.Lines[0].ID, 70_000, amend.ReasonCourtesy, "")))
	if now.Hash == seen.Hash {
		t.Fatal("a write-down left the hash as it was")
	}
	for name, try := range map[string]struct {
		version int
		hash    string
	}{
		"the version seen": {seen.Version, seen.Hash}, "an old hash": {now.Version, seen.Hash}, "no hash": {now.Version, ""}, "an old version": {seen.Version, now.Hash},
	} {
		if _, err := s.svc.Approve(s.partner, seen.ID, try.version, try.hash); !errors.Is(err, prebill.ErrStale) {
			t.Errorf("%s: %v, want ErrStale", name, err)
		}
	}
	if got := s.view(now.Prebill); got.Status != prebill.StatusInReview || got.Version != now.Version {
		t.Errorf("the refusals left %s at version %d", got.Status, got.Version)
	}
	s.ok(s.svc.Approve(s.partner, now.ID, now.Version, now.Hash))
}

func TestT33_WhoPreparedItDoesNotApproveIt(t *testing.T) {
	t.Parallel()
	s := setup(t)
	both := testkit.Actor(s.specialist)
	s.f.Grant(t, both, rbac.RolePartner)
	v := s.submitted()
	before := s.leaves(v.ID)
	if _, err := s.svc.Approve(s.specialist, v.ID, v.Version, v.Hash); !errors.Is(err, prebill.ErrOwnWork) {
		t.Errorf("self-approval: %v, want ErrOwnWork", err)
	}
	if s.leaves(v.ID) != before {
		t.Error("the refusal left a leaf")
	}
	if own, err := s.svc.Get(s.specialist, v.ID); err != nil || !own.OwnWork {
		t.Errorf("the page does not say that it is own work: %v", err)
	}
	// The one who handed it in is the maker too, whoever built it.
	other := setup(t)
	w := other.built()
	second := other.f.As(t, rbac.RoleSpecialist)
	other.f.Grant(t, testkit.Actor(second), rbac.RolePartner)
	w = other.view(other.ok(other.svc.Submit(second, w.ID, w.Version)))
	if _, err := other.svc.Approve(second, w.ID, w.Version, w.Hash); !errors.Is(err, prebill.ErrOwnWork) {
		t.Errorf("approval by the submitter: %v", err)
	}
}

func TestI13_FourEyesIsAConstraint(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	for _, who := range []ident.PersonID{v.PreparedBy, v.SubmittedBy} {
		err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
			return tx.Exec(statusSQL(prebill.StatusApproved, who), s.f.ID, v.ID).Error
		})
		if !db.Violates(err, "prebill_four_eyes") {
			t.Errorf("past the service: %v, want prebill_four_eyes", err)
		}
	}
}

func TestT33_AChangeVoidsTheApproval(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]func(s *stage) context.Context{
		"by the partner": func(s *stage) context.Context { return s.partner }, "by the maker": func(s *stage) context.Context { return s.specialist },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			v := s.approved()
			p := s.ok(s.svc.Edit(who(s), v.ID, v.Version, v.Lines[1].ID, amend.Change{Activity: text("A101")}))
			if p.Status != prebill.StatusInReview || p.ApprovedBy != "" || p.ApprovedHash != "" {
				t.Errorf("after a change: %s, approved by %q", p.Status, p.ApprovedBy)
			}
			if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action = 'prebill.approval_voided'`, s.f.ID, v.ID); n != 1 {
				t.Errorf("%d leaves of the void", n)
			}
			if err := take(s, v.ID); !errors.Is(err, prebill.ErrStatus) {
				t.Errorf("the run takes it: %v", err)
			}
		})
	}
}

// TestApprovedLinesStandInTheDatabase goes past the service.
func TestApprovedLinesStandInTheDatabase(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.approved()
	for name, sql := range map[string]string{
		"prebill_line_frozen": `UPDATE prebill_line SET write_down_minor = 100 WHERE firm_id = ? AND prebill_id = ?`,
		"prebill_frozen":      `UPDATE prebill SET note = 'x' WHERE firm_id = ? AND id = ?`,
	} {
		err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, s.f.ID, v.ID).Error })
		if !db.Violates(err, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWithdrawUntilTheRunTakesIt(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.approved()
	p := s.ok(s.svc.Withdraw(s.partner, v.ID, v.Version))
	if p.Status != prebill.StatusInReview || p.ApprovedBy != "" {
		t.Fatalf("withdrawn: %s", p.Status)
	}
	again := s.view(p)
	p = s.ok(s.svc.Approve(s.partner, p.ID, p.Version, again.Hash))
	if err := take(s, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.svc.Withdraw(s.partner, p.ID, p.Version+1); !errors.Is(err, prebill.ErrStatus) {
		t.Errorf("after the run: %v, want ErrStatus", err)
	}
}

func TestChangesRequested(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	if _, err := s.svc.RequestChanges(s.partner, v.ID, v.Version, " "); !errors.Is(err, prebill.ErrInvalid) {
		t.Errorf("without a note: %v", err)
	}
	p := s.ok(s.svc.RequestChanges(s.partner, v.ID, v.Version, "Split line 2 by task."))
	if p.Status != prebill.StatusChangesRequested || p.Note != "Split line 2 by task." {
		t.Errorf("sent back: %+v", p)
	}
	p = s.ok(s.svc.Submit(s.specialist, p.ID, p.Version))
	if p.Status != prebill.StatusInReview {
		t.Errorf("handed in again: %s", p.Status)
	}
}

func TestCancelGivesTheWorkBack(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	p := s.ok(s.svc.Cancel(s.specialist, v.ID, v.Version))
	if p.Status != prebill.StatusCancelled {
		t.Fatalf("cancelled: %s", p.Status)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open' AND prebill_id IS NULL`, s.f.ID); n != 3 {
		t.Errorf("%d entries are open again, want 3", n)
	}
	next := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if next.ID == v.ID || len(next.Lines) != 3 {
		t.Errorf("built anew: %s with %d lines", next.ID, len(next.Lines))
	}
	approved := s.f.Matter(t)
	s.f.Work(t, approved, s.k, "2026-02-09", 10_000, 4_000_000)
	w := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: approved.ID, Through: testkit.Day("2026-02-28")})))
	w = s.view(s.ok(s.svc.Submit(s.specialist, w.ID, w.Version)))
	a := s.ok(s.svc.Approve(s.partner, w.ID, w.Version, w.Hash))
	if _, err := s.svc.Cancel(s.specialist, a.ID, a.Version); !errors.Is(err, prebill.ErrStatus) {
		t.Errorf("cancel an approved one: %v", err)
	}
}

func TestWhoMayNotAct(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	before := s.leaves(v.ID)
	acts := map[string]func(ctx context.Context) error{
		"approve":  func(ctx context.Context) error { _, err := s.svc.Approve(ctx, v.ID, v.Version, v.Hash); return err },
		"withdraw": func(ctx context.Context) error { _, err := s.svc.Withdraw(ctx, v.ID, v.Version); return err },
		"send back": func(ctx context.Context) error {
			_, err := s.svc.RequestChanges(ctx, v.ID, v.Version, "more")
			return err
		},
		"cancel": func(ctx context.Context) error { _, err := s.svc.Cancel(ctx, v.ID, v.Version); return err },
		"edit": func(ctx context.Context) error {
			_, err := s.svc.WriteDown(ctx, v.ID, v.Version, v.Lines[0].ID, 0, amend.ReasonCourtesy, "")
			return err
		},
	}
	forbidden := map[string][]string{string(rbac.RoleSpecialist): {"approve", "withdraw", "send back"}, string(rbac.RolePartner): {"cancel"},
		string(rbac.RoleTimekeeper): {"approve", "cancel", "edit"}, string(rbac.RoleQualityAuditor): {"approve", "cancel", "edit"}}
	for role, names := range forbidden {
		ctx := s.f.As(t, rbac.Role(role))
		for _, name := range names {
			if err := acts[name](ctx); !errors.Is(err, authz.ErrForbidden) {
				t.Errorf("%s by %s: %v, want ErrForbidden", name, role, err)
			}
		}
	}
	other := setup(t)
	for name, act := range acts {
		if name == "cancel" {
			continue
		}
		if err := act(other.partner); !errors.Is(err, prebill.ErrNotFound) {
			t.Errorf("%s from another firm: %v, want ErrNotFound", name, err)
		}
	}
	if s.leaves(v.ID) != before || s.view(v.Prebill).Version != v.Version {
		t.Error("refusals left something behind")
	}
}

func take(s *stage, id ident.PrebillID) error {
	return s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		_, err := prebill.TakeApproved(tx, id)
		return err
	})
}

func TestTakeApproved(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	v = s.view(s.ok(s.svc.Hold(s.partner, v.ID, v.Version, v.Lines[1].ID, "settle with the mediation invoice")))
	v = s.view(s.ok(s.svc.WriteDown(s.partner, v.ID, v.Version, v.Lines[0].ID, 60_000, amend.ReasonCourtesy, "")))
	p := s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	var got prebill.Approved
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) (err error) {
		waiting, err := prebill.Waiting(tx)
		if err != nil || len(waiting) != 1 || waiting[0] != p.ID {
			t.Errorf("waiting %v, %v", waiting, err)
		}
		got, err = prebill.TakeApproved(tx, p.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Lines) != 2 || got.Lines[0].Amount != 60_000 || got.Lines[0].Value-got.Lines[0].Amount != 20_000 || got.Lines[0].Value != 80_000 || got.Lines[1].Amount != 10_000 {
		t.Errorf("lines %+v", got.Lines)
	}
	if got.Matter.ID != s.m.ID || got.ApprovedHash != v.Hash || got.Status != prebill.StatusTaken || !got.Lines[0].Changed || got.Lines[1].Changed {
		t.Errorf("taken %+v", got.Prebill)
	}
	for status, want := range map[string]int64{"billed": 2, "open": 1, "billing": 0} {
		if n := s.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = ?`, s.f.ID, status); n != want {
			t.Errorf("%d entries are %s, want %d", n, status, want)
		}
	}
	if err := take(s, p.ID); !errors.Is(err, prebill.ErrStatus) {
		t.Errorf("taken twice: %v", err)
	}
	// The held entry is there for the next cycle.
	next := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if next.ID == p.ID || len(next.Lines) != 1 || next.Lines[0].EntryID != v.Lines[1].EntryID {
		t.Errorf("next cycle: %d lines", len(next.Lines))
	}
}

// TestI12_TheRunProvesTheHash plays the insider who changes a line past the trigger.
func TestI12_TheRunProvesTheHash(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.approved()
	testkit.AdminExec(t, s.f.DB(), `SET session_replication_role = replica; UPDATE prebill_line SET narrative = 'altered' WHERE id = '`+string(v.Lines[0].ID)+`'; SET session_replication_role = origin`)
	if err := take(s, v.ID); !errors.Is(err, prebill.ErrAltered) {
		t.Errorf("altered after approval: %v, want ErrAltered", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ? AND status = 'approved'`, s.f.ID); n != 1 {
		t.Error("the refusal changed the status")
	}
}

func TestAnAllHeldBillIsNone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, "wait for the ruling")))
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrAllHeld) {
		t.Errorf("Submit: %v, want ErrAllHeld", err)
	}
}

func TestASealedMattersLooksAreC4(t *testing.T) {
	t.Parallel()
	s := setup(t, testkit.Label(3))
	s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	named := s.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(s.m.ID), testkit.UpToLabel(3))
	p := s.ok(s.svc.Build(named, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")}))
	if _, err := s.svc.Get(named, p.ID); err != nil {
		t.Fatal(err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'prebill.viewed' AND class = ?`, s.f.ID, audit.C4); n != 1 {
		t.Errorf("%d leaves of class C4", n)
	}
	if _, err := s.svc.Get(s.partner, p.ID); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("below the seal: %v", err)
	}
}
