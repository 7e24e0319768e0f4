package authz

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Policy answers which role includes which permission, and by which line.
type Policy interface {
	Allows(role rbac.Role, p rbac.Permission) bool
	Explain(role rbac.Role, p rbac.Permission) (line string) // "" when none gives it
	Givable(staff bool, p rbac.Permission) bool              // by a role of a firm's own
	ExplainCustom(role rbac.Role, permissions []string, p rbac.Permission) (line string, err error)
}

// Guard is asked at the start of every use case. A look is decided by the snapshot, an
// act by rows that it holds until it commits.
type Guard struct {
	db       *db.DB
	policy   Policy
	snapshot snapshot
	glass    func(tx *db.Tx, grant ident.GrantID, p rbac.Permission) error
}

// RecordBreakGlass has do called in the transaction of every use of emergency access.
// Until it is, such access gives nothing: a look that nobody writes down is not taken
// (SECURITY T34).
func (g *Guard) RecordBreakGlass(do func(tx *db.Tx, grant ident.GrantID, p rbac.Permission) error) {
	g.glass = do
}

// NewGuard reads facts from d and asks policy about roles.
func NewGuard(d *db.DB, policy Policy) *Guard { return &Guard{db: d, policy: policy} }

// RequireSeeing is Require for what shows class c: ErrForbidden where no grant that gives p does.
func (g *Guard) RequireSeeing(tx *db.Tx, p rbac.Permission, c Class) (*Access, error) {
	a, err := g.Require(tx, p)
	if err == nil && !a.Sees(c) {
		return nil, ErrForbidden
	}
	return a, err
}

// Require decides for the actor and firm of tx, at tx.Now, and returns what the
// grants that give p let the actor see. ErrNotFound when the actor has no live
// grant in the firm, ErrForbidden when none of them includes p. Machinery has the
// role "machine".
func (g *Guard) Require(tx *db.Tx, p rbac.Permission) (*Access, error) {
	a := &Access{Person: tx.Scope.Actor, Firm: tx.Scope.Firm, Machine: tx.Scope.Machine}
	if a.Person == "" {
		if a.Machine == "" || !g.policy.Allows(rbac.RoleMachine, p) {
			return nil, ErrForbidden
		}
		return a, nil
	}
	a.Machine = "" // a job done for a person has that person's rights, not the machine's
	held, err := g.holding(tx, a.Person, p)
	if err != nil {
		return nil, err
	}
	t, err := carriedBy(tx, locking(tx, p))
	if err != nil {
		return nil, err
	}
	giving, err := g.decide(held.grants, t, p)
	if err != nil {
		return nil, owing(tx, len(held.grants), err)
	}
	a.clear(tx, giving)
	if a.walls = held.walls; !held.whole {
		if a.walls, err = walls(tx, a.Person); err != nil {
			return nil, err
		}
	}
	if err := g.broken(tx, a.grants, p); err != nil {
		return nil, err
	}
	return a, markUsed(tx, a.grants)
}

