package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
)

// Outcomes of a delivery, for the log and the metrics.
const (
	outcomeDone      = "done"
	outcomeVoid      = "void"      // another one has it, or it has ended
	outcomeOvertaken = "overtaken" // the lease ran out meanwhile (F13)
	outcomeAgain     = "again"
	outcomeParked    = "parked"
	outcomeReleased  = "released" // this process is ending
)

// started is a job that this process holds.
type started struct {
	outbox.Job
	args []byte
}

// start takes the lease of a delivered job, does it and records how it ended.
func (e *Engine) start(ctx context.Context, firm ident.FirmID, d delivery) (outcome string, err error) {
	j, err := e.take(ctx, firm, d)
	if err != nil || j == nil {
		return outcomeVoid, err
	}
	began := e.DB.Clock().Now()
	outcome, err = e.settle(ctx, j, e.perform(ctx, j))
	e.observe(j.Kind, outcome, e.DB.Clock().Now().Sub(began))
	return outcome, err
}

// take starts the job unless another worker holds it, it has ended, or a newer
// sending has made this one void. The fence grows, so that whoever held it before
// can write no more.
func (e *Engine) take(ctx context.Context, firm ident.FirmID, d delivery) (*started, error) {
	var j *started
	err := e.DB.InFirm(scope.ForMachine(ctx, "worker", firm), func(tx *db.Tx) error {
		var actor sql.NullString
		var factor sql.NullTime
		var args []byte
		s := started{Job: outbox.Job{ID: d.id, Firm: firm}}
		err := tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, tries = tries + 1, lease_until = ?, started_at = ?,
				sent_at = coalesce(sent_at, ?)
			WHERE firm_id = ? AND id = ? AND attempt = ? AND (state = 'pending' OR (state = 'running' AND lease_until < ?))
			RETURNING kind, args, actor_id, factor_at, fence, tries`,
			tx.Now.Add(e.Lease), tx.Now, tx.Now, firm, d.id, d.attempt, tx.Now).
			Row().Scan(&s.Kind, &args, &actor, &factor, &s.Fence, &s.Attempt)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("start job %s: %w", d.id, err)
		}
		s.Actor, s.Factor, s.args = ident.PersonID(actor.String), factor.Time, args
		j = &s
		return nil
	})
	return j, err
}

// perform calls the handler under a lease that is kept up while it runs. The
// handler's context ends when the lease is another's.
func (e *Engine) perform(ctx context.Context, j *started) error {
	ctx = scope.With(ctx, scope.Scope{Firm: j.Firm, Actor: j.Actor, FactorAt: j.Factor, Machine: "worker", RequestID: string(j.ID)})
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	ended := make(chan struct{})
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		e.keepLease(ctx, j, ended, cut)
	}()
	err := e.Registry.call(ctx, j.Job, j.args)
	close(ended)
	<-kept
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// keepLease renews the lease four times in its length until ended is closed. A
// renewal that fails because PostgreSQL is away is tried again; one that finds the
// row in other hands cuts the handler off.
func (e *Engine) keepLease(ctx context.Context, j *started, ended <-chan struct{}, cut context.CancelCauseFunc) {
	tick := time.NewTicker(e.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		held, err := e.renew(ctx, j, ended)
		switch {
		case err != nil:
			e.Log.WarnContext(ctx, "lease not renewed", "job", j.ID, "error", err)
		case !held:
			cut(outbox.ErrFenced)
			return
		}
	}
}

// renew waits for the row while the handler's own transaction holds it, and gives
// up when the handler has ended.
func (e *Engine) renew(ctx context.Context, j *started, ended <-chan struct{}) (held bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-ended:
			stop()
		case <-ctx.Done():
		}
	}()
	held = true
	err = e.DB.InFirm(ctx, func(tx *db.Tx) error {
		res := tx.Exec(`UPDATE outbox SET lease_until = ? WHERE firm_id = ? AND id = ? AND fence = ? AND state = 'running'`,
			tx.Now.Add(e.Lease), j.Firm, j.ID, j.Fence)
		held = res.RowsAffected == 1
		return res.Error
	})
	select {
	case <-ended:
		return true, nil // it no longer matters
	default:
		return held, err
	}
}

func (e *Engine) observe(kind, outcome string, took time.Duration) {
	if e.Metrics != nil {
		e.Metrics.Jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
	}
}

// Drain does the jobs of one firm that are due, in this process and without
// Redis, until none is left, and tells how many it started. It serves the seed and
// tests; workers may run beside it.
func (e *Engine) Drain(ctx context.Context, firm ident.FirmID) (n int, err error) {
	for {
		due, err := e.due(ctx, firm)
		if err != nil || len(due) == 0 {
			return n, err
		}
		for _, d := range due {
			if !e.begin() {
				return n, errStopping
			}
			outcome, err := e.start(ctx, firm, d)
			e.running.Done()
			if err != nil && !errors.Is(err, errParked) {
				return n, err
			}
			if outcome != outcomeVoid {
				n++
			}
		}
	}
}

// due is up to 500 jobs of the firm that wait and that no relay has sent.
func (e *Engine) due(ctx context.Context, firm ident.FirmID) (all []delivery, err error) {
	err = e.DB.InFirm(scope.ForMachine(ctx, "worker", firm), func(tx *db.Tx) error {
		var rows []struct {
			ID      ident.JobID
			Attempt int
		}
		err := tx.Raw(`SELECT id, attempt FROM outbox WHERE firm_id = ? AND state = 'pending' AND sent_at IS NULL AND run_at <= ?
			ORDER BY run_at, id LIMIT 500`, firm, tx.Now).Scan(&rows).Error
		for _, r := range rows {
			all = append(all, delivery{r.ID, r.Attempt})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list due jobs: %w", err)
	}
	return all, nil
}
