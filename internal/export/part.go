package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
)

const (
	partRows = 10_000 // rows of a whole part, and between two decisions
	partLife = 23 * time.Hour
	partKind = "export_part"
)

// partEnd closes a table of deflated parts, each of which ends at a whole byte.
var partEnd = []byte{1, 0, 0, 0xff, 0xff}

// errMoved means that rows which the parts hold have changed since: the file would
// not be one instant of the firm, and is made anew.
var errMoved = errors.New("entries that were written have changed: the file is made anew")

// errLost means that a part cannot be read back.
var errLost = errors.New("a part of the file was lost: it is made anew")

// table is the file's rows as far as whole parts hold them.
type table struct {
	parts      []ident.BlobID
	rows       int64
	narratives int64
	plain      int64
	packed     int64
	versions   int64
	lastOn     string
	lastID     string
	sum        hash.Hash // SHA-256
	crc        uint32
}

// restart forgets what was written.
func (b *builder) restart() { b.table, b.text = table{sum: sha256.New()}, readingFor(b.plan.audience) }

// Write takes the next bytes of the table into its sums.
func (t *table) Write(p []byte) (int, error) {
	t.plain += int64(len(p))
	t.crc = crc32.Update(t.crc, crc32.IEEETable, p)
	return t.sum.Write(p)
}

// sums is what a later attempt needs to go on summing.
func (t *table) sums() ([]byte, error) {
	state, err := t.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("keep checksum: %w", err)
	}
	return append(binary.BigEndian.AppendUint32(nil, t.crc), state...), nil
}

func (t *table) resumeSums(b []byte) error {
	if len(b) < 4 {
		return io.ErrUnexpectedEOF
	}
	t.crc = binary.BigEndian.Uint32(b)
	return t.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(b[4:])
}

// resume takes up what an earlier attempt left: its whole parts, if they were made
// under the same rights. Whether their rows still stand is seen by unmoved.
func (b *builder) resume(tx *db.Tx) error {
	b.restart()
	var parts []struct {
		N                                         int
		BlobID                                    ident.BlobID
		Scope                                     string
		Rows, Narratives, Plain, Packed, Versions int64
		LastOn, LastID                            string
		Sums                                      string // hex
		MadeAt                                    time.Time
	}
	err := tx.Raw(`SELECT n, blob_id, scope, rows, narratives, plain, packed, versions, to_char(last_on, 'YYYY-MM-DD') AS last_on, last_id::text AS last_id, encode(sums, 'hex') AS sums, made_at
		FROM export_part WHERE firm_id = ? AND export_id = ? ORDER BY n`, tx.Scope.Firm, b.id).Scan(&parts).Error
	if err != nil {
		return fmt.Errorf("read parts of export %s: %w", b.id, err)
	}
	whole := 0
	for i, p := range parts {
		// A part that is not full was the last; more rows may follow it now.
		if p.N != i+1 || p.Rows != int64(p.N)*partRows || p.Scope != b.chosen.fingerprint() || tx.Now.Sub(p.MadeAt) > partLife {
			break
		}
		whole = p.N
		b.table.parts = append(b.table.parts, p.BlobID)
	}
	if whole > 0 {
		p := parts[whole-1]
		b.table.rows, b.table.narratives, b.table.plain, b.table.packed, b.table.versions = p.Rows, p.Narratives, p.Plain, p.Packed, p.Versions
		b.table.lastOn, b.table.lastID = p.LastOn, p.LastID
		sums, err := hex.DecodeString(p.Sums)
		if err == nil {
			sums, err = b.blobs.Keys().Open(tx, sums, b.bindSums(p.N)...)
		}
		if err == nil {
			err = b.table.resumeSums(sums)
		}
		if err != nil { // another program's state: nothing is lost by making it anew
			b.restart()
			whole = 0
		}
	}
	return b.dropParts(tx, whole)
}

func (b *builder) bindSums(n int) []string {
	return []string{"export_part", string(b.id), strconv.Itoa(n)}
}

// dropPartsOf takes away the parts after n, bytes and all.
func (s *Service) dropPartsOf(tx *db.Tx, id ident.ExportID, n int) error {
	var gone []ident.BlobID
	err := tx.Raw(`DELETE FROM export_part WHERE firm_id = ? AND export_id = ? AND n > ? RETURNING blob_id`, tx.Scope.Firm, id, n).Scan(&gone).Error
	if err != nil {
		return fmt.Errorf("drop parts of export %s: %w", id, err)
	}
	for _, part := range gone {
		if err := s.blobs.Remove(tx, part); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) dropParts(tx *db.Tx, n int) error { return b.dropPartsOf(tx, b.id, n) }

// afresh forgets the parts, so that this attempt or the next begins with the first row.
func (b *builder) afresh(ctx context.Context) error {
	b.restart()
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, b.job); err != nil {
			return err
		}
		return b.dropParts(tx, 0)
	})
}

