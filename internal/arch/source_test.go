package arch

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const mod = "github.com/docketry/docketry/"

// pkg is what `go list` tells of one of our packages.
type pkg struct {
	ImportPath   string
	Dir          string
	Doc          string
	Imports      []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, mod) }

func (p pkg) tests() []string { return append(append([]string{}, p.TestGoFiles...), p.XTestGoFiles...) }

var packages = sync.OnceValues(func() (all []pkg, err error) {
	out, err := exec.Command("go", "list", "-e", "-tags", "browser,faults", "-json=ImportPath,Dir,Doc,Imports,GoFiles,TestGoFiles,XTestGoFiles", mod+"...").Output()
	if err != nil {
		return nil, err
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func list(t *testing.T) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return all
}

// file is one parsed source file.
type file struct {
	*ast.File
	pkg  string // "internal/db"
	path string // "internal/db/db.go"
	set  *token.FileSet
}

// line is "path:line" of n, as editors take it.
func (f file) line(n ast.Node) string {
	p := f.set.Position(n.Pos())
	return f.path + ":" + itoa(p.Line)
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// files parses the named files of every package.
func files(t *testing.T, which func(p pkg) []string) (all []file) {
	t.Helper()
	for _, p := range list(t) {
		for _, name := range which(p) {
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Errorf("%s/%s: %v", p.name(), name, err)
				continue
			}
			all = append(all, file{parsed, p.name(), p.name() + "/" + name, set})
		}
	}
	return all
}

func product(p pkg) []string { return p.GoFiles }

// calls walks every call of a function or method by name.
func (f file) calls(see func(c *ast.CallExpr, name string)) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if s, ok := c.Fun.(*ast.SelectorExpr); ok {
				see(c, s.Sel.Name)
			}
		}
		return true
	})
}

// root is the leftmost identifier of a chain of calls: tx in tx.Model(x).Where(y).
func root(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.CallExpr:
			e = x.Fun
		case *ast.SelectorExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
