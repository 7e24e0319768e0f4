package trust_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
)

// TestI10_TwentyParallelWithdrawals approves twenty refunds at once, of which the ledger can
// give three: three are done, and it is never below zero.
func TestI10_TwentyParallelWithdrawals(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 100_000).Ledger
	var asked []trust.Withdrawal
	for range 20 {
		w, err := h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Refund, AmountMinor: 30_000, Payee: "The client"})
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, w)
	}
	outcomes := make([]error, len(asked))
	var all sync.WaitGroup
	for i, w := range asked {
		all.Go(func() { _, outcomes[i] = h.svc.Approve(h.partner, w.ID, w.Version) })
	}
	all.Wait()
	done := 0
	for _, err := range outcomes {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, trust.ErrTooMuch):
			t.Errorf("a refusal of another kind: %v", err)
		}
	}
	if got := h.ledger(t, l); done != 3 || got.BalanceMinor != 10_000 {
		t.Errorf("%d of 20 came through, %d is left; want 3 and 10000", done, got.BalanceMinor)
	}
	h.sums(t)
}

// TestI10_TheRowDecides goes around the service: twenty postings at once, without a look at
// the balance before. The check on the row lets one through.
func TestI10_TheRowDecides(t *testing.T) {
	t.Parallel()
	h := setup(t)
	e := h.in(t, 100_000)
	outcomes := make([]error, 20)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { outcomes[i] = h.rawReversal(t, e, 80_000+int64(i)) })
	}
	all.Wait()
	for i, err := range outcomes {
		if err == nil {
			t.Errorf("posting %d came through without an entry that says so", i)
		}
	}
	if got := h.ledger(t, e.Ledger); got.BalanceMinor != 100_000 {
		t.Errorf("balance %d", got.BalanceMinor)
	}
	// And below the service's own statements, in place: what a row-level check alone decides.
	var passed int
	for range 20 {
		err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
			return tx.Exec(`UPDATE trust_ledger SET balance_minor = balance_minor - 100001 WHERE firm_id = ? AND id = ?`, h.f.ID, e.Ledger).Error
		})
		if !db.Violates(err, "trust_ledger_frozen_within") && !db.Violates(err, "trust_ledger_balance_positive") {
			passed++
		}
	}
	if passed != 0 {
		t.Errorf("%d withdrawals below zero came through", passed)
	}
	h.sums(t)
}

