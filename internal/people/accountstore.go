package people

import (
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// setPassword keeps a new password's hash and forgets any open link.
func setPassword(tx *db.Tx, who ident.PersonID, hash string) error {
	err := tx.Exec(`INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, ?)
		ON CONFLICT (person_id, kind) DO UPDATE SET secret_hash = excluded.secret_hash, changed_at = excluded.changed_at`, who, hash, tx.Now).Error
	if err == nil {
		err = tx.Exec(`DELETE FROM credential WHERE person_id = ? AND kind = 'invite'`, who).Error
	}
	if err == nil {
		err = tx.Exec(`DELETE FROM reset_link WHERE person_id = ?`, who).Error
	}
	return wrap(err, "set the password of person", who)
}

// sessionsOf lists live sessions; with a firm, only those that work in it.
func sessionsOf(tx *db.Tx, who ident.PersonID, firm ident.FirmID) (list []Session, err error) {
	err = tx.Raw(`SELECT id, device, network, created_at, seen_at, expires_at, id = ?::uuid AS current FROM session
		WHERE person_id = ? AND (?::uuid IS NULL OR firm_id_now = ?::uuid) AND ended_at IS NULL AND expires_at > ? AND seen_at > ?
		ORDER BY created_at DESC, id DESC`,
		db.Null(tx.Scope.Session), who, db.Null(firm), db.Null(firm), tx.Now, tx.Now.Add(-IdleTime)).Scan(&list).Error
	return list, wrap(err, "list sessions of person", who)
}

// EndSessions ends a person's live sessions, with a firm only those that work in
// it, and never the one to keep.
func EndSessions(tx *db.Tx, who ident.PersonID, firm ident.FirmID, keep ident.SessionID) (int64, error) {
	res := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE person_id = ? AND ended_at IS NULL
		AND (?::uuid IS NULL OR firm_id_now = ?::uuid) AND id IS DISTINCT FROM ?::uuid`, tx.Now, who, db.Null(firm), db.Null(firm), db.Null(keep))
	return res.RowsAffected, wrap(res.Error, "end sessions of person", who)
}

// endOldest leaves the newest keep sessions of a person.
func endOldest(tx *db.Tx, who ident.PersonID, keep int) error {
	err := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE id IN (SELECT id FROM session WHERE person_id = ? AND ended_at IS NULL
		ORDER BY created_at DESC, id DESC OFFSET ?)`, tx.Now, who, keep).Error
	return wrap(err, "end old sessions of person", who)
}
