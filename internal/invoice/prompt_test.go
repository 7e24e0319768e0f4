package invoice_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestAPromptDiscountHasItsTaxWithIt: the invoice states the day and the amount, with the tax
// that is on what is left out; a credit note takes all back and promises nothing.
func TestAPromptDiscountHasItsTaxWithIt(t *testing.T) {
	t.Parallel()
	h := setup(t, testkit.TaxE6(200_000))
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","discount":{"rate":25000,"prompt_days":14}`)
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 1_000_000)
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	seen, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := seen.Document // 1,220.00 and 100.00, with 20 percent: 2.5 percent of the fees is 30.50, its tax 6.10
	if d.Totals.TotalMinor != 158_400 || d.Prompt == nil || *d.Prompt != (invoice.Prompt{Until: d.IssuedOn.Add(14), Minor: 3_660, TaxMinor: 610}) {
		t.Fatalf("totals %+v, prompt %+v", d.Totals, d.Prompt)
	}
	if inv.PromptMinor != 3_660 || inv.PromptTaxMinor != 610 || inv.PromptUntil != d.Prompt.Until || inv.OpenMinor != 158_400 {
		t.Errorf("invoice %+v", inv)
	}
	if said := strings.Join(d.Remarks(), " "); !strings.Contains(said, "1,547.40 if it arrives by "+d.Prompt.Until.Long()) || !strings.Contains(said, "36.60, of which 6.10 is tax") {
		t.Errorf("remarks %s", said)
	}
	if _, lines := d.RemittanceNow(100); strings.Contains(strings.Join(lines, " "), "1,547.40") {
		t.Errorf("a part is left, and less is promised: %s", lines)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed to the wrong payor"}); err != nil {
		t.Fatal(err)
	}
	over := *d
	over.Prompt = &invoice.Prompt{Until: d.IssuedOn, Minor: d.Totals.TotalMinor + 1}
	if err := over.Check(); err == nil {
		t.Error("more is promised than is billed")
	}
}
