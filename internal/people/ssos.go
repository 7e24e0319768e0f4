package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// SignInThrough gives the service the operator's list of providers; without one no
// firm has any.
func (s *Service) SignInThrough(p *Providers) { s.providers = p }

// Errand is why somebody goes to their firm's provider; stored.
type Errand string

// The errands.
const (
	ErrandEnter   Errand = "enter"   // to sign in
	ErrandProve   Errand = "prove"   // an administrator shows that it works
	ErrandLink    Errand = "link"    // somebody who is signed in says who they are there
	ErrandInvited Errand = "invited" // an invited person comes for the first time
)

// WayToProve is the way of the firm's administrator of ctx, who shows that the
// provider works before anybody depends on it.
func (s *Service) WayToProve(ctx context.Context, holder string) (Way, error) {
	return s.wayOfSelf(ctx, ErrandProve, holder, rbac.FirmSSO)
}

// WayToLink is the way of a person of the firm of ctx, who has shown a factor within
// five minutes where they have one.
func (s *Service) WayToLink(ctx context.Context, holder string) (Way, error) {
	return s.wayOfSelf(ctx, ErrandLink, holder, rbac.FirmRead)
}

func (s *Service) wayOfSelf(ctx context.Context, e Errand, holder string, needs rbac.Permission) (Way, error) {
	var i Issuer
	var who ident.PersonID
	err := s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		if _, err = s.guard.Require(tx, needs); err != nil {
			return err
		}
		who = tx.Scope.Actor
		p, err := ByID(tx, who)
		if err != nil {
			return err
		}
		if p.Staff {
			return ErrSSONone // the bureau's people are nobody at a firm's provider
		}
		if i, err = s.issuerOf(tx); err != nil {
			return err
		}
		return lately(tx, who)
	})
	if err != nil {
		return Way{}, err
	}
	return s.way(ctx, i, attempt{errand: e, person: who, holder: holder})
}

// lately is ShownLately for who has a factor at all.
func lately(tx *db.Tx, who ident.PersonID) error {
	has, err := hasFactor(tx, who)
	if err != nil || !has {
		return err
	}
	_, err = ShownLately(tx)
	return err
}

// WayInvited is the way of whoever holds an invitation of a firm whose people sign in
// through its provider. ErrSSONone where they do not.
func (s *Service) WayInvited(ctx context.Context, token, holder string) (Way, error) {
	p, inside, i, err := s.invitedBy(ctx, token)
	if err != nil {
		return Way{}, err
	}
	return s.way(inside, i, attempt{errand: ErrandInvited, person: p.ID, holder: holder, invite: hashOf(token)})
}

// InvitedThrough tells whether there is that way, and the name of the firm.
func (s *Service) InvitedThrough(ctx context.Context, token string) (bool, error) {
	_, _, _, err := s.invitedBy(ctx, token)
	if errors.Is(err, ErrSSONone) {
		return false, nil
	}
	return err == nil, err
}

// invitedBy is whom a link invites, with a context in the firm that did and its provider.
func (s *Service) invitedBy(ctx context.Context, token string) (p Person, inside context.Context, i Issuer, err error) {
	var firm ident.FirmID
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) (err error) {
		if p, err = inviteeOf(tx, token); err != nil {
			return err
		}
		firm, err = inviterOf(tx, token)
		return err
	})
	if err != nil {
		return p, ctx, i, err
	}
	if p.Staff || p.Status != "invited" || firm == "" {
		return p, ctx, i, ErrSSONone
	}
	inside = scope.With(ctx, scope.Scope{Machine: "access", Firm: firm, RequestID: scope.RequestID(ctx)})
	err = s.db.InFirm(inside, func(tx *db.Tx) error {
		if i, err = s.issuerOf(tx); err != nil {
			return err
		}
		set, err := ssoOf(tx)
		if err == nil && !set.works(i) {
			err = ErrSSONone
		}
		return err
	})
	return p, inside, i, err
}

