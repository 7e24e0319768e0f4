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
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Sweep has each open invoice of every active firm reach the stage whose day has come, and
// tells how many messages left or were left to a person. Where it is not a business day of the
// recipient, or before 9 and from 17 o'clock there, nothing leaves. Run it every quarter of an hour.
func (s *Service) Sweep(ctx context.Context) (letters int, err error) {
	var failed []error
	err = s.DB.InSystem(ctx, "notice.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				n := 0
				err := sys.Enter(firm, func(tx *db.Tx) (err error) {
					n, err = s.remindFirm(tx)
					return err
				})
				if err != nil {
					failed = append(failed, fmt.Errorf("remind payors of firm %s: %w", firm, err))
					continue
				}
				letters += n
			}
			return ctx.Err()
		})
	})
	return letters, errors.Join(append(failed, err)...)
}

func (s *Service) remindFirm(tx *db.Tx) (letters int, err error) {
	if err := tidy(tx); err != nil {
		return 0, err
	}
	// One sweep a firm at a time; another's letters are there when it is our turn.
	if mine, err := tx.TryLock(sweepLock(tx)); err != nil || !mine {
		return 0, err
	}
	if _, err := s.Guard.Require(tx, rbac.ReminderSend); err != nil {
		return 0, err
	}
	if err := settlePromises(tx); err != nil {
		return 0, err
	}
	list, err := s.standings(tx, `i.sent_at IS NOT NULL`)
	if err != nil {
		return 0, err
	}
	h := heapOf(list)
	if err := s.passed(tx, list); err != nil {
		return 0, err
	}
	if letters, err = s.pending(tx, h); err != nil {
		return letters, err
	}
	for _, payor := range h.payors {
		n, err := s.remindPayor(tx, payor)
		letters += n
		if err != nil {
			return letters, err
		}
	}
	return letters, nil
}

// sweepLock is held by whoever writes reminders of the firm.
func sweepLock(tx *db.Tx) string { return "notice.sweep:" + string(tx.Scope.Firm) }

// heap is a firm's open invoices, by payor.
type heap struct {
	byID   map[ident.InvoiceID]*standing
	payors [][]*standing
}

func heapOf(list []*standing) *heap {
	h := &heap{byID: map[ident.InvoiceID]*standing{}}
	for i, x := range list {
		h.byID[x.ID] = x
		if i == 0 || list[i-1].PayorID != x.PayorID {
			h.payors = append(h.payors, nil)
		}
		last := len(h.payors) - 1
		h.payors[last] = append(h.payors[last], x)
	}
	return h
}

// tidy forgets codes after 30 days and visits after 90; the leaves stay.
func tidy(tx *db.Tx) error {
	err := errors.Join(
		tx.Exec(`DELETE FROM payor_code WHERE firm_id = ? AND created_at < ?`, tx.Scope.Firm, tx.Now.AddDate(0, 0, -30)).Error,
		tx.Exec(`DELETE FROM payor_session WHERE firm_id = ? AND expires_at < ?`, tx.Scope.Firm, tx.Now.AddDate(0, 0, -90)).Error,
	)
	if err != nil {
		return fmt.Errorf("tidy the payors' door: %w", err)
	}
	return nil
}

// passed notes the early stages whose days went by without a message, with what was in the way.
func (s *Service) passed(tx *db.Tx, list []*standing) error {
	for _, x := range list {
		for _, step := range x.policy.Missed(x.terms, x.days.today, x.behind) {
			why := x.suppressed(step.Stage)
			if why == "" {
				why = ReasonOver
			}
			err := insertReminder(tx, reminderRow{invoice: x.owed, stage: step.Stage, status: StatusPassed, forOn: step.Last, reason: string(why)})
			if err != nil {
				return err
			}
			x.behind = append(x.behind, Reached{Stage: step.Stage, Status: StatusPassed, On: step.Last})
		}
	}
	return nil
}

// pending ends the messages that are not so any more, also those that wait to be posted, and sends
// those whose day has come.
func (s *Service) pending(tx *db.Tx, h *heap) (sent int, err error) {
	list, err := letters(tx, nil, `l.state IN ('announced', 'waiting', 'approved', 'to_post') ORDER BY l.for_on, l.made_at, l.id`)
	if err != nil {
		return 0, err
	}
	for i := range list {
		l := &list[i]
		if !h.stands(l) {
			if l.State == LetterToPost {
				if err := worklist.Cancel(tx, subjectLetter, string(l.ID)); err != nil {
					return sent, err
				}
			}
			if err := overtake(tx, l, LetterOvertaken, mail.ReasonNotWanted); err != nil {
				return sent, err
			}
			h.again(l)
			continue
		}
		if l.State == LetterToPost {
			continue
		}
		x := h.byID[l.Lines[0].Invoice]
		if open, err := x.days.open(); err != nil {
			return sent, err
		} else if !open || l.State == LetterWaiting || x.days.today < l.On || x.written {
			continue
		}
		if err := s.release(tx, l, x.days.today); err != nil {
			return sent, err
		}
		h.wrote(l)
		sent++
	}
	return sent, nil
}

