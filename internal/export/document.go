package export

import (
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/zip"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// issued is a file of an invoice, as it was made at issue.
type issued struct {
	Number string
	Format invoice.Format
	BlobID ident.BlobID
	SHA256 string `gorm:"column:sha256"`
}

// documents are the conditions of the invoices whose files go along: those issued in the
// period within the scope, where the asker sees what is C3, for that is what they print.
func documents(a *authz.Access, tx *db.Tx, l limits) (string, []any) {
	var s selection
	s.invoices(a, tx, l)
	cond, args := a.MattersSeeing("m", authz.C3)
	return ` FROM invoice_document d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		WHERE d.firm_id = i.firm_id AND ` + s.where + ` AND ` + cond, append(s.whereArgs, args...)
}

// countDocuments tells how many files go along, and how many lines with text they print.
func countDocuments(tx *db.Tx, a *authz.Access, l limits) (files, lines int64, err error) {
	q, args := documents(a, tx, l)
	err = tx.Raw(`SELECT count(*), coalesce(sum(x.lines), 0)::bigint FROM (SELECT CASE WHEN d.format = 'pdf' THEN
		(SELECT count(*) FROM invoice_line l WHERE l.firm_id = d.firm_id AND l.invoice_id = d.invoice_id) ELSE 0 END AS lines`+q+`) x`, args...).Row().Scan(&files, &lines)
	if err != nil {
		return 0, 0, fmt.Errorf("count the invoices' files: %w", err)
	}
	return files, lines, nil
}

// addDocuments adds the files, each decided on again before it is opened (T04). The
// manifest lists them with the hash that the audit log has.
func (b *builder) addDocuments(ctx context.Context, z *zip.Writer) error {
	var files []issued
	err := b.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := b.guard.Require(tx, rbac.ExportDownload)
		if err != nil {
			return err
		}
		q, args := documents(access, tx, b.plan.limits)
		return tx.Raw(`SELECT i.number, d.format, d.blob_id, d.sha256`+q+` ORDER BY i.issued_on, i.id, d.format`, args...).Scan(&files).Error
	})
	if err != nil {
		return fmt.Errorf("list the invoices' files: %w", err)
	}
	taken := map[string]int{}
	for _, f := range files {
		name := "documents/" + invoice.FileName(f.Number, f.Format)
		if taken[name]++; taken[name] > 1 { // another series has the number, or another format the ending
			name = fmt.Sprintf("documents/%d-%s", taken[name], invoice.FileName(f.Number, f.Format))
		}
		in, err := b.openPart(ctx, f.BlobID)
		if err != nil {
			return err
		}
		err = b.member(z, name, func(w io.Writer) error {
			_, err := io.Copy(w, in)
			return err
		})
		if shut := in.Close(); err == nil {
			err = shut
		}
		if err != nil {
			return err
		}
		if got := b.manifest.Files[len(b.manifest.Files)-1]; got.SHA256 != f.SHA256 {
			return fmt.Errorf("%s of export %s is not the file that was issued", name, b.id)
		}
	}
	b.manifest.Documents = int64(len(files))
	return nil
}
