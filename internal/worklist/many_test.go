package worklist_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// picks opens n items of the firm.
func (k desk) picks(t *testing.T, n int) (list []worklist.Pick) {
	t.Helper()
	for range n {
		list = append(list, worklist.Pick{Firm: k.ID, Item: k.open(t, worklist.New{})})
	}
	return list
}

// state is everything that an act on items may change in the firm.
func (k desk) state(t *testing.T) string {
	t.Helper()
	return k.Text(t, `SELECT concat_ws(' ', (SELECT count(*) FROM audit_leaf WHERE firm_id = ?), (SELECT count(*) FROM work_message WHERE firm_id = ?),
		(SELECT count(*) FROM work_skip WHERE firm_id = ?), (SELECT sum(version) FROM work_item WHERE firm_id = ?), (SELECT count(pinned_at) FROM work_item WHERE firm_id = ?),
		(SELECT count(leased_by) FROM work_item WHERE firm_id = ?))`, k.ID, k.ID, k.ID, k.ID, k.ID, k.ID)
}

func TestManyItemsAtOnce(t *testing.T) {
	t.Parallel()
	k := setup(t)
	other := k
	other.F = testkit.Firm(t, k.d)
	other.Agreement(t)
	lead, ines := k.As(t, rbac.RoleTeamLead), k.named(t, "Ines Carvalho")
	other.Grant(t, testkit.Actor(lead), rbac.RoleTeamLead)
	other.Grant(t, testkit.Actor(ines), rbac.RoleSpecialist)
	picks := append(k.picks(t, 2), other.picks(t, 1)...)
	act := func(who context.Context, m worklist.Many, want ...error) {
		t.Helper()
		if m.Picks == nil {
			m.Picks = picks
		}
		out, err := k.ActOnMany(across(who), m)
		if err != nil || len(out) != len(m.Picks) {
			t.Fatalf("%s: %+v, %v", m.Act, out, err)
		}
		for i, o := range out {
			if o.Pick != m.Picks[i] {
				t.Errorf("%s: outcome %d is of another item", m.Act, i)
			}
			if !errors.Is(o.Err, want[i]) {
				t.Errorf("%s: outcome %d is %v, want %v", m.Act, i, o.Err, want[i])
			}
		}
	}
	act(lead, worklist.Many{Act: worklist.ManyPin}, nil, nil, nil)
	act(lead, worklist.Many{Act: worklist.ManyUnpin}, nil, nil, nil)
	act(lead, worklist.Many{Act: worklist.ManySendBack}, worklist.ErrNotReady, worklist.ErrNotReady, worklist.ErrNotReady)
	act(lead, worklist.Many{Act: worklist.ManyAssign, To: testkit.Actor(ines), Text: "Three for you."}, nil, nil, nil)
	// One has changed since: it alone is refused.
	stale := []worklist.Pick{picks[0], {Firm: picks[1].Firm, Item: picks[1].Item, Version: 1}, picks[2]}
	act(ines, worklist.Many{Act: worklist.ManyTake, Picks: stale}, nil, worklist.ErrStale, nil)
	act(ines, worklist.Many{Act: worklist.ManySkip, Reason: worklist.SkipTooLong}, nil, worklist.ErrLeaseLost, nil)
	act(lead, worklist.Many{Act: worklist.ManyAssign, To: testkit.Actor(ines), Text: "Again."}, nil, nil, nil)
	act(ines, worklist.Many{Act: worklist.ManyTake}, nil, nil, nil)
	act(ines, worklist.Many{Act: worklist.ManyAsk, Text: "Which matters?", Picks: picks[1:]}, nil, nil)
	act(ines, worklist.Many{Act: worklist.ManyReturn}, nil, worklist.ErrLeaseLost, worklist.ErrLeaseLost)
	act(ines, worklist.Many{Act: worklist.ManyResume}, worklist.ErrNotReady, nil, nil)
	act(ines, worklist.Many{Act: worklist.ManyTake, Picks: picks[1:2]}, nil)
	act(ines, worklist.Many{Act: worklist.ManyHandOff, Text: "Done up to line 4.", Picks: picks[:2]}, worklist.ErrLeaseLost, nil)
	if n := k.leaves(t, "item.handed_back", picks[1].Item); n != 1 {
		t.Errorf("%d leaves of an act on one of many", n)
	}
}

