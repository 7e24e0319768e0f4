package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Checked is what a check of a firm's whole tree found.
type Checked struct {
	At          time.Time // zero: never checked
	Took        time.Duration
	Leaves      int64
	Checkpoints int64
	Invoices    int64
	OK          bool
	Failed      []string // of Check
	Problems    []string
}

// Passed tells whether one of the four checks found nothing.
func (c Checked) Passed(check Check) bool {
	return !c.At.IsZero() && !slices.Contains(c.Failed, string(check))
}

// CheckNow recomputes every signature, leaf, root and invoice hash of the firm, as
// Verify does, and keeps what it found. It needs audit.export.
func (s *Service) CheckNow(ctx context.Context) (Checked, error) {
	began := s.db.Clock().Now()
	report, err := s.Verify(ctx)
	if err != nil {
		return Checked{}, fmt.Errorf("verify the audit tree: %w", err)
	}
	c := Checked{Took: s.db.Clock().Now().Sub(began), Leaves: report.Leaves, Checkpoints: report.Checkpoints, Invoices: report.Invoices, OK: report.OK}
	for _, p := range report.Problems {
		c.Problems = append(c.Problems, p.What)
		if !slices.Contains(c.Failed, string(p.Check)) {
			c.Failed = append(c.Failed, string(p.Check))
		}
	}
	return c, s.page(ctx, func(tx *db.Tx) error {
		c.At = tx.Now
		err := tx.Exec(`INSERT INTO audit_check (firm_id, at, took_ms, leaves, checkpoints, invoices, ok, failed, problems) VALUES (?, ?, ?, ?, ?, ?, ?, ?::text[], ?::text[])
			ON CONFLICT (firm_id, at) DO NOTHING`,
			tx.Scope.Firm, tx.Now, c.Took.Milliseconds(), c.Leaves, c.Checkpoints, c.Invoices, c.OK, db.Array(c.Failed), db.Array(c.Problems)).Error
		if err != nil {
			return fmt.Errorf("keep what the audit check found: %w", err)
		}
		return Record(tx, Entry{Action: "audit.checked", Object: "audit", ID: string(tx.Scope.Firm), Class: C1, Permission: string(rbac.AuditExport), Detail: map[string]any{"ok": c.OK, "leaves": c.Leaves, "failed": c.Failed}})
	})
}

// Checked is what the last check found; its At is zero when there was none.
func (s *Service) Checked(ctx context.Context) (c Checked, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AuditRead); err != nil {
			return err
		}
		c, err = lastCheck(tx)
		return err
	})
	return c, err
}

func lastCheck(tx *db.Tx) (Checked, error) {
	var rows []struct {
		At                                    time.Time
		TookMs, Leaves, Checkpoints, Invoices int64
		OK                                    bool
		Failed, Problems                      db.Strings
	}
	err := tx.Raw(`SELECT at, took_ms, leaves, checkpoints, invoices, ok, failed, problems FROM audit_check WHERE firm_id = ? ORDER BY at DESC LIMIT 1`, tx.Scope.Firm).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return Checked{}, err
	}
	r := rows[0]
	return Checked{At: r.At, Took: time.Duration(r.TookMs) * time.Millisecond, Leaves: r.Leaves, Checkpoints: r.Checkpoints, Invoices: r.Invoices, OK: r.OK, Failed: r.Failed, Problems: r.Problems}, nil
}

// checkEvery is how often each firm's tree is checked without being asked.
const checkEvery = 24 * time.Hour

// Sweep checks each active firm's sealed tree once a day and tells how many. Run it
// every hour. A tree that fails is reported on the firm's page and in the error.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	var failed []error
	err = s.db.InSystem(ctx, "audit.check", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				due := false
				err := sys.Enter(firm, func(tx *db.Tx) error {
					c, err := lastCheck(tx)
					due = err == nil && tx.Now.Sub(c.At) >= checkEvery
					return err
				})
				if err != nil {
					return err
				}
				if !due {
					continue
				}
				c, err := s.CheckNow(scope.ForMachine(ctx, "audit.check", firm))
				switch {
				case errors.Is(err, ErrUnsealed):
				case err != nil:
					failed = append(failed, fmt.Errorf("firm %s: %w", firm, err))
				case !c.OK:
					failed = append(failed, fmt.Errorf("firm %s: the audit tree does not verify: %v", firm, c.Failed))
				default:
					n++
				}
			}
			return nil
		})
	})
	return n, errors.Join(append(failed, err)...)
}
