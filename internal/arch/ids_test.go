package arch

import (
	"bufio"
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mostOpen is how many IDs open_ids.txt lists. It goes down with the list, and a
// reviewer asks why whenever it does not.
const mostOpen = 1

// ids are all threats, invariants and faults of the security design.
func ids() (all []string) {
	for _, kind := range []struct {
		letter string
		last   int
	}{{"T", 35}, {"I", 24}, {"F", 18}} {
		for n := range kind.last {
			all = append(all, fmt.Sprintf("%s%02d", kind.letter, n+1))
		}
	}
	return all
}

var idOfTest = regexp.MustCompile(`^(?:Test|Fuzz)([TIF]\d\d)`)

// A defence without its test does not exist: every ID has a test that bears it, or
// a line in the list of those still open.
func TestEveryThreatInvariantAndFaultHasATest(t *testing.T) {
	t.Parallel()
	proven := map[string]bool{}
	for _, f := range files(t, pkg.tests) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				if m := idOfTest.FindStringSubmatch(fn.Name.Name); m != nil {
					proven[m[1]] = true
				}
			}
		}
	}
	open := openIDs(t)
	for _, id := range ids() {
		switch {
		case proven[id] && slices.Contains(open, id):
			t.Errorf("%s has a test: take it out of open_ids.txt and lower mostOpen", id)
		case !proven[id] && !slices.Contains(open, id):
			t.Errorf("%s has no test Test%s… and no line in open_ids.txt", id, id)
		}
	}
	for _, id := range open {
		if !slices.Contains(ids(), id) {
			t.Errorf("open_ids.txt: %s is no ID of the design", id)
		}
	}
	if len(open) != mostOpen {
		t.Errorf("open_ids.txt lists %d IDs, mostOpen says %d", len(open), mostOpen)
	}
}

// openIDs reads lines of the form "T20 what is missing".
func openIDs(t *testing.T) (open []string) {
	t.Helper()
	f, err := os.Open("open_ids.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		id, why, _ := strings.Cut(lines.Text(), " ")
		if id == "" || strings.HasPrefix(id, "#") {
			continue
		}
		if strings.TrimSpace(why) == "" {
			t.Errorf("open_ids.txt: %s does not say what is missing", id)
		}
		open = append(open, id)
	}
	return open
}
