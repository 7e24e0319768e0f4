package people

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/rbac"
)

// A lost factor is taken away by two administrators, not before a day has passed in
// which its owner, who was written to at once, can refuse. In a firm both are its own,
// for a person of no other firm; where there are no two, and for whoever works at
// several, they are the bureau's, and the firms' administrators are written to as well.
// Nothing else is taken away: the password still has to be shown, and a new factor set
// up before anything else.
const (
	recoveryWait = 24 * time.Hour
	recoveryLone = 72 * time.Hour // where the bureau has one administrator, who says both words
)

// Faults of recovering a factor.
var (
	ErrRecoverOwn    = fault.New(fault.Conflict, "recovery_own", "nobody recovers their own factor; ask another administrator")
	ErrRecoverNone   = fault.New(fault.Conflict, "recovery_none", "this person has no second factor to lose")
	ErrRecoverBureau = fault.New(fault.Conflict, "recovery_bureau", "this takes two administrators of the firm besides this person, who works at no other firm; ask the bureau instead")
	ErrRecoverFirm   = fault.New(fault.Conflict, "recovery_firm", "this person's firm has two administrators who can do this; ask them")
	ErrRecoverTold   = fault.New(fault.Conflict, "recovery_told", "the bureau runs this one and confirms it; you can refuse it")
	ErrRecoverTwice  = fault.New(fault.Conflict, "recovery_waits", "a recovery of this person waits already")
	ErrRecoverEarly  = fault.New(fault.Conflict, "recovery_unripe", "the person has a day to refuse; confirm it afterwards")
	ErrRecoverSecond = fault.New(fault.Conflict, "recovery_second", "it takes a second administrator to confirm this")
)

// errRecoverWho is for a stranger and for nobody alike.
var errRecoverWho = ErrInvalid.On(fault.Field{Path: "email", Code: "person_unknown", Message: "nobody here has this address"})

// Recovery is a lost factor that two people take away.
type Recovery struct {
	ID       ident.RequestID
	Person   ident.PersonID
	Name     string
	Reason   string
	By       ident.PersonID
	ByName   string
	OpenedAt time.Time
	Ripe     time.Time

	// ByBureau marks one that the bureau runs, as a firm of the person's sees it: it can
	// refuse it, and is shown neither the reason nor who asked.
	ByBureau bool
}

