package worklist

import (
	"context"
	"errors"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/rbac"
)

// Next gives the actor the item that comes first of all they may do, under a lease.
// ErrQueueEmpty when nothing is ready for them, ErrHeldMany when their hands are
// full. At the same instant no two people get the same item (I14).
func (s *Service) Next(ctx context.Context) (Lease, error) {
	bureau, err := s.bureauID(ctx)
	if err != nil {
		return Lease{}, err
	}
	firms, err := s.takeBackExpired(ctx)
	if err != nil {
		return Lease{}, err
	}
	// Under contention a claim can find every head taken while other items wait:
	// it looks again until a look finds no head at all.
	for range mostLooks {
		l, seen, err := s.claim(ctx, firms, bureau)
		if !errors.Is(err, ErrQueueEmpty) || !seen {
			return l, err
		}
	}
	return Lease{}, ErrQueueEmpty
}

// mostLooks keeps a claim from going round for ever where another transaction sits
// on the last items.
const mostLooks = 100

// claim is one look and one taking, in one transaction. seen tells whether there
// was anything to take.
func (s *Service) claim(ctx context.Context, firms []ident.FirmID, bureau ident.FirmID) (l Lease, seen bool, err error) {
	err = s.db.InClaim(ctx, withBureau(firms, bureau), func(tx *db.Tx) error {
		// Before the lock, while what is known of the person is as it was on entering: this
		// is for the look alone, and take decides again by the rows of its firm.
		accesses, err := s.guard.Across(tx, firms, rbac.ItemClaim)
		if err != nil {
			return err
		}
		// One claim at a time of one person, so that the limit holds.
		if err := tx.Lock("claim " + string(tx.Scope.Actor)); err != nil {
			return err
		}
		r, err := s.roomFor(tx, firms, bureau)
		if err != nil {
			return err
		}
		board, stands, err := s.boardFor(tx, accesses, firms, bureau, r)
		if err != nil {
			return err
		}
		order := board.Order()
		seen = len(order) > 0
		for _, h := range order {
			var i head
			if l, i, err = s.take(tx, h, stands, r); errors.Is(err, ErrQueueEmpty) {
				continue
			}
			switch {
			case err != nil:
				return err
			case i.offeredTo(tx): // which was booked as the pick that it is
				return answer(tx, bureau)
			default:
				board.Firms[h.Firm].Ready = i.More
				return saveBoard(tx, board, bureau, r.pool.ID, h)
			}
		}
		return ErrQueueEmpty
	})
	return l, seen, err
}

func withBureau(firms []ident.FirmID, bureau ident.FirmID) []ident.FirmID {
	if bureau == "" {
		return firms
	}
	return append(append([]ident.FirmID(nil), firms...), bureau)
}

// take enters the firm of h and leases the first item of its band there that nobody
// else is taking and nothing keeps the actor from. ErrQueueEmpty when there is none.
func (s *Service) take(tx *db.Tx, h Head, stands requirement.Standing, r room) (l Lease, i head, err error) {
	if err := tx.Enter(h.Firm); err != nil {
		return l, i, err
	}
	a, err := s.guard.Require(tx, rbac.ItemClaim)
	if errors.Is(err, authz.ErrNotFound) || errors.Is(err, authz.ErrForbidden) {
		return l, i, ErrQueueEmpty // the grant has ended since the look
	}
	if err != nil {
		return l, i, err
	}
	if i, err = lockHead(tx, a, stands, h.Band, r); err != nil {
		return l, i, err
	}
	if l, err = lease(tx, i.item); err != nil {
		return l, i, err
	}
	l.Band, l.Why = h.Band, h.Band.why(i.Promised)
	return l, i, audit.Record(tx, audit.Entry{
		Action: "item.leased", Object: "item", ID: string(i.ID), Matter: i.matter(), Class: audit.C1, Permission: string(rbac.ItemClaim),
		Detail: map[string]any{"band": h.Band, "token": l.Token},
	})
}

