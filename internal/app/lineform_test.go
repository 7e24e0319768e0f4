package app_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
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
	if page = w.send(sid, http.MethodGet, "/firms/"+own.ids["firm"]+"/prebills/"+own.ids["prebill"], "").Body.String(); !strings.Contains(page, "Line 1 now bills ") {
		t.Error("the new amount is not said")
	}
	if got := own.firm.Text(t, `SELECT reason || ': ' || note FROM prebill_edit WHERE firm_id = ? AND line_id = ?`, own.firm.ID, own.ids["line"]); got != "QUALITY: one tenth is agreed" {
		t.Errorf("kept %q", got)
	}
	if status, page = w.lineForm(t, own, sid, url.Values{"hours": {"0.1"}, "narrative": {"Draft the reply brief"}}); status != http.StatusSeeOther {
		t.Errorf("words alone need no reason: %d %s", status, page)
	}
}

// underReview imports one more entry, which is open, and opens the item of its review,
// which is pinned before all others.
func (w world) underReview(t *testing.T, own things) (item, entry string) {
	t.Helper()
	text := func(sql string, args ...any) string {
		return own.firm.Text(t, sql, append([]any{own.firm.ID}, args...)...)
	}
	number := text(`SELECT number FROM matter WHERE firm_id = ? AND id = ?`, own.ids["matter"])
	csv := "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code\n" +
		"2,2026-02-12," + strings.Replace(number, "M-", "C-", 1) + "," + number + ",RV,PARTNR,1.5,,Review of the file,L110,A103\n"
	r, err := w.s.Capture.Import(own.firm.As(t, rbac.RoleSpecialist), capture.Upload{Name: "more.csv", Data: []byte(csv)})
	if err != nil || r.Landed != 1 {
		t.Fatalf("import: %+v, %v", r, err)
	}
	err = own.firm.DB().InFirm(own.firm.Machine(), func(tx *db.Tx) error {
		_, err := worklist.Open(tx, worklist.New{Type: "time_import", SubjectKind: capture.Subject, SubjectID: string(r.ID), Matter: ident.MatterID(own.ids["matter"]), Priority: sla.P3, ReceivedAt: tx.Now})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	item = text(`SELECT id FROM work_item WHERE firm_id = ? AND subject_id = ?::uuid`, string(r.ID))
	if err := w.s.Work.Pin(own.firm.As(t, rbac.RoleTeamLead), ident.WorkItemID(item), true); err != nil {
		t.Fatal(err)
	}
	return item, text(`SELECT id FROM entry WHERE firm_id = ? AND import_id = ?`, string(r.ID))
}

// An entry under review is changed in a browser by who holds its item; who looks at an
// older version is told.
func TestAnEntryUnderReviewIsChangedOnItsForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	item, entry := w.underReview(t, own)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	at := "/firms/" + own.ids["firm"] + "/items/" + item
	token := formToken.FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())[1]
	if got := w.send(sid, http.MethodPost, "/queue/next", "csrf="+url.QueryEscape(token)); got.Header().Get("Location") != at {
		t.Fatalf("the next item is %d %s", got.Code, got.Header())
	}
	edit := at + "/entries/" + entry + "/edit"
	form := formAt(t, w.send(sid, http.MethodGet, edit, "").Body.String(), edit)
	old := maps.Clone(form.fields)
	form.fields.Set("narrative", "Review of the whole file")
	if got := w.send(sid, http.MethodPost, edit, form.fields.Encode()); got.Code != http.StatusSeeOther {
		t.Fatalf("a change: %d %s", got.Code, got.Body)
	}
	old.Set("narrative", "Review of half the file")
	if got := w.send(sid, http.MethodPost, edit, old.Encode()); got.Code != http.StatusPreconditionFailed {
		t.Errorf("a change of an older version: %d %s", got.Code, cutTo(got.Body.String(), 300))
	}
	if got := own.firm.Text(t, `SELECT string_agg(after::text, ',') FROM amendment WHERE firm_id = ? AND entry_id = ?`, own.firm.ID, entry); !strings.Contains(got, "whole file") || strings.Contains(got, "half") {
		t.Errorf("kept %q", got)
	}
}
