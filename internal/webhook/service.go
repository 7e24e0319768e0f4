package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// Service keeps webhooks and calls them.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	keys   *blob.Keys
	calls  *outbound.Client
	public string
}

// New makes the service; keys seals the secrets, public begins the links.
func New(d *db.DB, guard *authz.Guard, keys *blob.Keys, calls *outbound.Client, public string) *Service {
	return &Service{d, guard, keys, calls, public}
}

// List shows the firm's webhooks, the newest first. It needs webhook.read.
func (s *Service) List(ctx context.Context) (list []Webhook, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WebhookRead); err != nil {
			return err
		}
		list, err = webhooks(tx, `true`)
		return err
	})
	return list, err
}

// Get is one of them with its calls of the last 90 days, the newest first, at most 100.
func (s *Service) Get(ctx context.Context, id ident.WebhookID) (w Webhook, calls []Delivery, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WebhookRead); err != nil {
			return err
		}
		if w, err = webhook(tx, id, false); err != nil {
			return err
		}
		calls, err = deliveries(tx, id)
		return err
	})
	return w, calls, err
}

// Create adds an address. It is told of what happens from now on. The secret is shown
// this once. It needs webhook.edit, which asks for the factor again.
func (s *Service) Create(ctx context.Context, d Draft) (w Webhook, secret seal.Secret, err error) {
	slices.Sort(d.Events)
	d.Events = slices.Compact(d.Events)
	if err := d.validate(s.calls.Check(d.URL)); err != nil {
		return w, secret, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WebhookEdit); err != nil {
			return err
		}
		if err := room(tx); err != nil {
			return err
		}
		w = Webhook{ID: ident.New[ident.WebhookID](tx.Now), URL: d.URL, Events: d.Events, Status: On, Created: tx.Now}
		sealed, text, err := s.draw(tx, w.ID)
		if err != nil {
			return err
		}
		secret = text
		if err := insert(tx, w, sealed); err != nil {
			return err
		}
		return record(tx, "webhook.created", w)
	})
	return w, secret, err
}

// draw makes a secret, and its sealed form for the row.
func (s *Service) draw(tx *db.Tx, id ident.WebhookID) (sealed []byte, text seal.Secret, err error) {
	raw := make([]byte, secretLen)
	if _, err := rand.Read(raw); err != nil {
		return nil, text, fmt.Errorf("draw a webhook's secret: %w", err)
	}
	if sealed, err = s.keys.Seal(tx, raw, "webhook", string(id)); err != nil {
		return nil, text, fmt.Errorf("seal the secret of webhook %s: %w", id, err)
	}
	return sealed, seal.Secret(prefix + base64.RawURLEncoding.EncodeToString(raw)), nil
}

// prefix lets a scanner of leaked secrets know ours; the key is what follows it, decoded.
const prefix = "dkwh_"

// Renew draws a new secret; the old one signs nothing from now on.
func (s *Service) Renew(ctx context.Context, id ident.WebhookID) (secret seal.Secret, err error) {
	err = s.change(ctx, id, "webhook.secret_renewed", func(tx *db.Tx, w *Webhook) error {
		sealed, text, err := s.draw(tx, id)
		if err != nil {
			return err
		}
		secret = text
		return setSecret(tx, id, sealed)
	})
	return secret, err
}

// Resume turns one on that failures turned off. What happened meanwhile is not told.
func (s *Service) Resume(ctx context.Context, id ident.WebhookID) error {
	return s.change(ctx, id, "webhook.resumed", func(tx *db.Tx, w *Webhook) error { return resume(tx, id) })
}

// Close ends one for good; calls that wait are not made.
func (s *Service) Close(ctx context.Context, id ident.WebhookID) error {
	return s.change(ctx, id, "webhook.closed", func(tx *db.Tx, w *Webhook) error { return end(tx, id, Closed) })
}

// mostTries is how often one address is called by hand within a minute.
const mostTries = 5

// Try calls one with an event of its own, so that its receiver can be seen to work.
func (s *Service) Try(ctx context.Context, id ident.WebhookID) error {
	return s.change(ctx, id, "webhook.tried", func(tx *db.Tx, w *Webhook) error {
		tries, err := countTries(tx, id, tx.Now.Add(-time.Minute))
		if err != nil {
			return err
		}
		if tries >= mostTries {
			return ErrTries
		}
		return queue(tx, id, told{Action: Test, Object: "webhook", ObjectID: string(id), At: tx.Now})
	})
}

// change is one act on a webhook that is not closed; it needs webhook.edit.
func (s *Service) change(ctx context.Context, id ident.WebhookID, action string, fn func(tx *db.Tx, w *Webhook) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WebhookEdit); err != nil {
			return err
		}
		w, err := webhook(tx, id, true)
		if err != nil {
			return err
		}
		if w.Status == Closed {
			return ErrOver
		}
		if err := fn(tx, &w); err != nil {
			return err
		}
		return record(tx, action, w)
	})
}

func record(tx *db.Tx, action string, w Webhook) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "webhook", ID: string(w.ID), Class: audit.C2, Permission: string(rbac.WebhookEdit),
		After: w.URL, Detail: map[string]any{"events": w.Events}})
}

// queue asks for one call.
func queue(tx *db.Tx, id ident.WebhookID, e told) error {
	call, err := insertDelivery(tx, id, e)
	if err != nil || call == "" {
		return err
	}
	_, err = outbox.Add(tx, CallWanted{call}, outbox.Key(string(call)), outbox.ForMachine())
	return err
}

// CallWanted asks the worker for one call.
type CallWanted struct {
	Delivery ident.DeliveryID `json:"delivery_id"`
}

// Kind is stored with the job.
func (CallWanted) Kind() string { return "webhook.call" }
