package invoice_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
)

// deliver runs the delivery job of an invoice as the worker would.
func (h *house) deliver(t *testing.T, id ident.InvoiceID) error {
	t.Helper()
	var job outbox.Job
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id, fence FROM outbox WHERE firm_id = ? AND kind = 'invoice.delivery_wanted' AND args->>'invoice_id' = ?`, h.f.ID, id).Row().Scan(&job.ID, &job.Fence)
	})
	if err != nil {
		t.Fatalf("find delivery job: %v", err)
	}
	job.Firm = h.f.ID
	return h.svc.Deliver(scope.ForMachine(t.Context(), "worker", h.f.ID), job, invoice.DeliveryWanted{Invoice: id})
}

type queued struct {
	ID, Key, Kind, Subject, TextBody, HTMLBody string
	Files                                      int
}

func (h *house) queued(t *testing.T) (mails []queued) {
	t.Helper()
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT m.id, m.key, m.kind, m.subject, m.text_body, m.html_body,
			(SELECT count(*) FROM mail_attachment a WHERE a.firm_id = m.firm_id AND a.mail_id = m.id) AS files FROM mail m WHERE m.firm_id = ?`, h.f.ID).Scan(&mails).Error
	})
	if err != nil {
		t.Fatalf("list mails: %v", err)
	}
	return mails
}

func TestDeliverySendsOneLetterThatNamesNoMatter(t *testing.T) {
	t.Parallel()
	for delivery, files := range map[string]int{"mail_link": 0, "mail_attachment": 1} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			h := setup(t, testkit.Delivery(delivery))
			inv := h.issued(t)
			for range 2 {
				if err := h.deliver(t, inv.ID); err != nil {
					t.Fatal(err)
				}
			}
			mails := h.queued(t)
			if len(mails) != 1 || mails[0].Files != files {
				t.Fatalf("mails %+v, want one with %d files", mails, files)
			}
			m := mails[0]
			for _, want := range []string{inv.Number, "USD 1,320.00", "1 Apr 2026", "https://bill.example/payor?invoice=" + string(inv.ID)} {
				if !strings.Contains(m.TextBody, want) || !strings.Contains(m.HTMLBody, want) {
					t.Errorf("the letter lacks %q:\n%s\n%s", want, m.TextBody, m.HTMLBody)
				}
			}
			for _, never := range []string{inv.MatterName, inv.MatterNumber, inv.ClientName, "reply brief"} {
				if strings.Contains(m.TextBody+m.HTMLBody+m.Subject, never) {
					t.Errorf("the letter holds %q", never)
				}
			}
			h.end(t, m, mail.StateFailed)
			if i := h.invoiceOf(t, inv.Prebill); i.Status != invoice.StatusIssued {
				t.Errorf("after a bounce the invoice is %s", i.Status)
			}
			h.end(t, m, mail.StateSent)
			if i := h.invoiceOf(t, inv.Prebill); i.Status != invoice.StatusSent || i.SentAt == nil {
				t.Errorf("after the delivery the invoice is %+v", i)
			}
		})
	}
}

// end tells the service what became of a mail, as package mail does.
func (h *house) end(t *testing.T, m queued, state mail.State) {
	t.Helper()
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		e := mail.Ended{ID: ident.MailID(m.ID), Key: m.Key, Kind: m.Kind, State: state}
		if state == mail.StateSent {
			return h.svc.MailSent(tx, e)
		}
		return h.svc.MailFailed(tx, e)
	})
	if err != nil {
		t.Fatalf("end mail: %v", err)
	}
}

func TestDeliveryNeedsAVerifiedContact(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	h.f.Exec(t, `UPDATE payor_contact SET verified_at = NULL WHERE firm_id = ?`, h.f.ID)
	if err := h.deliver(t, inv.ID); !errors.Is(err, mail.ErrUnverified) {
		t.Errorf("deliver: %v, want ErrUnverified", err)
	}
	if mails := h.queued(t); len(mails) != 0 {
		t.Errorf("it queued %+v", mails)
	}
}

func TestPortalInvoiceIsMarkedSentByAPerson(t *testing.T) {
	t.Parallel()
	h := setup(t, testkit.Delivery("portal"))
	inv := h.issued(t)
	if err := h.deliver(t, inv.ID); err != nil {
		t.Fatal(err)
	}
	if mails := h.queued(t); len(mails) != 0 {
		t.Errorf("a portal invoice was mailed: %+v", mails)
	}
	if _, err := h.svc.MarkSent(h.partner, inv.ID, "uploaded"); err == nil {
		t.Error("a partner delivered")
	}
	got, err := h.svc.MarkSent(h.specialist, inv.ID, "uploaded to the client's portal, receipt 4471")
	if err != nil || got.Status != invoice.StatusSent {
		t.Errorf("mark sent: %+v, %v", got, err)
	}
}
