package app_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// What the pages do beside the bill, a client of the API does as well.
func TestActsBesideTheBillByAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, other := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	admin, stranger := w.signIn(t, f, rbac.RoleFirmAdmin), w.signIn(t, other, rbac.RoleFirmAdmin)
	check := "/firms/" + string(f.ID) + "/audit/check"
	w.answers(t, "POST", check, w.signIn(t, f, rbac.RoleTimekeeper), "", 403)
	w.answers(t, "POST", check, stranger, "", 404)
	w.answers(t, "GET", check, admin, "", 200, `"ok":false`)
	w.answers(t, "POST", check, admin, "", 409, "audit_unsealed")
	keeper, err := audit.NewKeeper(w.worker.DB, w.worker.AuditKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	w.answers(t, "POST", check, admin, "", 200, `"ok":true`, `"at"`, `"failed":[]`)
	w.answers(t, "GET", check, admin, "", 200, `"ok":true`)
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'audit.checked'`, f.ID); n != 1 {
		t.Errorf("%d leaves of one check", n)
	}

	ines, maya := w.signIn(t, f, rbac.RoleSpecialist), w.signIn(t, f, rbac.RoleSpecialist)
	var view struct{ ID string }
	if err := json.Unmarshal([]byte(w.answers(t, "POST", "/queue/views", ines, `{"name":"Over","tab":"over"}`, 201, `"default":false`)), &view); err != nil {
		t.Fatal(err)
	}
	at := "/queue/views/" + view.ID
	w.answers(t, "PUT", at+"/default", maya, "", 404)
	w.answers(t, "PUT", at+"/default", ines, "", 204)
	w.answers(t, "GET", "/queue/views", ines, "", 200, `"default":true`)
	w.answers(t, "DELETE", at+"/default", ines, "", 204)
	w.answers(t, "GET", "/queue/views", ines, "", 200, `"default":false`)
	w.answers(t, "DELETE", at, ines, "", 204)

	// A program reads whether, and never goes the way of a person.
	p, _ := w.programOf(t, f.As(t, rbac.RoleFirmAdmin))
	if status, code, body := p.ask(http.MethodPost, "/api/v1/firms/"+string(f.ID)+"/sign-in/link", ""); status != 403 || code != "token_route" {
		t.Errorf("a token links an account: %d %s", status, body)
	}
}
