package authz

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Firms lists the active firms in which the person of ctx holds a live grant whose role
// includes p, by id, for InBureau. Each firm's service decides again inside it.
func (g *Guard) Firms(ctx context.Context, p rbac.Permission) (firms []ident.FirmID, err error) {
	err = g.db.InBureau(ctx, nil, func(tx *db.Tx) error {
		firms, err = g.firms(tx, p)
		return err
	})
	return firms, err
}

func (g *Guard) firms(tx *db.Tx, p rbac.Permission) (firms []ident.FirmID, err error) {
	if tx.Scope.Actor == "" {
		return nil, nil
	}
	if _, ok := tx.ListStamp(); ok {
		return g.firmsKnown(tx, p)
	}
	var rows []struct {
		FirmID ident.FirmID
		Roles  db.Strings
		Own    db.Strings
	}
	if err := tx.Raw("SELECT firm_id, roles, own FROM auth.person_firms(?::uuid, ?)", tx.Scope.Actor, tx.Now).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read firms of person %s: %w", tx.Scope.Actor, err)
	}
	for _, r := range rows {
		if anyGives(g.policy, rolesOf(r.Roles), r.Own, p) {
			firms = append(firms, r.FirmID)
		}
	}
	return firms, nil
}

// firmsKnown is firms by what is kept, and of firms where nothing is, by what is read
// with tx moved over to them.
func (g *Guard) firmsKnown(tx *db.Tx, p rbac.Permission) (firms []ident.FirmID, err error) {
	known, missing := g.kept(tx)
	if len(missing) > 0 {
		if err := tx.Over(missing); err != nil {
			return nil, err
		}
		if err := g.readAcross(tx, missing, known); err != nil {
			return nil, err
		}
	}
	for firm, f := range known {
		if _, err := g.decide(f.live(tx.Now), nil, p); err == nil {
			firms = append(firms, firm)
		}
	}
	slices.Sort(firms)
	return firms, nil
}

// kept are the facts that are kept of the actor of tx at the versions of its stamp, and
// the firms in which they hold a grant and nothing is kept. Nobody who is disabled or
// whose session has ended has any.
func (g *Guard) kept(tx *db.Tx) (known map[ident.FirmID]*facts, missing []ident.FirmID) {
	stamp, _ := tx.ListStamp()
	known = make(map[ident.FirmID]*facts, len(stamp.Firms))
	if !stamp.Active || !stamp.Open {
		return known, nil
	}
	for _, v := range stamp.Firms {
		if f := g.snapshot.at(holder{v.Firm, tx.Scope.Actor}, v.Version); f != nil {
			known[v.Firm] = f
		} else {
			missing = append(missing, v.Firm)
		}
	}
	return known, missing
}

// readAcross adds the facts of firms to known, and keeps them.
func (g *Guard) readAcross(tx *db.Tx, firms []ident.FirmID, known map[ident.FirmID]*facts) error {
	read, clean, err := readFacts(tx, tx.Scope.Actor, firms...)
	if err != nil {
		return err
	}
	for firm, f := range read {
		if known[firm] = f; clean {
			g.snapshot.keep(holder{firm, tx.Scope.Actor}, f)
		}
	}
	return nil
}

// List is Firms and Across in one read-only transaction: fn runs in it, as the bureau
// role over the firms in which the actor has p, or over named alone, with what they may
// know of in each. ErrForbidden without any such firm, ErrNotFound when named is none.
func (g *Guard) List(ctx context.Context, p rbac.Permission, named ident.FirmID, fn func(tx *db.Tx, accesses []*Access) error) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	// Begun over the firms of the last time: as a rule they still are, and the next
	// statement tells whether.
	last := lister{sc.Actor, p, named}
	return g.db.InBureau(ctx, g.snapshot.listed(last), func(tx *db.Tx) error {
		firms, err := g.firms(tx, p)
		switch {
		case err != nil:
			return err
		case len(firms) == 0:
			return ErrForbidden
		case named != "" && !slices.Contains(firms, named):
			return ErrNotFound
		case named != "":
			firms = []ident.FirmID{named}
		}
		if err := tx.Over(firms); err != nil {
			return err
		}
		g.snapshot.list(last, firms)
		accesses, err := g.Across(tx, firms, p)
		if err != nil {
			return err
		}
		return fn(tx, accesses)
	})
}

