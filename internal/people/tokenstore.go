package people

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// roomForToken locks the firm's tokens and counts them.
func roomForToken(tx *db.Tx) error {
	if err := tx.Lock("token:" + string(tx.Scope.Firm)); err != nil {
		return err
	}
	var n int
	err := tx.Raw(`SELECT count(*) FROM api_token WHERE firm_id = ? AND ended_at IS NULL AND expires_at > ?`, tx.Scope.Firm, tx.Now).Row().Scan(&n)
	if err != nil {
		return fmt.Errorf("count tokens of firm %s: %w", tx.Scope.Firm, err)
	}
	if n >= tokenMost {
		return ErrTokenMost
	}
	return nil
}

func insertToken(tx *db.Tx, t Token, hash string) error {
	err := tx.Exec(`INSERT INTO api_token (firm_id, id, person_id, name, token_hash, permissions, class, networks, expires_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?::text[], ?, ?::text[], ?, ?)`,
		tx.Scope.Firm, t.ID, tx.Scope.Actor, t.Name, hash, db.Array(t.Permissions), t.Class, db.Array(t.Networks), t.Expires, tx.Now).Error
	return wrap(err, "insert token", t.ID)
}

func tokens(tx *db.Tx) (list []Token, err error) {
	rows, err := tx.Raw(`SELECT t.id, t.name, p.name, t.permissions, t.class, t.networks, t.created_at, t.expires_at, t.last_used_at, t.ended_at
		FROM api_token t JOIN person p ON p.id = t.person_id WHERE t.firm_id = ? ORDER BY t.created_at DESC, t.id`, tx.Scope.Firm).Rows()
	if err != nil {
		return nil, fmt.Errorf("list tokens of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		var t Token
		var permissions, networks db.Strings
		if err := rows.Scan(&t.ID, &t.Name, &t.By, &permissions, &t.Class, &networks, &t.Created, &t.Expires, &t.LastUsed, &t.Ended); err != nil {
			return nil, fmt.Errorf("read token: %w", err)
		}
		t.Networks = networks
		for _, p := range permissions {
			t.Permissions = append(t.Permissions, rbac.Permission(p))
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

// held is what a token that was sent is looked up for.
type held struct {
	id       ident.TokenID
	person   ident.PersonID
	networks db.Strings
	used     *time.Time
}

// tokenByHash finds a live token, the zero one when there is none.
func tokenByHash(tx *db.Tx, hash string) (h held, err error) {
	err = tx.Raw(`SELECT id, person_id, networks, last_used_at FROM api_token WHERE firm_id = ? AND token_hash = ? AND ended_at IS NULL AND expires_at > ?`,
		tx.Scope.Firm, hash, tx.Now).Row().Scan(&h.id, &h.person, &h.networks, &h.used)
	if errors.Is(err, sql.ErrNoRows) {
		return held{}, nil
	}
	if err != nil {
		return h, fmt.Errorf("look for a token: %w", err)
	}
	return h, nil
}
