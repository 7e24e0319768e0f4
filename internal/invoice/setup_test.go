package invoice_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// today is where the clock of testkit stands, in New York.
const today = invoice.Day("2026-03-02")

// house is one firm with a matter, its people, and the services over it.
type house struct {
	d        *db.DB
	f        testkit.F
	m        testkit.M
	k        testkit.T
	svc      *invoice.Service
	prebills *prebill.Service
	cash     *receivable.Service
	guard    *authz.Guard
	blobs    *blob.Store
	parts    invoice.Parts

	specialist, partner context.Context
}

func setup(t *testing.T, opts ...testkit.MatterOption) *house {
	t.Helper()
	h := &house{d: testkit.DB(t)}
	h.services(t)
	h.f = testkit.Firm(t, h.d)
	h.m = h.f.Matter(t, opts...)
	h.k = h.f.Timekeeper(t, "RV", "ASSOC", 6_100_000)
	h.specialist, h.partner = h.f.As(t, rbac.RoleSpecialist), h.f.As(t, rbac.RolePartner)
	return h
}

func (h *house) services(t *testing.T) {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	paper, err := newPaper()
	if err != nil {
		t.Fatal(err)
	}
	h.guard = authz.NewGuard(h.d, policy)
	h.blobs = blob.New(h.d, blob.NewMemory(h.d.Clock()), blob.NewKeys(master))
	h.prebills, h.cash = prebill.New(h.d, h.guard), receivable.New(h.d, h.guard)
	h.parts = invoice.Parts{DB: h.d, Guard: h.guard, Paper: paper, Blobs: h.blobs, Release: h.cash.ReleaseInvoice, Reduce: h.cash.ReduceInvoice}
	h.svc = invoice.New(h.parts)
}

// breakBlobs makes every fourth file fail.
func (h *house) breakBlobs() {
	h.parts.Blobs = &brittle{Blobs: h.blobs}
	h.svc = invoice.New(h.parts)
}

// approved records two hours at 610.00 and a cost of 100.00 on a matter and brings
// them to an approved pre-bill of 1,320.00.
func (h *house) approved(t *testing.T, m testkit.M) ident.PrebillID {
	t.Helper()
	h.f.Work(t, m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Cost(t, m, "2026-02-12", "E115", 10_000, 1_000_000)
	return h.approveOpen(t, m)
}

// approveOpen brings everything open on a matter to an approved pre-bill.
func (h *house) approveOpen(t *testing.T, m testkit.M) ident.PrebillID {
	t.Helper()
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	h.approve(t, p)
	return p.ID
}

func (h *house) approve(t *testing.T, p prebill.Prebill) {
	t.Helper()
	p, err := h.prebills.Submit(h.specialist, p.ID, p.Version)
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil {
		t.Fatalf("look at pre-bill: %v", err)
	}
	if _, err := h.prebills.Approve(h.partner, p.ID, v.Version, v.Hash); err != nil {
		t.Fatalf("approve: %v", err)
	}
}

// start starts a run over everything approved in the firm.
func (h *house) start(t *testing.T) ident.RunID {
	t.Helper()
	run, err := h.svc.StartRun(h.specialist, invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: h.f.ID}}})
	if err != nil {
		t.Fatalf("start run: %v", err)
	}
	return run
}

// wanted are the jobs that wait for an item to be issued, as a worker gets them.
func (h *house) wanted(t *testing.T) (jobs []outbox.Job, args []invoice.InvoiceWanted) {
	t.Helper()
	var rows []struct {
		ID    ident.JobID
		Actor ident.PersonID
		Item  ident.RunItemID
		Fence int64
	}
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id, coalesce(actor_id::text, '') AS actor, args->>'run_item_id' AS item, fence FROM outbox
			WHERE firm_id = ? AND kind = 'invoice.wanted' AND state <> 'done' ORDER BY id`, h.f.ID).Scan(&rows).Error
	})
	if err != nil {
		t.Fatalf("list jobs: %v", err)
	}
	for _, r := range rows {
		jobs = append(jobs, outbox.Job{ID: r.ID, Firm: h.f.ID, Actor: r.Actor, Kind: "invoice.wanted", Attempt: 1, Fence: r.Fence})
		args = append(args, invoice.InvoiceWanted{Item: r.Item})
	}
	return jobs, args
}

// working is a worker's context for a job.
func working(job outbox.Job) context.Context {
	return scope.With(context.Background(), scope.Scope{Firm: job.Firm, Actor: job.Actor, FactorAt: job.Factor, Machine: "worker"})
}

// work runs every waiting job once, as a worker would.
func (h *house) work(t *testing.T) {
	t.Helper()
	jobs, args := h.wanted(t)
	for i, job := range jobs {
		if err := h.svc.IssueItem(working(job), job, args[i]); err != nil {
			t.Fatalf("issue item: %v", err)
		}
	}
}

// issued brings one approved pre-bill of the house's matter to an invoice.
func (h *house) issued(t *testing.T) invoice.Invoice {
	t.Helper()
	p := h.approved(t, h.m)
	h.start(t)
	h.work(t)
	return h.invoiceOf(t, p)
}

func (h *house) invoiceOf(t *testing.T, p ident.PrebillID) (inv invoice.Invoice) {
	t.Helper()
	var id ident.InvoiceID
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		if err := tx.Raw(`SELECT id FROM invoice WHERE firm_id = ? AND prebill_id = ?`, h.f.ID, p).Row().Scan(&id); err != nil {
			return err
		}
		var err error
		inv, err = invoice.Lock(tx, id)
		return err
	})
	if err != nil {
		t.Fatalf("find invoice of pre-bill %s: %v", p, err)
	}
	return inv
}
