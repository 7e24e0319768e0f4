package notice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/worklist"
)

// The kinds of mail that this package writes; stored.
const (
	kindInvoice  = "invoice"
	kindCredit   = "credit_note"
	kindReminder = "reminder"
	kindCode     = "code"
)

// MailWanted keeps a letter back when what it says is no longer so: an invoice that
// was taken back, a reminder since whose writing something was paid, credited,
// disputed or skipped. The next sweep writes a new reminder for what is left.
func (s *Service) MailWanted(tx *db.Tx, m mail.Ended) (bool, error) {
	var changed bool
	if m.Kind == kindInvoice {
		err := tx.Raw(`SELECT EXISTS (SELECT FROM delivery d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id
			WHERE d.firm_id = ? AND d.mail_id = ? AND i.status = 'credited')`, tx.Scope.Firm, m.ID).Row().Scan(&changed)
		if err != nil {
			return false, fmt.Errorf("read what mail %s brings: %w", m.ID, err)
		}
		return !changed, nil
	}
	if m.Kind != kindReminder {
		return true, nil
	}
	list, err := letters(tx, nil, `l.mail_id = ?`, m.ID)
	if err != nil {
		return false, err
	}
	if len(list) > 0 {
		now, err := s.standings(tx, `i.id = ANY (?::uuid[])`, db.Array(invoicesOf(&list[0])))
		if err != nil {
			return false, err
		}
		return heapOf(now).stands(&list[0]), nil
	}
	// One that the program before there were letters has queued.
	err = tx.Raw(`SELECT EXISTS (SELECT FROM reminder r JOIN invoice i ON i.firm_id = r.firm_id AND i.id = r.invoice_id
		WHERE r.firm_id = ? AND r.mail_id = ? AND (i.open_minor - `+invoice.WithheldOpen+` - i.disputed_minor <> r.open_minor OR i.status NOT IN ('sent', 'part_paid')))`, tx.Scope.Firm, m.ID).Row().Scan(&changed)
	if err != nil {
		return false, fmt.Errorf("read what mail %s reminds of: %w", m.ID, err)
	}
	return !changed, nil
}

// MailSent ends the delivery or the reminders of a mail well.
func (s *Service) MailSent(tx *db.Tx, m mail.Ended) error {
	switch m.Kind {
	case kindInvoice, kindCredit:
		ids, err := endDelivery(tx, m, StatusSent)
		if err != nil {
			return err
		}
		for _, inv := range ids {
			if err := worklist.Finish(tx, "invoice", string(inv.InvoiceID)); err != nil {
				return err
			}
			if m.Kind == kindCredit {
				continue
			}
			if err := invoice.MarkSent(tx, inv.InvoiceID); err != nil {
				return err
			}
			if err := s.creditReached(tx, inv.InvoiceID); err != nil {
				return err
			}
		}
	case kindReminder:
		if _, err := endReminders(tx, m, StatusSent); err != nil {
			return err
		}
		return s.callAfter(tx, m)
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
	var ids []about
	var err error
	switch m.Kind {
	case kindInvoice, kindCredit:
		ids, err = endDelivery(tx, m, status)
	case kindReminder:
		ids, err = endReminders(tx, m, status)
	}
	if err != nil || m.Reason == mail.ReasonNotWanted {
		return err
	}
	work := map[string]string{kindInvoice: workDelivery, kindCredit: workDelivery, kindReminder: workReminder}[m.Kind]
	for _, inv := range ids {
		if err := wantPerson(tx, work, inv.InvoiceID, inv.MatterID); err != nil {
			return err
		}
	}
	return nil
}

// The work items that ask for a person; stored.
const (
	workDelivery = "delivery"
	workReminder = "reminder_failed"
	workLetter   = "reminder_letter" // to be posted
	workCall     = "reminder_call"
)

// What such an item is about beside an invoice; stored.
const (
	subjectLetter = "reminder_letter"
	subjectTask   = "reminder_task"
)

// wantTask opens an item of work that is about a message or a task of its own.
func wantTask(tx *db.Tx, work, subject, id string, m ident.MatterID) error {
	_, err := worklist.Open(tx, worklist.New{Type: work, Matter: m, SubjectKind: subject, SubjectID: id})
	return err
}

// wantPerson opens the item of work on an invoice that a machine could not finish.
func wantPerson(tx *db.Tx, work string, id ident.InvoiceID, m ident.MatterID) error {
	_, err := worklist.Open(tx, worklist.New{Type: work, Matter: m, SubjectKind: "invoice", SubjectID: string(id)})
	return err
}

// about is an invoice that a mail was about.
type about struct {
	InvoiceID ident.InvoiceID
	MatterID  ident.MatterID
}

func endDelivery(tx *db.Tx, m mail.Ended, status Status) (ids []about, err error) {
	err = tx.Raw(`UPDATE delivery d SET status = ?, reason = ?, ended_at = ? FROM invoice i WHERE d.firm_id = ? AND d.mail_id = ?
		AND i.firm_id = d.firm_id AND i.id = d.invoice_id RETURNING d.invoice_id, i.matter_id`,
		status, m.Reason, tx.Now, tx.Scope.Firm, m.ID).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("end delivery by mail %s: %w", m.ID, err)
	}
	return ids, nil
}

func endReminders(tx *db.Tx, m mail.Ended, status Status) (ids []about, err error) {
	err = tx.Exec(`UPDATE reminder_letter SET state = ?, reason = ?, ended_at = ? WHERE firm_id = ? AND mail_id = ?`, LetterState(status), m.Reason, tx.Now, tx.Scope.Firm, m.ID).Error
	if err != nil {
		return nil, fmt.Errorf("end message by mail %s: %w", m.ID, err)
	}
	err = tx.Raw(`UPDATE reminder r SET status = ?, reason = ?, ended_at = ? FROM invoice i WHERE r.firm_id = ? AND r.mail_id = ?
		AND i.firm_id = r.firm_id AND i.id = r.invoice_id RETURNING r.invoice_id, i.matter_id`,
		status, m.Reason, tx.Now, tx.Scope.Firm, m.ID).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("end reminders by mail %s: %w", m.ID, err)
	}
	return ids, nil
}
