package trust_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/trust"
)

func minor(n int64) *int64 { return &n }

// prepared is a reconciliation as of days ago whose bank has that much and nothing outstanding.
func (h *house) prepared(t testing.TB, back int, bank int64) trust.Reconciliation {
	t.Helper()
	r, err := h.svc.Prepare(h.specialist, h.account.ID, trust.Statement{AsOf: h.today().Add(-back), BalanceMinor: minor(bank), NoneOpen: true})
	if err != nil {
		t.Fatalf("reconcile: %v", err)
	}
	return r
}

func TestAReconciliationAgreesDisagreesOrCannotBeMade(t *testing.T) {
	t.Parallel()
	h := setup(t)
	on := h.today().Add(-1)
	l := h.inOn(t, h.m, 10_000, on).Ledger
	h.in(t, 7) // of today: not in it
	transit := trust.Outstanding{Kind: trust.InTransit, Minor: 3_000, On: on, Text: "slip of the evening"}
	unpaid := trust.Outstanding{Kind: trust.Unpaid, Minor: 500, On: on}
	for name, c := range map[string]struct {
		st      trust.Statement
		want    trust.Result
		bank    int64 // difference
		missing int
	}{
		"all three agree":         {trust.Statement{BalanceMinor: minor(10_000), NoneOpen: true}, trust.Agree, 0, 0},
		"with what is on its way": {trust.Statement{BalanceMinor: minor(7_500), Items: []trust.Outstanding{transit, unpaid}}, trust.Disagree, 0, 0},
		"the bank has less":       {trust.Statement{BalanceMinor: minor(9_999), NoneOpen: true}, trust.Disagree, -1, 0},
		"no statement":            {trust.Statement{NoneOpen: true}, trust.Missing, 0, 1},
		"nobody looked":           {trust.Statement{BalanceMinor: minor(10_000)}, trust.Missing, 0, 1},
		"neither":                 {trust.Statement{}, trust.Missing, 0, 2},
	} {
		c.st.AsOf = on
		if name == "with what is on its way" { // 7500 + 3000 - 500 = 10000
			c.want = trust.Agree
		}
		r, err := h.svc.Prepare(h.specialist, h.account.ID, c.st)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		bank, ledgers := r.Differences()
		if r.Result != c.want || bank != c.bank || ledgers != 0 || len(r.MissingInputs()) != c.missing || r.BookMinor != 10_000 || r.LedgersMinor != 10_000 || len(r.Items) != len(c.st.Items) {
			t.Errorf("%s: %+v", name, r)
		}
		if r.Result != trust.Agree {
			_, err = h.svc.Sign(h.admin, r.ID, r.Version)
			wants(t, name+": sign", err, trust.ErrNotAgreed)
		}
	}
	for name, st := range map[string]trust.Statement{
		"today":             {AsOf: h.today()},
		"no day":            {},
		"both":              {AsOf: on, NoneOpen: true, Items: []trust.Outstanding{transit}},
		"an item of later":  {AsOf: on, Items: []trust.Outstanding{{Kind: trust.InTransit, Minor: 1, On: on.Add(1)}}},
		"an item of zero":   {AsOf: on, Items: []trust.Outstanding{{Kind: trust.InTransit, On: on}}},
		"an item of a kind": {AsOf: on, Items: []trust.Outstanding{{Kind: "fee", Minor: 1, On: on}}},
	} {
		_, err := h.svc.Prepare(h.specialist, h.account.ID, st)
		wants(t, name, err, trust.ErrInput)
	}
	if got := h.ledger(t, l); got.BalanceMinor != 10_007 {
		t.Errorf("reconciling moved money: %+v", got)
	}
}

