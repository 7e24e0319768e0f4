package sla_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
)

// row is a clock as stored.
type row struct {
	ID          ident.ClockID
	Cycle       int
	State       sla.State
	Outcome     sla.Outcome
	ConsumedS   int64
	PausedS     int64
	TargetS     int64
	SegStartAt  time.Time
	DueAt       *time.Time
	BreachedAt  *time.Time
	CompletedAt *time.Time
	OutcomeAt   *time.Time
	NextCheckAt *time.Time
}

// I19: what is stored is what replaying the log gives, after any sequence of events
// and sweeps; totals never decrease; pauses do not overlap (a constraint).
func TestI19_StoredClockEqualsItsReplay(t *testing.T) {
	t.Parallel()
	b := alone(t)
	b.Agreement(t)
	worker := b.worker(t)
	kinds := []sla.EventKind{
		sla.EventPause, sla.EventPause, sla.EventResume, sla.EventResume, sla.EventPriority, sla.EventComplete, sla.EventReopen, sla.EventWaive, sla.EventCancel,
	}
	rapid.Check(t, func(rt *rapid.T) {
		b.clock.Set(b.clock.Now().Add(time.Hour))
		id := b.start(t, sla.Priority(rapid.IntRange(1, 4).Draw(rt, "priority")), "")
		used := map[ident.ClockID][2]int64{}
		for range rapid.IntRange(1, 6).Draw(rt, "events") {
			b.clock.Advance(time.Duration(rapid.IntRange(0, 40).Draw(rt, "quarters")) * 15 * time.Minute)
			if rapid.IntRange(0, 3).Draw(rt, "sweep") == 0 {
				if _, err := worker.Sweep(context.Background()); err != nil {
					rt.Fatal(err)
				}
			}
			c := sla.Change{Kind: rapid.SampledFrom(kinds).Draw(rt, "kind")}
			switch c.Kind {
			case sla.EventPause, sla.EventResume:
				c.Reason = rapid.SampledFrom([]sla.Reason{sla.WaitingFirm, sla.FirmHold, sla.WaitingInternal}).Draw(rt, "reason")
			case sla.EventPriority:
				c.Priority = sla.Priority(rapid.IntRange(1, 4).Draw(rt, "to"))
			case sla.EventReopen:
				c.Cause = rapid.SampledFrom([]sla.Cause{sla.BureauError, sla.FirmChange}).Draw(rt, "cause")
			case sla.EventStart, sla.EventComplete, sla.EventForward, sla.EventCorrect, sla.EventWaive, sla.EventCancel:
			}
			b.record(t, id, c)
			compare(rt, t, b, id, used)
		}
	})
}

func compare(rt *rapid.T, t *testing.T, b bench, id ident.WorkItemID, used map[ident.ClockID][2]int64) {
	var rows []row
	var replayed []sla.Progress
	b.in(t, func(tx *db.Tx) (err error) {
		if replayed, err = b.OfItem(tx, id); err != nil {
			return err
		}
		return tx.Raw(`SELECT c.* FROM clock c JOIN target t ON t.firm_id = c.firm_id AND t.id = c.target_id WHERE c.firm_id = ? AND c.item_id = ? ORDER BY t.position`, b.ID, id).Scan(&rows).Error
	})
	for i, r := range rows {
		c := replayed[i].Clock
		same := r.ID == replayed[i].ID && r.Cycle == c.N && r.State == c.State && r.Outcome == c.Outcome && r.ConsumedS == c.ConsumedS && r.PausedS == c.PausedS &&
			r.TargetS == c.TargetS && r.SegStartAt.Equal(c.SegStart) && at(r.DueAt).Equal(c.DueAt) && at(r.BreachedAt).Equal(c.BreachedAt) &&
			at(r.CompletedAt).Equal(c.CompletedAt) && at(r.OutcomeAt).Equal(c.OutcomeAt()) && at(r.NextCheckAt).Equal(c.NextAt)
		if !same {
			rt.Fatalf("stored   %+v\nreplayed %+v next %v", r, c.Cycle, c.NextAt)
		}
		if last := used[r.ID]; last[0] == int64(r.Cycle) && r.ConsumedS < last[1] {
			rt.Fatalf("used time fell from %d to %d", last[1], r.ConsumedS)
		}
		used[r.ID] = [2]int64{int64(r.Cycle), r.ConsumedS}
	}
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
