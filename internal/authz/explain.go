package authz

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Verdict is what one grant does for a decision, or what stops it from doing it.
type Verdict string

// In the order in which they are asked: the first that holds is the verdict.
const (
	VerdictEnded  Verdict = "ended"       // somebody ended it
	VerdictNotYet Verdict = "not_yet"     // its window has not begun
	VerdictOver   Verdict = "over"        // its window is over
	VerdictWaits  Verdict = "undertaking" // its person owes an undertaking that the firm asks for
	VerdictRole   Verdict = "not_in_role" // no line of the policy gives the permission to its role
	VerdictScope  Verdict = "scope"       // it does not name the matter, its client or its practice group
	VerdictLabel  Verdict = "label"       // the matter's label is above it, or sealed and not named
	VerdictGives  Verdict = "gives"
)

// Because is why a decision is what it is.
type Because string

// What beats what: a disabled person has no rights, a wall beats every grant, and a grant
// alone opens no restricted or sealed matter.
const (
	BecauseDisabled Because = "disabled"
	BecauseWall     Because = "wall"
	BecauseFactor   Because = "factor_stale" // granted, but none of their sessions has shown a factor within ClearTime
	BecauseGranted  Because = "granted"
	BecauseNone     Because = "no_grant" // none of the grants gives it; each says why
)

// Explanation is one decision with everything that had a say in it.
type Explanation struct {
	Person     ident.PersonID
	Name       string
	Permission rbac.Permission
	Matter     ident.MatterID // "" when the question was about the firm as a whole
	At         time.Time
	Allowed    bool
	Because    Because
	Grants     []Explained
	Walls      []ident.WallID // that stand before the matter
}

// Explained is what became of one grant.
type Explained struct {
	ID      ident.GrantID
	Role    rbac.Role
	Named   string // what the firm calls its own role, "" for any other
	Own     db.Strings
	Scope   ScopeKind
	Class   Class // fields above it are withheld even where it gives
	Label   Label
	From    time.Time
	Until   *time.Time
	Ended   *time.Time
	Verdict Verdict
	Line    string // the policy line by which the role includes the permission, "" when none does
}

// Explain tells why who may or may not do p in the firm of tx now, for a matter when
// one is named. It reads rows, never the snapshot, and asks Casbin for the policy line.
// The caller has been decided about; ErrNotFound when the firm has never given who
// anything, or when there is no such matter. A token narrows further; it is not asked.
func (g *Guard) Explain(tx *db.Tx, who ident.PersonID, p rbac.Permission, matter ident.MatterID) (*Explanation, error) {
	x := &Explanation{Person: who, Permission: p, Matter: matter, At: tx.Now, Because: BecauseNone}
	if err := x.read(tx); err != nil {
		return nil, err
	}
	var status string
	err := tx.Raw(`SELECT p.name, p.status FROM acquaintance p WHERE p.id = ?`, who).Row().Scan(&x.Name, &status)
	if err != nil {
		return nil, fmt.Errorf("read person %s: %w", who, err)
	}
	for i := range x.Grants {
		e := &x.Grants[i]
		if e.Line = g.policy.Explain(e.Role, p); e.Role.IsCustom() {
			if e.Line, err = g.policy.ExplainCustom(e.Role, e.Own, p); err != nil {
				return nil, err
			}
		}
		if e.Verdict == VerdictGives && e.Line == "" {
			e.Verdict = VerdictRole
		}
	}
	label := Standard
	if matter != "" {
		if label, err = x.about(tx); err != nil {
			return nil, err
		}
	}
	for _, e := range x.Grants {
		if e.Verdict == VerdictGives {
			x.Because = BecauseGranted
		}
	}
	stale := false
	if label > ceiling && x.Because == BecauseGranted {
		if stale, err = x.stale(tx); err != nil {
			return nil, err
		}
	}
	switch {
	case status != "active":
		x.Because = BecauseDisabled
	case len(x.Walls) > 0:
		x.Because = BecauseWall
	case stale:
		x.Because = BecauseFactor
	}
	x.Allowed = x.Because == BecauseGranted
	return x, nil
}

