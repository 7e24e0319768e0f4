// Package webhook tells programs of a firm what happened: it turns leaves of the
// firm's audit log into signed calls of addresses that the firm's administrator
// named (SECURITY 7, T20). It owns the addresses and each call's fate. What it tells
// is class 1 and a link: which event, of which object, when.
//
// The log is the source: an event is told when its leaf has its place in the firm's
// tree, in that order, and at least once; the call's id tells a repeat. Events of
// sealed matters are not told.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Limits (SECURITY 7).
const (
	most      = 5              // addresses of one firm
	attempts  = 10             // of one call
	offAfter  = 24 * time.Hour // of failures only
	keptFor   = 90 * 24 * time.Hour
	secretLen = 32
)

// Event is something a program can be told of: an action of the audit log. Stored
// and sent; never rename one.
type Event string

// Test is the event of a try that a person asked for.
const Test Event = "webhook.test"

// events are what can be chosen, with the words of its page and where the object is
// found below the firm's address in the API.
var events = []struct {
	event Event
	words string
	path  string // with a slash at its end the object's id follows
}{
	{"import.landed", "A file of time or expenses came in", "imports/"},
	{"prebill.approved", "A pre-bill was approved", "prebills/"},
	{"invoice.issued", "An invoice was issued", "invoices/"},
	{"invoice.sent", "An invoice reached its payor", "invoices/"},
	{"invoice.credited", "An invoice was taken back", "invoices/"},
	{"export.built", "An export is ready", "exports/"},
	{"grant.given", "Access to the firm was given", "grants"},
	{"grant.ended", "Access to the firm ended", "grants"},
}

// Events lists what can be told.
func Events() []Event {
	list := make([]Event, len(events))
	for i, e := range events {
		list[i] = e.event
	}
	return list
}

// Says is the event in words.
func (e Event) Says() string {
	for _, x := range events {
		if x.event == e {
			return x.words
		}
	}
	return "A try"
}

// link is where the API has the event's object, below the firm.
func (e Event) link(object string) string {
	for _, x := range events {
		if x.event == e && strings.HasSuffix(x.path, "/") {
			return x.path + object
		} else if x.event == e {
			return x.path
		}
	}
	return "webhooks/" + object
}

// Faults.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInput    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrMost     = fault.New(fault.Conflict, "webhook_most", "a firm has at most 5 webhooks; close one first")
	ErrTries    = fault.New(fault.TooMany, "webhook_tries", "this webhook was tried five times within a minute; wait a minute")
	ErrOver     = fault.New(fault.Conflict, "webhook_over", "this webhook is closed; make a new one")
)

// Status is where a webhook stands. Off is what 24 hours of failures make of it; a
// person turns it on again.
type Status string

// The states.
const (
	On     Status = "on"
	Off    Status = "off"
	Closed Status = "closed"
)

// Webhook is one address with what it is told.
type Webhook struct {
	ID      ident.WebhookID
	URL     string
	Events  []Event
	Status  Status
	Failing *time.Time // since when every call has failed
	By      string
	Created time.Time
	Ended   *time.Time // when it was closed or turned off
}

// State is where one call stands; stored.
type State string

// The states of a call.
const (
	Queued State = "queued"
	Sent   State = "sent"
	Failed State = "failed"
)

// Delivery is one event told to one address.
type Delivery struct {
	ID       ident.DeliveryID
	Event    Event
	Object   string
	ObjectID string
	At       time.Time // of the event
	State    State
	Attempts int
	Answer   int    // the last HTTP status, 0 for none
	Problem  string // why there is no good answer: "refused", "unreachable", "status"
	Created  time.Time
	Ended    *time.Time
}

// Draft is a webhook as it is asked for.
type Draft struct {
	URL    string
	Events []Event
}

// validate names every field that needs correcting; address is the outbound client's
// word on the URL.
func (d Draft) validate(address error) error {
	var fs fault.Fields
	if address != nil {
		fs.Add("url", "address_refused", "enter an https address on port 443 of the public internet")
	} else if len(d.URL) > 500 {
		fs.Add("url", "text_length", "at most 500 characters")
	}
	if len(d.Events) == 0 {
		fs.Add("events", "value_required", "choose what it is told")
	}
	for _, e := range d.Events {
		if !slices.Contains(Events(), e) {
			fs.Add("events", "choice_unknown", "choose among the events of the list")
			break
		}
	}
	return fs.Err(ErrInput)
}

// Sign is the signature of a body that is sent at an instant: hex HMAC-SHA256 over the
// Unix time in seconds, a point and the body (SECURITY 5). A receiver computes it with
// its secret, compares in constant time and refuses what is older than five minutes.
func Sign(secret []byte, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(strconv.FormatInt(at.Unix(), 10)))
	h.Write([]byte("."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// backoff grows from a minute to six hours.
func backoff(attempt int) time.Duration {
	return min(time.Minute<<min(max(attempt-1, 0), 9), 6*time.Hour)
}
