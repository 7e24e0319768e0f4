package exchange

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with exchange rates: who sets rates sets the tables, who sees
// rates and amounts sees them.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// NewService returns the service over d; guard decides each use case.
func NewService(d *db.DB, guard *authz.Guard) *Service {
	if d == nil || guard == nil {
		panic("exchange: a part of the service is missing")
	}
	return &Service{d, guard}
}

// Filter narrows the list; the zero value of a part is any.
type Filter struct {
	From, To     money.Currency
	Since, Until time.Time // days, both included
}

// List is one page of what the tables say, the latest day first: of each day its newest state.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Rate], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.RequireSeeing(tx, rbac.RateRead, authz.C2); err != nil {
			return err
		}
		p, err = listed(tx, f, req)
		return err
	})
	return p, err
}

// History is each state of one pair on one day, the newest first, by the id of any of them.
func (s *Service) History(ctx context.Context, id ident.ExchangeID) (list []Rate, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.RequireSeeing(tx, rbac.RateRead, authz.C2); err != nil {
			return err
		}
		list, err = history(tx, id)
		return err
	})
	return list, err
}

// Enter enters a rate; for a pair and day that has one it is a correction, and the former stays
// readable. ErrFar when it is far from the one before and not confirmed, ErrSame when it says
// what stands already. What was priced keeps its price.
func (s *Service) Enter(ctx context.Context, n New) (r Rate, err error) {
	n.Source = strings.TrimSpace(n.Source)
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.RequireSeeing(tx, rbac.RateEdit, authz.C2)
		if err != nil {
			return err
		}
		if err := Allowed(a); err != nil {
			return err
		}
		today, err := Today(tx)
		if err != nil {
			return err
		}
		if err := n.Validate(today); err != nil {
			return err
		}
		if err := lock(tx); err != nil {
			return err
		}
		was, err := before(tx, n.Pair, n.On)
		switch {
		case err != nil:
			return err
		case was.says(n):
			return ErrSame
		}
		if err := n.far(was); err != nil {
			return err
		}
		made, err := add(tx, []New{n})
		if err != nil {
			return err
		}
		r = made[0]
		var former any
		if was != nil && was.On.Equal(n.On) {
			former = was
		}
		return audit.Record(tx, audit.Entry{Action: action(r), Object: "exchange_rate", ID: string(r.ID), Class: audit.C2, Permission: string(rbac.RateEdit), Before: former, After: r})
	})
	return r, err
}

func action(r Rate) string {
	if r.N > 1 {
		return "exchange.corrected"
	}
	return "exchange.entered"
}

// Today is the firm's day.
func Today(tx *db.Tx) (time.Time, error) {
	f, err := firm.Get(tx)
	return firm.DayIn(f.TZ, tx.Now), err
}

// Allowed wants the actor to be one who may set what holds over the whole firm.
func Allowed(a *authz.Access) error {
	if !a.WholeFirm() {
		return authz.ErrForbidden.With("the firm's exchange rates need a grant over the whole firm")
	}
	return nil
}

// add writes rates that were judged, as one version of the tables. The caller holds the lock.
func add(tx *db.Tx, list []New) ([]Rate, error) {
	v, err := version(tx)
	if err != nil {
		return nil, err
	}
	states, err := statesOf(tx, list)
	if err != nil {
		return nil, err
	}
	made := make([]Rate, len(list))
	for i, n := range list {
		made[i] = Rate{ID: ident.New[ident.ExchangeID](tx.Now), Pair: n.Pair, On: n.On, N: states[i] + 1, Rate: n.Rate, Source: n.Source, Version: v + 1, By: tx.Scope.Actor, At: tx.Now, Latest: true}
	}
	return made, insert(tx, made)
}

// Table is what the firm's tables say of the pairs of a file, to judge its rows against them and
// against one another. Rates that fit are taken with Take, and entered by AddAll.
type Table struct {
	today time.Time
	days  map[Pair][]Rate // by day
}

// TableOf holds the tables still until the transaction ends.
func TableOf(tx *db.Tx, pairs []Pair) (t Table, err error) {
	t.days = map[Pair][]Rate{}
	if err := lock(tx); err != nil {
		return t, err
	}
	for _, p := range pairs {
		if _, known := t.days[p]; known {
			continue
		}
		if t.days[p], err = whole(tx, p); err != nil {
			return t, err
		}
	}
	t.today, err = Today(tx)
	return t, err
}

