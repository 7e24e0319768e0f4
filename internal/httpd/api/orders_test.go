package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestPurchaseOrdersOverTheAPI enters an order, has it allow less and then without a limit, and
// closes it; with what is wrong by its field, a stale version, another firm, and who may not.
func TestPurchaseOrdersOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	api.Orders(s.Server, purchase.NewService(s.d, authz.NewGuard(s.d, policy)))
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	partner, _ := s.as(t, f, rbac.RolePartner)
	stranger, _ := s.as(t, other, rbac.RoleFirmAdmin)
	m := f.Matter(t)
	order := func(number, from string, minor int) map[string]any {
		return map[string]any{"payor_id": string(m.Payor), "matter_id": string(m.ID), "number": number, "currency": "USD", "from": from, "amount_minor": minor, "reference": "their letter"}
	}
	list := at(f, "/purchase-orders")
	admin.send("POST", list, order("", "2026-01-01", -1)).want(t, 422, `"path":"number"`, `"path":"amount_minor"`)
	admin.send("POST", list, order("4500", "1 January", 1)).want(t, 422, `"path":"from"`)
	partner.send("POST", list, order("4500", "2026-01-01", 1)).want(t, 403)
	stranger.send("POST", at(other, "/purchase-orders"), order("4500", "2026-01-01", 1)).want(t, 404)
	id := admin.send("POST", list, order("4500", "2026-01-01", 90_000)).want(t, 201, `"amount":{"amount_minor":90000`, `"drawn":{"amount_minor":0`, "their letter").field(t, "id")
	admin.send("POST", list, order("4500", "2026-01-01", 90_000)).want(t, 409, "order_number_taken")
	one := list + "/" + id
	partner.get(one).want(t, 200, `"number":"4500"`)
	stranger.get(at(other, "/purchase-orders/"+id)).want(t, 404)
	admin.send("PUT", one, map[string]any{"amount_minor": 50_000, "until": "2025-12-31"}, "If-Match", `"1"`).want(t, 422, `"path":"until"`)
	admin.send("PUT", one, map[string]any{"amount_minor": 50_000, "until": "2026-12-31", "reference": "their mail"}, "If-Match", `"1"`).want(t, 200, `"until":"2026-12-31"`, "their mail", "their letter")
	admin.send("PUT", one, map[string]any{}, "If-Match", `"1"`).want(t, 412)
	partner.send("POST", one+"/close", nil, "If-Match", `"2"`).want(t, 403)
	admin.send("POST", one+"/close", nil, "If-Match", `"2"`).want(t, 200, `"closed_at"`)
	admin.send("POST", one+"/close", nil, "If-Match", `"3"`).want(t, 409, "order_closed")
	admin.get(list+"?open=true").want(t, 200, `"items":[]`)
	admin.get(list+"?payor_id="+string(m.Payor)).want(t, 200, id)
}
