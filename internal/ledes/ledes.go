// Package ledes reads, judges and writes LEDES files: 1998B, 98BI V2, XML 2.1 and
// 2.2 (LEGAL-BILLING 3 to 5). XML 2.0 and its forerunner LEDES 2000 are only read. It owns the grammar, the arithmetic and the codes of
// the faults; it knows no firm and no database. Whether a matter or a timekeeper
// exists is package capture's question.
package ledes

import (
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Format is a file format by the name that commands and files use.
type Format string

// The formats. Unknown is what a file is that names none and looks like none.
const (
	Format1998B   Format = "1998B"
	Format98BIV2  Format = "98BI_V2"
	FormatXML2000 Format = "XML_2000" // LEDES 2000; read, never written
	FormatXML20   Format = "XML_2.0"  // read, never written
	FormatXML21   Format = "XML_2.1"
	FormatXML22   Format = "XML_2.2" // 2.1 with tiered taxes
	FormatUnknown Format = "unknown"
	FormatAuto    Format = "auto" // decide by the first lines
)

// Faults of this package. A fault inside a file is a Finding, not an error.
var (
	ErrFormat = fault.New(fault.Invalid, "ledes_format_unknown", "formats are 1998B, 98BI_V2, XML_2.1 and XML_2.2; XML_2.0 and XML_2000 are read only")
	ErrText   = fault.New(fault.Invalid, "ledes_text_invalid", "the text cannot stand in a LEDES file")
	ErrWrite  = fault.New(fault.Invalid, "ledes_invoice_unwritable", "the invoice cannot be written as LEDES")
	ErrLong   = fault.New(fault.TooLarge, "ledes_file_too_long", "the file has more lines than may be read")
	ErrXML    = fault.New(fault.Invalid, "ledes_xml_unread", "a LEDES XML file has elements and no lines; read its items")
)

// XML tells whether the format is one of elements, not of lines.
func (f Format) XML() bool { return f == FormatXML2000 || f == FormatXML20 || f.XMLWritten() }

// XMLWritten tells a format of elements that is written here too.
func (f Format) XMLWritten() bool { return f == FormatXML21 || f == FormatXML22 }

// Severity tells whether a fault makes a file invalid.
type Severity string

// An error makes the file invalid; a warning is what many receivers take and some do not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Code is a fault of rejection_reasons.csv. COD-01 here is not the guideline rule of that name.
type Code string

// The codes that a file alone can earn.
const (
	FIL01 Code = "FIL-01" // not the format named, or not ASCII
	FIL02 Code = "FIL-02" // header missing, misspelt or out of order
	FIL03 Code = "FIL-03" // wrong number of columns
	FIL04 Code = "FIL-04" // no [] at the end of a line
	FIL05 Code = "FIL-05" // file extension
	FLD01 Code = "FLD-01" // not a real YYYYMMDD date
	FLD02 Code = "FLD-02" // not a number
	FLD03 Code = "FLD-03" // required field blank
	FLD04 Code = "FLD-04" // longer than the field
	FLD05 Code = "FLD-05" // country form
	FLD06 Code = "FLD-06" // negative units
	FLD08 Code = "FLD-08" // not in the allowed list
	ARI01 Code = "ARI-01" // line total wrong
	ARI02 Code = "ARI-02" // invoice total differs between lines
	ARI03 Code = "ARI-03" // invoice total is not the sum
	ARI04 Code = "ARI-04" // tax by line differs from tax on the total
	TKP01 Code = "TKP-01" // timekeeper unknown
	TKP03 Code = "TKP-03" // classification
	COD01 Code = "COD-01" // code not allowed, or of another set
	DUP01 Code = "DUP-01" // the same number twice
	TAX01 Code = "TAX-01" // tax rate or type missing or wrong
)

// Unconvertible is a value that the other format cannot hold, or one that it
// requires and the source lacks. It is no receiver's code.
const Unconvertible Code = "CONVERT"

// Says is the fault without the value, for readers who may not see it.
func (c Code) Says() string {
	switch c {
	case FIL01:
		return "the text is not plain ASCII"
	case FIL04:
		return "[] inside the text closes the line too early"
	case FLD03:
		return "the text is blank"
	case FLD04:
		return "the text is longer than the field"
	default:
		return "the text is not usable"
	}
}

// Finding is one fault of a file, in words that its sender can act on.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Line     int      `json:"line"`  // physical, from 1; a fault of a whole invoice names its first line
	Field    string   `json:"field"` // the header's name; "" when the whole line is meant
	Value    string   `json:"value"` // as it stands in the file, at most 200 characters
	Message  string   `json:"message"`
	Fix      string   `json:"fix"`
	Path     string   `json:"path,omitempty"` // of XML: the element, such as firm[1]/client[1]/invoice[1]/matter[1]/fee[3]/units
}

// Summary is one invoice of a file. Total is the text that most of its lines
// carry, "" when none is a number. Lines counts the lines that could be read.
type Summary struct {
	Number string `json:"number"`
	Client string `json:"client"`
	Matter string `json:"matter"`
	Total  string `json:"total"`
	Lines  int    `json:"lines"`

	FirstLine int `json:"-"`
}

// Options says how to read. The zero value reads a file of either format.
type Options struct {
	Format   Format         // FormatAuto or "" decides by the first lines
	Currency money.Currency // of a 1998B file, which names none; "" means two decimals
	MaxLines int            // ErrLong past so many lines, of XML so many items or invoices; 0 means any number

	// Own tells whether a code of no published set may stand in a field, which is task_code,
	// activity_code or expense_code: a client's own. nil knows none.
	Own func(field, code string) bool

	FirstError bool // stop at the first error and tell nothing after it
}

// Handler takes what Scan finds, as it finds it. Any part may be nil.
type Handler struct {
	Finding func(Finding)
	Line    func(*Line) // its findings have been given already; the line is only valid during the call
	Item    func(*XMLItem)
}

// Result is what a whole file comes to.
type Result struct {
	Format   Format
	Errors   int // findings with severity error; the file is valid when 0
	Warnings int
	Lines    int // data lines that could be read
	Invoices []Summary
	Cut      bool // the reading of an XML file ended before its end: the last finding says why
}

// Valid tells whether the file holds no error.
func (r Result) Valid() bool { return r.Errors == 0 }
