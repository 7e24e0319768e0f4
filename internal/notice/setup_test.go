package notice_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type house struct {
	d, w   *db.DB // the doors of HTTP and of the worker
	clock  *clock.Manual
	blobs  *blob.Store
	mail   *mail.Service
	svc    *notice.Service // as serve has it
	worker *notice.Service
	links  notice.Links
	sent   *outgoing
	name   string // of the database
}

func (h house) admin(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, h.name))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// outgoing is a sender that keeps what it is given, or fails with err.
type outgoing struct {
	mu     sync.Mutex
	mails  []mail.Outgoing
	err    error
	during func() // happens while a mail is on the wire
}

func (o *outgoing) Send(_ context.Context, m mail.Outgoing) error {
	if during := o.during; during != nil {
		during()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.mails = append(o.mails, m)
	}
	return o.err
}

// files opens documents as package invoice does: a leaf, then the bytes.
type files struct{ blobs *blob.Store }

func (f files) OpenFile(tx *db.Tx, id ident.InvoiceID, format invoice.Format) (invoice.Content, error) {
	var b ident.BlobID
	if err := tx.Raw(`SELECT blob_id FROM invoice_document WHERE firm_id = ? AND invoice_id = ? AND format = ?`, tx.Scope.Firm, id, format).Row().Scan(&b); err != nil {
		return invoice.Content{}, invoice.ErrNotFound
	}
	if err := audit.Record(tx, audit.Entry{Action: "invoice.file_read", Object: "invoice", ID: string(id), Class: audit.C3}); err != nil {
		return invoice.Content{}, err
	}
	text, err := f.blobs.Get(tx, b)
	return invoice.Content{Bytes: text}, err
}

func (f files) OpenDocument(tx *db.Tx, id ident.InvoiceID) (*invoice.Document, error) {
	err := audit.Record(tx, audit.Entry{Action: "invoice.read", Object: "invoice", ID: string(id), Class: audit.C3})
	return &invoice.Document{ID: id}, err
}

func (f files) OpenCredit(tx *db.Tx, id ident.CreditNoteID, format invoice.Format) (invoice.Content, error) {
	err := audit.Record(tx, audit.Entry{Action: "credit_note.file_read", Object: "credit_note", ID: string(id), Class: audit.C3})
	return invoice.Content{Bytes: []byte("note " + id)}, err
}

func setup(t *testing.T) house {
	t.Helper()
	c := clock.At(testkit.Now) // Monday 2 March 2026, 9:00 in New York
	name := testkit.NewDatabase(t)
	h := house{name: name, clock: c, d: testkit.OpenDatabase(t, "docketry_api", name, c), w: testkit.OpenDatabase(t, "docketry_worker", name, c), sent: &outgoing{}}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		t.Fatal(err)
	}
	bucket := blob.NewMemory(c)
	if h.links, err = notice.NewLinks("https://billing.example.com/", bytes.Repeat([]byte{3, 4}, 16)); err != nil {
		t.Fatal(err)
	}
	make := func(d *db.DB) (*notice.Service, *mail.Service) {
		blobs := blob.New(d, bucket, blob.NewKeys(master))
		guard := authz.NewGuard(d, policy)
		m, err := mail.New(d, guard, blobs, h.sent, "billing@bureau.example")
		if err != nil {
			t.Fatal(err)
		}
		h.blobs = blobs
		return notice.New(notice.Parts{DB: d, Guard: guard, Mail: m, Invoices: files{blobs}, Links: h.links}), m
	}
	h.svc, _ = make(h.d)
	h.worker, h.mail = make(h.w)
	return h
}

// deliver runs the invoice's delivery job as the engine does.
func (h house) deliver(t *testing.T, f testkit.F, id ident.InvoiceID) error {
	t.Helper()
	j := outbox.Job{Firm: f.ID, Fence: 1}
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		if j.ID, err = outbox.Add(tx, invoice.DeliveryWanted{Invoice: id}, outbox.ForMachine()); err != nil {
			return err
		}
		return tx.Exec(`UPDATE outbox SET state = 'running', fence = 1, lease_until = ? WHERE firm_id = ? AND id = ?`, tx.Now.Add(time.Minute), f.ID, j.ID).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.worker.Deliver(scope.ForMachine(context.Background(), "worker", f.ID), j, invoice.DeliveryWanted{Invoice: id})
}

