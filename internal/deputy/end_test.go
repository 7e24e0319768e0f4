package deputy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/testkit/office"
	"github.com/docketry/docketry/rbac"
)

func TestEachOfThemEndsIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, c := range []struct {
		by         context.Context
		why        deputy.Why
		ines, jon  int64 // letters
		permission string
	}{
		{w.ines, deputy.WhyPrincipal, 0, 1, "deputy.name"},
		{w.jon, deputy.WhyDeputy, 1, 0, "deputy.name"},
		{w.adm, deputy.WhyFirm, 1, 1, "deputy.manage"},
	} {
		s := w.named()
		ines, jon := w.letters("deputy_ended", w.ines), w.letters("deputy_ended", w.jon)
		if err := w.svc.End(c.by, s.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.state(s.ID); got.Why != c.why || got.Ended == nil || got.EndedBy == "" || got.Open(w.Clock.Now()) {
			t.Errorf("ended by the %s: %+v", c.why, got)
		}
		if err := w.svc.End(c.by, s.ID); !errors.Is(err, deputy.ErrEnded) {
			t.Errorf("twice: %v", err)
		}
		if n := w.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'deputy.ended' AND object_id = ? AND permission = ? AND actor = ? AND detail::json->>'principal' = ? AND detail::json->>'deputy' = ? AND detail::json->>'why' = ?`,
			w.f.ID, s.ID, c.permission, is(c.by), is(w.ines), is(w.jon), c.why); n != 1 {
			t.Errorf("by the %s: %d leaves", c.why, n)
		}
		if a, b := w.letters("deputy_ended", w.ines)-ines, w.letters("deputy_ended", w.jon)-jon; a != c.ines || b != c.jon {
			t.Errorf("by the %s: %d letters to the principal, %d to the deputy", c.why, a, b)
		}
	}
}

func TestTheDayEndsIt(t *testing.T) {
	t.Parallel()
	w := in(t, office.Apart(t)) // its sweep is days ahead of what other tests do
	s := w.named()
	w.sweep()
	if got := w.state(s.ID); got.Ended != nil {
		t.Fatalf("swept before its day: %+v", got)
	}
	w.Clock.Set(s.Until)
	if err := w.svc.End(w.ines, s.ID); !errors.Is(err, deputy.ErrEnded) {
		t.Errorf("ending what is over: %v", err)
	}
	w.sweep()
	w.sweep()
	if got := w.state(s.ID); got.Why != deputy.WhyDate || !got.Ended.Equal(s.Until) || got.EndedBy != "" {
		t.Errorf("after its day: %+v", got)
	}
	if n := w.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'deputy.ended' AND actor = 'machine:deputy.sweep'`, w.f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

// Leavers' delegations end in the transaction in which somebody leaves, and whoever has
// to know is told in it. Each way of leaving, of either of the two.
func TestWhoLeavesEndsIt(t *testing.T) {
	t.Parallel()
	ways := map[string]func(t *testing.T, w world, who context.Context){
		"a grant ended": func(t *testing.T, w world, who context.Context) {
			id := w.f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ?`, w.f.ID, is(who))
			check(t, w.Grants.EndGrant(w.adm, ident.GrantID(id)))
		},
		"removed from the firm": func(t *testing.T, w world, who context.Context) { check(t, w.Grants.Remove(w.adm, is(who))) },
		"a role that lost the permission": func(t *testing.T, w world, who context.Context) {
			role, err := w.Grants.MakeRole(w.adm, grant.RoleDraft{Name: "Approver", Permissions: []rbac.Permission{rbac.FirmRead, rbac.PrebillRead, rbac.PrebillApprove}})
			check(t, err)
			w.f.Grant(t, is(who), rbac.Custom(false, string(role.ID)))
			id := w.f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ? AND role = 'partner'`, w.f.ID, is(who))
			check(t, w.Grants.EndGrant(w.adm, ident.GrantID(id)))
			if n := w.f.Count(t, `SELECT count(*) FROM deputy WHERE firm_id = ? AND ended_at IS NULL`, w.f.ID); n != 1 {
				t.Fatal("it ended with a grant that was not the last")
			}
			_, err = w.Grants.EditRole(w.adm, role.ID, role.Version, grant.RoleDraft{Name: "Approver", Permissions: []rbac.Permission{rbac.FirmRead, rbac.PrebillRead}})
			check(t, err)
		},
		"a grant that ran out": func(t *testing.T, w world, who context.Context) {
			w.f.Exec(t, `UPDATE access_grant SET until_at = ? WHERE firm_id = ? AND person_id = ?`, w.Clock.Now().Add(day), w.f.ID, is(who))
			w.Clock.Advance(day)
			w.sweep()
		},
		"an account that was disabled": func(t *testing.T, w world, who context.Context) {
			w.f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = ? WHERE id = ?`, w.Clock.Now(), is(who))
			w.sweep()
		},
	}
	for way, leave := range ways {
		for _, principal := range []bool{true, false} {
			name := way + ", of the deputy"
			if principal {
				name = way + ", of the principal"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := setup(t)
				leaver, stays := w.jon, w.ines
				if principal {
					leaver, stays = w.ines, w.jon
				}
				w.submitted(w.ines)
				w.submitted(w.ines)
				w.submitted(w.jon)
				w.submitted(w.f.Machine())
				s := w.named()
				second := w.f.As(t, rbac.RoleFirmAdmin)
				leave(t, w, leaver)
				got := w.state(s.ID)
				if got.Why != deputy.WhyLeft || got.Ended == nil {
					t.Errorf("it ended so: %+v, want left", got)
				}
				for what, n := range map[string]int64{
					"letters to who stays": w.letters("deputy_ended", stays), "letters to the administrator": w.letters("deputy_left", w.adm), "letters to the other one": w.letters("deputy_left", second),
					"with whose list it is": w.f.Count(t, `SELECT count(*) / 2 FROM person_letter WHERE firm_id = ? AND kind = 'deputy_left' AND whose = ?`, w.f.ID, is(leaver)),
					"leaves":                w.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'deputy.ended' AND object_id = ? AND detail::json->>'why' = 'left'`, w.f.ID, s.ID),
				} {
					if n != 1 {
						t.Errorf("%s: %d, want 1", what, n)
					}
				}
				if n := w.letters("deputy_ended", leaver); n != 0 {
					t.Errorf("%d letters to who left", n)
				}
			})
		}
	}
}

