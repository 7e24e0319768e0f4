package prebill

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// pricesElsewhere are the fixed prices, the periods' fees, the settlements and the recoveries that the
// matter's other bills have, whichever version they are of and in whatever currency. A
// cancelled bill has nothing, nor does an invoice that was credited. A settlement counts
// where it changes nothing too.
func pricesElsewhere(tx *db.Tx, p *Prebill) (list placedPrices, err error) {
	err = tx.Raw(`WITH c AS (SELECT firm_id, prebill_id, code FROM prebill_charge WHERE firm_id = ? AND what = ANY (?::text[])
			UNION SELECT firm_id, prebill_id, code FROM prebill_price WHERE firm_id = ? AND (code = ANY (?::text[]) OR recovery_id IS NOT NULL AND live))
		SELECT c.code, b.number AS bill, bill_numbers(b.firm_id, b.id) AS invoice,
			b.status IN ('approved', 'taken') AND (?::timestamptz IS NULL OR (b.approved_at, b.id) < (?::timestamptz, ?::uuid)) AS before
		FROM prebill b JOIN c ON c.firm_id = b.firm_id AND c.prebill_id = b.id
		WHERE b.firm_id = ? AND b.matter_id = ? AND b.id <> ? AND b.status <> 'cancelled' AND NOT bill_taken_back(b.firm_id, b.id)
		ORDER BY before DESC, b.number`, tx.Scope.Firm, db.Array(pricedByCode), tx.Scope.Firm, db.Array(settlements),
		p.ApprovedAt, p.ApprovedAt, p.ID, tx.Scope.Firm, p.MatterID, p.ID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list prices on the other bills of matter %s: %w", p.MatterID, err)
	}
	return list, nil
}

// settlements are the codes of what no charge may tell of.
var settlements = []string{arrangement.CodeCollar, arrangement.CodeSuccess}

// onBill is something that a person put on a pre-bill.
type onBill struct {
	Code     string
	Quantity money.Fixed4 // of units of a price list; else 0
	By       string       // the name
	At       time.Time
}

// put is what stands on a pre-bill of one version.
type put []onBill

// find is what has a code, nil for none.
func (list put) find(code string) *onBill {
	for i := range list {
		if list[i].Code == code {
			return &list[i]
		}
	}
	return nil
}

// pricesOn is what people put on a pre-bill, by version.
func pricesOn(tx *db.Tx, id ident.PrebillID) (map[ident.ArrangementID]put, error) {
	var rows []struct {
		Arrangement ident.ArrangementID
		On          onBill `gorm:"embedded"`
	}
	err := tx.Raw(`SELECT x.arrangement_id AS arrangement, x.code, x.quantity_e4 AS quantity, p.name AS by, x.put_at AS at
		FROM prebill_price x JOIN person p ON p.id = x.put_by WHERE x.firm_id = ? AND x.prebill_id = ? ORDER BY x.put_at, x.code`, tx.Scope.Firm, id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list prices on pre-bill %s: %w", id, err)
	}
	on := map[ident.ArrangementID]put{}
	for _, r := range rows {
		on[r.Arrangement] = append(on[r.Arrangement], r.On)
	}
	return on, nil
}

// putPrice puts a price on a pre-bill, or of a price list a quantity of units.
func putPrice(tx *db.Tx, id ident.PrebillID, of ident.ArrangementID, code string, quantity money.Fixed4) error {
	err := tx.Exec(`INSERT INTO prebill_price (firm_id, prebill_id, arrangement_id, code, quantity_e4, put_by, put_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, id, of, code, quantity, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("put a price on pre-bill %s: %w", id, err)
	}
	return nil
}

func takePrice(tx *db.Tx, id ident.PrebillID, of ident.ArrangementID, code string) error {
	err := tx.Exec(`DELETE FROM prebill_price WHERE firm_id = ? AND prebill_id = ? AND arrangement_id = ? AND code = ?`, tx.Scope.Firm, id, of, code).Error
	if err != nil {
		return fmt.Errorf("take a price off pre-bill %s: %w", id, err)
	}
	return nil
}
