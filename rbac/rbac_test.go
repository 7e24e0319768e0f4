package rbac

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file")

func TestRoleMatrixIsTheReviewedOne(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	var b strings.Builder
	for _, role := range Roles() {
		fmt.Fprintf(&b, "%s\n", role)
		for _, perm := range All() {
			if p.Allows(role, perm) {
				fmt.Fprintf(&b, "  %-20s C%d\n", perm, perm.Class())
			}
		}
	}
	const file = "testdata/matrix.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the policy gives another matrix than %s; read the difference and run with -update:\n%s", file, b.String())
	}
}

func TestEveryPermissionIsGivenToSomeRole(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	for _, perm := range All() {
		given := false
		for _, role := range Roles() {
			given = given || p.Allows(role, perm)
		}
		if !given {
			t.Errorf("%s is in no line of the policy", perm)
		}
		if c := perm.Class(); c < 1 || c > 3 {
			t.Errorf("%s has class %d", perm, c)
		}
	}
}

func TestNobodyApprovesWhatTheyPrepare(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	for _, role := range Roles() {
		if p.Allows(role, PrebillApprove) && (p.Allows(role, PrebillBuild) || p.Allows(role, PrebillSubmit)) {
			t.Errorf("%s prepares and approves pre-bills", role)
		}
		if p.Allows(role, TrustPost) && (p.Allows(role, TrustApprove) || p.Allows(role, TrustSign)) {
			t.Errorf("%s moves client money and gives the firm's word on it", role)
		}
		if role.OfBureau() && (p.Allows(role, PrebillApprove) || p.Allows(role, ExportApprove) || p.Allows(role, RateEdit) || p.Allows(role, RateReprice) || p.Allows(role, TrustApprove) || p.Allows(role, TrustSign)) {
			t.Errorf("%s of the bureau decides for the firm", role)
		}
		if role != RoleMachine && (p.Allows(role, InvoiceIssue) || p.Allows(role, SLASweep)) {
			t.Errorf("%s does what only machinery may", role)
		}
	}
}

// Break-glass looks and does nothing else (SECURITY T34).
func TestT34_BreakGlassOnlyLooks(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	for _, perm := range All() {
		if p.Allows(RoleBreakGlass, perm) && (!strings.HasSuffix(string(perm), ".read") || slices.Contains([]Permission{GrantRead, WallRead, PersonRead, SessionRead, TokenRead, AuditRead, ExportRead, QueueRead, RunRead}, perm)) {
			t.Errorf("break-glass includes %s", perm)
		}
	}
	for _, giver := range Roles() {
		if p.MayGrant(giver, RoleBreakGlass) {
			t.Errorf("%s gives it without a second word", giver)
		}
	}
	if !p.NeedsFactor(RoleBreakGlass) || !BreakGlassAsk.StepsUp() || !BreakGlassOpen.StepsUp() {
		t.Error("it asks for no factor")
	}
}

func TestDeniesByDefault(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	for _, c := range []struct {
		role Role
		p    Permission
	}{
		{"owner", PrebillRead}, {"", PrebillRead}, {RolePartner, ""}, {RolePartner, "prebill"}, {RolePartner, "prebill.destroy"},
		{"*", PrebillRead}, {RolePartner, "*.*"}, {RoleBureauAdmin, EntryRead}, {RoleSpecialist, PrebillApprove},
	} {
		if p.Allows(c.role, c.p) {
			t.Errorf("%q may %q", c.role, c.p)
		}
	}
	for _, open := range []Permission{Public, SignedIn, PayorLink} {
		if Known(open) || p.Allows(RolePartner, open) {
			t.Errorf("%s is not for the policy to give", open)
		}
	}
}

func TestPolicyFileIsChecked(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]string{
		"unknown role":       "p, owner, prebill, read",
		"unknown permission": "p, partner, prebill, destroy",
		"short line":         "p, partner, prebill",
		"grouping line":      "g, alice, partner, firm",
		"twice":              "p, partner, prebill, read\np, partner, prebill, read",
	} {
		if _, err := load(policy); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func TestExplainNamesTheLine(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	if got := p.Explain(RolePartner, PrebillApprove); got != "p, partner, prebill, approve" {
		t.Errorf("got %q", got)
	}
	if got := p.Explain(RoleSpecialist, PrebillApprove); got != "" {
		t.Errorf("got %q for what is not given", got)
	}
}

func mustLoad(t *testing.T) *Policy {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
