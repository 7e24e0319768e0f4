package export

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// manifest is what a file says of itself, and what the row keeps of it.
type manifest struct {
	Export     string         `json:"export"`
	ID         ident.ExportID `json:"id"` // whose copy this is
	Firm       ident.FirmID   `json:"firm"`
	Form       Form           `json:"form"`
	From       string         `json:"from"`
	To         string         `json:"to"`
	AskedBy    ident.PersonID `json:"asked_by"`
	AskedAt    string         `json:"asked_at"`
	Recipient  string         `json:"recipient"`
	Rows       int64          `json:"rows"`
	Narratives int64          `json:"narratives"` // rows with one
	Withheld   int64          `json:"withheld"`   // rows whose narrative is left out
	Scope      string         `json:"scope"`      // hash of the rights it was made under
	Columns    []string       `json:"columns"`
	Files      []manifestFile `json:"files"`
	Note       string         `json:"note"`
}

type manifestFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func newManifest(e Export, firm ident.FirmID, s selection) manifest {
	return manifest{Export: e.Name(), ID: e.ID, Firm: firm, Form: e.Form, From: string(e.FromOn), To: string(e.ToOn), AskedBy: e.AskedBy,
		AskedAt: e.AskedAt.UTC().Format("2006-01-02T15:04:05Z"), Recipient: e.Recipient, Scope: s.fingerprint(), Columns: header(), Note: watermarkNote}
}

const chunk = 5000 // rows between two decisions

// archive writes the zip: entries.csv, then manifest.json. The times in it are the
// request's, so that the same rows make the same bytes.
func (b *builder) archive(ctx context.Context, out io.Writer) error {
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	b.manifest.Rows, b.manifest.Narratives, b.manifest.Withheld, b.manifest.Files = 0, 0, 0, nil
	err := b.member(z, "entries.csv", func(w io.Writer) error { return b.entries(ctx, w) })
	if err != nil {
		return err
	}
	err = b.member(z, "manifest.json", func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(b.manifest)
	})
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("close archive of export %s: %w", b.id, err)
	}
	return nil
}

func (b *builder) member(z *zip.Writer, name string, write func(io.Writer) error) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.plan.asked.UTC()})
	if err != nil {
		return fmt.Errorf("add %s to export %s: %w", name, b.id, err)
	}
	sum, size := sha256.New(), counter(0)
	if err := write(io.MultiWriter(w, sum, &size)); err != nil {
		return fmt.Errorf("write %s of export %s: %w", name, b.id, err)
	}
	b.manifest.Files = append(b.manifest.Files, manifestFile{name, int64(size), hex.EncodeToString(sum.Sum(nil))})
	return nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// entries streams the selection in one statement, so that the file is one instant
// of the firm; memory does not grow with its rows.
func (b *builder) entries(ctx context.Context, out io.Writer) error {
	w := newCSV(out)
	for _, h := range header() {
		w.text(h)
	}
	w.end()
	err := b.db.InFirm(ctx, func(tx *db.Tx) error {
		// An export is slow by nature; the statement's limit is its own (SECURITY T31).
		if err := tx.Exec(`SET LOCAL statement_timeout = '20min'`).Error; err != nil {
			return fmt.Errorf("lengthen the statement's time: %w", err)
		}
		q, args := b.chosen.query()
		rows, err := tx.Raw(q, args...).Rows()
		if err != nil {
			return fmt.Errorf("select entries: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := b.entry(w, rows); err != nil {
				return err
			}
			if b.manifest.Rows%chunk == 0 {
				if err := b.still(ctx, b.manifest.Rows); err != nil {
					return err
				}
			}
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	return w.flush()
}

// entry writes one row and counts it.
func (b *builder) entry(w *csvWriter, rows *sql.Rows) error {
	r, err := readRow(rows)
	if err != nil {
		return err
	}
	b.manifest.Rows++
	if r.narrative.Valid {
		b.manifest.Narratives++
	} else {
		b.manifest.Withheld++
	}
	r.write(w)
	w.end()
	return w.err
}
