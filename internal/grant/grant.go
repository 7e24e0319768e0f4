// Package grant is what each firm lets people do: the grants of its administrators, the
// requests for them, the firm's own roles, the walls, emergency access and the reviews,
// and the preview and the explanation of all of it. Nobody grants themselves; an
// administrator takes two; what ends is ended for the next request. It does not decide
// who may do what (authz), knows no built-in role's permissions (rbac), and does not
// sign anybody in.
package grant

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Faults of grants.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrSetUp     = fault.New(fault.Conflict, "bureau_exists", "the bureau already has an administrator; ask them for an invitation")
	ErrSelf      = fault.New(fault.Forbidden, "grant_self", "nobody grants themselves access; ask another administrator")
	ErrRoleAbove = fault.New(fault.Forbidden, "grant_role", "your role does not give this role")
	ErrEnded     = fault.New(fault.Conflict, "grant_ended", "this access has already ended")
	ErrLastAdmin = fault.New(fault.Conflict, "grant_last_admin", "this is the firm's last administrator; give another person the role first")
	ErrStaffElse = fault.New(fault.Conflict, "person_staff", "this address belongs to one of the bureau's own people; grant them a bureau role")
)

// Draft is a grant as someone asks for it. From is now when it is zero.
type Draft struct {
	Person    ident.PersonID
	Role      rbac.Role
	Scope     authz.ScopeKind
	IDs       []string // of clients or matters, as Scope says
	Practices []string
	Class     authz.Class
	Label     authz.Label
	From      time.Time
	Until     *time.Time // needed for the bureau's people, at most maxBureau away
	Reason    string
}

// Grant is one person's access in the firm, as the access page shows it.
type Grant struct {
	ID        ident.GrantID
	Person    ident.PersonID
	Name      string
	Staff     bool
	Role      rbac.Role
	Named     string // what the firm calls its own role, "" for any other
	Scope     authz.ScopeKind
	IDs       []string
	Practices []string
	Names     []string // of the clients or matters the reader may know of
	Hidden    int      // how many more there are
	Class     authz.Class
	Label     authz.Label
	From      time.Time
	Until     *time.Time
	Reason    string
	GrantedBy string // a name; "" for the first of a firm
	LastUsed  *time.Time
	Ended     *time.Time
	Given     time.Time
	Kept      *time.Time      // when a review last kept it
	Waits     ident.RequestID // set, and ID not, while a second administrator must confirm
}

// RoleSays is the role in words.
func (g Grant) RoleSays() string {
	if g.Named != "" {
		return g.Named
	}
	return g.Role.Says()
}

// Live tells whether the grant gives anything at the instant.
func (g Grant) Live(at time.Time) bool {
	return g.Ended == nil && !g.From.After(at) && (g.Until == nil || g.Until.After(at))
}

const (
	maxBureau = 180 * 24 * time.Hour // DESIGN 4
	maxNamed  = 200                  // clients or matters in one grant
)

// validate names every field that needs correcting. at is the present.
func (d Draft) validate(at time.Time) error {
	var fs fault.Fields
	if !slices.Contains(rbac.Roles(), d.Role) && !d.Role.IsCustom() || d.Role == rbac.RoleMachine {
		fs.Add("role", "choice_unknown", "choose a role")
	}
	d.validateScope(&fs)
	if d.Class < authz.C1 || d.Class > authz.C3 {
		fs.Add("class", "class_range", "choose what they may see: operations, amounts and names, or narratives too")
	}
	if d.Label < authz.Standard || d.Label > authz.Sealed {
		fs.Add("label", "label_range", "choose standard, confidential, restricted or sealed")
	} else if d.Label == authz.Sealed && d.Scope != authz.ScopeMatter {
		fs.Add("label", "label_sealed", "a sealed matter must be named: choose single matters")
	}
	d.validateWindow(&fs, at)
	fs.Line("reason", d.Reason, 1, 500)
	return fs.Err(ErrInvalid)
}

func (d Draft) validateScope(fs *fault.Fields) {
	switch d.Scope {
	case authz.ScopeAll:
		if len(d.IDs)+len(d.Practices) > 0 {
			fs.Add("scope", "scope_both", "choose the whole firm or a part of it, not both")
		}
	case authz.ScopeClient, authz.ScopeMatter:
		if len(d.IDs) == 0 || len(d.IDs) > maxNamed {
			fs.Add("scope_ids", "scope_empty", "choose 1 to %d of them", maxNamed)
		}
	case authz.ScopePractice:
		if len(d.Practices) == 0 || len(d.Practices) > maxNamed {
			fs.Add("practice_groups", "scope_empty", "choose 1 to %d practice groups", maxNamed)
		}
		for _, p := range d.Practices {
			fs.Line("practice_groups", p, 1, 60)
		}
	default:
		fs.Add("scope", "choice_unknown", "choose the whole firm, clients, matters or practice groups")
	}
}

func (d Draft) validateWindow(fs *fault.Fields, at time.Time) {
	if d.From.Before(at.Add(-time.Minute)) {
		fs.Add("from", "window_past", "access cannot start in the past")
	}
	switch {
	case d.Until == nil && d.Role.OfBureau() && d.Role != rbac.RoleBureauAdmin:
		fs.Add("until", "window_open", "enter when it ends; the bureau's people are let in for at most 180 days")
	case d.Until == nil:
	case !d.Until.After(d.From):
		fs.Add("until", "window_order", "the end must come after the start")
	case d.Role.OfBureau() && d.Until.Sub(d.From) > maxBureau:
		fs.Add("until", "window_long", "the bureau's people are let in for at most 180 days")
	}
}
