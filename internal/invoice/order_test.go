package invoice_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// order enters an order of the matter's payor, for all that it pays.
func (h *house) order(t *testing.T, number string, minor int64) (*purchase.Service, purchase.View) {
	t.Helper()
	svc := purchase.NewService(h.d, h.guard)
	v, err := svc.Make(h.f.As(t, rbac.RoleFirmAdmin), purchase.New{Payor: h.m.Payor, Number: number, Currency: "USD", From: testkit.Day("2026-01-01"), Allowance: purchase.Allowance{AmountMinor: minor}})
	if err != nil {
		t.Fatalf("enter an order: %v", err)
	}
	return svc, v
}

func (h *house) documentOf(t *testing.T, id ident.InvoiceID) *invoice.Document {
	t.Helper()
	v, err := h.svc.Get(h.partner, id)
	if err != nil {
		t.Fatal(err)
	}
	return v.Document
}

// TestAnInvoiceNamesTheOrderThatCoversIt: on its paper and in its e-bill; what is credited is
// free again, and what an order does not cover draws on none.
func TestAnInvoiceNamesTheOrderThatCoversIt(t *testing.T) {
	t.Parallel()
	h := setup(t)
	svc, o := h.order(t, "4500-17", 200_000)
	left := func(want int64) {
		t.Helper()
		if v, err := svc.Get(h.partner, o.ID); err != nil || v.LeftMinor() != want {
			t.Errorf("left %d, want %d: %v", v.LeftMinor(), want, err)
		}
	}
	first := h.issued(t)
	d := h.documentOf(t, first.ID)
	if d.PO != "4500-17" {
		t.Errorf("the invoice names %q", d.PO)
	}
	d.EBillAs = invoice.FormatXML21
	e, err := d.EFile(ledes.Profile{})
	if err != nil || !strings.Contains(string(e.Bytes), "<po_number>4500-17</po_number>") {
		t.Errorf("the e-bill: %v", err)
	}
	left(68_000)
	second := h.issued(t)
	if d := h.documentOf(t, second.ID); d.PO != "" {
		t.Errorf("an invoice of 1,320.00 names an order with 680.00 left: %q", d.PO)
	}
	left(68_000)
	if _, err := h.svc.Credit(h.partner, first.ID, invoice.NewCredit{Reason: "billed twice"}); err != nil {
		t.Fatal(err)
	}
	left(200_000)
	third := h.issued(t)
	h.credit(t, third, lines("One hour was not agreed.", 1, 61_000))
	left(129_000)
}

