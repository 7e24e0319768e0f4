package arrangement_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// desk is a firm with a matter, and a partner who agrees things.
type desk struct {
	testkit.F
	t       *testing.T
	svc     *arrangement.Service
	m       testkit.M
	partner context.Context
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	return &desk{F: f, t: t, svc: arrangement.New(d, authz.NewGuard(d, policy)), m: f.Matter(t), partner: f.As(t, rbac.RolePartner)}
}

func (d *desk) agree(from time.Time, terms arrangement.Terms) arrangement.Version {
	d.t.Helper()
	v, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: arrangement.Place{Matter: d.m.ID}, From: from, Terms: terms})
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// goesBy is the version of a day, "" by the hour.
func (d *desk) goesBy(day time.Time) (id ident.ArrangementID) {
	d.t.Helper()
	err := d.DB().InFirm(d.Machine(), func(tx *db.Tx) error {
		vs, err := arrangement.Of(tx, d.m.ID, d.m.Client)
		if v := vs.At(day, "USD"); v != nil {
			id = v.ID
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func TestVersionsHoldFromTheirDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	client, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: arrangement.Place{Client: d.m.Client}, From: on(2025, 1, 1), Terms: usd("no_charge", nil)})
	if err != nil {
		t.Fatal(err)
	}
	first := d.agree(on(2026, 1, 1), usd("blended", func(t *arrangement.Terms) { t.Blended = &arrangement.Blended{Rate: fixed4("300")} }))
	second := d.agree(on(2026, 3, 1), usd("hourly", nil))
	if first.Number != 1 || second.Number != 2 || client.Number != 1 || first.AgreedByWho == "" || first.Terms.Blended.Rate != fixed4("300") {
		t.Errorf("versions %+v, %+v", first, second)
	}
	hold := func(when string, day time.Time, want ident.ArrangementID) {
		t.Helper()
		if got := d.goesBy(day); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	hold("before anything", on(2024, 12, 31), "")
	hold("before the matter's own", on(2025, 12, 31), client.ID)
	hold("its first day", on(2026, 1, 1), first.ID)
	hold("the day before the next", on(2026, 2, 28), first.ID)
	hold("the next", on(2026, 3, 1), second.ID)
	if _, err := d.svc.End(d.partner, first.ID, on(2026, 2, 1)); !errors.Is(err, arrangement.ErrSuperseded) {
		t.Errorf("end one that was superseded: %v, want ErrSuperseded", err)
	}
	if _, err := d.svc.End(d.partner, second.ID, on(2026, 3, 1)); !errors.Is(err, arrangement.ErrTerms) {
		t.Errorf("end on its first day: %v, want ErrTerms", err)
	}
	ended, err := d.svc.End(d.partner, second.ID, on(2026, 4, 1))
	if err != nil || ended.Until == nil {
		t.Fatalf("end: %+v, %v", ended, err)
	}
	hold("the last day", on(2026, 3, 31), second.ID)
	hold("after it ended, the client's", on(2026, 4, 1), client.ID)
	if _, err := d.svc.End(d.partner, second.ID, on(2026, 5, 1)); !errors.Is(err, arrangement.ErrOver) {
		t.Errorf("end again: %v, want ErrOver", err)
	}
	if _, err := d.svc.Withdraw(d.partner, second.ID); err != nil {
		t.Fatal(err)
	}
	hold("withdrawn: the one before holds again", on(2026, 4, 1), first.ID)
	if _, err := d.svc.Withdraw(d.partner, second.ID); !errors.Is(err, arrangement.ErrOver) {
		t.Errorf("withdraw again: %v, want ErrOver", err)
	}
	third := d.agree(on(2026, 3, 1), usd("hourly", nil)) // its day is free again
	if third.Number != 3 {
		t.Errorf("number %d, want 3", third.Number)
	}
	if n := d.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'arrangement.%' AND class = 2`, d.ID); n != 6 {
		t.Errorf("%d leaves, want four agreements, an end and a withdrawal", n)
	}
}

func TestAMatterGoesByOneVersionADay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.agree(on(2026, 1, 1), usd("hourly", nil))
	_, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: arrangement.Place{Matter: d.m.ID}, From: on(2026, 1, 1), Terms: usd("no_charge", nil)})
	if !errors.Is(err, arrangement.ErrSameDay) {
		t.Errorf("a second on the same day: %v, want ErrSameDay", err)
	}
}

// What bills are not worked out by cannot be agreed here, and every term that is wrong
// is named.
func TestWhatIsNotAppliedCannotBeAgreed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, c := range map[string]struct {
		n    arrangement.Agreement
		path string
	}{
		"a stage that is none": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("contingency", func(t *arrangement.Terms) {
			t.Contingency = &arrangement.Contingency{Shares: []arrangement.StageShare{{Stage: "mediation", Share: 1}}}
		})}, "contingency.shares.0.stage"},
		"a long condition": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("hourly", func(t *arrangement.Terms) { t.Holdback = &arrangement.Holdback{Share: 1, Condition: "won\nor lost"} })}, "holdback.condition"},
		"a payor of nobody": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("hourly", func(t *arrangement.Terms) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: d.m.Payor, Fees: 500_000}, {Payor: "B", Fees: 500_000}}}
		})}, "split.payors.1.payor"},
		"all payors capped": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("hourly", func(t *arrangement.Terms) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: d.m.Payor, Fees: money.One, CapMinor: 1}}}
		})}, "split.payors"},
		"shares of 99.9999": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("hourly", func(t *arrangement.Terms) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: d.m.Payor, Fees: money.One - 1, Expenses: new(money.One)}}}
		})}, "split.payors"},
		"a note without a rate": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("hourly", func(t *arrangement.Terms) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: d.m.Payor, Fees: money.One, TaxNote: "Reverse charge"}}}
		})}, "split.payors.0.tax_note"},
		"prompt, by line":  {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("hourly", func(t *arrangement.Terms) { t.Discount = &arrangement.Discount{Rate: 1, PromptDays: 10, ByLine: true} })}, "discount.prompt_days"},
		"no rate":          {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("blended", nil)}, "blended"},
		"no day":           {arrangement.Agreement{Terms: usd("hourly", nil)}, "from"},
		"another currency": {arrangement.Agreement{From: on(2026, 1, 1), Terms: arrangement.Terms{Kind: "hourly", Currency: "EUR"}}, "currency"},
		"a long code": {arrangement.Agreement{From: on(2026, 1, 1), Terms: usd("fixed", func(t *arrangement.Terms) {
			t.Fixed = &arrangement.Fixed{Per: "task", Prices: []arrangement.Price{{"motion to dismiss and reply", 1}}}
		})}, "fixed.prices"},
	} {
		c.n.Place = arrangement.Place{Matter: d.m.ID}
		_, err := d.svc.Agree(d.partner, c.n)
		var f *fault.Error
		if !errors.Is(err, arrangement.ErrTerms) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != c.path {
			t.Errorf("%s: %v", name, err)
		}
	}
	monthly := usd("retainer_general", func(t *arrangement.Terms) { t.General = &arrangement.General{Per: "month", AmountMinor: 1} })
	var f *fault.Error
	if _, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: arrangement.Place{Client: d.m.Client}, From: on(2026, 1, 1), Terms: monthly}); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Code != "arrangement_of_matter" {
		t.Errorf("a retainer fee for all matters of a client: %v", err)
	}
	for name, p := range map[string]arrangement.Place{"nothing": {}, "two things": {Client: d.m.Client, Matter: d.m.ID}} {
		if _, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: p, From: on(2026, 1, 1), Terms: usd("hourly", nil)}); !errors.Is(err, arrangement.ErrPlace) {
			t.Errorf("for %s: %v, want ErrPlace", name, err)
		}
	}
	if n := d.Count(t, `SELECT count(*) FROM arrangement WHERE firm_id = ?`, d.ID) + d.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, d.ID); n != 0 {
		t.Errorf("the refusals left %d rows and leaves", n)
	}
}

func TestWhoAgreesAndWhoReads(t *testing.T) {
	t.Parallel()
	mine, theirs := newDesk(t), newDesk(t)
	v := mine.agree(on(2026, 1, 1), usd("hourly", nil))
	foreign := theirs.agree(on(2026, 1, 1), usd("hourly", nil))
	specialist := mine.As(t, rbac.RoleSpecialist)
	if got, err := mine.svc.Get(specialist, v.ID); err != nil || got.ID != v.ID {
		t.Errorf("a specialist reads: %v", err)
	}
	n := arrangement.Agreement{Place: arrangement.Place{Matter: mine.m.ID}, From: on(2026, 2, 1), Terms: usd("hourly", nil)}
	elsewhere := mine.As(t, rbac.RolePartner, testkit.OnMatters(mine.Matter(t).ID))
	low := mine.As(t, rbac.RoleSpecialist, testkit.UpToClass(1))
	for name, try := range map[string]struct {
		err  error
		want error
	}{
		"a specialist agrees":     {second(mine.svc.Agree(specialist, n)), authz.ErrForbidden},
		"a specialist ends":       {second(mine.svc.End(specialist, v.ID, on(2026, 2, 1))), authz.ErrForbidden},
		"a specialist withdraws":  {second(mine.svc.Withdraw(specialist, v.ID)), authz.ErrForbidden},
		"who sees no amounts":     {second(mine.svc.Get(low, v.ID)), authz.ErrForbidden},
		"out of scope":            {second(mine.svc.Get(elsewhere, v.ID)), authz.ErrNotFound},
		"agree out of scope":      {second(mine.svc.Agree(elsewhere, n)), authz.ErrNotFound},
		"another firm's":          {second(mine.svc.Get(mine.partner, foreign.ID)), arrangement.ErrNotFound},
		"withdraw another firm's": {second(mine.svc.Withdraw(mine.partner, foreign.ID)), arrangement.ErrNotFound},
		"for another firm's matter": {second(mine.svc.Agree(mine.partner, arrangement.Agreement{Place: arrangement.Place{Matter: theirs.m.ID}, From: on(2026, 2, 1), Terms: usd("hourly", nil)})),
			authz.ErrNotFound},
	} {
		if !errors.Is(try.err, try.want) {
			t.Errorf("%s: %v, want %v", name, try.err, try.want)
		}
	}
	if list, err := mine.svc.List(specialist); err != nil || len(list) != 1 || list[0].ID != v.ID {
		t.Errorf("list %+v, %v", list, err)
	}
	if list, err := mine.svc.List(elsewhere); err != nil || len(list) != 0 {
		t.Errorf("list of who sees another matter %+v, %v", list, err)
	}
	if n := mine.Count(t, `SELECT count(*) FROM arrangement WHERE firm_id = ?`, mine.ID) + mine.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, mine.ID); n != 2 {
		t.Errorf("the refusals left %d rows and leaves, want one of each", n)
	}
	err := mine.DB().InFirm(mine.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE arrangement SET terms = '{}' WHERE firm_id = ? AND id = ?`, mine.ID, v.ID).Error
	})
	if db.Code(err) != "42501" {
		t.Errorf("terms were changed: %v", err)
	}
}

