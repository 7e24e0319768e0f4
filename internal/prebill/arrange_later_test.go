package prebill_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

const capAt900 = `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":90000}]}`

// TestWhatIsAgreedLaterDoesNotChangeAnApprovedBill: the approval is for the amounts that
// were seen, whatever is agreed, ended or withdrawn after it.
func TestWhatIsAgreedLaterDoesNotChangeAnApprovedBill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Arrange(t, s.m, dayOne, capAt900)
	was := s.approved()
	if said(was) != "60000, 30000, 10000 = 100000" || len(was.Parts) != 1 {
		t.Fatalf("approved %s", said(was))
	}
	s.f.Exec(t, `UPDATE arrangement SET withdrawn_by = agreed_by, withdrawn_at = now() WHERE firm_id = ?`, s.f.ID)
	s.f.Arrange(t, s.m, "2026-01-02", `"kind":"no_charge"`)
	v := s.view(was.Prebill)
	if said(v) != said(was) || v.Hash != was.Hash || v.Status != prebill.StatusApproved || v.Behind {
		t.Errorf("after it was replaced: %s, %s", said(v), v.Status)
	}
	if len(v.Parts) != 0 {
		t.Errorf("what is agreed now is shown beside what was approved: %+v", v.Parts)
	}
	sum := int64(0)
	for _, l := range s.take(was.ID).Lines {
		sum += l.Amount
	}
	if sum != 100_000 {
		t.Errorf("the invoice is made of %d", sum)
	}
}

// TestAnOpenBillFollowsWhatIsAgreed: it says so until it does, and nobody hands on an
// amount that they have not seen.
func TestAnOpenBillFollowsWhatIsAgreed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	s.f.Arrange(t, s.m, dayOne, capAt900)
	seen := s.view(v.Prebill)
	if !seen.Behind || seen.Version != v.Version || seen.Totals.InvoiceMinor != 130_000 {
		t.Fatalf("agreed meanwhile: behind %v, %s", seen.Behind, said(seen))
	}
	if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Fatalf("Submit of what was seen before: %v, want ErrRearranged", err)
	}
	seen = s.view(v.Prebill)
	if seen.Behind || seen.Status != prebill.StatusDraft || said(seen) != "60000, 30000, 10000 = 100000" {
		t.Fatalf("now %s, %s", seen.Status, said(seen))
	}
	s.ok(s.svc.Submit(s.specialist, v.ID, seen.Version))
	// Approved and then changed: the change voids the approval and goes by what is agreed now.
	seen = s.view(s.ok(prebill.Prebill{ID: v.ID}, nil))
	s.ok(s.svc.Approve(s.partner, v.ID, seen.Version, seen.Hash))
	s.f.Arrange(t, s.m, "2026-02-10", `"kind":"no_charge"`)
	seen = s.view(seen.Prebill)
	seen = s.view(s.ok(s.svc.WriteDown(s.partner, v.ID, seen.Version, seen.Lines[0].ID, 70_000, amend.ReasonCourtesy, "")))
	if said(seen) != "70000, 0, 10000 = 80000" || seen.Status != prebill.StatusInReview {
		t.Errorf("changed after the approval: %s, %s", seen.Status, said(seen))
	}
	s.adds(seen)
}

// TestACapCountsEveryVersionBefore: what was billed by the hour and at a fixed price
// under earlier versions is under the cap of the latest.
func TestACapCountsEveryVersionBefore(t *testing.T) {
	t.Parallel()
	s := setup(t)
	fixed := s.f.Arrange(t, s.m, "2026-02-10", `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":50000}]}`)
	v := s.built() // 800.00 by the hour on the 9th; the 10th is under the price
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, fixed, "")))
	if said(v) != "80000, 0, 10000, fixed 50000 = 140000" {
		t.Fatalf("first bill %s", said(v))
	}
	s.f.Arrange(t, s.m, "2026-02-20", `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":150000}]}`)
	s.f.Work(t, s.m, s.k, "2026-02-23", 10_000, 4_000_000, testkit.Narrative("Draft the reply on damages"))
	same := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
	if same.ID != v.ID || same.Totals.FeesMinor != 150_000 || same.Lines[3].Arranged.CapMinor != -20_000 {
		t.Errorf("on the same bill: %s", said(same))
	}
	s.adds(same)
	same = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, same.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, same.Version, same.Hash))
	s.take(v.ID)
	s.f.Work(t, s.m, s.k, "2026-03-03", 10_000, 4_000_000, testkit.Narrative("Attend the hearing on damages"))
	next := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31")})))
	if said(next) != "0 = 0" || next.Lines[0].Arranged.CapMinor != -40_000 {
		t.Errorf("on the next: %s", said(next))
	}
	s.adds(next)
}
