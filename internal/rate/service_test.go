package rate_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type desk struct {
	testkit.F
	t       *testing.T
	rates   *rate.Service
	matters *matter.Service
	admin   context.Context
}

func newDesk(t *testing.T) desk {
	t.Helper()
	t.Parallel()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard, f := authz.NewGuard(d, policy), testkit.Firm(t, d)
	return desk{f, t, rate.New(d, guard), matter.New(d, guard), f.As(t, rbac.RoleFirmAdmin)}
}

func (d desk) group(name string, of ...testkit.M) ident.GroupID {
	d.t.Helper()
	g, err := d.matters.SaveGroup(d.admin, matter.Group{Name: name})
	for _, m := range of {
		if err == nil {
			_, err = d.matters.JoinGroup(d.admin, matter.Member{GroupID: g.ID, ClientID: m.Client, From: testkit.Day("2026-01-01")})
		}
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return g.ID
}

func priced(r rate.Rate) rate.Rate {
	r.Rate, r.Currency, r.From = 3_000_000, "USD", testkit.Day("2026-01-01")
	return r
}

// TestI17_OneRateADayForEachKey enters a rate of each kind, then the same again.
func TestI17_OneRateADayForEachKey(t *testing.T) {
	d := newDesk(t)
	m, k := d.Matter(t, testkit.Practice("Litigation")), d.Timekeeper(t, "RV", "ASSOC", 0)
	g, h := d.group("Pelham", m), d.group("Orrin")
	for _, x := range []rate.Rate{
		{MatterID: m.ID, TimekeeperID: k.ID, Level: 2}, {MatterID: m.ID, Task: "L110", Level: 3}, {MatterID: m.ID, Task: "L120", Level: 3}, {MatterID: m.ID, Activity: "L110", Level: 3},
		{MatterID: m.ID, Class: "ASSOC", Level: 4}, {MatterID: m.ID, Level: 5}, {ClientID: m.Client, TimekeeperID: k.ID, Level: 6}, {ClientID: m.Client, Class: "ASSOC", Level: 7},
		{GroupID: g, Class: "ASSOC", Level: 8}, {GroupID: h, Class: "ASSOC", Level: 8}, {Office: "Albany", Class: "ASSOC", Level: 9}, {Practice: "Albany", Class: "ASSOC", Level: 9},
		{TimekeeperID: k.ID, Level: 10}, {Class: "ASSOC", Level: 11}, {Class: "PARTNR", Level: 11},
	} {
		want := x.Level
		got, err := d.rates.Add(d.admin, priced(x))
		if err != nil || got.Level != want {
			t.Errorf("%+v: level %d, %v; want %d", x, got.Level, err, want)
			continue
		}
		again := priced(x)
		again.From = testkit.Day("2027-05-05")
		if _, err := d.rates.Add(d.admin, again); !errors.Is(err, rate.ErrOverlap) {
			t.Errorf("%+v again: %v", x, err)
		}
		again.Currency = "EUR"
		if _, err := d.rates.Add(d.admin, again); err != nil {
			t.Errorf("%+v in another currency: %v", x, err)
		}
		if _, err := d.rates.End(d.admin, got.ID, testkit.Day("2026-07-01")); err != nil {
			t.Errorf("end %+v: %v", x, err)
		}
		again.Currency, again.From = "USD", testkit.Day("2026-07-01")
		if _, err := d.rates.Add(d.admin, again); err != nil {
			t.Errorf("%+v after the first has ended: %v", x, err)
		}
	}
	if n := d.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('rate.added', 'rate.ended')`, d.ID); n != 15*4 {
		t.Errorf("%d leaves, want one for each of %d changes", n, 15*4)
	}
}

// TestI17_TheDatabaseRefusesWhatNoLevelNames goes around the service.
func TestI17_TheDatabaseRefusesWhatNoLevelNames(t *testing.T) {
	d := newDesk(t)
	m, k := d.Matter(t), d.Timekeeper(t, "RV", "ASSOC", 0)
	g := d.group("Pelham", m)
	for constraint, x := range map[string]struct {
		columns string
		values  []any
	}{
		"rate_names_one_place": {"group_id, office, class", []any{g, "Albany", "ASSOC"}},
		"rate_names_one_who":   {"matter_id, task_code, activity_code", []any{m.ID, "L110", "A103"}},
		"rate_names_who":       {"client_id, office, practice_group", []any{m.Client, "", ""}},
		"rate_code_of_matter":  {"client_id, task_code, class", []any{m.Client, "L110", ""}},
		"rate_title_only":      {"group_id, timekeeper_id, office", []any{g, k.ID, ""}},
		"rate_codes_form":      {"matter_id, task_code, office", []any{m.ID, "l110", ""}},
	} {
		err := d.DB().InFirm(d.admin, func(tx *db.Tx) error {
			return tx.Exec(`INSERT INTO rate (firm_id, id, rate_e4, currency, valid, created_at, `+x.columns+`) VALUES (?, ?, 1, 'USD', '[2026-01-01,)', ?, ?, ?, ?)`,
				append([]any{d.ID, ident.New[ident.RateID](tx.Now), tx.Now}, x.values...)...).Error
		})
		if !db.Violates(err, constraint) && (constraint != "rate_code_of_matter" || !db.Violates(err, "rate_names_who")) {
			t.Errorf("%s: %v", constraint, err)
		}
	}
}

// TestT01_RatesOfGroupsOutOfReach: another firm's group, one of clients out of scope and
// one behind a wall are equally absent, in lists, on entering and on ending.
func TestT01_RatesOfGroupsOutOfReach(t *testing.T) {
	d := newDesk(t)
	seen, hidden, deep := d.Matter(t), d.Matter(t), d.Matter(t)
	mixed, secret := d.group("Mixed", seen, hidden), d.group("Secret", deep)
	theirs := desk{testkit.Firm(t, d.DB()), t, d.rates, d.matters, nil}
	theirs.admin = theirs.As(t, rbac.RoleFirmAdmin)
	abroad := theirs.group("Abroad", theirs.Matter(t))
	var ids []ident.RateID
	for _, g := range []ident.GroupID{mixed, secret} {
		r, err := d.rates.Add(d.admin, priced(rate.Rate{GroupID: g, Class: "ASSOC"}))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	walled := d.As(t, rbac.RoleFirmAdmin)
	d.Wall(t, testkit.Actor(walled), hidden.ID, deep.ID)
	for name, who := range map[string]context.Context{"behind a wall": walled, "one matter": d.As(t, rbac.RoleFirmAdmin, testkit.OnMatters(seen.ID))} {
		list, err := d.rates.List(who)
		if got := groupsOf(list); err != nil || !slices.Equal(got, []ident.GroupID{mixed}) {
			t.Errorf("%s sees rates of %v, %v", name, got, err)
		}
		if _, err := d.rates.Add(who, priced(rate.Rate{GroupID: secret, Class: "PARTNR"})); !errors.Is(err, authz.ErrNotFound) && !errors.Is(err, matter.ErrNotFound) {
			t.Errorf("%s enters one of the hidden group: %v", name, err)
		}
		for i, want := range []error{nil, matter.ErrNotFound} {
			if _, err := d.rates.Rate(who, ids[i]); !errors.Is(err, want) {
				t.Errorf("%s opens rate %d: %v, want %v", name, i, err, want)
			}
		}
		if _, err := d.rates.End(who, ids[1], testkit.Day("2026-07-01")); !errors.Is(err, matter.ErrNotFound) {
			t.Errorf("%s ends one of the hidden group: %v", name, err)
		}
		if _, err := d.rates.Add(who, priced(rate.Rate{GroupID: mixed, Class: "PARTNR"})); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s enters one for clients beyond their reach: %v", name, err)
		}
		if _, err := d.rates.Add(who, priced(rate.Rate{Office: "Albany", Class: "ASSOC"})); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s enters one of an office: %v", name, err)
		}
	}
	if _, err := d.rates.Add(d.admin, priced(rate.Rate{GroupID: abroad, Class: "ASSOC"})); !errors.Is(err, matter.ErrNotFound) {
		t.Errorf("another firm's group: %v", err)
	}
	list, err := d.rates.List(theirs.admin)
	if err != nil || len(list) != 0 {
		t.Errorf("another firm sees %v, %v", list, err)
	}
}

func groupsOf(list []rate.Rate) (out []ident.GroupID) {
	for _, r := range list {
		if r.GroupID != "" {
			out = append(out, r.GroupID)
		}
	}
	return out
}

// TestCardReadsOfficesAndGroups prices by what the firm's books hold.
func TestCardReadsOfficesAndGroups(t *testing.T) {
	d := newDesk(t)
	m := d.Matter(t, testkit.Practice("Litigation"))
	k, err := d.matters.SaveTimekeeper(d.admin, matter.Timekeeper{Code: "RV", Name: "Rosalind Vane", Class: "ASSOC", Office: "Albany"})
	if err != nil || k.Office != "Albany" {
		t.Fatalf("%+v, %v", k, err)
	}
	ask := func() rate.Answer {
		t.Helper()
		var a rate.Answer
		err := d.DB().InFirm(d.Machine(), func(tx *db.Tx) (err error) {
			a, err = rate.Resolve(tx, rate.Question{Matter: m.ID, Client: m.Client, Practice: "Litigation", Timekeeper: k.ID, Class: "ASSOC", Task: "L110", Currency: "USD", On: testkit.Day("2026-02-02")})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct {
		rate   rate.Rate
		source string
	}{
		{rate.Rate{Class: "ASSOC"}, "the title's standard rate"},
		{rate.Rate{Practice: "Litigation", Class: "ASSOC"}, "the practice group and title"},
		{rate.Rate{Office: "Albany", Class: "ASSOC"}, "the timekeeper's office and title"},
		{rate.Rate{GroupID: d.group("Pelham", m), Class: "ASSOC"}, "the client's group and title"},
		{rate.Rate{MatterID: m.ID}, "this matter's flat rate"},
		{rate.Rate{MatterID: m.ID, Task: "L110"}, "this matter and task"},
	} {
		r, err := d.rates.Add(d.admin, priced(c.rate))
		if err != nil {
			t.Fatal(err)
		}
		if a := ask(); a.Source != c.source || a.ID != r.ID {
			t.Errorf("%+v, want %s", a, c.source)
		}
	}
}
