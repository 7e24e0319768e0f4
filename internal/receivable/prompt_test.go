package receivable_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
)

// came posts a payment that arrived on a day.
func (h *house) came(t testing.TB, minor int64, on string) receivable.Payment {
	t.Helper()
	p, err := h.svc.Post(h.specialist, receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: minor,
		Method: receivable.MethodWire, Reference: fmt.Sprintf("wire %d", wires.Add(1)), ReceivedOn: invoice.Day(on)})
	if err != nil {
		t.Fatalf("post payment: %v", err)
	}
	return p
}

// pays allocates all of a payment, or what it is refused for.
func (h *house) pays(p receivable.Payment, i testkit.I, minor int64) (receivable.Payment, error) {
	return h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: i.ID, Minor: minor}})
}

// TestPromptPayment is LEGAL-BILLING 8: 2 percent off 1,000.00 when it is paid by 26 February.
func TestPromptPayment(t *testing.T) {
	t.Parallel()
	type pay struct {
		minor int64
		on    string
	}
	for name, c := range map[string]struct {
		pays          []pay
		open, allowed int64
		status        invoice.Status
	}{
		"the reduced amount, on the day":     {[]pay{{98_000, "2026-02-26"}}, 0, 2_000, invoice.StatusPaid},
		"more than the reduced amount":       {[]pay{{98_500, "2026-02-20"}}, 0, 1_500, invoice.StatusPaid},
		"the whole amount":                   {[]pay{{100_000, "2026-02-20"}}, 0, 0, invoice.StatusPaid},
		"a cent less":                        {[]pay{{97_999, "2026-02-20"}}, 2_001, 0, invoice.StatusPartPaid},
		"the day after":                      {[]pay{{98_000, "2026-02-27"}}, 2_000, 0, invoice.StatusPartPaid},
		"in two parts by the day":            {[]pay{{50_000, "2026-02-17"}, {48_000, "2026-02-26"}}, 0, 2_000, invoice.StatusPaid},
		"in two parts, the second late":      {[]pay{{50_000, "2026-02-17"}, {48_000, "2026-02-28"}}, 2_000, 0, invoice.StatusPartPaid},
		"late, then the rest, booked later":  {[]pay{{1_000, "2026-02-28"}, {97_000, "2026-02-20"}}, 2_000, 0, invoice.StatusPartPaid},
		"late, then enough that was in time": {[]pay{{500, "2026-02-28"}, {98_000, "2026-02-20"}}, 0, 1_500, invoice.StatusPaid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			i := h.f.Invoice(t, h.m, testkit.Prompt("2026-02-26", 2_000))
			for _, x := range c.pays {
				if _, err := h.pays(h.came(t, x.minor, x.on), i, x.minor); err != nil {
					t.Fatal(err)
				}
			}
			if now := h.invoiceNow(t, i.ID); now.OpenMinor != c.open || now.AllowedMinor != c.allowed || now.Status != c.status {
				t.Errorf("open %d, allowed %d, %s; want %d, %d, %s", now.OpenMinor, now.AllowedMinor, now.Status, c.open, c.allowed, c.status)
			}
			h.sums(t)
			h.allowances(t)
		})
	}
}

// allowances wants what was allowed to be the same in every book.
func (h *house) allowances(t testing.TB) {
	t.Helper()
	for what, sql := range map[string]string{
		"rows":      `SELECT count(*) FROM invoice i WHERE i.firm_id = ? AND i.allowed_minor <> (SELECT coalesce(sum(a.amount_minor), 0) FROM allowance a WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id)`,
		"ledger":    `SELECT count(*) FROM invoice i WHERE i.firm_id = ? AND i.allowed_minor <> (SELECT -coalesce(sum(p.amount_minor), 0) FROM posting p WHERE p.firm_id = i.firm_id AND p.invoice_id = i.id AND p.account = 'receivable' AND p.event LIKE 'allowance%')`,
		"the terms": `SELECT count(*) FROM invoice WHERE firm_id = ? AND allowed_minor > prompt_minor`,
	} {
		if n := h.f.Count(t, sql, h.f.ID); n != 0 {
			t.Errorf("%s: %d invoices off", what, n)
		}
	}
}

