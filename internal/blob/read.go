package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// Get is the whole of a blob of the transaction's firm; ErrNotFound for another
// firm's, ErrDamaged when the bytes are not those that were put.
func (s *Store) Get(tx *db.Tx, id ident.BlobID) ([]byte, error) {
	r, info, err := s.Open(tx, id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := bytes.NewBuffer(make([]byte, 0, info.Size))
	if _, err := io.Copy(out, r); err != nil {
		return nil, fmt.Errorf("read blob %s: %w", id, err)
	}
	return out.Bytes(), nil
}

// Open reads a blob of any length. The reader may be used after the transaction
// and checks the bytes as they pass; at the end also size and hash. Close it.
func (s *Store) Open(tx *db.Tx, id ident.BlobID) (io.ReadCloser, Info, error) {
	b, err := s.find(tx, id)
	if err != nil {
		return nil, Info{}, err
	}
	r, err := b.whole()
	return r, b.info, err
}

// found is a blob and how to read it.
type found struct {
	ctx    context.Context
	bucket Bucket
	key    *seal.Key
	name   string
	aad    []string
	info   Info
}

func (s *Store) find(tx *db.Tx, id ident.BlobID) (b found, err error) {
	var rows []blobRow
	err = tx.Raw(`SELECT id, name, kind, key_version, size, content_hash, created_at FROM blob WHERE firm_id = ? AND id = ? AND removed_at IS NULL`,
		tx.Scope.Firm, id).Scan(&rows).Error
	if err != nil {
		return b, fmt.Errorf("find blob %s: %w", id, err)
	}
	if len(rows) == 0 {
		return b, ErrNotFound
	}
	r := rows[0]
	key, err := s.keys.Version(tx, r.KeyVersion)
	if err != nil {
		return b, err
	}
	return found{ctx: tx.Context(), bucket: s.bucket, key: key, name: object(tx.Scope.Firm, r.Name), aad: bindBlob(tx.Scope.Firm, id, r.KeyVersion),
		info: Info{ID: id, Kind: r.Kind, Size: r.Size, ContentHash: r.ContentHash, CreatedAt: r.CreatedAt}}, nil
}

// whole reads from the first byte and checks size and hash at the end.
func (b found) whole() (io.ReadCloser, error) {
	sealed, err := b.bucket.Get(b.ctx, b.name)
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", b.info.ID, storage(err))
	}
	plain, err := b.key.Reader(sealed, b.aad...)
	if err != nil {
		_ = sealed.Close()
		return nil, damaged(b.info.ID, err)
	}
	return &checked{in: plain, closer: sealed, info: b.info, sum: sha256.New()}, nil
}

func damaged(id ident.BlobID, err error) error {
	if errors.Is(err, seal.ErrOpen) {
		return fmt.Errorf("blob %s: %w", id, ErrDamaged)
	}
	return fmt.Errorf("read blob %s: %w", id, storage(err))
}

// checked compares size and hash when the end is reached.
type checked struct {
	in     io.Reader
	closer io.Closer
	info   Info
	sum    hash.Hash
	n      int64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		got := hex.EncodeToString(c.sum.Sum(nil))
		if c.n != c.info.Size || subtle.ConstantTimeCompare([]byte(got), []byte(c.info.ContentHash)) != 1 {
			return n, fmt.Errorf("blob %s: %w", c.info.ID, ErrDamaged)
		}
		return n, io.EOF
	default:
		return n, damaged(c.info.ID, err)
	}
}

func (c *checked) Close() error { return c.closer.Close() }
