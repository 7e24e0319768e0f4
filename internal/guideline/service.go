package guideline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// ErrOwnLine refuses a decision about one's own time (engine rule 5).
var ErrOwnLine = fault.New(fault.Conflict, "finding_own_line", "this is your own time, so someone else decides about the finding")

// Service is what people do with findings on entries. Those on a pre-bill's lines
// belong to package prebill.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// maxListed is how many findings one list holds.
const maxListed = 1000

// Filter says whose findings; one of the two is given.
type Filter struct {
	Import ident.ImportID
	Matter ident.MatterID
	State  State // "" is all
}

// List shows findings on entries of matters in scope, open ones first. Without C3
// on its matter a finding says which rule, not what it saw. A look that shows
// quotes is a leaf.
func (s *Service) List(ctx context.Context, f Filter) (found []Stored, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.FindingRead)
		if err != nil {
			return err
		}
		cond, args := a.Matters("m")
		own, ownArgs := a.Entries("e")
		args = append(append(args, ownArgs...), orNone(f.Import), orNone(f.Import), orNone(f.Matter), orNone(f.Matter), string(f.State), string(f.State), maxListed)
		ids, err := idsOf(tx, `JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id`,
			cond+` AND `+own+` AND e.status <> 'removed' AND (?::uuid IS NULL OR e.import_id = ?::uuid) AND (?::uuid IS NULL OR e.matter_id = ?::uuid) AND (? = '' OR f.state = ?)
				ORDER BY (f.state <> 'open'), e.worked_on, f.entry_id, f.rule LIMIT ?`, args)
		if err != nil {
			return err
		}
		found, err = s.shown(tx, a, ids)
		return err
	})
	return found, err
}

// shown loads findings in the order of ids, leaves out what the actor's class does
// not show, and records the look.
func (s *Service) shown(tx *db.Tx, a *authz.Access, ids []ident.FindingID) ([]Stored, error) {
	text, args := a.MattersSeeing("m", authz.C3)
	quoted, err := idsOf(tx, `JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id`,
		text+` AND f.id = ANY (?::uuid[])`, append(args, db.Array(ids)))
	if err != nil {
		return nil, err
	}
	plain := make(map[ident.FindingID]bool, len(quoted))
	for _, id := range quoted {
		plain[id] = true
	}
	all, err := list(tx, `f.id = ANY (?::uuid[])`, db.Array(ids))
	if err != nil {
		return nil, err
	}
	at := make(map[ident.FindingID]Stored, len(all))
	for _, f := range all {
		if !plain[f.ID] {
			f.Observed, f.Message, f.Note = "", f.Title, ""
		}
		at[f.ID] = f
	}
	out := make([]Stored, 0, len(ids))
	for _, id := range ids {
		out = append(out, at[id])
	}
	if len(plain) == 0 {
		return out, nil
	}
	if err := audit.Showing(tx, "", len(plain)); err != nil {
		return nil, err
	}
	return out, audit.Record(tx, audit.Entry{Action: "finding.listed", Object: "finding", ID: string(tx.Scope.Firm), Class: audit.C3, Permission: string(rbac.FindingRead),
		Detail: map[string]int{"findings": len(plain)}})
}

func idsOf(tx *db.Tx, join, cond string, args []any) (ids []ident.FindingID, err error) {
	err = tx.Raw(`SELECT f.id FROM finding f `+join+` WHERE f.firm_id = ? AND f.line_id IS NULL AND `+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	return ids, nil
}

// Waive settles an open finding on an entry with the reason why it stays. Nobody
// decides about their own time. A pre-bill of the entry takes the waiver over as
// long as the remark is the same.
func (s *Service) Waive(ctx context.Context, id ident.FindingID, note string) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.FindingWaive)
		if err != nil {
			return err
		}
		m, own, err := ownerOf(tx, id)
		if err != nil {
			return err
		}
		if err := a.RequireMatter(tx, m); err != nil {
			return err
		}
		if own {
			return ErrOwnLine
		}
		if err := Waive(tx, id, note); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "finding.waived", Object: "finding", ID: string(id), Matter: m, Class: audit.C2, Permission: string(rbac.FindingWaive)})
	})
}

// ownerOf is the matter of an entry's finding, and whether the time is the actor's.
func ownerOf(tx *db.Tx, id ident.FindingID) (m ident.MatterID, own bool, err error) {
	err = tx.Raw(`SELECT e.matter_id, coalesce(t.person_id = ?::uuid, false) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id
		LEFT JOIN timekeeper t ON t.firm_id = e.firm_id AND t.id = e.timekeeper_id
		WHERE f.firm_id = ? AND f.id = ? AND f.line_id IS NULL AND e.status <> 'removed'`, orNone(tx.Scope.Actor), tx.Scope.Firm, id).Row().Scan(&m, &own)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, ErrNotFound
	}
	if err != nil {
		return "", false, fmt.Errorf("load finding %s: %w", id, err)
	}
	return m, own, nil
}

func orNone[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
