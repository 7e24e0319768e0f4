package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Arranged is what the arrangement of its work date makes of a line, beside what people
// change: the main arrangement first, then its cap, then its discount. The zero value is
// a line by the hour.
type Arranged struct {
	AgreedMinor   int64        `json:"agreed_minor,omitempty"` // signed: a blended rate may be above the own one
	Reason        amend.Reason `json:"reason,omitempty"`       // of AgreedMinor: RATE, FIXED or COURTESY
	Rate          money.Fixed4 `json:"rate_e4,omitempty"`      // a blended one; 0 is the line's own
	CapMinor      int64        `json:"cap_minor,omitempty"`    // never above zero
	DiscountMinor int64        `json:"discount_minor,omitempty"`
	Unseen        bool         `json:"unseen,omitempty"` // under a fixed price: the invoice does not show it
}

func (a Arranged) minor() int64 { return a.AgreedMinor + a.CapMinor + a.DiscountMinor }

// take adds the steps of a charge.
func (a *Arranged) take(c arrangement.Charge) {
	a.Rate = c.Rate
	for _, s := range c.Steps {
		switch s.Reason {
		case arrangement.ReasonCap:
			a.CapMinor += s.Minor
		case arrangement.ReasonDiscount:
			a.DiscountMinor += s.Minor
		case arrangement.ReasonRate, arrangement.ReasonFixed, arrangement.ReasonCourtesy:
			a.AgreedMinor += s.Minor
			a.Reason = amend.Reason(s.Reason)
		case arrangement.ReasonDown, arrangement.ReasonAgreed: // what people did; a line of its own
		}
	}
}

// because is why a line bills another amount than its value, "" where more than one thing
// is the reason.
func (l *Line) because() amend.Reason {
	a := l.Arranged
	var all []amend.Reason
	for _, x := range []struct {
		minor int64
		why   amend.Reason
	}{{l.WriteDown, l.Reason}, {a.AgreedMinor, a.Reason}, {a.CapMinor, amend.ReasonCap}, {a.DiscountMinor, amend.ReasonDiscount}} {
		if x.minor != 0 && !(a.Rate != 0 && x.why == amend.ReasonRate) { // a blended rate is the rate, not a change of it
			all = append(all, x.why)
		}
	}
	switch len(all) {
	case 0:
		return l.Reason
	case 1:
		return all[0]
	default:
		return ""
	}
}

// fix is the change that a finding proposes. The amount to bill is said as the bill has
// it; under a blended rate the same share of the line's own value is billed.
func (l *Line) fix(f guideline.Stored, c money.Currency) (amend.Change, error) {
	change, err := amend.FixOf(f, c)
	if err != nil || change.Amount == nil || l.Arranged.Rate == 0 {
		return change, err
	}
	blended, err := money.Line(l.Quantity, l.Arranged.Rate, c, money.HalfUp)
	if err != nil || *change.Amount <= 0 || *change.Amount >= blended {
		return change, err
	}
	own, err := money.Split(l.Value, []int64{*change.Amount, blended - *change.Amount})
	if err != nil {
		return change, err
	}
	back, err := money.Split(blended, []int64{own[0], own[1]})
	if err == nil && back[0] > *change.Amount && own[0] > 0 { // not a unit more than was proposed
		own[0]--
	}
	change.Amount = &own[0]
	return change, err
}

// The lines of the fees that an arrangement makes beside the work; stored, never rename.
const (
	chargeFixed        = "fixed"
	chargeAvailability = "availability"
	chargeSubscription = "subscription"
	chargeTask         = "task"
	chargeCollar       = "collar"
	chargeContingent   = "contingent fee"
	chargeSuccess      = "success fee"
	chargeVolume       = "volume discount"
	chargeDiscount     = "discount"
	chargeHoldback     = "holdback"
	chargeRelease      = "holdback release"
)

// pricedByCode are the charges of a code, each billed once.
var pricedByCode = []string{chargeFixed, chargeAvailability, chargeSubscription}

// notOfTheYear are the charges that a volume discount does not count: what comes after it.
var notOfTheYear = []string{chargeVolume, chargeDiscount, chargeSuccess, chargeHoldback, chargeRelease}

