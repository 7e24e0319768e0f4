package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// sharesOf are the shares of a bill in their order, none where it is not split.
func sharesOf(tx *db.Tx, id ident.PrebillID) (list []Share, err error) {
	err = tx.Raw(`SELECT payor_id AS payor, fees_e6 AS fees, expenses_e6 AS expenses, cap_minor, tax_rate_e6 IS NOT NULL AS own_tax, coalesce(tax_rate_e6, 0) AS tax_rate, tax_note, fees_minor, expenses_minor
		FROM prebill_share WHERE firm_id = ? AND prebill_id = ? ORDER BY position`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list shares of pre-bill %s: %w", id, err)
	}
	return list, nil
}

// keepShares writes the shares anew.
func keepShares(tx *db.Tx, id ident.PrebillID, list []Share) error {
	if err := tx.Exec(`DELETE FROM prebill_share WHERE firm_id = ? AND prebill_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("drop shares of pre-bill %s: %w", id, err)
	}
	for i, s := range list {
		var tax *money.Fraction
		if s.OwnTax {
			tax = &s.TaxRate
		}
		err := tx.Exec(`INSERT INTO prebill_share (firm_id, prebill_id, position, payor_id, fees_e6, expenses_e6, cap_minor, tax_rate_e6, tax_note, fees_minor, expenses_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, id, i+1, s.Payor, s.Fees, s.Expenses, s.CapMinor, tax, s.TaxNote, s.FeesMinor, s.ExpensesMinor).Error
		if err != nil {
			return fmt.Errorf("share pre-bill %s: %w", id, err)
		}
	}
	return nil
}

// namePayors adds who the payors are, and their invoices once there are any.
func namePayors(tx *db.Tx, id ident.PrebillID, list []ShareView) error {
	var rows []struct {
		Name, Number string
		Invoice      ident.InvoiceID
	}
	err := tx.Raw(`SELECT p.name, coalesce(i.id::text, '') AS invoice, coalesce(i.number, '') AS number
		FROM prebill_share s JOIN payor p ON p.firm_id = s.firm_id AND p.id = s.payor_id LEFT JOIN invoice i ON i.firm_id = s.firm_id AND i.prebill_id = s.prebill_id AND i.share = s.position
		WHERE s.firm_id = ? AND s.prebill_id = ? ORDER BY s.position`, tx.Scope.Firm, id).Scan(&rows).Error
	if err != nil || len(rows) != len(list) {
		return fmt.Errorf("name payors of pre-bill %s, %d of %d: %w", id, len(rows), len(list), err)
	}
	for i, r := range rows {
		list[i].PayorName, list[i].Invoice, list[i].Number = r.Name, r.Invoice, r.Number
	}
	return nil
}
