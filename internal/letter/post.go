package letter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
)

// Write queues a letter to each of the people, in the transaction of what it is
// about. Asking again for the same kind, thing and person is asking once.
func Write(tx *db.Tx, kind Kind, about string, people ...ident.PersonID) error {
	return WriteAbout(tx, kind, about, "", people...)
}

// WriteAbout is Write for a letter whose link leads to somebody's list, as its reader may
// see it.
func WriteAbout(tx *db.Tx, kind Kind, about string, whose ident.PersonID, people ...ident.PersonID) error {
	for _, who := range people {
		id := ident.New[ident.LetterID](tx.Now)
		res := tx.Exec(`INSERT INTO person_letter (firm_id, id, key, person_id, kind, about, queued_at, whose) VALUES (?, ?, ?, ?, ?, nullif(?, '')::uuid, ?, ?::uuid) ON CONFLICT (firm_id, key) DO NOTHING`,
			tx.Scope.Firm, id, strings.Join([]string{string(kind), about, string(who)}, ":"), who, kind, about, tx.Now, db.Null(whose))
		if res.Error != nil {
			return fmt.Errorf("queue a letter to person %s: %w", who, res.Error)
		}
		if res.RowsAffected == 0 {
			continue
		}
		if _, err := outbox.Add(tx, Wanted{id}, outbox.Key(string(id)), outbox.Queue("mail"), outbox.ForMachine()); err != nil {
			return err
		}
	}
	return nil
}

// Post sends letters to people, each at most once: "sending" is committed before
// the hand-over, and a letter found in it was cut short and is not sent again (F09).
type Post struct {
	db        *db.DB
	sender    mail.Sender
	from, url string
}

// NewPost makes the post. sender may be nil where no mail server is configured:
// letters then wait for one. url is the program's public address.
func NewPost(d *db.DB, sender mail.Sender, from, url string) *Post {
	return &Post{d, sender, from, url}
}

// life is how long a letter is worth sending.
const life = 24 * time.Hour

type row struct {
	ID       ident.LetterID
	Kind     Kind
	State    string
	QueuedAt time.Time
	Name     string
	Email    string
	Status   string
	Firm     string
	Whose    ident.PersonID // whose list the link leads to
}

// Send is the job's handler.
func (p *Post) Send(ctx context.Context, job outbox.Job, a Wanted) error {
	if p.sender == nil {
		return errors.New("no mail server is configured")
	}
	var o mail.Outgoing
	ended := false
	err := p.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		l, err := lock(tx, a.Letter)
		if err != nil {
			return err
		}
		if state, reason := l.end(tx.Now); state != "" {
			ended = true
			if err := end(tx, l, state, reason); err != nil {
				return err
			}
			return outbox.Done(tx, job, nil)
		}
		o = p.outgoing(tx, l)
		err = tx.Exec(`UPDATE person_letter SET state = 'sending', fence = ?, message_id = ?, sending_at = ? WHERE firm_id = ? AND id = ?`,
			job.Fence, o.MessageID, tx.Now, tx.Scope.Firm, l.ID).Error
		return wrap(err, "begin letter", l.ID)
	})
	if err != nil || ended {
		return err
	}
	return p.record(ctx, job, a.Letter, p.sender.Send(ctx, o))
}

// end tells how a letter ends that is not to be sent; "" when it may go. One that
// has ended stays as it is.
func (l row) end(now time.Time) (state, reason string) {
	switch {
	case l.State == "sending":
		return "uncertain", "cut_short"
	case l.State != "queued":
		return l.State, ""
	case l.Status == "disabled":
		return "failed", "person_gone"
	case now.Sub(l.QueuedAt) > life:
		return "failed", "expired"
	default:
		return "", ""
	}
}

func (p *Post) outgoing(tx *db.Tx, l row) mail.Outgoing {
	subject, letter := l.Kind.letter(l.Name, l.Firm, p.url, tx.Scope.Firm, l.Whose)
	_, domain, _ := strings.Cut(p.from, "@")
	return mail.Outgoing{FromName: "Docketry", From: p.from, ToName: l.Name, To: l.Email, Subject: subject, Text: letter.Text(), HTML: letter.HTML(subject),
		MessageID: "access." + string(l.ID) + "@" + domain, Date: tx.Now}
}

// record writes down what became of the hand-over, also when the job's time is over.
func (p *Post) record(ctx context.Context, job outbox.Job, id ident.LetterID, sent error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	state, reason := verdict(sent)
	err := p.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		l, err := lock(tx, id)
		if err != nil {
			return err
		}
		if state == "queued" {
			return wrap(tx.Exec(`UPDATE person_letter SET state = 'queued' WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Error, "put back letter", id)
		}
		if err := end(tx, l, state, reason); err != nil {
			return err
		}
		return outbox.Done(tx, job, nil)
	})
	if err == nil && state == "queued" {
		return outbox.Retry(sent, 5*time.Minute)
	}
	return err
}

func verdict(sent error) (state, reason string) {
	var e *mail.SendError
	switch {
	case sent == nil:
		return "sent", ""
	case errors.As(sent, &e) && e.Verdict == mail.Permanent:
		return "failed", "refused"
	case errors.As(sent, &e) && e.Verdict == mail.Uncertain:
		return "uncertain", "cut_short"
	default:
		return "queued", ""
	}
}

func lock(tx *db.Tx, id ident.LetterID) (l row, err error) {
	err = tx.Raw(`SELECT l.id, l.kind, l.state, l.queued_at, p.name, p.email, p.status, f.name, coalesce(l.whose::text, '') FROM person_letter l JOIN person p ON p.id = l.person_id JOIN firm f ON f.firm_id = l.firm_id
		WHERE l.firm_id = ? AND l.id = ? FOR UPDATE OF l`, tx.Scope.Firm, id).Row().Scan(&l.ID, &l.Kind, &l.State, &l.QueuedAt, &l.Name, &l.Email, &l.Status, &l.Firm, &l.Whose)
	return l, wrap(err, "load letter", id)
}

func end(tx *db.Tx, l row, state, reason string) error {
	if l.State == state {
		return nil
	}
	err := tx.Exec(`UPDATE person_letter SET state = ?, reason = ?, ended_at = ? WHERE firm_id = ? AND id = ?`, state, reason, tx.Now, tx.Scope.Firm, l.ID).Error
	return wrap(err, "end letter", l.ID)
}

// wrap names what failed; a letter that is not there is ErrNotFound.
func wrap(err error, what string, id ident.LetterID) error {
	return db.Absent(err, ErrNotFound, what, id)
}
