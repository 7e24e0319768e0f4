package people

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
)

// BeginPasskey is what the browser of the person of ctx makes a passkey from. The
// answer comes back with AddPasskey, once, from the same browser's session.
func (s *Service) BeginPasskey(ctx context.Context, holder string) (asked string, err error) {
	if s.relying == nil {
		return "", ErrPasskeyOff
	}
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		me, err := ByID(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		k, err := keyring(tx, me, true)
		if err != nil {
			return err
		}
		if len(k.keys) >= mostPasskeys {
			return ErrPasskeyTop
		}
		creation, state, err := s.relying.BeginRegistration(k, webauthn.WithExclusions(webauthn.Credentials(k.keys).CredentialDescriptors()))
		if err != nil {
			return fmt.Errorf("ask for a passkey: %w", err)
		}
		if err := keepChallenge(tx, toAdd, me.ID, holder, state); err != nil {
			return err
		}
		asked, err = spoken(creation)
		return err
	})
	return asked, err
}

// AddPasskey keeps the passkey that the browser of the person of ctx has made, ends
// their other sessions and writes to them. Who has a factor already must have shown
// it within five minutes (ErrStale); who has none shows the password, and gets ten
// recovery codes, shown this once.
func (s *Service) AddPasskey(ctx context.Context, in NewPasskey) (codes []string, err error) {
	var fs fault.Fields
	if fs.Line("name", in.Name, 1, 60); len(fs) > 0 {
		return nil, fs.Err(ErrInvalid)
	}
	proven, err := s.mayChangeFactors(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	var refused error
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		first, err := proven(tx)
		if err != nil {
			return err
		}
		who := tx.Scope.Actor
		made, why, err := s.made(tx, who, in)
		if err != nil {
			return err
		}
		if made == nil {
			refused = ErrPasskey
			return refusedPasskey(tx, who, why)
		}
		id := ident.New[ident.PasskeyID](tx.Now)
		kept, err := insertPasskey(tx, who, id, in.Name, made)
		if err != nil {
			return err
		}
		if !kept {
			refused = ErrPasskeyHad
			return refusedPasskey(tx, who, "kept already")
		}
		if first {
			if codes, err = freshRecovery(tx, who); err != nil {
				return err
			}
		}
		return s.passkeyChanged(tx, "passkey.added", letter.PasskeyAdded, id)
	})
	if err != nil {
		return nil, err
	}
	return codes, refused
}

// passkeyChanged is what follows each change of a person's passkeys.
func (s *Service) passkeyChanged(tx *db.Tx, action string, kind letter.Kind, id ident.PasskeyID) error {
	who := tx.Scope.Actor
	if _, err := EndSessions(tx, who, "", tx.Scope.Session); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Entry{Action: action, Object: "person", ID: string(who), Class: audit.C1, Detail: map[string]string{"passkey": string(id)}}); err != nil {
		return err
	}
	return letter.Write(tx, kind, string(id), who)
}

// made is the key that an answer holds; nil, with why, when it is not one.
func (s *Service) made(tx *db.Tx, who ident.PersonID, in NewPasskey) (made *webauthn.Credential, why string, err error) {
	if s.relying == nil {
		return nil, "", ErrPasskeyOff
	}
	state, found, err := takeChallenge(tx, toAdd, who, in.Holder, in.Answer)
	if err != nil || !found {
		return nil, "challenge", err
	}
	me, err := ByID(tx, who)
	if err != nil {
		return nil, "", err
	}
	k, err := keyring(tx, me, true)
	if err != nil {
		return nil, "", err
	}
	if len(k.keys) >= mostPasskeys {
		return nil, "", ErrPasskeyTop
	}
	answer, bad := protocol.ParseCredentialCreationResponseBytes([]byte(in.Answer))
	if bad == nil {
		made, bad = s.relying.CreateCredential(k, state, answer)
	}
	if bad != nil {
		return nil, "answer", nil //nolint:nilerr // whatever is wrong with it, it is refused; the leaf tells
	}
	return made, "", nil
}

// mayChangeFactors decides whether the person of ctx may add a factor: with one that
// was shown lately, or with the password while there is none. The answer is called in
// the transaction of the change, and tells whether it is their first.
func (s *Service) mayChangeFactors(ctx context.Context, password string) (func(tx *db.Tx) (first bool, err error), error) {
	fresh := func(tx *db.Tx) (bool, error) {
		has, err := hasFactor(tx, tx.Scope.Actor)
		if err != nil || !has {
			return true, err
		}
		_, err = ShownLately(tx)
		return false, err
	}
	first := false
	err := s.bureau.AsSelf(ctx, func(tx *db.Tx) (err error) {
		first, err = fresh(tx)
		return err
	})
	if err != nil || !first {
		return fresh, err
	}
	through, err := s.firstThrough(ctx)
	if err != nil || through {
		return fresh, err
	}
	p, err := s.provePassword(ctx, password)
	return func(tx *db.Tx) (bool, error) {
		if err := stillActive(tx, p); err != nil {
			return false, err
		}
		if err := forgive(tx, changeSubjects(p.ID)); err != nil {
			return false, err
		}
		has, err := hasFactor(tx, p.ID)
		if err == nil && has {
			err = ErrStale // set up in another session while this one proved the password
		}
		return true, err
	}, err
}

