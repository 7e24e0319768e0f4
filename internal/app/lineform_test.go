package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/rbac"
)

// lineForm is the edit form of the furnished pre-bill's line, as a browser posts it
// with some fields changed.
func (w world) lineForm(t *testing.T, own things, sid string, change url.Values) (status int, page string) {
	t.Helper()
	at := "/firms/" + own.ids["firm"] + "/prebills/" + own.ids["prebill"] + "/lines/" + own.ids["line"] + "/edit"
	shown := w.send(sid, http.MethodGet, at, "").Body.String()
	form := url.Values{}
	for _, field := range regexp.MustCompile(`<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"|<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(shown, -1) {
		form.Set(field[1]+field[3], field[2]+field[4])
	}
	form.Set("narrative", "Draft reply brief")
	for _, name := range []string{"task_code", "activity_code", "reason", "note"} {
		if !strings.Contains(shown, `name="`+name+`"`) {
			t.Fatalf("the form asks for no %s: %s", name, shown)
		}
		form.Set(name, "")
	}
	for name, values := range change {
		form[name] = values
	}
	got := w.send(sid, http.MethodPost, at, form.Encode())
	return got.Code, got.Body.String()
}

// Whoever changes a line's hours in a browser is asked why, and finds the answer kept.
func TestALinesHoursChangeWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	status, page := w.lineForm(t, own, sid, url.Values{"hours": {"0.1"}, "note": {"one tenth is agreed"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, `id="f-reason-e"`) || !strings.Contains(page, "one tenth is agreed") || !strings.Contains(page, `value="0.1"`) {
		t.Errorf("without a reason: %d %s", status, page)
	}
	status, page = w.lineForm(t, own, sid, url.Values{"hours": {"0.1"}, "reason": {"OTHER"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, `id="f-note-e"`) || !regexp.MustCompile(`value="OTHER"[^>]* selected`).MatchString(page) {
		t.Errorf("another reason without a note: %d %s", status, page)
	}
	if status, page = w.lineForm(t, own, sid, url.Values{"hours": {"0.1"}, "reason": {"QUALITY"}, "note": {"one tenth is agreed"}}); status != http.StatusSeeOther {
		t.Fatalf("with a reason: %d %s", status, page)
	}
	if got := own.firm.Text(t, `SELECT reason || ': ' || note FROM prebill_edit WHERE firm_id = ? AND line_id = ?`, own.firm.ID, own.ids["line"]); got != "QUALITY: one tenth is agreed" {
		t.Errorf("kept %q", got)
	}
	if status, page = w.lineForm(t, own, sid, url.Values{"hours": {"0.1"}, "narrative": {"Draft the reply brief"}}); status != http.StatusSeeOther {
		t.Errorf("words alone need no reason: %d %s", status, page)
	}
}
