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
		days, err := s.days(tx)
		if err != nil {
			return err
		}
		list, err := standings(tx, access)
		if err != nil {
			return err
		}
		for _, x := range list {
			n := Next{Payor: x.Payor, Move: x.move()}
			switch n.Move {
			case MoveRemind:
				if n.On, err = days.onOrAfter(max(x.NextDue.Add(firstAfter), days.today)); err != nil {
					return err
				}
			case MoveCall:
				n.On = x.Reminded
			default: // the others have no day
			}
			moves[x.Payor] = n
		}
		return nil
	})
	return moves, err
}

// standing is what decides the next move with a payor.
type standing struct {
	Payor     ident.PayorID
	Delivery  string
	Contacts  int
	Unapplied bool
	NextDue   invoice.Day // of the first invoice that no reminder was sent for
	Reminded  invoice.Day // when the last reminder over something still open went
}

func (x standing) move() Move {
	switch {
	case x.Unapplied:
		return MoveAllocate
	case x.Delivery == "portal":
		return MovePortal
	case x.Contacts == 0:
		return MoveContact
	case x.Reminded != "":
		return MoveCall
	case x.NextDue != "":
		return MoveRemind
	default:
		return MoveNone
	}
}

func standings(tx *db.Tx, access *authz.Access) (list []standing, err error) {
	cond, args := access.MattersSeeing("m", authz.C2)
	q := `SELECT y.id AS payor, y.delivery, x.next_due, x.reminded,
			(SELECT count(*) FROM payor_contact k WHERE k.firm_id = y.firm_id AND k.payor_id = y.id AND k.status = 'active' AND k.verified_at IS NOT NULL) AS contacts,
			EXISTS (SELECT FROM payment p WHERE p.firm_id = y.firm_id AND p.payor_id = y.id AND p.unapplied_minor > 0) AS unapplied
		FROM (SELECT i.payor_id, coalesce(min(i.due_on) FILTER (WHERE r.invoice_id IS NULL)::text, '') AS next_due, coalesce(max(r.on_day)::text, '') AS reminded
			FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
			LEFT JOIN (SELECT r.invoice_id, max(r.for_on) FILTER (WHERE r.status <> 'skipped') AS on_day FROM reminder r
				WHERE r.firm_id = ? AND r.status <> 'failed' GROUP BY r.invoice_id) r ON r.invoice_id = i.id
			WHERE i.firm_id = ? AND i.open_minor - ` + invoice.WithheldOpen + ` > i.disputed_minor AND ` + cond + ` GROUP BY i.payor_id) x
		JOIN payor y ON y.firm_id = ? AND y.id = x.payor_id`
	if err := tx.Raw(q, append(append([]any{tx.Scope.Firm, tx.Scope.Firm}, args...), tx.Scope.Firm)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("read how payors stand: %w", err)
	}
	return list, nil
}
