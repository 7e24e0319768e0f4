// Package bureau is the provider's own domain, and the steps between it and a firm that
// one transaction takes. What belongs to a person and not to a firm is done there:
// signing in, sessions, passwords. It decides nothing: whoever takes a step has passed
// the check where they stand.
package bureau

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrNotSetUp = fault.New(fault.Unavailable, "bureau_missing", "the bureau is not set up yet; run `docketry admin bootstrap`")
)

// Home opens transactions in the bureau's own domain; their leaves stand in the
// bureau's tree.
type Home struct {
	db *db.DB
	id atomic.Pointer[ident.FirmID] // it never changes once it is there
}

// New returns the bureau's domain in d.
func New(d *db.DB) *Home { return &Home{db: d} }

// ID returns the bureau's id, ErrNotSetUp before `admin bootstrap`.
func (h *Home) ID(ctx context.Context) (ident.FirmID, error) {
	if id := h.id.Load(); id != nil {
		return *id, nil
	}
	var id *ident.FirmID
	err := h.db.InBureau(scope.ForMachine(ctx, "access", ""), nil, func(tx *db.Tx) error {
		return tx.Raw("SELECT auth.bureau()").Row().Scan(&id)
	})
	if err != nil {
		return "", fmt.Errorf("find the bureau: %w", err)
	}
	if id == nil {
		return "", ErrNotSetUp
	}
	h.id.Store(id)
	return *id, nil
}

// Acting is a person acting about themselves before their session is known.
func Acting(who ident.PersonID) scope.Scope { return scope.Scope{Actor: who} }

// AsMachine runs fn in the bureau's domain for someone who has not signed in.
func (h *Home) AsMachine(ctx context.Context, fn func(tx *db.Tx) error) error {
	return h.As(ctx, scope.Scope{Machine: "access"}, fn)
}

// As runs fn in the bureau's domain with who acting, keeping the request's id.
func (h *Home) As(ctx context.Context, who scope.Scope, fn func(tx *db.Tx) error) error {
	id, err := h.ID(ctx)
	if err != nil {
		return err
	}
	who.Firm = id
	if who.RequestID == "" {
		who.RequestID = scope.RequestID(ctx)
	}
	return h.db.InFirm(scope.With(ctx, who), fn)
}

// AsSelf runs fn in the bureau's domain with the person of ctx acting about themselves.
func (h *Home) AsSelf(ctx context.Context, fn func(tx *db.Tx) error) error {
	who, err := scope.From(ctx)
	if err != nil {
		return err
	}
	if who.Actor == "" {
		return scope.ErrNone
	}
	return h.As(ctx, who, fn)
}

// Bound is the firm that whoever acts in tx is bound to: an administrator sees and ends
// their own firm's sessions, the bureau's all of the bureau's people, and is bound to none.
func (h *Home) Bound(tx *db.Tx) ident.FirmID {
	if home, err := h.ID(tx.Context()); err == nil && home == tx.Scope.Firm {
		return ""
	}
	return tx.Scope.Firm
}

// Inside runs fn in another firm's domain, in the same transaction, for an
// administrator of the bureau who has passed the bureau's own check.
func Inside(tx *db.Tx, firm ident.FirmID, fn func() error) error {
	home := tx.Scope.Firm
	if err := tx.Enter(firm); err != nil {
		return err
	}
	var found bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM firm WHERE firm_id = ? AND kind = 'firm' AND status = 'active')`, firm).Row().Scan(&found)
	if err != nil {
		return fmt.Errorf("look for firm %s: %w", firm, err)
	}
	if !found {
		return ErrNotFound
	}
	return errors.Join(fn(), tx.Enter(home))
}

// AtHome runs fn in the bureau's own domain, in the same transaction, for somebody who
// has passed the check where they stand.
func (h *Home) AtHome(tx *db.Tx, fn func() error) error {
	firm := tx.Scope.Firm
	home, err := h.ID(tx.Context())
	if err != nil {
		return err
	}
	if err := tx.Enter(home); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err // the transaction, or its savepoint, goes back to before it
	}
	return tx.Enter(firm)
}
