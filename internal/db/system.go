package db

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Tasks are the machinery tasks that may look beyond one firm, with what each
// does there. A task that is not listed does not run.
var tasks = map[string]string{
	"relay":            "hands committed outbox rows to Redis",
	"reconcile":        "sends again what has no live lease",
	"schedule":         "inserts the periodic jobs of each firm",
	"worker":           "finds the firm of a job it was handed",
	"outbox.sweep":     "removes jobs that ended long ago",
	"audit.sequence":   "gives audit leaves their place in the tree",
	"audit.sign":       "signs checkpoints",
	"audit.check":      "verifies each firm's tree once a day",
	"sla.sweep":        "records breaches and warnings that are due",
	"work.push":        "offers work of pools that do not wait to be asked",
	"work.sweep":       "puts back items whose holder has gone",
	"notice.sweep":     "finds reminders that are due",
	"mail.sweep":       "finds mails whose sending was cut short",
	"blob.sweep":       "removes bytes that no row names",
	"export.sweep":     "expires exports",
	"webhook.sweep":    "finds events that webhooks are to be told of",
	"submission.sweep": "finds e-bills whose sending was cut short",
	"grant.sweep":      "tells firms of grants that are about to end",
	"deputy.sweep":     "ends the standing-in whose day has come, or of which one has left",
	"session.sweep":    "removes ended sessions",
	"access":           "reads which firms a person is granted",
	"conflict.check":   "compares the names of firms' parties and keeps none of them",
	"metrics":          "counts rows by state for the operators",
	"doctor":           "checks that each firm's walls stand",
	"command":          "finds the firm that an operator names",
}

// System is one run of a machinery task. It sees pages of active firms, reads
// ids and machinery tables across them, and works inside one firm at a time.
type System struct {
	db   *DB
	ctx  context.Context
	task string
}

// InSystem runs fn as the named task. Each read and each firm it enters is a
// transaction of its own, so a long task holds nothing between firms.
func (d *DB) InSystem(ctx context.Context, task string, fn func(sys *System) error) error {
	if _, ok := tasks[task]; !ok {
		return fmt.Errorf("system task %q is not in the list", task)
	}
	return fn(&System{db: d, ctx: scope.ForMachine(ctx, task, ""), task: task})
}

// Firms returns up to limit active firms, the bureau among them, after the given one in id order.
func (s *System) Firms(after ident.FirmID, limit int) ([]ident.FirmID, error) {
	var firms []ident.FirmID
	var cursor any
	if after != "" {
		cursor = string(after)
	}
	err := s.db.run(s.ctx, scope.Scope{Machine: s.task}, listScope(nil), beginRead, func(tx *Tx) error {
		return tx.Raw("SELECT id FROM auth.active_firms(?::uuid, ?) AS f(id)", cursor, limit).Scan(&firms).Error
	})
	if err != nil {
		return nil, fmt.Errorf("list active firms: %w", err)
	}
	return firms, nil
}

// Each calls fn with pages of active firms until there are no more or fn fails.
func (s *System) Each(size int, fn func(firms []ident.FirmID) error) error {
	var after ident.FirmID
	for {
		firms, err := s.Firms(after, size)
		if err != nil || len(firms) == 0 {
			return err
		}
		if err := fn(firms); err != nil {
			return err
		}
		if len(firms) < size {
			return nil
		}
		after = firms[len(firms)-1]
	}
}

// Read runs fn over firms in a read-only transaction of the bureau role, which
// has column grants on the machinery tables.
func (s *System) Read(firms []ident.FirmID, fn func(tx *Tx) error) error {
	return s.db.run(s.ctx, scope.Scope{Machine: s.task}, listScope(firms), beginRead, fn)
}

// Enter runs fn inside one firm, with the task as the actor.
func (s *System) Enter(firm ident.FirmID, fn func(tx *Tx) error) error {
	return s.db.run(s.ctx, scope.Scope{Machine: s.task, Firm: firm}, string(firm), beginWrite, fn)
}

// TryLock takes the named lock until the transaction ends, or tells that another
// process has it. The name is the bureau's own: put a firm's id in it where it is per firm.
func (tx *Tx) TryLock(name string) (bool, error) {
	var got bool
	err := tx.Raw("SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0))", name).Row().Scan(&got)
	if err != nil {
		return false, fmt.Errorf("try lock %s: %w", name, err)
	}
	return got, nil
}

// Lock waits for the named lock and holds it until the transaction ends.
func (tx *Tx) Lock(name string) error {
	if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", name).Error; err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return nil
}

// LockShared is Lock beside others that share it, and apart from whoever has it alone.
func (tx *Tx) LockShared(name string) error {
	if err := tx.Exec("SELECT pg_advisory_xact_lock_shared(hashtextextended(?, 0))", name).Error; err != nil {
		return fmt.Errorf("share lock %s: %w", name, err)
	}
	return nil
}