func TestT02_OneForeignItemRefusesTheSelection(t *testing.T) {
	t.Parallel()
	k := setup(t)
	lead, ines := k.As(t, rbac.RoleTeamLead), k.named(t, "Ines Carvalho")
	picks := k.picks(t, 99)
	theirs := setup(t)
	walled := k.Matter(t)
	k.Wall(t, testkit.Actor(lead), walled.ID)
	absent := ident.New[ident.WorkItemID](testkit.Now)
	for name, bad := range map[string]worklist.Pick{
		"another firm's":                 theirs.picks(t, 1)[0],
		"another firm's under one's own": {Firm: k.ID, Item: theirs.picks(t, 1)[0].Item},
		"one's own under another firm":   {Firm: theirs.ID, Item: picks[0].Item},
		"absent":                         {Firm: k.ID, Item: absent},
		"behind a wall":                  {Firm: k.ID, Item: k.open(t, worklist.New{Matter: walled.ID})},
		"malformed":                      {Firm: k.ID, Item: "x' OR true"},
	} {
		mixed := append([]worklist.Pick(nil), picks...)
		mixed[50] = bad
		if name == "one's own under another firm" {
			mixed[0] = worklist.Pick{Firm: k.ID, Item: picks[50].Item} // each item once
		}
		before, beyond := k.state(t), theirs.state(t)
		out, err := k.ActOnMany(across(lead), worklist.Many{Act: worklist.ManyPin, Picks: mixed})
		if out != nil || !errors.Is(err, worklist.ErrNotFound) && !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s: %v, %v", name, out, err)
		}
		if err != nil && err.Error() != worklist.ErrNotFound.Error() {
			t.Errorf("%s is refused in its own words: %v", name, err)
		}
		if k.state(t) != before || theirs.state(t) != beyond {
			t.Errorf("%s: the refused request changed something", name)
		}
	}
	before := k.state(t)
	for name, c := range map[string]struct {
		who  context.Context
		m    worklist.Many
		want error
	}{
		"not the role's":     {ines, worklist.Many{Act: worklist.ManyPin, Picks: picks}, authz.ErrForbidden},
		"nothing":            {lead, worklist.Many{Act: worklist.ManyPin}, worklist.ErrMany},
		"too many":           {lead, worklist.Many{Act: worklist.ManyPin, Picks: append(picks[:98:98], picks[:3]...)}, worklist.ErrMany},
		"one twice":          {lead, worklist.Many{Act: worklist.ManyPin, Picks: append(picks[:1:1], picks[0])}, worklist.ErrMany},
		"no such act":        {lead, worklist.Many{Act: "finish", Picks: picks}, worklist.ErrMany},
		"without a word":     {lead, worklist.Many{Act: worklist.ManyAssign, To: testkit.Actor(ines), Picks: picks}, worklist.ErrMessage},
		"to nobody":          {lead, worklist.Many{Act: worklist.ManyAssign, Text: "x", Picks: picks}, worklist.ErrPerson},
		"for no reason":      {ines, worklist.Many{Act: worklist.ManySkip, Picks: picks}, worklist.ErrReason},
		"without a question": {ines, worklist.Many{Act: worklist.ManyAsk, Picks: picks}, worklist.ErrMessage},
	} {
		if out, err := k.ActOnMany(across(c.who), c.m); out != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if k.state(t) != before {
		t.Error("refused requests changed something")
	}
	if _, err := k.ActOnMany(across(lead), worklist.Many{Act: worklist.ManyPin, Picks: picks}); err != nil {
		t.Fatal(err)
	}
	if n := k.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND pinned_at IS NOT NULL`, k.ID); n != 99 {
		t.Errorf("%d of 99 pinned", n)
	}
}
