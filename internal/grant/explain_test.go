package grant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestExplainNamesWhatDecided(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	open, sealed, foreign := f.Matter(t, testkit.Label(1)), f.Matter(t, testkit.Label(2)), other.Matter(t)
	who := testkit.Person(t, w.DB, "explained")
	explain := func(p rbac.Permission, m ident.MatterID) *authz.Explanation {
		t.Helper()
		x, err := w.Grants.Explain(admin, who, p, m)
		if err != nil {
			t.Fatal(err)
		}
		// The explanation says what the decision is.
		policy, err := rbac.New()
		if err != nil {
			t.Fatal(err)
		}
		err = w.DB.InFirm(f.Acting(who), func(tx *db.Tx) error {
			a, err := authz.NewGuard(w.DB, policy).Require(tx, p)
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
	if _, err := w.Grants.Explain(admin, who, rbac.MatterRead, ""); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("a person the firm has never let in: %v", err)
	}
	given := f.Grant(t, who, rbac.RolePartner)
	f.Exec(t, `UPDATE access_grant SET label = 1, scope_kind = 'client', scope_ids = ARRAY[?, ?]::uuid[] WHERE firm_id = ? AND id = ?`, open.Client, sealed.Client, f.ID, given)
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
		if x.Because != tt.because || len(x.Grants) != 1 || x.Grants[0].ID != given || x.Grants[0].Verdict != tt.verdict || x.Grants[0].Line != tt.line {
			t.Errorf("%s: %+v", tt.name, x)
		}
	}
	wall, err := w.Grants.RaiseWall(admin, grant.Wall{Person: who, Matters: []string{string(open.ID)}, Reason: "Former client"})
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
		f.Exec(t, `UPDATE access_grant SET from_at = ?, until_at = ? WHERE firm_id = ? AND id = ?`, testkit.Now.Add(window[0]), testkit.Now.Add(window[1]), f.ID, given)
		if x := explain(rbac.MatterRead, elsewhere.ID); x.Grants[0].Verdict != want || x.Allowed {
			t.Errorf("%s: %+v", want, x)
		}
	}
	f.Exec(t, `UPDATE access_grant SET from_at = ?, until_at = NULL, waits_from = ? WHERE firm_id = ? AND id = ?`, testkit.Now.Add(-time.Hour), testkit.Now, f.ID, given)
	if x := explain(rbac.MatterRead, open.ID); x.Grants[0].Verdict != authz.VerdictWaits || x.Allowed {
		t.Errorf("an undertaking is owed: %+v", x)
	}
	f.EndGrant(t, given)
	if x := explain(rbac.MatterRead, ""); x.Grants[0].Verdict != authz.VerdictEnded || x.Allowed {
		t.Errorf("ended: %+v", x)
	}
	f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = created_at WHERE id = ?`, who)
	if x := explain(rbac.MatterRead, ""); x.Because != authz.BecauseDisabled {
		t.Errorf("disabled: %+v", x)
	}
	if n := leaves(t, f, "grant.explained", string(who)); n != 11 {
		t.Errorf("%d looks recorded, of 11", n)
	}
	for name, err := range map[string]error{
		"another firm's matter": second(w.Grants.Explain(admin, who, rbac.MatterRead, foreign.ID)),
		"another firm":          second(w.Grants.Explain(other.As(t, rbac.RoleFirmAdmin), who, rbac.MatterRead, "")),
	} {
		if !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, role := range []rbac.Role{rbac.RolePartner, rbac.RoleSpecialist} {
		if _, err := w.Grants.Explain(f.As(t, role), who, rbac.MatterRead, ""); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s asks: %v", role, err)
		}
	}
	if _, err := w.Grants.Explain(admin, who, "matter.destroy", ""); !errors.Is(err, grant.ErrPermissionUnknown) {
		t.Errorf("an unknown permission: %v", err)
	}
	if n := leaves(t, f, "grant.explained", string(who)); n != 11 {
		t.Errorf("a refusal left a leaf: %d", n)
	}
}

func second[T any](_ T, err error) error { return err }

// A grant alone opens no restricted matter: who may ask why is told that a factor is due.
func TestExplainNamesTheFactor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	restricted, open := f.Matter(t, testkit.Label(2)), f.Matter(t)
	who := testkit.Actor(f.As(t, rbac.RolePartner))
	because := func(m ident.MatterID) authz.Because {
		t.Helper()
		x, err := w.Grants.Explain(admin, who, rbac.MatterRead, m)
		if err != nil {
			t.Fatal(err)
		}
		if x.Allowed != (x.Because == authz.BecauseGranted) {
			t.Errorf("allowed %t because %s", x.Allowed, x.Because)
		}
		return x.Because
	}
	session := func(shown time.Duration) {
		f.Exec(t, `INSERT INTO session (id, token_hash, person_id, data, device, network, created_at, seen_at, expires_at, factor_at)
			VALUES (gen_random_uuid(), gen_random_uuid()::text, ?, '', '', '', ?, ?, ?, ?)`, who, testkit.Now, testkit.Now, testkit.Now.Add(time.Hour), testkit.Now.Add(-shown))
	}
	session(authz.ClearTime + time.Second)
	if got := because(restricted.ID); got != authz.BecauseFactor {
		t.Errorf("an old factor: %s", got)
	}
	if got := because(open.ID); got != authz.BecauseGranted {
		t.Errorf("a standard matter: %s", got)
	}
	session(authz.ClearTime)
	if got := because(restricted.ID); got != authz.BecauseGranted {
		t.Errorf("a factor shown lately: %s", got)
	}
}
