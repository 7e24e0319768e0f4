package arrangement

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Fee is time as it was recorded and priced.
type Fee struct {
	Entry  string // the caller's id
	On     time.Time
	Phase  string
	Task   string
	Hours  money.Fixed4
	Rate   money.Fixed4
	Lawyer bool // blended rates may tell others apart

	ValueMinor *int64 // as it was priced and rounded before; nil is hours x rate
	DownMinor  int64  // of its value, what people wrote down before
}

// Unit is work of a price list: two depositions, one filing.
type Unit struct {
	Code     string
	Quantity money.Fixed4
}

// Recovery is money that came in for the client, and what was spent to get it.
type Recovery struct {
	Code       string // RecoveryCode of its number, "" where nothing has one
	Stage      Stage
	GrossMinor int64
	CostsMinor int64
}

// Before is what was billed under the arrangement before this bill. Amounts are
// those of the same matter, except Year's, which are all of the client's.
type Before struct {
	WorkedMinor   int64            // value of the time on earlier bills
	FeesMinor     int64            // fees of earlier bills
	Capped        map[string]int64 // billed against the cap, by phase, year, or "" for a matter
	Prices        []string         // codes of fixed prices and periods' fees billed already
	YearFeesMinor int64            // the client's fees of this year, before volume discounts
	YearDiscounts int64            // volume discounts given in this year
	Used          []Used           // hours of the matter's earlier bills
}

// Work is what a bill is made of.
type Work struct {
	Fees          []Fee
	ExpensesMinor int64
	Units         []Unit   // of a price list
	Due           []string // codes of the fixed prices and periods' fees that are due now; "" is the price of a matter
	Recovery      *Recovery
	Final         bool // the last bill of the arrangement
	Outcome       bool // the condition of a success fee is met
	Before        Before
	Rounding      money.Rounding // "" is half up
}

// Reason is why a charge differs from the value of the work; the reasons of a
// write-down (LEGAL-BILLING 9) where it is one.
type Reason string

// The reasons.
const (
	ReasonRate     Reason = "RATE"
	ReasonFixed    Reason = "FIXED"
	ReasonCap      Reason = "CAP"
	ReasonDiscount Reason = "DISCOUNT"
	ReasonCourtesy Reason = "COURTESY"
	ReasonDown     Reason = "DOWN"   // what people wrote down before
	ReasonAgreed   Reason = "AGREED" // a line of its own: the price itself
)

// Step is one change of a charge.
type Step struct {
	Reason Reason
	Minor  int64
}

// Charge is one line of the fees of a bill: an entry of time, or a line of its own.
// WorkedMinor and the steps sum to Minor.
type Charge struct {
	Entry       string       // "" for a line of its own
	What        string       // of such a line: "fixed", "volume discount"
	Code        string       // of a phase, task or unit
	Rate        money.Fixed4 // of an entry that is billed at another rate than its own, or the price of a unit; else 0
	Quantity    money.Fixed4 // of units of a price list; else 0
	WorkedMinor int64
	Steps       []Step
	Minor       int64
}

func (c *Charge) step(r Reason, minor int64) {
	if minor != 0 {
		c.Steps = append(c.Steps, Step{r, minor})
		c.Minor += minor
	}
}

// Warning is something that a person should look at; it changes no amount.
type Warning struct {
	Code    string
	Message string
}

// Bill is what an arrangement makes of work. These hold always:
//
//	FeesMinor = the sum of the charges
//	FeesMinor + ExpensesMinor = DueMinor + HeldMinor
type Bill struct {
	Charges       []Charge
	WorkedMinor   int64 // all time at its rates
	FeesMinor     int64
	ExpensesMinor int64
	HeldMinor     int64 // owed when the condition of the holdback is met
	DueMinor      int64
	OverMinor     int64 // fixed prices: what they are above the value of the work, or below when negative
	CreditMinor   int64 // owed to the client for earlier bills, beyond what this bill could take off
	PromptMinor   int64 // taken off on payment within the days of the discount
	Unpriced      int   // entries of tasks that the price list does not have: nothing is billed before they have a price
	Shadow        bool  // the client also wants to see the hours and their value
	Closing       *Closing
	Warnings      []Warning
}

// Price makes the bill. It returns ErrTerms for terms that are not valid, ErrWork
// with every field for work that does not fit them, ErrUnsigned, or an overflow.
func (t Terms) Price(w Work) (Bill, error) {
	if err := t.Validate(); err != nil {
		return Bill{}, err
	}
	if err := w.check(); err != nil {
		return Bill{}, err
	}
	if w.Rounding == "" {
		w.Rounding = money.HalfUp
	}
	s := sheet{terms: &t, work: &w}
	for _, do := range []func() error{s.value, s.main, s.cap, s.volume, s.discount, s.success, s.total} {
		if err := do(); err != nil {
			return Bill{}, err
		}
	}
	return s.bill, nil
}

