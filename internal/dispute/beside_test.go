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

// TestANoteSentTwiceIsKeptOnce: the same form again is of a state that has gone.
func TestANoteSentTwiceIsKeptOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	v := h.opened(t, opening())
	said, err := h.svc.Say(h.specialist, v.ID, v.Version, dispute.Client, "They sent the letter again.")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Say(h.specialist, v.ID, v.Version, dispute.Client, "They sent the letter again."); !errors.Is(err, dispute.ErrStale) {
		t.Errorf("sent again: %v", err)
	}
	if got, err := h.svc.Get(h.partner, v.ID); err != nil || len(got.Notes) != 1 || got.Version != said.Version {
		t.Errorf("%v %+v", err, got)
	}
}

// TestAReasonForTheNoteWantsSomethingTakenBack: whoever says what to print and leaves out how
// much has forgotten it, and no dispute is rejected by that.
func TestAReasonForTheNoteWantsSomethingTakenBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	v := h.opened(t, opening())
	var f *fault.Error
	if _, err := h.svc.Resolve(h.partner, v.ID, v.Version, dispute.Resolution{Words: "As agreed.", Reason: "As agreed."}); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "reason" {
		t.Errorf("%v", err)
	}
	if got, err := h.svc.Get(h.partner, v.ID); err != nil || got.Status != dispute.Open {
		t.Errorf("%v %+v", err, got)
	}
}
