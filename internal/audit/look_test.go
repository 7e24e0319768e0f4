package audit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Each look is tied to what it was for, and a wall hides the looks behind it too.
func TestLooksSayWhatTheyWereFor(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	d := h.d
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	m, second := f.Matter(t), f.Matter(t)
	reader := f.As(t, rbac.RoleSpecialist)
	record := func(request string, e audit.Entry) {
		t.Helper()
		sc, err := scope.From(reader)
		if err != nil {
			t.Fatal(err)
		}
		sc.RequestID = request
		if err := d.InFirm(scope.With(reader, sc), func(tx *db.Tx) error { return audit.Record(tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
	record("r1", audit.Entry{Action: "entry.read", Object: "matter", ID: string(second.ID), Matter: second.ID, Class: audit.C3, Detail: map[string]any{"entries": 2, "for": "access preview"}})
	record("r2", audit.Entry{Action: "entry.read", Object: "matter", ID: string(m.ID), Matter: m.ID, Class: audit.C3})
	record("r3", audit.Entry{Action: "item.leased", Object: "item", ID: "w1", Matter: m.ID, Class: audit.C1})
	record("r4", audit.Entry{Action: "entry.read", Object: "matter", ID: string(m.ID), Matter: m.ID, Class: audit.C3, Detail: map[string]any{"entries": 14}})
	for _, look := range []string{"prebill.viewed", "invoice.file_read", "finding.listed", "export.fetched", "export.previewed"} {
		record("of "+look, audit.Entry{Action: look, Object: "matter", ID: string(m.ID), Matter: m.ID, Class: audit.C3})
	}
	record("r6", audit.Entry{Action: "prebill.line_edited", Object: "prebill", ID: "p", Matter: m.ID, Class: audit.C3})
	record("r7", audit.Entry{Action: "prebill.viewed", Object: "prebill", ID: "p", Matter: m.ID, Class: audit.C2})
	record("r5", audit.Entry{Action: "client.changed", Object: "client", ID: "c", Class: audit.C2})
	// On the page of a work item that nobody has taken, of things without one matter.
	if err := d.InFirm(audit.For(reader, "item", "w9"), func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{Action: "finding.listed", Object: "finding", ID: string(f.ID), Class: audit.C3, Detail: map[string]any{"findings": 3}})
	}); err != nil {
		t.Fatal(err)
	}
	svc := h.svc
	admin := f.As(t, rbac.RoleFirmAdmin)
	p, err := svc.Looks(admin, audit.LookFilter{}, page.Request{})
	if err != nil || len(p.Items) != 9 {
		t.Fatalf("%d looks, %v", len(p.Items), err)
	}
	onPage := slices.IndexFunc(p.Items, func(l audit.Look) bool { return l.ForObject == "item" && l.ForID == "w9" })
	if onPage < 0 || p.Items[onPage].Action != "finding.listed" || !strings.Contains(p.Items[onPage].Detail, "findings") {
		t.Errorf("the look on an item's page is tied to %+v", p.Items)
	}
	for _, l := range p.Items {
		switch {
		case l.Count == 14 && l.ForID != "w1", l.Count == 2 && l.Purpose != "access preview":
			t.Errorf("%+v", l)
		}
	}
	if p, err = svc.Looks(admin, audit.LookFilter{Matter: second.ID, Person: testkit.Actor(reader)}, page.Request{}); err != nil || len(p.Items) != 1 {
		t.Errorf("by person and matter: %d, %v", len(p.Items), err)
	}
	if p, err = svc.Looks(admin, audit.LookFilter{Person: testkit.Actor(admin)}, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("of somebody who looked at nothing: %d, %v", len(p.Items), err)
	}
	f.Wall(t, testkit.Actor(admin), m.ID)
	if p, err = svc.Looks(admin, audit.LookFilter{}, page.Request{}); err != nil || len(p.Items) != 1 {
		t.Errorf("a wall hides the looks behind it: %d, %v", len(p.Items), err)
	}
	if p, err = svc.Looks(other.As(t, rbac.RoleFirmAdmin), audit.LookFilter{}, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another firm sees %d, %v", len(p.Items), err)
	}
	for limit, want := range map[int]error{8: audit.ErrManyLooks, 9: nil} {
		if all, err := svc.LooksFile(f.As(t, rbac.RoleFirmAdmin), audit.LookFilter{}, limit); !errors.Is(err, want) || (err == nil && len(all) != 9) {
			t.Errorf("a file of at most %d: %d, %v", limit, len(all), err)
		}
	}
	if _, err = svc.LooksFile(f.As(t, rbac.RolePartner), audit.LookFilter{}, 10); err == nil {
		t.Error("a file of it without the permission")
	}
}
