// Package rbac names the permissions and holds which role includes which. Casbin
// decides that from model.conf and policy.csv; nothing else imports Casbin. Who
// holds a role where, until when and over what is a grant: package authz.
package rbac

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

//go:embed model.conf
var modelText string

//go:embed policy.csv
var policyText string

//go:embed lattice.csv
var latticeText string

// anywhere stands for the firm when a role is asked about by itself: the firm is
// the grant's, and a line of the policy holds in every firm alike.
const anywhere = "-"

// Policy is the reviewed policy file, compiled: every role has been asked about every
// permission, each role once as its own subject (PLATFORM 3). It cannot change while a
// program runs and is safe for concurrent use.
type Policy struct {
	mu       sync.Mutex // Casbin's role manager writes while it reads
	enforcer *casbin.Enforcer
	includes map[Role]map[Permission]bool
	lattice  map[[2]Role]bool
	givable  map[bool]map[Permission]bool // by firms' own roles, to the bureau's people or to theirs
}

// New reads the embedded model and policy and refuses a line with an unknown
// role or permission.
func New() (*Policy, error) { return embedded() }

var embedded = sync.OnceValues(func() (*Policy, error) { return load(policyText) })

func load(policy string) (*Policy, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("read rbac model: %w", err)
	}
	if err := check(policy); err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(policy))
	if err != nil {
		return nil, fmt.Errorf("read rbac policy: %w", err)
	}
	lattice, err := readLattice(latticeText)
	if err != nil {
		return nil, err
	}
	p := &Policy{enforcer: e, includes: map[Role]map[Permission]bool{}, lattice: lattice}
	if err := p.compile(); err != nil {
		return nil, err
	}
	p.givable = bound(p.lattice, p.includes)
	return p, nil
}

// compile asks Casbin about every cell once.
func (p *Policy) compile() error {
	for _, role := range Roles() {
		includes := map[Permission]bool{}
		for _, perm := range All() {
			object, action, _ := strings.Cut(string(perm), ".")
			ok, err := p.enforcer.Enforce(string(role), anywhere, object, action)
			if err != nil {
				return fmt.Errorf("ask the policy whether %s includes %s: %w", role, perm, err)
			}
			if ok && Known(perm) {
				includes[perm] = true
			}
		}
		p.includes[role] = includes
	}
	return nil
}

// readLattice reads "giver, given" lines of known roles.
func readLattice(text string) (map[[2]Role]bool, error) {
	lattice := map[[2]Role]bool{}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		giver, given, ok := strings.Cut(line, ", ")
		if !ok || !slices.Contains(Roles(), Role(giver)) || !slices.Contains(Roles(), Role(given)) || Role(given) == RoleMachine {
			return nil, fmt.Errorf("lattice line %d is not \"giver, given\" with known roles", i+1)
		}
		lattice[[2]Role{Role(giver), Role(given)}] = true
	}
	return lattice, nil
}

// MayGrant tells whether who holds giver may give others given (T06).
// A firm's own roles are its administrators' to give.
func (p *Policy) MayGrant(giver, given Role) bool {
	return p.lattice[[2]Role{giver, given}] || given.IsCustom() && giver == RoleFirmAdmin
}

// NeedsFactor tells whether who holds role must show a second factor to sign in: the
// bureau's people, firm administrators, whoever approves or exports (SECURITY 5), and
// whoever holds a role of a firm's own, which may come to include that any day.
func (p *Policy) NeedsFactor(role Role) bool {
	if role.OfBureau() || role == RoleFirmAdmin || role.IsCustom() {
		return true
	}
	if role == RoleMachine {
		return false
	}
	for _, t := range table {
		if _, act, _ := strings.Cut(string(t.p), "."); (act == "approve" || act == "export" || t.p == ExportRequest || t.p == ExportDownload) && p.Allows(role, t.p) {
			return true
		}
	}
	return false
}

// check reads the lines itself, because the adapter passes over what it cannot read.
func check(policy string) error {
	roles := map[string]bool{}
	for _, r := range Roles() {
		roles[string(r)] = true
	}
	seen := map[string]bool{}
	for i, line := range strings.Split(policy, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, ", ")
		switch {
		case len(f) != 4 || f[0] != "p":
			return fmt.Errorf("policy line %d is not \"p, role, object, action\"", i+1)
		case !roles[f[1]]:
			return fmt.Errorf("policy line %d: role %q is not known", i+1, f[1])
		case !Known(Permission(f[2] + "." + f[3])):
			return fmt.Errorf("policy line %d: permission %s.%s is not known", i+1, f[2], f[3])
		case seen[line]:
			return fmt.Errorf("policy line %d stands twice", i+1)
		}
		seen[line] = true
	}
	return nil
}

// Allows tells whether the policy gives p to role. It denies what it does not know.
func (p *Policy) Allows(role Role, perm Permission) bool { return p.includes[role][perm] }

// Explain names the policy line that gives perm to role, "" when none does.
func (p *Policy) Explain(role Role, perm Permission) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	object, action, _ := strings.Cut(string(perm), ".")
	ok, line, err := p.enforcer.EnforceEx(string(role), anywhere, object, action)
	if err != nil || !ok {
		return ""
	}
	return "p, " + strings.Join(line, ", ")
}