// firstThrough tells whether the person of ctx, who has no password, may set up their
// first factor because they have come through their firm's provider within five
// minutes. Only where that is their one firm: it must not open another's.
func (s *Service) firstThrough(ctx context.Context) (may bool, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		via, lately, err := cameThrough(tx)
		if err != nil || via == "" {
			return err
		}
		var password bool
		if err := tx.Raw(`SELECT EXISTS (SELECT FROM credential WHERE person_id = ? AND kind = 'password')`, tx.Scope.Actor).Row().Scan(&password); err != nil {
			return wrap(err, "look for the password of person", tx.Scope.Actor)
		}
		if password {
			return nil
		}
		firms, err := FirmsOf(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		if !lately || len(firms) != 1 || firms[0] != via {
			return ErrSSOAgain
		}
		may = true
		return nil
	})
	return may, err
}

// RemovePasskey takes a passkey of the person of ctx away, who has shown a factor
// within five minutes. Their other sessions end. due tells that a role of theirs asks
// for a factor and none is left.
func (s *Service) RemovePasskey(ctx context.Context, id ident.PasskeyID) (due bool, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		if _, err := ShownLately(tx); err != nil {
			return err
		}
		who := tx.Scope.Actor
		res := tx.Exec(`DELETE FROM passkey WHERE person_id = ? AND id = ?`, who, id)
		if res.Error != nil {
			return fmt.Errorf("remove passkey %s: %w", id, res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrNotFound
		}
		if due, err = s.afterRemoval(tx, who); err != nil {
			return err
		}
		return s.passkeyChanged(tx, "passkey.removed", letter.PasskeyRemoved, id)
	})
	return due, err
}

// afterRemoval forgets the recovery codes of whoever has no factor left, and tells
// whether they owe one.
func (s *Service) afterRemoval(tx *db.Tx, who ident.PersonID) (due bool, err error) {
	has, err := hasFactor(tx, who)
	if err != nil || has {
		return false, err
	}
	if err := tx.Exec(`DELETE FROM recovery_code WHERE person_id = ?`, who).Error; err != nil {
		return false, fmt.Errorf("forget the recovery codes of person %s: %w", who, err)
	}
	me, err := ByID(tx, who)
	if err != nil {
		return false, err
	}
	return s.needsFactor(tx, me)
}

// AskToEnter is what the browser asks any passkey of this address, for signing in
// without a password. "" where there can be no passkeys.
func (s *Service) AskToEnter(ctx context.Context, holder string) (asked string, err error) {
	if s.relying == nil {
		return "", nil
	}
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		assertion, state, err := s.relying.BeginDiscoverableLogin()
		if err != nil {
			return fmt.Errorf("ask for a passkey: %w", err)
		}
		if err := keepChallenge(tx, toEnter, "", holder, state); err != nil {
			return err
		}
		asked, err = spoken(assertion)
		return err
	})
	if errors.Is(err, bureau.ErrNotSetUp) {
		return "", nil // nobody has a passkey yet
	}
	return asked, err
}

// Enter lets in whoever answers with a passkey of theirs, which counts as both
// factors. It returns ErrPasskey for an answer that is not good, ErrPasskeyCut for a
// key whose counter went back, and ThrottledError while the network has to wait.
func (s *Service) Enter(ctx context.Context, t Try) (e Entered, err error) {
	if s.relying == nil {
		return e, ErrPasskeyOff
	}
	answer, bad := protocol.ParseCredentialRequestResponseBytes([]byte(t.Passkey))
	counted := []subject{networkSubject(t.Network)}
	var who ident.PersonID
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) (err error) {
		if err := reserve(tx, counted); err != nil || bad != nil {
			return err
		}
		who, _, _, err = passkeyBy(tx, answer.RawID)
		return err
	})
	if err != nil {
		return e, err
	}
	if who == "" {
		return e, s.refusedEntry(ctx, counted)
	}
	var refused error
	err = s.bureau.As(ctx, bureau.Acting(who), func(tx *db.Tx) error {
		p, err := ByID(tx, who)
		if err != nil {
			return err
		}
		if refused, err = s.answers(tx, p, toEnter, Proof{Passkey: t.Passkey, Holder: t.Holder}); err != nil || refused != nil {
			return errors.Join(err, failed(tx, counted))
		}
		e, err = s.letIn(tx, p, t, true)
		return err
	})
	if err != nil {
		return e, err
	}
	return e, refused
}