// read lists every grant that the person ever had here, with what its window says.
func (x *Explanation) read(tx *db.Tx) error {
	err := tx.Raw(`SELECT g.id, g.role, coalesce(r.name, '') AS named, coalesce(r.permissions, '{}') AS own, g.scope_kind AS scope, g.class, g.label, g.from_at AS "from", g.until_at AS until, g.ended_at AS ended,
		CASE WHEN g.ended_at IS NOT NULL THEN 'ended' WHEN g.from_at > ? THEN 'not_yet' WHEN g.until_at <= ? THEN 'over' WHEN g.waits_from <= ? THEN 'undertaking' ELSE 'gives' END AS verdict
		FROM access_grant g LEFT JOIN custom_role r ON r.firm_id = g.firm_id AND r.id = g.role_id
		WHERE g.firm_id = ? AND g.person_id = ? ORDER BY g.created_at DESC, g.id DESC`, tx.Now, tx.Now, tx.Now, tx.Scope.Firm, x.Person).Scan(&x.Grants).Error
	if err != nil {
		return fmt.Errorf("read grants of person %s: %w", x.Person, err)
	}
	if len(x.Grants) == 0 {
		return ErrNotFound
	}
	return nil
}

// stale tells whether nowhere, where the person is signed in, a factor was shown lately.
func (x *Explanation) stale(tx *db.Tx) (stale bool, err error) {
	err = tx.Raw(`SELECT NOT EXISTS (SELECT FROM session s WHERE s.person_id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND s.factor_at >= ?)`,
		x.Person, tx.Now, tx.Now.Add(-ClearTime)).Row().Scan(&stale)
	if err != nil {
		return false, fmt.Errorf("look for a factor of person %s: %w", x.Person, err)
	}
	return stale, nil
}

// about asks what the matter does to each grant that would give, and which walls
// stand before it. It returns the matter's label.
func (x *Explanation) about(tx *db.Tx) (label Label, err error) {
	var client ident.ClientID
	var practice string
	err = tx.Raw(`SELECT m.label, m.client_id, m.practice_group FROM matter m WHERE m.firm_id = ? AND m.id = ?`, tx.Scope.Firm, x.Matter).Row().Scan(&label, &client, &practice)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("read matter %s: %w", x.Matter, err)
	}
	err = tx.Raw(`SELECT w.id FROM wall w WHERE w.firm_id = ? AND w.person_id = ? AND w.ended_at IS NULL AND w.from_at <= ? AND (w.until_at IS NULL OR w.until_at > ?)
		AND (?::uuid = ANY (w.client_ids) OR ?::uuid = ANY (w.matter_ids)) ORDER BY w.id`, tx.Scope.Firm, x.Person, tx.Now, tx.Now, client, x.Matter).Scan(&x.Walls).Error
	if err != nil {
		return 0, fmt.Errorf("read walls of person %s: %w", x.Person, err)
	}
	var covering []ident.GrantID
	err = tx.Raw(`SELECT g.id FROM access_grant g WHERE g.firm_id = ? AND g.person_id = ? AND CASE g.scope_kind WHEN 'all' THEN true
		WHEN 'client' THEN ?::uuid = ANY (g.scope_ids) WHEN 'matter' THEN ?::uuid = ANY (g.scope_ids) WHEN 'practice' THEN ?::text = ANY (g.practice_groups) ELSE false END`,
		tx.Scope.Firm, x.Person, client, x.Matter, practice).Scan(&covering).Error
	if err != nil {
		return 0, fmt.Errorf("read scopes of person %s: %w", x.Person, err)
	}
	names := map[ident.GrantID]bool{}
	for _, id := range covering {
		names[id] = true
	}
	for i := range x.Grants {
		e := &x.Grants[i]
		switch {
		case e.Verdict != VerdictGives:
		case !names[e.ID]:
			e.Verdict = VerdictScope
		case label > e.Label, label == Sealed && e.Scope != ScopeMatter:
			e.Verdict = VerdictLabel
		}
	}
	return label, nil
}
