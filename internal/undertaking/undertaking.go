// Package undertaking is the undertakings of confidentiality that the bureau and firms ask
// of the bureau's people: the texts by version, who gave which, and whether a firm lets
// look only who did. What that does to a grant stands in the grant's row and is read by
// package authz; this package moves it.
//
// The decisions:
//
//   - The bureau has one text, which everybody gives once per version. A firm may publish
//     its own besides; it is given per firm. A person gives for themselves only, in a
//     session that showed a factor in the last five minutes.
//   - A word that was given is never changed or taken back: it carries the version, the
//     hash of the text that was on the page, and the session.
//   - Whether a firm lets look only who gave is one setting of the firm, for all its grants,
//     old and new, and every role of the bureau's, emergency access too. It begins off: a
//     new release must stop nobody's work, and only the firm can weigh its bills against it.
//     Turned on, it holds from the next decision.
//   - A new version asks again. Until the day its publisher names, 90 days ahead at most,
//     whoever gave an earlier one goes on; whoever gave none waits as before.
//   - While a person waits, their grants at the firm give nothing and nothing else
//     changes: the grants stand, end on their day, and give again once the word is given.
package undertaking

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Limits of what may be published.
const (
	maxBody   = 20_000
	maxFormer = 90 * 24 * time.Hour
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrNewer    = fault.New(fault.Conflict, "undertaking_newer", "a newer version was published meanwhile; read it first")
	ErrGiven    = fault.New(fault.Conflict, "undertaking_given", "you have given this version already")
	ErrSame     = fault.New(fault.Conflict, "undertaking_same", "this is the text that stands already")
	ErrNoFirm   = fault.New(fault.Conflict, "undertaking_bureau", "only a firm sets who may look")
)

// Text is one version of a text.
type Text struct {
	Firm        ident.FirmID // "" for the bureau's own
	Version     int          // 0 where a firm has none
	Body        string
	SHA256      string
	PublishedBy string // "" for the text that is shipped
	PublishedAt time.Time
	FormerUntil *time.Time // until when earlier versions count, nil for the first
}

// Draft is a text to publish. After is the version that whoever writes it has read.
type Draft struct {
	Body        string
	FormerUntil *time.Time // not asked of the first version
	After       int
}

func (d *Draft) validate(current Text, now time.Time) error {
	d.Body = strings.TrimSpace(strings.ReplaceAll(d.Body, "\r\n", "\n"))
	if d.After != current.Version {
		return ErrNewer
	}
	var fs fault.Fields
	switch n := utf8.RuneCountInString(d.Body); {
	case n == 0:
		fs.Add("body", "body_missing", "enter the text that people are to give")
	case n > maxBody:
		fs.Add("body", "body_long", "at most %d characters; this has %d", maxBody, n)
	}
	if f, ok := fault.UnseenTyped("body", d.Body); !ok {
		fs = append(fs, f)
	}
	switch {
	case current.Version == 0:
		d.FormerUntil = nil
	case d.FormerUntil == nil:
		fs.Add("former_until", "date_missing", "enter the day until which the version before still counts")
	case d.FormerUntil.Before(now):
		fs.Add("former_until", "date_past", "this day has passed; the version before counts until today at least")
	case d.FormerUntil.After(now.Add(maxFormer)):
		fs.Add("former_until", "date_far", "at most 90 days from now")
	}
	if err := fs.Err(ErrInvalid); err != nil {
		return err
	}
	if d.Body == current.Body {
		return ErrSame
	}
	return nil
}

// Word is what a person gave last of one text.
type Word struct {
	Version int // 0 for never
	At      time.Time
	Current bool // it is the version that stands
}

// Mine is one text that is asked of the person who reads.
type Mine struct {
	Text     Text
	FirmName string // "" for the bureau's own
	Word     Word
	Waits    *time.Time // from when the firm's grants give nothing for want of it, nil for never; of the bureau's text the earliest of all firms
}

// State is what one of the bureau's people gave, as the reader's firm may know it.
type State struct {
	Person ident.PersonID
	Name   string
	Bureau Word
	Firm   Word       // of the firm's own text
	Waits  *time.Time // from when grants here give them nothing, also those to come; nil for never
}

// Standing is what stands in a firm: the bureau's text, its own, and its setting.
type Standing struct {
	Bureau   Text
	Own      Text // of the firm; in the bureau's domain it has version 0
	Required bool
	Waiting  int // people who would wait or do wait today
}
