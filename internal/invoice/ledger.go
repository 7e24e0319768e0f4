package invoice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Account is one account of the firm's ledger; stored, never rename.
type Account string

// The accounts. Receivable is by invoice, unapplied by payment.
const (
	AccountReceivable Account = "receivable"
	AccountFees       Account = "fees"
	AccountExpenses   Account = "expenses"
	AccountTax        Account = "tax"
	AccountCash       Account = "cash"
	AccountUnapplied  Account = "unapplied"
	AccountAllowances Account = "allowances" // fees that a prompt payment left out
	AccountWithheld   Account = "withheld"   // tax that payors paid to the tax office for the firm
)

// Event is what a journal posts; stored, never rename.
type Event string

// The events. A release takes an allocation back, a reversal a payment.
const (
	EventInvoice    Event = "invoice"
	EventCreditNote Event = "credit_note"
	EventPayment    Event = "payment"
	EventAllocation Event = "allocation"
	EventRelease    Event = "release"
	EventReversal   Event = "reversal"

	EventAllowance     Event = "allowance"
	EventAllowanceBack Event = "allowance_back"
)

// Journal is everything that one event posts. Debits are positive, and the
// amounts sum to zero: the database refuses the transaction otherwise (I11).
type Journal struct {
	Event      Event
	On         Day // today in the firm's zone
	Currency   money.Currency
	Client     ident.ClientID
	Payor      ident.PayorID
	Invoice    ident.InvoiceID
	CreditNote ident.CreditNoteID
	Payment    ident.PaymentID
	Amounts    []Posting
}

// Posting is one side of a journal.
type Posting struct {
	Account Account
	Minor   int64
}

// Post writes a journal; postings of nothing are left out. The ledger is append-only.
func Post(tx *db.Tx, j Journal) error {
	var ids, accounts []string
	var minors []int64
	for _, p := range j.Amounts {
		if p.Minor != 0 {
			ids = append(ids, ident.New[string](tx.Now))
			accounts, minors = append(accounts, string(p.Account)), append(minors, p.Minor)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := tx.Exec(`INSERT INTO posting (firm_id, id, journal_id, event, posted_on, posted_at, account, amount_minor, currency, client_id, payor_id, invoice_id, credit_note_id, payment_id)
		SELECT ?, p.id, ?, ?, ?, ?, p.account, p.minor, ?, ?, ?, ?::uuid, ?::uuid, ?::uuid
		FROM unnest(?::uuid[], ?::text[], ?::bigint[]) AS p (id, account, minor)`,
		tx.Scope.Firm, ident.New[string](tx.Now), j.Event, j.On, tx.Now, j.Currency, j.Client, j.Payor,
		orNull(j.Invoice), orNull(j.CreditNote), orNull(j.Payment), db.Array(ids), db.Array(accounts), db.Array(minors)).Error
	if err != nil {
		return fmt.Errorf("post %s of %s: %w", j.Event, j.Invoice+ident.InvoiceID(j.Payment), err)
	}
	return nil
}

// orNull is a column that may be empty.
func orNull[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
