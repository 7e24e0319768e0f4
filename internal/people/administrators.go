package people

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/rbac"
)

// Administrators names the people who can grant access in the firm of ctx. Only
// who holds a live grant there is told; anyone else gets ErrNotFound.
func (s *Service) Administrators(ctx context.Context) (names []string, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmRead); err != nil {
			return err
		}
		err := tx.Raw(`SELECT DISTINCT p.name FROM access_grant g JOIN person p ON p.id = g.person_id
			WHERE g.firm_id = ? AND g.role = 'firm_admin' AND g.ended_at IS NULL AND p.status = 'active'
			  AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) ORDER BY p.name LIMIT 3`, tx.Scope.Firm, tx.Now, tx.Now).Scan(&names).Error
		if err != nil {
			return fmt.Errorf("list administrators of firm %s: %w", tx.Scope.Firm, err)
		}
		return nil
	})
	return names, err
}
