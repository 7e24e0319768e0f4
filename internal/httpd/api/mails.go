package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type mails interface {
	List(ctx context.Context, s mail.State, r page.Request) (page.Page[mail.Shown], error)
	Get(ctx context.Context, id ident.MailID) (mail.Shown, error)
	Resend(ctx context.Context, id ident.MailID) error
}

// Mail is a letter to a payor's contact, and what became of it.
type Mail struct {
	ID        ident.MailID `json:"id" class:"C1"`
	Kind      string       `json:"kind" class:"C1"`
	Contact   string       `json:"contact,omitempty" class:"C2"`
	Payor     string       `json:"payor,omitempty" class:"C2"`
	To        string       `json:"to,omitempty" class:"C2"`
	Subject   string       `json:"subject,omitempty" class:"C2"`
	State     mail.State   `json:"state" class:"C1" enum:"queued,sending,sent,failed,uncertain"`
	Reason    string       `json:"reason,omitempty" class:"C1"`
	MessageID string       `json:"message_id,omitempty" class:"C1"`
	Attempt   int          `json:"attempt" class:"C1"`
	Files     int          `json:"files" class:"C1"`
	Queued    time.Time    `json:"queued_at" class:"C1"`
	Next      *time.Time   `json:"next_at,omitempty" class:"C1"`
	Ended     *time.Time   `json:"ended_at,omitempty" class:"C1"`
	Text      string       `json:"text,omitempty" class:"C2"`
}

func toMail(m mail.Shown) Mail {
	return Mail{m.ID, m.Kind, m.Contact, m.Payor, m.To, m.Subject, m.State, m.Reason, m.MessageID, m.Attempt, m.Files, m.QueuedAt.UTC(), utc(m.NextAt), utc(m.EndedAt), m.Text}
}

// Mails mounts letters and their fate.
func Mails(s *httpd.Server, v mails) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/mails", Needs: rbac.MailRead, Summary: "Letters to payors, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			State mail.State `query:"state" enum:"queued,sending,sent,failed,uncertain"`
		}) (*Many[Mail], error) {
			p, err := v.List(ctx, in.State, in.request())
			return paged(p, err, toMail)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/mails/{id}", Needs: rbac.MailRead, Summary: "One letter with its text"},
		func(ctx context.Context, in *ByID) (*One[Mail], error) {
			id, err := idOf[ident.MailID](in.ID)
			if err != nil {
				return nil, err
			}
			m, err := v.Get(ctx, id)
			return one(toMail(m), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/mails/{id}/resend", Needs: rbac.MailSend, Summary: "Send again what failed or is uncertain", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.MailID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Resend(ctx, id))
		})
}
