package deputy

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

const columns = `s.id, s.principal_id, p.name, s.deputy_id, d.name, s.from_at, s.until_at, s.reason, n.name, s.named_at, s.used_at,
	s.ended_at, coalesce(e.name, ''), coalesce(s.ended_why, '')
	FROM deputy s JOIN acquaintance p ON p.id = s.principal_id JOIN acquaintance d ON d.id = s.deputy_id JOIN person n ON n.id = s.named_by
	LEFT JOIN person e ON e.id = s.ended_by`

type scanner interface{ Scan(dest ...any) error }

func scan(row scanner) (s Stead, err error) {
	err = row.Scan(&s.ID, &s.Principal, &s.PrincipalName, &s.Deputy, &s.DeputyName, &s.From, &s.Until, &s.Reason, &s.NamedBy, &s.NamedAt, &s.Used,
		&s.Ended, &s.EndedBy, &s.Why)
	return s, err
}

// rows lists those of the firm of tx that meet cond; tail orders them, and locks.
func rows(tx *db.Tx, cond, tail string, args ...any) (list []Stead, err error) {
	found, err := tx.Raw(`SELECT `+columns+` WHERE s.firm_id = ? AND `+cond+` `+tail, append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list deputies of firm %s: %w", tx.Scope.Firm, err)
	}
	defer found.Close()
	for found.Next() {
		s, err := scan(found)
		if err != nil {
			return nil, fmt.Errorf("read deputy: %w", err)
		}
		list = append(list, s)
	}
	return list, found.Err()
}

// lock returns one that nobody else ends or uses at the same time.
func lock(tx *db.Tx, id ident.DeputyID) (Stead, error) {
	s, err := scan(tx.Raw(`SELECT `+columns+` WHERE s.firm_id = ? AND s.id = ? FOR UPDATE OF s`, tx.Scope.Firm, id).Row())
	return s, db.Absent(err, ErrNotFound, "load deputy", id)
}

// open locks those that have not been ended and meet cond, always in one order.
func open(tx *db.Tx, cond string, args ...any) ([]Stead, error) {
	return rows(tx, `s.ended_at IS NULL AND `+cond, `ORDER BY s.id FOR UPDATE OF s`, args...)
}

func insert(tx *db.Tx, s Stead) error {
	err := tx.Exec(`INSERT INTO deputy (firm_id, id, principal_id, deputy_id, from_at, until_at, reason, named_by, named_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, s.ID, s.Principal, s.Deputy, s.From, s.Until, s.Reason, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "deputy_one_open") {
		return ErrOpen
	}
	if err != nil {
		return fmt.Errorf("insert deputy %s: %w", s.ID, err)
	}
	return nil
}

// end writes the end of one that is locked. It is never before an approval that was
// given under it: two transactions read their clocks before they wait for the row.
func end(tx *db.Tx, s Stead, at time.Time, by ident.PersonID, why Why) (ended time.Time, err error) {
	err = tx.Raw(`UPDATE deputy SET ended_at = greatest(?::timestamptz, used_at), ended_by = ?::uuid, ended_why = ?
		WHERE firm_id = ? AND id = ? AND ended_at IS NULL RETURNING ended_at`,
		at, db.Null(by), why, tx.Scope.Firm, s.ID).Row().Scan(&ended)
	return ended, db.Absent(err, ErrEnded, "end deputy", s.ID)
}

// use takes the one under which the actor stands in for principal at tx.Now, and notes
// it; "" when there is none. Who ends it waits, and this waits for who ends it.
func use(tx *db.Tx, principal ident.PersonID) (id ident.DeputyID, err error) {
	err = tx.Raw(`UPDATE deputy SET used_at = greatest(used_at, ?::timestamptz)
		WHERE firm_id = ? AND principal_id = ? AND deputy_id = ? AND ended_at IS NULL AND from_at <= ? AND until_at > ? RETURNING id`,
		tx.Now, tx.Scope.Firm, principal, tx.Scope.Actor, tx.Now, tx.Now).Scan(&id).Error
	if err != nil {
		return "", fmt.Errorf("take deputy of person %s: %w", principal, err)
	}
	return id, nil
}

// persons are the firm's own people among the ids, by name.
func persons(tx *db.Tx, ids []ident.PersonID) (list []Person, err error) {
	err = tx.Raw(`SELECT p.id, p.name FROM acquaintance p WHERE NOT p.staff AND p.id = ANY (?::uuid[]) ORDER BY p.name, p.id`, db.Array(ids)).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("name people of firm %s: %w", tx.Scope.Firm, err)
	}
	return list, nil
}

// zoneOf is the firm's time zone.
func zoneOf(tx *db.Tx) (*time.Location, error) {
	var name string
	if err := tx.Raw(`SELECT tz FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&name); err != nil {
		return nil, fmt.Errorf("read the time zone of firm %s: %w", tx.Scope.Firm, err)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load the time zone of firm %s: %w", tx.Scope.Firm, err)
	}
	return zone, nil
}
