package worklist

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// arranging is inBureauDomain for a change, one at a time: pools, seats and weights are decided
// about together.
func (s *Service) arranging(ctx context.Context, fn func(tx *db.Tx, firms []ident.FirmID) error) error {
	return s.inBureauDomain(ctx, rbac.PoolEdit, func(tx *db.Tx, firms []ident.FirmID) error {
		if err := tx.Lock("pools"); err != nil {
			return err
		}
		if err := makeDefault(tx); err != nil {
			return err
		}
		return fn(tx, firms)
	})
}

// Layout is how the bureau's people claim, as far as the lead is told: of pools those that
// they lead, that take every firm's work, or that of a firm of theirs; and of the firms of
// those only their own.
func (s *Service) Layout(ctx context.Context) (l Layout, err error) {
	err = s.inBureauDomain(ctx, rbac.TeamRead, func(tx *db.Tx, firms []ident.FirmID) error {
		if l, err = layoutOf(tx); err != nil {
			return err
		}
		return l.tell(tx, firms)
	})
	if errors.Is(err, ErrNotFound) {
		return Layout{At: s.db.Clock().Now()}, nil
	}
	return l, err
}

// layoutOf is all of it, in the bureau's domain.
func layoutOf(tx *db.Tx) (l Layout, err error) {
	l.At = tx.Now
	if l.Pools, err = readPools(tx); err != nil {
		return l, err
	}
	if l.Seats, err = readSeats(tx); err != nil {
		return l, err
	}
	l.Weights, err = readWeights(tx)
	return l, err
}

// layoutAside is layoutOf from within the transaction of a firm, for an act that rests on
// where somebody claims.
func (s *Service) layoutAside(tx *db.Tx) (l Layout, err error) {
	ctx := db.Joining(tx.Context(), tx)
	bureau, err := s.bureauID(ctx)
	if err != nil || bureau == "" {
		return Layout{At: tx.Now}, err
	}
	err = s.db.InFirm(scope.InFirm(ctx, bureau), func(tx *db.Tx) (err error) {
		l, err = layoutOf(tx)
		return err
	})
	return l, err
}

// sees tells whether a lead with these firms is told of a pool.
func (p Pool) sees(who ident.PersonID, firms []ident.FirmID) bool {
	return p.Default || p.EveryFirm || p.Lead.ID == who || slices.ContainsFunc(p.Firms, func(f ident.FirmID) bool { return slices.Contains(firms, f) })
}

// told is what a lead with these firms is told of one.
func (p Pool) told(firms []ident.FirmID) Pool {
	known := slices.DeleteFunc(slices.Clone(p.Firms), func(f ident.FirmID) bool { return !slices.Contains(firms, f) })
	p.Others, p.Firms = len(known) < len(p.Firms), known
	return p
}

// tell leaves what the actor is told, who leads at these firms.
func (l *Layout) tell(tx *db.Tx, firms []ident.FirmID) (err error) {
	var pools []Pool
	for _, p := range l.Pools {
		if !p.sees(tx.Scope.Actor, firms) {
			continue
		}
		if p.Closed, err = closedTo(tx, p, firms); err != nil {
			return err
		}
		pools = append(pools, p.told(firms))
	}
	l.Pools = pools
	return nil
}

// closedTo tells whether a pool is for its lead alone to change and to end: it takes work of
// firms that the actor is told nothing of, and its lead has not left.
func closedTo(tx *db.Tx, p Pool, firms []ident.FirmID) (bool, error) {
	if p.Lead.ID == "" || p.Lead.ID == tx.Scope.Actor || p.leadLeft {
		return false, nil
	}
	if !p.EveryFirm {
		return p.told(firms).Others, nil
	}
	beside, err := otherFirms(tx, firms)
	return len(beside) > 0, err
}

