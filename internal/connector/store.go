package connector

import (
	"encoding/hex"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// load is the connector of a receiver with its sealed secret; lock ends the statement.
func load(tx *db.Tx, id ident.PortalID, lock string) (Connector, []byte, error) {
	var list []struct {
		Connector `gorm:"embedded"`
		Sealed    []byte
	}
	err := tx.Raw(`SELECT c.portal_id AS portal, c.way, c.host, c.port, c.folder, c.host_key, c.url, c.method, c.ca, c.user_name AS "user", c.auth, c.tried_at, c.tried,
			p.name AS changed_by, c.changed_at, c.version, c.secret AS sealed
		FROM connector c JOIN person p ON p.id = c.changed_by WHERE c.firm_id = ? AND c.portal_id = ?`+lock, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return Connector{}, nil, fmt.Errorf("load connector %s: %w", id, err)
	}
	if len(list) != 1 {
		return Connector{}, nil, ErrNotFound
	}
	return list[0].Connector, list[0].Sealed, nil
}

// store keeps a fresh connector, or the change of one that is locked. What the last try
// found is of the connector as it was.
func store(tx *db.Tx, c Connector, sealed []byte, fresh bool) error {
	secret := hex.EncodeToString(sealed)
	if fresh {
		err := tx.Exec(`INSERT INTO connector (firm_id, portal_id, way, host, port, folder, host_key, url, method, ca, user_name, auth, secret, changed_by, changed_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, decode(?, 'hex'), ?, ?)`,
			tx.Scope.Firm, c.Portal, c.Way, c.Host, c.Port, c.Folder, c.HostKey, c.URL, c.Method, c.CA, c.User, c.Auth, secret, tx.Scope.Actor, tx.Now).Error
		switch {
		case db.Violates(err, "connector_pkey"):
			return ErrStale
		case err != nil:
			return fmt.Errorf("insert connector %s: %w", c.Portal, err)
		}
		return nil
	}
	res := tx.Exec(`UPDATE connector SET way = ?, host = ?, port = ?, folder = ?, host_key = ?, url = ?, method = ?, ca = ?, user_name = ?, auth = ?, secret = decode(?, 'hex'),
			tried_at = NULL, tried = '', changed_by = ?, changed_at = ?, version = version + 1
		WHERE firm_id = ? AND portal_id = ? AND version = ?`,
		c.Way, c.Host, c.Port, c.Folder, c.HostKey, c.URL, c.Method, c.CA, c.User, c.Auth, secret, tx.Scope.Actor, tx.Now, tx.Scope.Firm, c.Portal, c.Version)
	if res.Error != nil {
		return fmt.Errorf("save connector %s: %w", c.Portal, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrStale
	}
	return nil
}

func tried(tx *db.Tx, id ident.PortalID, found string, version int) error {
	err := tx.Exec(`UPDATE connector SET tried_at = ?, tried = ? WHERE firm_id = ? AND portal_id = ? AND version = ?`, tx.Now, found, tx.Scope.Firm, id, version).Error
	if err != nil {
		return fmt.Errorf("note a try of connector %s: %w", id, err)
	}
	return nil
}

func remove(tx *db.Tx, id ident.PortalID) error {
	if err := tx.Exec(`DELETE FROM connector WHERE firm_id = ? AND portal_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("remove connector %s: %w", id, err)
	}
	return nil
}
