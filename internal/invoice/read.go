package invoice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows a list of invoices; the zero value is all.
type Filter struct {
	Status   Status
	Client   ident.ClientID
	Payor    ident.PayorID
	Matter   ident.MatterID
	Run      ident.RunID
	Currency money.Currency
	Open     bool // something is still to be paid
	Overdue  Day  // open and due before this day
	From     Day  // dated in these days, both included; "" is no limit
	To       Day
	Number   string // begins with
}

// where gathers conditions with their arguments.
type where struct {
	sql  strings.Builder
	args []any
}

func (w *where) and(cond string, args ...any) {
	w.sql.WriteString(" AND " + cond)
	w.args = append(w.args, args...)
}

// conditions are the filter's, on alias i.
func (f Filter) conditions(w *where) {
	for _, x := range [...]struct{ cond, value string }{
		{"i.status = ?", string(f.Status)}, {"i.client_id = ?", string(f.Client)}, {"i.payor_id = ?", string(f.Payor)},
		{"i.matter_id = ?", string(f.Matter)}, {"i.currency = ?", string(f.Currency)}, {"i.run_id = ?", string(f.Run)}, {"starts_with(i.number, ?)", f.Number},
		{"i.open_minor > 0 AND i.due_on < ?::date", string(f.Overdue)}, {"i.issued_on >= ?::date", string(f.From)}, {"i.issued_on <= ?::date", string(f.To)},
	} {
		if x.value != "" {
			w.and(x.cond, x.value)
		}
	}
	if f.Open {
		w.and("i.open_minor > 0")
	}
}

// list reads the invoices that the conditions leave and the reader sees amounts of.
func (w *where) list(tx *db.Tx, access *authz.Access, order string, limit int) (list []Invoice, err error) {
	cond, args := access.MattersSeeing("m", authz.C2)
	w.and(cond, args...)
	err = tx.Raw(`SELECT `+columnsOfInvoice+tablesOfInvoice+`WHERE i.firm_id = ?`+w.sql.String()+` ORDER BY `+order+` LIMIT ?`, append(w.args, limit)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return list, nil
}

// Owed is what a payor owes in one currency, invoice by invoice, as far as the person may
// see amounts: those due first at the front, of one day those issued first. It is at most
// page.MaxSize of them; more tells that others are due later.
func (s *Service) Owed(ctx context.Context, payor ident.PayorID, c money.Currency) (list []Invoice, more bool, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceRead)
		if err != nil {
			return err
		}
		w := where{args: []any{tx.Scope.Firm}}
		Filter{Payor: payor, Currency: c, Open: true}.conditions(&w)
		list, err = w.list(tx, access, "i.due_on, i.issued_on, i.id", page.MaxSize+1)
		return err
	})
	if more = len(list) > page.MaxSize; more {
		list = list[:page.MaxSize]
	}
	return list, more, err
}

// ListTotal is a list of invoices in one currency, whatever page of it is shown.
type ListTotal struct {
	Currency   money.Currency
	Invoices   int
	TotalMinor int64 // as billed, before credit notes
	OpenMinor  int64
}

// Sums adds up the invoices of a filter that the person may see amounts of, currency by
// currency.
func (s *Service) Sums(ctx context.Context, f Filter) (sums []ListTotal, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceRead)
		if err != nil {
			return err
		}
		w := where{args: []any{tx.Scope.Firm}}
		f.conditions(&w)
		cond, args := access.MattersSeeing("m", authz.C2)
		w.and(cond, args...)
		q := `SELECT i.currency, count(*) AS invoices, sum(i.total_minor)::bigint AS total_minor, sum(i.open_minor)::bigint AS open_minor` +
			tablesOfInvoice + `WHERE i.firm_id = ?` + w.sql.String() + ` GROUP BY i.currency ORDER BY i.currency`
		if err := tx.Raw(q, w.args...).Scan(&sums).Error; err != nil {
			return fmt.Errorf("add up invoices: %w", err)
		}
		return nil
	})
	return sums, err
}

// place is where a page of invoices ends.
type place struct {
	On Day
	N  int64
	ID ident.InvoiceID
}

// List is one page of the invoices of the scope's firm that the person may see
// amounts of, newest first, those of one day by falling number.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Invoice], err error) {
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceRead)
		if err != nil {
			return err
		}
		w := where{args: []any{tx.Scope.Firm}}
		if !first {
			w.and("(i.issued_on, i.n, i.id) < (?::date, ?, ?::uuid)", after.On, after.N, after.ID)
		}
		f.conditions(&w)
		list, err := w.list(tx, access, "i.issued_on DESC, i.n DESC, i.id DESC", req.Limit()+1)
		if err != nil {
			return err
		}
		p, err = page.Cut(list, req.Limit(), func(i Invoice) any { return place{i.IssuedOn, i.Place, i.ID} })
		return err
	})
	return p, err
}

