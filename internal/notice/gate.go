package notice

import (
	"context"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Message is one message with its exact text, amounts and invoices, as it goes or went. It
// needs reminder.read and sight of all its invoices' amounts; ErrNotFound otherwise.
func (s *Service) Message(ctx context.Context, id ident.LetterToPayor) (l ToPayor, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, rbac.ReminderRead)
		if err != nil {
			return err
		}
		l, err = letterFor(tx, access, id)
		return err
	})
	return l, err
}

func letterFor(tx *db.Tx, access *authz.Access, id ident.LetterToPayor) (ToPayor, error) {
	list, err := letters(tx, access, `l.id = ?`, id)
	if err != nil {
		return ToPayor{}, err
	}
	if len(list) == 0 {
		return ToPayor{}, ErrNotFound
	}
	return list[0], nil
}

// deciding runs do with a message that the actor may decide on and that stands as it was written.
func (s *Service) deciding(ctx context.Context, p rbac.Permission, id ident.LetterToPayor, do func(tx *db.Tx, l *ToPayor, h *heap) error) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, p)
		if err != nil {
			return err
		}
		if err := tx.Lock(sweepLock(tx)); err != nil {
			return err
		}
		l, err := letterFor(tx, access, id)
		if err != nil {
			return err
		}
		list, err := s.standings(tx, `i.payor_id = ?`, l.Payor)
		if err != nil {
			return err
		}
		return do(tx, &l, heapOf(list))
	})
}

// Approve lets a message that waits for it go: by mail on its day, by post at once. hash is that
// of the message the person looked at. ErrChanged when it says something else, or something
// about its invoices has changed since it was written; ErrDecided when it does not wait any
// more. It needs reminder.decide.
func (s *Service) Approve(ctx context.Context, id ident.LetterToPayor, hash string) error {
	return s.deciding(ctx, rbac.ReminderDecide, id, func(tx *db.Tx, l *ToPayor, h *heap) error {
		switch {
		case l.State != LetterWaiting:
			return ErrDecided
		case l.Hash != hash || !h.stands(l):
			return ErrChanged
		}
		err := tx.Exec(`UPDATE reminder_letter SET state = 'approved', decided_by = ?, decided_at = ? WHERE firm_id = ? AND id = ? AND state = 'waiting'`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, l.ID).Error
		if err != nil {
			return fmt.Errorf("approve message %s: %w", l.ID, err)
		}
		return audit.Record(tx, audit.Entry{Action: "reminder.approved", Object: "reminder_letter", ID: string(l.ID), Matter: l.Lines[0].Matter, Class: audit.C2, Permission: string(rbac.ReminderDecide),
			After: audit.Digest(l.Hash), Detail: map[string]any{"stage": l.Stage, "invoices": len(l.Lines)}})
	})
}

// Veto keeps one invoice out of a message until a day, with a reason. What is left of the
// message stands for the day it had: it was seen. It needs reminder.decide.
func (s *Service) Veto(ctx context.Context, id ident.LetterToPayor, inv ident.InvoiceID, reason string, until invoice.Day) error {
	reason = strings.TrimSpace(reason)
	return s.deciding(ctx, rbac.ReminderDecide, id, func(tx *db.Tx, l *ToPayor, h *heap) error {
		x := h.byID[inv]
		var fs fault.Fields
		reasonTyped(&fs, reason)
		if until == "" {
			fs.Add("until", "day_missing", "enter the last day on which it is not reminded of")
		} else if x != nil {
			untilTyped(&fs, "until", until, x.days.today)
		}
		if err := fs.Err(ErrReason); err != nil {
			return err
		}
		if !l.State.Pending() {
			return ErrDecided
		}
		if x == nil || !l.holds(inv) {
			return ErrNotFound
		}
		if err := insertHold(tx, ident.New[ident.ReminderHold](tx.Now), NewHold{Kind: HoldVeto, Invoice: inv, Reason: reason, Until: until}); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "reminder.vetoed", Object: "invoice", ID: string(inv), Matter: x.MatterID, Class: audit.C2, Permission: string(rbac.ReminderDecide),
			After: reason, Detail: map[string]any{"stage": l.Stage, "letter": l.ID, "until": until}})
		if err != nil {
			return err
		}
		x.holds = append(x.holds, HoldVeto)
		if err := overtake(tx, l, LetterVetoed, "vetoed"); err != nil {
			return err
		}
		return s.rest(tx, l, h, inv)
	})
}

