package people

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Factors is what a person shows beside the password.
type Factors struct {
	App       *time.Time // since when an authenticator app is set up, nil without one
	Passkeys  []Passkey
	CodesLeft int // recovery codes that have not been used
}

// Any tells whether there is one.
func (f Factors) Any() bool { return f.App != nil || len(f.Passkeys) > 0 }

// Factors tells what the person of ctx has set up.
func (s *Service) Factors(ctx context.Context) (f Factors, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		err := tx.Raw(`SELECT (SELECT confirmed_at FROM factor WHERE person_id = ? AND confirmed_at IS NOT NULL),
			(SELECT count(*) FROM recovery_code WHERE person_id = ? AND used_at IS NULL)`, tx.Scope.Actor, tx.Scope.Actor).Row().Scan(&f.App, &f.CodesLeft)
		if err != nil {
			return wrap(err, "read the factors of person", tx.Scope.Actor)
		}
		f.Passkeys, err = passkeysOf(tx, tx.Scope.Actor)
		return err
	})
	return f, err
}

// BeginApp makes a secret for an authenticator app of the person of ctx, or shows
// the one that is being set up. It serves once ConfirmApp has seen a code of it.
func (s *Service) BeginApp(ctx context.Context) (shown Shown, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		has, err := hasApp(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		if has {
			return ErrHasFactor
		}
		me, err := ByID(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		begun, err := s.appOf(tx, me.ID, false)
		if err != nil {
			return err
		}
		if begun.id != "" && tx.Now.Sub(begun.created) < pendingTime {
			shown, err = shownAgain(begun.secret, me.Email)
			return err
		}
		if shown, err = newSecret(me.Email); err != nil {
			return err
		}
		return s.keepApp(tx, me.ID, shown.Secret)
	})
	return shown, err
}

// ConfirmApp takes the app into use when code is one of it, ends the person's other
// sessions and gives ten recovery codes, shown this once. Who has no factor yet shows
// the present password, whose tries count as those of ChangePassword do; who has one
// must have shown it within five minutes, and keeps their recovery codes.
func (s *Service) ConfirmApp(ctx context.Context, password, code string) (codes []string, err error) {
	code = typed(code)
	if err := checkCode(code); err != nil {
		return nil, err
	}
	proven, err := s.mayChangeFactors(ctx, password)
	if err != nil {
		return nil, err
	}
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		who := tx.Scope.Actor
		first, err := proven(tx)
		if err != nil {
			return err
		}
		has, err := hasApp(tx, who)
		if err != nil {
			return err
		}
		if has {
			return ErrHasFactor
		}
		a, err := s.appOf(tx, who, false)
		if err != nil {
			return err
		}
		if a.id == "" {
			return ErrNoFactor
		}
		step, err := stepOf(a.secret, code, tx.Now, a.last)
		if err != nil {
			return err
		}
		if step == 0 {
			return ErrCode.With("that code is not right; check that the app's clock is")
		}
		if err := tx.Exec(`UPDATE factor SET confirmed_at = ? WHERE person_id = ? AND id = ?`, tx.Now, who, a.id).Error; err != nil {
			return fmt.Errorf("confirm the app of person %s: %w", who, err)
		}
		if err := useStep(tx, who, a.id, step); err != nil {
			return err
		}
		if first {
			if codes, err = freshRecovery(tx, who); err != nil {
				return err
			}
		}
		if _, err := EndSessions(tx, who, "", tx.Scope.Session); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "factor.added", Object: "person", ID: string(who), Class: audit.C1})
	})
	return codes, err
}

// needsFactor tells whether a role that p holds anywhere asks for a second factor. The
// bureau's people owe one before anybody has granted them anything.
func (s *Service) needsFactor(tx *db.Tx, p Person) (bool, error) {
	if p.Staff {
		return true, nil
	}
	var roles []rbac.Role
	err := tx.Raw(`SELECT DISTINCT unnest(roles) FROM auth.person_firms(?::uuid, ?)`, p.ID, tx.Now).Scan(&roles).Error
	if err != nil {
		return false, fmt.Errorf("list the roles of person %s: %w", p.ID, err)
	}
	return slices.ContainsFunc(roles, s.lattice.NeedsFactor), nil
}

// ProveFactor judges what the person of ctx, who has signed in, shows of a factor for an
// act that wants it again (SECURITY 5). The session is the challenge of a code: ErrCode
// or ErrPasskey while tries are left, then ErrChallenge. ErrNoApp without a factor.
func (s *Service) ProveFactor(ctx context.Context, p Proof) error {
	err := s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		has, err := hasFactor(tx, tx.Scope.Actor)
		if err == nil && !has {
			return ErrNoApp
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.proven(ctx, p, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{Action: "factor.shown_again", Object: "person", ID: string(tx.Scope.Actor), Class: audit.C1, Detail: p.means()})
	})
}