// MakePool makes a pool under the actor, or under the lead it names. Nobody claims through
// it until they are moved there.
func (s *Service) MakePool(ctx context.Context, d PoolDraft) (p Pool, err error) {
	err = s.arranging(ctx, func(tx *db.Tx, firms []ident.FirmID) error {
		l, err := layoutOf(tx)
		if err != nil {
			return err
		}
		if err := d.checkAll(firms, l); err != nil {
			return err
		}
		if len(d.Firms) == 0 && !d.EveryFirm {
			return ErrPool.On(fault.Field{Path: "firm_ids", Code: "pool_firms", Message: "a pool takes the work of some firm", Fix: "choose firms, or every firm"})
		}
		if len(l.Pools) >= MaxPools {
			return ErrPoolsMany
		}
		p = Pool{ID: ident.New[ident.PoolID](tx.Now), Name: d.Name, EveryFirm: d.EveryFirm, Firms: d.Firms, Types: d.Types, Limit: d.Limit, Push: d.Push, Version: 1}
		if p.Lead, err = s.leadOf(tx, d.Lead, firms); err != nil {
			return err
		}
		if err := insertPool(tx, p); err != nil {
			return err
		}
		return recordPool(tx, p, "pool.made")
	})
	return p, err
}

func (d *PoolDraft) checkAll(firms []ident.FirmID, l Layout) error {
	if err := d.check(firms); err != nil {
		return err
	}
	return d.checkLimit(l.Weights)
}

// leadOf is who answers for a pool: the actor, or somebody who leads at a firm of theirs.
func (s *Service) leadOf(tx *db.Tx, who ident.PersonID, firms []ident.FirmID) (p Person, err error) {
	if who == "" || who == tx.Scope.Actor {
		p.ID = tx.Scope.Actor
	} else if p.ID, err = s.holdsIn(tx, who, rbac.PoolEdit, firms); err != nil {
		return p, err
	} else if p.ID == "" {
		return p, ErrPool.On(fault.Field{Path: "lead_id", Code: "pool_lead", Message: "this person cannot lead a pool", Fix: "choose one of the leads listed"})
	}
	p.Name, err = nameOf(tx, p.ID)
	return p, err
}

// holdsIn is who, where a grant gives them p in one of the firms of which the actor may know
// all; else "".
func (s *Service) holdsIn(tx *db.Tx, who ident.PersonID, p rbac.Permission, firms []ident.FirmID) (is ident.PersonID, err error) {
	if _, err := ident.Parse[ident.PersonID](string(who)); err != nil {
		return "", nil //nolint:nilerr // what is no id is nobody's
	}
	ctx := db.Joining(tx.Context(), tx)
	for _, firm := range firms {
		err := s.db.InFirm(scope.InFirm(ctx, firm), func(tx *db.Tx) error {
			lead, err := s.guard.Require(tx, rbac.PoolEdit)
			if err != nil || !lead.WholeFirm() {
				return err // of who works there they are told nothing
			}
			a, err := s.guard.Reach(tx, who, p)
			if err == nil && a != nil {
				is = who
			}
			return err
		})
		if k := fault.KindOf(err); err != nil && (k == fault.NotFound || k == fault.Forbidden) {
			continue // what gave it has ended since
		}
		if err != nil || is != "" {
			return is, err
		}
	}
	return "", nil
}

// ChangePool gives a pool another name, lead, firms, types or limit. Firms that the lead is
// not told of stay in it, also where it took the work of every firm. ErrNotFound for one that they are not told of,
// ErrPoolLead for another lead's that takes work of such firms.
func (s *Service) ChangePool(ctx context.Context, id ident.PoolID, d PoolDraft) (p Pool, err error) {
	err = s.arranging(ctx, func(tx *db.Tx, firms []ident.FirmID) error {
		if p, err = seenPool(tx, id, firms); err != nil {
			return err
		}
		if d.Version != 0 && d.Version != p.Version {
			return ErrPoolTook
		}
		closed, err := closedTo(tx, p, firms)
		if err != nil {
			return err
		}
		if closed {
			return ErrPoolLead
		}
		l, err := layoutOf(tx)
		if err != nil {
			return err
		}
		if err := d.checkAll(firms, l); err != nil {
			return err
		}
		served := d.Firms
		if !d.EveryFirm {
			takes := p.Firms
			if p.EveryFirm {
				if takes, err = otherFirms(tx, firms); err != nil {
					return err
				}
			}
			for _, f := range takes {
				if !slices.Contains(firms, f) {
					served = append(served, f)
				}
			}
			if len(served) == 0 {
				return ErrPool.On(fault.Field{Path: "firm_ids", Code: "pool_firms", Message: "a pool takes the work of some firm", Fix: "choose firms, or every firm"})
			}
		}
		if d.Lead != "" && d.Lead != p.Lead.ID {
			if p.Lead, err = s.leadOf(tx, d.Lead, firms); err != nil {
				return err
			}
		}
		slices.Sort(served)
		p.Name, p.EveryFirm, p.Firms, p.Types, p.Limit, p.Push = d.Name, d.EveryFirm, served, d.Types, d.Limit, d.Push
		if err := savePool(tx, p); err != nil {
			return err
		}
		if err := leave(tx, p); err != nil {
			return err
		}
		p.Version++
		if err := recordPool(tx, p, "pool.changed"); err != nil {
			return err
		}
		p = p.told(firms)
		return nil
	})
	return p, err
}

