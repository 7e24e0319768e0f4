package notice_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/calendar"
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
	mu    sync.Mutex
	mails []mail.Outgoing
	err   error
}

func (o *outgoing) Send(_ context.Context, m mail.Outgoing) error {
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

func TestAnInvoiceIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv := f.Invoice(t, f.Matter(t))
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Errorf("asked twice: %v", err)
	}
	got := h.post(t, f)
	if len(got) != 1 || got[0].Subject != "Invoice "+inv.Number || len(got[0].Files) != 0 || !strings.Contains(got[0].Text, "USD 1,000.00") ||
		!strings.Contains(got[0].Text, "18 Mar 2026") || !strings.Contains(got[0].Text, "https://billing.example.com/payor?link=") {
		t.Fatalf("sent %+v", got)
	}
	if n := f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND status = 'sent' AND sent_at IS NOT NULL`, f.ID); n != 1 {
		t.Error("the invoice is not marked as sent")
	}
	c, err := h.svc.OfInvoice(f.As(t, rbac.RoleSpecialist), inv.ID)
	if err != nil || len(c.Deliveries) != 1 || c.Deliveries[0].Status != notice.StatusSent || c.Deliveries[0].Way != "mail_link" || len(c.Planned) != 1 || c.Planned[0].On != "2026-04-02" {
		t.Errorf("correspondence %+v, %v", c, err)
	}
	if err := h.svc.Redeliver(f.As(t, rbac.RoleSpecialist), inv.ID); !errors.Is(err, notice.ErrDelivered) {
		t.Errorf("redeliver: %v", err)
	}
}

func TestWaysOfDelivery(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	with := f.Invoice(t, f.Matter(t, testkit.Delivery("mail_attachment")))
	h.pdf(t, f, with.ID, "%PDF with")
	if err := h.deliver(t, f, with.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, f); len(got) != 1 || len(got[0].Files) != 1 || string(got[0].Files[0].Bytes) != "%PDF with" || got[0].Files[0].Name != "invoice-"+with.Number+".pdf" {
		t.Errorf("attached %+v", got)
	}
	without := f.Invoice(t, f.Matter(t))
	h.pdf(t, f, without.ID, "%PDF without")
	if err := h.deliver(t, f, without.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, f); len(got) != 1 || len(got[0].Files) != 0 {
		t.Errorf("a PDF went to a payor that did not choose it: %+v", got)
	}
	portal := f.Invoice(t, f.Matter(t, testkit.Delivery("portal")))
	if err := h.deliver(t, f, portal.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, f); len(got) != 0 || h.waits(t, f) != "delivery" {
		t.Errorf("portal: sent %v, waits %v", got, h.waits(t, f))
	}
	if err := h.svc.MarkDelivered(specialist, portal.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.waits(t, f); got != "" {
		t.Errorf("after the upload there waits %s", got)
	}
	if err := h.svc.MarkDelivered(specialist, portal.ID); !errors.Is(err, notice.ErrDelivered) {
		t.Errorf("delivered by hand twice: %v", err)
	}
	m := f.Matter(t)
	f.Exec(t, `UPDATE payor_contact SET verified_at = NULL WHERE firm_id = ? AND id = ?`, f.ID, m.Contact)
	nobody := f.Invoice(t, m)
	if err := h.deliver(t, f, nobody.ID); !errors.Is(err, notice.ErrNoContact) {
		t.Errorf("without a verified contact: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM delivery WHERE firm_id = ? AND invoice_id = ?`, f.ID, nobody.ID); n != 0 {
		t.Error("a refused delivery left a row")
	}
}

func TestABouncedInvoiceIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	m := f.Matter(t)
	inv := f.Invoice(t, m)
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Fatal(err)
	}
	h.sent.err = &mail.SendError{Verdict: mail.Permanent, Code: 550}
	h.post(t, f)
	if h.waits(t, f) != "delivery" || f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND sent_at IS NULL`, f.ID) != 1 {
		t.Errorf("there waits %s", h.waits(t, f))
	}
	if err := h.svc.Redeliver(specialist, inv.ID); !errors.Is(err, notice.ErrNoContact) {
		t.Errorf("to an address that bounced: %v", err)
	}
	f.Exec(t, `UPDATE payor_contact SET status = 'active', email = 'right@payor.example' WHERE firm_id = ? AND id = ?`, f.ID, m.Contact)
	h.sent.err = nil
	if err := h.svc.Redeliver(f.As(t, rbac.RolePartner), inv.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("partner: %v", err)
	}
	if err := h.svc.Redeliver(testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), inv.ID); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if err := h.svc.Redeliver(specialist, inv.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.post(t, f); len(got) != 1 || got[0].To != "right@payor.example" {
		t.Errorf("sent %+v", got)
	}
}

// What is paid, credited, young, small, in a portal, covered by money on account,
// unsent or unverified is never reminded of; the rest once, in one letter a payor.
func TestI18_FirstReminder(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	late := testkit.Issued("2026-01-10", "2026-02-10") // due 20 days ago
	m := f.Matter(t)
	a, b := f.Invoice(t, m, late, testkit.Sent()), f.Invoice(t, f.Matter(t, testkit.SameClientAs(m)), late, testkit.Sent(), testkit.TotalMinor(4_821_250))
	young := f.Invoice(t, m, testkit.Issued("2026-01-20", "2026-02-16"), testkit.Sent()) // due 14 days ago
	unsent := f.Invoice(t, f.Matter(t), late)
	small := f.Invoice(t, f.Matter(t), late, testkit.Sent(), testkit.TotalMinor(99))
	portal := f.Invoice(t, f.Matter(t, testkit.Delivery("portal")), late, testkit.Sent())
	paid, credited, covered, unverified := f.Matter(t), f.Matter(t), f.Matter(t), f.Matter(t)
	paidInv := f.Invoice(t, paid, late, testkit.Sent())
	pay(t, f, paid, paidInv)
	creditedInv := f.Invoice(t, credited, late, testkit.Sent())
	credit(t, f, creditedInv)
	coveredInv := f.Invoice(t, covered, late, testkit.Sent())
	f.Exec(t, `INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, unapplied_minor, method, received_on, posted_at)
		VALUES (?, gen_random_uuid(), ?, ?, 'USD', 500, 500, 'wire', '2026-02-20', ?)`, f.ID, covered.Payor, covered.Client, testkit.Now)
	unverifiedInv := f.Invoice(t, unverified, late, testkit.Sent())
	f.Exec(t, `UPDATE payor_contact SET verified_at = NULL WHERE firm_id = ? AND id = ?`, f.ID, unverified.Contact)

	h.clock.Set(time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)) // a Sunday
	if n := h.sweep(t); n != 0 {
		t.Errorf("%d letters on a Sunday", n)
	}
	h.clock.Set(time.Date(2026, 3, 2, 13, 59, 0, 0, time.UTC)) // 8:59 in New York
	if n := h.sweep(t); n != 0 {
		t.Errorf("%d letters before nine", n)
	}
	h.clock.Set(time.Date(2026, 3, 2, 22, 0, 0, 0, time.UTC)) // 17:00
	if n := h.sweep(t); n != 0 {
		t.Errorf("%d letters after hours", n)
	}
	h.clock.Set(testkit.Now)
	if n := h.sweep(t); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
	got := h.post(t, f)
	if len(got) != 1 || got[0].Subject != "Reminder: 2 invoices" {
		t.Fatalf("sent %+v", got)
	}
	for _, want := range []string{a.Number + ": USD 1,000.00, due 10 Feb 2026", b.Number + ": USD 48,212.50"} {
		if !strings.Contains(got[0].Text, want) {
			t.Errorf("%q is missing in %s", want, got[0].Text)
		}
	}
	for name, i := range map[string]testkit.I{"young": young, "unsent": unsent, "small": small, "portal": portal, "paid": paidInv, "credited": creditedInv, "covered": coveredInv, "unverified": unverifiedInv} {
		if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ?`, f.ID, i.ID); n != 0 {
			t.Errorf("%s was reminded of", name)
		}
	}
	// Nothing twice: not today, and of the same invoices never again.
	for range 10 {
		h.clock.Advance(24 * time.Hour)
		h.sweep(t)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id IN (?, ?)`, f.ID, a.ID, b.ID); n != 2 {
		t.Errorf("%d reminders of two invoices", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ?`, f.ID, young.ID); n != 1 {
		t.Errorf("the young one, grown old, was reminded of %d times", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ? AND id IN (SELECT mail_id FROM reminder WHERE firm_id = ?) AND position('48,212.50' in text_body) > 0`, f.ID, f.ID); n != 1 {
		t.Error("the text as sent is not kept")
	}
}

// A crash at any step leaves at most one letter for a stage.
func TestI18_CrashAtEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"before the commit", "after the commit", "while sending", "after sending"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			f := testkit.Firm(t, h.d)
			inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
			switch step {
			case "before the commit":
				h.admin(t, `ALTER TABLE reminder ADD CONSTRAINT broken CHECK (false) NOT VALID`)
				if _, err := h.worker.Sweep(t.Context()); err == nil {
					t.Error("the sweep did not notice")
				}
				h.admin(t, `ALTER TABLE reminder DROP CONSTRAINT broken`)
			case "after the commit":
				h.sweep(t)
			case "while sending":
				h.sweep(t)
				f.Exec(t, `UPDATE mail SET state = 'sending', attempt = 1, to_address = 'x@y', message_id = 'm', sending_at = ? WHERE firm_id = ?`, testkit.Now, f.ID)
			case "after sending":
				h.sweep(t)
				h.post(t, f)
			}
			h.sweep(t)
			h.post(t, f)
			h.clock.Advance(24 * time.Hour)
			h.sweep(t)
			h.post(t, f)
			want := 1
			if step == "while sending" {
				want = 0 // it may have arrived: a person decides
			}
			if len(h.sent.mails) != want || f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ?`, f.ID, inv.ID) != 1 {
				t.Errorf("%d letters", len(h.sent.mails))
			}
		})
	}
}