// owing is the refusal of somebody without any live grant: where an undertaking is all
// that keeps theirs from giving something, it says so.
func owing(tx *db.Tx, live int, refused error) error {
	if live > 0 || tx.Scope.Token != "" {
		return refused
	}
	var waits bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM access_grant g JOIN person p ON p.id = g.person_id WHERE g.firm_id = ? AND g.person_id = ? AND p.status = 'active'
		AND g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND g.waits_from <= ?
		AND (? = '' OR EXISTS (SELECT FROM session s WHERE s.id = nullif(?, '')::uuid AND s.person_id = p.id AND s.ended_at IS NULL)))`,
		tx.Scope.Firm, tx.Scope.Actor, tx.Now, tx.Now, tx.Now, string(tx.Scope.Session), string(tx.Scope.Session)).Row().Scan(&waits)
	switch {
	case err != nil:
		return fmt.Errorf("look for an undertaking that person %s owes: %w", tx.Scope.Actor, err)
	case waits:
		return ErrUndertaking
	default:
		return refused
	}
}

// broken has the use of emergency access recorded, and marks what else is recorded in
// the transaction.
func (g *Guard) broken(tx *db.Tx, giving []Grant, p rbac.Permission) error {
	for _, grant := range giving {
		if grant.Role == rbac.RoleBreakGlass {
			tx.Scope.BreakGlass = grant.ID
			return g.glass(tx, grant.ID, p)
		}
	}
	return nil
}

// gives tells whether a grant's role includes p. A role of the firm's own never gives
// more than such roles may, whatever its row says.
func (g *Guard) gives(grant *Grant, p rbac.Permission) bool {
	if grant.own != nil {
		return slices.Contains(grant.own, string(p)) && g.policy.Givable(grant.Role.OfBureau(), p)
	}
	return g.policy.Allows(grant.Role, p) && (grant.Role != rbac.RoleBreakGlass || g.glass != nil)
}

// allGive tells whether each grant's role includes p. It copies none of them, for lists
// ask it of every firm.
func (g *Guard) allGive(live []Grant, p rbac.Permission) bool {
	for i := range live {
		if !g.gives(&live[i], p) {
			return false
		}
	}
	return true
}

// anyGives is gives for the roles of one person in one firm, with what the firm's own
// among them include together.
func anyGives(policy Policy, roles []rbac.Role, own []string, p rbac.Permission) bool {
	for _, role := range roles {
		if policy.Allows(role, p) || role.IsCustom() && slices.Contains(own, string(p)) && policy.Givable(role.OfBureau(), p) {
			return true
		}
	}
	return false
}

// decide is the decision itself: what is left of a person's live grants for p, or the
// refusal. t is the token they act through, nil for a session.
func (g *Guard) decide(live []Grant, t *carried, p rbac.Permission) ([]Grant, error) {
	if len(live) == 0 || t != nil && (t.ended || !g.covers(t, live)) {
		return nil, ErrNotFound
	}
	if t != nil && !slices.Contains(t.permissions, string(p)) {
		return nil, ErrForbidden
	}
	giving := live
	if t != nil || !g.allGive(live, p) { // live may be the snapshot's own: nobody changes it
		giving = slices.DeleteFunc(slices.Clone(live), func(grant Grant) bool { return !g.gives(&grant, p) })
	}
	if len(giving) == 0 {
		return nil, ErrForbidden
	}
	if t != nil {
		for i := range giving {
			giving[i].Class = min(giving[i].Class, t.class)
		}
	}
	return giving, nil
}

// held are a person's live grants, and their walls where whole says so.
type held struct {
	grants []Grant
	walls  []wall
	whole  bool
}

// holding is live, and for an act of a signed-in person it also keeps the person
// and the grants from changing until the act commits: who disables the person or
// ends the grant waits, and no act succeeds after that (T04). A job decides again
// at each step instead.
func (g *Guard) holding(tx *db.Tx, who ident.PersonID, p rbac.Permission) (held, error) {
	if locking(tx, p) != "" {
		grants, err := g.read(tx, who, " FOR SHARE OF g, p")
		return held{grants: grants}, err
	}
	f, err := g.known(tx, who)
	if err != nil {
		return held{}, err
	}
	if f != nil {
		return held{f.live(tx.Now), f.standing(tx.Now), true}, nil
	}
	grants, err := g.read(tx, who, "")
	return held{grants: grants}, err
}

// locking is how a row that an act rests on is held until it commits: shared for a
// change, not at all for a look.
func locking(tx *db.Tx, p rbac.Permission) string {
	if strings.HasSuffix(string(p), ".read") || tx.Scope.Machine != "" {
		return ""
	}
	return " FOR SHARE"
}

// markUsed notes the day on which a grant last let its person do something, for
// the access page. It never waits: who finds the row taken leaves it.
func markUsed(tx *db.Tx, grants []Grant) error {
	today := tx.Now.Format(time.DateOnly)
	var stale []ident.GrantID
	first := false
	for _, g := range grants {
		if g.last() != today {
			stale = append(stale, g.ID)
		}
		first = first || g.last() == ""
	}
	if len(stale) == 0 || tx.Scope.Machine != "" {
		return nil
	}
	if first { // they have come: the firm knows them from now on
		if err := tx.Exec(`DELETE FROM invitee WHERE firm_id = ? AND person_id = ?`, tx.Scope.Firm, tx.Scope.Actor).Error; err != nil {
			return fmt.Errorf("note that an invited person has come: %w", err)
		}
	}
	err := tx.Exec(`UPDATE access_grant SET last_used_on = ?::date WHERE firm_id = ? AND id IN (
		SELECT id FROM access_grant WHERE firm_id = ? AND id = ANY (?::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED)`,
		today, tx.Scope.Firm, tx.Scope.Firm, db.Array(stale)).Error
	if err != nil {
		return fmt.Errorf("note the use of grants: %w", err)
	}
	tx.AfterCommit(func() {
		for _, g := range grants {
			if g.used != nil {
				g.used.Store(&today)
			}
		}
	})
	return nil
}

func (g *Grant) last() string {
	if g.used != nil {
		return *g.used.Load()
	}
	return g.usedOn
}

// May tells whether Require would let the actor of tx through, for pages that
// show a button only to who can use it.
func (g *Guard) May(tx *db.Tx, perms ...rbac.Permission) (map[rbac.Permission]bool, error) {
	may := make(map[rbac.Permission]bool, len(perms))
	live, err := g.live(tx, tx.Scope.Actor)
	if err != nil {
		return nil, err
	}
	t, err := carriedBy(tx, "")
	if err != nil {
		return nil, err
	}
	for _, p := range perms {
		_, refused := g.decide(live, t, p)
		may[p] = refused == nil
	}
	return may, nil
}

// Roles lists the actor's live roles in the firm of tx, each once.
func (g *Guard) Roles(tx *db.Tx) ([]rbac.Role, error) {
	live, err := g.live(tx, tx.Scope.Actor)
	if err != nil {
		return nil, err
	}
	var roles []rbac.Role
	seen := map[rbac.Role]bool{}
	for _, grant := range live {
		if !seen[grant.Role] {
			seen[grant.Role] = true
			roles = append(roles, grant.Role)
		}
	}
	return roles, nil
}

func (g *Guard) live(tx *db.Tx, who ident.PersonID) ([]Grant, error) {
	f, err := g.known(tx, who)
	if err != nil {
		return nil, err
	}
	if f != nil {
		return f.live(tx.Now), nil
	}
	return g.read(tx, who, "")
}

// read returns nothing for a person who is disabled or whose session has ended, so
// that a stream or a long request stops with the session.
func (g *Guard) read(tx *db.Tx, who ident.PersonID, locking string) ([]Grant, error) {
	var rows []struct {
		ID             ident.GrantID
		Role           rbac.Role
		ScopeKind      ScopeKind
		ScopeIDs       db.Strings
		PracticeGroups db.Strings
		Class          Class
		Label          Label
		UntilAt        *time.Time
		LastUsedOn     *time.Time
		Own            db.Strings
	}
	err := tx.Raw(`SELECT g.id, g.role, g.scope_kind, g.scope_ids, g.practice_groups, g.class, g.label, g.until_at, g.last_used_on, coalesce(r.permissions, '{}') AS own
		FROM access_grant g JOIN person p ON p.id = g.person_id LEFT JOIN custom_role r ON r.firm_id = g.firm_id AND r.id = g.role_id
		WHERE g.firm_id = ? AND g.person_id = ? AND p.status = 'active' AND g.ended_at IS NULL
		  AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND (g.waits_from IS NULL OR g.waits_from > ?)
		  AND (? = '' OR EXISTS (SELECT FROM session s WHERE s.id = nullif(?, '')::uuid AND s.person_id = p.id AND s.ended_at IS NULL))
		ORDER BY g.id`+locking, tx.Scope.Firm, who, tx.Now, tx.Now, tx.Now, string(tx.Scope.Session), string(tx.Scope.Session)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read grants of person %s: %w", who, err)
	}
	grants := make([]Grant, len(rows))
	for i, r := range rows {
		grants[i] = Grant{ID: r.ID, Role: r.Role, Scope: r.ScopeKind, IDs: r.ScopeIDs, Practices: r.PracticeGroups, Class: r.Class, Label: r.Label, UntilAt: r.UntilAt}
		if r.Role.IsCustom() {
			grants[i].own = r.Own
		}
		if r.LastUsedOn != nil {
			grants[i].usedOn = r.LastUsedOn.Format(time.DateOnly)
		}
	}
	return grants, heldRoles(tx, grants, locking)
}

// heldRoles reads the firm's own roles again for an act, and holds them until it
// commits: who takes something out of a role waits, and no act succeeds after that.
func heldRoles(tx *db.Tx, grants []Grant, locking string) error {
	if locking == "" {
		return nil
	}
	for i := range grants {
		g := &grants[i]
		if g.own == nil {
			continue
		}
		var own db.Strings
		err := tx.Raw(`SELECT r.permissions FROM custom_role r WHERE r.firm_id = ? AND r.id = ?::uuid FOR SHARE`, tx.Scope.Firm, g.Role.CustomID()).Row().Scan(&own)
		if err != nil {
			return fmt.Errorf("read role %s: %w", g.Role, err)
		}
		g.own = own
	}
	return nil
}

func rolesOf(texts []string) []rbac.Role {
	roles := make([]rbac.Role, len(texts))
	for i, text := range texts {
		roles[i] = rbac.Role(text)
	}
	return roles
}

func walls(tx *db.Tx, who ident.PersonID) ([]wall, error) {
	var rows []struct {
		ClientIDs db.Strings
		MatterIDs db.Strings
	}
	err := tx.Raw(`SELECT client_ids, matter_ids FROM wall WHERE firm_id = ? AND person_id = ? AND ended_at IS NULL
		AND from_at <= ? AND (until_at IS NULL OR until_at > ?)`, tx.Scope.Firm, who, tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read walls of person %s: %w", who, err)
	}
	ws := make([]wall, len(rows))
	for i, r := range rows {
		ws[i] = wall{r.ClientIDs, r.MatterIDs}
	}
	return ws, nil
}