// rawReversal posts both sides of a withdrawal that no entry holds.
func (h *house) rawReversal(t *testing.T, e trust.EntryView, minor int64) error {
	t.Helper()
	return h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		id := ident.New[ident.TrustEntry](tx.Now)
		err := tx.Exec(`INSERT INTO trust_entry (firm_id, id, account_id, ledger_id, currency, kind, amount_minor, dated_on, reason, reverses, made_by, made_at)
			VALUES (?, ?, ?, ?, 'USD', 'reversal', ?, ?, 'raw', ?, ?, ?)`, h.f.ID, id, e.Account, e.Ledger, minor, e.DatedOn, e.ID, testkit.Actor(h.partner), tx.Now).Error
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO trust_posting (firm_id, entry_id, side, account_id, ledger_id, currency, amount_minor, dated_on)
			VALUES (?, ?, 'client', ?, ?, 'USD', ?, ?), (?, ?, 'bank', ?, NULL, 'USD', ?, ?)`, h.f.ID, id, e.Account, e.Ledger, minor, e.DatedOn, h.f.ID, id, e.Account, -minor, e.DatedOn).Error
	})
}

func TestATransferPaysItsInvoiceAndBothAreUndoneTogether(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 150_000).Ledger
	inv := h.f.Invoice(t, h.m, testkit.Sent()) // 1000.00
	w := h.asked(t, l, inv, 60_000)
	if _, err := h.svc.Approve(h.specialist, w.ID, w.Version); err == nil {
		t.Fatal("the bureau approved for the firm")
	}
	w, err := h.svc.Approve(h.partner, w.ID, w.Version)
	if err != nil {
		t.Fatal(err)
	}
	if w.Status != trust.Done || w.Payment == "" || w.Entry == "" || w.OpenMinor != 40_000 || h.ledger(t, l).BalanceMinor != 90_000 {
		t.Errorf("after the transfer: %+v", w)
	}
	pay, err := h.payments.Get(h.specialist, w.Payment)
	if err != nil || pay.Method != receivable.MethodTrust || pay.AllocatedMinor != 60_000 || pay.UnappliedMinor != 0 || len(pay.Allocations) != 1 || pay.Allocations[0].Invoice != inv.ID {
		t.Errorf("the payment: %+v, %v", pay, err)
	}
	// It is undone on the trust ledger and nowhere else.
	_, err = h.payments.Reverse(h.specialist, pay.ID, pay.Version, "by hand")
	wants(t, "reverse the payment alone", err, receivable.ErrFromTrust)
	_, err = h.payments.TakeBack(h.specialist, pay.ID, pay.Version, pay.Allocations[0].ID)
	wants(t, "take the allocation back alone", err, receivable.ErrFromTrust)
	back, err := h.svc.Reverse(h.partner, w.Entry, h.today(), "paid twice")
	if err != nil {
		t.Fatal(err)
	}
	if pay, err = h.payments.Get(h.specialist, w.Payment); err != nil || !pay.Reversed() || pay.AllocatedMinor != 0 {
		t.Errorf("the payment stands: %+v, %v", pay, err)
	}
	if back.MovedMinor != 60_000 || back.Reverses != w.Entry || h.ledger(t, l).BalanceMinor != 150_000 {
		t.Errorf("the reversal: %+v", back)
	}
	_, err = h.svc.Reverse(h.partner, w.Entry, h.today(), "again")
	wants(t, "reverse it twice", err, trust.ErrReversed)
	_, err = h.svc.Reverse(h.admin, back.ID, h.today(), "and back")
	if err == nil {
		t.Error("a reversal was taken back")
	}
	// The invoice is open again in full and can be paid again.
	w = h.asked(t, l, inv, 100_000)
	if _, err = h.svc.Approve(h.partner, w.ID, w.Version); err != nil {
		t.Errorf("pay again: %v", err)
	}
	h.sums(t)
}

func TestATransferIsAtMostTheLowerOfOpenAndFree(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 150_000).Ledger
	inv := h.f.Invoice(t, h.m) // issued, 1000.00
	ask := func(minor int64, id ident.InvoiceID) error {
		_, err := h.svc.Ask(h.specialist, l, trust.Asking{Kind: trust.Transfer, Invoice: id, AmountMinor: minor})
		return err
	}
	wants(t, "more than is open", ask(100_001, inv.ID), trust.ErrTooMuch)
	if _, err := h.svc.Freeze(h.partner, trust.Freezing{Ledger: l, Minor: 90_000, Reason: "the client disputes March"}); err != nil {
		t.Fatal(err)
	}
	wants(t, "more than is free", ask(60_001, inv.ID), trust.ErrTooMuch)
	wants(t, "without an invoice", ask(1, ""), trust.ErrInput)
	other := h.f.Invoice(t, h.f.Matter(t))
	wants(t, "another matter's invoice", ask(1, other.ID), trust.ErrInvoice)
	wants(t, "no such invoice", ask(1, ident.New[ident.InvoiceID](h.clock.Now())), trust.ErrNotFound)
	// What was free when it was asked may not be when it is approved.
	w := h.asked(t, l, inv, 60_000)
	h.refunded(t, l, 1)
	_, err := h.svc.Approve(h.partner, w.ID, w.Version)
	wants(t, "less is free by now", err, trust.ErrTooMuch)
	_, err = h.svc.Release(h.specialist, trust.Freezing{Ledger: l, Minor: 1, Reason: "settled"})
	if err == nil {
		t.Error("the bureau released what is disputed")
	}
	_, err = h.svc.Release(h.partner, trust.Freezing{Ledger: l, Minor: 90_001, Reason: "settled"})
	wants(t, "release more than is frozen", err, trust.ErrTooMuch)
	if _, err = h.svc.Release(h.partner, trust.Freezing{Ledger: l, Minor: 90_000, Reason: "settled"}); err != nil {
		t.Fatal(err)
	}
	if w, err = h.svc.Approve(h.partner, w.ID, w.Version); err != nil || w.Status != trust.Done {
		t.Errorf("approve: %+v, %v", w, err)
	}
	_, err = h.svc.Approve(h.partner, w.ID, w.Version)
	wants(t, "approve twice", err, trust.ErrDecided)
	h.sums(t)
}

// Who asks does not approve, and who posts does not take back: on the person, whatever roles
// they hold.
func TestI13_TrustHasFourEyes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 50_000).Ledger
	both := testkit.Actor(h.partner)
	h.f.Grant(t, both, "specialist")
	w, err := h.svc.Ask(h.partner, l, trust.Asking{Kind: trust.Refund, AmountMinor: 10_000, Payee: "The client"})
	if err != nil {
		t.Fatal(err)
	}
	for what, act := range map[string]func() error{
		"approve": func() error { _, err := h.svc.Approve(h.partner, w.ID, w.Version); return err },
		"decline": func() error { _, err := h.svc.Decline(h.partner, w.ID, w.Version, "no need"); return err },
	} {
		wants(t, what, act(), trust.ErrFourEyes)
	}
	e, err := h.svc.Deposit(h.partner, h.account.ID, trust.NewDeposit{Matter: h.m.ID, AmountMinor: 5, On: h.today(), Party: "The client"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.svc.Reverse(h.partner, e.ID, h.today(), "a slip")
	wants(t, "take back what one posted", err, trust.ErrFourEyes)
	// The database holds it too.
	err = h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE trust_withdrawal SET status = 'done', decided_by = asked_by, decided_at = ?, version = version + 1 WHERE firm_id = ? AND id = ?`, tx.Now, h.f.ID, w.ID).Error
	})
	if !db.Violates(err, "trust_withdrawal_four_eyes") {
		t.Errorf("the database let the asker approve: %v", err)
	}
	second := h.f.As(t, "partner")
	if w, err = h.svc.Decline(second, w.ID, w.Version, "the client wants it kept"); err != nil || w.Status != trust.Declined {
		t.Errorf("decline: %+v, %v", w, err)
	}
	if v, err := h.svc.Reverse(second, e.ID, h.today(), "the check bounced"); err != nil || v.MovedMinor != -5 {
		t.Errorf("reverse: %+v, %v", v, err)
	}
	h.sums(t)
}

func TestADepositIsCheckedAndStandsOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	good := trust.NewDeposit{Matter: h.m.ID, AmountMinor: 100, On: h.today(), Party: "The client", Reference: "check 12"}
	deposit := func(change func(*trust.NewDeposit)) error {
		n := good
		change(&n)
		_, err := h.svc.Deposit(h.specialist, h.account.ID, n)
		return err
	}
	for what, change := range map[string]func(*trust.NewDeposit){
		"no amount": func(n *trust.NewDeposit) { n.AmountMinor = 0 }, "too much": func(n *trust.NewDeposit) { n.AmountMinor = trust.MaxMinor + 1 },
		"tomorrow": func(n *trust.NewDeposit) { n.On = h.today().Add(1) }, "no day": func(n *trust.NewDeposit) { n.On = "soon" }, "long ago": func(n *trust.NewDeposit) { n.On = "1999-01-01" },
		"from nobody": func(n *trust.NewDeposit) { n.Party = " " }, "for nothing": func(n *trust.NewDeposit) { n.Matter = "" },
	} {
		wants(t, what, deposit(change), trust.ErrInput)
	}
	euros := h.f.Matter(t, testkit.Currency("EUR"))
	wants(t, "a matter in euros", deposit(func(n *trust.NewDeposit) { n.Matter = euros.ID }), trust.ErrInput)
	if err := deposit(func(*trust.NewDeposit) {}); err != nil {
		t.Fatal(err)
	}
	wants(t, "the same again", deposit(func(*trust.NewDeposit) {}), trust.ErrTwice)
	if err := deposit(func(n *trust.NewDeposit) { n.Reference = "check 13" }); err != nil {
		t.Error(err)
	}
	h.sums(t)
}

// Money that came later did not pay what left earlier: no day's end is below zero, by the
// dates of the entries, although the balance of now would cover it.
func TestI10_NoDayIsBelowZero(t *testing.T) {
	t.Parallel()
	h := setup(t)
	first := h.in(t, 1_000)
	h.refunded(t, first.Ledger, 1_000)
	h.clock.Advance(5 * 24 * time.Hour)
	h.in(t, 1_000)
	_, err := h.svc.Reverse(h.partner, first.ID, first.DatedOn.Add(2), "it bounced")
	wants(t, "take back what has left since", err, trust.ErrOnDay)
	_, err = h.svc.Reverse(h.partner, first.ID, first.DatedOn.Add(-1), "it bounced")
	wants(t, "take back before it came", err, trust.ErrInput)
	if _, err := h.svc.Reverse(h.partner, first.ID, h.today(), "it bounced"); err != nil {
		t.Error(err)
	}
	h.sums(t)
}

