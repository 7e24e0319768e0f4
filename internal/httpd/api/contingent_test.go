package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestContingentFeesOverTheAPI agrees on shares, is refused a bill before the signing, signs,
// records and confirms what came in, and reads the statement of the bill; with what is wrong by
// its field, another firm, and who may not.
func TestContingentFeesOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(s.d, policy)
	bills := prebill.New(s.d, guard)
	blobs := blob.New(s.d, blob.NewMemory(s.d.Clock()), dataKeys(t))
	api.Prebills(s.Server, bills)
	api.Contingents(s.Server, contingent.New(contingent.Parts{DB: s.d, Guard: guard, Blobs: blobs, Agreed: arrangement.New(s.d, guard), Inspect: receipt.New(s.d, guard, blobs, bills).Inspect}))
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	partner, _ := s.as(t, f, rbac.RolePartner)
	specialist, _ := s.as(t, f, rbac.RoleSpecialist)
	auditor, _ := s.as(t, f, rbac.RoleQualityAuditor)
	stranger, _ := s.as(t, other, rbac.RolePartner)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-11", "E115", 10_000, 3_000_000)
	const terms = `{"kind":"contingency","currency":"USD","contingency":{"shares":[{"stage":"trial","share":400000}],"net_of_costs":true}}`
	agreed := func(terms string) map[string]any {
		return map[string]any{"matter_id": string(m.ID), "from": "2026-01-01", "terms": raw(terms)}
	}
	partner.send("POST", at(f, "/arrangements"), agreed(`{"kind":"contingency","currency":"USD","contingency":{"shares":[{"stage":"trial","share":400000}],"net_of_costs":true,"signed_on":"2026-01-05T00:00:00Z"}}`)).want(t, 422, `"path":"terms.contingency.signed_on"`)
	partner.send("POST", at(f, "/arrangements"), map[string]any{"client_id": string(m.Client), "from": "2026-01-01", "terms": raw(terms)}).want(t, 422, "signed for one matter")
	of := partner.send("POST", at(f, "/arrangements"), agreed(terms)).want(t, 201, `"net_of_costs":true`).field(t, "id")
	build := map[string]any{"matter_id": string(m.ID), "through_on": "2026-02-28"}
	specialist.send("POST", at(f, "/prebills"), build).want(t, 409, "arrangement_unsigned", "needs its signed writing")
	f.Sign(t, ident.ArrangementID(of))
	partner.get(at(f, "/arrangements/"+of)).want(t, 200, `"signed_on":"2026-01-05"`)
	specialist.get(at(f, "/arrangements/"+of+"/writings")).want(t, 200, "agreement.pdf")
	specialist.send("POST", at(f, "/arrangements/"+of+"/writing/remove"), map[string]string{"reason": "of another"}).want(t, 403)
	stranger.get(at(other, "/arrangements/"+of+"/writings")).want(t, 404)
	came := func(stage string, minor int) map[string]any {
		return map[string]any{"stage": stage, "amount_minor": minor, "received_on": "2026-02-20", "source": "The insurer, by wire"}
	}
	list := at(f, "/matters/"+string(m.ID)+"/recoveries")
	specialist.send("POST", list, came("settlement", 0)).want(t, 422, `"path":"stage"`, `"path":"amount_minor"`)
	auditor.send("POST", list, came("trial", 1_000_000)).want(t, 403)
	stranger.send("POST", at(other, "/matters/"+string(m.ID)+"/recoveries"), came("trial", 1_000_000)).want(t, 404)
	id := specialist.send("POST", list, came("trial", 900_000)).want(t, 201, `"state":"recorded"`).field(t, "id")
	single := at(f, "/matter-recoveries/"+id)
	correction := came("trial", 1_000_000)
	correction["reason"] = "interest came with it"
	specialist.send("POST", single+"/correct", correction, "If-Match", `"1"`).want(t, 200, `"version":2`, "interest came with it")
	specialist.send("POST", single+"/correct", correction, "If-Match", `"1"`).want(t, 412)
	specialist.send("POST", single+"/confirm", nil, "If-Match", `"2"`).want(t, 403)
	partner.send("POST", single+"/confirm", nil, "If-Match", `"2"`).want(t, 200, `"state":"confirmed"`)
	partner.get(single).want(t, 200, `"expected":{"fee":{"amount_minor":388000,"currency":"USD"},"client":{"amount_minor":582000,"currency":"USD"}}`)
	auditor.get(list).want(t, 200, id)
	stranger.get(at(other, "/matter-recoveries/"+id)).want(t, 404)
	specialist.get(at(f, "/prebills/ready")).want(t, 200, `"recovered":{"amount_minor":1000000`)
	bill := specialist.send("POST", at(f, "/prebills"), build).want(t, 201).field(t, "id")
	partner.get(at(f, "/prebills/"+bill)).want(t, 200, `"closing":{`, `"gross":{"amount_minor":1000000`, `"fee":{"amount_minor":388000`, `"client":{"amount_minor":582000`, `"code":"RECOVERY-1"`, `"what":"contingent fee"`)
	specialist.send("POST", single+"/withdraw", map[string]string{"reason": "it was recalled"}, "If-Match", `"2"`).want(t, 200, `"state":"withdrawn"`)
}
