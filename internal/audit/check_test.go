package audit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func guardOver(t *testing.T, d *db.DB) *authz.Guard {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return authz.NewGuard(d, policy)
}

func TestTheCheckIsOfTheTreeAsItStands(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	if c, err := h.svc.Checked(admin); err != nil || !c.At.IsZero() || c.Passed(audit.CheckLeaves) {
		t.Errorf("before any check: %+v, %v", c, err)
	}
	if _, err := h.svc.CheckNow(admin); !errors.Is(err, audit.ErrUnsealed) {
		t.Errorf("nothing sealed: %v", err)
	}
	for range 5 {
		record(t, h.d, admin, audit.Entry{Action: "client.edited", Object: "client", ID: "a", Class: audit.C2})
	}
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.CheckNow(f.As(t, rbac.RolePartner)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
	c, err := h.svc.CheckNow(admin)
	if err != nil || !c.OK || c.Leaves != 5 || !c.Passed(audit.CheckSignatures) || !c.Passed(audit.CheckGaps) {
		t.Fatalf("%+v, %v", c, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'audit.checked'`, f.ID); n != 1 {
		t.Errorf("%d leaves of the check", n)
	}
	testkit.AdminExec(t, h.d, `DO $$ BEGIN SET LOCAL session_replication_role = replica; UPDATE audit_leaf SET action = 'client.deleted' WHERE firm_id = '`+string(f.ID)+`' AND seq = 2; END $$`)
	h.clock.Advance(25 * time.Hour)
	worker := audit.NewService(h.w, guardOver(t, h.w), nil, h.key.Public())
	if _, err := worker.Sweep(t.Context()); err == nil {
		t.Error("the daily check finds nothing")
	}
	c, err = h.svc.Checked(admin)
	if err != nil || c.OK || c.Passed(audit.CheckLeaves) || !c.Passed(audit.CheckSignatures) || len(c.Problems) == 0 {
		t.Errorf("after an edit in the database: %+v, %v", c, err)
	}
}
