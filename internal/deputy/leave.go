package deputy

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Left ends what rests on an approving grant that who has no more, in the transaction
// that took it. It is a people.Leaving: whoever still approves keeps theirs.
func (s *Service) Left(tx *db.Tx, who ident.PersonID) error {
	list, err := open(tx, `? IN (s.principal_id, s.deputy_id)`, who)
	if err != nil {
		return err
	}
	for _, st := range list {
		if _, err := s.settle(tx, st); err != nil {
			return err
		}
	}
	return nil
}

// settle ends one whose day has come, or of which one of the two approves no more.
func (s *Service) settle(tx *db.Tx, st Stead) (ended bool, err error) {
	if !st.Until.After(tx.Now) {
		return true, s.finish(tx, st, ending{at: st.Until, why: WhyDate})
	}
	for _, who := range []ident.PersonID{st.Principal, st.Deputy} {
		held, err := s.guard.Reach(tx, who, approves)
		if err != nil {
			return false, err
		}
		if held == nil {
			return true, s.finish(tx, st, ending{at: tx.Now, why: WhyLeft, leaver: who})
		}
	}
	return false, nil
}

// lapse ends those of the firm of tx whose day has come.
func (s *Service) lapse(tx *db.Tx) (ended int, err error) {
	list, err := open(tx, `s.until_at <= ?`, tx.Now)
	if err != nil {
		return 0, err
	}
	for _, st := range list {
		if _, err := s.settle(tx, st); err != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// Sweep ends those whose day has come, and those of which one of the two approves no
// more because a grant ran out. Run it every few minutes: what rests on them ends by
// itself at the instant, and the sweep writes it down and tells.
func (s *Service) Sweep(ctx context.Context) (ended int, err error) {
	err = s.db.InSystem(ctx, "deputy.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				err := sys.Enter(firm, func(tx *db.Tx) error {
					n, err := s.sweep(tx)
					ended += n
					return err
				})
				if err != nil {
					return fmt.Errorf("settle the deputies of firm %s: %w", firm, err)
				}
			}
			return nil
		})
	})
	return ended, err
}

func (s *Service) sweep(tx *db.Tx) (n int, err error) {
	list, err := open(tx, `true`)
	if err != nil {
		return 0, err
	}
	for _, st := range list {
		ended, err := s.settle(tx, st)
		if err != nil {
			return n, err
		}
		if ended {
			n++
		}
	}
	return n, nil
}

// For takes the one under which the actor of tx stands in for principal now, for an act
// on a matter that is recorded as done for them; "" when there is none, or the principal
// could not approve there themselves. Until tx commits nobody ends it, and no end is before the act.
func For(tx *db.Tx, guard *authz.Guard, principal ident.PersonID, on ident.MatterID) (ident.DeputyID, error) {
	if principal == "" || principal == tx.Scope.Actor || tx.Scope.Actor == "" {
		return "", nil
	}
	theirs, err := guard.Reach(tx, principal, approves)
	if err != nil || theirs == nil {
		return "", err
	}
	if err := theirs.RequireMatter(tx, on); errors.Is(err, authz.ErrNotFound) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return use(tx, principal)
}

// StoodFor is somebody for whom the actor stands in, where they could approve themselves.
type StoodFor struct {
	Person

	Reach *authz.Access
}

// StandsFor are the people for whom the actor of tx stands in now, by name: those alone
// who approve still, as the actor does.
func StandsFor(tx *db.Tx, guard *authz.Guard) (list []StoodFor, err error) {
	if tx.Scope.Actor == "" {
		return nil, nil // machinery stands in for nobody
	}
	mine, err := rows(tx, `s.ended_at IS NULL AND s.deputy_id = ? AND s.from_at <= ? AND s.until_at > ?`, `ORDER BY p.name, s.id`, tx.Scope.Actor, tx.Now, tx.Now)
	if err != nil || len(mine) == 0 {
		return nil, err
	}
	if own, err := guard.Reach(tx, tx.Scope.Actor, approves); err != nil || own == nil {
		return nil, err
	}
	for _, st := range mine {
		reach, err := guard.Reach(tx, st.Principal, approves)
		if err != nil {
			return nil, err
		}
		if reach != nil {
			list = append(list, StoodFor{Person{st.Principal, st.PrincipalName}, reach})
		}
	}
	return list, nil
}
