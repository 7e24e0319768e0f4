package notice_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// run has the sweep and the post work each hour of office days until a day.
func (h house) run(t *testing.T, f testkit.F, days int) {
	t.Helper()
	for range days {
		h.clock.Advance(24 * time.Hour)
		h.sweep(t)
		h.post(t, f)
	}
}

// stagesOf are the stages that an invoice has behind it, with their status, in their order.
func stagesOf(t *testing.T, f testkit.F, inv testkit.I) string {
	t.Helper()
	return f.Text(t, `SELECT coalesce(string_agg(stage || '=' || status, ' ' ORDER BY for_on, created_at, stage), '') FROM reminder WHERE firm_id = ? AND invoice_id = ? AND stage NOT IN ('statement', 'courtesy') AND status <> 'failed'`, f.ID, inv.ID)
}

func waiting(t *testing.T, h house, f testkit.F) []notice.ToPayor {
	t.Helper()
	b, err := h.svc.Board(f.As(t, rbac.RolePartner))
	if err != nil {
		t.Fatal(err)
	}
	return b.Waiting
}

// I18: the stages of an invoice from the first reminder to the hand-over, each once, with the gates of LEGAL-BILLING 14.
func TestI18_FromFirstReminderToHandOver(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	partner, specialist := f.As(t, rbac.RolePartner), f.As(t, rbac.RoleSpecialist)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15"), testkit.Sent()) // the 15th day after is today
	h.sweep(t)
	h.post(t, f)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Fatalf("today: %s", got)
	}
	h.run(t, f, 13) // 15 March; the second is due on 17 March, seen from 13 March
	list := waiting(t, h, f)
	if len(list) != 1 || list[0].State != notice.LetterAnnounced || list[0].On != "2026-03-17" || !strings.Contains(list[0].Text, "USD 1,000.00") || len(list[0].Lines) != 1 {
		t.Fatalf("before the second: %+v", list)
	}
	seen := list[0]
	h.run(t, f, 2)
	if got := stagesOf(t, f, inv); got != "first=sent second=sent" {
		t.Fatalf("after the second: %s", got)
	}
	if last := h.sent.mails[len(h.sent.mails)-1]; last.Text != seen.Text || last.Subject != seen.Subject {
		t.Errorf("another text went than was seen: %q", last.Text)
	}
	b, err := h.svc.Board(specialist)
	if err != nil || len(b.Tasks) != 1 || b.Tasks[0].Kind != notice.TaskCall || !strings.Contains(h.waits(t, f), "reminder_call") {
		t.Fatalf("call: %+v, %v, %s", b.Tasks, err, h.waits(t, f))
	}
	if err := h.svc.EndTask(specialist, b.Tasks[0].ID, "perhaps", ""); !errors.Is(err, notice.ErrReason) {
		t.Errorf("unknown outcome: %v", err)
	}
	if err := errors.Join(h.svc.EndTask(specialist, b.Tasks[0].ID, "reached", "Pays soon"), nil); err != nil || h.waits(t, f) != "" {
		t.Errorf("ended call: %v, waits %s", err, h.waits(t, f))
	}
	h.run(t, f, 60) // the third is due 30 days after the second and never goes by itself
	if got := stagesOf(t, f, inv); got != "first=sent second=sent third=waiting" {
		t.Fatalf("third: %s", got)
	}
	third := waiting(t, h, f)[0]
	if err := h.svc.Approve(specialist, third.ID, third.Hash); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("specialist approves: %v", err)
	}
	if err := h.svc.Approve(partner, third.ID, strings.Repeat("0", 64)); !errors.Is(err, notice.ErrChanged) {
		t.Errorf("another text: %v", err)
	}
	if err := h.svc.Approve(testkit.Firm(t, h.d).As(t, rbac.RolePartner), third.ID, third.Hash); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if err := h.svc.Approve(partner, third.ID, third.Hash); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(partner, third.ID, third.Hash); !errors.Is(err, notice.ErrDecided) {
		t.Errorf("twice: %v", err)
	}
	h.run(t, f, 3)
	if b, err = h.svc.Board(specialist); err != nil || len(b.ToPost) != 1 || h.waits(t, f) != "reminder_letter" {
		t.Fatalf("to post: %+v, %v, %s", b.ToPost, err, h.waits(t, f))
	}
	if err := h.svc.Posted(specialist, third.ID); err != nil {
		t.Fatal(err)
	}
	if b, err = h.svc.Board(partner); err != nil || len(b.Tasks) != 1 || b.Tasks[0].Kind != notice.TaskPartnerCall {
		t.Fatalf("partner's call: %+v, %v", b.Tasks, err)
	}
	if err := h.svc.EndTask(specialist, b.Tasks[0].ID, "reached", ""); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("specialist ends the partner's call: %v", err)
	}
	h.run(t, f, 40)
	final := waiting(t, h, f)
	if len(final) != 1 || final[0].Stage != notice.StageFinal {
		t.Fatalf("final: %+v", final)
	}
	if err := h.svc.Approve(partner, final[0].ID, final[0].Hash); err != nil {
		t.Fatal(err)
	}
	h.run(t, f, 3)
	if err := h.svc.Posted(f.As(t, rbac.RoleSpecialist), final[0].ID); err != nil {
		t.Fatal(err)
	}
	h.run(t, f, 60)
	if got := stagesOf(t, f, inv); got != "first=sent second=sent third=sent final=sent handover=opened" {
		t.Errorf("at the end: %s", got)
	}
	if n := f.Count(t, `SELECT count(*) FROM reminder WHERE firm_id = ? AND stage = 'statement'`, f.ID); n < 3 {
		t.Errorf("%d monthly statements", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM (SELECT FROM reminder_letter WHERE firm_id = ? AND state IN ('sent', 'queued') GROUP BY payor_id, for_on HAVING count(*) > 1) x`, f.ID); n != 0 {
		t.Error("two messages on one day")
	}
}

func TestAPartnerVetoes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	partner := f.As(t, rbac.RolePartner)
	m := f.Matter(t)
	late := testkit.Issued("2026-01-10", "2026-02-15")
	a, b := f.Invoice(t, m, late, testkit.Sent()), f.Invoice(t, m, late, testkit.Sent())
	h.sweep(t)
	h.post(t, f)
	h.run(t, f, 13)
	l := waiting(t, h, f)[0]
	if len(l.Lines) != 2 {
		t.Fatalf("%+v", l.Lines)
	}
	if err := h.svc.Veto(partner, l.ID, a.ID, "", ""); !errors.Is(err, notice.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	if err := h.svc.Veto(partner, l.ID, a.ID, "We meet them on Friday", "2026-04-15"); err != nil {
		t.Fatal(err)
	}
	left := waiting(t, h, f)
	if len(left) != 1 || left[0].ID == l.ID || left[0].On != l.On || len(left[0].Lines) != 1 || left[0].Lines[0].Invoice != b.ID {
		t.Fatalf("what is left: %+v", left)
	}
	if err := h.svc.Approve(partner, l.ID, l.Hash); !errors.Is(err, notice.ErrDecided) {
		t.Errorf("approval of what was vetoed: %v", err)
	}
	h.run(t, f, 10)
	if stagesOf(t, f, a) != "first=sent" || stagesOf(t, f, b) != "first=sent second=sent" {
		t.Errorf("%s, %s", stagesOf(t, f, a), stagesOf(t, f, b))
	}
	board, err := h.svc.Board(partner)
	if err != nil || len(board.Suppressed) != 1 || board.Suppressed[0].Invoice != a.ID || board.Suppressed[0].Why != notice.ReasonVeto {
		t.Errorf("kept back: %+v, %v", board.Suppressed, err)
	}
	h.run(t, f, 30)
	if got := stagesOf(t, f, a); got != "first=sent second=sent" {
		t.Errorf("after its day: %s", got)
	}
}

// An approval of what has changed since is refused, and what waits is written anew.
func TestWhatWaitsIsAlwaysSo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	partner, specialist := f.As(t, rbac.RolePartner), f.As(t, rbac.RoleSpecialist)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-15"), testkit.Sent())
	h.sweep(t)
	h.post(t, f)
	h.run(t, f, 60)
	l := waiting(t, h, f)[0]
	f.Dispute(t, inv, specialist, 40_000)
	if err := h.svc.Approve(partner, l.ID, l.Hash); !errors.Is(err, notice.ErrChanged) {
		t.Errorf("approved what is disputed since: %v", err)
	}
	h.run(t, f, 1)
	list := waiting(t, h, f)
	if len(list) != 1 || list[0].ID == l.ID || !strings.Contains(list[0].Text, "USD 600.00") {
		t.Errorf("written anew: %+v", list)
	}
	id, err := h.svc.Hold(specialist, notice.NewHold{Kind: notice.HoldInsolvency, Matter: inv.Matter.ID, Reason: "Opened on Monday"})
	if err != nil {
		t.Fatal(err)
	}
	h.run(t, f, 1)
	if list = waiting(t, h, f); len(list) != 0 {
		t.Errorf("insolvent, and waits: %+v", list)
	}
	if err := h.svc.EndHold(testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), id); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("another firm ends it: %v", err)
	}
	if err := h.svc.EndHold(specialist, id); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.EndHold(specialist, id); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("ended twice: %v", err)
	}
	h.run(t, f, 1)
	if list = waiting(t, h, f); len(list) != 1 {
		t.Errorf("after the hold: %+v", list)
	}
}

func TestPromisesHoldUntilThreeDaysAfter(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist := f.As(t, rbac.RoleSpecialist)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	if _, err := h.svc.Promise(specialist, inv.ID, notice.NewPromise{AmountMinor: 100_001, On: "2026-03-04"}); !errors.Is(err, notice.ErrReason) {
		t.Errorf("more than is open: %v", err)
	}
	if _, err := h.svc.Promise(f.As(t, rbac.RoleTimekeeper), inv.ID, notice.NewPromise{AmountMinor: 1, On: "2026-03-04"}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("timekeeper: %v", err)
	}
	if _, err := h.svc.Promise(specialist, inv.ID, notice.NewPromise{AmountMinor: 100_000, On: "2026-03-04", Note: "By phone"}); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		h.sweep(t)
		h.clock.Advance(24 * time.Hour)
	}
	if got := stagesOf(t, f, inv); got != "" {
		t.Errorf("reminded in spite of the promise: %s", got)
	}
	h.run(t, f, 1) // Monday 9 March: broken
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("after it: %s", got)
	}
	if n := f.Count(t, `SELECT count(*) FROM payment_promise WHERE firm_id = ? AND state = 'broken'`, f.ID); n != 1 {
		t.Error("the promise is not noted as broken")
	}
}

// I18: sweeps at once, in several processes, write each stage once.
func TestI18_SweepsAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	var all []testkit.I
	for range 5 {
		m := f.Matter(t)
		for range 2 {
			all = append(all, f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent()))
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := h.worker.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if n := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ?`, f.ID); n != 5 {
		t.Errorf("%d mails to five payors", n)
	}
	for _, inv := range all {
		if got := stagesOf(t, f, inv); got != "first=queued" {
			t.Errorf("%s", got)
		}
	}
}

