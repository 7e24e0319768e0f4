package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestExchangeRatesOverTheAPI enters a rate, corrects it and lays down where it is used; with what
// is wrong by its field, another firm, and who may not.
func TestExchangeRatesOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(s.d, policy)
	api.Exchanges(s.Server, exchange.NewService(s.d, guard), capture.New(s.d, guard))
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	specialist, _ := s.as(t, f, rbac.RoleSpecialist)
	stranger, _ := s.as(t, other, rbac.RoleFirmAdmin)
	rate := func(day, e8 string) map[string]any {
		return map[string]any{"from_currency": "EUR", "to_currency": "USD", "day": day, "rate": e8, "source": "ECB reference rates"}
	}
	list := at(f, "/exchange-rates")
	admin.send("POST", list, rate("2026-02-03", "1.084500001")).want(t, 422, `"path":"rate"`)
	admin.send("POST", list, rate("3 February", "1.0845")).want(t, 422, `"path":"day"`)
	specialist.send("POST", list, rate("2026-02-03", "1.0845")).want(t, 403)
	id := admin.send("POST", list, rate("2026-02-03", "1.0845")).want(t, 201, `"rate":"1.08450000"`, `"table_version":1`).field(t, "id")
	admin.send("POST", list, rate("2026-02-03", "1.0845")).want(t, 409, "exchange_same")
	admin.send("POST", list, rate("2026-02-04", "10.845")).want(t, 422, "exchange_far")
	admin.send("POST", list, rate("2026-02-03", "1.0846")).want(t, 201, `"n":2`)
	specialist.get(list+"/"+id).want(t, 200, `"rate":"1.08460000"`, `"rate":"1.08450000"`, `"corrected":true`)
	stranger.get(at(other, "/exchange-rates/"+id)).want(t, 404)
	specialist.get(list+"?from_currency=EUR&from=2026-02-03&to=2026-02-03").want(t, 200, `"rate":"1.08460000"`)
	specialist.get(list+"?to_currency=JPY").want(t, 200, `"items":[]`)
	m := f.Matter(t)
	settings := at(f, "/exchange-settings")
	admin.send("POST", settings, map[string]any{"basis": "invoice_date"}).want(t, 422, `"path":"basis"`)
	admin.send("POST", settings, map[string]any{"matter_id": string(m.ID), "basis": "work_date"}).want(t, 200, `"basis":"work_date"`, string(m.ID))
	specialist.send("POST", settings, map[string]any{"basis": "none"}).want(t, 403)
	stranger.send("POST", at(other, "/exchange-settings"), map[string]any{"matter_id": string(m.ID), "basis": "none"}).want(t, 404)
	specialist.get(settings).want(t, 200, string(m.ID))
	admin.get(list+"/template").want(t, 200, "day,from,to,rate")
}
