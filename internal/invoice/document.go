package invoice

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/tax"
)

// Form is the version of Document's JSON. A change that alters the bytes of an
// unchanged invoice needs a new number.
const Form = 1

// Receiver is the profile of the payor's portal as it was when the file was made.
type Receiver struct {
	ID      ident.PortalID `json:"id"`
	Name    string         `json:"name"`
	Version int            `json:"version"` // of the profile
	Sent    int            `json:"-"`       // which submission of the invoice the file is for; 0 is the first
	portal.Settings
}

// Kind tells an invoice from a credit note. Amounts of both are written as
// positive; the kind says which way they count.
type Kind string

// The kinds.
const (
	KindInvoice    Kind = "invoice"
	KindCreditNote Kind = "credit_note"
)

// Document is the one canonical invoice: a snapshot of everything that was true
// and printed at issue. Paper, LEDES and pages are encoders over it, and its hash
// is what the audit tree holds, so it has no floats, no maps and no clock. Names
// and addresses are copies: a client that moves does not change an old invoice.
type Document struct {
	Form      int              `json:"form"`
	Kind      Kind             `json:"kind"`
	ID        ident.InvoiceID  `json:"id"` // of a credit note: its own ID
	Number    string           `json:"number"`
	Series    string           `json:"series"`
	IssuedOn  Day              `json:"issued_on"`
	DueOn     Day              `json:"due_on"`
	From      Day              `json:"from"` // first and last day of what is billed
	To        Day              `json:"to"`
	Currency  money.Currency   `json:"currency"`
	Lang      string           `json:"lang"`  // BCP 47
	Sheet     Sheet            `json:"sheet"` // the paper's size
	Rounding  money.Rounding   `json:"rounding"`
	TaxBasis  TaxBasis         `json:"tax_basis"`
	Firm      Party            `json:"firm"`
	Bank      Bank             `json:"bank"`
	Payor     Party            `json:"payor"`
	Client    Client           `json:"client"`
	Matter    Matter           `json:"matter"`
	PO        string           `json:"po,omitempty"`       // the payor's purchase order
	Text      string           `json:"text,omitempty"`     // above the lines
	People    []Timekeeper     `json:"people"`             // who billed, by code
	Lines     []Line           `json:"lines"`              // fees first, each kind by date
	Levies    []tax.Levy       `json:"levies,omitempty"`   // the taxes that are charged and withheld; none of an invoice of one rate
	TaxKind   tax.Kind         `json:"tax_kind,omitempty"` // of the treatment that the taxes are of; "" is none, a rate of the matter's own
	Taxes     []Tax            `json:"taxes"`              // by rate, or by levy; none where no tax is due
	Withheld  []Tax            `json:"withheld,omitempty"` // by who pays, of the total
	TaxNote   string           `json:"tax_note,omitempty"` // such as the reverse-charge sentence
	Prompt    *Prompt          `json:"prompt,omitempty"`   // a discount on prompt payment, as agreed
	Totals    Totals           `json:"totals"`
	Prebill   ident.PrebillID  `json:"prebill,omitempty"`
	Approval  string           `json:"approval,omitempty"` // the content hash that the partner approved
	Part      *Part            `json:"part,omitempty"`     // of a bill that several payors share
	Closing   *prebill.Closing `json:"closing,omitempty"`  // of a contingent fee: the statement of what came in
	Corrects  *Reference       `json:"corrects,omitempty"` // of a credit note: the invoice
	Because   string           `json:"because,omitempty"`  // of a credit note: why
	LawFirmID string           `json:"law_firm_id"`        // LEDES LAW_FIRM_ID
	EBillAs   Format           `json:"ebill,omitempty"`    // what the payor reads; "" is a flat LEDES file
	Receiver  *Receiver        `json:"receiver,omitempty"` // through which it is served; nil is nobody in particular

	own      code.Codes       // of the client, when its receiver is asked: no part of what is kept
	numbered []portal.Finding // of its number, likewise
}

// Sheet is a size of paper.
type Sheet string

// The sizes. A firm in North America prints letter.
const (
	SheetA4     Sheet = "a4"
	SheetLetter Sheet = "letter"
)

// TaxBasis says what a tax rate is applied to; both are rounded by Rounding.
type TaxBasis string

// The bases. By line agrees with LEDES 98BI; by rate taxes the subtotal of a rate.
const (
	TaxByLine TaxBasis = "line"
	TaxByRate TaxBasis = "rate"
)

// Party is the firm or the payor as printed.
type Party struct {
	Name    string   `json:"name"`
	Lines   []string `json:"lines"` // address, as on an envelope
	Country string   `json:"country"`
	TaxID   string   `json:"tax_id,omitempty"`
	Attn    string   `json:"attn,omitempty"`
	Phone   string   `json:"phone,omitempty"`
}

// Bank is where the money goes. The names of account and code are the country's:
// IBAN and BIC, or account and routing number.
type Bank struct {
	Name        string `json:"name,omitempty"`
	Account     string `json:"account,omitempty"`
	AccountName string `json:"account_name,omitempty"`
	Code        string `json:"code,omitempty"`
	CodeName    string `json:"code_name,omitempty"`
}

// Client is whose matter it is; the payor may be someone else.
type Client struct {
	Number string `json:"number"`
	Name   string `json:"name"`
}

// Matter is what the work was for.
type Matter struct {
	ID        ident.MatterID `json:"id"`
	Number    string         `json:"number"`
	Name      string         `json:"name"`
	ClientRef string         `json:"client_ref,omitempty"` // the client's own number of it
}

// Timekeeper is one who billed.
type Timekeeper struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Class string `json:"class"` // LEDES: PARTNR, ASSOC, ...
}

