package outbox_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/testkit"
)

func TestSweepRemovesOnlyWhatEndedLongAgo(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	d := testkit.OpenDatabase(t, "docketry_worker", testkit.NewDatabase(t), c)
	f := testkit.Firm(t, d)
	for _, state := range []string{"done", "parked", "pending"} {
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
			id, err := outbox.Add(tx, wanted{})
			if err != nil {
				return err
			}
			return tx.Exec(`UPDATE outbox SET state = ?::text, done_at = CASE WHEN ?::text = 'done' THEN ?::timestamptz END WHERE firm_id = ? AND id = ?`,
				state, state, tx.Now, f.ID, id).Error
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		on   time.Duration
		left int64
	}{{89 * 24 * time.Hour, 3}, {2 * 24 * time.Hour, 2}} {
		c.Advance(step.on)
		if err := outbox.Sweep(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ?`, f.ID); n != step.left {
			t.Errorf("%d jobs are left, want %d", n, step.left)
		}
	}
}
