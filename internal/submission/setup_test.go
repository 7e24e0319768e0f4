package submission_test

import (
	"strconv"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// issue brings two hours at 610.00 and a cost of 100.00 to an invoice of 1,320.00.
func (k *desk) issue(t *testing.T) {
	t.Helper()
	k.f.Cost(t, k.m, "2026-02-12", "E115", 10_000, 1_000_000)
	k.issueOf(t, "RV", "2026-02-10")
}

// issueOf is an invoice over what somebody worked on a day, and what is open beside it.
func (k *desk) issueOf(t *testing.T, keeper, day string) {
	t.Helper()
	who := k.f.Timekeeper(t, keeper, "ASSOC", 6_100_000)
	k.f.Work(t, k.m, who, day, 20_000, 6_100_000)
	paper, err := invoice.NewPaper()
	if err != nil {
		t.Fatal(err)
	}
	bills, partner := prebill.New(k.d, k.guard), k.f.As(t, rbac.RolePartner)
	k.invoices = invoice.New(invoice.Parts{DB: k.d, Guard: k.guard, Paper: paper, Blobs: k.blobs, Release: func(*db.Tx, ident.InvoiceID) error { return nil }, Reduce: func(*db.Tx, *invoice.Invoice, int64, func(*invoice.Invoice) error) error { return nil }})
	p, err := bills.Build(k.specialist, prebill.Order{Matter: k.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = bills.Submit(k.specialist, p.ID, p.Version); err != nil {
		t.Fatal(err)
	}
	v, err := bills.Get(partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bills.Approve(partner, p.ID, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	if _, err := k.invoices.StartRun(k.specialist, invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: k.f.ID}}}); err != nil {
		t.Fatal(err)
	}
	var job struct {
		ID    ident.JobID
		Actor ident.PersonID
		Item  ident.RunItemID
		Fence int64
	}
	err = k.d.InFirm(k.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id, actor_id AS actor, args->>'run_item_id' AS item, fence FROM outbox WHERE firm_id = ? AND kind = 'invoice.wanted' AND id::text <> ?`, k.f.ID, string(k.job)).Scan(&job).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := scope.With(t.Context(), scope.Scope{Firm: k.f.ID, Actor: job.Actor, Machine: "worker"})
	err = k.invoices.IssueItem(ctx, outbox.Job{ID: job.ID, Firm: k.f.ID, Actor: job.Actor, Kind: "invoice.wanted", Attempt: 1, Fence: job.Fence}, invoice.InvoiceWanted{Item: job.Item})
	if err != nil {
		t.Fatal(err)
	}
	k.inv = ident.InvoiceID(k.f.Text(t, `SELECT id FROM invoice WHERE firm_id = ? AND payor_id = ? AND id::text <> ?`, k.f.ID, k.m.Payor, string(k.inv)))
	k.job = job.ID
}

// line is the number of the fee.
func (k *desk) line(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(k.f.Text(t, `SELECT no FROM invoice_line WHERE firm_id = ? AND invoice_id = ? AND kind = 'fee'`, k.f.ID, k.inv))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
