package blob

import (
	"errors"
	"fmt"
	"io"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// File reads a blob from any byte of it, for a reader who goes on where an earlier
// one left off. Every byte is checked before it is handed out; read from the first
// to the last, size and hash are too. It is not safe for two at once.
type File struct {
	Info
	blob found
	at   int64         // where the next Read begins
	body io.ReadCloser // nil: nothing is open
	next int64         // where body goes on
}

// File opens a blob, which may be used after the transaction; ErrNotFound for another
// firm's. Close it.
func (s *Store) File(tx *db.Tx, id ident.BlobID) (*File, error) {
	b, err := s.find(tx, id)
	if err != nil {
		return nil, err
	}
	f := &File{Info: b.info, blob: b}
	f.body, err = b.whole()
	return f, err
}

// Read is io.Reader's.
func (f *File) Read(p []byte) (int, error) {
	if f.body != nil && f.next != f.at {
		_ = f.body.Close() // it was only read from
		f.body = nil
	}
	if f.body == nil && f.at >= f.Size {
		return 0, io.EOF
	}
	if f.body == nil {
		var err error
		if f.body, err = f.blob.from(f.at); err != nil {
			return 0, err
		}
		f.next = f.at
	}
	n, err := f.body.Read(p)
	f.at += int64(n)
	f.next = f.at
	if errors.Is(err, io.EOF) && f.at != f.Size {
		return n, fmt.Errorf("blob %s: %w", f.ID, ErrDamaged)
	}
	return n, err
}

// Seek is io.Seeker's. It reads nothing.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.Size
	}
	if offset < 0 {
		return f.at, fmt.Errorf("blob %s: there is no byte %d", f.ID, offset)
	}
	f.at = offset
	return f.at, nil
}

// Close lets go of the blob.
func (f *File) Close() error {
	if f.body == nil {
		return nil
	}
	return f.body.Close()
}

// from reads from a byte on; each chunk is checked, not the hash of the whole.
func (b found) from(offset int64) (io.ReadCloser, error) {
	if offset == 0 {
		return b.whole()
	}
	head, err := b.head()
	if err != nil {
		return nil, err
	}
	chunk, at, before := seal.SealedAt(offset)
	sealed, err := b.bucket.GetFrom(b.ctx, b.name, at, -1)
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", b.info.ID, storage(err))
	}
	plain, err := b.key.ReaderAt(head, chunk, sealed, b.aad...)
	if err == nil {
		_, err = io.CopyN(io.Discard, plain, before)
	}
	if err != nil {
		_ = sealed.Close()
		return nil, damaged(b.info.ID, err)
	}
	return &ranged{plain, sealed, b.info.ID}, nil
}

func (b found) head() ([]byte, error) {
	r, err := b.bucket.GetFrom(b.ctx, b.name, 0, seal.HeadSize)
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", b.info.ID, storage(err))
	}
	defer r.Close()
	head := make([]byte, seal.HeadSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, damaged(b.info.ID, seal.ErrOpen)
	}
	return head, nil
}

// ranged is a part of a blob.
type ranged struct {
	io.Reader
	closer io.Closer
	id     ident.BlobID
}

func (r *ranged) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(r.id, err)
	}
	return n, err
}

func (r *ranged) Close() error { return r.closer.Close() }
