package people

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

func personByID(tx *db.Tx, id ident.PersonID) (p Person, err error) {
	err = tx.Raw(`SELECT id, email, name, staff, status FROM person WHERE id = ?`, id).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	return p, wrap(err, "load person", id)
}

func insertPerson(tx *db.Tx, p Person) error {
	err := tx.Exec(`INSERT INTO person (id, email, name, staff, status, created_at) VALUES (?, ?, ?, ?, ?, ?)`, p.ID, p.Email, p.Name, p.Staff, p.Status, tx.Now).Error
	return wrap(err, "insert person", p.ID)
}

// introduce notes under which name the firm of tx invites p, and returns p as the firm
// knows them: until they first use what it gave them nothing of an account that they
// may have elsewhere shows (T24).
func introduce(tx *db.Tx, p Person, name string) (Person, error) {
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

// setPassword keeps a new password's hash and forgets any open link.
func setPassword(tx *db.Tx, who ident.PersonID, hash string) error {
	err := tx.Exec(`INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, ?)
		ON CONFLICT (person_id, kind) DO UPDATE SET secret_hash = excluded.secret_hash, changed_at = excluded.changed_at`, who, hash, tx.Now).Error
	if err == nil {
		err = tx.Exec(`DELETE FROM credential WHERE person_id = ? AND kind IN ('invite', 'reset')`, who).Error
	}
	return wrap(err, "set the password of person", who)
}

// sessionsOf lists live sessions; with a firm, only those that work in it.
func sessionsOf(tx *db.Tx, who ident.PersonID, firm ident.FirmID) (list []Session, err error) {
	err = tx.Raw(`SELECT id, device, network, created_at, seen_at, expires_at, id = ?::uuid AS current FROM session
		WHERE person_id = ? AND (?::uuid IS NULL OR firm_id_now = ?::uuid) AND ended_at IS NULL AND expires_at > ? AND seen_at > ?
		ORDER BY created_at DESC, id DESC`,
		null(tx.Scope.Session), who, null(firm), null(firm), tx.Now, tx.Now.Add(-IdleTime)).Scan(&list).Error
	return list, wrap(err, "list sessions of person", who)
}

// endSessions ends a person's live sessions, with a firm only those that work in
// it, and never the one to keep.
func endSessions(tx *db.Tx, who ident.PersonID, firm ident.FirmID, keep ident.SessionID) (int64, error) {
	res := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE person_id = ? AND ended_at IS NULL
		AND (?::uuid IS NULL OR firm_id_now = ?::uuid) AND id IS DISTINCT FROM ?::uuid`, tx.Now, who, null(firm), null(firm), null(keep))
	return res.RowsAffected, wrap(res.Error, "end sessions of person", who)
}

// endOldest leaves the newest keep sessions of a person.
func endOldest(tx *db.Tx, who ident.PersonID, keep int) error {
	err := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE id IN (SELECT id FROM session WHERE person_id = ? AND ended_at IS NULL
		ORDER BY created_at DESC, id DESC OFFSET ?)`, tx.Now, who, keep).Error
	return wrap(err, "end old sessions of person", who)
}

// null is an id as a parameter, NULL when there is none.
func null[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}

// wrap names what failed; a row that is not there is ErrNotFound.
func wrap[T ~string](err error, what string, id T) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	default:
		return fmt.Errorf("%s %s: %w", what, id, err)
	}
}