// stands tells whether a message still says what is so of each of its invoices, and one that
// waits also whether it would be written, and wait, so by the stages that the firm has now.
func (h *heap) stands(l *ToPayor) bool {
	if l.State.Pending() && !h.ruled(l) {
		return false
	}
	for _, line := range l.Lines {
		x := h.byID[line.Invoice]
		if x == nil || x.asked() != line.OpenMinor || x.ContactID != l.Contact || x.suppressed(line.Stage) != "" {
			return false
		}
	}
	return len(l.Lines) > 0
}

// ruled tells whether the stages of a message are used, and its own rule is as it was.
func (h *heap) ruled(l *ToPayor) bool {
	for _, line := range l.Lines {
		x := h.byID[line.Invoice]
		if x == nil {
			return false
		}
		r := x.policy.Rule(line.Stage)
		if !r.Used || line.Stage == l.Stage && (r.Channel != l.Channel || r.Sender != l.Sender || r.Gate != l.Gate) {
			return false
		}
	}
	return true
}

// again has the stages of an ended message come again in this sweep.
func (h *heap) again(l *ToPayor) {
	for _, line := range l.Lines {
		if x := h.byID[line.Invoice]; x != nil {
			x.forget(line.Stage)
		}
	}
}

func (x *standing) forget(s Stage) {
	kept := x.behind[:0]
	for _, r := range x.behind {
		if r.Stage != s || r.Status != StatusWaiting {
			kept = append(kept, r)
		}
	}
	x.behind = kept
}

// wrote marks the payor of a message as written to today.
func (h *heap) wrote(l *ToPayor) {
	for _, x := range h.byID {
		if x.PayorID == l.Payor {
			x.written = true
		}
	}
}

// release lets a message go: by mail, or to whoever posts it.
func (s *Service) release(tx *db.Tx, l *ToPayor, on invoice.Day) error {
	l.On = on
	if l.Channel == ByLetter {
		if err := move(tx, l, LetterToPost, StatusWaiting, ""); err != nil {
			return err
		}
		return wantTask(tx, workLetter, subjectLetter, string(l.ID), l.Lines[0].Matter)
	}
	var err error
	if l.Mail, err = s.queue(tx, l, on); err != nil {
		return err
	}
	if err := move(tx, l, LetterQueued, StatusQueued, ""); err != nil {
		return err
	}
	for _, x := range l.Lines {
		err := audit.Record(tx, audit.Entry{Action: "reminder.queued", Object: "invoice", ID: string(x.Invoice), Matter: x.Matter, Class: audit.C2, Permission: string(rbac.ReminderSend),
			After: audit.Digest(l.Hash), Detail: map[string]any{"stage": x.Stage, "letter": l.ID, "contact": l.Contact, "mail": l.Mail}})
		if err != nil {
			return err
		}
	}
	return nil
}

// remindPayor has one payor's invoices reach what is due for them: one message a day at most.
// What needs a partner's word is announced, apart from what does not: a courtesy does not wait
// for an approval. On a day that has a reminder the statement waits for the next.
func (s *Service) remindPayor(tx *db.Tx, list []*standing) (int, error) {
	var now, gated []asking
	for _, x := range list {
		step, ok := x.policy.Next(x.terms, x.days.today, x.behind)
		if !ok {
			continue
		}
		step, err := x.timed(step)
		if err != nil {
			return 0, err
		}
		from, err := x.noticed(step)
		if err != nil {
			return 0, err
		}
		switch {
		case x.days.today < from || x.suppressed(step.Stage) != "":
		case step.Stage == StageHandOver:
			if err := s.handOver(tx, x); err != nil {
				return 0, err
			}
		case x.policy.Rule(step.Stage).Gate != GateNone:
			gated = append(gated, asking{standing: x, stage: step.Stage})
		default:
			now = append(now, asking{standing: x, stage: step.Stage})
		}
	}
	if len(gated) > 0 {
		if err := s.announce(tx, gated); err != nil {
			return 0, err
		}
	}
	if len(now) == 0 {
		var err error
		if now, err = s.statement(list); err != nil {
			return 0, err
		}
	}
	if len(now) == 0 || list[0].written {
		return 0, nil
	}
	if open, err := list[0].days.open(); err != nil || !open {
		return 0, err
	}
	return 1, s.send(tx, now, list[0].days.today)
}

// statement is what a payor's statement of the month tells, nothing where it is not its day.
func (s *Service) statement(list []*standing) (out []asking, err error) {
	for _, x := range list {
		step, month, comes, err := x.stated(x.days.today)
		if err != nil {
			return nil, err
		}
		if comes && x.days.today >= step.On && x.terms.Sent < x.days.today {
			out = append(out, asking{x, StageStatement, month})
		}
	}
	return out, nil
}

