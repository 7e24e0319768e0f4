package notice

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// creditNote takes one invoice back, or a part of it.
type creditNote struct {
	ID        ident.CreditNoteID // "" for none
	Number    string
	InvoiceID ident.InvoiceID
}

const columnsOfNote = `SELECT n.id, n.number, n.invoice_id FROM credit_note n WHERE n.firm_id = ? AND `

// DeliverCredit is the job that follows a credit note's issue: the note goes the way
// its invoice went. An invoice that has not left stays, and no note is sent of what
// the payor never heard of. A note over a part goes in any case: the invoice does, too. Without a verified contact it parks, as Deliver does.
func (s *Service) DeliverCredit(ctx context.Context, job outbox.Job, a invoice.CreditDeliveryWanted) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		var note creditNote
		err := tx.Raw(columnsOfNote+`n.id = ?`, tx.Scope.Firm, a.CreditNote).Scan(&note).Error
		if err != nil {
			return fmt.Errorf("find credit note %s: %w", a.CreditNote, err)
		}
		if note.ID == "" {
			return ErrNotFound
		}
		inv, err := s.visible(tx, rbac.InvoiceDeliver, note.InvoiceID)
		if err != nil {
			return err
		}
		there := inv.Status != invoice.StatusCredited
		if !there {
			if err := s.recall(tx, inv); err != nil {
				return err
			}
			if there, err = reached(tx, inv); err != nil {
				return err
			}
		}
		if there {
			if err := s.deliverCredit(tx, inv, note); err != nil && !errors.Is(err, ErrDelivered) {
				return err
			}
		}
		return outbox.Done(tx, job, nil)
	})
}

