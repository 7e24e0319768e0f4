package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"

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

// archive writes the zip: entries.csv out of its parts, then manifest.json. The times
// in it are the request's, so that the same rows make the same bytes.
func (b *builder) archive(ctx context.Context, out io.Writer) error {
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	t := &b.table
	var empty []byte
	if len(t.parts) == 0 {
		var err error
		if empty, err = emptyPart(t); err != nil {
			return fmt.Errorf("write entries.csv of export %s: %w", b.id, err)
		}
	}
	h := &zip.FileHeader{Name: "entries.csv", Method: zip.Deflate, CRC32: t.crc, UncompressedSize64: uint64(t.plain),
		CompressedSize64: uint64(t.packed) + uint64(len(empty)+len(partEnd))}
	h.SetModTime(b.plan.asked.UTC()) //nolint:staticcheck // a raw header gets its time from nothing else
	w, err := z.CreateRaw(h)
	if err != nil {
		return fmt.Errorf("add entries.csv to export %s: %w", b.id, err)
	}
	if err := b.joined(ctx, w, empty); err != nil {
		return fmt.Errorf("write entries.csv of export %s: %w", b.id, err)
	}
	b.manifest.Rows, b.manifest.Narratives, b.manifest.Withheld = t.rows, t.narratives, t.rows-t.narratives
	b.manifest.Files = []manifestFile{{h.Name, t.plain, hex.EncodeToString(t.sum.Sum(nil))}}
	if err := b.describe(z); err != nil {
		return fmt.Errorf("write manifest.json of export %s: %w", b.id, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("close archive of export %s: %w", b.id, err)
	}
	return nil
}

// describe adds the manifest, and to what is kept of it its own size and hash.
func (b *builder) describe(z *zip.Writer) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: "manifest.json", Method: zip.Deflate, Modified: b.plan.asked.UTC()})
	if err != nil {
		return err
	}
	sum, size := sha256.New(), counter(0)
	enc := json.NewEncoder(io.MultiWriter(w, sum, &size))
	enc.SetIndent("", "  ")
	if err := enc.Encode(b.manifest); err != nil {
		return err
	}
	b.manifest.Files = append(b.manifest.Files, manifestFile{"manifest.json", int64(size), hex.EncodeToString(sum.Sum(nil))})
	return nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
