package capture

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// Row is one row of a file, read but not yet judged against the firm's masters.
// A value that could not be read is zero, and Bad is set.
type Row struct {
	Line       int
	Path       string // of an XML file: the element, such as firm[1]/client[1]/invoice[1]/matter[1]/fee[3]
	Kind       guideline.Kind
	ExternalID string
	On         time.Time
	Client     string // number or name, "" when the file does not say
	Matter     string
	Timekeeper string
	Class      string
	Hours      money.Fixed4
	Rate       money.Fixed4 // 0 when the file does not say
	RateStated bool         // the file says, be it zero
	Quantity   money.Fixed4
	UnitCost   money.Fixed4
	Amount     string // decimal text as stated, "" when it is not
	Lump       lump   // what a LEDES line says it is worth
	Currency   money.Currency
	Narrative  string
	Task       string
	Activity   string
	Expense    string
	Bad        bool // a fault refuses it already
}

// narrativeMax is the longest narrative that an e-bill holds (LEDES 15 KB).
const narrativeMax = 15 * 1024

// rowReader turns records into rows and notes what is wrong with them.
type rowReader struct {
	columns  columns
	dateForm string
	decimal  string
	sheet    bool // of a workbook
	faults   *faultList
	rec      record
	row      Row
}

func (m Mapping) reader(c columns, faults *faultList) *rowReader {
	return &rowReader{columns: c, faults: faults, dateForm: dateForms()[m.DateForm], decimal: m.DecimalMark}
}

// read makes a row of a record; one that is broken or has another number of
// columns than the header says nothing else.
func (r *rowReader) read(rec record) Row {
	if !r.begin(rec) {
		return r.row
	}
	r.texts()
	r.numbers()
	r.kind()
	return r.row
}

// begin takes a record up, and refuses one that cannot be read by its header.
func (r *rowReader) begin(rec record) bool {
	r.rec, r.row = rec, Row{Line: rec.line}
	if rec.broken == nil && len(rec.cells) != len(r.columns.headers) && !onlyMore(rec.cells, len(r.columns.headers)) {
		rec.broken = broken(rec.line, count(len(rec.cells), "column")+" where the header has "+count(len(r.columns.headers), "column"),
			"look for a delimiter inside a text that is not quoted, or a missing cell")
	}
	if rec.broken != nil {
		rec.broken.Column = r.columns.named(rec.at)
		r.faults.add(*rec.broken)
		r.row.Bad = true
	}
	return rec.broken == nil
}

// onlyMore tells that a row is longer than the header by empty cells alone, as
// spreadsheets leave them.
func onlyMore(cells []string, columns int) bool {
	return len(cells) > columns && blankCells(cells[columns:])
}

// cell is the trimmed text of a field.
func (r *rowReader) cell(f Field) string {
	i, ok := r.columns.at[f]
	if !ok {
		return ""
	}
	return strings.Trim(strings.TrimSpace(r.rec.cells[i]), "\ufeff")
}

// refuse notes a fault that keeps the row out. Narratives are never quoted.
func (r *rowReader) refuse(f Field, code, message, fix string) {
	value := ""
	if f != FieldNarrative {
		value = short(visible(r.cell(f)))
	}
	r.row.Bad = true
	r.faults.add(Fault{Line: r.row.Line, Column: short(r.columns.header(f)), Severity: Refused, Code: code, Value: value, Message: message, Fix: fix})
}

func (r *rowReader) texts() {
	row := &r.row
	row.ExternalID, row.Client, row.Matter = r.line(FieldID, 80), r.line(FieldClient, 120), r.line(FieldMatter, 40)
	row.Timekeeper, row.Class = r.line(FieldTimekeeper, 40), r.line(FieldClass, 40)
	row.Task, row.Activity, row.Expense = r.line(FieldTask, 20), r.line(FieldActivity, 20), r.line(FieldExpense, 20)
	row.Amount = r.line(FieldAmount, 40)
	row.Narrative = strings.ReplaceAll(r.cell(FieldNarrative), "\r\n", "\n")
	if n := utf8.RuneCountInString(row.Narrative); n > narrativeMax {
		r.refuse(FieldNarrative, "FLD-04", "the narrative has "+count(n, "character")+", an e-bill holds 15,360", "shorten it")
	}
	if what, ok := fault.Unseen(row.Narrative); !ok {
		r.refuse(FieldNarrative, "FIL-01", "the narrative holds "+what+", which nobody can see", "remove it")
	}
	if r.cell(FieldMatter) == "" {
		r.refuse(FieldMatter, "FLD-03", "the matter is blank", "enter the matter's number")
	}
	r.date()
}

// line is a text of one line and at most max characters.
func (r *rowReader) line(f Field, max int) string {
	s := r.cell(f)
	switch {
	case utf8.RuneCountInString(s) > max:
		r.refuse(f, "FLD-04", "the "+string(f)+" has more than "+count(max, "character"), "shorten it")
		return ""
	case strings.ContainsAny(s, "\t\r\n"):
		r.refuse(f, "FIL-01", "the "+string(f)+" holds a line break or a tab", "write it on one line")
		return ""
	}
	if what, ok := fault.Unseen(s); !ok {
		r.refuse(f, "FIL-01", "the "+string(f)+" holds "+what+", which nobody can see", "remove it")
		return ""
	}
	return s
}

// firstYear is the first that a day of work may have: what is older is a slip of
// the pen, or day zero of a spreadsheet.
const firstYear = 1900

