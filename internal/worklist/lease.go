package worklist

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// Heartbeat keeps a lease for another LeaseTTL and returns until when it holds. It
// is no change to the item, so it leaves no audit leaf.
func (s *Service) Heartbeat(ctx context.Context, a Act) (until time.Time, err error) {
	err = s.holding(ctx, rbac.ItemWork, a, func(tx *db.Tx, i item) error {
		until = tx.Now.Add(LeaseTTL)
		return change(tx, i.ID, `lease_until = ?`, until)
	})
	return until, err
}

// Release returns an item unfinished. It keeps its age and its place.
func (s *Service) Release(ctx context.Context, a Act) error {
	return s.holding(ctx, rbac.ItemWork, a, func(tx *db.Tx, i item) error {
		return putBack(tx, i, "item.released", rbac.ItemWork, nil)
	})
}

// Skip passes an item over with a reason. It is not offered to the same person for
// SkipFor; when three people have passed it over, a lead decides.
func (s *Service) Skip(ctx context.Context, a Act, reason SkipReason) error {
	if !reason.known() {
		return ErrReason
	}
	return s.holding(ctx, rbac.ItemWork, a, func(tx *db.Tx, i item) error {
		people, err := insertSkip(tx, i.ID, reason)
		if err != nil {
			return err
		}
		if people >= skipsToAsk {
			if err := change(tx, i.ID, `triage_at = ?`, tx.Now); err != nil {
				return err
			}
		}
		return putBack(tx, i, "item.skipped", rbac.ItemWork, map[string]any{"reason": reason, "triage": people >= skipsToAsk})
	})
}

// Finish ends the work on an item and its clocks. A service that hands the work
// product over calls the function Finish in its own transaction instead. What the
// item is about may refuse: FinishWhen.
func (s *Service) Finish(ctx context.Context, a Act) error {
	return s.within(ctx, rbac.ItemWork, a.Item, func(tx *db.Tx, access *authz.Access, i item) error {
		if err := i.workedOn(tx, a); err != nil {
			return err
		}
		if done := s.done[i.SubjectKind]; done != nil {
			if err := done(tx, access, i.SubjectID); err != nil {
				return err
			}
		}
		return endItem(tx, i, Done, sla.EventComplete, string(rbac.ItemWork))
	})
}

// BreakLease takes an item from whoever holds it; a lead's act, with a reason.
func (s *Service) BreakLease(ctx context.Context, id ident.WorkItemID, reason string) error {
	if reason == "" || len(reason) > 500 {
		return ErrReason.With("say in a sentence why you take this item away")
	}
	return s.within(ctx, rbac.ItemBreak, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		if i.Status != Leased {
			return ErrNotLeased
		}
		return putBack(tx, i, "item.lease_broken", rbac.ItemBreak, map[string]any{"holder": *i.LeasedBy, "reason": reason})
	})
}

// Pin puts a ready item before all others, or takes that back; a lead's act.
func (s *Service) Pin(ctx context.Context, id ident.WorkItemID, pinned bool) error {
	return s.within(ctx, rbac.ItemAssign, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		if !i.open() {
			return ErrNotOpen
		}
		var at *time.Time
		action := "item.unpinned"
		if pinned {
			at, action = &tx.Now, "item.pinned"
		}
		if err := change(tx, i.ID, `pinned_at = ?, version = version + 1`, at); err != nil {
			return err
		}
		return record(tx, i, action, rbac.ItemAssign, nil)
	})
}

// SendBack returns an item that people have passed over to the queue; a lead's act.
// The skips so far count no more.
func (s *Service) SendBack(ctx context.Context, id ident.WorkItemID) error {
	return s.within(ctx, rbac.ItemAssign, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		if i.TriageAt == nil {
			return ErrNotReady.With("this item does not wait for a decision")
		}
		if err := settleSkips(tx, i.ID); err != nil {
			return err
		}
		if err := change(tx, i.ID, `triage_at = NULL, version = version + 1`); err != nil {
			return err
		}
		return record(tx, i, "item.sent_back", rbac.ItemAssign, nil)
	})
}

// putBack makes a leased item ready again, with its age and place as they were.
func putBack(tx *db.Tx, i item, action string, p rbac.Permission, detail map[string]any) error {
	if err := change(tx, i.ID, `status = 'ready', `+noLease+`, version = version + 1`); err != nil {
		return err
	}
	return record(tx, i, action, p, detail)
}

