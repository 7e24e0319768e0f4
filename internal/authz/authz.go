// Package authz decides what one person may do and see in one firm at one
// instant. Roles come from rbac, facts from rows: grants with a scope, a class, a
// label and a window, and walls. It decides inside the caller's transaction, so a
// revoke that has committed is never missed (SECURITY promise 2).
package authz

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Class is how confidential a field is (SECURITY 9).
type Class int16

// C1 operations, C2 firm confidential, C3 privileged. C4 is a C2 or C3 field of a sealed matter.
const (
	C1 Class = 1 + iota
	C2
	C3
	C4
)

// Label is how confidential a matter is (DESIGN 4).
type Label int16

// Standard to Sealed, each above the one before.
const (
	Standard Label = iota
	Confidential
	Restricted
	Sealed
)

// String is the label's name in lower case.
func (l Label) String() string {
	return [...]string{"standard", "confidential", "restricted", "sealed"}[min(max(l, Standard), Sealed)]
}

// Refusals. ErrNotFound is the one answer to whatever a person may not know of
// (DESIGN 2.14); ErrForbidden is for who sees the thing but may not do the act.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrForbidden = fault.New(fault.Forbidden, "not_permitted", "your role does not include this")
	// ErrUndertaking is for one of the bureau's people whom a firm let in and who owes
	// an undertaking there. They know of the firm: its grant named it to them.
	ErrUndertaking = fault.New(fault.Forbidden, "undertaking_due", "this firm asks for an undertaking of confidentiality before you look; read and give it first")
)

// ScopeKind says what a grant's list names.
type ScopeKind string

// A grant covers the whole firm, or clients, matters or practice groups.
const (
	ScopeAll      ScopeKind = "all"
	ScopeClient   ScopeKind = "client"
	ScopeMatter   ScopeKind = "matter"
	ScopePractice ScopeKind = "practice"
)

// Grant is one live permission slip of one person in one firm.
type Grant struct {
	ID        ident.GrantID
	Role      rbac.Role
	Scope     ScopeKind
	IDs       db.Strings
	Practices db.Strings
	Class     Class
	Label     Label
	UntilAt   *time.Time

	own  []string  // permissions of a role of the firm's own, nil for any other
	from time.Time // read with the snapshot only
	// From when it gives nothing because its person owes an undertaking, nil for never;
	// read with the snapshot only.
	waitsFrom *time.Time
	usedOn    string                  // the day it last let its person do something, "" never
	used      *atomic.Pointer[string] // where the snapshot keeps that day; nil when rows were asked
}

// waits tells whether a missing undertaking keeps the grant from giving anything.
func (g *Grant) waits(at time.Time) bool { return g.waitsFrom != nil && !at.Before(*g.waitsFrom) }

// Access is what the actor of a transaction may do and see in its firm through
// the grants that give one permission.
type Access struct {
	Person  ident.PersonID
	Firm    ident.FirmID
	Machine string
	grants  []Grant
	walls   []wall
	lowered bool
}

type wall struct {
	Clients db.Strings
	Matters db.Strings
}

// Mark says what the actor sees by, in a text that only another set of live grants or walls
// of one version of the firm's changes.
func (a *Access) Mark() string {
	ids := make([]string, len(a.grants))
	for i := range a.grants {
		ids[i] = string(a.grants[i].ID)
	}
	slices.Sort(ids)
	return fmt.Sprint(ids, a.lowered)
}

// Sees tells whether fields of class c are shown. Machinery sees by job.
func (a *Access) Sees(c Class) bool {
	if a.Machine != "" {
		return true
	}
	for _, g := range a.grants {
		if g.Class >= c {
			return true
		}
	}
	return false
}

// AllSee tells whether every grant shows fields of class c.
func (a *Access) AllSee(c Class) bool {
	return a.Machine != "" || !slices.ContainsFunc(a.grants, func(g Grant) bool { return g.Class < c })
}

// OwnOnly tells whether what belongs to a matter is shown only where it is the
// person's own, as a timekeeper's entries are.
func (a *Access) OwnOnly() bool {
	if a.Machine != "" {
		return false
	}
	for _, g := range a.grants {
		if !g.Role.OwnOnly() {
			return false
		}
	}
	return true
}

// Entries is the predicate on an alias of table entry that OwnOnly asks for, to
// stand beside Matters.
func (a *Access) Entries(alias string) (cond string, args []any) {
	if !a.OwnOnly() {
		return "true", nil
	}
	return "EXISTS (SELECT FROM timekeeper own WHERE own.firm_id = " + alias + ".firm_id AND own.id = " + alias +
		".timekeeper_id AND own.person_id = ?)", []any{a.Person}
}

// Has tells whether the person holds role among the grants that give the permission.
func (a *Access) Has(role rbac.Role) bool {
	for _, g := range a.grants {
		if g.Role == role {
			return true
		}
	}
	return false
}

// Roles lists the roles that give the permission, each once.
func (a *Access) Roles() []rbac.Role {
	var roles []rbac.Role
	for _, g := range a.grants {
		if !slices.Contains(roles, g.Role) {
			roles = append(roles, g.Role)
		}
	}
	return roles
}

// WholeFirm tells whether nothing of the firm is out of scope, as creating a
// client or reading firm-wide totals needs.
func (a *Access) WholeFirm() bool {
	if a.Machine != "" {
		return true
	}
	if len(a.walls) > 0 {
		return false
	}
	for _, g := range a.grants {
		if g.Scope == ScopeAll {
			return true
		}
	}
	return false
}

// Lowered tells that the grants reach above what the actor is cleared for now: a list of
// the whole firm that otherwise asks for no matter leaves out what Matters does.
func (a *Access) Lowered() bool { return a.lowered }

