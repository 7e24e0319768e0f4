package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
)

// Reasons with which a letter's job waits or is parked; the server's own words may
// name an address, so they are in none of them.
var (
	errLetterLater   = fault.New(fault.Unavailable, "letter_delayed", "the mail server did not take the letter; it will be tried again")
	errLetterRefused = fault.New(fault.Conflict, "letter_refused", "the mail server refused the letter; check the person's address and invite again")
)

// letterPause is between two tries at a letter whose link still stands. The link's
// own end bounds them.
const letterPause = time.Minute

// courier mails people at their own addresses, as a job of the worker.
type courier struct {
	db        *db.DB
	letters   letterSource
	sender    mail.Sender
	from      string
	publicURL string
}

type letterSource interface {
	LinkLetter(tx *db.Tx, w people.LinkWanted) (i people.Invitation, stands bool, err error)
}

// Send is the job's handler. A crash between sending and recording sends the same
// letter again, under the same Message-ID and with the same link: for a link that
// serves once that harms nobody, while a lost letter locks its reader out.
func (c *courier) Send(ctx context.Context, job outbox.Job, w people.LinkWanted) error {
	if c.sender == nil {
		return outbox.Retry(errLetterLater, letterPause)
	}
	var o mail.Outgoing
	var stands bool
	err := c.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		i, live, err := c.letters.LinkLetter(tx, w)
		if err != nil {
			return err
		}
		if stands = live; !stands {
			return outbox.Done(tx, job, nil)
		}
		o = c.outgoing(job, i, tx.Now)
		return nil
	})
	if err != nil || !stands {
		return err
	}
	if err := c.sender.Send(ctx, o); err != nil {
		return verdict(ctx, err, w)
	}
	return c.db.InFirm(ctx, func(tx *db.Tx) error { return outbox.Done(tx, job, nil) })
}

// verdict says what a failed hand-over means for the job. A letter without a link
// has no end of its own, so its tries are counted.
func verdict(ctx context.Context, err error, w people.LinkWanted) error {
	var se *mail.SendError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &se) && se.Verdict == mail.Permanent:
		return errLetterRefused
	case w.Link == "":
		return errLetterLater
	default:
		return outbox.Retry(errLetterLater, letterPause)
	}
}

func (c *courier) outgoing(job outbox.Job, i people.Invitation, at time.Time) mail.Outgoing {
	l := c.letter(i)
	_, domain, _ := strings.Cut(c.from, "@")
	return mail.Outgoing{
		FromName: "Docketry", From: c.from, ToName: i.Name, To: i.Email, Subject: subjectOf(i), Text: l.Text(), HTML: l.HTML(subjectOf(i)),
		MessageID: "person." + string(job.ID) + "@" + domain, Date: at,
	}
}

func subjectOf(i people.Invitation) string {
	if i.Reset {
		return "Choose a new password for Docketry"
	}
	return i.Firm + " has given you access to Docketry"
}

// letter says the same to everybody whose address was given; only who has no
// password yet finds a link in it.
func (c *courier) letter(i people.Invitation) mail.Letter {
	link := strings.TrimSuffix(c.publicURL, "/") + "/enrol/" + i.Token
	ends := i.Expires.Format("2 Jan 2006, 15:04 MST")
	l := mail.Letter{Greeting: "Dear " + i.Name + ",", Closing: []string{"Docketry", c.publicURL}}
	switch {
	case i.Reset && i.ByAdmin:
		l.Paragraphs = []string{"An administrator at " + i.Firm + " sends you this link to choose a new password. Your second factor stays as it is. If you did not ask for it, do nothing: the old password stays."}
		l.Link, l.LinkText = link, "Choose a new password, until "+ends
	case i.Reset:
		l.Paragraphs = []string{"Somebody asked for a new password for this address. If it was not you, do nothing: the old one stays."}
		l.Link, l.LinkText = link, "Choose a new password, until "+ends
	case i.Token == "":
		l.Paragraphs = []string{i.Firm + " has given you access to Docketry. Sign in with the password you have; if it does not let you in, choose a new one under \"Forgotten your password?\" there."}
		l.Link, l.LinkText = c.publicURL, "Sign in"
	default:
		l.Paragraphs = []string{i.Firm + " has given you access to Docketry. The link serves once; choose a password that you use nowhere else."}
		l.Link, l.LinkText = link, "Choose your password, until "+ends
	}
	return l
}
