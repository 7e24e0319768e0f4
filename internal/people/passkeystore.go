package people

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// purpose is what a challenge is for. An answer serves no other.
type purpose string

const (
	toAdd   purpose = "add"
	toEnter purpose = "enter" // without a password: whoever answers says who they are
	toShow  purpose = "show"  // beside the password, or again
)

func passkeysOf(tx *db.Tx, who ident.PersonID) (list []Passkey, err error) {
	err = tx.Raw(`SELECT id, name, synced, created_at AS created, used_at AS used, stopped_at AS stopped FROM passkey WHERE person_id = ? ORDER BY created_at, id`, who).Scan(&list).Error
	return list, wrap(err, "list the passkeys of person", who)
}

// keyring is a person with their keys, as the library compares them. Stopped ones
// are left out unless all are asked for.
func keyring(tx *db.Tx, p Person, all bool) (k keyholder, err error) {
	k.person = p
	rows, err := tx.Raw(`SELECT credential_id, public_key, transports, synced, sign_count FROM passkey
		WHERE person_id = ? AND (? OR stopped_at IS NULL) ORDER BY created_at, id`, p.ID, all).Rows()
	if err != nil {
		return k, fmt.Errorf("read the passkeys of person %s: %w", p.ID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var c webauthn.Credential
		var ways db.Strings
		if err := rows.Scan(&c.ID, &c.PublicKey, &ways, &c.Flags.BackupEligible, &c.Authenticator.SignCount); err != nil {
			return k, fmt.Errorf("read a passkey: %w", err)
		}
		for _, w := range ways {
			c.Transport = append(c.Transport, protocol.AuthenticatorTransport(w))
		}
		k.keys = append(k.keys, c)
	}
	return k, rows.Err()
}

// insertPasskey keeps a new key; false when somebody has it already.
func insertPasskey(tx *db.Tx, who ident.PersonID, id ident.PasskeyID, name string, c *webauthn.Credential) (bool, error) {
	ways := make([]string, len(c.Transport))
	for i, w := range c.Transport {
		ways[i] = string(w)
	}
	res := tx.Exec(`INSERT INTO passkey (person_id, id, name, credential_id, public_key, transports, synced, sign_count, created_at)
		VALUES (?, ?, ?, ?, ?, ?::text[], ?, ?, ?) ON CONFLICT (credential_id) DO NOTHING`,
		who, id, name, c.ID, c.PublicKey, db.Array(ways), c.Flags.BackupEligible, c.Authenticator.SignCount, tx.Now)
	return res.RowsAffected == 1, wrap(res.Error, "keep a passkey of person", who)
}

// usePasskey notes that a key has signed, and how often.
func usePasskey(tx *db.Tx, who ident.PersonID, c *webauthn.Credential) error {
	err := tx.Exec(`UPDATE passkey SET sign_count = ?, used_at = ? WHERE person_id = ? AND credential_id = ?`, c.Authenticator.SignCount, tx.Now, who, c.ID).Error
	return wrap(err, "note the use of a passkey of person", who)
}

// passkeyBy finds whose key it is and whether it still serves; the zero ids when it is nobody's.
func passkeyBy(tx *db.Tx, credential []byte) (who ident.PersonID, id ident.PasskeyID, stopped bool, err error) {
	err = tx.Raw(`SELECT person_id, id, stopped_at IS NOT NULL FROM passkey WHERE credential_id = ?`, credential).Row().Scan(&who, &id, &stopped)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", "", false, fmt.Errorf("look for a passkey: %w", err)
	}
	return who, id, stopped, nil
}

// keepChallenge stores what an answer will be compared with. who is "" to enter.
func keepChallenge(tx *db.Tx, what purpose, who ident.PersonID, holder string, state *webauthn.SessionData) error {
	b, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("write a challenge: %w", err)
	}
	err = tx.Exec(`INSERT INTO passkey_challenge (hash, purpose, person_id, holder, state, expires_at) VALUES (?, ?, ?::uuid, ?, ?, ?)`,
		hashOf(state.Challenge), what, db.Null(who), hashOf(holder), string(b), tx.Now.Add(pendingTime)).Error
	if err != nil {
		return fmt.Errorf("keep a challenge: %w", err)
	}
	return nil
}

// takeChallenge uses up the challenge that an answer names: it serves once, to the
// browser's session, the person and the purpose that it was made for. found is false
// for any other.
func takeChallenge(tx *db.Tx, what purpose, who ident.PersonID, holder, answer string) (state webauthn.SessionData, found bool, err error) {
	var text string
	err = tx.Raw(`DELETE FROM passkey_challenge WHERE hash = ? AND purpose = ? AND person_id IS NOT DISTINCT FROM ?::uuid AND holder = ? RETURNING CASE WHEN expires_at > ? THEN state ELSE '' END`,
		hashOf(challengeOf(answer)), what, db.Null(who), hashOf(holder), tx.Now).Row().Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || err == nil && text == "" {
		return state, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &state)
	}
	if err != nil {
		return state, false, fmt.Errorf("take a challenge: %w", err)
	}
	return state, true, nil
}
