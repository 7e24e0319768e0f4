package prebill_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const heldTerms = `"kind":"hourly","holdback":{"share":100000,"condition":"the appeal is decided"}`

// TestFeesAreHeldBackAndReleased: a tenth of the fees is a line of its own below them, listed
// with the matter; what the firm releases stands on the next bill, and no more.
func TestFeesAreHeldBackAndReleased(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, heldTerms)
	v := s.built()
	if got := said(v); got != "80000, 40000, 10000, holdback -12000 = 118000" || v.Parts[0].HeldMinor != 12_000 {
		t.Fatalf("held: %s, %+v", got, v.Parts)
	}
	s.adds(v)
	h, err := s.svc.Held(s.specialist, s.m.ID)
	if err != nil || len(h.Bills) != 1 || h.Bills[0].Counts || h.HeldMinor != 0 || h.LeftMinor != 0 {
		t.Errorf("of a draft: %+v, %v", h, err)
	}
	if _, err := s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Reason: "too early"}); !errors.Is(err, prebill.ErrHeld) {
		t.Errorf("of a draft: %v, want ErrHeld", err)
	}
	a := s.issued(v)
	if len(a.Beside) != 1 || a.Beside[0].Price || a.Beside[0].Reason != "" || a.Beside[0].Text != "Held back, as agreed, until the appeal is decided" {
		t.Errorf("beside %+v", a.Beside)
	}
	h, err = s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: 5_000, Reason: "the first ground was upheld"})
	if err != nil || h.HeldMinor != 12_000 || h.ReleasedMinor != 5_000 || h.LeftMinor != 7_000 || h.BilledMinor != 0 || len(h.Acts) != 1 || h.Acts[0].By == "" || h.Bills[0].Condition != "the appeal is decided" {
		t.Fatalf("released: %+v, %v", h, err)
	}
	next := s.next() // an hour of March, with its own tenth held back
	if got := said(next); got != "40000, holdback -4000, holdback release 5000 = 41000" {
		t.Errorf("next: %s", got)
	}
	s.adds(next)
	if h, err = s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldForgo, Minor: 1_000, Reason: "the third ground was lost"}); err != nil || h.LeftMinor != 6_000 {
		t.Errorf("forgone: %+v, %v", h, err)
	}
	if h, err = s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Reason: "the rest was upheld"}); err != nil || h.LeftMinor != 0 || h.ReleasedMinor != 11_000 {
		t.Errorf("the rest: %+v, %v", h, err)
	}
	// The bill that is open follows, and who hands it on looks at it first.
	if _, err := s.svc.Submit(s.specialist, next.ID, next.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Errorf("Submit: %v, want ErrRearranged", err)
	}
	next = s.view(prebill.Prebill{ID: next.ID})
	if got := said(next); got != "40000, holdback -4000, holdback release 11000 = 47000" {
		t.Errorf("next, followed: %s", got)
	}
	if a = s.issued(next); len(a.Beside) != 2 || !a.Beside[1].Price || a.Beside[1].Text != "Release of fees held back until the appeal is decided" {
		t.Errorf("beside %+v", a.Beside)
	}
	h, err = s.svc.Held(s.partner, s.m.ID)
	if err != nil || h.HeldMinor != 16_000 || h.BilledMinor != 11_000 || h.LeftMinor != 4_000 || h.HeldMinor != h.ReleasedMinor+h.ForgoneMinor+h.LeftMinor {
		t.Errorf("in the end: %+v, %v", h, err)
	}
	// What is left alone makes a bill once it is released.
	if _, err := s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31")}); !errors.Is(err, prebill.ErrEmpty) {
		t.Errorf("with nothing released: %v", err)
	}
	if _, err := s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Reason: "the costs appeal was won"}); err != nil {
		t.Fatal(err)
	}
	ready, err := s.svc.Ready(s.specialist)
	if err != nil || len(ready) != 1 || ready[0].MatterID != s.m.ID || ready[0].FreedMinor != 4_000 || ready[0].Entries != 0 {
		t.Errorf("ready %+v, %v", ready, err)
	}
	alone := s.through("2026-03-31")
	if ready, err := s.svc.Ready(s.specialist); err != nil || len(ready) != 0 {
		t.Errorf("on a bill, and still ready: %+v, %v", ready, err)
	}
	if got := said(alone); got != ", holdback release 4000 = 4000" && got != "holdback release 4000 = 4000" {
		t.Errorf("alone: %s", got)
	}
	s.ok(s.svc.Cancel(s.specialist, alone.ID, alone.Version))
	if again := s.through("2026-03-31"); again.Totals.InvoiceMinor != 4_000 {
		t.Errorf("a cancelled bill gives it back: %s", said(again))
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('holdback.released', 'holdback.forgone')`, s.f.ID); n != 4 {
		t.Errorf("%d leaves, want 4", n)
	}
}

// TestNoMoreIsReleasedThanWasHeld, however many decide at once, and whoever writes.
func TestNoMoreIsReleasedThanWasHeld(t *testing.T) {
	t.Parallel()
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, heldTerms)
	s.issued(s.built()) // 120.00 is held
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			_, err := s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: 5_000, Reason: "decided at once"})
			if err != nil && !errors.Is(err, prebill.ErrHeld) {
				t.Errorf("decide: %v", err)
			}
		})
	}
	wait.Wait()
	h, err := s.svc.Held(s.partner, s.m.ID)
	if err != nil || h.ReleasedMinor != 10_000 || h.LeftMinor != 2_000 {
		t.Errorf("%+v, %v", h, err)
	}
	write := func(sql string, args ...any) error {
		return s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
	}
	person := testkit.Person(t, s.f.DB(), "clerk")
	err = write(`INSERT INTO holdback_act (firm_id, id, matter_id, currency, kind, amount_minor, reason, made_by, made_at) VALUES (?, gen_random_uuid(), ?, 'USD', 'forgo', 2001, 'a cent too much', ?, now())`, s.f.ID, s.m.ID, person)
	if !db.Violates(err, "holdback_within") {
		t.Errorf("a cent too much: %v", err)
	}
	next := s.next()
	err = write(`INSERT INTO prebill_charge (firm_id, prebill_id, position, arrangement_id, what, amount_minor) VALUES (?, ?, 9, ?, 'holdback release', 1)`, s.f.ID, next.ID, of)
	if !db.Violates(err, "holdback_billed_within") {
		t.Errorf("billed twice: %v", err)
	}
	for _, sql := range []string{`DELETE FROM holdback_act WHERE firm_id = ?`, `UPDATE holdback_act SET amount_minor = 1 WHERE firm_id = ?`} {
		if err := write(sql, s.f.ID); db.Code(err) != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestWhoDecidesAboutHeldFees: who agrees on fees with clients, and of their own firm.
func TestWhoDecidesAboutHeldFees(t *testing.T) {
	t.Parallel()
	s, theirs := setup(t), setup(t)
	s.f.Arrange(t, s.m, dayOne, heldTerms)
	s.issued(s.built())
	good := prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: 100, Reason: "the appeal was won"}
	for name, try := range map[string]struct {
		err  error
		want error
	}{
		"a specialist":     {second(s.svc.DecideHeld(s.specialist, s.m.ID, good)), authz.ErrForbidden},
		"another firm":     {second(theirs.svc.DecideHeld(theirs.partner, s.m.ID, good)), authz.ErrNotFound},
		"another's list":   {second(theirs.svc.Held(theirs.partner, s.m.ID)), authz.ErrNotFound},
		"too much":         {second(s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: 12_001, Reason: "the appeal was won"})), prebill.ErrHeld},
		"without a reason": {second(s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: 100})), prebill.ErrHeldForm},
		"below zero":       {second(s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: -1, Reason: "the appeal was won"})), prebill.ErrHeldForm},
		"of no kind":       {second(s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Minor: 1, Reason: "the appeal was won"})), prebill.ErrHeldForm},
	} {
		if !errors.Is(try.err, try.want) {
			t.Errorf("%s: %v, want %v", name, try.err, try.want)
		}
	}
	var bad *fault.Error
	_, err := s.svc.DecideHeld(s.partner, s.m.ID, prebill.HeldOrder{Minor: -1, Reason: strings.Repeat("x", 301)})
	if !errors.As(err, &bad) || len(bad.Fields) != 3 {
		t.Errorf("all that is wrong: %v", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM holdback_act WHERE firm_id = ?`, s.f.ID); n != 0 {
		t.Errorf("the refusals left %d acts", n)
	}
	if _, err := s.svc.Held(s.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(1)), s.m.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without sight of amounts: %v", err)
	}
}
