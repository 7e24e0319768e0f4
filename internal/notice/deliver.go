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

// Deliver is the job that follows an invoice's issue: it queues the mail that
// brings it, or leaves it to a person where the payor wants it in a portal. A
// payor without a verified contact parks it with that reason.
func (s *Service) Deliver(ctx context.Context, job outbox.Job, a invoice.DeliveryWanted) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		inv, err := s.visible(tx, rbac.InvoiceDeliver, a.Invoice)
		if err != nil {
			return err
		}
		if err := s.deliver(tx, inv); err != nil && !errors.Is(err, ErrDelivered) {
			return err
		}
		return outbox.Done(tx, job, nil)
	})
}

// deliver refuses with ErrDelivered before it does anything, so that the caller may
// go on in the same transaction.
func (s *Service) deliver(tx *db.Tx, inv owed) error {
	if err := notDelivered(tx, inv.ID, ""); err != nil {
		return err
	}
	if inv.Status == invoice.StatusCredited {
		return nil // taken back before it went: its payor never hears of it
	}
	if inv.Delivery == "portal" {
		if err := insertDelivery(tx, inv, "", "portal", "", StatusWaiting); err != nil {
			return err
		}
		return wantPerson(tx, workDelivery, inv.ID, inv.MatterID)
	}
	if inv.ContactID == "" {
		return ErrNoContact
	}
	m, err := s.invoiceMail(tx, inv)
	if err != nil {
		return err
	}
	id, err := s.Mail.Queue(tx, m.Message)
	if err != nil {
		return err
	}
	if err := insertDelivery(tx, inv, "", inv.Delivery, id, StatusQueued); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "invoice.delivery_queued", Object: "invoice", ID: string(inv.ID), Matter: inv.MatterID, Class: audit.C2,
		Permission: string(rbac.InvoiceDeliver), Detail: map[string]any{"way": inv.Delivery, "contact": inv.ContactID, "mail": id, "wording": m.Words}})
}

