package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/backup"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/testkit"
)

func runRoot(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newRootCmd()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// keyPair is a private key's file and its public half.
func keyPair(t *testing.T) (file, recipient string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte("# public key: "+id.Recipient().String()+"\n"+id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, id.Recipient().String()
}

// code is the exit code that main gives an error.
func code(err error) int {
	var coded *exitError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return exitNo
	case errors.As(err, &coded):
		return coded.code
	default:
		return exitBroken
	}
}

// The environment is the process's, so this test runs by itself.
func TestT28_BackupAndDrillCommands(t *testing.T) {
	name, dir := testkit.NewDatabase(t), t.TempDir()
	d := testkit.OpenDatabase(t, "docketry_worker", name, clock.At(testkit.Now))
	f := testkit.Firm(t, d)
	f.Invoice(t, f.Matter(t))
	key, recipient := keyPair(t)
	stranger, _ := keyPair(t)
	t.Setenv("DOCKETRY_BACKUP_DIR", dir)
	t.Setenv("DOCKETRY_AUDIT_KEY", hex.EncodeToString(testkit.Key))
	t.Setenv("DOCKETRY_BACKUP_URL", testkit.Stack(t).Postgres("docketry_backup", name))

	if _, err := runRoot(t, "backup"); err == nil || !strings.Contains(err.Error(), "--recipient") {
		t.Errorf("without a recipient: %v", err)
	}
	if secret, err := os.ReadFile(key); err != nil {
		t.Error(err)
	} else if _, err := runRoot(t, "backup", "--recipient", strings.TrimSpace(string(secret))); err == nil || !strings.Contains(err.Error(), "private key") || strings.Contains(err.Error(), "SECRET-KEY-1") {
		t.Errorf("a private key: %v", err)
	}
	if _, err := runRoot(t, "backup", "--recipient", recipient, "--keep", "-1"); err == nil || !strings.Contains(err.Error(), "--keep") {
		t.Errorf("fewer than no days: %v", err)
	}
	edited := filepath.Join(t.TempDir(), "recipients.txt") // as an editor of Windows saves it
	if err := os.WriteFile(edited, []byte("\ufeff# two people\r\n"+recipient+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := runRoot(t, "backup", "--recipients", edited, "--json")
	var taken backupJSON
	if err := errors.Join(err, json.Unmarshal([]byte(out), &taken)); err != nil || taken.Firms != 1 || taken.Rows == 0 || filepath.Dir(taken.File) != dir {
		t.Fatalf("%s, %v", out, err)
	}
	out, err = runRoot(t, "restore", "drill", "--identity", key, "--json")
	var proven backup.Outcome
	if err := errors.Join(err, json.Unmarshal([]byte(out), &proven)); err != nil || !proven.OK || proven.File != taken.File || len(proven.Proofs) != 6 {
		t.Errorf("drill: %s, %v", out, err)
	}
	if _, err := runRoot(t, "restore", "drill", "--identity", stranger); code(err) != exitBroken || !strings.Contains(err.Error(), "made for other keys") {
		t.Errorf("another key: %v", err)
	}
	whole, err := os.ReadFile(taken.File)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.tar.age")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = runRoot(t, "restore", "drill", cut, "--identity", key)
	if code(err) != exitNo || !strings.Contains(out, "NO   file") || !strings.Contains(out, "NO. This backup") {
		t.Errorf("cut: %s, %v", out, err)
	}
	t.Setenv("DOCKETRY_MIGRATE_URL", testkit.AdminURL(t, name))
	t.Setenv("DOCKETRY_SCOPE_KEY", hex.EncodeToString(testkit.Key))
	if _, err := runRoot(t, "restore", dir, "--identity", key); code(err) != exitNo || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restore over a living one: %v", err)
	}
	t.Setenv("DOCKETRY_BACKUP_URL", testkit.AdminURL(t, name))
	if _, err := runRoot(t, "backup", "--recipient", recipient); code(err) != exitBroken || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("as a superuser: %v", err)
	}
	if found := examineBackup(dir, taken.TakenAt.Add(oldestBackup+1)); len(found) != 1 || found[0].OK {
		t.Errorf("doctor, an old one: %+v", found)
	}
	if found := examineBackup(dir, taken.TakenAt.Add(oldestBackup)); len(found) != 1 || !found[0].OK {
		t.Errorf("doctor: %+v", found)
	}
	if found := examineBackup(t.TempDir(), taken.TakenAt); len(found) != 1 || found[0].OK {
		t.Errorf("doctor, none: %+v", found)
	}
}

// The environment is the process's, so this test runs by itself.
func TestI24_SelfCheckCommand(t *testing.T) {
	name := testkit.NewDatabase(t)
	d := testkit.OpenDatabase(t, "docketry_worker", name, clock.At(testkit.Now))
	good, bad := testkit.Firm(t, d), testkit.Firm(t, d)
	good.Invoice(t, good.Matter(t))
	bad.Exec(t, `UPDATE number_series SET next = 5 WHERE firm_id = ? AND series = 'invoice'`, bad.ID)
	t.Setenv("DOCKETRY_MIGRATE_URL", testkit.AdminURL(t, name))
	t.Setenv("DOCKETRY_SCOPE_KEY", hex.EncodeToString(testkit.Key))
	out, err := runRoot(t, "admin", "selfcheck", "--json")
	var answer selfCheckJSON
	if wrong := json.Unmarshal([]byte(out), &answer); code(err) != exitNo || wrong != nil || answer.OK || len(answer.Firms) != 2 || answer.Unchecked == nil || len(answer.Unchecked) != 0 {
		t.Fatalf("%s, %v", out, err)
	}
	if out, err = runRoot(t, "admin", "selfcheck", "--firm", string(good.ID)); err != nil || !strings.Contains(out, string(good.ID)+": 2 records, 0 differences") {
		t.Errorf("the good firm: %s, %v", out, err)
	}
	if out, err = runRoot(t, "admin", "selfcheck", "--firm", strings.ToLower(bad.Code)); code(err) != exitNo || !strings.Contains(out, "I04 number_series invoice: series invoice: the next number is 5, the last one given is 0") {
		t.Errorf("the bad firm: %s, %v", out, err)
	}
	if _, err := runRoot(t, "admin", "selfcheck", "--firm", "nobody"); code(err) != exitBroken {
		t.Errorf("no such firm: %v", err)
	}
}
