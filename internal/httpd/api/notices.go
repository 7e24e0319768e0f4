package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/rbac"
)

type notices interface {
	Redeliver(ctx context.Context, id ident.InvoiceID) error
	MarkDelivered(ctx context.Context, id ident.InvoiceID) error
	Remind(ctx context.Context, id ident.InvoiceID) error
	Skip(ctx context.Context, id ident.InvoiceID, stage notice.Stage, reason string) error
}

// Notices mounts what is written to a payor about an invoice.
func Notices(s *httpd.Server, v notices) {
	act := func(name, summary string, needs rbac.Permission, do func(ctx context.Context, id ident.InvoiceID) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/" + name, Needs: needs, Summary: summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.InvoiceID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id))
			})
	}
	act("deliver", "Send it to the payor again", rbac.InvoiceDeliver, v.Redeliver)
	act("delivered", "Note that it was handed in at the payor's portal", rbac.InvoiceDeliver, v.MarkDelivered)
	act("remind", "Have it reach its next stage now", rbac.ReminderSend, v.Remind)
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/skip-reminder", Needs: rbac.ReminderSend, Summary: "Leave a reminder out, with a reason", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Stage  notice.Stage `json:"stage" enum:"upcoming,courtesy,first,second,third,final,handover"`
				Reason string       `json:"reason" maxLength:"300"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Skip(ctx, id, in.Body.Stage, in.Body.Reason))
		})
}
