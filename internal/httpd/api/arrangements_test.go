package api_test

import (
	"encoding/json"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestArrangementsOverTheAPI agrees, ends and withdraws a version, and refuses what is
// wrong by its field, another firm's matter, and who may only read.
func TestArrangementsOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	partner, _ := s.as(t, f, rbac.RolePartner)
	specialist, _ := s.as(t, f, rbac.RoleSpecialist)
	m, theirs := f.Matter(t), other.Matter(t)
	body := func(matter, terms string) map[string]any {
		return map[string]any{"matter_id": matter, "from": "2026-02-01", "terms": raw(terms)}
	}
	const blended = `{"kind":"blended","currency":"USD","blended":{"rate":3000000}}`
	made := partner.send("POST", at(f, "/arrangements"), body(string(m.ID), blended)).want(t, 201, `"kind":"blended"`, `"number":1`, `"rate":3000000`)
	single := at(f, "/arrangements/"+made.field(t, "id"))
	specialist.get(at(f, "/arrangements")).want(t, 200, made.field(t, "id"))
	specialist.get(single).want(t, 200, `"from":"2026-02-01"`)
	specialist.send("POST", at(f, "/arrangements"), body(string(m.ID), blended)).want(t, 403)
	specialist.send("POST", single+"/withdraw", nil).want(t, 403)
	partner.send("POST", at(f, "/arrangements"), body(string(m.ID), blended)).want(t, 409, "arrangement_same_day")
	partner.send("POST", at(f, "/arrangements"), body(string(theirs.ID), blended)).want(t, 404)
	partner.get(at(other, "/arrangements/"+made.field(t, "id"))).want(t, 404)
	partner.send("POST", at(f, "/arrangements"), body(string(m.ID), `{"kind":"blended","currency":"EUR","discount":{"rate":100000,"prompt_days":10,"by_line":true}}`)).
		want(t, 422, `"path":"terms.blended"`, `"path":"terms.currency"`, `"path":"terms.discount.prompt_days"`)
	partner.send("POST", at(f, "/arrangements"), body(string(m.ID), `{"kind":"hourly","currency":"USD","rabatt":1}`)).want(t, 422, `"path":"terms.rabatt"`, "rabatt")
	partner.send("POST", at(f, "/arrangements"), map[string]any{"from": "2026-02-01", "terms": raw(blended)}).want(t, 422, `"path":"place"`)
	const monthly = `{"kind":"retainer_general","currency":"USD","general":{"per":"month","amount_minor":250000}}`
	partner.send("POST", at(f, "/arrangements"), map[string]any{"client_id": string(m.Client), "from": "2026-02-01", "terms": raw(monthly)}).want(t, 422, "arrangement_of_matter", "choose the matter")
	partner.send("POST", at(f, "/arrangements"), map[string]any{"matter_id": string(f.Matter(t).ID), "from": "2026-02-01", "terms": raw(monthly)}).want(t, 201, `"per":"month"`)
	partner.send("POST", single+"/end", map[string]string{"until": "2026-02-01"}).want(t, 422, `"path":"until"`)
	partner.send("POST", single+"/end", map[string]string{"until": "2026-04-01"}).want(t, 200, `"until":"2026-04-01"`)
	partner.send("POST", single+"/end", map[string]string{"until": "2026-05-01"}).want(t, 409, "arrangement_over")
	partner.send("POST", single+"/withdraw", nil).want(t, 200, "withdrawn_at")
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }
