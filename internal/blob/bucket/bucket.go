// Package bucket puts sealed bytes into a folder, or into whatever else
// gocloud.dev/blob reaches. It is apart from package blob, so that only the program
// and not every noun's tests link that library.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	gocloud "gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // the scheme s3
	"gocloud.dev/gcerrors"

	"github.com/docketry/docketry/internal/blob"
)

// Bucket is a blob.Bucket over gocloud's.
type Bucket struct{ b *gocloud.Bucket }

// Folder keeps objects as files below dir, which it makes when missing.
func Folder(dir string) (*Bucket, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make blob folder: %w", err)
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{
		CreateDir: true, NoTempDir: true, // temporary files lie beside the final ones: the system's may be another disk
		Metadata: fileblob.MetadataDontWrite, DirFileMode: 0o700,
	})
	if err != nil {
		return nil, fmt.Errorf("open blob folder %s: %w", dir, err)
	}
	return &Bucket{b}, nil
}

// Open reads a URL of the configuration: file:///folder, or s3://bucket with
// gocloud's parameters (?region=, ?endpoint=, &use_path_style=true), whose
// credentials come from AWS's own environment and files.
func Open(ctx context.Context, address string) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read blob URL: %w", err)
	}
	if u.Scheme == "file" {
		return Folder(u.Path)
	}
	if u.Scheme != "s3" {
		return nil, fmt.Errorf("blob URL: scheme %q is not file or s3", u.Scheme)
	}
	b, err := gocloud.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("open blob store %s: %w", u.Scheme, err)
	}
	return &Bucket{b}, nil
}

// Put writes the object; if write fails nothing is stored.
func (b *Bucket) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w, err := b.b.NewWriter(ctx, name, &gocloud.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return err
	}
	if err := write(w); err != nil {
		stop() // a writer closed after this leaves nothing behind
		_ = w.Close()
		return err
	}
	return w.Close()
}

// Get opens the object; blob.ErrGone when it is not there.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.b.NewReader(ctx, name, nil)
	if err != nil {
		return nil, gone(err)
	}
	return r, nil
}

// GetFrom opens the object at a byte of it.
func (b *Bucket) GetFrom(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	r, err := b.b.NewRangeReader(ctx, name, offset, length, nil)
	if err != nil {
		return nil, gone(err)
	}
	return r, nil
}

// Delete removes the object; blob.ErrGone when it is not there.
func (b *Bucket) Delete(ctx context.Context, name string) error { return gone(b.b.Delete(ctx, name)) }

// Walk lists the objects below prefix.
func (b *Bucket) Walk(ctx context.Context, prefix string, fn func(blob.Object) error) error {
	it := b.b.List(&gocloud.ListOptions{Prefix: prefix})
	for {
		o, err := it.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := fn(blob.Object{Name: o.Key, PutAt: o.ModTime}); err != nil {
			return err
		}
	}
}

// Close lets go of the store.
func (b *Bucket) Close() error { return b.b.Close() }

func gone(err error) error {
	if err != nil && gcerrors.Code(err) == gcerrors.NotFound {
		return blob.ErrGone
	}
	return err
}
