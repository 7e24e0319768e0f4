package rbac

import (
	"slices"
	"testing"
)

// What a firm puts together itself reaches nothing that makes an administrator, and
// nobody prepares and approves.
func TestT06_ARoleOfAFirmsOwnIsBound(t *testing.T) {
	t.Parallel()
	p := mustLoad(t)
	for _, staff := range []bool{false, true} {
		for _, perm := range []Permission{GrantGive, GrantEnd, GrantConfirm, BreakGlassAsk, WallRead, WallRaise, WallLift, PersonInvite, PersonDisable, SessionEnd, TokenCreate, TokenEnd, RoleRead, RoleEdit, FirmEdit, FirmBank, FirmCreate, InvoiceIssue, SLASweep, "", "*.*"} {
			if p.Givable(staff, perm) {
				t.Errorf("a firm's own role (staff %t) may include %q", staff, perm)
			}
		}
		if len(p.GivableTo(staff)) < 10 {
			t.Errorf("staff %t: only %v", staff, p.GivableTo(staff))
		}
		if p.Givable(staff, PrebillApprove) && (p.Givable(staff, PrebillBuild) || p.Givable(staff, PrebillSubmit)) {
			t.Errorf("staff %t: one role may prepare and approve", staff)
		}
	}
	own, staff := Custom(false, "x"), Custom(true, "x")
	if own.OfBureau() || !staff.OfBureau() || own.CustomID() != "x" || !p.MayGrant(RoleFirmAdmin, staff) || !p.NeedsFactor(own) {
		t.Error("a firm's own role is not what its name says")
	}
	for _, giver := range Roles() {
		if giver != RoleFirmAdmin && p.MayGrant(giver, own) {
			t.Errorf("%s gives a firm's own role", giver)
		}
	}
	if RolePartner.IsCustom() || p.Allows(own, FirmRead) || slices.Contains(Roles(), own) {
		t.Error("the policy file knows a firm's own role")
	}
	line, err := p.ExplainCustom(own, []string{string(InvoiceRead), string(GrantGive)}, InvoiceRead)
	if err != nil || line != "p, own:x, invoice, read" {
		t.Errorf("%q, %v", line, err)
	}
	if line, err := p.ExplainCustom(own, []string{string(GrantGive)}, GrantGive); err != nil || line != "" {
		t.Errorf("what no row may give: %q, %v", line, err)
	}
}
