package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
)

type house struct {
	d      *db.DB
	clock  *clock.Manual
	bucket *blob.Memory
	store  *blob.Store
}

func master(t *testing.T, fill byte, older ...byte) *seal.Master {
	t.Helper()
	var keys [][]byte
	for _, o := range older {
		keys = append(keys, bytes.Repeat([]byte{o, 9}, 16))
	}
	m, err := seal.NewMaster(bytes.Repeat([]byte{fill, 9}, 16), keys...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func setup(t *testing.T) house {
	t.Helper()
	c := clock.At(testkit.Now)
	h := house{d: testkit.Open(t, "docketry_worker", c), clock: c, bucket: blob.NewMemory(c)}
	h.store = blob.New(h.d, h.bucket, blob.NewKeys(master(t, 1)))
	return h
}

func put(t *testing.T, h house, f testkit.F, text string) (id ident.BlobID) {
	t.Helper()
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		id, err = h.store.Put(tx, "invoice_pdf", []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func get(h house, ctx context.Context, id ident.BlobID) (text string, err error) {
	err = h.d.InFirm(ctx, func(tx *db.Tx) error {
		b, err := h.store.Get(tx, id)
		text = string(b)
		return err
	})
	return text, err
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	id := put(t, h, f, "the narrative of a bill")
	if text, err := get(h, f.Machine(), id); err != nil || text != "the narrative of a bill" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := get(h, other.Machine(), id); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	name := h.bucket.Names()[0]
	h.bucket.Spoil(name, func(b []byte) []byte {
		if bytes.Contains(b, []byte("narrative")) {
			t.Error("the bucket holds plain text")
		}
		return b
	})
	empty := put(t, h, f, "")
	if text, err := get(h, f.Machine(), empty); err != nil || text != "" {
		t.Errorf("empty blob: %q, %v", text, err)
	}
}

func TestExchangedOrSpoiltBytesAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	a := put(t, h, f, "first")
	nameA := h.bucket.Names()[0]
	put(t, h, f, "second")
	put(t, h, other, "theirs")
	var aBytes []byte
	h.bucket.Spoil(nameA, func(b []byte) []byte { aBytes = bytes.Clone(b); return b })
	for _, name := range h.bucket.Names() {
		if name == nameA {
			continue
		}
		var instead []byte
		h.bucket.Spoil(name, func(b []byte) []byte { instead = bytes.Clone(b); return b })
		h.bucket.Spoil(nameA, func([]byte) []byte { return instead })
		if _, err := get(h, f.Machine(), a); !errors.Is(err, blob.ErrDamaged) {
			t.Errorf("bytes of %s in the place of %s: %v", name, nameA, err)
		}
	}
	for _, change := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)-1] }, func(b []byte) []byte { return append(b, 0) },
		func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, func([]byte) []byte { return nil },
	} {
		h.bucket.Spoil(nameA, func([]byte) []byte { return change(bytes.Clone(aBytes)) })
		if _, err := get(h, f.Machine(), a); !errors.Is(err, blob.ErrDamaged) {
			t.Errorf("spoilt bytes: %v", err)
		}
	}
}

