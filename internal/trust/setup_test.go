package trust_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

// house is a firm with a matter, a trust account and a clock of its own.
type house struct {
	d        *db.DB
	f        testkit.F
	m        testkit.M
	svc      *trust.Service
	payments *receivable.Service
	clock    *clock.Manual
	account  trust.Account

	specialist, partner, admin context.Context
}

func setup(t *testing.T, opts ...testkit.MatterOption) *house {
	t.Helper()
	h := &house{clock: clock.At(testkit.Now)}
	h.d = testkit.Open(t, "docketry_api", h.clock)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(h.d, policy)
	h.payments = receivable.New(h.d, guard)
	h.svc = trust.New(h.d, guard, h.payments)
	h.f = testkit.Firm(t, h.d)
	h.m = h.f.Matter(t, opts...)
	h.specialist, h.partner, h.admin = h.f.As(t, rbac.RoleSpecialist), h.f.As(t, rbac.RolePartner), h.f.As(t, rbac.RoleFirmAdmin)
	h.account = h.opened(t, "Client account")
	return h
}

func (h *house) opened(t testing.TB, name string) trust.Account {
	t.Helper()
	a, err := h.svc.Open(h.admin, trust.NewAccount{Name: name, Bank: "Mohawk Valley IOLTA", Currency: "USD"})
	if err != nil {
		t.Fatalf("open a trust account: %v", err)
	}
	return a
}

var slips atomic.Int64

// in is a deposit of today for the house's matter.
func (h *house) in(t testing.TB, minor int64) trust.EntryView {
	t.Helper()
	return h.inOn(t, h.m, minor, h.today())
}

func (h *house) inOn(t testing.TB, m testkit.M, minor int64, on invoice.Day) trust.EntryView {
	t.Helper()
	e, err := h.svc.Deposit(h.specialist, h.account.ID, trust.NewDeposit{Matter: m.ID, AmountMinor: minor, On: on, Party: "The client", Reference: fmt.Sprintf("slip %d", slips.Add(1))})
	if err != nil {
		t.Fatalf("deposit: %v", err)
	}
	return e
}

func (h *house) today() invoice.Day { return invoice.DayOf(h.clock.Now()) }

// asked is a request for a transfer that pays an invoice.
func (h *house) asked(t testing.TB, ledger ident.TrustLedger, inv testkit.I, minor int64) trust.Withdrawal {
	t.Helper()
	w, err := h.svc.Ask(h.specialist, ledger, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: minor})
	if err != nil {
		t.Fatalf("ask for a transfer: %v", err)
	}
	return w
}

// refunded is an approved refund.
func (h *house) refunded(t testing.TB, ledger ident.TrustLedger, minor int64) trust.Withdrawal {
	t.Helper()
	w, err := h.svc.Ask(h.specialist, ledger, trust.Asking{Kind: trust.Refund, AmountMinor: minor, Payee: "The client"})
	if err == nil {
		w, err = h.svc.Approve(h.partner, w.ID, w.Version)
	}
	if err != nil {
		t.Fatalf("refund: %v", err)
	}
	return w
}

func (h *house) ledger(t testing.TB, id ident.TrustLedger) trust.Ledger {
	t.Helper()
	l, _, err := h.svc.Ledger(h.partner, id)
	if err != nil {
		t.Fatalf("load ledger: %v", err)
	}
	return l
}

// sums wants every kept balance to be what its rows give (I10).
func (h *house) sums(t testing.TB) {
	t.Helper()
	for what, sql := range map[string]string{
		"entries": `SELECT count(*) FROM (SELECT entry_id FROM trust_posting WHERE firm_id = ? GROUP BY entry_id HAVING sum(amount_minor) <> 0 OR count(*) <> 2) x`,
		"ledgers": `SELECT count(*) FROM trust_ledger l WHERE l.firm_id = ? AND (l.balance_minor < 0 OR l.balance_minor <>
			(SELECT -coalesce(sum(p.amount_minor), 0) FROM trust_posting p WHERE p.firm_id = l.firm_id AND p.ledger_id = l.id))`,
		"accounts": `SELECT count(*) FROM trust_account a WHERE a.firm_id = ? AND (a.book_minor <> (SELECT coalesce(sum(balance_minor), 0) FROM trust_ledger l WHERE l.firm_id = a.firm_id AND l.account_id = a.id)
			OR a.book_minor <> (SELECT coalesce(sum(p.amount_minor), 0) FROM trust_posting p WHERE p.firm_id = a.firm_id AND p.account_id = a.id AND p.side = 'bank'))`,
	} {
		if n := h.f.Count(t, sql, h.f.ID); n != 0 {
			t.Errorf("%s: %d are off", what, n)
		}
	}
}

// wants checks that err is the fault.
func wants(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
