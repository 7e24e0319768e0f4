package submission_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/rbac"
)

// meanwhile is a courier during whose sending something else happens.
type meanwhile struct {
	submission.Courier
	do func()
}

func (m meanwhile) Send(ctx context.Context, t carry.Target, f carry.File) (carry.Receipt, error) {
	m.do()
	return m.Courier.Send(ctx, t, f)
}

// TestAnInvoiceIsNotCreditedWhileItsFileLeaves: whether the payor has the bill decides what
// its credit note is to tell, so it waits until that is known.
func TestAnInvoiceIsNotCreditedWhileItsFileLeaves(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	paper, err := invoice.NewPaper()
	if err != nil {
		t.Fatal(err)
	}
	invoices := invoice.New(invoice.Parts{DB: k.d, Guard: k.guard, Paper: paper, Blobs: k.blobs, Release: func(tx *db.Tx, id ident.InvoiceID) error { return submission.Credited(tx, id) }, Reduce: func(*db.Tx, *invoice.Invoice, int64, func(*invoice.Invoice) error) error { return nil }})
	partner := k.f.As(t, rbac.RolePartner)
	credit := func() error {
		_, err := invoices.Credit(partner, k.inv, invoice.NewCredit{Reason: "wrong matter"})
		return err
	}
	var during error
	k.worker.Courier = meanwhile{k.worker.Courier, func() { during = credit() }}
	if v, err = k.work(t, v, 1); err != nil || !errors.Is(during, submission.ErrLeaving) || v.Status != submission.Submitted || k.served != 1 {
		t.Errorf("credited while it is sent: %v; then %s, served %d, %v", during, v.Status, k.served, err)
	}
	if err := credit(); err != nil {
		t.Errorf("credited once it is there: %v", err)
	}
}

// TestAReceiverThatWasClosedOrGoesByDownloadGetsNothingByItself: what waits is for a person.
func TestAReceiverThatWasClosedOrGoesByDownloadGetsNothingByItself(t *testing.T) {
	t.Parallel()
	for what, x := range map[string]struct {
		sql, cause string
		again      error
	}{
		"closed":      {`UPDATE portal SET status = 'closed' WHERE firm_id = ? AND id = ?`, "closed", submission.ErrClosed},
		"by download": {`UPDATE portal SET route = 'download' WHERE firm_id = ? AND id = ?`, "unset", submission.ErrStatus},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			k, v := carried(t)
			k.f.Exec(t, x.sql, k.f.ID, k.receiver.ID)
			v, err := k.work(t, v, 1)
			if err != nil || v.Carried != submission.HandFailed || string(v.Latest().Cause) != x.cause || k.server.Came("connect") != 0 || k.items(t, "delivery", "ready") != 1 {
				t.Fatalf("%v, %+v, %d connections", err, v.Latest(), k.server.Came("connect"))
			}
			if _, err := k.svc.SendAgain(k.specialist, v.ID, v.Version, "try once more"); !errors.Is(err, x.again) {
				t.Errorf("again: %v", err)
			}
			if _, err := k.svc.TakenByHand(k.specialist, v.ID, v.Version, "uploaded it there"); err != nil {
				t.Errorf("by hand: %v", err)
			}
		})
	}
}

// TestTheInvoicesDeliverySaysThatItsFileWentByItself runs what package notice does in the
// worker's own role, with a delivery that waited for a person and without.
func TestTheInvoicesDeliverySaysThatItsFileWentByItself(t *testing.T) {
	t.Parallel()
	for what, waits := range map[string]bool{"fresh": false, "waiting": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			k, v := carried(t)
			k.worker.Served = new(notice.Service).Served
			if waits {
				k.f.Exec(t, `INSERT INTO delivery (firm_id, id, invoice_id, payor_id, way, status, created_at) VALUES (?, gen_random_uuid(), ?, ?, 'portal', 'waiting', now())`, k.f.ID, k.inv, k.m.Payor)
			}
			v, err := k.work(t, v, 1)
			if err != nil || v.Status != submission.Submitted || v.Carried != submission.HandSent {
				t.Fatalf("%v, %s %s", err, v.Status, v.Carried)
			}
			if got := k.f.Text(t, `SELECT string_agg(way || ' ' || status, ', ') FROM delivery WHERE firm_id = ?`, k.f.ID); got != "connector sent" {
				t.Errorf("the invoice's delivery: %s", got)
			}
			if n := k.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND sent_at IS NOT NULL`, k.f.ID); n != 1 {
				t.Errorf("%d invoices sent", n)
			}
		})
	}
}
