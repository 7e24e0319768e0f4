package capture_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestUndo(t *testing.T) {
	h := newHouse(t)
	rows := []string{h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "0.5", "Draft answer to complaint")}
	r := h.load(rows...)
	theirs := newNeighbour(t, h)
	for name, c := range map[string]struct {
		who     context.Context
		version int
		is      error
	}{
		"another firm":   {theirs.who, 1, capture.ErrNotFound},
		"a partner":      {h.As(t, rbac.RolePartner), 1, authz.ErrForbidden},
		"an old version": {h.who, 2, capture.ErrStale},
	} {
		if _, err := h.svc.Undo(c.who, r.ID, c.version); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	entries := h.entries(capture.Filter{Import: r.ID})
	pb := h.prebill(entries[0].ID)
	if _, err := h.svc.Undo(h.who, r.ID, 1); !errors.Is(err, capture.ErrOnBill) {
		t.Errorf("with an entry on a pre-bill: %v", err)
	}
	h.in(func(tx *db.Tx) error { return capture.Release(tx, pb) })
	b, err := h.svc.Undo(h.who, r.ID, 1)
	if err != nil || b.Status != "undone" || b.UndoneAt == nil {
		t.Fatalf("Undo: %v %+v", err, b)
	}
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'removed'`, h.ID); n != 2 {
		t.Errorf("%d entries removed", n)
	}
	if n := h.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND subject_id = ? AND status IN ('ready', 'leased', 'parked')`, h.ID, r.ID); n != 0 {
		t.Errorf("%d work items open", n)
	}
	if _, err := h.svc.Undo(h.who, r.ID, 2); !errors.Is(err, capture.ErrUndone) {
		t.Errorf("undo twice: %v", err)
	}
	again := h.load(rows...)
	if again.Landed != 2 || again.Round != 2 {
		t.Errorf("the same file after undo: %+v", again.Import)
	}
	pb = h.prebill(h.entries(capture.Filter{Import: again.ID})[0].ID)
	h.in(func(tx *db.Tx) error { _, err := capture.MarkBilled(tx, pb); return err })
	if _, err := h.svc.Undo(h.who, again.ID, 1); !errors.Is(err, capture.ErrOnBill) {
		t.Errorf("with an entry on an invoice: %v", err)
	}
}

func TestI01_AnEntryIsClaimedByOneBill(t *testing.T) {
	h := newHouse(t)
	var ids []ident.EntryID
	for i := range 20 {
		ids = append(ids, h.Work(t, h.matter, h.rv, "2026-02-10", int64(1000*(i+1)), 4_000_000).ID)
	}
	bills := make([]ident.PrebillID, 10)
	for i := range bills {
		bills[i] = newPrebill(h)
	}
	var wg sync.WaitGroup
	won := make(chan ident.PrebillID, len(bills))
	for i, b := range bills {
		mine := slices.Clone(ids[i%2:])
		if i%3 == 0 {
			slices.Reverse(mine)
		}
		wg.Go(func() {
			err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error { return capture.Claim(tx, b, mine) })
			if err == nil {
				won <- b
			} else if !errors.Is(err, capture.ErrEntryTaken) {
				t.Errorf("Claim: %v", err)
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d bills have the entries", len(won))
	}
	winner := <-won
	h.in(func(tx *db.Tx) error { return capture.Claim(tx, winner, ids[1:]) }) // again changes nothing
	open := 0
	h.in(func(tx *db.Tx) error {
		list, err := capture.OpenEntries(tx, h.matter.ID, testkit.Day("2026-02-28"))
		open = len(list)
		return err
	})
	claimed := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND prebill_id = ?`, h.ID, winner)
	if int64(open)+claimed != 20 || claimed < 19 {
		t.Errorf("%d open, %d claimed", open, claimed)
	}
	h.in(func(tx *db.Tx) error { return capture.Release(tx, winner, ids[5]) })
	h.in(func(tx *db.Tx) error {
		n, err := capture.MarkBilled(tx, winner)
		if n != claimed-1 {
			t.Errorf("%d billed, want %d", n, claimed-1)
		}
		return err
	})
	h.in(func(tx *db.Tx) error { return capture.Release(tx, winner) }) // what is billed stays
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.ID); n != claimed-1 {
		t.Errorf("%d billed after release", n)
	}
	h.in(func(tx *db.Tx) error { return capture.Reopen(tx, winner) })
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open' AND prebill_id IS NULL`, h.ID); n != 20 {
		t.Errorf("%d open after a full credit", n)
	}
}

func TestTheDatabaseKeepsEntriesAsTheyWere(t *testing.T) {
	h := newHouse(t)
	e := h.Work(t, h.matter, h.rv, "2026-02-10", 10_000, 4_000_000)
	a, b := newPrebill(h), newPrebill(h)
	h.in(func(tx *db.Tx) error { return capture.Claim(tx, a, []ident.EntryID{e.ID}) })
	for name, sql := range map[string]string{
		"hours change":         `UPDATE entry SET hours_e4 = 20000 WHERE firm_id = ? AND id = ?`,
		"narrative changes":    `UPDATE entry SET narrative = 'x' WHERE firm_id = ? AND id = ?`,
		"row is deleted":       `DELETE FROM entry WHERE firm_id = ? AND id = ?`,
		"claim handed over":    `UPDATE entry SET prebill_id = '` + string(b) + `' WHERE firm_id = ? AND id = ?`,
		"claim without status": `UPDATE entry SET status = 'open' WHERE firm_id = ? AND id = ?`,
		"removed while billed": `UPDATE entry SET status = 'removed', prebill_id = NULL WHERE firm_id = ? AND id = ?`,
	} {
		err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, h.ID, e.ID).Error })
		if err == nil {
			t.Errorf("%s: allowed", name)
		}
	}
	err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO entry SELECT (jsonb_populate_record(e, jsonb_build_object('id', ?::text, 'fingerprint', ?::text, 'status', 'open', 'prebill_id', NULL, 'amount_minor', 39999))).* FROM entry e WHERE e.firm_id = ? AND e.id = ?`,
			a, a, h.ID, e.ID).Error
	})
	if !db.Violates(err, "entry_amount_is_product") {
		t.Errorf("an amount that is not the product (I02): %v", err)
	}
}
