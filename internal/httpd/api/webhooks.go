package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/webhook"
	"github.com/docketry/docketry/rbac"
)

// webhooks is the programs of a firm that are told what happened.
type webhooks interface {
	List(ctx context.Context) ([]webhook.Webhook, error)
	Get(ctx context.Context, id ident.WebhookID) (webhook.Webhook, []webhook.Delivery, error)
	Create(ctx context.Context, d webhook.Draft) (webhook.Webhook, seal.Secret, error)
	Renew(ctx context.Context, id ident.WebhookID) (seal.Secret, error)
	Resume(ctx context.Context, id ident.WebhookID) error
	Close(ctx context.Context, id ident.WebhookID) error
	Try(ctx context.Context, id ident.WebhookID) error
}

// Webhook is one address with what it is told.
type Webhook struct {
	ID      ident.WebhookID `json:"id" class:"C1"`
	URL     string          `json:"url" class:"C1"`
	Events  []webhook.Event `json:"events" class:"C1"`
	Status  webhook.Status  `json:"status" class:"C1" enum:"on,off,closed"`
	Failing *time.Time      `json:"failing_since,omitempty" class:"C1"`
	By      string          `json:"created_by,omitempty" class:"C1"`
	Created time.Time       `json:"created_at" class:"C1"`
	Ended   *time.Time      `json:"ended_at,omitempty" class:"C1"`
}

// WebhookCall is one event told to it.
type WebhookCall struct {
	ID       ident.DeliveryID `json:"id" class:"C1"`
	Event    webhook.Event    `json:"event" class:"C1"`
	Object   string           `json:"object" class:"C1"`
	ObjectID string           `json:"object_id" class:"C1"`
	At       time.Time        `json:"at" class:"C1"`
	State    webhook.State    `json:"state" class:"C1" enum:"queued,sent,failed"`
	Attempts int              `json:"attempts" class:"C1"`
	Answer   int              `json:"answer,omitempty" class:"C1" doc:"the last HTTP status"`
	Problem  string           `json:"problem,omitempty" class:"C1" enum:"refused,unreachable,status,over"`
	Ended    *time.Time       `json:"ended_at,omitempty" class:"C1"`
}

// WebhookView is a webhook with its calls of the last 90 days, the newest first, at most 100.
type WebhookView struct {
	Webhook
	Calls []WebhookCall `json:"calls" class:"C1"`
}

// WebhookSecret is shown this once.
type WebhookSecret struct {
	Secret string `json:"secret" class:"C1" shown:"once" doc:"signs what is sent: see Docketry-Signature"`
}

// NewWebhook is one just made, with its secret this once.
type NewWebhook struct {
	Webhook
	WebhookSecret
}

// WebhookDraft is a webhook as it is asked for.
type WebhookDraft struct {
	URL    string          `json:"url" maxLength:"500" doc:"https, on port 443 of the public internet"`
	Events []webhook.Event `json:"events" maxItems:"30"`
}

func toWebhook(w webhook.Webhook) Webhook {
	return Webhook{w.ID, w.URL, w.Events, w.Status, utc(w.Failing), w.By, w.Created.UTC(), utc(w.Ended)}
}

func toWebhookCall(d webhook.Delivery) WebhookCall {
	return WebhookCall{d.ID, d.Event, d.Object, d.ObjectID, d.At.UTC(), d.State, d.Attempts, d.Answer, d.Problem, utc(d.Ended)}
}

// Webhooks mounts the webhooks of a firm.
func Webhooks(s *httpd.Server, v webhooks) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/webhooks", Needs: rbac.WebhookRead, Summary: "Webhooks of the firm"},
		func(ctx context.Context, _ *struct{ InFirm }) (*Many[Webhook], error) {
			list, err := v.List(ctx)
			return many(list, err, toWebhook)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/webhooks", Needs: rbac.WebhookEdit, Summary: "Add a webhook; its secret is shown once", Status: 201, Creates: true, Secret: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body WebhookDraft
		}) (*One[NewWebhook], error) {
			w, secret, err := v.Create(ctx, webhook.Draft{URL: in.Body.URL, Events: in.Body.Events})
			return one(NewWebhook{toWebhook(w), WebhookSecret{secret.Reveal()}}, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/webhooks/{id}", Needs: rbac.WebhookRead, Summary: "A webhook with its calls"},
		func(ctx context.Context, in *ByID) (*One[WebhookView], error) {
			id, err := idOf[ident.WebhookID](in.ID)
			if err != nil {
				return nil, err
			}
			w, calls, err := v.Get(ctx, id)
			out := WebhookView{Webhook: toWebhook(w), Calls: make([]WebhookCall, len(calls))}
			for i, c := range calls {
				out.Calls[i] = toWebhookCall(c)
			}
			return one(out, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/webhooks/{id}/secret", Needs: rbac.WebhookEdit, Summary: "Draw a new secret; the old one signs nothing from now on", Status: 200, Secret: true},
		func(ctx context.Context, in *ByID) (*One[WebhookSecret], error) {
			id, err := idOf[ident.WebhookID](in.ID)
			if err != nil {
				return nil, err
			}
			secret, err := v.Renew(ctx, id)
			return one(WebhookSecret{secret.Reveal()}, err)
		})
	for _, act := range []struct {
		path, summary string
		do            func(ctx context.Context, id ident.WebhookID) error
	}{
		{"try", "Call it once, to see that its receiver works", v.Try},
		{"resume", "Turn it on again after failures turned it off", v.Resume},
		{"close", "End it for good", v.Close},
	} {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/webhooks/{id}/" + act.path, Needs: rbac.WebhookEdit, Summary: act.summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.WebhookID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(act.do(ctx, id))
			})
	}
}