func (s *Service) refusedEntry(ctx context.Context, counted []subject) error {
	err := s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		if err := failed(tx, counted); err != nil {
			return err
		}
		return refusedPasskey(tx, "", "unknown")
	})
	if err != nil {
		return err
	}
	return ErrPasskey
}

func refusedPasskey(tx *db.Tx, who ident.PersonID, why string) error {
	return audit.Record(tx, audit.Entry{Action: "passkey.refused", Object: "person", ID: string(who), Class: audit.C1, Result: "denied", Detail: map[string]string{"why": why}})
}

// AskAgain is what the person of ctx may show of a second factor.
func (s *Service) AskAgain(ctx context.Context, holder string) (a Asked, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		a, err = s.askFactor(tx, holder)
		return err
	})
	return a, err
}

// AskFactor is what somebody whose password was right may show beside it.
func (s *Service) AskFactor(ctx context.Context, p Pending, holder string) (a Asked, err error) {
	err = s.bureau.As(ctx, bureau.Acting(p.Person), func(tx *db.Tx) error {
		if _, err := stillPending(tx, p); err != nil {
			return err
		}
		a, err = s.askFactor(tx, holder)
		return err
	})
	return a, err
}

func (s *Service) askFactor(tx *db.Tx, holder string) (a Asked, err error) {
	who := tx.Scope.Actor
	err = tx.Raw(`SELECT EXISTS (SELECT FROM factor WHERE person_id = ? AND confirmed_at IS NOT NULL)`, who).Row().Scan(&a.App)
	if err != nil {
		return a, fmt.Errorf("look for the app of person %s: %w", who, err)
	}
	p, err := ByID(tx, who)
	if err != nil {
		return a, err
	}
	k, err := keyring(tx, p, false)
	if err != nil || s.relying == nil || len(k.keys) == 0 {
		return a, err
	}
	assertion, state, err := s.relying.BeginLogin(k)
	if err != nil {
		return a, fmt.Errorf("ask for a passkey: %w", err)
	}
	if err := keepChallenge(tx, toShow, who, holder, state); err != nil {
		return a, err
	}
	a.Passkey, err = spoken(assertion)
	return a, err
}

// answers judges a passkey's answer and uses its challenge up. A refusal comes beside
// the error: the challenge stays used and the leaf stays when it is wrong.
func (s *Service) answers(tx *db.Tx, p Person, what purpose, shown Proof) (refused, err error) {
	if s.relying == nil {
		return ErrPasskeyOff, nil
	}
	whose := p.ID
	if what == toEnter {
		whose = ""
	}
	state, found, err := takeChallenge(tx, what, whose, shown.Holder, shown.Passkey)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return ErrPasskey, refusedPasskey(tx, p.ID, "challenge")
	case p.Status != "active":
		return ErrPasskey, refusedPasskey(tx, p.ID, "person")
	}
	answer, bad := protocol.ParseCredentialRequestResponseBytes([]byte(shown.Passkey))
	if bad != nil {
		return ErrPasskey, refusedPasskey(tx, p.ID, "answer")
	}
	whose, id, stopped, err := passkeyBy(tx, answer.RawID)
	switch {
	case err != nil:
		return nil, err
	case whose != p.ID:
		return ErrPasskey, refusedPasskey(tx, p.ID, "another person's")
	case stopped:
		return ErrPasskeyCut, refusedPasskey(tx, p.ID, "stopped")
	}
	k, err := keyring(tx, p, false)
	if err != nil {
		return nil, err
	}
	key, bad := s.validated(k, what, state, answer)
	if bad != nil {
		return ErrPasskey, refusedPasskey(tx, p.ID, "answer")
	}
	if key.Authenticator.CloneWarning {
		return ErrPasskeyCut, stopPasskey(tx, p.ID, id)
	}
	return nil, usePasskey(tx, p.ID, key)
}

func (s *Service) validated(k keyholder, what purpose, state webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	if what == toShow {
		return s.relying.ValidateLogin(k, state, answer)
	}
	_, key, err := s.relying.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return k, nil }, state, answer)
	return key, err
}

// stopPasskey takes a key out of use whose counter went back: of two that sign, one is
// a copy, and nobody can tell which.
func stopPasskey(tx *db.Tx, who ident.PersonID, id ident.PasskeyID) error {
	if err := tx.Exec(`UPDATE passkey SET stopped_at = ? WHERE person_id = ? AND id = ?`, tx.Now, who, id).Error; err != nil {
		return fmt.Errorf("stop passkey %s: %w", id, err)
	}
	err := audit.Record(tx, audit.Entry{Action: "passkey.stopped", Object: "person", ID: string(who), Class: audit.C1, Result: "denied", Detail: map[string]string{"passkey": string(id)}})
	if err != nil {
		return err
	}
	return letter.Write(tx, letter.PasskeyStopped, string(id), who)
}
