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

// NewCredit takes an invoice back: all that is left of it, unless lines or an amount are named.
type NewCredit struct {
	Reason string // printed on the credit note
	Rebill bool   // the entries go back to work in progress, to be billed anew; of a split bill all invoices that stand are credited with it. Only where nothing of the invoice is left
	Lines  []CreditLine
	// AmountMinor, with its tax, is spread over Lines, or over all lines where none is named,
	// in proportion to what is left of each. 0 is none: then Lines say how much.
	AmountMinor int64
	// ExpectMinor is the total that the person was shown before; 0 is none. ErrCreditStale when
	// the note would come to another by now.
	ExpectMinor int64
}

// CreditLine is a line to take back.
type CreditLine struct {
	No    int   // of the invoice
	Minor int64 // before tax; 0 is all that is left of it
}

// CreditLineField is the path under which a fault names a line of a credit.
func CreditLineField(no int) string { return fmt.Sprintf("line.%d", no) }

// whole tells that all that is left is to be taken back.
func (n NewCredit) whole() bool { return len(n.Lines) == 0 && n.AmountMinor == 0 }

// Validate names every field that needs correcting.
func (n NewCredit) Validate() error {
	var fs fault.Fields
	if l := utf8.RuneCountInString(strings.TrimSpace(n.Reason)); l < 3 || l > 300 {
		fs.Add("reason", "text_length", "say why in 3 to 300 characters; the client reads it")
	}
	if n.AmountMinor < 0 {
		fs.Add("amount", "amount_positive", "enter more than zero")
	}
	seen := map[int]bool{}
	for _, l := range n.Lines {
		switch at := CreditLineField(l.No); {
		case seen[l.No]:
			fs.Add(at, "line_twice", "name line %d once", l.No)
		case l.Minor < 0:
			fs.Add(at, "amount_positive", "enter more than zero for line %d", l.No)
		case l.Minor > 0 && n.AmountMinor > 0:
			fs.Add(at, "amount_unfit", "an amount is spread over the lines named; leave line %d without one of its own", l.No)
		}
		seen[l.No] = true
	}
	if n.Rebill && !n.whole() {
		fs.Add("rebill", "rebill_part", "only an invoice that is credited in full gives its work back; credit all that is left, or leave the work billed")
	}
	return fs.Err(ErrInput)
}

// Credit issues a credit note over all that is left of an invoice, or over a part of it, in a
// series of its own. ErrCredited when nothing is left, also when two people press at once (I07).
//
// Over all that is left: what was paid on it becomes unapplied money of its payor. What was
// decided about fees that it holds back is taken back; prebill.ErrHeldBilled when they were
// released and are billed.
//
// Over a part: tax goes back with each line in proportion to what is left of both, to the unit,
// and with the last unit of a line all of its tax. The work stays billed. What is paid beyond the
// rest becomes unapplied, the last payments first; money from trust is not let go like that. A
// line that takes something off the bill goes back only with all that is left.
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
		note, err = s.creditTx(tx, access, id, n)
		return err
	})
	if db.Violates(err, "disputes_add_up") { // told at commit: more of a line would be in dispute than is left
		return CreditNote{}, ErrDisputed
	}
	return note, err
}

// creditTx is Credit in its transaction, for who may, of what is valid.
func (s *Service) creditTx(tx *db.Tx, access *authz.Access, id ident.InvoiceID, n NewCredit) (note CreditNote, err error) {
	inv, others, err := s.creditable(tx, access, id)
	if err != nil {
		return note, err
	}
	if note, err = s.credit(tx, inv, n); err != nil || !n.Rebill {
		return note, err
	}
	for _, other := range others {
		if _, err := s.credit(tx, other, NewCredit{Reason: n.Reason, Rebill: true}); err != nil {
			return note, err
		}
	}
	return note, freeEntries(tx, inv)
}

// CreditTx is Credit for nouns that come after this one, in their transaction. They have decided
// who may; access decides which invoices are there.
func (s *Service) CreditTx(tx *db.Tx, access *authz.Access, id ident.InvoiceID, n NewCredit) (CreditNote, error) {
	if err := n.Validate(); err != nil {
		return CreditNote{}, err
	}
	if err := s.paper.printable("the reason", n.Reason); err != nil {
		return CreditNote{}, onField("reason", err)
	}
	return s.creditTx(tx, access, id, n)
}

