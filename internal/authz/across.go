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
		accesses, err := g.everywhere(tx, p)
		firms = firmsOf(accesses)
		return err
	})
	return firms, err
}

func firmsOf(accesses []*Access) []ident.FirmID {
	firms := make([]ident.FirmID, len(accesses))
	for i, a := range accesses {
		firms[i] = a.Firm
	}
	return firms
}

// List is Firms and Across in one read-only transaction: fn runs in it, as the bureau
// role over the firms in which the actor has p, or over named alone, with what they may
// know of in each. ErrForbidden without any such firm, ErrNotFound when named is none.
func (g *Guard) List(ctx context.Context, p rbac.Permission, named ident.FirmID, fn func(tx *db.Tx, accesses []*Access) error) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	// Begun over the firms of the last time: as a rule they still are, and what is read
	// on entering tells whether.
	last := lister{sc.Actor, p, named}
	return g.db.InBureau(ctx, g.snapshot.listed(last).firms, func(tx *db.Tx) error {
		accesses, err := g.everywhere(tx, p)
		if err != nil {
			return err
		}
		if len(accesses) == 0 {
			return ErrForbidden
		}
		if accesses = in(named, accesses); len(accesses) == 0 {
			return ErrNotFound
		}
		firms := firmsOf(accesses)
		if err := tx.Over(firms); err != nil {
			return err
		}
		stamp, _ := tx.ListStamp()
		g.snapshot.list(last, list{firms, stamp.Firms})
		return fn(tx, accesses)
	})
}

// in leaves of accesses those in the firm named, where one is.
func in(named ident.FirmID, accesses []*Access) []*Access {
	if named == "" {
		return accesses
	}
	return slices.DeleteFunc(accesses, func(a *Access) bool { return a.Firm != named })
}

// Ahead is List for what is one question, asked all day: it is made of what the actor
// could know of the last time, and answered only where the stamp of its transaction says
// that this still is what they may know of. Otherwise, and where question gives nil or fn
// wants to ask more, answered is false and nothing was shown: List it.
func (g *Guard) Ahead(ctx context.Context, p rbac.Permission, named ident.FirmID, question func(tx *db.Tx, accesses []*Access) *db.Question,
	fn func(tx *db.Tx, accesses []*Access) error,
) (answered bool, err error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return false, err
	}
	was := g.snapshot.listed(lister{sc.Actor, p, named}).of
	if len(was) == 0 {
		return false, nil
	}
	var accesses []*Access
	return g.db.Ahead(ctx, func(tx *db.Tx) *db.Plan {
		if accesses = in(named, g.expected(tx, p, was)); len(accesses) == 0 {
			return nil
		}
		q := question(tx, accesses)
		if q == nil {
			return nil
		}
		return &db.Plan{Firms: firmsOf(accesses), Question: *q, Agreed: func(is db.ListStamp) bool {
			return is.Active && is.Open && slices.Equal(is.Firms, was)
		}}
	}, func(tx *db.Tx) error { return fn(tx, accesses) })
}

// expected is what the actor of tx may know of if the versions are still those given;
// nothing unless all facts are kept at those.
func (g *Guard) expected(tx *db.Tx, p rbac.Permission, firms []db.FirmVersion) []*Access {
	held := make([]*Access, 0, len(firms))
	for _, v := range firms {
		f := g.snapshot.at(holder{v.Firm, tx.Scope.Actor}, v.Version)
		if f == nil {
			return nil
		}
		held = g.hold(tx, held, v.Firm, f, p)
	}
	return held
}

// Across is Require for a list over several firms: in a transaction of the bureau
// role it reads what the actor may know of in each. Firms in which no live grant
// gives p are left out. Each act on what the list shows decides again in its firm.
func (g *Guard) Across(tx *db.Tx, firms []ident.FirmID, p rbac.Permission) ([]*Access, error) {
	if tx.Scope.Actor == "" {
		return nil, ErrForbidden
	}
	if stamp, ok := tx.ListStamp(); ok {
		named := slices.DeleteFunc(slices.Clone(stamp.Firms), func(v db.FirmVersion) bool { return !slices.Contains(firms, v.Firm) })
		return g.stamped(tx, p, named, nil)
	}
	return g.asked(tx, p, firms)
}