// Matters is the predicate on an alias of table matter that holds for what the
// person may know of: scope and label of any grant, and no wall. Put it into the
// WHERE of every list, count and look-up of what belongs to a matter.
func (a *Access) Matters(alias string) (cond string, args []any) {
	return a.matters(alias, C1)
}

// MattersSeeing is Matters through the grants that show fields of class c.
func (a *Access) MattersSeeing(alias string, c Class) (cond string, args []any) {
	return a.matters(alias, c)
}

func (a *Access) matters(alias string, c Class) (string, []any) {
	if a.Machine != "" {
		return "true", nil
	}
	var parts []string
	var args []any
	for _, g := range a.grants {
		if g.Class < c {
			continue
		}
		cond, more := g.covers(alias)
		parts = append(parts, cond)
		args = append(args, more...)
	}
	if len(parts) == 0 {
		return "false", nil
	}
	cond := "(" + strings.Join(parts, " OR ") + ")"
	for _, w := range a.walls {
		cond += " AND NOT (" + alias + ".client_id = ANY (?::uuid[]) OR " + alias + ".id = ANY (?::uuid[]))"
		args = append(args, w.Clients, w.Matters)
	}
	return cond, args
}

// covers is one grant's part: in scope and not above its label. A sealed matter
// must be named: a grant that reaches it through a client, a practice group or the
// whole firm does not (DESIGN 4).
func (g Grant) covers(alias string) (string, []any) {
	label := "(" + alias + ".label <= ?"
	unnamed := min(g.Label, Restricted)
	switch g.Scope {
	case ScopeClient:
		return label + " AND " + alias + ".client_id = ANY (?::uuid[]))", []any{unnamed, g.IDs}
	case ScopeMatter:
		return label + " AND " + alias + ".id = ANY (?::uuid[]))", []any{g.Label, g.IDs}
	case ScopePractice:
		return label + " AND " + alias + ".practice_group = ANY (?::text[]))", []any{unnamed, g.Practices}
	case ScopeAll:
		return label + ")", []any{unnamed}
	default:
		return "false", nil // a kind this program does not know gives nothing
	}
}

// Shown is Matters for a list that says something of class c of each. Class is of a grant,
// not of a person: where grants on different matters show different classes, the list has
// those alone whose own grants show c. Where no grant does, it has them all, and the fields
// are left out.
func (a *Access) Shown(alias string, c Class) (cond string, args []any) {
	if !a.Uneven(c) {
		return a.matters(alias, C1)
	}
	return a.matters(alias, c)
}

// Uneven tells whether the grants show fields of class c for some of what they reach, and
// not for the rest.
func (a *Access) Uneven(c Class) bool {
	return a.Sees(c) && !a.AllSee(c) && !slices.ContainsFunc(a.grants, func(g Grant) bool { return g.Scope == ScopeAll && g.Class >= c && g.Label >= a.highest() })
}

// highest is the highest label that any grant reaches.
func (a *Access) highest() (l Label) {
	for _, g := range a.grants {
		l = max(l, g.Label)
	}
	return l
}

// SeesOf tells whether the grants on this matter show fields of class c.
func (a *Access) SeesOf(tx *db.Tx, id ident.MatterID, c Class) (shown bool, err error) {
	cond, args := a.MattersSeeing("m", c)
	q := "SELECT EXISTS (SELECT FROM matter m WHERE m.firm_id = ? AND m.id = ? AND " + cond + ")"
	if err := tx.Raw(q, append([]any{a.Firm, id}, args...)...).Row().Scan(&shown); err != nil {
		return false, fmt.Errorf("decide class of matter %s: %w", id, err)
	}
	return shown, nil
}

// RequireSight answers ErrForbidden for a matter in scope whose own grants do not show
// fields of class c. Decide first: RequireMatter.
func (a *Access) RequireSight(tx *db.Tx, id ident.MatterID, c Class) error {
	shown, err := a.SeesOf(tx, id, c)
	if err == nil && !shown {
		err = ErrForbidden.With("your grant on this matter does not show what this needs")
	}
	return err
}

// RequireMatter answers ErrNotFound for a matter that the person may not know of.
func (a *Access) RequireMatter(tx *db.Tx, id ident.MatterID) error {
	cond, args := a.Matters("m")
	var found bool
	q := "SELECT EXISTS (SELECT FROM matter m WHERE m.firm_id = ? AND m.id = ? AND " + cond + ")"
	if err := tx.Raw(q, append([]any{a.Firm, id}, args...)...).Row().Scan(&found); err != nil {
		return err
	}
	if !found {
		return ErrNotFound
	}
	return nil
}

// RequireClient answers ErrNotFound for a client of which the person may know no
// matter, unless the whole firm is theirs.
func (a *Access) RequireClient(tx *db.Tx, id ident.ClientID) error {
	cond, args := a.Clients("c")
	var found bool
	q := "SELECT EXISTS (SELECT FROM client c WHERE c.firm_id = ? AND c.id = ? AND " + cond + ")"
	if err := tx.Raw(q, append([]any{a.Firm, id}, args...)...).Row().Scan(&found); err != nil {
		return err
	}
	if !found {
		return ErrNotFound
	}
	return nil
}

// Clients is the predicate on an alias of table client: everything when the whole
// firm is theirs, else the clients with a matter that Shown leaves for names and amounts.
func (a *Access) Clients(alias string) (cond string, args []any) {
	if a.WholeFirm() && !a.Uneven(C2) {
		return "true", nil
	}
	cond, args = a.Shown("am", C2)
	return "EXISTS (SELECT FROM matter am WHERE am.firm_id = " + alias + ".firm_id AND am.client_id = " + alias + ".id AND " + cond + ")", args
}
