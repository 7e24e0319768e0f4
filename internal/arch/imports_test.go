package arch

import (
	"slices"
	"strings"
	"testing"
)

// layers is DESIGN 3, lowest first. A package may import lower layers, and within
// its own what stands before it; in machinery the order is free. A package below a
// named one (blob/bucket) stands where that one does. One named nowhere fails, so
// that every new package is placed on purpose.
var layers = []struct {
	name    string
	ordered bool
	members []string
}{
	{"kernel", false, in("internal/", "clock", "fault", "ident", "money", "scope", "page", "party")},
	{"catalogue", false, []string{"rbac", "migrations"}},
	{"machinery", false, in("internal/", "config", "db", "outbox", "audit", "authz", "blob", "mail", "pdf", "seal", "obs", "devstack", "outbound")},
	{"time and queue", true, in("internal/", "calendar", "sla", "requirement", "worklist", "team")},
	{"tenants", true, in("internal/", "firm", "bureau", "letter", "people", "deputy", "undertaking", "training", "conflict", "grant")},
	{"reference", true, in("internal/", "utbms", "ledes", "tax", "matter", "code", "purchase", "exchange", "rate", "arrangement", "guideline", "amend", "portal", "connector")},
	{"capture", true, in("internal/", "capture", "receipt")},
	{"billing", true, in("internal/", "contingent", "prebill", "reprice", "transfer", "invoice", "lesson", "submission", "receivable", "trust", "dispute")},
	{"oversight", true, in("internal/", "quality", "selfcheck", "backup", "export", "evidence", "privacy", "wording", "notice", "find", "webhook", "report")},
	{"delivery", true, []string{"internal/httpd", "internal/httpd/api", "internal/httpd/pages", "jobs"}},
	{"wiring", false, []string{"internal/app"}},
	{"command", false, []string{"cmd/docketry"}},
}

func in(prefix string, names ...string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return out
}

// free are packages that no rule of layers binds: tests of the whole, and the list
// of modules.
var free = []string{"internal/testkit", "internal/testkit/browser", "internal/testkit/office", "internal/arch"}

// confined names the only packages, with what is below them, that may import a library.
var confined = map[string][]string{
	"github.com/labstack/echo":          {"internal/httpd", "internal/app/load"}, // v4 ends on 2026-12-31: v5 must be a small change
	"github.com/danielgtaylor/huma":     {"internal/httpd"},
	"github.com/a-h/templ":              {"internal/httpd"},
	"github.com/medama-io":              {"internal/httpd"},
	"github.com/tdewolff":               {"internal/httpd"},
	"github.com/alexedwards/scs":        {"internal/httpd", "internal/people"},
	"github.com/hibiken/asynq":          {"jobs"},
	"github.com/casbin":                 {"rbac"},
	"gorm.io":                           {"internal/db"}, // others see it only as the Tx they are given
	"github.com/jackc/pgx":              {"internal/db", "internal/devstack", "internal/app/demo", "internal/app/load", "internal/backup"},
	"github.com/pressly/goose":          {"internal/db"},
	"github.com/redis/go-redis":         {"internal/httpd", "jobs", "internal/devstack", "internal/app", "cmd/docketry"},
	"github.com/alicebob/miniredis":     {"internal/devstack"},
	"github.com/wneessen/go-mail":       {"internal/mail"},
	"github.com/cbroglie/mustache":      {"internal/wording"},
	"github.com/xuri":                   {"internal/capture", "internal/export"},
	"github.com/pdfcpu":                 {"internal/receipt"},
	"github.com/pkg/sftp":               {"internal/outbound/carry"},
	"golang.org/x/crypto/ssh":           {"internal/outbound/carry"},
	"filippo.io/age":                    {"internal/export", "internal/backup"},
	"github.com/go-webauthn":            {"internal/people"},
	"github.com/coreos/go-oidc":         {"internal/people"},
	"golang.org/x/oauth2":               {"internal/people"},
	"gocloud.dev":                       {"internal/blob"},
	"golang.org/x/mod/sumdb":            {"internal/audit"},
	"github.com/prometheus":             {"internal/obs"},
	"github.com/spf13/cobra":            {"cmd"},
	"net/http":                          {"internal/httpd", "internal/app", "internal/obs", "internal/outbound", "cmd", "jobs"},
	"os/exec":                           {"internal/devstack", "cmd", "internal/testkit", "internal/backup"},
	"database/sql":                      {"internal/db"},
	"github.com/docketry/docketry/jobs": {"internal/app", "cmd"},
}

// place is the layer and the position of a package; ok is false when nobody placed it.
func place(name string) (layer, pos int, ok bool) {
	best := -1
	for l, layerOf := range layers {
		for p, m := range layerOf.members {
			if under(name, m) && len(m) > best {
				best, layer, pos, ok = len(m), l, p, true
			}
		}
	}
	return layer, pos, ok
}

func under(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		if slices.Contains(free, p.name()) {
			continue
		}
		layer, pos, ok := place(p.name())
		if !ok {
			t.Errorf("%s is in no layer: place it (DESIGN 3)", p.name())
			continue
		}
		for _, im := range p.Imports {
			name, ours := strings.CutPrefix(im, mod)
			if !ours {
				continue
			}
			if slices.Contains(free, name) {
				t.Errorf("%s imports %s outside of tests", p.name(), name)
				continue
			}
			l, at, _ := place(name)
			if l > layer || (l == layer && layers[l].ordered && at > pos) {
				t.Errorf("%s imports %s, which stands above it", p.name(), name)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for _, f := range files(t, product) {
		if slices.Contains(free, f.pkg) {
			continue
		}
		for _, im := range f.Imports {
			path := strings.Trim(im.Path.Value, `"`)
			for lib, homes := range confined {
				if !under(path, lib) || lib == "database/sql" && harmlesslyUses(f, "sql") || lib == "gorm.io" && harmlesslyUses(f, "gorm") {
					continue
				}
				if !slices.ContainsFunc(homes, func(h string) bool { return under(f.pkg, h) }) {
					t.Errorf("%s imports %s, which belongs to %v", f.line(im), path, homes)
				}
			}
		}
	}
}