// TestAPromptDiscountGoesWithItsPayment: what earned it is taken back, and so is it; it comes
// again with the payment, and never twice.
func TestAPromptDiscountGoesWithItsPayment(t *testing.T) {
	t.Parallel()
	h := setup(t)
	i := h.f.Invoice(t, h.m, testkit.Prompt("2026-02-26", 2_000))
	p, err := h.pays(h.came(t, 98_000, "2026-02-20"), i, 98_000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.pays(h.came(t, 2_000, "2026-02-21"), i, 2_000); !errors.Is(err, receivable.ErrTooMuch) {
		t.Errorf("paying what was allowed: %v", err)
	}
	full, err := h.svc.Get(h.partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = h.svc.TakeBack(h.specialist, p.ID, p.Version, full.Allocations[0].ID); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 100_000 || now.AllowedMinor != 0 {
		t.Errorf("taken back: %+v", now)
	}
	if p, err = h.pays(p, i, 98_000); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 0 || now.AllowedMinor != 2_000 {
		t.Errorf("paid again: %+v", now)
	}
	if _, err = h.svc.Reverse(h.specialist, p.ID, p.Version, "the check bounced"); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 100_000 || now.AllowedMinor != 0 {
		t.Errorf("bounced: %+v", now)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('invoice.discount_granted', 'invoice.discount_taken_back')`, h.f.ID); n != 4 {
		t.Errorf("%d leaves, want 4", n)
	}
	h.sums(t)
	h.allowances(t)
	for _, sql := range []string{`DELETE FROM allowance WHERE firm_id = ?`, `UPDATE allowance SET amount_minor = 1 WHERE firm_id = ?`} {
		if err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, h.f.ID).Error }); db.Code(err) != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	other := setup(t)
	if n := other.f.Count(t, `SELECT count(*) FROM allowance WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("another firm sees %d allowances", n)
	}
	// The database holds the terms, whoever writes.
	err = h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE invoice SET allowed_minor = 2001, open_minor = open_minor - 2001 WHERE firm_id = ? AND id = ?`, h.f.ID, i.ID).Error
	})
	if !db.Violates(err, "invoice_allowed_within") {
		t.Errorf("more than was agreed: %v", err)
	}
	err = h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE invoice SET allowed_minor = 5, open_minor = open_minor - 5 WHERE firm_id = ? AND id = ?`, h.f.ID, i.ID).Error
	})
	if !db.Violates(err, "allowance_adds_up") {
		t.Errorf("without a row: %v", err)
	}
}

// TestTwoPromptPaymentsEarnOneDiscount: each alone would have; whichever comes second pays
// nothing or is told that nothing is open.
func TestTwoPromptPaymentsEarnOneDiscount(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 5 {
		i := h.f.Invoice(t, h.m, testkit.Prompt("2026-02-26", 2_000))
		var wait sync.WaitGroup
		for range 3 {
			p := h.came(t, 98_000, "2026-02-20")
			wait.Go(func() {
				if _, err := h.pays(p, i, 98_000); err != nil && !errors.Is(err, receivable.ErrTooMuch) {
					t.Errorf("pay: %v", err)
				}
			})
		}
		wait.Wait()
		if now := h.invoiceNow(t, i.ID); now.AllowedMinor != 2_000 || now.PaidMinor != 98_000 || now.OpenMinor != 0 {
			t.Errorf("%+v", now)
		}
	}
	h.sums(t)
	h.allowances(t)
}

// TestPromptDiscountsConserveEveryCent pays and takes back at random, and looks into every
// book after each step.
func TestPromptDiscountsConserveEveryCent(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := rand.New(rand.NewPCG(7, 11))
	i := h.f.Invoice(t, h.m, testkit.Prompt("2026-02-26", 7_001))
	for range 40 {
		now := h.invoiceNow(t, i.ID)
		if now.OpenMinor > 0 && r.IntN(3) > 0 {
			minor := 1 + r.Int64N(now.OpenMinor)
			if r.IntN(3) == 0 {
				minor = now.OpenMinor
			}
			if _, err := h.pays(h.came(t, minor, []string{"2026-02-26", "2026-02-27"}[r.IntN(2)]), i, minor); err != nil {
				t.Fatal(err)
			}
		} else if list, err := h.svc.OfInvoice(h.partner, i.ID); err != nil {
			t.Fatal(err)
		} else {
			for _, a := range list {
				if a.AmountMinor > 0 && !a.TakenBack {
					p, err := h.svc.Get(h.partner, a.Payment)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := h.svc.TakeBack(h.specialist, p.ID, p.Version, a.ID); err != nil {
						t.Fatal(err)
					}
					break
				}
			}
		}
		now = h.invoiceNow(t, i.ID)
		if now.OpenMinor+now.PaidMinor+now.AllowedMinor != now.TotalMinor || now.AllowedMinor > now.PromptMinor || now.AllowedMinor > 0 && now.OpenMinor != 0 {
			t.Fatalf("%+v", now)
		}
		h.sums(t)
		h.allowances(t)
	}
}
