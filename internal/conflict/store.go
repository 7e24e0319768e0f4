package conflict

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// worked lists the firms where who works, or worked in the last two years, beside the
// firm asked about.
func worked(tx *db.Tx, who ident.PersonID, firm ident.FirmID) (others []ident.FirmID, err error) {
	err = tx.Raw(`SELECT firm_id FROM auth.person_firms_since(?::uuid, ?) WHERE firm_id <> ?::uuid`, who, tx.Now.AddDate(-checkBack, 0, 0), firm).Scan(&others).Error
	return others, wrap(err, "list the firms of person", who)
}

// hasAccess tells whether who has access to the firm of tx, now or from a day to come.
func hasAccess(tx *db.Tx, who ident.PersonID) (here bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM access_grant g WHERE g.firm_id = ? AND g.person_id = ? AND g.role <> ? AND g.ended_at IS NULL AND (g.until_at IS NULL OR g.until_at > ?))`,
		tx.Scope.Firm, who, rbac.RoleBreakGlass, tx.Now).Row().Scan(&here)
	return here, wrap(err, "look for access of person", who)
}

// pair is two firms in the order of their ids, which is that of their coming.
type pair struct{ earlier, later ident.FirmID }

// atBoth is one of the bureau's people with two firms that they work for.
type atBoth struct {
	who ident.PersonID
	pair
}

// atTwo lists the bureau's people who work for two firms or more, once for each two.
func atTwo(tx *db.Tx) (list []atBoth, err error) {
	rows, err := tx.Raw(`WITH works AS (SELECT p.id, f.firm_id FROM person p CROSS JOIN LATERAL auth.person_firms_since(p.id, ?) f WHERE p.staff AND p.status <> 'disabled')
		SELECT a.id, a.firm_id, b.firm_id FROM works a JOIN works b ON b.id = a.id AND a.firm_id < b.firm_id ORDER BY 1, 2, 3`, tx.Now).Rows()
	if err != nil {
		return nil, fmt.Errorf("list who works for two firms: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var b atBoth
		if err := rows.Scan(&b.who, &b.earlier, &b.later); err != nil {
			return nil, fmt.Errorf("read who works for two firms: %w", err)
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

// sidesOf reads the names of the firm that sys enters; none of them leaves it.
func sidesOf(sys *db.System, firm ident.FirmID, m *marker) (s sides, err error) {
	s = sides{marks{}, marks{}, marks{}}
	err = sys.Enter(firm, func(tx *db.Tx) error {
		rows, err := tx.Raw(`SELECT 'client', c.name FROM client c WHERE c.firm_id = ? UNION ALL SELECT q.side, q.name FROM matter_party q WHERE q.firm_id = ?`, firm, firm).Rows()
		if err != nil {
			return fmt.Errorf("read the parties of firm %s: %w", firm, err)
		}
		defer rows.Close()
		for rows.Next() {
			var side, name string
			if err := rows.Scan(&side, &name); err != nil {
				return fmt.Errorf("read a party of firm %s: %w", firm, err)
			}
			m.add(map[string]marks{"client": s.clients, "adverse": s.adverse, "related": s.related}[side], name)
		}
		return rows.Err()
	})
	return s, err
}

const checkColumns = `c.id, c.person_id, p.name, c.for_firm, c.other_firm, c.opposite, c.shared, c.checked_at, coalesce(b.name, ''), c.state, coalesce(c.decided_by::text, ''), coalesce(d.name, ''), c.decided_at, c.reason
	FROM conflict_check c JOIN person p ON p.id = c.person_id LEFT JOIN person b ON b.id = c.checked_by LEFT JOIN person d ON d.id = c.decided_by`

// standing is a row; who decided is needed where their word goes on.
type standing struct {
	Check

	decider ident.PersonID
}

type scanner interface{ Scan(dest ...any) error }

func scanCheck(row scanner) (c standing, err error) {
	err = row.Scan(&c.ID, &c.Person, &c.Name, &c.Firm, &c.Other, &c.Opposite, &c.Shared, &c.At, &c.By, &c.State, &c.decider, &c.DecidedBy, &c.DecidedAt, &c.Reason)
	return c, err
}

// lockCheck returns the check that stands, and holds it: the one of the id, or the one
// that has taken its place.
func lockCheck(tx *db.Tx, id ident.CheckID) (Check, error) {
	c, err := scanCheck(tx.Raw(`SELECT `+checkColumns+` WHERE c.firm_id = ? AND c.superseded_at IS NULL
		AND (c.person_id, c.for_firm, c.other_firm) = (SELECT k.person_id, k.for_firm, k.other_firm FROM conflict_check k WHERE k.firm_id = c.firm_id AND k.id = ?) FOR UPDATE OF c`, tx.Scope.Firm, id).Row())
	return c.Check, wrap(err, "load check", id)
}

// standingCheck is the check between two firms that stands, or nil.
func standingCheck(tx *db.Tx, who ident.PersonID, firm, other ident.FirmID) (*standing, error) {
	c, err := scanCheck(tx.Raw(`SELECT `+checkColumns+` WHERE c.firm_id = ? AND c.person_id = ? AND c.for_firm = ? AND c.other_firm = ? AND c.superseded_at IS NULL`,
		tx.Scope.Firm, who, firm, other).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // that nobody has looked yet is an answer here, not a fault
	}
	return &c, wrap(err, "load the check of person", who)
}

// insertCheck keeps a check in the place of the one that stood.
func insertCheck(tx *db.Tx, c Check, before *standing) error {
	var decider ident.PersonID
	if before != nil {
		if err := tx.Exec(`UPDATE conflict_check SET superseded_at = ? WHERE firm_id = ? AND id = ?`, tx.Now, tx.Scope.Firm, before.ID).Error; err != nil {
			return wrap(err, "supersede check", before.ID)
		}
		if c.State == CheckCleared {
			decider = before.decider
		}
	}
	err := tx.Exec(`INSERT INTO conflict_check (firm_id, id, person_id, for_firm, other_firm, opposite, shared, state, checked_by, checked_at, decided_by, decided_at, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?::uuid, ?, ?::uuid, ?, ?)`,
		tx.Scope.Firm, c.ID, c.Person, c.Firm, c.Other, c.Opposite, c.Shared, c.State, db.Null(tx.Scope.Actor), c.At, db.Null(decider), c.DecidedAt, c.Reason).Error
	return wrap(err, "insert check", c.ID)
}

type checkKey struct{ ID string }

// listChecks lists the checks that stand, the newest first: for one firm, or for all.
func listChecks(tx *db.Tx, firm ident.FirmID, open bool, r page.Request) (page.Page[Check], error) {
	var after checkKey
	first, err := r.Decode(&after)
	if err != nil {
		return page.Page[Check]{}, err
	}
	if !first {
		if _, err := ident.Parse[ident.CheckID](after.ID); err != nil {
			return page.Page[Check]{}, page.ErrBadCursor
		}
	}
	rows, err := tx.Raw(`SELECT `+checkColumns+` WHERE c.firm_id = ? AND c.superseded_at IS NULL AND (?::uuid IS NULL OR c.for_firm = ?::uuid) AND (NOT ? OR c.state = 'open')
		AND (? OR (c.checked_at, c.id) < ((SELECT k.checked_at FROM conflict_check k WHERE k.firm_id = c.firm_id AND k.id = nullif(?, '')::uuid), nullif(?, '')::uuid))
		ORDER BY c.checked_at DESC, c.id DESC LIMIT ?`,
		tx.Scope.Firm, db.Null(firm), db.Null(firm), open, first, after.ID, after.ID, r.Limit()+1).Rows()
	if err != nil {
		return page.Page[Check]{}, fmt.Errorf("list checks: %w", err)
	}
	defer rows.Close()
	var list []Check
	for rows.Next() {
		c, err := scanCheck(rows)
		if err != nil {
			return page.Page[Check]{}, fmt.Errorf("read check: %w", err)
		}
		list = append(list, c.Check)
	}
	if err := rows.Err(); err != nil {
		return page.Page[Check]{}, err
	}
	return page.Cut(list, r.Limit(), func(c Check) any { return checkKey{ID: string(c.ID)} })
}

// wrap names what failed; a row that is not there is ErrNotFound.
func wrap[T ~string](err error, what string, id T) error {
	return db.Absent(err, ErrNotFound, what, id)
}