// View is an invoice with everything that hangs on it.
type View struct {
	Invoice
	Document *Document // nil for a reader without class C3
	Left     []LeftOf  // what is left to credit of each of its lines, likewise
	Files    []File
	Credits  []CreditNote
	Approved Approval
	Seen     audit.Sighting // by the payor's contacts
	Others   []Other        // invoices of the same bill, where it is split among payors
}

// Other is the invoice of another payor of the same bill. It is for the firm and its bureau:
// a payor's contact never learns of it.
type Other struct {
	ID         ident.InvoiceID
	Number     string
	Payor      ident.PayorID
	PayorName  string
	NetMinor   int64
	TotalMinor int64
	OpenMinor  int64
	Status     Status
}

// Approval is the firm's yes to the pre-bill that became the invoice.
type Approval struct {
	By  string // name of the partner
	For string // name of whom they stood in for, "" for nobody
	At  time.Time
}

// Get is one invoice. Its text is privileged (C3): with it goes a leaf. A reader
// below C2 does not see that it exists.
func (s *Service) Get(ctx context.Context, id ident.InvoiceID) (v View, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceRead)
		if err != nil {
			return err
		}
		cond, args := access.MattersSeeing("m", authz.C2)
		if v.Invoice, err = one(tx, `WHERE i.firm_id = ? AND i.id = ? AND `+cond, append([]any{tx.Scope.Firm, id}, args...)...); err != nil {
			return err
		}
		if v.Files, err = filesOf(tx, id); err != nil {
			return err
		}
		if v.Credits, err = creditsOf(tx, id); err != nil {
			return err
		}
		if v.Others, err = othersOf(tx, v.Invoice); err != nil {
			return err
		}
		if v.Approved, err = approvalOf(tx, v.Prebill); err != nil {
			return err
		}
		if v.Seen, err = audit.Seen(tx, "invoice.seen", "invoice", string(id)); err != nil {
			return err
		}
		if err := s.mayRead(tx, id); errors.Is(err, authz.ErrForbidden) {
			return nil
		} else if err != nil {
			return err
		}
		if v.Document, err = stored(tx, id); err != nil {
			return err
		}
		if v.Left, err = leftOf(tx, v.Invoice, v.Document); err != nil {
			return err
		}
		if err := audit.Showing(tx, v.Matter, len(v.Document.Lines)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "invoice.read", Object: "invoice", ID: string(id), Matter: v.Matter, Class: audit.C3, Permission: string(rbac.InvoiceRead)})
	})
	return v, err
}

// othersOf are the other invoices of a bill, by number.
func othersOf(tx *db.Tx, of Invoice) (list []Other, err error) {
	err = tx.Raw(`SELECT i.id, i.number, i.payor_id AS payor, p.name AS payor_name, i.net_minor, i.total_minor, i.open_minor, i.status
		FROM invoice i JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id WHERE i.firm_id = ? AND i.prebill_id = ? AND i.id <> ? ORDER BY i.n`,
		tx.Scope.Firm, of.Prebill, of.ID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list invoices of pre-bill %s: %w", of.Prebill, err)
	}
	return list, nil
}

func approvalOf(tx *db.Tx, id ident.PrebillID) (a Approval, err error) {
	err = tx.Raw(`SELECT coalesce(y.name, ''), coalesce(w.name, ''), coalesce(p.approved_at, p.prepared_at)
		FROM prebill p LEFT JOIN person y ON y.id = p.approved_by LEFT JOIN person w ON w.id = p.approved_for WHERE p.firm_id = ? AND p.id = ?`,
		tx.Scope.Firm, id).Row().Scan(&a.By, &a.For, &a.At)
	if err != nil {
		return a, fmt.Errorf("load approval of pre-bill %s: %w", id, err)
	}
	return a, nil
}

func filesOf(tx *db.Tx, id ident.InvoiceID) (files []File, err error) {
	err = tx.Raw(`SELECT format, blob_id AS blob, sha256, size_bytes AS bytes, notes FROM invoice_document WHERE firm_id = ? AND invoice_id = ? ORDER BY format DESC`,
		tx.Scope.Firm, id).Scan(&files).Error
	if err != nil {
		return nil, fmt.Errorf("list files of invoice %s: %w", id, err)
	}
	return files, nil
}

func creditsOf(tx *db.Tx, id ident.InvoiceID) (notes []CreditNote, err error) {
	err = tx.Raw(`SELECT id, invoice_id AS invoice, number, issued_on, currency, total_minor, reason, rebill, issued_at,
			sum(total_minor) OVER (ORDER BY n.n) < (SELECT i.total_minor FROM invoice i WHERE i.firm_id = n.firm_id AND i.id = n.invoice_id) AS part,
			coalesce((SELECT f.format FROM invoice_document f WHERE f.firm_id = n.firm_id AND f.credit_note_id = n.id AND f.format <> 'pdf'), '') AS ebill
		FROM credit_note n WHERE firm_id = ? AND invoice_id = ? ORDER BY n.n`, tx.Scope.Firm, id).Scan(&notes).Error
	if err != nil {
		return nil, fmt.Errorf("list credit notes of invoice %s: %w", id, err)
	}
	return notes, nil
}