func (w *Work) check() error {
	var fs fault.Fields
	for i, f := range w.Fees {
		if f.Hours < 0 || f.Rate < 0 || f.DownMinor < 0 || f.ValueMinor != nil && *f.ValueMinor < 0 {
			fs.Add(fmt.Sprintf("fees.%d", i), "fee_negative", "hours, rate, value and write-down are not below zero")
		}
	}
	for i, u := range w.Units {
		if u.Quantity <= 0 {
			fs.Add(fmt.Sprintf("units.%d", i), "quantity_not_positive", "enter a quantity above zero")
		}
	}
	if w.ExpensesMinor < 0 {
		fs.Add("expenses", "expenses_negative", "expenses are not below zero")
	}
	if r := w.Recovery; r != nil && (r.GrossMinor < 0 || r.CostsMinor < 0) {
		fs.Add("recovery", "recovery_negative", "the recovery and its costs are not below zero")
	}
	return fs.Err(ErrWork)
}

// sheet is a bill under way.
type sheet struct {
	terms *Terms
	work  *Work
	bill  Bill
}

func (s *sheet) own(what, code string, minor int64) {
	c := Charge{What: what, Code: code}
	c.step(ReasonAgreed, minor)
	s.bill.Charges = append(s.bill.Charges, c)
}

func (s *sheet) warn(code, format string, args ...any) {
	s.bill.Warnings = append(s.bill.Warnings, Warning{code, fmt.Sprintf(format, args...)})
}

func (s *sheet) text(minor int64) string {
	return money.Amount{Minor: minor, Currency: s.terms.Currency}.Text() + " " + string(s.terms.Currency)
}

func (s *sheet) line(hours, rate money.Fixed4) (int64, error) {
	return money.Line(hours, rate, s.terms.Currency, s.work.Rounding)
}

// kept is what is left of v, the value of an entry under the arrangement, when the same
// share of it is written down as of its own value.
func (s *sheet) kept(i int, v int64) (int64, error) {
	down, worked := s.work.Fees[i].DownMinor, s.bill.Charges[i].WorkedMinor
	if down == 0 {
		return v, nil
	}
	parts, err := money.Split(v, []int64{down, worked - down})
	if err != nil {
		return 0, err
	}
	return parts[1], nil
}

// fees is the sum of the charges so far.
func (s *sheet) fees() (int64, error) {
	all := make([]int64, len(s.bill.Charges))
	for i := range s.bill.Charges {
		all[i] = s.bill.Charges[i].Minor
	}
	return money.Sum(all...)
}

// value prices each entry at its own rate.
func (s *sheet) value() error {
	for _, f := range s.work.Fees {
		v, err := s.line(f.Hours, f.Rate)
		if err != nil {
			return err
		}
		if f.ValueMinor != nil {
			v = *f.ValueMinor
		}
		if f.DownMinor > v {
			return ErrWork.With("more is written down than an entry is worth")
		}
		if s.bill.WorkedMinor, err = money.Sum(s.bill.WorkedMinor, v); err != nil {
			return err
		}
		c := Charge{Entry: f.Entry, WorkedMinor: v, Minor: v}
		c.step(ReasonDown, -f.DownMinor)
		s.bill.Charges = append(s.bill.Charges, c)
	}
	return nil
}

// total closes the bill with expenses and holdback.
func (s *sheet) total() error {
	var err error
	b := &s.bill
	if b.FeesMinor, err = s.fees(); err != nil {
		return err
	}
	b.ExpensesMinor = s.work.ExpensesMinor
	if h := s.terms.Holdback; h != nil && b.FeesMinor > 0 {
		if b.HeldMinor, err = h.Share.Of(b.FeesMinor, s.work.Rounding); err != nil {
			return err
		}
	}
	if b.HeldMinor > 0 && b.PromptMinor > 0 { // nothing is off what is not due
		parts, err := money.Split(b.PromptMinor, []int64{b.FeesMinor - b.HeldMinor, b.HeldMinor})
		if err != nil {
			return err
		}
		b.PromptMinor = parts[0]
	}
	if b.Closing != nil {
		if err = b.Closing.settle(b.FeesMinor, b.HeldMinor); err != nil {
			return err
		}
	}
	b.DueMinor, err = money.Sum(b.FeesMinor, b.ExpensesMinor, -b.HeldMinor)
	return err
}
