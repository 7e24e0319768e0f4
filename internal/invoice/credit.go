package invoice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// NewCredit takes an invoice back in full.
type NewCredit struct {
	Reason string // printed on the credit note
	Rebill bool   // the entries go back to work in progress, to be billed anew; of a split bill all invoices that stand are credited with it
}

// Validate names every field that needs correcting.
func (n NewCredit) Validate() error {
	var fs fault.Fields
	if l := utf8.RuneCountInString(strings.TrimSpace(n.Reason)); l < 3 || l > 300 {
		fs.Add("reason", "text_length", "say why in 3 to 300 characters; the client reads it")
	}
	return fs.Err(ErrInput)
}

// Credit issues a credit note over the whole invoice, in a series of its own. What
// was paid on it becomes unapplied money of its payor. What was decided about fees that
// it holds back is taken back; prebill.ErrHeldBilled when they were released and are billed. A
// second credit is ErrCredited, also when two people press at once (I07).
//
// Of a bill that is split one payor's invoice is credited by itself, and the others stay: the
// bill counts as billed while one of them stands. Its work is one, and goes back in whole or
// not at all: to bill it again credits all its invoices that stand, each by a note of its own
// to its payor, in one transaction.
func (s *Service) Credit(ctx context.Context, id ident.InvoiceID, n NewCredit) (note CreditNote, err error) {
	n.Reason = strings.TrimSpace(n.Reason)
	if err := n.Validate(); err != nil {
		return note, err
	}
	if err := s.paper.printable("the reason", n.Reason); err != nil {
		return note, onField("reason", err)
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.CreditNoteIssue)
		if err != nil {
			return err
		}
		inv, others, err := s.creditable(tx, access, id)
		if err != nil {
			return err
		}
		if note, err = s.credit(tx, inv, n); err != nil || !n.Rebill {
			return err
		}
		for _, other := range others {
			if _, err := s.credit(tx, other, n); err != nil {
				return err
			}
		}
		return freeEntries(tx, inv)
	})
	return note, err
}

// onField puts a refusal of a text at the field that holds it.
func onField(path string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	return ErrInput.On(fault.Field{Path: path, Code: f.Code, Message: f.Message})
}

// creditable locks an invoice that may be credited. others are those of the same bill that
// stand, by number. Credits of a matter wait for each other.
func (s *Service) creditable(tx *db.Tx, access *authz.Access, id ident.InvoiceID) (inv Invoice, others []Invoice, err error) {
	seen, err := find(tx, access, id)
	if err != nil {
		return inv, nil, err
	}
	if err := prebill.LockHeld(tx, seen.Matter); err != nil {
		return inv, nil, err
	}
	if inv, err = Lock(tx, id); err != nil {
		return inv, nil, err
	}
	switch {
	case inv.Status == StatusCredited:
		return inv, nil, ErrCredited
	case inv.TotalMinor == 0:
		return inv, nil, ErrNothingToPay
	}
	others, err = standing(tx, inv)
	return inv, others, err
}

// standing are the other invoices of a bill that may be credited.
func standing(tx *db.Tx, of Invoice) (list []Invoice, err error) {
	err = tx.Raw(`SELECT `+columnsOfInvoice+tablesOfInvoice+`WHERE i.firm_id = ? AND i.prebill_id = ? AND i.id <> ? AND i.status <> 'credited' AND i.total_minor > 0 ORDER BY i.n FOR NO KEY UPDATE OF i`,
		tx.Scope.Firm, of.Prebill, of.ID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("lock invoices of pre-bill %s: %w", of.Prebill, err)
	}
	return list, nil
}

// freed is a locked invoice on which nothing hangs any more: what was paid of it, and what
// others wait for, also of one that nobody has paid.
func (s *Service) freed(tx *db.Tx, inv Invoice) (Invoice, error) {
	if err := s.release(tx, inv.ID); err != nil {
		return inv, err
	}
	return Lock(tx, inv.ID)
}

