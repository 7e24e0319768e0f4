package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// memories are all places where a process keeps something from one request for another,
// each with why no firm is answered with what another firm's request left there (T23).
var memories = map[string]string{
	"internal/authz.snapshot":                 "under firm and person, and used only at the version that the asking transaction read",
	"internal/authz.Grant":                    "the day of use, inside of the snapshot",
	"internal/httpd.Pace":                     "keys of internal/httpd/key.go: counts only",
	"internal/httpd.Presence":                 "keys of internal/httpd/key.go, under the firm",
	"internal/httpd.Reads":                    "keys of internal/httpd/key.go: counts only",
	"internal/httpd.streams":                  "how many each person has open",
	"internal/sla.Calendars":                  "under firm and calendar",
	"internal/people.Providers":               "what an issuer says of itself, under its address from the operator's list",
	"internal/db.turns":                       "who has or waits for a turn now, under the firm or the person",
	"internal/db.maps":                        "how types are encoded",
	"jobs.Engine":                             "the connection to Redis that sends jobs, made anew when Redis has forgotten its queues",
	"internal/bureau.Home":                    "the bureau's id",
	"internal/worklist.Service":               "the bureau's id",
	"internal/guideline.compiled":             "rules under the hashes of the guidelines' own text: who has the same text has the same rules",
	"internal/exchange.Book":                  "rates of one firm, within one transaction",
	"internal/calendar.Calendar":              "tables of one calendar's own hours, which its owner keeps under firm and id",
	"internal/invoice.Paper":                  "buffers that are emptied before use",
	"internal/blob.Memory":                    "a bucket for tests: sealed bytes under the firm's name",
	"rbac.Policy":                             "the policy that is shipped",
	"rbac.embedded":                           "the policy that is shipped",
	"internal/ledes.usualCodes":               "codes that are shipped",
	"internal/guideline.catalogue":            "rules that are shipped",
	"internal/guideline.words":                "words that are shipped",
	"internal/guideline.language":             "the language of rules",
	"internal/lesson.reasons":                 "reasons that are published",
	"internal/utbms.Shipped":                  "a model that is shipped",
	"internal/utbms.tables":                   "codes that are shipped",
	"internal/httpd.speakProblems":            "how errors are written",
	"internal/httpd/pages.browsers":           "names of browsers that are shipped",
	"internal/httpd/pages/static.load":        "files that are shipped",
	"internal/httpd/pages/partial.icons":      "icons that are shipped",
	"internal/httpd/pages/partial.labelMarks": "marks of labels",
	"internal/people.stolenSet":               "passwords that are shipped",
	"internal/app/demo.Letters":               "the demo's letters, for its one user",
	"internal/app/demo.paperFonts":            "the fonts that are shipped",
	"internal/pdf.embed":                      "the fonts that are shipped",
	"internal/receipt.configuration":          "how files are read",
}

// A memory that is not named above fails, and so does a name that is none any more.
func TestT23_EveryMemoryOfAProcessIsNamed(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, f := range files(t, product) {
		if slices.Contains(free, f.pkg) || under(f.pkg, "internal/devstack") || under(f.pkg, "cmd") || strings.Contains(f.pkg, "bench") {
			continue
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				switch x := s.(type) {
				case *ast.TypeSpec:
					if st, ok := x.Type.(*ast.StructType); ok && keeps(st) {
						found[f.pkg+"."+x.Name.Name] = true
					}
				case *ast.ValueSpec:
					if g.Tok == token.VAR && remembers(x) {
						found[f.pkg+"."+x.Names[0].Name] = true
					}
				}
			}
		}
	}
	for name := range found {
		if memories[name] == "" {
			t.Errorf("%s keeps something between requests: name it in memories, with why it is no firm's", name)
		}
	}
	for name := range memories {
		if !found[name] {
			t.Errorf("%s keeps nothing any more: take it out of memories", name)
		}
	}
}

// keeps tells a struct that several requests share: it has a lock beside a map or a
// list, or something that locks itself.
func keeps(st *ast.StructType) bool {
	locked, grows := false, false
	for _, f := range st.Fields.List {
		ast.Inspect(f.Type, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.MapType, *ast.ArrayType:
				grows = true
			case *ast.SelectorExpr:
				switch root(x) + "." + x.Sel.Name {
				case "sync.Mutex", "sync.RWMutex":
					locked = true
				case "sync.Map", "sync.Pool", "sync.Once", "atomic.Pointer", "atomic.Value", "lru.Cache":
					locked, grows = true, true
				}
			}
			return true
		})
	}
	return locked && grows
}

// remembers tells a package's variable that is made once, or that starts empty.
func remembers(v *ast.ValueSpec) (yes bool) {
	look := func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.SelectorExpr:
			yes = yes || root(x) == "sync" || root(x) == "lru" || root(x) == "atomic"
		case *ast.CompositeLit:
			_, isMap := x.Type.(*ast.MapType)
			yes = yes || isMap && len(x.Elts) == 0
		case *ast.CallExpr:
			id, isID := x.Fun.(*ast.Ident)
			yes = yes || isID && id.Name == "make"
		}
		return true
	}
	if v.Type != nil {
		ast.Inspect(v.Type, look)
	}
	for _, value := range v.Values {
		ast.Inspect(value, look)
	}
	return yes
}
