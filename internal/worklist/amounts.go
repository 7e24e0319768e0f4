package worklist

import (
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

type itemKey struct {
	firm ident.FirmID
	item ident.WorkItemID
}

// confidential tells of each row whether its C2 fields are shown: a grant that shows
// them must cover the matter, or the whole firm where there is none.
func confidential(tx *db.Tx, access map[ident.FirmID]*authz.Access, rows []queueRow) (map[itemKey]bool, error) {
	shown := make(map[itemKey]bool, len(rows))
	asked := map[ident.FirmID][]queueRow{}
	for _, r := range rows {
		a := access[r.FirmID]
		switch {
		case r.MatterID == nil:
			label, ok := a.UnscopedSeeing(authz.C2)
			shown[itemKey{r.FirmID, r.ID}] = ok && a.WholeFirm() && r.Label <= label
		case a.Sees(authz.C2):
			asked[r.FirmID] = append(asked[r.FirmID], r)
		}
	}
	for firm, list := range asked {
		if _, plain := access[firm].Plain(); plain && access[firm].AllSee(authz.C2) {
			for _, r := range list {
				shown[itemKey{firm, r.ID}] = true
			}
			continue
		}
		if err := confidentialIn(tx, access[firm], list, shown); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

func confidentialIn(tx *db.Tx, a *authz.Access, rows []queueRow, shown map[itemKey]bool) error {
	ids := make([]ident.MatterID, len(rows))
	for i, r := range rows {
		ids[i] = *r.MatterID
	}
	named, err := showing(tx, a, ids)
	if err != nil {
		return err
	}
	for _, r := range rows {
		shown[itemKey{a.Firm, r.ID}] = named[*r.MatterID]
	}
	return nil
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

// amounts are what pre-bills and invoices of rows come to now; an import's stands in
// its item.
func amounts(tx *db.Tx, rows []queueRow, shown map[itemKey]bool) (map[itemKey]money.Amount, error) {
	var firms []ident.FirmID
	var items []ident.WorkItemID
	var kinds, subjects []string
	for _, r := range rows {
		if shown[itemKey{r.FirmID, r.ID}] && (r.SubjectKind == "prebill" || r.SubjectKind == "invoice") {
			firms, items = append(firms, r.FirmID), append(items, r.ID)
			kinds, subjects = append(kinds, r.SubjectKind), append(subjects, r.SubjectID)
		}
	}
	found := map[itemKey]money.Amount{}
	if len(items) == 0 {
		return found, nil
	}
	var got []struct {
		FirmID   ident.FirmID
		ItemID   ident.WorkItemID
		Currency money.Currency
		Minor    int64
	}
	err := tx.Raw(`SELECT k.firm AS firm_id, k.item AS item_id, x.currency, x.minor
		FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::uuid[]) AS k(firm, item, kind, subject) CROSS JOIN LATERAL (
			SELECT p.currency, prebill_net(p.firm_id, p.id) AS minor
				FROM prebill p WHERE k.kind = 'prebill' AND p.firm_id = k.firm AND p.id = k.subject
			UNION ALL SELECT i.currency, i.total_minor FROM invoice i WHERE k.kind = 'invoice' AND i.firm_id = k.firm AND i.id = k.subject) x`,
		db.Array(firms), db.Array(items), db.Array(kinds), db.Array(subjects)).Scan(&got).Error
	if err != nil {
		return nil, fmt.Errorf("read amounts of %d items: %w", len(items), err)
	}
	for _, g := range got {
		found[itemKey{g.FirmID, g.ItemID}] = money.Amount{Minor: g.Minor, Currency: g.Currency}
	}
	return found, nil
}
