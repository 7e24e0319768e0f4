package notice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/rbac"
)

// Documents opens an invoice's text and files for who has been let in.
type Documents interface {
	OpenFile(tx *db.Tx, id ident.InvoiceID, format invoice.Format) (invoice.Content, error)
	OpenDocument(tx *db.Tx, id ident.InvoiceID) (*invoice.Document, error)
	OpenCredit(tx *db.Tx, id ident.CreditNoteID, format invoice.Format) (invoice.Content, error)
}

// Parts is what the service is made of. Calendar gives the business calendar of the
// transaction's firm; where it has none, or Calendar is nil, Monday to Friday count.
type Parts struct {
	DB       *db.DB
	Guard    *authz.Guard
	Mail     *mail.Service
	Invoices Documents
	Links    Links
	Calendar func(tx *db.Tx) (c *calendar.Calendar, ok bool, err error)
}

// Service writes to payors and opens their door.
type Service struct{ Parts }

// New makes the service and has it hear what becomes of its mails.
func New(p Parts) *Service {
	if p.DB == nil || p.Guard == nil || p.Mail == nil || p.Invoices == nil || p.Links.base == "" {
		panic("notice: a part of the service is missing")
	}
	s := &Service{p}
	p.Mail.Watch(s)
	return s
}

// OfInvoice is what went to the payor about an invoice and what is planned. It
// needs reminder.read on the invoice's matter.
func (s *Service) OfInvoice(ctx context.Context, id ident.InvoiceID) (c Correspondence, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.ReminderRead, id)
		if err != nil {
			return err
		}
		if c.Deliveries, err = deliveries(tx, id); err != nil {
			return err
		}
		if c.Reminders, err = reminders(tx, id); err != nil {
			return err
		}
		if c.Promises, err = promises(tx, `q.invoice_id = ?`, id); err != nil {
			return err
		}
		if c.Holds, err = s.holdsOver(tx, inv); err != nil {
			return err
		}
		c.Planned, c.Kept, err = s.planned(tx, inv)
		return err
	})
	return c, err
}

// holdsOver are those that keep reminders of an invoice back: its own, its matter's, its client's.
func (s *Service) holdsOver(tx *db.Tx, inv owed) ([]Hold, error) {
	access, err := s.Guard.Require(tx, rbac.ReminderRead)
	if err != nil {
		return nil, err
	}
	return holds(tx, access, `(h.invoice_id = ? OR h.matter_id = ? OR h.client_id = ?) AND (h.until_on IS NULL OR h.until_on >= (?::timestamptz - interval '1 day')::date)`, inv.ID, inv.MatterID, inv.ClientID, tx.Now)
}

// planned is the stage that comes next, and what is in its way.
func (s *Service) planned(tx *db.Tx, inv owed) ([]Planned, Reason, error) {
	list, err := s.standings(tx, `i.id = ?`, inv.ID)
	if err != nil || len(list) == 0 {
		return nil, "", err
	}
	x := list[0]
	if x.terms.Sent == "" { // it is planned as if it went today
		x.terms.Sent = x.days.today
	}
	step, ok := x.policy.Next(x.terms, x.days.today, x.behind)
	if !ok || x.amounts() == ReasonSmall {
		return nil, "", nil
	}
	if step, err = x.timed(step); err != nil {
		return nil, "", err
	}
	step.On = max(step.On, x.days.today)
	if step, err = x.timed(step); err != nil {
		return nil, "", err
	}
	return []Planned{{step.Stage, step.On}}, x.suppressed(step.Stage), nil
}

// visible loads an invoice that the actor may act on with p; ErrNotFound otherwise.
func (s *Service) visible(tx *db.Tx, p rbac.Permission, id ident.InvoiceID) (owed, error) {
	access, err := s.Guard.Require(tx, p)
	if err != nil {
		return owed{}, err
	}
	cond, args := access.MattersSeeing("m", authz.C2)
	list, err := owing(tx, `i.id = ? AND `+cond, append([]any{id}, args...)...)
	if err != nil {
		return owed{}, err
	}
	if len(list) == 0 {
		return owed{}, ErrNotFound
	}
	return list[0], nil
}

