package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbox"
)

// Body is what a program is told, as JSON.
type Body struct {
	ID     ident.DeliveryID `json:"id"` // of this call; a repeat bears the same
	Event  Event            `json:"event"`
	At     time.Time        `json:"at"`
	Firm   ident.FirmID     `json:"firm_id"`
	Object string           `json:"object"`
	Of     string           `json:"object_id"`
	Link   string           `json:"link"` // where the API has the object, for who may read it
}

// Why a call has no good answer; stored.
const (
	problemAddress = "refused" // the address leads where no call may go
	problemNone    = "unreachable"
	problemStatus  = "status"
	problemOver    = "over" // the webhook was closed or turned off before the call
)

// errCall lets a call come back later.
var errCall = errors.New("the webhook's receiver did not answer well")

// Sweep turns what the firms' logs hold since the last time into calls, and forgets
// calls after 90 days. Run it every few seconds.
func (s *Service) Sweep(ctx context.Context) (calls int, err error) {
	var failed []error
	err = s.db.InSystem(ctx, "webhook.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				n := 0
				err := sys.Enter(firm, func(tx *db.Tx) (err error) {
					n, err = sweepFirm(tx)
					return err
				})
				if err != nil {
					failed = append(failed, fmt.Errorf("tell webhooks of firm %s: %w", firm, err))
				}
				calls += n
			}
			return ctx.Err()
		})
	})
	return calls, errors.Join(append(failed, err)...)
}

func sweepFirm(tx *db.Tx) (calls int, err error) {
	list, err := webhooks(tx, `true`)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	// One sweep a firm at a time; another's calls are there when it is our turn.
	if mine, err := tx.TryLock("webhook.sweep:" + string(tx.Scope.Firm)); err != nil || !mine {
		return 0, err
	}
	if err := forget(tx); err != nil {
		return 0, err
	}
	for _, w := range list {
		if w.Status != On {
			continue
		}
		events, last, err := news(tx, w)
		if err != nil {
			return calls, err
		}
		for _, e := range events {
			if err := queue(tx, w.ID, e); err != nil {
				return calls, err
			}
		}
		calls += len(events)
		if err := advance(tx, w.ID, last); err != nil {
			return calls, err
		}
	}
	return calls, nil
}

// Call is the job's handler: one attempt, then what became of it. The receiver may be
// called twice with one id, when this process dies in between.
func (s *Service) Call(ctx context.Context, job outbox.Job, a CallWanted) error {
	var c call
	err := s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		if c, err = loadCall(tx, a.Delivery); err != nil {
			return err
		}
		if c.State != Queued || c.Status == Closed || c.Status == Off && c.Event != Test {
			c.State = Failed
			if err := endCall(tx, a.Delivery, Failed, 0, problemOver); err != nil {
				return err
			}
			return outbox.Done(tx, job, nil)
		}
		c.secret, err = s.keys.Open(tx, c.Sealed, "webhook", string(c.Webhook))
		return err
	})
	if err != nil || c.State != Queued {
		return err
	}
	status, problem, err := s.post(ctx, job.Firm, a.Delivery, c)
	if err != nil {
		return err
	}
	return s.settle(ctx, job, a.Delivery, c, status, problem)
}

// post makes the call. No word of the answer is kept but its status: an address must
// not show what stands behind it.
func (s *Service) post(ctx context.Context, firm ident.FirmID, id ident.DeliveryID, c call) (status int, problem string, err error) {
	body, err := json.Marshal(Body{ID: id, Event: c.Event, At: c.At.UTC(), Firm: firm, Object: c.Object, Of: c.ObjectID,
		Link: fmt.Sprintf("%s/api/v1/firms/%s/%s", strings.TrimSuffix(s.public, "/"), firm, c.Event.link(c.ObjectID))})
	if err != nil {
		return 0, "", fmt.Errorf("write call %s: %w", id, err)
	}
	now := s.db.Clock().Now()
	status, err = s.calls.Post(ctx, c.URL, map[string]string{
		"Content-Type": "application/json", "User-Agent": "Docketry-Webhook",
		"Docketry-Delivery": string(id), "Docketry-Timestamp": strconv.FormatInt(now.Unix(), 10), "Docketry-Signature": "sha256=" + Sign(c.secret, now, body),
	}, body)
	switch {
	case errors.Is(err, outbound.ErrAddress):
		return 0, problemAddress, nil
	case err != nil:
		return 0, problemNone, ctx.Err()
	case status < 200 || status > 299:
		return status, problemStatus, nil
	}
	return status, "", nil
}

// settle keeps what became of an attempt. After 24 hours in which nothing went well
// the webhook is off.
func (s *Service) settle(ctx context.Context, job outbox.Job, id ident.DeliveryID, c call, status int, problem string) error {
	var again time.Duration
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		if problem == "" {
			if err := endCall(tx, id, Sent, status, ""); err != nil {
				return err
			}
			if err := wellAgain(tx, c.Webhook); err != nil {
				return err
			}
			return outbox.Done(tx, job, nil)
		}
		since, err := failing(tx, c.Webhook)
		if err != nil {
			return err
		}
		if tx.Now.Sub(since) >= offAfter && c.Status == On {
			if err := s.turnOff(tx, c.Webhook); err != nil {
				return err
			}
		} else if c.Attempts+1 < attempts && c.Event != Test {
			again = backoff(c.Attempts + 1)
			return tryLater(tx, id, status, problem)
		}
		if err := endCall(tx, id, Failed, status, problem); err != nil {
			return err
		}
		return outbox.Done(tx, job, nil)
	})
	if err == nil && again > 0 {
		return outbox.Retry(errCall, again)
	}
	return err
}

func (s *Service) turnOff(tx *db.Tx, id ident.WebhookID) error {
	if err := end(tx, id, Off); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "webhook.turned_off", Object: "webhook", ID: string(id), Class: audit.C1, Result: "failed"})
}

// Key is the key in the text of a secret, for receivers and tests.
func Key(text string) ([]byte, error) {
	if len(text) < len(prefix) || text[:len(prefix)] != prefix {
		return nil, fmt.Errorf("a webhook's secret begins with %s", prefix)
	}
	return base64.RawURLEncoding.DecodeString(text[len(prefix):])
}
