// Package trust is clients' money that a firm holds (Model Rule 1.15, LEGAL-BILLING 13):
// trust accounts, a ledger for each matter in them, what comes in and leaves, retainers
// that live on it, and the three-way reconciliation. It does not own invoices, nor what a
// transfer pays of them (package receivable, in the same transaction).
//
// No ledger is ever below zero and an account is the sum of its ledgers (SECURITY I10): a
// posting moves each balance in place and the database's check on the row decides. Nothing
// leaves without the word of a second person, no fee and no bank charge is a kind of entry,
// and a reconciled period takes no entry (I22).
package trust

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInput    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale    = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and decide again")
	ErrName     = fault.New(fault.Conflict, "trust_name_taken", "another trust account of the firm has this name")
	ErrClosed   = fault.New(fault.Conflict, "trust_account_closed", "this trust account is closed")
	ErrNotEmpty = fault.New(fault.Conflict, "trust_account_not_empty", "there is client money in this account; it closes once it is empty")
	ErrPeriod   = fault.New(fault.Conflict, "trust_period_closed", "this day is in a reconciled period, which is closed")
	ErrTooMuch  = fault.New(fault.Conflict, "trust_too_much", "this is more than the matter has free in trust")
	ErrOnDay    = fault.New(fault.Conflict, "trust_too_much_on_day", "on some day from this one on the matter had less than that in trust")
	ErrTwice    = fault.New(fault.Conflict, "trust_deposit_twice", "a deposit just like this one was recorded already; if this is another, or that one was taken back, give it a reference of its own")
	ErrFourEyes = fault.New(fault.Conflict, "trust_four_eyes", "somebody else decides about what you asked or posted")
	ErrDecided  = fault.New(fault.Conflict, "trust_request_decided", "this request was decided already")
	ErrReversed = fault.New(fault.Conflict, "trust_entry_reversed", "this entry was taken back already, or takes another one back")
	ErrPartial  = fault.New(fault.Forbidden, "trust_partial", "the figures of the whole account are for people who see all of the firm's matters")
)

// MaxMinor is the most of one entry, in minor units, as of a payment.
const MaxMinor int64 = 10_000_000_000_000

// Account is a bank account that holds clients' money. Its figures are those of all its
// ledgers, and zero with Whole false for whoever does not see all of them.
type Account struct {
	ID            ident.TrustAccount
	Name          string
	Bank          string // as the bank's statement names it
	Currency      money.Currency
	BookMinor     int64
	Ledgers       int         // that the actor sees
	ShownMinor    int64       // in them
	ClosedThrough invoice.Day // the last reconciled day, "" before the first
	OpenedAt      time.Time
	ClosedAt      *time.Time
	Version       int
	Whole         bool `gorm:"-"` // BookMinor is told
}

// Open tells whether it takes entries.
func (a *Account) Open() bool { return a.ClosedAt == nil }

// NewAccount is an account to open.
type NewAccount struct {
	Name, Bank string
	Currency   money.Currency
}

// Validate names every field that needs correcting.
func (n NewAccount) Validate() error {
	var fs fault.Fields
	fs.Line("name", n.Name, 1, 80)
	fs.Line("bank", n.Bank, 1, 120)
	if !n.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
	}
	return fs.Err(ErrInput)
}

func positive(fs *fault.Fields, path string, minor int64, c money.Currency) {
	switch {
	case minor <= 0:
		fs.Add(path, "amount_positive", "enter an amount above zero")
	case minor > MaxMinor:
		fs.Add(path, "amount_too_large", "enter at most %s", money.Amount{Minor: MaxMinor, Currency: c}.Text())
	}
}

// Ledger is what a client holds in an account for one matter.
type Ledger struct {
	ID           ident.TrustLedger
	Account      ident.TrustAccount
	AccountName  string
	Matter       ident.MatterID
	Client       ident.ClientID
	MatterNumber string
	MatterName   string
	ClientName   string
	Currency     money.Currency
	BalanceMinor int64
	FrozenMinor  int64 // of it, disputed
	AccountOpen  bool
}

// FreeMinor is what may leave it.
func (l *Ledger) FreeMinor() int64 { return l.BalanceMinor - l.FrozenMinor }

// Kind is what an entry does; stored, never rename. There is none for fees or bank charges:
// they never come out of clients' money.
type Kind string

// The kinds.
const (
	Deposit  Kind = "deposit"
	Refund   Kind = "refund"   // back to the client
	Transfer Kind = "transfer" // to the firm's operating account, for an invoice
	Reversal Kind = "reversal" // takes another entry back
)

