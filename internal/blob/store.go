package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// Store puts and gets a firm's bytes.
type Store struct {
	db     *db.DB
	bucket Bucket
	keys   *Keys
}

// New makes a store over bucket with firms' keys.
func New(d *db.DB, bucket Bucket, keys *Keys) *Store {
	if d == nil || bucket == nil || keys == nil {
		panic("blob: store without database, bucket or keys")
	}
	return &Store{d, bucket, keys}
}

// Keys are the firms' data keys that the store seals with.
func (s *Store) Keys() *Keys { return s.keys }

// Put stores bytes for the transaction's firm. The bytes are in the bucket before
// the row is committed; if the transaction fails the sweep removes them.
func (s *Store) Put(tx *db.Tx, kind string, plain []byte) (ident.BlobID, error) {
	w, err := s.write(tx, kind, func(out io.Writer) error {
		_, err := io.Copy(out, bytes.NewReader(plain))
		return err
	})
	if err != nil {
		return "", err
	}
	return w.ID, s.Keep(tx, w)
}

// Written are bytes that are in the bucket and that no row names yet.
type Written struct {
	Info
	name    string
	version int
	firm    ident.FirmID
}

// Write stores what write writes, of any length, for the firm of ctx, outside any
// transaction. Keep then makes it a blob; bytes that nobody keeps within an hour
// are swept away. An error of write comes back as it is.
func (s *Store) Write(ctx context.Context, kind string, write func(io.Writer) error) (Written, error) {
	var key *seal.Key
	var version int
	var w Written
	err := s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		key, version, err = s.keys.Present(tx)
		w.CreatedAt, w.firm = tx.Now, tx.Scope.Firm
		return err
	})
	if err != nil {
		return Written{}, err
	}
	return s.seal(ctx, key, version, w, kind, write)
}

func (s *Store) write(tx *db.Tx, kind string, write func(io.Writer) error) (Written, error) {
	key, version, err := s.keys.Present(tx)
	if err != nil {
		return Written{}, err
	}
	w := Written{firm: tx.Scope.Firm}
	w.CreatedAt = tx.Now
	return s.seal(tx.Context(), key, version, w, kind, write)
}

func (s *Store) seal(ctx context.Context, key *seal.Key, version int, w Written, kind string, write func(io.Writer) error) (Written, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return Written{}, fmt.Errorf("name blob: %w", err)
	}
	w.ID, w.Kind, w.name, w.version = ident.New[ident.BlobID](w.CreatedAt), kind, hex.EncodeToString(random), version
	sum, count := sha256.New(), counter(0)
	var own error // of the writer, when the bucket took everything it was given
	err := s.bucket.Put(ctx, object(w.firm, w.name), func(out io.Writer) error {
		into := &watched{Writer: out}
		sealed, err := key.Writer(into, bindBlob(w.firm, w.ID, version)...)
		if err != nil {
			return err
		}
		if err := write(io.MultiWriter(sealed, sum, &count)); err != nil {
			if !into.failed {
				own = err
			}
			return err
		}
		return sealed.Close()
	})
	if own != nil {
		return Written{}, own
	}
	if err != nil {
		return Written{}, fmt.Errorf("store %s: %w", kind, storage(err))
	}
	w.Size, w.ContentHash = int64(count), hex.EncodeToString(sum.Sum(nil))
	return w, nil
}

// Keep makes written bytes a blob of the transaction's firm.
func (s *Store) Keep(tx *db.Tx, w Written) error {
	if w.firm != tx.Scope.Firm {
		return fmt.Errorf("keep blob %s: it was written for another firm", w.ID)
	}
	err := tx.Exec(`INSERT INTO blob (firm_id, id, name, kind, key_version, size, content_hash, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, w.ID, w.name, w.Kind, w.version, w.Size, w.ContentHash, tx.Now).Error
	if err != nil {
		return fmt.Errorf("keep blob %s: %w", w.ID, err)
	}
	return nil
}

// Drop removes written bytes that will not be kept.
func (s *Store) Drop(ctx context.Context, w Written) error {
	if err := s.bucket.Delete(ctx, object(w.firm, w.name)); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("drop blob %s: %w", w.ID, storage(err))
	}
	return nil
}

func object(firm ident.FirmID, name string) string { return string(firm) + "/" + name }

func bindBlob(firm ident.FirmID, id ident.BlobID, version int) []string {
	return []string{string(firm), string(id), strconv.Itoa(version)}
}

// watched remembers whether the bucket refused bytes.
type watched struct {
	io.Writer
	failed bool
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.failed = w.failed || err != nil
	return n, err
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
