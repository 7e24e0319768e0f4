package api_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

var ofOneRequest = regexp.MustCompile(`"request_id":"[^"]*"`)

// What a firm reads when the bureau has not confirmed somebody is the same to the byte,
// whether nobody has looked, the look is old, or a name of the firm's was found.
func TestConflictChecksOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first, second, bureau := testkit.Firm(t, s.d), testkit.Firm(t, s.d), testkit.Bureau(t, s.d)
	admin, _ := s.as(t, second, rbac.RoleFirmAdmin)
	office, _ := s.as(t, bureau, rbac.RoleBureauAdmin)
	client := first.Matter(t)
	first.Exec(t, `UPDATE client SET name = 'Kiebitz Rail Ltd' WHERE firm_id = ? AND id = ?`, first.ID, client.Client)
	m := second.Matter(t)
	until := testkit.Now.AddDate(0, 0, 30).Format("2006-01-02T15:04:05Z")
	give := func(who ident.PersonID) (int, string) {
		a := admin.send("POST", at(second, "/grants"), map[string]any{"person_id": string(who), "role": "specialist", "scope": "all", "class": 2, "label": "standard", "until": until, "reason": "close"})
		return a.status, ofOneRequest.ReplaceAllString(a.body, "")
	}
	person := func() ident.PersonID { return testkit.Actor(first.As(t, rbac.RoleSpecialist)) }
	check := func(who ident.PersonID) (id string) {
		a := office.send("POST", at(bureau, "/conflict-checks"), map[string]string{"person_id": string(who), "firm_id": string(second.ID)}).want(t, 200)
		var list struct{ Items []struct{ ID string } }
		if err := json.Unmarshal([]byte(a.body), &list); err != nil || len(list.Items) != 1 {
			t.Fatalf("%v: %s", err, a.body)
		}
		return list.Items[0].ID
	}
	status, body := give(person())
	if status != 409 {
		t.Fatalf("nobody has looked: %d %s", status, body)
	}
	old := person()
	testkit.AdminExec(t, s.d, `UPDATE conflict_check SET checked_at = checked_at - interval '30 days' WHERE id = $1`, check(old))
	if st, b := give(old); st != status || b != body {
		t.Errorf("old: %d %s, want %d %s", st, b, status, body)
	}
	second.Exec(t, `INSERT INTO matter_party (firm_id, id, matter_id, side, name) VALUES (?, ?, ?, 'adverse', 'KIEBITZ RAIL, Limited')`, second.ID, ident.New[ident.PartyID](testkit.Now), m.ID)
	who := person()
	id := check(who)
	if st, b := give(who); st != status || b != body {
		t.Errorf("open: %d %s, want %d %s", st, b, status, body)
	}
	admin.get(at(second, "/conflict-checks")).want(t, 403)
	office.get(at(bureau, "/conflict-checks?open=true")).want(t, 200, id, `"opposite":1`)
	office.send("POST", at(bureau, "/conflict-checks/"+id+"/clear"), map[string]string{"reason": ""}).want(t, 422, "reason")
	office.send("POST", at(bureau, "/conflict-checks/"+id+"/clear"), map[string]string{"reason": "Other clients only"}).want(t, 204)
	office.get(at(bureau, "/conflict-checks/"+id)).want(t, 200, `"state":"cleared"`, "Other clients only")
	if st, b := give(who); st != 201 {
		t.Errorf("cleared: %d %s", st, b)
	}
}