// Charge is a line of the fees that the arrangement makes beside the work.
type Charge struct {
	Arrangement ident.ArrangementID `json:"arrangement"`
	What        string              `json:"what"`
	Code        string              `json:"code,omitempty"`        // the phase, task or period of a price
	Quantity    money.Fixed4        `json:"quantity_e4,omitempty"` // of units of a price list, at Rate each; else 0
	Rate        money.Fixed4        `json:"rate_e4,omitempty"`
	Note        string              `json:"note,omitempty"` // of what is held back, and of its release: until what
	Minor       int64               `json:"minor"`          // below zero when it is taken off
}

// Text is what the invoice says of it.
func (c Charge) Text() string {
	switch c.What {
	case chargeVolume:
		return "Volume discount on fees, as agreed"
	case chargeDiscount:
		return "Discount on fees, as agreed"
	case chargeCollar:
		return "Settlement of the fee collar, as agreed"
	case chargeContingent:
		return "Contingent fee, as agreed: see the closing statement"
	case chargeSuccess:
		return "Success fee, as agreed"
	case chargeAvailability:
		return "Retainer fee, as agreed: " + periodOf(c.Code)
	case chargeSubscription:
		return "Subscription, as agreed: " + periodOf(c.Code)
	case chargeHoldback:
		return "Held back, as agreed, until " + c.Note
	case chargeRelease:
		return "Release of fees held back until " + c.Note
	case chargeTask:
		return "Price list, as agreed: " + workOf(c.Code)
	}
	if c.Code == "" {
		return "Fixed fee, as agreed"
	}
	return "Fixed fee, as agreed: " + workOf(c.Code)
}

// workOf names a phase or a task with its code.
func workOf(code string) string {
	if k, ok := utbms.Lookup(code); ok {
		return k.Name + " (" + code + ")"
	}
	return code
}

func periodOf(code string) string {
	if name, ok := arrangement.PeriodName(code); ok {
		return name
	}
	return code
}

// isPrice tells a price from what is taken off.
func (c Charge) isPrice() bool { return c.Minor > 0 }

// reason is what an adjustment is for, "" of a price.
func (c Charge) reason() amend.Reason {
	if c.isPrice() || c.What == chargeHoldback || c.What == chargeContingent {
		return ""
	}
	return amend.ReasonDiscount
}

// pricesOf and adjustmentsOf add up the charges above and below zero.
func pricesOf(list []Charge) (minor int64) {
	for _, c := range list {
		minor += max(c.Minor, 0)
	}
	return minor
}

func adjustmentsOf(list []Charge) (minor int64) {
	for _, c := range list {
		minor += min(c.Minor, 0)
	}
	return minor
}

// PriceState is how something that people put on a bill stands on this one: a fixed price,
// the fee of a period, a settlement. What it is for, that is the matter, a phase, a task or
// a period, is billed once, whichever version of the arrangement it is of.
type PriceState struct {
	Code   string
	Minor  int64  // of a settlement what the fees change by, signed
	Here   bool   // on this bill
	Billed bool   // before, on another bill or by another version on this one
	Where  string // "invoice 2026-0041", "PB-7" or "this bill": what has it besides, "" for none

	Gross int64  // of a recovery: what came in; else 0
	Why   string // of a recovery: what keeps it off the bill

	Unit     money.Fixed4 // of a price list: the price of one unit, of which every bill has any number; else 0
	Quantity money.Fixed4 // units on this bill
	By       string       // who put it on this bill, and when; of a fee that came by itself the one who built the bill
	At       *time.Time
}

// units is how units of a price list stand on the bill.
func (x PriceState) units(o arrangement.Offer, bill *arrangement.Bill) PriceState {
	x.Unit, x.Billed, x.Here = o.Unit, false, false
	for _, c := range bill.Charges {
		if c.Quantity > 0 && c.Code == o.Code {
			x.Quantity, x.Minor, x.Here = c.Quantity, c.Minor, true
		}
	}
	return x
}

// Part is what one version of an arrangement makes of the work that goes by it.
type Part struct {
	Version     arrangement.Version // without an ID: by the hour, as nothing is agreed
	Lines       int
	WorkedMinor int64
	FeesMinor   int64
	OverMinor   int64 // fixed prices: what they are above the value of the work, or below when negative
	CreditMinor int64 // owed to the client for earlier bills, beyond what this bill could take off
	HeldMinor   int64 // of FeesMinor, held back until an outcome
	Unsigned    bool  // a contingent fee without its signed writing: the bill does not go on
	Unpriced    int   // lines of tasks that the price list does not have: the bill does not go on with them
	Prices      []PriceState
	Warnings    []arrangement.Warning
}
