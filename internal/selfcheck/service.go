package selfcheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// task is the name under which a check acts.
const task = "selfcheck"

// Service checks firms and tells of what it finds.
type Service struct {
	db   *db.DB
	home *bureau.Home
	log  *slog.Logger

	metrics *obs.Metrics
}

// New makes the service. home is where the letters to the bureau's administrators go,
// log and metrics are where the operators are told.
func New(d *db.DB, home *bureau.Home, log *slog.Logger, metrics *obs.Metrics) *Service {
	if d == nil || home == nil || log == nil || metrics == nil {
		panic("selfcheck: service without database, bureau, log or metrics")
	}
	return &Service{d, home, log, metrics}
}

// Night checks the job's firm, once per job. A difference is kept, recorded in the
// firm's trail, logged as an error and written to the bureau's administrators; the job
// itself has done its work then and is not tried again.
func (s *Service) Night(ctx context.Context, job outbox.Job, _ Nightly) error {
	return s.db.InFirm(scope.ForMachine(ctx, task, job.Firm), func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		r, err := s.check(tx)
		if err != nil {
			return err
		}
		return outbox.Done(tx, job, map[string]any{"self_check_id": r.ID, "compared": r.Compared, "found": r.Found})
	})
}

// Check checks one firm now. It serves the operators' command; whoever calls it has
// the database's own rights.
func (s *Service) Check(ctx context.Context, firm ident.FirmID) (r Report, err error) {
	err = s.db.InFirm(scope.ForMachine(ctx, task, firm), func(tx *db.Tx) error {
		r, err = s.check(tx)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("check firm %s: %w", firm, err)
	}
	return r, nil
}

func (s *Service) check(tx *db.Tx) (Report, error) {
	r, err := Examine(tx)
	if err != nil {
		return Report{}, err
	}
	if err := keep(tx, r); err != nil {
		return Report{}, err
	}
	entry := audit.Entry{Action: "self_check.passed", Object: "self_check", ID: string(r.ID), Class: audit.C1, Detail: map[string]any{"compared": r.Compared, "found": r.Found}}
	if !r.OK() {
		entry.Action, entry.Result = "self_check.failed", "failed"
	}
	if err := audit.Record(tx, entry); err != nil {
		return Report{}, err
	}
	if r.OK() {
		return r, nil
	}
	tx.AfterCommit(func() { s.tell(tx.Context(), r) })
	return r, s.write(tx, r)
}

// tell is the operators' log: ids and kinds, for the amounts are the firm's.
func (s *Service) tell(ctx context.Context, r Report) {
	for _, f := range r.Findings {
		s.metrics.Differences.WithLabelValues(f.Invariant).Inc()
		s.log.ErrorContext(ctx, "a stored sum is not what its rows give", "invariant", f.Invariant, "object", f.Object, "id", f.ID, "self_check", r.ID, "found", r.Found)
	}
}

// write queues the letter to the bureau's administrators in the same transaction.
func (s *Service) write(tx *db.Tx, r Report) error {
	err := s.home.AsMachine(db.Joining(tx.Context(), tx), func(tx *db.Tx) error {
		admins, err := people.Administrators(tx, rbac.RoleBureauAdmin)
		if err != nil {
			return err
		}
		return letter.Write(tx, letter.SelfCheck, string(r.ID), admins...)
	})
	if errors.Is(err, bureau.ErrNotSetUp) {
		return nil // nobody is there yet to be written to
	}
	return err
}
