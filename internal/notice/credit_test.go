package notice_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// deliverCredit runs the job that follows a credit note.
func (h house) deliverCredit(t *testing.T, f testkit.F, id ident.CreditNoteID) error {
	t.Helper()
	j := outbox.Job{Firm: f.ID, Fence: 1}
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		if j.ID, err = outbox.Add(tx, invoice.CreditDeliveryWanted{CreditNote: id}, outbox.ForMachine()); err != nil {
			return err
		}
		return tx.Exec(`UPDATE outbox SET state = 'running', fence = 1, lease_until = ? WHERE firm_id = ? AND id = ?`, tx.Now.Add(time.Minute), f.ID, j.ID).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.worker.DeliverCredit(scope.ForMachine(context.Background(), "worker", f.ID), j, invoice.CreditDeliveryWanted{CreditNote: id})
}

func TestACreditNoteGoesTheWayOfItsInvoice(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	inv := f.Invoice(t, m)
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Fatal(err)
	}
	h.post(t, f)
	h.clock.Advance(time.Hour)
	note := credit(t, f, inv)
	for range 2 { // a job may start twice
		if err := h.deliverCredit(t, f, note); err != nil {
			t.Fatal(err)
		}
	}
	got := h.post(t, f)
	if len(got) != 1 || got[0].Subject != "Credit note CN1" || !strings.Contains(got[0].Text, inv.Number) || !strings.Contains(got[0].Text, "USD 0.00") || len(got[0].Files) != 0 {
		t.Fatalf("sent %+v", got)
	}
	c, err := h.svc.OfInvoice(f.As(t, rbac.RoleSpecialist), inv.ID)
	if err != nil || len(c.Deliveries) != 2 || c.Deliveries[1].CreditNote != "CN1" || c.Deliveries[1].Status != notice.StatusSent || c.Deliveries[0].CreditNote != "" {
		t.Errorf("correspondence %+v, %v", c, err)
	}
	if err := h.svc.Redeliver(f.As(t, rbac.RoleSpecialist), inv.ID); !errors.Is(err, notice.ErrDelivered) {
		t.Errorf("again: %v", err)
	}
	if err := h.deliverCredit(t, testkit.Firm(t, h.d), note); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("as another firm: %v", err)
	}

	// The payor finds it beside the invoice.
	link, code := h.knock(t, f, m)
	cookie, err := h.svc.Enter(t.Context(), link, code, "n")
	if err != nil {
		t.Fatal(err)
	}
	_, list, err := h.svc.PayorInvoices(t.Context(), cookie.Reveal())
	if err != nil || len(list) != 1 || list[0].Credits[0].ID != note || list[0].Credits[0].Number != "CN1" || list[0].Credits[0].IssuedOn != "2026-03-01" {
		t.Errorf("the payor's list %+v, %v", list, err)
	}
	if list[0].Credits[0].EBill != "" {
		t.Errorf("a note without an e-bill has %q", list[0].Credits[0].EBill)
	}
	h.pdf(t, f, inv.ID, "%PDF invoice")
	f.Exec(t, `INSERT INTO invoice_document (firm_id, id, credit_note_id, format, blob_id, sha256, size_bytes, notes)
		SELECT firm_id, gen_random_uuid(), ?::uuid, 'ledes_xml_21', blob_id, sha256, size_bytes, 0 FROM invoice_document WHERE firm_id = ? AND invoice_id = ? AND format = 'pdf'`, string(note), f.ID, inv.ID)
	if _, list, err = h.svc.PayorInvoices(t.Context(), cookie.Reveal()); err != nil || list[0].Credits[0].EBill != invoice.FormatXML21 || len(list[0].Formats) != 1 {
		t.Errorf("the payor's list %+v, %v", list, err)
	}
	if c, err := h.svc.PayorCreditNote(t.Context(), cookie.Reveal(), inv.ID, "", invoice.FormatPDF); err != nil || string(c.Bytes) != "note "+string(note) {
		t.Errorf("the payor's file %q, %v", c.Bytes, err)
	}
	whole := f.Invoice(t, m, testkit.Sent())
	theirs := f.Invoice(t, f.Matter(t), testkit.Sent())
	for what, id := range map[string]ident.InvoiceID{"an invoice without one": whole.ID, "another payor's": theirs.ID} {
		if _, err := h.svc.PayorCreditNote(t.Context(), cookie.Reveal(), id, "", invoice.FormatPDF); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Who never heard of an invoice hears nothing of its credit note, and what waits to
// be sent or uploaded stays.
func TestAnInvoiceTakenBackBeforeItLeftStays(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	queued := f.Invoice(t, f.Matter(t))
	if err := h.deliver(t, f, queued.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.deliverCredit(t, f, credit(t, f, queued)); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, f); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
	specialist := f.As(t, rbac.RoleSpecialist)
	if c, err := h.svc.OfInvoice(specialist, queued.ID); err != nil || len(c.Deliveries) != 1 || c.Deliveries[0].Status != notice.StatusFailed || c.Deliveries[0].Reason != mail.ReasonNotWanted {
		t.Errorf("correspondence %+v, %v", c, err)
	}
	if err := h.svc.Redeliver(specialist, queued.ID); !errors.Is(err, notice.ErrRecalled) {
		t.Errorf("sent again: %v", err)
	}
	if got := h.waits(t, f); got != "" {
		t.Errorf("a person is asked for %s", got)
	}

	other := testkit.Firm(t, h.d)
	portal := other.Invoice(t, other.Matter(t, testkit.Delivery("portal")))
	if err := h.deliver(t, other, portal.ID); err != nil {
		t.Fatal(err)
	}
	note := credit(t, other, portal)
	if err := h.deliverCredit(t, other, note); err != nil {
		t.Fatal(err)
	}
	if got := h.waits(t, other); got != "" {
		t.Errorf("a person is asked to upload what was taken back: %s", got)
	}

	third := testkit.Firm(t, h.d)
	late := third.Invoice(t, third.Matter(t))
	credit(t, third, late)
	if err := h.deliver(t, third, late.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, third); len(got) != 0 {
		t.Errorf("an invoice left after it was taken back: %+v", got)
	}
}

// A mail that was on the wire when its invoice was taken back is followed by the note.
func TestACreditNoteFollowsAMailOnTheWire(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t, testkit.Delivery("mail_attachment"))
	inv := f.Invoice(t, m)
	h.pdf(t, f, inv.ID, "%PDF invoice")
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Fatal(err)
	}
	h.sent.during = func() {
		h.sent.during = nil
		note := credit(t, f, inv)
		f.Exec(t, `INSERT INTO invoice_document (firm_id, id, credit_note_id, format, blob_id, sha256, size_bytes, notes)
			SELECT firm_id, gen_random_uuid(), ?::uuid, format, blob_id, sha256, size_bytes, 0 FROM invoice_document WHERE firm_id = ? AND invoice_id = ?`, string(note), f.ID, inv.ID)
		if err := h.deliverCredit(t, f, note); err != nil {
			t.Error(err)
		}
	}
	got := h.post(t, f)
	if len(got) != 2 || got[0].Subject != "Invoice "+inv.Number || got[1].Subject != "Credit note CN1" || len(got[1].Files) != 1 || got[1].Files[0].Name != "credit-note-CN1.pdf" {
		t.Errorf("sent %+v", got)
	}
}