func TestNoReminderOnAHolidayOfTheFirm(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15"), testkit.Sent()) // the 15th day after is today
	hours := []calendar.Hours{{"09:00", "17:00"}}
	c, err := calendar.Compile(calendar.Version{TZ: "America/New_York", Weekly: map[string][]calendar.Hours{"mon": hours, "tue": hours, "wed": hours, "thu": hours, "fri": hours},
		Exceptions: []calendar.Exception{{Date: "2026-03-02", Name: "Founders' day"}}})
	if err != nil {
		t.Fatal(err)
	}
	h.worker.Calendar = func(*db.Tx) (*calendar.Calendar, bool, error) { return c, true, nil }
	h.svc.Calendar = h.worker.Calendar
	if n := h.sweep(t); n != 0 {
		t.Errorf("%d letters on a holiday", n)
	}
	if got, err := h.svc.OfInvoice(f.As(t, rbac.RoleSpecialist), inv.ID); err != nil || len(got.Planned) != 1 || got.Planned[0].On != "2026-03-03" {
		t.Errorf("planned %+v, %v", got.Planned, err)
	}
	h.clock.Advance(24 * time.Hour)
	if n := h.sweep(t); n != 1 {
		t.Errorf("%d letters the day after", n)
	}
}

func TestAPaymentOvertakesTheLetter(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	inv := f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	if n := h.sweep(t); n != 1 {
		t.Fatalf("%d letters", n)
	}
	pay(t, f, m, inv)
	if got := h.post(t, f); len(got) != 0 {
		t.Errorf("a paid invoice was reminded of: %+v", got)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND status = 'failed' AND reason = 'not_wanted'`, f.ID); n != 1 || h.waits(t, f) != "" {
		t.Errorf("kept back: %d, waits %s", n, h.waits(t, f))
	}
}

func TestSkipAndRemindByHand(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	overdue := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-25"), testkit.Sent())
	if err := h.svc.Remind(specialist, f.Invoice(t, f.Matter(t), testkit.Sent()).ID); !errors.Is(err, notice.ErrNotDue) || !strings.Contains(err.Error(), "not overdue") {
		t.Errorf("not yet due: %v", err)
	}
	if err := h.svc.Remind(f.As(t, rbac.RolePartner), overdue.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("partner: %v", err)
	}
	if err := h.svc.Remind(specialist, overdue.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Remind(specialist, overdue.ID); !errors.Is(err, notice.ErrReminded) {
		t.Errorf("twice: %v", err)
	}
	other := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	if err := h.svc.Skip(specialist, other.ID, notice.StageFirst, " "); !errors.Is(err, notice.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	if err := h.svc.Skip(specialist, other.ID, notice.StageFirst, "promised for Friday"); err != nil {
		t.Fatal(err)
	}
	if n := h.sweep(t); n != 0 {
		t.Errorf("%d letters for what was skipped", n)
	}
	c, err := h.svc.OfInvoice(specialist, other.ID)
	if err != nil || len(c.Planned) != 0 || len(c.Reminders) != 1 || c.Reminders[0].Status != notice.StatusSkipped {
		t.Errorf("%+v, %v", c, err)
	}
}

var codeInMail = regexp.MustCompile(`\b\d{6}\b`)

// knock asks for a code and reads it from the mail.
func (h house) knock(t *testing.T, f testkit.F, m testkit.M) (link, code string) {
	t.Helper()
	address, err := h.links.To(f.ID, m.Contact)
	if err != nil {
		t.Fatal(err)
	}
	_, link, _ = strings.Cut(address, "link=")
	if err := h.svc.AskCode(t.Context(), link, "192.0.2.0/24"); err != nil {
		t.Fatal(err)
	}
	got := h.post(t, f)
	if len(got) == 0 {
		return link, ""
	}
	return link, codeInMail.FindString(got[0].Text)
}

func TestThePayorsDoorOpensToThePayorAlone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m, neighbour := f.Matter(t), f.Matter(t)
	mine, unsent := f.Invoice(t, m, testkit.Sent()), f.Invoice(t, m)
	theirs := f.Invoice(t, neighbour, testkit.Sent())
	h.pdf(t, f, mine.ID, "%PDF mine")
	h.pdf(t, f, theirs.ID, "%PDF theirs")
	link, code := h.knock(t, f, m)
	if len(code) != 6 {
		t.Fatalf("code %q", code)
	}
	if _, err := h.svc.Enter(t.Context(), link, "000000", "n"); code != "000000" && !errors.Is(err, notice.ErrCode) {
		t.Errorf("a wrong code: %v", err)
	}
	cookie, err := h.svc.Enter(t.Context(), link, code[:3]+" "+code[3:], "n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Enter(t.Context(), link, code, "n"); !errors.Is(err, notice.ErrCode) {
		t.Errorf("the code served twice: %v", err)
	}
	v, list, err := h.svc.PayorInvoices(t.Context(), cookie.Reveal())
	if err != nil || len(list) != 1 || list[0].ID != mine.ID || v.Payor != m.Payor || !slices.Equal(list[0].Formats, []invoice.Format{"pdf"}) {
		t.Fatalf("list %+v, %v", list, err)
	}
	if c, err := h.svc.PayorDocument(t.Context(), cookie.Reveal(), mine.ID, invoice.FormatPDF); err != nil || string(c.Bytes) != "%PDF mine" {
		t.Errorf("document %q, %v", c.Bytes, err)
	}
	for name, id := range map[string]ident.InvoiceID{"a neighbour's": theirs.ID, "an unsent": unsent.ID, "none": ident.New[ident.InvoiceID](testkit.Now)} {
		if _, err := h.svc.PayorDocument(t.Context(), cookie.Reveal(), id, invoice.FormatPDF); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("%s document: %v", name, err)
		}
		if _, _, err := h.svc.PayorInvoice(t.Context(), cookie.Reveal(), id); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("%s invoice: %v", name, err)
		}
	}
	looks := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND actor = 'contact:' || ? AND action IN ('payor.listed', 'invoice.file_read', 'payor.entered')`, f.ID, string(m.Contact))
	if looks != 4 { // a wrong code, the right one, the list, the document
		t.Errorf("%d looks recorded", looks)
	}
	// Closing the contact ends the visit at once, as does time and leaving.
	f.Exec(t, `UPDATE payor_contact SET status = 'closed' WHERE firm_id = ? AND id = ?`, f.ID, m.Contact)
	if _, _, err := h.svc.PayorInvoices(t.Context(), cookie.Reveal()); !errors.Is(err, notice.ErrNoVisit) {
		t.Errorf("a closed contact: %v", err)
	}
	f.Exec(t, `UPDATE payor_contact SET status = 'active' WHERE firm_id = ? AND id = ?`, f.ID, m.Contact)
	if _, err := h.svc.Visit(t.Context(), cookie.Reveal()); err != nil {
		t.Errorf("visit: %v", err)
	}
	if err := h.svc.Leave(t.Context(), cookie.Reveal()); err != nil {
		t.Error(err)
	}
	if _, err := h.svc.Visit(t.Context(), cookie.Reveal()); !errors.Is(err, notice.ErrNoVisit) {
		t.Errorf("after leaving: %v", err)
	}
	h.clock.Advance(time.Hour)
	link, code = h.knock(t, f, m)
	if cookie, err = h.svc.Enter(t.Context(), link, code, "n"); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(31 * time.Minute)
	if _, err := h.svc.Visit(t.Context(), cookie.Reveal()); !errors.Is(err, notice.ErrNoVisit) {
		t.Errorf("after half an hour: %v", err)
	}
}

