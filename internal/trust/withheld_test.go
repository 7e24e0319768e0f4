package trust_test

import (
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
)

// TestClientMoneyPaysNothingThatIsWithheld: the client owes it to the tax office (LEGAL-BILLING 5).
func TestClientMoneyPaysNothingThatIsWithheld(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 150_000).Ledger
	inv := h.f.Invoice(t, h.m, testkit.Sent(), testkit.Withheld(15_000)) // of 1000.00
	_, err := h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: 85_001})
	wants(t, "a request over what is withheld", err, trust.ErrInvoiceWithheld)
	w := h.asked(t, l, inv, 85_000)
	if w, err = h.svc.Approve(h.partner, w.ID, w.Version); err != nil || w.Status != trust.Done {
		t.Errorf("what is due: %v", err)
	}
	h.sums(t)
}
