package deputy

import (
	"context"
	"errors"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do about deputies.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// Name names a deputy: everybody for themselves, whoever manages deputies for anybody of
// the firm. Both must approve by a grant of their own, now. ErrOpen where the principal
// has one, ErrChain where a stead would be passed on.
func (s *Service) Name(ctx context.Context, d Draft) (st Stead, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		// Before anything else is held: no two namings make a chain between them, and none
		// waits for a grant of somebody who waits here.
		if err := tx.Lock("deputies of " + string(tx.Scope.Firm)); err != nil {
			return err
		}
		allowed := rbac.DeputyName
		if _, err := s.guard.Require(tx, allowed); err != nil {
			return err
		}
		if d.Principal == "" {
			d.Principal = tx.Scope.Actor
		}
		if d.Principal != tx.Scope.Actor {
			allowed = rbac.DeputyManage
			if _, err := s.guard.Require(tx, allowed); err != nil {
				return err
			}
		}
		zone, err := zoneOf(tx)
		if err != nil {
			return err
		}
		if err := d.validate(tx.Now, zone); err != nil {
			return err
		}
		st, err = s.name(tx, d, zone, allowed)
		return err
	})
	return st, err
}

func (s *Service) name(tx *db.Tx, d Draft, zone *time.Location, allowed rbac.Permission) (Stead, error) {
	principal, deputy, err := s.both(tx, d)
	if err != nil {
		return Stead{}, err
	}
	if _, err := s.lapse(tx); err != nil {
		return Stead{}, err // what is over by its day stands in nobody's way
	}
	if err := unclashed(tx, d, zone); err != nil {
		return Stead{}, err
	}
	st := Stead{ID: ident.New[ident.DeputyID](tx.Now), Principal: principal.ID, PrincipalName: principal.Name, Deputy: deputy.ID, DeputyName: deputy.Name,
		From: d.From, Until: d.Until, Reason: d.Reason, NamedAt: tx.Now}
	if err := insert(tx, st); err != nil {
		return Stead{}, err
	}
	if st, err = lock(tx, st.ID); err != nil {
		return Stead{}, err
	}
	if err := letter.Write(tx, letter.DeputyNamed, string(st.ID), others(tx, st.Deputy)...); err != nil {
		return Stead{}, err
	}
	if err := letter.Write(tx, letter.DeputyGiven, string(st.ID), others(tx, st.Principal)...); err != nil {
		return Stead{}, err
	}
	return st, audit.Record(tx, audit.Entry{Action: "deputy.named", Object: "deputy", ID: string(st.ID), Class: audit.C1, Permission: string(allowed), After: d,
		Detail: map[string]any{"principal": st.Principal, "deputy": st.Deputy, "from": st.From, "until": st.Until}})
}

// both are the two people of a draft. Whoever is not of the firm's own people is not
// there, in the same words whether or not there is such a person.
func (s *Service) both(tx *db.Tx, d Draft) (principal, deputy people.Person, err error) {
	var fs fault.Fields
	for _, one := range []struct {
		path, may string
		id        ident.PersonID
		into      *people.Person
	}{
		{"principal", "does not approve pre-bills, so nothing waits for them by name", d.Principal, &principal},
		{"deputy", "cannot approve pre-bills; who stands in needs that right by a grant of their own", d.Deputy, &deputy},
	} {
		p, err := people.OfFirm(tx, one.id)
		if errors.Is(err, people.ErrNotFound) || err == nil && p.Staff {
			fs.Add(one.path, "person_unknown", "choose one of the firm's own people")
			continue
		}
		if err != nil {
			return principal, deputy, err
		}
		if _, err := s.guard.Holder(tx, p.ID, approves); errors.Is(err, authz.ErrNotFound) {
			fs.Add(one.path, "deputy_right", "%s %s", p.Name, one.may)
		} else if err != nil {
			return principal, deputy, err
		}
		*one.into = p
	}
	return principal, deputy, fs.Err(ErrInvalid)
}

// unclashed refuses a second deputy, and a stead that is passed on.
func unclashed(tx *db.Tx, d Draft, zone *time.Location) error {
	list, err := rows(tx, `s.ended_at IS NULL AND (s.principal_id = ? OR s.from_at < ? AND s.until_at > ? AND (s.principal_id = ? OR s.deputy_id = ?))`, `ORDER BY s.id`,
		d.Principal, d.Until, d.From, d.Deputy, d.Principal)
	if err != nil {
		return err
	}
	for _, o := range list {
		last := o.Until.In(zone).Add(-time.Second).Format("2 January 2006")
		switch {
		case o.Principal == d.Principal:
			return ErrOpen.With("%s has a deputy until %s: %s. End that first", o.PrincipalName, last, o.DeputyName)
		case o.Principal == d.Deputy:
			return ErrChain.With("%s has a deputy in that time: %s, until %s. Name somebody who is there themselves", o.PrincipalName, o.DeputyName, last)
		default:
			return ErrChain.With("%s stands in for %s until %s, and a stead is not passed on. Give that back first, or name a deputy for another time", o.DeputyName, o.PrincipalName, last)
		}
	}
	return nil
}

