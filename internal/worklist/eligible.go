package worklist

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/rbac"
)

// lacks is what keeps the actor from an item of the firm of tx (SLA.md 9).
func (s *Service) lacks(tx *db.Tx, id ident.WorkItemID, typ string, created time.Time) ([]requirement.Lack, error) {
	stands, err := requirement.Of(tx, s.sla, []ident.FirmID{tx.Scope.Firm}, tx.Scope.Actor)
	if err != nil {
		return nil, err
	}
	list := stands.Of(tx.Scope.Firm, tx.Scope.Actor, typ, created)
	var prepared db.Strings
	if err := tx.Raw(`SELECT `+requirement.Preparers+` FROM work_item w WHERE w.firm_id = ? AND w.id = ?`, tx.Scope.Firm, id).Row().Scan(&prepared); err != nil {
		return nil, fmt.Errorf("find who prepared item %s: %w", id, err)
	}
	if slices.Contains(prepared, string(tx.Scope.Actor)) {
		list = append(list, requirement.Lack{Kind: requirement.FourEyes})
	}
	return list, nil
}

// mayTake is ErrNotEligible, with each reason, where something keeps the actor from an item.
func (s *Service) mayTake(tx *db.Tx, i item) error {
	list, err := s.lacks(tx, i.ID, i.Type, i.CreatedAt)
	if err != nil || len(list) == 0 {
		return err
	}
	return ErrNotEligible.With("%s", requirement.Sentence(list))
}

// ToRead are the firms whose guidelines the actor has yet to confirm before get-next gives
// them any work of theirs, by code.
func (s *Service) ToRead(ctx context.Context) (list []Firm, err error) {
	err = s.guard.List(ctx, rbac.ItemClaim, "", func(tx *db.Tx, accesses []*authz.Access) error {
		firms := make([]ident.FirmID, len(accesses))
		for i, a := range accesses {
			firms[i] = a.Firm
		}
		stands, err := requirement.Of(tx, s.sla, firms, tx.Scope.Actor)
		if err != nil {
			return err
		}
		wait := stands.Unread(tx.Scope.Actor)
		if len(wait) == 0 {
			return nil
		}
		if err := tx.Raw(`SELECT f.firm_id AS id, f.code, f.name, f.slot, f.tz AS zone FROM firm f WHERE f.firm_id = ANY (?::uuid[]) ORDER BY f.code`, db.Array(wait)).Scan(&list).Error; err != nil {
			return fmt.Errorf("read firms with guidelines to confirm: %w", err)
		}
		return nil
	})
	return list, err
}
