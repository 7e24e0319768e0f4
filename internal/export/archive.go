package export

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"

	"github.com/docketry/docketry/internal/ident"
)

// manifest is what a file says of itself, and what the row keeps of it.
type manifest struct {
	Export     string         `json:"export"`
	ID         ident.ExportID `json:"id"` // whose copy this is
	Firm       ident.FirmID   `json:"firm"`
	Audience   Audience       `json:"audience"`
	Payor      ident.PayorID  `json:"payor,omitempty"`
	Format     Format         `json:"format"`
	Form       Form           `json:"form"`
	From       string         `json:"from"`
	To         string         `json:"to"`
	AskedBy    ident.PersonID `json:"asked_by"`
	AskedAt    string         `json:"asked_at"`
	Recipient  string         `json:"recipient"`
	ReviewedBy string         `json:"reviewed_by,omitempty"` // who read a court's text
	Rows       int64          `json:"rows"`
	Narratives int64          `json:"narratives"`          // rows with one
	Withheld   int64          `json:"withheld"`            // rows whose narrative is left out
	Documents  int64          `json:"documents,omitempty"` // files of invoices
	Scope      string         `json:"scope"`               // hash of the rights it was made under
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
	return manifest{Export: e.Name(), ID: e.ID, Firm: firm, Audience: e.Audience, Payor: e.PayorID, Format: e.Format, Form: e.Form, From: string(e.FromOn), To: string(e.ToOn), AskedBy: e.AskedBy,
		AskedAt: e.AskedAt.UTC().Format(time.RFC3339), Recipient: e.Recipient, ReviewedBy: e.ReviewedBy, Scope: s.fingerprint(), Columns: s.profile.header(), Note: watermarkNote}
}

func newZip(out io.Writer) *zip.Writer {
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return z
}

// archive writes the zip: the table out of its parts, the invoices' files, then
// manifest.json. The times in it are the request's, so that the same rows make the same bytes.
func (b *builder) archive(ctx context.Context, out io.Writer) error {
	z := newZip(out)
	t := &b.table
	var empty []byte
	if len(t.parts) == 0 {
		var err error
		if empty, err = b.emptyPart(); err != nil {
			return fmt.Errorf("write table of export %s: %w", b.id, err)
		}
	}
	b.manifest.Rows, b.manifest.Narratives, b.manifest.Withheld, b.manifest.Files = t.rows, t.narratives, t.rows-t.narratives, nil
	var err error
	if b.plan.format.direct() {
		err = b.joinedTable(ctx, z, empty)
	} else {
		err = b.encodedTable(ctx, z, empty)
	}
	if err != nil {
		return fmt.Errorf("write table of export %s: %w", b.id, err)
	}
	if b.plan.documents {
		if err := b.addDocuments(ctx, z); err != nil {
			return fmt.Errorf("add documents to export %s: %w", b.id, err)
		}
	}
	if err := b.describe(z); err != nil {
		return fmt.Errorf("write manifest.json of export %s: %w", b.id, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("close archive of export %s: %w", b.id, err)
	}
	return nil
}

// joinedTable is the table whose parts are its very bytes.
func (b *builder) joinedTable(ctx context.Context, z *zip.Writer, empty []byte) error {
	t := &b.table
	h := &zip.FileHeader{Name: b.tableName(1), Method: zip.Deflate, CRC32: t.crc, UncompressedSize64: uint64(t.plain),
		CompressedSize64: uint64(t.packed) + uint64(len(empty)+len(partEnd))}
	h.SetModTime(b.plan.asked.UTC()) //nolint:staticcheck // a raw header gets its time from nothing else
	w, err := z.CreateRaw(h)
	if err != nil {
		return err
	}
	if err := b.joined(ctx, w, empty); err != nil {
		return err
	}
	b.manifest.Files = append(b.manifest.Files, manifestFile{h.Name, t.plain, hex.EncodeToString(t.sum.Sum(nil))})
	return nil
}

// tableName is the file of the n-th table; there is more than one of a spreadsheet whose
// rows one sheet does not hold.
func (b *builder) tableName(n int) string {
	name := b.chosen.profile.content
	if n > 1 {
		name += "-" + strconv.Itoa(n)
	}
	return name + "." + string(b.plan.format)
}

// encodedTable is the table that is made of what its parts hold.
func (b *builder) encodedTable(ctx context.Context, z *zip.Writer, empty []byte) error {
	parts := &chain{ctx: ctx, b: b, empty: empty}
	defer parts.close()
	u := &unpacker{in: bufio.NewReaderSize(flate.NewReader(parts), 64<<10)}
	r := b.chosen.profile.row()
	next := func() (bool, error) { return u.next(r) }
	if b.plan.format == FormatParquet {
		return b.member(z, b.tableName(1), func(w io.Writer) error {
			return writeParquet(w, r, next, map[string]string{"export": b.manifest.Export, "export_id": string(b.id), "note": watermarkNote})
		})
	}
	select {
	case b.sheet <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.sheet }()
	for n, more := 1, true; more; n++ {
		err := b.member(z, b.tableName(n), func(w io.Writer) (err error) {
			more, err = writeXLSX(w, r, next, sheetRows, b.manifest.Export+" "+string(b.id), n > 1)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// member adds a file that is packed within, and to the manifest its size and hash.
func (b *builder) member(z *zip.Writer, name string, write func(w io.Writer) error) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: b.plan.asked.UTC()})
	if err != nil {
		return err
	}
	sum, size := sha256.New(), counter(0)
	if err := write(io.MultiWriter(w, sum, &size)); err != nil {
		return err
	}
	b.manifest.Files = append(b.manifest.Files, manifestFile{name, int64(size), hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// chain reads the parts one after another, each opened when it is its turn.
type chain struct {
	ctx   context.Context //nolint:containedctx // it reads for one call, and ends with it
	b     *builder
	empty []byte
	at    int // parts opened
	now   io.Reader
	shut  io.Closer
	ended bool
}

func (c *chain) Read(p []byte) (int, error) {
	for {
		if c.now != nil {
			n, err := c.now.Read(p)
			if n > 0 || !errors.Is(err, io.EOF) {
				return n, lost(err)
			}
			c.now = nil
		}
		c.close()
		switch {
		case c.empty != nil:
			c.now, c.empty = bytes.NewReader(c.empty), nil
		case c.at < len(c.b.table.parts):
			in, err := c.b.openPart(c.ctx, c.b.table.parts[c.at])
			if err != nil {
				return 0, err
			}
			c.at++
			c.now, c.shut = in, in
		case !c.ended:
			c.now, c.ended = bytes.NewReader(partEnd), true
		default:
			return 0, io.EOF
		}
	}
}

func (c *chain) close() {
	if c.shut != nil {
		_ = c.shut.Close() // it was read
		c.shut = nil
	}
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
