package dispute_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
)

// TestADisputeOverAnAmountWaitsForLinesInAnother: its credit would be spread over a line that
// another dispute holds in full; that one goes first, and nothing of the refusal is kept.
func TestADisputeOverAnAmountWaitsForLinesInAnother(t *testing.T) {
	t.Parallel()
	h := setup(t)
	amount, line := h.opened(t, ofAmount(50_000)), h.opened(t, ofLines(2, 0))
	back := dispute.Resolution{Words: "Too much.", Reason: "As agreed.", AmountMinor: 50_000}
	if _, err := h.svc.Resolve(h.partner, amount.ID, amount.Version, back); !errors.Is(err, invoice.ErrDisputed) || fault.KindOf(err) != fault.Conflict {
		t.Errorf("before the other: %v", err)
	}
	if v, err := h.svc.Get(h.partner, amount.ID); err != nil || v.Status != dispute.Open || v.Version != amount.Version || v.DisputedMinor != 50_000 {
		t.Fatalf("%v %+v", err, v)
	}
	if _, err := h.svc.Resolve(h.partner, line.ID, line.Version, dispute.Resolution{Words: "It was needed."}); err != nil {
		t.Fatal(err)
	}
	if v, err := h.svc.Resolve(h.partner, amount.ID, amount.Version, back); err != nil || v.AgreedMinor != 50_000 {
		t.Errorf("after it: %v %+v", err, v)
	}
	h.sound(t)
}
