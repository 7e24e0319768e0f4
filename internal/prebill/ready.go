package prebill

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Ready is a matter with something to bill.
type Ready struct {
	MatterID     ident.MatterID
	MatterNumber string
	MatterName   string
	ClientName   string
	Label        authz.Label
	Currency     money.Currency
	Entries      int
	OldestOn     time.Time
	NewestOn     time.Time
	ValueMinor   int64
}

// Ready lists the matters in scope that have open entries, the oldest work first.
func (s *Service) Ready(ctx context.Context) (list []Ready, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillBuild)
		if err != nil {
			return err
		}
		cond, args := a.MattersSeeing("m", authz.C2)
		err = tx.Raw(`SELECT e.matter_id, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, m.label, m.currency,
				count(*) AS entries, min(e.worked_on) AS oldest_on, max(e.worked_on) AS newest_on, sum(e.amount_minor) AS value_minor
			FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
			WHERE e.firm_id = ? AND e.status = 'open' AND e.currency = m.currency AND `+cond+`
			GROUP BY e.matter_id, m.number, m.name, c.name, m.label, m.currency ORDER BY min(e.worked_on), m.number`,
			append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("list matters of firm %s with open entries: %w", tx.Scope.Firm, err)
		}
		return nil
	})
	return list, err
}
