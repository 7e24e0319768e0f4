package notice_test

import (
	"testing"

	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
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

// A promise on an invoice of which a part was credited since is kept once the rest is paid.
func TestAPromiseIsKeptWhereNothingIsOpenAnyMore(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	if _, err := h.svc.Promise(f.As(t, rbac.RoleSpecialist), inv.ID, notice.NewPromise{AmountMinor: 100_000, On: "2026-03-04"}); err != nil {
		t.Fatal(err)
	}
	credit(t, f, inv)
	h.run(t, f, 10)
	if got := f.Text(t, `SELECT state FROM payment_promise WHERE firm_id = ?`, f.ID); got != "kept" {
		t.Errorf("%s", got)
	}
}