func second(_ arrangement.Version, err error) error { return err }

// TestT02_ASplitNamesPayorsOfTheClientOnly: a payor of another client, of another firm, or one
// that is closed is no payor here, and the refusal does not tell them apart.
func TestT02_ASplitNamesPayorsOfTheClientOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	second := d.Payor(t, d.m)
	closed := d.Payor(t, d.m)
	d.Exec(t, `UPDATE payor SET status = 'closed' WHERE firm_id = ? AND id = ?`, d.ID, closed)
	of := func(p ident.PayorID) arrangement.Terms {
		return usd("hourly", func(t *arrangement.Terms) {
			t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: d.m.Payor, Fees: 333_333, CapMinor: 50_000}, {Payor: p, Fees: 666_667}}}
		})
	}
	told := map[string]bool{}
	other := testkit.Firm(t, testkit.DB(t))
	for name, p := range map[string]ident.PayorID{"of another client": d.Matter(t).Payor, "of another firm": other.Matter(t).Payor, "closed": closed, "of nobody": "no id at all"} {
		_, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: arrangement.Place{Matter: d.m.ID}, From: on(2026, 1, 1), Terms: of(p)})
		var f *fault.Error
		if !errors.Is(err, arrangement.ErrTerms) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "split.payors.1.payor" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		told[f.Error()+f.Fields[0].Message] = true
	}
	if len(told) != 1 {
		t.Errorf("the refusals differ: %v", told)
	}
	for _, place := range []arrangement.Place{{Matter: d.m.ID}, {Client: d.m.Client}} {
		v, err := d.svc.Agree(d.partner, arrangement.Agreement{Place: place, From: on(2026, 1, 1), Terms: of(second)})
		if err != nil || v.Terms.Split == nil || v.Terms.Split.Payors[1].Payor != second || v.Terms.Split.Payors[0].CapMinor != 50_000 {
			t.Errorf("a split of %+v: %+v, %v", place, v.Terms.Split, err)
		}
	}
}
