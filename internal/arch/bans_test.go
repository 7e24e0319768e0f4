package arch

import (
	"go/ast"
	"go/token"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// measures may read the machine's clock: they time things, and no row gets it.
var measures = []string{"internal/clock", "cmd/docketry/bench.go", "internal/devstack"}

// harmless lists what any file may take from a library that is confined otherwise:
// values and errors, never a connection.
var harmless = map[string][]string{
	"sql":  {"ErrNoRows", "Row", "Rows", "NullString", "NullTime", "NullInt64", "NullInt32", "NullBool", "Null"},
	"gorm": {"ErrRecordNotFound"},
}

// harmlesslyUses tells that a file takes nothing else from the package called lib.
func harmlesslyUses(f file, lib string) bool {
	ok := true
	ast.Inspect(f.File, func(n ast.Node) bool {
		if s, isSel := n.(*ast.SelectorExpr); isSel {
			if x, isID := s.X.(*ast.Ident); isID && x.Name == lib && !slices.Contains(harmless[lib], s.Sel.Name) {
				ok = false
			}
		}
		return true
	})
	return ok
}

var bannedImports = map[string]string{
	"text/template": "methods callable, loops without end (SECURITY T18)",
	"html/template": "pages are templ",
	"math/rand":     "secrets come from crypto/rand",
	"math/rand/v2":  "secrets come from crypto/rand",
}

// excused are the uses that the reason of a ban does not reach.
var excused = []string{
	"internal/app/demo math/rand/v2", // the story is drawn from a fixed seed, to be the same every time
	"internal/mail html/template",    // one letter of our own; no firm writes a template
}

func TestBannedImports(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		for _, im := range f.Imports {
			path := strings.Trim(im.Path.Value, `"`)
			why, banned := bannedImports[path]
			if banned && !slices.Contains(excused, f.pkg+" "+path) {
				t.Errorf("%s imports %s: %s", f.line(im), path, why)
			}
		}
	}
}

func TestTimeComesFromTheClock(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		if slices.ContainsFunc(measures, func(m string) bool { return under(f.path, m) }) || strings.HasSuffix(f.path, "bench.go") || strings.Contains(f.pkg, "bench") {
			continue
		}
		f.calls(func(c *ast.CallExpr, name string) {
			if root(c.Fun) == "time" && (name == "Now" || name == "Since" || name == "Until") {
				t.Errorf("%s: time.%s: use clock.Clock, or tx.Now inside a transaction", f.line(c), name)
			}
		})
	}
}

// The bans of SECURITY 1.3, each with what it did when it was tried.
func TestGormIsUsedPlainly(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		f.calls(func(c *ast.CallExpr, name string) {
			if !gormChain(c) {
				return
			}
			switch name {
			case "Or":
				t.Errorf("%s: Or on a shared chain returned both firms' rows; write the OR inside one condition", f.line(c))
			case "Save":
				t.Errorf("%s: Save updates by primary key alone and inserts what is not there", f.line(c))
			case "AutoMigrate", "Preload":
				t.Errorf("%s: %s hides work that a reader should see", f.line(c), name)
			case "Where", "Not":
				if len(c.Args) > 0 && structValue(c.Args[0]) {
					t.Errorf("%s: a struct in %s drops zero fields, the firm among them", f.line(c), name)
				}
			case "Find", "First", "Last", "Take", "Delete":
				if len(c.Args) > 1 {
					t.Errorf("%s: an inline condition of %s runs as SQL; use Where with parameters", f.line(c), name)
				}
			case "Order", "Group", "Select", "Joins", "Table", "Having":
				if len(c.Args) > 0 && !constant(c.Args[0]) {
					t.Errorf("%s: %s takes raw SQL: give it a constant, chosen from a list", f.line(c), name)
				}
			}
		})
	}
}

// gormChain tells a call on a transaction: by the house's name for one.
func gormChain(c *ast.CallExpr) bool {
	s := c.Fun.(*ast.SelectorExpr)
	if root(s.X) == "tx" {
		if id, ok := s.X.(*ast.Ident); ok {
			return id.Name == "tx"
		}
		// tx.Scope.X() and the like are ours.
		inner, ok := s.X.(*ast.CallExpr)
		return ok && inner != nil
	}
	return false
}

func structValue(e ast.Expr) bool {
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.AND {
		e = u.X
	}
	_, ok := e.(*ast.CompositeLit)
	return ok
}

