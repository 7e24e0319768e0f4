package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
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
			AND jsonb_extract_path_text(args, 'export_id') = ? AND state <> 'done' RETURNING id, fence, actor_id`, tx.Now.Add(time.Minute), tx.Now, f.ID, id).Row().Scan(&j.ID, &j.Fence, &j.Actor)
	})
	if err != nil {
		t.Fatal(err)
	}
	return scope.With(context.Background(), scope.Scope{Firm: f.ID, Actor: j.Actor, Machine: "worker"}), j
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
	id, err := age.ParseX25519Identity(key.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if table, err = csv.NewReader(bytes.NewReader(read("entries.csv"))).ReadAll(); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(read("manifest.json"), &manifest); err != nil {
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

// Not in parallel: its sweep, a day ahead, would erase the exports of the tests beside it.
func TestAnExportFromRequestToErasure(t *testing.T) {
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	f.Work(t, m, k, "2026-02-03", 15000, 3_700_000, testkit.Narrative("Draft the brief"))
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	f.Work(t, m, k, "2025-12-31", 10000, 3_700_000) // before the period
	asker := f.As(t, rbac.RoleSpecialist)
	e, key := h.ask(t, asker, year(export.FormFull))
	if e.Status != export.StatusAsked || e.RowsAsked != 2 || e.Narratives != 2 || !e.KeyMade || !strings.HasPrefix(key.Reveal(), "AGE-SECRET-KEY-") {
		t.Fatalf("asked %+v", e)
	}
	if n := f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND position(? in export::text) > 0`, f.ID, key.Reveal()); n != 0 {
		t.Error("the private key stands in the row")
	}
	if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, export.ErrNotReady) {
		t.Errorf("a ticket before approval: %v", err)
	}
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	e, err := h.svc.Get(asker, e.ID)
	if err != nil || e.Status != export.StatusReady || e.RowsDone != 2 || !e.ExpiresAt.Equal(testkit.Now.Add(24*time.Hour)) {
		t.Fatalf("ready %+v, %v", e, err)
	}
	sealed := h.fetch(t, asker, e)
	if bytes.Contains(sealed, []byte("Draft")) {
		t.Error("the file is not encrypted")
	}
	_, table, manifest := opened(t, sealed, key)
	if got := column(t, table, "narrative"); len(got) != 2 || got[0] != "Draft the brief" {
		t.Errorf("narratives %q", got)
	}
	if got := fmt.Sprint(column(t, table, "hours"), column(t, table, "rate"), column(t, table, "amount"), column(t, table, "matter_number")); got != fmt.Sprintf("[1.5 0.0] [370.0 0.0] [555.00 250.00] [%s %s]", m.Number, m.Number) {
		t.Errorf("figures %s", got)
	}
	if manifest["rows"] != 2.0 || manifest["narratives"] != 2.0 || manifest["id"] != string(e.ID) {
		t.Errorf("manifest %v", manifest)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(bytes.NewReader(sealed), stranger); err == nil {
		t.Error("another key opened the file")
	}
	h.clock.Advance(25 * time.Hour)
	if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, export.ErrNotReady) {
		t.Errorf("a ticket after its time: %v", err)
	}
	if n, err := h.worker.Sweep(t.Context()); err != nil || n < 1 || len(h.bucket.Names()) != 0 {
		t.Errorf("swept %d, %v, %v left", n, err, h.bucket.Names())
	}
	if e, err = h.svc.Get(asker, e.ID); err != nil || e.Status != export.StatusExpired || e.FileHash == "" || len(e.Fetched) != 1 || e.Fetched[0].Who == "" {
		t.Errorf("erased %+v, %v", e, err)
	}
	for _, action := range []string{"asked", "approved", "built", "ticket_made", "fetched", "erased"} {
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, f.ID, "export."+action); n != 1 {
			t.Errorf("%d leaves of %s", n, action)
		}
	}
}

