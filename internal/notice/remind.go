package notice

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

// Sweep queues the reminders that are due in every active firm and tells how many
// letters that makes. In a firm where it is not a business day, or before 9 and
// from 17 o'clock, nothing leaves. Run it every quarter of an hour.
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
	days, err := s.days(tx)
	if err != nil {
		return 0, err
	}
	if open, err := days.open(); err != nil || !open {
		return 0, err
	}
	// One sweep a firm at a time; another's letters are there when it is our turn.
	if mine, err := tx.TryLock("notice.sweep:" + string(tx.Scope.Firm)); err != nil || !mine {
		return 0, err
	}
	if _, err := s.Guard.Require(tx, rbac.ReminderSend); err != nil {
		return 0, err
	}
	list, err := remindable(tx, days.today, `i.due_on <= ?`, days.today.Add(-firstAfter))
	if err != nil {
		return 0, err
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].PayorID == list[0].PayorID {
			n++
		}
		if err := s.remind(tx, list[:n], days.today); err != nil {
			return letters, err
		}
		letters++
		list = list[n:]
	}
	return letters, nil
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

// remindable is what may be reminded of, by payor: sent, open and neither in dispute nor withheld for
// the tax office, above the smallest amount, its first stage not reached, the payor written to by mail, with a
// verified contact, not reminded of anything today, without money on account that may
// cover it, and without an e-bill that its receiver has not approved (LEGAL-BILLING 14).
func remindable(tx *db.Tx, today invoice.Day, cond string, args ...any) ([]owed, error) {
	list, err := owing(tx, `i.open_minor - `+invoice.WithheldOpen+` > i.disputed_minor AND i.status IN ('sent', 'part_paid') AND i.sent_at IS NOT NULL AND p.delivery <> 'portal' AND p.status = 'active'
		AND NOT EXISTS (SELECT FROM reminder r WHERE r.firm_id = i.firm_id AND r.invoice_id = i.id AND r.stage = 'first' AND r.status <> 'failed')
		AND NOT EXISTS (SELECT FROM reminder r WHERE r.firm_id = i.firm_id AND r.payor_id = i.payor_id AND r.for_on = ? AND r.status <> 'skipped')
		AND NOT EXISTS (SELECT FROM payment y WHERE y.firm_id = i.firm_id AND y.payor_id = i.payor_id AND y.unapplied_minor > 0)
		AND NOT EXISTS (SELECT FROM submission b WHERE b.firm_id = i.firm_id AND b.invoice_id = i.id AND b.status NOT IN ('approved', 'sent_to_ap', 'paid')
			AND NOT EXISTS (SELECT FROM submission z WHERE z.firm_id = b.firm_id AND z.follows = b.id))
		AND `+cond+` ORDER BY i.payor_id, i.due_on, i.number`, append([]any{today}, args...)...)
	if err != nil {
		return nil, err
	}
	kept := list[:0]
	for _, o := range list {
		if o.ContactID != "" && o.asked() >= smallest(o.Currency) {
			kept = append(kept, o)
		}
	}
	return kept, nil
}

// remind writes one letter for the invoices of one payor. The stages are kept in
// the transaction that queues it, before anything is sent.
func (s *Service) remind(tx *db.Tx, list []owed, today invoice.Day) error {
	m, err := s.reminderMail(tx, list, today)
	if err != nil {
		return err
	}
	id, err := s.Mail.Queue(tx, m.Message)
	if err != nil {
		return err
	}
	for _, inv := range list {
		r := newReminder(tx, inv, today)
		r.mail = id
		if err := insertReminder(tx, r); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "reminder.queued", Object: "invoice", ID: string(inv.ID), Matter: inv.MatterID, Class: audit.C2,
			Permission: string(rbac.ReminderSend), Detail: map[string]any{"stage": StageFirst, "contact": inv.ContactID, "mail": id, "wording": m.Words}})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) reminderMail(tx *db.Tx, list []owed, today invoice.Day) (written, error) {
	dues := make([]due, len(list))
	for i, inv := range list {
		dues[i] = inv.reminded()
	}
	// A letter a payor and day: the key holds it even if two sweeps should meet.
	key := fmt.Sprintf("reminder:%s:%s", list[0].PayorID, today)
	return s.write(tx, letter{Words: wording.ReminderFirst, To: list[0].ContactID, Kind: kindReminder, Key: key, Dues: dues, Facts: reminder(dues), LinkText: "See what is open"}, today)
}

// Remind sends the first stage for one overdue invoice before its day, with
// whatever else of the payor is due for it. It needs reminder.send.
func (s *Service) Remind(ctx context.Context, id ident.InvoiceID) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.ReminderSend, id)
		if err != nil {
			return err
		}
		reached, err := stageReached(tx, id, StageFirst)
		if err != nil {
			return err
		}
		if reached {
			return ErrReminded
		}
		days, err := s.days(tx)
		if err != nil {
			return err
		}
		list, err := remindable(tx, days.today, `i.payor_id = ? AND (i.id = ? AND i.due_on < ? OR i.due_on <= ?)`, inv.PayorID, id, days.today, days.today.Add(-firstAfter))
		if err != nil {
			return err
		}
		if !holds(list, id) {
			return ErrNotDue.With("invoice %s cannot be reminded of now: %s", inv.Number, why(inv, days.today))
		}
		return s.remind(tx, list, days.today)
	})
}

func holds(list []owed, id ident.InvoiceID) bool {
	for _, o := range list {
		if o.ID == id {
			return true
		}
	}
	return false
}

// why names the first thing in the way.
func why(o owed, today invoice.Day) string {
	switch {
	case o.OpenMinor < smallest(o.Currency):
		return "nothing to speak of is open"
	case o.payable() < smallest(o.Currency):
		return "what is open of it waits for the payor's certificate of tax withheld"
	case o.asked() < smallest(o.Currency):
		return "what is open of it is in dispute"
	case o.SentAt == nil:
		return "it has not been sent"
	case o.DueOn >= today:
		return "it is not overdue"
	case o.Delivery == "portal":
		return "its payor is not written to by mail"
	case o.ContactID == "":
		return "its payor has no verified contact"
	default:
		return "its payor was written to today, or has money on account that may cover it"
	}
}
