package people

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/rbac"
)

// attempt is somebody on their way.
type attempt struct {
	journey
	errand Errand
	person ident.PersonID // "" to sign in
	holder string
	issuer string
	invite string // the hash of the invitation
}

func keepAttempt(tx *db.Tx, a attempt) error {
	err := tx.Exec(`INSERT INTO sso_attempt (firm_id, hash, purpose, person_id, holder, issuer, nonce, verifier, invite, expires_at) VALUES (?, ?, ?, ?::uuid, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, hashOf(a.state), a.errand, db.Null(a.person), hashOf(a.holder), a.issuer, a.nonce, a.verifier, a.invite, tx.Now.Add(pendingTime)).Error
	return wrap(err, "keep an attempt in firm", tx.Scope.Firm)
}

// takeAttempt uses an attempt up, for the browser's session that began it. It returns
// ErrSSO for a state that nobody went with, and for one that took too long.
func takeAttempt(tx *db.Tx, state, holder string) (a attempt, err error) {
	var who *ident.PersonID
	err = tx.Raw(`DELETE FROM sso_attempt WHERE firm_id = ? AND hash = ? AND holder = ? AND expires_at > ? RETURNING purpose, person_id, issuer, nonce, verifier, invite`,
		tx.Scope.Firm, hashOf(state), hashOf(holder), tx.Now).Row().Scan(&a.errand, &who, &a.issuer, &a.nonce, &a.verifier, &a.invite)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrSSO
	}
	if err != nil {
		return a, fmt.Errorf("take an attempt in firm %s: %w", tx.Scope.Firm, err)
	}
	if who != nil {
		a.person = *who
	}
	return a, nil
}

// firmOfState is the firm that a state names; what it opens is looked up inside.
func firmOfState(state string) (ident.FirmID, error) {
	firm, _, _ := strings.Cut(state, ".")
	return ident.Parse[ident.FirmID](firm)
}

// ssoOf is the setting of the transaction's firm, the zero one before it was proven.
func ssoOf(tx *db.Tx) (x SSO, err error) {
	err = tx.Raw(`SELECT issuer, proven_at, on_at, alone, version FROM firm_sso WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&x.issuer, &x.ProvenAt, &x.OnAt, &x.Only, &x.Version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return x, fmt.Errorf("read the sign-in of firm %s: %w", tx.Scope.Firm, err)
	}
	return x, nil
}

// codeOf is the transaction's firm's.
func codeOf(tx *db.Tx) (code string, err error) {
	err = tx.Raw(`SELECT code FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&code)
	return code, wrap(err, "load firm", tx.Scope.Firm)
}

// issuerOf is the provider that the operator lists for the transaction's firm.
func (s *Service) issuerOf(tx *db.Tx) (Issuer, error) {
	code, err := codeOf(tx)
	if err != nil {
		return Issuer{}, err
	}
	i, ok := s.providers.of(code)
	if !ok {
		return Issuer{}, ErrSSONone
	}
	return i, nil
}

// useLink finds whom a subject is linked to in the transaction's firm.
func useLink(tx *db.Tx, issuer, subject string) (who ident.PersonID, err error) {
	err = tx.Raw(`UPDATE sso_link SET used_at = ? WHERE firm_id = ? AND issuer = ? AND subject = ? RETURNING person_id`, tx.Now, tx.Scope.Firm, issuer, subject).Row().Scan(&who)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrSSOUnknown
	}
	if err != nil {
		return "", fmt.Errorf("look for a link in firm %s: %w", tx.Scope.Firm, err)
	}
	return who, nil
}

// link ties a subject to a person of the transaction's firm. A person has one subject;
// again replaces an earlier one. Another person's subject is ErrSSOTaken.
func link(tx *db.Tx, issuer, subject string, who ident.PersonID, again bool) error {
	if again {
		if err := tx.Exec(`DELETE FROM sso_link WHERE firm_id = ? AND issuer = ? AND person_id = ?`, tx.Scope.Firm, issuer, who).Error; err != nil {
			return fmt.Errorf("forget the link of person %s: %w", who, err)
		}
	}
	res := tx.Exec(`INSERT INTO sso_link (firm_id, issuer, subject, person_id, linked_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, tx.Scope.Firm, issuer, subject, who, tx.Now)
	if res.Error != nil {
		return fmt.Errorf("link person %s: %w", who, res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrSSOTaken
	}
	return audit.Record(tx, audit.Entry{Action: "sso.linked", Object: "person", ID: string(who), Class: audit.C1, Detail: map[string]string{"issuer": issuer}})
}

// inviterOf is the firm that an invitation comes from, "" for the bureau's own setup.
func inviterOf(tx *db.Tx, token string) (firm ident.FirmID, err error) {
	var id *ident.FirmID
	err = tx.Raw(`SELECT issuer FROM credential WHERE kind = 'invite' AND secret_hash = ?`, hashOf(token)).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) || err == nil && id == nil {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for who invited: %w", err)
	}
	return *id, nil
}

// openTo leaves the firms that this way in opens: a session through a provider opens
// its firm alone; any other leaves out the firms whose people come through theirs only,
// but for their administrators, whose way back is told to all of them.
func (s *Service) openTo(tx *db.Tx, p Person, firms []ident.FirmID, via ident.FirmID) (open []ident.FirmID, err error) {
	if p.Staff {
		return firms, nil
	}
	if via != "" {
		return slices.DeleteFunc(slices.Clone(firms), func(f ident.FirmID) bool { return f != via }), nil
	}
	for _, firm := range firms {
		barred := false
		err := bureau.Inside(tx, firm, func() error {
			x, err := ssoOf(tx)
			if err != nil || !x.Only {
				return err
			}
			admins, err := Administrators(tx, rbac.RoleFirmAdmin)
			if err != nil {
				return err
			}
			if barred = !slices.Contains(admins, p.ID); barred {
				return nil
			}
			if err := audit.Record(tx, audit.Entry{Action: "sso.passed_by", Object: "person", ID: string(p.ID), Class: audit.C1}); err != nil {
				return err
			}
			return letter.Write(tx, letter.PassedBy, ident.New[string](tx.Now), admins...)
		})
		if err != nil {
			return nil, err
		}
		if !barred {
			open = append(open, firm)
		}
	}
	if len(firms) > 0 && len(open) == 0 {
		return nil, ErrSSOOnly
	}
	return open, nil
}

// cameThrough is the firm through whose provider the session of tx began.
func cameThrough(tx *db.Tx) (via ident.FirmID, lately bool, err error) {
	var id *ident.FirmID
	err = tx.Raw(`SELECT via_firm_id, created_at >= ? FROM session WHERE id = ?::uuid AND ended_at IS NULL`, tx.Now.Add(-FactorTime), db.Null(tx.Scope.Session)).Row().Scan(&id, &lately)
	if errors.Is(err, sql.ErrNoRows) || err == nil && id == nil {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look at session %s: %w", tx.Scope.Session, err)
	}
	return *id, lately, nil
}
