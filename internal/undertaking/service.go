package undertaking

import (
	"context"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Service is what people, firms and the bureau do about undertakings.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	bureau *bureau.Home
}

// New returns the service.
func New(d *db.DB, guard *authz.Guard, home *bureau.Home) *Service { return &Service{d, guard, home} }

// atHome tells whether tx is in the bureau's own domain.
func (s *Service) atHome(tx *db.Tx) (bool, error) {
	home, err := s.bureau.ID(tx.Context())
	return home == tx.Scope.Firm, err
}

// Standing is what stands in the firm of ctx.
func (s *Service) Standing(ctx context.Context) (st Standing, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.UndertakingRead); err != nil {
			return err
		}
		home, err := s.atHome(tx)
		if err != nil {
			return err
		}
		if st.Bureau, err = bureauText(tx); err != nil || home {
			return err
		}
		if st.Own, err = firmText(tx); err != nil {
			return err
		}
		st.Required, st.Waiting, err = required(tx)
		return err
	})
	return st, err
}

// States are what the bureau's people gave: in a firm, of those who have access there or
// for whom it is asked, and of what they gave to the bureau and to this firm; in the
// bureau's own domain, of all, and of the bureau's text.
func (s *Service) States(ctx context.Context) (list []State, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.UndertakingRead); err != nil {
			return err
		}
		home, err := s.atHome(tx)
		if err != nil {
			return err
		}
		list, err = states(tx, home)
		return err
	})
	return list, err
}

// Publish makes a text the one that is asked for: the bureau's own in its domain, else the
// firm's. Nothing given before is lost; earlier versions count until the day named.
func (s *Service) Publish(ctx context.Context, d Draft) (t Text, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.UndertakingPublish); err != nil {
			return err
		}
		home, err := s.atHome(tx)
		if err != nil {
			return err
		}
		if err := tx.Lock(lockName); err != nil {
			return err
		}
		current := firmText
		if home {
			current = bureauText
		}
		old, err := current(tx)
		if err != nil {
			return err
		}
		if err := d.validate(old, tx.Now); err != nil {
			return err
		}
		if t, err = insertText(tx, home, old.Version+1, d); err != nil {
			return err
		}
		err = audit.Record(tx, audit.Entry{Action: "undertaking.published", Object: "undertaking", ID: strconv.Itoa(t.Version), Class: audit.C1, Permission: string(rbac.UndertakingPublish), After: audit.Digest(t.SHA256),
			Detail: map[string]any{"version": t.Version, "former_until": t.FormerUntil}})
		if err != nil {
			return err
		}
		if !home {
			return settle(tx, "")
		}
		firms, err := activeFirms(tx)
		if err != nil {
			return err
		}
		return inEach(tx, firms, func() error { return settle(tx, "") })
	})
	return t, err
}

// Require sets whether the firm of ctx lets only those of the bureau's people look who
// gave what is asked. It holds from the next decision.
func (s *Service) Require(ctx context.Context, on bool) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.UndertakingPublish); err != nil {
			return err
		}
		home, err := s.atHome(tx)
		if err != nil {
			return err
		}
		if home {
			return ErrNoFirm
		}
		if err := tx.Lock(lockName); err != nil {
			return err
		}
		if changed, err := setRequired(tx, on); err != nil || !changed {
			return err
		}
		if err := settle(tx, ""); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "undertaking.required", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C1, Permission: string(rbac.UndertakingPublish),
			Detail: map[string]any{"required": on}})
	})
}

// Mine are the texts that are asked of the person of ctx: the bureau's, and those of the
// firms that let them in or are asked to. Nobody but the bureau's people is asked.
func (s *Service) Mine(ctx context.Context) (list []Mine, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		p, err := people.ByID(tx, tx.Scope.Actor)
		if err != nil || !p.Staff {
			return err
		}
		own, err := mineOfBureau(tx)
		if err != nil {
			return err
		}
		firms, err := firmsOf(tx)
		if err != nil {
			return err
		}
		err = inEach(tx, ids(firms), func() error {
			m, err := mineOfFirm(tx)
			if m.Text.Version > 0 {
				m.Waits = firms[tx.Scope.Firm]
				if m.Word.Current {
					m.Waits = nil // what keeps them out there is the bureau's text
				}
				list = append(list, m)
			}
			return err
		})
		if !own.Word.Current {
			own.Waits = earliest(firms)
		}
		list = append([]Mine{own}, list...)
		return err
	})
	return list, err
}

// Owed counts the firms that let the person of ctx in and show them nothing until they have
// given an undertaking.
func (s *Service) Owed(ctx context.Context) (firms int, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		firms, err = owedIn(tx)
		return err
	})
	return firms, err
}

// earliest is the first of the instants, nil without one.
func earliest(waits map[ident.FirmID]*time.Time) (first *time.Time) {
	for _, at := range waits {
		if at != nil && (first == nil || at.Before(*first)) {
			first = at
		}
	}
	return first
}

// Give is the person's own word on a text that they have read: firm is "" for the
// bureau's, version and sum those of the page. ErrNewer when another stands by now,
// people.ErrStale without a factor shown within five minutes, ErrNotFound for a firm that
// has neither let them in nor been asked to.
func (s *Service) Give(ctx context.Context, firm ident.FirmID, version int, sum string) error {
	return s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		p, err := people.ByID(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		if !p.Staff {
			return ErrNotFound
		}
		shown, err := people.ShownLately(tx)
		if err != nil {
			return err
		}
		if err := tx.Lock(lockName); err != nil {
			return err
		}
		if firm != "" {
			known, err := firmsOf(tx)
			if err != nil {
				return err
			}
			if _, there := known[firm]; !there {
				return ErrNotFound
			}
			return inEach(tx, []ident.FirmID{firm}, func() error { return s.give(tx, firmText, mineOfFirm, version, sum, shown, false) })
		}
		if err := s.give(tx, bureauText, mineOfBureau, version, sum, shown, true); err != nil {
			return err
		}
		waiting, err := waitingIn(tx)
		if err != nil {
			return err
		}
		return inEach(tx, waiting, func() error { return settle(tx, tx.Scope.Actor) })
	})
}

func (s *Service) give(tx *db.Tx, text func(*db.Tx) (Text, error), mine func(*db.Tx) (Mine, error), version int, sum string, shown time.Time, home bool) error {
	t, err := text(tx)
	if err != nil {
		return err
	}
	m, err := mine(tx)
	switch {
	case err != nil:
		return err
	case t.Version == 0:
		return ErrNotFound
	case t.Version != version || t.SHA256 != sum:
		return ErrNewer
	case m.Word.Current:
		return ErrGiven
	}
	if err := insertWord(tx, home, t, shown); err != nil {
		return err
	}
	if !home {
		if err := settle(tx, tx.Scope.Actor); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Entry{Action: "undertaking.given", Object: "person", ID: string(tx.Scope.Actor), Class: audit.C1, After: audit.Digest(t.SHA256), Detail: map[string]any{"version": t.Version}})
}

// inEach runs fn in each firm's domain in the same transaction, and returns to where it
// stood. Whoever calls it has decided for the person that acts.
func inEach(tx *db.Tx, firms []ident.FirmID, fn func() error) error {
	home := tx.Scope.Firm
	for _, f := range firms {
		if err := tx.Enter(f); err != nil {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
	return tx.Enter(home)
}