// Rows and columns are those of the asker, whoever that is.
func TestAFileHoldsExactlyItsAskersScope(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	open, second, confidential, restricted, sealedM, walled := f.Matter(t), f.Matter(t), f.Matter(t, testkit.Label(1)), f.Matter(t, testkit.Label(2)), f.Matter(t, testkit.Label(3)), f.Matter(t)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	names := map[string]string{}
	for name, m := range map[string]testkit.M{"open": open, "second": second, "confidential": confidential, "restricted": restricted, "sealed": sealedM, "walled": walled} {
		f.Work(t, m, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative("words of "+name))
		names[f.Text(t, `SELECT id::text FROM entry WHERE firm_id = ? AND matter_id = ?`, f.ID, m.ID)] = name
	}
	other.Work(t, other.Matter(t), other.Timekeeper(t, "XX", "PARTNR", 0), "2026-02-03", 10000, 1)
	who := func(opts ...testkit.GrantOption) context.Context {
		ctx := f.As(t, rbac.RoleSpecialist, opts...)
		f.Wall(t, testkit.Actor(ctx), walled.ID)
		return ctx
	}
	for name, c := range map[string]struct {
		asker context.Context
		ask   func(n *export.NewRequest)
		want  string // matters, with ! where the narrative is there, $ where amounts are
	}{
		"up to restricted":    {who(), nil, "confidential!$ open!$ restricted!$ second!$"},
		"standard only":       {who(testkit.UpToLabel(0)), nil, "open!$ second!$"},
		"no narratives":       {who(testkit.UpToClass(2)), nil, "confidential$ open$ restricted$ second$"},
		"operations only":     {who(testkit.UpToClass(1)), nil, "confidential open restricted second"},
		"one matter":          {who(testkit.OnMatters(open.ID)), nil, "open!$"},
		"named sealed matter": {who(testkit.OnMatters(sealedM.ID), testkit.UpToLabel(3)), nil, "sealed!$"},
		"one client":          {who(testkit.OnClients(second.Client)), nil, "second!$"},
		"asked for redacted":  {who(testkit.OnMatters(open.ID)), func(n *export.NewRequest) { n.Form = export.FormRedacted }, "open$"},
		"asked for one":       {who(), func(n *export.NewRequest) { n.Matters = []ident.MatterID{open.ID, walled.ID, sealedM.ID} }, "open!$"},
		"asked for a client":  {who(), func(n *export.NewRequest) { n.Clients = []ident.ClientID{second.Client} }, "second!$"},
	} {
		t.Run(name, func(t *testing.T) {
			n := year(export.FormFull)
			if c.ask != nil {
				c.ask(&n)
			}
			seen, err := h.svc.Preview(c.asker, n)
			if err != nil {
				t.Fatal(err)
			}
			e, key := h.ready(t, f, c.asker, n)
			_, table, manifest := opened(t, h.fetch(t, c.asker, e), key)
			previewHolds(t, seen, table)
			var got []string
			words, amounts, ids := column(t, table, "narrative"), column(t, table, "amount"), column(t, table, "id")
			for i, id := range ids {
				s := names[id]
				if words[i] != "" {
					s += "!"
				}
				if amounts[i] != "" {
					s += "$"
				}
				for _, name := range []string{"worked_on", "matter_number", "timekeeper", "hours", "task_code"} { // the firm's as well
					if shown := column(t, table, name)[i] != ""; shown != (amounts[i] != "") {
						t.Errorf("%s is shown: %t, the amount: %t", name, shown, amounts[i] != "")
					}
				}
				got = append(got, s)
				if words[i] != "" && words[i] != "words of "+names[id] {
					t.Errorf("narrative %q", words[i])
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("file holds %v, want %s", got, c.want)
			}
			if int(manifest["rows"].(float64)) != len(ids) {
				t.Errorf("manifest counts %v rows", manifest["rows"])
			}
		})
	}
	if _, _, err := h.svc.Request(who(testkit.OnMatters(open.ID)), export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: export.FormFull, Hours: 24, Reason: "study",
		Matters: []ident.MatterID{second.ID}}); !errors.Is(err, export.ErrEmpty) {
		t.Errorf("a matter out of scope: %v", err)
	}
	if _, err := h.svc.Preview(who(testkit.OnMatters(open.ID)), export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: export.FormFull, Hours: 24, Matters: []ident.MatterID{second.ID}}); !errors.Is(err, export.ErrEmpty) {
		t.Errorf("the preview of a matter out of scope: %v", err)
	}
	if _, err := h.svc.Preview(who(testkit.OnMatters(open.ID)), export.NewRequest{From: "2026-01-01", To: "2026-12-31", Form: export.FormFull, Hours: 24, Recipient: "age1no"}); !errors.Is(err, export.ErrInput) {
		t.Errorf("the preview with a key that is none: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'export.previewed' AND class = 3 AND matter_id IS NOT NULL`, f.ID); n != 7 {
		t.Errorf("%d looks by preview", n)
	}
}

