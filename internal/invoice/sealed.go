package invoice

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
)

// Sealed lists issued invoices of the transaction's firm for an audit bundle over
// the first size leaves, in id order after one: those whose issue stands in these
// leaves, and those whose issue nobody recorded. The hash is taken anew from the
// stored document, not from the column beside it.
func Sealed(tx *db.Tx, size int64, after string, limit int) ([]audit.SealedInvoice, error) {
	var rows []struct{ ID, Number, Document string }
	err := tx.Raw(`SELECT i.id::text AS id, i.number, i.document::text AS document FROM invoice i
		LEFT JOIN audit_leaf l ON l.firm_id = i.firm_id AND l.object = 'invoice' AND l.object_id = i.id::text AND l.action = ?
		WHERE i.firm_id = ? AND i.id::text > ? AND (l.id IS NULL OR l.seq < ?) ORDER BY i.id::text LIMIT ?`,
		audit.InvoiceIssued, tx.Scope.Firm, after, size, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list invoices for the audit bundle: %w", err)
	}
	sealed := make([]audit.SealedInvoice, len(rows))
	for i, r := range rows {
		d, err := ReadDocument([]byte(r.Document))
		if err != nil {
			return nil, err
		}
		hash, err := d.Hash()
		if err != nil {
			return nil, err
		}
		sealed[i] = audit.SealedInvoice{ID: r.ID, Number: r.Number, Hash: hash}
	}
	return sealed, nil
}
