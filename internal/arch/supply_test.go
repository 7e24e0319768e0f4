package arch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// CI runs every gate of the supply chain, and whatever it or a build fetches has a
// version of its own and a sum to hold it against.
func TestT35_WhatIsFetchedIsPinned(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	run := read(".ci/run")
	for _, gate := range []string{"go mod verify", "cyclonedx-gomod", "govulncheck", "gitleaks", `gate "supply" supply`, `gate "secrets" secrets`, "npm ci"} {
		if !strings.Contains(run, gate) {
			t.Errorf(".ci/run has no %s", gate)
		}
	}
	scripts, err := filepath.Glob(filepath.Join(root, ".ci", "*"))
	if err != nil {
		t.Fatal(err)
	}
	fetched := regexp.MustCompile(`[a-z0-9.]+\.[a-z]+/[A-Za-z0-9_./-]+@([A-Za-z0-9.-]+)`)
	pinned := regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
	found := 0
	for _, path := range append(scripts, filepath.Join(root, "Makefile")) {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fetched.FindAllStringSubmatch(read(name), -1) {
			if found++; !pinned.MatchString(m[1]) {
				t.Errorf("%s fetches %s, which is no version", name, m[0])
			}
		}
	}
	if found < 3 {
		t.Errorf("%d tools are fetched by version", found)
	}
	var lock struct {
		Packages map[string]struct {
			Version, Integrity string
			Link               bool
		}
	}
	if err := json.Unmarshal([]byte(read(".ci/package-lock.json")), &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if name != "" && !p.Link && (p.Integrity == "" || p.Version == "") {
			t.Errorf(".ci/package-lock.json: %s has no sum", name)
		}
	}
	sums := read("go.sum")
	for line := range strings.Lines(read("go.mod")) {
		if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(f) >= 2 && strings.HasPrefix(f[1], "v") && strings.Contains(f[0], ".") && !strings.Contains(sums, f[0]+" "+f[1]+"/go.mod h1:") {
			t.Errorf("go.sum does not know %s %s", f[0], f[1])
		}
	}
}
