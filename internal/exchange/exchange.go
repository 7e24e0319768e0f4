// Package exchange keeps a firm's tables of exchange rates, and where rates and costs of another
// currency are converted by them (LEGAL-BILLING 8). It does not own what is priced: packages
// rate and capture ask it, and keep what they were told with each line.
//
// Nothing entered is changed. A correction is a new version of the same pair and day, and the
// former stays readable; what was priced by it keeps its price until a repricing run is carried
// out. Each row knows the version of the firm's tables that it made, so that what a line was
// priced by can be looked up again as it was then.
//
// Decisions:
//   - Without a setting nothing is converted: rates of another currency do not count, as before
//     there were tables. A setting is of a matter, else of its client, else of the firm.
//   - A pair converts directly or not at all: neither by its inverse nor by way of a third
//     currency, for a source that a firm agreed on with its client has other figures for those.
//   - The rate of a day is that of the day, or the latest before it that is at most MaxAge old:
//     sources publish none at weekends. Without one nothing is guessed (ErrNoExchange).
package exchange

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// MaxAge is how many days before a work date the exchange rate for it may be of.
const MaxAge = 31

// Factor is by how much a rate may differ from the one before it without being confirmed: at
// 1e-4, either way.
const Factor money.Fixed4 = 12_000

// Faults of this package.
var (
	ErrNotFound   = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrFar        = fault.New(fault.Invalid, "exchange_far", "this rate is far from the one before it")
	ErrSame       = fault.New(fault.Conflict, "exchange_same", "the table says the same for this day already")
	ErrNoExchange = fault.New(fault.Invalid, "exchange_missing", "there is no exchange rate for this day")
)

// Pair is what is converted into what.
type Pair struct{ From, To money.Currency }

// String is the pair as tables head a column: "EUR to USD".
func (p Pair) String() string { return string(p.From) + " to " + string(p.To) }

// Rate is one state of a pair on a day.
type Rate struct {
	ID ident.ExchangeID
	Pair
	On      time.Time
	N       int // 1 as first entered; a correction has the next
	Rate    money.Exchange
	Source  string
	Version int64 // of the firm's tables as of this row
	By      ident.PersonID
	ByName  string
	At      time.Time
	Latest  bool // no correction stands after it
}

// New is a rate to enter.
type New struct {
	Pair
	On        time.Time
	Rate      money.Exchange
	Source    string
	Confirmed bool // that it is far from the one before
}

// maxSource is the longest name of a source.
const maxSource = 80

// Validate names every field that needs correcting; today is the firm's day.
func (n New) Validate(today time.Time) error {
	var fs fault.Fields
	if !n.From.Known() {
		fs.Add("from", "currency_unknown", "enter a three-letter currency code such as EUR")
	}
	switch {
	case !n.To.Known():
		fs.Add("to", "currency_unknown", "enter a three-letter currency code such as USD")
	case n.From == n.To:
		fs.Add("to", "exchange_pair", "choose another currency than the one that is converted")
	}
	switch {
	case n.On.IsZero():
		fs.Add("day", "date_missing", "enter the day of the rate, such as 2026-03-31")
	case n.On.After(today):
		fs.Add("day", "date_future", "the day is in the future; at the firm it is %s", today.Format(time.DateOnly))
	case n.On.Year() < firstYear:
		fs.Add("day", "date_old", "enter a day from the year %d on", firstYear)
	}
	if n.Rate <= 0 || n.Rate > money.MaxExchange {
		fs.Add("rate", "exchange_range", "enter what one unit is in the other currency, such as 1.08450000: above zero, at most 1,000,000 and with up to eight decimals")
	}
	if l := len([]rune(n.Source)); l < 1 || l > maxSource {
		fs.Add("source", "text_length", "name the source in 1 to %d characters, such as ECB reference rates", maxSource)
	} else if what, ok := fault.Unseen(n.Source); !ok {
		fs.Add("source", "text_unseen", "the name holds %s, which nobody can see; remove it", what)
	}
	return fs.Err(ErrInvalid)
}

// firstYear is the first of work that is billed.
const firstYear = 1900

// far refuses a rate that is more than Factor from the one before it, unless somebody said
// that it is meant.
func (n New) far(before *Rate) error {
	if n.Confirmed || before == nil || !n.Rate.Apart(before.Rate, Factor) {
		return nil
	}
	return ErrFar.On(fault.Field{Path: "rate", Code: "exchange_far", Message: n.Far(before)})
}