// previewHolds wants the preview to be true of the file.
func previewHolds(t *testing.T, p export.Preview, table [][]string) {
	t.Helper()
	if int(p.Rows) != len(table)-1 || p.Narratives+p.Withheld != p.Rows || len(p.Columns) != len(table[0]) {
		t.Errorf("preview of %d rows, %d columns; the file has %d, %d", p.Rows, len(p.Columns), len(table)-1, len(table[0]))
	}
	for i, c := range p.Columns {
		empty := int64(0)
		for _, line := range table[1:] {
			if line[i] == "" {
				empty++
			}
		}
		if c.Name != table[0][i] || c.Sample != table[1][i] || c.Hidden > empty || c.Class > authz.C1 && c.Name != "expense_code" && c.Hidden != empty { // time has no expense code
			t.Errorf("column %s: %+v, the file has %q first and %d empty", table[0][i], c, table[1][i], empty)
		}
	}
}

// Who decides sees column by column what the asker's file would hold, and of its
// first line what they may read themselves.
func TestWhoDecidesSeesWhatItWouldHold(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	open, restricted := f.Matter(t), f.Matter(t, testkit.Label(2))
	f.Work(t, restricted, k, "2026-02-02", 10000, 3_700_000, testkit.Narrative("words of the restricted"))
	f.Work(t, open, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative("words of the open"))
	person := testkit.Person(t, h.d, "asker")
	grant := f.Grant(t, person, rbac.RoleSpecialist)
	asker := f.Acting(person)
	e, _ := h.ask(t, asker, year(export.FormFull))
	asked, err := h.svc.Preview(asker, year(export.FormFull))
	if err != nil {
		t.Fatal(err)
	}
	looks := func() int64 {
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'export.previewed' AND class = 3 AND permission = 'export.approve'`, f.ID)
	}
	for name, c := range map[string]struct {
		who          context.Context
		words, hours string
		unseen       []string // columns
		looks        int64
	}{
		"all":            {f.As(t, rbac.RolePartner), "words of the restricted", "1.0", nil, 1},
		"no narratives":  {f.As(t, rbac.RoleFirmAdmin, testkit.UpToClass(2)), "", "1.0", []string{"narrative"}, 0},
		"up to standard": {f.As(t, rbac.RolePartner, testkit.UpToLabel(0)), "words of the open", "1.0", nil, 1},
	} {
		before := looks()
		p, err := h.svc.Review(c.who, e.ID)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Rows != 2 || p.Narratives != 2 || p.Matters != 2 || len(p.Columns) != len(asked.Columns) || looks()-before != c.looks {
			t.Errorf("%s: %d rows, %d narratives, %d columns, %d looks", name, p.Rows, p.Narratives, len(p.Columns), looks()-before)
		}
		for i, col := range p.Columns {
			if col.Name != asked.Columns[i].Name || col.Class != asked.Columns[i].Class || col.Hidden != asked.Columns[i].Hidden || col.Unseen != slices.Contains(c.unseen, col.Name) {
				t.Errorf("%s: %+v, the asker saw %+v", name, col, asked.Columns[i])
			}
			if col.Name == "narrative" && col.Sample != c.words || col.Name == "hours" && col.Sample != c.hours {
				t.Errorf("%s: %s is shown as %q", name, col.Name, col.Sample)
			}
		}
	}
	for name, who := range map[string]context.Context{
		"who asked": asker, "one matter's partner": f.As(t, rbac.RolePartner, testkit.OnMatters(open.ID)), "another firm's admin": testkit.Firm(t, h.d).As(t, rbac.RoleFirmAdmin),
	} {
		if p, err := h.svc.Review(who, e.ID); err == nil || p.Rows != 0 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	admin := f.As(t, rbac.RoleFirmAdmin)
	f.EndGrant(t, grant)
	if _, err := h.svc.Review(admin, e.ID); !errors.Is(err, export.ErrRightGone) {
		t.Errorf("the asker's grant has ended: %v", err)
	}
	if err := h.svc.Refuse(admin, e.ID, e.Version, "not now"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Review(admin, e.ID); !errors.Is(err, export.ErrDecided) {
		t.Errorf("decided: %v", err)
	}
}

func TestWhoDecides(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	asker, admin, partner := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RolePartner)
	e, _ := h.ask(t, asker, year(export.FormRedacted))
	for name, c := range map[string]struct {
		who  context.Context
		want error
	}{
		"who asked":            {asker, authz.ErrForbidden},
		"a lead of the bureau": {f.As(t, rbac.RoleTeamLead), authz.ErrForbidden},
		"one matter's partner": {f.As(t, rbac.RolePartner, testkit.OnMatters(m.ID)), authz.ErrForbidden},
		"another firm's admin": {testkit.Firm(t, h.d).As(t, rbac.RoleFirmAdmin), export.ErrNotFound},
		"a person of nowhere":  {f.Acting(testkit.Person(t, h.d, "x")), authz.ErrNotFound},
	} {
		if err := h.svc.Approve(c.who, e.ID, e.Version); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := h.svc.Approve(partner, e.ID, e.Version+1); !errors.Is(err, export.ErrStale) {
		t.Errorf("of another version: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'export.build'`, f.ID) + f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'export.approved'`, f.ID); n != 0 {
		t.Error("a refusal left something")
	}
	own, _ := h.ask(t, admin, year(export.FormRedacted))
	if err := h.svc.Approve(admin, own.ID, own.Version); !errors.Is(err, export.ErrOwn) {
		t.Errorf("an admin's own: %v", err)
	}
	if err := h.svc.Refuse(admin, own.ID, own.Version, "too wide"); !errors.Is(err, export.ErrOwn) {
		t.Errorf("an admin refuses his own: %v", err)
	}
	if err := h.svc.Refuse(partner, own.ID, own.Version, "too wide: name the matters"); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(partner, own.ID, own.Version+1); !errors.Is(err, export.ErrDecided) {
		t.Errorf("after a refusal: %v", err)
	}
	gone, _ := h.ask(t, asker, year(export.FormRedacted))
	if err := h.svc.Withdraw(admin, gone.ID, gone.Version); !errors.Is(err, export.ErrNotFound) {
		t.Errorf("withdrawn by another: %v", err)
	}
	if err := h.svc.Withdraw(asker, gone.ID, gone.Version); err != nil {
		t.Fatal(err)
	}
	if p, err := h.svc.List(asker, page.Request{}); err != nil || len(p.Items) != 2 {
		t.Errorf("the asker sees %d, %v", len(p.Items), err)
	}
	if p, err := h.svc.List(admin, page.Request{}); err != nil || len(p.Items) != 3 || !slices.ContainsFunc(p.Items, func(e export.Export) bool { return e.Name() == "EX-3" }) {
		t.Errorf("the admin sees %d, %v", len(p.Items), err)
	}
	// Not even SQL lets one approve one's own.
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE export SET approved_by = asked_by, approved_at = now() WHERE firm_id = ?`, f.ID).Error
	})
	if !db.Violates(err, "export_four_eyes") {
		t.Errorf("I13: %v", err)
	}
}

