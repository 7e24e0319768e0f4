package jobs

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
)

// errParked tells Asynq to keep the task where operators see it, and not to retry.
var errParked = errors.New("job is parked")

// errStopping tells Asynq to deliver the task again: this worker is on its way out.
var errStopping = errors.New("this worker is stopping")

// settle records how an attempt ended: done, again later, or parked with its
// reason. It writes also when ctx has ended, since the row is ours to give back.
func (e *Engine) settle(ctx context.Context, j *started, err error) (outcome string, _ error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	ctx = scope.ForMachine(ctx, "worker", j.Firm)
	var later *outbox.RetryError
	switch {
	case err == nil || errors.Is(err, outbox.ErrDone):
		return outcomeDone, e.finish(ctx, j)
	case errors.Is(err, outbox.ErrFenced):
		return outcomeOvertaken, nil // the other one records
	case errors.Is(err, context.Canceled):
		return outcomeReleased, e.again(ctx, j, nil, 0, false)
	case errors.As(err, &later):
		return outcomeAgain, e.again(ctx, j, err, later.After, false)
	case final(err) || j.Attempt >= maxTries:
		return outcomeParked, e.park(ctx, j, err)
	default:
		return outcomeAgain, e.again(ctx, j, err, e.Pause(j.Attempt)+spread(string(j.ID)), true)
	}
}

// final tells a fault that another try cannot change.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.TooLarge:
		return true
	case fault.Internal, fault.Stale, fault.TooMany, fault.Unavailable:
	}
	return false
}

// spread keeps jobs that failed together from coming back together.
func spread(id string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return time.Duration(h.Sum32()%250) * time.Millisecond
}

// finish ends a job whose handler left that to us; one that is ended stays as it is.
func (e *Engine) finish(ctx context.Context, j *started) error {
	err := e.DB.InFirm(ctx, func(tx *db.Tx) error { return outbox.Done(tx, j.Job, nil) })
	if err != nil && !errors.Is(err, outbox.ErrFenced) {
		return fmt.Errorf("end job %s: %w", j.ID, err)
	}
	return nil
}

// again lets the relay send the job once more after a pause. What the handler
// decided itself, and what this process's end cut short, is no try.
func (e *Engine) again(ctx context.Context, j *started, cause error, after time.Duration, counted bool) error {
	if cause != nil {
		e.Log.WarnContext(ctx, "job will be tried again", "job", j.ID, "kind", j.Kind, "tries", j.Attempt, "after", after, "error", cause)
	}
	err := e.DB.InFirm(ctx, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE outbox SET state = 'pending', sent_at = NULL, lease_until = NULL, run_at = ?, error = ?,
				attempt = attempt + 1, tries = tries - ?
			WHERE firm_id = ? AND id = ? AND fence = ? AND state = 'running'`,
			tx.Now.Add(after), reason(cause), uncounted(counted), j.Firm, j.ID, j.Fence).Error
	})
	if err != nil {
		return fmt.Errorf("give back job %s: %w", j.ID, err)
	}
	return nil
}

func uncounted(counted bool) int {
	if counted {
		return 0
	}
	return 1
}

// park keeps the job, its reason on a page, until a person asks for another try.
func (e *Engine) park(ctx context.Context, j *started, cause error) error {
	e.Log.ErrorContext(ctx, "job parked", "job", j.ID, "kind", j.Kind, "tries", j.Attempt, "error", cause)
	parked := false
	err := e.DB.InFirm(ctx, func(tx *db.Tx) error {
		res := tx.Exec(`UPDATE outbox SET state = 'parked', lease_until = NULL, error = ? WHERE firm_id = ? AND id = ? AND fence = ? AND state = 'running'`,
			reason(cause), j.Firm, j.ID, j.Fence)
		if parked = res.RowsAffected == 1; res.Error != nil || !parked {
			return res.Error
		}
		return recordParked(tx, j.Job)
	})
	if err != nil {
		return fmt.Errorf("park job %s: %w", j.ID, err)
	}
	if !parked {
		return nil
	}
	return errParked
}

func recordParked(tx *db.Tx, j outbox.Job) error {
	return audit.Record(tx, audit.Entry{Action: "job.parked", Object: "job", ID: string(j.ID), Class: audit.C1, Result: "failed",
		Detail: map[string]any{"kind": j.Kind, "tries": j.Attempt}})
}

// reason is what a page may say: a fault's code and sentence. Any other error may
// carry values of rows and stays in the log.
func reason(err error) string {
	if err == nil {
		return ""
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		f = errInternal
	}
	text := f.Code + ": " + f.Message
	return string([]rune(text)[:min(len([]rune(text)), 900)])
}
