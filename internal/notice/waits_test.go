package notice_test

import (
	"testing"

	"github.com/docketry/docketry/internal/testkit"
)

// Money on account in another currency cannot cover an invoice, so it keeps nothing back.
func TestMoneyOfAnotherCurrencyKeepsNothingBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	inv := f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	f.Exec(t, `INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, allocated_minor, unapplied_minor, method, received_on, posted_at)
		VALUES (?, gen_random_uuid(), ?, ?, 'EUR', 1, 0, 1, 'wire', '2026-03-01', ?)`, f.ID, m.Payor, m.Client, testkit.Now)
	h.sweep(t)
	if got := stagesOf(t, f, inv); got != "first=queued" {
		t.Errorf("one cent in euro kept USD 1,000.00 back: %q", got)
	}
}
