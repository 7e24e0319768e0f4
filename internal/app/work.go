package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/jobs"
)

// NewEngine binds every kind of job to the service that does it, and the sweeps
// that each worker repeats. s must be over docketry_worker.
func NewEngine(s *Services) (*jobs.Engine, error) {
	keeper, err := audit.NewKeeper(s.DB, s.AuditKey)
	if err != nil {
		return nil, fmt.Errorf("make the audit's keeper: %w", err)
	}
	r := jobs.NewRegistry()
	jobs.Handle(r, s.Invoices.IssueItem)
	jobs.Handle(r, s.Notices.Deliver)
	jobs.Handle(r, s.Notices.DeliverCredit)
	jobs.Handle(r, s.Mails.Send)
	jobs.Handle(r, s.Post.Send)
	jobs.Handle(r, s.letters.Send)
	jobs.Handle(r, s.People.AnswerReset)
	jobs.Handle(r, s.Exports.Build)
	jobs.Handle(r, s.Webhooks.Call)
	jobs.Handle(r, s.Submissions.HandOver)
	jobs.Handle(r, s.SelfCheck.Night)
	return jobs.New(jobs.Config{
		DB: s.DB, Registry: r, Log: s.Log, Redis: s.Config.RedisURL, Key: s.Config.Keys.Payload, Former: s.Config.Keys.FormerPayload, Metrics: s.Metrics,
		Schedules: []jobs.Schedule{
			{Name: "selfcheck", When: jobs.Daily(3, 20), Args: func(p jobs.Period) outbox.Args { return selfcheck.Nightly{Day: p.Day} }},
		},
		Sweeps: []jobs.Sweep{
			{Name: "audit.sequence", Every: time.Second, Do: counted(keeper.Sequence)},
			{Name: "audit.sign", Every: time.Minute, Do: counted(keeper.Sign)},
			{Name: "audit.check", Every: time.Hour, Do: counted(s.Audit.Sweep)},
			{Name: "sla.sweep", Every: 30 * time.Second, Do: counted(s.SLA.Sweep)},
			{Name: "lease.sweep", Every: 30 * time.Second, Do: counted(s.Work.SweepLeases)},
			{Name: "offer.sweep", Every: 5 * time.Second, Do: counted(s.Work.SweepOffers)},
			{Name: "notice.sweep", Every: 10 * time.Minute, Do: counted(s.Notices.Sweep)},
			{Name: "webhook.sweep", Every: 5 * time.Second, Do: counted(s.Webhooks.Sweep)},
			{Name: "submission.sweep", Every: 10 * time.Minute, Do: counted(s.Submissions.Sweep)},
			{Name: "mail.sweep", Every: 30 * time.Second, Do: counted(s.Mails.Sweep)},
			{Name: "export.sweep", Every: 10 * time.Minute, Do: counted(s.Exports.Sweep)},
			{Name: "grant.sweep", Every: time.Hour, Do: func(ctx context.Context) error { return grant.SweepGrants(ctx, s.DB) }},
			{Name: "deputy.sweep", Every: 10 * time.Minute, Do: counted(s.Deputies.Sweep)},
			{Name: "conflict.sweep", Every: 6 * time.Hour, Do: counted(s.Conflicts.Sweep)},
			{Name: "session.sweep", Every: time.Hour, Do: func(ctx context.Context) error { return people.Sweep(ctx, s.DB) }},
			{Name: "outbox.sweep", Every: 6 * time.Hour, Do: func(ctx context.Context) error { return outbox.Sweep(ctx, s.DB) }},
			{Name: "blob.sweep", Every: time.Hour, Do: counted(s.Blobs.Sweep)},
		},
	})
}

// counted drops how much a sweep did: the services log and count themselves.
func counted(sweep func(ctx context.Context) (int, error)) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		_, err := sweep(ctx)
		return err
	}
}

// RunWork does jobs until ctx ends and what is under way has finished.
func RunWork(ctx context.Context, c config.Config, log *slog.Logger) error {
	if err := c.ForWork(); err != nil {
		return fmt.Errorf("%w: %w", ErrSetup, err)
	}
	s, err := Open(ctx, c, log, jobStatements)
	if err != nil {
		return err
	}
	defer s.DB.Close()
	e, err := NewEngine(s)
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "working")
	return work(ctx, s, e, c.OpsListen)
}

// work runs e and, on the loopback operations address when there is one, the
// metrics. One that fails takes the other with it.
func work(ctx context.Context, s *Services, e *jobs.Engine, operations string) error {
	if operations == "" {
		return e.Run(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() {
		failed <- serveOperations(ctx, s, operations)
		stop()
	}()
	err := e.Run(ctx)
	stop()
	return errors.Join(err, <-failed)
}
