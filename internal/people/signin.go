package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Faults of signing in.
var (
	ErrSignIn      = fault.New(fault.Unauthenticated, "sign_in_refused", "the address or the password is not right")
	ErrThrottled   = fault.New(fault.TooMany, "sign_in_throttled", "too many tries; wait a little and try again")
	ErrBusy        = fault.New(fault.Unavailable, "sign_in_busy", "many people are signing in; try again in a few seconds")
	ErrPassword    = fault.New(fault.Invalid, "password_wrong", "the present password is not right")
	ErrLink        = fault.New(fault.NotFound, "not_found", "this link has been used or has ended; ask for a new one")
	ErrFactor      = fault.New(fault.Unauthenticated, "factor_needed", "enter the code of your authenticator app as well")
	ErrCode        = fault.New(fault.Invalid, "code_wrong", "that code is not right")
	ErrChallenge   = fault.New(fault.Unauthenticated, "factor_refused", "too many wrong codes; sign in again")
	ErrNoFactor    = fault.New(fault.Conflict, "factor_missing", "no app is being set up; begin again")
	ErrNoApp       = fault.New(fault.Conflict, "factor_none", "no second factor is set up; set one up on your account page first")
	ErrStale       = fault.New(fault.Forbidden, "factor_stale", "this act asks for your second factor again; show it and repeat")
	ErrPasskey     = fault.New(fault.Invalid, "passkey_refused", "that passkey was not accepted; try again")
	ErrPasskeyCut  = fault.New(fault.Conflict, "passkey_stopped", "this passkey no longer serves, for its counter went back and somebody may have a copy; use another way in and remove it")
	ErrPasskeyHad  = fault.New(fault.Conflict, "passkey_exists", "this passkey is set up already")
	ErrPasskeyTop  = fault.New(fault.Conflict, "passkey_most", "there are 20 passkeys, which is the most; remove one first")
	ErrPasskeyOff  = fault.New(fault.Unavailable, "passkey_off", "passkeys need an address with a name; this installation is reached by a number")
	ErrSSO         = fault.New(fault.Conflict, "sso_refused", "your firm's sign-in did not come back as it should; begin again")
	ErrSSODeclined = fault.New(fault.Conflict, "sso_declined", "your firm's sign-in sent you back without signing you in; begin again")
	ErrSSONone     = fault.New(fault.Conflict, "sso_none", "no firm signs in through a provider of its own under this code")
	ErrSSOUnknown  = fault.New(fault.Conflict, "sso_unknown", "your firm's sign-in knows you, but nobody here is linked to it; open your invitation, or sign in another way and link it on your account page")
	ErrSSOTaken    = fault.New(fault.Conflict, "sso_taken", "this account at your firm is linked to another person")
	ErrSSOAway     = fault.New(fault.Unavailable, "sso_away", "your firm's sign-in does not answer; try again in a minute")
	ErrSSOOnly     = fault.New(fault.Conflict, "sso_only", "your firm asks you to sign in through its own provider")
	ErrSSOUnproven = fault.New(fault.Conflict, "sso_unproven", "try it first: an administrator has to have come back from the provider once")
	ErrSSOAgain    = fault.New(fault.Conflict, "sso_again", "sign out and in again through your firm, and set the factor up within five minutes")
	ErrSSOOff      = fault.New(fault.Conflict, "sso_off", "turn it on before it is the only way in")
	ErrSSOChanged  = fault.New(fault.Stale, "sso_changed", "somebody else has changed this; open the page again")
	ErrHasFactor   = fault.New(fault.Conflict, "factor_exists", "an authenticator app is set up already; remove it first")
)

// How long things last (SECURITY 5).
const (
	IdleTime     = 30 * time.Minute
	StaffSession = 10 * time.Hour
	FirmSession  = 12 * time.Hour
	maxSessions  = 5 // at once; one more ends the oldest
	inviteTime   = 72 * time.Hour
	resetTime    = 15 * time.Minute
	pendingTime  = 10 * time.Minute // between the password and the factor, and for a passkey's answer
	FactorTime   = 5 * time.Minute  // how long a factor that was shown serves for the acts that step up
)

// Try is one attempt to sign in.
type Try struct {
	Email    string
	Password string
	Network  string       // the /24 or /48 it comes from
	Device   string       // the known-device cookie, "" without one
	Browser  string       // what the browser calls itself, for the list of sessions
	Code     string       // of the authenticator app, or a recovery code; "" when not asked yet
	Passkey  string       // a passkey's answer, JSON
	Holder   string       // the browser's session, to which a passkey's challenge was given
	Via      ident.FirmID // the firm whose provider stood for the password
}

func (t Try) proof() Proof { return Proof{Code: t.Code, Passkey: t.Passkey, Holder: t.Holder} }

