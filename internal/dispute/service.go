package dispute

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Subject is what work items about a dispute are about; stored. So is the type of the work.
const (
	Subject = "dispute"
	work    = "dispute"
)

// Service opens, answers and ends disputes.
type Service struct {
	db       *db.DB
	guard    *authz.Guard
	invoices *invoice.Service
	payments *receivable.Service
}

// New needs all four: invoices issues the credit note of a dispute that is upheld, payments
// settles what a dispute held up.
func New(d *db.DB, guard *authz.Guard, invoices *invoice.Service, payments *receivable.Service) *Service {
	if d == nil || guard == nil || invoices == nil || payments == nil {
		panic("dispute: a part of the service is missing")
	}
	return &Service{d, guard, invoices, payments}
}

// Open opens a dispute over what is open of an invoice and not in dispute already, and the work
// of answering it. It needs dispute.open and sight of the invoice's text. ErrNothing where
// nothing is left to dispute, ErrWhole where the whole is disputed.
func (s *Service) Open(ctx context.Context, id ident.InvoiceID, o Opening) (v View, err error) {
	o.Words, o.RaisedBy, o.Code = strings.TrimSpace(o.Words), strings.TrimSpace(o.RaisedBy), strings.TrimSpace(o.Code)
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.DisputeOpen)
		if err != nil {
			return err
		}
		seen, err := invoice.Within(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, seen.Matter, authz.C3); err != nil {
			return err
		}
		inv, err := invoice.Lock(tx, id)
		if err != nil {
			return err
		}
		day, err := invoice.Today(tx)
		if err != nil {
			return err
		}
		if o.RaisedOn == "" {
			o.RaisedOn = day
		}
		if err := o.validate(inv.IssuedOn, day); err != nil {
			return err
		}
		d, err := s.open(tx, &inv, o)
		if err != nil {
			return err
		}
		if _, err := worklist.Open(tx, worklist.New{Type: work, Matter: inv.Matter, SubjectKind: Subject, SubjectID: string(d.ID)}); err != nil {
			return err
		}
		if err := record(tx, "dispute.opened", d, rbac.DisputeOpen, nil, map[string]any{"scope": d.Scope, "code": d.Code}); err != nil {
			return err
		}
		v, err = s.view(tx, a, d.ID)
		return err
	})
	return v, err
}

// open decides on a locked invoice what is disputed, and keeps it.
func (s *Service) open(tx *db.Tx, inv *invoice.Invoice, o Opening) (*Dispute, error) {
	live, err := liveOf(tx, inv.ID)
	if err != nil {
		return nil, err
	}
	d := &Dispute{ID: ident.New[ident.DisputeID](tx.Now), Invoice: inv.ID, Matter: inv.Matter, Currency: inv.Currency, Scope: o.scope(), Code: o.Code, Words: o.Words,
		RaisedBy: o.RaisedBy, RaisedOn: o.RaisedOn, AnswerBy: o.AnswerBy, Status: Open, Version: 1}
	most := inv.UndisputedMinor()
	switch {
	case len(live) > 0 && (d.Scope == Whole || live[0].Scope == Whole):
		return nil, ErrWhole
	case most <= 0:
		return nil, ErrNothing
	}
	var lines []Line
	switch d.Scope {
	case Whole:
		d.ClaimedMinor = most
	case Amount:
		d.ClaimedMinor = o.AmountMinor
	case Lines:
		left, err := invoice.Left(tx, *inv)
		if err != nil {
			return nil, err
		}
		taken, err := disputedLines(tx, inv.ID)
		if err != nil {
			return nil, err
		}
		if lines, err = o.lines(left, taken, inv.Currency); err != nil {
			return nil, err
		}
		for _, l := range lines {
			d.ClaimedMinor += l.GrossMinor
		}
	}
	if d.ClaimedMinor > most {
		field := "amount"
		if d.Scope == Lines {
			field = invoice.CreditLineField(lines[len(lines)-1].No)
		}
		return nil, ErrInput.On(fault.Field{Path: field, Code: "dispute_too_much", Message: "with tax this is more than is open of the invoice and not in dispute already",
			Fix: "Dispute at most " + money.Amount{Minor: most, Currency: inv.Currency}.Text() + " in all; what is paid is not open, take a payment back where it was not meant for this"})
	}
	d.DisputedMinor = d.ClaimedMinor
	if err := insert(tx, d, lines); err != nil {
		return nil, err
	}
	return d, move(tx, inv, d, d.ClaimedMinor)
}