// post sends every queued mail of the firm.
func (h house) post(t *testing.T, f testkit.F) []mail.Outgoing {
	t.Helper()
	before := len(h.sent.mails)
	for {
		j := outbox.Job{Firm: f.ID}
		var id ident.MailID
		err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error {
			return tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, lease_until = ? WHERE firm_id = ? AND id =
				(SELECT id FROM outbox WHERE firm_id = ? AND kind = 'mail.send' AND state = 'pending' ORDER BY created_at, id LIMIT 1)
				RETURNING id, fence, jsonb_extract_path_text(args, 'mail_id')`, tx.Now.Add(time.Minute), f.ID, f.ID).Row().Scan(&j.ID, &j.Fence, &id)
		})
		if err != nil {
			return h.sent.mails[before:]
		}
		if err := h.mail.Send(scope.ForMachine(context.Background(), "worker", f.ID), j, mail.SendWanted{Mail: id}); err != nil {
			t.Fatal(err)
		}
	}
}

// waits is the types of the open work items.
func (h house) waits(t *testing.T, f testkit.F) (types string) {
	t.Helper()
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT coalesce(string_agg(type, ' ' ORDER BY type), '') FROM work_item WHERE firm_id = ? AND status = 'ready'`, f.ID).Row().Scan(&types)
	})
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func (h house) sweep(t *testing.T) int {
	t.Helper()
	n, err := h.worker.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (h house) pdf(t *testing.T, f testkit.F, id ident.InvoiceID, text string) {
	t.Helper()
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error {
		b, err := h.blobs.Put(tx, "invoice_pdf", []byte(text))
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO invoice_document (firm_id, id, invoice_id, format, blob_id, sha256, size_bytes) VALUES (?, gen_random_uuid(), ?, 'pdf', ?, ?, 1)`,
			f.ID, id, b, strings.Repeat("0a", 32)).Error
	})
	if err != nil {
		t.Fatal(err)
	}
}

func pay(t *testing.T, f testkit.F, m testkit.M, inv testkit.I) {
	t.Helper()
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) error {
		p := ident.New[ident.PaymentID](tx.Now)
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{`INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, allocated_minor, unapplied_minor, method, received_on, posted_at)
				VALUES (?, ?, ?, ?, 'USD', ?, ?, 0, 'wire', '2026-03-01', ?)`, []any{f.ID, p, m.Payor, m.Client, inv.Minor, inv.Minor, tx.Now}},
			{`INSERT INTO allocation (firm_id, id, payment_id, invoice_id, currency, amount_minor, made_at) VALUES (?, gen_random_uuid(), ?, ?, 'USD', ?, ?)`,
				[]any{f.ID, p, inv.ID, inv.Minor, tx.Now}},
			{`UPDATE invoice SET paid_minor = ?, open_minor = 0, status = 'paid' WHERE firm_id = ? AND id = ?`, []any{inv.Minor, f.ID, inv.ID}},
		} {
			if err := tx.Exec(s.sql, s.args...).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func credit(t *testing.T, f testkit.F, inv testkit.I) ident.CreditNoteID {
	t.Helper()
	id := ident.New[ident.CreditNoteID](testkit.Now)
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO credit_note (firm_id, id, invoice_id, series, n, number, issued_on, currency, net_minor, tax_minor, total_minor, reason, rebill, content_hash, document, issued_at)
			VALUES (?, ?, ?, 'credit_note', 1, 'CN1', '2026-03-01', 'USD', ?, 0, ?, 'wrong client', false, ?, '{}', ?)`,
			f.ID, id, inv.ID, inv.Minor, inv.Minor, strings.Repeat("0a", 32), tx.Now).Error
		if err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO credit_note_line (firm_id, credit_note_id, invoice_id, line_no, amount_minor, tax_minor)
			SELECT firm_id, ?, invoice_id, no, amount_minor, tax_minor FROM invoice_line WHERE firm_id = ? AND invoice_id = ?`, id, f.ID, inv.ID).Error; err != nil {
			return err
		}
		return tx.Exec(`UPDATE invoice SET credited_minor = ?, open_minor = 0, status = 'credited' WHERE firm_id = ? AND id = ?`, inv.Minor, f.ID, inv.ID).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
