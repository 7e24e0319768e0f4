package invoice_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestWhatIsTakenOffTheFeesIsAnAdjustment follows a discount on the fees as a whole from
// the fix of its finding to the invoice, the paper, the e-bill and the ledger.
func TestWhatIsTakenOffTheFeesIsAnAdjustment(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.prebills.HandOverWhen(h.parts.Paper.Fits)
	h.f.Guide(t, h.m, `"discount":"0.05"`)
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 1_000_000)
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil || len(v.Findings) != 1 || v.Findings[0].Rule != "INV-15" {
		t.Fatalf("findings %+v, %v", v.Findings, err)
	}
	if p, err = h.prebills.ApplyFix(h.specialist, p.ID, v.Version, v.Findings[0].ID); err != nil {
		t.Fatal(err)
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	if inv.NetMinor != 122_000-6_100+10_000 {
		t.Errorf("net %d", inv.NetMinor)
	}
	seen, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := seen.Document
	last := d.Lines[1]
	if len(d.Lines) != 3 || last.Kind != invoice.Adjustment || last.AmountMinor != -6_100 || last.Entry != "" || last.Reason != "DISCOUNT" || d.Totals.FeesMinor != 115_900 {
		t.Errorf("lines %+v, totals %+v", d.Lines, d.Totals)
	}
	e, err := h.svc.File(h.partner, inv.ID, invoice.Format1998B)
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledes.Validate(bytes.NewReader(e.Bytes), ledes.Options{}, 10)
	if err != nil || len(report.Findings) != 0 || report.Invoices[0].Total != "1259.00" || !bytes.Contains(e.Bytes, []byte("|IF||-61.00|-61.00|")) {
		t.Errorf("LEDES %+v, %v\n%s", report, err, e.Bytes)
	}
	paper, err := h.svc.File(h.partner, inv.ID, invoice.FormatPDF)
	if err != nil {
		t.Fatal(err)
	}
	if text := extract(t, paper.Bytes); !strings.Contains(text, "Discount on fees, as agreed") || !strings.Contains(text, "−61.00") || !strings.Contains(text, "1,259.00") {
		t.Errorf("paper:\n%s", text)
	}
	// A correction takes all of it back, and the work can be billed anew.
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "wrong discount", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open'`, h.f.ID); n != 2 {
		t.Errorf("%d entries are open again, want 2", n)
	}
	if n := h.f.Count(t, `SELECT coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ? AND account = 'fees'`, h.f.ID); n != 0 {
		t.Errorf("%d of fees stay in the ledger", n)
	}
}