func TestAnAccountClosesWhenItIsEmpty(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.in(t, 1_000).Ledger
	_, err := h.svc.Close(h.admin, h.account.ID, h.account.Version)
	wants(t, "close with money in it", err, trust.ErrNotEmpty)
	h.refunded(t, l, 1_000)
	_, err = h.svc.Close(h.admin, h.account.ID, h.account.Version+1)
	wants(t, "close another version", err, trust.ErrStale)
	a, err := h.svc.Close(h.admin, h.account.ID, h.account.Version)
	if err != nil || a.Open() {
		t.Fatalf("close: %+v, %v", a, err)
	}
	_, err = h.svc.Deposit(h.specialist, h.account.ID, trust.NewDeposit{Matter: h.m.ID, AmountMinor: 1, On: h.today(), Party: "The client"})
	wants(t, "a deposit to a closed account", err, trust.ErrClosed)
	_, err = h.svc.Open(h.admin, trust.NewAccount{Name: "Client account", Bank: "Another", Currency: "USD"})
	wants(t, "a name twice", err, trust.ErrName)
}

func TestT01_AnotherFirmsTrustDoesNotExist(t *testing.T) {
	t.Parallel()
	mine, theirs := setup(t), setup(t)
	e := theirs.in(t, 10_000)
	inv := theirs.f.Invoice(t, theirs.m)
	w := theirs.asked(t, e.Ledger, inv, 1_000)
	for what, act := range map[string]func() error{
		"account": func() error { _, err := mine.svc.Account(mine.admin, theirs.account.ID); return err },
		"ledgers": func() error {
			_, err := mine.svc.Ledgers(mine.admin, theirs.account.ID, "", page.Request{})
			return err
		},
		"ledger":  func() error { _, _, err := mine.svc.Ledger(mine.partner, e.Ledger); return err },
		"entry":   func() error { _, err := mine.svc.Entry(mine.partner, e.ID); return err },
		"request": func() error { _, err := mine.svc.Request(mine.partner, w.ID); return err },
		"approve": func() error { _, err := mine.svc.Approve(mine.partner, w.ID, w.Version); return err },
		"reverse": func() error { _, err := mine.svc.Reverse(mine.partner, e.ID, mine.today(), "reason"); return err },
		"freeze": func() error {
			_, err := mine.svc.Freeze(mine.partner, trust.Freezing{Ledger: e.Ledger, Minor: 1, Reason: "reason"})
			return err
		},
		"deposit into their account": func() error {
			_, err := mine.svc.Deposit(mine.specialist, theirs.account.ID, trust.NewDeposit{Matter: mine.m.ID, AmountMinor: 1, On: mine.today(), Party: "x"})
			return err
		},
		"ask": func() error {
			_, err := mine.svc.Ask(mine.specialist, e.Ledger, trust.Asking{Kind: trust.Refund, AmountMinor: 1, Payee: "x"})
			return err
		},
		"reconcile": func() error {
			_, err := mine.svc.Prepare(mine.specialist, theirs.account.ID, trust.Statement{AsOf: mine.today().Add(-1)})
			return err
		},
	} {
		wants(t, what, act(), trust.ErrNotFound)
	}
	// Their matter, and an invoice of theirs, in one of mine.
	_, err := mine.svc.Deposit(mine.specialist, mine.account.ID, trust.NewDeposit{Matter: theirs.m.ID, AmountMinor: 1, On: mine.today(), Party: "x"})
	if err == nil {
		t.Error("a deposit for another firm's matter")
	}
	own := mine.in(t, 100)
	_, err = mine.svc.Ask(mine.specialist, own.Ledger, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: 1})
	wants(t, "another firm's invoice", err, trust.ErrNotFound)
	if list, err := mine.svc.Entries(mine.partner, trust.EntryFilter{Ledger: e.Ledger}, page.Request{}); err != nil || len(list.Items) != 0 {
		t.Errorf("entries of another firm: %+v, %v", list, err)
	}
}