// LineKind is what a line bills.
type LineKind string

// The kinds of lines. A price and an adjustment are of the fees, without an entry and
// without hours: a price is units at what each costs, mostly one, an adjustment nothing but one.
const (
	Fee        LineKind = "fee"
	Price      LineKind = "price"
	Adjustment LineKind = "adjustment"
	Expense    LineKind = "expense"
)

// kinds lists them in the order in which they stand on an invoice.
var kinds = []LineKind{Fee, Price, Adjustment, Expense}

// Line is one billed entry, or a line of the fees beside the entries. Amount = Value +
// Adjust, and Value is Quantity x Rate rounded once (I02).
type Line struct {
	ID          ident.InvoiceLine `json:"id"`
	No          int               `json:"no"` // from 1
	Entry       ident.EntryID     `json:"entry,omitempty"`
	Merges      []ident.EntryID   `json:"merges,omitempty"` // of a line that bills several entries: all of them, Entry the first
	Kind        LineKind          `json:"kind"`
	On          Day               `json:"on"`
	Who         string            `json:"who,omitempty"` // timekeeper code
	Task        string            `json:"task,omitempty"`
	Activity    string            `json:"activity,omitempty"`
	ExpenseCode string            `json:"expense_code,omitempty"`
	Narrative   string            `json:"narrative"`
	QuantityE4  money.Fixed4      `json:"quantity_e4"` // hours of a fee
	RateE4      money.Fixed4      `json:"rate_e4"`
	ValueMinor  int64             `json:"value_minor"`
	AdjustMinor int64             `json:"adjust_minor,omitempty"`
	Reason      string            `json:"reason,omitempty"` // of the adjustment or of a change: COURTESY, ...
	AmountMinor int64             `json:"amount_minor"`
	TaxE6       money.Fraction    `json:"tax_e6,omitempty"`
	TaxMinor    int64             `json:"tax_minor,omitempty"` // with levies the sum of Taxes
	Taxes       []LineTax         `json:"taxes,omitempty"`     // in the order of the levies; none of a line of one rate
	WholeNo     int               `json:"whole_no,omitempty"`  // of a share: which line of the whole bill, and its amount
	WholeMinor  int64             `json:"whole_minor,omitempty"`
	OfNo        int               `json:"of_no,omitempty"` // of a credit note over a part: which line of the invoice it takes back, and its amount
	OfMinor     int64             `json:"of_minor,omitempty"`
	Original    *Original         `json:"original,omitempty"`  // as recorded; nil when billed so
	Converted   *Converted        `json:"converted,omitempty"` // of a price in another currency; nil where the line bills at no such price
}

// Hourly tells whether the line has hours or pieces at a rate that a reader wants to
// see: work, and costs of more than one piece.
func (l *Line) Hourly() bool {
	return l.Kind == Fee || l.Kind == Expense && l.QuantityE4 != oneUnit
}

// Converted is how the price of an hour, or of one of a cost, came out of the currency that it
// was agreed or paid in.
type Converted struct {
	From    money.Currency `json:"from"`
	PriceE4 money.Fixed4   `json:"price_e4"`
	RateE8  money.Exchange `json:"rate_e8"`
	On      Day            `json:"on"` // of the exchange rate
}

// Original is what the timekeeper had recorded, where the bill differs. It is kept
// and never printed.
type Original struct {
	Narrative   string       `json:"narrative"`
	Task        string       `json:"task,omitempty"`
	Activity    string       `json:"activity,omitempty"`
	ExpenseCode string       `json:"expense_code,omitempty"`
	QuantityE4  money.Fixed4 `json:"quantity_e4"`
	RateE4      money.Fixed4 `json:"rate_e4"`
	AmountMinor int64        `json:"amount_minor"`
}

// Tax is one rate, or one levy, with what it was applied to.
type Tax struct {
	Name      string         `json:"name"` // VAT, Sales tax, ...
	RateE6    money.Fraction `json:"rate_e6"`
	BaseMinor int64          `json:"base_minor"` // with the tax that it is on
	TaxMinor  int64          `json:"tax_minor"`
	Code      string         `json:"code,omitempty"`   // of the levy, as all below
	Number    string         `json:"number,omitempty"` // of registration
	On        string         `json:"on,omitempty"`     // code of the tax that is part of the base
}

// Totals in minor units of the invoice's currency.
type Totals struct {
	FeesMinor     int64 `json:"fees_minor"`
	ExpensesMinor int64 `json:"expenses_minor"`
	NetMinor      int64 `json:"net_minor"`
	TaxMinor      int64 `json:"tax_minor"`
	TotalMinor    int64 `json:"total_minor"`
	WithheldMinor int64 `json:"withheld_minor,omitempty"` // of the total, by who pays
}

// Reference names the invoice that a credit note corrects.
type Reference struct {
	ID         ident.InvoiceID `json:"id"`
	Number     string          `json:"number"`
	IssuedOn   Day             `json:"issued_on"`
	TotalMinor int64           `json:"total_minor"`
}

// Canonical is the document's JSON, always the same bytes for the same content.
func (d *Document) Canonical() ([]byte, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode document %s: %w", d.ID, err)
	}
	return b, nil
}

// Hash is the SHA-256 of Canonical in hexadecimal.
func (d *Document) Hash() (string, error) {
	b, err := d.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// ReadDocument reads what Canonical wrote, also after jsonb reordered its keys.
func ReadDocument(b []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if d.Form != Form {
		return nil, fmt.Errorf("read document %s: form %d is not known", d.ID, d.Form)
	}
	return &d, nil
}
