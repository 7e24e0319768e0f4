package people

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// app is a person's authenticator app; the zero value is none.
type app struct {
	id      ident.FactorID
	secret  string
	last    int64
	created time.Time
}

// appOf reads a person's app, confirmed or being set up, and opens its secret. tx
// stands in the bureau's domain, whose key sealed it.
func (s *Service) appOf(tx *db.Tx, who ident.PersonID, confirmed bool) (a app, err error) {
	var sealed []byte
	var version int
	err = tx.Raw(`SELECT id, sealed, key_version, last_step, created_at FROM factor WHERE person_id = ? AND (confirmed_at IS NOT NULL) = ? FOR UPDATE`, who, confirmed).Row().
		Scan(&a.id, &sealed, &version, &a.last, &a.created)
	if errors.Is(err, sql.ErrNoRows) {
		return app{}, nil
	}
	if err != nil {
		return app{}, fmt.Errorf("read the app of person %s: %w", who, err)
	}
	key, err := s.keys.Version(tx, version)
	if err != nil {
		return app{}, err
	}
	plain, err := key.Open(sealed, "factor", string(who), string(a.id))
	if err != nil {
		return app{}, fmt.Errorf("open the app of person %s: %w", who, err)
	}
	a.secret = string(plain)
	return a, nil
}

// keepApp stores a secret that is being set up, in place of an earlier one.
func (s *Service) keepApp(tx *db.Tx, who ident.PersonID, secret string) error {
	if err := tx.Exec(`DELETE FROM factor WHERE person_id = ? AND confirmed_at IS NULL`, who).Error; err != nil {
		return fmt.Errorf("forget the app of person %s: %w", who, err)
	}
	key, version, err := s.keys.Present(tx)
	if err != nil {
		return err
	}
	id := ident.New[ident.FactorID](tx.Now)
	sealed, err := key.Seal([]byte(secret), "factor", string(who), string(id))
	if err != nil {
		return fmt.Errorf("seal the app of person %s: %w", who, err)
	}
	err = tx.Exec(`INSERT INTO factor (person_id, id, kind, sealed, key_version, created_at) VALUES (?, ?, 'totp', ?, ?, ?)`, who, id, sealed, version, tx.Now).Error
	return wrap(err, "keep the app of person", who)
}

// hasFactor tells whether who shows something beside the password. A passkey that was
// stopped counts: what may be a thief's doing must not make the password enough.
func hasFactor(tx *db.Tx, who ident.PersonID) (has bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM factor WHERE person_id = ? AND confirmed_at IS NOT NULL) OR EXISTS (SELECT FROM passkey WHERE person_id = ?)`, who, who).Row().Scan(&has)
	return has, wrap(err, "look for the factors of person", who)
}

func hasApp(tx *db.Tx, who ident.PersonID) (has bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM factor WHERE person_id = ? AND confirmed_at IS NOT NULL)`, who).Row().Scan(&has)
	return has, wrap(err, "look for the app of person", who)
}

// ShownLately is when a factor was last shown in the session of tx; ErrStale unless that was
// within FactorTime.
func ShownLately(tx *db.Tx) (at time.Time, err error) {
	err = tx.Raw(`SELECT factor_at FROM session WHERE id = ?::uuid AND person_id = ? AND ended_at IS NULL AND factor_at >= ?`,
		db.Null(tx.Scope.Session), tx.Scope.Actor, tx.Now.Add(-FactorTime)).Row().Scan(&at)
	return at, db.Absent(err, ErrStale, "look at session", tx.Scope.Session)
}

// useStep notes that the code of a step has served.
func useStep(tx *db.Tx, who ident.PersonID, id ident.FactorID, step int64) error {
	err := tx.Exec(`UPDATE factor SET last_step = ?, used_at = ? WHERE person_id = ? AND id = ?`, step, tx.Now, who, id).Error
	return wrap(err, "note the use of the app of person", who)
}

// useRecovery uses up a recovery code; false when there is no such unused one.
func useRecovery(tx *db.Tx, who ident.PersonID, code string) (bool, error) {
	res := tx.Exec(`UPDATE recovery_code SET used_at = ? WHERE person_id = ? AND code_hash = ? AND used_at IS NULL`, tx.Now, who, hashOf(code))
	return res.RowsAffected == 1, wrap(res.Error, "use a recovery code of person", who)
}

// freshRecovery replaces a person's recovery codes.
func freshRecovery(tx *db.Tx, who ident.PersonID) (codes []string, err error) {
	if err := tx.Exec(`DELETE FROM recovery_code WHERE person_id = ?`, who).Error; err != nil {
		return nil, fmt.Errorf("forget the recovery codes of person %s: %w", who, err)
	}
	for range recoveryCodes {
		code, err := newRecoveryCode()
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
		err = tx.Exec(`INSERT INTO recovery_code (person_id, code_hash, created_at) VALUES (?, ?, ?)`, who, hashOf(typed(code)), tx.Now).Error
		if err != nil {
			return nil, fmt.Errorf("keep a recovery code of person %s: %w", who, err)
		}
	}
	return codes, nil
}

// countTry counts a try before it is judged and says how many are left of the
// challenge. Tries of one person wait for each other, so that none slips past.
func countTry(tx *db.Tx, who ident.PersonID, challenge string) (id string, left int, err error) {
	if err := tx.Lock("factor " + string(who)); err != nil {
		return "", 0, err
	}
	var here, hour int
	var oldest *time.Time
	err = tx.Raw(`SELECT count(*) FILTER (WHERE challenge = ?), count(*), min(tried_at) FROM factor_try WHERE person_id = ? AND tried_at > ?`,
		challenge, who, tx.Now.Add(-time.Hour)).Row().Scan(&here, &hour, &oldest)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("count the tries of person %s: %w", who, err)
	case here >= perChallenge:
		return "", 0, ErrChallenge
	case hour >= perHour:
		return "", 0, &ThrottledError{After: oldest.Add(time.Hour).Sub(tx.Now), codes: oldest.Add(time.Hour)}
	}
	id = ident.New[string](tx.Now)
	err = tx.Exec(`INSERT INTO factor_try (id, person_id, challenge, tried_at) VALUES (?, ?, ?, ?)`, id, who, challenge, tx.Now).Error
	return id, perChallenge - here - 1, wrap(err, "count a try of person", who)
}
