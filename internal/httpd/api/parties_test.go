package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestAMattersPartiesOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f := testkit.Firm(t, s.d)
	m := f.Matter(t)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	body := map[string]any{"client_id": string(m.Client), "payor_id": string(m.Payor), "number": "N-1", "name": "Carriage", "label": "standard", "currency": "USD", "opened_on": "2026-01-01",
		"adverse_parties": []string{" Cobalt Rail Ltd ", "COBALT RAIL LTD", "Cobalt Rail GmbH", "Arden Freight", ""}, "related_parties": []string{"Pelham Holdings"}}
	admin.send("POST", at(f, "/matters"), body).want(t, 201, `"adverse_parties":["Arden Freight","Cobalt Rail GmbH","Cobalt Rail Ltd"]`, `"related_parties":["Pelham Holdings"]`)
	admin.get(at(f, "/matters")).want(t, 200, `"adverse_parties":["Arden Freight","Cobalt Rail GmbH","Cobalt Rail Ltd"]`)
	body["number"], body["adverse_parties"] = "N-2", []string{"—"}
	admin.send("POST", at(f, "/matters"), body).want(t, 422, "adverse_parties")
}
