package invoice_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// A merge is one line of the invoice, its paper and its e-bill, to the cent what its entries
// came to each by itself. Each entry is billed once and, after a credit, is free once and
// billed again in the same merge, with what it said and what was taken off it.
func TestAMergeIsInvoiced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	// 0.1 h at 333.33 is 33.33 each, three of them 99.99; 0.3 h would be 100.00.
	for _, words := range []string{"Draft outline of reply brief", "Draft statement of facts of reply brief", "Revise table of authorities of reply brief"} {
		h.f.Work(t, h.m, h.k, "2026-02-10", 1_000, 3_333_300, testkit.Narrative(words))
	}
	h.f.Work(t, h.m, h.k, "2026-02-11", 10_000, 6_100_000)
	order := prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}
	p, err := h.prebills.Build(h.specialist, order)
	if err != nil {
		t.Fatal(err)
	}
	v := h.look(t, p.ID)
	words := "Draft and revise reply brief on motion to compel"
	u := prebill.Union{Narrative: &words}
	for _, l := range v.Lines[:3] {
		u.Lines = append(u.Lines, l.ID)
	}
	if p, err = h.prebills.Merge(h.specialist, p.ID, p.Version, u); err != nil {
		t.Fatal(err)
	}
	before := h.look(t, p.ID)
	for i := range before.Lines {
		for _, f := range before.Lines[i].Findings {
			if err := h.prebills.Waive(h.specialist, p.ID, f.ID, "as agreed with the client"); err != nil {
				t.Fatalf("%s: %v", f.Rule, err)
			}
		}
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	if inv.NetMinor != before.Totals.InvoiceMinor || inv.NetMinor != 9_999+61_000 {
		t.Errorf("net %d, the pre-bill said %d", inv.NetMinor, before.Totals.InvoiceMinor)
	}
	seen, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	ls := seen.Document.Lines
	if len(ls) != 2 || len(ls[0].Merges) != 3 || ls[0].QuantityE4 != 3_000 || ls[0].AmountMinor != 9_999 || ls[0].ValueMinor != 10_000 || ls[0].AdjustMinor != -1 || ls[1].Merges != nil {
		t.Errorf("lines %+v", ls)
	}
	if o := ls[0].Original; o == nil || o.QuantityE4 != 3_000 || o.AmountMinor != 9_999 || strings.Count(o.Narrative, ";") != 2 {
		t.Errorf("as recorded %+v", ls[0].Original)
	}
	named := map[ident.EntryID]bool{}
	for _, e := range ls[0].Merges {
		named[e] = true
	}
	if len(named) != 3 || !named[ls[0].Entry] {
		t.Errorf("entries %v", ls[0].Merges)
	}
	h.files(t, inv, money.Amount{Minor: inv.NetMinor, Currency: "USD"}.Text(), words, []string{words}, "")
	billed := func() int64 {
		return h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID)
	}
	if n := billed(); n != 4 {
		t.Errorf("%d entries are billed, want 4", n)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong payor.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open'`, h.f.ID); n != 4 {
		t.Errorf("%d entries are free, want 4", n)
	}
	again, err := h.prebills.Build(h.specialist, order)
	if err != nil {
		t.Fatal(err)
	}
	after := h.look(t, again.ID)
	if got, want := says(after), says(before); got != want || len(after.Lines) != 2 || len(after.Lines[0].Sources) != 3 || after.Totals.InvoiceMinor != before.Totals.InvoiceMinor || after.Totals.RecordedMinor != before.Totals.RecordedMinor {
		t.Errorf("the bill again:\n%swant\n%s%+v", got, want, after.Totals)
	}
	if after.OpenFindings != 0 {
		t.Errorf("what was kept is asked again: %+v", after.Lines[0].Findings)
	}
	// The merge can be undone and written down there as on any pre-bill.
	if again, err = h.prebills.WriteDown(h.specialist, again.ID, again.Version, after.Lines[0].ID, 5_000, amend.ReasonCourtesy, ""); err != nil {
		t.Fatal(err)
	}
	h.approve(t, again)
	h.start(t)
	h.work(t)
	if n := billed(); n != 4 {
		t.Errorf("%d entries are billed again, want 4", n)
	}
	if second := h.invoiceOf(t, again.ID); second.NetMinor != 5_000+61_000 {
		t.Errorf("the second invoice comes to %d", second.NetMinor)
	}
}