// Through tells whether the people of a firm of the person of ctx sign in through its
// provider, and whether they are linked to it.
func (s *Service) Through(ctx context.Context, firm ident.FirmID) (on, linked bool, err error) {
	err = s.db.InFirm(scope.InFirm(ctx, firm), func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmRead); err != nil {
			return err
		}
		i, err := s.issuerOf(tx)
		if errors.Is(err, ErrSSONone) {
			return nil
		}
		set, setErr := ssoOf(tx)
		if err := errors.Join(err, setErr); err != nil {
			return err
		}
		on = set.works(i)
		err = tx.Raw(`SELECT EXISTS (SELECT FROM sso_link WHERE firm_id = ? AND issuer = ? AND person_id = ?)`, firm, i.URL, tx.Scope.Actor).Row().Scan(&linked)
		return wrap(err, "look for the link of person", tx.Scope.Actor)
	})
	return on, linked, err
}

// way begins an attempt. ctx is in the firm.
func (s *Service) way(ctx context.Context, i Issuer, a attempt) (w Way, err error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return w, err
	}
	if a.journey, err = newJourney(sc.Firm); err != nil {
		return w, err
	}
	a.issuer = i.URL
	if w.Address, err = s.providers.address(ctx, i, a.journey); err != nil {
		return w, err
	}
	w.Host = hostOf(w.Address)
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		set, err := ssoOf(tx)
		if err != nil {
			return err
		}
		if a.errand != ErrandProve && !set.works(i) {
			return ErrSSONone
		}
		if err := tx.Raw(`SELECT name FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&w.Firm); err != nil {
			return wrap(err, "load firm", tx.Scope.Firm)
		}
		return keepAttempt(tx, a)
	})
	return w, err
}

// Arrived is what became of somebody who came back.
type Arrived struct {
	Errand  Errand
	Firm    ident.FirmID
	Entered Entered // of who signs in, or was invited; with ErrFactor, who still owes theirs
}

// Arrive judges how somebody came back and does what they went for. The state serves
// once, to the browser's session that went. One that opens nothing is anybody's invention:
// whatever firm it names, or none, the answer is the same, and no firm's trail holds
// anything of it (T24); the request's own line in the log is all there is. What is wrong
// with the answer to an attempt is in the firm's trail.
//
// It returns ErrSSO for either, ErrSSODeclined when the provider signed nobody in,
// ErrSSOUnknown for somebody whom the firm's provider knows and nobody here is linked to,
// and ErrFactor as SignIn does.
func (s *Service) Arrive(ctx context.Context, b Back, t Try) (a Arrived, err error) {
	firm, err := firmOfState(b.state())
	if err != nil {
		return a, ErrSSO
	}
	inside := scope.With(ctx, scope.Scope{Machine: "access", Firm: firm, RequestID: scope.RequestID(ctx)})
	var went attempt
	var code string
	err = s.db.InFirm(inside, func(tx *db.Tx) (err error) {
		if went, err = takeAttempt(tx, b.state(), b.Holder); err != nil {
			return err
		}
		code, err = codeOf(tx)
		return err
	})
	if err != nil {
		return a, err
	}
	i, listed := s.providers.of(code)
	if !listed || i.URL != went.issuer {
		return a, s.refusedSSO(inside, "state", ErrSSO)
	}
	answer, why, err := s.providers.code(ctx, i, b)
	if why != "" {
		return a, s.refusedSSO(inside, why, err)
	}
	if err != nil {
		return a, err
	}
	who, err := s.providers.redeem(ctx, i, went.journey, answer)
	if errors.Is(err, ErrSSO) {
		return a, s.refusedSSO(inside, "token", err)
	}
	if err != nil {
		return a, err
	}
	a.Errand, a.Firm = went.errand, firm
	switch went.errand {
	case ErrandEnter:
		a.Entered, err = s.enterThrough(ctx, firm, i, who, t)
	case ErrandInvited:
		if err = s.enrolThrough(ctx, firm, i, who, went); err == nil {
			a.Entered, err = s.enterThrough(ctx, firm, i, who, t)
		}
	case ErrandProve, ErrandLink:
		err = s.linkSelf(ctx, firm, i, who, went)
	}
	if errors.Is(err, ErrSSOUnknown) {
		err = s.refusedSSO(inside, "unknown", err)
	}
	return a, err
}

func (s *Service) refusedSSO(inside context.Context, why string, refused error) error {
	err := s.db.InFirm(inside, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{Action: "sso.refused", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C1, Result: "denied", Detail: map[string]string{"why": why}})
	})
	if err != nil {
		return err
	}
	return refused
}

// enterThrough lets in whom the subject is linked to. The provider stands for the
// password; the person's own factor is asked for unless its acr says that it asked for one.
func (s *Service) enterThrough(ctx context.Context, firm ident.FirmID, i Issuer, from shown, t Try) (e Entered, err error) {
	var who ident.PersonID
	err = s.db.InFirm(scope.With(ctx, scope.Scope{Machine: "access", Firm: firm, RequestID: scope.RequestID(ctx)}), func(tx *db.Tx) error {
		set, err := ssoOf(tx)
		if err != nil {
			return err
		}
		if !set.works(i) {
			return ErrSSONone
		}
		who, err = useLink(tx, i.URL, from.subject)
		return err
	})
	if err != nil {
		return e, err
	}
	t.Via = firm
	var refused error
	err = s.bureau.As(ctx, bureau.Acting(who), func(tx *db.Tx) error {
		p, err := ByID(tx, who)
		if err != nil {
			return err
		}
		firms, err := FirmsOf(tx, who)
		if err != nil {
			return err
		}
		if p.Status != "active" || p.Staff || !slices.Contains(firms, firm) {
			return ErrSSOUnknown
		}
		due, err := hasFactor(tx, who)
		if err != nil {
			return err
		}
		if due && !from.mfa {
			e, refused = Entered{Person: who, Name: p.Name, At: tx.Now, Via: firm}, ErrFactor
			return nil
		}
		if e, err = s.letIn(tx, p, t, false); from.mfa {
			e.FactorDue = false
		}
		return err
	})
	if err != nil {
		return Entered{}, err
	}
	return e, refused
}

// enrolThrough makes an invited person an active one, without a password: the holder
// of the link is who the provider says, from now on.
func (s *Service) enrolThrough(ctx context.Context, firm ident.FirmID, i Issuer, from shown, went attempt) error {
	return s.bureau.As(ctx, bureau.Acting(went.person), func(tx *db.Tx) error {
		res := tx.Exec(`DELETE FROM credential WHERE person_id = ? AND kind = 'invite' AND secret_hash = ? AND expires_at > ?`, went.person, went.invite, tx.Now)
		if res.Error != nil {
			return fmt.Errorf("use the invitation of person %s: %w", went.person, res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrLink
		}
		err := tx.Exec(`UPDATE person SET status = 'active', version = version + 1 WHERE id = ? AND status = 'invited'`, went.person).Error
		if err != nil {
			return fmt.Errorf("activate person %s: %w", went.person, err)
		}
		err = audit.Record(tx, audit.Entry{Action: "person.enrolled", Object: "person", ID: string(went.person), Class: audit.C1, Detail: map[string]string{"by": "sso"}})
		if err != nil {
			return err
		}
		return bureau.Inside(tx, firm, func() error { return link(tx, i.URL, from.subject, went.person, false) })
	})
}

// linkSelf links who went, and is still signed in, to who came back; an administrator
// who went to prove it has proven it.
func (s *Service) linkSelf(ctx context.Context, firm ident.FirmID, i Issuer, from shown, went attempt) error {
	sc, err := scope.From(ctx)
	if err != nil || sc.Actor != went.person {
		return ErrSSO
	}
	sc.Firm = firm
	return s.db.InFirm(scope.With(ctx, sc), func(tx *db.Tx) error {
		needs := rbac.FirmRead
		if went.errand == ErrandProve {
			needs = rbac.FirmSSO
		}
		if _, err := s.guard.Require(tx, needs); err != nil {
			return err
		}
		if err := link(tx, i.URL, from.subject, went.person, true); err != nil {
			return err
		}
		if err := letter.Write(tx, letter.SSOLinked, ident.New[string](tx.Now), went.person); err != nil {
			return err
		}
		if went.errand != ErrandProve {
			return nil
		}
		err := tx.Exec(`INSERT INTO firm_sso (firm_id, issuer, proven_at, proven_by) VALUES (?, ?, ?, ?)
			ON CONFLICT (firm_id) DO UPDATE SET issuer = excluded.issuer, proven_at = excluded.proven_at, proven_by = excluded.proven_by, version = firm_sso.version + 1,
				on_at = CASE WHEN firm_sso.issuer = excluded.issuer THEN firm_sso.on_at END, alone = firm_sso.alone AND firm_sso.issuer = excluded.issuer`, firm, i.URL, tx.Now, went.person).Error
		if err != nil {
			return fmt.Errorf("note the proof of firm %s: %w", firm, err)
		}
		return audit.Record(tx, audit.Entry{Action: "sso.proven", Object: "firm", ID: string(firm), Class: audit.C1, Permission: string(rbac.FirmSSO)})
	})
}

// SSO is how a firm's people sign in through its provider.
type SSO struct {
	Listed   bool   // the operator lists a provider for the firm
	Host     string // its address, for people to read
	Back     string // the redirect address to register there, also before it is listed
	ProvenAt *time.Time
	OnAt     *time.Time
	Only     bool
	Version  int
	issuer   string
}

// works tells whether people may come through i.
func (x SSO) works(i Issuer) bool { return x.OnAt != nil && x.issuer == i.URL }

// SSO is the firm of ctx's, to its administrator.
func (s *Service) SSO(ctx context.Context) (x SSO, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmSSO); err != nil {
			return err
		}
		if x, err = ssoOf(tx); err != nil {
			return err
		}
		code, err := codeOf(tx)
		if err != nil {
			return err
		}
		i, listed := s.providers.of(code)
		if !listed || x.issuer != i.URL { // another one is listed since: it has to be proven
			x = SSO{Version: x.Version}
		}
		x.Listed, x.Host, x.Back = listed, hostOf(i.URL), s.providers.back(code)
		return nil
	})
	return x, err
}

// SetSSO turns it on or off for the firm of ctx. only ends every other way in for the
// firm's own people, but not for its administrators: theirs is the way back when the
// provider fails, and each use of it is told to all of them.
func (s *Service) SetSSO(ctx context.Context, version int, on, only bool) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmSSO); err != nil {
			return err
		}
		i, err := s.issuerOf(tx)
		if err != nil {
			return err
		}
		x, err := ssoOf(tx)
		switch {
		case err != nil:
			return err
		case x.ProvenAt == nil || x.issuer != i.URL:
			return ErrSSOUnproven
		case only && !on:
			return ErrSSOOff
		}
		res := tx.Exec(`UPDATE firm_sso SET on_at = CASE WHEN ? THEN coalesce(on_at, ?) END, alone = ?, version = version + 1 WHERE firm_id = ? AND version = ?`, on, tx.Now, only, tx.Scope.Firm, version)
		if res.Error != nil {
			return fmt.Errorf("set the sign-in of firm %s: %w", tx.Scope.Firm, res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrSSOChanged
		}
		if err := s.endOtherWays(tx, on, only); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "sso.set", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C1, Permission: string(rbac.FirmSSO), Detail: map[string]bool{"on": on, "only": only}})
	})
}

// endOtherWays ends the sessions that the new setting would not have begun.
func (s *Service) endOtherWays(tx *db.Tx, on, only bool) error {
	err := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE firm_id_now = ? AND ended_at IS NULL AND id IS DISTINCT FROM ?::uuid
		AND (NOT ? AND via_firm_id IS NOT NULL OR ? AND via_firm_id IS NULL AND NOT EXISTS (SELECT FROM access_grant g
			WHERE g.firm_id = ? AND g.person_id = session.person_id AND g.role = ? AND g.ended_at IS NULL))`,
		tx.Now, tx.Scope.Firm, db.Null(tx.Scope.Session), on, only, tx.Scope.Firm, rbac.RoleFirmAdmin).Error
	return wrap(err, "end sessions of firm", tx.Scope.Firm)
}
