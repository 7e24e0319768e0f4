package ledes

import (
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Line is one data line as read. Its texts alias the reader's memory: they live
// until the Handler returns.
type Line struct {
	Number int // physical, from 1
	Errors int // findings with severity error on this line
	fields [][]byte
	parsed
}

// parsed are the values of a line that checks need, read once.
type parsed struct {
	kind         byte // F, E, I for IF, J for IE; 0 when unreadable
	units        decimal
	cost         decimal
	adjustment   decimal
	total        decimal
	invoiceTotal decimal
	on           day
	start, end   day
	taskSet      uint8 // 0 without a task code

	rate       decimal // 98BI V2 only, as all below
	tax        decimal
	invoiceTax decimal
	invoiceNet decimal
	minorUnit  int // decimals of the currency; -1 when the currency is unreadable
}

// The kinds of line.
const (
	kindFee           = 'F'
	kindExpense       = 'E'
	kindFeeAdjust     = 'I'
	kindExpenseAdjust = 'J'
)

// Text is the field as it stands, "" for one that the format lacks.
func (l *Line) Text(column int) string {
	if column >= len(l.fields) {
		return ""
	}
	return string(l.fields[column])
}

// Fee tells whether the line is time, Expense whether it is a cost. An
// adjustment of the invoice is neither.
func (l *Line) Fee() bool { return l.kind == kindFee }

// Expense tells whether the line is a cost.
func (l *Line) Expense() bool { return l.kind == kindExpense }

// On is the line's date, zero when unreadable.
func (l *Line) On() time.Time { return l.on.time() }

// Units, UnitCost and Total are exact; false when the field is blank, unreadable
// or beyond what money.Fixed4 holds.
func (l *Line) Units() (money.Fixed4, bool) { return l.units.fixed4() }

// UnitCost is the hourly rate or the price of one unit.
func (l *Line) UnitCost() (money.Fixed4, bool) { return l.cost.fixed4() }

// Total is the line's total as stated.
func (l *Line) Total() (money.Fixed4, bool) { return l.total.fixed4() }

func (d decimal) fixed4() (money.Fixed4, bool) {
	return money.Fixed4(d.e4), d.state == readable && d.wide == nil
}

// Columns that a reader of lines needs by name.
const (
	InvoiceNumber   = colInvoiceNumber
	ClientID        = colClientID
	MatterID        = colMatterID
	LineNumber      = colLineNumber
	Units           = colUnits
	Adjustment      = colAdjustment
	LineTotal       = colLineTotal
	LineDate        = colLineDate
	TaskCode        = colTask
	ExpenseCode     = colExpense
	ActivityCode    = colActivity
	TimekeeperID    = colTimekeeperID
	Description     = colDescription
	FirmID          = colFirmID
	UnitCost        = colUnitCost
	TimekeeperName  = colTimekeeperName
	TimekeeperClass = colTimekeeperClass
	LineType        = colType
	Currency        = colCurrency // 98BI V2
	LineTax         = colLineTax  // 98BI V2
)

// ColumnName is the header's name of a column of 1998B.
func ColumnName(column int) string { return fields1998B[column].name }

// ColumnNameV2 is the header's name of a column of 98BI V2, whose first 24 are those of 1998B.
func ColumnNameV2(column int) string {
	if column < columns1998B {
		return fields1998B[column].name
	}
	return fieldsAdded98BI[column-columns1998B].name
}
