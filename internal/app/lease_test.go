package app_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// What a person holds in a firm goes back in the transaction that takes their access.
func TestLosingAccessEndsLeasesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, lose := range map[string]func(ctx context.Context, f testkit.F, who ident.PersonID, grant ident.GrantID, m ident.MatterID) error{
		"the firm ends the grant": func(ctx context.Context, _ testkit.F, _ ident.PersonID, grant ident.GrantID, _ ident.MatterID) error {
			return w.s.Grants.EndGrant(ctx, grant)
		},
		"the firm raises a wall": func(ctx context.Context, _ testkit.F, who ident.PersonID, _ ident.GrantID, m ident.MatterID) error {
			_, err := w.s.Grants.RaiseWall(ctx, grant.Wall{Person: who, Matters: []string{string(m)}, Reason: "a conflict"})
			return err
		},
		"the firm removes the person": func(ctx context.Context, _ testkit.F, who ident.PersonID, _ ident.GrantID, _ ident.MatterID) error {
			return w.s.Grants.Remove(ctx, who)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testkit.Firm(t, w.s.DB)
			m := f.Matter(t)
			item := f.WorkItem(t, "prebill", m.ID, testkit.Now)
			who := testkit.Person(t, w.s.DB, "Jun")
			grant := f.Grant(t, who, rbac.RoleSpecialist)
			ctx := f.Acting(who)
			l, err := w.s.Work.Next(scope.InFirm(ctx, ""))
			if err != nil || l.Item != item {
				t.Fatalf("Next = %+v, %v", l, err)
			}
			if err := lose(f.As(t, rbac.RoleFirmAdmin), f, who, grant, m.ID); err != nil {
				t.Fatal(err)
			}
			if n := f.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND status = 'ready' AND leased_by IS NULL`, f.ID); n != 1 {
				t.Error("the lease outlived the access")
			}
			if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'item.lease_ended'`, f.ID); n != 1 {
				t.Errorf("%d leaves of the ended lease, want 1", n)
			}
			if _, err := w.s.Work.Heartbeat(ctx, worklist.Act{Item: l.Item, Token: l.Token}); !errors.Is(err, authz.ErrNotFound) && !errors.Is(err, worklist.ErrNotFound) {
				t.Errorf("a later write: %v", err)
			}
		})
	}
}

// What the bureau's administrator takes from one of the bureau's people, in the bureau,
// ends what they hold in every firm in the same act.
func TestTheBureauEndsLeasesInEveryFirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, end := range map[string]func(ctx context.Context, who ident.PersonID) error{
		"sessions ended": w.s.People.EndSessionsOf, "account closed": w.s.Grants.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			firms := []testkit.F{testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)}
			who := testkit.Person(t, w.s.DB, "Jun")
			for _, f := range firms {
				f.WorkItem(t, "prebill", f.Matter(t).ID, testkit.Now)
				f.Grant(t, who, rbac.RoleSpecialist)
			}
			for range firms {
				if _, err := w.s.Work.Next(scope.InFirm(firms[0].Acting(who), "")); err != nil {
					t.Fatal(err)
				}
			}
			if err := end(w.bureau.As(t, rbac.RoleBureauAdmin), who); err != nil {
				t.Fatal(err)
			}
			for i, f := range firms {
				if n := f.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND status = 'ready' AND leased_by IS NULL`, f.ID); n != 1 {
					t.Errorf("firm %d: the lease outlived the act", i)
				}
				if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'item.lease_ended'`, f.ID); n != 1 {
					t.Errorf("firm %d: %d leaves of the ended lease, want 1", i, n)
				}
			}
		})
	}
}
