package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// When a firm's administrators are told that a grant of the bureau's people ends:
// once at 14 days and once at 3. A grant given for less than that is told of once.
const (
	tellAt  = 14 * 24 * time.Hour
	tellAt3 = 3 * 24 * time.Hour
)

// SweepGrants queues the letters about grants that are about to end, and the quarter's
// about those that wait for a review. Run it every hour; each letter goes once, however often it runs.
func SweepGrants(ctx context.Context, d *db.DB) error {
	return d.InSystem(ctx, "grant.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				err := sys.Enter(firm, func(tx *db.Tx) error { return errors.Join(tellOfEndings(tx), tellOfReview(tx)) })
				if err != nil {
					return fmt.Errorf("tell firm %s of grants that end or wait for a review: %w", firm, err)
				}
			}
			return nil
		})
	})
}

func tellOfEndings(tx *db.Tx) error {
	var ending []struct {
		ID      ident.GrantID
		UntilAt time.Time
	}
	err := tx.Raw(`SELECT g.id, g.until_at FROM access_grant g JOIN person p ON p.id = g.person_id
		WHERE g.firm_id = ? AND p.staff AND g.ended_at IS NULL AND g.until_at > ? AND g.until_at <= ? ORDER BY g.until_at, g.id`,
		tx.Scope.Firm, tx.Now, tx.Now.Add(tellAt)).Scan(&ending).Error
	if err != nil || len(ending) == 0 {
		return err
	}
	admins, err := people.Administrators(tx, rbac.RoleFirmAdmin)
	if err != nil {
		return err
	}
	for _, g := range ending {
		kind := letter.Ends14
		if g.UntilAt.Sub(tx.Now) <= tellAt3 {
			kind = letter.Ends3
		}
		if err := letter.Write(tx, kind, string(g.ID), admins...); err != nil {
			return err
		}
	}
	return nil
}