// PreviewCredit is the note that Credit would issue now, without a number; nothing is kept of
// it but that somebody looked.
func (s *Service) PreviewCredit(ctx context.Context, id ident.InvoiceID, n NewCredit) (d *Document, err error) {
	n.Reason = strings.TrimSpace(n.Reason)
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if err := s.paper.printable("the reason", n.Reason); err != nil {
		return nil, onField("reason", err)
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.CreditNoteIssue)
		if err != nil {
			return err
		}
		if err := readable(tx, access, id); err != nil {
			return err
		}
		inv, _, err := s.creditable(tx, access, id)
		if err != nil {
			return err
		}
		f, err := firm.Get(tx)
		if err != nil {
			return err
		}
		if d, _, err = creditDocument(tx, inv, n, CreditNote{IssuedOn: today(tx, f), Reason: n.Reason}); err != nil {
			return err
		}
		if err := audit.Showing(tx, inv.Matter, len(d.Lines)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "credit_note.previewed", Object: "invoice", ID: string(id), Matter: inv.Matter, Class: audit.C3, Permission: string(rbac.CreditNoteIssue)})
	})
	return d, err
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
	note := CreditNote{ID: ident.New[ident.CreditNoteID](tx.Now), Invoice: inv.ID, IssuedOn: today(tx, f), Currency: inv.Currency,
		Reason: n.Reason, Rebill: n.Rebill, IssuedAt: tx.Now}
	doc, rest, err := creditDocument(tx, inv, n, note)
	if err != nil {
		return CreditNote{}, err
	}
	if note.TotalMinor = doc.Totals.TotalMinor; n.ExpectMinor != 0 && n.ExpectMinor != note.TotalMinor {
		return CreditNote{}, ErrCreditStale
	}
	before := inv.Status
	note.Part = !rest
	if !rest {
		err = s.reduce(tx, &inv, note.TotalMinor, func(inv *Invoice) error { return s.issueCredit(tx, inv, &note, doc) })
	} else if inv, err = s.freed(tx, inv); err == nil {
		if err = s.issueCredit(tx, &inv, &note, doc); err == nil {
			err = prebill.TakeBackHeld(tx, prebill.HeldCredit{Invoice: inv.ID, Number: inv.Number, Matter: inv.Matter, Currency: inv.Currency})
		}
	}
	if err != nil {
		return CreditNote{}, err
	}
	_, err = outbox.Add(tx, CreditDeliveryWanted{note.ID}, outbox.Key(string(note.ID)), outbox.Queue("mail"), outbox.ForMachine())
	if err != nil {
		return CreditNote{}, fmt.Errorf("ask for delivery of credit note %s: %w", note.Number, err)
	}
	return note, audit.Record(tx, audit.Entry{
		Action: "invoice.credited", Object: "invoice", ID: string(inv.ID), Matter: inv.Matter, Class: audit.C2, Permission: string(rbac.CreditNoteIssue),
		Before: before, After: note, Detail: map[string]any{"credit_note": note.Number, "rebill": n.Rebill, "part": note.Part},
	})
}

// issueCredit numbers, keeps and posts a note over a locked invoice that has as much open.
func (s *Service) issueCredit(tx *db.Tx, inv *Invoice, note *CreditNote, doc *Document) (err error) {
	var place int64
	if note.Number, place, err = firm.TakeNumber(tx, firm.SeriesCreditNote, note.IssuedOn.Time()); err != nil {
		return err
	}
	doc.Number = note.Number
	files, err := s.files(doc)
	if err != nil {
		return err
	}
	if err := insertCredit(tx, *note, doc, place); err != nil {
		return err
	}
	for _, f := range files {
		if f.format != FormatPDF {
			note.EBill = f.format
		}
	}
	if err := s.keep(tx, files, "", string(note.ID)); err != nil {
		return err
	}
	inv.CreditedMinor += note.TotalMinor
	if note.Part && inv.WithheldMinor > 0 {
		if inv.WithheldMinor, err = withheldLeft(tx, *inv); err != nil {
			return err
		}
	}
	if err := SaveMoney(tx, inv); err != nil {
		return err
	}
	return Post(tx, creditJournal(*inv, doc, *note, note.IssuedOn))
}

// creditedBy is the credit note over the whole of d.
func (d *Document) creditedBy(note CreditNote) *Document {
	c := *d
	c.Kind, c.ID, c.Number, c.Series = KindCreditNote, ident.InvoiceID(note.ID), note.Number, string(firm.SeriesCreditNote)
	c.IssuedOn, c.DueOn, c.Text, c.Because = note.IssuedOn, note.IssuedOn, "", note.Reason
	c.Prompt, c.Closing = nil, nil
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
	return insertCreditLines(tx, n, d)
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
