//go:build faults

package app_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func attaching(t *testing.T, h *house) request {
	cost := h.firm.Cost(t, h.firm.Matter(t), h.day(t, 19), "E115", 10_000, 1_000_000, testkit.WithoutReceipt())
	return request{sid: h.signIn(t, h.firm, rbac.RoleSpecialist), path: h.at("/entries/%s/receipts", cost.ID), form: "multipart/form-data; boundary=x", status: 201,
		body: "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"slip.png\"\r\nContent-Type: image/png\r\n\r\n" + string(slip(t)) + "\r\n--x--\r\n"}
}

func sending(t *testing.T, h *house) request {
	id := h.issued(t)
	s := portal.Standard()
	p, err := h.s.Portals.Save(h.firm.As(t, rbac.RoleSpecialist), portal.Profile{Name: "Gate " + string(id)[24:], Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	h.firm.Exec(t, `UPDATE payor SET portal_id = ? WHERE firm_id = ? AND id = (SELECT payor_id FROM invoice WHERE firm_id = ? AND id = ?)`, p.ID, h.firm.ID, h.firm.ID, id)
	return request{sid: h.signIn(t, h.firm, rbac.RoleSpecialist), path: h.at("/invoices/%s/submissions", id), body: `{"anyway":true}`, status: 201}
}

// repricing carries out what the same person has previewed.
func repricing(t *testing.T, h *house) request {
	m, k := h.firm.Matter(t), h.timekeeper(t)
	h.firm.Work(t, m, k, h.day(t, 19), 20_000, 6_850_000)
	h.firm.Work(t, m, k, h.day(t, 12), 10_000, 6_850_000)
	_, err := h.s.Rates.Add(h.firm.As(t, rbac.RoleFirmAdmin), rate.Rate{MatterID: m.ID, TimekeeperID: k.ID, Rate: 5_000_000, Currency: "USD", From: h.firm.Day(t, 30), Reason: "agreed"})
	if err != nil {
		t.Fatal(err)
	}
	sid := h.signIn(t, h.firm, rbac.RoleFirmAdmin)
	rec := h.call("POST", "/api/v1"+h.at("/repricings"), sid, fmt.Sprintf(`{"matter_ids":[%q]}`, m.ID))
	var run struct{ ID, Hash string }
	if err := json.Unmarshal(rec.Body.Bytes(), &run); err != nil || rec.Code != 201 {
		t.Fatalf("preview: %d %s", rec.Code, rec.Body)
	}
	return request{sid: sid, path: h.at("/repricings/%s/carry-out", run.ID), body: fmt.Sprintf(`{"hash":%q,"reason":"agreed with the client"}`, run.Hash), status: 200}
}

// upholding takes half of a disputed line back, by a credit note over that part.
func upholding(t *testing.T, h *house) request {
	id := h.issued(t)
	d, err := h.s.Disputes.Open(h.firm.As(t, rbac.RoleSpecialist), id, dispute.Opening{Lines: []invoice.CreditLine{{No: 1}}, Code: "GUI-01", Words: "Why so long?", RaisedBy: "The client"})
	if err != nil {
		t.Fatal(err)
	}
	return request{sid: h.signIn(t, h.firm, rbac.RolePartner), path: h.at("/disputes/%s/resolve", d.ID), version: d.Version, status: 200,
		body: fmt.Sprintf(`{"lines":[{"line":1,"amount_minor":%d}],"words":"agreed by telephone","reason":"Half of it, as agreed."}`, d.Lines[0].NetMinor/2)}
}

// confirming is the second word on money that came in for a contingent fee.
func confirming(t *testing.T, h *house) request {
	m := h.firm.Matter(t)
	h.firm.Contingent(t, m, `"contingency":{"shares":[{"stage":"trial","share":400000}]}`)
	r, err := h.s.Contingent.Record(h.firm.As(t, rbac.RoleSpecialist), m.ID, contingent.Facts{Stage: "trial", Minor: 1_000_000, ReceivedOn: h.firm.Day(t, 1), Source: "their insurer, by wire"})
	if err != nil {
		t.Fatal(err)
	}
	return request{sid: h.signIn(t, h.firm, rbac.RolePartner), path: h.at("/matter-recoveries/%s/confirm", r.ID), version: 1, status: 200}
}

// moving transfers time and a cost with its receipt, off a draft, as previewed.
func moving(t *testing.T, h *house) request {
	from, to, k := h.firm.Matter(t), h.firm.Matter(t), h.timekeeper(t)
	e, cost := h.firm.Work(t, from, k, h.day(t, 19), 20_000, 6_850_000), h.firm.Cost(t, from, h.day(t, 18), "E115", 10_000, 1_000_000)
	if _, err := h.s.Prebills.Build(h.firm.As(t, rbac.RoleSpecialist), prebill.Order{Matter: from.ID, Through: h.firm.Day(t, 0)}); err != nil {
		t.Fatal(err)
	}
	sid := h.signIn(t, h.firm, rbac.RoleSpecialist)
	what := fmt.Sprintf(`"entry_ids":[%q,%q],"matter_id":%q`, e.ID, cost.ID, to.ID)
	rec := h.call("POST", "/api/v1"+h.at("/transfers/preview"), sid, "{"+what+"}")
	var seen struct{ Hash string }
	if err := json.Unmarshal(rec.Body.Bytes(), &seen); err != nil || rec.Code != 200 {
		t.Fatalf("preview: %d %s", rec.Code, rec.Body)
	}
	return request{sid: sid, path: h.at("/transfers"), body: fmt.Sprintf(`{%s,"hash":%q,"reason":"of the other case"}`, what, seen.Hash), status: 201}
}