// TestAnOrderThatIsWantedIsNotDoneWithout: the bill is stopped while no order covers it
// (INV-13), and so is the invoice when the order was used up since; let pass, it is made.
func TestAnOrderThatIsWantedIsNotDoneWithout(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Guide(t, h.m, `"po_required":true`)
	open := func(id ident.PrebillID) (said string) {
		t.Helper()
		v, err := h.prebills.Get(h.partner, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range v.Findings {
			if f.Rule == "INV-13" && f.State == guideline.Open {
				said = f.Message
			}
		}
		return said
	}
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if said := open(p.ID); !strings.Contains(said, "has no purchase order") {
		t.Errorf("without an order: %q", said)
	}
	svc, o := h.order(t, "4500-17", 122_000)
	h.approve(t, p)
	if said := open(p.ID); said != "" {
		t.Errorf("with an order: %q", said)
	}
	admin := h.f.As(t, rbac.RoleFirmAdmin)
	if _, err := svc.Close(admin, o.ID, o.Version); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	h.work(t)
	var why string
	err = h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT coalesce(max(cause), '') FROM run_item WHERE firm_id = ? AND prebill_id = ?`, h.f.ID, p.ID).Row().Scan(&why)
	})
	if err != nil || !strings.Contains(why, "order_used_up") {
		t.Errorf("issued without an order: %q, %v", why, err)
	}

	h.order(t, "4500-18", 122_000)
	h.start(t)
	h.work(t)
	if d := h.documentOf(t, h.invoiceOf(t, p.ID).ID); d.PO != "4500-18" {
		t.Errorf("with another order the invoice names %q", d.PO)
	}

	h.f.Work(t, h.m, h.k, "2026-02-11", 10_000, 6_100_000)
	if p, err = h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}); err != nil {
		t.Fatal(err)
	}
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.prebills.Submit(h.specialist, p.ID, p.Version); !errors.Is(err, prebill.ErrOpenFindings) {
		t.Errorf("handed in while no order covers it: %v", err)
	}
	at := slices.IndexFunc(v.Findings, func(f guideline.Stored) bool { return f.Rule == "INV-13" })
	if err := h.prebills.Override(h.partner, p.ID, v.Findings[at].ID, guideline.Override{Reason: guideline.ClientAgreed, Note: "the order follows, says their mail", Until: testkit.Day("2026-03-31")}); err != nil {
		t.Fatal(err)
	}
	h.approve(t, v.Prebill)
	h.start(t)
	h.work(t)
	if d := h.documentOf(t, h.invoiceOf(t, p.ID).ID); d.PO != "" {
		t.Errorf("let pass, the invoice names %q", d.PO)
	}
}

// TestT24_AFindingDoesNotTellWhatIsLeftOfASharedOrder: of an order for all matters it would tell a
// reader who sees this one alone what the others were billed; of the matter's own it is said.
func TestT24_AFindingDoesNotTellWhatIsLeftOfASharedOrder(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Guide(t, h.m, `"po_required":true`)
	said := func() (f guideline.Stored) {
		t.Helper()
		p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		v, err := h.prebills.Get(h.specialist, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range v.Findings {
			if x.Rule == "INV-13" {
				f = x
			}
		}
		if _, err := h.prebills.Cancel(h.specialist, p.ID, v.Version); err != nil {
			t.Fatal(err)
		}
		return f
	}
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	svc, o := h.order(t, "4500-17", 77_700)
	if f := said(); !strings.Contains(f.Message, "4500-17") || strings.Contains(f.Message+f.Observed, "777") || f.AtRiskMinor == 122_000-77_700 {
		t.Errorf("shared: %+v", f)
	}
	if _, err := svc.Close(h.f.As(t, rbac.RoleFirmAdmin), o.ID, o.Version); err != nil {
		t.Fatal(err)
	}
	_, err := svc.Make(h.f.As(t, rbac.RoleFirmAdmin), purchase.New{Payor: h.m.Payor, Matter: h.m.ID, Number: "4500-18", Currency: "USD", From: testkit.Day("2026-01-01"), Allowance: purchase.Allowance{AmountMinor: 77_700}})
	if err != nil {
		t.Fatal(err)
	}
	if f := said(); !strings.Contains(f.Message, "777") {
		t.Errorf("its own: %+v", f)
	}
}

// TestOrdersAreNotOverdrawn: of eight invoices that are made at once, an order that covers three
// is on three.
func TestOrdersAreNotOverdrawn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	svc, o := h.order(t, "4500-17", 3*30_000+29_999)
	for i := range 8 {
		m := h.f.Matter(t, testkit.SameClientAs(h.m))
		h.f.Cost(t, m, fmt.Sprintf("2026-02-%02d", 2+i), "E115", 10_000, 3_000_000)
		h.approveOpen(t, m)
	}
	h.start(t)
	jobs, args := h.wanted(t)
	var all sync.WaitGroup
	for i := range jobs {
		all.Go(func() {
			if err := h.svc.IssueItem(working(jobs[i]), jobs[i], args[i]); err != nil {
				t.Errorf("issue: %v", err)
			}
		})
	}
	all.Wait()
	v, err := svc.Get(h.partner, o.ID)
	if err != nil || len(v.Draws) != 3 || v.LeftMinor() != 29_999 {
		t.Errorf("%d invoices on it, %d left: %v", len(v.Draws), v.LeftMinor(), err)
	}
}
