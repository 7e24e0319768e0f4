package notice_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// I18: no stage is left out unsaid. Only the one that comes next, or waits, can be skipped.
func TestI18_SkippingEndsNoStageBefore(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	for _, s := range []notice.Stage{notice.StageCourtesy, notice.StageSecond, notice.StageFinal, notice.StageHandOver} {
		if err := h.svc.Skip(specialist, inv.ID, s, "Not this one"); !errors.Is(err, notice.ErrNotDue) {
			t.Errorf("%s before the first: %v", s, err)
		}
	}
	h.sweep(t)
	h.post(t, f)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("%s", got)
	}
	if err := h.svc.Skip(specialist, inv.ID, notice.StageFirst, "Not this one"); !errors.Is(err, notice.ErrReminded) {
		t.Errorf("one that went: %v", err)
	}
}

// What is left of a message whose one stage is skipped stands for the day it had: it was seen.
func TestASkippedStageLeavesTheRestItsDay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m, late := f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15")
	a, b := f.Invoice(t, m, late, testkit.Sent()), f.Invoice(t, m, late, testkit.Sent())
	h.sweep(t)
	h.post(t, f)
	h.run(t, f, 14)
	l := waiting(t, h, f)[0]
	if err := h.svc.Skip(f.As(t, rbac.RoleSpecialist), a.ID, notice.StageSecond, "They called today"); err != nil {
		t.Fatal(err)
	}
	left := waiting(t, h, f)
	if len(left) != 1 || left[0].On != l.On || len(left[0].Lines) != 1 || left[0].Lines[0].Invoice != b.ID {
		t.Fatalf("what is left: %+v", left)
	}
	h.run(t, f, 1) // 17 March
	if stagesOf(t, f, a) != "first=sent second=skipped" || stagesOf(t, f, b) != "first=sent second=sent" {
		t.Errorf("%s, %s", stagesOf(t, f, a), stagesOf(t, f, b))
	}
}

// A message that waits goes by the rule that the firm has when it goes, not by the one it was written under.
func TestAPolicyHoldsForWhatWaits(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15"), testkit.Sent())
	h.sweep(t)
	h.post(t, f)
	h.run(t, f, 14)
	if list := waiting(t, h, f); len(list) != 1 || list[0].State != notice.LetterAnnounced {
		t.Fatalf("%+v", list)
	}
	p := notice.Standard()
	p.Rules[notice.StageSecond.Place()].Gate = notice.GateApproval
	if err := h.svc.SetPolicy(admin, 0, p, true); err != nil {
		t.Fatal(err)
	}
	h.run(t, f, 5)
	list := waiting(t, h, f)
	if got := stagesOf(t, f, inv); got != "first=sent second=waiting" || len(list) != 1 || list[0].State != notice.LetterWaiting {
		t.Fatalf("went without the approval that it needs now: %s, %+v", got, list)
	}
	p.Rules[notice.StageSecond.Place()].Used = false
	if err := h.svc.SetPolicy(admin, 1, p, true); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(f.As(t, rbac.RolePartner), list[0].ID, list[0].Hash); !errors.Is(err, notice.ErrChanged) {
		t.Errorf("approved a stage that is not used: %v", err)
	}
	h.run(t, f, 1)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("a stage that is not used: %s", got)
	}
}

// toPost brings an invoice to its third reminder, which is to be posted.
func toPost(t *testing.T, h house, f testkit.F) (testkit.I, notice.ToPayor) {
	t.Helper()
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15"), testkit.Sent())
	h.sweep(t)
	h.post(t, f)
	h.run(t, f, 60)
	l := waiting(t, h, f)[0]
	if err := h.svc.Approve(f.As(t, rbac.RolePartner), l.ID, l.Hash); err != nil {
		t.Fatal(err)
	}
	h.run(t, f, 3)
	if !strings.Contains(h.waits(t, f), "reminder_letter") {
		t.Fatalf("waits %s", h.waits(t, f))
	}
	return inv, l
}

// I18: a letter that a person has posted went, whatever changed meanwhile: it does not come again.
func TestI18_WhatWasPostedWent(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv, l := toPost(t, h, f)
	specialist := f.As(t, rbac.RoleSpecialist)
	f.Dispute(t, inv, specialist, 40_000)
	if err := h.svc.Posted(specialist, l.ID); err != nil {
		t.Fatal(err)
	}
	h.run(t, f, 5)
	if got := stagesOf(t, f, inv); !strings.HasSuffix(got, "third=sent") || len(waiting(t, h, f)) != 0 {
		t.Errorf("%s, waits %+v", got, waiting(t, h, f))
	}
}

