package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
)

// sentGrace is how long a sent row is believed to be in Redis without a look.
func (e *Engine) sentGrace() time.Duration { return e.Reconcile / 3 }

// reconcile finds what would wait for ever: running jobs whose lease ran out, and
// sent ones that Redis no longer has. Both go back to the relay as the next attempt.
func (e *Engine) reconcile(ctx context.Context) error {
	return e.DB.InSystem(ctx, "reconcile", func(sys *db.System) error {
		return sys.Each(firmsAtOnce, func(firms []ident.FirmID) error {
			open, err := firmsInFlight(sys, firms)
			if err != nil {
				return err
			}
			for _, firm := range open {
				if err := e.reclaim(sys, firm); err != nil {
					return err
				}
				if err := e.resend(sys, firm); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func firmsInFlight(sys *db.System, firms []ident.FirmID) (open []ident.FirmID, err error) {
	err = sys.Read(firms, func(tx *db.Tx) error {
		return tx.Raw(`SELECT f.id FROM unnest(?::uuid[]) AS f(id) WHERE EXISTS (
			SELECT FROM outbox o WHERE o.firm_id = f.id AND o.state IN ('pending', 'running') AND o.sent_at IS NOT NULL)`,
			db.Array(firms)).Scan(&open).Error
	})
	if err != nil {
		return nil, fmt.Errorf("find firms with open jobs: %w", err)
	}
	return open, nil
}

// reclaim takes running jobs from workers that gave no sign of life for a lease.
// A row whose handler is in the middle of its transaction is locked and skipped.
func (e *Engine) reclaim(sys *db.System, firm ident.FirmID) error {
	return sys.Enter(firm, func(tx *db.Tx) error {
		var dead []struct {
			ID    ident.JobID
			Kind  string
			Tries int
		}
		err := tx.Raw(`SELECT id, kind, tries FROM outbox WHERE firm_id = ? AND state = 'running' AND sent_at IS NOT NULL AND lease_until < ?
			FOR UPDATE SKIP LOCKED`, firm, tx.Now).Scan(&dead).Error
		if err != nil {
			return fmt.Errorf("find dead jobs: %w", err)
		}
		for _, d := range dead {
			state, why := "pending", ""
			if d.Tries >= maxTries {
				state, why = "parked", reason(errLost)
			}
			err := tx.Exec(`UPDATE outbox SET state = ?, error = ?, sent_at = NULL, lease_until = NULL, attempt = attempt + 1, fence = fence + 1
				WHERE firm_id = ? AND id = ?`, state, why, firm, d.ID).Error
			if err != nil {
				return fmt.Errorf("take back job %s: %w", d.ID, err)
			}
			if state == "parked" {
				if err := recordParked(tx, outbox.Job{ID: d.ID, Kind: d.Kind, Attempt: d.Tries}); err != nil {
					return err
				}
				e.observe(d.Kind, outcomeParked, 0)
			}
			e.Log.WarnContext(tx.Context(), "job taken back from a dead worker", "job", d.ID, "kind", d.Kind, "tries", d.Tries, "state", state)
		}
		return nil
	})
}

// resend gives back to the relay what was sent and is not in Redis. Redis is asked
// outside of any transaction; a row that moved on meanwhile is left alone.
func (e *Engine) resend(sys *db.System, firm ident.FirmID) error {
	var sent []sendRow
	err := sys.Enter(firm, func(tx *db.Tx) error {
		return tx.Raw(`SELECT id, queue, attempt FROM outbox WHERE firm_id = ? AND state = 'pending' AND sent_at IS NOT NULL AND sent_at < ?
			ORDER BY sent_at LIMIT 500`, firm, tx.Now.Add(-e.sentGrace())).Scan(&sent).Error
	})
	if err != nil {
		return fmt.Errorf("read sent jobs: %w", err)
	}
	var lost []ident.JobID
	for _, r := range sent {
		there, err := e.inRedis(r)
		if err != nil {
			return err
		}
		if !there {
			lost = append(lost, r.ID)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return sys.Enter(firm, func(tx *db.Tx) error {
		res := tx.Exec(`UPDATE outbox SET sent_at = NULL, attempt = attempt + 1 WHERE firm_id = ? AND id = ANY (?::uuid[])
			AND state = 'pending' AND sent_at < ?`, firm, db.Array(lost), tx.Now.Add(-e.sentGrace()))
		if res.Error != nil {
			return fmt.Errorf("give lost jobs back to the relay: %w", res.Error)
		}
		e.Log.WarnContext(tx.Context(), "jobs were lost in Redis and go out again", "jobs", res.RowsAffected)
		return nil
	})
}

// inRedis tells whether Asynq still means to deliver the row. An archived task is
// never delivered.
func (e *Engine) inRedis(r sendRow) (bool, error) {
	info, err := e.inspector.GetTaskInfo(r.Queue, delivery{r.ID, r.Attempt}.taskID())
	switch {
	case errors.Is(err, asynq.ErrTaskNotFound):
		return false, nil
	case errors.Is(err, asynq.ErrQueueNotFound):
		// Redis was emptied. A client tells it of each queue once and remembers that
		// it did: without a new one, everything sent would look lost for ever and go
		// out again before a busy worker came to it.
		e.client.Store(asynq.NewClientFromRedisClient(e.redis))
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ask Redis for job %s: %w", r.ID, err)
	}
	return info.State != asynq.TaskStateArchived && info.State != asynq.TaskStateCompleted, nil
}
