package trust

import (
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Result is what a reconciliation came to; stored, never rename.
type Result string

// The results.
const (
	Agree    Result = "agree"
	Disagree Result = "disagree"
	Missing  Result = "missing" // an input is: nothing can be said
)

// ItemKind is what is outstanding at the bank; stored, never rename.
type ItemKind string

// The kinds: in the book and not yet on the statement.
const (
	InTransit ItemKind = "deposit_in_transit"
	Unpaid    ItemKind = "withdrawal_outstanding"
)

// Outstanding is one item that the book has and the statement does not have yet.
type Outstanding struct {
	Kind  ItemKind    `json:"kind"`
	Minor int64       `json:"minor"`
	On    invoice.Day `json:"on"` // of the book
	Text  string      `json:"text,omitempty"`
}

// maxItems are the items of one reconciliation.
const maxItems = 500

// Statement is what somebody types for a reconciliation as of a day.
type Statement struct {
	AsOf         invoice.Day
	BalanceMinor *int64        // of the bank's statement; nil when it is not there
	Items        []Outstanding // what is outstanding
	NoneOpen     bool          // nothing is; without it an empty list is not known
}

// validate names every field that needs correcting. The day must be over at the firm: more
// may come on one that is not.
func (st Statement) validate(c money.Currency, today, closed invoice.Day) error {
	var fs fault.Fields
	dated(&fs, "as_of", st.AsOf, today, closed)
	if st.AsOf == today {
		fs.Add("as_of", "date_range", "this day is not over; enter %s or earlier", today.Add(-1).Long())
	}
	if st.BalanceMinor != nil && (*st.BalanceMinor < -MaxMinor || *st.BalanceMinor > MaxMinor) {
		fs.Add("statement", "amount_too_large", "enter at most %s", money.Amount{Minor: MaxMinor, Currency: c}.Text())
	}
	if st.NoneOpen && len(st.Items) > 0 {
		fs.Add("none_open", "trust_items_both", "either nothing is outstanding, or these items are")
	}
	if len(st.Items) > maxItems {
		fs.Add("items", "too_many", "enter at most %d items", maxItems)
	}
	for i, x := range st.Items {
		at := "items." + strconv.Itoa(i)
		if x.Kind != InTransit && x.Kind != Unpaid {
			fs.Add(at+".kind", "trust_item_kind", "say whether it is a deposit in transit or a withdrawal that the bank has not paid")
		}
		positive(&fs, at+".amount", x.Minor, c)
		if x.On.Time().IsZero() || x.On > st.AsOf {
			fs.Add(at+".on", "date_range", "enter the day it has in the book, %s or earlier", st.AsOf)
		}
		fs.Line(at+".text", x.Text, 0, 120)
	}
	return fs.Err(ErrInput)
}

// known tells whether somebody said what is outstanding.
func (st *Statement) known() bool { return st.NoneOpen || len(st.Items) > 0 }

// Reconciliation compares, as of one day, the bank's statement with what is outstanding, the
// account's book, and the sum of the matters' ledgers.
type Reconciliation struct {
	ID             ident.Reconcile
	Account        ident.TrustAccount
	AccountName    string
	Currency       money.Currency
	AsOf           invoice.Day
	StatementMinor *int64
	Items          []Outstanding `gorm:"-"`
	ItemsKnown     bool          `gorm:"-"`
	AdjustedMinor  *int64        // the statement with what is outstanding
	BookMinor      int64
	LedgersMinor   int64
	Result         Result
	PreparedBy     string
	PreparedAt     time.Time
	SignedBy       string
	SignedAt       *time.Time
	Version        int
}

// compare works the three out. The sums of the items stay far from what int64 holds: each is
// at most MaxMinor and there are at most maxItems.
func compare(st Statement, bookMinor, ledgersMinor int64) Reconciliation {
	r := Reconciliation{AsOf: st.AsOf, StatementMinor: st.BalanceMinor, Items: st.Items, ItemsKnown: st.known(), BookMinor: bookMinor, LedgersMinor: ledgersMinor, Result: Missing}
	if st.BalanceMinor == nil || !st.known() {
		return r
	}
	adjusted := *st.BalanceMinor
	for _, x := range st.Items {
		if x.Kind == InTransit {
			adjusted += x.Minor
		} else {
			adjusted -= x.Minor
		}
	}
	r.AdjustedMinor, r.Result = &adjusted, Disagree
	if adjusted == bookMinor && bookMinor == ledgersMinor {
		r.Result = Agree
	}
	return r
}

// MissingInputs names what is not there: statement, outstanding.
func (r *Reconciliation) MissingInputs() (names []string) {
	if r.StatementMinor == nil {
		names = append(names, "statement")
	}
	if !r.ItemsKnown {
		names = append(names, "outstanding")
	}
	return names
}

// Differences are bank less book, and book less ledgers; zero where an input is missing.
func (r *Reconciliation) Differences() (bankMinor, ledgersMinor int64) {
	if r.AdjustedMinor != nil {
		bankMinor = *r.AdjustedMinor - r.BookMinor
	}
	return bankMinor, r.BookMinor - r.LedgersMinor
}

// Faults of signing.
var (
	ErrNotAgreed = fault.New(fault.Conflict, "trust_not_agreed", "only a reconciliation whose three figures agree is signed; find the difference first")
	ErrSigned    = fault.New(fault.Conflict, "trust_signed", "this reconciliation is signed")
	ErrSigner    = fault.New(fault.Conflict, "trust_signer_posted", "you posted or approved in this period; somebody who did not signs it")
	ErrBook      = fault.New(fault.Stale, "trust_book_changed", "entries were posted in this period since it was reconciled; reconcile it again")
)
