package grant

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Every quarter somebody looks at each grant that stands and keeps it or ends it. A
// grant comes up when 90 days have passed since it was given or last kept; extending
// gives it anew. Nothing ends by itself for want of a look, but the firm's
// administrators are told once a quarter that something waits.
const reviewEvery = 90 * 24 * time.Hour

// ErrReviewSelf refuses a review of one's own access.
var ErrReviewSelf = fault.New(fault.Forbidden, "review_self", "nobody reviews their own access; another administrator can")

const dueForReview = `g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND greatest(g.created_at, g.kept_at) <= ?`

func dueArgs(at time.Time) []any { return []any{at, at, at.Add(-reviewEvery)} }

// Reviews lists the grants of the firm that are due for a review, by name.
func (s *Service) Reviews(ctx context.Context) (list []Grant, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GrantRead)
		if err != nil {
			return err
		}
		if list, err = listGrants(tx, dueForReview, dueArgs(tx.Now), ""); err != nil {
			return err
		}
		return nameScopes(tx, a, list)
	})
	return list, err
}

// Keep says that a grant which stands is still wanted. Ending it instead is EndGrant.
func (s *Service) Keep(ctx context.Context, id ident.GrantID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.GrantGive); err != nil {
			return err
		}
		g, err := lockGrant(tx, id)
		switch {
		case err != nil:
			return err
		case !g.Live(tx.Now):
			return ErrEnded
		case g.Person == tx.Scope.Actor:
			return ErrReviewSelf
		}
		err = tx.Exec(`UPDATE access_grant SET kept_at = ?, kept_by = ? WHERE firm_id = ? AND id = ?`, tx.Now, tx.Scope.Actor, tx.Scope.Firm, id).Error
		if err != nil {
			return fmt.Errorf("keep grant %s: %w", id, err)
		}
		g.Kept = &tx.Now
		return recordGrant(tx, "grant.kept", rbac.GrantGive, g)
	})
}

// tellOfReview queues the quarter's letter while something is due.
func tellOfReview(tx *db.Tx) error {
	var due bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM access_grant g WHERE g.firm_id = ? AND `+dueForReview+`)`, append([]any{tx.Scope.Firm}, dueArgs(tx.Now)...)...).Row().Scan(&due)
	if err != nil || !due {
		return wrap(err, "look for grants to review in firm", tx.Scope.Firm)
	}
	admins, err := people.Administrators(tx, rbac.RoleFirmAdmin)
	if err != nil {
		return err
	}
	return letter.Write(tx, letter.Review(tx.Now), "", admins...)
}