func TestAFileIsReadFromAnyByte(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	text := strings.Repeat("0123456789abcdef", 12_500) // three chunks and a bit
	id := put(t, h, f, text)
	open := func(ctx context.Context) (file *blob.File, err error) {
		err = h.d.InFirm(ctx, func(tx *db.Tx) (err error) {
			file, err = h.store.File(tx, id)
			return err
		})
		return file, err
	}
	if _, err := open(other.Machine()); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	file, err := open(f.Machine())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if n, err := file.Seek(0, io.SeekEnd); err != nil || n != int64(len(text)) {
		t.Errorf("its end is at %d, %v", n, err)
	}
	for _, at := range []int{0, 1, 1<<16 - 1, 1 << 16, 1<<16 + 1, 3 << 16, len(text) - 1, len(text), len(text) + 5} {
		if _, err := file.Seek(int64(at), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(file); err != nil || string(got) != text[min(at, len(text)):] {
			t.Errorf("from byte %d: %d bytes, %v", at, len(got), err)
		}
	}
	if _, err := file.Seek(-1, io.SeekStart); err == nil {
		t.Error("there is a byte before the first")
	}
	name := h.bucket.Names()[0]
	var stored []byte
	h.bucket.Spoil(name, func(b []byte) []byte { stored = bytes.Clone(b); return b })
	for change, spoil := range map[string]func(b []byte) []byte{
		"a byte changed": func(b []byte) []byte { b[len(b)-50] ^= 1; return b }, "the end cut off": func(b []byte) []byte { return b[:2<<16] },
		"everything gone": func([]byte) []byte { return nil },
	} {
		h.bucket.Spoil(name, func([]byte) []byte { return spoil(bytes.Clone(stored)) })
		if _, err := file.Seek(1<<16+7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(file); !errors.Is(err, blob.ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestWrittenThenKept(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	big := bytes.Repeat([]byte("0123456789"), 50_000)
	w, err := h.store.Write(f.Machine(), "export", func(out io.Writer) error { _, err := out.Write(big); return err })
	if err != nil || w.Size != 500_000 {
		t.Fatalf("%+v, %v", w, err)
	}
	if _, err := get(h, f.Machine(), w.ID); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("before it is kept: %v", err)
	}
	if err := h.d.InFirm(other.Machine(), func(tx *db.Tx) error { return h.store.Keep(tx, w) }); err == nil {
		t.Error("another firm kept the bytes")
	}
	if err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error { return h.store.Keep(tx, w) }); err != nil {
		t.Fatal(err)
	}
	if text, err := get(h, f.Machine(), w.ID); err != nil || text != string(big) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	dropped, err := h.store.Write(f.Machine(), "export", func(out io.Writer) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.Drop(t.Context(), dropped); err != nil || len(h.bucket.Names()) != 1 {
		t.Errorf("%v, %v", h.bucket.Names(), err)
	}
}

func TestF07_FullStoreIsNamedAndHeals(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	h.bucket.Fail(&fsError{syscall.ENOSPC})
	issue := func(ctx context.Context) error {
		return h.d.InFirm(ctx, func(tx *db.Tx) error {
			if err := tx.Exec(`UPDATE firm SET name = 'issued' WHERE firm_id = ?`, f.ID).Error; err != nil {
				return err
			}
			_, err := h.store.Put(tx, "invoice_pdf", []byte("x"))
			return err
		})
	}
	if err := issue(f.Machine()); !errors.Is(err, blob.ErrStorageFull) {
		t.Errorf("put on a full store: %v", err)
	}
	if f.Count(t, `SELECT count(*) FROM firm WHERE firm_id = ? AND name = 'issued'`, f.ID) != 0 || f.Count(t, `SELECT count(*) FROM blob WHERE firm_id = ?`, f.ID) != 0 {
		t.Error("something was kept without its bytes")
	}
	h.bucket.Fail(nil)
	if err := issue(f.Machine()); err != nil {
		t.Errorf("after there is space: %v", err)
	}
	h.bucket.Fail(errors.New("connection refused"))
	if err := issue(f.Machine()); !errors.Is(err, blob.ErrStorage) {
		t.Errorf("store away: %v", err)
	}
}

type fsError struct{ err error }

func (e *fsError) Error() string { return "write: " + e.err.Error() }
func (e *fsError) Unwrap() error { return e.err }

func TestSweepRemovesOnlyOrphans(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	kept := put(t, h, f, "kept")
	removed := put(t, h, f, "removed")
	failed := errors.New("rolled back")
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		if _, err := h.store.Put(tx, "invoice_pdf", []byte("orphan")); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) || len(h.bucket.Names()) != 3 {
		t.Fatalf("%v, %v", err, h.bucket.Names())
	}
	if err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error { return h.store.Remove(tx, removed) }); err != nil {
		t.Fatal(err)
	}
	if _, err := get(h, f.Machine(), removed); !errors.Is(err, blob.ErrNotFound) || len(h.bucket.Names()) != 2 {
		t.Errorf("removed: %v, %v", err, h.bucket.Names())
	}
	if n, err := h.store.Sweep(t.Context()); err != nil || n != 0 {
		t.Errorf("young bytes were swept: %d, %v", n, err)
	}
	h.clock.Advance(2 * time.Hour)
	if n, err := h.store.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	if text, err := get(h, f.Machine(), kept); err != nil || text != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFirstKeyIsMadeOnceAndMasterReplaced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	var wg sync.WaitGroup
	ids := make([]ident.BlobID, 8)
	for i := range ids {
		wg.Go(func() { ids[i] = put(t, h, f, fmt.Sprint("text ", i)) })
	}
	wg.Wait()
	if n := f.Count(t, `SELECT count(*) FROM firm_key WHERE firm_id = ?`, f.ID); n != 1 {
		t.Errorf("%d data keys", n)
	}
	both := blob.New(h.d, h.bucket, blob.NewKeys(master(t, 2, 1)))
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		n, err := both.Keys().Rewrap(tx)
		if n != 1 {
			t.Errorf("rewrapped %d", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.store = blob.New(h.d, h.bucket, blob.NewKeys(master(t, 2)))
	for i, id := range ids {
		if text, err := get(h, f.Machine(), id); err != nil || text != fmt.Sprint("text ", i) {
			t.Errorf("with the new master key alone: %q, %v", text, err)
		}
	}
}

// keysOf is a firm with a data key that master key 1 wrapped.
func keysOf(t *testing.T, h house, n int) (firms []testkit.F, ids []ident.BlobID) {
	t.Helper()
	for i := range n {
		f := testkit.Firm(t, h.d)
		firms, ids = append(firms, f), append(ids, put(t, h, f, fmt.Sprint("text ", i)))
	}
	return firms, ids
}

// alone is a database of the test's own, as the worker and as its owner.
func alone(t *testing.T) (h house, owner *db.DB) {
	t.Helper()
	c := clock.At(testkit.Now)
	name := testkit.NewDatabase(t)
	h = house{d: testkit.OpenDatabase(t, "docketry_worker", name, c), clock: c, bucket: blob.NewMemory(c)}
	h.store = blob.New(h.d, h.bucket, blob.NewKeys(master(t, 1)))
	owner, err := db.Open(t.Context(), db.Config{URL: testkit.AdminURL(t, name) + " role=docketry_migrate", Key: testkit.Key, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	return h, owner
}

func TestMasterReplacedInEveryFirmByTwoAtOnce(t *testing.T) {
	t.Parallel()
	h, owner := alone(t)
	firms, ids := keysOf(t, h, 12)
	firms[3].Exec(t, `UPDATE firm SET status = 'closed' WHERE firm_id = ?`, firms[3].ID)
	keys := blob.NewKeys(master(t, 2, 1))
	var wg sync.WaitGroup
	var counts [2]int
	for i := range counts {
		wg.Go(func() {
			var err error
			if counts[i], err = keys.RewrapAll(t.Context(), owner); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if counts[0]+counts[1] != len(firms) {
		t.Errorf("two runs wrapped %v, of %d keys", counts, len(firms))
	}
	uses, err := blob.Uses(t.Context(), owner, master(t, 2))
	if err != nil || len(uses) != 1 || uses[0].State != "present" || uses[0].Firms != int64(len(firms)) {
		t.Errorf("%+v, %v", uses, err)
	}
	h.store = blob.New(h.d, h.bucket, blob.NewKeys(master(t, 2)))
	for i, f := range firms {
		if text, err := get(h, f.Machine(), ids[i]); err != nil || text != fmt.Sprint("text ", i) {
			t.Errorf("firm %d with the new key alone: %q, %v", i, text, err)
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'firm_key.rewrapped'`, f.ID); n != 1 {
			t.Errorf("firm %d: %d leaves", i, n)
		}
	}
}

func TestMasterReplacementCutShortGoesOn(t *testing.T) {
	t.Parallel()
	h, owner := alone(t)
	firms, ids := keysOf(t, h, 3)
	// The second firm's key was wrapped with a key nobody has: the others are done.
	firms[1].Exec(t, `UPDATE firm_key SET master_id = 'feedbeef' WHERE firm_id = ?`, firms[1].ID)
	both := master(t, 2, 1)
	n, err := blob.NewKeys(both).RewrapAll(t.Context(), owner)
	if n != 2 || err == nil || !strings.Contains(err.Error(), string(firms[1].ID)) {
		t.Errorf("wrapped %d, %v", n, err)
	}
	uses, err := blob.Uses(t.Context(), owner, both)
	if err != nil || len(uses) != 2 {
		t.Fatalf("%+v, %v", uses, err)
	}
	for _, u := range uses {
		if want := map[string]string{"feedbeef": "missing", both.Present(): "present"}[u.MasterID]; u.State != want {
			t.Errorf("%+v, want %s", u, want)
		}
	}
	// Half done, everything opens with both keys; a second run does the rest.
	firms[1].Exec(t, `UPDATE firm_key SET master_id = ? WHERE firm_id = ?`, master(t, 1).Present(), firms[1].ID)
	h.store = blob.New(h.d, h.bucket, blob.NewKeys(both))
	for i, f := range firms {
		if text, err := get(h, f.Machine(), ids[i]); err != nil || text != fmt.Sprint("text ", i) {
			t.Errorf("half done, firm %d: %q, %v", i, text, err)
		}
	}
	if uses, err = blob.Uses(t.Context(), owner, both); err != nil || uses[0].State == uses[1].State {
		t.Errorf("half done: %+v, %v", uses, err)
	}
	if n, err := blob.NewKeys(both).RewrapAll(t.Context(), owner); n != 1 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := blob.NewKeys(both).RewrapAll(gone, owner); err == nil {
		t.Error("a run that was stopped says it is done")
	}
	if _, err := blob.NewKeys(both).RewrapAll(t.Context(), h.d); !errors.Is(err, blob.ErrNotOwner) {
		t.Errorf("as the worker: %v", err)
	}
}
