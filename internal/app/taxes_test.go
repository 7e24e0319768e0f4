package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestTaxesByAPIAndByPage: a firm's administrator enters codes and a treatment, chooses it for
// the firm and ends a code; a specialist reads them and chooses for a payor; a refused form
// comes back with what was typed.
func TestTaxesByAPIAndByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	admin, specialist, stranger := w.signIn(t, f, rbac.RoleFirmAdmin), w.signIn(t, f, rbac.RoleSpecialist), w.signIn(t, other, rbac.RoleFirmAdmin)
	base := "/firms/" + string(f.ID)
	w.answers(t, "POST", base+"/tax-codes", specialist, `{"code":"GST","name":"GST","rate":"0.05","country":"CA","from":"2026-01-01"}`, 403)
	w.answers(t, "GET", base+"/taxes", stranger, "", 404)
	w.answers(t, "POST", base+"/tax-codes", admin, `{"code":"gst","name":"GST","rate":"five","country":"CA","from":"2026-01-01"}`, 422, `"path":"rate"`)
	var gst, home struct {
		ID      string
		Version int
	}
	read := func(text string, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	read(w.answers(t, "POST", base+"/tax-codes", admin, `{"code":"GST","name":"GST","rate":"0.05","country":"CA","number":"123456789RT0001","from":"2026-01-01"}`, 201, `"rate":"0.05"`), &gst)
	w.answers(t, "POST", base+"/tax-codes", admin, `{"code":"GST","name":"GST","rate":"0.07","country":"CA","from":"2026-06-01"}`, 409, "tax_code_overlap")
	w.answers(t, "POST", base+"/tax-treatments", admin, `{"name":"Circle","kind":"taxed","fees":["QST"],"from":"2026-01-01"}`, 422, "tax_rate_missing")
	read(w.answers(t, "POST", base+"/tax-treatments", admin, `{"name":"Home","kind":"taxed","fees":["GST"],"expenses":["GST"],"from":"2026-01-01"}`, 201, `"fees":["GST"]`), &home)
	w.answers(t, "PUT", base+"/taxes", admin, `{"treatment_id":"`+home.ID+`"}`, 204)
	w.answers(t, "GET", base+"/taxes", specialist, "", 200, `"firm_treatment_id":"`+home.ID+`"`, `"number":"123456789RT0001"`)
	if rec := w.call(http.MethodPost, "/api/v1"+base+"/tax-treatments/"+home.ID+"/end", admin, `{"until":"2026-12-31"}`, "If-Match", `"1"`); rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), "tax_treatment_used") {
		t.Errorf("the firm has it: %d %s", rec.Code, rec.Body)
	}
	if rec := w.call(http.MethodPost, "/api/v1"+base+"/tax-codes/"+gst.ID+"/end", admin, `{"until":"2026-05-31"}`, "If-Match", `"1"`); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"until":"2026-05-31"`) {
		t.Errorf("a code ends: %d %s", rec.Code, rec.Body)
	}

	// By page.
	b := &reader{t: t, w: w, sid: admin}
	page := base + "/taxes"
	_, refused := b.post(page, page+"/codes", url.Values{"code": {"QST"}, "name": {"QST"}, "rate": {"9,975"}, "country": {"ca"}, "from": {"2026-01-01"}})
	if !strings.Contains(refused, "9,975") || !strings.Contains(refused, "enter a share") && !strings.Contains(refused, "Enter a share") {
		t.Errorf("a refusal: %s", cutTo(refused, 400))
	}
	b.post(page, page+"/codes", url.Values{"code": {"QST"}, "name": {"QST"}, "rate": {"0.09975"}, "country": {"ca"}, "region": {"Quebec"}, "on": {"GST"}, "from": {"2026-01-01"}})
	b.post(page, page+"/treatments", url.Values{"name": {"Quebec"}, "kind": {"taxed"}, "fees": {"gst, qst"}, "from": {"2026-01-01"}})
	if n := f.Count(t, `SELECT count(*) FROM tax_treatment WHERE firm_id = ? AND name = 'Quebec' AND fees = 'GST,QST' AND expenses = ''`, f.ID); n != 1 {
		t.Fatalf("%d treatments by page", n)
	}
	m := f.Matter(t)
	quebec := f.Text(t, `SELECT id::text FROM tax_treatment WHERE firm_id = ? AND name = 'Quebec'`, f.ID)
	own := &reader{t: t, w: w, sid: specialist}
	at := base + "/matters/" + string(m.ID)
	own.post(at, at, url.Values{"version": {"1"}, "client_id": {string(m.Client)}, "payor_id": {string(m.Payor)}, "number": {m.Number}, "name": {"Carrier liability"}, "label": {"0"}, "currency": {"USD"}, "treatment_id": {quebec}, "opened_on": {"2025-01-01"}})
	if n := f.Count(t, `SELECT count(*) FROM matter WHERE firm_id = ? AND treatment_id = ?`, f.ID, quebec); n != 1 {
		t.Errorf("%d matters have it", n)
	}
}
