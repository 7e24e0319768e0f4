package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Wall keeps one person from clients and matters, whatever they are granted.
type Wall struct {
	ID      ident.WallID
	Person  ident.PersonID
	Name    string
	Clients []string
	Matters []string
	Names   []string // of them
	Reason  string
	Since   time.Time
	SetBy   string
	Lifted  *time.Time
}

// RaiseWall keeps a person away from the named clients and matters of the firm, at once.
// What the actor may not know of is refused as what is not there (T24).
func (s *Service) RaiseWall(ctx context.Context, w Wall) (Wall, error) {
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.WallRaise)
		if err != nil {
			return err
		}
		if err := w.validate(); err != nil {
			return err
		}
		p, err := people.Grantable(tx, w.Person)
		if err != nil {
			return err
		}
		if err := knowsAll(tx, a, w.Clients, w.Matters); err != nil {
			return err
		}
		w.ID, w.Name, w.Since = ident.New[ident.WallID](tx.Now), p.Name, tx.Now
		err = tx.Exec(`INSERT INTO wall (firm_id, id, person_id, client_ids, matter_ids, reason, from_at, created_by, created_at) VALUES (?, ?, ?, ?::uuid[], ?::uuid[], ?, ?, ?, ?)`,
			tx.Scope.Firm, w.ID, w.Person, db.Array(w.Clients), db.Array(w.Matters), w.Reason, tx.Now, tx.Scope.Actor, tx.Now).Error
		if err != nil {
			return fmt.Errorf("insert wall %s: %w", w.ID, err)
		}
		if err := s.someoneGives(tx, p); err != nil {
			return err
		}
		if err := s.people.Leave(tx, w.Person); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "wall.raised", Object: "wall", ID: string(w.ID), Class: audit.C2, Permission: string(rbac.WallRaise), After: w, Detail: map[string]any{"person": w.Person}})
	})
	return w, err
}

// someoneGives refuses a wall before the last administrator who sees all of the firm: after
// it nobody there could give access or lift it.
func (s *Service) someoneGives(tx *db.Tx, walled people.Person) error {
	held, err := s.guard.Holders(tx, rbac.GrantGive)
	if err != nil {
		return err
	}
	theirs := slices.ContainsFunc(held, func(a *authz.Access) bool { return a.Person == walled.ID })
	if !theirs || slices.ContainsFunc(held, (*authz.Access).WholeFirm) {
		return nil
	}
	return ErrInvalid.On(fault.Field{Path: "person", Code: "wall_last_admin",
		Message: walled.Name + " is the last administrator who sees all of the firm, and nobody could give access or lift the wall afterwards", Fix: "let a second administrator in first"})
}

func (w Wall) validate() error {
	var fs fault.Fields
	if n := len(w.Clients) + len(w.Matters); n == 0 || n > maxNamed {
		fs.Add("matters", "scope_empty", "choose 1 to %d clients or matters", maxNamed)
	}
	fs.Line("reason", w.Reason, 1, 500)
	return fs.Err(ErrInvalid)
}