// A portal's credit note is a person's to upload; one that bounced is sent again.
func TestACreditNoteByHandAndAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	portal := f.Invoice(t, f.Matter(t, testkit.Delivery("portal")), testkit.Sent())
	if err := h.deliverCredit(t, f, credit(t, f, portal)); err != nil {
		t.Fatal(err)
	}
	if got := h.waits(t, f); got != "delivery" {
		t.Errorf("there waits %q", got)
	}
	if err := h.svc.MarkDelivered(specialist, portal.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.waits(t, f); got != "" {
		t.Errorf("after the upload there waits %s", got)
	}

	other := testkit.Firm(t, h.d)
	m := other.Matter(t)
	inv := other.Invoice(t, m, testkit.Sent())
	if err := h.deliverCredit(t, other, credit(t, other, inv)); err != nil {
		t.Fatal(err)
	}
	h.sent.err = &mail.SendError{Verdict: mail.Permanent, Code: 550}
	h.post(t, other)
	if got := h.waits(t, other); got != "delivery" {
		t.Errorf("after a bounce there waits %q", got)
	}
	h.sent.err = nil
	other.Exec(t, `UPDATE payor_contact SET status = 'active', email = 'right@payor.example' WHERE firm_id = ? AND id = ?`, other.ID, m.Contact)
	if err := h.svc.Redeliver(other.As(t, rbac.RoleSpecialist), inv.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, other); len(got) != 1 || got[0].To != "right@payor.example" || got[0].Subject != "Credit note CN1" {
		t.Errorf("sent %+v", got)
	}
}
