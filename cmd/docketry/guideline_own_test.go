package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckRunsTheFirmsOwnRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	entries := write("e.csv", "id,timekeeper_class,hours,narrative,task_code,activity_code\n1,ASSOC,3.5,Research duty to warn under state law for reply brief,L240,A102\n2,ASSOC,0.5,Research duty to warn under state law for reply brief,L240,A102\n")
	rule := `{"rules":[{"id":"PEL-01","name":"Research","severity":"block","message":"Research is long.","fix":"Ask","when":"%s"}]}`
	run := func(when string) (string, string, error) {
		cmd := newGuidelineCmd()
		var out, problems bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&problems)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs([]string{"check", "--entries", entries, "--json", "--rules", write("r.json", strings.Replace(rule, "%s", when, 1))})
		err := cmd.Execute()
		return out.String(), problems.String(), err
	}
	out, _, err := run("minutes > 180")
	if err != nil || strings.Count(out, `"PEL-01"`) != 1 || !strings.Contains(out, "Research is long.") {
		t.Errorf("%s, %v", out, err)
	}
	if _, _, err := run("minutes >> 180"); err == nil || !strings.Contains(err.Error(), "^") {
		t.Errorf("a broken condition: %v, want the place with a caret", err)
	}
	if out, problems, err := run("1 / (minutes - minutes) > 0"); err != nil || strings.Contains(out, "PEL-01") || strings.Count(problems, "PEL-01") != 2 {
		t.Errorf("a failing rule: %s, %s, %v", out, problems, err)
	}
}
