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

// Waive settles an open finding on an entry with the reason why it stays. Nobody
// decides about their own time, and what blocks takes an override: ErrBlocks. A
// pre-bill of the entry takes the waiver over as long as the remark is the same.
func (s *Service) Waive(ctx context.Context, id ident.FindingID, note string) error {
	return s.settling(ctx, rbac.FindingWaive, id, func(tx *db.Tx, m ident.MatterID) error {
		if err := Waive(tx, id, note); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "finding.waived", Object: "finding", ID: string(id), Matter: m, Class: audit.C2, Permission: string(rbac.FindingWaive)})
	})
}

// settling lets do settle a finding on an entry for who may do perm on its matter.
// Nobody decides about their own time.
func (s *Service) settling(ctx context.Context, perm rbac.Permission, id ident.FindingID, do func(tx *db.Tx, m ident.MatterID) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, perm)
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
		return do(tx, m)
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