// A letter that is to be posted is taken back with its work once it is not so any more.
func TestALetterToPostIsTakenBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv, l := toPost(t, h, f)
	pay(t, f, inv.Matter, inv)
	h.run(t, f, 1)
	if strings.Contains(h.waits(t, f), "reminder_letter") {
		t.Errorf("to be posted though paid: %s", h.waits(t, f))
	}
	if err := h.svc.Posted(f.As(t, rbac.RoleSpecialist), l.ID); !errors.Is(err, notice.ErrDecided) {
		t.Errorf("posted after it was taken back: %v", err)
	}
}

// Money on account in another currency cannot cover an invoice, so it keeps nothing back.
func TestMoneyOfAnotherCurrencyKeepsNothingBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	inv := f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	f.Exec(t, `INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, allocated_minor, unapplied_minor, method, received_on, posted_at)
		VALUES (?, gen_random_uuid(), ?, ?, 'EUR', 1, 0, 1, 'wire', '2026-03-01', ?)`, f.ID, m.Payor, m.Client, testkit.Now)
	h.sweep(t)
	if got := stagesOf(t, f, inv); got != "first=queued" {
		t.Errorf("one cent in euro kept USD 1,000.00 back: %q", got)
	}
}

// A promise on an invoice of which a part was credited since is kept once the rest is paid.
func TestAPromiseIsKeptWhereNothingIsOpenAnyMore(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	if _, err := h.svc.Promise(f.As(t, rbac.RoleSpecialist), inv.ID, notice.NewPromise{AmountMinor: 100_000, On: "2026-03-04"}); err != nil {
		t.Fatal(err)
	}
	credit(t, f, inv)
	h.run(t, f, 10)
	if got := f.Text(t, `SELECT state FROM payment_promise WHERE firm_id = ?`, f.ID); got != "kept" {
		t.Errorf("%s", got)
	}
}

