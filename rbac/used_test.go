package rbac

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A permission that no route and no service asks for would look like a wall and be
// none. Each constant is named somewhere outside this package and its tests.
func TestEveryPermissionIsAskedFor(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, dir := range []string{"../internal", "../jobs", "../cmd"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, piece := range strings.Split(string(b), "rbac.")[1:] {
				end := strings.IndexFunc(piece, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') })
				if end > 0 {
					used[piece[:end]] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "permissions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if !used[name.Name] {
					t.Errorf("rbac.%s is asked for nowhere", name.Name)
				}
			}
		}
	}
}