// recall ends a delivery that waits for a person: nobody need upload what is taken
// back. A mail that has not left keeps itself back, see MailWanted.
func (s *Service) recall(tx *db.Tx, inv owed) error {
	res := tx.Exec(`UPDATE delivery SET status = 'failed', reason = ?, ended_at = ? WHERE firm_id = ? AND invoice_id = ? AND credit_note_id IS NULL AND status = 'waiting'`,
		mail.ReasonNotWanted, tx.Now, tx.Scope.Firm, inv.ID)
	if res.Error != nil {
		return fmt.Errorf("recall invoice %s: %w", inv.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil
	}
	return worklist.Finish(tx, "invoice", string(inv.ID))
}

// reached tells whether the payor has, or may have, the invoice.
func reached(tx *db.Tx, inv owed) (there bool, err error) {
	if inv.SentAt != nil {
		return true, nil
	}
	err = tx.Raw(`SELECT EXISTS (SELECT FROM delivery WHERE firm_id = ? AND invoice_id = ? AND credit_note_id IS NULL AND status IN ('sent', 'uncertain'))`,
		tx.Scope.Firm, inv.ID).Row().Scan(&there)
	if err != nil {
		return false, fmt.Errorf("read what reached the payor of invoice %s: %w", inv.ID, err)
	}
	return there, nil
}

// creditOf is the note that takes an invoice back, the last of its notes, if one does.
func creditOf(tx *db.Tx, inv owed) (note creditNote, err error) {
	if inv.Status != invoice.StatusCredited {
		return note, nil
	}
	err = tx.Raw(columnsOfNote+`n.invoice_id = ? ORDER BY n.n DESC LIMIT 1`, tx.Scope.Firm, inv.ID).Scan(&note).Error
	if err != nil {
		return creditNote{}, fmt.Errorf("find credit note of invoice %s: %w", inv.ID, err)
	}
	return note, nil
}

// partialNotes are the notes of an invoice whose delivery waits for a person, or else those of
// which none is under way or done; the first first.
func partialNotes(tx *db.Tx, inv owed, waiting bool) (notes []creditNote, err error) {
	cond := `NOT EXISTS (SELECT FROM delivery d WHERE d.firm_id = n.firm_id AND d.credit_note_id = n.id AND d.status IN ('queued', 'waiting', 'sent'))`
	if waiting {
		cond = `EXISTS (SELECT FROM delivery d WHERE d.firm_id = n.firm_id AND d.credit_note_id = n.id AND d.status = 'waiting')`
	}
	err = tx.Raw(columnsOfNote+`n.invoice_id = ? AND `+cond+` ORDER BY n.n`, tx.Scope.Firm, inv.ID).Scan(&notes).Error
	if err != nil {
		return nil, fmt.Errorf("list credit notes of invoice %s: %w", inv.ID, err)
	}
	return notes, nil
}

// redeliverParts sends again what failed of the notes over parts of a delivered invoice;
// ErrDelivered where none did.
func (s *Service) redeliverParts(tx *db.Tx, inv owed) error {
	notes, err := partialNotes(tx, inv, false)
	if err != nil {
		return err
	}
	if len(notes) == 0 {
		return ErrDelivered
	}
	for _, note := range notes {
		if err := s.deliverCredit(tx, inv, note); err != nil {
			return err
		}
	}
	return nil
}

// toServe is what a person has delivered by hand: the note that takes the invoice back, or one
// over a part that waits for it once the invoice is sent, else the invoice itself.
func toServe(tx *db.Tx, inv owed) (creditNote, error) {
	if inv.Status == invoice.StatusCredited || inv.SentAt == nil {
		return creditOf(tx, inv)
	}
	notes, err := partialNotes(tx, inv, true)
	if err != nil || len(notes) == 0 {
		return creditNote{}, err
	}
	return notes[0], nil
}

func (s *Service) redeliverCredit(tx *db.Tx, inv owed) error {
	note, err := creditOf(tx, inv)
	if err != nil {
		return err
	}
	there, err := reached(tx, inv)
	if err != nil {
		return err
	}
	if note.ID == "" || !there {
		return ErrRecalled
	}
	return s.deliverCredit(tx, inv, note)
}

// creditReached sends the note after an invoice whose mail had left when it was taken
// back. Who has no verified contact any more is left to a person.
func (s *Service) creditReached(tx *db.Tx, id ident.InvoiceID) error {
	list, err := owing(tx, `i.id = ? AND i.status = ?`, id, invoice.StatusCredited)
	if err != nil || len(list) == 0 {
		return err
	}
	note, err := creditOf(tx, list[0])
	if err != nil {
		return err
	}
	switch err := s.deliverCredit(tx, list[0], note); {
	case errors.Is(err, ErrNoContact):
		return wantPerson(tx, workDelivery, id, list[0].MatterID)
	case errors.Is(err, ErrDelivered):
		return nil
	default:
		return err
	}
}

// deliverCredit refuses with ErrDelivered before it does anything, as deliver does.
func (s *Service) deliverCredit(tx *db.Tx, inv owed, note creditNote) error {
	if err := notDelivered(tx, inv.ID, note.ID); err != nil {
		return err
	}
	if inv.Delivery == "portal" {
		if err := insertDelivery(tx, inv, note.ID, "portal", "", StatusWaiting); err != nil {
			return err
		}
		return wantPerson(tx, workDelivery, inv.ID, inv.MatterID)
	}
	if inv.ContactID == "" {
		return ErrNoContact
	}
	m, err := s.creditMail(tx, inv, note)
	if err != nil {
		return err
	}
	id, err := s.Mail.Queue(tx, m.Message)
	if err != nil {
		return err
	}
	if err := insertDelivery(tx, inv, note.ID, inv.Delivery, id, StatusQueued); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "credit_note.delivery_queued", Object: "credit_note", ID: string(note.ID), Matter: inv.MatterID, Class: audit.C2,
		Permission: string(rbac.InvoiceDeliver), Detail: map[string]any{"way": inv.Delivery, "contact": inv.ContactID, "mail": id, "wording": m.Words}})
}

func (s *Service) creditMail(tx *db.Tx, inv owed, note creditNote) (written, error) {
	before, err := tries(tx, inv.ID, note.ID)
	if err != nil {
		return written{}, err
	}
	d, attached := inv.due(), inv.Delivery == "mail_attachment"
	m, err := s.write(tx, letter{Words: wording.CreditNote, To: inv.ContactID, Kind: kindCredit, Key: fmt.Sprintf("credit:%s:%d", note.ID, before),
		Note: note.Number, Attached: attached, Dues: []due{d}, Facts: d.credit(note.Number), LinkText: "Open the credit note"}, d.DueOn)
	if err != nil || !attached {
		return m, err
	}
	var pdf ident.BlobID
	err = tx.Raw(`SELECT blob_id FROM invoice_document WHERE firm_id = ? AND credit_note_id = ? AND format = ?`, tx.Scope.Firm, note.ID, invoice.FormatPDF).Row().Scan(&pdf)
	if err != nil {
		return m, fmt.Errorf("find PDF of credit note %s: %w", note.ID, err)
	}
	m.Attachments = []mail.Attachment{{Blob: pdf, Name: fileName("credit-note", note.Number), Media: "application/pdf"}}
	return m, nil
}
