package grant

import (
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

func insertGrant(tx *db.Tx, g Grant, by ident.PersonID) error {
	err := tx.Exec(`INSERT INTO access_grant (firm_id, id, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, reason, granted_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?::uuid[], ?::text[], ?, ?, ?, ?, ?, ?::uuid, ?)`,
		tx.Scope.Firm, g.ID, g.Person, g.Role, g.Scope, db.Array(g.IDs), db.Array(g.Practices), g.Class, g.Label, g.From, g.Until, g.Reason, db.Null(by), tx.Now).Error
	return wrap(err, "insert grant", g.ID)
}

const grantColumns = `g.id, g.person_id, p.name, p.staff, g.role, coalesce(cr.name, ''), g.scope_kind, g.scope_ids, g.practice_groups, g.class, g.label,
	g.from_at, g.until_at, g.reason, coalesce(b.name, ''), g.last_used_on, g.ended_at, g.created_at, g.kept_at
	FROM access_grant g JOIN acquaintance p ON p.id = g.person_id LEFT JOIN person b ON b.id = g.granted_by
	LEFT JOIN custom_role cr ON cr.firm_id = g.firm_id AND cr.id = g.role_id`

type scanner interface{ Scan(dest ...any) error }

func scanGrant(row scanner) (g Grant, err error) {
	err = row.Scan(&g.ID, &g.Person, &g.Name, &g.Staff, &g.Role, &g.Named, &g.Scope, (*db.Strings)(&g.IDs), (*db.Strings)(&g.Practices), &g.Class, &g.Label,
		&g.From, &g.Until, &g.Reason, &g.GrantedBy, &g.LastUsed, &g.Ended, &g.Given, &g.Kept)
	return g, err
}

// beforeRows is taken before rows of grants are. A grant takes it as it is written
// (migration 00090); whoever publishes, gives or requires an undertaking has it alone, and
// writes into many rows then: in this order nobody waits in a circle.
func beforeRows(tx *db.Tx) error { return tx.LockShared("undertakings") }

// lockGrant returns a grant of the firm that no one else ends at the same time.
func lockGrant(tx *db.Tx, id ident.GrantID) (Grant, error) {
	if err := beforeRows(tx); err != nil {
		return Grant{}, err
	}
	g, err := scanGrant(tx.Raw(`SELECT `+grantColumns+` WHERE g.firm_id = ? AND g.id = ? FOR UPDATE OF g`, tx.Scope.Firm, id).Row())
	return g, wrap(err, "load grant", id)
}

// grantsOf lists a person's grants in the firm that have not ended.
func grantsOf(tx *db.Tx, who ident.PersonID) ([]Grant, error) {
	if err := beforeRows(tx); err != nil {
		return nil, err
	}
	return listGrants(tx, `g.person_id = ? AND g.ended_at IS NULL`, []any{who}, ` FOR UPDATE OF g`)
}

func listGrants(tx *db.Tx, cond string, args []any, locking string) (list []Grant, err error) {
	rows, err := tx.Raw(`SELECT `+grantColumns+` WHERE g.firm_id = ? AND `+cond+` ORDER BY p.name, g.created_at, g.id`+locking, append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list grants of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		g, err := scanGrant(rows)
		if err != nil {
			return nil, fmt.Errorf("read grant: %w", err)
		}
		list = append(list, g)
	}
	return list, rows.Err()
}

// anotherAdmin refuses to end the firm's last live administrator. The lock makes
// two administrators who end each other at once wait in line.
func anotherAdmin(tx *db.Tx, g Grant) error {
	if err := tx.Lock("administrators of " + string(tx.Scope.Firm)); err != nil {
		return err
	}
	var another bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM access_grant g JOIN person p ON p.id = g.person_id
		WHERE g.firm_id = ? AND g.role = ? AND g.id <> ? AND p.status <> 'disabled' AND g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?))`,
		tx.Scope.Firm, g.Role, g.ID, tx.Now, tx.Now).Row().Scan(&another)
	if err != nil {
		return fmt.Errorf("look for another administrator: %w", err)
	}
	if !another {
		return ErrLastAdmin
	}
	return nil
}

// scopeExists refuses clients and matters that are not the firm's. One that the giver may
// not see, such as a sealed one, is taken: whoever answers for access has to be able to give
// it to its partner by the id that the partner names, and learns no more than that it is
// there; the grant is in the firm's log.
func scopeExists(tx *db.Tx, d Draft) error {
	table := map[authz.ScopeKind]string{authz.ScopeClient: "client", authz.ScopeMatter: "matter"}[d.Scope]
	if table == "" {
		return nil
	}
	if err := areIDs(d.IDs); err != nil {
		return err
	}
	var missing int
	err := tx.Raw(`SELECT count(*) FROM unnest(?::uuid[]) AS w(id) WHERE NOT EXISTS (SELECT FROM `+table+` t WHERE t.firm_id = ? AND t.id = w.id)`,
		db.Array(d.IDs), tx.Scope.Firm).Row().Scan(&missing)
	if err != nil {
		return fmt.Errorf("look for the scope of a grant: %w", err)
	}
	if missing > 0 {
		return errScope
	}
	return nil
}

// areIDs refuses what cannot be the id of anything.
func areIDs(ids []string) error {
	for _, id := range ids {
		if _, err := ident.Parse[ident.MatterID](id); err != nil {
			return errScope
		}
	}
	return nil
}

var errScope = ErrInvalid.On(fault.Field{Path: "scope_ids", Code: "scope_unknown", Message: "choose clients or matters of this firm"})

// overFirms reads inside of every active firm but the one tx stands in, which is the
// bureau, and comes back to that.
func overFirms[T any](tx *db.Tx, read func(tx *db.Tx, firm ident.FirmID, name string) ([]T, error)) (all []T, err error) {
	const size = 100 // firms of one question
	home := tx.Scope.Firm
	var after *ident.FirmID
	for {
		var firms []ident.FirmID
		if err := tx.Raw("SELECT id FROM auth.active_firms(?, ?) AS f(id)", after, size).Scan(&firms).Error; err != nil {
			return nil, wrap(err, "list firms for the bureau", home)
		}
		for _, firm := range firms {
			if firm == home {
				continue
			}
			if err := tx.Enter(firm); err != nil {
				return nil, err
			}
			var name string
			if err := tx.Raw(`SELECT name FROM firm WHERE firm_id = ?`, firm).Row().Scan(&name); err != nil {
				return nil, wrap(err, "name firm", firm)
			}
			more, err := read(tx, firm, name)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		}
		if len(firms) < size {
			return all, tx.Enter(home)
		}
		after = &firms[size-1]
	}
}

// wrap names what failed; a row that is not there is ErrNotFound.
func wrap[T ~string](err error, what string, id T) error {
	return db.Absent(err, ErrNotFound, what, id)
}