func (s *Service) credit(tx *db.Tx, inv Invoice, n NewCredit) (CreditNote, error) {
	f, err := firm.Get(tx)
	if err != nil {
		return CreditNote{}, err
	}
	if inv, err = s.freed(tx, inv); err != nil {
		return CreditNote{}, err
	}
	original, err := stored(tx, inv.ID)
	if err != nil {
		return CreditNote{}, err
	}
	on := today(tx, f)
	note := CreditNote{ID: ident.New[ident.CreditNoteID](tx.Now), Invoice: inv.ID, IssuedOn: on, Currency: inv.Currency, TotalMinor: inv.TotalMinor,
		Reason: n.Reason, Rebill: n.Rebill, IssuedAt: tx.Now}
	var place int64
	if note.Number, place, err = firm.TakeNumber(tx, firm.SeriesCreditNote, on.Time()); err != nil {
		return CreditNote{}, err
	}
	doc := original.creditedBy(note)
	files, err := s.files(doc)
	if err != nil {
		return CreditNote{}, err
	}
	if err := insertCredit(tx, note, doc, place); err != nil {
		return CreditNote{}, err
	}
	note.EBill = doc.EBill()
	if err := s.keep(tx, files, "", string(note.ID)); err != nil {
		return CreditNote{}, err
	}
	inv.CreditedMinor = inv.TotalMinor
	if err := SaveMoney(tx, &inv); err != nil {
		return CreditNote{}, err
	}
	if err := prebill.TakeBackHeld(tx, prebill.HeldCredit{Invoice: inv.ID, Number: inv.Number, Matter: inv.Matter, Currency: inv.Currency}); err != nil {
		return CreditNote{}, err
	}
	if err := Post(tx, creditJournal(inv, doc, note, on)); err != nil {
		return CreditNote{}, err
	}
	_, err = outbox.Add(tx, CreditDeliveryWanted{note.ID}, outbox.Key(string(note.ID)), outbox.Queue("mail"), outbox.ForMachine())
	if err != nil {
		return CreditNote{}, fmt.Errorf("ask for delivery of credit note %s: %w", note.Number, err)
	}
	return note, audit.Record(tx, audit.Entry{
		Action: "invoice.credited", Object: "invoice", ID: string(inv.ID), Matter: inv.Matter, Class: audit.C2, Permission: string(rbac.CreditNoteIssue),
		Before: inv.Status, After: note, Detail: map[string]any{"credit_note": note.Number, "rebill": n.Rebill},
	})
}

// creditedBy is the credit note over the whole of d.
func (d *Document) creditedBy(note CreditNote) *Document {
	c := *d
	c.Kind, c.ID, c.Number, c.Series = KindCreditNote, ident.InvoiceID(note.ID), note.Number, string(firm.SeriesCreditNote)
	c.IssuedOn, c.DueOn, c.Text, c.Because = note.IssuedOn, note.IssuedOn, "", note.Reason
	c.Prompt = nil
	c.waive()
	c.Corrects = &Reference{ID: d.ID, Number: d.Number, IssuedOn: d.IssuedOn, TotalMinor: d.Totals.TotalMinor}
	return &c
}

// creditJournal turns the invoice's journal round.
func creditJournal(inv Invoice, d *Document, note CreditNote, on Day) Journal {
	return Journal{
		Event: EventCreditNote, On: on, Currency: inv.Currency, Client: inv.Client, Payor: inv.Payor, Invoice: inv.ID, CreditNote: note.ID,
		Amounts: []Posting{{AccountReceivable, -d.Totals.TotalMinor}, {AccountFees, d.Totals.FeesMinor},
			{AccountExpenses, d.Totals.ExpensesMinor}, {AccountTax, d.Totals.TaxMinor}},
	}
}

func insertCredit(tx *db.Tx, n CreditNote, d *Document, place int64) error {
	b, err := d.Canonical()
	if err != nil {
		return err
	}
	hash, err := d.Hash()
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO credit_note (firm_id, id, invoice_id, series, n, number, issued_on, currency, net_minor, tax_minor, total_minor, reason, rebill,
			content_hash, document, issued_by, issued_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::uuid, ?)`,
		tx.Scope.Firm, n.ID, n.Invoice, d.Series, place, n.Number, n.IssuedOn, n.Currency, d.Totals.NetMinor, d.Totals.TaxMinor, d.Totals.TotalMinor,
		n.Reason, n.Rebill, hash, string(b), orNull(tx.Scope.Actor), tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert credit note %s: %w", n.Number, err)
	}
	return nil
}

// freeEntries gives the entries of a credited invoice back to work in progress, and
// ends the claim that its pre-bill's lines hold on them (I01).
func freeEntries(tx *db.Tx, inv Invoice) error {
	err := tx.Exec(`UPDATE prebill_line SET live = false WHERE firm_id = ? AND prebill_id = ? AND live`, tx.Scope.Firm, inv.Prebill).Error
	if err != nil {
		return fmt.Errorf("end claims of pre-bill %s: %w", inv.Prebill, err)
	}
	err = tx.Exec(`UPDATE entry SET status = 'open', prebill_id = NULL, version = version + 1
		WHERE firm_id = ? AND prebill_id = ? AND status = 'billed'`, tx.Scope.Firm, inv.Prebill).Error
	if err != nil {
		return fmt.Errorf("release entries of invoice %s: %w", inv.ID, err)
	}
	return nil
}