// OpenRecovery is the first word, of an administrator of the firm of ctx or of the
// bureau. The person is named by their address, as they call for help.
func (s *Service) OpenRecovery(ctx context.Context, email, reason string) (r Recovery, err error) {
	var fs fault.Fields
	to := Address(email)
	if to == "" {
		fs.Add("email", "email_form", "enter one address such as name@example.com")
	}
	fs.Line("reason", reason, 1, 500)
	if err := fs.Err(ErrInvalid); err != nil {
		return r, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonRecover); err != nil {
			return err
		}
		a, err := accountBy(tx, to)
		if err != nil {
			return err
		}
		if err := s.mayRecover(tx, a.Person); err != nil {
			return err
		}
		r = Recovery{ID: ident.New[ident.RequestID](tx.Now), Person: a.ID, Name: a.Name, Reason: reason, By: tx.Scope.Actor, OpenedAt: tx.Now, Ripe: tx.Now.Add(recoveryWait)}
		res := tx.Exec(`INSERT INTO factor_recovery (firm_id, id, person_id, reason, opened_by, opened_at, ripe_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			tx.Scope.Firm, r.ID, r.Person, reason, r.By, tx.Now, r.Ripe)
		if res.Error != nil {
			return fmt.Errorf("open recovery %s: %w", r.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrRecoverTwice
		}
		if err := s.tellOfRecovery(tx, r); err != nil {
			return err
		}
		return recordRecovery(tx, "recovery.opened", r)
	})
	return r, err
}

// mayRecover decides whether the administrator of tx may begin to recover p.
func (s *Service) mayRecover(tx *db.Tx, p Person) error {
	inBureau := s.bureau.Bound(tx) == ""
	if p.ID == "" {
		return errRecoverWho
	}
	firms, err := FirmsOf(tx, p.ID)
	switch {
	case err != nil:
		return err
	case !inBureau && (p.Staff || !slices.Contains(firms, tx.Scope.Firm)):
		return errRecoverWho // whoever is elsewhere is no firm's to learn
	case p.ID == tx.Scope.Actor:
		return ErrRecoverOwn
	}
	if !inBureau {
		yet, err := awaited(tx, p.ID)
		switch {
		case err != nil:
			return err
		case yet: // what they have elsewhere does not show before they have come
			return ErrRecoverNone
		case len(firms) != 1:
			return ErrRecoverBureau
		}
	}
	has, err := hasFactor(tx, p.ID)
	if err != nil || !has {
		if err == nil {
			err = ErrRecoverNone
		}
		return err
	}
	if inBureau && (p.Staff || len(firms) != 1) {
		return nil
	}
	n := 0
	count := func() error {
		admins, err := Administrators(tx, rbac.RoleFirmAdmin)
		n = len(slices.DeleteFunc(admins, func(who ident.PersonID) bool { return who == p.ID }))
		return err
	}
	if !inBureau {
		if err := count(); err != nil {
			return err
		}
		if n < 2 {
			return ErrRecoverBureau
		}
		return nil
	}
	if err := bureau.Inside(tx, firms[0], count); err != nil {
		return err
	}
	if n >= 2 {
		return ErrRecoverFirm
	}
	return nil
}

// tellOfRecovery writes to the person, and to the administrators who could stop what
// should not be, in the firm and wherever else the person works.
func (s *Service) tellOfRecovery(tx *db.Tx, r Recovery) error {
	if err := letter.Write(tx, letter.RecoveryOpened, string(r.ID), r.Person); err != nil {
		return err
	}
	role := rbac.RoleFirmAdmin
	if s.bureau.Bound(tx) == "" {
		role = rbac.RoleBureauAdmin
	}
	admins, err := Administrators(tx, role)
	if err != nil {
		return err
	}
	if err := letter.Write(tx, letter.RecoveryOf, string(r.ID), others(admins, r.Person)...); err != nil {
		return err
	}
	p, err := ByID(tx, r.Person)
	if err != nil || p.Staff {
		return err
	}
	firms, err := FirmsOf(tx, r.Person)
	if err != nil {
		return err
	}
	for _, firm := range others(firms, tx.Scope.Firm) {
		err := bureau.Inside(tx, firm, func() error { return tellFirm(tx, r) })
		if err != nil {
			return err
		}
	}
	return nil
}

// tellFirm writes to the administrators of the firm of tx, who can refuse what the bureau
// runs, and to its partners, who can ask them to. Where the person has not come yet the
// firm is not told: what they have elsewhere is not its to learn (T24).
func tellFirm(tx *db.Tx, r Recovery) error {
	yet, err := awaited(tx, r.Person)
	if err != nil || yet {
		return err
	}
	admins, err := Administrators(tx, rbac.RoleFirmAdmin)
	if err != nil {
		return err
	}
	partners, err := Administrators(tx, rbac.RolePartner)
	if err != nil {
		return err
	}
	if err := letter.Write(tx, letter.RecoveryOf, string(r.ID), others(admins, r.Person)...); err != nil {
		return err
	}
	partners = slices.DeleteFunc(others(partners, r.Person), func(who ident.PersonID) bool { return slices.Contains(admins, who) })
	return letter.Write(tx, letter.RecoveryNear, string(r.ID), partners...)
}

// others is list without one.
func others[T comparable](list []T, one T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return x == one })
}

func recordRecovery(tx *db.Tx, action string, r Recovery) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "person", ID: string(r.Person), Class: audit.C1, Permission: string(rbac.PersonRecover), Detail: map[string]string{"recovery": string(r.ID)}})
}

// Recoveries lists those that wait in the firm of ctx, the oldest first, and those that
// the bureau runs for people of the firm, of which it was told.
func (s *Service) Recoveries(ctx context.Context) (list []Recovery, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonRecover); err != nil {
			return err
		}
		if list, err = recoveries(tx, "", ""); err != nil {
			return err
		}
		told, err := s.told(tx, "")
		list = append(list, told...)
		slices.SortStableFunc(list, func(a, b Recovery) int { return a.OpenedAt.Compare(b.OpenedAt) })
		return err
	})
	return list, err
}

func recoveries(tx *db.Tx, id ident.RequestID, who ident.PersonID) (list []Recovery, err error) {
	err = tx.Raw(`SELECT r.id, r.person_id AS person, p.name, r.reason, r.opened_by AS "by", o.name AS by_name, r.opened_at, r.ripe_at AS ripe
		FROM factor_recovery r JOIN person p ON p.id = r.person_id JOIN person o ON o.id = r.opened_by
		WHERE r.firm_id = ? AND r.status = 'waiting' AND (?::uuid IS NULL OR r.id = ?::uuid) AND (?::uuid IS NULL OR r.person_id = ?::uuid) ORDER BY r.opened_at, r.id`,
		tx.Scope.Firm, db.Null(id), db.Null(id), db.Null(who), db.Null(who)).Scan(&list).Error
	return list, wrap(err, "list recoveries of firm", tx.Scope.Firm)
}

// ConfirmRecovery is the second word: the person's app, passkeys and recovery codes are
// gone, and every session of theirs ends.
func (s *Service) ConfirmRecovery(ctx context.Context, id ident.RequestID) error {
	return s.decideRecovery(ctx, id, func(tx *db.Tx, r Recovery) error {
		if err := s.mayConfirm(tx, r); err != nil {
			return err
		}
		for _, table := range []string{`DELETE FROM factor WHERE person_id = ?`, `DELETE FROM passkey WHERE person_id = ?`, `DELETE FROM recovery_code WHERE person_id = ?`} {
			if err := tx.Exec(table, r.Person).Error; err != nil {
				return fmt.Errorf("recover person %s: %w", r.Person, err)
			}
		}
		if _, err := EndSessions(tx, r.Person, "", ""); err != nil {
			return err
		}
		if err := endRecovery(tx, r, "done"); err != nil {
			return err
		}
		if err := letter.Write(tx, letter.RecoveryDone, string(r.ID), r.Person); err != nil {
			return err
		}
		return recordRecovery(tx, "recovery.confirmed", r)
	})
}

func (s *Service) mayConfirm(tx *db.Tx, r Recovery) error {
	switch {
	case r.ByBureau:
		return ErrRecoverTold
	case r.Person == tx.Scope.Actor:
		return ErrRecoverOwn
	case tx.Now.Before(r.Ripe):
		return ErrRecoverEarly
	case r.By != tx.Scope.Actor:
		return nil
	case s.bureau.Bound(tx) != "":
		return ErrRecoverSecond
	}
	admins, err := Administrators(tx, rbac.RoleBureauAdmin)
	if err != nil {
		return err
	}
	if len(others(others(admins, r.By), r.Person)) > 0 || tx.Now.Before(r.OpenedAt.Add(recoveryLone)) {
		return ErrRecoverSecond
	}
	return nil
}

// RefuseRecovery ends one without its effect; any administrator may, at any time, of the
// firm or the bureau that runs it or of a firm that was told of it.
func (s *Service) RefuseRecovery(ctx context.Context, id ident.RequestID) error {
	return s.decideRecovery(ctx, id, func(tx *db.Tx, r Recovery) error {
		end := func() error {
			if err := endRecovery(tx, r, "refused"); err != nil {
				return err
			}
			return recordRecovery(tx, "recovery.refused", r)
		}
		if !r.ByBureau {
			return end()
		}
		if err := s.bureau.AtHome(tx, end); err != nil {
			return err
		}
		return recordRecovery(tx, "recovery.refused", r) // in the firm's own tree as well
	})
}

func (s *Service) decideRecovery(ctx context.Context, id ident.RequestID, do func(tx *db.Tx, r Recovery) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.PersonRecover); err != nil {
			return err
		}
		if err := tx.Lock("recovery " + string(id)); err != nil {
			return err
		}
		found, err := recoveries(tx, id, "")
		if err != nil {
			return err
		}
		if len(found) == 0 {
			if found, err = s.told(tx, id); err != nil {
				return err
			}
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		return do(tx, found[0])
	})
}

func endRecovery(tx *db.Tx, r Recovery, status string) error {
	err := tx.Exec(`UPDATE factor_recovery SET status = ?, decided_by = ?, decided_at = ? WHERE firm_id = ? AND id = ?`, status, tx.Scope.Actor, tx.Now, tx.Scope.Firm, r.ID).Error
	return wrap(err, "end recovery", r.ID)
}

// RefuseMine ends whatever recovery of the person of ctx waits, in any firm: who still
// signs in has lost nothing. It tells how many there were.
func (s *Service) RefuseMine(ctx context.Context) (n int, err error) {
	err = s.eachOfMine(ctx, func(tx *db.Tx, r Recovery) error {
		n++
		if err := endRecovery(tx, r, "refused"); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "recovery.refused", Object: "person", ID: string(r.Person), Class: audit.C1, Detail: map[string]string{"recovery": string(r.ID)}})
	})
	return n, err
}

// RecoversMe tells when the first recovery of the person of ctx can be confirmed; nil
// when none waits.
func (s *Service) RecoversMe(ctx context.Context) (ripe *time.Time, err error) {
	err = s.eachOfMine(ctx, func(_ *db.Tx, r Recovery) error {
		if ripe == nil || r.Ripe.Before(*ripe) {
			ripe = &r.Ripe
		}
		return nil
	})
	return ripe, err
}

func (s *Service) eachOfMine(ctx context.Context, do func(tx *db.Tx, r Recovery) error) error {
	return s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		who := tx.Scope.Actor
		here := func() error {
			list, err := recoveries(tx, "", who)
			for _, r := range list {
				if err == nil {
					err = do(tx, r)
				}
			}
			return err
		}
		home := tx.Scope.Firm
		if err := here(); err != nil {
			return err
		}
		firms, err := FirmsOf(tx, who)
		if err != nil {
			return err
		}
		for _, firm := range others(firms, home) {
			if err := bureau.Inside(tx, firm, here); err != nil {
				return err
			}
		}
		return nil
	})
}
