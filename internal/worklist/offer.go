package worklist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Push mode (SLA.md 9): a pool in it offers its work. Whoever has most room, and then has
// waited longest, is offered what get-next would give them; so the order of items, the turns
// of firms and everything that keeps somebody from an item are those of a claim, and an
// offer is booked as one. It keeps the item for OfferFor. Who takes it or declines has
// answered; an offer that lapses goes back to the queue, and three in a row set its person
// away. One person has one offer at a time, and may still ask for the next item.
const (
	OfferFor   = 3 * time.Minute
	mostLapses = 3
	pushTask   = "work.push"
)

// SweepOffers takes back what lapsed and offers what is ready. Several at once do what one
// does: an item is locked while its offer ends, and a person while they are offered one.
func (s *Service) SweepOffers(ctx context.Context) (n int, err error) {
	err = s.db.InSystem(ctx, pushTask, func(sys *db.System) error {
		lapsed, err := s.lapseOffers(sys)
		if err != nil {
			return err
		}
		made, err := s.makeOffers(ctx, sys)
		n = lapsed + made
		return err
	})
	return n, err
}

func (s *Service) lapseOffers(sys *db.System) (n int, err error) {
	bureau, err := s.bureauOf(sys)
	if err != nil || bureau == "" {
		return 0, err
	}
	return n, sys.Each(200, func(firms []ident.FirmID) error {
		var gone []ident.FirmID
		if err := sys.Read(firms, func(tx *db.Tx) error {
			return tx.Raw(`SELECT f.id FROM unnest(?::uuid[]) AS f(id)
				CROSS JOIN LATERAL (SELECT FROM work_item w WHERE w.firm_id = f.id AND w.reserved_as = 'offered' AND w.reserved_until <= ? LIMIT 1) x`, db.Array(firms), tx.Now).Scan(&gone).Error
		}); err != nil {
			return fmt.Errorf("find offers that lapsed: %w", err)
		}
		var failed []error
		for _, firm := range gone {
			if err := sys.Enter(firm, func(tx *db.Tx) error {
				m, err := lapse(tx, bureau)
				n += m
				return err
			}); err != nil {
				failed = append(failed, fmt.Errorf("take back offers of firm %s: %w", firm, err))
			}
		}
		return errors.Join(failed...)
	})
}

func (s *Service) bureauOf(sys *db.System) (id ident.FirmID, err error) {
	if known := s.bureau.Load(); known != nil {
		return *known, nil
	}
	var found *ident.FirmID
	err = sys.Read(nil, func(tx *db.Tx) error { return tx.Raw("SELECT auth.bureau()").Row().Scan(&found) })
	if err != nil || found == nil {
		return "", err
	}
	return *found, nil
}

// lapse ends the offers of the firm of tx whose time is over and counts them against whom
// they were made to, in one transaction: an offer lapses once.
func lapse(tx *db.Tx, bureau ident.FirmID) (int, error) {
	items, err := lockItems(tx, `(w.firm_id, w.id) IN (SELECT x.firm_id, x.id FROM work_item x WHERE x.firm_id = ? AND x.reserved_as = 'offered' AND x.reserved_until <= ?
		ORDER BY x.id LIMIT ? FOR UPDATE OF x SKIP LOCKED)`, tx.Scope.Firm, tx.Now, expiredAtOnce)
	if err != nil {
		return 0, err
	}
	firm, counts := tx.Scope.Firm, map[ident.PersonID]int{}
	for _, i := range items {
		counts[*i.ReservedFor]++
		if err := change(tx, i.ID, noReservation+`, version = version + 1`); err != nil {
			return 0, err
		}
	}
	if len(items) == 0 {
		return 0, nil
	}
	if err := tx.Enter(bureau); err != nil {
		return 0, err
	}
	for _, i := range items {
		if err := recordOffer(tx, "item.offer_lapsed", firm, i.ID, "", map[string]any{"for": *i.ReservedFor}); err != nil {
			return 0, err
		}
	}
	people := make([]ident.PersonID, 0, len(counts))
	for who := range counts {
		people = append(people, who)
	}
	slices.Sort(people) // one order, so that two sweeps cannot lock each other out
	for _, who := range people {
		if err := countLapses(tx, who, counts[who]); err != nil {
			return 0, err
		}
	}
	return len(items), nil
}

