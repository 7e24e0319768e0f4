package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/internal/testkit"
)

func TestT28_ARestoredDatabaseIsTheOneThatWasBackedUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	taken := h.take(t)
	url := empty(t)
	m, err := Restore(t.Context(), taken.File, []age.Identity{h.id}, Target{URL: url, Key: testkit.Key})
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows() == 0 || len(differences(m.Tables, taken.Manifest.Tables)) != 0 {
		t.Errorf("manifest: %+v", m)
	}
	// The programs start over it, and a firm sees its own rows.
	d, err := db.Open(t.Context(), db.Config{URL: strings.Replace(url, "user=postgres", "user=docketry_api", 1), Key: testkit.Key, Clock: clock.System()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	err = d.InFirm(h.firms[0].Machine(), func(tx *db.Tx) error {
		r, err := selfcheck.Examine(tx)
		if err == nil && (!r.OK() || r.Compared != 4) {
			t.Errorf("self-check: %+v", r)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := Restore(t.Context(), taken.File, []age.Identity{h.id}, Target{URL: url, Key: testkit.Key}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("over what is there: %v", err)
	}
	if file, at, err := Newest(h.dir); err != nil || file != taken.File || !at.Equal(taken.Manifest.TakenAt) {
		t.Errorf("newest: %s, %s, %v", file, at, err)
	}
	if b, err := os.ReadFile(taken.File); err != nil || bytes.Contains(b, []byte("Transcript")) || bytes.Contains(b, []byte(manifestName)) {
		t.Errorf("the file is plain: %v", err)
	}
}

// remade is the backup with its plain parts changed, encrypted anew: what somebody
// with the public key, or a broken program, could make.
func (h *house) remade(t *testing.T, file string, change func(name string, b []byte) []byte) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.Decrypt(bytes.NewReader(b), h.id)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(h.dir, "remade-"+filepath.Base(file))
	_, err = writeSealed(out, []age.Recipient{h.id.Recipient()}, func(w io.Writer) error {
		a := &archive{tar.NewWriter(w), testkit.Now}
		for in := tar.NewReader(plain); ; {
			head, err := in.Next()
			if errors.Is(err, io.EOF) {
				err := a.out.Close()
				_, behind := w.Write(change("", nil))
				return errors.Join(err, behind)
			}
			if err != nil {
				return err
			}
			b, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			if b = change(head.Name, b); b == nil {
				continue
			}
			if err := a.file(head.Name, b); err != nil {
				return err
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestT28_AManifestWithOtherCountsIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := h.firms[1]
	other := h.remade(t, h.take(t).File, func(name string, b []byte) []byte {
		if name != manifestName {
			return b
		}
		var m Manifest
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		for i := range m.Tables {
			if m.Tables[i].Name == "public.invoice" {
				m.Tables[i].Firms[f.ID]++
				m.Tables[i].Rows++
			}
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	out, err := h.drill(other).Run(t.Context())
	if err != nil || out.OK || len(out.Proofs) != 2 || out.Proofs[1].Name != "rows" || out.Proofs[1].OK {
		t.Fatalf("%+v, %v", out, err)
	}
	if says := strings.Join(out.Proofs[1].Details, "\n"); !strings.Contains(says, fmt.Sprintf("table public.invoice has 2 rows of firm %s, the manifest counts 3", f.ID)) || !strings.Contains(says, "table public.invoice has 4 rows, the manifest counts 5") {
		t.Errorf("details: %s", says)
	}
	// Restored for good it serves nobody: the sealing key is not there.
	url := empty(t)
	if _, err := Restore(t.Context(), other, []age.Identity{h.id}, Target{URL: url, Key: testkit.Key}); !errors.Is(err, ErrDiffers) {
		t.Errorf("restore: %v", err)
	}
	d, err := db.Open(t.Context(), db.Config{URL: strings.Replace(url, "user=postgres", "user=docketry_api", 1), Key: testkit.Key, Clock: clock.System()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.InFirm(f.Machine(), func(*db.Tx) error { return nil }); db.Code(err) != "28000" {
		t.Errorf("a program entered: %v", err)
	}
}

// What pg_dump does as a role under row security: no error, and no rows.
func TestT28_ADumpUnderRowSecurityIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, user := range []string{"docketry_api", "postgres"} {
		o := h.options()
		o.URL = testkit.Stack(t).Postgres(user, h.database)
		if _, err := Take(t.Context(), o); !errors.Is(err, ErrRole) {
			t.Errorf("as %s: %v", user, err)
		}
	}
	silent := "silent_" + h.database
	h.admin(t, "CREATE ROLE "+silent+" LOGIN", "GRANT USAGE ON SCHEMA auth TO "+silent, "GRANT SELECT ON ALL TABLES IN SCHEMA public, auth TO "+silent, "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, auth TO "+silent)
	t.Cleanup(func() { h.admin(t, "DROP OWNED BY "+silent, "DROP ROLE "+silent) })
	o := h.options()
	o.URL = testkit.Stack(t).Postgres(silent, h.database)
	if _, err := Take(t.Context(), o); !errors.Is(err, ErrRole) || !strings.Contains(err.Error(), "does not bypass row security") {
		t.Errorf("as a role that reads and sees nothing: %v", err)
	}
	o = h.options()
	o.dump = []string{"--username=" + silent}
	if _, err := Take(t.Context(), o); err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("without --enable-row-security: %v", err)
	}
	if left := h.leavings(t); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
	o.dump = append(o.dump, "--enable-row-security", "--no-privileges") // the drill's server has no such role
	taken, err := Take(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.drill(taken.File).Run(t.Context())
	if err != nil || out.OK {
		t.Fatalf("%+v, %v", out, err)
	}
	if says := strings.Join(out.Proofs[1].Details, "\n"); !strings.Contains(says, "has 0 rows, the manifest counts") {
		t.Errorf("details: %s", says)
	}
}

func TestT28_ACutOrAlteredFileIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	file := h.take(t).File
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, b []byte) {
		t.Helper()
		bad := filepath.Join(t.TempDir(), "bad.tar.age")
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(bad, []age.Identity{h.id}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
		out, err := h.drill(bad).Run(t.Context())
		if err != nil || out.OK || len(out.Proofs) != 1 || out.Proofs[0].Name != "file" || out.Proofs[0].OK {
			t.Errorf("drill, %s: %+v, %v", what, out, err)
		}
	}
	for _, n := range []int{0, 10, 200, len(whole) / 2, len(whole) - 1} {
		refused(fmt.Sprintf("cut after %d bytes", n), whole[:n])
	}
	// The envelope's pieces have 64 KiB: at the end of one, everything before it is good.
	refused("cut between two pieces", whole[:len(whole)-len(whole)%(64<<10)])
	for _, at := range []int{3, 150, len(whole) / 3, len(whole) - 20} {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 4
		refused(fmt.Sprintf("a bit of byte %d", at), flipped)
	}
	refused("followed by more", append(bytes.Clone(whole), 0))
	for what, change := range map[string]func(name string, b []byte) []byte{
		"without a manifest": func(name string, b []byte) []byte {
			if name == manifestName {
				return nil
			}
			return b
		},
		"without its dump": func(name string, b []byte) []byte {
			if strings.HasPrefix(name, dumpName) {
				return nil
			}
			return b
		},
		"something behind its manifest": func(name string, b []byte) []byte {
			if name == "" {
				return []byte("more")
			}
			return b
		},
		"another dump": func(name string, b []byte) []byte {
			if strings.HasPrefix(name, dumpName) {
				b[len(b)-1] ^= 1
			}
			return b
		},
	} {
		made := h.remade(t, file, change)
		b, err := os.ReadFile(made)
		if err := errors.Join(err, os.Remove(made)); err != nil {
			t.Fatal(err)
		}
		refused(what, b)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	d := h.drill(file)
	d.Identities = []age.Identity{stranger}
	if _, err := d.Run(t.Context()); !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), stranger.Recipient().String()) || strings.Contains(err.Error(), stranger.String()) {
		t.Errorf("another key: %v", err)
	}
}

func TestT28_AKilledBackupLeavesNothingThatRestores(t *testing.T) {
	t.Parallel()
	h := setup(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), "TEST_BACKUP_URL="+h.url, "TEST_BACKUP_DIR="+h.dir, "TEST_BACKUP_TO="+h.id.Recipient().String())
	out, err := c.StdoutPipe()
	if err := errors.Join(err, c.Start()); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if killed := c.Process.Kill(); err != nil || killed != nil || line != "midway\n" {
		t.Fatalf("%q, %v, %v", line, err, killed)
	}
	_ = c.Wait() // killed
	left := h.leavings(t)
	if len(left) != 1 || !strings.HasSuffix(left[0], partial) {
		t.Fatalf("it left %v", left)
	}
	if file, _, err := Newest(h.dir); err != nil || file != "" {
		t.Errorf("newest: %s, %v", file, err)
	}
	// Also under a whole one's name.
	cut := filepath.Join(h.dir, strings.TrimSuffix(left[0], partial))
	if err := os.Rename(filepath.Join(h.dir, left[0]), cut); err != nil {
		t.Fatal(err)
	}
	url := empty(t)
	if _, err := Restore(t.Context(), cut, []age.Identity{h.id}, Target{URL: url, Key: testkit.Key}); !errors.Is(err, ErrDamaged) {
		t.Errorf("restore: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if m := (Manifest{Schema: 1}); !canTake(t, conn, m) {
		t.Error("something was put into the database")
	}
}

func canTake(t *testing.T, conn *pgx.Conn, m Manifest) bool {
	t.Helper()
	_, err := fit(t.Context(), conn, m)
	return err == nil
}

func TestDrillNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := h.firms[0]
	h.admin(t,
		fmt.Sprintf(`UPDATE posting SET amount_minor = amount_minor + 3 WHERE invoice_id = '%s' AND account = 'expenses'`, h.invoices[1].ID),
		fmt.Sprintf(`UPDATE audit_leaf SET detail = '{"x":1}' WHERE firm_id = '%s' AND seq = 1`, h.firms[1].ID),
		`GRANT TRUNCATE ON matter TO docketry_api`)
	lost := f.Text(t, `SELECT name FROM blob WHERE firm_id = ? ORDER BY id LIMIT 1`, f.ID)
	if err := h.bucket.Delete(t.Context(), string(f.ID)+"/"+lost); err != nil {
		t.Fatal(err)
	}
	d := h.drill(h.take(t).File)
	out, err := d.Run(t.Context())
	if err != nil || out.OK {
		t.Fatalf("%+v, %v", out, err)
	}
	want := map[string]string{"catalogue": "matter: a run-time role may truncate", "self-check": string(f.ID) + ": I11 journal", "audit": string(h.firms[1].ID) + ": line", "blobs": lost + ": it is missing from the copy"}
	for _, p := range out.Proofs {
		says, bad := want[p.Name]
		if p.OK == bad || bad && !strings.Contains(strings.Join(p.Details, "\n"), says) {
			t.Errorf("%s: ok %v, %s, %q; want %q", p.Name, p.OK, p.Says, p.Details, says)
		}
	}
	d.Bucket = blob.NewMemory(h.clock)
	if _, err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "--blobs") {
		t.Errorf("another store: %v", err)
	}
	// A checkpoint that the restored tree already holds is none from after the backup.
	d.Newer = []string{f.Text(t, `SELECT note FROM audit_checkpoint WHERE firm_id = ? ORDER BY size DESC LIMIT 1`, f.ID)}
	d.Bucket = nil
	if out, err = d.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"audit": "0 of 1 checkpoints from after the backup", "blobs": "none was opened"} {
		for _, p := range out.Proofs {
			if p.Name == name && !strings.Contains(strings.Join(p.Details, "\n"), says) {
				t.Errorf("%s: %q", name, p.Details)
			}
		}
	}
}

// What a killed restore leaves is named as that.
func TestARestoreThatWasCutOffIsNamed(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, testkit.NewDatabase(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := fit(t.Context(), conn, Manifest{}); !errors.Is(err, ErrNotEmpty) || strings.Contains(err.Error(), "interrupted") {
		t.Errorf("a living database: %v", err)
	}
	if _, err := conn.Exec(t.Context(), `DELETE FROM auth.key`); err != nil {
		t.Fatal(err)
	}
	if _, err := fit(t.Context(), conn, Manifest{}); !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("without a key: %v", err)
	}
}