func record(tx *db.Tx, i item, action string, p rbac.Permission, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{
		Action: action, Object: "item", ID: string(i.ID), Matter: i.matter(), Class: audit.C1, Permission: string(p), Detail: detail,
	})
}

// expiredAtOnce bounds how many leases one transaction takes back.
const expiredAtOnce = 200

// SweepLeases puts back every item whose holder has gone. Get-next does the same
// for the firms it looks at, so that nothing waits for a sweep.
func (s *Service) SweepLeases(ctx context.Context) (items int, err error) {
	err = s.db.InSystem(ctx, "work.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			var gone []ident.FirmID
			if err := sys.Read(firms, func(tx *db.Tx) (err error) {
				gone, err = firmsWithExpired(tx, firms)
				return err
			}); err != nil {
				return err
			}
			for _, firm := range gone {
				if err := sys.Enter(firm, func(tx *db.Tx) error {
					n, err := expire(tx)
					items += n
					return err
				}); err != nil {
					return fmt.Errorf("take back leases of firm %s: %w", firm, err)
				}
			}
			return nil
		})
	})
	return items, err
}

// expireIn puts back expired items of firms before a claim looks.
func (s *Service) expireIn(ctx context.Context, firms []ident.FirmID) error {
	for _, firm := range firms {
		err := s.db.InFirm(scope.ForMachine(ctx, "work.sweep", firm), func(tx *db.Tx) error {
			_, err := expire(tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("take back leases of firm %s: %w", firm, err)
		}
	}
	return nil
}

func expire(tx *db.Tx) (int, error) {
	items, err := lockExpired(tx, expiredAtOnce)
	if err != nil {
		return 0, err
	}
	for _, i := range items {
		action := "item.lease_expired"
		if i.lapsed(tx) {
			action = "item.handoff_lapsed"
			if err := change(tx, i.ID, noReservation); err != nil {
				return 0, err
			}
		}
		if err := putBack(tx, i, action, "", map[string]any{"holder": *i.LeasedBy}); err != nil {
			return 0, err
		}
	}
	return len(items), nil
}

func firmsWithExpired(tx *db.Tx, firms []ident.FirmID) (gone []ident.FirmID, err error) {
	err = tx.Raw(`SELECT f.id FROM unnest(?::uuid[]) AS f(id)
		CROSS JOIN LATERAL (SELECT FROM work_item w WHERE w.firm_id = f.id AND `+lost("w")+` ORDER BY w.lease_until LIMIT 1) x`,
		db.Array(firms), tx.Now, tx.Now, tx.Now, tx.Now, tx.Now).Scan(&gone).Error
	if err != nil {
		return nil, fmt.Errorf("find expired leases: %w", err)
	}
	return gone, nil
}

func insertSkip(tx *db.Tx, id ident.WorkItemID, reason SkipReason) (people int, err error) {
	err = tx.Exec(`INSERT INTO work_skip (firm_id, id, item_id, person_id, reason, at) VALUES (?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, ident.New[ident.SkipID](tx.Now), id, tx.Scope.Actor, reason, tx.Now).Error
	if err != nil {
		return 0, fmt.Errorf("note the skip of item %s: %w", id, err)
	}
	err = tx.Raw(`SELECT count(DISTINCT person_id) FROM work_skip WHERE firm_id = ? AND item_id = ? AND NOT settled`, tx.Scope.Firm, id).Row().Scan(&people)
	if err != nil {
		return 0, fmt.Errorf("count skips of item %s: %w", id, err)
	}
	return people, nil
}

// insertDecline keeps a declined offer from its person for a while. It is no skip that counts
// towards a lead's decision.
func insertDecline(tx *db.Tx, id ident.WorkItemID) error {
	err := tx.Exec(`INSERT INTO work_skip (firm_id, id, item_id, person_id, reason, at, settled) VALUES (?, ?, ?, ?, 'declined', ?, true)`,
		tx.Scope.Firm, ident.New[ident.SkipID](tx.Now), id, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("note that an offer of item %s was declined: %w", id, err)
	}
	return nil
}

func settleSkips(tx *db.Tx, id ident.WorkItemID) error {
	if err := tx.Exec(`UPDATE work_skip SET settled = true WHERE firm_id = ? AND item_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("settle skips of item %s: %w", id, err)
	}
	return nil
}
