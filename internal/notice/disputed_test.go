package notice_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestWhatIsInDisputeIsNotRemindedOf: a letter asks for the rest; where all is disputed none goes
// (LEGAL-BILLING 14).
func TestWhatIsInDisputeIsNotRemindedOf(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	late := testkit.Issued("2026-01-10", "2026-02-10")
	part, whole := f.Invoice(t, f.Matter(t), late, testkit.Sent()), f.Invoice(t, f.Matter(t), late, testkit.Sent())
	specialist := f.As(t, rbac.RoleSpecialist)
	f.Dispute(t, part, specialist, 40_000)
	f.Dispute(t, whole, specialist, 100_000)
	h.sweep(t)
	got := h.post(t, f)
	if len(got) != 1 || !strings.Contains(got[0].Text, part.Number) || !strings.Contains(got[0].Text, "USD 600.00") || strings.Contains(got[0].Text, "1,000.00") {
		t.Errorf("%+v", got)
	}
	if n := f.Count(t, `SELECT sum(open_minor)::bigint FROM reminder WHERE firm_id = ? AND status <> 'passed'`, f.ID); n != 60_000 {
		t.Errorf("reminded of %d", n)
	}
}
