package pages

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/static"
)

// An unknown drawing panics where it is shown, which may be a state that no fixture has.
func TestEveryIconNamedIsDrawn(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`Icon(?::|\(|\s*=)\s*"([^"]+)"`)
	found := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".templ") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllSubmatch(text, -1) {
			found++
			if !slices.Contains(static.Icons(), string(m[1])) {
				t.Errorf("%s names the icon %q, which is not drawn", path, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 50 {
		t.Errorf("only %d icons were found in the pages' source", found)
	}
}