// Entered is a person who has shown their password.
type Entered struct {
	Person   ident.PersonID
	Name     string
	Staff    bool
	Firm     ident.FirmID   // the firm to work in; "" for staff, and while one of Firms must be chosen
	Firms    []ident.FirmID // where a firm's own user holds a live grant
	Via      ident.FirmID   // the firm through whose provider they came; the session opens no other
	Device   string         // the cookie that marks this device as known
	At       time.Time
	Deadline time.Time // when the session ends whatever happens

	FactorShown bool // beside the password
	FactorDue   bool // a role asks for a factor and none is set up: that comes first
}

// SignIn compares the password and says who may begin a session. Whether the
// person exists shows neither in the answer nor in the time it takes (T11). It
// returns ErrSignIn, or ThrottledError while the account or the network has to wait.
// ErrFactor means that the password was right and a code is due as well: Entered
// has the person then, and ShowFactor or another try with the code goes on.
func (s *Service) SignIn(ctx context.Context, t Try) (Entered, error) {
	email := Address(t.Email)
	var p account
	var counted []subject
	err := s.bureau.AsMachine(ctx, func(tx *db.Tx) (err error) {
		if p, err = accountBy(tx, email); err != nil {
			return err
		}
		counted = []subject{networkSubject(t.Network), accountSubject(email)}
		if s.knows(t.Device, p.ID) {
			counted = []subject{deviceSubject(t.Device)}
		}
		return reserve(tx, counted)
	})
	if err != nil {
		return Entered{}, err
	}
	ok, stale, err := s.hasher.Matches(ctx, t.Password, p.Hash)
	if err != nil {
		return Entered{}, err
	}
	if !ok || p.Status != "active" {
		return Entered{}, s.refused(ctx, p.ID, counted)
	}
	var renewed string
	if stale {
		if renewed, err = s.hasher.Hash(ctx, t.Password); err != nil {
			return Entered{}, err
		}
	}
	return s.entered(ctx, p, renewed, counted, t)
}

func (s *Service) refused(ctx context.Context, who ident.PersonID, counted []subject) error {
	err := s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		if err := failed(tx, counted); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "session.refused", Object: "person", ID: string(who), Class: audit.C1, Result: "denied"})
	})
	if err != nil {
		return err
	}
	return ErrSignIn
}

// entered takes back the counted tries and, unless a factor is still due, lets the
// person in.
func (s *Service) entered(ctx context.Context, p account, renewed string, counted []subject, t Try) (Entered, error) {
	var e Entered
	var refused error
	err := s.bureau.As(ctx, bureau.Acting(p.ID), func(tx *db.Tx) error {
		if err := stillActive(tx, p); err != nil {
			return err
		}
		if err := forgive(tx, counted); err != nil {
			return err
		}
		if renewed != "" {
			if err := setPassword(tx, p.ID, renewed); err != nil {
				return err
			}
		}
		due, err := hasFactor(tx, p.ID)
		if err != nil {
			return err
		}
		if due && t.Code == "" {
			e, refused = Entered{Person: p.ID, Name: p.Name, At: tx.Now}, ErrFactor
			return nil
		}
		if due {
			if refused, err = s.judge(tx, p.ID, "request "+tx.Scope.RequestID, Proof{Code: t.Code}); err != nil || refused != nil {
				return err
			}
		}
		e, err = s.letIn(tx, p.Person, t, due)
		return err
	})
	if err != nil {
		return e, err
	}
	return e, refused
}

// Pending is a person who has shown their password and not yet a factor. The
// caller keeps it where the person cannot write.
type Pending struct {
	Person    ident.PersonID
	Challenge string       // tells this sign-in from others
	At        time.Time    // when the password was right
	Via       ident.FirmID // the firm whose provider stood for it
}

// ShowFactor finishes a sign-in with a code of the app, a recovery code or a passkey.
// It returns ErrCode or ErrPasskey, ErrChallenge after five wrong ones, and ErrSignIn when the
// sign-in is too long ago or the password has changed since.
func (s *Service) ShowFactor(ctx context.Context, p Pending, t Try) (Entered, error) {
	var e Entered
	var refused error
	err := s.bureau.As(ctx, bureau.Acting(p.Person), func(tx *db.Tx) error {
		person, err := stillPending(tx, p)
		if err != nil {
			return err
		}
		if refused, err = s.judge(tx, p.Person, "sign-in "+p.Challenge, t.proof()); err != nil || refused != nil {
			return err
		}
		t.Via = p.Via
		e, err = s.letIn(tx, person, t, true)
		return err
	})
	if err != nil {
		return e, err
	}
	return e, refused
}

