package invoice_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// cleaned is an invoice whose lines were worked on: a text and its amount with the line
// written down by the partner, one held, one with a remark kept.
func (h *house) cleaned(t *testing.T) invoice.Invoice {
	t.Helper()
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Work(t, h.m, h.k, "2026-02-11", 10_000, 6_100_000, testkit.Narrative("Analyze expert report of Dr. Haas on damages model"))
	h.f.Work(t, h.m, h.k, "2026-02-12", 30_000, 6_100_000, testkit.Narrative("Draft reply brief on discovery; email client re status of the brief"))
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	words, amount, held := "Draft outline of reply brief", int64(100_000), true
	for i, c := range []amend.Change{{Narrative: &words}, {Held: &held, Note: "waits for the expert"}, {}} {
		v := h.look(t, p.ID)
		if c != (amend.Change{}) {
			if p, err = h.prebills.Edit(h.specialist, p.ID, v.Version, v.Lines[i].ID, c); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range v.Lines[i].Findings {
			if f.State == guideline.Open && i == 2 {
				if err := h.prebills.Waive(h.specialist, p.ID, f.ID, "client agreed on 9 Feb"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	v := h.look(t, p.ID)
	if p, err = h.prebills.WriteDown(h.partner, p.ID, v.Version, v.Lines[0].ID, amount, amend.ReasonCourtesy, "first brief"); err != nil {
		t.Fatal(err)
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	return h.invoiceOf(t, p.ID)
}

func (h *house) look(t *testing.T, id ident.PrebillID) prebill.View {
	t.Helper()
	v, err := h.prebills.Get(h.partner, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// says is what each line says, with its changes and remarks that count, without ids.
func says(v prebill.View) string {
	var b strings.Builder
	for i := range v.Lines {
		l := &v.Lines[i]
		fmt.Fprintf(&b, "%s %q bills %d held %v reason %s\n", l.On.Format("02"), l.Narrative, l.Bills(), l.Held, l.Reason)
		for _, e := range l.Edits {
			fmt.Fprintf(&b, "  %s %s %s %q %d -> %d at %d undone %v\n", e.Side, e.ByName, e.Reason, e.Note, e.BeforeAt, e.AfterAt, e.At.Unix(), e.UndoneAt != nil)
		}
		for _, f := range l.Findings {
			if f.State != guideline.Fixed {
				fmt.Fprintf(&b, "  %s %s %s\n", f.Rule, f.State, f.Note)
			}
		}
	}
	return b.String()
}

// TestWhatIsBilledAgainStartsFromTheCreditedBill: nobody cleans a bill twice because
// its payor was wrong.
func TestWhatIsBilledAgainStartsFromTheCreditedBill(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.cleaned(t)
	before := h.look(t, inv.Prebill)
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong payor.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	order := prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}
	p, err := h.prebills.Build(h.specialist, order)
	if err != nil {
		t.Fatal(err)
	}
	after := h.look(t, p.ID)
	if got, want := says(after), says(before); got != want || len(after.Lines) != 3 || !after.Lines[1].Held || after.Lines[0].Bills() != 100_000 {
		t.Errorf("the bill again:\n%swant\n%s", got, want)
	}
	// A change that was taken over is undone like any other, one by one.
	line := after.Lines[0].ID
	for i, want := range []int64{122_000, 122_000} {
		v := h.look(t, p.ID)
		if _, err := h.prebills.Undo(h.specialist, p.ID, v.Version, line); err != nil {
			t.Fatal(err)
		}
		if v = h.look(t, p.ID); v.Lines[0].Bills() != want || v.Lines[0].Changed() != (i == 0) {
			t.Errorf("undone %d: %+v", i, v.Lines[0].Work)
		}
	}
	// A draft that is thrown away does not take the credited bill with it.
	if _, err := h.prebills.Cancel(h.specialist, p.ID, h.look(t, p.ID).Version); err != nil {
		t.Fatal(err)
	}
	if p, err = h.prebills.Build(h.specialist, order); err != nil {
		t.Fatal(err)
	}
	if got, want := says(h.look(t, p.ID)), says(before); got != want {
		t.Errorf("built after a cancelled one:\n%swant\n%s", got, want)
	}
}

// TestAHoldEndsWithItsBill: what was held back from a bill that stands, or was credited
// for good, comes as it was recorded.
func TestAHoldEndsWithItsBill(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.cleaned(t)
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Never to be billed."}); err != nil {
		t.Fatal(err)
	}
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if v := h.look(t, p.ID); len(v.Lines) != 1 || v.Lines[0].Held || v.Lines[0].Changed() {
		t.Errorf("the held line: %s", says(v))
	}
}

// TestI17_WhatIsBilledAgainKeepsAllButTheRate: the work was repriced after the credit, to
// less than its bill had cut the rate to. The hours, the words and the hold of that change
// stand on the new bill.
func TestI17_WhatIsBilledAgainKeepsAllButTheRate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Work(t, h.m, h.k, "2026-02-11", 10_000, 6_100_000, testkit.Narrative("Analyze expert report of Dr. Haas on damages model"))
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	words, hours, cut, held := "Draft outline of reply brief", money.Fixed4(10_000), money.Fixed4(3_000_000), true
	for i, c := range []amend.Change{{Narrative: &words, Quantity: &hours, Rate: &cut, Reason: amend.ReasonRate}, {Held: &held, Rate: &cut, Reason: amend.ReasonRate}} {
		if p, err = h.prebills.Edit(h.specialist, p.ID, p.Version, h.look(t, p.ID).Lines[i].ID, c); err != nil {
			t.Fatal(err)
		}
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	if inv.TotalMinor != 30_000 {
		t.Fatalf("billed %d", inv.TotalMinor)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong payor.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	admin := h.f.As(t, rbac.RoleFirmAdmin)
	if _, err := rate.New(h.d, h.guard).Add(admin, rate.Rate{MatterID: h.m.ID, Rate: 2_500_000, Currency: "USD", From: testkit.Day("2026-01-01")}); err != nil {
		t.Fatal(err)
	}
	runs := reprice.New(h.d, h.guard)
	run, err := runs.Preview(admin, reprice.Selection{Matters: []ident.MatterID{h.m.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runs.CarryOut(admin, run.ID, run.Hash, "The client's new terms"); err != nil {
		t.Fatal(err)
	}
	if p, err = h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}); err != nil {
		t.Fatal(err)
	}
	v := h.look(t, p.ID)
	if one, two := v.Lines[0], v.Lines[1]; one.Narrative != words || one.Quantity != hours || one.Rate != 2_500_000 || one.Bills() != 25_000 || !two.Held || two.Rate != 2_500_000 || v.Totals.InvoiceMinor != 25_000 {
		t.Errorf("the bill again:\n%s", says(v))
	}
}
