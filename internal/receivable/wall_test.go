package receivable_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// What a person is kept away from is in no figure of receivables, not even where it is
// of a payor that they know: every figure is the one of a firm in which the hidden
// matter, and whatever was paid into it, never was.
func TestT24_ReceivablesTellNothingOfHiddenMatters(t *testing.T) {
	t.Parallel()
	h := setup(t)
	hidden := h.f.Matter(t, testkit.SameClientAs(h.m))
	open, secret, shared := h.f.Invoice(t, h.m, testkit.Sent(), testkit.TotalMinor(30_000)), h.f.Invoice(t, hidden, testkit.Sent(), testkit.TotalMinor(70_000)),
		h.f.Invoice(t, h.m, testkit.Sent(), testkit.TotalMinor(4_000))
	walled, unwalled := h.f.As(t, rbac.RolePartner), h.f.As(t, rbac.RolePartner)
	h.f.Wall(t, testkit.Actor(walled), hidden.ID)

	h.pay(t, 31_000, receivable.Share{Invoice: open.ID, Minor: 20_000})
	want := h.figures(t, unwalled)
	want.open -= 70_000 // the hidden invoice, of which the firm alone knows
	want.billed -= 70_000
	want.invoices--
	if got := h.figures(t, walled); got != want {
		t.Fatalf("before anything is paid into the hidden matter a walled person is told %+v, want %+v", got, want)
	}

	whole := h.pay(t, 52_000, receivable.Share{Invoice: secret.ID, Minor: 50_000})
	split := h.pay(t, 9_000, receivable.Share{Invoice: secret.ID, Minor: 5_000}, receivable.Share{Invoice: shared.ID, Minor: 1_000})
	taken := h.pay(t, 800, receivable.Share{Invoice: secret.ID, Minor: 300})
	d, err := h.svc.Get(h.partner, taken.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.TakeBack(h.specialist, taken.ID, taken.Version, d.Allocations[0].ID); err != nil {
		t.Fatal(err)
	}
	want.open -= 1_000 // the invoice in sight tells that by itself
	got, all := h.figures(t, walled), h.figures(t, unwalled)
	if got != want {
		t.Errorf("a walled person is told %+v, want %+v", got, want)
	}
	if told := (figures{unapplied: 16_800, collected: 92_800, open: 104_000 - 20_000 - 56_000, billed: 104_000, invoices: 3, payments: 4}); all != told {
		t.Errorf("somebody without a wall is told %+v, want %+v", all, told)
	}
	for _, p := range []receivable.Payment{whole, split, taken} {
		if _, err := h.svc.Get(walled, p.ID); !errors.Is(err, receivable.ErrNotFound) {
			t.Errorf("the payment behind it: %v", err)
		}
	}
}

// pay posts a payment and allocates the shares of it.
func (h *house) pay(t *testing.T, minor int64, shares ...receivable.Share) receivable.Payment {
	t.Helper()
	p, err := h.svc.Allocate(h.specialist, h.paid(t, minor).ID, 1, shares)
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(time.Minute)
	return p
}

// figures are those of receivables over all payors, in USD.
type figures struct{ unapplied, collected, open, billed, invoices, payments int64 }

// figures reads every figure that who is told, and wants rows, totals and the lists
// behind them to agree.
func (h *house) figures(t *testing.T, who context.Context) (f figures) {
	t.Helper()
	r, err := h.svc.Aging(who, "", receivable.ByDueDate)
	if err != nil || len(r.Rows) != 1 || len(r.Totals) != 1 {
		t.Fatalf("aging %+v, %v", r, err)
	}
	row, total := r.Rows[0], r.Totals[0]
	if row.UnappliedMinor != total.UnappliedMinor || row.OpenMinor != total.OpenMinor || row.Buckets != total.Buckets || row.Invoices != total.Invoices {
		t.Errorf("the one row %+v is not the total %+v", row, total)
	}
	flow, err := h.svc.Flow(who, "")
	if err != nil || len(flow.Currencies) != 1 {
		t.Fatalf("flow %+v, %v", flow, err)
	}
	for _, m := range flow.Currencies[0].Months {
		f.billed, f.collected = f.billed+m.BilledMinor, f.collected+m.CollectedMinor
		var behind int64
		for _, s := range h.list(t, who, receivable.Filter{Currency: "USD", From: m.First, To: m.Last}) {
			behind += s.AmountMinor - s.ReversedMinor
		}
		if behind != m.CollectedMinor {
			t.Errorf("%s: collected %d, its list %d", m.First, m.CollectedMinor, behind)
		}
	}
	f.unapplied, f.open, f.invoices = total.UnappliedMinor, total.OpenMinor, int64(total.Invoices)
	var left int64
	spare := receivable.Filter{Payor: h.m.Payor, Currency: "USD", Unapplied: true, On: r.On}
	for _, p := range h.list(t, who, spare) {
		left += p.UnappliedMinor
	}
	if left != f.unapplied {
		t.Errorf("unapplied %d, its list %d", f.unapplied, left)
	}
	sums, err := h.svc.BehindSums(who, receivable.Cell{By: receivable.ByDueDate, Currency: "USD", To: receivable.BucketCount - 1})
	if want := []receivable.OpenSum{{Currency: "USD", Invoices: total.Invoices, Minor: f.open}}; err != nil || !slices.Equal(sums, want) {
		t.Errorf("open %+v, its list %+v, %v", want, sums, err)
	}
	f.payments = int64(len(h.list(t, who, receivable.Filter{})))
	return f
}

// list is the payments of a filter that who is shown; their total must be what Sums says.
func (h *house) list(t *testing.T, who context.Context, f receivable.Filter) []receivable.Payment {
	t.Helper()
	p, err := h.svc.List(who, f, page.Request{Size: 200})
	sums, err2 := h.svc.Sums(who, f)
	if err != nil || err2 != nil || len(sums) > 1 {
		t.Fatalf("payments %v, sums %+v %v", err, sums, err2)
	}
	var want receivable.PaymentSum
	for _, x := range p.Items {
		want.Currency, want.Payments, want.CollectedMinor = x.Currency, want.Payments+1, want.CollectedMinor+x.AmountMinor-x.ReversedMinor
		want.ReversedMinor, want.UnappliedMinor = want.ReversedMinor+x.ReversedMinor, want.UnappliedMinor+x.UnappliedMinor
	}
	if len(sums) == 1 && sums[0] != want || len(sums) == 0 && want.Payments > 0 {
		t.Errorf("the list of %+v comes to %+v, its total says %+v", f, want, sums)
	}
	return p.Items
}
