package conflict

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Sweep looks again at the bureau's people who work for two firms or more, and
// opens a check where more parties stand on opposite sides than anybody has been told
// of. It tells how many it opened, and keeps nothing else: looking twice opens one.
func (s *Service) Sweep(ctx context.Context) (opened int, err error) {
	home, err := s.bureau.ID(ctx)
	if errors.Is(err, bureau.ErrNotSetUp) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = s.db.InSystem(ctx, "conflict.check", func(sys *db.System) error {
		var list []atBoth
		err := sys.Enter(home, func(tx *db.Tx) (err error) {
			list, err = atTwo(tx)
			return err
		})
		if err != nil {
			return err
		}
		seen, err := lookAll(sys, list)
		if err != nil {
			return err
		}
		for _, b := range list {
			if seen[b.pair].Opposite == 0 {
				continue
			}
			err := sys.Enter(home, func(tx *db.Tx) error {
				more, err := openCheck(tx, b, seen[b.pair])
				if more {
					opened++
				}
				return err
			})
			if err != nil {
				return fmt.Errorf("look again at person %s: %w", b.who, err)
			}
		}
		return nil
	})
	return opened, err
}

// lookAll counts for each two firms that somebody works for, under one key, so that
// each firm's names are read once.
func lookAll(sys *db.System, list []atBoth) (map[pair]Check, error) {
	m, err := newMarker()
	if err != nil {
		return nil, err
	}
	defer m.forget()
	of := map[ident.FirmID]sides{}
	seen := map[pair]Check{}
	for _, b := range list {
		if _, ok := seen[b.pair]; ok {
			continue
		}
		for _, firm := range []ident.FirmID{b.earlier, b.later} {
			if _, ok := of[firm]; ok {
				continue
			}
			if of[firm], err = sidesOf(sys, firm, m); err != nil {
				return nil, err
			}
		}
		opposite, shared := of[b.earlier].against(of[b.later])
		seen[b.pair] = Check{Opposite: opposite, Shared: shared}
	}
	return seen, nil
}

// openCheck opens a check for the firm that came later, or for the one that was last
// asked about, unless one stands, either way, that was about as many parties.
func openCheck(tx *db.Tx, b atBoth, now Check) (opened bool, err error) {
	if err := tx.Lock("conflict checks of " + string(b.who)); err != nil {
		return false, err
	}
	c := Check{Person: b.who, Firm: b.later, Other: b.earlier, Opposite: now.Opposite, Shared: now.Shared}
	for _, way := range []pair{{b.earlier, b.later}, {b.later, b.earlier}} {
		stands, err := standingCheck(tx, b.who, way.later, way.earlier)
		if err != nil || stands != nil && stands.Opposite >= now.Opposite {
			return false, err
		}
		if stands != nil && !stands.At.Before(c.At) {
			c.Firm, c.Other, c.At = way.later, way.earlier, stands.At
		}
	}
	kept, err := keepCheck(tx, c)
	if err != nil {
		return false, err
	}
	admins, err := people.Administrators(tx, rbac.RoleBureauAdmin)
	if err != nil {
		return false, err
	}
	admins = slices.DeleteFunc(admins, func(who ident.PersonID) bool { return who == b.who })
	return true, letter.Write(tx, letter.ConflictFound, string(kept.ID), admins...)
}
