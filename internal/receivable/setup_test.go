package receivable_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// house is a firm with a matter and a clock of its own.
type house struct {
	d     *db.DB
	f     testkit.F
	m     testkit.M
	svc   *receivable.Service
	clock *clock.Manual

	specialist, partner context.Context
}

func setup(t *testing.T, opts ...testkit.MatterOption) *house {
	t.Helper()
	h := &house{clock: clock.At(testkit.Now)}
	h.d = testkit.Open(t, "docketry_api", h.clock)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h.svc = receivable.New(h.d, authz.NewGuard(h.d, policy))
	h.f = testkit.Firm(t, h.d)
	h.m = h.f.Matter(t, opts...)
	h.specialist, h.partner = h.f.As(t, rbac.RoleSpecialist), h.f.As(t, rbac.RolePartner)
	return h
}

var wires atomic.Int64

// paid posts a payment of the house's payor, each by a wire of its own.
func (h *house) paid(t testing.TB, minor int64) receivable.Payment {
	t.Helper()
	p, err := h.svc.Post(h.specialist, receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: minor,
		Method: receivable.MethodWire, Reference: fmt.Sprintf("wire %d", wires.Add(1)), ReceivedOn: invoice.DayOf(h.clock.Now())})
	if err != nil {
		t.Fatalf("post payment: %v", err)
	}
	return p
}

// invoiceNow is the stored invoice.
func (h *house) invoiceNow(t testing.TB, id ident.InvoiceID) (inv invoice.Invoice) {
	t.Helper()
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) (err error) {
		inv, err = invoice.Lock(tx, id)
		return err
	})
	if err != nil {
		t.Fatalf("load invoice: %v", err)
	}
	return inv
}

// sums wants the ledger to balance and to agree with invoices and payments.
func (h *house) sums(t testing.TB) {
	t.Helper()
	for what, sql := range map[string]string{
		"the ledger": `SELECT coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ?`,
		"a journal":  `SELECT count(*) FROM (SELECT journal_id FROM posting WHERE firm_id = ? GROUP BY journal_id, currency HAVING sum(amount_minor) <> 0) x`,
		"receivable and open amounts": `SELECT count(*) FROM invoice i WHERE i.firm_id = ? AND i.open_minor <>
			(SELECT coalesce(sum(p.amount_minor), 0) FROM posting p WHERE p.firm_id = i.firm_id AND p.invoice_id = i.id AND p.account = 'receivable')`,
		"unapplied and payments": `SELECT count(*) FROM payment y WHERE y.firm_id = ? AND y.unapplied_minor <>
			(SELECT -coalesce(sum(p.amount_minor), 0) FROM posting p WHERE p.firm_id = y.firm_id AND p.payment_id = y.id AND p.account = 'unapplied')`,
		"allocations and payments": `SELECT count(*) FROM payment y WHERE y.firm_id = ? AND y.allocated_minor <>
			(SELECT coalesce(sum(a.amount_minor), 0) FROM allocation a WHERE a.firm_id = y.firm_id AND a.payment_id = y.id)`,
		"allocations and invoices": `SELECT count(*) FROM invoice i WHERE i.firm_id = ? AND i.paid_minor <>
			(SELECT coalesce(sum(a.amount_minor), 0) FROM allocation a WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id)`,
	} {
		if n := h.f.Count(t, sql, h.f.ID); n != 0 {
			t.Errorf("%s: off by %d", what, n)
		}
	}
}
