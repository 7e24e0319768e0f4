package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

const (
	firmsAtOnce = 500 // one page of firms, and one page of rows
	sendTimeout = 2 * time.Second
)

// relayAll hands out what is due in every firm, again as long as there was something.
func (e *Engine) relayAll(ctx context.Context) error {
	for {
		n := 0
		err := e.DB.InSystem(ctx, "relay", func(sys *db.System) error {
			return sys.Each(firmsAtOnce, func(firms []ident.FirmID) error {
				waiting, err := firmsWithDue(sys, firms)
				if err != nil {
					return err
				}
				for _, firm := range waiting {
					sent, err := e.relay(ctx, sys, firm)
					n += sent
					if err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil || n == 0 || ctx.Err() != nil {
			return err
		}
	}
}

// firmsWithDue asks one index entry per firm.
func firmsWithDue(sys *db.System, firms []ident.FirmID) (due []ident.FirmID, err error) {
	err = sys.Read(firms, func(tx *db.Tx) error {
		return tx.Raw(`SELECT f.id FROM unnest(?::uuid[]) AS f(id) WHERE EXISTS (
			SELECT FROM outbox o WHERE o.firm_id = f.id AND o.state = 'pending' AND o.sent_at IS NULL AND o.run_at <= ?)`,
			db.Array(firms), tx.Now).Scan(&due).Error
	})
	if err != nil {
		return nil, fmt.Errorf("find firms with due jobs: %w", err)
	}
	return due, nil
}

// relay sends one firm's due rows, as many as its share of the workers allows
// (T32: Asynq knows no fairness between firms). Rows that another relay holds are
// skipped. A crash after the sending and before the commit sends the same task id
// again, which Redis refuses and we count as sent.
func (e *Engine) relay(ctx context.Context, sys *db.System, firm ident.FirmID) (sent int, err error) {
	var failed error
	err = sys.Enter(firm, func(tx *db.Tx) error {
		rows, err := e.sendable(tx, firm)
		if err != nil {
			return err
		}
		var ids []ident.JobID
		for _, r := range rows {
			// What was sent before Redis went away stays sent.
			if failed = e.send(ctx, r.Queue, delivery{r.ID, r.Attempt}); failed != nil {
				break
			}
			ids = append(ids, r.ID)
		}
		sent = len(ids)
		return tx.Exec(`UPDATE outbox SET sent_at = ? WHERE firm_id = ? AND id = ANY (?::uuid[])`, tx.Now, firm, db.Array(ids)).Error
	})
	if err != nil {
		return 0, fmt.Errorf("relay jobs: %w", err)
	}
	return sent, failed
}

type sendRow struct {
	ID      ident.JobID
	Queue   string
	Attempt int
}

func (e *Engine) sendable(tx *db.Tx, firm ident.FirmID) (rows []sendRow, err error) {
	var inFlight int
	err = tx.Raw(`SELECT count(*) FROM outbox WHERE firm_id = ? AND state IN ('pending', 'running') AND sent_at IS NOT NULL`, firm).Row().Scan(&inFlight)
	if err != nil {
		return nil, fmt.Errorf("count jobs in flight: %w", err)
	}
	room := min(e.InFlight-inFlight, 500)
	if room <= 0 {
		return nil, nil
	}
	err = tx.Raw(`SELECT id, queue, attempt FROM outbox WHERE firm_id = ? AND state = 'pending' AND sent_at IS NULL AND run_at <= ?
		ORDER BY run_at, id LIMIT ? FOR UPDATE SKIP LOCKED`, firm, tx.Now, room).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read due jobs: %w", err)
	}
	return rows, nil
}

// send hands one delivery to Redis. MaxRetry concerns only workers that could not
// reach PostgreSQL, or died: with 0 Asynq would archive a killed worker's task.
func (e *Engine) send(ctx context.Context, queue string, d delivery) error {
	ctx, stop := context.WithTimeout(ctx, sendTimeout)
	defer stop()
	_, err := e.client.Load().EnqueueContext(ctx, asynq.NewTask(taskType, d.seal(e.Key)),
		asynq.TaskID(d.taskID()), asynq.Queue(queue), asynq.MaxRetry(maxTries), asynq.Timeout(2*time.Hour))
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("send job %s to Redis: %w", d.id, err)
	}
	return nil
}