// entries makes the parts that are missing, each kept as soon as it is whole. The
// rows come from one statement, so that they are one instant of the firm; memory
// does not grow with them.
func (b *builder) entries(ctx context.Context) error {
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		// An export is slow by nature; the statement's limit is its own (SECURITY T31).
		if err := tx.Exec(`SET LOCAL statement_timeout = '20min'`).Error; err != nil {
			return fmt.Errorf("lengthen the statement's time: %w", err)
		}
		q, args := b.chosen.following(b.table)
		rows, err := tx.Raw(q, args...).Rows()
		if err != nil {
			return fmt.Errorf("select entries: %w", err)
		}
		defer rows.Close()
		more := rows.Next()
		// Seen after the statement has its instant: what stands then as it was
		// written stood so at that instant too.
		if err := b.unmoved(ctx); err != nil {
			return err
		}
		for more {
			if more, err = b.part(ctx, rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// unmoved is errMoved unless every row that the parts hold is there as it was.
func (b *builder) unmoved(ctx context.Context) error {
	if len(b.table.parts) == 0 {
		return nil
	}
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		var rows, versions int64
		q, args := b.chosen.covered(b.table)
		if err := tx.Raw(q, args...).Row().Scan(&rows, &versions); err != nil {
			return fmt.Errorf("look at the rows of the parts: %w", err)
		}
		if rows != b.table.rows || versions != b.table.versions {
			return errMoved
		}
		return nil
	})
}

// part stores the rows from the present one on, as many as a whole part has, and
// tells whether another row follows.
func (b *builder) part(ctx context.Context, rows *sql.Rows) (more bool, err error) {
	w, err := b.blobs.Write(ctx, partKind, func(out io.Writer) error {
		packed := counter(0)
		z, err := flate.NewWriter(io.MultiWriter(out, &packed), flate.BestSpeed)
		if err != nil {
			return fmt.Errorf("pack part: %w", err)
		}
		file := b.plan.format.writer(io.MultiWriter(z, &b.table))
		if b.table.rows == 0 {
			file.head(b.row.columns)
		}
		for n := 0; n < partRows; n++ {
			if err := b.entry(file, rows); err != nil {
				return err
			}
			if more = rows.Next(); !more {
				break
			}
		}
		// A flush ends at a whole byte, so that parts follow one another.
		if err := errors.Join(rows.Err(), file.flush(), z.Flush()); err != nil {
			return fmt.Errorf("write part: %w", err)
		}
		b.table.packed += int64(packed)
		return nil
	})
	if err != nil {
		return false, err
	}
	if err := b.keep(ctx, w); err != nil {
		_ = b.blobs.Drop(context.WithoutCancel(ctx), w) // the sweep does it otherwise
		return false, err
	}
	return more, nil
}

// entry writes one row and counts it.
func (b *builder) entry(w rowWriter, rows *sql.Rows) error {
	var versions int64
	if err := b.row.read(rows, &b.table.lastOn, &versions); err != nil {
		return err
	}
	b.table.lastID = b.row.id()
	b.table.versions ^= versions
	b.table.rows++
	if b.row.told() {
		b.table.narratives++
	}
	b.text.add(b.row)
	return w.row(b.row)
}

// keep makes a part one of the file's and decides again (T04).
func (b *builder) keep(ctx context.Context, w blob.Written) error {
	t := &b.table
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := b.still(tx); err != nil {
			return err
		}
		sums, err := t.sums()
		if err != nil {
			return err
		}
		n := len(t.parts) + 1
		if sums, err = b.blobs.Keys().Seal(tx, sums, b.bindSums(n)...); err != nil {
			return fmt.Errorf("seal sums of export %s: %w", b.id, err)
		}
		if err := b.blobs.Keep(tx, w); err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO export_part (firm_id, export_id, n, blob_id, scope, rows, narratives, plain, packed, versions, last_on, last_id, sums, made_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::date, ?, decode(?, 'hex'), ?)`, tx.Scope.Firm, b.id, n, w.ID, b.chosen.fingerprint(), t.rows, t.narratives, t.plain, t.packed, t.versions,
			t.lastOn, t.lastID, hex.EncodeToString(sums), tx.Now).Error
		if err != nil {
			return fmt.Errorf("keep part %d of export %s: %w", n, b.id, err)
		}
		if err := tx.Exec(`UPDATE export SET rows_done = ? WHERE firm_id = ? AND id = ?`, t.rows, tx.Scope.Firm, b.id).Error; err != nil {
			return fmt.Errorf("note progress of export %s: %w", b.id, err)
		}
		tx.AfterCommit(func() { t.parts = append(t.parts, w.ID) })
		return nil
	})
}

// joined writes all parts after one another; empty stands for them where there is none.
func (b *builder) joined(ctx context.Context, out io.Writer, empty []byte) error {
	if _, err := out.Write(empty); err != nil {
		return err
	}
	for _, id := range b.table.parts {
		if err := b.copyPart(ctx, out, id); err != nil {
			return err
		}
	}
	_, err := out.Write(partEnd)
	return err
}

func (b *builder) copyPart(ctx context.Context, out io.Writer, id ident.BlobID) error {
	in, err := b.openPart(ctx, id)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(out, in)
	return lost(err)
}

// openPart decides again before it opens one (T04).
func (b *builder) openPart(ctx context.Context, id ident.BlobID) (in io.ReadCloser, err error) {
	err = b.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		if err := b.still(tx); err != nil {
			return err
		}
		in, _, err = b.blobs.Open(tx, id)
		return lost(err)
	})
	return in, err
}

// lost tells bytes that will not come back from a store that is away.
func lost(err error) error {
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrGone) || errors.Is(err, blob.ErrDamaged) {
		return fmt.Errorf("%w: %v", errLost, err) //nolint:errorlint // what is lost is not a missing export
	}
	return err
}

// emptyPart is the table of a scope that has lost its rows since they were counted.
func (b *builder) emptyPart() ([]byte, error) {
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	file := b.plan.format.writer(io.MultiWriter(z, &b.table))
	file.head(b.row.columns)
	err = errors.Join(file.flush(), z.Flush())
	return out.Bytes(), err
}
