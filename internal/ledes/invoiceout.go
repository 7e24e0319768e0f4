package ledes

import (
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Invoice is what a writer needs of one issued invoice. Amounts are minor units of
// Currency; the parts of 98BI V2 may stay empty for 1998B.
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
}

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
	NarrativeLimit int  // characters; 0 means the format's 15 KB
	CountryAlpha2  bool // one big receiver wants GB instead of GBR; a validator of the plain format names it FLD-05
}