func TestWhoPostedDoesNotSign(t *testing.T) {
	t.Parallel()
	h := setup(t)
	yesterday := h.today().Add(-1)
	e := h.inOn(t, h.m, 10_000, yesterday)
	if _, err := h.svc.Reverse(h.partner, e.ID, yesterday, "it bounced"); err != nil {
		t.Fatal(err)
	}
	r := h.prepared(t, 1, 0)
	_, err := h.svc.Sign(h.partner, r.ID, r.Version)
	wants(t, "who posted signs", err, trust.ErrSigner)
	_, err = h.svc.Sign(h.admin, r.ID, r.Version+1)
	wants(t, "another version", err, trust.ErrStale)
	if _, err = h.svc.Sign(h.specialist, r.ID, r.Version); err == nil {
		t.Error("the bureau signed for the firm")
	}
	stale := r
	h.inOn(t, h.m, 5, yesterday)
	_, err = h.svc.Sign(h.admin, stale.ID, stale.Version)
	wants(t, "the books moved on", err, trust.ErrBook)
	r = h.prepared(t, 1, 5)
	if r, err = h.svc.Sign(h.admin, r.ID, r.Version); err != nil || r.SignedAt == nil || r.SignedBy == "" {
		t.Fatalf("sign: %+v, %v", r, err)
	}
	_, err = h.svc.Sign(h.admin, r.ID, r.Version)
	wants(t, "sign twice", err, trust.ErrSigned)
	// The database holds all of it.
	for what, sql := range map[string]string{
		"another signature":  `UPDATE trust_reconciliation SET signed_by = NULL, signed_at = NULL WHERE firm_id = ? AND id = ?`,
		"open the period":    `UPDATE trust_period SET closed_through = NULL WHERE firm_id = ? AND account_id = (SELECT account_id FROM trust_reconciliation WHERE id = ?)`,
		"an unsigned period": `UPDATE trust_period SET closed_through = closed_through + 1 WHERE firm_id = ? AND account_id = (SELECT account_id FROM trust_reconciliation WHERE id = ?)`,
	} {
		if err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, h.f.ID, r.ID).Error }); err == nil {
			t.Errorf("%s: it went through", what)
		}
	}
}

// TestI22_AClosedPeriodTakesNoPosting: nothing is dated in a reconciled period, by the
// service or beside it.
func TestI22_AClosedPeriodTakesNoPosting(t *testing.T) {
	t.Parallel()
	h := setup(t)
	e := h.inOn(t, h.m, 10_000, h.today().Add(-2))
	r := h.prepared(t, 1, 10_000)
	if _, err := h.svc.Sign(h.admin, r.ID, r.Version); err != nil {
		t.Fatal(err)
	}
	_, err := h.svc.Deposit(h.specialist, h.account.ID, trust.NewDeposit{Matter: h.m.ID, AmountMinor: 1, On: r.AsOf, Party: "late"})
	wants(t, "a deposit in it", err, trust.ErrInput)
	_, err = h.svc.Reverse(h.partner, e.ID, r.AsOf, "it bounced")
	wants(t, "a reversal in it", err, trust.ErrInput)
	_, err = h.svc.Prepare(h.specialist, h.account.ID, trust.Statement{AsOf: r.AsOf})
	wants(t, "reconcile it again", err, trust.ErrInput)
	if err := h.rawDeposit(e, r.AsOf.Add(-30).Time()); !db.Violates(err, "trust_period_closed") {
		t.Errorf("a posting beside the service: %v", err)
	}
	// A correction of it is dated after it, and both stay.
	if v, err := h.svc.Reverse(h.partner, e.ID, h.today(), "it bounced"); err != nil || v.DatedOn != h.today() {
		t.Errorf("a correction after it: %+v, %v", v, err)
	}
	h.sums(t)
}

