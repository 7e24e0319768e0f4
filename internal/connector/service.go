package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with connectors, and what carries by them.
type Service struct {
	db      *db.DB
	guard   *authz.Guard
	keys    *blob.Keys
	carrier *carry.Carrier
}

// New makes the service; keys seals what opens servers.
func New(d *db.DB, guard *authz.Guard, keys *blob.Keys, carrier *carry.Carrier) *Service {
	if d == nil || guard == nil || keys == nil || carrier == nil {
		panic("connector: a part of the service is missing")
	}
	return &Service{d, guard, keys, carrier}
}

// Get is how a receiver is reached, ErrNotFound where nobody said so yet. It needs
// portal.read.
func (s *Service) Get(ctx context.Context, id ident.PortalID) (c Connector, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PortalRead); err != nil {
			return err
		}
		c, _, err = load(tx, id, "")
		return err
	})
	return c, err
}

// Save says how a receiver is reached: the first time with version 0, then in the place of
// the one whose version is d.Version. It is for who sees the whole firm and needs
// connector.edit, which asks for the factor again: privileged texts go where this says.
func (s *Service) Save(ctx context.Context, d Draft) (c Connector, err error) {
	d.clean()
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := s.may(tx, d.Portal); err != nil {
			return err
		}
		before, sealed, err := load(tx, d.Portal, " FOR UPDATE OF c")
		fresh := errors.Is(err, ErrNotFound)
		if err != nil && !fresh {
			return err
		}
		if before.Version != d.Version {
			return ErrStale
		}
		if err := d.validate(s.carrier, fresh || !before.sameDoor(&d.Connector)); err != nil {
			return err
		}
		if d.Secret != "" {
			if sealed, err = s.keys.Seal(tx, []byte(d.Secret.Reveal()), "connector", string(d.Portal)); err != nil {
				return fmt.Errorf("seal the secret of connector %s: %w", d.Portal, err)
			}
		}
		if err := store(tx, d.Connector, sealed, fresh); err != nil {
			return err
		}
		if c, _, err = load(tx, d.Portal, ""); err != nil {
			return err
		}
		action := "connector.changed"
		if fresh {
			action = "connector.created"
		}
		return record(tx, action, d.Portal, before, c, map[string]any{"way": c.Way, "auth": c.Auth, "secret_renewed": d.Secret != ""})
	})
	return c, err
}

// Remove forgets how a receiver is reached, and what opened it; ErrInUse while files go
// that way.
func (s *Service) Remove(ctx context.Context, id ident.PortalID, version int) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := s.may(tx, id); err != nil {
			return err
		}
		c, _, err := load(tx, id, " FOR UPDATE OF c")
		if err != nil {
			return err
		}
		if c.Version != version {
			return ErrStale
		}
		p, err := portal.ByID(tx, id)
		if err != nil {
			return err
		}
		if p.Route == portal.RouteConnector {
			return ErrInUse
		}
		if err := remove(tx, id); err != nil {
			return err
		}
		return record(tx, "connector.removed", id, c, nil, map[string]any{"way": c.Way})
	})
}

// Try connects to the receiver's server and looks at the place, without writing anything
// there, and keeps what it found. ErrTries within ten seconds of the last.
func (s *Service) Try(ctx context.Context, id ident.PortalID) (c Connector, err error) {
	var t carry.Target
	var version int
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := s.may(tx, id); err != nil {
			return err
		}
		before, sealed, err := load(tx, id, " FOR UPDATE OF c")
		if err != nil {
			return err
		}
		if before.TriedAt != nil && tx.Now.Sub(*before.TriedAt) < pause {
			return ErrTries
		}
		if t, err = s.opened(tx, before, sealed); err != nil {
			return err
		}
		version = before.Version
		// It counts as tried from now on, so that one call at a time goes out.
		return tried(tx, id, string(carry.CutShort), before.Version)
	})
	if err != nil {
		return c, err
	}
	found := outcome(s.carrier.Try(ctx, t))
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		if err := s.may(tx, id); err != nil {
			return err
		}
		if c, _, err = load(tx, id, " FOR UPDATE OF c"); err != nil {
			return err
		}
		if c.Version != version {
			return ErrStale
		}
		if err := tried(tx, id, found, version); err != nil {
			return err
		}
		c.Tried, c.TriedAt = found, &tx.Now
		return record(tx, "connector.tried", id, nil, nil, map[string]any{"way": c.Way, "outcome": found})
	})
	return c, err
}

func outcome(err error) string {
	var e *carry.Error
	switch {
	case err == nil:
		return Works
	case errors.As(err, &e):
		return string(e.Cause)
	}
	return string(carry.Unreachable)
}

// may lets in who may edit connectors and sees the whole firm, to a receiver that is there.
func (s *Service) may(tx *db.Tx, id ident.PortalID) error {
	a, err := s.guard.Require(tx, rbac.ConnectorEdit)
	if err != nil {
		return err
	}
	if _, err := portal.ByID(tx, id); err != nil {
		return err
	}
	if !a.WholeFirm() {
		return authz.ErrForbidden.With("your grant covers some matters only; receivers need one over the whole firm")
	}
	return nil
}

// Open is where files for a receiver go now, with what opens it, for who has been let in.
func (s *Service) Open(tx *db.Tx, id ident.PortalID) (carry.Target, error) {
	c, sealed, err := load(tx, id, "")
	if err != nil {
		return carry.Target{}, err
	}
	return s.opened(tx, c, sealed)
}

func (s *Service) opened(tx *db.Tx, c Connector, sealed []byte) (carry.Target, error) {
	plain, err := s.keys.Open(tx, sealed, "connector", string(c.Portal))
	if err != nil {
		return carry.Target{}, fmt.Errorf("open the secret of connector %s: %w", c.Portal, err)
	}
	return c.target(seal.Secret(plain)), nil
}

// Send carries a file; see carry.Carrier.
func (s *Service) Send(ctx context.Context, t carry.Target, f carry.File) (carry.Receipt, error) {
	return s.carrier.Send(ctx, t, f)
}

func record(tx *db.Tx, action string, id ident.PortalID, before, after any, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "connector", ID: string(id), Class: audit.C1, Permission: string(rbac.ConnectorEdit), Before: before, After: after, Detail: detail})
}
