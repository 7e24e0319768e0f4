package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// sitting is a pre-bill with three entries of one afternoon, and an hour of the day after.
func sitting(t *testing.T, w world, th things) (p prebill.View) {
	t.Helper()
	m := th.firm.Matter(t)
	k := th.firm.Timekeeper(t, "TKM", "ASSOC", 4_000_000)
	for _, words := range []string{"Draft outline of reply brief", "Draft statement of facts of reply brief", "Revise table of authorities of reply brief"} {
		th.firm.Work(t, m, k, "2026-02-09", 5_000, 4_000_000, testkit.Narrative(words))
	}
	th.firm.Work(t, m, k, "2026-02-10", 10_000, 4_000_000, testkit.Narrative("Draft argument of reply brief"))
	as := th.firm.As(t, rbac.RoleSpecialist)
	made, err := w.s.Prebills.Build(as, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = w.s.Prebills.Get(as, made.ID); err != nil {
		t.Fatal(err)
	}
	return p
}

// Whoever merges lines in a browser marks them, sees what they would say together, finds
// what was typed again after a refusal, and the one line on the pre-bill after it.
func TestLinesAreMergedInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	p := sitting(t, w, own)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	bill := "/firms/" + own.ids["firm"] + "/prebills/" + string(p.ID)
	page := w.send(sid, http.MethodGet, bill, "").Body.String()
	if n := strings.Count(page, `form="merge"`); n != 3 || !strings.Contains(page, "Merge marked lines") {
		t.Errorf("%d lines can be marked, want the 3 of one day", n)
	}
	at, lines := bill+"/merge", url.Values{"line": {string(p.Lines[0].ID), string(p.Lines[1].ID)}}
	shown := w.send(sid, http.MethodGet, at+"?"+lines.Encode(), "").Body.String()
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(shown)
	if token == nil || !strings.Contains(shown, p.Lines[0].Narrative+"; "+p.Lines[1].Narrative) || !strings.Contains(shown, "1.0 h, $400.00") {
		t.Fatalf("the form does not say what they come to: %s", shown)
	}
	for name, x := range map[string]struct {
		lines []string
		want  string
	}{
		"one line":   {lines["line"][:1], "at least two lines"},
		"none":       {nil, "at least two lines"},
		"two days":   {[]string{string(p.Lines[0].ID), string(p.Lines[3].ID)}, "was worked on 10 Feb 2026"},
		"not a line": {[]string{"x", string(p.Lines[0].ID)}, ""},
	} {
		got := w.send(sid, http.MethodGet, at+"?"+url.Values{"line": x.lines}.Encode(), "")
		if got.Code < 400 || got.Code >= 500 || !strings.Contains(got.Body.String(), x.want) {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
	form := url.Values{"csrf": {token[1]}, "version": {"1"}, "line": lines["line"], "narrative": {" "}, "activity_code": {"A103"}, "note": {"one sitting"}}
	if got := w.send(sid, http.MethodPost, at, form.Encode()); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "Say what was done") || !strings.Contains(got.Body.String(), "one sitting") {
		t.Errorf("without words: %d %s", got.Code, got.Body)
	}
	form.Set("narrative", "Draft reply brief on motion to compel")
	if got := w.send(sid, http.MethodPost, at, form.Encode()); got.Code != http.StatusSeeOther {
		t.Fatalf("merge: %d %s", got.Code, got.Body)
	}
	page = w.send(sid, http.MethodGet, bill, "").Body.String()
	for _, want := range []string{"2 lines are merged into one.", "Draft reply brief on motion to compel", "Merged from 2 entries: 0.5 h, $200.00; 0.5 h, $200.00."} {
		if !strings.Contains(page, want) {
			t.Errorf("the pre-bill does not say %q", want)
		}
	}
	// The same form sent again is the same act.
	if got := w.send(sid, http.MethodPost, at, form.Encode()); got.Code != http.StatusSeeOther {
		t.Errorf("sent again: %d", got.Code)
	}
	if n := own.firm.Count(t, `SELECT count(*) FROM prebill_line WHERE firm_id = ? AND merged`, own.firm.ID); n != 1 {
		t.Errorf("%d merges, want 1", n)
	}
}

// The same merge sent twice under one key is made once (I15), another one at the same
// version is stale, and another firm finds neither the pre-bill nor its lines (T01).
func TestI15AMergeIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, other := w.furnished(t), w.furnished(t)
	p := sitting(t, w, own)
	sid, theirs := w.signIn(t, own.firm, rbac.RoleSpecialist), w.signIn(t, other.firm, rbac.RoleSpecialist)
	at := func(firm string, id ident.PrebillID) string {
		return "/api/v1/firms/" + firm + "/prebills/" + string(id) + "/merge"
	}
	body := `{"lines":["` + string(p.Lines[0].ID) + `","` + string(p.Lines[1].ID) + `"]}`
	send := func(sid, path, key string) (int, string) {
		got := w.call(http.MethodPost, path, sid, body, "If-Match", `"1"`, "Idempotency-Key", key)
		return got.Code, got.Body.String()
	}
	for _, path := range []string{at(other.ids["firm"], p.ID), at(own.ids["firm"], p.ID), at(other.ids["firm"], ident.PrebillID(other.ids["prebill"]))} {
		if code, said := send(theirs, path, "merge-0"+path[len(path)-12:]); code != http.StatusNotFound {
			t.Errorf("another firm at %s: %d %s", path, code, said)
		}
	}
	code, first := send(sid, at(own.ids["firm"], p.ID), "merge-1")
	if code != http.StatusOK || !strings.Contains(first, `"version":2`) {
		t.Fatalf("merge: %d %s", code, first)
	}
	if code, again := send(sid, at(own.ids["firm"], p.ID), "merge-1"); code != http.StatusOK || again != first {
		t.Errorf("the same again: %d %s", code, again)
	}
	if code, said := send(sid, at(own.ids["firm"], p.ID), "merge-2"); code != http.StatusPreconditionFailed {
		t.Errorf("another at the same version: %d %s", code, said)
	}
	seen := w.call(http.MethodGet, "/api/v1/firms/"+own.ids["firm"]+"/prebills/"+string(p.ID), sid, "").Body.String()
	if !strings.Contains(seen, `"merged_from":[{`) || strings.Count(seen, `"merged_from"`) != 1 {
		t.Errorf("the pre-bill does not name the lines: %s", seen)
	}
	if n := own.firm.Count(t, `SELECT count(*) FROM prebill_line WHERE firm_id = ? AND merged`, own.firm.ID); n != 1 {
		t.Errorf("%d merges, want 1", n)
	}
}
