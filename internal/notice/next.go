package notice

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// Move is what comes next with a payor who owes.
type Move string

// The moves, the most pressing first: money that only has to be allocated, a payor
// nobody can write to, a reminder that got no answer, a portal to look at, a reminder
// that will leave by itself, and nothing to do yet.
const (
	MoveAllocate Move = "allocate"
	MoveContact  Move = "contact"
	MoveCall     Move = "call"
	MovePortal   Move = "portal"
	MoveRemind   Move = "remind"
	MoveNone     Move = "none"
)

// Next is the move with one payor, and its day: of the reminder that went or will go.
type Next struct {
	Payor ident.PayorID
	Move  Move
	On    invoice.Day
}

// NextMoves tells what comes next with each payor that owes. It needs reminder.read
// and covers the matters whose amounts the person may see.
func (s *Service) NextMoves(ctx context.Context) (moves map[ident.PayorID]Next, err error) {
	moves = map[ident.PayorID]Next{}
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, rbac.ReminderRead)
		if err != nil {
			return err
		}
		cond, args := access.MattersSeeing("m", authz.C2)
		list, err := s.standings(tx, cond, args...)
		if err != nil {
			return err
		}
		contacts, err := reachable(tx)
		if err != nil {
			return err
		}
		for _, payor := range heapOf(list).payors {
			n, err := nextMove(payor, contacts)
			if err != nil {
				return err
			}
			if n.Move != "" {
				moves[n.Payor] = n
			}
		}
		return nil
	})
	return moves, err
}

// nextMove is what comes next with one payor, by its open invoices; no move where there is
// nothing to ask for.
func nextMove(list []*standing, contacts map[ident.PayorID]bool) (Next, error) {
	n := Next{Payor: list[0].PayorID}
	var planned, reminded invoice.Day
	for _, x := range list {
		if x.asked() == 0 {
			continue
		}
		if n.Move == "" {
			n.Move = MoveNone
		}
		for _, r := range x.behind {
			if r.Stage.firm() && r.Status != StatusSkipped && r.Status != StatusWaiting && r.Status != StatusPassed {
				reminded = max(reminded, r.On)
			}
		}
		step, ok := x.policy.Next(x.terms, x.days.today, x.behind)
		if !ok || x.suppressed(step.Stage) != "" {
			continue
		}
		step.On = max(step.On, x.days.today)
		step, err := x.timed(step)
		if err != nil {
			return n, err
		}
		if planned == "" || step.On < planned {
			planned = step.On
		}
	}
	switch x := list[0]; {
	case n.Move == "":
	case x.Unapplied:
		n.Move = MoveAllocate
	case x.Delivery == "portal" && !x.approved():
		n.Move = MovePortal
	case !contacts[n.Payor]:
		n.Move = MoveContact
	case reminded != "":
		n.Move, n.On = MoveCall, reminded
	case planned != "":
		n.Move, n.On = MoveRemind, planned
	}
	return n, nil
}

// reachable tells which payors have a verified contact.
func reachable(tx *db.Tx) (map[ident.PayorID]bool, error) {
	var ids []ident.PayorID
	err := tx.Raw(`SELECT DISTINCT payor_id FROM payor_contact WHERE firm_id = ? AND status = 'active' AND verified_at IS NOT NULL`, tx.Scope.Firm).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("read verified contacts: %w", err)
	}
	out := make(map[ident.PayorID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}
