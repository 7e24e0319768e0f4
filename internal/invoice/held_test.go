package invoice_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

const tenthHeld = `"kind":"hourly","holdback":{"share":100000,"condition":"the appeal is decided"}`

// heldIs holds what the matter's held fees come to: held, released, forgone, billed, left.
func (h *house) heldIs(t *testing.T, when string, want ...int64) prebill.Held {
	t.Helper()
	x, err := h.prebills.Held(h.partner, h.m.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range []int64{x.HeldMinor, x.ReleasedMinor, x.ForgoneMinor, x.BilledMinor, x.LeftMinor} {
		if got != want[i] {
			t.Errorf("%s: held %d, released %d, forgone %d, billed %d, left %d; want %v", when, x.HeldMinor, x.ReleasedMinor, x.ForgoneMinor, x.BilledMinor, x.LeftMinor, want)
			break
		}
	}
	return x
}

func (h *house) decide(t *testing.T, kind prebill.HeldKind, minor int64) {
	t.Helper()
	if _, err := h.prebills.DecideHeld(h.partner, h.m.ID, prebill.HeldOrder{Kind: kind, Minor: minor, Reason: "the appeal was decided"}); err != nil {
		t.Fatalf("%s %d: %v", kind, minor, err)
	}
}

// hour is a draft with an hour more.
func (h *house) hour(t *testing.T, day, words string) prebill.View {
	t.Helper()
	h.f.Work(t, h.m, h.k, day, 10_000, 6_100_000, testkit.Narrative(words))
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	return h.look(t, p.ID)
}

func (h *house) invoiced(t *testing.T, id ident.PrebillID) invoice.Invoice {
	t.Helper()
	h.approve(t, h.look(t, id).Prebill)
	h.start(t)
	h.work(t)
	return h.invoiceOf(t, id)
}

func releaseOn(v prebill.View) (minor int64) {
	for _, c := range v.Charges {
		if c.What == "holdback release" {
			minor += c.Minor
		}
	}
	return minor
}

// TestACreditTakesAReleaseBack: what was released of fees that no invoice holds any more is on
// no bill, nor is what a draft had of it; what was forgone is taken back with it.
func TestACreditTakesAReleaseBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	inv := h.issued(t) // 1,220.00 of fees
	h.decide(t, prebill.HeldRelease, 10_000)
	h.decide(t, prebill.HeldForgo, 2_200)
	draft := h.hour(t, "2026-02-20", "Draft the reply brief on damages")
	if releaseOn(draft) != 10_000 {
		t.Fatalf("draft %+v", draft.Charges)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake"}); err != nil {
		t.Fatal(err)
	}
	x := h.heldIs(t, "credited", 0, 0, 0, 0, 0)
	back := int64(0)
	for _, a := range x.Acts {
		if a.Minor < 0 && strings.Contains(a.Reason, inv.Number) {
			back -= a.Minor
		}
	}
	if len(x.Acts) != 4 || back != 12_200 {
		t.Errorf("acts %+v", x.Acts)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'holdback.taken_back'`, h.f.ID); n != 2 {
		t.Errorf("%d leaves, want 2", n)
	}
	if _, err := h.prebills.Submit(h.specialist, draft.ID, draft.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Errorf("Submit of a draft with the release: %v, want ErrRearranged", err)
	}
	if draft = h.look(t, draft.ID); releaseOn(draft) != 0 || draft.Totals.FeesMinor != 54_900 {
		t.Errorf("draft %+v, fees %d", draft.Charges, draft.Totals.FeesMinor)
	}
	h.invoiced(t, draft.ID)
	h.heldIs(t, "a bill later", 6_100, 0, 0, 0, 6_100)
	h.decide(t, prebill.HeldRelease, 0)
	h.heldIs(t, "released", 6_100, 6_100, 0, 0, 0)
}

// TestACreditKeepsWhatOthersCover: only what is without cover is taken back.
func TestACreditKeepsWhatOthersCover(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	inv := h.issued(t)
	h.invoiced(t, h.hour(t, "2026-02-20", "Draft the reply brief on damages").ID)
	h.decide(t, prebill.HeldRelease, 15_000)
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake"}); err != nil {
		t.Fatal(err)
	}
	h.heldIs(t, "credited", 6_100, 6_100, 0, 0, 0)
	if v := h.hour(t, "2026-02-21", "Draft the reply to the appeal"); releaseOn(v) != 6_100 {
		t.Errorf("next %+v", v.Charges)
	}
}

// TestNoCreditOfHeldFeesThatAreBilled: the bill with the release goes first, an approved one
// by its withdrawal; then what is due again is taken back.
func TestNoCreditOfHeldFeesThatAreBilled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	inv := h.issued(t)
	h.decide(t, prebill.HeldRelease, 0)
	next := h.hour(t, "2026-02-20", "Draft the reply brief on damages")
	credit := func(id ident.InvoiceID) error {
		_, err := h.svc.Credit(h.partner, id, invoice.NewCredit{Reason: "billed by mistake"})
		return err
	}
	h.approve(t, next.Prebill)
	if err := credit(inv.ID); !errors.Is(err, prebill.ErrHeldBilled) || !strings.Contains(err.Error(), "withdraw the approval of "+next.Name()) {
		t.Errorf("with an approved bill: %v", err)
	}
	h.start(t)
	h.work(t)
	later := h.invoiceOf(t, next.ID)
	if err := credit(inv.ID); !errors.Is(err, prebill.ErrHeldBilled) || !strings.Contains(err.Error(), "credit invoice "+later.Number+" first") {
		t.Errorf("with an invoice: %v", err)
	}
	h.heldIs(t, "refused", 18_300, 12_200, 0, 12_200, 6_100)
	if n := h.f.Count(t, `SELECT count(*) FROM credit_note WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("%d credit notes of refusals", n)
	}
	if err := credit(later.ID); err != nil {
		t.Fatal(err)
	}
	h.heldIs(t, "the later credited", 12_200, 12_200, 0, 0, 0)
	if err := credit(inv.ID); err != nil {
		t.Fatal(err)
	}
	h.heldIs(t, "both credited", 0, 0, 0, 0, 0)
}

