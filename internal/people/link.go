package people

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/seal"
)

// LinkWanted asks for an invitation or a password's reset to a person's own address. A link's secret stands
// in no row and not in Redis: who holds the session key derives it from the link's id.
type LinkWanted struct {
	Person ident.PersonID `json:"person_id"`
	Link   ident.LinkID   `json:"link_id,omitempty"` // "" for a letter without a one-time link
	Reset  bool           `json:"reset,omitempty"`
	// ByAdmin tells that an administrator of the job's firm sends the reset.
	ByAdmin bool `json:"by_admin,omitempty"`
}

// Kind is the job's stored name.
func (LinkWanted) Kind() string { return "person.link" }

// ByMail is the Courier that leaves the letter to the worker, in the transaction that
// makes the link.
type ByMail struct{}

// Invite is Courier's.
func (ByMail) Invite(tx *db.Tx, i Invitation) error {
	_, err := outbox.Add(tx, LinkWanted{i.Person, i.Link, i.Reset, i.ByAdmin}, outbox.Queue("mail"), outbox.ForMachine())
	return err
}

// kinds of one-time links, as their credentials are stored.
const (
	linkInvite = "invite"
	linkReset  = "reset"
)

// linkToken is the secret part of a one-time link.
func (s *Service) linkToken(kind string, who ident.PersonID, link ident.LinkID) string {
	return linkToken(s.key, kind, who, link)
}

func linkToken(key []byte, kind string, who ident.PersonID, link ident.LinkID) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("link " + kind + " " + string(who) + " " + string(link)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// LinkLetter is what a wanted letter says now. stands is false when its reason has gone:
// the link was used, replaced or is over, or the person is no longer let in.
func (s *Service) LinkLetter(tx *db.Tx, w LinkWanted) (i Invitation, stands bool, err error) {
	i = Invitation{Reset: w.Reset, ByAdmin: w.ByAdmin, Person: w.Person, Link: w.Link}
	var status string
	// Only who is or was let into the firm hears from it; a password is the bureau's to reset
	// for everybody.
	err = tx.Raw(`SELECT p.name, p.email, p.status, f.name FROM person p, firm f WHERE p.id = ? AND f.firm_id = ?
		AND (? OR EXISTS (SELECT FROM access_grant g WHERE g.firm_id = f.firm_id AND g.person_id = p.id))`, w.Person, tx.Scope.Firm, w.Reset).Row().
		Scan(&i.Name, &i.Email, &status, &i.Firm)
	if err != nil {
		return i, false, wrap(err, "load person", w.Person)
	}
	if status == "disabled" || w.Link == "" {
		return i, status != "disabled", nil
	}
	kind := linkInvite
	if w.Reset {
		kind = linkReset
	}
	// Whoever made the link may have had the other of the two keys: the stored hash tells.
	var until *time.Time
	for _, key := range seal.Live(s.key, s.former) {
		i.Token = linkToken(key, kind, w.Person, w.Link)
		err = tx.Raw(`SELECT auth.link_until(?::uuid, ?, ?)`, w.Person, kind, hashOf(i.Token)).Row().Scan(&until)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return i, false, fmt.Errorf("look for the link of person %s: %w", w.Person, err)
		}
		if until != nil {
			break
		}
	}
	if until == nil || !until.After(tx.Now) {
		return i, false, nil
	}
	i.Expires = *until
	return i, true, nil
}

// Courier carries a link to the person's own address, and to no one else: whoever
// holds the link becomes that person. It is called inside the transaction that
// makes the link. ByMail is the one that mails.
type Courier interface {
	Invite(tx *db.Tx, i Invitation) error
}

// Invitation is a one-time link to choose a password, the first or a new one.
type Invitation struct {
	Reset   bool // for a new password
	ByAdmin bool // a reset that an administrator of Firm sends; else somebody asked at sign-in
	Person  ident.PersonID
	Name    string
	Email   string
	Firm    string       // who invites or sends it, by name
	Link    ident.LinkID // "" for someone who signs in already
	Token   string       // the secret part of the link
	Expires time.Time
}
