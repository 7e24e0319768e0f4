package invoice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// MarkSent notes that an invoice has reached its payor. The first time counts; an
// invoice that is paid or credited already keeps that state.
func MarkSent(tx *db.Tx, id ident.InvoiceID) error {
	err := tx.Exec(`UPDATE invoice SET sent_at = ?, status = CASE status WHEN 'issued' THEN 'sent' ELSE status END
		WHERE firm_id = ? AND id = ? AND sent_at IS NULL`, tx.Now, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("mark invoice %s as sent: %w", id, err)
	}
	return nil
}
