package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// What opens a receiver's server is shown by no page and no operation, that which asks for
// the factor before it is kept and that which refuses it among them.
func TestT29_WhatOpensAServerIsShownNowhere(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	w := worldOver(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	f := testkit.Firm(t, w.s.DB)
	sid, _ := w.setUpApp(t, w.passwordOnly(t, f, rbac.RoleFirmAdmin))
	gate, err := w.s.Portals.Save(f.As(t, rbac.RoleFirmAdmin), portal.Profile{Name: "Gate", Settings: portal.Standard()})
	if err != nil {
		t.Fatal(err)
	}
	b := &reader{t: t, w: w, sid: sid}
	page := "/firms/" + string(f.ID) + "/portals/" + string(gate.ID) + "/connector"
	const secret = "quay-CANARY-secret"
	form := func(address string) url.Values {
		return url.Values{"version": {"0"}, "way": {"https"}, "url": {address}, "method": {"PUT"}, "auth": {"bearer"}, "secret": {secret}}
	}
	_, refused := b.post(page, page, form("ftp://elsewhere"))
	if !strings.Contains(refused, "ftp://elsewhere") || strings.Contains(refused, secret) {
		t.Errorf("a refusal: %s", cutTo(refused, 300))
	}
	c.Advance(6 * time.Minute)
	_, asks := b.post(page, page, form("https://127.0.0.1:1/in"))
	if !strings.Contains(asks, "Confirm it is you") || !strings.Contains(asks, "https://127.0.0.1:1/in") || strings.Contains(asks, secret) {
		t.Errorf("the page that asks for the factor: %s", cutTo(asks, 300))
	}
	if n := f.Count(t, `SELECT count(*) FROM connector WHERE firm_id = ?`, f.ID); n != 0 {
		t.Fatal("it was kept without the factor")
	}
	body := `{"way":"https","url":"https://127.0.0.1:1/in","method":"PUT","auth":"bearer","secret":"` + secret + `"}`
	if rec := w.call(http.MethodPut, "/api/v1"+page, b.sid, body, "If-Match", `"0"`); rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "factor_stale") {
		t.Errorf("the operation without a fresh factor: %d %s", rec.Code, rec.Body)
	}
	fresh := w.signIn(t, f, rbac.RoleFirmAdmin)
	for _, call := range [][2]string{{http.MethodPut, body}, {http.MethodGet, ""}} {
		if rec := w.call(call[0], "/api/v1"+page, fresh, call[1], "If-Match", `"0"`); rec.Code != http.StatusOK || strings.Contains(rec.Body.String(), "CANARY") || strings.Contains(rec.Body.String(), `"secret"`) {
			t.Errorf("%s: %d %s", call[0], rec.Code, rec.Body)
		}
	}
}
