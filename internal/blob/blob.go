// Package blob keeps bytes that are too large for a row: sealed with the firm's
// own key, named at random, their hash and size in the row (SECURITY 1, 8). It
// owns firms' data keys. It does not own what the bytes mean.
package blob

import (
	"context"
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Faults. ErrStorageFull passes when there is space again: a job that meets it waits (F07).
var (
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStorageFull = fault.New(fault.Unavailable, "storage_full", "there is no space for this file at the moment; it will be tried again")
	ErrStorage     = fault.New(fault.Unavailable, "storage_unavailable", "the file store does not answer at the moment; try again in a few minutes")
	// ErrDamaged means that the bytes are not those that were put: altered, exchanged, or another firm's.
	ErrDamaged = errors.New("stored bytes are not those that were put")
)

// Bucket is where sealed bytes lie: a folder, or object storage. Names are
// "firm/name" and hold nothing confidential. Put either stores everything or
// nothing. Get, GetFrom and Delete return ErrGone for what is not there.
type Bucket interface {
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// GetFrom begins at a byte of the object and reads length bytes, -1 for the rest.
	GetFrom(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error)
	Delete(ctx context.Context, name string) error
	// Walk calls fn with every object whose name starts with prefix.
	Walk(ctx context.Context, prefix string, fn func(Object) error) error
}

// Object is one entry of a bucket.
type Object struct {
	Name  string
	PutAt time.Time
}

// ErrGone is what a bucket answers for an object that is not there.
var ErrGone = errors.New("no such object")

// Info is what a row tells of its bytes.
type Info struct {
	ID          ident.BlobID
	Kind        string
	Size        int64  // of the plain bytes
	ContentHash string // hex SHA-256 of the plain bytes
	CreatedAt   time.Time
}

// storage turns a bucket's error into what can be done about it.
func storage(err error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return ErrStorageFull.Because(err)
	default:
		return ErrStorage.Because(err)
	}
}
