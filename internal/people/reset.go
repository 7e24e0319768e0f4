package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/rbac"
)

// Within resetSpan at most resetMost links for a new password are mailed to a person who
// is asked for at sign-in, and as many by the administrators of each firm (SECURITY 7).
// Past them an ask at sign-in is still answered, up to resetTotal links in all, to a
// network that was sent fewer than resetAgain: whoever uses them up from one network leaves
// the owner, on theirs, a way back (T10).
// They stand beside each other, each until its own end: whoever asks in somebody else's
// name must not spoil the link that they hold. Using one ends all.
const (
	resetMost  = 5
	resetTotal = 8
	resetAgain = 2
	resetSpan  = time.Hour
)

// room tells whether there is another one for who asks at sign-in, after total of them of
// which own went to the network that asks.
func room(total, own int) bool {
	return total < resetMost || total < resetTotal && own < resetAgain
}

// ErrResetMost is for administrators; at sign-in the answer is the same whatever happens.
var ErrResetMost = fault.New(fault.TooMany, "reset_most", "five links were sent to this person within the hour, and each works for 15 minutes; try again later")

// Forgot asks for a link for a new password to the address. The answer, and what it takes
// to give it, are the same for any address, and however often it is asked (T11): who has
// it, and whether there is another link for them, is the worker's to see. Only the network
// that asks is slowed. No more wait for one address than could be answered within the hour.
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
		a := ask{id: ident.New[ident.AskID](tx.Now), address: s.keyed("reset address", to), network: s.keyed("reset network", network)}
		var err error
		if a.sealed, err = s.keys.Seal(tx, []byte(to), "reset_ask", string(a.id)); err != nil {
			return fmt.Errorf("seal an address that is asked for: %w", err)
		}
		kept, err := keepAsk(tx, a)
		if err != nil || !kept {
			return err
		}
		_, err = outbox.Add(tx, ResetAsked{a.id}, outbox.ForMachine())
		return err
	})
}

// ResetAsked asks the worker for the link that somebody asked for at sign-in. The address
// stands, sealed, in the ask alone.
type ResetAsked struct {
	Ask ident.AskID `json:"ask_id"`
}

// Kind is the job's stored name.
func (ResetAsked) Kind() string { return "person.reset_asked" }

// AnswerReset is the job's handler: it has the link mailed to whoever signs in with the
// address, unless too many were sent lately. For an address that nobody has it ends without
// a trace.
func (s *Service) AnswerReset(ctx context.Context, job outbox.Job, w ResetAsked) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		a, err := takeAsk(tx, w.Ask)
		if err != nil {
			return err
		}
		to, err := s.keys.Open(tx, a.sealed, "reset_ask", string(a.id))
		if err != nil {
			return fmt.Errorf("open the address of ask %s: %w", a.id, err)
		}
		p, err := addressed(tx, string(to))
		switch {
		case errors.Is(err, ErrNotFound), err == nil && p.Status != "active":
			return outbox.Done(tx, job, nil)
		case err != nil:
			return err
		}
		sent, err := s.sendReset(tx, p, "", a.network)
		if err != nil {
			return err
		}
		leaf := audit.Entry{Action: "person.reset_asked", Object: "person", ID: string(p.ID), Class: audit.C1}
		if !sent {
			leaf.Result = "denied"
		}
		if err := audit.Record(tx, leaf); err != nil {
			return err
		}
		return outbox.Done(tx, job, nil)
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
	sent, err := s.sendReset(tx, p, tx.Scope.Firm, "")
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
// sent. issuer is the firm whose administrator sends it, "" for who asks at sign-in, from a
// network of that keyed hash.
func (s *Service) sendReset(tx *db.Tx, p Person, issuer ident.FirmID, network string) (sent bool, err error) {
	if err := tx.Lock(linksOf(p.ID)); err != nil {
		return false, err
	}
	total, own, err := resetsSent(tx, p.ID, issuer, network)
	switch {
	case err != nil:
		return false, err
	case issuer != "" && total >= resetMost, issuer == "" && !room(total, own):
		return false, nil
	}
	link := ident.New[ident.LinkID](tx.Now)
	i := Invitation{Reset: true, ByAdmin: issuer != "", Person: p.ID, Name: p.Name, Email: p.Email, Link: link, Token: s.linkToken(linkReset, p.ID, link), Expires: tx.Now.Add(resetTime)}
	if err := keepReset(tx, i, issuer, network); err != nil {
		return false, err
	}
	if err := s.courier.Invite(tx, i); err != nil {
		return false, fmt.Errorf("send the reset of person %s: %w", p.ID, err)
	}
	return true, nil
}