// TestAnApprovalHoldsNothingYet: nothing is released of a bill that can be withdrawn.
func TestAnApprovalHoldsNothingYet(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	id := h.approved(t, h.m)
	_, err := h.prebills.DecideHeld(h.partner, h.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Reason: "the appeal was won"})
	if !errors.Is(err, prebill.ErrHeld) {
		t.Errorf("of an approved bill: %v, want ErrHeld", err)
	}
	v := h.look(t, id)
	if _, err := h.prebills.Withdraw(h.partner, id, v.Version); err != nil {
		t.Fatal(err)
	}
	h.heldIs(t, "withdrawn", 0, 0, 0, 0, 0)
}

// TestNoApprovalOfAReleaseThatWasTakenBack, at the step and in the database.
func TestNoApprovalOfAReleaseThatWasTakenBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	inv := h.issued(t)
	h.decide(t, prebill.HeldRelease, 0)
	v := h.hour(t, "2026-02-20", "Draft the reply brief on damages")
	if _, err := h.prebills.Submit(h.specialist, v.ID, v.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake"}); err != nil {
		t.Fatal(err)
	}
	person := testkit.Person(t, h.d, "clerk")
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = now(), approved_hash = repeat('a', 64), version = version + 1 WHERE firm_id = ? AND id = ?`, person, h.f.ID, v.ID).Error
	})
	if !db.Violates(err, "holdback_billed_within") {
		t.Errorf("approved in the database: %v", err)
	}
	v = h.look(t, v.ID)
	if _, err := h.prebills.Approve(h.partner, v.ID, v.Version, v.Hash); !errors.Is(err, prebill.ErrRearranged) {
		t.Errorf("Approve: %v, want ErrRearranged", err)
	}
}

// TestTheDatabaseHoldsCreditsAndDecisionsTogether, whoever writes, and however many at once.
func TestTheDatabaseHoldsCreditsAndDecisionsTogether(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", tenthHeld)
	inv := h.issued(t)
	h.decide(t, prebill.HeldRelease, 5_000)
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE invoice SET status = 'credited', credited_minor = total_minor, open_minor = 0 WHERE firm_id = ? AND id = ?`, h.f.ID, inv.ID).Error
	})
	if !db.Violates(err, "holdback_within") {
		t.Errorf("a credit that leaves a release: %v", err)
	}
	person := testkit.Person(t, h.d, "clerk")
	err = h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO holdback_act (firm_id, id, matter_id, currency, kind, amount_minor, reason, invoice_id, made_by, made_at)
			VALUES (?, gen_random_uuid(), ?, 'USD', 'release', -1, 'for no reason', ?, ?, now())`, h.f.ID, h.m.ID, inv.ID, person).Error
	})
	if !db.Violates(err, "holdback_taken_back") {
		t.Errorf("taken back without a credit: %v", err)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			_, err := h.prebills.DecideHeld(h.partner, h.m.ID, prebill.HeldOrder{Kind: prebill.HeldRelease, Minor: 1_000, Reason: "decided at once"})
			if err != nil && !errors.Is(err, prebill.ErrHeld) {
				t.Errorf("decide: %v", err)
			}
		})
	}
	wait.Go(func() {
		if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake"}); err != nil {
			t.Errorf("credit: %v", err)
		}
	})
	wait.Wait()
	h.heldIs(t, "at once", 0, 0, 0, 0, 0)
}
