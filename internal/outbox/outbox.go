// Package outbox records background work in the transaction that causes it, and
// its end in the transaction of its effect. A job never exists for a change that
// was rolled back, and a committed change never loses its job. Handing jobs to
// workers is package jobs.
package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Args is the payload of one kind of job: ids only. Kind is stored: never rename it.
type Args interface{ Kind() string }

// Job is one attempt at a row, as its handler gets it.
type Job struct {
	ID      ident.JobID
	Firm    ident.FirmID
	Actor   ident.PersonID // for whom; "" for machinery
	Factor  time.Time      // scope.Scope.FactorAt of who asked, where it cleared them then; see authz.Cleared
	Kind    string
	Attempt int
	Fence   int64
}

// ErrFenced stops an attempt that another one has overtaken: its lease ran out
// and a newer worker holds the row (F13). Nothing it wrote is kept.
var ErrFenced = fault.New(fault.Conflict, "job_overtaken", "another worker has taken this job over")

// ErrDone tells that the job's effect is there already.
var ErrDone = errors.New("job is done already")

// Option changes how a job is asked for.
type Option func(*row)

// Key makes asking for the same thing twice one job. Without it each Add is one.
func Key(k string) Option { return func(r *row) { r.key = k } }

// At keeps the job until an instant.
func At(t time.Time) Option { return func(r *row) { r.runAt = t } }

// Queue names another queue than "default": "invoice", "mail", "export".
func Queue(name string) Option { return func(r *row) { r.queue = name } }

// ForMachine lets the job act as machinery although a person caused it.
func ForMachine() Option { return func(r *row) { r.actor = "" } }

type row struct {
	id    ident.JobID
	actor ident.PersonID
	key   string
	queue string
	runAt time.Time
}

// Add records a job of the transaction's firm, for its actor. Where the same key
// was asked for before, it returns that job.
func Add(tx *db.Tx, a Args, opts ...Option) (ident.JobID, error) {
	args, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encode job %s: %w", a.Kind(), err)
	}
	r := row{id: ident.New[ident.JobID](tx.Now), actor: tx.Scope.Actor, queue: "default", runAt: tx.Now}
	r.key = string(r.id)
	for _, o := range opts {
		o(&r)
	}
	var actor *string
	if r.actor != "" {
		s := string(r.actor)
		actor = &s
	}
	var factor *time.Time
	if actor != nil && authz.Cleared(tx.Scope, tx.Now) {
		factor = &tx.Scope.FactorAt
	}
	var id ident.JobID
	err = tx.Raw(`INSERT INTO outbox (firm_id, id, actor_id, factor_at, kind, task_key, args, queue, run_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?)
		ON CONFLICT (firm_id, kind, task_key) DO UPDATE SET kind = excluded.kind RETURNING id`,
		tx.Scope.Firm, r.id, actor, factor, a.Kind(), r.key, string(args), r.queue, r.runAt, tx.Now).Row().Scan(&id)
	if err != nil {
		return "", fmt.Errorf("add job %s: %w", a.Kind(), err)
	}
	return id, nil
}

// Hold locks the job's row for the transaction of its effect. ErrDone when the
// effect is there, ErrFenced when another attempt has overtaken this one. Call it
// first in each transaction of a handler.
func Hold(tx *db.Tx, j Job) error {
	var state string
	var fence int64
	err := tx.Raw(`SELECT state, fence FROM outbox WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, j.ID).Row().Scan(&state, &fence)
	switch {
	case err != nil:
		return fmt.Errorf("hold job %s: %w", j.ID, err)
	case state == "done":
		return ErrDone
	case fence != j.Fence:
		return ErrFenced
	}
	return nil
}

// Done records the end of the job in the transaction of its effect; result is a
// small struct of ids and counts, or nil.
func Done(tx *db.Tx, j Job, result any) error {
	b, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode the result of job %s: %w", j.ID, err)
	}
	res := tx.Exec(`UPDATE outbox SET state = 'done', done_at = ?, lease_until = NULL, error = '', result = ?::jsonb
		WHERE firm_id = ? AND id = ? AND fence = ? AND state <> 'done'`, tx.Now, string(b), tx.Scope.Firm, j.ID, j.Fence)
	if res.Error != nil {
		return fmt.Errorf("end job %s: %w", j.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrFenced
	}
	return nil
}
