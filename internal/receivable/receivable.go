// Package receivable is the money that comes in: payments, what they pay, what is
// left unapplied, and how old what is owed has become. It does not own invoices
// (package invoice), whose running amounts it moves, nor client money held in trust.
//
// Every change is posted to the ledger on the firm's local day on which it was
// entered, never an earlier one, so that a report of a past day stays as it was.
package receivable

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound   = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInput      = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale      = fault.New(fault.Stale, "version_stale", "someone changed this payment since you opened it; look at the new state and decide again")
	ErrTooMuch    = fault.New(fault.Conflict, "allocation_too_much", "this is more than is open")
	ErrDisputed   = fault.New(fault.Conflict, "allocation_disputed", "this would pay what is in dispute")
	ErrUnapplied  = fault.New(fault.Conflict, "payment_used_up", "this is more than is left of the payment")
	ErrOtherPayor = fault.New(fault.Conflict, "allocation_other_payor", "this invoice is another payor's")
	ErrCurrency   = fault.New(fault.Conflict, "allocation_currency", "invoice and payment are in different currencies")
	ErrReversed   = fault.New(fault.Conflict, "payment_reversed", "this payment was reversed")
	ErrTwice      = fault.New(fault.Conflict, "payment_twice", "a payment just like this one is posted already; if this is another, give it a reference of its own")
	ErrFromTrust  = fault.New(fault.Conflict, "payment_from_trust", "this payment came from trust; it pays the invoice it was approved for, and is taken back with its transfer, on the trust ledger")
	ErrTakenBack  = fault.New(fault.Conflict, "allocation_taken_back", "this allocation was taken back already")
)

// Method is how money came in; stored, never rename.
type Method string

// The methods.
const (
	MethodWire     Method = "wire"
	MethodTransfer Method = "transfer"
	MethodCheck    Method = "check"
	MethodCard     Method = "card"
	MethodCash     Method = "cash"
	MethodOther    Method = "other"

	MethodTrust Method = "trust" // client money, by an approved transfer; nobody posts one by hand

	MethodWithheld Method = "withheld" // tax that the payor withheld of one invoice, by its certificate; no cash
)

// Methods lists them as a form shows them.
func Methods() []Method {
	return []Method{MethodWire, MethodTransfer, MethodCheck, MethodCard, MethodCash, MethodOther}
}

// Payment is money received. AmountMinor = AllocatedMinor + UnappliedMinor +
// ReversedMinor, always (I08).
type Payment struct {
	ID             ident.PaymentID
	Payor          ident.PayorID
	Client         ident.ClientID
	PayorName      string
	Currency       money.Currency
	AmountMinor    int64
	AllocatedMinor int64
	UnappliedMinor int64
	ReversedMinor  int64
	Method         Method
	Reference      string
	ReceivedOn     invoice.Day // value date
	PostedBy       ident.PersonID
	PostedAt       time.Time
	ReverseReason  string
	ReversedAt     *time.Time
	Version        int
}

// Detail is a payment with its allocations, oldest first, those taken back too.
type Detail struct {
	Payment
	Allocations []Allocation
}

// Reversed tells whether the payment was taken back.
func (p *Payment) Reversed() bool { return p.ReversedAt != nil }

// Allocation is the part of a payment that pays one invoice. One that was taken
// back has a second row against it; both stay.
type Allocation struct {
	ID          ident.AllocationID
	Payment     ident.PaymentID
	Invoice     ident.InvoiceID
	Number      string // of the invoice
	AmountMinor int64  // negative when it takes another back
	Reverses    ident.AllocationID
	Method      Method // of the payment
	TakenBack   bool
	MadeAt      time.Time
}

// NewPayment is a receipt to post.
type NewPayment struct {
	Payor       ident.PayorID
	Currency    money.Currency
	AmountMinor int64
	Method      Method
	Reference   string // of the bank or on the check
	ReceivedOn  invoice.Day
}

