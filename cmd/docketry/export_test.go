package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/alexedwards/argon2id"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const exportPassword = "seven small boats at noon"

// exporter is a person who may ask for exports, the firm, and the program beside the command.
type exporter struct {
	firm        testkit.F
	who         ident.PersonID
	codes       []string // recovery codes: an app's code serves once in half a minute
	api, worker *app.Services
}

// newExporter sets the environment that serve would have.
func newExporter(t *testing.T) *exporter {
	t.Helper()
	key := func(b byte) []byte { return bytes.Repeat([]byte{b, b + 1}, 16) }
	for name, value := range map[string]string{
		"DATABASE_URL": testkit.URL(t, "docketry_api"), "REDIS_URL": testkit.RedisURL(t), "BLOB_URL": "file://" + t.TempDir(), "PUBLIC_URL": "https://billing.example",
		"SCOPE_KEY": hex.EncodeToString(testkit.Key), "PAYLOAD_KEY": hex.EncodeToString(key('a')), "MASTER_KEY": hex.EncodeToString(key('c')),
		"AUDIT_KEY": hex.EncodeToString(key('e')), "SESSION_KEY": hex.EncodeToString(key('g')),
	} {
		t.Setenv("DOCKETRY_"+name, value)
	}
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	services := func(role string) *app.Services {
		d := testkit.Open(t, role, clock.System())
		s, err := app.NewServices(t.Context(), app.Parts{Config: c, DB: d, Clock: d.Clock(), Log: obs.Discard()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	x := &exporter{api: services("docketry_api"), worker: services("docketry_worker")}
	testkit.Bureau(t, x.api.DB)
	x.firm = testkit.Firm(t, x.api.DB)
	x.who = testkit.Actor(x.firm.As(t, rbac.RoleSpecialist))
	hash, err := argon2id.CreateHash(exportPassword, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	x.firm.Exec(t, `INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, '2026-01-01')`, x.who, hash)
	return x
}

// app sets up the person's authenticator app.
func (x *exporter) app(t *testing.T) {
	t.Helper()
	me := x.firm.Acting(x.who)
	shown, err := x.api.People.BeginApp(me)
	if err != nil {
		t.Fatal(err)
	}
	code, err := people.AppCode(shown.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if x.codes, err = x.api.People.ConfirmApp(me, exportPassword, code); err != nil {
		t.Fatal(err)
	}
}

// typed is what the person gives on standard input, with the next recovery code.
func (x *exporter) typed() string {
	code := x.codes[0]
	x.codes = x.codes[1:]
	return exportPassword + "\n" + code + "\n"
}

func (x *exporter) run(stdin string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := newExportCmd()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append(args, "--firm", x.firm.Code, "--as", string(x.who)+"@people.example"))
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.Execute()
	return out.String(), err
}

// build does the export's job as the worker would.
func (x *exporter) build(t *testing.T, id ident.ExportID) {
	t.Helper()
	j := outbox.Job{Firm: x.firm.ID}
	err := x.worker.DB.InFirm(x.firm.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, lease_until = ?, started_at = ? WHERE firm_id = ? AND kind = 'export.build' RETURNING id, fence, actor_id, coalesce(factor_at, '0001-01-01 00:00Z')`,
			tx.Now.Add(time.Minute), tx.Now, x.firm.ID).Row().Scan(&j.ID, &j.Fence, &j.Actor, &j.Factor)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := scope.With(context.Background(), scope.Scope{Firm: x.firm.ID, Actor: j.Actor, FactorAt: j.Factor, Machine: "worker"})
	if err := x.worker.Exports.Build(ctx, j, export.BuildWanted{Export: id}); err != nil {
		t.Fatal(err)
	}
}

// TestExportCommand is not parallel: the command reads the environment.
func TestExportCommand(t *testing.T) {
	x := newExporter(t)
	m, other := x.firm.Matter(t), x.firm.Matter(t)
	x.firm.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	x.firm.Cost(t, other, "2026-02-05", "E115", 10_000, 2_500_000)
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	ask := []string{"ask", "--from", "2026-01-01", "--to", "2026-12-31", "--recipient", pair.Recipient().String(), "--reason", "year-end", "--form", "full", "--matter", strings.ToLower(m.Number)}
	if out, err := x.run(exportPassword+"\n", ask...); !errors.Is(err, errNo) || !strings.Contains(out, "set one up") {
		t.Errorf("without a second factor: %v\n%s", err, out)
	}
	x.app(t)
	if out, err := x.run("wrong password here\n", ask...); !errors.Is(err, errNo) || !strings.Contains(out, "not right") {
		t.Errorf("a wrong password: %v\n%s", err, out)
	}
	if out, err := x.run(exportPassword+"\n", ask...); err == nil || errors.Is(err, errNo) || !strings.Contains(err.Error(), "app's code") {
		t.Errorf("no code: %v\n%s", err, out)
	}
	if out, err := x.run(x.typed(), append(ask, "--dry-run", "--json")...); err != nil || !strings.Contains(out, `"rows":1`) {
		t.Errorf("dry run: %v\n%s", err, out)
	}
	if n := x.firm.Count(t, `SELECT count(*) FROM export WHERE firm_id = ?`, x.firm.ID); n != 0 {
		t.Fatalf("%d exports were asked for", n)
	}
	out, err := x.run(x.typed(), append(ask, "--json")...)
	var asked struct{ ID, Name, Status string }
	if err != nil || json.Unmarshal([]byte(out), &asked) != nil || asked.Name != "EX-1" || asked.Status != "asked" {
		t.Fatalf("asked: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "entries.age")
	if out, err := x.run(x.typed(), "fetch", "EX-1", "--out", file); !errors.Is(err, errNo) || !strings.Contains(out, "somebody at the firm") {
		t.Errorf("before the firm has decided: %v\n%s", err, out)
	}
	id := ident.ExportID(asked.ID)
	if err := x.api.Exports.Approve(x.firm.As(t, rbac.RoleFirmAdmin), id, 1); err != nil {
		t.Fatal(err)
	}
	x.build(t, id)
	if out, err := x.run(x.typed(), "list"); err != nil || !strings.Contains(out, "EX-1, full, 2026-01-01 to 2026-12-31, 1 rows") || !strings.Contains(out, "can be fetched 3 times more") {
		t.Errorf("list: %v\n%s", err, out)
	}
	if out, err := x.run(x.typed(), "fetch", "ex-1", "--out", file); err != nil || !strings.Contains(out, "2 times more") {
		t.Fatalf("fetched: %v\n%s", err, out)
	}
	wantOpens(t, file, pair)
	if out, err := x.run("", "fetch", "EX-1", "--out", file); err == nil || errors.Is(err, errNo) || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over a file: %v\n%s", err, out)
	}
	if n := x.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND actor = ? AND action IN ('export.asked', 'export.fetched')`, x.firm.ID, x.who); n != 2 {
		t.Errorf("%d leaves of the person, want 2", n)
	}
}

// wantOpens wants an age file, for its owner alone, that the key opens.
func wantOpens(t *testing.T, file string, pair *age.X25519Identity) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	sealed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer sealed.Close()
	plain, err := age.Decrypt(sealed, pair)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(plain)
	if err != nil || !bytes.HasPrefix(b, []byte("PK")) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if left, err := filepath.Glob(file + ".*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Bad flags are told by name; another's firm is as one that is not there.
func TestExportCommandRefuses(t *testing.T) {
	x := newExporter(t)
	x.firm.Cost(t, x.firm.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	x.app(t)
	out, err := x.run(x.typed(), "ask", "--from", "January", "--to", "2026-12-31", "--recipient", "ssh-rsa", "--hours", "3")
	if err == nil || errors.Is(err, errNo) {
		t.Errorf("bad flags: %v\n%s", err, out)
	}
	for _, flag := range []string{"--from", "--recipient", "--hours", "--reason"} {
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s is not named: %v", flag, err)
		}
	}
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	ask := []string{"ask", "--from", "2026-01-01", "--to", "2026-12-31", "--recipient", pair.Recipient().String(), "--reason", "year-end"}
	if _, err := x.run(x.typed(), append(ask, "--matter", "M-NONE")...); err == nil || !strings.Contains(err.Error(), `--matter: you see no matter with the number or id "M-NONE"`) {
		t.Errorf("a matter that is not there: %v", err)
	}
	ask[2], ask[4] = "2020-01-01", "2020-12-31"
	if out, err := x.run(x.typed(), append(ask, "--json")...); !errors.Is(err, errNo) || !strings.Contains(out, `"code":"export_empty"`) {
		t.Errorf("an empty scope: %v\n%s", err, out)
	}
	for _, firm := range []string{testkit.Firm(t, x.api.DB).Code, "QQ9"} {
		there := *x
		there.firm.Code = firm
		if out, err := there.run(x.typed(), "list"); !errors.Is(err, errNo) || out != errNoFirm.Message+"\n" {
			t.Errorf("firm %s: %v\n%s", firm, err, out)
		}
	}
	if out, err := x.run(x.typed(), "fetch", "EX-9", "--out", filepath.Join(t.TempDir(), "x")); !errors.Is(err, errNo) || !strings.Contains(out, "EX-9") {
		t.Errorf("no such export: %v\n%s", err, out)
	}
	t.Setenv("DOCKETRY_MASTER_KEY", "")
	var coded *exitError
	if _, err := x.run("", "list"); !errors.As(err, &coded) || coded.code != exitConfig {
		t.Errorf("no key: %v", err)
	}
}
