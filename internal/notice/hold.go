package notice

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// HoldKind is why somebody keeps reminders back; stored. The kinds are reasons, too.
type HoldKind string

// The kinds. A veto is a partner's, over one invoice until a day.
const (
	HoldNoReminders HoldKind = "no_reminders"
	HoldLegal       HoldKind = "legal_hold"
	HoldConflict    HoldKind = "conflict"
	HoldWithdrawal  HoldKind = "withdrawal"
	HoldInsolvency  HoldKind = "insolvency"
	HoldCredit      HoldKind = "credit_pending"
	HoldPlan        HoldKind = "payment_plan"
	HoldVeto        HoldKind = "veto"
)

// HoldKinds are those that a person sets as a flag.
func HoldKinds() []HoldKind {
	return []HoldKind{HoldNoReminders, HoldLegal, HoldConflict, HoldWithdrawal, HoldInsolvency, HoldCredit, HoldPlan}
}

// Hold keeps reminders back: of a client, a matter or one invoice.
type Hold struct {
	ID      ident.ReminderHold
	Kind    HoldKind
	Client  ident.ClientID
	Matter  ident.MatterID
	Invoice ident.InvoiceID
	About   string // the client's name, or the number of the matter or the invoice
	Reason  string
	Until   invoice.Day // the last day, "" until it is ended
	By      string
	At      time.Time
}

// NewHold is one as a person sets it.
type NewHold struct {
	Kind    HoldKind
	Client  ident.ClientID
	Matter  ident.MatterID
	Invoice ident.InvoiceID
	Reason  string
	Until   invoice.Day
}

// mostDays is how far ahead a day may be that somebody names.
const mostDays = 730

func (n *NewHold) validate(today invoice.Day) error {
	var fs fault.Fields
	known := false
	for _, k := range HoldKinds() {
		known = known || k == n.Kind
	}
	if !known {
		fs.Add("kind", "kind_unknown", "choose why nobody is reminded")
	}
	things := 0
	for _, id := range []string{string(n.Client), string(n.Matter), string(n.Invoice)} {
		if id != "" {
			things++
		}
	}
	if things != 1 {
		fs.Add("client_id", "thing_missing", "name one client, one matter or one invoice")
	}
	reasonTyped(&fs, n.Reason)
	untilTyped(&fs, "until", n.Until, today)
	return fs.Err(ErrReason)
}

func reasonTyped(fs *fault.Fields, reason string) {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < 3 || n > 300 {
		fs.Add("reason", "text_length", "say why in 3 to 300 characters")
	} else if f, ok := fault.UnseenTyped("reason", reason); !ok {
		*fs = append(*fs, f)
	}
}

// untilTyped wants a day from today on, not too far; "" is none.
func untilTyped(fs *fault.Fields, path string, day, today invoice.Day) {
	if day == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, string(day)); err != nil {
		fs.Add(path, "date_form", "enter a date such as 2026-11-24")
	} else if day < today || today.Until(day) > mostDays {
		fs.Add(path, "day_range", "enter a day from today until %s", today.Add(mostDays).Long())
	}
}

// PromiseState is what became of a promise; stored.
type PromiseState string

// The states of a promise.
const (
	PromiseOpen   PromiseState = "open"
	PromiseKept   PromiseState = "kept"
	PromiseBroken PromiseState = "broken"
	// PromiseReplaced is one in whose place another was noted while it was open: neither kept nor broken.
	PromiseReplaced PromiseState = "replaced"
)

// Promise is what a payor said to pay on an invoice by a day. Several are a payment plan.
type Promise struct {
	ID          ident.PromiseID
	Invoice     ident.InvoiceID
	Number      string
	Currency    money.Currency
	AmountMinor int64
	On          invoice.Day
	TargetMinor int64 // paid on the invoice by then
	Note        string
	State       PromiseState
	By          string
	At          time.Time
}

// settle tells what became of a promise on a day: kept once the invoice has that much paid, or
// nothing is open any more where a part was credited since; broken when neither is so three days
// after its day.
func (p *Promise) settle(paidMinor, openMinor int64, today invoice.Day) PromiseState {
	switch {
	case paidMinor >= p.TargetMinor, openMinor <= 0:
		return PromiseKept
	case today > p.On.Add(promiseGrace):
		return PromiseBroken
	default:
		return PromiseOpen
	}
}

// NewPromise is one as a person heard it.
type NewPromise struct {
	AmountMinor int64
	On          invoice.Day
	Note        string
	Replaces    bool // what was promised before and is open: a slip of the pen, or another word from the payor
}

// validate wants an amount that is open and not promised already, and a day after those
// promised before.
func (n *NewPromise) validate(asked, promised int64, last, today invoice.Day) error {
	var fs fault.Fields
	if left := asked - promised; n.AmountMinor < 1 || n.AmountMinor > left {
		fs.Add("amount_minor", "amount_range", "enter an amount up to what is open and not promised yet, %d in minor units", max(left, 0))
	}
	if n.On == "" {
		fs.Add("on", "day_missing", "enter the day by which it is to be paid")
	}
	untilTyped(&fs, "on", n.On, today)
	if n.On != "" && n.On <= last {
		fs.Add("on", "days_order", "enter a day after %s, for which the instalment before is promised", last.Long())
	}
	if utf8.RuneCountInString(n.Note) > 300 {
		fs.Add("note", "text_length", "keep the note to 300 characters")
	} else if f, ok := fault.UnseenTyped("note", n.Note); !ok {
		fs = append(fs, f)
	}
	return fs.Err(ErrReason)
}
