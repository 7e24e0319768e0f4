// Package rate is what an hour costs: rows by level and date, resolved for a
// timekeeper's work on a matter on a day. It does not own approval by clients, nor
// exchange rates (package exchange), by which rates of another currency are converted
// where the firm says so.
package rate

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrOverlap   = fault.New(fault.Conflict, "rate_overlap", "another rate for the same person, title or work already covers part of this time; end that one first")
	ErrNoRate    = fault.New(fault.Invalid, "rate_missing", "there is no rate for this timekeeper on this day")
	ErrConverted = fault.New(fault.Invalid, "rate_converted_range", "the converted rate is not one that an hour can have")
	ErrMoving    = fault.New(fault.Conflict, "rates_moving", "the rates are being changed at this moment; try again in a minute")
	ErrEnded     = fault.New(fault.Conflict, "rate_ended", "this rate already ends on or before that day")
)

// Unpriced tells whether the register gives no rate: for want of one, or of an exchange rate.
func Unpriced(err error) bool { return errors.Is(err, ErrNoRate) || Unconverted(err) }

// Unconverted tells whether the register has a rate in another currency, which the tables of
// exchange rates cannot convert for the day.
func Unconverted(err error) bool {
	return errors.Is(err, exchange.ErrNoExchange) || errors.Is(err, ErrConverted)
}

// maxRate is the most that an hour costs: 100,000.
const maxRate money.Fixed4 = 1_000_000_000

// Level is the place in the order of LEGAL-BILLING 8; a lower one wins.
type Level int

// The levels; the numbers are those of LEGAL-BILLING 8. On level 3 a task goes before
// an activity, on level 9 the timekeeper's office before the matter's practice group.
const (
	LevelLine             Level = 1 // given with the entry
	LevelMatterTimekeeper Level = 2
	LevelMatterCode       Level = 3
	LevelMatterTitle      Level = 4
	LevelMatter           Level = 5 // a flat rate, whoever works
	LevelClientTimekeeper Level = 6
	LevelClientTitle      Level = 7
	LevelGroupTitle       Level = 8
	LevelPlaceTitle       Level = 9
	LevelTimekeeper       Level = 10 // the standard rate
	LevelTitle            Level = 11
)

// String names the level as a page explains it.
func (l Level) String() string {
	switch l {
	case LevelLine:
		return "given with the entry"
	case LevelMatterTimekeeper:
		return "this matter and timekeeper"
	case LevelMatterCode:
		return "this matter and task or activity"
	case LevelMatterTitle:
		return "this matter and title"
	case LevelMatter:
		return "this matter's flat rate"
	case LevelClientTimekeeper:
		return "this client and timekeeper"
	case LevelClientTitle:
		return "this client and title"
	case LevelGroupTitle:
		return "the client's group and title"
	case LevelPlaceTitle:
		return "the office or practice group and title"
	case LevelTimekeeper:
		return "the timekeeper's standard rate"
	case LevelTitle:
		return "the title's standard rate"
	default:
		return "unknown"
	}
}

// Rate is one row: what it names is its level.
type Rate struct {
	ID       ident.RateID
	MatterID ident.MatterID // at most one of matter, client, group, office and practice group
	ClientID ident.ClientID
	GroupID  ident.GroupID
	Office   string // of the timekeeper
	Practice string // the matter's practice group

	TimekeeperID ident.TimekeeperID // at most one of timekeeper, title, task and activity
	Class        string             // a title's classification
	Task         string             // on a matter
	Activity     string             // on a matter

	Rate     money.Fixed4
	Currency money.Currency
	From     time.Time  // first day
	Until    *time.Time // first day it no longer applies
	Reason   string
	Level    Level
}

var (
	classForm = regexp.MustCompile(`^[A-Z]{2,10}$`)
	codeForm  = regexp.MustCompile(`^[A-Z0-9][A-Z0-9./-]{0,19}$`) // a client's own code too
)

// Validate names every field that needs correcting.
func (r Rate) Validate() error {
	var fs fault.Fields
	r.checkPlace(&fs)
	r.checkWho(&fs)
	if r.Rate <= 0 || r.Rate > maxRate {
		fs.Add("rate", "rate_range", "enter the rate of one hour, such as 415.00, up to 100,000")
	}
	if !r.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
	}
	if r.From.IsZero() {
		fs.Add("from", "date_missing", "enter the first day of the rate")
	}
	if r.Until != nil && !r.Until.After(r.From) {
		fs.Add("until", "dates_order", "the end is not after the first day")
	}
	if len(r.Reason) > 500 {
		fs.Add("reason", "text_long", "enter at most 500 characters")
	}
	return fs.Err(ErrInvalid)
}

// checkPlace wants at most one place.
func (r Rate) checkPlace(fs *fault.Fields) {
	switch {
	case r.MatterID != "" && r.ClientID != "":
		fs.Add("client_id", "rate_names_both", "choose a matter or a client, not both")
	case named(string(r.MatterID), string(r.ClientID), string(r.GroupID), r.Office, r.Practice) > 1:
		fs.Add("matter_id", "rate_names_both", "choose one of matter, client, group of clients, office and practice group")
	}
	place(fs, "office", r.Office)
	place(fs, "practice_group", r.Practice)
}

// checkWho wants what the level asks for: a code or nothing on a matter only, a title
// wherever several clients or people are meant.
func (r Rate) checkWho(fs *fault.Fields) {
	switch n := named(string(r.TimekeeperID), r.Class, r.Task, r.Activity); {
	case n > 1:
		fs.Add("timekeeper_id", "rate_names_who", "choose one of timekeeper, title, task and activity")
	case r.MatterID == "" && r.Task != "":
		fs.Add("task_code", "rate_code_of_matter", "a rate for a task is one matter's; choose the matter")
	case r.MatterID == "" && r.Activity != "":
		fs.Add("activity_code", "rate_code_of_matter", "a rate for an activity is one matter's; choose the matter")
	case (r.GroupID != "" || r.Office != "" || r.Practice != "") && r.Class == "":
		fs.Add("class", "rate_title_only", "enter the title: a rate of a group of clients, an office or a practice group is by title")
	case n == 0 && r.MatterID == "":
		fs.Add("timekeeper_id", "rate_names_who", "choose a timekeeper or a title; only a matter has one rate for everybody")
	}
	if r.Class != "" && !classForm.MatchString(r.Class) {
		fs.Add("class", "class_form", "enter a LEDES classification such as PARTNR or ASSOC")
	}
	for field, code := range map[string]string{"task_code": r.Task, "activity_code": r.Activity} {
		if code != "" && !codeForm.MatchString(code) {
			fs.Add(field, "code_form", "enter a code in capitals and digits, such as L110 or A103, or the client’s own")
		}
	}
}

func place(fs *fault.Fields, field, s string) {
	switch {
	case len([]rune(s)) > 60:
		fs.Add(field, "text_long", "enter at most 60 characters")
	case strings.TrimSpace(s) != s:
		fs.Add(field, "text_blanks", "remove the blanks at the start or end")
	}
}

func named(names ...string) (n int) {
	for _, s := range names {
		if s != "" {
			n++
		}
	}
	return n
}
