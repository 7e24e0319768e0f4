package invoice

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/rbac"
)

// Mails is what delivery needs of package mail; mail.Service is one.
type Mails interface {
	Queue(tx *db.Tx, m mail.Message) (ident.MailID, error)
}

// mailKind and mailKey tie a mail to its invoice; stored.
const mailKind = "invoice"

func mailKey(id ident.InvoiceID) string { return mailKind + "/" + string(id) }

// Deliver queues the mail that brings an invoice to its payor's verified contact: a
// link, or the PDF where the firm chose so for this payor (DESIGN 2.16). What goes
// to a portal waits for a person, who notes it with MarkSent. Without a verified
// contact the job parks with that reason.
func (s *Service) Deliver(ctx context.Context, job outbox.Job, a DeliveryWanted) error {
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		access, err := s.guard.Require(tx, rbac.InvoiceDeliver)
		if err != nil {
			return err
		}
		inv, err := find(tx, access, a.Invoice)
		if err != nil {
			return err
		}
		to, err := loadPayor(tx, inv.Payor)
		if err != nil {
			return err
		}
		result := map[string]string{"delivery": string(to.Delivery)}
		if to.Delivery != matter.DeliveryPortal && inv.Status != StatusCredited {
			id, err := s.queue(tx, inv, to)
			if err != nil {
				return err
			}
			result["mail_id"] = string(id)
		}
		return outbox.Done(tx, job, result)
	})
	if errors.Is(err, outbox.ErrDone) {
		return nil
	}
	return err
}

func (s *Service) queue(tx *db.Tx, inv Invoice, to payor) (ident.MailID, error) {
	contact, err := verifiedContact(tx, inv.Payor)
	if err != nil {
		return "", err
	}
	f, err := firm.Get(tx)
	if err != nil {
		return "", err
	}
	m := s.letter(inv, f, to.Delivery)
	m.To = contact
	if to.Delivery == matter.DeliveryAttachment {
		files, err := filesOf(tx, inv.ID)
		if err != nil {
			return "", err
		}
		for _, x := range files {
			if x.Format == FormatPDF {
				m.Attachments = append(m.Attachments, mail.Attachment{Blob: x.Blob, Name: fileName(inv.Number, x.Format), Media: "application/pdf"})
			}
		}
	}
	id, err := s.mails.Queue(tx, m)
	if err != nil {
		return "", err
	}
	return id, audit.Record(tx, audit.Entry{Action: "invoice.delivery_queued", Object: "invoice", ID: string(inv.ID), Matter: inv.Matter, Class: audit.C2,
		Permission: string(rbac.InvoiceDeliver), Detail: map[string]string{"mail_id": string(id), "delivery": string(to.Delivery)}})
}

// letter says what a mail may say: number, amount and date, and where to look.
func (s *Service) letter(inv Invoice, f firm.Firm, how matter.Delivery) mail.Message {
	due := string(inv.Currency) + " " + amount(inv.OpenMinor, inv.Currency)
	text := []string{"Invoice " + inv.Number + " of " + inv.IssuedOn.Long() + " over " + due + " is due on " + inv.DueOn.Long() + "."}
	if how == matter.DeliveryAttachment {
		text = append(text, "It is attached as a PDF file.")
	}
	link := s.link(f.ID, inv.ID)
	text = append(text, "To read it, open this page. It asks for a code, which we then send to this same address:", link,
		"We never change bank details by e-mail.", f.Name)
	var page strings.Builder
	page.WriteString("<!doctype html><html lang=\"en\"><body>")
	for _, p := range text {
		p := html.EscapeString(p)
		if p == html.EscapeString(link) {
			p = `<a href="` + p + `">` + p + `</a>`
		}
		page.WriteString("<p>" + p + "</p>")
	}
	page.WriteString("</body></html>")
	return mail.Message{Kind: mailKind, Key: mailKey(inv.ID), Subject: "Invoice " + inv.Number + " from " + f.Name,
		Text: strings.Join(text, "\n\n") + "\n", HTML: page.String()}
}

func verifiedContact(tx *db.Tx, id ident.PayorID) (ident.ContactID, error) {
	var found []ident.ContactID
	err := tx.Raw(`SELECT id FROM payor_contact WHERE firm_id = ? AND payor_id = ? AND status = 'active' AND verified_at IS NOT NULL ORDER BY created_at, id LIMIT 1`,
		tx.Scope.Firm, id).Scan(&found).Error
	if err != nil {
		return "", fmt.Errorf("find contact of payor %s: %w", id, err)
	}
	if len(found) == 0 {
		return "", mail.ErrUnverified
	}
	return found[0], nil
}

// MailSent marks the invoice of a mail as sent, in the transaction that ends the mail.
func (s *Service) MailSent(tx *db.Tx, m mail.Ended) error {
	return s.ended(tx, m, "invoice.sent", func(inv *Invoice) error { return markSent(tx, inv) })
}

// MailFailed leaves the invoice as issued and notes why it did not arrive.
func (s *Service) MailFailed(tx *db.Tx, m mail.Ended) error {
	return s.ended(tx, m, "invoice.delivery_failed", func(*Invoice) error { return nil })
}

func (s *Service) ended(tx *db.Tx, m mail.Ended, action string, do func(*Invoice) error) error {
	id, ours := strings.CutPrefix(m.Key, mailKind+"/")
	if m.Kind != mailKind || !ours {
		return nil
	}
	inv, err := Lock(tx, ident.InvoiceID(id))
	if err != nil {
		return err
	}
	if err := do(&inv); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "invoice", ID: id, Matter: inv.Matter, Class: audit.C2,
		Permission: string(rbac.InvoiceDeliver), Detail: map[string]string{"mail_id": string(m.ID), "state": string(m.State), "reason": m.Reason}})
}

// MarkSent notes that a person brought the invoice to its payor another way, such
// as a portal.
func (s *Service) MarkSent(ctx context.Context, id ident.InvoiceID, how string) (inv Invoice, err error) {
	how = strings.TrimSpace(how)
	if n := len([]rune(how)); n < 3 || n > 120 {
		return inv, ErrInput.With("say how the invoice was delivered, in 3 to 120 characters")
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceDeliver)
		if err != nil {
			return err
		}
		if !access.Sees(authz.C2) {
			return authz.ErrForbidden
		}
		if _, err := find(tx, access, id); err != nil {
			return err
		}
		if inv, err = Lock(tx, id); err != nil {
			return err
		}
		if err := markSent(tx, &inv); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "invoice.sent", Object: "invoice", ID: string(id), Matter: inv.Matter, Class: audit.C2,
			Permission: string(rbac.InvoiceDeliver), Detail: map[string]string{"how": how}})
	})
	return inv, err
}

// markSent gives a locked invoice the instant of its first delivery.
func markSent(tx *db.Tx, inv *Invoice) error {
	if inv.SentAt != nil {
		return nil
	}
	inv.SentAt = &tx.Now
	inv.Settle()
	err := tx.Exec(`UPDATE invoice SET sent_at = ?, status = ? WHERE firm_id = ? AND id = ?`, inv.SentAt, inv.Status, tx.Scope.Firm, inv.ID).Error
	if err != nil {
		return fmt.Errorf("mark invoice %s sent: %w", inv.ID, err)
	}
	return nil
}
