package receivable_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Each figure of the report is the sum of the invoices that its list shows.
func TestEveryAgedFigureIsItsList(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, minor := range []int64{100_000, 50_000, 7_500} {
		h.f.Invoice(t, h.m, testkit.Sent(), testkit.TotalMinor(minor))
		h.clock.Advance(35 * 24 * time.Hour)
	}
	for _, by := range []receivable.Basis{receivable.ByDueDate, receivable.ByInvoiceDate} {
		r, err := h.svc.Aging(h.partner, "", by)
		if err != nil || len(r.Rows) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		for b, want := range r.Rows[0].Buckets {
			c := receivable.Cell{On: r.On, By: by, Currency: "USD", Payor: h.m.Payor, From: b, To: b}
			var sum int64
			count := 0
			for after := ""; ; {
				p, on, err := h.svc.Behind(h.partner, c, page.Request{Size: 1, After: after})
				if err != nil || on != r.On {
					t.Fatalf("bucket %d: %s, %v", b, on, err)
				}
				for _, o := range p.Items {
					sum += o.Minor
					count++
				}
				if after = p.Next; after == "" {
					break
				}
			}
			if sum != want {
				t.Errorf("%s, bucket %d: the list sums to %d, the figure is %d", by, b, sum, want)
			}
			total := []receivable.OpenSum(nil)
			if want != 0 {
				total = []receivable.OpenSum{{Currency: "USD", Invoices: count, Minor: want}}
			}
			if sums, err := h.svc.BehindSums(h.partner, c); err != nil || !slices.Equal(sums, total) {
				t.Errorf("%s, bucket %d: the total below the list says %+v, %v; want %+v", by, b, sums, err, total)
			}
		}
	}
	all := receivable.Cell{By: receivable.ByDueDate, To: receivable.BucketCount - 1}
	other := testkit.Firm(t, h.d)
	if p, _, err := h.svc.Behind(other.As(t, rbac.RolePartner), all, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another firm: %+v, %v", p.Items, err)
	}
	if _, _, err := h.svc.Behind(h.f.As(t, rbac.RoleTimekeeper), all, page.Request{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
	if _, _, err := h.svc.Behind(h.partner, receivable.Cell{By: "guess"}, page.Request{}); !errors.Is(err, receivable.ErrInput) {
		t.Errorf("unknown basis: %v", err)
	}
}

func TestFlowTellsBillingCashAndDays(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.f.Invoice(t, h.m, testkit.Sent(), testkit.TotalMinor(30_000))
	h.clock.Advance(10 * 24 * time.Hour)
	p := h.paid(t, 30_000)
	if _, err := h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: a.ID, Minor: 30_000}}); err != nil {
		t.Fatal(err)
	}
	bounced := h.paid(t, 9_900)
	if _, err := h.svc.Reverse(h.specialist, bounced.ID, bounced.Version, "the check bounced"); err != nil {
		t.Fatal(err)
	}
	f, err := h.svc.Flow(h.partner, "")
	if err != nil || len(f.Currencies) != 1 || len(f.Currencies[0].Months) != 12 {
		t.Fatalf("%+v, %v", f, err)
	}
	var billed, cash int64
	for _, m := range f.Currencies[0].Months {
		billed, cash = billed+m.BilledMinor, cash+m.CollectedMinor
	}
	last := f.Currencies[0].Months[11]
	if billed != 30_000 || cash != 30_000 {
		t.Errorf("billed %d, collected %d", billed, cash)
	}
	if inv := h.invoiceNow(t, a.ID); last.Pace.Paid != 30_000 || last.Pace.DaysE1 != int64(10*inv.IssuedOn.Until(p.ReceivedOn)) || last.Pace.TermsE1 != int64(10*inv.IssuedOn.Until(inv.DueOn)) {
		t.Errorf("pace %+v", last.Pace)
	}
	if f.Payors[h.m.Payor] != last.Pace {
		t.Errorf("the payor's pace %+v", f.Payors[h.m.Payor])
	}
	if list, err := h.svc.List(h.partner, receivable.Filter{From: p.ReceivedOn.Add(1)}, page.Request{}); err != nil || len(list.Items) != 0 {
		t.Errorf("payments of later days: %+v, %v", list.Items, err)
	}
	for name, c := range map[string]struct {
		f    receivable.Filter
		want []receivable.PaymentSum
	}{
		"all":        {receivable.Filter{}, []receivable.PaymentSum{{Currency: "USD", Payments: 2, CollectedMinor: 30_000, ReversedMinor: 9_900}}},
		"later days": {receivable.Filter{From: p.ReceivedOn.Add(1)}, nil}, "another currency": {receivable.Filter{Currency: "EUR"}, nil}, "what is left": {receivable.Filter{Unapplied: true}, nil},
	} {
		if sums, err := h.svc.Sums(h.partner, c.f); err != nil || !slices.Equal(sums, c.want) {
			t.Errorf("total of %s: %+v, %v; want %+v", name, sums, err, c.want)
		}
	}
	if f, err := h.svc.Flow(testkit.Firm(t, h.d).As(t, rbac.RolePartner), ""); err != nil || len(f.Currencies) != 0 {
		t.Errorf("another firm: %+v, %v", f, err)
	}
	if _, err := h.svc.Flow(h.f.As(t, rbac.RoleTimekeeper), ""); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
}

// What was left to allocate at the end of an earlier day is told as it was then.
func TestListTellsWhatWasLeftOnADay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.f.Invoice(t, h.m, testkit.Sent(), testkit.TotalMinor(30_000))
	p := h.paid(t, 40_000)
	h.clock.Advance(3 * 24 * time.Hour)
	if _, err := h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: a.ID, Minor: 30_000}}); err != nil {
		t.Fatal(err)
	}
	for on, left := range map[invoice.Day]int64{p.ReceivedOn.Add(-1): 0, p.ReceivedOn: 40_000, p.ReceivedOn.Add(2): 40_000, p.ReceivedOn.Add(3): 10_000, "": 10_000} {
		f := receivable.Filter{On: on, Unapplied: true}
		list, err := h.svc.List(h.partner, f, page.Request{})
		sums, err2 := h.svc.Sums(h.partner, f)
		var total int64
		for _, x := range list.Items {
			total += x.UnappliedMinor
		}
		if err != nil || err2 != nil || total != left || (left > 0 && (len(sums) != 1 || sums[0].UnappliedMinor != left)) {
			t.Errorf("on %q: %+v, total %+v, %v, %v; want %d left", on, list.Items, sums, err, err2, left)
		}
	}
}
