package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// folder is a bucket that two processes share.
type folder struct {
	blob.Bucket // of what the building does not need
	dir         string
	puts        int
	at          func(put int, stored bool) error // what happens in the middle of a put, and after it
}

func (f *folder) path(name string) string {
	return filepath.Join(f.dir, strings.ReplaceAll(name, "/", "_"))
}

func (f *folder) Put(_ context.Context, name string, write func(io.Writer) error) error {
	f.puts++
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(f.path(name)+".half", b.Bytes()[:b.Len()/2], 0o600); err != nil {
		return err
	}
	if err := f.happens(false); err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(f.path(name), b.Bytes(), 0o600), os.Remove(f.path(name)+".half")); err != nil {
		return err
	}
	return f.happens(true)
}

func (f *folder) happens(stored bool) error {
	if f.at == nil {
		return nil
	}
	return f.at(f.puts, stored)
}

func (f *folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(f.path(name))
}

func (f *folder) GetFrom(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	m := blob.NewMemory(clock.System())
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		return nil, err
	}
	if err := m.Put(ctx, name, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		return nil, err
	}
	return m.GetFrom(ctx, name, offset, length)
}

func (f *folder) Delete(_ context.Context, name string) error { return os.Remove(f.path(name)) }

// worker is a service as work has it.
func worker(d *db.DB, b blob.Bucket) (*export.Service, error) {
	policy, err := rbac.New()
	if err != nil {
		return nil, err
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		return nil, err
	}
	return export.New(d, authz.NewGuard(d, policy), blob.New(d, b, blob.NewKeys(master))), nil
}

// doomed is what a worker process is told that will be killed.
type doomed struct {
	URL, Dir string
	Export   ident.ExportID
	Job      outbox.Job
	Put      int  // it dies in the middle of this put
	Stored   bool // or right after it, before a row names the bytes
}

const doom = "DOCKETRY_TEST_DOOMED_EXPORT"

// TestMain is also the process that is killed.
func TestMain(m *testing.M) {
	if text := os.Getenv(doom); text != "" {
		fmt.Fprintln(os.Stderr, "survived:", buildUntilKilled(text))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func buildUntilKilled(text string) error {
	var x doomed
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return err
	}
	d, err := db.Open(context.Background(), db.Config{URL: x.URL, Key: testkit.Key, Clock: clock.At(testkit.Now)})
	if err != nil {
		return err
	}
	svc, err := worker(d, &folder{dir: x.Dir, at: func(put int, stored bool) error {
		if put == x.Put && stored == x.Stored {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}})
	if err != nil {
		return err
	}
	return svc.Build(building(x.Job), x.Job, export.BuildWanted{Export: x.Export})
}

func building(j outbox.Job) context.Context {
	return scope.With(context.Background(), scope.Scope{Firm: j.Firm, Actor: j.Actor, FactorAt: j.Factor, Machine: "worker"})
}

// kill lets a process of its own build, and kills it.
func (h house) kill(t *testing.T, f testkit.F, x doomed) {
	t.Helper()
	x.URL = testkit.URL(t, "docketry_worker")
	_, x.Job = h.job(t, f, x.Export)
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), doom+"="+string(text))
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the worker was not killed: %v\n%s", err, out)
	}
}

// approved asks for rows and has the firm approve as often as it takes.
func (h house) approved(t *testing.T, f testkit.F, asker context.Context, n export.NewRequest) (export.Export, seal.Secret) {
	t.Helper()
	e, key := h.ask(t, asker, n)
	for _, role := range []rbac.Role{rbac.RoleFirmAdmin, rbac.RolePartner}[:e.ApprovalsDue] {
		if err := h.svc.Approve(f.As(t, role), e.ID, e.Version); err != nil {
			t.Fatal(err)
		}
		e.Version++
	}
	return e, key
}

// again lets an export that is ready be made once more.
func again(t *testing.T, f testkit.F) {
	t.Helper()
	f.Exec(t, `UPDATE export SET status = 'approved' WHERE firm_id = ?`, f.ID)
	f.Exec(t, `UPDATE outbox SET state = 'pending', done_at = NULL WHERE firm_id = ? AND kind = 'export.build'`, f.ID)
}