// Across is Require for a list over several firms: in a transaction of the bureau
// role it reads what the actor may know of in each. Firms in which no live grant
// gives p are left out. Each act on what the list shows decides again in its firm.
func (g *Guard) Across(tx *db.Tx, firms []ident.FirmID, p rbac.Permission) ([]*Access, error) {
	if tx.Scope.Actor == "" {
		return nil, ErrForbidden
	}
	known, err := g.knownAcross(tx, firms)
	if err != nil {
		return nil, err
	}
	held := make([]*Access, 0, len(known))
	for _, firm := range firms {
		f := known[firm]
		if f == nil {
			continue
		}
		delete(known, firm) // a firm that is named twice is listed once
		giving, err := g.decide(f.live(tx.Now), nil, p)
		if err != nil {
			continue // it gives nothing there
		}
		a := &Access{Person: tx.Scope.Actor, Firm: firm, walls: f.standing(tx.Now)}
		a.clear(tx, giving)
		held = append(held, a)
	}
	return held, nil
}

// knownAcross are the facts of the actor of tx in each of firms: those kept at the
// version of now, and what else there is, read in one statement. Nobody who is disabled
// or whose session has ended has any.
func (g *Guard) knownAcross(tx *db.Tx, firms []ident.FirmID) (map[ident.FirmID]*facts, error) {
	if _, ok := tx.ListStamp(); !ok {
		return g.askedAcross(tx, firms)
	}
	known, missing := g.kept(tx)
	missing = slices.DeleteFunc(missing, func(f ident.FirmID) bool { return !slices.Contains(firms, f) })
	if len(missing) == 0 {
		return known, nil
	}
	return known, g.readAcross(tx, missing, known)
}

// askedAcross asks rows for everything, as a transaction must that has perhaps changed
// what a stamp stands for, or waited for others since.
func (g *Guard) askedAcross(tx *db.Tx, firms []ident.FirmID) (map[ident.FirmID]*facts, error) {
	var active bool
	if err := tx.Raw(`SELECT EXISTS (SELECT FROM person WHERE id = ? AND status = 'active')`, tx.Scope.Actor).Row().Scan(&active); err != nil {
		return nil, fmt.Errorf("read whether person %s is active: %w", tx.Scope.Actor, err)
	}
	if !active {
		return map[ident.FirmID]*facts{}, nil
	}
	read, _, err := readFacts(tx, tx.Scope.Actor, firms...)
	return read, err
}

// Plain tells whether a label alone decides what the person may know of in the
// firm: every grant covers all of it and no wall stands. Lists over many firms ask
// for these in one query.
func (a *Access) Plain() (label Label, ok bool) {
	if a.Machine != "" || len(a.walls) > 0 || len(a.grants) == 0 {
		return 0, false
	}
	for _, g := range a.grants {
		if g.Scope != ScopeAll {
			return 0, false
		}
	}
	return a.Unscoped()
}

// IsPlain tells whether Plain says so.
func (a *Access) IsPlain() bool { _, ok := a.Plain(); return ok }

// Unscoped is the highest label of what belongs to no matter, or to several, that
// the person may know of; ok is false without a grant over the whole firm.
func (a *Access) Unscoped() (label Label, ok bool) { return a.UnscopedSeeing(C1) }

// UnscopedSeeing is Unscoped through the grants that show fields of class c.
func (a *Access) UnscopedSeeing(c Class) (label Label, ok bool) {
	if a.Machine != "" {
		return Sealed, true
	}
	for _, g := range a.grants {
		if g.Scope == ScopeAll && g.Class >= c {
			label, ok = max(label, min(g.Label, Restricted)), true
		}
	}
	return label, ok
}