// RemoveApp takes the app and the recovery codes of the person of ctx away, for whoever shows a
// code of it once more. The other sessions end. due tells that a role of theirs asks
// for a factor, so that another must be set up before anything else.
func (s *Service) RemoveApp(ctx context.Context, code string) (due bool, err error) {
	err = s.proven(ctx, Proof{Code: code}, func(tx *db.Tx) error {
		who := tx.Scope.Actor
		if err := tx.Exec(`DELETE FROM factor WHERE person_id = ?`, who).Error; err != nil {
			return fmt.Errorf("remove the app of person %s: %w", who, err)
		}
		var err error
		if due, err = s.afterRemoval(tx, who); err != nil {
			return err
		}
		if _, err := EndSessions(tx, who, "", tx.Scope.Session); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "factor.removed", Object: "person", ID: string(who), Class: audit.C1})
	})
	return due, err
}

// NewRecoveryCodes replaces the recovery codes of whoever shows a code of the app, or
// with none has shown a factor within five minutes.
func (s *Service) NewRecoveryCodes(ctx context.Context, code string) (codes []string, err error) {
	renew := func(tx *db.Tx) error {
		var err error
		if codes, err = freshRecovery(tx, tx.Scope.Actor); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "factor.codes_renewed", Object: "person", ID: string(tx.Scope.Actor), Class: audit.C1})
	}
	if code != "" {
		err = s.proven(ctx, Proof{Code: code}, renew)
		return codes, err
	}
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		if _, err := ShownLately(tx); err != nil {
			return err
		}
		return renew(tx)
	})
	return codes, err
}

// proven runs do for the person of ctx once what they show is right. The session is
// the challenge.
func (s *Service) proven(ctx context.Context, p Proof, do func(tx *db.Tx) error) error {
	who, err := scope.From(ctx)
	if err != nil {
		return err
	}
	var refused error
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		if refused, err = s.judge(tx, tx.Scope.Actor, "session "+string(who.Session), p); err != nil || refused != nil {
			return err
		}
		return do(tx)
	})
	if err != nil {
		return err
	}
	return refused
}

// judge compares a code of the app, a recovery code or a passkey's answer, and uses it
// up. A refusal comes beside the error: the counted try and its leaf stay when it is wrong.
func (s *Service) judge(tx *db.Tx, who ident.PersonID, challenge string, p Proof) (refused, err error) {
	if p.Passkey == "" {
		p.Code = typed(p.Code)
		if err := checkCode(p.Code); err != nil {
			return err, nil
		}
	}
	try, left, err := countTry(tx, who, challenge)
	if err != nil {
		return nil, err
	}
	if p.Passkey != "" {
		me, err := ByID(tx, who)
		if err != nil {
			return nil, err
		}
		refused, err = s.answers(tx, me, toShow, p)
		if err != nil {
			return nil, err
		}
	} else if refused, err = s.wrongCode(tx, who, p.Code, left); err != nil {
		return nil, err
	}
	switch {
	case refused != nil && left == 0:
		return ErrChallenge, nil
	case refused != nil:
		return refused, nil
	}
	return nil, wrap(tx.Exec(`DELETE FROM factor_try WHERE id = ?`, try).Error, "take back a try of person", who)
}

// wrongCode is the refusal of a code that is not right.
func (s *Service) wrongCode(tx *db.Tx, who ident.PersonID, code string, left int) (refused, err error) {
	right, err := s.right(tx, who, code)
	if err != nil || right {
		return nil, err
	}
	return ErrCode.With("that code is not right; %d tries left", left), audit.Record(tx, audit.Entry{Action: "factor.refused", Object: "person", ID: string(who), Class: audit.C1, Result: "denied"})
}

func (s *Service) right(tx *db.Tx, who ident.PersonID, code string) (bool, error) {
	if len(code) == recoveryLength {
		used, err := useRecovery(tx, who, code)
		if err != nil || !used {
			return false, err
		}
		return true, audit.Record(tx, audit.Entry{Action: "factor.recovery_used", Object: "person", ID: string(who), Class: audit.C1})
	}
	a, err := s.appOf(tx, who, true)
	if err != nil || a.id == "" {
		return false, err
	}
	step, err := stepOf(a.secret, code, tx.Now, a.last)
	if err != nil || step == 0 {
		return false, err
	}
	return true, useStep(tx, who, a.id, step)
}
