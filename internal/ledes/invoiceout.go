package ledes

import (
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Invoice is the canonical invoice: what a writer needs of one issued invoice, and
// what Read makes of a file of any format. It has one matter. Amounts are minor
// units of Currency; the parts of 98BI V2 may stay empty for 1998B.
type Invoice struct {
	Number         string
	ClientID       string
	MatterID       string // the firm's number of the matter
	ClientMatterID string
	FirmID         string // as the receiver knows the firm, usually the tax id
	Description    string
	Date           time.Time // dates: the calendar day, whatever the zone
	PeriodStart    time.Time
	PeriodEnd      time.Time
	Currency       money.Currency
	Items          []Item

	PONumber    string
	ClientTaxID string
	MatterName  string
	ThirdParty  bool // billed for the account of a third party
	Firm        Party
	Client      Party

	DueOn     time.Time // XML, as all below; zero when not stated
	Terms     string
	FinalBill bool    // the last bill of the matter
	Billing   Contact // who answers for the bill
	Managing  Contact // who leads the matter
	FirmTaxID string  // of the firm's tax registration; "" is FirmID

	Rounding money.Rounding // of a line's product and its taxes; "" is half up

	Registrations []Registration // of taxes, where the firm is registered for one otherwise than FirmTaxID in its country says
	Withheld      []Tax          // by who pays, of the totals before tax: type and rate; no file states the amount
}

// Registration is where and under which number a tax of a line is due. What is empty is as of
// the other taxes: FirmTaxID, and the country of the firm.
type Registration struct {
	Type    string
	Rate    money.Fraction
	Number  string
	Country string
	Region  string
}

// registered is where a tax is due, zero where nothing is said.
func (inv *Invoice) registered(t Tax) Registration {
	for _, r := range inv.Registrations {
		if r.Type == t.Type && r.Rate == t.Rate {
			return r
		}
	}
	return Registration{}
}

func (inv *Invoice) rounding() money.Rounding {
	if inv.Rounding == "" {
		return money.HalfUp
	}
	return inv.Rounding
}

// Contact is a person of XML whom a receiver may ask.
type Contact struct {
	LastName, FirstName, ID, Phone, Fax, Email string
}

// Party is an address of 98BI V2. Country is ISO 3166 alpha-2 or alpha-3.
type Party struct {
	Name, Address1, Address2, City, Region, Postcode, Country string
}

// ItemType is the type of a line.
type ItemType string

// The types: fee, expense, and adjustments of the whole invoice.
const (
	Fee           ItemType = "F"
	Expense       ItemType = "E"
	FeeAdjust     ItemType = "IF"
	ExpenseAdjust ItemType = "IE"
)

// Item is one line. NetMinor is what is billed before tax; what units x unit cost
// does not explain of it, a discount or a residual cent, goes into the adjustment.
// An adjustment of the invoice has no units.
type Item struct {
	Type        ItemType
	On          time.Time
	Units       money.Fixed4 // hours or quantity
	UnitCost    money.Fixed4
	NetMinor    int64
	Task        string
	Activity    string
	Expense     string
	Timekeeper  Timekeeper
	Description string

	TaxRate  money.Fraction // 98BI V2
	TaxMinor int64
	TaxType  string

	MoreTaxes []Tax // beyond the first; XML only
	Flat      bool  // a flat price and not units of time; the flat formats know it by the class FLTFEE
}

// Tax is one more tax of a line, GST beside QST. OnTax says that its base includes
// the tax before it, or with Back one that stands so many further before it.
type Tax struct {
	Type  string
	Rate  money.Fraction
	Minor int64
	OnTax bool
	Back  int
}

// on is which of the taxes before it is part of its base, -1 for none of them.
func (t Tax) on(before []Tax) int {
	if !t.OnTax || t.Back < 0 {
		return -1
	}
	return max(len(before)-1-t.Back, -1)
}

// of is the tax on a net amount, before being the taxes that stand before it.
func (t Tax) of(netMinor int64, before []Tax, r money.Rounding) (int64, error) {
	if i := t.on(before); i >= 0 {
		netMinor += before[i].Minor
	}
	return t.Rate.Of(netMinor, r)
}

// taxes are all taxes of the line in order.
func (it *Item) taxes() []Tax {
	if it.TaxType == "" && it.TaxRate == 0 && it.TaxMinor == 0 {
		return it.MoreTaxes
	}
	return append([]Tax{{Type: it.TaxType, Rate: it.TaxRate, Minor: it.TaxMinor}}, it.MoreTaxes...)
}

// adjusts tells a line that adjusts the whole invoice.
func (it *Item) adjusts() bool { return it.Type == FeeAdjust || it.Type == ExpenseAdjust }

// Timekeeper is the person of a fee, as the receiver knows them.
type Timekeeper struct {
	ID, LastName, FirstName, Class string
}

// Residual says where the cents go that units x unit cost does not give exactly.
type Residual string

// The policies of LEGAL-BILLING 3. Adjust4 is the default.
const (
	Adjust4  Residual = "adjust4"  // into the adjustment, with four decimals
	Tolerate Residual = "tolerate" // nowhere: for receivers that take a rounded total
	Rate     Residual = "rate"     // the unit cost is changed
)

// Profile is what one receiver wants. The zero value is the plain format.
type Profile struct {
	Residual       Residual
	NarrativeLimit int    // characters; 0 means the format's 15 KB
	CountryAlpha2  bool   // one big receiver wants GB instead of GBR; a validator of the plain format names it FLD-05
	XMLNamespace   string // of XML; "" is that of the published schema
	XMLASCII       bool   // of XML: every character beyond ASCII as a reference to it, which loses nothing
	FirstNameFirst bool   // "Rosa Vane" in place of "Vane, Rosa", where a name has one field
}