// A worker process is killed (-9) in the middle of each part, after each part, and in
// the middle of the file; each next one goes on after the last whole part. The file is
// that of an uninterrupted run: no row twice, none missing, the same manifest and bytes.
func TestF10_AKilledBuildGoesOnAfterItsLastWholePart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	many(t, f, f.Matter(t), 25_000) // parts of 10,000, 10,000 and 5,000
	asker := f.As(t, rbac.RoleSpecialist)
	e, key := h.approved(t, f, asker, year(export.FormFull))
	bucket := &folder{dir: t.TempDir()}
	for _, step := range []struct {
		put    int // of this process
		stored bool
		parts  int64 // that rows name afterwards
	}{
		{1, false, 0}, {1, true, 0}, // part 1
		{2, false, 1}, {1, true, 1}, // part 1 is kept, part 2 dies twice
		{2, false, 2}, // part 2, and in the middle of part 3
		{2, false, 3}, // part 3, and in the middle of the file
		{2, true, 3},  // a part that is not full is made anew; then the file is stored and not published
	} {
		h.kill(t, f, doomed{Dir: bucket.dir, Export: e.ID, Put: step.put, Stored: step.stored})
		if n := f.Count(t, `SELECT count(*) FROM export_part WHERE firm_id = ?`, f.ID); n != step.parts {
			t.Errorf("killed at put %d: %d whole parts, want %d", step.put, n, step.parts)
		}
		if f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND status = 'approved' AND blob_id IS NULL`, f.ID) != 1 {
			t.Fatal("something half was published")
		}
	}
	svc, err := worker(h.w, bucket)
	if err != nil {
		t.Fatal(err)
	}
	build := func(puts int) (plain []byte, table [][]string, manifest map[string]any) {
		t.Helper()
		bucket.puts = 0
		ctx, job := h.job(t, f, e.ID)
		if err := svc.Build(ctx, job, export.BuildWanted{Export: e.ID}); err != nil {
			t.Fatal(err)
		}
		if bucket.puts != puts {
			t.Errorf("it stored %d files, want %d", bucket.puts, puts)
		}
		reader := h
		if reader.svc, err = worker(h.d, bucket); err != nil {
			t.Fatal(err)
		}
		return opened(t, reader.fetch(t, asker, e), key)
	}
	plain, table, manifest := build(2) // the last part and the file
	ids := map[string]bool{}
	for _, id := range column(t, table, "id") {
		ids[id] = true
	}
	if len(ids) != 25_000 || len(table) != 25_001 || manifest["rows"] != 25_000.0 || manifest["narratives"] != 25_000.0 {
		t.Errorf("%d different rows on %d lines, manifest %v", len(ids), len(table), manifest)
	}
	if n := f.Count(t, `SELECT count(*) FROM export_part WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("%d parts are left", n)
	}
	again(t, f)
	whole, _, of := build(4)
	if !bytes.Equal(plain, whole) {
		t.Error("the archive's bytes are not those of an uninterrupted run")
	}
	if !reflect.DeepEqual(manifest, of) {
		t.Errorf("manifest\n%v, uninterrupted\n%v", manifest, of)
	}
}

// So it is in every format: of the others too the archive has the bytes of an
// uninterrupted run, and a table that its readers open.
func TestF10_AKilledBuildOfAnyFormatGoesOn(t *testing.T) {
	t.Parallel()
	for _, format := range export.Formats[1:] {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			f := testkit.Firm(t, h.d)
			many(t, f, f.Matter(t), 12_000)
			asker := f.As(t, rbac.RoleSpecialist)
			n := year(export.FormRedacted)
			n.Format = format
			e, key := h.approved(t, f, asker, n)
			bucket := &folder{dir: t.TempDir()}
			for _, put := range []int{2, 2} { // part 1, and in the middle of part 2; part 2, and in the middle of the file
				h.kill(t, f, doomed{Dir: bucket.dir, Export: e.ID, Put: put})
			}
			svc, err := worker(h.w, bucket)
			if err != nil {
				t.Fatal(err)
			}
			reader := h
			if reader.svc, err = worker(h.d, bucket); err != nil {
				t.Fatal(err)
			}
			build := func(puts int) ([]byte, map[string][]byte) {
				t.Helper()
				bucket.puts = 0
				ctx, job := h.job(t, f, e.ID)
				if err := svc.Build(ctx, job, export.BuildWanted{Export: e.ID}); err != nil {
					t.Fatal(err)
				}
				if bucket.puts != puts {
					t.Errorf("it stored %d files, want %d", bucket.puts, puts)
				}
				return members(t, reader.fetch(t, asker, e), key)
			}
			resumed, files := build(2)
			if table := readBack(t, format, files["entries."+string(format)]); len(table) != 12_001 {
				t.Errorf("%d lines", len(table))
			}
			again(t, f)
			if whole, _ := build(3); !bytes.Equal(resumed, whole) {
				t.Error("the archive's bytes are not those of an uninterrupted run")
			}
		})
	}
}

