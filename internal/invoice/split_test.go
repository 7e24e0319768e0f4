package invoice_test

import (
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// The parts of a line are lines of the invoice, its paper and its e-bill; the entry behind
// them is billed once and, after a credit, is free once and billed again in the same parts.
func TestPartsOfALineAreInvoiced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	order := prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}
	p, err := h.prebills.Build(h.specialist, order)
	if err != nil {
		t.Fatal(err)
	}
	v := h.look(t, p.ID)
	reviews := "A104"
	pieces := prebill.Division{Parts: []prebill.Piece{{Hours: 13_000, Narrative: "Draft reply brief on motion to compel"}, {Hours: 7_000, Narrative: "Review transcript of the hearing", Activity: &reviews}}}
	if p, err = h.prebills.Split(h.specialist, p.ID, p.Version, v.Lines[0].ID, pieces); err != nil {
		t.Fatal(err)
	}
	v = h.look(t, p.ID)
	if p, err = h.prebills.WriteDown(h.specialist, p.ID, p.Version, v.Lines[1].ID, 40_000, amend.ReasonCourtesy, ""); err != nil {
		t.Fatal(err)
	}
	before := h.look(t, p.ID)
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	if inv.NetMinor != before.Totals.InvoiceMinor || inv.NetMinor != 79_300+40_000 {
		t.Errorf("net %d, the pre-bill said %d", inv.NetMinor, before.Totals.InvoiceMinor)
	}
	seen, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	ls := seen.Document.Lines
	if len(ls) != 2 || ls[0].Entry != ls[1].Entry || ls[0].QuantityE4 != 13_000 || ls[1].QuantityE4 != 7_000 || ls[1].AmountMinor != 40_000 {
		t.Errorf("lines %+v", ls)
	}
	h.files(t, inv, money.Amount{Minor: inv.NetMinor, Currency: "USD"}.Text(), "Review transcript of the hearing", []string{"Draft reply brief on motion to compel", "Review transcript of the hearing"}, "")
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID); n != 1 {
		t.Errorf("%d entries are billed, want 1", n)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong payor.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open'`, h.f.ID); n != 1 {
		t.Errorf("%d entries are free, want 1", n)
	}
	again, err := h.prebills.Build(h.specialist, order)
	if err != nil {
		t.Fatal(err)
	}
	after := h.look(t, again.ID)
	if got, want := says(after), says(before); got != want || len(after.Lines) != 2 || after.Totals != before.Totals {
		t.Errorf("the bill again:\n%swant\n%s%+v", got, want, after.Totals)
	}
	h.approve(t, again)
	h.start(t)
	h.work(t)
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID); n != 1 {
		t.Errorf("%d entries are billed again, want 1", n)
	}
}
