package receivable_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func certificate(i testkit.I) receivable.Certificate {
	return receivable.Certificate{Invoice: i.ID, Reference: "2026/118", ReceivedOn: "2026-03-02"}
}

// TestTaxWithheldIsSettledByItsCertificate: 1,000.00 of which 150.00 is withheld. The payor
// pays short by exactly that, and the certificate closes the invoice without moving cash.
func TestTaxWithheldIsSettledByItsCertificate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	i := h.f.Invoice(t, h.m, testkit.Withheld(15_000))
	if _, err := h.pays(h.paid(t, 85_000), i, 85_000); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 15_000 || now.WithheldMinor != 15_000 || now.Status != invoice.StatusPartPaid {
		t.Fatalf("paid short: %+v", now)
	}
	p, err := h.svc.SettleWithheld(h.specialist, certificate(i))
	if err != nil || p.Method != receivable.MethodWithheld || p.AmountMinor != 15_000 || p.AllocatedMinor != 15_000 {
		t.Fatalf("%+v, %v", p, err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 0 || now.Status != invoice.StatusPaid {
		t.Errorf("settled: %+v", now)
	}
	for account, want := range map[string]int64{"cash": 85_000, "withheld": 15_000, "receivable": 0} {
		if n := h.f.Count(t, `SELECT sum(amount_minor) FROM posting WHERE firm_id = ? AND account = ?`, h.f.ID, account); n != want {
			t.Errorf("account %s has %d, want %d", account, n, want)
		}
	}
	h.sums(t)
	if _, err := h.svc.SettleWithheld(h.specialist, certificate(i)); !errors.Is(err, receivable.ErrNothingWithheld) {
		t.Errorf("settled twice: %v", err)
	}

	// It pays nothing else, and goes whole.
	detail, err := h.svc.Get(h.specialist, p.ID)
	if err != nil || len(detail.Allocations) != 1 {
		t.Fatalf("%+v, %v", detail, err)
	}
	if _, err := h.svc.TakeBack(h.specialist, p.ID, detail.Version, detail.Allocations[0].ID); !errors.Is(err, receivable.ErrWithheld) {
		t.Errorf("its part is taken back: %v", err)
	}
	if _, err := h.svc.Reverse(h.specialist, p.ID, detail.Version, "the certificate was another firm's"); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 15_000 {
		t.Errorf("taken back: %+v", now)
	}
	h.sums(t)
	if _, err := h.svc.SettleWithheld(h.specialist, receivable.Certificate{Invoice: i.ID, Reference: "2026/119", ReceivedOn: "2026-03-02"}); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'payment.tax_withheld'`, h.f.ID); n != 2 {
		t.Errorf("%d entries in the trail, want 2", n)
	}
}

func TestWhatIsNotWithheldIsNotSettledSo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	i, plain := h.f.Invoice(t, h.m, testkit.Withheld(15_000)), h.f.Invoice(t, h.m)
	if _, err := h.svc.SettleWithheld(h.specialist, certificate(plain)); !errors.Is(err, receivable.ErrNothingWithheld) {
		t.Errorf("an invoice of which nothing is withheld: %v", err)
	}
	bad := certificate(i)
	bad.Reference, bad.ReceivedOn = " ", "2026-03-03"
	var f *fault.Error
	if _, err := h.svc.SettleWithheld(h.specialist, bad); !errors.As(err, &f) || len(f.Fields) != 2 {
		t.Errorf("without number, from tomorrow: %v", err)
	}
	if _, err := h.pays(h.paid(t, 90_000), i, 90_000); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.SettleWithheld(h.specialist, certificate(i)); !errors.Is(err, receivable.ErrWithheldOpen) {
		t.Errorf("more than is open: %v", err)
	}
	other := testkit.Firm(t, h.d)
	if _, err := h.svc.SettleWithheld(other.As(t, rbac.RoleSpecialist), certificate(i)); !errors.Is(err, receivable.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if _, err := h.svc.SettleWithheld(h.f.As(t, rbac.RoleTimekeeper), certificate(i)); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a timekeeper: %v", err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM payment WHERE firm_id = ? AND method = 'withheld'`, h.f.ID); n != 0 {
		t.Errorf("refusals left %d payments", n)
	}
	// The database holds it too.
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`WITH p AS (INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, allocated_minor, unapplied_minor, method, reference, received_on, posted_at)
				VALUES (?, gen_random_uuid(), ?, ?, 'USD', 5000, 5000, 0, 'withheld', 'x', '2026-03-02', now()) RETURNING *)
			INSERT INTO allocation (firm_id, id, payment_id, invoice_id, currency, amount_minor, made_at) SELECT firm_id, gen_random_uuid(), id, ?, 'USD', 5000, now() FROM p`,
			h.f.ID, h.m.Payor, h.m.Client, plain.ID).Error
	})
	if !db.Violates(err, "withheld_within") && err == nil {
		t.Errorf("the database takes it: %v", err)
	}
}

// TestAPromptPaymentOfWhatIsPayable earns its discount before the certificate comes: what is
// withheld is not expected by that day.
func TestAPromptPaymentOfWhatIsPayable(t *testing.T) {
	t.Parallel()
	h := setup(t)
	i := h.f.Invoice(t, h.m, testkit.Withheld(15_000), testkit.Prompt("2026-02-26", 2_000))
	if _, err := h.pays(h.came(t, 83_000, "2026-02-20"), i, 83_000); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.AllowedMinor != 2_000 || now.OpenMinor != 15_000 {
		t.Fatalf("%+v", now)
	}
	if _, err := h.svc.SettleWithheld(h.specialist, certificate(i)); err != nil {
		t.Fatal(err)
	}
	if now := h.invoiceNow(t, i.ID); now.OpenMinor != 0 || now.AllowedMinor != 2_000 || now.Status != invoice.StatusPaid {
		t.Errorf("%+v", now)
	}
	h.sums(t)
	h.allowances(t)
}
