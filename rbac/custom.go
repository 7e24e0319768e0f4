package rbac

import (
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
)

// A role of a firm's own is named in a grant by its side and its id: "own:<id>" for
// the firm's people, "staff:<id>" for the bureau's. What it includes is a row of the
// firm, never a line of the policy file.
const (
	prefixOwn   = "own:"
	prefixStaff = "staff:"
)

// Custom is the name of a firm's own role in a grant.
func Custom(staff bool, id string) Role {
	if staff {
		return Role(prefixStaff + id)
	}
	return Role(prefixOwn + id)
}

// IsCustom tells whether r is a role of a firm's own.
func (r Role) IsCustom() bool {
	return strings.HasPrefix(string(r), prefixOwn) || strings.HasPrefix(string(r), prefixStaff)
}

// CustomID is the id of a firm's own role, "" for any other.
func (r Role) CustomID() string {
	if !r.IsCustom() {
		return ""
	}
	_, id, _ := strings.Cut(string(r), ":")
	return id
}

// bound is what a firm's own roles may include, by side: what some role includes that
// a firm's administrator gives to that side alone, without a second one's word.
func bound(lattice map[[2]Role]bool, includes map[Role]map[Permission]bool) map[bool]map[Permission]bool {
	out := map[bool]map[Permission]bool{false: {}, true: {}}
	for _, role := range Roles() {
		if role == RoleFirmAdmin || !lattice[[2]Role{RoleFirmAdmin, role}] {
			continue
		}
		for p := range includes[role] {
			// What another firm's parties are, what the bureau says of its people, and how it splits its work are not a firm's to hand out.
			out[role.OfBureau()][p] = p != ConflictCheck && p != TrainingRecord && p != PoolEdit
		}
	}
	return out
}

// Givable tells whether a firm's own role for its people, or for the bureau's, may
// include p (SECURITY T06). Whatever a row says, nothing else is ever given by one.
func (p *Policy) Givable(staff bool, perm Permission) bool { return p.givable[staff][perm] }

// GivableTo lists them in the order of the table.
func (p *Policy) GivableTo(staff bool) []Permission {
	return slices.DeleteFunc(All(), func(perm Permission) bool { return !p.Givable(staff, perm) })
}

// CustomLine is one permission of a firm's own role, as a line of the policy.
type CustomLine struct {
	Role       Role
	Permission Permission
}

// withCustom adds lines of firms' own roles to an enforcer.
func withCustom(e *casbin.Enforcer, lines []CustomLine) error {
	for _, l := range lines {
		object, action, _ := strings.Cut(string(l.Permission), ".")
		if _, err := e.AddPolicy(string(l.Role), object, action); err != nil {
			return fmt.Errorf("add a line of %s: %w", l.Role, err)
		}
	}
	return nil
}

// ExplainCustom asks Casbin for the line by which a firm's own role that includes
// these permissions includes perm, "" when none does.
func (p *Policy) ExplainCustom(role Role, permissions []string, perm Permission) (string, error) {
	var lines []CustomLine
	for _, text := range permissions {
		if p.Givable(role.OfBureau(), Permission(text)) {
			lines = append(lines, CustomLine{role, Permission(text)})
		}
	}
	r, err := NewReference([]Holding{{Person: "somebody", Firm: anywhere, Role: role}}, lines...)
	if err != nil {
		return "", err
	}
	line, _, err := r.Decide("somebody", anywhere, perm)
	return line, err
}
