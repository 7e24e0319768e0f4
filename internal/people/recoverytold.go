package people

import (
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
)

// told lists the recoveries that wait in the bureau's domain for people of the firm of tx,
// of which its administrators were told, or the one with the id. Nothing of it shows that
// the letter does not say, but for whose it is.
func (s *Service) told(tx *db.Tx, id ident.RequestID) (list []Recovery, err error) {
	if s.bureau.Bound(tx) == "" {
		return nil, nil // the bureau's own stand with the others
	}
	var about []ident.RequestID
	err = tx.Raw(`SELECT DISTINCT about FROM person_letter WHERE firm_id = ? AND kind IN ? AND (?::uuid IS NULL OR about = ?::uuid)`,
		tx.Scope.Firm, []letter.Kind{letter.RecoveryOf, letter.RecoveryNear}, db.Null(id), db.Null(id)).Scan(&about).Error
	if err != nil || len(about) == 0 {
		return nil, wrap(err, "list what was told to firm", tx.Scope.Firm)
	}
	var waiting []Recovery
	err = s.bureau.AtHome(tx, func() error {
		err := tx.Raw(`SELECT id, person_id AS person, opened_at, ripe_at AS ripe FROM factor_recovery
			WHERE firm_id = ? AND status = 'waiting' AND id = ANY (?::uuid[]) ORDER BY opened_at, id`, tx.Scope.Firm, db.Array(about)).Scan(&waiting).Error
		return wrap(err, "list recoveries of firm", tx.Scope.Firm)
	})
	if err != nil {
		return nil, err
	}
	for _, r := range waiting {
		here, err := FirmsOf(tx, r.Person)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(here, tx.Scope.Firm) {
			continue // they have left
		}
		p, err := OfFirm(tx, r.Person)
		if err != nil {
			return nil, err
		}
		r.Name, r.ByBureau = p.Name, true
		list = append(list, r)
	}
	return list, nil
}