func TestManyNarrativesNeedTwo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	many(t, f, m, 10_001)
	e, _ := h.ask(t, f.As(t, rbac.RoleSpecialist), year(export.FormFull))
	if e.ApprovalsDue != 2 {
		t.Fatalf("approvals due %d", e.ApprovalsDue)
	}
	admin := f.As(t, rbac.RoleFirmAdmin)
	if err := h.svc.Approve(admin, e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(admin, e.ID, e.Version+1); !errors.Is(err, export.ErrTwice) {
		t.Errorf("the same person twice: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'export.build'`, f.ID); n != 0 {
		t.Error("one approval started it")
	}
	if err := h.svc.Approve(f.As(t, rbac.RolePartner), e.ID, e.Version+1); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'export.build'`, f.ID); n != 1 {
		t.Error("the second approval did not start it")
	}
}

// many inserts n entries at once.
func many(t *testing.T, f testkit.F, m testkit.M, n int) {
	t.Helper()
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	f.Exec(t, `INSERT INTO entry (firm_id, id, kind, matter_id, worked_on, hours_e4, quantity_e4, unit_cost_e4, rate_e4, rate_source, standard_rate_e4,
			amount_minor, minor_digits, rounding, currency, narrative, task_code, activity_code, expense_code, import_id, source_line, external_id, fingerprint, content, created_at)
		SELECT firm_id, gen_random_uuid(), kind, matter_id, worked_on + g % 90, 0, quantity_e4, unit_cost_e4, 0, rate_source, 0, amount_minor, minor_digits, rounding, currency,
			narrative || g, task_code, activity_code, expense_code, import_id, source_line, '', gen_random_uuid(), content, created_at
		FROM entry, generate_series(2, ?) g WHERE firm_id = ?`, n, f.ID)
}

func TestT25_TicketsServeOncePersonSessionNetworkMinute(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	e, _ := h.ready(t, f, asker, year(export.FormRedacted))
	ticket := func() string {
		t.Helper()
		s, err := h.svc.Ticket(asker, e.ID, "192.0.2.0/24")
		if err != nil {
			t.Fatal(err)
		}
		return s.Reveal()
	}
	other := f.As(t, rbac.RoleSpecialist)
	session, err := scope.From(asker)
	if err != nil {
		t.Fatal(err)
	}
	session.Session = ident.New[ident.SessionID](testkit.Now)
	first := ticket()
	for name, c := range map[string]struct {
		ctx            context.Context
		token, network string
	}{
		"another person":  {other, first, "192.0.2.0/24"},
		"another session": {scope.With(context.Background(), session), first, "192.0.2.0/24"},
		"another network": {asker, first, "198.51.100.0/24"},
		"another firm":    {testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), first, "192.0.2.0/24"},
		"a made-up one":   {asker, strings.Repeat("A", 43), "192.0.2.0/24"},
		"none":            {asker, "", "192.0.2.0/24"},
	} {
		if _, err := h.svc.Download(c.ctx, c.token, c.network, ""); err == nil {
			t.Errorf("%s: fetched", name)
		} else if c.token != first || name != "another session" {
			continue
		} else if !errors.Is(err, export.ErrTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.svc.Ticket(other, e.ID, "n"); !errors.Is(err, export.ErrNotFound) {
		t.Errorf("a ticket for another's export: %v", err)
	}
	var wg sync.WaitGroup
	got := make([]error, 8)
	for i := range got {
		wg.Go(func() {
			file, err := h.svc.Download(asker, first, "192.0.2.0/24", "")
			if err == nil {
				_ = file.Body.Close()
			}
			got[i] = err
		})
	}
	wg.Wait()
	served := 0
	for _, err := range got {
		if err == nil {
			served++
		} else if !errors.Is(err, export.ErrTicket) {
			t.Error(err)
		}
	}
	if served != 1 {
		t.Errorf("a ticket served %d times", served)
	}
	late := ticket()
	h.clock.Advance(time.Minute)
	if _, err := h.svc.Download(asker, late, "192.0.2.0/24", ""); !errors.Is(err, export.ErrTicket) {
		t.Errorf("after a minute: %v", err)
	}
	for range 2 {
		file, err := h.svc.Download(asker, ticket(), "192.0.2.0/24", "")
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Body.Close()
	}
	if _, err := h.svc.Ticket(asker, e.ID, "n"); !errors.Is(err, export.ErrUsedUp) {
		t.Errorf("a fourth time: %v", err)
	}
}

// A fetch that broke off goes on with its ticket, for who began it and with the same
// file; once the whole file was delivered the ticket has served.
func TestF10_AFetchThatBrokeOffGoesOn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	e, _ := h.ready(t, f, asker, year(export.FormRedacted))
	f.Exec(t, `UPDATE export SET downloads_left = 1 WHERE firm_id = ?`, f.ID)
	ticket, err := h.svc.Ticket(asker, e.ID, "n")
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context, network, goesOn string, from int64) (string, error) {
		file, err := h.svc.Download(ctx, ticket.Reveal(), network, goesOn)
		if err != nil {
			return "", err
		}
		defer file.Body.Close()
		if _, err := file.Body.Seek(from, io.SeekStart); err != nil {
			return "", err
		}
		b, err := io.ReadAll(file.Body)
		return string(b), err
	}
	whole, err := open(asker, "n", e.FileHash, 0) // its first use, whatever it says
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(20 * time.Minute) // the minute is for beginning
	if rest, err := open(asker, "n", e.FileHash, 70); err != nil || rest != whole[70:] {
		t.Errorf("going on: %d bytes, %v", len(rest), err)
	}
	session, err := scope.From(asker)
	if err != nil {
		t.Fatal(err)
	}
	session.Session = ident.New[ident.SessionID](testkit.Now)
	for name, c := range map[string]struct {
		ctx             context.Context
		network, goesOn string
	}{
		"from its start":  {asker, "n", ""},
		"another file":    {asker, "n", strings.Repeat("0", 64)},
		"another person":  {f.As(t, rbac.RoleSpecialist), "n", e.FileHash},
		"another network": {asker, "m", e.FileHash},
		"another session": {scope.With(context.Background(), session), "n", e.FileHash},
		"another firm":    {testkit.Firm(t, h.d).As(t, rbac.RoleSpecialist), "n", e.FileHash},
	} {
		if _, err := open(c.ctx, c.network, c.goesOn, 70); err == nil {
			t.Errorf("%s: it went on", name)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND class = 3 AND action IN ('export.fetched', 'export.fetch_continued')`, f.ID); n != 2 {
		t.Errorf("%d looks, want 2", n)
	}
	if err := h.svc.Delivered(asker, ticket.Reveal(), "n"); err != nil {
		t.Fatal(err)
	}
	if _, err := open(asker, "n", e.FileHash, 70); !errors.Is(err, export.ErrTicket) {
		t.Errorf("after the whole file: %v", err)
	}
	f.Exec(t, `UPDATE export_ticket SET delivered_at = NULL WHERE firm_id = ?`, f.ID)
	h.clock.Advance(10 * time.Minute)
	if _, err := open(asker, "n", e.FileHash, 70); !errors.Is(err, export.ErrTicket) {
		t.Errorf("after half an hour: %v", err)
	}
}

