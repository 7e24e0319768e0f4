package invoice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/rbac"
)

// keep stores files in the transaction that issues; a blob without its row is
// swept away later, a row without its blob cannot be.
func (s *Service) keep(tx *db.Tx, files []file, invoiceID, creditID string) error {
	for _, f := range files {
		blob, err := s.blobs.Put(tx, blobKind(f.format), f.bytes)
		if err != nil {
			return fmt.Errorf("store %s of invoice %s%s: %w", f.format, invoiceID, creditID, err)
		}
		sum := sha256.Sum256(f.bytes)
		err = tx.Exec(`INSERT INTO invoice_document (firm_id, id, invoice_id, credit_note_id, format, blob_id, sha256, size_bytes, notes)
			VALUES (?, ?, ?::uuid, ?::uuid, ?, ?, ?, ?, ?)`, tx.Scope.Firm, ident.New[string](tx.Now), orNull(invoiceID), orNull(creditID),
			f.format, blob, hex.EncodeToString(sum[:]), len(f.bytes), f.notes).Error
		if err != nil {
			return fmt.Errorf("record %s of invoice %s%s: %w", f.format, invoiceID, creditID, err)
		}
	}
	return nil
}

// blobKind is what the blob store calls a file.
func blobKind(f Format) string {
	if f.Paper() {
		return "invoice_pdf"
	}
	return "invoice_ledes"
}

// Content is a file for a reader.
type Content struct {
	File
	Name  string // for saving: "HV-20948.pdf"
	Bytes []byte
}

// File opens a file of an invoice. Its narratives are privileged (C3): each look
// is a leaf, written before the bytes leave.
func (s *Service) File(ctx context.Context, id ident.InvoiceID, format Format) (c Content, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := s.mayRead(tx, id); err != nil {
			return err
		}
		c, err = s.OpenFile(tx, id, format)
		return err
	})
	return c, err
}

// MakeFile makes the e-bill of an issued invoice in one more format, from its snapshot,
// and keeps it beside the others; what is there already is answered as it is. It needs
// invoice.deliver and sight of the text. ErrFormat for a format that does not fit.
func (s *Service) MakeFile(ctx context.Context, id ident.InvoiceID, format Format) (made File, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.InvoiceDeliver)
		if err != nil {
			return err
		}
		if err := readable(tx, access, id); err != nil {
			return err
		}
		inv, err := Lock(tx, id)
		if err != nil {
			return err
		}
		if made, err = fileOf(tx, id, format); err != nil || made.Format != "" {
			return err
		}
		doc, err := stored(tx, id)
		if err != nil {
			return err
		}
		e, err := doc.EFileAs(format, doc.profile())
		if err != nil {
			return err
		}
		if err := s.keep(tx, []file{{e.Format, e.Bytes, len(e.Changes)}}, string(id), ""); err != nil {
			return err
		}
		if made, err = fileOf(tx, id, format); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "invoice.file_made", Object: "invoice", ID: string(id), Matter: inv.Matter, Class: audit.C3,
			Permission: string(rbac.InvoiceDeliver), Detail: map[string]string{"format": string(format), "sha256": made.SHA256}})
	})
	return made, err
}

// fileOf is the invoice's file of a format, the zero File when there is none.
func fileOf(tx *db.Tx, id ident.InvoiceID, format Format) (File, error) {
	files, err := filesOf(tx, id)
	for _, f := range files {
		if f.Format == format {
			return f, nil
		}
	}
	return File{}, err
}

// CreditFile is File of a credit note.
func (s *Service) CreditFile(ctx context.Context, id ident.CreditNoteID, format Format) (c Content, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		var of ident.InvoiceID
		if err := tx.Raw(`SELECT coalesce((SELECT invoice_id::text FROM credit_note WHERE firm_id = ? AND id = ?), '')`, tx.Scope.Firm, id).Row().Scan(&of); err != nil {
			return fmt.Errorf("load credit note %s: %w", id, err)
		}
		if of == "" {
			of = ident.InvoiceID(id) // refused below, as anything that is not there
		}
		if err := s.mayRead(tx, of); err != nil {
			return err
		}
		c, err = s.OpenCredit(tx, id, format)
		return err
	})
	return c, err
}

// mayRead decides about the text of one invoice.
func (s *Service) mayRead(tx *db.Tx, id ident.InvoiceID) error {
	access, err := s.guard.Require(tx, rbac.InvoiceRead)
	if err != nil {
		return err
	}
	return readable(tx, access, id)
}

// readable tells whether the text of one invoice is within the access.
func readable(tx *db.Tx, access *authz.Access, id ident.InvoiceID) error {
	if _, err := find(tx, access, id); err != nil {
		return err
	}
	cond, args := access.MattersSeeing("m", authz.C3)
	if _, err := one(tx, `WHERE i.firm_id = ? AND i.id = ? AND `+cond, append([]any{tx.Scope.Firm, id}, args...)...); err != nil {
		return authz.ErrForbidden // they may know of it, and not read it
	}
	return nil
}

