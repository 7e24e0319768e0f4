package worklist

import (
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// confidential tells of each row whether its C2 fields are shown: a grant that shows
// them must cover the matter, or the whole firm where there is none.
func confidential(tx *db.Tx, accesses []*authz.Access, rows []queueRow) ([]bool, error) {
	access := make(map[ident.FirmID]*authz.Access, len(accesses))
	for _, a := range accesses {
		access[a.Firm] = a
	}
	shown := make([]bool, len(rows))
	var asked map[ident.FirmID][]int // where rows have to tell
	for i := range rows {
		r := &rows[i]
		a := access[r.FirmID]
		_, plain := a.Plain()
		switch {
		case r.MatterID == "":
			label, ok := a.UnscopedSeeing(authz.C2)
			shown[i] = ok && a.WholeFirm() && r.Label <= label
		case !a.Sees(authz.C2):
		case plain && a.AllSee(authz.C2):
			shown[i] = true
		default:
			if asked == nil {
				asked = map[ident.FirmID][]int{}
			}
			asked[r.FirmID] = append(asked[r.FirmID], i)
		}
	}
	for firm, at := range asked {
		ids := make([]ident.MatterID, len(at))
		for j, i := range at {
			ids[j] = rows[i].MatterID
		}
		named, err := showing(tx, access[firm], ids)
		if err != nil {
			return nil, err
		}
		for j, i := range at {
			shown[i] = named[ids[j]]
		}
	}
	return shown, nil
}

// showing tells of which matters a grant that covers the matter shows C2 fields.
func showing(tx *db.Tx, a *authz.Access, ids []ident.MatterID) (map[ident.MatterID]bool, error) {
	cond, args := a.MattersSeeing("m", authz.C2)
	var seen []ident.MatterID
	err := tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND m.id = ANY (?::uuid[]) AND `+cond, append([]any{a.Firm, db.Array(ids)}, args...)...).Scan(&seen).Error
	if err != nil {
		return nil, fmt.Errorf("find matters shown in firm %s: %w", a.Firm, err)
	}
	is := make(map[ident.MatterID]bool, len(seen))
	for _, id := range seen {
		is[id] = true
	}
	return is, nil
}
