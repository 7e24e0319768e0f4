package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/rbac"
)

// "Record payment" on an invoice knows who pays, what is open and which invoice; the
// payment's page then offers to pay that one. Another firm's invoice is not there.
func TestAPaymentIsRecordedFromItsInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, other := w.furnished(t), w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	address := "/firms/" + own.ids["firm"] + "/payments/new?invoice="
	payor := own.firm.Text(t, `SELECT payor_id FROM invoice WHERE firm_id = ? AND id = ?`, own.firm.ID, own.ids["invoice"])
	got := w.send(sid, http.MethodGet, address+own.ids["invoice"], "")
	page := got.Body.String()
	if got.Code != http.StatusOK || !regexp.MustCompile(`<option value="`+payor+`"[^>]* selected`).MatchString(page) {
		t.Fatalf("the payor is not chosen: %d %s", got.Code, page)
	}
	form := url.Values{"payor": {payor}, "method": {"wire"}}
	for _, name := range []string{"csrf", "amount", "currency", "received_on", "reference"} {
		for _, input := range regexp.MustCompile(`<input[^>]*>`).FindAllString(page, -1) {
			if value := regexp.MustCompile(` value="([^"]+)"`).FindStringSubmatch(input); value != nil && strings.Contains(input, ` name="`+name+`"`) {
				form.Set(name, value[1])
			}
		}
		if form.Get(name) == "" {
			t.Errorf("%s is not filled in", name)
		}
	}
	action := regexp.MustCompile(`action="([^"]*/payments/new\?invoice=[^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatal("the form forgets the invoice")
	}
	got = w.send(sid, http.MethodPost, action[1], form.Encode())
	to := got.Header().Get("Location")
	if got.Code != http.StatusSeeOther || !strings.Contains(to, "invoice="+own.ids["invoice"]) {
		t.Fatalf("posted: %d to %q: %s", got.Code, to, got.Body)
	}
	page = w.send(sid, http.MethodGet, to, "").Body.String()
	field := regexp.MustCompile(`<input[^>]* name="share\.` + own.ids["invoice"] + `"[^>]*>`).FindString(page)
	if !strings.Contains(field, ` value="`+form.Get("amount")+`"`) {
		t.Errorf("the invoice is not offered: %q", field)
	}
	if got := w.send(sid, http.MethodGet, address+other.ids["invoice"], ""); got.Code != http.StatusNotFound {
		t.Errorf("another firm's invoice: %d", got.Code)
	}
}
