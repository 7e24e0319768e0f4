package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// InviteTx makes a new link for someone who has no password yet and sends it to
// their address. For anyone else it sends a note without a link: a link to a
// person who signs in elsewhere would hand their identity to whoever asked.
func (s *Service) InviteTx(tx *db.Tx, p Person, allowed rbac.Permission) error {
	i := Invitation{Person: p.ID, Name: p.Name, Email: p.Email, Expires: tx.Now.Add(inviteTime)}
	if err := tx.Raw(`SELECT name FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&i.Firm); err != nil {
		return wrap(err, "load firm", tx.Scope.Firm)
	}
	if p.Status == "invited" {
		link := ident.New[ident.LinkID](tx.Now)
		token := s.linkToken(linkInvite, p.ID, link)
		res := tx.Exec(`INSERT INTO credential (person_id, kind, secret_hash, expires_at, issuer, changed_at) VALUES (?, 'invite', ?, ?, ?, ?)
			ON CONFLICT (person_id, kind) DO UPDATE SET secret_hash = excluded.secret_hash, expires_at = excluded.expires_at, changed_at = excluded.changed_at
			WHERE credential.issuer = excluded.issuer`, p.ID, hashOf(token), i.Expires, tx.Scope.Firm, tx.Now)
		if res.Error != nil {
			return fmt.Errorf("keep the invitation of person %s: %w", p.ID, res.Error)
		}
		if res.RowsAffected == 1 {
			i.Link, i.Token = link, token
		}
	}
	if err := s.courier.Invite(tx, i); err != nil {
		return fmt.Errorf("send the invitation of person %s: %w", p.ID, err)
	}
	return audit.Record(tx, audit.Entry{Action: "person.invited", Object: "person", ID: string(p.ID), Class: audit.C1, Permission: string(allowed)})
}

// FirstLink makes the link of the bureau's first administrator and returns its secret
// part, which no letter carries: whoever holds the database has it.
func FirstLink(tx *db.Tx, who ident.PersonID) (token string, err error) {
	if token, err = secret(); err != nil {
		return "", err
	}
	err = tx.Exec(`INSERT INTO credential (person_id, kind, secret_hash, expires_at, issuer, changed_at) VALUES (?, 'invite', ?, ?, ?, ?)
		ON CONFLICT (person_id, kind) DO UPDATE SET secret_hash = excluded.secret_hash, expires_at = excluded.expires_at, changed_at = excluded.changed_at`,
		who, hashOf(token), tx.Now.Add(inviteTime), tx.Scope.Firm, tx.Now).Error
	if err != nil {
		return "", fmt.Errorf("keep the invitation of person %s: %w", who, err)
	}
	return token, audit.Record(tx, audit.Entry{Action: "person.invited", Object: "person", ID: string(who), Class: audit.C1})
}

// Invitee says whom a link invites, ErrLink when it no longer does.
func (s *Service) Invitee(ctx context.Context, token string) (p Person, err error) {
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		p, err = inviteeOf(tx, token)
		return err
	})
	return p, err
}

// Enrol sets the password that the holder of a link chooses; the link is used up
// and every session of the person ends. Signing in is a step of its own.
func (s *Service) Enrol(ctx context.Context, token, password string) (p Person, err error) {
	var firms []ident.FirmID
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		if p, err = inviteeOf(tx, token); err != nil {
			return err
		}
		firms, err = FirmsOf(tx, p.ID)
		return err
	})
	if err != nil {
		return p, err
	}
	if err := s.checkNew(ctx, password, p, firms); err != nil {
		return p, err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return p, err
	}
	err = s.bureau.As(ctx, scope.Scope{Actor: p.ID}, func(tx *db.Tx) error {
		if _, err := inviteeOf(tx, token); err != nil {
			return err // used while the password was hashed
		}
		if err := setPassword(tx, p.ID, hash); err != nil {
			return err
		}
		if _, err := EndSessions(tx, p.ID, "", ""); err != nil {
			return err
		}
		// The factor's tries stay counted: a reset does not go past it.
		if err := forgive(tx, append(changeSubjects(p.ID), accountSubject(p.Email))); err != nil {
			return err
		}
		err := tx.Exec(`UPDATE person SET status = 'active', version = version + 1 WHERE id = ? AND status = 'invited'`, p.ID).Error
		if err != nil {
			return fmt.Errorf("activate person %s: %w", p.ID, err)
		}
		p.Status = "active"
		return audit.Record(tx, audit.Entry{Action: "person.enrolled", Object: "person", ID: string(p.ID), Class: audit.C1})
	})
	return p, err
}

// inviteeOf finds whom a link is for and locks their links, so that one serves once and
// ends the others.
func inviteeOf(tx *db.Tx, token string) (p Person, err error) {
	if p, err = linked(tx, token); err != nil {
		return p, err
	}
	if err := tx.Lock(linksOf(p.ID)); err != nil {
		return p, err
	}
	return linked(tx, token) // it may have been used meanwhile
}

func linksOf(who ident.PersonID) string { return "links " + string(who) }

func linked(tx *db.Tx, token string) (p Person, err error) {
	err = tx.Raw(`SELECT p.id, p.email, p.name, p.staff, p.status FROM person p WHERE p.id = (
		SELECT c.person_id FROM credential c JOIN person i ON i.id = c.person_id WHERE c.kind = 'invite' AND i.status = 'invited' AND c.secret_hash = ? AND c.expires_at > ?
		UNION ALL SELECT r.person_id FROM reset_link r JOIN person a ON a.id = r.person_id WHERE a.status = 'active' AND r.secret_hash = ? AND r.expires_at > ?)`,
		hashOf(token), tx.Now, hashOf(token), tx.Now).Row().
		Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrLink
	}
	if err != nil {
		return p, fmt.Errorf("look for an invitation: %w", err)
	}
	return p, nil
}