func TestGuessingEndsTheCode(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	link, code := h.knock(t, f, m)
	wrong := "111111"
	if code == wrong {
		wrong = "222222"
	}
	for range 5 {
		if _, err := h.svc.Enter(t.Context(), link, wrong, "n"); !errors.Is(err, notice.ErrCode) {
			t.Errorf("wrong code: %v", err)
		}
	}
	if _, err := h.svc.Enter(t.Context(), link, code, "n"); !errors.Is(err, notice.ErrCode) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
	// Three codes in a quarter of an hour, and no more.
	for i, want := range []bool{true, true, false} {
		if _, code := h.knock(t, f, m); (code != "") != want {
			t.Errorf("code %d: %q", i+2, code)
		}
	}
	h.clock.Advance(16 * time.Minute)
	link, code = h.knock(t, f, m)
	h.clock.Advance(10 * time.Minute)
	if _, err := h.svc.Enter(t.Context(), link, code, "n"); !errors.Is(err, notice.ErrCode) {
		t.Errorf("after ten minutes: %v", err)
	}
	if f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ? AND (position(? in text_body) > 0 OR secret IS NOT NULL)`, f.ID, code) != 0 {
		t.Error("a code stands in a row")
	}
}

func TestForgedLinksTellNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	link, code := h.knock(t, f, m)
	other, err := notice.NewLinks("https://billing.example.com", bytes.Repeat([]byte{9, 9}, 16))
	if err != nil {
		t.Fatal(err)
	}
	address, err := other.To(f.ID, m.Contact)
	if err != nil {
		t.Fatal(err)
	}
	_, forged, _ := strings.Cut(address, "link=")
	raw, err := base64.RawURLEncoding.DecodeString(link)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := h.links.To(f.ID, ident.New[ident.ContactID](testkit.Now))
	if err != nil {
		t.Fatal(err)
	}
	noFirm, err := h.links.To(ident.New[ident.FirmID](testkit.Now), m.Contact)
	if err != nil {
		t.Fatal(err)
	}
	tries := []string{forged, "", "x", link + "A", link[1:], strings.Split(gone, "link=")[1], strings.Split(noFirm, "link=")[1]}
	for i := range raw {
		b := bytes.Clone(raw)
		b[i] ^= 1
		tries = append(tries, base64.RawURLEncoding.EncodeToString(b))
	}
	before := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ?`, f.ID)
	for _, l := range tries {
		if err := h.svc.AskCode(t.Context(), l, "n"); err != nil {
			t.Errorf("asking with %q: %v", l, err)
		}
		if _, err := h.svc.Enter(t.Context(), l, code, "n"); !errors.Is(err, notice.ErrCode) {
			t.Errorf("entering with %q: %v", l, err)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ?`, f.ID); n != before {
		t.Errorf("%d mails were sent", n-before)
	}
	for _, c := range []string{"", "x", string(f.ID) + ".", string(f.ID) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 32))} {
		if _, err := h.svc.Visit(t.Context(), c); !errors.Is(err, notice.ErrNoVisit) {
			t.Errorf("cookie %q: %v", c, err)
		}
	}
}

// DESIGN 2.16: no mail of any kind carries a client's or matter's name, the
// payor's, or a word of what was done.
func TestMailsCarryNoClientText(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	for _, sql := range []string{`UPDATE client SET name = 'Canaryclient' WHERE firm_id = ?`, `UPDATE matter SET name = 'Canarymatter', client_matter = 'CANARYNO' WHERE firm_id = ?`,
		`UPDATE payor SET name = 'Canarypayor', address = 'Canarystreet' WHERE firm_id = ?`, `UPDATE payor_contact SET name = 'Canaryperson' WHERE firm_id = ?`} {
		f.Exec(t, sql, f.ID)
	}
	inv := f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"))
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Fatal(err)
	}
	h.post(t, f)
	h.sweep(t)
	h.post(t, f)
	h.knock(t, f, m)
	if len(h.sent.mails) != 3 {
		t.Fatalf("%d mails", len(h.sent.mails))
	}
	for _, o := range h.sent.mails {
		all := strings.ToLower(fmt.Sprint(o.FromName, o.ReplyTo, o.ToName, o.Subject, o.Text, o.HTML, o.MessageID))
		for _, word := range []string{"canary", "transcript", "whitlock", strings.ToLower(m.Number)} {
			if strings.Contains(all, word) {
				t.Errorf("%q stands in %q", word, o.Subject)
			}
		}
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

func credit(t *testing.T, f testkit.F, inv testkit.I) {
	t.Helper()
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO credit_note (firm_id, id, invoice_id, series, n, number, issued_on, currency, net_minor, tax_minor, total_minor, reason, rebill, content_hash, document, issued_at)
			VALUES (?, gen_random_uuid(), ?, 'credit_note', 1, 'CN1', '2026-03-01', 'USD', ?, 0, ?, 'wrong client', false, ?, '{}', ?)`,
			f.ID, inv.ID, inv.Minor, inv.Minor, strings.Repeat("0a", 32), tx.Now).Error
		if err != nil {
			return err
		}
		return tx.Exec(`UPDATE invoice SET credited_minor = ?, open_minor = 0, status = 'credited' WHERE firm_id = ? AND id = ?`, inv.Minor, f.ID, inv.ID).Error
	})
	if err != nil {
		t.Fatal(err)
	}
}