// rawDeposit posts a deposit beside the service, on any day.
func (h *house) rawDeposit(e trust.EntryView, on time.Time) error {
	return h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		id, day := ident.New[ident.TrustEntry](tx.Now), on.Format(time.DateOnly)
		err := tx.Exec(`INSERT INTO trust_entry (firm_id, id, account_id, ledger_id, currency, kind, amount_minor, dated_on, party, reference, made_by, made_at)
			VALUES (?, ?, ?, ?, 'USD', 'deposit', 1, ?, 'raw', ?, ?, ?)`, h.f.ID, id, e.Account, e.Ledger, day, string(id), e.MadeByID, tx.Now).Error
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO trust_posting (firm_id, entry_id, side, account_id, ledger_id, currency, amount_minor, dated_on)
			VALUES (?, ?, 'client', ?, ?, 'USD', -1, ?), (?, ?, 'bank', ?, NULL, 'USD', 1, ?)`, h.f.ID, id, e.Account, e.Ledger, day, h.f.ID, id, e.Account, day).Error
	})
}

// TestI22_CloseRacesWithFiftyPostings signs a reconciliation while fifty deposits are posted
// into its period. Whatever wins, the signed figures are the books' of that day: either the
// signature found them moved on, or every posting after it was refused.
func TestI22_CloseRacesWithFiftyPostings(t *testing.T) {
	t.Parallel()
	for round := range 4 {
		h := setup(t)
		on := h.today().Add(-1)
		e := h.inOn(t, h.m, 1_000, on)
		r := h.prepared(t, 1, 1_000)
		var all sync.WaitGroup
		outcomes := make([]error, 50)
		start := make(chan struct{})
		var signed error
		sign := func() {
			<-start
			_, signed = h.svc.Sign(h.admin, r.ID, r.Version)
		}
		if round%2 == 0 {
			all.Go(sign)
		}
		for i := range outcomes {
			all.Go(func() {
				<-start
				_, outcomes[i] = h.svc.Deposit(h.specialist, h.account.ID, trust.NewDeposit{Matter: h.m.ID, AmountMinor: 1, On: on, Party: "late", Reference: fmt.Sprint(i)})
			})
		}
		if round%2 == 1 {
			all.Go(sign)
		}
		close(start)
		all.Wait()
		came := 0
		for _, err := range outcomes {
			switch {
			case err == nil:
				came++
			case !errors.Is(err, trust.ErrPeriod) && !errors.Is(err, trust.ErrInput):
				t.Errorf("round %d: a refusal of another kind: %v", round, err)
			}
		}
		book := h.f.Count(t, `SELECT sum(amount_minor)::bigint FROM trust_posting WHERE firm_id = ? AND side = 'bank' AND dated_on <= ?`, h.f.ID, string(on))
		switch {
		case signed == nil && (came != 0 || book != r.BookMinor):
			t.Errorf("round %d: signed on %d, the books have %d, %d came through", round, r.BookMinor, book, came)
		case signed != nil && !errors.Is(signed, trust.ErrBook):
			t.Errorf("round %d: the signature: %v", round, signed)
		case signed != nil && came != 50:
			t.Errorf("round %d: nothing is closed and %d of 50 came through", round, came)
		}
		t.Logf("round %d: %d of 50 came, the signature: %v", round, came, signed)
		// Signed on what the books have now, nothing more comes in.
		if signed != nil {
			r = h.prepared(t, 1, book)
			if _, err := h.svc.Sign(h.admin, r.ID, r.Version); err != nil {
				t.Errorf("round %d: sign at last: %v", round, err)
			}
		}
		if err := h.rawDeposit(e, on.Time()); !db.Violates(err, "trust_period_closed") {
			t.Errorf("round %d: a posting after it: %v", round, err)
		}
		h.sums(t)
	}
}

// A posting that began before the signature and ends after it is waited for.
func TestI22_ASignatureWaitsForWhatPosts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	on := h.today().Add(-1)
	e := h.inOn(t, h.m, 1_000, on)
	r := h.prepared(t, 1, 1_000)
	signed := make(chan error, 1)
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		id := ident.New[ident.TrustEntry](tx.Now)
		err := tx.Exec(`INSERT INTO trust_entry (firm_id, id, account_id, ledger_id, currency, kind, amount_minor, dated_on, party, made_by, made_at) VALUES (?, ?, ?, ?, 'USD', 'deposit', 1, ?, 'slow', ?, ?)`,
			h.f.ID, id, e.Account, e.Ledger, string(on), e.MadeByID, tx.Now).Error
		if err != nil {
			return err
		}
		go func() { _, err := h.svc.Sign(h.admin, r.ID, r.Version); signed <- err }()
		// The signature is at the period's row when it waits for somebody.
		for waits := false; !waits; {
			if err := tx.Raw(`SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid() AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Row().Scan(&waits); err != nil {
				return err
			}
		}
		return tx.Exec(`INSERT INTO trust_posting (firm_id, entry_id, side, account_id, ledger_id, currency, amount_minor, dated_on)
			VALUES (?, ?, 'client', ?, ?, 'USD', -1, ?), (?, ?, 'bank', ?, NULL, 'USD', 1, ?)`, h.f.ID, id, e.Account, e.Ledger, string(on), h.f.ID, id, e.Account, string(on)).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the signature", <-signed, trust.ErrBook)
	h.sums(t)
}
