package bucket_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/blob/bucket"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/testkit"
)

// Every bucket keeps the same promises.
func TestBuckets(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key") // the driver looks nowhere else
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	dir := t.TempDir()
	folder, err := bucket.Open(t.Context(), "file://"+filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	for name, b := range map[string]blob.Bucket{"folder": folder, "s3": s3(t), "memory": blob.NewMemory(clock.At(testkit.Now))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conform(t, b)
		})
	}
}

// s3 is the real driver over a server that answers as S3 does.
func s3(t *testing.T) blob.Bucket {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("docketry"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(server.Close)
	b, err := bucket.Open(t.Context(), "s3://docketry?region=eu-central-1&use_path_style=true&endpoint="+url.QueryEscape(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestOpenRefusesWhatItWasNotBuiltWith(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"gs://bucket", "mem://", "folder"} {
		if b, err := bucket.Open(t.Context(), address); err == nil {
			_ = b.Close()
			t.Errorf("%s was opened", address)
		}
	}
}

func conform(t *testing.T, b blob.Bucket) {
	ctx := t.Context()
	put := func(name, text string) {
		t.Helper()
		if err := b.Put(ctx, name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	get := func(name string) (string, error) {
		r, err := b.Get(ctx, name)
		if err != nil {
			return "", err
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		return string(text), err
	}
	from := func(name string, offset, length int64) (string, error) {
		r, err := b.GetFrom(ctx, name, offset, length)
		if err != nil {
			return "", err
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		return string(text), err
	}
	names := func(prefix string) (all []string) {
		t.Helper()
		if err := b.Walk(ctx, prefix, func(o blob.Object) error { all = append(all, o.Name); return nil }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	put("f1/a", "one")
	put("f1/b", "")
	put("f2/a", strings.Repeat("x", 300_000))
	if s, err := get("f1/a"); err != nil || s != "one" {
		t.Errorf("%q, %v", s, err)
	}
	if s, err := get("f2/a"); err != nil || len(s) != 300_000 {
		t.Errorf("%d bytes, %v", len(s), err)
	}
	for want, at := range map[string][2]int64{"ne": {1, -1}, "n": {1, 1}, "one": {0, 9}} {
		if s, err := from("f1/a", at[0], at[1]); err != nil || s != want {
			t.Errorf("from %v: %q, %v", at, s, err)
		}
	}
	if got := names("f1/"); strings.Join(got, " ") != "f1/a f1/b" {
		t.Errorf("below f1: %v", got)
	}
	failed := errors.New("writer failed")
	err := b.Put(ctx, "f1/half", func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 100_000))
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("put: %v", err)
	}
	if got := names(""); len(got) != 3 {
		t.Errorf("something half was stored: %v", got)
	}
	if err := b.Delete(ctx, "f1/a"); err != nil {
		t.Error(err)
	}
	for _, err := range []error{b.Delete(ctx, "f1/a"), second(get("f1/a")), second(get("f9/none")), second(from("f9/none", 1, -1))} {
		if !errors.Is(err, blob.ErrGone) {
			t.Errorf("%v, want ErrGone", err)
		}
	}
	canceled, stop := context.WithCancel(ctx)
	stop()
	_ = b.Put(canceled, "f1/late", func(w io.Writer) error { return canceled.Err() })
	if got := names("f1/"); strings.Join(got, " ") != "f1/b" {
		t.Errorf("below f1: %v", got)
	}
}

func second[T any](_ T, err error) error { return err }

// The library gives files the common mode; the folders above them keep others out.
func TestFoldersAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "blobs")
	b, err := bucket.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = b.Put(t.Context(), "f1/a", func(w io.Writer) error { _, err := w.Write([]byte("x")); return err })
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err == nil && e.IsDir() && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