// A grant that ends stops the file: before it is made, while it is made, and after.
func TestT04_RevokedMeansUnreachable(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	person := func() (context.Context, ident.GrantID) {
		who := testkit.Person(t, h.d, "asker")
		g := f.Grant(t, who, rbac.RoleSpecialist)
		return f.Acting(who), g
	}
	asker, grant := person()
	e, _ := h.ask(t, asker, year(export.FormRedacted))
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	f.EndGrant(t, grant)
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND status = 'failed' AND blob_id IS NULL`, f.ID); n != 1 || len(h.bucket.Names()) != 0 {
		t.Errorf("built for who has no right: %d, %v", n, h.bucket.Names())
	}
	asker, grant = person()
	e, _ = h.ready(t, f, asker, year(export.FormRedacted))
	ticket, err := h.svc.Ticket(asker, e.ID, "n")
	if err != nil {
		t.Fatal(err)
	}
	f.Wall(t, testkit.Actor(asker), m.ID)
	if _, err := h.svc.Download(asker, ticket.Reveal(), "n", ""); !errors.Is(err, export.ErrRightGone) {
		t.Errorf("behind a wall since: %v", err)
	}
	f.EndGrant(t, grant)
	for _, goesOn := range []string{"", e.FileHash} {
		if _, err := h.svc.Download(asker, ticket.Reveal(), "n", goesOn); err == nil {
			t.Error("fetched without a grant")
		}
	}
}

func fields(err error) []fault.Field {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Fields
	}
	return nil
}

func TestLimitsAndBadInput(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	_, _, err := h.svc.Request(asker, export.NewRequest{From: "x", To: "2026-13-01", Form: "all", Hours: 1, Reason: " ", Recipient: "ssh-rsa"})
	for _, path := range []string{"from", "to", "form", "hours", "reason", "recipient"} {
		if err == nil || !strings.Contains(fmt.Sprintf("%+v", fields(err)), path) {
			t.Errorf("%s is not named in %v", path, fields(err))
		}
	}
	if _, _, err := h.svc.Request(f.As(t, rbac.RolePartner), year(export.FormFull)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("partner: %v", err)
	}
	own, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	n := year(export.FormFull)
	n.Recipient = own.Recipient().String()
	if e, key := h.ask(t, asker, n); e.KeyMade || key != "" {
		t.Errorf("own key: %+v, %v", e, key)
	}
	for range 4 {
		h.ask(t, asker, n)
	}
	if _, _, err := h.svc.Request(asker, n); !errors.Is(err, export.ErrDaily) {
		t.Errorf("the sixth of a day: %v", err)
	}
	h.clock.Advance(25 * time.Hour)
	h.ask(t, asker, n)
}
