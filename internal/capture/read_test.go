package capture_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestMattersOutOfScopeAreUnknown(t *testing.T) {
	h := newHouse(t)
	other, sealed := h.Matter(t), h.Matter(t, testkit.Label(3))
	who := h.As(t, rbac.RoleSpecialist, testkit.OnMatters(h.matter.ID))
	walled := h.As(t, rbac.RoleSpecialist)
	h.Wall(t, testkit.Actor(walled), other.ID)
	file := upload(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"),
		strings.Replace(h.row("A2", "2026-02-10", "1.5", "Draft answer"), h.matter.Number, other.Number, 1),
		strings.Replace(h.row("A3", "2026-02-10", "1.5", "Draft motion"), h.matter.Number, sealed.Number, 1))
	for name, w := range map[string]context.Context{"scope": who, "wall": walled} {
		if r, err := h.svc.DryRun(w, file); err != nil || told(r.Faults) != "3 matter MAT-01; 4 matter MAT-01" {
			t.Errorf("%s: %v %s", name, err, told(r.Faults))
		}
	}
	r := h.load(string(file.Data[len(header):]))
	if r.Landed != 2 {
		t.Fatalf("whole firm: %+v", r)
	}
	if _, err := h.svc.Undo(who, r.ID, 1); !errors.Is(err, capture.ErrOnBill) {
		t.Errorf("undo beyond the grant: %v", err)
	}
	d, err := h.svc.ImportDetail(who, r.ID, 0)
	if err != nil || !d.FaultsHidden || len(d.Faults) != 0 {
		t.Errorf("faults of other matters: %v %+v", err, d)
	}
	p, err := h.svc.Entries(who, capture.Filter{}, page.Request{})
	if err != nil || len(p.Items) != 1 {
		t.Errorf("entries in scope: %v, %d", err, len(p.Items))
	}
	if _, err := h.svc.Entries(who, capture.Filter{Matter: other.ID}, page.Request{}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("entries of another matter: %v", err)
	}
	unconcerned := h.As(t, rbac.RoleSpecialist, testkit.OnMatters(sealed.ID))
	if _, err := h.svc.ImportDetail(unconcerned, r.ID, 0); !errors.Is(err, capture.ErrNotFound) {
		t.Errorf("an import without a matter in reach: %v", err)
	}
	if p, err := h.svc.Imports(unconcerned, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("list: %v %d", err, len(p.Items))
	}
}