func stillPending(tx *db.Tx, p Pending) (who Person, err error) {
	err = tx.Raw(`SELECT p.id, p.email, p.name, p.staff, p.status FROM person p LEFT JOIN credential c ON c.person_id = p.id AND c.kind = 'password'
		WHERE p.id = ? AND p.status = 'active' AND (c.changed_at <= ? OR c.changed_at IS NULL AND ?)`, p.Person, p.At, p.Via != "").Row().Scan(&who.ID, &who.Email, &who.Name, &who.Staff, &who.Status)
	if errors.Is(err, sql.ErrNoRows) || err == nil && tx.Now.Sub(p.At) > pendingTime {
		return who, ErrSignIn.With("this sign-in has taken too long; begin again")
	}
	return who, wrap(err, "load person", p.Person)
}

// letIn makes room among the person's sessions and leaves the leaf. The session
// itself is the caller's to begin, under a new token.
func (s *Service) letIn(tx *db.Tx, p Person, t Try, shown bool) (Entered, error) {
	if err := endOldest(tx, p.ID, maxSessions-1); err != nil {
		return Entered{}, err
	}
	firms, err := FirmsOf(tx, p.ID)
	if err != nil {
		return Entered{}, err
	}
	if firms, err = s.openTo(tx, p, firms, t.Via); err != nil {
		return Entered{}, err
	}
	e := Entered{Person: p.ID, Name: p.Name, Staff: p.Staff, Via: t.Via, At: tx.Now, Deadline: tx.Now.Add(StaffSession), FactorShown: shown}
	if !shown {
		if e.FactorDue, err = s.needsFactor(tx, p); err != nil {
			return Entered{}, err
		}
	}
	if !p.Staff {
		e.Firms, e.Deadline = firms, tx.Now.Add(FirmSession)
		if len(firms) == 1 {
			e.Firm = firms[0]
		}
	}
	nonce, err := secret()
	if err != nil {
		return e, err
	}
	e.Device = s.deviceToken(p.ID, nonce)
	return e, audit.Record(tx, audit.Entry{Action: "session.started", Object: "person", ID: string(p.ID), Class: audit.C1, Detail: t.means()})
}

// means is how somebody came in, for the trail.
func (t Try) means() map[string]string {
	m := map[string]string{"network": t.Network}
	switch {
	case t.Via != "":
		m["by"] = "sso"
	case t.Passkey != "":
		m["by"] = "passkey"
	}
	return m
}

// Switch says whether the person of ctx may work in firm from now on. The caller
// begins a new session for it (T05). The bureau's people need none: for them the
// path names the firm.
func (s *Service) Switch(ctx context.Context, firm ident.FirmID) (Entered, error) {
	var e Entered
	err := s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		p, err := ByID(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		firms, err := FirmsOf(tx, p.ID)
		if err != nil {
			return err
		}
		via, _, err := cameThrough(tx)
		if err != nil {
			return err
		}
		if p.Staff || !slices.Contains(firms, firm) || via != "" && via != firm {
			return ErrNotFound
		}
		if _, err := s.openTo(tx, p, []ident.FirmID{firm}, via); err != nil {
			return err
		}
		e = Entered{Person: p.ID, Name: p.Name, Via: via, Firm: firm, Firms: firms, At: tx.Now, Deadline: tx.Now.Add(FirmSession)}
		return audit.Record(tx, audit.Entry{Action: "session.switched", Object: "person", ID: string(p.ID), Class: audit.C1, Detail: map[string]string{"firm": string(firm)}})
	})
	return e, err
}

// SignedOut leaves the leaf of a session that its person ended.
func (s *Service) SignedOut(ctx context.Context) error {
	return s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{Action: "session.ended", Object: "session", ID: string(tx.Scope.Session), Class: audit.C1})
	})
}

// account is a person with what sign-in compares. The zero value is nobody.
type account struct {
	Person
	Hash string
}

// accountBy finds the account of an address; nobody is not an error here.
func accountBy(tx *db.Tx, email string) (a account, err error) {
	err = tx.Raw(`SELECT p.id, p.email, p.name, p.staff, p.status, coalesce(c.secret_hash, '')
		FROM person p LEFT JOIN credential c ON c.person_id = p.id AND c.kind = 'password' WHERE p.email = ?`, email).Row().
		Scan(&a.ID, &a.Email, &a.Name, &a.Staff, &a.Status, &a.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("look for an account: %w", err)
	}
	return a, nil
}

// stillActive refuses whoever was disabled, or changed the password, while it was compared.
func stillActive(tx *db.Tx, p account) error {
	var same bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM person p JOIN credential c ON c.person_id = p.id AND c.kind = 'password'
		WHERE p.id = ? AND p.status = 'active' AND c.secret_hash = ?)`, p.ID, p.Hash).Row().Scan(&same)
	if err != nil {
		return fmt.Errorf("look at account %s again: %w", p.ID, err)
	}
	if !same {
		return ErrSignIn
	}
	return nil
}
