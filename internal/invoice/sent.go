package invoice

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// MarkSent notes that an invoice has reached its payor, in the transaction that
// knows it: a mail that was sent, a portal that a person has served. The first
// delivery counts; a later one changes nothing, and an invoice that is paid or
// credited keeps that state. The caller has decided who may.
func MarkSent(tx *db.Tx, id ident.InvoiceID) error {
	inv, err := Lock(tx, id)
	if err != nil || inv.SentAt != nil {
		return err
	}
	inv.SentAt = &tx.Now
	inv.Settle()
	err = tx.Exec(`UPDATE invoice SET sent_at = ?, status = ? WHERE firm_id = ? AND id = ?`, inv.SentAt, inv.Status, tx.Scope.Firm, inv.ID).Error
	if err != nil {
		return fmt.Errorf("mark invoice %s sent: %w", inv.ID, err)
	}
	return audit.Record(tx, audit.Entry{Action: "invoice.sent", Object: "invoice", ID: string(id), Matter: inv.Matter, Class: audit.C1,
		Permission: string(rbac.InvoiceDeliver), Detail: map[string]string{"number": inv.Number, "status": string(inv.Status)}})
}
