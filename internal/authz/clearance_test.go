package authz_test

import (
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Who is cleared for what is above confidential, at one door for one firm and at the
// other for several.
func TestOnlyAFactorLatelyClears(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	var matters []ident.MatterID
	for label := range 4 {
		matters = append(matters, f.Matter(t, testkit.Label(label)).ID)
	}
	who := testkit.Person(t, d, "cleared")
	f.Grant(t, who, rbac.RoleSpecialist)
	f.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(matters[3]), testkit.UpToLabel(3))
	g := guardOver(t, d)
	long := testkit.Now.AddDate(0, 0, -3)
	for name, c := range map[string]struct {
		sc   scope.Scope
		want int // labels from 0 that are known
	}{
		"never":                    {scope.Scope{}, 2},
		"just now":                 {scope.Scope{FactorAt: testkit.Now}, 4},
		"as long ago as it serves": {scope.Scope{FactorAt: testkit.Now.Add(-authz.ClearTime)}, 4},
		"longer ago":               {scope.Scope{FactorAt: testkit.Now.Add(-authz.ClearTime - time.Microsecond)}, 2},
		"a job asked for with it":  {scope.Scope{FactorAt: long, Machine: "worker"}, 4},
		"a job asked for without":  {scope.Scope{Machine: "worker"}, 2},
	} {
		c.sc.Firm, c.sc.Actor = f.ID, who
		ctx := scope.With(t.Context(), c.sc)
		for range 2 { // the second finds the snapshot, which the first must not have changed
			var got []ident.MatterID
			err := d.InFirm(ctx, func(tx *db.Tx) error {
				a, err := g.Require(tx, rbac.MatterRead)
				if err != nil {
					return err
				}
				if a.Lowered() != (c.want < 4) {
					t.Errorf("%s: lowered %t", name, a.Lowered())
				}
				cond, args := a.Matters("m")
				return tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND `+cond+` ORDER BY m.label`, append([]any{f.ID}, args...)...).Scan(&got).Error
			})
			if err != nil || !slices.Equal(got, matters[:c.want]) {
				t.Errorf("%s: knows of %d matters, want %d; %v", name, len(got), c.want, err)
			}
		}
		err := d.InBureau(ctx, []ident.FirmID{f.ID}, func(tx *db.Tx) error {
			all, err := g.Across(tx, []ident.FirmID{f.ID}, rbac.ItemRead)
			if err != nil || len(all) != 1 {
				t.Errorf("%s: %d firms, %v", name, len(all), err)
				return err
			}
			if label, ok := all[0].Unscoped(); !ok || (label > authz.Confidential) != (c.want == 4) {
				t.Errorf("%s, across firms: up to %s", name, label)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
