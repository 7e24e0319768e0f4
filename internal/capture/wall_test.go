package capture_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// An id that a row of a hidden matter has is refused as one of a matter in sight is, and
// an import that holds entries of a hidden matter as one of which an entry is on a bill.
func TestT24_ImportsTellNothingOfHiddenMatters(t *testing.T) {
	h := newHouse(t)
	hidden := h.Matter(t)
	walled := h.As(t, rbac.RoleSpecialist)
	h.Wall(t, testkit.Actor(walled), hidden.ID)
	on := func(m testkit.M, row string) string { return strings.Replace(row, h.matter.Number, m.Number, 1) }
	mixed := h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), on(hidden, h.row("A2", "2026-02-10", "1.5", "Draft answer")))
	own := h.load(h.row("A3", "2026-02-11", "0.5", "Draft motion"))

	r, err := h.svc.DryRun(walled, upload(h.row("A1", "2026-02-12", "1", "Draft a letter"), h.row("A2", "2026-02-12", "2", "Draft a notice"), h.row("A9", "2026-02-12", "3", "Draft a reply")))
	if err != nil || r.Landed != 1 || told(r.Faults) != "2 id DUP-01; 3 id DUP-01" {
		t.Fatalf("%v %s", err, told(r.Faults))
	}
	seen, unseen := r.Faults[0], r.Faults[1]
	seen.Line, seen.Value, unseen.Line, unseen.Value = 0, "", 0, ""
	if seen != unseen {
		t.Errorf("an id on a hidden matter is refused with %+v, one in sight with %+v", unseen, seen)
	}

	h.prebill(h.entries(capture.Filter{Import: own.ID})[0].ID)
	_, beyond := h.svc.Undo(walled, mixed.ID, 1)
	_, billed := h.svc.Undo(walled, own.ID, 1)
	if beyond == nil || billed == nil || beyond.Error() != billed.Error() {
		t.Errorf("undo with an entry on a hidden matter: %v; with one on a bill: %v", beyond, billed)
	}
	for name, id := range map[string]capture.Result{"a hidden matter": mixed, "a bill": own} {
		if d, err := h.svc.ImportDetail(walled, id.ID, 0); err != nil || d.CanUndo {
			t.Errorf("with an entry on %s the undoing is offered: %v", name, err)
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'removed'`, h.ID); n != 0 {
		t.Errorf("%d entries were removed", n)
	}
	if d, err := h.svc.ImportDetail(h.who, mixed.ID, 0); err != nil || !d.CanUndo {
		t.Errorf("to who sees all of it the undoing is not offered: %v", err)
	}
	if _, err := h.svc.Undo(h.who, mixed.ID, 1); err != nil {
		t.Errorf("undo by who sees all of it: %v", err)
	}
}