// Skip leaves out the stage that comes next or that waits, with a reason that the firm reads.
// It needs reminder.send. ErrReminded when the stage has gone or was skipped; ErrNotDue for one
// that others come before: what is left out ends those before it, and none is left out unsaid.
func (s *Service) Skip(ctx context.Context, id ident.InvoiceID, stage Stage, reason string) error {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 3 || n > 300 {
		return ErrReason.On(fault.Field{Path: "reason", Code: "text_length", Message: "say why in 3 to 300 characters"})
	}
	if stage.Place() < 0 || stage == StageStatement {
		return ErrStage
	}
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.ReminderSend, id)
		if err != nil {
			return err
		}
		if inv.OpenMinor <= 0 {
			return ErrNotDue
		}
		if err := tx.Lock(sweepLock(tx)); err != nil {
			return err
		}
		days, err := s.days(tx)
		if err != nil {
			return err
		}
		list, err := s.standings(tx, `i.payor_id = ?`, inv.PayorID)
		if err != nil {
			return err
		}
		h := heapOf(list)
		if err := h.mayLeaveOut(inv, stage); err != nil {
			return err
		}
		l, err := s.unannounce(tx, id, stage)
		if err != nil {
			return err
		}
		if err := insertReminder(tx, reminderRow{invoice: inv, stage: stage, status: StatusSkipped, forOn: days.today, reason: reason}); err != nil {
			return err
		}
		if l != nil {
			if err := s.rest(tx, l, h, id); err != nil {
				return err
			}
		}
		return audit.Record(tx, audit.Entry{Action: "reminder.skipped", Object: "invoice", ID: string(id), Matter: inv.MatterID, Class: audit.C2,
			Permission: string(rbac.ReminderSend), After: reason, Detail: map[string]string{"stage": string(stage)}})
	})
}

// mayLeaveOut refuses a stage that does not come next and does not wait.
func (h *heap) mayLeaveOut(inv owed, stage Stage) error {
	x := h.byID[inv.ID]
	if x == nil {
		return ErrNotDue
	}
	for _, r := range x.behind {
		if r.Stage == stage && r.Status == StatusWaiting {
			return nil
		}
		if r.Stage == stage {
			return ErrReminded
		}
	}
	t := x.terms
	if t.Sent == "" { // it is planned as if it went today
		t.Sent = x.days.today
	}
	next, ok := x.policy.Next(t, x.days.today, x.behind)
	switch {
	case ok && next.Stage == stage:
		return nil
	case !ok:
		return ErrNotDue.With("%s of invoice %s does not come next, so it cannot be left out now", stage.Says(), inv.Number)
	default:
		return ErrNotDue.With("%s of invoice %s comes first; leave that one out before %s", next.Stage.Says(), inv.Number, strings.ToLower(stage.Says()))
	}
}

// unannounce ends the message that waits with that stage of the invoice, nil where none does.
func (s *Service) unannounce(tx *db.Tx, id ident.InvoiceID, stage Stage) (*ToPayor, error) {
	list, err := letters(tx, nil, `l.state IN ('announced', 'waiting', 'approved') AND EXISTS (SELECT FROM reminder r WHERE r.firm_id = l.firm_id AND r.letter_id = l.id AND r.status = 'waiting' AND r.invoice_id = ? AND r.stage = ?)`, id, stage)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], overtake(tx, &list[0], LetterOvertaken, mail.ReasonNotWanted)
}

// clientName is the client's.
func clientName(tx *db.Tx, id ident.ClientID) (name string, err error) {
	err = tx.Raw(`SELECT name FROM client WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&name)
	if err != nil {
		return "", fmt.Errorf("read client %s: %w", id, err)
	}
	return name, nil
}

// firmName is who writes.
func firmName(tx *db.Tx) (name string, err error) {
	err = tx.Raw(`SELECT name FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read firm %s: %w", tx.Scope.Firm, err)
	}
	return name, nil
}

// contactName is who is written to.
func contactName(tx *db.Tx, id ident.ContactID) (name string, err error) {
	err = tx.Raw(`SELECT name FROM payor_contact WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&name)
	if err != nil {
		return "", fmt.Errorf("read contact %s: %w", id, err)
	}
	return name, nil
}