func seenPool(tx *db.Tx, id ident.PoolID, firms []ident.FirmID) (Pool, error) {
	if _, err := ident.Parse[ident.PoolID](string(id)); err != nil {
		return Pool{}, ErrNotFound
	}
	p, err := lockPool(tx, id)
	if err == nil && !p.sees(tx.Scope.Actor, firms) {
		err = ErrNotFound
	}
	return p, err
}

// EndPool ends a pool; its people claim through the one for everybody again. ErrPoolLead as of
// ChangePool.
func (s *Service) EndPool(ctx context.Context, id ident.PoolID) error {
	return s.arranging(ctx, func(tx *db.Tx, firms []ident.FirmID) error {
		p, err := seenPool(tx, id, firms)
		if err != nil {
			return err
		}
		if p.Default {
			return ErrPoolStays
		}
		closed, err := closedTo(tx, p, firms)
		if err != nil {
			return err
		}
		if closed {
			return ErrPoolLead
		}
		people, err := endPool(tx, id)
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "pool.ended", Object: "pool", ID: string(id), Class: audit.C1, Permission: string(rbac.PoolEdit), Detail: map[string]any{"people": people}})
	})
}

// recordPool names firms by id: the bureau's own trail, which no firm reads. Of very many the
// hash tells which they were.
func recordPool(tx *db.Tx, p Pool, action string) error {
	detail := map[string]any{"lead": p.Lead.ID, "every_firm": p.EveryFirm, "firms": len(p.Firms), "types": p.Types, "limit": p.Limit, "push": p.Push}
	if len(p.Firms) <= 100 {
		detail["firm_ids"] = p.Firms
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "pool", ID: string(p.ID), Class: audit.C1, Permission: string(rbac.PoolEdit), After: p, Detail: detail})
}

// SeatDraft is where a lead lets somebody claim, and how much they may hold.
type SeatDraft struct {
	Pool  ident.PoolID
	Limit int // their own; 0 is the pool's
}

// SetSeat moves somebody who works for a firm of the lead's to a pool. What they hold and
// what is kept for them stays theirs.
func (s *Service) SetSeat(ctx context.Context, who ident.PersonID, d SeatDraft) error {
	return s.arranging(ctx, func(tx *db.Tx, firms []ident.FirmID) error {
		l, err := s.colleague(tx, who, firms)
		if err != nil {
			return err
		}
		p, err := seenPool(tx, d.Pool, firms)
		if errors.Is(err, ErrNotFound) {
			return ErrSeat.On(fault.Field{Path: "pool_id", Code: "seat_pool", Message: "there is no such pool", Fix: "choose one of those listed"})
		}
		if err != nil {
			return err
		}
		if d.Limit < 0 || d.Limit > mostLimit {
			return ErrSeat.On(fault.Field{Path: "limit", Code: "seat_limit", Message: fmt.Sprintf("one person may hold 1 to %d", mostLimit), Fix: "enter such a number, or leave it out for the pool's"})
		}
		from, _ := l.Pool(who)
		var pool *ident.PoolID
		if !p.Default {
			pool = &p.ID
		}
		var limit *int
		if d.Limit > 0 {
			limit = &d.Limit
		}
		if err := sit(tx, who, `pool_id = ?, wip_limit = ?`, pool, limit); err != nil {
			return err
		}
		return recordSeat(tx, who, "pool.person_moved", rbac.PoolEdit, map[string]any{"from": from.ID, "to": p.ID, "limit": d.Limit})
	})
}

