package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// State is where a job stands.
type State string

// A parked job waits for a person: it met a fault that another try could not
// change, or failed ten times.
const (
	StatePending State = "pending"
	StateRunning State = "running"
	StateDone    State = "done"
	StateParked  State = "parked"
)

// Refusals of the board.
var (
	ErrNotParked    = fault.New(fault.Conflict, "job_not_parked", "only a parked job can be tried again")
	ErrStateUnknown = fault.New(fault.Invalid, "job_state_unknown", "the state is pending, running, done or parked")
)

// Listed is a job as the board shows it: operations only, never its arguments.
type Listed struct {
	ID        ident.JobID
	Kind      string
	Queue     string
	State     State
	Tries     int
	Code      string // of the fault that parked or delayed it; "" without one
	Reason    string // the same in a plain sentence
	RunAt     time.Time
	CreatedAt time.Time
	StartedAt *time.Time
	DoneAt    *time.Time
}

// Board shows the jobs of a firm and lets a person try a parked one again.
type Board struct {
	db    *db.DB
	guard *authz.Guard
}

// NewBoard lists what d holds to whom guard lets.
func NewBoard(d *db.DB, guard *authz.Guard) *Board { return &Board{d, guard} }

type boardKey struct {
	At time.Time   `json:"a"`
	ID ident.JobID `json:"i"`
}

// List is the jobs of the firm in ctx in one state, or in all with "", newest first.
func (b *Board) List(ctx context.Context, state State, req page.Request) (page.Page[Listed], error) {
	var out page.Page[Listed]
	switch state {
	case "", StatePending, StateRunning, StateDone, StateParked:
	default:
		return out, ErrStateUnknown
	}
	key := boardKey{ID: "00000000-0000-0000-0000-000000000000"}
	first, err := req.Decode(&key)
	if err != nil {
		return out, err
	}
	err = b.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := b.guard.Require(tx, rbac.JobRead); err != nil {
			return err
		}
		var rows []listedRow
		err := tx.Raw(`SELECT `+listedColumns+` FROM outbox WHERE firm_id = ? AND (? = '' OR state = ?)
			AND (? OR (created_at, id) < (?::timestamptz, ?::uuid)) ORDER BY created_at DESC, id DESC LIMIT ?`,
			tx.Scope.Firm, state, state, first, key.At, key.ID, req.Limit()+1).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("list jobs: %w", err)
		}
		items := make([]Listed, len(rows))
		for i, r := range rows {
			items[i] = r.listed()
		}
		out, err = page.Cut(items, req.Limit(), func(l Listed) any { return boardKey{l.CreatedAt, l.ID} })
		return err
	})
	return out, err
}

// Counts tells how many jobs of the firm in ctx are in each state but done.
func (b *Board) Counts(ctx context.Context) (counts map[State]int, err error) {
	counts = map[State]int{}
	err = b.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := b.guard.Require(tx, rbac.JobRead); err != nil {
			return err
		}
		var rows []struct {
			State State
			N     int
		}
		err := tx.Raw(`SELECT state, count(*) AS n FROM outbox WHERE firm_id = ? AND state <> 'done' GROUP BY state`, tx.Scope.Firm).Scan(&rows).Error
		for _, r := range rows {
			counts[r.State] = r.N
		}
		return err
	})
	return counts, err
}

// Retry gives a parked job ten more tries, from now on. ErrNotParked when it is in
// another state.
func (b *Board) Retry(ctx context.Context, id ident.JobID) error {
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := b.guard.Require(tx, rbac.JobRetry); err != nil {
			return err
		}
		var was listedRow
		err := tx.Raw(`SELECT `+listedColumns+` FROM outbox WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Row().
			Scan(&was.ID, &was.Kind, &was.Queue, &was.State, &was.Tries, &was.Error, &was.RunAt, &was.CreatedAt, &was.StartedAt, &was.DoneAt)
		if errors.Is(err, sql.ErrNoRows) {
			return authz.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read job %s: %w", id, err)
		}
		if was.State != StateParked {
			return ErrNotParked
		}
		err = tx.Exec(`UPDATE outbox SET state = 'pending', tries = 0, attempt = attempt + 1, sent_at = NULL, run_at = ?
			WHERE firm_id = ? AND id = ?`, tx.Now, tx.Scope.Firm, id).Error
		if err != nil {
			return fmt.Errorf("retry job %s: %w", id, err)
		}
		return audit.Record(tx, audit.Entry{Action: "job.retried", Object: "job", ID: string(id), Class: audit.C1,
			Permission: string(rbac.JobRetry), Detail: map[string]string{"kind": was.Kind, "reason": was.listed().Code}})
	})
}

const listedColumns = "id, kind, queue, state, tries, error, run_at, created_at, started_at, done_at"

type listedRow struct {
	ID        ident.JobID
	Kind      string
	Queue     string
	State     State
	Tries     int
	Error     string
	RunAt     time.Time
	CreatedAt time.Time
	StartedAt *time.Time
	DoneAt    *time.Time
}

func (r listedRow) listed() Listed {
	code, sentence, _ := strings.Cut(r.Error, ": ")
	return Listed{r.ID, r.Kind, r.Queue, r.State, r.Tries, code, sentence, r.RunAt, r.CreatedAt, r.StartedAt, r.DoneAt}
}
