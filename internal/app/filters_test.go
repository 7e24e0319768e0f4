package app_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/docketry/docketry/rbac"
)

// lists are the pages whose address filters what they show, with who may open them and,
// for each filter, a value that it cannot take: what the page says of it.
func lists(own things) []struct {
	role  rbac.Role
	path  string
	wrong map[string]string // "name=value": what is said, in part
} {
	firm := "/firms/" + own.ids["firm"]
	const (
		noDay   = "is no day of the calendar; write one as 2026-03-31. "
		earlier = "Every earlier day is shown too."
		later   = "Every later day is shown too."
		before  = "is before the first day, 1 Mar 2026. " + later
	)
	state := map[string]string{"state=zz": "is no state of "}
	return []struct {
		role  rbac.Role
		path  string
		wrong map[string]string
	}{
		{rbac.RoleSpecialist, "/queue", map[string]string{"view=zz": "is no view of the queue. All open items are shown.", "view=type:zz": "All open items are shown.", "firm=zz": "is no code of a firm of yours. Nothing is listed.", "saved=zz": "What it filtered by still applies."}},
		{rbac.RoleSpecialist, "/runs", nil},
		{rbac.RoleSpecialist, firm + "/runs/" + own.ids["run"], map[string]string{"status=zz": "is no state of an invoice in a run. All of them are shown."}},
		{rbac.RoleSpecialist, firm + "/clients", state}, {rbac.RoleSpecialist, firm + "/payors", state}, {rbac.RoleSpecialist, firm + "/matters", state}, {rbac.RoleSpecialist, firm + "/timekeepers", state},
		{rbac.RoleSpecialist, firm + "/entries", map[string]string{"from=zz": noDay + earlier, "to=2026-02-30": noDay + later, "from=2026-03-01&to=2026-02-01": before, "status=zz": "is no state of an entry. Entries in every state are shown."}},
		{rbac.RoleSpecialist, firm + "/imports", nil},
		{rbac.RoleSpecialist, firm + "/imports/" + own.ids["import"], map[string]string{"after=zz": "is no number of a row. The rows are shown from the first.", "after=-1": "is no number of a row."}},
		{rbac.RoleSpecialist, firm + "/imports/mapping", map[string]string{"source=zz": "is no source with a saved mapping. The form makes a new one."}},
		{rbac.RoleSpecialist, firm + "/items/" + own.ids["item"], map[string]string{"show=zz": "is no part of this list. All lines are shown."}},
		{rbac.RoleSpecialist, firm + "/arrangements", map[string]string{"matter=zz": "is no matter of yours. The arrangements of every matter and client are shown.", "client=zz": "is no client of yours."}},
		{rbac.RoleSpecialist, firm + "/prebills", map[string]string{"status=zz": "is no state of a pre-bill. Open pre-bills are shown."}},
		{rbac.RoleSpecialist, firm + "/prebills/" + own.ids["prebill"], map[string]string{"show=zz": "is no way to show a pre-bill. Changes are marked."}},
		{rbac.RoleSpecialist, firm + "/invoices", map[string]string{"status=zz": "is no state of an invoice. Invoices in every state are shown.", "open=zz": "Settled invoices are shown too.", "currency=zz": "is no currency; write one as USD. Every currency is shown.", "overdue=no": "Invoices that are not due are shown too.", "from=zz": noDay + earlier, "to=2026-02-30": noDay + later, "from=2026-03-01&to=2026-02-01": before}},
		{rbac.RoleSpecialist, firm + "/payments", map[string]string{"currency=zz": "Every currency is shown.", "on=2026-02-30": noDay + "What is left now is shown.", "on=2999-01-01": "is a day to come. What is left now is shown.", "unapplied=zz": "Payments that are allocated are shown too.", "from=2026-02-30": noDay + earlier, "to=zz": noDay + later}},
		{rbac.RoleSpecialist, firm + "/receivables", map[string]string{"on=2026-02-30": noDay + "Shown is today.", "on=zz": noDay + "Shown is today.", "on=2999-01-01": "is a day to come. Shown is today.", "by=zz": "They are counted from the due date."}},
		{rbac.RoleSpecialist, firm + "/receivables/open", map[string]string{"on=2026-02-30": noDay + "Shown is today.", "by=zz": "They are counted from the due date.", "age=9": "Invoices of every age are shown.", "age=zz": "Invoices of every age are shown.", "currency=zz": "is no currency; write one as USD. Every currency is shown."}},
		{rbac.RoleFirmAdmin, firm + "/exports", nil},
		{rbac.RoleFirmAdmin, firm + "/people", nil},
		{rbac.RoleFirmAdmin, firm + "/sla", map[string]string{"month=2026-13": "is no month; write one as 2026-10. Shown is the present month.", "month=zz": "Shown is the present month.", "month=2031-01": "is no month with figures. Shown is the present month."}},
		{rbac.RoleFirmAdmin, firm + "/sla/cycles", map[string]string{"month=2026-13": "Shown is the present month.", "target=zz": "is no service of this month. All services are shown.", "outcome=zz": "is no result of a promise. Met and missed ones are shown."}},
		{rbac.RoleFirmAdmin, firm + "/access/log", map[string]string{"from=zz": noDay + earlier, "to=2026-02-30": noDay + later, "from=2026-03-01&to=2026-02-01": before}},
		{rbac.RoleFirmAdmin, firm + "/access/why", map[string]string{"permission=zz": "is nothing that a person may do here. Choose an act."}},
		{rbac.RoleFirmAdmin, firm + "/audit", map[string]string{"from=zz": noDay + earlier, "to=2026-02-30": noDay + later, "result=zz": "is no result of an act. All results are shown.", "matter=zz": "There is no filter “matter” here."}},
		{rbac.RoleTeamLead, firm + "/jobs", map[string]string{"state=zz": "is no state of a job. Parked jobs are shown."}},
	}
}