// countLapses sets somebody away at the third in a row. Of who is away already none count.
func countLapses(tx *db.Tx, who ident.PersonID, n int) error {
	if err := sit(tx, who, `lapses = CASE WHEN `+awayNow("pool_seat")+` THEN lapses ELSE least(lapses + ?, ?) END`, tx.Now, n, mostLapses); err != nil {
		return err
	}
	res := tx.Exec(`UPDATE pool_seat SET away_at = ?, away_until = NULL, away_as = ?, lapses = 0 WHERE firm_id = ? AND person_id = ? AND lapses >= ?
		AND NOT (`+awayNow("pool_seat")+`)`, tx.Now, AwayLapsed, tx.Scope.Firm, who, mostLapses, tx.Now)
	if res.Error != nil {
		return fmt.Errorf("set person %s away: %w", who, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil
	}
	return recordSeat(tx, who, "person.away", "", map[string]any{"as": AwayLapsed})
}

// ready is somebody of a pool in push mode who could be offered something.
type ready struct {
	who  ident.PersonID
	left int       // weight that still fits
	idle time.Time // since when
}

// makeOffers offers each person with room one item, most room first, then longest idle.
func (s *Service) makeOffers(ctx context.Context, sys *db.System) (n int, err error) {
	people, err := s.readyPeople(sys)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, p := range people {
		made, err := s.offerTo(ctx, p.who)
		if err != nil { // the others wait for nobody's trouble
			failed = append(failed, fmt.Errorf("offer work to person %s: %w", p.who, err))
		}
		if made {
			n++
		}
	}
	return n, errors.Join(failed...)
}

// readyPeople are those of the pools in push mode who are on duty, have room and no offer.
// Nothing is read across firms while no pool is.
func (s *Service) readyPeople(sys *db.System) (list []ready, err error) {
	bureau, err := s.bureauOf(sys)
	if err != nil || bureau == "" {
		return nil, err
	}
	var l Layout
	if err := sys.Enter(bureau, func(tx *db.Tx) (err error) {
		l, err = layoutOf(tx)
		return err
	}); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(l.Pools, func(p Pool) bool { return p.Push }) {
		return nil, nil
	}
	hands := map[ident.PersonID]int{}
	last := map[ident.PersonID]time.Time{}
	offered, works := map[ident.PersonID]bool{}, map[ident.PersonID]bool{}
	err = sys.Each(200, func(firms []ident.FirmID) error {
		return sys.Read(firms, func(tx *db.Tx) error { return countHands(tx, firms, l, hands, last, offered, works) })
	})
	if err != nil {
		return nil, err
	}
	for who := range works {
		p, _ := l.Pool(who)
		if left := l.Limit(who) - hands[who]; p.Push && left > 0 && !offered[who] && !l.Away(who) {
			idle := last[who]
			if at := l.Seats[who].offered; at.After(idle) {
				idle = at
			}
			list = append(list, ready{who, left, idle})
		}
	}
	slices.SortFunc(list, func(a, b ready) int {
		return cmp.Or(cmp.Compare(b.left, a.left), a.idle.Compare(b.idle), cmp.Compare(a.who, b.who))
	})
	return list, nil
}

// countHands adds what people have in these firms: who works there, what they hold and since
// when, and to whom something is offered.
func countHands(tx *db.Tx, firms []ident.FirmID, l Layout, hands map[ident.PersonID]int, last map[ident.PersonID]time.Time, offered, works map[ident.PersonID]bool) error {
	var granted []struct {
		PersonID ident.PersonID
		Role     rbac.Role
	}
	err := tx.Raw(`SELECT DISTINCT g.person_id, g.role FROM access_grant g JOIN unnest(?::uuid[]) AS f(id) ON f.id = g.firm_id
		WHERE g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?)`, db.Array(firms), tx.Now, tx.Now).Scan(&granted).Error
	if err != nil {
		return fmt.Errorf("find who works for firms: %w", err)
	}
	for _, g := range granted {
		if g.Role.OfBureau() { // a firm's own people, of whom there are many, claim nothing
			works[g.PersonID] = true
		}
	}
	var rows []struct {
		Who      ident.PersonID
		Type     string
		Held     bool
		LeasedAt *time.Time
	}
	err = tx.Raw(`SELECT coalesce(w.leased_by, w.reserved_for) AS who, w.type, w.status = 'leased' AS held, w.leased_at FROM unnest(?::uuid[]) AS f(id) JOIN work_item w ON w.firm_id = f.id
		WHERE (w.status = 'leased' AND w.lease_until > ?) OR (w.status = 'ready' AND w.reserved_as = 'offered' AND w.reserved_until > ?)`, db.Array(firms), tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("count what people hold: %w", err)
	}
	for _, r := range rows {
		if !r.Held {
			offered[r.Who] = true
			continue
		}
		hands[r.Who] += l.Weight(r.Type)
		if r.LeasedAt.After(last[r.Who]) {
			last[r.Who] = *r.LeasedAt
		}
	}
	return nil
}

// offerTo offers somebody what get-next would give them now. It decides as that person: what
// their grants do not give is not offered.
func (s *Service) offerTo(ctx context.Context, who ident.PersonID) (made bool, err error) {
	ctx = scope.With(ctx, scope.Scope{Actor: who, Machine: pushTask})
	firms, err := s.guard.Firms(ctx, rbac.ItemWork)
	if err != nil || len(firms) == 0 {
		return false, err
	}
	bureau, err := s.bureauID(ctx)
	if err != nil {
		return false, err
	}
	for range mostLooks {
		seen, err := s.offer(ctx, firms, bureau)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, ErrQueueEmpty) && !errors.Is(err, ErrHeldMany) && !errors.Is(err, ErrAway) {
			return false, err
		}
		if !seen {
			break
		}
	}
	return false, nil
}