func TestNarrativesAreShownByClassAndTheLookIsRecorded(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "1.5", "Draft answer"), h.row("A3", "2026-02-12", "1.5", "Draft motion"))
	looks := func() int64 {
		return h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'entry.read' AND matter_id = ? AND class = 3`, h.ID, h.matter.ID)
	}
	masked := h.As(t, rbac.RoleSpecialist, testkit.UpToClass(2))
	p, err := h.svc.Entries(masked, capture.Filter{Matter: h.matter.ID}, page.Request{})
	if err != nil || len(p.Items) != 3 || p.Items[0].Narrative != "" || looks() != 0 {
		t.Errorf("without C3: %v, %+v, %d looks", err, p.Items, looks())
	}
	first, err := h.svc.Entries(h.who, capture.Filter{Matter: h.matter.ID, Status: capture.StatusOpen}, page.Request{Size: 2})
	if err != nil || len(first.Items) != 2 || first.Next == "" || first.Items[0].Narrative != "Draft reply brief" || looks() != 1 {
		t.Fatalf("first page: %v, %+v, %d looks", err, first, looks())
	}
	rest, err := h.svc.Entries(h.who, capture.Filter{Matter: h.matter.ID, Status: capture.StatusOpen}, page.Request{Size: 2, After: first.Next})
	if err != nil || len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].ExternalID != "A3" {
		t.Errorf("second page: %v, %+v", err, rest)
	}
	e, err := h.svc.Entry(h.who, rest.Items[0].ID)
	if err != nil || e.Narrative != "Draft motion" || looks() != 3 {
		t.Errorf("one entry: %v %+v, %d looks", err, e, looks())
	}
	if _, err := h.svc.Entry(newNeighbour(t, h).who, e.ID); !errors.Is(err, capture.ErrNotFound) {
		t.Errorf("from another firm: %v", err)
	}
	own := h.As(t, rbac.RoleTimekeeper)
	h.Exec(t, `UPDATE timekeeper SET person_id = ? WHERE firm_id = ? AND id = ?`, testkit.Actor(own), h.ID, h.rv.ID)
	mine, err := h.svc.Entries(own, capture.Filter{}, page.Request{})
	if err != nil || len(mine.Items) != 3 {
		t.Errorf("a timekeeper's own entries: %v, %d", err, len(mine.Items))
	}
	if p, err := h.svc.Entries(h.As(t, rbac.RoleTimekeeper), capture.Filter{}, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another timekeeper's: %v, %d", err, len(p.Items))
	}
}

func TestImportsListPages(t *testing.T) {
	h := newHouse(t)
	for i := range 3 {
		h.load(h.row(fmt.Sprint("A", i), "2026-02-10", "1.5", fmt.Sprint("Draft reply brief part ", i)))
	}
	var ids []ident.ImportID
	req := page.Request{Size: 2}
	for {
		p, err := h.svc.Imports(h.As(t, rbac.RolePartner), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range p.Items {
			ids = append(ids, b.ID)
		}
		if req.After = p.Next; p.Next == "" {
			break
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 3 {
		t.Errorf("%d imports over the pages", len(ids))
	}
	if _, err := h.svc.Imports(h.who, page.Request{After: "!"}); !errors.Is(err, page.ErrBadCursor) {
		t.Errorf("bad cursor: %v", err)
	}
}

func TestFiguresAreShownByClass(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "1.5", "Draft answer"))
	sums, err := h.svc.Sums(h.who, capture.Filter{Matter: h.matter.ID})
	if err != nil || len(sums) != 1 || sums[0].Entries != 2 || sums[0].Hours != 30_000 || sums[0].Minor == 0 {
		t.Errorf("sums: %+v, %v", sums, err)
	}
	bare := h.As(t, rbac.RoleSpecialist, testkit.UpToClass(1))
	list, err := h.svc.Entries(bare, capture.Filter{}, page.Request{Size: 1})
	if err != nil || len(list.Items) != 1 || list.Next == "" {
		t.Fatalf("without C2: %+v, %v", list, err)
	}
	if e := list.Items[0]; e.AmountMinor != 0 || e.Currency != "" || e.Hours != 0 || e.Rate != 0 || e.Task != "" || e.ExternalID != "" {
		t.Errorf("without C2: %+v", e)
	}
	if rest, err := h.svc.Entries(bare, capture.Filter{}, page.Request{After: list.Next}); err != nil || len(rest.Items) != 1 || rest.Items[0].ID == list.Items[0].ID {
		t.Errorf("the next page: %+v, %v", rest, err)
	}
	if none, err := h.svc.Sums(bare, capture.Filter{}); err != nil || len(none) != 0 {
		t.Errorf("sums without C2: %+v, %v", none, err)
	}
}

func TestPlacesSayWhereAnEntryIsAsFarAsOneMaySee(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft section 3 of reply brief on motion to compel"))
	e := h.entries(capture.Filter{})[0]
	found, err := h.svc.Places(h.who, []ident.EntryID{e.ID})
	if err != nil || len(found) != 1 || found[0] != (capture.Place{ID: e.ID, MatterID: h.matter.ID, TimekeeperID: h.rv.ID, WorkedOn: e.WorkedOn}) {
		t.Errorf("%+v, %v", found, err)
	}
	n := newNeighbour(t, h)
	if found, err := n.svc.Places(n.who, []ident.EntryID{e.ID}); err != nil || len(found) != 0 {
		t.Errorf("another firm is told %+v, %v", found, err)
	}
}