// A wall hides the ledger, its entries and requests, and all figures that would tell of it.
func TestT03_AWallHidesAMattersTrust(t *testing.T) {
	t.Parallel()
	h := setup(t)
	open, behind := h.in(t, 10_000), h.inOn(t, h.f.Matter(t), 5_000, h.today())
	walled := h.f.As(t, "partner")
	h.f.Wall(t, testkit.Actor(walled), behind.Matter)
	a, err := h.svc.Account(walled, h.account.ID)
	if err != nil || a.Whole || a.BookMinor != 0 || a.Ledgers != 1 || a.ShownMinor != 10_000 {
		t.Errorf("the account through a wall: %+v, %v", a, err)
	}
	_, _, err = h.svc.Ledger(walled, behind.Ledger)
	wants(t, "the ledger", err, trust.ErrNotFound)
	_, err = h.svc.Entry(walled, behind.ID)
	wants(t, "the entry", err, trust.ErrNotFound)
	_, err = h.svc.Held(walled, behind.Matter)
	if err == nil {
		t.Error("what the matter holds is told")
	}
	_, err = h.svc.Reconciliations(walled, h.account.ID, page.Request{})
	wants(t, "reconciliations", err, trust.ErrPartial)
	list, err := h.svc.Entries(walled, trust.EntryFilter{Account: h.account.ID}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != open.ID {
		t.Errorf("entries through a wall: %+v, %v", list, err)
	}
	if whole, err := h.svc.Account(h.partner, h.account.ID); err != nil || !whole.Whole || whole.BookMinor != 15_000 {
		t.Errorf("the account without: %+v, %v", whole, err)
	}
	// Who sees no amounts sees no trust at all.
	_, err = h.svc.Accounts(h.f.As(t, "partner", testkit.UpToClass(1)))
	if err == nil {
		t.Error("amounts are shown to class C1")
	}
}

func TestALedgersLinesAddUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	l := h.inOn(t, h.m, 300, h.today().Add(-3)).Ledger
	h.inOn(t, h.m, 200, h.today().Add(-5))
	h.refunded(t, l, 100)
	list, err := h.svc.Entries(h.partner, trust.EntryFilter{Ledger: l}, page.Request{})
	if err != nil || len(list.Items) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range []struct{ moved, after int64 }{{-100, 400}, {300, 500}, {200, 200}} {
		if got := list.Items[i]; got.MovedMinor != want.moved || got.AfterMinor != want.after {
			t.Errorf("line %d: %+v, want %+v", i, got, want)
		}
	}
	on := h.today().Add(-4)
	then, err := h.svc.Ledgers(h.partner, h.account.ID, on, page.Request{})
	if err != nil || len(then.Items) != 1 || then.Items[0].BalanceMinor != 200 {
		t.Errorf("as of %s: %+v, %v", on, then, err)
	}
	if list, err = h.svc.Entries(h.partner, trust.EntryFilter{Account: h.account.ID, Until: on}, page.Request{}); err != nil || len(list.Items) != 1 {
		t.Errorf("entries through %s: %+v, %v", on, list, err)
	}
	v, err := h.svc.Entry(h.partner, list.Items[0].ID)
	if err != nil || len(v.Postings) != 2 || v.Postings[0].Minor+v.Postings[1].Minor != 0 {
		t.Errorf("an entry's sides: %+v, %v", v, err)
	}
}

// What was issued in trust stays: nothing is changed, deleted or posted without its entry.
func TestI11_TrustIsAppendOnlyAndBalanced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	e := h.in(t, 1_000)
	for name, sql := range map[string]string{
		"change an entry":      `UPDATE trust_entry SET amount_minor = 1 WHERE firm_id = ? AND id = ?`,
		"delete an entry":      `DELETE FROM trust_entry WHERE firm_id = ? AND id = ?`,
		"change a posting":     `UPDATE trust_posting SET amount_minor = 1 WHERE firm_id = ? AND entry_id = ?`,
		"delete a posting":     `DELETE FROM trust_posting WHERE firm_id = ? AND entry_id = ?`,
		"move a balance alone": `UPDATE trust_ledger SET balance_minor = balance_minor + 1 WHERE firm_id = ? AND id = (SELECT ledger_id FROM trust_entry WHERE id = ?)`,
		"move a book alone":    `UPDATE trust_account SET book_minor = book_minor + 1 WHERE firm_id = ? AND id = (SELECT account_id FROM trust_entry WHERE id = ?)`,
		"one side alone":       `INSERT INTO trust_posting (firm_id, entry_id, side, account_id, currency, amount_minor, dated_on) SELECT firm_id, id, 'bank', account_id, currency, 1, dated_on FROM trust_entry WHERE firm_id = ? AND id = ?`,
	} {
		err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, h.f.ID, e.ID).Error })
		if err == nil {
			t.Errorf("%s: it went through", name)
		}
	}
	// A payment by hand is never called one from trust.
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, unapplied_minor, method, received_on, posted_at)
			VALUES (?, gen_random_uuid(), ?, ?, 'USD', 1, 1, 'trust', ?, ?)`, h.f.ID, h.m.Payor, h.m.Client, string(h.today()), tx.Now).Error
	})
	if !db.Violates(err, "payment_from_trust") {
		t.Errorf("a payment without its transfer: %v", err)
	}
	_, err = h.payments.Post(h.specialist, receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: 1, Method: receivable.MethodTrust, ReceivedOn: invoice.DayOf(h.clock.Now())})
	if err == nil {
		t.Error("a payment from trust was posted by hand")
	}
	h.sums(t)
}
