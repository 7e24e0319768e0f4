package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
)

// The environment is the process's, so this test runs by itself.
func TestBootstrapPrintsALink(t *testing.T) {
	t.Setenv("DOCKETRY_MIGRATE_URL", testkit.AdminURL(t, testkit.NewDatabase(t)))
	t.Setenv("DOCKETRY_SCOPE_KEY", hex.EncodeToString(testkit.Key))
	t.Setenv("DOCKETRY_PUBLIC_URL", "https://billing.example")
	run := func(args ...string) (string, error) {
		cmd := newRootCmd()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&bytes.Buffer{})
		cmd.SetArgs(append([]string{"admin", "bootstrap"}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	full := []string{"--bureau", "Larkspur Billing Services", "--name", "Daniel Osei", "--email", "daniel.osei@larkspur.example"}
	out, err := run(full...)
	if err != nil || !strings.HasPrefix(out, "https://billing.example/enrol/") || len(strings.TrimSpace(out)) < 60 {
		t.Fatalf("%q, %v", out, err)
	}
	if again, err := run(full...); err != nil || again == out {
		t.Errorf("again: %q, %v", again, err)
	}
	if _, err := run("--bureau", "Larkspur", "--name", "Daniel Osei", "--email", "two@a.example,b@c.example"); err == nil || !strings.Contains(err.Error(), "--email: ") {
		t.Errorf("a bad address: %v", err)
	}
	t.Setenv("DOCKETRY_SCOPE_KEY", "short")
	var coded *exitError
	if _, err := run(full...); !errors.As(err, &coded) || coded.code != exitConfig {
		t.Errorf("without a key: %v", err)
	}
}

// The environment is the process's, so this test runs by itself.
func TestKeysStatusOfAnEmptyHouse(t *testing.T) {
	t.Setenv("DOCKETRY_MIGRATE_URL", testkit.AdminURL(t, testkit.NewDatabase(t)))
	t.Setenv("DOCKETRY_SCOPE_KEY", hex.EncodeToString(testkit.Key))
	run := func(args ...string) (string, error) {
		cmd := newRootCmd()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&bytes.Buffer{})
		cmd.SetArgs(append([]string{"admin", "keys"}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	var coded *exitError
	if _, err := run("status"); !errors.As(err, &coded) || coded.code != exitConfig || !strings.Contains(err.Error(), "DOCKETRY_MASTER_KEY is not set") {
		t.Errorf("without a master key: %v", err)
	}
	t.Setenv("DOCKETRY_MASTER_KEY", hex.EncodeToString(testkit.Key))
	if out, err := run("status", "--json"); err != nil || !strings.Contains(out, `"kind":"master","id":"`) {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run("rewrap"); err != nil || !strings.HasPrefix(out, "0 data keys ") {
		t.Errorf("%q, %v", out, err)
	}
	t.Setenv("DOCKETRY_MASTER_KEY_FORMER", hex.EncodeToString(testkit.Key))
	if _, err := run("status"); err == nil || !strings.Contains(err.Error(), "DOCKETRY_MASTER_KEY_FORMER is the same") {
		t.Errorf("the same key twice: %v", err)
	}
	t.Setenv("DOCKETRY_MASTER_KEY_FORMER", "")
	for _, kind := range []string{"SCOPE", "PAYLOAD", "SESSION"} {
		name := "DOCKETRY_" + kind + "_KEY"
		t.Setenv(name, hex.EncodeToString(testkit.Key))
		for _, wrong := range []string{hex.EncodeToString(testkit.Key), "00ff", strings.Repeat("61", 32), "no key"} {
			t.Setenv(name+"_FORMER", wrong)
			if _, err := run("status"); err == nil || !strings.Contains(err.Error(), name+"_FORMER ") {
				t.Errorf("%s: %q was taken: %v", name, wrong, err)
			}
		}
		t.Setenv(name+"_FORMER", "")
	}
	next := hex.EncodeToString([]byte("the next key of thirty-two bytes"))
	t.Setenv("DOCKETRY_REDIS_URL", testkit.RedisURL(t))
	if out, err := run("status"); err != nil || strings.Contains(out, "former") || strings.Count(out, "present key") != 4 {
		t.Errorf("%q, %v", out, err)
	}
	for _, kind := range []string{"SCOPE", "PAYLOAD", "SESSION"} {
		t.Setenv("DOCKETRY_"+kind+"_KEY_FORMER", next)
	}
	if out, err := run("status"); !errors.Is(err, errNo) || !strings.Contains(out, "not installed: run `docketry admin keys install`") ||
		!strings.Contains(out, "take DOCKETRY_PAYLOAD_KEY_FORMER away") || !strings.Contains(out, "take DOCKETRY_SESSION_KEY_FORMER away") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run("install"); err != nil || strings.Count(out, "accepts scope key") != 2 {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run("status"); !errors.Is(err, errNo) || !strings.Contains(out, "take DOCKETRY_SCOPE_KEY_FORMER away") {
		t.Errorf("%q, %v", out, err)
	}
	t.Setenv("DOCKETRY_SCOPE_KEY_FORMER", "")
	if out, err := run("retire"); err != nil || !strings.HasSuffix(out, "from now on: 1\n") {
		t.Errorf("%q, %v", out, err)
	}
}
