package export

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// held are the matters whose rows a file has, and those of which it has what is C2 and C3.
// The hash of the rights does not tell that a matter was sealed, or moved to another
// client, since the file was made: they do. They are kept beside the manifest and are not
// in the file.
type held struct {
	Rows  db.Strings `json:"rows"`
	Money db.Strings `json:"money"`
	Words db.Strings `json:"words"`
}

func (s selection) held(tx *db.Tx) (h held, err error) {
	told, toldArgs := s.told()
	args := append(append(append([]any{}, s.moneyArgs...), toldArgs...), s.whereArgs...)
	var rows []struct {
		ID           string
		Money, Words bool
	}
	err = tx.Raw(`SELECT m.id::text AS id, coalesce(bool_or(`+s.money+`), false) AS money, coalesce(bool_or(`+told+`), false) AS words`+s.profile.from+`WHERE `+s.where+` GROUP BY m.id ORDER BY m.id`, args...).Scan(&rows).Error
	if err != nil {
		return h, fmt.Errorf("list the matters of an export: %w", err)
	}
	h = held{db.Strings{}, db.Strings{}, db.Strings{}}
	for _, r := range rows {
		h.Rows = append(h.Rows, r.ID)
		if r.Money {
			h.Money = append(h.Money, r.ID)
		}
		if r.Words {
			h.Words = append(h.Words, r.ID)
		}
	}
	return h, nil
}

// stillHeld is ErrRightGone unless the actor sees of every matter in the file what the
// file has of it, and the audience may have it. Of a file that did not keep them nothing
// is known.
func stillHeld(tx *db.Tx, a *authz.Access, id ident.ExportID, p profile) error {
	var text sql.NullString
	if err := tx.Raw(`SELECT jsonb_extract_path_text(manifest, 'held') FROM export WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&text); err != nil {
		return fmt.Errorf("read matters of export %s: %w", id, err)
	}
	if !text.Valid {
		return nil
	}
	var h held
	if err := json.Unmarshal([]byte(text.String), &h); err != nil {
		return fmt.Errorf("read matters of export %s: %w", id, err)
	}
	for class, matters := range map[authz.Class]db.Strings{authz.C1: h.Rows, authz.C2: h.Money, authz.C3: h.Words} {
		cond, args := a.MattersSeeing("m", class)
		if p.byEntry && p.rows != "" {
			cond += ` AND ` + p.rows
		}
		var lost int
		err := tx.Raw(`SELECT count(*) FROM unnest(?::uuid[]) x(id) WHERE NOT EXISTS (SELECT FROM matter m WHERE m.firm_id = ? AND m.id = x.id AND `+cond+`)`,
			append([]any{matters, tx.Scope.Firm}, args...)...).Row().Scan(&lost)
		if err != nil {
			return fmt.Errorf("look at the matters of export %s: %w", id, err)
		}
		if lost > 0 {
			return ErrRightGone
		}
	}
	return nil
}
