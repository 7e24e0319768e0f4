package purchase_test

import (
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestT03_AnOrderIsNotProbed: who is not shown what draws on an order for all matters does not
// change it: a refusal would tell what a matter that is hidden from them was billed. Nor do they
// close it.
func TestT03_AnOrderIsNotProbed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o := h.made(t, h.order())
	low := h.f.As(t, rbac.RoleFirmAdmin, testkit.UpToLabel(0))
	v, err := h.svc.Get(low, o.ID)
	if err != nil || v.Whole {
		t.Fatalf("%+v, %v", v, err)
	}
	_, err = h.svc.Change(low, o.ID, o.Version, purchase.Allowance{AmountMinor: 1})
	wants(t, "changed unseen", err, authz.ErrForbidden)
	_, err = h.svc.Close(low, o.ID, o.Version)
	wants(t, "closed unseen", err, authz.ErrForbidden)
}
