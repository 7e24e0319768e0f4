package dispute_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
)

// TestI03_AnyOrderOfDisputesCreditsAndPayments: whatever is done to an invoice in whatever order,
// it is done whole or refused in words, and every sum stays what its rows give.
func TestI03_AnyOrderOfDisputesCreditsAndPayments(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		currency money.Currency
		terms    string
	}{
		{"USD", ""},
		{"JPY", `"kind":"hourly","discount":{"rate":20000,"prompt_days":10}`},
		{"KWD", `"kind":"hourly","discount":{"rate":50000}`},
		{"USD", `"kind":"hourly","discount":{"rate":30000,"prompt_days":10}`},
	} {
		t.Run(fmt.Sprint(i, c.currency), func(t *testing.T) {
			t.Parallel()
			h := setupOf(t, c.currency, c.terms)
			x := anything{h, rand.New(rand.NewPCG(17, uint64(i)))}
			for n := range 90 {
				what, err := x.step(t)
				var f *fault.Error
				if err != nil && !errors.As(err, &f) {
					t.Fatalf("step %d, %s: %v", n, what, err)
				}
				if n%9 == 8 {
					h.sound(t)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// anything does one thing after another to an invoice.
type anything struct {
	h *house
	r *rand.Rand
}

// upTo is a number from 1 to n, now and then one that is too large.
func (x *anything) upTo(n int64) int64 { return 1 + x.r.Int64N(max(n, 1)+max(n, 1)/8) }

func (x *anything) lines(v invoice.View) (list []invoice.CreditLine) {
	for _, l := range v.Left {
		if x.r.IntN(2) == 0 {
			c := invoice.CreditLine{No: l.No}
			if x.r.IntN(2) == 0 {
				c.Minor = x.upTo(l.NetMinor)
			}
			list = append(list, c)
		}
	}
	return list
}

func (x *anything) step(t *testing.T) (what string, err error) {
	t.Helper()
	h := x.h
	v := h.invoice(t)
	if v.Status == invoice.StatusCredited {
		k := h.f.Timekeeper(t, fmt.Sprint("T", x.r.IntN(1_000_000)), "ASSOC", 6_100_000)
		if v.Currency != "USD" {
			h.f.Rate(t, k, 6_100_000, string(v.Currency), "2026-01-01")
		}
		for range 3 {
			h.f.Work(t, h.m, k, "2026-02-10", 10_000+x.r.Int64N(9999), 6_100_000, testkit.EntryCurrency(string(v.Currency)))
		}
		h.issue(t)
		return "issue", nil
	}
	list, err := h.svc.List(h.partner, dispute.Filter{Live: true}, page.Request{})
	if err != nil {
		return "list", err
	}
	switch k := x.r.IntN(8); {
	case k < 2:
		o := opening()
		if p := x.r.IntN(3); p == 0 {
			o.Lines = x.lines(v)
		} else if p == 1 {
			o.AmountMinor = x.upTo(v.UndisputedMinor() / 2)
		}
		_, err = h.svc.Open(h.specialist, h.inv, o)
		return "open", err
	case k == 2:
		n := invoice.NewCredit{Reason: "Courtesy as agreed.", Lines: x.lines(v)}
		if x.r.IntN(2) == 0 {
			n = invoice.NewCredit{Reason: n.Reason, AmountMinor: x.upTo((v.TotalMinor - v.CreditedMinor) / 4)}
		}
		_, err = h.invoices.Credit(h.partner, h.inv, n)
		return "credit", err
	case k < 5 && len(list.Items) > 0:
		return x.end(list.Items[x.r.IntN(len(list.Items))])
	case k < 7:
		return x.pay(v)
	default:
		return x.takeBack(v)
	}
}

func (x *anything) end(d dispute.Dispute) (what string, err error) {
	if x.r.IntN(4) == 0 {
		_, err = x.h.svc.Withdraw(x.h.specialist, d.ID, d.Version, "They saw it.")
		return "withdraw", err
	}
	r := dispute.Resolution{Words: "As agreed."}
	if d.Scope != dispute.Lines && x.r.IntN(3) > 0 {
		r.Reason, r.AmountMinor = "As agreed.", x.upTo(d.DisputedMinor)
	}
	if d.Scope == dispute.Lines && x.r.IntN(3) > 0 {
		full, err := x.h.svc.Get(x.h.partner, d.ID)
		if err != nil {
			return "look", err
		}
		r.Reason = "As agreed."
		for _, l := range full.Lines {
			r.Lines = append(r.Lines, invoice.CreditLine{No: l.No, Minor: x.upTo(l.NetMinor)})
		}
	}
	_, err = x.h.svc.Resolve(x.h.partner, d.ID, d.Version, r)
	return "resolve " + string(d.Scope), err
}

func (x *anything) pay(v invoice.View) (string, error) {
	minor := x.upTo(max(v.UndisputedMinor(), 8) / 2)
	on := invoice.Day("2026-03-01")
	if x.r.IntN(2) == 0 {
		on = today
	}
	p, err := x.h.cash.Post(x.h.specialist, receivable.NewPayment{Payor: v.Payor, Currency: v.Currency, AmountMinor: minor, Method: receivable.MethodWire, Reference: fmt.Sprint(x.r.Int64()), ReceivedOn: on})
	if err != nil {
		return "post", err
	}
	_, err = x.h.cash.Allocate(x.h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: v.ID, Minor: minor}})
	return "pay", err
}

func (x *anything) takeBack(v invoice.View) (string, error) {
	list, err := x.h.cash.OfInvoice(x.h.specialist, v.ID)
	if err != nil || len(list) == 0 {
		return "payments", err
	}
	a := list[x.r.IntN(len(list))]
	p, err := x.h.cash.Get(x.h.specialist, a.Payment)
	if err != nil {
		return "payment", err
	}
	if x.r.IntN(2) == 0 {
		_, err = x.h.cash.Reverse(x.h.specialist, p.ID, p.Version, "It bounced.")
		return "reverse", err
	}
	_, err = x.h.cash.TakeBack(x.h.specialist, p.ID, p.Version, a.ID)
	return "take back", err
}
