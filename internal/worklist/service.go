package worklist

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// Service is what specialists, leads and firms do with work items.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	sla    *sla.Service
	bureau atomic.Pointer[ident.FirmID] // the bureau's own domain, once known
	done   map[string]Check             // by subject kind
}

// Check refuses to finish an item while its subject is not done; it runs in the
// transaction that would finish it.
type Check func(tx *db.Tx, a *authz.Access, subjectID string) error

// FinishWhen has done decide whether an item about a subject of that kind can be
// finished. It is called while services are wired, before any is used.
func (s *Service) FinishWhen(subjectKind string, done Check) { s.done[subjectKind] = done }

// NewService returns the service over d; guard decides each use case, clocks explains deadlines.
func NewService(d *db.DB, guard *authz.Guard, clocks *sla.Service) *Service {
	return &Service{db: d, guard: guard, sla: clocks, done: map[string]Check{}}
}

// within locks an item that the actor may know of. ErrNotFound says nothing about
// whether it exists.
func (s *Service) within(ctx context.Context, p rbac.Permission, id ident.WorkItemID, fn func(tx *db.Tx, a *authz.Access, i item) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, p)
		if err != nil {
			return err
		}
		i, err := lockItem(tx, id)
		if err != nil {
			return err
		}
		if err := visible(tx, a, i); err != nil {
			return err
		}
		return fn(tx, a, i)
	})
}

// holding is within for the holder of the item's lease.
func (s *Service) holding(ctx context.Context, p rbac.Permission, act Act, fn func(tx *db.Tx, i item) error) error {
	return s.within(ctx, p, act.Item, func(tx *db.Tx, _ *authz.Access, i item) error {
		if err := i.workedOn(tx, act); err != nil {
			return err
		}
		return fn(tx, i)
	})
}

// workedOn refuses an act by anyone but the holder, who saw the item as it is.
func (i item) workedOn(tx *db.Tx, act Act) error {
	if !i.open() {
		return ErrNotOpen
	}
	if err := i.heldBy(tx, act.Token); err != nil {
		return err
	}
	if act.Version != 0 && act.Version != i.Version {
		return ErrStale
	}
	return nil
}

// visible is ErrNotFound for an item that the person may not know of: its matter is
// out of scope, above the label or behind a wall.
func visible(tx *db.Tx, a *authz.Access, i item) error {
	if i.MatterID != nil {
		return a.RequireMatter(tx, *i.MatterID)
	}
	if label, ok := a.Unscoped(); !ok || authz.Label(i.Label) > label {
		return ErrNotFound
	}
	return nil
}

// Seen is visible as a condition on w (work_item) and m (matter, joined by w.matter_id):
// what a person may know of.
func Seen(a *authz.Access) (cond string, args []any) {
	matters, args := a.Matters("m")
	cond = "(w.matter_id IS NOT NULL AND " + matters + ")"
	if label, ok := a.Unscoped(); ok {
		cond = "(" + cond + " OR (w.matter_id IS NULL AND w.label <= ?))"
		args = append(args, label)
	}
	return cond, args
}

// inBureauDomain runs fn in the bureau's domain, for who holds p in any firm, with those firms.
func (s *Service) inBureauDomain(ctx context.Context, p rbac.Permission, fn func(tx *db.Tx, firms []ident.FirmID) error) error {
	firms, err := s.guard.Firms(ctx, p)
	if err != nil {
		return err
	}
	if len(firms) == 0 {
		return authz.ErrForbidden
	}
	bureau, err := s.bureauID(ctx)
	if err != nil {
		return err
	}
	if bureau == "" {
		return ErrNotFound // there is no bureau yet, and so nothing of it
	}
	return s.db.InFirm(scope.InFirm(ctx, bureau), func(tx *db.Tx) error { return fn(tx, firms) })
}

// bureauID is the bureau's own domain, "" while there is none.
func (s *Service) bureauID(ctx context.Context) (ident.FirmID, error) {
	if id := s.bureau.Load(); id != nil {
		return *id, nil
	}
	var id *ident.FirmID
	err := s.db.InBureau(ctx, nil, func(tx *db.Tx) error { return tx.Raw("SELECT auth.bureau()").Row().Scan(&id) })
	if err != nil {
		return "", fmt.Errorf("find the bureau: %w", err)
	}
	if id == nil {
		return "", nil
	}
	s.bureau.Store(id)
	return *id, nil
}