// F09: a stage whose fate is uncertain counts as sent and shows in its list; one that bounced does not count.
func TestF09_UncertainAndBouncedStages(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	inv := f.Invoice(t, f.Matter(t), testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	h.sweep(t)
	id := ident.MailID(f.Text(t, `SELECT mail_id FROM reminder_letter WHERE firm_id = ?`, f.ID))
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error {
		return h.worker.MailFailed(tx, mail.Ended{ID: id, Kind: "reminder", State: mail.StateUncertain, Reason: mail.ReasonCutShort})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `UPDATE mail SET state = 'uncertain', attempt = 1, to_address = 'x@y', message_id = 'm', sending_at = ?, ended_at = ? WHERE firm_id = ?`, testkit.Now, testkit.Now, f.ID)
	b, err := h.svc.Board(f.As(t, rbac.RoleSpecialist))
	if err != nil || len(b.Uncertain) != 1 || b.Uncertain[0].Lines[0].Invoice != inv.ID {
		t.Fatalf("%+v, %v", b.Uncertain, err)
	}
	h.run(t, f, 5)
	if got := stagesOf(t, f, inv); got != "first=uncertain" {
		t.Errorf("%s", got)
	}
	letter, clerk := b.Uncertain[0].ID, f.As(t, rbac.RoleSpecialist)
	if err := h.svc.Lost(testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), letter); !errors.Is(err, notice.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if err := h.svc.Lost(f.As(t, rbac.RoleTimekeeper), letter); err == nil {
		t.Error("a timekeeper says that it is lost")
	}
	if err := h.svc.Lost(clerk, letter); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Arrived(clerk, letter); !errors.Is(err, notice.ErrDecided) {
		t.Errorf("said twice: %v", err)
	}
	h.run(t, f, 3)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("after it was lost: %s", got)
	}
}