// MaxMinor is the most that one payment, or one part of it, can be, in minor units:
// a hundred thousand million dollars. Above it stands a slip of the keyboard, and
// sums over a firm's books would no longer fit.
const MaxMinor int64 = 10_000_000_000_000

// overMost is the fault of an amount above MaxMinor.
func overMost(path string, c money.Currency) fault.Field {
	return fault.Field{Path: path, Code: "amount_too_large", Message: "this is more than one payment can be", Fix: "Enter at most " + money.Amount{Minor: MaxMinor, Currency: c}.Text()}
}

// Validate names every field that needs correcting. today is the firm's, and first
// the day before which nobody can have paid it; "" is none.
func (n NewPayment) Validate(first, today invoice.Day) error {
	var fs fault.Fields
	if n.Payor == "" {
		fs.Add("payor", "payor_missing", "choose who paid")
	}
	if n.AmountMinor <= 0 {
		fs.Add("amount", "amount_positive", "enter the amount received, more than zero")
	}
	if n.AmountMinor > MaxMinor {
		fs = append(fs, overMost("amount", n.Currency))
	}
	if !n.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
	}
	if utf8.RuneCountInString(n.Reference) > 80 {
		fs.Add("reference", "text_length", "at most 80 characters")
	}
	switch on := n.ReceivedOn; {
	case on.Time().IsZero():
		fs.Add("received_on", "date_form", "enter the day on which the money arrived, such as %s", today)
	case on > today:
		fs = append(fs, fault.Field{Path: "received_on", Code: "date_range", Message: "this day has not come; at the firm it is " + today.Long(), Fix: "Enter the day on the bank statement, " + today.Long() + " or earlier"})
	case first != "" && on < first:
		fs = append(fs, fault.Field{Path: "received_on", Code: "date_range", Message: "the firm's work here began on " + first.Long() + ", after this day", Fix: "Enter the day on the bank statement, " + first.Long() + " or later"})
	}
	known := false
	for _, m := range Methods() {
		known = known || m == n.Method
	}
	if !known {
		fs.Add("method", "method_unknown", "choose how the money came in")
	}
	return fs.Err(ErrInput)
}

// otherCurrency refuses money in a currency that nothing of the payor is billed in:
// it could never be allocated.
func otherCurrency(c money.Currency, known []money.Currency) error {
	f := fault.Field{Path: "currency", Code: "currency_other", Message: "this payor has no matter and no invoice in " + string(c), Fix: "Open a matter for this payor first"}
	if len(known) > 0 {
		var names []string
		for _, k := range known {
			names = append(names, string(k))
		}
		f.Fix = "Enter " + strings.Join(names, " or ") + ", or choose another payor"
	}
	return ErrInput.On(f)
}

// Share is what a payment shall pay of one invoice.
type Share struct {
	Invoice ident.InvoiceID
	Minor   int64
}

// ShareField is the path under which a fault names the part that pays an invoice.
func ShareField(id ident.InvoiceID) string { return "share." + string(id) }

// validShares names every share that cannot be: each invoice once, each amount
// more than zero and at most MaxMinor.
func validShares(shares []Share) error {
	var fs fault.Fields
	seen := map[ident.InvoiceID]bool{}
	for _, s := range shares {
		if s.Minor <= 0 {
			fs.Add(ShareField(s.Invoice), "amount_positive", "each part must be more than zero")
		}
		if s.Minor > MaxMinor {
			fs.Add(ShareField(s.Invoice), "amount_too_large", "one part can be at most %d minor units; enter less", MaxMinor)
		}
		if seen[s.Invoice] {
			fs.Add(ShareField(s.Invoice), "invoice_twice", "name each invoice once")
		}
		seen[s.Invoice] = true
	}
	if len(shares) == 0 {
		fs.Add("shares", "shares_missing", "say which invoice is paid")
	}
	return fs.Err(ErrInput)
}
