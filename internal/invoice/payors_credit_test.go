package invoice_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestCreditingAShare: one payor's invoice is credited alone and the work stays billed; to
// bill again credits all that stand, together, and only then the work is free (I01).
func TestCreditingAShare(t *testing.T) {
	t.Parallel()
	h := setup(t)
	payors := h.thirds(t, h.m)
	list := h.issueAll(t, h.approved(t, h.m))
	paid, err := h.cash.Post(h.specialist, receivable.NewPayment{Payor: payors[1], Currency: "USD", AmountMinor: 10_000, Method: receivable.MethodWire, Reference: "part", ReceivedOn: today})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.cash.Allocate(h.specialist, paid.ID, paid.Version, []receivable.Share{{Invoice: list[1].ID, Minor: 10_000}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.cash.Allocate(h.specialist, paid.ID, paid.Version+1, []receivable.Share{{Invoice: list[0].ID, Minor: 1}}); err == nil {
		t.Error("a payor's money pays another payor's invoice")
	}
	if _, err := h.svc.Credit(h.partner, list[0].ID, invoice.NewCredit{Reason: "The insurer declined cover."}); err != nil {
		t.Fatal(err)
	}
	billed := func() int64 {
		return h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID)
	}
	if n := billed(); n != 2 {
		t.Errorf("%d entries are billed while two payors owe them", n)
	}
	var won atomic.Int64
	var group sync.WaitGroup
	for _, v := range []invoice.View{list[1], list[2], list[1], list[2]} {
		group.Add(1)
		go func() {
			defer group.Done()
			switch _, err := h.svc.Credit(h.partner, v.ID, invoice.NewCredit{Reason: "The shares were wrong.", Rebill: true}); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, invoice.ErrCredited):
				t.Errorf("credit: %v", err)
			}
		}()
	}
	group.Wait()
	after := h.invoicesOf(t, list[0].Prebill)
	if n := h.f.Count(t, `SELECT count(*) FROM credit_note WHERE firm_id = ?`, h.f.ID); won.Load() != 1 || n != 3 || billed() != 0 {
		t.Errorf("%d credits went through, %d notes, %d entries billed", won.Load(), n, billed())
	}
	for _, v := range after {
		if v.Status != invoice.StatusCredited || len(v.Credits) != 1 || v.OpenMinor != 0 {
			t.Errorf("%s is %s", v.Number, v.Status)
		}
	}
	if n := h.f.Count(t, `SELECT unapplied_minor FROM payment WHERE firm_id = ?`, h.f.ID); n != 10_000 {
		t.Errorf("%d of the payment is free", n)
	}
	if n := h.f.Count(t, `SELECT coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ? AND account = 'receivable'`, h.f.ID); n != 0 {
		t.Errorf("receivable is %d", n)
	}
	again := h.issueAll(t, h.approveOpen(t, h.m))
	if len(again) != 3 || again[0].Number != "26-00004" {
		t.Errorf("billed anew: %+v", again)
	}
}

// TestPromptAndHeldFeesAreShared: what prompt payment takes off is parted as the fees are, and
// fees held back count as held while one invoice of their bill stands.
func TestPromptAndHeldFeesAreShared(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.f.Payor(t, h.m)
	h.f.Arrange(t, h.m, "2026-01-01", split("USD", share(h.m.Payor, `"fees":333333`), share(other, `"fees":666667`))+`,"discount":{"rate":100000,"prompt_days":10},"holdback":{"share":100000,"condition":"the appeal is decided"}`)
	list := h.issueAll(t, h.approved(t, h.m)) // 1,220.00 of fees, 122.00 held back, and a cost of 100.00
	if len(list) != 2 || list[0].PromptMinor+list[1].PromptMinor != 10_980 || list[0].PromptMinor != 3_660 || list[0].NetMinor+list[1].NetMinor != 119_800 {
		t.Fatalf("%+v", list)
	}
	if _, err := h.svc.Credit(h.partner, list[0].ID, invoice.NewCredit{Reason: "The insurer declined cover."}); err != nil {
		t.Fatal(err)
	}
	h.decide(t, prebill.HeldRelease, 0)
	held, err := h.prebills.Held(h.partner, h.m.ID)
	if err != nil || held.HeldMinor != 12_200 || held.ReleasedMinor != 12_200 || len(held.Bills) != 1 || held.Bills[0].Invoice != "26-00001, 26-00002" {
		t.Errorf("held with one invoice credited: %+v, %v", held, err)
	}
	if _, err := h.svc.Credit(h.partner, list[1].ID, invoice.NewCredit{Reason: "The shares were wrong.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if held, err = h.prebills.Held(h.partner, h.m.ID); err != nil || held.HeldMinor != 0 || held.ReleasedMinor != 0 {
		t.Errorf("held with all credited: %+v, %v", held, err)
	}
}

// TestT02_AShareIsItsOwnFirmsAndMatters: nobody outside sees a share or the others of its bill,
// and a wall around the matter is around each of them.
func TestT02_AShareIsItsOwnFirmsAndMatters(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	h.thirds(t, h.m)
	list := h.issueAll(t, h.approved(t, h.m))
	walled := h.f.As(t, rbac.RolePartner)
	h.f.Wall(t, testkit.Actor(walled), h.m.ID)
	for _, v := range list {
		for name, err := range map[string]error{
			"another firm reads":   second(theirs.svc.Get(theirs.partner, v.ID)),
			"another firm credits": second(theirs.svc.Credit(theirs.partner, v.ID, invoice.NewCredit{Reason: "none of theirs", Rebill: true})),
			"a walled one reads":   second(h.svc.Get(walled, v.ID)),
			"a walled one credits": second(h.svc.Credit(walled, v.ID, invoice.NewCredit{Reason: "behind a wall", Rebill: true})),
		} {
			if !errors.Is(err, invoice.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND status = 'issued'`, h.f.ID); n != 3 {
		t.Errorf("%d stand", n)
	}
	err := theirs.d.InFirm(theirs.f.Machine(), func(tx *db.Tx) error {
		var n int64
		if err := tx.Raw(`SELECT count(*) FROM prebill_share`).Row().Scan(&n); err != nil || n != 0 {
			t.Errorf("%d shares of another firm, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTheYearCountsHeldFeesOfTheSharesThatStand: of 1,220.00 in halves, a tenth of it held
// back, 610.00 count for the year's discount once one payor's invoice was credited.
func TestTheYearCountsHeldFeesOfTheSharesThatStand(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.f.Payor(t, h.m)
	h.f.Arrange(t, h.m, "2026-01-01", split("USD", share(h.m.Payor, `"fees":500000`), share(other, `"fees":500000`))+`,"holdback":{"share":100000,"condition":"the appeal is decided"}`)
	list := h.issueAll(t, h.approved(t, h.m))
	if _, err := h.svc.Credit(h.partner, list[0].ID, invoice.NewCredit{Reason: "The insurer declined cover."}); err != nil {
		t.Fatal(err)
	}
	h.f.Guide(t, h.m, `"volume_tiers":[{"over":"640","discount":"0.05"}]`)
	asked := func(hours int64) bool {
		h.f.Work(t, h.m, h.k, "2026-02-20", hours, 6_100_000)
		p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(h.look(t, p.ID).Findings, func(f guideline.Stored) bool { return f.Rule == "BUD-06" && f.State == guideline.Open })
	}
	if asked(400) { // 24.40: 634.40 in all
		t.Error("a discount is asked for below its tier")
	}
	if !asked(600) { // 36.60 more: 671.00
		t.Error("no discount is asked for above it")
	}
}
