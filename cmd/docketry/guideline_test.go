package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func guidelineCheck(t *testing.T, files map[string]string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range args {
		if _, ok := files[a]; ok {
			args[i] = filepath.Join(dir, a)
		}
	}
	var out bytes.Buffer
	cmd := newGuidelineCmd()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(append([]string{"check"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestGuidelineCheckListsEveryEntry(t *testing.T) {
	t.Parallel()
	csv := "id,timekeeper_class,hours,narrative,task_code,activity_code\n" +
		"1,ASSOC,2.4,Draft section 3 of reply brief on motion to compel,L350,A103\n2,,0.5,Attention to file,L190,A111\n"
	out, err := guidelineCheck(t, map[string]string{"e.csv": csv}, "--entries", "e.csv", "--json")
	var got []struct {
		ID       string
		Findings []struct{ Rule, Severity, Message, Fix string }
	}
	if err != nil || json.Unmarshal([]byte(out), &got) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got) != 2 || got[0].ID != "1" || len(got[0].Findings) != 0 || len(got[1].Findings) != 2 || got[1].Findings[0].Rule != "NAR-02" || got[1].Findings[0].Severity != "warn" {
		t.Errorf("answer %+v", got)
	}
	if !strings.Contains(out, `"findings": []`) {
		t.Error("a clean entry has an empty list, not null")
	}
}

func TestGuidelineCheckWithAClientsRules(t *testing.T) {
	t.Parallel()
	files := map[string]string{"e.csv": "id,hours,narrative\n1,2.4,Attention to file\n", "r.json": `{"name":"Pelham v7","off":["NAR-02"],"block":["NAR-08"]}`}
	out, err := guidelineCheck(t, files, "--entries", "e.csv", "--rules", "r.json")
	if err != nil || !strings.Contains(out, "NAR-08") || !strings.Contains(out, "block") || strings.Contains(out, "NAR-02") || !strings.Contains(out, "1 entries, 1 with findings, 1 findings") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestGuidelineCheckNamesTheFaults(t *testing.T) {
	t.Parallel()
	_, err := guidelineCheck(t, map[string]string{"e.csv": "id,hours\n1,abc\n"}, "--entries", "e.csv")
	if err == nil || !strings.Contains(err.Error(), `line 2, hours: "abc"`) {
		t.Errorf("%v", err)
	}
	if _, err := guidelineCheck(t, nil, "--entries", "absent.csv"); err == nil {
		t.Error("an absent file is no answer")
	}
}