// End ends one at once: by either of the two, or by whoever manages deputies. To anybody
// else it does not exist.
func (s *Service) End(ctx context.Context, id ident.DeputyID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.DeputyName); err != nil {
			return err
		}
		st, err := lock(tx, id)
		if err != nil {
			return err
		}
		allowed, why := rbac.DeputyName, st.by(tx.Scope.Actor)
		if why == WhyFirm {
			allowed = rbac.DeputyManage
			if _, err := s.guard.Require(tx, allowed); errors.Is(err, authz.ErrForbidden) {
				return ErrNotFound
			} else if err != nil {
				return err
			}
		}
		if !st.Open(tx.Now) {
			return ErrEnded
		}
		return s.finish(tx, st, ending{at: tx.Now, why: why, allowed: allowed})
	})
}

// ending is how one ends. leaver is set where one of the two left.
type ending struct {
	at      time.Time
	why     Why
	allowed rbac.Permission // "" for what nobody was allowed: a day, or a grant that ended
	leaver  ident.PersonID
}

// finish writes the end of one that is locked and tells who has to know.
func (s *Service) finish(tx *db.Tx, st Stead, e ending) error {
	by := tx.Scope.Actor
	if e.why == WhyDate {
		by = ""
	}
	ended, err := end(tx, st, e.at, by, e.why)
	if err != nil {
		return err
	}
	if err := s.tell(tx, st, e); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "deputy.ended", Object: "deputy", ID: string(st.ID), Class: audit.C1, Permission: string(e.allowed),
		Detail: map[string]any{"principal": st.Principal, "deputy": st.Deputy, "why": e.why, "at": ended}})
}

// tell writes to whoever of the two did not end it and is still there and, where
// somebody left, to the firm's administrators, with a link to what waits for who left: each
// reader's own list, for a number of it would count what stands behind their walls. A day
// that comes is told to nobody.
func (s *Service) tell(tx *db.Tx, st Stead, e ending) error {
	if e.why == WhyDate {
		return nil
	}
	for _, who := range []ident.PersonID{st.Principal, st.Deputy} {
		if who == e.leaver || e.why != WhyLeft && who == tx.Scope.Actor {
			continue
		}
		if err := letter.Write(tx, letter.DeputyEnded, string(st.ID), who); err != nil {
			return err
		}
	}
	if e.why != WhyLeft {
		return nil
	}
	admins, err := people.Administrators(tx, rbac.RoleFirmAdmin)
	if err != nil {
		return err
	}
	return letter.WriteAbout(tx, letter.DeputyLeft, string(st.ID), e.leaver, admins...)
}

// others are the people but for the one who acts.
func others(tx *db.Tx, who ...ident.PersonID) (list []ident.PersonID) {
	for _, p := range who {
		if p != tx.Scope.Actor {
			list = append(list, p)
		}
	}
	return list
}

// List shows those that the reader has part in, or with deputy.manage all of the firm's,
// the last named first.
func (s *Service) List(ctx context.Context, r page.Request) (list page.Page[Stead], err error) {
	after := ident.DeputyID("ffffffff-ffff-ffff-ffff-ffffffffffff")
	if _, err := r.Decode(&after); err != nil {
		return list, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.DeputyRead); err != nil {
			return err
		}
		may, err := s.guard.May(tx, rbac.DeputyManage)
		if err != nil {
			return err
		}
		found, err := rows(tx, `s.id < ?::uuid AND (? OR ?::uuid IN (s.principal_id, s.deputy_id))`, `ORDER BY s.id DESC LIMIT ?`,
			after, may[rbac.DeputyManage], tx.Scope.Actor, r.Limit()+1)
		if err != nil {
			return err
		}
		list, err = page.Cut(found, r.Limit(), func(s Stead) any { return s.ID })
		return err
	})
	return list, err
}

// Candidates are the firm's own people who approve now, by name: who can be named, and
// for whom.
func (s *Service) Candidates(ctx context.Context) (list []Person, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.DeputyRead); err != nil {
			return err
		}
		held, err := s.guard.Holders(tx, approves)
		if err != nil {
			return err
		}
		who := make([]ident.PersonID, len(held))
		for i, a := range held {
			who[i] = a.Person
		}
		list, err = persons(tx, who)
		return err
	})
	return list, err
}
