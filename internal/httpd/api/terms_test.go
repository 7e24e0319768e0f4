package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestUnitsAndHeldFeesOverTheAPI: units of a price list with their number, and fees held
// back with what is decided about them.
func TestUnitsAndHeldFeesOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	bills := prebill.New(s.d, authz.NewGuard(s.d, policy))
	api.Prebills(s.Server, bills)
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	partner, _ := s.as(t, f, rbac.RolePartner)
	specialist, _ := s.as(t, f, rbac.RoleSpecialist)
	m, theirs := f.Matter(t), other.Matter(t)
	of := f.Arrange(t, m, "2026-01-01", `"kind":"task_based","tasks":{"prices":[{"code":"L340","price":5000000}],"others_hourly":true},"discount":{"rate":20000,"prompt_days":10},"holdback":{"share":100000,"condition":"the appeal is decided"}`)
	f.Work(t, m, f.Timekeeper(t, "TK1", "ASSOC", 4_000_000), "2026-02-09", 20_000, 4_000_000)
	made := specialist.send("POST", at(f, "/prebills"), map[string]any{"matter_id": string(m.ID), "through_on": "2026-02-28"}).want(t, 201)
	bill := at(f, "/prebills/"+made.field(t, "id"))
	put := func(version, quantity string) response {
		return specialist.send("POST", bill+"/prices/put", map[string]any{"arrangement_id": string(of), "code": "L340", "quantity": quantity}, "If-Match", version)
	}
	put(`"1"`, "many").want(t, 422, `"path":"quantity"`)
	put(`"1"`, "").want(t, 422, `"path":"quantity"`)
	put(`"1"`, "0").want(t, 422, `"path":"quantity"`)
	put(`"1"`, "2.5").want(t, 200)
	specialist.get(bill).want(t, 200, `"quantity":"2.5"`, `"unit_price":"500.0"`, `"put_by":`, `"held_back":{"amount_minor":20500,`, `"prompt":{"days":10,`, `"what":"holdback"`)
	specialist.send("POST", bill+"/prices/take", map[string]any{"arrangement_id": string(of), "code": "L340", "quantity": "1"}, "If-Match", `"2"`).want(t, 422, `"path":"quantity"`)

	held := at(f, "/matters/"+string(m.ID)+"/held")
	specialist.get(held).want(t, 200, `"until":"the appeal is decided"`, `"counts":false`, `"left":{"amount_minor":0,`)
	release := map[string]any{"kind": "release", "reason": "the appeal was won"}
	partner.send("POST", held, release).want(t, 409, "held_too_much")
	partner.send("POST", held, map[string]any{"kind": "release", "reason": "no"}).want(t, 422, `"path":"reason"`)
	specialist.send("POST", held, release).want(t, 403)
	partner.get(at(f, "/matters/"+string(theirs.ID)+"/held")).want(t, 404)
	partner.send("POST", at(f, "/matters/"+string(theirs.ID)+"/held"), release).want(t, 404)
}
