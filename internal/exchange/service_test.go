package exchange_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type desk struct {
	testkit.F
	t     *testing.T
	svc   *exchange.Service
	admin context.Context
}

func setup(t *testing.T) desk {
	t.Helper()
	t.Parallel()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f := testkit.Firm(t, d)
	return desk{f, t, exchange.NewService(d, authz.NewGuard(d, policy)), f.As(t, rbac.RoleFirmAdmin)}
}

func euro(day string, e8 money.Exchange) exchange.New {
	return exchange.New{Pair: exchange.Pair{From: "EUR", To: "USD"}, On: testkit.Day(day), Rate: e8, Source: "ECB reference rates"}
}

func (d desk) enter(n exchange.New) exchange.Rate {
	d.t.Helper()
	r, err := d.svc.Enter(d.admin, n)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestACorrectionStandsBesideTheFormer: nothing entered changes; the newest of a day is listed, and
// its history has each.
func TestACorrectionStandsBesideTheFormer(t *testing.T) {
	d := setup(t)
	first := d.enter(euro("2026-02-03", 108_450_000))
	if first.N != 1 || first.Version != 1 {
		t.Errorf("%+v", first)
	}
	_, err := d.svc.Enter(d.admin, euro("2026-02-03", 108_450_000))
	wants(t, "the same again", err, exchange.ErrSame)
	second := d.enter(euro("2026-02-03", 108_460_000))
	d.enter(euro("2026-02-04", 108_500_000))
	list, err := d.svc.List(d.admin, exchange.Filter{}, page.Request{})
	if err != nil || len(list.Items) != 2 || list.Items[1].ID != second.ID || list.Items[1].N != 2 || list.Items[0].Version != 3 || list.Items[0].ByName == "" {
		t.Errorf("%+v, %v", list.Items, err)
	}
	history, err := d.svc.History(d.admin, first.ID)
	if err != nil || len(history) != 2 || history[0].ID != second.ID || !history[0].Latest || history[1].Latest || history[1].Rate != 108_450_000 {
		t.Errorf("%+v, %v", history, err)
	}
	for _, q := range []string{`UPDATE exchange_rate SET rate_e8 = 1 WHERE firm_id = ?`, `DELETE FROM exchange_rate WHERE firm_id = ?`} {
		if err := d.DB().InFirm(d.Machine(), func(tx *db.Tx) error { return tx.Exec(q, d.ID).Error }); err == nil {
			t.Errorf("%s was done", q)
		}
	}
	if n := d.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('exchange.entered', 'exchange.corrected')`, d.ID); n != 3 {
		t.Errorf("%d leaves", n)
	}
}

func TestAListIsNarrowedAndPaged(t *testing.T) {
	d := setup(t)
	for _, day := range []string{"2026-02-01", "2026-02-02", "2026-02-03"} {
		d.enter(euro(day, 108_450_000))
	}
	yen := euro("2026-02-02", 15_000_000_000)
	yen.Pair = exchange.Pair{From: "USD", To: "JPY"}
	d.enter(yen)
	for _, c := range []struct {
		f    exchange.Filter
		want int
	}{{exchange.Filter{}, 4}, {exchange.Filter{From: "EUR"}, 3}, {exchange.Filter{To: "JPY"}, 1}, {exchange.Filter{Since: testkit.Day("2026-02-02")}, 3}, {exchange.Filter{From: "EUR", Until: testkit.Day("2026-02-02")}, 2}} {
		seen, req := 0, page.Request{Size: 1}
		for {
			p, err := d.svc.List(d.admin, c.f, req)
			if err != nil {
				t.Fatal(err)
			}
			seen += len(p.Items)
			if req.After = p.Next; p.Next == "" {
				break
			}
		}
		if seen != c.want {
			t.Errorf("%+v: %d, want %d", c.f, seen, c.want)
		}
	}
}

// TestWhatIsWrongIsNamedByItsField: and leaves nothing.
func TestWhatIsWrongIsNamedByItsField(t *testing.T) {
	d := setup(t)
	d.enter(euro("2026-02-03", 108_450_000))
	for want, n := range map[string]exchange.New{
		"from": {Pair: exchange.Pair{From: "EUX", To: "USD"}, On: testkit.Day("2026-02-04"), Rate: 1, Source: "x"},
		"to":   {Pair: exchange.Pair{From: "EUR", To: "EUR"}, On: testkit.Day("2026-02-04"), Rate: 1, Source: "x"},
		"day":  euro("2099-01-01", 108_450_000), "rate": euro("2026-02-04", -1),
		"source": {Pair: exchange.Pair{From: "EUR", To: "USD"}, On: testkit.Day("2026-02-04"), Rate: 108_000_000},
	} {
		_, err := d.svc.Enter(d.admin, n)
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	far := euro("2026-02-04", 130_140_001)
	_, err := d.svc.Enter(d.admin, far)
	wants(t, "far", err, exchange.ErrFar)
	if d.enter(euro("2026-02-05", 130_140_000)).N != 1 { // just the factor
		t.Error("the factor itself is refused")
	}
	far.Confirmed = true
	d.enter(far)
	if n := d.Count(t, `SELECT count(*) FROM exchange_rate WHERE firm_id = ?`, d.ID); n != 3 {
		t.Errorf("%d rows", n)
	}
}

// TestT03_ExchangeRatesAreTheFirms: another firm's are not there, who sets no rates sets none, and
// who has not the whole firm neither; a client contact's class of access sees none.
func TestT03_ExchangeRatesAreTheFirms(t *testing.T) {
	d := setup(t)
	other := testkit.Firm(t, d.DB())
	r := d.enter(euro("2026-02-03", 108_450_000))
	theirs := other.As(t, rbac.RoleFirmAdmin)
	_, err := d.svc.History(theirs, r.ID)
	wants(t, "another firm's", err, exchange.ErrNotFound)
	if p, err := d.svc.List(theirs, exchange.Filter{}, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another firm lists %+v, %v", p.Items, err)
	}
	m := d.Matter(t)
	wants(t, "a setting of another firm's matter", d.svc.Set(theirs, exchange.Setting{Matter: m.ID, Basis: exchange.WorkDate}), authz.ErrNotFound)
	_, err = d.svc.Enter(d.As(t, rbac.RoleSpecialist), euro("2026-02-04", 108_450_000))
	wants(t, "a specialist enters", err, authz.ErrForbidden)
	_, err = d.svc.Enter(d.As(t, rbac.RolePartner, testkit.OnMatters(m.ID)), euro("2026-02-04", 108_450_000))
	wants(t, "a partner of one matter enters", err, authz.ErrForbidden)
	wants(t, "a specialist sets", d.svc.Set(d.As(t, rbac.RoleSpecialist), exchange.Setting{Basis: exchange.WorkDate}), authz.ErrForbidden)
	_, err = d.svc.List(d.As(t, rbac.RolePartner, testkit.UpToClass(1)), exchange.Filter{}, page.Request{})
	wants(t, "who sees no amounts", err, authz.ErrForbidden)
}

// TestASettingHoldsForItsPlace and each is kept.
func TestASettingHoldsForItsPlace(t *testing.T) {
	d := setup(t)
	m := d.Matter(t)
	for _, s := range []exchange.Setting{{Basis: exchange.WorkDate}, {Client: m.Client, Basis: exchange.None, Reason: "Agreed in euros"}, {Matter: m.ID, Basis: exchange.WorkDate}, {Matter: m.ID, Basis: exchange.Inherit}} {
		if err := d.svc.Set(d.admin, s); err != nil {
			t.Fatal(err)
		}
	}
	list, err := d.svc.Settings(d.admin)
	if err != nil || len(list) != 3 || list[0].Basis != exchange.WorkDate || list[1].Reason != "Agreed in euros" || list[2].Basis != exchange.Inherit || list[2].N != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	err = d.DB().InFirm(d.Machine(), func(tx *db.Tx) error {
		s, err := exchange.SettingsOf(tx)
		if b := s.For(m.Client, m.ID); b != exchange.None || s.For("", "") != exchange.WorkDate || !s.Converts() {
			t.Errorf("%s of the matter", b)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, s := range []exchange.Setting{{Basis: "invoice_date"}, {Basis: exchange.Inherit}, {Client: m.Client, Matter: m.ID, Basis: exchange.None}} {
		wants(t, string(s.Basis), d.svc.Set(d.admin, s), exchange.ErrInvalid)
	}
	if hidden, err := d.svc.Settings(d.As(t, rbac.RoleSpecialist, testkit.OnMatters(d.Matter(t).ID))); err != nil || len(hidden) != 1 {
		t.Errorf("of places that are not theirs: %+v, %v", hidden, err)
	}
}

// TestRatesEnteredAtOnceFollowOneAnother: each is a state of its own, and the tables' version goes
// up by one with each.
func TestRatesEnteredAtOnceFollowOneAnother(t *testing.T) {
	d := setup(t)
	const n = 8
	var wait sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wait.Go(func() {
			_, errs[i] = d.svc.Enter(d.admin, euro("2026-02-03", 108_450_000+money.Exchange(i)))
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `SELECT count(DISTINCT n) || ' ' || max(n) || ' ' || count(DISTINCT table_version) || ' ' || max(table_version) FROM exchange_rate WHERE firm_id = ?`, d.ID); got != "8 8 8 8" {
		t.Error(got)
	}
}

// TestABookIsOneVersion: what is entered after it was opened is not in it.
func TestABookIsOneVersion(t *testing.T) {
	d := setup(t)
	d.enter(euro("2026-01-20", 108_450_000))
	pair := exchange.Pair{From: "EUR", To: "USD"}
	err := d.DB().InFirm(d.Machine(), func(tx *db.Tx) error {
		book, err := exchange.BookOf(tx)
		if err != nil {
			return err
		}
		d.enter(euro("2026-01-20", 108_460_000))
		d.enter(euro("2026-01-21", 109_000_000))
		if r, err := book.On(pair, testkit.Day("2026-01-21")); err != nil || r.Rate != 108_450_000 || book.Version() != 1 {
			t.Errorf("the book as it was: %+v, %v", r, err)
		}
		book, err = exchange.BookOf(tx)
		if err != nil {
			return err
		}
		if r, err := book.On(pair, testkit.Day("2026-01-20")); err != nil || r.Rate != 108_460_000 || r.N != 2 {
			t.Errorf("the book by now: %+v, %v", r, err)
		}
		price, how, err := book.Convert(4_000_000, pair, testkit.Day("2026-02-21"))
		if err != nil || price != 4_360_000 || how.On != "2026-01-21" || how.Version != 3 || how.Words() != "EUR 400.00 at 1.09000000 of 21 January 2026" {
			t.Errorf("%v %+v, %v", price, how, err)
		}
		_, _, err = book.Convert(4_000_000, pair, testkit.Day("2026-02-22"))
		wants(t, "too old", err, exchange.ErrNoExchange)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
