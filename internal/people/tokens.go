package people

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// Tokens lists the firm's tokens, the newest first.
func (s *Service) Tokens(ctx context.Context) (list []Token, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TokenRead); err != nil {
			return err
		}
		list, err = tokens(tx)
		return err
	})
	return list, err
}

// TokenChoices are the permissions that the person of ctx can put into a token.
func (s *Service) TokenChoices(ctx context.Context) (choices []rbac.Permission, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TokenCreate); err != nil {
			return err
		}
		may, err := s.guard.May(tx, rbac.All()...)
		for _, p := range rbac.All() {
			if may[p] && rbac.ForToken(p) {
				choices = append(choices, p)
			}
		}
		return err
	})
	return choices, err
}

// CreateToken makes a token for the person of ctx. Its text is returned this once.
func (s *Service) CreateToken(ctx context.Context, d TokenDraft) (t Token, text seal.Secret, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TokenCreate); err != nil {
			return err
		}
		may, err := s.guard.May(tx, rbac.All()...)
		if err != nil {
			return err
		}
		if err := d.validate(func(p rbac.Permission) bool { return may[p] }); err != nil {
			return err
		}
		if err := roomForToken(tx); err != nil {
			return err
		}
		if text, err = newToken(tx.Scope.Firm); err != nil {
			return fmt.Errorf("make a token: %w", err)
		}
		t = Token{ID: ident.New[ident.TokenID](tx.Now), Name: d.Name, Permissions: d.Permissions, Class: d.Class, Networks: d.Networks,
			Created: tx.Now, Expires: tx.Now.Add(time.Duration(d.Days) * 24 * time.Hour)}
		if err := insertToken(tx, t, hashOf(text.Reveal())); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "token.created", Object: "token", ID: string(t.ID), Class: audit.C1, Permission: string(rbac.TokenCreate),
			Detail: map[string]any{"permissions": len(t.Permissions), "class": int(t.Class), "expires": t.Expires.UTC()}, After: t})
	})
	return t, text, err
}

// EndToken ends one at once, whoever made it.
func (s *Service) EndToken(ctx context.Context, id ident.TokenID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.TokenEnd); err != nil {
			return err
		}
		var ended *time.Time
		err := tx.Raw(`SELECT ended_at FROM api_token WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Row().Scan(&ended)
		if err := wrap(err, "load token", id); err != nil {
			return err
		}
		if ended != nil {
			return ErrTokenEnded
		}
		err = tx.Exec(`UPDATE api_token SET ended_at = ?, ended_by = ? WHERE firm_id = ? AND id = ?`, tx.Now, tx.Scope.Actor, tx.Scope.Firm, id).Error
		if err != nil {
			return fmt.Errorf("end token %s: %w", id, err)
		}
		return audit.Record(tx, audit.Entry{Action: "token.ended", Object: "token", ID: string(id), Class: audit.C1, Permission: string(rbac.TokenEnd)})
	})
}

// OpenToken is who acts with a token and in which firm; ErrToken unless it lives,
// comes from a network of its list, and whoever made it still may do all that it
// carries. The guard looks again in each act's own transaction.
func (s *Service) OpenToken(ctx context.Context, text string, from netip.Addr) (sc scope.Scope, err error) {
	firm, ok := firmOfToken(text)
	if !ok {
		return sc, ErrToken
	}
	err = s.db.InFirm(scope.ForMachine(ctx, "access", firm), func(tx *db.Tx) error {
		h, err := tokenByHash(tx, hashOf(text))
		if err != nil {
			return err
		}
		if h.id == "" || !within(h.networks, from) {
			return ErrToken
		}
		sc = scope.Scope{Firm: firm, Actor: h.person, Token: h.id, RequestID: scope.RequestID(ctx)}
		alive, err := s.guard.TokenHolds(tx, sc)
		if err != nil {
			return err
		}
		if !alive {
			return ErrToken
		}
		if h.used != nil && tx.Now.Sub(*h.used) < tokenSeen {
			return nil
		}
		return tx.Exec(`UPDATE api_token SET last_used_at = ? WHERE firm_id = ? AND id = ?`, tx.Now, firm, h.id).Error
	})
	return sc, err
}
