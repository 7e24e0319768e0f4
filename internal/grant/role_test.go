package grant_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// may asks the guard as any service would.
func may(w world, f testkit.F, who ident.PersonID, p rbac.Permission) error {
	policy, err := rbac.New()
	if err != nil {
		return err
	}
	return w.DB.InFirm(f.Acting(who), func(tx *db.Tx) error {
		_, err := authz.NewGuard(w.DB, policy).Require(tx, p)
		return err
	})
}

// A firm makes a role, gives it, and changes it: who holds it may do what it includes,
// from the commit on, and nothing else.
func TestARoleOfAFirmsOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	clerk, err := w.Grants.MakeRole(admin, grant.RoleDraft{Name: "Billing clerk", Permissions: []rbac.Permission{rbac.InvoiceRead, rbac.FirmRead, rbac.InvoiceRead}})
	if err != nil {
		t.Fatal(err)
	}
	if len(clerk.Permissions) != 2 || leaves(t, f, "role.made", string(clerk.ID)) != 1 {
		t.Errorf("%+v", clerk)
	}
	who := testkit.Actor(f.As(t, rbac.RoleTimekeeper))
	g, err := w.Grants.Give(admin, grant.Draft{Person: who, Role: clerk.Named(), Scope: authz.ScopeAll, Class: authz.C2, Label: authz.Confidential, Reason: "Covers for accounts"})
	if err != nil {
		t.Fatal(err)
	}
	if err := may(w, f, who, rbac.InvoiceRead); err != nil {
		t.Errorf("what the role includes: %v", err)
	}
	if err := may(w, f, who, rbac.PayorEdit); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("what it does not: %v", err)
	}
	if list, err := w.Grants.Grants(admin, false); err != nil || !names(list, g.ID, "Billing clerk") {
		t.Errorf("the access list does not name it: %+v, %v", list, err)
	}
	x, err := w.Grants.Explain(admin, who, rbac.InvoiceRead, "")
	if err != nil || !x.Allowed || !slices.ContainsFunc(x.Grants, func(e authz.Explained) bool {
		return e.ID == g.ID && e.Verdict == authz.VerdictGives && e.Line == "p, "+string(clerk.Named())+", invoice, read" && e.Named == "Billing clerk"
	}) {
		t.Errorf("explained as %+v, %v", x, err)
	}
	edited, err := w.Grants.EditRole(admin, clerk.ID, clerk.Version, grant.RoleDraft{Name: "Accounts", Permissions: []rbac.Permission{rbac.FirmRead, rbac.PaymentRead}})
	if err != nil || edited.Holders != 1 || edited.Version != 2 || leaves(t, f, "role.edited", string(clerk.ID)) != 1 {
		t.Errorf("%+v, %v", edited, err)
	}
	if a, b := may(w, f, who, rbac.InvoiceRead), may(w, f, who, rbac.PaymentRead); !errors.Is(a, authz.ErrForbidden) || b != nil {
		t.Errorf("after the change: %v, %v", a, b)
	}
	if _, err := w.Grants.EditRole(admin, clerk.ID, 1, grant.RoleDraft{Name: "Accounts", Permissions: []rbac.Permission{rbac.FirmRead}}); !errors.Is(err, grant.ErrRoleStale) {
		t.Errorf("an old version: %v", err)
	}
	if err := w.Grants.CloseRole(admin, clerk.ID); !errors.Is(err, grant.ErrRoleHeld) {
		t.Errorf("closed while held: %v", err)
	}
	if err := w.Grants.EndGrant(admin, g.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.CloseRole(admin, clerk.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Grants.Give(admin, grant.Draft{Person: who, Role: clerk.Named(), Scope: authz.ScopeAll, Class: authz.C2, Reason: "again"}); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("given when closed: %v", err)
	}
	if _, err := w.Grants.MakeRole(admin, grant.RoleDraft{Name: "accounts", Permissions: []rbac.Permission{rbac.FirmRead}}); err != nil {
		t.Errorf("the name of a closed role: %v", err)
	}
}

func names(list []grant.Grant, id ident.GrantID, name string) bool {
	for _, g := range list {
		if g.ID == id {
			return g.RoleSays() == name
		}
	}
	return false
}

func TestARoleForTheBureausPeople(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	r, err := w.Grants.MakeRole(admin, grant.RoleDraft{Staff: true, Name: "Cash only", Permissions: []rbac.Permission{rbac.FirmRead, rbac.PaymentRead, rbac.PaymentPost}})
	if err != nil {
		t.Fatal(err)
	}
	who := staffMember(t, w)
	d := letIn(who, 30)
	d.Role = r.Named()
	if _, err := w.Grants.Give(admin, d); err != nil {
		t.Fatal(err)
	}
	if a, b := may(w, f, who, rbac.PaymentPost), may(w, f, who, rbac.PrebillBuild); a != nil || !errors.Is(b, authz.ErrForbidden) {
		t.Errorf("%v, %v", a, b)
	}
	long := letIn(who, 200)
	long.Role = r.Named()
	if _, err := w.Grants.Give(admin, long); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("200 days: %v", err)
	}
	own := grant.Draft{Person: testkit.Actor(f.As(t, rbac.RolePartner)), Role: r.Named(), Scope: authz.ScopeAll, Class: authz.C2, Until: at(testkit.Now.Add(time.Hour)), Reason: "x"}
	if _, err := w.Grants.Give(admin, own); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("to one of the firm's own: %v", err)
	}
	own.Role = rbac.Custom(false, string(r.ID))
	if _, err := w.Grants.Give(admin, own); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("named for the other side: %v", err)
	}
}

func TestRoleRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin, theirs := f.As(t, rbac.RoleFirmAdmin), other.As(t, rbac.RoleFirmAdmin)
	fine := grant.RoleDraft{Name: "Reader", Permissions: []rbac.Permission{rbac.FirmRead}}
	foreign, err := w.Grants.MakeRole(theirs, fine)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := w.Grants.MakeRole(admin, fine)
	if err != nil {
		t.Fatalf("the same name in another firm: %v", err)
	}
	with := func(change func(*grant.RoleDraft)) grant.RoleDraft {
		d := grant.RoleDraft{Name: "Another", Permissions: []rbac.Permission{rbac.FirmRead}}
		change(&d)
		return d
	}
	for name, d := range map[string]grant.RoleDraft{
		"no name":             with(func(d *grant.RoleDraft) { d.Name = "" }),
		"no permission":       with(func(d *grant.RoleDraft) { d.Permissions = nil }),
		"an unknown one":      with(func(d *grant.RoleDraft) { d.Permissions = []rbac.Permission{"matter.destroy"} }),
		"giving access":       with(func(d *grant.RoleDraft) { d.Permissions = []rbac.Permission{rbac.GrantGive} }),
		"making roles":        with(func(d *grant.RoleDraft) { d.Permissions = []rbac.Permission{rbac.RoleEdit} }),
		"lifting walls":       with(func(d *grant.RoleDraft) { d.Permissions = []rbac.Permission{rbac.WallLift} }),
		"the bureau's work":   with(func(d *grant.RoleDraft) { d.Permissions = []rbac.Permission{rbac.PrebillBuild} }),
		"approving for staff": with(func(d *grant.RoleDraft) { d.Staff, d.Permissions = true, []rbac.Permission{rbac.PrebillApprove} }),
	} {
		if _, err := w.Grants.MakeRole(admin, d); !errors.Is(err, people.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if d.Staff {
			continue // a role's side never changes
		}
		if _, err := w.Grants.EditRole(admin, mine.ID, 1, d); !errors.Is(err, people.ErrInvalid) {
			t.Errorf("%s, edited: %v", name, err)
		}
	}
	if _, err := w.Grants.MakeRole(admin, grant.RoleDraft{Name: "READER", Permissions: fine.Permissions}); !errors.Is(err, grant.ErrRoleName) {
		t.Errorf("a name that is taken: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM custom_role WHERE firm_id = ?`, f.ID); n != 1 {
		t.Errorf("the refusals left %d roles", n)
	}
	for name, err := range map[string]error{
		"another firm's role, read":   second(w.Grants.Role(admin, foreign.ID)),
		"another firm's role, edited": second(w.Grants.EditRole(admin, foreign.ID, 1, fine)),
		"another firm's role, closed": w.Grants.CloseRole(admin, foreign.ID),
		"in another firm":             second(w.Grants.Roles(other.Acting(testkit.Actor(admin)))),
	} {
		if !errors.Is(err, people.ErrNotFound) && !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	who := testkit.Actor(f.As(t, rbac.RolePartner))
	if _, err := w.Grants.Give(admin, grant.Draft{Person: who, Role: foreign.Named(), Scope: authz.ScopeAll, Class: authz.C2, Reason: "x"}); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("another firm's role, given: %v", err)
	}
	for name, ctx := range map[string]error{
		"a partner makes one":        second(w.Grants.MakeRole(f.As(t, rbac.RolePartner), fine)),
		"the bureau makes one":       second(w.Grants.MakeRole(f.As(t, rbac.RoleSpecialist), fine)),
		"an administrator of a part": second(w.Grants.MakeRole(f.As(t, rbac.RoleFirmAdmin, testkit.OnPractices("Tax")), fine)),
	} {
		if !errors.Is(ctx, authz.ErrForbidden) {
			t.Errorf("%s: %v", name, ctx)
		}
	}
	// Whoever holds a role does not widen it, administrator or not.
	holder := f.As(t, rbac.RoleFirmAdmin)
	f.Grant(t, testkit.Actor(holder), mine.Named())
	if _, err := w.Grants.EditRole(holder, mine.ID, 1, grant.RoleDraft{Name: "Reader", Permissions: []rbac.Permission{rbac.FirmRead, rbac.PrebillApprove}}); !errors.Is(err, grant.ErrRoleOwn) {
		t.Errorf("one's own role: %v", err)
	}
	// The database does not take another firm's role, nor one for the other side.
	for name, role := range map[string]rbac.Role{"another firm's": foreign.Named(), "the other side's": rbac.Custom(true, string(mine.ID))} {
		err := w.DB.InFirm(f.Machine(), func(tx *db.Tx) error {
			return tx.Exec(`INSERT INTO access_grant (firm_id, id, person_id, role, from_at, until_at, reason, created_at) VALUES (?, gen_random_uuid(), ?, ?, ?, ?, 'x', ?)`,
				f.ID, testkit.Person(t, w.DB, "x"), role, tx.Now, tx.Now.Add(time.Hour), tx.Now).Error
		})
		if err == nil {
			t.Errorf("%s role went in", name)
		}
	}
}

// What a firm gives is told whole: each role with exactly what the policy allows it.
func TestGivenRolesAreThePolicys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[rbac.Role]bool{}
	for _, g := range w.Grants.GivenRoles() {
		seen[g.Role] = true
		for _, p := range rbac.All() {
			if slices.Contains(g.Permissions, p) != policy.Allows(g.Role, p) {
				t.Errorf("%s of %s", p, g.Role)
			}
		}
	}
	if !seen[rbac.RoleSpecialist] || !seen[rbac.RolePartner] || seen[rbac.RoleBureauAdmin] {
		t.Errorf("roles %v", seen)
	}
}
