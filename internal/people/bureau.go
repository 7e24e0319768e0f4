package people

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// bureau opens transactions in the bureau's own domain. What belongs to a person
// and not to a firm is done there: signing in, sessions, passwords; its leaves
// stand in the bureau's tree.
type bureau struct {
	db *db.DB
	id atomic.Pointer[ident.FirmID] // it never changes once it is there
}

// find returns the bureau's id, ErrNotSetUp before `admin bootstrap`.
func (b *bureau) find(ctx context.Context) (ident.FirmID, error) {
	if id := b.id.Load(); id != nil {
		return *id, nil
	}
	var id *ident.FirmID
	err := b.db.InBureau(scope.ForMachine(ctx, "access", ""), nil, func(tx *db.Tx) error {
		return tx.Raw("SELECT auth.bureau()").Row().Scan(&id)
	})
	if err != nil {
		return "", fmt.Errorf("find the bureau: %w", err)
	}
	if id == nil {
		return "", ErrNotSetUp
	}
	b.id.Store(id)
	return *id, nil
}

// scopeOf is a person acting about themselves before their session is known.
func scopeOf(who ident.PersonID) scope.Scope { return scope.Scope{Actor: who} }

// asMachine runs fn in the bureau's domain for someone who has not signed in.
func (b *bureau) asMachine(ctx context.Context, fn func(tx *db.Tx) error) error {
	return b.as(ctx, scope.Scope{Machine: "access"}, fn)
}

// as runs fn in the bureau's domain with who acting, keeping the request's id.
func (b *bureau) as(ctx context.Context, who scope.Scope, fn func(tx *db.Tx) error) error {
	id, err := b.find(ctx)
	if err != nil {
		return err
	}
	who.Firm = id
	if who.RequestID == "" {
		who.RequestID = scope.RequestID(ctx)
	}
	return b.db.InFirm(scope.With(ctx, who), fn)
}

// asSelf runs fn in the bureau's domain with the person of ctx acting about themselves.
func (b *bureau) asSelf(ctx context.Context, fn func(tx *db.Tx) error) error {
	who, err := scope.From(ctx)
	if err != nil {
		return err
	}
	if who.Actor == "" {
		return scope.ErrNone
	}
	return b.as(ctx, who, fn)
}