// A filter that cannot be taken is never left out in silence: the page names it and says
// what it shows instead, with 422. So it is with one that the page does not know, with
// one that is given twice, and with a page of the list that was never given out.
func TestAFilterThatCannotBeTakenIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	item, _ := w.underReview(t, own)
	own.ids["item"] = item
	sids := map[rbac.Role]string{}
	for _, l := range lists(own) {
		if sids[l.role] == "" {
			sids[l.role] = w.signIn(t, own.firm, l.role)
		}
		sid := sids[l.role]
		if got := w.send(sid, http.MethodGet, l.path, ""); got.Code != http.StatusOK || alertOf(t, got.Body.String()) != "" {
			t.Errorf("%s alone: %d %q", l.path, got.Code, alertOf(t, got.Body.String()))
		}
		told := map[string]string{"nothing=zz": "There is no filter “nothing” here. Nothing is left out by it."}
		for query, says := range l.wrong {
			told[query] = says
		}
		for query, says := range told {
			got := w.send(sid, http.MethodGet, l.path+"?"+query, "")
			alert := alertOf(t, got.Body.String())
			if got.Code != http.StatusUnprocessableEntity || !strings.Contains(alert, says) || strings.Contains(got.Body.String(), "This could not be accepted") {
				t.Errorf("%s?%s: %d, said %q, want %q", l.path, query, got.Code, alert, says)
			}
		}
		for _, after := range []string{"zz", "e30", "bnVsbA", "WzFd", "eyJJRCI6InoifQ"} { // no cursor, and JSON that none gave out: {}, null, [1], {"ID":"z"}
			if got := w.send(sid, http.MethodGet, l.path+"?after="+after, ""); got.Code >= 500 {
				t.Errorf("%s?after=%s: %d", l.path, after, got.Code)
			}
		}
	}
	sid := sids[rbac.RoleFirmAdmin]
	at := "/firms/" + own.ids["firm"] + "/access/log"
	got := w.send(sid, http.MethodGet, at+"?from=2026-01-01&from=2026-02-01&x%22%3E%3Cb%3E=1", "")
	if alert := alertOf(t, got.Body.String()); got.Code != http.StatusUnprocessableEntity || !strings.Contains(alert, "“from” is given more than once. The first counts.") || !strings.Contains(alert, "There is no filter “x\"><b>” here.") {
		t.Errorf("twice, and a name of no filter: %d %q", got.Code, alert)
	}
	if got := w.send(sid, http.MethodGet, at+"/file?from=2026-02-30", ""); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "“2026-02-30” is no day of the calendar") || !strings.Contains(got.Body.String(), "Nothing was put into a file.") {
		t.Errorf("a file of everything instead: %d %s", got.Code, cutTo(got.Body.String(), 300))
	}
}

// alertOf is the text of the page's first alert, "" without one.
func alertOf(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && attr(n, "role") == "alert" {
			return strings.Join(strings.Fields(textOf(n)), " ")
		}
	}
	return ""
}
