package people

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

func ByID(tx *db.Tx, id ident.PersonID) (p Person, err error) {
	err = tx.Raw(`SELECT id, email, name, staff, status FROM person WHERE id = ?`, id).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	return p, wrap(err, "load person", id)
}

// ByAddress is the person of an address; nobody, the zero value, is not an error here.
func ByAddress(tx *db.Tx, email string) (p Person, err error) {
	err = tx.Raw(`SELECT id, email, name, staff, status FROM person WHERE email = ?`, email).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("look for a person by address: %w", err)
	}
	return p, nil
}

func Insert(tx *db.Tx, p Person) error {
	err := tx.Exec(`INSERT INTO person (id, email, name, staff, status, created_at) VALUES (?, ?, ?, ?, ?, ?)`, p.ID, p.Email, p.Name, p.Staff, p.Status, tx.Now).Error
	return wrap(err, "insert person", p.ID)
}

// Introduce notes under which name the firm of tx invites p, and returns p as the firm
// knows them: until they first use what it gave them nothing of an account that they
// may have elsewhere shows (T24).
func Introduce(tx *db.Tx, p Person, name string) (Person, error) {
	err := tx.Exec(`INSERT INTO invitee (firm_id, person_id, name, created_at) SELECT ?, ?, ?, ?
		WHERE NOT EXISTS (SELECT FROM access_grant g WHERE g.firm_id = ? AND g.person_id = ? AND g.last_used_on IS NOT NULL) ON CONFLICT DO NOTHING`,
		tx.Scope.Firm, p.ID, name, tx.Now, tx.Scope.Firm, p.ID).Error
	if err != nil {
		return p, fmt.Errorf("introduce person %s: %w", p.ID, err)
	}
	err = tx.Raw(`SELECT id, email, name, staff, status FROM acquaintance WHERE id = ?`, p.ID).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	return p, wrap(err, "load person", p.ID)
}

// awaited tells whether the firm of tx has invited who and they have not come yet.
func awaited(tx *db.Tx, who ident.PersonID) (awaited bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM invitee WHERE firm_id = ? AND person_id = ?)`, tx.Scope.Firm, who).Row().Scan(&awaited)
	return awaited, wrap(err, "look whether they have come, person", who)
}

// wrap names what failed; a row that is not there is ErrNotFound.
func wrap[T ~string](err error, what string, id T) error {
	return db.Absent(err, ErrNotFound, what, id)
}

// OfFirm is a person who has or had a grant in the firm; in the bureau's
// domain, any of its people.
func OfFirm(tx *db.Tx, who ident.PersonID) (p Person, err error) {
	err = tx.Raw(`SELECT p.id, p.email, p.name, p.staff, p.status FROM acquaintance p WHERE p.id = ?
		AND (EXISTS (SELECT FROM access_grant g WHERE g.firm_id = ? AND g.person_id = p.id)
			OR (p.staff AND EXISTS (SELECT FROM firm f WHERE f.firm_id = ? AND f.kind = 'bureau')))`,
		who, tx.Scope.Firm, tx.Scope.Firm).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	return p, wrap(err, "load person", who)
}

// Grantable is a person to whom the firm may give something: one of its own, or
// one of the bureau's people. Anyone else does not exist here; invite them.
func Grantable(tx *db.Tx, who ident.PersonID) (p Person, err error) {
	err = tx.Raw(`SELECT p.id, p.email, p.name, p.staff, p.status FROM acquaintance p WHERE p.id = ?
		AND (p.staff OR EXISTS (SELECT FROM access_grant g WHERE g.firm_id = ? AND g.person_id = p.id))`,
		who, tx.Scope.Firm).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	if err := wrap(err, "load person", who); err != nil {
		return p, err
	}
	if p.Status == "disabled" {
		return p, ErrPersonGone
	}
	return p, nil
}

// Administrators lists who holds the role in the firm of tx now and can sign in.
func Administrators(tx *db.Tx, role rbac.Role) (who []ident.PersonID, err error) {
	err = tx.Raw(`SELECT DISTINCT g.person_id FROM access_grant g JOIN acquaintance p ON p.id = g.person_id
		WHERE g.firm_id = ? AND g.role = ? AND p.status = 'active' AND g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?)`,
		tx.Scope.Firm, role, tx.Now, tx.Now).Scan(&who).Error
	return who, wrap(err, "list the administrators of firm", tx.Scope.Firm)
}

// FirmsOf lists the firms in which who holds a live grant, the bureau among them, also
// where an undertaking that they owe keeps it from giving anything: they have not left.
func FirmsOf(tx *db.Tx, who ident.PersonID) (firms []ident.FirmID, err error) {
	err = tx.Raw(`SELECT firm_id FROM auth.person_firms(?::uuid, ?) UNION SELECT firm_id FROM auth.person_waiting(?::uuid, ?) WHERE begun ORDER BY 1`, who, tx.Now, who, tx.Now).Scan(&firms).Error
	if err != nil {
		return nil, fmt.Errorf("list firms of person %s: %w", who, err)
	}
	return firms, nil
}
