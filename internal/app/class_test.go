package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Class is of a grant, not of a person: who holds class 1 on a matter and class 3 on another
// learns of the first no name, number, narrative, term or note, by no route that reads. Every
// such route is asked by each role that works on matters, for the things of the first, with
// class 1 on those matters alone and on the whole firm.
func TestT24_ClassIsOfEachGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tried := 0
	for n, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RoleTeamLead, rbac.RoleQualityAuditor, rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleFirmAdmin} {
		own := w.furnished(t)
		f := own.firm
		high := f.Matter(t)
		secrets := classed(t, own)
		v := w.visitor(t, own, role)
		low := strings.Fields(f.Text(t, `SELECT string_agg(id::text, ' ') FROM matter WHERE firm_id = ? AND id <> ?`, f.ID, high.ID))
		who := w.whose(t, v.sid)
		f.Exec(t, `UPDATE access_grant SET ended_at = now() WHERE firm_id = ? AND person_id = ?`, f.ID, who)
		var lows []ident.MatterID
		for _, id := range low {
			lows = append(lows, ident.MatterID(id))
		}
		if n < 5 {
			f.Grant(t, who, role, testkit.OnMatters(lows...), testkit.UpToClass(1))
		} else {
			f.Grant(t, who, role, testkit.UpToClass(1)) // on the whole firm
		}
		f.Grant(t, who, role, testkit.OnMatters(high.ID), testkit.UpToClass(3))
		for _, r := range w.web.Routes() {
			if r.Method != http.MethodGet || r.Needs == rbac.Public || r.Needs == rbac.PayorLink || strings.HasSuffix(r.Path, "/events") {
				continue
			}
			path := v.fill(r, own, "", "")
			rec := w.call(http.MethodGet, path, v.sid, "")
			tried++
			for what, secret := range secrets {
				if at := strings.Index(rec.Body.String(), secret); at >= 0 {
					t.Errorf("%s: GET %s: %d tells %s: …%s", role, r.Path, rec.Code, what, cutTo(rec.Body.String()[max(0, at-120):], 240))
				}
			}
		}
	}
	t.Logf("tried: %d looks by who holds class 1 on one matter and class 3 on another", tried)
}

// classed gives the furnished firm's things words that stand nowhere else, by what they are.
func classed(t *testing.T, own things) map[string]string {
	t.Helper()
	f := own.firm
	f.Exec(t, `UPDATE prebill SET note = 'a note between partners' WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"])
	low := f.Text(t, `SELECT matter_id FROM prebill WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"])
	f.Exec(t, `UPDATE matter SET name = 'The quiet estate of ' || id WHERE firm_id = ? AND id = ?`, f.ID, low)
	f.Exec(t, `UPDATE client SET name = 'A client of few words' WHERE firm_id = ? AND id = (SELECT client_id FROM matter WHERE firm_id = ? AND id = ?)`, f.ID, f.ID, low)
	f.Arrange(t, testkit.M{ID: ident.MatterID(low)}, "2026-01-01", `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":77777700}]}`)
	f.Exec(t, `INSERT INTO rate (firm_id, id, matter_id, rate_e4, currency, valid, reason, created_at)
		SELECT firm_id, gen_random_uuid(), id, 7654300, currency, daterange('2026-01-01', NULL), 'a discreet bargain', now() FROM matter WHERE firm_id = ? AND id = ?`, f.ID, low)
	secrets := map[string]string{"the matter's name": "The quiet estate of", "the client's name": "A client of few words", "the cap": "777777", "the cap as it is read": "777,777", "the rate": "765.43", "the rate's reason": "a discreet bargain",
		"the partner's note": "a note between partners", "the receiver's words": "a cut between friends", "the appeal's": "an appeal in confidence", "the appeal's file": "a letter between friends"}
	for what, sql := range map[string]string{
		"the matter's number": `SELECT number FROM matter WHERE firm_id = ? AND id = ?`, "a narrative": `SELECT narrative FROM entry WHERE firm_id = ? AND matter_id = ? AND narrative <> '' LIMIT 1`} {
		if secrets[what] = f.Text(t, sql, f.ID, low); len(secrets[what]) < 4 {
			t.Fatalf("%s is %q", what, secrets[what])
		}
	}
	return secrets
}

// Nor does such a person act on the first: what an act says, and what it changes, is of the
// class of the matter itself.
func TestT24_WhoSeesNoAmountsChangesNoBill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	f := own.firm
	classed(t, own)
	low := ident.MatterID(f.Text(t, `SELECT matter_id FROM prebill WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"]))
	arranged := f.Text(t, `SELECT id FROM arrangement WHERE firm_id = ? AND matter_id = ?`, f.ID, low)
	sid := w.signIn(t, f, rbac.RoleSpecialist)
	who := w.whose(t, sid)
	f.Exec(t, `UPDATE access_grant SET ended_at = now() WHERE firm_id = ? AND person_id = ?`, f.ID, who)
	f.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(low), testkit.UpToClass(1))
	f.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(f.Matter(t).ID), testkit.UpToClass(3))
	bill := "/prebills/" + own.ids["prebill"]
	before := f.Text(t, `SELECT version FROM prebill WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"])
	for n, c := range []struct{ path, body string }{
		{"/prebills", `{"matter_id":"` + string(low) + `","through_on":"2026-03-01"}`},
		{bill + "/prices/put", `{"arrangement_id":"` + arranged + `"}`}, {bill + "/prices/take", `{"arrangement_id":"` + arranged + `"}`},
		{bill + "/submit", ``}, {bill + "/withdraw", ``}, {bill + "/cancel", ``}, {bill + "/findings/" + own.ids["finding"] + "/waive", `{"note":"because"}`},
	} {
		rec := w.call(http.MethodPost, "/api/v1/firms/"+string(f.ID)+c.path, sid, c.body, "If-Match", `"`+before+`"`, "Idempotency-Key", fmt.Sprint("low-", n))
		if rec.Code != http.StatusForbidden || strings.Contains(rec.Body.String(), "a note between partners") {
			t.Errorf("%s: %d %s", c.path, rec.Code, rec.Body)
		}
	}
	if after := f.Text(t, `SELECT version FROM prebill WHERE firm_id = ? AND id = ?`, f.ID, own.ids["prebill"]); after != before {
		t.Errorf("the bill went from version %s to %s", before, after)
	}
}
