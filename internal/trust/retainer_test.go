package trust_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
)

func TestAnEvergreenRetainerIsAskedFor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"retainer_evergreen","evergreen":{"floor_minor":50000,"target_minor":200000}`)
	check := func(what string, balance, request int64, listed int) {
		t.Helper()
		held, err := h.svc.Held(h.partner, h.m.ID)
		if err != nil || held.BalanceMinor != balance || held.RequestMinor != request || held.Retainer.Kind != arrangement.KindEvergreen {
			t.Errorf("%s: %+v, %v", what, held, err)
		}
		list, err := h.svc.Replenish(h.partner)
		if err != nil || len(list) != listed || listed == 1 && (list[0].RequestMinor != request || list[0].Matter != h.m.ID) {
			t.Errorf("%s: listed %+v, %v", what, list, err)
		}
	}
	check("with nothing yet", 0, 200_000, 1)
	l := h.in(t, 50_000).Ledger
	check("at the floor", 50_000, 0, 0)
	h.refunded(t, l, 1)
	check("below it", 49_999, 150_001, 1)
	walled := h.f.As(t, "partner")
	h.f.Wall(t, testkit.Actor(walled), h.m.ID)
	if list, err := h.svc.Replenish(walled); err != nil || len(list) != 0 {
		t.Errorf("through a wall: %+v, %v", list, err)
	}
}

func TestASecurityRetainerPaysTheLastBillAlone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"retainer_security"`)
	l := h.in(t, 300_000).Ledger
	first := h.f.Invoice(t, h.m, testkit.Issued("2026-01-31", "2026-03-02"))
	last := h.f.Invoice(t, h.m, testkit.Issued("2026-02-20", "2026-03-20"))
	ask := func(inv testkit.I, isLast bool) (trust.Withdrawal, error) {
		return h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: 100_000, LastBill: isLast})
	}
	_, err := ask(last, false)
	wants(t, "a bill on the way", err, trust.ErrHeld)
	_, err = ask(first, true)
	wants(t, "an earlier bill", err, trust.ErrNotLast)
	w, err := ask(last, true)
	if err == nil {
		w, err = h.svc.Approve(h.partner, w.ID, w.Version)
	}
	if err != nil || !w.LastBill {
		t.Fatalf("the last bill: %+v, %v", w, err)
	}
	// What is left goes back to the client.
	h.refunded(t, l, 200_000)
	if got := h.ledger(t, l); got.BalanceMinor != 0 {
		t.Errorf("left: %+v", got)
	}
}

// A security deposit is one after its terms ended, too: nothing else may draw on it.
func TestADepositOutlivesItsTerms(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2025-01-01", `"kind":"retainer_security"`)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly"`)
	l := h.in(t, 100_000).Ledger
	inv := h.f.Invoice(t, h.m)
	_, err := h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: 1})
	wants(t, "a draw after its terms", err, trust.ErrHeld)
}

// TestI10_TrustIsConserved does anything that people do, in any order, and wants all sums.
func TestI10_TrustIsConserved(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.f.Matter(t, testkit.SameClientAs(h.m))
	people := []context.Context{h.specialist, h.partner, h.admin, h.f.As(t, "partner")}
	rapid.Check(t, func(rt *rapid.T) {
		var entries []trust.EntryView
		var asked []trust.Withdrawal
		for range rapid.IntRange(1, 12).Draw(rt, "acts") {
			who := rapid.SampledFrom(people).Draw(rt, "who")
			amount := rapid.Int64Range(1, 500).Draw(rt, "amount")
			on := h.today().Add(-rapid.IntRange(0, 5).Draw(rt, "back"))
			switch rapid.IntRange(0, 5).Draw(rt, "act") {
			case 0:
				m := rapid.SampledFrom([]testkit.M{h.m, other}).Draw(rt, "matter")
				entries = append(entries, h.inOn(t, m, amount, on))
			case 1:
				if len(entries) > 0 {
					w, err := h.svc.Ask(h.specialist, rapid.SampledFrom(entries).Draw(rt, "of").Ledger, trust.Asking{Kind: trust.Refund, AmountMinor: amount, Payee: "The client"})
					if err == nil {
						asked = append(asked, w)
					}
				}
			case 2:
				if len(asked) > 0 {
					w := rapid.SampledFrom(asked).Draw(rt, "request")
					_, _ = h.svc.Approve(who, w.ID, w.Version) // refused or done: the sums decide
				}
			case 3:
				if len(entries) > 0 {
					_, _ = h.svc.Reverse(who, rapid.SampledFrom(entries).Draw(rt, "entry").ID, on, "a slip")
				}
			case 4:
				if len(entries) > 0 {
					_, _ = h.svc.Freeze(who, trust.Freezing{Ledger: rapid.SampledFrom(entries).Draw(rt, "frozen").Ledger, Minor: amount, Reason: "disputed"})
				}
			case 5:
				if len(entries) > 0 {
					_, _ = h.svc.Release(who, trust.Freezing{Ledger: rapid.SampledFrom(entries).Draw(rt, "released").Ledger, Minor: amount, Reason: "settled"})
				}
			}
		}
		h.sums(t)
		list, err := h.svc.Ledgers(h.partner, h.account.ID, "", page.Request{})
		if err != nil {
			rt.Fatal(err)
		}
		var sum int64
		for _, l := range list.Items {
			if l.FrozenMinor < 0 || l.FrozenMinor > l.BalanceMinor {
				rt.Fatalf("frozen beyond the balance: %+v", l)
			}
			sum += l.BalanceMinor
		}
		if a, err := h.svc.Account(h.partner, h.account.ID); err != nil || a.BookMinor != sum {
			rt.Fatalf("the book has %d, the ledgers %d: %v", a.BookMinor, sum, err)
		}
	})
}
