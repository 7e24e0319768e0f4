package invoice_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// A code that no set has passes as a waived remark, and no LEDES file holds it:
// its pre-bill stops before the partner, with the line named, not in the night's run.
func TestAPrebillThatNoEBillHoldsIsNotHandedOver(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.prebills.HandOverWhen(invoice.Fits)
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Work(t, h.m, h.k, "2026-02-11", 10_000, 6_100_000)
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	h.f.Exec(t, `UPDATE prebill_line SET task_code = 'L999', activity_code = 'A103' WHERE firm_id = ? AND prebill_id = ? AND position = 2`, h.f.ID, p.ID)
	if _, err = h.prebills.Submit(h.specialist, p.ID, p.Version); !errors.Is(err, prebill.ErrOpenFindings) {
		t.Fatalf("submit with the finding open: %v", err)
	}
	h.f.Exec(t, `UPDATE finding SET state = 'waived', waived_at = ?, waived_note = 'the client takes it', settled_at = ? WHERE firm_id = ? AND state = 'open'`, testkit.Now, testkit.Now, h.f.ID)
	_, err = h.prebills.Submit(h.specialist, p.ID, p.Version)
	var f *fault.Error
	if !errors.Is(err, prebill.ErrUnbillable) || !errors.As(err, &f) || len(f.Fields) == 0 || f.Fields[0].Path != "lines.2" || !strings.Contains(f.Message, "Line 2: ") {
		t.Fatalf("submit: %v", err)
	}
	for _, x := range f.Fields {
		if x.Path != "lines.2" {
			t.Errorf("also %+v", x)
		}
	}
	h.f.Exec(t, `UPDATE prebill_line SET task_code = 'L350' WHERE firm_id = ? AND prebill_id = ? AND position = 2`, h.f.ID, p.ID)
	if _, err := h.prebills.Submit(h.specialist, p.ID, p.Version); err != nil {
		t.Errorf("put right: %v", err)
	}
}