// everywhere is Across over all firms in which the actor holds a grant, by id. tx may be
// over others afterwards.
func (g *Guard) everywhere(tx *db.Tx, p rbac.Permission) ([]*Access, error) {
	if tx.Scope.Actor == "" {
		return nil, nil
	}
	if stamp, ok := tx.ListStamp(); ok {
		return g.stamped(tx, p, stamp.Firms, tx.Over)
	}
	var firms []ident.FirmID
	if err := tx.Raw("SELECT firm_id FROM auth.person_firms(?::uuid, ?)", tx.Scope.Actor, tx.Now).Scan(&firms).Error; err != nil {
		return nil, fmt.Errorf("read firms of person %s: %w", tx.Scope.Actor, err)
	}
	if err := tx.Over(firms); err != nil {
		return nil, err
	}
	return g.asked(tx, p, firms)
}

// stamped decides by the facts that are kept at the versions of tx's stamp, and where
// nothing is kept by what is read, after move over to those firms unless tx is over them
// already. Nobody who is disabled or whose session has ended is given anything.
func (g *Guard) stamped(tx *db.Tx, p rbac.Permission, firms []db.FirmVersion, move func([]ident.FirmID) error) (held []*Access, err error) {
	if stamp, _ := tx.ListStamp(); !stamp.Active || !stamp.Open {
		return nil, nil
	}
	known := make([]*facts, len(firms))
	var missing []ident.FirmID
	for i, v := range firms {
		if known[i] = g.snapshot.at(holder{v.Firm, tx.Scope.Actor}, v.Version); known[i] == nil {
			missing = append(missing, v.Firm)
		}
	}
	if len(missing) > 0 && move != nil {
		if err := move(missing); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		if err := g.readMissing(tx, missing, firms, known); err != nil {
			return nil, err
		}
	}
	held = make([]*Access, 0, len(firms))
	for i, f := range known {
		if f != nil {
			held = g.hold(tx, held, firms[i].Firm, f, p)
		}
	}
	return held, nil
}

// readMissing fills known, which goes along with firms, where it is nil, and keeps what
// it read.
func (g *Guard) readMissing(tx *db.Tx, missing []ident.FirmID, firms []db.FirmVersion, known []*facts) error {
	read, clean, err := readFacts(tx, tx.Scope.Actor, missing...)
	if err != nil {
		return err
	}
	for i, v := range firms {
		if known[i] != nil || read[v.Firm] == nil {
			continue
		}
		if known[i] = read[v.Firm]; clean {
			g.snapshot.keep(holder{v.Firm, tx.Scope.Actor}, known[i])
		}
	}
	return nil
}

// asked asks rows for everything, as a transaction must that has perhaps changed what a
// stamp stands for, or waited for others since.
func (g *Guard) asked(tx *db.Tx, p rbac.Permission, firms []ident.FirmID) (held []*Access, err error) {
	var active bool
	if err := tx.Raw(`SELECT EXISTS (SELECT FROM person WHERE id = ? AND status = 'active')`, tx.Scope.Actor).Row().Scan(&active); err != nil {
		return nil, fmt.Errorf("read whether person %s is active: %w", tx.Scope.Actor, err)
	}
	if !active {
		return nil, nil
	}
	read, _, err := readFacts(tx, tx.Scope.Actor, firms...)
	if err != nil {
		return nil, err
	}
	for _, firm := range firms {
		if f := read[firm]; f != nil {
			held = g.hold(tx, held, firm, f, p)
		}
		delete(read, firm) // a firm that is named twice is listed once
	}
	return held, nil
}

// hold adds what the actor of tx may know of in a firm, where a live grant gives p.
func (g *Guard) hold(tx *db.Tx, held []*Access, firm ident.FirmID, f *facts, p rbac.Permission) []*Access {
	giving, err := g.decide(f.live(tx.Now), nil, p)
	if err != nil {
		return held // it gives nothing there
	}
	a := &Access{Person: tx.Scope.Actor, Firm: firm, walls: f.standing(tx.Now)}
	a.clear(tx, giving)
	return append(held, a)
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
