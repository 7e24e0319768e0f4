package dispute_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const today = invoice.Day("2026-03-02")

// house is a firm with an issued invoice of 1,320.00: line 1 of 1,220.00 and line 2 of 100.00,
// with 19% tax 1,570.80.
type house struct {
	d        *db.DB
	f        testkit.F
	m        testkit.M
	svc      *dispute.Service
	bills    *prebill.Service
	invoices *invoice.Service
	cash     *receivable.Service
	inv      ident.InvoiceID

	specialist, partner context.Context
}

func setup(t *testing.T) *house {
	t.Helper()
	return setupOf(t, "USD", "")
}

// setupOf is setup in another currency, with what is agreed on the fees.
func setupOf(t *testing.T, c money.Currency, terms string) *house {
	t.Helper()
	h := &house{d: testkit.DB(t)}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	paper, err := invoice.NewPaper()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(h.d, policy)
	h.bills, h.cash = prebill.New(h.d, guard), receivable.New(h.d, guard)
	release := func(tx *db.Tx, id ident.InvoiceID) error {
		if err := h.svc.Credited(tx, id); err != nil {
			return err
		}
		return h.cash.ReleaseInvoice(tx, id)
	}
	h.invoices = invoice.New(invoice.Parts{DB: h.d, Guard: guard, Paper: paper, Blobs: blob.New(h.d, blob.NewMemory(h.d.Clock()), blob.NewKeys(master)), Release: release, Reduce: h.cash.ReduceInvoice})
	h.svc = dispute.New(h.d, guard, h.invoices, h.cash)
	h.f = testkit.Firm(t, h.d)
	h.m = h.f.Matter(t, testkit.TaxE6(190_000), testkit.Currency(string(c)))
	if terms != "" {
		h.f.Arrange(t, h.m, "2026-01-01", terms)
	}
	h.specialist, h.partner = h.f.As(t, rbac.RoleSpecialist), h.f.As(t, rbac.RolePartner)
	k := h.f.Timekeeper(t, "RV", "ASSOC", 6_100_000)
	h.f.Work(t, h.m, k, "2026-02-10", 20_000, 6_100_000, testkit.EntryCurrency(string(c)))
	if c == "USD" {
		h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 1_000_000)
	} else {
		h.f.Rate(t, k, 6_100_000, string(c), "2026-01-01")
		h.f.Work(t, h.m, k, "2026-02-12", 3_300, 6_100_000, testkit.EntryCurrency(string(c)))
	}
	h.issue(t)
	return h
}

func (h *house) issue(t *testing.T) {
	t.Helper()
	p, err := h.bills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = h.bills.Submit(h.specialist, p.ID, p.Version); err != nil {
		t.Fatal(err)
	}
	v, err := h.bills.Get(h.partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.bills.Approve(h.partner, p.ID, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	if _, err := h.invoices.StartRun(h.specialist, invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: h.f.ID}}}); err != nil {
		t.Fatal(err)
	}
	var job struct {
		ID    ident.JobID
		Actor ident.PersonID
		Item  ident.RunItemID
		Fence int64
	}
	err = h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id, actor_id AS actor, args->>'run_item_id' AS item, fence FROM outbox WHERE firm_id = ? AND kind = 'invoice.wanted' AND state <> 'done'`, h.f.ID).Scan(&job).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := scope.With(t.Context(), scope.Scope{Firm: h.f.ID, Actor: job.Actor, Machine: "worker"})
	err = h.invoices.IssueItem(ctx, outbox.Job{ID: job.ID, Firm: h.f.ID, Actor: job.Actor, Kind: "invoice.wanted", Attempt: 1, Fence: job.Fence}, invoice.InvoiceWanted{Item: job.Item})
	if err != nil {
		t.Fatal(err)
	}
	h.inv = ident.InvoiceID(h.f.Text(t, `SELECT id FROM invoice WHERE firm_id = ? ORDER BY n DESC LIMIT 1`, h.f.ID))
}

// opening is a dispute that nothing is wrong with, over all that is open.
func opening() dispute.Opening {
	return dispute.Opening{Code: "GUI-01", Words: "Two hours for one letter.", RaisedBy: "G. Amadi", RaisedOn: today, AnswerBy: "2026-03-20"}
}

// ofLines is one over lines, each number followed by what of it, 0 for all.
func ofLines(pairs ...int64) dispute.Opening {
	o := opening()
	for i := 0; i < len(pairs); i += 2 {
		o.Lines = append(o.Lines, invoice.CreditLine{No: int(pairs[i]), Minor: pairs[i+1]})
	}
	return o
}

func ofAmount(minor int64) dispute.Opening {
	o := opening()
	o.AmountMinor = minor
	return o
}

func (h *house) opened(t *testing.T, o dispute.Opening) dispute.View {
	t.Helper()
	v, err := h.svc.Open(h.specialist, h.inv, o)
	if err != nil {
		t.Fatalf("open a dispute: %v", err)
	}
	return v
}

func (h *house) invoice(t *testing.T) invoice.View {
	t.Helper()
	v, err := h.invoices.Get(h.partner, h.inv)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (h *house) payment(t *testing.T, minor int64) receivable.Payment {
	t.Helper()
	inv := h.invoice(t)
	p, err := h.cash.Post(h.specialist, receivable.NewPayment{Payor: inv.Payor, Currency: inv.Currency, AmountMinor: minor, Method: receivable.MethodWire, Reference: "advice", ReceivedOn: today})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