// What was written is used again only while it stands as it was written.
func TestF10_WhatHasChangedIsMadeAnew(t *testing.T) {
	t.Parallel()
	full := errors.New("killed")
	for name, c := range map[string]struct {
		change func(t *testing.T, h house, f testkit.F, asker context.Context, e export.Export, b *folder)
		puts   int // files that the next attempt stores: one part that is missing and the file, or all
		rows   int
	}{
		"nothing":                {func(*testing.T, house, testkit.F, context.Context, export.Export, *folder) {}, 2, 12_000},
		"a row that is to come":  {change("last"), 2, 12_000},
		"a row that was written": {change("first"), 3, 12_000},
		"a row that was written is gone": {func(t *testing.T, _ house, f testkit.F, _ context.Context, _ export.Export, _ *folder) {
			f.Exec(t, `UPDATE entry SET status = 'removed' WHERE firm_id = ? AND id = (SELECT id FROM entry WHERE firm_id = ? ORDER BY worked_on, id LIMIT 1)`, f.ID, f.ID)
		}, 3, 11_999},
		"the matter's name": {func(t *testing.T, _ house, f testkit.F, _ context.Context, _ export.Export, _ *folder) {
			f.Exec(t, `UPDATE matter SET name = 'renamed' WHERE firm_id = ?`, f.ID)
		}, 3, 12_000},
		"a part's bytes": {func(t *testing.T, _ house, _ testkit.F, _ context.Context, _ export.Export, b *folder) {
			files, err := os.ReadDir(b.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range files {
				if err := os.WriteFile(filepath.Join(b.dir, x.Name()), []byte("spoilt"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}, 3, 12_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			f := testkit.Firm(t, h.d)
			many(t, f, f.Matter(t), 12_000)
			asker := f.As(t, rbac.RoleSpecialist)
			e, key := h.approved(t, f, asker, year(export.FormRedacted))
			bucket := &folder{dir: t.TempDir(), at: func(put int, _ bool) error {
				if put == 2 {
					return full
				}
				return nil
			}}
			svc, err := worker(h.w, bucket)
			if err != nil {
				t.Fatal(err)
			}
			ctx, job := h.job(t, f, e.ID)
			if err := svc.Build(ctx, job, export.BuildWanted{Export: e.ID}); !errors.Is(err, full) {
				t.Fatalf("the first attempt: %v", err)
			}
			c.change(t, h, f, asker, e, bucket)
			bucket.at = nil
			for try := 0; ; try++ { // a part that is lost is found out at the end
				bucket.puts = 0
				ctx, job := h.job(t, f, e.ID)
				err := svc.Build(ctx, job, export.BuildWanted{Export: e.ID})
				if err == nil {
					break
				}
				if try == 1 || !strings.Contains(err.Error(), "made anew") {
					t.Fatal(err)
				}
			}
			if bucket.puts != c.puts {
				t.Errorf("it stored %d files, want %d", bucket.puts, c.puts)
			}
			if h.svc, err = worker(h.d, bucket); err != nil {
				t.Fatal(err)
			}
			if _, table, _ := opened(t, h.fetch(t, asker, e), key); len(table) != c.rows+1 {
				t.Errorf("%d lines", len(table))
			}
		})
	}
}

// change touches the first or the last row of the file.
func change(which string) func(t *testing.T, _ house, f testkit.F, _ context.Context, _ export.Export, _ *folder) {
	order := map[string]string{"first": "worked_on, id", "last": "worked_on DESC, id DESC"}[which]
	return func(t *testing.T, _ house, f testkit.F, _ context.Context, _ export.Export, _ *folder) {
		t.Helper()
		f.Exec(t, `UPDATE entry SET version = version + 1 WHERE firm_id = ? AND id = (SELECT id FROM entry WHERE firm_id = ? ORDER BY `+order+` LIMIT 1)`, f.ID, f.ID)
	}
}
