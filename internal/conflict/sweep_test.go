package conflict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// The tests of this file run before the parallel ones: a look goes over everybody.

// again looks again as the worker does, and finds the check of the pair that stands.
func (p pair) again(t testing.TB, w world) (stands *conflict.Check) {
	t.Helper()
	d := testkit.Open(t, "docketry_worker", w.Clock)
	worker := conflict.New(d, nil, bureau.New(d))
	if _, err := worker.Sweep(background()); err != nil {
		t.Fatal(err)
	}
	for after := ""; ; {
		list, err := w.Conflicts.Checks(p.office, false, page.Request{After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Items {
			if c.Person == p.who {
				if stands != nil {
					t.Errorf("two checks of one person and two firms stand: %+v, %+v", stands, c)
				}
				stands = &c
			}
		}
		if after = list.Next; after == "" {
			return stands
		}
	}
}

func told(t testing.TB, w world, id ident.CheckID) (who []string) {
	t.Helper()
	return strings.Fields(w.Bureau.Text(t, `SELECT coalesce(string_agg(l.person_id::text, ' '), '') FROM person_letter l JOIN outbox o ON o.firm_id = l.firm_id AND o.task_key = l.id::text WHERE l.firm_id = ? AND l.kind = 'conflict_found' AND l.about = ?`, w.Bureau.ID, id))
}

func TestPartiesThatComeLaterOpenACheck(t *testing.T) {
	w := setup(t)
	p := newPair(t, w)
	if c := p.check(t, w); c.State != conflict.CheckClear {
		t.Fatalf("%+v", c)
	}
	p.second.Grant(t, p.who, rbac.RoleSpecialist)
	w.Clock.Advance(time.Hour)
	if c := p.again(t, w); c == nil || c.State != conflict.CheckClear || c.By == "" {
		t.Fatalf("nothing is new, and the check changed: %+v", c)
	}
	client(t, p.first, "Rotkehlchen Foods plc")
	against(t, p.second, "adverse", "ROTKEHLCHEN FOODS")
	c := p.again(t, w)
	if c == nil || c.State != conflict.CheckOpen || c.Opposite != 1 || c.By != "" || c.Firm != p.second.ID || c.Other != p.first.ID {
		t.Fatalf("%+v", c)
	}
	if leaves(t, w.Bureau, "conflict.checked", string(c.ID)) != 1 {
		t.Error("it has no leaf")
	}
	who := told(t, w, c.ID)
	if len(who) == 0 || !strings.Contains(strings.Join(who, " "), string(testkit.Actor(p.office))) {
		t.Errorf("told: %v", who)
	}
	for _, f := range []testkit.F{p.first, p.second} {
		if n := f.Count(t, `SELECT (SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind LIKE 'conflict%') + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'conflict%')`, f.ID, f.ID); n != 0 {
			t.Error("a firm can see that a check opened")
		}
		if n := f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ? AND ended_at IS NULL`, f.ID, p.who); n != 1 {
			t.Error("the access that is there was touched")
		}
	}
	if same := p.again(t, w); same.ID != c.ID || len(told(t, w, c.ID)) != len(who) {
		t.Error("looking twice opens or tells twice")
	}
	if err := w.Conflicts.Clear(p.office, c.ID, "Works on other clients only"); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(60 * 24 * time.Hour)
	if same := p.again(t, w); same.ID != c.ID || same.State != conflict.CheckCleared {
		t.Errorf("the word does not stand while they work there: %+v", same)
	}
	client(t, p.second, "Star Leasing Ltd")
	against(t, p.first, "adverse", "Star Leasing")
	if more := p.again(t, w); more.ID == c.ID || more.State != conflict.CheckOpen || more.Opposite != 2 {
		t.Errorf("one party more than was cleared: %+v", more)
	}
}

func TestWhomNoSecondLookConcerns(t *testing.T) {
	w := setup(t)
	opposed := func() pair {
		p := newPair(t, w)
		client(t, p.first, "Pirol Freight")
		against(t, p.second, "adverse", "Pirol Freight")
		return p
	}
	one := opposed()
	if c := one.again(t, w); c != nil {
		t.Errorf("works for one firm only: %+v", c)
	}
	gone := opposed()
	gone.second.EndGrant(t, gone.second.Grant(t, gone.who, rbac.RoleSpecialist))
	if c := gone.again(t, w); c != nil {
		t.Errorf("works for the second no more: %+v", c)
	}
	glass := opposed()
	glass.who = testkit.Actor(w.Bureau.As(t, rbac.RoleSpecialist))
	glass.first.Grant(t, glass.who, rbac.RoleSpecialist)
	glass.second.Grant(t, glass.who, rbac.RoleBreakGlass)
	if c := glass.again(t, w); c != nil {
		t.Errorf("is at the second in an emergency: %+v", c)
	}
	both := opposed()
	both.second.Grant(t, both.who, rbac.RoleSpecialist)
	if c := both.again(t, w); c == nil || c.State != conflict.CheckOpen {
		t.Errorf("was let into both before anybody checked: %+v", c)
	}
}

func TestNobodyIsToldOfTheirOwnCheck(t *testing.T) {
	w := setup(t)
	p := newPair(t, w)
	p.who = testkit.Actor(p.office)
	client(t, p.first, "Girlitz Mills")
	against(t, p.second, "adverse", "Girlitz Mills")
	p.first.Grant(t, p.who, rbac.RoleTeamLead)
	p.second.Grant(t, p.who, rbac.RoleTeamLead)
	other := testkit.Actor(w.Bureau.As(t, rbac.RoleBureauAdmin))
	c := p.again(t, w)
	if c == nil {
		t.Fatal("no check")
	}
	if who := strings.Join(told(t, w, c.ID), " "); strings.Contains(who, string(p.who)) || !strings.Contains(who, string(other)) {
		t.Errorf("told: %s", who)
	}
}
