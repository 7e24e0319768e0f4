package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
)

func importRun(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := newImportCmd()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.Execute()
	return out.String(), err
}

// TestImportCommand is not parallel: the command reads the environment.
func TestImportCommand(t *testing.T) {
	f := testkit.Firm(t, testkit.DB(t))
	m := f.Matter(t)
	f.Timekeeper(t, "RV", "PARTNR", 4_000_000)
	t.Setenv("DOCKETRY_DATABASE_URL", testkit.URL(t, "docketry_worker"))
	t.Setenv("DOCKETRY_SCOPE_KEY", hex.EncodeToString(testkit.Key))
	file := filepath.Join(t.TempDir(), "february.csv")
	write := func(rows string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("date,matter,timekeeper,hours,narrative\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := "2026-02-10," + m.Number + ",RV,1.5,Draft section 3 of reply brief\n"
	write(good + "2026-02-10,M-NONE,RV,1.5,Draft answer\n")
	if out, err := importRun(file, "--firm", f.Code, "--dry-run"); !errors.Is(err, errNo) || !strings.Contains(out, "2 rows, 1 would land, 1 refused") {
		t.Errorf("dry run: %v\n%s", err, out)
	}
	out, err := importRun(file, "--firm", strings.ToLower(f.Code))
	if !errors.Is(err, errNo) || !strings.Contains(out, "line 3 matter: refused MAT-01: there is no matter with this number") || !strings.Contains(out, "1 landed") {
		t.Errorf("a refused row: %v\n%s", err, out)
	}
	write(good)
	if out, err := importRun(file, "--firm", string(f.ID), "--json"); err != nil || !strings.Contains(out, `"repeated":1`) {
		t.Errorf("the row again: %v\n%s", err, out)
	}
	write("\x00")
	if out, err := importRun(file, "--firm", f.Code); err == nil || errors.Is(err, errNo) || !strings.Contains(err.Error(), "CSV UTF-8") {
		t.Errorf("unreadable: %v\n%s", err, out)
	}
	if _, err := importRun(file, "--firm", "QQ9"); err == nil || errors.Is(err, errNo) {
		t.Errorf("no such firm: %v", err)
	}
	t.Setenv("DOCKETRY_SCOPE_KEY", "")
	var coded *exitError
	if _, err := importRun(file, "--firm", f.Code); !errors.As(err, &coded) || coded.code != exitConfig {
		t.Errorf("no key: %v", err)
	}
}