// writing runs do on a live dispute for who may, with its invoice and itself locked.
func (s *Service) writing(ctx context.Context, perm rbac.Permission, id ident.DisputeID, version int, do func(tx *db.Tx, a *authz.Access, inv *invoice.Invoice, d *Dispute) error) (v View, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, perm)
		if err != nil {
			return err
		}
		d, err := known(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, d.Matter, authz.C3); err != nil {
			return err
		}
		// As a credit note has it, which may follow: the matter's held fees, then the invoice, which
		// every change of a dispute waits for.
		if err := prebill.LockHeld(tx, d.Matter); err != nil {
			return err
		}
		inv, err := invoice.Lock(tx, d.Invoice)
		if err != nil {
			return err
		}
		if d, err = known(tx, a, id); err != nil {
			return err
		}
		switch {
		case !d.Status.Live():
			return ErrEnded
		case d.Version != version:
			return ErrStale
		}
		if err := do(tx, a, &inv, &d); err != nil {
			return err
		}
		v, err = s.view(tx, a, id)
		return err
	})
	if db.Violates(err, "disputes_add_up") { // told at commit: a credit would take from lines that another dispute holds
		return View{}, invoice.ErrDisputed.With("another dispute of this invoice holds lines that the credit would be taken from; settle that one first, or take back less")
	}
	return v, err
}

// Answer keeps the firm's answer to the client. ErrAnswered for a second one: it is a note.
func (s *Service) Answer(ctx context.Context, id ident.DisputeID, version int, words string) (View, error) {
	words = strings.TrimSpace(words)
	return s.writing(ctx, rbac.DisputeOpen, id, version, func(tx *db.Tx, _ *authz.Access, _ *invoice.Invoice, d *Dispute) error {
		if err := told(words); err != nil {
			return err
		}
		if d.Status == Answered {
			return ErrAnswered
		}
		d.Status, d.Answer, d.AnsweredAt = Answered, words, &tx.Now
		if err := save(tx, d, true, false); err != nil {
			return err
		}
		return record(tx, "dispute.answered", d, rbac.DisputeOpen, nil, map[string]any{})
	})
}

// Say keeps what was said on the way. The same note sent again is ErrStale: each moves the version.
func (s *Service) Say(ctx context.Context, id ident.DisputeID, version int, side Side, words string) (View, error) {
	words = strings.TrimSpace(words)
	return s.writing(ctx, rbac.DisputeOpen, id, version, func(tx *db.Tx, _ *authz.Access, _ *invoice.Invoice, d *Dispute) error {
		if side != Client && side != Firm {
			return ErrInput.On(fault.Field{Path: "side", Code: "side_unknown", Message: "say whose word it is: client or firm"})
		}
		if err := told(words); err != nil {
			return err
		}
		if err := insertNote(tx, id, Note{ID: ident.New[ident.DisputeNoteID](tx.Now), Side: side, Words: words}); err != nil {
			return err
		}
		if err := save(tx, d, false, false); err != nil {
			return err
		}
		return record(tx, "dispute.noted", d, rbac.DisputeOpen, nil, map[string]any{"side": side})
	})
}

func told(words string) error {
	var fs fault.Fields
	text(&fs, "words", words, 3)
	return fs.Err(ErrInput)
}

// Withdraw ends a dispute that the client takes back: what was disputed stays due.
func (s *Service) Withdraw(ctx context.Context, id ident.DisputeID, version int, words string) (View, error) {
	words = strings.TrimSpace(words)
	return s.writing(ctx, rbac.DisputeOpen, id, version, func(tx *db.Tx, _ *authz.Access, inv *invoice.Invoice, d *Dispute) error {
		if err := told(words); err != nil {
			return err
		}
		before := d.DisputedMinor
		d.Status, d.Closing = Withdrawn, words
		if err := s.end(tx, inv, d); err != nil {
			return err
		}
		if err := save(tx, d, false, true); err != nil {
			return err
		}
		if err := s.payments.Settle(tx, inv); err != nil {
			return err
		}
		return record(tx, "dispute.withdrawn", d, rbac.DisputeOpen, before, map[string]any{})
	})
}

