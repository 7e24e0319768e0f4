package notice

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Visit is a payor's contact inside, for half an hour.
type Visit struct {
	Firm      ident.FirmID
	FirmName  string
	TZ        string // the firm's zone, for dates
	Bank      Bank
	Contact   ident.ContactID
	Name      string // the contact's
	Payor     ident.PayorID
	PayorName string
	ExpiresAt time.Time
}

// Bank is where the firm is paid.
type Bank struct{ Name, Account, Code string }

// PayorInvoice is an invoice as its payor lists it.
type PayorInvoice struct {
	ID         ident.InvoiceID
	Number     string
	IssuedOn   invoice.Day
	DueOn      invoice.Day
	Currency   money.Currency
	TotalMinor int64
	OpenMinor  int64
	// WithheldOpenMinor is what of OpenMinor waits for a certificate of tax withheld.
	WithheldOpenMinor int64
	WithheldMinor     int64 // of what stands, also what a certificate settled
	Status            invoice.Status
	Formats           []invoice.Format `gorm:"-"`
	Credits           []PayorCredit    `gorm:"-"` // the first first; of a list, the notes of each invoice
}

// PayorCredit is a note that takes an invoice back, or a part of it.
type PayorCredit struct {
	EBill      invoice.Format `gorm:"column:ebill"` // "" where the note has only a PDF
	ID         ident.CreditNoteID
	Invoice    ident.InvoiceID
	Number     string
	IssuedOn   invoice.Day
	TotalMinor int64
}

// Visit tells who is inside by the cookie; ErrNoVisit when nobody is (any more).
func (s *Service) Visit(ctx context.Context, cookie string) (v Visit, err error) {
	err = s.inside(ctx, cookie, func(_ *db.Tx, in Visit) error { v = in; return nil })
	return v, err
}

// Leave ends the visit; leaving twice is leaving once.
func (s *Service) Leave(ctx context.Context, cookie string) error {
	err := s.inside(ctx, cookie, func(tx *db.Tx, _ Visit) error {
		_, hash, _ := readCookie(cookie)
		if err := tx.Exec(`UPDATE payor_session SET ended_at = ? WHERE firm_id = ? AND token_hash = decode(?, 'hex')`, tx.Now, tx.Scope.Firm, hash).Error; err != nil {
			return fmt.Errorf("end visit: %w", err)
		}
		return nil
	})
	if errors.Is(err, ErrNoVisit) {
		return nil
	}
	return err
}

// PayorInvoices lists the invoices of the visitor's payor, newest first, and no
// others. The look is a leaf.
func (s *Service) PayorInvoices(ctx context.Context, cookie string) (v Visit, list []PayorInvoice, err error) {
	err = s.inside(ctx, cookie, func(tx *db.Tx, in Visit) (err error) {
		v = in
		if list, err = payorInvoices(tx, in.Payor, `true`); err != nil {
			return err
		}
		return look(tx, "payor.listed", "payor", string(in.Payor), audit.C2)
	})
	return v, list, err
}

// PayorInvoice is one of them; ErrNotFound for any other.
func (s *Service) PayorInvoice(ctx context.Context, cookie string, id ident.InvoiceID) (v Visit, inv PayorInvoice, err error) {
	err = s.inside(ctx, cookie, func(tx *db.Tx, in Visit) (err error) {
		v = in
		if inv, err = payorInvoice(tx, in.Payor, id); err != nil {
			return err
		}
		return look(tx, "invoice.seen", "invoice", string(id), audit.C2)
	})
	return v, inv, err
}

// PayorSheet is one of them with its text, as it was sent. Its leaf says that the
// text was read.
func (s *Service) PayorSheet(ctx context.Context, cookie string, id ident.InvoiceID) (v Visit, inv PayorInvoice, doc *invoice.Document, err error) {
	err = s.inside(ctx, cookie, func(tx *db.Tx, in Visit) (err error) {
		v = in
		if inv, err = payorInvoice(tx, in.Payor, id); err != nil {
			return err
		}
		doc, err = s.Invoices.OpenDocument(tx, id)
		return err
	})
	return v, inv, doc, err
}