// constant is a literal, a sum of them, or a name that starts small and is declared
// as a constant, which we tell by its never being a call or a field.
func constant(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return constant(x.X) && constant(x.Y)
	case *ast.Ident:
		return x.Obj != nil && x.Obj.Kind == ast.Con
	case *ast.ParenExpr:
		return constant(x.X)
	}
	return false
}

var sqlText = regexp.MustCompile(`(?is)^["` + "`" + `]\s*(SELECT|INSERT|UPDATE|DELETE|WITH|ALTER|CREATE|DROP|GRANT|SET|WHERE)\b`)

func TestSQLIsNotFormatted(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		if under(f.pkg, "internal/devstack") || slices.Contains(free, f.pkg) {
			continue
		}
		f.calls(func(c *ast.CallExpr, name string) {
			if root(c.Fun) != "fmt" || !strings.HasPrefix(name, "Sprint") && !strings.HasPrefix(name, "Append") || len(c.Args) == 0 {
				return
			}
			for _, a := range c.Args {
				// The time limits of internal/db are numbers that cannot be parameters.
				if lit, ok := a.(*ast.BasicLit); ok && sqlText.MatchString(lit.Value) && !strings.HasPrefix(lit.Value, `"SET LOCAL statement_timeout`) {
					t.Errorf("%s: SQL takes parameters, never formatted text", f.line(c))
				}
			}
		})
	}
}

func TestNoHiddenStateOrUnfinishedWork(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: no init work", f.line(fn))
			}
		}
	}
	marks := regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)
	for _, f := range files(t, func(p pkg) []string { return append(p.tests(), p.GoFiles...) }) {
		for _, g := range f.Comments {
			for _, c := range g.List {
				if marks.MatchString(c.Text) && f.pkg != "internal/arch" {
					t.Errorf("%s: an unfinished thought: %s", f.line(c), c.Text)
				}
			}
		}
	}
}

// What stands beside a leaf of the log is read at class 1: no figure is among it, and no
// name that is made of a client's (SECURITY 10). States go into Before and After, hashed.
func TestT24_TheLogTellsNoFigures(t *testing.T) {
	t.Parallel()
	figure := regexp.MustCompile(`^"([a-z_]*_)?(minor|amount|rate|e4|file|file_name)"$`)
	for _, f := range files(t, product) {
		if under(f.pkg, "internal/httpd") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			m, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if of, ok := m.Type.(*ast.MapType); !ok || !isAny(of.Value) {
				return true
			}
			for _, e := range m.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				if key, ok := kv.Key.(*ast.BasicLit); ok && figure.MatchString(key.Value) {
					t.Errorf("%s: %s beside a leaf is read by everybody who reads the log", f.line(kv), key.Value)
				}
			}
			return true
		})
	}
}

// isAny tells the type of the values of a leaf's detail.
func isAny(e ast.Expr) bool {
	i, ok := e.(*ast.Ident)
	return ok && i.Name == "any"
}

func TestTestsNeitherSkipNorSleep(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, pkg.tests) {
		f.calls(func(c *ast.CallExpr, name string) {
			switch r := root(c.Fun); {
			case (r == "t" || r == "b" || r == "f") && strings.HasPrefix(name, "Skip") && !drawing(f, c):
				t.Errorf("%s: a test that skips proves nothing", f.line(c))
			case r == "time" && name == "Sleep":
				t.Errorf("%s: wait on a signal, not on time", f.line(c))
			}
		})
	}
}

// drawing tells that c is inside a property, where Skip only draws another case.
func drawing(f file, c *ast.CallExpr) (inside bool) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok || lit.Pos() > c.Pos() || lit.End() < c.End() {
			return true
		}
		for _, p := range lit.Type.Params.List {
			if star, ok := p.Type.(*ast.StarExpr); ok {
				if s, ok := star.X.(*ast.SelectorExpr); ok && root(s) == "rapid" {
					inside = true
				}
			}
		}
		return true
	})
	return inside
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.name())
		}
	}
}

// topLevel is DESIGN 2.2.
var topLevel = []string{"cmd", "internal", "rbac", "jobs", "migrations", "deploy", "go.mod", "go.sum", "README.md", "Makefile", "LICENSE"}

func TestTopLevelStaysAsItIs(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		first, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(first, ".") && !slices.Contains(topLevel, first) {
			t.Errorf("%s: no other top-level folder or file", path.Clean(name))
		}
	}
}
