package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// rates sends a file of rates.
func (b *browser) rates(path, file string) response {
	b.t.Helper()
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"rates.csv\"\r\nContent-Type: text/csv\r\n\r\n" + file + "\r\n--x--\r\n"
	return b.send("POST", path, body, "Content-Type", "multipart/form-data; boundary=x")
}

// TestRepricingOverTheAPI enters a rate card, previews a run, is told what moved, and carries
// out another: by who may, in their own firm.
func TestRepricingOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	f, other := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	admin, _ := s.as(t, f, rbac.RoleFirmAdmin)
	specialist, _ := s.as(t, f, rbac.RoleSpecialist)
	stranger, _ := s.as(t, other, rbac.RoleFirmAdmin)
	m, k := f.Matter(t), f.Timekeeper(t, "RV", "PARTNR", 4_000_000)
	f.Work(t, m, k, "2026-02-09", 20_000, 4_000_000)

	admin.get(at(f, "/rates/template")).want(t, 200, "matter,client,client_group,office,practice_group,timekeeper,timekeeper_class,task_code,activity_code,rate,currency,from,until,reason")
	card := "matter,rate,from\n" + m.Number + ",350,2026-01-01\n"
	specialist.rates(at(f, "/rates/imports"), card).want(t, 403)
	stranger.rates(at(f, "/rates/imports"), card).want(t, 404)
	admin.rates(at(f, "/rates/imports?dry_run=true"), card).want(t, 201, `"dry_run":true`, `"level":5`, `"rate":"350.0"`)
	admin.rates(at(f, "/rates/imports"), "matter,rate,from\n"+m.Number+",350,2026-13-01\n").want(t, 422, "rates_refused", `"line":2`, `"path":"from"`, "FLD-01", "write the date as 2026-06-30")
	admin.rates(at(f, "/rates/imports"), card).want(t, 201, `"dry_run":false`, `"refused":0`)
	admin.rates(at(f, "/rates/imports"), card).want(t, 422, "a rate of the register already says 350.00 USD")

	sel := map[string]any{"matter_ids": []string{string(m.ID)}}
	specialist.send("POST", at(f, "/repricings"), sel).want(t, 403)
	stranger.send("POST", at(f, "/repricings"), sel).want(t, 404)
	admin.send("POST", at(f, "/repricings"), map[string]any{}).want(t, 422, `"path":"matter_ids"`, "choose matters or a client")
	run := admin.send("POST", at(f, "/repricings"), sel).want(t, 201, `"status":"previewed"`, `"examined":1`)
	single := at(f, "/repricings/"+run.field(t, "id"))
	act := func(r response) map[string]string {
		return map[string]string{"hash": r.field(t, "hash"), "reason": "New terms"}
	}
	specialist.get(single).want(t, 200, `"outcome":"changed"`, `"before":{"amount_minor":80000,"currency":"USD"}`, `"difference":{"amount_minor":-10000,"currency":"USD"}`, `"rate_level":5`)
	stranger.get(single).want(t, 404)
	stranger.get(single+"/lines").want(t, 404)
	admin.get(single+"/lines?outcome=changed&rate_level=5").want(t, 200, `"worked_on":"2026-02-09"`, `"rate_source":"this matter's flat rate"`, `"bills_before":{"amount_minor":80000,"currency":"USD"}`, `"bills_after":{"amount_minor":70000,"currency":"USD"}`)
	admin.get(single+"/lines?outcome=given").want(t, 200, `"items":[]`)
	admin.send("POST", single+"/carry-out", map[string]string{"hash": run.field(t, "hash"), "reason": ""}).want(t, 422, `"path":"reason"`)
	f.Work(t, m, k, "2026-02-10", 10_000, 4_000_000)
	admin.send("POST", single+"/carry-out", act(run)).want(t, 409, "repricing_moved", "was not in the preview")
	run = admin.send("POST", at(f, "/repricings"), sel).want(t, 201, `"examined":2`)
	single = at(f, "/repricings/"+run.field(t, "id"))
	specialist.send("POST", single+"/carry-out", act(run)).want(t, 403)
	admin.send("POST", single+"/carry-out", act(run)).want(t, 200, `"status":"done"`, `"reason":"New terms"`)
	admin.send("POST", single+"/carry-out", act(run)).want(t, 200, `"status":"done"`)
	admin.get(at(f, "/repricings")).want(t, 200, run.field(t, "id"), "New terms")
	if n := f.Count(t, `SELECT sum(amount_minor)::bigint FROM entry WHERE firm_id = ?`, f.ID); n != 105_000 {
		t.Errorf("the work is worth %d", n)
	}
}
