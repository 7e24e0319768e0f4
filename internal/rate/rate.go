// Package rate is what an hour costs: rows by level and date, resolved for a
// timekeeper's work on a matter on a day. It does not own approval by clients.
package rate

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrOverlap  = fault.New(fault.Conflict, "rate_overlap", "another rate for the same person or title already covers part of this time; end that one first")
	ErrNoRate   = fault.New(fault.Invalid, "rate_missing", "there is no rate for this timekeeper on this day")
	ErrEnded    = fault.New(fault.Conflict, "rate_ended", "this rate already ends on or before that day")
)

// Level is the place in the order of LEGAL-BILLING 8; a lower one wins.
type Level int

// The levels of this version; the numbers are those of LEGAL-BILLING 8.
const (
	LevelLine             Level = 1 // given with the entry
	LevelMatterTimekeeper Level = 2
	LevelMatterTitle      Level = 4
	LevelClientTimekeeper Level = 6
	LevelClientTitle      Level = 7
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
	case LevelMatterTitle:
		return "this matter and title"
	case LevelClientTimekeeper:
		return "this client and timekeeper"
	case LevelClientTitle:
		return "this client and title"
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
	ID           ident.RateID
	MatterID     ident.MatterID     // "" unless for one matter
	ClientID     ident.ClientID     // "" unless for one client
	TimekeeperID ident.TimekeeperID // either a timekeeper
	Class        string             // or a title's classification
	Rate         money.Fixed4
	Currency     money.Currency
	From         time.Time  // first day
	Until        *time.Time // first day it no longer applies
	Reason       string
	Level        Level
}

// Validate names every field that needs correcting.
func (r Rate) Validate() error {
	var fs fault.Fields
	if r.MatterID != "" && r.ClientID != "" {
		fs.Add("client_id", "rate_names_both", "choose a matter or a client, not both")
	}
	if (r.TimekeeperID == "") == (r.Class == "") {
		fs.Add("timekeeper_id", "rate_names_who", "choose a timekeeper or a title, one of the two")
	}
	if r.Rate <= 0 || r.Rate > 1_000_000_000 {
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

// Question asks what an hour costs.
type Question struct {
	Matter     ident.MatterID
	Client     ident.ClientID
	Timekeeper ident.TimekeeperID
	Class      string
	Currency   money.Currency
	On         time.Time // the work date decides, not the day of entry or invoice
}

// Answer says what, and why: the row that won, and the standard rate beside it,
// which is the base of realization.
type Answer struct {
	Rate     money.Fixed4
	Level    Level
	ID       ident.RateID
	Standard money.Fixed4 // levels 10 and 11; equals Rate when neither exists
}

// Card is a firm's rates at hand, to price many entries without asking again.
type Card struct{ rates []Rate }

// NewCard takes rows in any order.
func NewCard(rates []Rate) *Card { return &Card{rates} }

// Resolve finds the first hit in the order of levels for the day. ErrNoRate when
// no row of the currency applies.
func (c *Card) Resolve(q Question) (Answer, error) {
	var a Answer
	var standard Level
	for _, r := range c.rates {
		if !r.answers(q) {
			continue
		}
		if a.Level == 0 || r.Level < a.Level {
			a.Rate, a.Level, a.ID = r.Rate, r.Level, r.ID
		}
		if r.Level >= LevelTimekeeper && (standard == 0 || r.Level < standard) {
			a.Standard, standard = r.Rate, r.Level
		}
	}
	if a.Level == 0 {
		return a, ErrNoRate.With("there is no %s rate for this timekeeper on %s; enter one that covers the day", q.Currency, q.On.Format(time.DateOnly))
	}
	if standard == 0 {
		a.Standard = a.Rate
	}
	return a, nil
}

func (r Rate) answers(q Question) bool {
	who := (r.TimekeeperID != "" && r.TimekeeperID == q.Timekeeper) || (r.TimekeeperID == "" && r.Class == q.Class)
	what := (r.MatterID == "" || r.MatterID == q.Matter) && (r.ClientID == "" || r.ClientID == q.Client)
	return who && what && r.Currency == q.Currency && !q.On.Before(r.From) && (r.Until == nil || q.On.Before(*r.Until))
}