// stated is the statement that has its day by a day, with its month; comes is false where there
// is none, it went, or an invoice is kept off it.
func (x *standing) stated(by invoice.Day) (step Step, month string, comes bool, err error) {
	step, used := x.policy.Statement(by)
	month = Month(step.On)
	if step, err = x.timed(step); err != nil {
		return step, month, false, err
	}
	comes = used && x.days.today <= step.Last && x.terms.Sent != "" && x.suppressed(StageStatement) == ""
	for _, r := range x.behind {
		comes = comes && (r.Stage != StageStatement || r.Period != month)
	}
	return step, month, comes, nil
}

// send writes a message that needs nobody's word. The stages are kept in the transaction that
// queues it, before anything is sent.
func (s *Service) send(tx *db.Tx, list []asking, on invoice.Day) error {
	l, w, err := s.compose(tx, list, on)
	if err != nil {
		return err
	}
	if l.Mail, err = s.queue(tx, &l, on); err != nil {
		return err
	}
	l.State = LetterQueued
	for _, a := range list {
		a.written = true
	}
	return s.keep(tx, &l, list, w)
}

// announce keeps a message for a partner to see: it goes two business days on at the earliest.
func (s *Service) announce(tx *db.Tx, list []asking) error {
	on, err := list[0].days.ahead(list[0].days.today, seenBefore)
	if err != nil {
		return err
	}
	if err := s.announceFor(tx, list, on); err != nil {
		return err
	}
	return s.tell(tx, list[0].Partner)
}

func (s *Service) announceFor(tx *db.Tx, list []asking, on invoice.Day) error {
	l, w, err := s.compose(tx, list, on)
	if err != nil {
		return err
	}
	l.State = LetterAnnounced
	if l.Gate == GateApproval {
		l.State = LetterWaiting
	}
	return s.keep(tx, &l, list, w)
}

// handOver opens the task for the firm's management: what is to become of the invoice.
func (s *Service) handOver(tx *db.Tx, x *standing) error {
	err := insertReminder(tx, reminderRow{invoice: x.owed, stage: StageHandOver, status: StatusOpened, forOn: x.days.today})
	if err != nil {
		return err
	}
	if err := openTask(tx, x.ID, StageHandOver, TaskHandOver); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "reminder.handed_over", Object: "invoice", ID: string(x.ID), Matter: x.MatterID, Class: audit.C2, Permission: string(rbac.ReminderSend),
		Detail: map[string]any{"stage": StageHandOver}})
}

// Remind has one overdue invoice reach its next stage before its day, with whatever else of
// the payor is due. What needs a partner's word is announced, not sent. It needs reminder.send.
func (s *Service) Remind(ctx context.Context, id ident.InvoiceID) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.ReminderSend, id)
		if err != nil {
			return err
		}
		if err := tx.Lock(sweepLock(tx)); err != nil {
			return err
		}
		list, err := s.standings(tx, `i.payor_id = ?`, inv.PayorID)
		if err != nil {
			return err
		}
		return s.remindNow(tx, list, inv)
	})
}

func (s *Service) remindNow(tx *db.Tx, list []*standing, inv owed) error {
	var now, gated []asking
	for _, x := range list {
		step, ok := x.policy.Next(x.terms, x.days.today, x.behind)
		if x.ID == inv.ID {
			if x.terms.Due >= x.days.today {
				return ErrNotDue.With("invoice %s cannot be reminded of now: it is not overdue", inv.Number)
			}
			// The next stage, whose day may be to come; the first has none before it.
			if !ok || step.On > x.days.today && reachedFirm(x.behind) {
				return ErrReminded
			}
			if step.Stage == StageHandOver {
				return ErrNotDue.With("invoice %s is handed over to the firm's management next; nothing more is sent", inv.Number)
			}
			if why := x.suppressed(step.Stage); why != "" || x.written {
				return ErrNotDue.With("invoice %s cannot be reminded of now: %s", inv.Number, sayWhy(why))
			}
			step.On = x.days.today
		}
		if !ok || step.On > x.days.today || x.suppressed(step.Stage) != "" || step.Stage == StageHandOver {
			continue
		}
		a := asking{standing: x, stage: step.Stage}
		if x.policy.Rule(step.Stage).Gate != GateNone {
			gated = append(gated, a)
		} else {
			now = append(now, a)
		}
	}
	if len(gated) > 0 {
		if err := s.announce(tx, gated); err != nil {
			return err
		}
	}
	if len(now) > 0 && !list[0].written {
		return s.send(tx, now, list[0].days.today)
	}
	if len(gated) == 0 {
		return ErrNotDue.With("invoice %s cannot be reminded of now: nothing to speak of is open", inv.Number)
	}
	return nil
}

func reachedFirm(behind []Reached) bool {
	for _, r := range behind {
		if r.Stage.firm() && r.Status != StatusFailed {
			return true
		}
	}
	return false
}

// sayWhy is the reason in the words of a refusal.
func sayWhy(r Reason) string {
	if r == "" {
		r = ReasonWrittenToday
	}
	return r.Says()
}