// OpenFile opens a file of an invoice for who has been let in already, such as the
// payor's contact behind a one-time code, and writes the leaf.
func (s *Service) OpenFile(tx *db.Tx, id ident.InvoiceID, format Format) (Content, error) {
	return s.open(tx, "invoice", string(id), format)
}

// OpenCredit is OpenFile of a credit note.
func (s *Service) OpenCredit(tx *db.Tx, id ident.CreditNoteID, format Format) (Content, error) {
	return s.open(tx, "credit_note", string(id), format)
}

// OpenDocument is the text of an invoice for who has been let in already; see
// OpenFile. It writes the leaf.
func (s *Service) OpenDocument(tx *db.Tx, id ident.InvoiceID) (*Document, error) {
	d, err := stored(tx, id)
	if err != nil {
		return nil, err
	}
	var m ident.MatterID
	if err := tx.Raw(`SELECT matter_id FROM invoice WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&m); err != nil {
		return nil, fmt.Errorf("find matter of invoice %s: %w", id, err)
	}
	return d, audit.Record(tx, audit.Entry{Action: "invoice.read", Object: "invoice", ID: string(id), Matter: m, Class: audit.C3, Permission: string(rbac.PayorLink)})
}

func (s *Service) open(tx *db.Tx, object, id string, format Format) (Content, error) {
	of := map[string]string{"invoice": "invoice_id", "credit_note": "credit_note_id"}[object]
	var found []struct {
		BlobID    ident.BlobID
		SHA256    string `gorm:"column:sha256"`
		SizeBytes int64
		Notes     int
		Number    string
		Client    string
		Matter    string
		IssuedOn  Day
		Receiver  string
		MatterID  ident.MatterID
	}
	err := tx.Raw(`SELECT f.blob_id, f.sha256, f.size_bytes, f.notes, coalesce(n.number, i.number) AS number, i.matter_id,
			c.number AS client, m.number AS matter, coalesce(n.issued_on, i.issued_on) AS issued_on, coalesce(coalesce(n.document, i.document)->>'receiver', '') AS receiver
		FROM invoice_document f LEFT JOIN credit_note n ON n.firm_id = f.firm_id AND n.id = f.credit_note_id
		JOIN invoice i ON i.firm_id = f.firm_id AND i.id = coalesce(f.invoice_id, n.invoice_id)
		JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id
		WHERE f.firm_id = ? AND f.`+of+` = ? AND f.format = ?`, tx.Scope.Firm, id, format).Scan(&found).Error
	if err != nil {
		return Content{}, fmt.Errorf("find %s of %s %s: %w", format, object, id, err)
	}
	if len(found) == 0 {
		return Content{}, ErrNotFound
	}
	f := found[0]
	if err := audit.Showing(tx, f.MatterID, 1); err != nil {
		return Content{}, err
	}
	err = audit.Record(tx, audit.Entry{Action: object + ".file_read", Object: object, ID: id, Matter: f.MatterID, Class: audit.C3,
		Permission: string(rbac.InvoiceRead), Detail: map[string]string{"format": string(format), "sha256": f.SHA256}})
	if err != nil {
		return Content{}, err
	}
	b, err := s.blobs.Get(tx, f.BlobID)
	if err != nil {
		return Content{}, fmt.Errorf("open %s of %s %s: %w", format, object, id, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
		return Content{}, ErrSealed
	}
	name, err := receiverName(f.Receiver, format, portal.Named{Number: f.Number, Client: f.Client, Matter: f.Matter, Date: string(f.IssuedOn), Version: 1})
	if err != nil {
		return Content{}, err
	}
	if name == "" {
		name = FileName(f.Number, format)
	}
	return Content{File{format, f.BlobID, f.SHA256, f.SizeBytes, f.Notes}, name, b}, nil
}

// receiverName is what the receiver of a stored document wants its e-bill to be named; ""
// for paper, for another format than it reads, and without a receiver.
func receiverName(stored string, format Format, n portal.Named) (string, error) {
	if stored == "" || format.Paper() {
		return "", nil
	}
	var r Receiver
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		return "", fmt.Errorf("read the receiver of invoice %s: %w", n.Number, err)
	}
	if format.XML() != r.Format.XML() {
		return "", nil
	}
	n.Number = r.Number(n.Number, n.Version)
	return r.FileNameOf(n), nil
}

// FileName is what a file of an invoice is called: safe in a header and on a disk: letters, digits, hyphen and point.
func FileName(number string, format Format) string {
	name := strings.Map(func(c rune) rune {
		if c == '.' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '-'
	}, number)
	switch {
	case format == FormatClosing:
		return name + "-closing.pdf"
	case format == FormatPDF:
		return name + ".pdf"
	case format.XML():
		return name + ".xml"
	}
	return name + ".txt" // receivers take LEDES as .txt
}