// F09: a stage that bounced does not count: it shows in its list, a person is told, nothing goes to that
// address any more, and with a new one the same stage comes again, once.
func TestF09_ABouncedStageComesAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	inv := f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	h.sweep(t)
	h.sent.err = &mail.SendError{Verdict: mail.Permanent, Code: 550}
	h.post(t, f)
	h.sent.err = nil
	b, err := h.svc.Board(f.As(t, rbac.RoleSpecialist))
	if err != nil || len(b.Bounced) != 1 || b.Bounced[0].Lines[0].Invoice != inv.ID || !strings.Contains(h.waits(t, f), "reminder_failed") {
		t.Fatalf("%+v, %v, waits %s", b.Bounced, err, h.waits(t, f))
	}
	h.run(t, f, 8)
	if got := stagesOf(t, f, inv); got != "" || len(h.sent.mails) != 0 {
		t.Fatalf("to an address that bounced: %s, %d mails", got, len(h.sent.mails))
	}
	f.Exec(t, `UPDATE payor_contact SET status = 'active' WHERE firm_id = ?`, f.ID)
	h.run(t, f, 3)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("to the new address: %s", got)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND stage = 'first' AND status <> 'failed'`, f.ID); n != 1 {
		t.Errorf("%d first reminders", n)
	}
}

// A firm that the program of one stage reminded: nothing of it comes again, and the second stage is seen by a
// partner first.
func TestI18_AfterTheProgramOfOneStage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m, late := f.Matter(t), testkit.Issued("2025-06-10", "2025-07-10")
	a, b := f.Invoice(t, m, late, testkit.Sent()), f.Invoice(t, m, late, testkit.Sent())
	h.sweep(t)
	h.post(t, f)
	first := len(h.sent.mails)
	h.admin(t, `UPDATE reminder SET letter_id = NULL WHERE stage = 'first'; DELETE FROM reminder WHERE stage <> 'first'; DELETE FROM reminder_letter`)
	h.sweep(t)
	if n := len(h.post(t, f)); n != 0 {
		t.Errorf("%d mails on the day of the upgrade", n)
	}
	h.run(t, f, 1)
	if len(h.sent.mails) != first || stagesOf(t, f, a) != "first=sent" || stagesOf(t, f, b) != "first=sent" {
		t.Errorf("%d mails after %d: %s, %s", len(h.sent.mails), first, stagesOf(t, f, a), stagesOf(t, f, b))
	}
	h.run(t, f, 13)
	if list := waiting(t, h, f); len(list) != 1 || len(list[0].Lines) != 2 || list[0].Stage != notice.StageSecond {
		t.Errorf("%+v", list)
	}
}

// A list of the board that stops says so.
func TestAListThatStopsSaysSo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	tasks := func(from, to int) {
		f.Exec(t, `INSERT INTO reminder_task (firm_id, id, invoice_id, stage, kind, made_at) SELECT ?, gen_random_uuid(), ?, 'x' || n, 'call', ? FROM generate_series(?::int, ?::int) n`, f.ID, inv.ID, testkit.Now, from, to)
	}
	tasks(1, 500)
	b, err := h.svc.Board(f.As(t, rbac.RolePartner))
	if err != nil || len(b.Tasks) != 500 || len(b.More) != 0 {
		t.Fatalf("%d tasks, more of %v, %v", len(b.Tasks), b.More, err)
	}
	tasks(501, 501)
	if b, err = h.svc.Board(f.As(t, rbac.RolePartner)); err != nil || len(b.Tasks) != 500 || len(b.More) != 1 || b.More[0] != notice.ListTasks {
		t.Errorf("%d tasks, more of %v, %v", len(b.Tasks), b.More, err)
	}
}

// Who decides is told that something waits for them, once a day however much it is: the partner who is
// responsible, or where nobody is every partner.
func TestPartnersAreToldThatRemindersWait(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	one, other := testkit.Actor(f.As(t, rbac.RolePartner)), testkit.Actor(f.As(t, rbac.RolePartner))
	f.As(t, rbac.RoleSpecialist)
	ours, nobodys, late := f.Matter(t), f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15")
	f.Exec(t, `UPDATE matter SET responsible_id = ? WHERE firm_id = ? AND id = ?`, one, f.ID, ours.ID)
	f.Invoice(t, ours, late, testkit.Sent())
	inv := f.Invoice(t, nobodys, late)
	told := func() string {
		return f.Text(t, `SELECT coalesce(string_agg(person_id::text, ' ' ORDER BY person_id), '') FROM person_letter WHERE firm_id = ? AND kind LIKE 'reminders_wait_%'`, f.ID)
	}
	h.sweep(t)
	h.post(t, f)
	if got := told(); got != "" {
		t.Fatalf("nothing waits, and %s was told", got)
	}
	h.run(t, f, 13)
	h.sweep(t)
	if got := told(); got != string(one) {
		t.Fatalf("told %q, want who is responsible, once: %s", got, one)
	}
	f.Exec(t, `UPDATE invoice SET status = 'sent', sent_at = issued_on + interval '12 hours' WHERE firm_id = ? AND id = ?`, f.ID, inv.ID)
	h.run(t, f, 14)
	if got := told(); !strings.Contains(got, string(one)) || !strings.Contains(got, string(other)) {
		t.Errorf("nobody is responsible: told %q", got)
	}
}

// A promise noted with a wrong day does not keep reminders back until that day: another replaces it, and what
// it replaced is neither kept nor broken.
func TestAPromiseIsReplaced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	wrong := notice.NewPromise{AmountMinor: 100_000, On: "2028-02-01"}
	if _, err := h.svc.Promise(specialist, inv.ID, wrong); err != nil {
		t.Fatal(err)
	}
	right := notice.NewPromise{AmountMinor: 100_000, On: "2026-03-04"}
	if _, err := h.svc.Promise(specialist, inv.ID, right); !errors.Is(err, notice.ErrReason) {
		t.Errorf("beside it: %v", err)
	}
	right.Replaces = true
	if _, err := h.svc.Promise(testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), inv.ID, right); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if _, err := h.svc.Promise(specialist, inv.ID, right); err != nil {
		t.Fatal(err)
	}
	b, err := h.svc.Board(specialist)
	if err != nil || b.Promises != (notice.Kept{Open: 1}) {
		t.Errorf("%+v, %v", b.Promises, err)
	}
	h.run(t, f, 8)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("after the right day: %q", got)
	}
	if b, err = h.svc.Board(specialist); err != nil || b.Promises != (notice.Kept{Broken: 1}) {
		t.Errorf("%+v, %v", b.Promises, err)
	}
}

// What the board says comes within a week, comes: the stage and the month's statement, each on
// its day.
func TestWhatIsAheadComes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	fresh := f.Invoice(t, m, testkit.Issued("2026-02-20", "2026-04-25"), testkit.Sent())
	unsent := f.Invoice(t, m, testkit.Issued("2026-02-20", "2026-04-25"))
	b, err := h.svc.Board(f.As(t, rbac.RolePartner))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Upcoming) != 1 || b.Upcoming[0].Invoice != fresh.ID || b.Upcoming[0].Stage != notice.StageStatement {
		t.Fatalf("%+v", b.Upcoming)
	}
	h.run(t, f, 7)
	if got := f.Text(t, `SELECT stage || ' ' || for_on FROM reminder WHERE firm_id = ? AND invoice_id = ?`, f.ID, fresh.ID); got != "statement "+string(b.Upcoming[0].On) {
		t.Errorf("%s, told %s", got, b.Upcoming[0].On)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND invoice_id = ?`, f.ID, unsent.ID); n != 0 {
		t.Errorf("%d stages of an invoice that was not sent", n)
	}
}
