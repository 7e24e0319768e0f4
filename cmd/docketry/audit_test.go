package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const auditData = "../../internal/audit/testdata/"

func auditVerify(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newAuditCmd()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(append([]string{"verify"}, args...))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAuditVerifyAnswers(t *testing.T) {
	t.Parallel()
	bundle, key, since := auditData+"bundle.jsonl", auditData+"key.txt", auditData+"checkpoint.txt"
	out, err := auditVerify(t, bundle, "--key", key, "--since", since)
	if err != nil || !strings.HasPrefix(out, "YES.") || strings.Contains(out, "UNCONFIRMED") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err = auditVerify(t, bundle); err != nil || !strings.Contains(out, "UNCONFIRMED") {
		t.Errorf("without a key: %v: %s", err, out)
	}
	text, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := filepath.Join(t.TempDir(), "spoilt.jsonl")
	if err := os.WriteFile(spoilt, bytes.Replace(text, []byte(`"action":"prebill.edited","object":"prebill","object_id":"p5"`), []byte(`"action":"prebill.edited","object":"prebill","object_id":"p4"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = auditVerify(t, spoilt, "--key", key); !errors.Is(err, errNo) || !strings.Contains(out, "entry 5 was altered") || !strings.Contains(out, "NO.") {
		t.Errorf("spoilt: %v: %s", err, out)
	}
	out, err = auditVerify(t, spoilt, "--json")
	var report struct {
		OK       bool
		Problems []struct {
			Seq  *int
			What string
		}
	}
	if jsonErr := json.Unmarshal([]byte(out), &report); jsonErr != nil || !errors.Is(err, errNo) || report.OK || *report.Problems[0].Seq != 5 {
		t.Errorf("as JSON: %v, %v: %s", err, jsonErr, out)
	}
	for _, args := range [][]string{{bundle + ".none"}, {bundle, "--key", bundle}, {bundle, "--since", key}, {bundle, "--key", bundle + ".none"}, {}} {
		if out, err := auditVerify(t, args...); err == nil || errors.Is(err, errNo) {
			t.Errorf("%q could be tried: %v: %s", args, err, out)
		}
	}
}
