package worklist

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// park stops the clocks for the firm's answer and frees the holder's hands.
func park(tx *db.Tx, i item, question ident.MessageID) error {
	n, err := parkedBy(tx)
	if err != nil {
		return err
	}
	if n >= MaxParked {
		return ErrParkedMany
	}
	st, err := sla.Record(tx, i.ID, sla.Change{Kind: sla.EventPause, Reason: sla.WaitingFirm, Question: question})
	if err != nil {
		return err
	}
	if st.Deadline.IsZero() { // nothing is promised: its days stop, and go on when it does
		st = sla.Standing{HotAt: i.HotAt, Deadline: i.DeadlineAt}
	}
	if err := change(tx, i.ID, `status = 'parked', `+noLease+`, parked_by = ?, parked_at = ?, parked_reason = ?,
		due_at = ?, hot_at = ?, deadline_at = ?, version = version + 1`,
		tx.Scope.Actor, tx.Now, sla.WaitingFirm, due(st), st.HotAt, st.Deadline); err != nil {
		return err
	}
	return record(tx, i, "item.parked", rbac.MessageAsk, map[string]any{"reason": sla.WaitingFirm, "question": question})
}

// unpark makes an item ready again, for who parked it first, where they have room for it or
// a lead said that they need none; not while they are away (room.freed).
func (s *Service) unpark(tx *db.Tx, i item, p rbac.Permission) error {
	until, err := s.businessFrom(tx, answeredFor)
	if err != nil {
		return err
	}
	st, err := sla.Record(tx, i.ID, sla.Change{Kind: sla.EventResume, Reason: sla.WaitingFirm})
	if err != nil {
		return err
	}
	promised := !st.Deadline.IsZero()
	if !promised {
		if st, err = sla.WaitOn(tx, i.ReceivedAt, i.DeadlineAt, *i.ParkedAt); err != nil {
			return err
		}
	}
	who := i.ParkedBy
	if who != nil && !i.ReservedOver {
		if ok, err := s.hasRoom(tx, *who, i.Type); err != nil {
			return err
		} else if !ok {
			who = nil
		}
	}
	if err := change(tx, i.ID, `status = 'ready', `+noParking+`, reserved_for = ?, reserved_until = CASE WHEN ?::uuid IS NOT NULL THEN ?::timestamptz END, reserved_as = CASE WHEN ?::uuid IS NOT NULL THEN 'answer' END, reserved_by = NULL, reserved_at = NULL,
		due_at = ?, hot_at = ?, deadline_at = ?, promised = ?, version = version + 1`,
		who, who, until, who, due(st), st.HotAt, st.Deadline, promised); err != nil {
		return err
	}
	return record(tx, i, "item.resumed", p, nil)
}

// hasRoom tells whether somebody could take an item of a type beside what they hold in all
// their firms. It looks as that person, for the actor may know of none of it.
func (s *Service) hasRoom(tx *db.Tx, who ident.PersonID, typ string) (bool, error) {
	r, err := s.roomOf(scope.With(db.Joining(tx.Context(), tx), scope.Scope{Actor: who, Machine: "work.answer"}))
	return err == nil && r.fits(typ) == nil, err
}

// Resume takes an item back that waits for the firm, without an answer; its holder's
// act, or a lead's.
func (s *Service) Resume(ctx context.Context, id ident.WorkItemID) error {
	return s.within(ctx, rbac.ItemClaim, id, func(tx *db.Tx, a *authz.Access, i item) error {
		if i.Status != Parked {
			return ErrNotReady.With("this item does not wait for anybody")
		}
		if *i.ParkedBy != tx.Scope.Actor {
			if _, err := s.guard.Require(tx, rbac.ItemAssign); err != nil {
				return err
			}
		}
		return s.unpark(tx, i, rbac.ItemClaim)
	})
}

func parkedBy(tx *db.Tx) (n int, err error) {
	err = tx.Raw(`SELECT count(*) FROM work_item WHERE firm_id = ? AND status = 'parked' AND parked_by = ?`, tx.Scope.Firm, tx.Scope.Actor).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count parked items: %w", err)
	}
	return n, nil
}
