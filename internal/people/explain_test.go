package people_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestExplainNamesWhatDecided(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.d), testkit.Firm(t, w.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	open, sealed, foreign := f.Matter(t, testkit.Label(1)), f.Matter(t, testkit.Label(2)), other.Matter(t)
	who := testkit.Person(t, w.d, "explained")
	explain := func(p rbac.Permission, m ident.MatterID) *authz.Explanation {
		t.Helper()
		x, err := w.svc.Explain(admin, who, p, m)
		if err != nil {
			t.Fatal(err)
		}
		// The explanation says what the decision is.
		policy, err := rbac.New()
		if err != nil {
			t.Fatal(err)
		}
		err = w.d.InFirm(f.Acting(who), func(tx *db.Tx) error {
			a, err := authz.NewGuard(w.d, policy).Require(tx, p)
			if err == nil && m != "" {
				err = a.RequireMatter(tx, m)
			}
			return err
		})
		if x.Allowed != (err == nil) {
			t.Errorf("%s on %q: explained as %t (%s), decided as %v", p, m, x.Allowed, x.Because, err)
		}
		return x
	}
	if _, err := w.svc.Explain(admin, who, rbac.MatterRead, ""); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("a person the firm has never let in: %v", err)
	}
	grant := f.Grant(t, who, rbac.RolePartner)
	f.Exec(t, `UPDATE access_grant SET label = 1, scope_kind = 'client', scope_ids = ARRAY[?, ?]::uuid[] WHERE firm_id = ? AND id = ?`, open.Client, sealed.Client, f.ID, grant)
	elsewhere := f.Matter(t)
	for _, tt := range []struct {
		name    string
		p       rbac.Permission
		matter  ident.MatterID
		because authz.Because
		verdict authz.Verdict
		line    string
	}{
		{"granted", rbac.PrebillApprove, open.ID, authz.BecauseGranted, authz.VerdictGives, "p, partner, prebill, approve"},
		{"the firm as a whole", rbac.MatterRead, "", authz.BecauseGranted, authz.VerdictGives, "p, partner, matter, read"},
		{"not in the role", rbac.PrebillBuild, open.ID, authz.BecauseNone, authz.VerdictRole, ""},
		{"above the label", rbac.MatterRead, sealed.ID, authz.BecauseNone, authz.VerdictLabel, "p, partner, matter, read"},
		{"out of scope", rbac.MatterRead, elsewhere.ID, authz.BecauseNone, authz.VerdictScope, "p, partner, matter, read"},
	} {
		x := explain(tt.p, tt.matter)
		if x.Because != tt.because || len(x.Grants) != 1 || x.Grants[0].ID != grant || x.Grants[0].Verdict != tt.verdict || x.Grants[0].Line != tt.line {
			t.Errorf("%s: %+v", tt.name, x)
		}
	}
	wall, err := w.svc.RaiseWall(admin, people.Wall{Person: who, Matters: []string{string(open.ID)}, Reason: "Former client"})
	if err != nil {
		t.Fatal(err)
	}
	if x := explain(rbac.MatterRead, open.ID); x.Because != authz.BecauseWall || len(x.Walls) != 1 || x.Walls[0] != wall.ID || x.Grants[0].Verdict != authz.VerdictGives {
		t.Errorf("behind a wall: %+v", x)
	}
	for want, window := range map[authz.Verdict][2]time.Duration{
		authz.VerdictNotYet: {time.Hour, 2 * time.Hour},
		authz.VerdictOver:   {-2 * time.Hour, 0},
	} {
		f.Exec(t, `UPDATE access_grant SET from_at = ?, until_at = ? WHERE firm_id = ? AND id = ?`, testkit.Now.Add(window[0]), testkit.Now.Add(window[1]), f.ID, grant)
		if x := explain(rbac.MatterRead, elsewhere.ID); x.Grants[0].Verdict != want || x.Allowed {
			t.Errorf("%s: %+v", want, x)
		}
	}
	f.EndGrant(t, grant)
	if x := explain(rbac.MatterRead, ""); x.Grants[0].Verdict != authz.VerdictEnded || x.Allowed {
		t.Errorf("ended: %+v", x)
	}
	f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = created_at WHERE id = ?`, who)
	if x := explain(rbac.MatterRead, ""); x.Because != authz.BecauseDisabled {
		t.Errorf("disabled: %+v", x)
	}
	if n := leaves(t, f, "grant.explained", string(who)); n != 10 {
		t.Errorf("%d looks recorded, of 10", n)
	}
	for name, err := range map[string]error{
		"another firm's matter": second(w.svc.Explain(admin, who, rbac.MatterRead, foreign.ID)),
		"another firm":          second(w.svc.Explain(other.As(t, rbac.RoleFirmAdmin), who, rbac.MatterRead, "")),
	} {
		if !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, role := range []rbac.Role{rbac.RolePartner, rbac.RoleSpecialist} {
		if _, err := w.svc.Explain(f.As(t, role), who, rbac.MatterRead, ""); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s asks: %v", role, err)
		}
	}
	if _, err := w.svc.Explain(admin, who, "matter.destroy", ""); !errors.Is(err, people.ErrPermissionUnknown) {
		t.Errorf("an unknown permission: %v", err)
	}
	if n := leaves(t, f, "grant.explained", string(who)); n != 10 {
		t.Errorf("a refusal left a leaf: %d", n)
	}
}

func second[T any](_ T, err error) error { return err }
