package capture

import (
	"context"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/rbac"
)

// WhyRate tells where the rate of a time entry comes from: what was kept when it was
// priced, and the levels of the register as they read today for its work date.
type WhyRate struct {
	Source    string // kept with the entry, as its rate and standard rate
	Rate      money.Fixed4
	Standard  money.Fixed4
	Level     rate.Level   // likewise; 0 when it was priced before versions were kept
	ID        ident.RateID // likewise; "" where the rate was given with the entry
	Version   int64        // likewise, of the register; says nothing without a level
	Today     int64        // the register's version by now
	Currency  money.Currency
	Converted exchange.Conversion // likewise, of the rate
	Unpriced  string              // why the register would give no rate by now; "" where it would
	Now       *rate.Answer        // what the register would give by now; nil when it has no rate
	Steps     []rate.Step
	Prices    []Former // that it has had, the present one last; none when no run has changed it
}

// Moved tells whether the register would give another rate by now than was kept. What
// was given with the entry is not the register's.
func (w WhyRate) Moved() bool {
	return w.Source != rate.LevelLine.String() && (w.Now == nil || w.Now.Rate != w.Rate)
}

// WhyRate explains the rate of one time entry. It asks for the right to read entries and
// rates, and for as much of the matter as figures need. ErrNotFound for a cost, which
// has no rate of the register.
func (s *Service) WhyRate(ctx context.Context, id ident.EntryID) (w WhyRate, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		if _, err := s.guard.Require(tx, rbac.RateRead); err != nil {
			return err
		}
		found, err := entriesFor(tx, a, "e.id = ?", []any{id}, 1)
		if err != nil {
			return err
		}
		if len(found) == 0 || found[0].Kind != guideline.Time {
			return ErrNotFound
		}
		e := &found[0]
		if e.Currency == "" {
			return authz.ErrForbidden.With("your access shows no figures of this matter")
		}
		w, err = whyRate(tx, e)
		return err
	})
	return w, err
}

func whyRate(tx *db.Tx, e *Entry) (w WhyRate, err error) {
	m, err := matter.Get(tx, e.MatterID)
	if err != nil {
		return w, err
	}
	people, err := matter.Timekeepers(tx)
	if err != nil {
		return w, err
	}
	class := ""
	for _, k := range people {
		if k.ID == e.TimekeeperID {
			class = k.Class
		}
	}
	card, err := rate.CardOf(tx)
	if err != nil {
		return w, err
	}
	now := e.Work()
	q := (&matterFacts{ID: m.ID, ClientID: m.ClientID, Practice: m.PracticeGroup}).asks(e, class, now.Task, now.Activity)
	w = WhyRate{Source: e.RateSource, Rate: e.Rate, Standard: e.Standard, Level: e.RateLevel, ID: e.RateID, Version: e.CardVersion, Today: card.Version(), Currency: e.Currency, Converted: e.Converted, Steps: card.Explain(q)}
	if w.Prices, err = formerPrices(tx, e.ID); err != nil {
		return w, err
	}
	answer, err := card.Resolve(q)
	switch {
	case err == nil:
		w.Now = &answer
	case !rate.Unpriced(err):
		return w, err
	default:
		w.Unpriced = message(err)
	}
	return w, nil
}