// PayorDocument opens a file of one of them. Its leaf is written before the bytes leave.
func (s *Service) PayorDocument(ctx context.Context, cookie string, id ident.InvoiceID, format invoice.Format) (c invoice.Content, err error) {
	err = s.inside(ctx, cookie, func(tx *db.Tx, in Visit) error {
		inv, err := payorInvoice(tx, in.Payor, id)
		if err != nil {
			return err
		}
		if format == invoice.FormatClosing && !slices.Contains(inv.Formats, format) {
			return ErrNotFound // it is the client's: of a bill that payors share none of them has it
		}
		c, err = s.Invoices.OpenFile(tx, id, format)
		return err
	})
	return c, err
}

func look(tx *db.Tx, action, object, id string, class int) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: object, ID: id, Class: class, Permission: string(rbac.PayorLink)})
}

// inside runs fn as the contact of a live visit. Contact, address and payor are
// checked again each time: a contact that was closed is out at once.
func (s *Service) inside(ctx context.Context, cookie string, fn func(tx *db.Tx, v Visit) error) error {
	firm, hash, ok := readCookie(cookie)
	if !ok {
		return ErrNoVisit
	}
	request := requestID(ctx)
	var contact ident.ContactID
	var expires time.Time
	err := s.DB.InFirm(scope.ForMachine(ctx, "payor_door", firm), func(tx *db.Tx) error {
		err := tx.Raw(`SELECT contact_id, expires_at FROM payor_session WHERE firm_id = ? AND token_hash = decode(?, 'hex') AND ended_at IS NULL AND expires_at > ?`,
			firm, hash, tx.Now).Row().Scan(&contact, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoVisit
		}
		if err != nil {
			return fmt.Errorf("read visit: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.DB.InFirm(scope.With(ctx, scope.Scope{Firm: firm, Contact: contact, RequestID: request}), func(tx *db.Tx) error {
		v, err := visitor(tx, contact)
		if err != nil {
			return err
		}
		v.ExpiresAt = expires
		return fn(tx, v)
	})
}

// visitor is whom the door is open to: an active contact with a verified address
// of an active payor.
func visitor(tx *db.Tx, contact ident.ContactID) (Visit, error) {
	v := Visit{Firm: tx.Scope.Firm, Contact: contact}
	err := tx.Raw(`SELECT k.name, p.id, p.name, f.name, f.tz, f.bank_name, f.bank_account, f.bank_code
		FROM payor_contact k JOIN payor p ON p.firm_id = k.firm_id AND p.id = k.payor_id JOIN firm f ON f.firm_id = k.firm_id
		WHERE k.firm_id = ? AND k.id = ? AND k.status = 'active' AND k.verified_at IS NOT NULL AND p.status = 'active' AND f.status = 'active'`,
		tx.Scope.Firm, contact).Row().Scan(&v.Name, &v.Payor, &v.PayorName, &v.FirmName, &v.TZ, &v.Bank.Name, &v.Bank.Account, &v.Bank.Code)
	if errors.Is(err, sql.ErrNoRows) {
		return Visit{}, ErrNoVisit
	}
	if err != nil {
		return Visit{}, fmt.Errorf("read visitor %s: %w", contact, err)
	}
	return v, nil
}

func payorInvoice(tx *db.Tx, payor ident.PayorID, id ident.InvoiceID) (PayorInvoice, error) {
	list, err := payorInvoices(tx, payor, `i.id = ?`, id)
	if err != nil {
		return PayorInvoice{}, err
	}
	if len(list) == 0 {
		return PayorInvoice{}, ErrNotFound
	}
	return list[0], nil
}

// PayorCreditNote opens a file of a note of one of them, the last where none is named;
// ErrNotFound where there is none, or not in that format. Its leaf is written before the bytes leave.
func (s *Service) PayorCreditNote(ctx context.Context, cookie string, id ident.InvoiceID, note ident.CreditNoteID, format invoice.Format) (c invoice.Content, err error) {
	err = s.inside(ctx, cookie, func(tx *db.Tx, in Visit) error {
		inv, err := payorInvoice(tx, in.Payor, id)
		if err != nil {
			return err
		}
		for i := len(inv.Credits) - 1; i >= 0; i-- {
			if n := inv.Credits[i].ID; note == "" || n == note {
				c, err = s.Invoices.OpenCredit(tx, n, format)
				return err
			}
		}
		return ErrNotFound
	})
	return c, err
}

// payorInvoices shows what was given to the payor: an invoice that has not been
// delivered yet is not there.
func payorInvoices(tx *db.Tx, payor ident.PayorID, cond string, args ...any) ([]PayorInvoice, error) {
	var rows []struct {
		PayorInvoice
		Kept db.Strings
	}
	err := tx.Raw(`SELECT i.id, i.number, i.issued_on, i.due_on, i.currency, i.total_minor, i.open_minor, i.withheld_minor, `+invoice.WithheldOpen+` AS withheld_open_minor, i.status,
			ARRAY(SELECT f.format FROM invoice_document f WHERE f.firm_id = i.firm_id AND f.invoice_id = i.id AND (f.format <> 'closing' OR i.share IS NULL) ORDER BY f.format DESC) AS kept
		FROM invoice i WHERE i.firm_id = ? AND i.payor_id = ? AND (i.sent_at IS NOT NULL OR EXISTS (SELECT FROM delivery d
			WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id AND d.status <> 'failed')) AND `+cond+`
		ORDER BY i.issued_on DESC, i.number DESC`, append([]any{tx.Scope.Firm, payor}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list invoices of payor %s: %w", payor, err)
	}
	list := make([]PayorInvoice, len(rows))
	for i, r := range rows {
		list[i] = r.PayorInvoice
		for _, f := range r.Kept {
			list[i].Formats = append(list[i].Formats, invoice.Format(f))
		}
	}
	return list, payorNotes(tx, payor, list)
}

// payorNotes adds the credit notes of a payor's invoices.
func payorNotes(tx *db.Tx, payor ident.PayorID, list []PayorInvoice) error {
	var notes []PayorCredit
	err := tx.Raw(`SELECT n.id, n.invoice_id AS invoice, n.number, n.issued_on, n.total_minor,
			coalesce((SELECT f.format FROM invoice_document f WHERE f.firm_id = n.firm_id AND f.credit_note_id = n.id AND f.format <> 'pdf'), '') AS ebill
		FROM credit_note n JOIN invoice i ON i.firm_id = n.firm_id AND i.id = n.invoice_id WHERE n.firm_id = ? AND i.payor_id = ? ORDER BY n.n`, tx.Scope.Firm, payor).Scan(&notes).Error
	if err != nil {
		return fmt.Errorf("list credit notes to payor %s: %w", payor, err)
	}
	at := make(map[ident.InvoiceID]int, len(list))
	for i := range list {
		at[list[i].ID] = i
	}
	for _, n := range notes {
		if i, ok := at[n.Invoice]; ok {
			list[i].Credits = append(list[i].Credits, n)
		}
	}
	return nil
}

// readCookie parts a cookie's value into its firm and the hash of its token.
func readCookie(cookie string) (firm ident.FirmID, hash string, ok bool) {
	id, token, found := strings.Cut(cookie, ".")
	firm, err := ident.Parse[ident.FirmID](id)
	if !found || err != nil {
		return "", "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != visitTokenLength {
		return "", "", false
	}
	sum := sha256.Sum256(b)
	return firm, hex.EncodeToString(sum[:]), true
}
