package sla

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

const (
	sweepTask      = "sla.sweep"
	firmsAtOnce    = 200
	clocksAtOnce   = 500
	mostOfOneSweep = 100_000 // of one firm; the rest waits for the next sweep, so that no firm holds up the others
)

// Sweep writes every warning and breach that has come due, at its true instant,
// however late it is (SLA.md 6). Any number may sweep at once: each takes other
// clocks, and a notice is written once. It returns how many clocks it settled.
func (s *Service) Sweep(ctx context.Context) (clocks int, err error) {
	err = s.db.InSystem(ctx, sweepTask, func(sys *db.System) error {
		return sys.Each(firmsAtOnce, func(firms []ident.FirmID) error {
			due, err := s.firmsDue(sys, firms)
			if err != nil {
				return err
			}
			for _, firm := range due {
				n, err := s.sweepFirm(ctx, sys, firm)
				clocks += n
				if err != nil {
					return fmt.Errorf("sweep clocks of firm %s: %w", firm, err)
				}
			}
			return nil
		})
	})
	return clocks, err
}

// firmsDue lists which of the firms have a clock to look at.
func (s *Service) firmsDue(sys *db.System, firms []ident.FirmID) (due []ident.FirmID, err error) {
	err = sys.Read(firms, func(tx *db.Tx) error {
		return tx.Raw(`SELECT f.id FROM unnest(?::uuid[]) AS f(id) CROSS JOIN LATERAL (SELECT FROM clock c WHERE c.firm_id = f.id AND c.next_check_at < ? ORDER BY c.next_check_at LIMIT 1) x`,
			db.Array(firms), tx.Now.Truncate(time.Second)).Scan(&due).Error
	})
	if err != nil {
		return nil, fmt.Errorf("find clocks that are due: %w", err)
	}
	return due, nil
}

func (s *Service) sweepFirm(ctx context.Context, sys *db.System, firm ident.FirmID) (total int, err error) {
	for total < mostOfOneSweep && ctx.Err() == nil {
		n := 0
		err := sys.Enter(firm, func(tx *db.Tx) (err error) {
			n, err = s.sweepBatch(tx)
			return err
		})
		total += n
		if err != nil || n < clocksAtOnce {
			return total, err
		}
	}
	return total, ctx.Err()
}

// sweepBatch settles up to clocksAtOnce clocks that nobody else is working on.
func (s *Service) sweepBatch(tx *db.Tx) (int, error) {
	if _, err := s.guard.Require(tx, rbac.SLASweep); err != nil {
		return 0, err
	}
	p := pass{tx: tx, calendars: s.calendars}
	clocks, err := p.load(`WHERE c.firm_id = ? AND c.next_check_at < ? ORDER BY c.next_check_at LIMIT ? FOR UPDATE OF c SKIP LOCKED`,
		tx.Scope.Firm, tx.Now.Truncate(time.Second), clocksAtOnce)
	if err != nil || len(clocks) == 0 {
		return 0, err
	}
	fresh := make([]given, len(clocks))
	for i, c := range clocks {
		fresh[i].clock = c.ID
		fresh[i].notices, _ = Reconcile(c.written, c.now, tx.Now)
	}
	if err := p.give(fresh); err != nil {
		return 0, err
	}
	if err := p.updateSwept(clocks); err != nil {
		return 0, err
	}
	for i, c := range clocks {
		if err := recordSwept(tx, c, fresh[i].notices); err != nil {
			return 0, err
		}
	}
	return len(clocks), nil
}

// updateSwept writes what passing time alone can change.
func (p pass) updateSwept(clocks []stored) error {
	n := len(clocks)
	ids, outcomes := make([]ident.ClockID, n), make([]Outcome, n)
	hot, breached, outcomeAt, next := make([]*time.Time, n), make([]*time.Time, n), make([]*time.Time, n), make([]*time.Time, n)
	for i, c := range clocks {
		h, err := c.now.HotAt()
		if err != nil {
			return err
		}
		ids[i], outcomes[i], hot[i] = c.ID, c.now.Outcome, orNull(h)
		breached[i], outcomeAt[i], next[i] = orNull(c.now.BreachedAt), orNull(c.now.OutcomeAt()), orNull(c.now.NextAt)
	}
	err := p.tx.Exec(`UPDATE clock c SET outcome = u.outcome, hot_at = u.hot, breached_at = u.breached, outcome_at = u.outcome_at, next_check_at = u.next, projected_at = ?
		FROM unnest(?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[]) AS u(id, outcome, hot, breached, outcome_at, next)
		WHERE c.firm_id = ? AND c.id = u.id`,
		p.tx.Now.Truncate(time.Second), db.Array(ids), db.Array(outcomes), db.Array(hot), db.Array(breached), db.Array(outcomeAt), db.Array(next), p.tx.Scope.Firm).Error
	if err != nil {
		return fmt.Errorf("update swept clocks: %w", err)
	}
	return nil
}

// recordSwept writes the leaf of a breach; a warning is its own record.
func recordSwept(tx *db.Tx, c stored, fresh []Notice) error {
	for _, n := range fresh {
		if n.Kind != NoticeBreach {
			continue
		}
		err := audit.Record(tx, audit.Entry{
			Action: "sla.breached", Object: "clock", ID: string(c.ID), Matter: c.Matter, Class: audit.C1, Permission: string(rbac.SLASweep),
			Detail: map[string]any{"target": c.Key, "cycle": n.Cycle, "at": n.At},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
