package people

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Within resetSpan at most resetMost links for a new password are mailed to a person who
// is asked for at sign-in, and as many by the administrators of each firm (SECURITY 7).
// They stand beside each other, each until its own end: whoever asks in somebody else's
// name must not spoil the link that they hold. Using one ends all.
const (
	resetMost = 5
	resetSpan = time.Hour
)

// ErrResetMost is for administrators; at sign-in the answer is the same whatever happens.
var ErrResetMost = fault.New(fault.TooMany, "reset_most", "five links were sent to this person within the hour, and each works for 15 minutes; try again later")

// Forgot sends a link for a new password to the address, if someone who signs in has it
// and not too many were sent lately. The answer is the same for any address, and however
// often it is asked (T11): only the network that asks is slowed.
func (s *Service) Forgot(ctx context.Context, email, network string) error {
	to := Address(email)
	return s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		asked := []subject{subject("net:reset:" + network)}
		if err := reserve(tx, asked); err != nil {
			return err
		}
		if err := failed(tx, asked); err != nil {
			return err
		}
		a, err := accountBy(tx, to)
		if err != nil || a.Status != "active" {
			return err
		}
		sent, err := s.sendReset(tx, a.Person, "")
		if err != nil {
			return err
		}
		leaf := audit.Entry{Action: "person.reset_asked", Object: "person", ID: string(a.ID), Class: audit.C1}
		if !sent {
			leaf.Result = "denied"
		}
		return audit.Record(tx, leaf)
	})
}

// LinkTx mails a person, at their own address, the link that helps them, for an
// administrator of the firm of tx: an invitation, or to who has a password a link to choose
// a new one, which frees who was locked by wrong tries. Who has not come to the firm yet
// looks there like anybody invited (T24): they get the link only while locked.
func (s *Service) LinkTx(tx *db.Tx, p Person, allowed rbac.Permission) error {
	if p.Status != "active" {
		return s.InviteTx(tx, p, allowed)
	}
	yet, err := awaited(tx, p.ID)
	if err != nil {
		return err
	}
	leaf := audit.Entry{Action: "person.reset_sent", Object: "person", ID: string(p.ID), Class: audit.C1, Permission: string(allowed)}
	if yet {
		locked, err := locked(tx, p.Email)
		if err != nil {
			return err
		}
		if !locked {
			return s.InviteTx(tx, p, allowed)
		}
		leaf.Action = "person.invited"
	}
	sent, err := s.sendReset(tx, p, tx.Scope.Firm)
	switch {
	case err != nil:
		return err
	case !sent && yet:
		return s.InviteTx(tx, p, allowed)
	case !sent:
		return ErrResetMost
	}
	return audit.Record(tx, leaf)
}

// locked tells whether wrong passwords have locked the account of an address.
func locked(tx *db.Tx, email string) (locked bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM sign_in_failure WHERE subject = ? AND failures >= ?)`, accountSubject(email), dead).Row().Scan(&locked)
	return locked, wrap(err, "look whether an account is locked for firm", tx.Scope.Firm)
}

// sendReset makes a link beside those that stand and mails it; false when the most were
// sent. issuer is the firm whose administrator sends it, "" for who asks at sign-in.
func (s *Service) sendReset(tx *db.Tx, p Person, issuer ident.FirmID) (sent bool, err error) {
	if err := tx.Lock(linksOf(p.ID)); err != nil {
		return false, err
	}
	var n int
	err = tx.Raw(`SELECT count(*) FROM reset_link WHERE person_id = ? AND issuer IS NOT DISTINCT FROM ?::uuid AND asked_at > ?`, p.ID, db.Null(issuer), tx.Now.Add(-resetSpan)).Row().Scan(&n)
	if err != nil || n >= resetMost {
		return false, wrap(err, "count the resets of person", p.ID)
	}
	link := ident.New[ident.LinkID](tx.Now)
	i := Invitation{Reset: true, ByAdmin: issuer != "", Person: p.ID, Name: p.Name, Email: p.Email, Link: link, Token: s.linkToken(linkReset, p.ID, link), Expires: tx.Now.Add(resetTime)}
	err = tx.Exec(`INSERT INTO reset_link (secret_hash, person_id, issuer, asked_at, expires_at) VALUES (?, ?, ?::uuid, ?, ?)`, hashOf(i.Token), p.ID, db.Null(issuer), tx.Now, i.Expires).Error
	if err != nil {
		return false, fmt.Errorf("keep the reset of person %s: %w", p.ID, err)
	}
	if err := s.courier.Invite(tx, i); err != nil {
		return false, fmt.Errorf("send the reset of person %s: %w", p.ID, err)
	}
	return true, nil
}
