// Package mail writes letters to payors' verified contacts and sends each at most
// once. It owns the row of every mail, committed before the sending, and what
// became of it. It does not own why a letter is written: that is package notice.
//
// A mail holds operations data, an invoice's number, the open amount and the due
// date, never a client's or matter's name or a narrative (DESIGN 2.16).
package mail

import (
	"strings"
	"time"
	"unicode"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
)

// Faults.
var (
	ErrNotFound   = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrUnverified = fault.New(fault.Conflict, "contact_unverified", "this contact's address is not verified, so nothing is sent to it")
	ErrControl    = fault.New(fault.Invalid, "mail_control_character", "a subject, name, address or file name must be one line of printable text")
	ErrNotResent  = fault.New(fault.Conflict, "mail_not_resent", "only a mail that failed, or whose fate is uncertain, can be sent again")
)

// State is where a mail is. Uncertain means that the server may have it: the
// connection broke after the text was handed over. Exactly once cannot be had over
// SMTP; a person decides (F09).
type State string

// The states, in the order of a mail's life.
const (
	StateQueued    State = "queued"
	StateSending   State = "sending"
	StateSent      State = "sent"
	StateFailed    State = "failed"
	StateUncertain State = "uncertain"
)

// Policy is what happens to a mail whose fate is uncertain.
type Policy string

// At most once leaves it to a person; at least once sends it one more time with
// the same Message-ID, by which a receiver can fold the two.
const (
	AtMostOnce  Policy = "at_most_once"
	AtLeastOnce Policy = "at_least_once"
)

// Reasons for which a mail ends unsent; stored.
const (
	ReasonRefused    = "refused"    // the server will not have it: a bounce
	ReasonExpired    = "expired"    // it was no longer worth sending
	ReasonUnverified = "unverified" // the contact was closed, or its address is no longer verified
	ReasonGaveUp     = "gave_up"    // temporary refusals for 24 hours
	ReasonNotWanted  = "not_wanted" // its reason is gone: the invoice was paid meanwhile
	ReasonCutShort   = "cut_short"  // the sending was cut short and may or may not have arrived
)

// CodeMark stands in a body where the one-time code goes. The code itself is
// sealed beside the row and put in at the last moment.
const CodeMark = "{code}"

// Message is a mail to be queued.
type Message struct {
	To          ident.ContactID
	Kind        string // "invoice", "reminder", "code"
	Key         string // asking twice with one key is asking once
	Subject     string
	Text        string
	HTML        string
	Attachments []Attachment
	Code        seal.Secret // replaces CodeMark
	ExpiresAt   time.Time   // zero: worth sending for 24 hours
	Policy      Policy      // "" is AtMostOnce
}

// Attachment is a file of the firm under the name the receiver sees.
type Attachment struct {
	Blob  ident.BlobID
	Name  string // letters, digits, dot, dash, underscore
	Media string // "application/pdf"
}

// Validate refuses what could become a header or a second address (T17).
func (m Message) Validate() error {
	for _, s := range []string{m.Subject, m.Kind, m.Key} {
		if s == "" || !oneLine(s) {
			return ErrControl
		}
	}
	for _, a := range m.Attachments {
		if a.Name == "" || !oneLine(a.Name) {
			return ErrControl
		}
	}
	return nil
}

// oneLine tells that s is text without a line break, a tab or what nobody can see.
func oneLine(s string) bool {
	_, ok := fault.Unseen(s)
	return ok && !strings.ContainsAny(s, "\t\r\n") && !strings.ContainsRune(s, unicode.ReplacementChar)
}

// SendWanted asks the worker to send one queued mail.
type SendWanted struct {
	Mail ident.MailID `json:"mail_id"`
}

// Kind is stored; never rename it.
func (SendWanted) Kind() string { return "mail.send" }