// Entry is one event of an account. Its change of the ledger is MovedMinor.
type Entry struct {
	ID           ident.TrustEntry
	Account      ident.TrustAccount
	Ledger       ident.TrustLedger
	Matter       ident.MatterID
	MatterNumber string
	MatterName   string
	Currency     money.Currency
	Kind         Kind
	AmountMinor  int64
	MovedMinor   int64       // as the ledger has it: below zero leaves
	AfterMinor   int64       // what the ledger then had, by the dates of its entries
	DatedOn      invoice.Day // at the bank
	Party        string      // from or to whom
	Reference    string
	Reason       string // of a reversal
	Withdrawal   ident.Withdrawal
	Invoice      ident.InvoiceID // that a transfer paid
	Number       string          // of that invoice
	Payment      ident.PaymentID // that it became
	Reverses     ident.TrustEntry
	ReversedBy   ident.TrustEntry // the entry that took it back
	MadeBy       string           // the name of who posted or asked
	MadeByID     ident.PersonID
	ApprovedBy   string
	MadeAt       time.Time
}

// Posting is one side of an entry; debits are positive.
type Posting struct {
	Side  string // bank: the book of the account; client: the matter's ledger
	Minor int64
}

// EntryView is an entry with both of its sides.
type EntryView struct {
	Entry
	Postings []Posting
}

// farBack is how many years back an entry may be dated.
const farBack = 10

// dated checks the day of an entry: not ahead, not far back, not in a closed period.
func dated(fs *fault.Fields, path string, on, today, closed invoice.Day) {
	switch {
	case on.Time().IsZero():
		fs.Add(path, "date_form", "enter the day on the bank's statement, such as %s", today)
	case on > today:
		fs.Add(path, "date_range", "this day has not come; enter %s or earlier", today.Long())
	case on < invoice.DayOf(today.Time().AddDate(-farBack, 0, 0)):
		fs.Add(path, "date_far", "enter a day of the last ten years")
	case closed != "" && on <= closed:
		fs.Add(path, "trust_period_closed", "the account is reconciled and closed through %s; enter a later day", closed.Long())
	}
}

// NewDeposit is client money that came in.
type NewDeposit struct {
	Matter      ident.MatterID
	AmountMinor int64
	On          invoice.Day // at the bank
	Party       string      // from whom
	Reference   string
}

// validate names every field that needs correcting.
func (n NewDeposit) validate(c money.Currency, today, closed invoice.Day) error {
	var fs fault.Fields
	if n.Matter == "" {
		fs.Add("matter", "matter_missing", "choose the matter that it is held for")
	}
	positive(&fs, "amount", n.AmountMinor, c)
	dated(&fs, "on", n.On, today, closed)
	fs.Line("party", n.Party, 1, 120)
	fs.Line("reference", n.Reference, 0, 80)
	return fs.Err(ErrInput)
}

// Freezing is disputed money that stays apart, or with release, that is free again.
type Freezing struct {
	Ledger ident.TrustLedger
	Minor  int64
	Reason string
}

// Frozen is one freeze, or below zero a release.
type Frozen struct {
	Minor  int64
	Reason string
	By     string
	At     time.Time
}

func (z Freezing) validate(c money.Currency) error {
	var fs fault.Fields
	positive(&fs, "amount", z.Minor, c)
	fs.Line("reason", z.Reason, 3, 300)
	return fs.Err(ErrInput)
}

// atMost is the fault of an amount above what there is.
func atMost(err *fault.Error, minor int64, c money.Currency) error {
	fix := "Enter at most " + money.Amount{Minor: minor, Currency: c}.Text()
	if minor <= 0 {
		fix = "There is nothing to take"
	}
	return err.On(fault.Field{Path: "amount", Code: "trust_too_much", Message: "this is more than there is", Fix: fix})
}

// otherCurrency refuses a matter that is billed in another currency than the account's.
func otherCurrency(have, want money.Currency) error {
	return ErrInput.On(fault.Field{Path: "matter", Code: "currency_other", Message: "this matter is billed in " + string(have), Fix: "Choose an account in that currency; this one is in " + string(want)})
}

// validReversal names every field that needs correcting of what takes an entry back.
func validReversal(was *Entry, on, today, closed invoice.Day, reason string) error {
	var fs fault.Fields
	dated(&fs, "on", on, today, closed)
	if on < was.DatedOn {
		fs.Add("on", "date_range", "the entry is of %s; enter that day or a later one", was.DatedOn.Long())
	}
	fs.Line("reason", reason, 3, 300)
	return fs.Err(ErrInput)
}
