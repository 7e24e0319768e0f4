package trust_test

import (
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
)

// TestClientMoneyPaysNothingThatIsDisputed: neither when it is asked for, nor when the dispute came
// between asking and approving (LEGAL-BILLING 13).
func TestClientMoneyPaysNothingThatIsDisputed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 150_000).Ledger
	inv := h.f.Invoice(t, h.m, testkit.Sent()) // 1000.00
	early := h.asked(t, l, inv, 70_000)
	h.f.Dispute(t, inv, h.specialist, 40_000)
	_, err := h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: 60_001})
	wants(t, "a request over what is disputed", err, trust.ErrInvoiceDisputed)
	_, err = h.svc.Approve(h.partner, early.ID, early.Version)
	wants(t, "an approval over what is disputed by now", err, trust.ErrInvoiceDisputed)
	if list, _, err := h.svc.Payable(h.specialist, l); err != nil || len(list) != 1 || list[0].OpenMinor != 100_000 || list[0].UndisputedMinor() != 60_000 {
		t.Errorf("offered: %+v, %v", list, err)
	}
	w := h.asked(t, l, inv, 60_000)
	if w, err = h.svc.Approve(h.partner, w.ID, w.Version); err != nil || w.Status != trust.Done {
		t.Errorf("the undisputed part: %v", err)
	}
	if list, _, err := h.svc.Payable(h.specialist, l); err != nil || len(list) != 0 { // all that is open is disputed
		t.Errorf("offered: %+v, %v", list, err)
	}
	h.sums(t)
}