// lease writes the lease of a locked item, with a token above every earlier one.
func lease(tx *db.Tx, i item) (Lease, error) {
	l := Lease{Firm: tx.Scope.Firm, Item: i.ID, Token: i.LeaseToken + 1, Until: tx.Now.Add(LeaseTTL), Version: i.Version + 1}
	return l, change(tx, i.ID, `status = 'leased', leased_by = ?, leased_at = ?, lease_until = ?, lease_token = ?,
		`+noReservation+`, pinned_at = NULL, version = ?`, tx.Scope.Actor, tx.Now, l.Until, l.Token, l.Version)
}

// roomFor is through which pool the actor claims and what they may still take on, of all
// that they hold in any firm. ErrAway where they are away, ErrHeldMany where nothing fits.
func (s *Service) roomFor(tx *db.Tx, firms []ident.FirmID, bureau ident.FirmID) (room, error) {
	r, err := readRoom(tx, tx.Scope.Actor, firms, bureau)
	switch {
	case err != nil:
		return r, err
	case r.away:
		return r, ErrAway
	default:
		return r, r.full()
	}
}

// roomAside is roomFor from within the transaction of a firm, over all firms of the actor.
func (s *Service) roomAside(tx *db.Tx) (r room, err error) {
	return s.roomOf(db.Joining(tx.Context(), tx))
}

// roomOf is what the actor of ctx may still take on, beside what they hold in all their firms.
func (s *Service) roomOf(ctx context.Context) (r room, err error) {
	firms, err := s.guard.Firms(ctx, rbac.ItemClaim)
	if err != nil {
		return r, err
	}
	bureau, err := s.bureauID(ctx)
	if err != nil {
		return r, err
	}
	err = s.db.InBureau(ctx, withBureau(firms, bureau), func(tx *db.Tx) (err error) {
		r, err = readRoom(tx, tx.Scope.Actor, firms, bureau)
		return err
	})
	return r, err
}

// Take gives the actor one named item; ErrNotEligible where its work asks for what they lack: who it is kept for takes it, from the hands of
// who hands it on too, and a lead takes any. The limit counts what is held in all firms, unless
// the lead who gave the item said that it may be passed.
func (s *Service) Take(ctx context.Context, id ident.WorkItemID) (l Lease, err error) {
	err = s.within(ctx, rbac.ItemClaim, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		mine := i.keptFor(tx) == tx.Scope.Actor
		detail := map[string]any{}
		if i.Status == Leased && (!i.LeaseUntil.After(tx.Now) || i.lapsed(tx)) {
			i.Status = Ready // its holder has gone
		}
		if i.Status == Leased && mine && *i.ReservedAs == AsHanded {
			i.Status, detail["from"] = Ready, *i.LeasedBy
		}
		if i.Status != Ready {
			return ErrNotReady
		}
		if !mine { // picking a certain item is for leads, and for who it is kept for
			if _, err := s.guard.Require(tx, rbac.ItemAssign); err != nil {
				return err
			}
		}
		if err := s.mayTake(tx, i); err != nil {
			return err
		}
		if err := tx.Lock("claim " + string(tx.Scope.Actor)); err != nil {
			return err
		}
		r, err := s.roomAside(tx)
		if err != nil {
			return err
		}
		if mine && i.ReservedOver {
			detail["over"] = true
		} else if err := r.fits(i.Type); err != nil {
			return err
		}
		if mine && *i.ReservedAs == AsOffered {
			if err := s.answered(tx); err != nil {
				return err
			}
		}
		if l, err = lease(tx, i); err != nil {
			return err
		}
		detail["token"] = l.Token
		return record(tx, i, "item.taken", rbac.ItemClaim, detail)
	})
	return l, err
}

// takeBackExpired puts back items whose holders have gone, in all firms in which the
// actor may claim, and returns these. ErrForbidden when there is none.
func (s *Service) takeBackExpired(ctx context.Context) (firms []ident.FirmID, err error) {
	var gone []ident.FirmID
	err = s.guard.List(ctx, rbac.ItemClaim, "", func(tx *db.Tx, accesses []*authz.Access) (err error) {
		for _, a := range accesses {
			firms = append(firms, a.Firm)
		}
		gone, err = firmsWithExpired(tx, firms)
		return err
	})
	if err != nil {
		return nil, err
	}
	return firms, s.expireIn(ctx, gone)
}

// cutoff is the instant that bands are told apart at: whole seconds, as clocks count.
func cutoff(tx *db.Tx) time.Time { return tx.Now.Truncate(time.Second) }
