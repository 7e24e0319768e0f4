package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
)

// taskType is the same for every job: what kind it is stays in PostgreSQL.
const taskType = "job"

// serve starts the workers. Mail and exports have their own, so that a slow mail
// server or a large export never keeps a deadline waiting.
func (e *Engine) serve(ctx context.Context) ([]*asynq.Server, error) {
	var servers []*asynq.Server
	for _, pool := range []struct {
		queues map[string]int
		size   int
	}{
		{map[string]int{"sla": 4, "default": 3, "invoice": 3}, e.Concurrency},
		{map[string]int{"mail": 2, "export": 1}, max(2, e.Concurrency/2)},
	} {
		s := asynq.NewServerFromRedisClient(e.redis, asynq.Config{
			Concurrency:       pool.size,
			Queues:            pool.queues,
			BaseContext:       func() context.Context { return ctx },
			TaskCheckInterval: 200 * time.Millisecond, // idle pick-up; the default is a second
			RetryDelayFunc:    func(n int, _ error, _ *asynq.Task) time.Duration { return pause(n + 1) },
			ShutdownTimeout:   time.Second, // Run has waited already
			Logger:            asynqLog{e.Log},
			LogLevel:          asynq.WarnLevel,
		})
		if err := s.Start(asynq.HandlerFunc(e.receive)); err != nil {
			return nil, fmt.Errorf("start workers: %w", err)
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// receive is what Asynq calls for each delivery. It returns an error only where
// Asynq itself should try again, because PostgreSQL could not be reached, or
// should keep the task for an operator to see.
func (e *Engine) receive(ctx context.Context, t *asynq.Task) error {
	if !e.begin() {
		return errStopping
	}
	defer e.running.Done()
	d, err := open(seal.Live(e.Key, e.Former), t.Payload())
	if err != nil {
		e.refuse(ctx, d, err)
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	firm, err := e.firmOf(ctx, d.id)
	if err != nil || firm == "" {
		return err // a row that is gone needs nothing done
	}
	end, err := e.start(ctx, firm, d)
	if errors.Is(err, errParked) {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	e.Log.DebugContext(ctx, "job delivered", "job", d.id, "outcome", end)
	return err
}

// refuse records a forged task in the firm whose job it names, else in the bureau.
func (e *Engine) refuse(ctx context.Context, d delivery, why error) {
	e.Log.ErrorContext(ctx, "task refused", "job", d.id, "error", why)
	e.observe("", "refused", 0)
	firm, err := e.firmOf(ctx, d.id)
	if err == nil && firm == "" {
		firm, err = e.bureau(ctx)
	}
	if err == nil && firm != "" {
		err = audit.Refused(scope.ForMachine(ctx, "worker", firm), e.DB,
			audit.Entry{Action: "job.refused", Object: "job", ID: string(d.id), Class: audit.C1, Detail: map[string]string{"reason": "task_forged"}})
	}
	if err != nil {
		e.Log.ErrorContext(ctx, "refusal not recorded", "job", d.id, "error", err)
	}
}

// firmOf is the firm of a job, "" when there is no such job.
func (e *Engine) firmOf(ctx context.Context, id ident.JobID) (firm ident.FirmID, err error) {
	if id == "" {
		return "", nil
	}
	return e.oneFirm(ctx, "SELECT coalesce(auth.job_firm(?::uuid)::text, '')", id)
}

func (e *Engine) bureau(ctx context.Context) (ident.FirmID, error) {
	return e.oneFirm(ctx, "SELECT coalesce(auth.bureau()::text, '')")
}

func (e *Engine) oneFirm(ctx context.Context, sql string, args ...any) (firm ident.FirmID, err error) {
	err = e.DB.InSystem(ctx, "worker", func(sys *db.System) error {
		return sys.Read(nil, func(tx *db.Tx) error { return tx.Raw(sql, args...).Row().Scan(&firm) })
	})
	if err != nil {
		return "", fmt.Errorf("find the firm of a job: %w", err)
	}
	return firm, nil
}

// asynqLog passes what Asynq says on to the one log.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug(fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Info(fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn(fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Error(fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error(fmt.Sprint(args...)) }
