// Package jobs does what committed changes asked for. PostgreSQL is the record
// (package outbox), Redis and Asynq are the courier (PLATFORM 4): a relay hands
// out the ids of rows, workers start them under a lease and a fence, a reconciler
// sends again what was lost, a scheduler asks for periodic work. Losing Redis
// loses nothing; a job's effect is there once, however often it is delivered.
//
// It does not know how anything is done: the nouns' services do it, bound to
// kinds of jobs with Handle.
package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbox"
)

// Faults of the machinery itself.
var (
	errUnknownKind = fault.New(fault.Unavailable, "job_kind_unknown", "no worker of this version knows this kind of job")
	errArgs        = fault.New(fault.Invalid, "job_args_invalid", "the job's arguments cannot be read")
	errLost        = fault.New(fault.Unavailable, "job_worker_lost", "the worker ended without an answer each time")
	errInternal    = fault.New(fault.Internal, "internal_error", "the work failed for a reason that only the log tells; operators find it under this job's id")
)

// Registry is which service does which kind of job.
type Registry struct {
	kinds map[string]handler
}

type handler func(ctx context.Context, j outbox.Job, args []byte) error

// NewRegistry is an empty one.
func NewRegistry() *Registry { return &Registry{map[string]handler{}} }

// Handle binds do to the kind of A. do's context names the firm and the person of
// the job; it must stand being called again after any crash. In the transaction of
// its effect it calls outbox.Hold first and outbox.Done last; for a do that leaves
// Done to the engine an effect may come twice.
//
// A fault that another try cannot change parks the job with its reason; any other
// error is tried again with growing pauses, ten times in all; outbox.Retry names
// the pause itself and is not counted. Binding a kind twice is a programming error.
func Handle[A outbox.Args](r *Registry, do func(ctx context.Context, j outbox.Job, a A) error) {
	var zero A
	kind := zero.Kind()
	if _, ok := r.kinds[kind]; ok {
		panic("jobs: kind " + kind + " is bound twice")
	}
	r.kinds[kind] = func(ctx context.Context, j outbox.Job, args []byte) error {
		var a A
		if err := json.Unmarshal(args, &a); err != nil {
			return errArgs.Because(fmt.Errorf("decode %s: %w", kind, err))
		}
		if err := do(ctx, j, a); db.Code(err) == invalidText {
			return errArgs.Because(err) // an id that is none stays one: trying again changes nothing
		} else if err != nil {
			return err
		}
		return nil
	}
}

const invalidText = "22P02" // SQLSTATE invalid_text_representation

// call runs the kind's handler; a panic is an error of this job only.
func (r *Registry) call(ctx context.Context, j outbox.Job, args []byte) (err error) {
	do, ok := r.kinds[j.Kind]
	if !ok {
		return errUnknownKind // an older version beside a newer one (F16): the newer will take it
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job %s %s panicked: %v", j.Kind, j.ID, p)
		}
	}()
	return do(ctx, j, args)
}

// Kinds lists what is bound, sorted.
func (r *Registry) Kinds() []string { return slices.Sorted(maps.Keys(r.kinds)) }