func (r *rowReader) date() {
	s := r.cell(FieldDate)
	if s == "" {
		r.refuse(FieldDate, "FLD-03", "the date is blank", "enter the day of the work")
		return
	}
	switch on, ok := r.day(FieldDate); {
	case !ok:
	case on.Year() < firstYear:
		r.refuse(FieldDate, "FLD-01", "the day is too long ago for work that is billed", "correct the year; the first day that is taken is "+time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Format(r.dateForm))
	default:
		r.row.On = on
	}
}

// day is a date as the source writes it.
func (r *rowReader) day(f Field) (on time.Time, ok bool) {
	on, err := time.Parse(r.dateForm, r.cell(f))
	if err != nil {
		r.refuse(f, "FLD-01", "this is not a date of the form "+exampleDate(r.dateForm), "write the date as "+exampleDate(r.dateForm)+", or set the form in the column mapping")
	}
	return on, err == nil
}

func exampleDate(form string) string {
	return time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC).Format(form)
}

func (r *rowReader) numbers() {
	r.row.Hours, r.row.Rate, r.row.RateStated = r.number(FieldHours), r.number(FieldRate), r.cell(FieldRate) != ""
	r.row.Quantity, r.row.UnitCost = r.number(FieldQuantity), r.number(FieldUnitCost)
	r.currency()
	r.row.Amount = r.pointed(r.row.Amount)
}

// currency is what the row says, or shows beside its numbers.
func (r *rowReader) currency() {
	if s := r.cell(FieldCurrency); s != "" {
		c, err := money.ParseCurrency(s)
		if err != nil {
			r.refuse(FieldCurrency, "FLD-08", "this is not a currency code", "enter a code such as USD")
		}
		r.row.Currency = c
	}
	r.shownCurrency()
}

// shownCurrency takes the currency that a workbook shows beside its numbers for what the
// row says, and refuses two of them.
func (r *rowReader) shownCurrency() {
	for _, f := range []Field{FieldRate, FieldUnitCost, FieldAmount} {
		at, ok := r.columns.at[f]
		if !ok || r.rec.currencies[at] == "" || r.cell(f) == "" {
			continue
		}
		shown := money.Currency(r.rec.currencies[at])
		switch r.row.Currency {
		case "":
			r.row.Currency = shown
		case shown:
		default:
			r.refuse(f, "FLD-08", "the cell shows "+string(shown)+", the row is in "+string(r.row.Currency), "give the row one currency")
		}
	}
}

// pointed is a number with a point, whatever mark the source writes.
func (r *rowReader) pointed(s string) string {
	if r.decimal == "," && !strings.Contains(s, ".") {
		return strings.Replace(s, ",", ".", 1)
	}
	return s
}

// grouped tells that a number of a source with a decimal comma holds a point that may part
// thousands. A workbook's numbers have a point by themselves: there three digits must follow.
func (r *rowReader) grouped(s string) bool {
	whole, rest, point := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	if !point {
		return false
	}
	return !r.sheet || len(rest) == 3 && len(whole) <= 3 && strings.Trim(whole, "0") != ""
}

func (r *rowReader) number(f Field) money.Fixed4 {
	s := r.cell(f)
	if s == "" {
		return 0
	}
	if r.decimal == "," && r.grouped(s) {
		r.refuse(f, "FLD-02", "it cannot be told whether the point parts thousands or decimals", "write it with the source's decimal comma and without a point, such as 1500 or 1,5")
		return 0
	}
	v, err := money.ParseFixed4(r.pointed(s))
	if err != nil {
		r.refuse(f, "FLD-02", "this is not a usable number: "+reason(err), "write digits and at most one decimal mark, such as 1.5; no hours:minutes, thousands separator or currency sign")
	}
	return v
}

// reason is the sentence of a fault without the submitted value.
func reason(err error) string {
	switch {
	case errors.Is(err, money.ErrOverflow):
		return "it is too large"
	case strings.Contains(err.Error(), "decimals"):
		return "it has more than four decimals"
	default:
		return "it holds other signs than digits"
	}
}

// kind decides between time and cost: a cost names an expense code, or a quantity
// and no hours.
func (r *rowReader) kind() {
	row := &r.row
	hours := r.cell(FieldHours) != "" && !isZero(r.cell(FieldHours)) // systems write 0.00 on a cost
	cost := row.Expense != "" || (!hours && r.cell(FieldQuantity) != "" && !isZero(r.cell(FieldQuantity)))
	switch {
	case cost && hours:
		r.refuse(FieldHours, "FLD-08", "the row is time and a cost at once", "put the hours and the expense on rows of their own")
	case cost:
		row.Kind = guideline.Expense
		r.needs(FieldQuantity, FieldUnitCost)
	default:
		row.Kind = guideline.Time
		r.needs(FieldHours, FieldTimekeeper)
	}
}

func isZero(s string) bool { return strings.Trim(s, "0.,") == "" }

func (r *rowReader) needs(fields ...Field) {
	for _, f := range fields {
		if r.cell(f) == "" {
			r.refuse(f, "FLD-03", "the "+string(f)+" is blank", "fill it in")
		}
	}
}

// visible is a value with marks in place of what nobody can see.
func visible(s string) string {
	if _, ok := fault.Unseen(s); ok {
		return s
	}
	return strings.Map(func(c rune) rune {
		if _, ok := fault.Unseen(string(c)); !ok {
			return utf8.RuneError
		}
		return c
	}, s)
}

// short is a value as a fault may carry it.
func short(s string) string {
	if utf8.RuneCountInString(s) > 80 {
		return string([]rune(s)[:79]) + "…"
	}
	return s
}
