package authz

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// carried is what a token carries; nothing once it has ended.
type carried struct {
	permissions db.Strings
	class       Class
	ended       bool
}

// carriedBy is what the token of tx carries, nil for a session.
func carriedBy(tx *db.Tx, locking string) (*carried, error) {
	if tx.Scope.Token == "" {
		return nil, nil //nolint:nilnil // a session carries everything its person may do
	}
	return token(tx, tx.Scope, locking)
}

// token reads the token of the scope. locking keeps it from ending until the act
// commits. It is read live: its end moves no version.
func token(tx *db.Tx, sc scope.Scope, locking string) (*carried, error) {
	var c carried
	err := tx.Raw(`SELECT permissions, class FROM api_token WHERE firm_id = ? AND id = ? AND person_id = ? AND ended_at IS NULL AND expires_at > ?`+locking,
		sc.Firm, sc.Token, sc.Actor, tx.Now).Row().Scan(&c.permissions, &c.class)
	if errors.Is(err, sql.ErrNoRows) {
		return &carried{ended: true}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read token %s: %w", sc.Token, err)
	}
	return &c, nil
}

// TokenHolds tells whether the token of sc lives and whoever made it still may do
// everything that it carries: losing one right ends the whole token (SECURITY T08).
func (g *Guard) TokenHolds(tx *db.Tx, sc scope.Scope) (bool, error) {
	c, err := token(tx, sc, "")
	if err != nil || c.ended {
		return false, err
	}
	live, err := g.live(tx, sc.Actor)
	if err != nil {
		return false, err
	}
	return g.covers(c, live), nil
}

func (g *Guard) covers(c *carried, live []Grant) bool {
	for _, text := range c.permissions {
		p := rbac.Permission(text)
		if !rbac.ForToken(p) || !slices.ContainsFunc(live, func(grant Grant) bool { return g.gives(&grant, p) }) {
			return false
		}
	}
	return len(c.permissions) > 0
}