// offer is one look and one offer, in one transaction, as claim is.
func (s *Service) offer(ctx context.Context, firms []ident.FirmID, bureau ident.FirmID) (seen bool, err error) {
	err = s.db.InClaim(ctx, withBureau(firms, bureau), func(tx *db.Tx) error {
		if err := tx.Lock("claim " + string(tx.Scope.Actor)); err != nil {
			return err
		}
		accesses, err := s.guard.Across(tx, firms, rbac.ItemWork)
		if err != nil {
			return err
		}
		r, err := s.roomFor(tx, firms, bureau)
		if err != nil {
			return err
		}
		has, err := hasOffer(tx, firms)
		if err != nil {
			return err
		}
		if has || !r.pool.Push {
			return ErrQueueEmpty // another sweep was quicker
		}
		board, stands, err := s.boardFor(tx, accesses, firms, bureau, r)
		if err != nil {
			return err
		}
		order := board.Order()
		seen = len(order) > 0
		for _, h := range order {
			i, err := s.offerHead(tx, h, stands, r)
			if errors.Is(err, ErrQueueEmpty) {
				continue
			}
			if err != nil {
				return err
			}
			board.Firms[h.Firm].Ready = i.More
			if err := saveBoard(tx, board, bureau, r.pool.ID, h); err != nil {
				return err
			}
			if err := recordOffer(tx, "item.offered", h.Firm, i.ID, "", map[string]any{"to": tx.Scope.Actor, "band": h.Band}); err != nil {
				return err
			}
			return sit(tx, tx.Scope.Actor, `offered_at = ?`, tx.Now)
		}
		return ErrQueueEmpty
	})
	return seen, err
}

