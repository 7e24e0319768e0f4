package invoice_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// A code that no set has can be let pass, and no LEDES file holds it,
// nor does the paper hold a character that its fonts lack: the pre-bill stops before the partner, with the line named, not in the night's run.
func TestAPrebillThatNoBillHoldsIsNotHandedOver(t *testing.T) {
	t.Parallel()
	for _, ebill := range []string{"ledes_flat", "ledes_xml_21", "ledes_xml_22"} {
		t.Run(ebill, func(t *testing.T) {
			t.Parallel()
			notHandedOver(t, ebill)
		})
	}
}

func notHandedOver(t *testing.T, ebill string) {
	t.Helper()
	h := setup(t)
	h.xmlPayor(t, invoice.Format(ebill))
	h.prebills.HandOverWhen(h.parts.Paper.Fits)
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
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Lines[1].Findings {
		if f.Severity != guideline.Block {
			err = h.prebills.Waive(h.specialist, p.ID, f.ID, "the client takes it")
		} else {
			err = h.prebills.Override(h.partner, p.ID, f.ID, guideline.Override{Reason: guideline.ClientAgreed, Note: "the client takes it", Until: testkit.Day("2026-03-31")})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
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
	h.f.Exec(t, `UPDATE prebill_line SET task_code = 'L350', narrative = 'Draft letter to 日本 on the motion' WHERE firm_id = ? AND prebill_id = ? AND position = 2`, h.f.ID, p.ID)
	_, err = h.prebills.Submit(h.specialist, p.ID, p.Version)
	if !errors.Is(err, prebill.ErrUnbillable) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "lines.2" || !strings.Contains(f.Message, "Line 2 holds U+65E5") {
		t.Fatalf("submit what the paper cannot show: %v", err)
	}
	h.f.Exec(t, `UPDATE prebill_line SET narrative = 'Draft letter on the motion' WHERE firm_id = ? AND prebill_id = ? AND position = 2`, h.f.ID, p.ID)
	if _, err := h.prebills.Submit(h.specialist, p.ID, p.Version); err != nil {
		t.Errorf("put right: %v", err)
	}
}
