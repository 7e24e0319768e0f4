package trust_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
)

// TestAnotherPayorsShareIsNotPaid: a bill may be split among payors, and the money is the
// client's. It is neither offered nor paid.
func TestAnotherPayorsShareIsNotPaid(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 150_000).Ledger
	mine, theirs := h.f.Invoice(t, h.m, testkit.Sent()), h.f.Invoice(t, h.m, testkit.Sent())
	early := h.asked(t, l, theirs, 60_000)
	for id, payor := range map[string]string{string(mine.ID): string(h.m.Payor), string(theirs.ID): string(h.f.Matter(t).Payor)} {
		testkit.AdminExec(t, h.d, fmt.Sprintf(`DO $$ BEGIN
			SET LOCAL session_replication_role = replica;
			UPDATE invoice SET share = 1, whole_minor = net_minor, payor_id = '%s' WHERE id = '%s';
		END $$`, payor, id))
	}
	if _, err := h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Transfer, Invoice: theirs.ID, AmountMinor: 60_000}); !errors.Is(err, trust.ErrShare) {
		t.Errorf("asked: %v", err)
	}
	if _, err := h.svc.Approve(h.partner, early.ID, early.Version); !errors.Is(err, trust.ErrShare) {
		t.Errorf("approved: %v", err)
	}
	if list, _, err := h.svc.Payable(h.specialist, l); err != nil || len(list) != 1 || list[0].Invoice != mine.ID {
		t.Errorf("offered: %+v, %v", list, err)
	}
	for id, want := range map[testkit.I]bool{mine: true, theirs: false} {
		if _, may, err := h.svc.LastOf(h.specialist, id.ID); err != nil || may != want {
			t.Errorf("may pay %s: %v, %v", id.ID, may, err)
		}
	}
	w := h.asked(t, l, mine, 60_000)
	if _, err := h.svc.Approve(h.partner, w.ID, w.Version); err != nil {
		t.Errorf("the client's own share: %v", err)
	}
	h.sums(t)
}

// TestADepositThatRacesWithClosing is refused as one into a closed account, or closes nothing.
func TestADepositThatRacesWithClosing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range 15 {
		a := h.opened(t, fmt.Sprintf("Account %d", i))
		var closing, coming error
		var both sync.WaitGroup
		both.Go(func() { _, closing = h.svc.Close(h.admin, a.ID, a.Version) })
		both.Go(func() {
			_, coming = h.svc.Deposit(h.specialist, a.ID, trust.NewDeposit{Matter: h.m.ID, AmountMinor: 1000, On: h.today(), Party: "The client"})
		})
		both.Wait()
		if closing != nil && !errors.Is(closing, trust.ErrNotEmpty) || coming != nil && !errors.Is(coming, trust.ErrClosed) || (closing == nil) == (coming == nil) {
			t.Errorf("closing: %v, deposit: %v", closing, coming)
		}
	}
	h.sums(t)
}