func hasOffer(tx *db.Tx, firms []ident.FirmID) (has bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM unnest(?::uuid[]) AS f(id) JOIN work_item w ON w.firm_id = f.id
		WHERE w.reserved_for = ? AND w.reserved_as = 'offered' AND w.reserved_until > ?)`, db.Array(firms), tx.Scope.Actor, tx.Now).Row().Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for an offer to person %s: %w", tx.Scope.Actor, err)
	}
	return has, nil
}

// offerHead keeps the first item of a band in the firm of h for the person.
func (s *Service) offerHead(tx *db.Tx, h Head, stands requirement.Standing, r room) (i head, err error) {
	if err := tx.Enter(h.Firm); err != nil {
		return i, err
	}
	// Who may not claim could not take it, and who may not work on it has no use for it.
	if _, err := s.guard.Require(tx, rbac.ItemClaim); errors.Is(err, authz.ErrNotFound) || errors.Is(err, authz.ErrForbidden) {
		return i, ErrQueueEmpty
	} else if err != nil {
		return i, err
	}
	a, err := s.guard.Require(tx, rbac.ItemWork)
	if errors.Is(err, authz.ErrNotFound) || errors.Is(err, authz.ErrForbidden) {
		return i, ErrQueueEmpty
	}
	if err != nil {
		return i, err
	}
	if i, err = lockHead(tx, a, stands, h.Band, r); err != nil {
		return i, err
	}
	if err := change(tx, i.ID, noReservation); err != nil {
		return i, err
	}
	return i, change(tx, i.ID, `reserved_for = ?, reserved_until = ?, reserved_as = ?, version = version + 1`, tx.Scope.Actor, tx.Now.Add(OfferFor), AsOffered)
}

// recordOffer leaves what became of an offer in the bureau's own trail, in its domain: the
// firm, which may read its own, is not told that the bureau has pools that offer work.
func recordOffer(tx *db.Tx, action string, firm ident.FirmID, id ident.WorkItemID, p rbac.Permission, detail map[string]any) error {
	detail["firm"] = firm
	return audit.Record(tx, audit.Entry{Action: action, Object: "item", ID: string(id), Class: audit.C1, Permission: string(p), Detail: detail})
}

// declined answers an offer of an item of the firm of tx with a no.
func (s *Service) declined(tx *db.Tx, id ident.WorkItemID) error {
	if err := insertDecline(tx, id); err != nil {
		return err
	}
	if err := change(tx, id, noReservation+`, version = version + 1`); err != nil {
		return err
	}
	firm := tx.Scope.Firm
	return s.atBureau(tx, func(tx *db.Tx) error {
		if err := unlapsed(tx); err != nil {
			return err
		}
		return recordOffer(tx, "item.offer_declined", firm, id, rbac.ItemClaim, map[string]any{"for": tx.Scope.Actor})
	})
}

// answered notes, from within the transaction of a firm, that the actor answered an offer:
// lapses count in a row.
func (s *Service) answered(tx *db.Tx) error { return s.atBureau(tx, unlapsed) }

// atBureau runs fn in the bureau's domain, from within the transaction of a firm.
func (s *Service) atBureau(tx *db.Tx, fn func(tx *db.Tx) error) error {
	ctx := db.Joining(tx.Context(), tx)
	bureau, err := s.bureauID(ctx)
	if err != nil || bureau == "" {
		return err
	}
	return s.db.InFirm(scope.InFirm(ctx, bureau), fn)
}

// answer is answered at the end of a claim.
func answer(tx *db.Tx, bureau ident.FirmID) error {
	if err := tx.Enter(bureau); err != nil {
		return err
	}
	return unlapsed(tx)
}

func unlapsed(tx *db.Tx) error { return sit(tx, tx.Scope.Actor, `lapses = 0`) }

// Offer is an item that is offered to the actor.
type Offer struct {
	Row
	Until time.Time
}

// Offers are those to the actor now: at most one.
func (s *Service) Offers(ctx context.Context) (list []Offer, err error) {
	err = s.acrossFirms(ctx, "", func(tx *db.Tx, accesses []*authz.Access) error {
		rows, err := readQueue(tx, accesses, Query{Tab: tabOffered}, queueKey{}, 1)
		if err != nil {
			return err
		}
		shown, err := s.rows(tx, accesses, rows)
		for _, r := range shown {
			list = append(list, Offer{r, r.Kept.Until})
		}
		return err
	})
	return list, err
}
