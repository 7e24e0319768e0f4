package app_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestT07_RequestsWhileAGrantToggles is the race of SECURITY T07 at the server's door: 8
// workers ask 1,000 times each while a grant is ended and given again (package authz has
// it with 10,000 decisions each).
func TestT07_RequestsWhileAGrantToggles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	m := f.Matter(t)
	sid := w.signIn(t, f, rbac.RoleSpecialist)
	path := "/api/v1/firms/" + string(f.ID) + "/matters/" + string(m.ID)
	grant := f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ?`, f.ID, w.personOf(t, sid))
	testkit.Race{Grant: grant, Workers: 8, Asks: 1_000, Every: 100, Least: 500}.Run(t, f, func() (allowed bool, odd string) {
		status := w.call("GET", path, sid, "").Code
		if status != http.StatusOK && status != http.StatusNotFound && status != http.StatusForbidden {
			odd = fmt.Sprint(status)
		}
		return status == http.StatusOK, odd
	})
}