// LiftWall ends a wall at once. Nobody lifts a wall that stands before themselves: what is
// behind it is not there for them, and so neither is the wall.
func (s *Service) LiftWall(ctx context.Context, id ident.WallID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.WallLift)
		if err != nil {
			return err
		}
		w := Wall{ID: id}
		var who ident.PersonID
		var ended *time.Time
		err = tx.Raw(`SELECT person_id, client_ids, matter_ids, ended_at FROM wall WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).
			Row().Scan(&who, (*db.Strings)(&w.Clients), (*db.Strings)(&w.Matters), &ended)
		if err := wrap(err, "load wall", id); err != nil {
			return err
		}
		if err := knowsAll(tx, a, w.Clients, w.Matters); errors.Is(err, errScope) {
			return ErrNotFound
		} else if err != nil {
			return err
		}
		switch {
		case who == tx.Scope.Actor:
			return ErrSelf.With("nobody lifts a wall that stands before themselves")
		case ended != nil:
			return ErrEnded.With("this wall has already been lifted")
		}
		if err := tx.Exec(`UPDATE wall SET ended_at = ? WHERE firm_id = ? AND id = ?`, tx.Now, tx.Scope.Firm, id).Error; err != nil {
			return fmt.Errorf("lift wall %s: %w", id, err)
		}
		return audit.Record(tx, audit.Entry{Action: "wall.lifted", Object: "wall", ID: string(id), Class: audit.C2, Permission: string(rbac.WallLift), Detail: map[string]any{"person": who}})
	})
}

// Walls lists the firm's standing walls, the newest first: those of which the actor may
// know all that they name.
func (s *Service) Walls(ctx context.Context) (list []Wall, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.WallRead)
		if err != nil {
			return err
		}
		if list, err = walls(tx); err != nil {
			return err
		}
		list, err = nameWalls(tx, a, list)
		return err
	})
	return list, err
}

func walls(tx *db.Tx) (list []Wall, err error) {
	rows, err := tx.Raw(`SELECT w.id, w.person_id, p.name, w.client_ids, w.matter_ids, w.reason, w.from_at, b.name
		FROM wall w JOIN acquaintance p ON p.id = w.person_id JOIN person b ON b.id = w.created_by
		WHERE w.firm_id = ? AND w.ended_at IS NULL ORDER BY w.from_at DESC, w.id`, tx.Scope.Firm).Rows()
	if err != nil {
		return nil, fmt.Errorf("list walls of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		var w Wall
		if err := rows.Scan(&w.ID, &w.Person, &w.Name, (*db.Strings)(&w.Clients), (*db.Strings)(&w.Matters), &w.Reason, &w.Since, &w.SetBy); err != nil {
			return nil, fmt.Errorf("read wall: %w", err)
		}
		list = append(list, w)
	}
	return list, rows.Err()
}

// nameWalls names what walls keep from, where the reader sees names, and leaves out those
// that keep from something which the reader may not know of: one of them shown in part
// would tell that there is more.
func nameWalls(tx *db.Tx, a *authz.Access, list []Wall) (shown []Wall, err error) {
	var clients, matters []string
	for _, w := range list {
		clients, matters = append(clients, w.Clients...), append(matters, w.Matters...)
	}
	known, err := knownOf(tx, a, clients, matters)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(tx, a, clients, matters)
	if err != nil {
		return nil, err
	}
	for _, w := range list {
		if !w.within(known) {
			continue
		}
		for _, id := range slices.Concat(w.Clients, w.Matters) {
			if name, ok := names[id]; ok {
				w.Names = append(w.Names, name)
			}
		}
		shown = append(shown, w)
	}
	return shown, nil
}

// knowsAll refuses clients and matters that a may not know of, as if they were not there.
func knowsAll(tx *db.Tx, a *authz.Access, clients, matters []string) error {
	if err := areIDs(slices.Concat(clients, matters)); err != nil {
		return err
	}
	known, err := knownOf(tx, a, clients, matters)
	if err == nil && !(Wall{Clients: clients, Matters: matters}).within(known) {
		err = errScope
	}
	return err
}

func (w Wall) within(known map[string]bool) bool {
	return !slices.ContainsFunc(slices.Concat(w.Clients, w.Matters), func(id string) bool { return !known[id] })
}

// knownOf are those of clients and matters that a may know of.
func knownOf(tx *db.Tx, a *authz.Access, clients, matters []string) (map[string]bool, error) {
	ofClients, args := a.Clients("c")
	ofMatters, more := a.Matters("m")
	args = slices.Concat([]any{tx.Scope.Firm, db.Array(clients)}, args, []any{tx.Scope.Firm, db.Array(matters)}, more)
	var ids []string
	err := tx.Raw(`SELECT c.id FROM client c WHERE c.firm_id = ? AND c.id = ANY (?::uuid[]) AND `+ofClients+`
		UNION ALL SELECT m.id FROM matter m WHERE m.firm_id = ? AND m.id = ANY (?::uuid[]) AND `+ofMatters, args...).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for what walls keep from: %w", err)
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return known, nil
}