// notDelivered holds the invoice's deliveries for this transaction; ErrDelivered when
// the invoice, or the credit note that is named, is on its way or there.
func notDelivered(tx *db.Tx, id ident.InvoiceID, note ident.CreditNoteID) error {
	if err := tx.Lock("delivery:" + string(id)); err != nil {
		return err
	}
	var live bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM delivery WHERE firm_id = ? AND invoice_id = ? AND credit_note_id IS NOT DISTINCT FROM nullif(?, '')::uuid
		AND status IN ('queued', 'waiting', 'sent'))`, tx.Scope.Firm, id, string(note)).Row().Scan(&live)
	if err != nil {
		return fmt.Errorf("read deliveries of invoice %s: %w", id, err)
	}
	if live {
		return ErrDelivered
	}
	return nil
}

func (s *Service) invoiceMail(tx *db.Tx, inv owed) (written, error) {
	before, err := tries(tx, inv.ID, "")
	if err != nil {
		return written{}, err
	}
	d, attached := inv.due(), inv.Delivery == "mail_attachment"
	m, err := s.write(tx, letter{Words: wording.Invoice, To: inv.ContactID, Kind: kindInvoice, Key: fmt.Sprintf("invoice:%s:%d", inv.ID, before),
		Attached: attached, Dues: []due{d}, Facts: d.delivery(), LinkText: "Open the invoice"}, d.DueOn)
	if err != nil || !attached {
		return m, err
	}
	pdf, err := invoicePDF(tx, inv.ID)
	if err != nil {
		return m, err
	}
	m.Attachments = []mail.Attachment{{Blob: pdf, Name: fileName("invoice", inv.Number), Media: "application/pdf"}}
	return m, nil
}

// tries counts the deliveries that went before: a redelivery is a mail of its own,
// with a key of its own.
func tries(tx *db.Tx, id ident.InvoiceID, note ident.CreditNoteID) (n int, err error) {
	err = tx.Raw(`SELECT count(*) FROM delivery WHERE firm_id = ? AND invoice_id = ? AND credit_note_id IS NOT DISTINCT FROM nullif(?, '')::uuid`,
		tx.Scope.Firm, id, string(note)).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count deliveries of invoice %s: %w", id, err)
	}
	return n, nil
}

// invoicePDF is the stored file; an invoice is not issued without it.
func invoicePDF(tx *db.Tx, id ident.InvoiceID) (blob ident.BlobID, err error) {
	err = tx.Raw(`SELECT blob_id FROM invoice_document WHERE firm_id = ? AND invoice_id = ? AND format = ?`, tx.Scope.Firm, id, invoice.FormatPDF).Row().Scan(&blob)
	if err != nil {
		return "", fmt.Errorf("find PDF of invoice %s: %w", id, err)
	}
	return blob, nil
}

// fileName keeps the characters of a number that every receiver takes.
func fileName(kind, number string) string {
	safe := []byte(number)
	for i, c := range safe {
		ok := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '.' || c == '_'
		if !ok {
			safe[i] = '-'
		}
	}
	return kind + "-" + string(safe) + ".pdf"
}

// Redeliver sends an invoice again whose delivery failed or is uncertain, to the
// payor's present contact; of a credited one, its credit note. It needs
// invoice.deliver. ErrRecalled when the payor knows of neither.
func (s *Service) Redeliver(ctx context.Context, id ident.InvoiceID) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.InvoiceDeliver, id)
		if err != nil {
			return err
		}
		if inv.Status != invoice.StatusCredited {
			if err := s.deliver(tx, inv); !errors.Is(err, ErrDelivered) {
				return err
			}
			return s.redeliverParts(tx, inv)
		}
		return s.redeliverCredit(tx, inv)
	})
}

// MarkDelivered notes that a person has delivered the invoice, or the note that takes
// it back: uploaded it to the payor's portal, or handed it over. It needs invoice.deliver.
func (s *Service) MarkDelivered(ctx context.Context, id ident.InvoiceID) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.InvoiceDeliver, id)
		if err != nil {
			return err
		}
		note, err := toServe(tx, inv)
		if err != nil {
			return err
		}
		return served(tx, inv, note, wayByHand)
	})
}

// Served is MarkDelivered for who has been let in already: the invoice's e-bill was taken to
// its receiver, or with carried went there by itself. One that is sent already stays so.
func (s *Service) Served(tx *db.Tx, id ident.InvoiceID, carried bool) error {
	list, err := owing(tx, `i.id = ?`, id)
	if err != nil || len(list) == 0 || list[0].SentAt != nil {
		return err
	}
	way := wayByHand
	if carried {
		way = wayConnector
	}
	return served(tx, list[0], creditNote{}, way)
}

// The ways beside those of a payor's wish; stored.
const (
	wayByHand    = "by_hand"
	wayConnector = "connector" // the e-bill went to its receiver by itself
)

// served ends the delivery of an invoice, or of the note that takes it back, that a person
// has made or that needs none. One that waited for a person keeps its way, unless nobody
// had to go it.
func served(tx *db.Tx, inv owed, note creditNote, way string) error {
	res := tx.Exec(`UPDATE delivery SET status = 'sent', ended_at = ?, way = CASE WHEN ? = 'connector' THEN 'connector' ELSE way END WHERE firm_id = ? AND invoice_id = ? AND status = 'waiting'
		AND credit_note_id IS NOT DISTINCT FROM nullif(?, '')::uuid`, tx.Now, way, tx.Scope.Firm, inv.ID, string(note.ID))
	if res.Error != nil {
		return fmt.Errorf("end delivery of invoice %s: %w", inv.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		if err := insertDelivery(tx, inv, note.ID, way, "", StatusSent); err != nil {
			return err
		}
	}
	if note.ID == "" {
		if err := invoice.MarkSent(tx, inv.ID); err != nil {
			return err
		}
	}
	var waits bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM delivery WHERE firm_id = ? AND invoice_id = ? AND status = 'waiting')`, tx.Scope.Firm, inv.ID).Row().Scan(&waits)
	if err != nil {
		return fmt.Errorf("look for deliveries of invoice %s that wait: %w", inv.ID, err)
	}
	if !waits {
		if err := worklist.Finish(tx, "invoice", string(inv.ID)); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Entry{Action: "invoice.delivered", Object: "invoice", ID: string(inv.ID), Matter: inv.MatterID, Class: audit.C2,
		Permission: string(rbac.InvoiceDeliver), Detail: map[string]string{"way": way}})
}