// Resolve decides a dispute. What the firm takes back is credited by a note, which credit_note.issue
// is needed for beside dispute.resolve; the rest stays due. The database and Credit hold that the
// note is a part of what was disputed.
func (s *Service) Resolve(ctx context.Context, id ident.DisputeID, version int, r Resolution) (View, error) {
	r.Words, r.Reason = strings.TrimSpace(r.Words), strings.TrimSpace(r.Reason)
	return s.writing(ctx, rbac.DisputeResolve, id, version, func(tx *db.Tx, _ *authz.Access, inv *invoice.Invoice, d *Dispute) error {
		lines, err := linesOf(tx, id)
		if err != nil {
			return err
		}
		n, outcome, err := r.agreed(d, lines)
		if err != nil {
			return err
		}
		before := d.DisputedMinor
		d.Status, d.Outcome, d.Closing = Resolved, outcome, r.Words
		if err := s.end(tx, inv, d); err != nil {
			return err
		}
		if d.AgreedMinor = n.AmountMinor; outcome != Rejected {
			for _, l := range n.Lines { // with their tax once the note is there
				d.AgreedMinor += l.Minor
			}
		}
		if err := save(tx, d, false, true); err != nil {
			return err
		}
		if err := s.takeBack(tx, inv, d, n); err != nil {
			return err
		}
		return record(tx, "dispute.resolved", d, rbac.DisputeResolve, before, map[string]any{"outcome": outcome, "credit_note": d.CreditNote})
	})
}

// takeBack issues the credit note of a dispute that has ended so, or settles what it held up.
func (s *Service) takeBack(tx *db.Tx, inv *invoice.Invoice, d *Dispute, n invoice.NewCredit) error {
	if d.Outcome == Rejected {
		return s.payments.Settle(tx, inv)
	}
	a, err := s.guard.Require(tx, rbac.CreditNoteIssue)
	if err != nil {
		return err
	}
	note, err := s.invoices.CreditTx(tx, a, inv.ID, n)
	if err != nil {
		return err
	}
	d.CreditNote, d.AgreedMinor = note.ID, note.TotalMinor
	return saveCredit(tx, d)
}

// end takes what is in dispute out of it, and ends the work.
func (s *Service) end(tx *db.Tx, inv *invoice.Invoice, d *Dispute) error {
	if err := move(tx, inv, d, -d.DisputedMinor); err != nil {
		return err
	}
	d.DisputedMinor, d.ClosedAt = 0, &tx.Now
	if err := endLines(tx, d.ID); err != nil {
		return err
	}
	return worklist.Finish(tx, Subject, string(d.ID))
}

// Credited ends the disputes of an invoice that is being credited in full, and locked: nothing of
// it is owed any more.
func (s *Service) Credited(tx *db.Tx, id ident.InvoiceID) error {
	inv, err := invoice.Lock(tx, id)
	if err != nil {
		return err
	}
	live, err := liveOf(tx, id)
	if err != nil {
		return err
	}
	for i := range live {
		d := &live[i]
		before := d.DisputedMinor
		d.Status, d.Outcome, d.AgreedMinor, d.Closing = Resolved, Upheld, d.ClaimedMinor, "The invoice was credited in full."
		if err := s.end(tx, &inv, d); err != nil {
			return err
		}
		if err := save(tx, d, false, true); err != nil {
			return err
		}
		if err := record(tx, "dispute.resolved", d, rbac.CreditNoteIssue, before, map[string]any{"outcome": d.Outcome}); err != nil {
			return err
		}
	}
	return nil
}

func record(tx *db.Tx, action string, d *Dispute, perm rbac.Permission, before any, detail map[string]any) error {
	detail["invoice"] = d.Invoice
	after := struct {
		Status                     Status
		Outcome                    Outcome
		DisputedMinor, AgreedMinor int64
	}{d.Status, d.Outcome, d.DisputedMinor, d.AgreedMinor}
	return audit.Record(tx, audit.Entry{Action: action, Object: "dispute", ID: string(d.ID), Matter: d.Matter, Class: audit.C2, Permission: string(perm), Before: before, After: after, Detail: detail})
}
