package db_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
)

func TestJoining(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	name := func(n string) func(tx *db.Tx) error {
		return func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Log("after", n) })
			return tx.Exec(`UPDATE firm SET name = ? WHERE firm_id = ?`, n, tx.Scope.Firm).Error
		}
	}
	stored := func(f testkit.F) (n string) {
		t.Helper()
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Raw(`SELECT name FROM firm WHERE firm_id = ?`, f.ID).Row().Scan(&n) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	failed := errors.New("failed")

	t.Run("the joined part is kept with the whole", func(t *testing.T) {
		ran := false
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			return d.InFirm(db.Joining(f.Machine(), tx), func(inner *db.Tx) error {
				inner.AfterCommit(func() { ran = true })
				return name("kept")(inner)
			})
		})
		if err != nil || stored(f) != "kept" || !ran {
			t.Errorf("%v, %s, after commit ran %v", err, stored(f), ran)
		}
	})
	t.Run("and lost with it", func(t *testing.T) {
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			if err := d.InFirm(db.Joining(f.Machine(), tx), name("lost")); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) || stored(f) != "kept" {
			t.Errorf("%v, %s", err, stored(f))
		}
	})
	t.Run("a failing part leaves the whole usable", func(t *testing.T) {
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			err := d.InFirm(db.Joining(f.Machine(), tx), func(tx *db.Tx) error { return tx.Exec(`SELECT 1/0`).Error })
			if db.Code(err) != "22012" {
				t.Errorf("inner: %v", err)
			}
			return name("outer")(tx)
		})
		if err != nil || stored(f) != "outer" {
			t.Errorf("%v, %s", err, stored(f))
		}
	})
	t.Run("a part that fails after a part of it has failed is lost whole", func(t *testing.T) {
		before := stored(f)
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			err := d.InBureau(db.Joining(f.Machine(), tx), []ident.FirmID{f.ID}, func(list *db.Tx) error {
				return d.InFirm(db.Joining(f.Machine(), list), func(part *db.Tx) error {
					if err := name("half")(part); err != nil {
						return err
					}
					return d.InFirm(db.Joining(f.Machine(), part), func(*db.Tx) error { return failed })
				})
			})
			if !errors.Is(err, failed) {
				t.Errorf("the part: %v", err)
			}
			return tx.Exec(`UPDATE firm SET name = name WHERE firm_id = ?`, f.ID).Error // under the scope and the role of the whole
		})
		if err != nil || stored(f) != before {
			t.Errorf("%v, %s was %s", err, stored(f), before)
		}
	})
	t.Run("another firm is joined under its own scope", func(t *testing.T) {
		before := stored(other)
		both := func(then error) error {
			return d.InFirm(f.Machine(), func(tx *db.Tx) error {
				err := d.InFirm(db.Joining(other.Machine(), tx), func(inner *db.Tx) error {
					res := inner.Exec(`UPDATE firm SET name = 'crossed' WHERE firm_id = ?`, f.ID)
					if res.Error == nil && res.RowsAffected != 0 {
						t.Error("the part wrote to the firm of the whole")
					}
					return name("theirs")(inner)
				})
				if err != nil {
					return err
				}
				if res := tx.Exec(`UPDATE firm SET name = 'crossed' WHERE firm_id = ?`, other.ID); res.Error != nil || res.RowsAffected != 0 {
					t.Errorf("the whole wrote to the firm of the part: %v", res.Error)
				}
				if err := name("ours")(tx); err != nil {
					return err
				}
				return then
			})
		}
		if err := both(failed); !errors.Is(err, failed) || stored(other) != before || stored(f) == "ours" {
			t.Errorf("lost: %v, %s, %s", err, stored(f), stored(other))
		}
		if err := both(nil); err != nil || stored(other) != "theirs" || stored(f) != "ours" {
			t.Errorf("kept: %v, %s, %s", err, stored(f), stored(other))
		}
	})
	t.Run("so are the bureau's doors, a claim's with its move into a firm", func(t *testing.T) {
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			ctx := db.Joining(f.Acting(testkit.Person(t, d, "someone")), tx)
			if err := name("not yet committed")(tx); err != nil {
				return err
			}
			err := d.InBureau(ctx, []ident.FirmID{f.ID}, func(inner *db.Tx) error {
				var n string
				if err := inner.Raw(`SELECT name FROM firm WHERE firm_id = ?`, f.ID).Row().Scan(&n); err != nil || n != "not yet committed" {
					t.Errorf("the list does not see the whole's work: %q, %v", n, err)
				}
				return d.InFirm(db.Joining(other.Machine(), tx), name("nested"))
			})
			if err != nil {
				return err
			}
			err = d.InBureau(ctx, []ident.FirmID{f.ID}, func(inner *db.Tx) error {
				return inner.Exec(`UPDATE firm SET name = 'as bureau' WHERE firm_id = ?`, f.ID).Error
			})
			if db.Code(err) != "42501" {
				t.Errorf("the bureau's role wrote: %v", err)
			}
			err = d.InClaim(ctx, []ident.FirmID{other.ID}, func(inner *db.Tx) error {
				if err := inner.Enter(other.ID); err != nil {
					return err
				}
				return name("claimed")(inner)
			})
			if err != nil {
				return err
			}
			return name("after the claim")(tx)
		})
		if err != nil || stored(other) != "claimed" || stored(f) != "after the claim" {
			t.Errorf("%v, %s, %s", err, stored(other), stored(f))
		}
	})
	t.Run("who acts is the part's own", func(t *testing.T) {
		ctx := f.Acting("someone")
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			return d.InFirm(db.Joining(ctx, tx), func(inner *db.Tx) error {
				if sc, _ := scope.From(inner.Context()); inner.Scope.Actor != "someone" || sc.Actor != "someone" {
					t.Errorf("acting: %+v", inner.Scope)
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}