func TestAClientHasStagesOfItsOwn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	m := f.Matter(t)
	inv := f.Invoice(t, m, testkit.Issued("2026-01-10", "2026-02-10"), testkit.Sent())
	p := notice.Standard()
	p.Client = m.Client
	p.Rules[notice.StageFirst.Place()].Days = 21
	if err := h.svc.SetPolicy(f.As(t, rbac.RoleSpecialist), 0, p, true); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("specialist: %v", err)
	}
	if err := h.svc.SetPolicy(admin, 0, p, true); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.SetPolicy(admin, 0, p, true); !errors.Is(err, notice.ErrStale) {
		t.Errorf("a stale change: %v", err)
	}
	if err := h.svc.SetPolicy(testkit.Firm(t, h.d).As(t, rbac.RoleFirmAdmin), 0, p, true); err == nil {
		t.Error("another firm's client")
	}
	h.sweep(t)
	if got := stagesOf(t, f, inv); got != "" {
		t.Errorf("before the client's day: %s", got)
	}
	h.run(t, f, 1)
	if got := stagesOf(t, f, inv); got != "first=sent" {
		t.Errorf("on it: %s", got)
	}
	s, err := h.svc.Settings(admin, m.Client)
	if err != nil || !s.Own || s.N != 1 || s.Now.Rule(notice.StageFirst).Days != 21 {
		t.Errorf("%+v, %v", s, err)
	}
}