// Validate is New.Validate on the firm's day.
func (t Table) Validate(n New) error { return n.Validate(t.today) }

// Before is the rate of the day, or the latest before it; nil for none. same tells that it is of
// the day, and says that it says the same.
func (t Table) Before(n New) (was *Rate, same, says bool) {
	list := t.days[n.Pair]
	at, found := slices.BinarySearchFunc(list, n.On, func(r Rate, on time.Time) int { return r.On.Compare(on) })
	switch {
	case found:
		return &list[at], true, list[at].says(n)
	case at == 0:
		return nil, false, false
	default:
		return &list[at-1], false, false
	}
}

// IsFar tells whether the rate wants to be confirmed after the one before.
func (t Table) IsFar(n New, was *Rate) bool { return n.far(was) != nil }

// Take notes a rate of the file.
func (t Table) Take(n New) {
	list := t.days[n.Pair]
	r := Rate{Pair: n.Pair, On: n.On, Rate: n.Rate, Source: n.Source}
	at, found := slices.BinarySearchFunc(list, n.On, func(r Rate, on time.Time) int { return r.On.Compare(on) })
	if found {
		list[at] = r
		return
	}
	t.days[n.Pair] = slices.Insert(list, at, r)
}

// AddAll enters rates of a file that were judged against TableOf in this transaction, all of
// them, as one version of the tables, with one leaf for the file.
func AddAll(tx *db.Tx, file string, list []New, corrections int) ([]Rate, error) {
	if len(list) == 0 {
		return nil, nil
	}
	made, err := add(tx, list)
	if err != nil {
		return nil, err
	}
	return made, audit.Record(tx, audit.Entry{Action: "exchange.imported", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C2, Permission: string(rbac.RateEdit), After: audit.Digest(file),
		Detail: map[string]any{"rates": len(made), "corrections": corrections, "table_version": made[0].Version}})
}

// Settings are where the firm converts, as far as the actor may know of the places: the firm's
// own first.
func (s *Service) Settings(ctx context.Context) (list []Setting, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.RequireSeeing(tx, rbac.RateRead, authz.C2)
		if err != nil {
			return err
		}
		list, err = settingsFor(tx, a)
		slices.SortStableFunc(list, func(a, b Setting) int { return kind(a) - kind(b) })
		return err
	})
	return list, err
}

func kind(s Setting) int {
	switch {
	case s.Matter != "":
		return 2
	case s.Client != "":
		return 1
	default:
		return 0
	}
}

// Set lays down the basis of a place from now on. What was priced keeps its price; a repricing
// run shows what would change.
func (s *Service) Set(ctx context.Context, x Setting) error {
	x.Reason = strings.TrimSpace(x.Reason)
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.RequireSeeing(tx, rbac.RateEdit, authz.C2)
		if err != nil {
			return err
		}
		if err := x.Validate(); err != nil {
			return err
		}
		if err := placed(tx, a, x); err != nil {
			return err
		}
		if err := lock(tx); err != nil {
			return err
		}
		if err := insertSetting(tx, x); err != nil {
			return err
		}
		object, id := "firm", string(tx.Scope.Firm)
		switch {
		case x.Matter != "":
			object, id = "matter", string(x.Matter)
		case x.Client != "":
			object, id = "client", string(x.Client)
		}
		return audit.Record(tx, audit.Entry{Action: "exchange.set", Object: object, ID: id, Matter: x.Matter, Class: audit.C2, Permission: string(rbac.RateEdit), After: x, Detail: map[string]Basis{"basis": x.Basis}})
	})
}

// placed wants the place of a setting to be there for the actor, and the firm's to be theirs to set.
func placed(tx *db.Tx, a *authz.Access, x Setting) error {
	switch {
	case x.Matter != "":
		if err := a.RequireMatter(tx, x.Matter); err != nil {
			return err
		}
		return a.RequireSight(tx, x.Matter, authz.C2)
	case x.Client != "":
		return a.RequireClient(tx, x.Client)
	default:
		return Allowed(a)
	}
}
