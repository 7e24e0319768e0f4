package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Two attempts at once publish one file; the overtaken one leaves nothing.
func TestF13_AnOvertakenBuildPublishesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	many(t, f, f.Matter(t), 20)
	asker := f.As(t, rbac.RoleSpecialist)
	e, _ := h.ask(t, asker, year(export.FormFull))
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	ctx, old := h.job(t, f, e.ID)
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.worker.Build(ctx, old, export.BuildWanted{Export: e.ID}); err == nil {
		t.Error("the overtaken attempt went through")
	}
	if n := len(h.bucket.Names()); n != 1 {
		t.Errorf("%d files", n)
	}
}

// The grant ends while rows are being written.
func TestT04_RevokedWhileBuilding(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	many(t, f, f.Matter(t), 9000)
	who := testkit.Person(t, h.d, "asker")
	grant := f.Grant(t, who, rbac.RoleSpecialist)
	asker := f.Acting(who)
	e, _ := h.ask(t, asker, year(export.FormFull))
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		t.Fatal(err)
	}
	revoking := &onWrite{h.bucket, func() { f.EndGrant(t, grant) }} // before the part is kept, which decides again
	worker := export.New(h.w, authz.NewGuard(h.w, policy), blob.New(h.w, revoking, blob.NewKeys(master)))
	ctx, job := h.job(t, f, e.ID)
	if err := worker.Build(ctx, job, export.BuildWanted{Export: e.ID}); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND status = 'failed'`, f.ID); n != 1 || len(h.bucket.Names()) != 0 {
		t.Errorf("failed %d, files %v", n, h.bucket.Names())
	}
}

// onWrite does something once the first bytes are written.
type onWrite struct {
	blob.Bucket
	do func()
}

func (o *onWrite) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return o.Bucket.Put(ctx, name, func(w io.Writer) error {
		if o.do != nil {
			o.do()
			o.do = nil
		}
		return write(w)
	})
}

func TestTwoBuildsAFirmAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	var last export.Export
	for range 3 {
		last, _ = h.ask(t, asker, year(export.FormFull))
		if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), last.ID, last.Version); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Second)
	}
	p, err := h.svc.List(asker, page.Request{})
	if err != nil {
		t.Fatal(err)
	}
	for i := len(p.Items) - 1; i > 0; i-- {
		h.job(t, f, p.Items[i].ID)
		h.clock.Advance(time.Second)
	}
	if err := h.build(t, f, p.Items[0].ID); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("the third at once: %v", err)
	}
}

// T16: whatever the texts, a spreadsheet sees no formula outside numeric columns,
// and a reader of CSV gets the text back, the guard aside.
func TestT16_NoFormulaLeaves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.OneOf(
			rapid.String(), rapid.Map(rapid.String(), func(s string) string { return "=" + s }),
			rapid.SampledFrom([]string{"@SUM(1)", "-2+3", "+1", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u1680@", "\u2009=1", "\u00ad=1", "＝1", "＠x", "\ufeff=1", "=1\x00", "\x00=1", `"=1`, "'=1", "−1", "|cmd", "a,b", "a\"b", "", "%x"}),
		), 1, 8).Draw(t, "cells")
		line := export.CSVLine(cells)
		got, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil || len(got) != len(cells) {
			t.Fatalf("%q reads as %q, %v", line, got, err)
		}
		for i, s := range got {
			bare := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '"' })
			if bare != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(bare)[0]) || s != "" && strings.ContainsRune("\t\r\n", rune(s[0])) {
				t.Fatalf("cell %q left as %q", cells[i], s)
			}
			want := strings.ReplaceAll(strings.ReplaceAll(cells[i], "\x00", ""), "\r\n", "\n") // encoding/csv folds line ends
			if s != want && s != "'"+want {
				t.Fatalf("cell %q came back as %q", cells[i], s)
			}
		}
	})
}

// Memory does not grow with the rows; a spreadsheet's writer holds 16 MiB of its own.
func TestBuildingIsFlat(t *testing.T) {
	h := setup(t)
	f := testkit.Firm(t, h.d)
	many(t, f, f.Matter(t), 30_000)
	asker := f.As(t, rbac.RoleSpecialist)
	for _, format := range export.Formats {
		n := year(export.FormFull)
		n.Format = format
		e, _ := h.approved(t, f, asker, n)
		peak := &heap{folder: folder{dir: t.TempDir()}}
		svc, err := worker(h.w, peak)
		if err != nil {
			t.Fatal(err)
		}
		ctx, job := h.job(t, f, e.ID)
		if err := svc.Build(ctx, job, export.BuildWanted{Export: e.ID}); err != nil {
			t.Fatal(err)
		}
		limit := int64(32)
		if format == export.FormatXLSX {
			limit = 64
		}
		if got := (peak.top - peak.start) >> 20; got > limit || peak.writes < 5 {
			t.Errorf("%s: %d MiB over idle in %d writes", format, got, peak.writes)
		}
	}
}

// heap measures what lives while bytes pass on to a disk.
type heap struct {
	folder
	start, top int64
	writes     int
}

func (p *heap) Put(_ context.Context, name string, write func(io.Writer) error) error {
	if p.start == 0 {
		p.start = live()
	}
	f, err := os.Create(p.path(name))
	if err != nil {
		return err
	}
	return errors.Join(write(io.MultiWriter(f, p)), f.Close())
}

func (p *heap) Write(b []byte) (int, error) {
	if p.writes%4 == 0 {
		p.top = max(p.top, live())
	}
	p.writes++
	return len(b), nil
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