// What takes nothing of the right to approve ends nothing.
func TestWhoStaysKeepsIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.named()
	second := w.f.Grant(t, is(w.jon), rbac.RoleTimekeeper)
	check(t, w.Grants.EndGrant(w.adm, second))
	check(t, w.People.EndSessionsOf(w.adm, is(w.ines)))
	_, err := w.Grants.RaiseWall(w.adm, grant.Wall{Person: is(w.jon), Matters: []string{string(w.f.Matter(t).ID)}, Reason: "EW-1"})
	check(t, err)
	elsewhere := testkit.Firm(t, w.DB)
	elsewhere.Grant(t, is(w.jon), rbac.RolePartner)
	check(t, w.Grants.Remove(elsewhere.As(t, rbac.RoleFirmAdmin), is(w.jon)))
	w.sweep()
	if got := w.state(s.ID); got.Ended != nil {
		t.Errorf("it ended: %+v", got)
	}
}

// A refusal to end somebody's access ends nothing that rests on it either.
func TestARefusedEndLeavesIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.f.Grant(t, is(w.adm), rbac.RolePartner)
	s := w.ok(w.svc.Name(w.adm, w.for10(is(w.jon))))
	if err := w.Grants.Remove(w.f.As(t, rbac.RolePartner), is(w.adm)); err == nil {
		t.Fatal("a partner removed the administrator")
	}
	admin := w.f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND role = 'firm_admin'`, w.f.ID)
	if err := w.Grants.EndGrant(w.adm, ident.GrantID(admin)); !errors.Is(err, grant.ErrLastAdmin) {
		t.Fatalf("the last administrator ended: %v", err)
	}
	if got := w.state(s.ID); got.Ended != nil {
		t.Errorf("it ended: %+v", got)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
