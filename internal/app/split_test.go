package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/rbac"
)

// Whoever splits a line in a browser finds what was typed again after a refusal, and the
// parts on the pre-bill after it.
func TestALineIsSplitInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	bill := "/firms/" + own.ids["firm"] + "/prebills/" + own.ids["prebill"]
	shown := w.send(sid, http.MethodGet, bill+"/lines/"+own.ids["line"]+"/edit", "").Body.String()
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(shown)
	if !strings.Contains(shown, "Split into several lines") || token == nil {
		t.Fatalf("the line's form offers no split: %s", shown)
	}
	at := bill + "/lines/" + own.ids["line"] + "/split"
	form := url.Values{"csrf": {token[1]}, "version": {"1"}, "hours_1": {"13"}, "narrative_1": {"Review pleadings file"}, "hours_2": {"0.4"}, "narrative_2": {"Call with client"}, "activity_code_2": {"A106"}}
	refused := w.send(sid, http.MethodPost, at, form.Encode())
	if page := refused.Body.String(); refused.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "give the missing 0.1") || !strings.Contains(page, "Call with client") {
		t.Errorf("hours that do not add up: %d %s", refused.Code, page)
	}
	form.Set("hours_2", "half")
	if page := w.send(sid, http.MethodPost, at, form.Encode()).Body.String(); !strings.Contains(page, `id="f-hours_2-e"`) {
		t.Errorf("no number: %s", page)
	}
	form.Set("hours_2", "0.5")
	if got := w.send(sid, http.MethodPost, at, form.Encode()); got.Code != http.StatusSeeOther {
		t.Fatalf("split: %d %s", got.Code, got.Body)
	}
	page := w.send(sid, http.MethodGet, bill, "").Body.String()
	for _, want := range []string{"Line 1 is split into 2.", "Review pleadings file", "Call with client", "Split into several lines"} {
		if !strings.Contains(page, want) {
			t.Errorf("the pre-bill does not say %q", want)
		}
	}
}

// The same split sent twice under one key is made once (I15); under another key it is
// stale.
func TestI15ASplitIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	at := "/api/v1/firms/" + own.ids["firm"] + "/prebills/" + own.ids["prebill"] + "/lines/" + own.ids["line"] + "/split"
	body := `{"parts":[{"hours":"13","narrative":"Review pleadings file"},{"hours":"0.5","narrative":"Call with client","activity_code":"A106"}]}`
	send := func(key string) (int, string) {
		got := w.call(http.MethodPost, at, sid, body, "If-Match", `"1"`, "Idempotency-Key", key)
		return got.Code, got.Body.String()
	}
	code, first := send("split-1")
	if code != http.StatusOK || !strings.Contains(first, `"version":2`) {
		t.Fatalf("split: %d %s", code, first)
	}
	if code, again := send("split-1"); code != http.StatusOK || again != first {
		t.Errorf("the same again: %d %s", code, again)
	}
	if code, other := send("split-2"); code != http.StatusPreconditionFailed {
		t.Errorf("another at the same version: %d %s", code, other)
	}
	if n := own.firm.Count(t, `SELECT count(*) FROM prebill_line WHERE firm_id = ? AND split_of IS NOT NULL`, own.firm.ID); n != 2 {
		t.Errorf("%d parts, want 2", n)
	}
}
