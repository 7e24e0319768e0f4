package rate_test

import (
	"context"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
)

func (d desk) version(ctx context.Context) (v int64) {
	d.t.Helper()
	err := d.DB().InFirm(ctx, func(tx *db.Tx) error {
		card, err := rate.CardOf(tx)
		if err == nil {
			v = card.Version()
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// TestTheRegistersVersionGrows: each change of what rates are resolved by moves it, once a
// transaction and for its own firm; what is refused or changes nothing of it does not.
func TestTheRegistersVersionGrows(t *testing.T) {
	d := newDesk(t)
	other := testkit.Firm(t, d.DB())
	if v := d.version(d.Machine()); v != 0 {
		t.Fatalf("the empty register has version %d", v)
	}
	m, k := d.Matter(t, testkit.Practice("Litigation")), d.Timekeeper(t, "RV", "ASSOC", 0) // who has a rate of his own
	at := d.version(d.Machine())
	moves := func(what string, by int64, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		now := d.version(d.Machine())
		if now != at+by {
			t.Errorf("%s: from %d to %d, want %d more", what, at, now, by)
		}
		at = now
	}
	var r rate.Rate
	moves("a rate is added", 1, func() (err error) {
		r, err = d.rates.Add(d.admin, priced(rate.Rate{MatterID: m.ID}))
		return err
	})
	moves("the same again is refused", 0, func() error {
		if _, err := d.rates.Add(d.admin, priced(rate.Rate{MatterID: m.ID})); err == nil {
			t.Error("it was taken")
		}
		return nil
	})
	moves("it ends", 1, func() error {
		_, err := d.rates.End(d.admin, r.ID, testkit.Day("2026-07-01"))
		return err
	})
	moves("a client joins a group", 1, func() error {
		d.group("Pelham", m)
		return nil
	})
	moves("somebody changes the office", 1, func() error {
		return d.change(`UPDATE timekeeper SET office = 'Savannah' WHERE firm_id = ? AND id = ?`, k.ID)
	})
	moves("somebody changes the name", 0, func() error {
		return d.change(`UPDATE timekeeper SET name = 'Ruth Vane' WHERE firm_id = ? AND id = ?`, k.ID)
	})
	moves("a matter changes its practice group", 1, func() error {
		return d.change(`UPDATE matter SET practice_group = 'Tax' WHERE firm_id = ? AND id = ?`, m.ID)
	})
	moves("two changes of one transaction", 1, func() error {
		return d.DB().InFirm(d.Machine(), func(tx *db.Tx) error {
			for _, office := range []string{"Albany", "Savannah"} {
				if err := tx.Exec(`UPDATE timekeeper SET office = ? WHERE firm_id = ? AND id = ?`, office, d.ID, k.ID).Error; err != nil {
					return err
				}
			}
			return nil
		})
	})
	if v := d.version(other.Machine()); v != 0 {
		t.Errorf("another firm's register is at version %d", v)
	}
}

func (d desk) change(q string, id any) error {
	return d.DB().InFirm(d.Machine(), func(tx *db.Tx) error { return tx.Exec(q, d.ID, id).Error })
}
