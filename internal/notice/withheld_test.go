package notice_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
)

// TestWhatIsWithheldIsNotRemindedOf: a letter asks for what is to be paid to the firm; tax that the
// payor keeps back for the tax office, as the invoice says, is none of it (LEGAL-BILLING 5, 14).
func TestWhatIsWithheldIsNotRemindedOf(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	late := testkit.Issued("2026-01-10", "2026-02-10")
	part := f.Invoice(t, f.Matter(t), late, testkit.Sent(), testkit.Withheld(15_000))
	f.Invoice(t, f.Matter(t), late, testkit.Sent(), testkit.Withheld(100_000))
	h.sweep(t)
	got := h.post(t, f)
	if len(got) != 1 || !strings.Contains(got[0].Text, part.Number) || !strings.Contains(got[0].Text, "USD 850.00") || strings.Contains(got[0].Text, "1,000.00") {
		t.Errorf("%+v", got)
	}
	if n := f.Count(t, `SELECT sum(open_minor)::bigint FROM reminder WHERE firm_id = ? AND status <> 'passed'`, f.ID); n != 85_000 {
		t.Errorf("reminded of %d", n)
	}
}
