package api_test

import (
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// One foreign id among many of one's own refuses the whole request, and nothing of
// it is applied.
func TestT02_OneForeignIDRefusesTheBatch(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mine, theirs := testkit.Firm(t, s.d), testkit.Firm(t, s.d)
	first := mine.Matter(t)
	ids := []string{string(first.ID)}
	for range 98 {
		ids = append(ids, string(mine.Matter(t, testkit.SameClientAs(first)).ID))
	}
	ids = append(ids, string(theirs.Matter(t).ID))
	admin, _ := s.as(t, mine, rbac.RoleFirmAdmin)
	who := testkit.Actor(mine.As(t, rbac.RolePartner))
	grant := func(ids []string) map[string]any {
		return map[string]any{"person_id": string(who), "role": "partner", "scope": "matter", "scope_ids": ids, "class": 3, "label": "restricted", "reason": "batch"}
	}
	count := func(table string) int64 {
		t.Helper()
		return mine.Count(t, `SELECT count(*) FROM `+table+` WHERE firm_id = ?`, mine.ID)
	}
	before := count("access_grant") + count("wall") + count("audit_leaf")
	admin.send("POST", at(mine, "/grants"), grant(ids)).want(t, 422, `"path":"scope_ids"`)
	absent := admin.send("POST", at(mine, "/grants"), grant(append(ids[:99:99], string(ident.New[ident.MatterID](testkit.Now))))).want(t, 422)
	if foreign := admin.send("POST", at(mine, "/grants"), grant(ids)); foreign.field(t, "detail") != absent.field(t, "detail") || foreign.field(t, "fields.0.message") != absent.field(t, "fields.0.message") {
		t.Errorf("a foreign id differs from an absent one: %s, %s", foreign.body, absent.body)
	}
	admin.send("POST", at(mine, "/walls"), map[string]any{"person_id": string(who), "matter_ids": ids, "reason": "batch"}).want(t, 422)
	if after := count("access_grant") + count("wall") + count("audit_leaf"); after != before {
		t.Errorf("refused batches left %d rows", after-before)
	}
	admin.send("POST", at(mine, "/grants"), grant(ids[:99])).want(t, 201)
}
