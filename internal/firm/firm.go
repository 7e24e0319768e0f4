// Package firm is the tenant: who a law firm is on its invoices, where it is paid,
// and how its numbers run. The bureau is a firm of its own kind. It does not own
// who works there (people) or when it is open (calendar).
package firm

import (
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale     = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrCodeTaken = fault.New(fault.Conflict, "firm_code_taken", "another firm has this code; choose another")
	ErrNotSetUp  = fault.New(fault.Unavailable, "bureau_missing", "the bureau is not set up yet; run `docketry admin bootstrap`")
)

// Kind is whether a firm is a law firm or the bureau itself.
type Kind string

// A law firm buys the service; the bureau gives it and is one more domain (DESIGN 2.6).
const (
	KindFirm   Kind = "firm"
	KindBureau Kind = "bureau"
)

// Firm is one tenant.
type Firm struct {
	ID        ident.FirmID
	Kind      Kind
	Code      string // three capitals, unique over the installation
	Name      string
	Slot      int // its colour and shape on every page, 1 to 28
	Status    string
	TZ        string // IANA zone of its dates and clocks
	Currency  money.Currency
	Address   string // lines
	Country   string // ISO 3166 alpha-2
	TaxID     string
	ReplyTo   string // where a payor's answer to a mail goes
	Rounding  money.Rounding
	Bank      Bank
	CreatedAt time.Time
	Version   int
}

// Card is what anyone who may know of a firm sees of it in lists.
type Card struct {
	ID   ident.FirmID
	Kind Kind
	Code string
	Name string
	Slot int
	TZ   string
}

// New is what opening a firm needs. The rest is entered by its administrator.
type New struct {
	Code, Name, TZ, Country string
	Currency                money.Currency
	Address                 string
	TaxID                   string
	InvoicePattern          string // "" means DefaultPattern
	Admin                   Admin
}

// Admin is the firm's first administrator, who grants everybody else.
type Admin struct{ Name, Email string }

// Details is what the firm's administrator may change, beside the bank.
type Details struct {
	Name, Address, Country, TaxID, ReplyTo string
	Rounding                               money.Rounding
}

// DayIn is the day of an instant in a firm's zone, at midnight UTC. A zone that this machine does
// not know counts as UTC: the firm's form takes known ones only, and a day is better than none.
func DayIn(tz string, at time.Time) time.Time {
	zone, err := time.LoadLocation(tz)
	if err != nil {
		zone = time.UTC
	}
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// slots is the number of colours and shapes of UI.md. Later firms share one with
// an earlier firm; their codes still differ.
const slots = 28

// Validate names every field that needs correcting.
func (n New) Validate() error {
	var fs fault.Fields
	if len(n.Code) != 3 || strings.ContainsFunc(n.Code, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		fs.Add("code", "code_form", "enter three capital letters such as HVL")
	}
	fs.Line("name", n.Name, 1, 120)
	if _, err := time.LoadLocation(n.TZ); err != nil || n.TZ == "" || n.TZ == "Local" {
		fs.Add("tz", "zone_unknown", "choose a time zone such as America/New_York")
	}
	if !n.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
	}
	checkAddress(&fs, n.Country, n.Address)
	checkTaxID(&fs, n.Country, n.TaxID)
	if n.InvoicePattern != "" {
		if _, err := ParsePattern(n.InvoicePattern); err != nil {
			fs.Add("invoice_pattern", "pattern_form", "%s", reason(err))
		}
	}
	fs.Line("admin.name", n.Admin.Name, 1, 120)
	checkEmail(&fs, "admin.email", n.Admin.Email, false)
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting.
func (d Details) Validate() error {
	var fs fault.Fields
	fs.Line("name", d.Name, 1, 120)
	checkAddress(&fs, d.Country, d.Address)
	checkTaxID(&fs, d.Country, d.TaxID)
	checkEmail(&fs, "reply_to", d.ReplyTo, true)
	if !slices.Contains([]money.Rounding{money.HalfUp, money.HalfEven}, d.Rounding) {
		fs.Add("rounding", "choice_unknown", "choose half_up or half_even")
	}
	return fs.Err(ErrInvalid)
}

// reason is the sentence of a fault, without its code.
func reason(err error) string {
	f, ok := err.(*fault.Error) //nolint:errorlint // our own constructors return it bare
	if !ok {
		return "this is not valid"
	}
	return f.Message
}