// colleague is the layout, where who works for a firm of the lead's and claims through a
// pool that the lead is told of; the refusal is the same whether or not they exist.
func (s *Service) colleague(tx *db.Tx, who ident.PersonID, firms []ident.FirmID) (l Layout, err error) {
	is, err := s.holdsIn(tx, who, rbac.ItemClaim, firms)
	if err != nil {
		return l, err
	}
	if l, err = layoutOf(tx); err != nil {
		return l, err
	}
	if err := l.tell(tx, firms); err != nil {
		return l, err
	}
	if _, known := l.Pool(who); is == "" || !known {
		return l, ErrSeat.On(fault.Field{Path: "person_id", Code: "seat_person", Message: "this cannot be set for that person", Fix: "choose one of the people listed"})
	}
	return l, nil
}

func recordSeat(tx *db.Tx, who ident.PersonID, action string, p rbac.Permission, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "person", ID: string(who), Class: audit.C1, Permission: string(p), Detail: detail})
}

// SetWeights says what one item of each type named counts in somebody's hands; what is not
// named stays.
func (s *Service) SetWeights(ctx context.Context, weights map[string]int) error {
	return s.arranging(ctx, func(tx *db.Tx, _ []ident.FirmID) error {
		l, err := layoutOf(tx)
		if err != nil {
			return err
		}
		if err := checkWeights(weights, l.Pools); err != nil {
			return err
		}
		for _, typ := range slices.Sorted(maps.Keys(weights)) {
			if weights[typ] == l.Weight(typ) {
				continue
			}
			if err := saveWeight(tx, typ, weights[typ]); err != nil {
				return err
			}
			if err := audit.Record(tx, audit.Entry{Action: "pool.weight_set", Object: "work_type", ID: typ, Class: audit.C1, Permission: string(rbac.PoolEdit), Detail: map[string]any{"weight": weights[typ]}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxAway bounds how long ahead somebody is set away: a year.
const maxAway = 366 * 24 * time.Hour

// Duty is the actor's own seat; the zero Seat where nothing was ever set.
func (s *Service) Duty(ctx context.Context) (seat Seat, err error) {
	err = s.inBureauDomain(ctx, rbac.ItemClaim, func(tx *db.Tx, _ []ident.FirmID) error {
		if seat, err = readSeat(tx, tx.Scope.Actor); !seat.Away.Is(tx.Now) {
			seat.Away = Away{}
		}
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Seat{}, nil
	}
	return seat, err
}

// SetDuty sets the actor away, until an instant or, with none, until they come back; or on
// duty again.
func (s *Service) SetDuty(ctx context.Context, away bool, until time.Time) error {
	return s.inBureauDomain(ctx, rbac.ItemClaim, func(tx *db.Tx, _ []ident.FirmID) error {
		return setDuty(tx, tx.Scope.Actor, AwaySelf, rbac.ItemClaim, away, until)
	})
}

// SetDutyOf is SetDuty of somebody who works for a firm of the lead's.
func (s *Service) SetDutyOf(ctx context.Context, who ident.PersonID, away bool, until time.Time) error {
	return s.arranging(ctx, func(tx *db.Tx, firms []ident.FirmID) error {
		if _, err := s.colleague(tx, who, firms); err != nil {
			return err
		}
		return setDuty(tx, who, AwayLead, rbac.PoolEdit, away, until)
	})
}

func setDuty(tx *db.Tx, who ident.PersonID, as AwayAs, p rbac.Permission, away bool, until time.Time) error {
	if away && !until.IsZero() && (!until.After(tx.Now) || until.After(tx.Now.Add(maxAway))) {
		return ErrSeat.On(fault.Field{Path: "until", Code: "away_until", Message: "this is not a time within the next year", Fix: "enter when they come back, or leave it out"})
	}
	if err := makeDefault(tx); err != nil {
		return err
	}
	if !away {
		if err := sit(tx, who, `away_at = NULL, away_until = NULL, away_as = NULL, lapses = 0`); err != nil {
			return err
		}
		return recordSeat(tx, who, "person.on_duty", p, nil)
	}
	var at *time.Time
	detail := map[string]any{"as": as}
	if !until.IsZero() {
		at = &until
		detail["until"] = until.UTC()
	}
	if err := sit(tx, who, `away_at = ?, away_until = ?, away_as = ?, lapses = 0`, tx.Now, at, as); err != nil {
		return err
	}
	return recordSeat(tx, who, "person.away", p, detail)
}
