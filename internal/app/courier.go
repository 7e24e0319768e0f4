package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/people"
)

// errNoMail refuses what would need a letter that cannot be sent.
var errNoMail = fault.New(fault.Unavailable, "mail_missing", "no mail server is configured, so nobody can be invited; set DOCKETRY_MAIL_URL and DOCKETRY_MAIL_FROM")

const letterTime = 30 * time.Second

// courier mails one-time links to people's own addresses. Only the link's hash is
// stored, so it is sent at once after the commit and not by a job; a letter that is
// lost is asked for again.
type courier struct {
	sender    mail.Sender
	from      string
	publicURL string
	log       *slog.Logger
}

// Invite is people.Courier's.
func (c *courier) Invite(tx *db.Tx, i people.Invitation) error {
	if c.sender == nil || c.from == "" {
		return errNoMail
	}
	l := c.letter(i)
	_, domain, _ := strings.Cut(c.from, "@")
	o := mail.Outgoing{
		FromName: "Docketry", From: c.from, ToName: i.Name, To: i.Email, Subject: subjectOf(i), Text: l.Text(), HTML: l.HTML(),
		MessageID: "person." + string(ident.New[ident.MailID](tx.Now)) + "@" + domain, Date: tx.Now,
	}
	ctx := context.WithoutCancel(tx.Context())
	tx.AfterCommit(func() {
		go func() {
			ctx, stop := context.WithTimeout(ctx, letterTime)
			defer stop()
			if err := c.sender.Send(ctx, o); err != nil {
				c.log.ErrorContext(ctx, "a letter to a person was not sent", "person", string(i.Person), "err", err)
			}
		}()
	})
	return nil
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
	case i.Reset:
		l.Paragraphs = []string{"Somebody asked for a new password for this address. If it was not you, do nothing: the old one stays."}
		l.Link, l.LinkText = link, "Choose a new password, until "+ends
	case i.Token == "":
		l.Paragraphs = []string{i.Firm + " has given you access to Docketry. Sign in with the password you have."}
		l.Link, l.LinkText = c.publicURL, "Sign in"
	default:
		l.Paragraphs = []string{i.Firm + " has given you access to Docketry. The link serves once; choose a password that you use nowhere else."}
		l.Link, l.LinkText = link, "Choose your password, until "+ends
	}
	return l
}