// Far says how far a rate is from the one before.
func (n New) Far(before *Rate) string {
	return n.Rate.String() + " differs from the " + before.Rate.String() + " of " + before.On.Format(time.DateOnly) + " by more than a factor of " + Factor.String() + "; correct it, or confirm that it is meant"
}

// says tells whether a state says what is entered already.
func (r *Rate) says(n New) bool {
	return r != nil && r.Pair == n.Pair && r.On.Equal(n.On) && r.Rate == n.Rate && r.Source == n.Source
}

// Conversion is how a price of one unit came out of another currency. It is kept with what it
// priced; the zero value is none.
type Conversion struct {
	ID      ident.ExchangeID `json:"id"`
	From    money.Currency   `json:"from"`
	Price   money.Fixed4     `json:"price_e4"` // an hour or a unit, in From
	Rate    money.Exchange   `json:"rate_e8"`
	On      string           `json:"on"`      // day of the exchange rate
	Version int64            `json:"version"` // of the firm's tables when it was asked
}

// Is tells whether anything was converted.
func (c Conversion) Is() bool { return c.ID != "" }

// Words say how, as "EUR 400.00 at 1.08450000 of 3 March 2026".
func (c Conversion) Words() string {
	return Said(c.From, c.Price.Text(c.From.Exponent()), c.Rate, c.On)
}

// Said is what an amount of another currency was converted by.
func Said(from money.Currency, amount string, rate money.Exchange, on string) string {
	day, err := time.Parse(time.DateOnly, on)
	if err != nil {
		return string(from) + " " + amount + " at " + rate.String()
	}
	return string(from) + " " + amount + " at " + rate.String() + " of " + day.Format("2 January 2006")
}

// Basis is by which day's exchange rate a price is converted.
type Basis string

// The bases; stored, never rename. Inherit is that of the client or the firm.
const (
	None     Basis = "none"
	WorkDate Basis = "work_date"
	Inherit  Basis = "inherit"
)

// Words say it in a list.
func (b Basis) Words() string {
	switch b {
	case WorkDate:
		return "converted at the exchange rate of the work date"
	case Inherit:
		return "as its client or the firm"
	default:
		return "not converted: rates of another currency do not count"
	}
}

// Setting lays down the basis of a place: a matter, a client, or of neither the firm.
type Setting struct {
	Client ident.ClientID
	Matter ident.MatterID
	Basis  Basis
	Reason string
	N      int
	By     string // the name
	At     time.Time
}

// Validate names every field that needs correcting.
func (s Setting) Validate() error {
	var fs fault.Fields
	if s.Client != "" && s.Matter != "" {
		fs.Add("matter_id", "setting_both", "choose a matter or a client, not both")
	}
	switch s.Basis {
	case None, WorkDate:
	case Inherit:
		if s.Client == "" && s.Matter == "" {
			fs.Add("basis", "basis_unknown", "choose none or work_date for the firm; only a client or a matter follows another")
		}
	default:
		fs.Add("basis", "basis_unknown", "choose none, work_date, or of a client or matter inherit; conversion at the invoice date is not offered")
	}
	if len([]rune(s.Reason)) > 500 {
		fs.Add("reason", "text_long", "enter at most 500 characters")
	}
	return fs.Err(ErrInvalid)
}

// Settings are those that hold.
type Settings struct {
	Firm    Basis
	Clients map[ident.ClientID]Basis
	Matters map[ident.MatterID]Basis
}

// For is the basis of a matter: its own, else its client's, else the firm's.
func (s Settings) For(c ident.ClientID, m ident.MatterID) Basis {
	if b, ok := s.Matters[m]; ok && b != Inherit {
		return b
	}
	if b, ok := s.Clients[c]; ok && b != Inherit {
		return b
	}
	if s.Firm == "" {
		return None
	}
	return s.Firm
}

// Missing is ErrNoExchange for a pair on a day, with what to do.
func Missing(p Pair, on time.Time) error {
	return ErrNoExchange.With("there is no exchange rate %s on %s or within %d days before it; enter one for that day", p, on.Format(time.DateOnly), MaxAge)
}
