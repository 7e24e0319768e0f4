package notice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

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
	if err != nil || len(c.Deliveries) != 1 || c.Deliveries[0].Status != notice.StatusSent || c.Deliveries[0].Way != "mail_link" || len(c.Planned) != 1 || c.Planned[0] != (notice.Planned{Stage: notice.StageCourtesy, On: "2026-03-18"}) {
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

	refused := f.Matter(t)
	f.Exec(t, `INSERT INTO portal (firm_id, id, name, format, encoding, file_name, extension, created_at) VALUES (?, gen_random_uuid(), 'Gate', 'ledes_flat', 'ascii', '{number}', 'txt', ?)`, f.ID, testkit.Now)
	f.Exec(t, `INSERT INTO submission (firm_id, id, invoice_id, currency, portal_id, portal_version, n, type, status, error_type, format, number, file_name, blob_id, sha256, size_bytes, total_minor, submitted_by, submitted_at)
		SELECT firm_id, gen_random_uuid(), ?, 'USD', id, 1, 1, 'invoice', 'rejected', 'audit_error', 'ledes_1998b', 'N', 'n.txt', gen_random_uuid(), 'x', 1, 100, ?, ? FROM portal WHERE firm_id = ?`,
		f.Invoice(t, refused, late, testkit.Sent()).ID, testkit.Actor(f.As(t, rbac.RoleSpecialist)), testkit.Now, f.ID)

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
		if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ? AND status <> 'passed'`, f.ID, i.ID); n != 0 {
			t.Errorf("%s was reminded of", name)
		}
	}
	// Nothing twice: not today, and of the same invoices never again.
	for range 10 {
		h.clock.Advance(24 * time.Hour)
		h.sweep(t)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id IN (?, ?) AND stage = 'first'`, f.ID, a.ID, b.ID); n != 2 {
		t.Errorf("%d reminders of two invoices", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ? AND stage = 'first'`, f.ID, young.ID); n != 1 {
		t.Errorf("the young one, grown old, was reminded of %d times", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ? AND id IN (SELECT mail_id FROM reminder WHERE firm_id = ? AND stage = 'first') AND position('48,212.50' in text_body) > 0`, f.ID, f.ID); n != 1 {
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
			if len(h.sent.mails) != want || f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ? AND stage = 'first'`, f.ID, inv.ID) != 1 {
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
	if err != nil || len(c.Planned) != 1 || c.Planned[0].Stage != notice.StageSecond || len(c.Reminders) != 2 || c.Reminders[1].Status != notice.StatusSkipped {
		t.Errorf("%+v, %v", c, err)
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
	h.clock.Set(time.Date(2026, 3, 17, 14, 0, 0, 0, time.UTC)) // fifteen days after it came, which was after it was due
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

// Letters say what the firm published; figures and link stand in each whatever it says,
// and the log tells which words went.
func TestLettersSayWhatTheFirmPublished(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	words := wording.New(h.d, authz.NewGuard(h.d, policy))
	if _, err := words.Publish(f.As(t, rbac.RolePartner), wording.Invoice, wording.Text{Subject: "From {{firm}}: {{number}}", Body: "Dear {{contact}} <b>", Closing: "Accounts"}, 0); err != nil {
		t.Fatal(err)
	}
	m := f.Matter(t)
	inv := f.Invoice(t, m)
	if err := h.deliver(t, f, inv.ID); err != nil {
		t.Fatal(err)
	}
	contact := f.Text(t, `SELECT name FROM payor_contact WHERE firm_id = ? AND payor_id = ?`, f.ID, m.Payor)
	got := h.post(t, f)
	if len(got) != 1 || !strings.HasSuffix(got[0].Subject, ": "+inv.Number) || !strings.HasPrefix(got[0].Text, "Dear "+contact+" <b>\n") || !strings.HasSuffix(got[0].Text, "Accounts\n") {
		t.Fatalf("sent %+v", got)
	}
	for _, must := range []string{"USD 1,000.00", "18 Mar 2026", "https://billing.example.com/payor?link="} {
		if !strings.Contains(got[0].Text, must) || !strings.Contains(got[0].HTML, must) {
			t.Errorf("the letter lacks %s", must)
		}
	}
	if strings.Contains(got[0].HTML, "<b>") {
		t.Error("the firm's words are read as HTML")
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.delivery_queued' AND detail::json ->> 'wording' = '1'`, f.ID); n != 1 {
		t.Error("the log does not tell which words went")
	}
}
