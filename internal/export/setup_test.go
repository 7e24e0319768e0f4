package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type house struct {
	d, w   *db.DB
	clock  *clock.Manual
	bucket *blob.Memory
	svc    *export.Service // as serve has it
	worker *export.Service
}

func setup(t *testing.T) house {
	t.Helper()
	c := clock.At(testkit.Now)
	h := house{clock: c, d: testkit.Open(t, "docketry_api", c), w: testkit.Open(t, "docketry_worker", c), bucket: blob.NewMemory(c)}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		t.Fatal(err)
	}
	service := func(d *db.DB, b blob.Bucket) *export.Service {
		return export.New(d, authz.NewGuard(d, policy), blob.New(d, b, blob.NewKeys(master)))
	}
	h.svc, h.worker = service(h.d, h.bucket), service(h.w, h.bucket)
	return h
}

func year(form export.Form) export.NewRequest {
	return export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: form, Hours: 24, Reason: "rate study"}
}

func (h house) ask(t *testing.T, ctx context.Context, n export.NewRequest) (export.Export, seal.Secret) {
	t.Helper()
	e, key, err := h.svc.Request(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return e, key
}

// job starts the export's build as the engine does: for the asker, next fence.
func (h house) job(t *testing.T, f testkit.F, id ident.ExportID) (context.Context, outbox.Job) {
	t.Helper()
	j := outbox.Job{Firm: f.ID}
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, lease_until = ?, started_at = ? WHERE firm_id = ? AND kind = 'export.build'
			AND jsonb_extract_path_text(args, 'export_id') = ? AND state <> 'done' RETURNING id, fence, actor_id, coalesce(factor_at, '0001-01-01 00:00Z')`, tx.Now.Add(time.Minute), tx.Now, f.ID, id).Row().Scan(&j.ID, &j.Fence, &j.Actor, &j.Factor)
	})
	if err != nil {
		t.Fatal(err)
	}
	return scope.With(context.Background(), scope.Scope{Firm: f.ID, Actor: j.Actor, FactorAt: j.Factor, Machine: "worker"}), j
}

func (h house) build(t *testing.T, f testkit.F, id ident.ExportID) error {
	t.Helper()
	ctx, j := h.job(t, f, id)
	return h.worker.Build(ctx, j, export.BuildWanted{Export: id})
}

// ready asks, has the firm approve, and builds.
func (h house) ready(t *testing.T, f testkit.F, asker context.Context, n export.NewRequest) (export.Export, seal.Secret) {
	t.Helper()
	e, key := h.ask(t, asker, n)
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	e, err := h.svc.Get(asker, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	return e, key
}

func (h house) fetch(t *testing.T, ctx context.Context, e export.Export) []byte {
	t.Helper()
	ticket, err := h.svc.Ticket(ctx, e.ID, "n")
	if err != nil {
		t.Fatal(err)
	}
	f, err := h.svc.Download(ctx, ticket.Reveal(), "n", "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Body.Close()
	b, err := io.ReadAll(f.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// opened decrypts a file and reads its table and manifest.
func opened(t *testing.T, sealed []byte, key seal.Secret) (plain []byte, table [][]string, manifest map[string]any) {
	t.Helper()
	plain, files := members(t, sealed, key)
	table, err := csv.NewReader(bytes.NewReader(files["entries.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	return plain, table, manifest
}

func column(t *testing.T, table [][]string, name string) (cells []string) {
	t.Helper()
	for i, h := range table[0] {
		if h == name {
			for _, row := range table[1:] {
				cells = append(cells, row[i])
			}
			return cells
		}
	}
	t.Fatalf("no column %s", name)
	return nil
}

func fields(err error) []fault.Field {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Fields
	}
	return nil
}
