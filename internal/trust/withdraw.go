package trust

import (
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// State is that of a request; stored, never rename.
type State string

// The states. From the first each of the others follows, once.
const (
	Asked     State = "asked"
	Done      State = "done"
	Declined  State = "declined"
	Retracted State = "withdrawn"
)

// States lists them as a list's tabs have them.
func States() []State { return []State{Asked, Done, Declined, Retracted} }

// Withdrawal is what somebody asked to leave a ledger. Somebody else of the firm approves
// it, and with that it is done: a transfer pays its invoice in the same transaction.
type Withdrawal struct {
	ID           ident.Withdrawal
	Account      ident.TrustAccount
	AccountName  string
	Ledger       ident.TrustLedger
	Matter       ident.MatterID
	MatterNumber string
	MatterName   string
	ClientName   string
	Currency     money.Currency
	Kind         Kind // transfer or refund
	Invoice      ident.InvoiceID
	Number       string // of the invoice
	OpenMinor    int64  // of the invoice, now
	FreeMinor    int64  // of the ledger, now
	AmountMinor  int64
	LastBill     bool
	Payee        string
	Note         string
	Status       State
	Entry        ident.TrustEntry // once it is done
	Payment      ident.PaymentID  // likewise, of a transfer
	AskedBy      ident.PersonID
	AskedByName  string
	AskedAt      time.Time
	DecidedBy    string
	DecidedAt    *time.Time
	Reason       string
	Version      int
}

// Asking is a request to make.
type Asking struct {
	Kind        Kind
	Invoice     ident.InvoiceID // of a transfer
	AmountMinor int64
	LastBill    bool   // the invoice is the matter's last
	Payee       string // of a refund: the client's account
	Note        string
}

func (a Asking) validate(c money.Currency) error {
	var fs fault.Fields
	switch a.Kind {
	case Transfer:
		if a.Invoice == "" {
			fs.Add("invoice", "invoice_missing", "choose the invoice that it pays; client money leaves for a final invoice alone, or back to the client")
		}
		if a.Payee != "" {
			fs.Add("payee", "payee_of_refund", "a transfer goes to the firm's operating account; leave this empty")
		}
	case Refund:
		if a.Invoice != "" || a.LastBill {
			fs.Add("invoice", "invoice_of_transfer", "a refund pays no invoice; leave this empty")
		}
		fs.Line("payee", a.Payee, 1, 120)
	case Deposit, Reversal:
		fs.Add("kind", "trust_kind_unknown", "choose a transfer for an invoice, or a refund to the client")
	default:
		fs.Add("kind", "trust_kind_unknown", "choose a transfer for an invoice, or a refund to the client")
	}
	positive(&fs, "amount", a.AmountMinor, c)
	fs.Line("note", a.Note, 0, 300)
	return fs.Err(ErrInput)
}

// ErrHeld refuses a draw on a security retainer before the last bill.
var ErrHeld = fault.New(fault.Conflict, "trust_security_held", "a security retainer is held to the end and pays the last bill alone; say that this is the matter's last bill")

// ErrNotLast refuses to call an invoice the last while there is a later one.
var ErrNotLast = fault.New(fault.Conflict, "trust_not_last_bill", "this is not the matter's last bill: a later one was issued")

// ErrInvoice refuses an invoice that a ledger cannot pay.
var ErrInvoice = fault.New(fault.Conflict, "trust_invoice_other", "this invoice is another matter's, or in another currency")

// ErrShare refuses another payor's share of a bill: the money is the client's.
var ErrShare = fault.New(fault.Conflict, "trust_invoice_share", "this invoice is another payor's share of the bill; client money pays what its own client owes")

// ErrInvoiceDisputed refuses client money for what its client disputes (LEGAL-BILLING 13: the
// disputed part stays apart).
var ErrInvoiceDisputed = fault.New(fault.Conflict, "trust_invoice_disputed", "this would pay what the client disputes of the invoice; client money pays the undisputed part, and the rest once the dispute has ended")

// ErrInvoiceWithheld refuses client money for tax that the client keeps back for the tax office
// (LEGAL-BILLING 5): the invoice asks for the rest.
var ErrInvoiceWithheld = fault.New(fault.Conflict, "trust_invoice_withheld", "this would pay tax that the client withholds of the invoice for the tax office; client money pays what is due to the firm")

// permits decides about a transfer for a locked invoice from a ledger: the lower of what is
// open, neither disputed nor withheld, and what is free, and a security retainer for the last
// bill only. last tells that no later invoice of the matter stands.
func permits(a Asking, l *Ledger, inv *invoice.Invoice, terms arrangement.Kind, last bool) error {
	due := max(inv.UndisputedMinor()-inv.WithheldOpenMinor, 0)
	switch most := min(due, l.FreeMinor()); {
	case inv.Matter != l.Matter || inv.Currency != l.Currency:
		return ErrInvoice
	case terms == arrangement.KindSecurity && !a.LastBill:
		return ErrHeld.On(fault.Field{Path: "last_bill", Code: "trust_security_held", Message: "a security retainer pays the matter's last bill alone", Fix: "Say that it is the last bill, or leave the deposit where it is"})
	case a.LastBill && !last:
		return ErrNotLast
	case a.AmountMinor > inv.UndisputedMinor() && a.AmountMinor <= inv.OpenMinor:
		return atMost(ErrInvoiceDisputed, most, l.Currency)
	case a.AmountMinor > due && a.AmountMinor <= inv.OpenMinor:
		return atMost(ErrInvoiceWithheld, most, l.Currency)
	case a.AmountMinor > most:
		return atMost(ErrTooMuch.With("this is more than the invoice has open or the matter has free in trust"), most, l.Currency)
	}
	return nil
}
