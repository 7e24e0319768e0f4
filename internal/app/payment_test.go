package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
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

// Money on account is set against what has waited longest: the payor's open invoices
// stand by due date, those due first at the top.
func TestOpenInvoicesAreOfferedByDueDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	m := own.firm.Matter(t)
	for issued, due := range map[string]string{"2026-02-20": "2026-03-01", "2026-02-01": "2026-03-31", "2026-01-10": "2026-02-09"} {
		own.firm.Invoice(t, m, testkit.Issued(issued, due))
	}
	p, err := w.s.Receivables.Post(own.firm.As(t, rbac.RoleSpecialist), receivable.NewPayment{Payor: m.Payor, Currency: "USD", AmountMinor: 5_000, Method: receivable.MethodWire, ReceivedOn: "2026-03-02"})
	if err != nil {
		t.Fatal(err)
	}
	page := w.send(w.signIn(t, own.firm, rbac.RoleSpecialist), http.MethodGet, "/firms/"+own.ids["firm"]+"/payments/"+string(p.ID), "").Body.String()
	var got []string
	for _, label := range regexp.MustCompile(`<label for="allocate-share[^>]*>[^<]*, due ([^<]*)</label>`).FindAllStringSubmatch(page, -1) {
		got = append(got, label[1])
	}
	if want := []string{"9 Feb 2026", "1 Mar 2026", "31 Mar 2026"}; !slices.Equal(got, want) || !strings.Contains(page, "those due first at the top") {
		t.Errorf("%v, want %v: %s", got, want, page[strings.Index(page, "<main"):])
	}
}
