package mail

import (
	"context"
	"fmt"
	"net/mail"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Watcher hears, inside the transaction that records it, what became of a mail.
// The nouns that write letters are watchers.
type Watcher interface {
	// MailWanted is asked right before a mail goes: the reason for it may have gone meanwhile.
	MailWanted(tx *db.Tx, m Ended) (bool, error)
	MailSent(tx *db.Tx, m Ended) error
	MailFailed(tx *db.Tx, m Ended) error // failed or uncertain: a person should look
}

// Ended is a mail as a watcher hears of it.
type Ended struct {
	ID      ident.MailID
	Key     string
	Kind    string
	Contact ident.ContactID
	State   State
	Reason  string
}

// Service queues and sends.
type Service struct {
	db       *db.DB
	guard    *authz.Guard
	blobs    *blob.Store
	sender   Sender
	from     string
	watchers []Watcher
}

// New makes the service. from is the bureau's own sending address. sender may be
// nil in a program that only queues, and from "" there.
func New(d *db.DB, guard *authz.Guard, blobs *blob.Store, sender Sender, from string) (*Service, error) {
	if d == nil || guard == nil || blobs == nil {
		panic("mail: service without database, guard or blobs")
	}
	if a, err := mail.ParseAddress(from); sender != nil && (err != nil || a.Address != from) {
		return nil, fmt.Errorf("the sending address %q is not one mail address", from)
	}
	return &Service{db: d, guard: guard, blobs: blobs, sender: sender, from: from}, nil
}

// Watch adds a watcher; call it before the first job runs.
func (s *Service) Watch(w Watcher) { s.watchers = append(s.watchers, w) }

// giveUpAfter ends the tries at a mail that has no own end (F08).
const giveUpAfter = 24 * time.Hour

// Queue records a mail and asks for its sending, in the caller's transaction. The
// same key again is the same mail. ErrUnverified when the contact may not be
// written to. The caller has checked who may ask.
func (s *Service) Queue(tx *db.Tx, m Message) (ident.MailID, error) {
	if err := m.Validate(); err != nil {
		return "", err
	}
	if _, err := recipient(tx, m.To); err != nil {
		return "", err
	}
	if m.Policy == "" {
		m.Policy = AtMostOnce
	}
	id := ident.New[ident.MailID](tx.Now)
	secret, err := s.sealCode(tx, id, m)
	if err != nil {
		return "", err
	}
	stored, fresh, err := insert(tx, id, m, secret)
	if err != nil || !fresh {
		return stored, err
	}
	_, err = outbox.Add(tx, SendWanted{id}, outbox.Key(string(id)), outbox.Queue("mail"), outbox.ForMachine())
	return id, err
}

func (s *Service) sealCode(tx *db.Tx, id ident.MailID, m Message) ([]byte, error) {
	if m.Code == "" {
		return nil, nil
	}
	sealed, err := s.blobs.Keys().Seal(tx, []byte(m.Code.Reveal()), "mail", string(id))
	if err != nil {
		return nil, fmt.Errorf("seal code of mail %s: %w", id, err)
	}
	return sealed, nil
}

func (s *Service) openCode(tx *db.Tx, id ident.MailID, secret []byte) (string, error) {
	if len(secret) == 0 {
		return "", nil
	}
	plain, err := s.blobs.Keys().Open(tx, secret, "mail", string(id))
	if err != nil {
		return "", fmt.Errorf("open code of mail %s: %w", id, err)
	}
	return string(plain), nil
}

// Shown is a mail as a page lists it; Text only in Get.
type Shown struct {
	ID        ident.MailID
	Kind      string
	Contact   string // name
	Payor     string
	To        string // as sent, else the contact's address
	Subject   string
	State     State
	Reason    string
	Response  string
	MessageID string
	Attempt   int
	Files     int
	QueuedAt  time.Time
	NextAt    *time.Time
	EndedAt   *time.Time
	Text      string
}

// List is the firm's mails, newest first, of one state or "" for all. It needs
// mail.read over the whole firm, for a mail belongs to a payor; one about an invoice of a
// matter that the person may not know of is not there.
func (s *Service) List(ctx context.Context, state State, p page.Request) (out page.Page[Shown], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		access, err := s.mayRead(tx)
		if err != nil {
			return err
		}
		out, err = list(tx, access, state, p)
		return err
	})
	return out, err
}

// Get is one mail with its text.
func (s *Service) Get(ctx context.Context, id ident.MailID) (m Shown, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		access, err := s.mayRead(tx)
		if err != nil {
			return err
		}
		m, err = get(tx, access, id)
		return err
	})
	return m, err
}

func (s *Service) mayRead(tx *db.Tx) (*authz.Access, error) {
	access, err := s.guard.Require(tx, rbac.MailRead)
	if err != nil {
		return nil, err
	}
	if !access.WholeFirm() {
		return nil, authz.ErrForbidden
	}
	return access, nil
}

// Resend queues a mail again that failed or is uncertain; its Message-ID stays, so
// that a receiver who has it already can fold the two. It needs mail.send.
func (s *Service) Resend(ctx context.Context, id ident.MailID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.MailSend)
		if err != nil {
			return err
		}
		if !access.WholeFirm() {
			return authz.ErrForbidden
		}
		if _, err := get(tx, access, id); err != nil {
			return err
		}
		r, err := lock(tx, id)
		if err != nil {
			return err
		}
		if (r.State != StateFailed && r.State != StateUncertain) || r.Kind == "code" {
			return ErrNotResent
		}
		if _, err := recipient(tx, r.ContactID); err != nil {
			return err
		}
		if err := requeue(tx, id, tx.Now); err != nil {
			return err
		}
		err = audit.Record(tx, audit.Entry{Action: "mail.resent", Object: "mail", ID: string(id), Class: audit.C2,
			Permission: string(rbac.MailSend), Detail: map[string]string{"was": string(r.State), "kind": r.Kind}})
		if err != nil {
			return err
		}
		_, err = outbox.Add(tx, SendWanted{id}, outbox.Queue("mail"), outbox.ForMachine())
		return err
	})
}
