package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// The plain form is a tar, so that age, tar and pg_restore alone can put it back:
//
//	database.dump.00000001 ...   pg_dump's custom format, cut into pieces
//	blobs.jsonl.00000001 ...     what the blob store must hold, a line each
//	manifest.json                last: without it nothing is whole
//
// A tar wants the length of each file beforehand; the pieces make memory flat.
const (
	dumpName     = "database.dump"
	blobsName    = "blobs.jsonl"
	manifestName = "manifest.json"
	pieceSize    = 4 << 20
	// mostManifest bounds what is read of a file that somebody hands in.
	mostManifest = 256 << 20
)

// archive writes the parts in their order.
type archive struct {
	out *tar.Writer
	at  time.Time
}

func (a *archive) file(name string, b []byte) error {
	if err := a.out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: a.at, Format: tar.FormatPAX}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := a.out.Write(b); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// pieces is one part as it is written. Close ends the last piece.
type pieces struct {
	to    *archive
	name  string
	buf   []byte
	n     int
	bytes int64
	sum   hash.Hash
}

func (a *archive) part(name string) *pieces {
	return &pieces{to: a, name: name, buf: make([]byte, 0, pieceSize), sum: sha256.New()}
}

func (p *pieces) Write(b []byte) (int, error) {
	done := 0
	for len(b) > 0 {
		n := min(len(b), cap(p.buf)-len(p.buf))
		p.buf = append(p.buf, b[:n]...)
		b, done = b[n:], done+n
		if len(p.buf) == cap(p.buf) {
			if err := p.flush(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

func (p *pieces) flush() error {
	if len(p.buf) == 0 {
		return nil
	}
	p.n++
	p.bytes += int64(len(p.buf))
	p.sum.Write(p.buf)
	err := p.to.file(fmt.Sprintf("%s.%08d", p.name, p.n), p.buf)
	p.buf = p.buf[:0]
	return err
}

func (p *pieces) Close() (Part, error) {
	err := p.flush()
	return Part{p.bytes, hex.EncodeToString(p.sum.Sum(nil))}, err
}

// read goes through a file once, from its first byte to its last: every piece in its
// order, both sums, the manifest, and that nothing follows. dump and blobs get the
// plain parts as they pass, before all of that is known.
func read(in io.Reader, ids []Identity, dump, blobs io.Writer) (Manifest, error) {
	plain, err := opened(in, ids)
	if err != nil {
		return Manifest{}, err
	}
	m, err := walk(tar.NewReader(plain), dump, blobs)
	if err != nil {
		return Manifest{}, err
	}
	// Only at its end does the envelope tell that it was not cut.
	rest, err := io.Copy(io.Discard, plain)
	if err != nil {
		return Manifest{}, damaged(err)
	}
	if rest > 0 {
		return Manifest{}, fmt.Errorf("%w: something follows its manifest", ErrDamaged)
	}
	return m, nil
}

// takerError is the complaint of who is given a part, told from one about the file.
type takerError struct{ error }

func (e takerError) Unwrap() error { return e.error }

type taker struct{ io.Writer }

func (t taker) Write(b []byte) (int, error) {
	n, err := t.Writer.Write(b)
	if err != nil {
		return n, takerError{err}
	}
	return n, nil
}

func damaged(err error) error {
	var taken takerError
	if errors.As(err, &taken) {
		return taken.error
	}
	return fmt.Errorf("%w: it is cut or was altered: %w", ErrDamaged, err)
}

func walk(in *tar.Reader, dump, blobs io.Writer) (m Manifest, err error) {
	parts := map[string]*pieces{dumpName: {sum: sha256.New()}, blobsName: {sum: sha256.New()}}
	into := map[string]io.Writer{dumpName: taker{dump}, blobsName: taker{blobs}}
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return m, fmt.Errorf("%w: it has no manifest", ErrDamaged)
		}
		if err != nil {
			return m, damaged(err)
		}
		if h.Name == manifestName {
			break
		}
		name := h.Name[:max(strings.LastIndexByte(h.Name, '.'), 0)]
		p := parts[name]
		if p == nil || h.Name != fmt.Sprintf("%s.%08d", name, p.n+1) || name == dumpName && parts[blobsName].n > 0 {
			return m, fmt.Errorf("%w: %q stands where it does not belong", ErrDamaged, h.Name)
		}
		p.n++
		n, err := io.Copy(io.MultiWriter(p.sum, into[name]), in)
		if p.bytes += n; err != nil {
			return m, damaged(err)
		}
	}
	if m, err = readManifest(in); err != nil {
		return m, err
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("%w: something follows its manifest", ErrDamaged)
	}
	for name, want := range map[string]Part{dumpName: m.Dump, blobsName: m.Blobs} {
		if got := (Part{parts[name].bytes, hex.EncodeToString(parts[name].sum.Sum(nil))}); got != want {
			return m, fmt.Errorf("%w: %s has %d bytes with SHA-256 %s, the manifest says %d and %s", ErrDamaged, name, got.Bytes, got.SHA256, want.Bytes, want.SHA256)
		}
	}
	return m, nil
}

func readManifest(in io.Reader) (m Manifest, err error) {
	b, err := io.ReadAll(io.LimitReader(in, mostManifest+1))
	if err != nil {
		return m, damaged(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&m); err != nil || len(b) > mostManifest {
		return m, fmt.Errorf("%w: its manifest cannot be read", ErrDamaged)
	}
	if m.Format != format {
		return m, fmt.Errorf("%w: its format is %q, this program reads %q", ErrDamaged, m.Format, format)
	}
	return m, nil
}
