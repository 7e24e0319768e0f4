// Package invoice turns approved pre-bills into numbered, unchangeable invoices
// and corrects them by credit notes. It owns runs, numbers, the canonical document
// with its paper and LEDES files, the states of an invoice and the ledger. It does
// not own the draft (package prebill) nor the money that comes in (package
// receivable).
//
// A bill that payors share is an invoice of each of them, all issued in one transaction and each
// with its own number: together they are the bill, line by line. Each is owed, paid, reminded of,
// sent and credited by itself.
//
// Dates: issued_on and due_on are printed and are the firm's local days; posted_on
// is the local day on which the ledger learnt of something, never an earlier one.
package invoice

import (
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound       = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrNothing        = fault.New(fault.Conflict, "run_empty", "no approved pre-bill is waiting here")
	ErrInput          = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrBeforeWork     = fault.New(fault.Conflict, "invoice_before_work", "the invoice's date lies before the last day of work on it")
	ErrDate           = fault.New(fault.Invalid, "run_before_work", "the invoice's date lies before the last day of work on every pre-bill chosen")
	ErrBank           = fault.New(fault.Conflict, "firm_bank_missing", "the firm has not entered where it is paid")
	ErrFirmTaxID      = fault.New(fault.Conflict, "firm_tax_id_missing", "the firm has not entered its tax id, and this invoice has tax")
	ErrSeveralTaxes   = fault.New(fault.Conflict, "invoice_taxes_several", "several taxes stand on one line, and the receiver's format has room for one")
	ErrReverse        = fault.New(fault.Conflict, "payor_tax_id_missing", "the payor accounts for the tax, and has no tax number to print; enter it on the payor's page")
	ErrControl        = fault.New(fault.Conflict, "invoice_differs_from_approval", "the invoice would differ from what was approved")
	ErrCredited       = fault.New(fault.Conflict, "invoice_credited", "this invoice is credited already")
	ErrFormat         = fault.New(fault.Invalid, "invoice_format_unfit", "this invoice cannot be written in that format")
	ErrCreditTooMuch  = fault.New(fault.Conflict, "credit_too_much", "this is more than is left of the invoice to credit")
	ErrDisputed       = fault.New(fault.Conflict, "invoice_disputed", "this would take off what is in dispute; settle the dispute first, or take less")
	ErrCreditStale    = fault.New(fault.Stale, "credit_note_stale", "the invoice changed since you saw this note; look at the new one and decide again")
	ErrCreditWithheld = fault.New(fault.Conflict, "credit_withheld", "a certificate of tax withheld has settled this; take it back first, or credit less")
	ErrNothingToPay   = fault.New(fault.Conflict, "invoice_zero", "an invoice of nothing needs no credit")
	ErrRightEnded     = fault.New(fault.Forbidden, "run_right_ended", "who started this run may not issue this any more; the firm's administrator can grant it again")
	ErrSealed         = fault.New(fault.Internal, "invoice_hash_differs", "the stored invoice is not the one that was issued")
)

// Status is where an invoice stands. The graph is table invoice_transition.
type Status string

// The states. An invoice that leaves Paid again had a payment reversed.
const (
	StatusIssued   Status = "issued"
	StatusSent     Status = "sent"
	StatusPartPaid Status = "part_paid"
	StatusPaid     Status = "paid"
	StatusCredited Status = "credited"
)

// Words is the state for a reader.
func (s Status) Words() string {
	if s == "" {
		return ""
	}
	return strings.ReplaceAll(string(s[0]-'a'+'A')+string(s[1:]), "_", " ")
}

// Invoice is an issued invoice as lists show it. Amounts are minor units of
// Currency; OpenMinor = TotalMinor - CreditedMinor - PaidMinor - AllowedMinor, always (I03).
type Invoice struct {
	ID            ident.InvoiceID
	Prebill       ident.PrebillID
	Run           ident.RunID
	Matter        ident.MatterID
	Client        ident.ClientID
	Payor         ident.PayorID
	Number        string
	Place         int64 // of the number in its series
	IssuedOn      Day
	DueOn         Day
	Currency      money.Currency
	NetMinor      int64
	TaxMinor      int64
	TotalMinor    int64
	CreditedMinor int64
	PaidMinor     int64
	AllowedMinor  int64 // left out by a prompt payment
	DisputedMinor int64 // of what is open
	OpenMinor     int64
	Status        Status
	ContentHash   string
	IssuedAt      time.Time
	SentAt        *time.Time

	PromptUntil    Day   // by when less is enough, "" without a discount on prompt payment
	PromptMinor    int64 // what may be left out, with PromptTaxMinor
	PromptTaxMinor int64
	WithheldMinor  int64 // what who pays keeps back of the total for the tax office, as the invoice says
	// WithheldOpenMinor is what of it has no certificate yet, when the invoice was loaded.
	WithheldOpenMinor int64

	MatterNumber string
	MatterName   string
	Label        int16 // of the matter
	ClientName   string
	PayorName    string
}

// UndisputedMinor is what is open and not in dispute: what may be reminded of, and paid without
// settling a dispute first.
func (i *Invoice) UndisputedMinor() int64 { return i.OpenMinor - i.DisputedMinor }

// Settle puts open amount and status in line with what was credited and paid.
func (i *Invoice) Settle() {
	i.OpenMinor = i.TotalMinor - i.CreditedMinor - i.PaidMinor - i.AllowedMinor
	switch {
	case i.CreditedMinor == i.TotalMinor && i.TotalMinor > 0:
		i.Status = StatusCredited
	case i.OpenMinor == 0 && i.PaidMinor > 0:
		i.Status = StatusPaid
	case i.PaidMinor > 0:
		i.Status = StatusPartPaid
	case i.SentAt != nil:
		i.Status = StatusSent
	default:
		i.Status = StatusIssued
	}
}

// CreditNote takes back an invoice, or a part of it.
type CreditNote struct {
	ID         ident.CreditNoteID
	Invoice    ident.InvoiceID
	Number     string
	IssuedOn   Day
	Currency   money.Currency
	TotalMinor int64
	Reason     string
	Rebill     bool
	Part       bool `json:",omitempty"` // something of the invoice stood after it
	IssuedAt   time.Time
	EBill      Format `gorm:"column:ebill" json:",omitempty"` // its e-bill beside the PDF, "" where it has none
}

// File is one stored file of an invoice or credit note.
type File struct {
	Format Format
	Blob   ident.BlobID
	SHA256 string
	Bytes  int64
	Notes  int // texts that a LEDES file had to spell otherwise
}

// InvoiceWanted asks the worker to issue one item of a run.
type InvoiceWanted struct {
	Item ident.RunItemID `json:"run_item_id"`
}

// Kind is stored with the job.
func (InvoiceWanted) Kind() string { return "invoice.wanted" }

// DeliveryWanted asks the worker to send an issued invoice to its payor.
type DeliveryWanted struct {
	Invoice ident.InvoiceID `json:"invoice_id"`
}

// Kind is stored with the job.
func (DeliveryWanted) Kind() string { return "invoice.delivery_wanted" }

// CreditDeliveryWanted asks the worker to send a credit note to the payor of its invoice.
type CreditDeliveryWanted struct {
	CreditNote ident.CreditNoteID `json:"credit_note_id"`
}

// Kind is stored with the job.
func (CreditDeliveryWanted) Kind() string { return "invoice.credit_delivery_wanted" }