func (l *ToPayor) holds(id ident.InvoiceID) bool {
	for _, x := range l.Lines {
		if x.Invoice == id {
			return true
		}
	}
	return false
}

// rest announces again what a veto, or a stage that is skipped, leaves of a message, for the same day.
func (s *Service) rest(tx *db.Tx, l *ToPayor, h *heap, without ident.InvoiceID) error {
	var left []asking
	for _, line := range l.Lines {
		if x := h.byID[line.Invoice]; x != nil && line.Invoice != without && x.suppressed(line.Stage) == "" {
			left = append(left, asking{standing: x, stage: line.Stage})
		}
	}
	if len(left) == 0 {
		return nil
	}
	return s.announceFor(tx, left, l.On)
}

// Posted notes that a person has posted a message. What was posted has gone, also where something
// changed meanwhile: its stages do not come again. It needs reminder.send.
func (s *Service) Posted(ctx context.Context, id ident.LetterToPayor) error {
	return s.deciding(ctx, rbac.ReminderSend, id, func(tx *db.Tx, l *ToPayor, _ *heap) error {
		if l.State != LetterToPost {
			return ErrDecided
		}
		if err := move(tx, l, LetterSent, StatusSent, ""); err != nil {
			return err
		}
		if err := worklist.Finish(tx, subjectLetter, string(l.ID)); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "reminder.posted", Object: "reminder_letter", ID: string(l.ID), Matter: l.Lines[0].Matter, Class: audit.C2, Permission: string(rbac.ReminderSend),
			After: audit.Digest(l.Hash), Detail: map[string]any{"stage": l.Stage, "invoices": len(l.Lines)}})
		if err != nil {
			return err
		}
		return s.calls(tx, l)
	})
}

// Arrived notes that a message whose fate was uncertain reached its payor, as a person found out:
// its stages have gone. It needs reminder.send.
func (s *Service) Arrived(ctx context.Context, id ident.LetterToPayor) error {
	return s.foundOut(ctx, id, "reminder.arrived", LetterSent, StatusSent)
}

// Lost notes that such a message did not reach its payor: its stages come again. It needs
// reminder.send.
func (s *Service) Lost(ctx context.Context, id ident.LetterToPayor) error {
	return s.foundOut(ctx, id, "reminder.lost", LetterFailed, StatusFailed)
}

// foundOut ends what only a person can end: nothing is sent again by itself that may have
// arrived (F09). What the mail server was told stays as it is with the mail.
func (s *Service) foundOut(ctx context.Context, id ident.LetterToPayor, act string, to LetterState, status Status) error {
	return s.deciding(ctx, rbac.ReminderSend, id, func(tx *db.Tx, l *ToPayor, _ *heap) error {
		if l.State != LetterUncertain {
			return ErrDecided
		}
		if err := move(tx, l, to, status, ""); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: act, Object: "reminder_letter", ID: string(l.ID), Matter: l.Lines[0].Matter, Class: audit.C2, Permission: string(rbac.ReminderSend),
			After: audit.Digest(l.Hash), Detail: map[string]any{"stage": l.Stage, "invoices": len(l.Lines)}})
		if err != nil || to != LetterSent {
			return err
		}
		return s.calls(tx, l)
	})
}

// callAfter opens the calls that follow a message once its mail has gone.
func (s *Service) callAfter(tx *db.Tx, m mail.Ended) error {
	list, err := letters(tx, nil, `l.mail_id = ?`, m.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	return s.calls(tx, &list[0])
}

// calls opens one call for a message: about the invoice of its highest stage, the oldest first.
func (s *Service) calls(tx *db.Tx, l *ToPayor) error {
	if !l.Call {
		return nil
	}
	kind := TaskCall
	if l.Sender == SenderPartner {
		kind = TaskPartnerCall
	}
	for _, x := range l.Lines {
		if x.Stage == l.Stage {
			return openTask(tx, x.Invoice, l.Stage, kind)
		}
	}
	return nil
}
