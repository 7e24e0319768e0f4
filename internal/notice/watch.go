package notice

import (
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
)

// The kinds of mail that this package writes; stored.
const (
	kindInvoice  = "invoice"
	kindReminder = "reminder"
	kindCode     = "code"
)

// MailWanted keeps a reminder back when what it says is no longer so: something
// was paid, credited or skipped since it was written. The next sweep writes a new
// one for what is left.
func (s *Service) MailWanted(tx *db.Tx, m mail.Ended) (bool, error) {
	if m.Kind != kindReminder {
		return true, nil
	}
	var changed bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM reminder r JOIN invoice i ON i.firm_id = r.firm_id AND i.id = r.invoice_id
		WHERE r.firm_id = ? AND r.mail_id = ? AND (i.open_minor <> r.open_minor OR i.status NOT IN ('sent', 'part_paid')))`, tx.Scope.Firm, m.ID).Row().Scan(&changed)
	if err != nil {
		return false, fmt.Errorf("read what mail %s reminds of: %w", m.ID, err)
	}
	return !changed, nil
}

// MailSent ends the delivery or the reminders of a mail well.
func (s *Service) MailSent(tx *db.Tx, m mail.Ended) error {
	switch m.Kind {
	case kindInvoice:
		ids, err := endDelivery(tx, m, StatusSent)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := invoice.MarkSent(tx, id); err != nil {
				return err
			}
		}
	case kindReminder:
		_, err := endReminders(tx, m, StatusSent)
		return err
	}
	return nil
}

// MailFailed ends them badly. A reminder that may have arrived counts as sent
// (I18); one that bounced does not. Either way a person is told, unless the mail
// was kept back on purpose.
func (s *Service) MailFailed(tx *db.Tx, m mail.Ended) error {
	status := StatusFailed
	if m.State == mail.StateUncertain {
		status = StatusUncertain
	}
	var ids []ident.InvoiceID
	var err error
	switch m.Kind {
	case kindInvoice:
		ids, err = endDelivery(tx, m, status)
	case kindReminder:
		ids, err = endReminders(tx, m, status)
	}
	if err != nil || m.Reason == mail.ReasonNotWanted {
		return err
	}
	var errs []error
	for _, id := range ids {
		errs = append(errs, s.Trouble(tx, map[string]string{kindInvoice: "delivery", kindReminder: "reminder"}[m.Kind], id))
	}
	return errors.Join(errs...)
}

func endDelivery(tx *db.Tx, m mail.Ended, status Status) (ids []ident.InvoiceID, err error) {
	err = tx.Raw(`UPDATE delivery SET status = ?, reason = ?, ended_at = ? WHERE firm_id = ? AND mail_id = ? RETURNING invoice_id`,
		status, m.Reason, tx.Now, tx.Scope.Firm, m.ID).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("end delivery by mail %s: %w", m.ID, err)
	}
	return ids, nil
}

func endReminders(tx *db.Tx, m mail.Ended, status Status) (ids []ident.InvoiceID, err error) {
	err = tx.Raw(`UPDATE reminder SET status = ?, reason = ?, ended_at = ? WHERE firm_id = ? AND mail_id = ? RETURNING invoice_id`,
		status, m.Reason, tx.Now, tx.Scope.Firm, m.ID).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("end reminders by mail %s: %w", m.ID, err)
	}
	return ids, nil
}
