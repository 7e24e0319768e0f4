package invoice_test

import (
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/transfer"
)

// TestCreditedWorkIsTransferredWithWhatItsBillSaid: work that is billed again on another
// matter starts from what the credited bill said of it, as it does on its own.
func TestCreditedWorkIsTransferredWithWhatItsBillSaid(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.cleaned(t)
	before := h.look(t, inv.Prebill)
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong client.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	var of []ident.EntryID
	for i := range before.Lines {
		of = append(of, before.Lines[i].EntryID)
	}
	other, svc := h.f.Matter(t), transfer.New(h.d, h.guard)
	move := transfer.Move{Entries: of, To: other.ID}
	p, err := svc.Preview(h.specialist, move)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Do(h.specialist, move, p.Hash, "of the other case"); err != nil {
		t.Fatal(err)
	}
	bill, err := h.prebills.Build(h.specialist, prebill.Order{Matter: other.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	after := h.look(t, bill.ID)
	if l := after.Lines[0]; l.Narrative != before.Lines[0].Narrative || l.Bills() != 100_000 || len(l.Edits) != 2 || l.Edits[1].Note != "first brief" || l.Edits[1].By != before.Lines[0].Edits[1].By {
		t.Errorf("on the other matter:\n%swant\n%s", says(after), says(before))
	}
	if l := after.Lines[1]; l.Held || len(l.Edits) != 0 || l.Bills() != 61_000 {
		t.Errorf("what was held is %+v", l)
	}
}

// TestARunLooksAtWhatIsLeftOfABill: the day of work that was transferred away keeps no run
// from an earlier date, and what was remarked on it is not open on the bill.
func TestARunLooksAtWhatIsLeftOfABill(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Work(t, h.m, h.k, "2026-02-03", 20_000, 6_100_000)
	goes := h.f.Work(t, h.m, h.k, "2026-02-26", 10_000, 6_100_000, testkit.Narrative("Draft reply brief on discovery; email client re status of the brief"))
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	svc, move := transfer.New(h.d, h.guard), transfer.Move{Entries: []ident.EntryID{goes.ID}, To: h.f.Matter(t).ID}
	preview, err := svc.Preview(h.specialist, move)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Do(h.specialist, move, preview.Hash, "of the other case"); err != nil {
		t.Fatal(err)
	}
	list, err := h.prebills.List(h.specialist, prebill.Filter{}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Lines != 1 || list.Items[0].InvoiceMinor != 122_000 || list.Items[0].OpenFindings != 0 {
		t.Errorf("listed %+v, %v", list.Items, err)
	}
	h.approve(t, h.look(t, p.ID).Prebill)
	run, err := h.svc.PreviewRun(h.specialist, "2026-02-10", invoice.Selection{})
	if err != nil || len(run.Waiting) != 1 || run.Problems != 0 || run.Waiting[0].LastWork != "2026-02-03" || run.Waiting[0].NetMinor != 122_000 {
		t.Errorf("a run of 10 Feb: %+v, %v", run, err)
	}
}
