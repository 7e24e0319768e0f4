package people

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
)

// How long what is over is kept (SECURITY 11).
const (
	keepSessions = 90 * 24 * time.Hour
	keepNobody   = 24 * time.Hour // sessions that nobody signed in to
	keepFailures = 24 * time.Hour
	keepAnswers  = 24 * time.Hour // of requests with an Idempotency-Key
	keepAsks     = 24 * time.Hour // for a new password, and of the jobs that answered them: anybody can make these
)

// Sweep removes ended sessions, old sign-in failures, old links for a new password, asks
// for one that nobody answered, and old answers to requests. It runs as a job of the worker, every hour or so. An account
// that is dead for a hundred failures stays so until its password is set anew.
func Sweep(ctx context.Context, d *db.DB) error {
	return d.InSystem(ctx, "session.sweep", func(sys *db.System) error {
		swept := false // what belongs to no firm is swept from within the first
		return sys.Each(100, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				err := sys.Enter(firm, func(tx *db.Tx) error {
					if !swept {
						swept = true
						if err := sweepPeople(tx); err != nil {
							return err
						}
					}
					if err := tx.Exec(`DELETE FROM sso_attempt WHERE firm_id = ? AND expires_at < ?`, firm, tx.Now).Error; err != nil {
						return err
					}
					if err := tx.Exec(`DELETE FROM reset_ask WHERE firm_id = ? AND asked_at < ?`, firm, tx.Now.Add(-keepAsks)).Error; err != nil {
						return err
					}
					if err := outbox.Forget(tx, ResetAsked{}, tx.Now.Add(-keepAsks)); err != nil {
						return err
					}
					return tx.Exec(`DELETE FROM idempotency WHERE firm_id = ? AND created_at < ?`, firm, tx.Now.Add(-keepAnswers)).Error
				})
				if err != nil {
					return fmt.Errorf("sweep firm %s: %w", firm, err)
				}
			}
			return nil
		})
	})
}

func sweepPeople(tx *db.Tx) error {
	err := tx.Exec(`DELETE FROM session WHERE (person_id IS NULL AND seen_at < ?) OR least(ended_at, expires_at, seen_at + make_interval(secs => ?)) < ?`,
		tx.Now.Add(-keepNobody), IdleTime.Seconds(), tx.Now.Add(-keepSessions)).Error
	if err == nil {
		err = tx.Exec(`DELETE FROM sign_in_failure WHERE last_failed_at < ? AND (failures < ? OR subject NOT LIKE 'account:%')`, tx.Now.Add(-keepFailures), dead).Error
	}
	if err == nil {
		err = tx.Exec(`DELETE FROM reset_link WHERE asked_at < ?`, tx.Now.Add(-keepFailures)).Error
	}
	if err == nil {
		err = tx.Exec(`DELETE FROM factor_try WHERE tried_at < ?`, tx.Now.Add(-keepFailures)).Error
	}
	if err == nil {
		err = tx.Exec(`DELETE FROM passkey_challenge WHERE expires_at < ?`, tx.Now).Error
	}
	if err != nil {
		return fmt.Errorf("sweep sessions: %w", err)
	}
	return nil
}
