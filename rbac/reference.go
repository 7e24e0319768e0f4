package rbac

import (
	"fmt"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

// Holding is one line of g: a person holds a role in a firm, the domain.
type Holding struct {
	Person, Firm string
	Role         Role
}

// Reference is Casbin with the policy file and these holdings loaded. It is the decider
// by which the compiled one is judged (DESIGN 2.6), and it names the line that decides.
// It costs as much as the policy is long; not for several goroutines at once.
type Reference struct{ enforcer *casbin.Enforcer }

// NewReference loads what people hold: that of one person, or of everybody to measure;
// custom are the lines of the firms' own roles among it.
func NewReference(holdings []Holding, custom ...CustomLine) (*Reference, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("read rbac model: %w", err)
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(policyText))
	if err != nil {
		return nil, fmt.Errorf("read rbac policy: %w", err)
	}
	if err := withCustom(e, custom); err != nil {
		return nil, err
	}
	seen := map[Holding]bool{}
	for _, h := range holdings {
		if seen[h] {
			continue
		}
		seen[h] = true
		if _, err := e.AddGroupingPolicy(h.Person, string(h.Role), h.Firm); err != nil {
			return nil, fmt.Errorf("load that someone holds %s: %w", h.Role, err)
		}
	}
	return &Reference{e}, nil
}

// Allows is Decide without the line, as a program that had nothing else would ask.
func (r *Reference) Allows(person, firm string, p Permission) (bool, error) {
	object, action, _ := strings.Cut(string(p), ".")
	ok, err := r.enforcer.Enforce(person, firm, object, action)
	if err != nil {
		return false, fmt.Errorf("ask casbin about %s: %w", p, err)
	}
	return ok && Known(p), nil
}

// Decide tells whether the person may do p in the firm, and by which policy line.
func (r *Reference) Decide(person, firm string, p Permission) (line string, ok bool, err error) {
	object, action, _ := strings.Cut(string(p), ".")
	ok, rule, err := r.enforcer.EnforceEx(person, firm, object, action)
	if err != nil {
		return "", false, fmt.Errorf("ask casbin about %s: %w", p, err)
	}
	if !ok || !Known(p) {
		return "", false, nil
	}
	return "p, " + strings.Join(rule, ", "), true, nil
}
