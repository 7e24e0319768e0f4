package guideline

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// ErrSheet refuses a file of entries; each field names line, column and fix.
var ErrSheet = fault.New(fault.Invalid, "sheet_invalid", "the file of entries cannot be read")

// maxSheet is the largest file of entries that is read.
const maxSheet = 256 << 20

// Sheet is a file of entries for a check without a database (DESIGN 7).
type Sheet struct {
	Lines []Line
	Known Input
	book  *Book
}

// sheetColumns are the columns that are read, with what a column makes known.
var sheetColumns = map[string]struct {
	field string
	known Input
}{
	"id": {"id", 0}, "timekeeper_class": {"class", 0}, "hours": {"hours", InHours}, "narrative": {"narrative", InNarrative},
	"task_code": {"task", InTask}, "task": {"task", InTask}, "activity_code": {"activity", InActivity}, "activity": {"activity", InActivity},
	"date": {"date", InDate}, "client": {"client", InClient}, "matter": {"matter", InMatter}, "timekeeper": {"timekeeper", InTimekeeper},
	"rate": {"rate", InRate}, "expense_code": {"expense", InExpense}, "quantity": {"quantity", 0}, "unit_cost": {"unit", InUnitCost}, "currency": {"currency", 0},
}

// ReadSheet reads a CSV file with a header. Unknown columns are passed over. It
// returns ErrSheet with every fault, not only the first.
func ReadSheet(r io.Reader) (*Sheet, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSheet+1))
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	if len(data) > maxSheet {
		return nil, ErrSheet.With("the file is larger than %d MiB", maxSheet>>20)
	}
	if !utf8.Valid(data) {
		return nil, ErrSheet.With("the file is not UTF-8; save it as CSV UTF-8")
	}
	c := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	head, err := c.Read()
	if err != nil {
		return nil, ErrSheet.With("the file has no readable header: %v", err)
	}
	s := &Sheet{}
	columns := make([]string, len(head))
	for i, name := range head {
		col := sheetColumns[strings.ToLower(strings.TrimSpace(name))]
		columns[i] = col.field
		s.Known |= col.known
	}
	if !slices.Contains(columns, "id") {
		return nil, ErrSheet.On(fault.Field{Path: "id", Line: 1, Code: "column_missing", Message: "the header has no column id", Fix: "add a column id"})
	}
	var bad fault.Fields
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := c.FieldPos(0)
		if err != nil {
			bad = append(bad, csvFault(err, line))
			if !errors.Is(err, csv.ErrFieldCount) {
				break // quoting is lost, what follows would be guesses
			}
			continue
		}
		s.Lines = append(s.Lines, readRow(&bad, line, columns, row))
	}
	if err := bad.Err(ErrSheet); err != nil {
		return nil, err
	}
	s.book = NewBook(s.Lines)
	return s, nil
}

func csvFault(err error, line int) fault.Field {
	var p *csv.ParseError
	if errors.As(err, &p) {
		line, err = p.StartLine, p.Err
	}
	return fault.Field{Path: "line", Line: line, Code: "csv_invalid", Message: err.Error(), Fix: "correct the quotes and the number of columns of this line"}
}

func readRow(bad *fault.Fields, line int, columns, row []string) Line {
	l := Line{Kind: Time, Currency: "USD"}
	complain := func(path, text string, err error, fix string) {
		if err != nil {
			*bad = append(*bad, fault.Field{Path: path, Line: line, Code: "number_invalid", Message: fmt.Sprintf("%q is not usable", text), Fix: fix})
		}
	}
	number := func(path, text string) money.Fixed4 {
		if strings.TrimSpace(text) == "" {
			return 0
		}
		v, err := money.ParseFixed4(text)
		complain(path, text, err, "enter a number such as 1.4")
		return v
	}
	var err error
	for i, text := range row {
		switch columns[i] {
		case "id":
			l.ID = text
		case "class":
			l.Class = text
		case "hours":
			l.Hours = number("hours", text)
		case "narrative":
			l.Narrative = text
		case "task":
			l.Task = text
		case "activity":
			l.Activity = text
		case "date":
			if strings.TrimSpace(text) != "" {
				l.On, err = time.Parse(time.DateOnly, strings.TrimSpace(text))
				complain("date", text, err, "enter a date such as 2026-10-05")
			}
		case "client":
			l.Client = strings.TrimSpace(text)
		case "matter":
			l.Matter = strings.TrimSpace(text)
		case "timekeeper":
			l.Timekeeper = strings.TrimSpace(text)
		case "rate":
			l.Rate = number("rate", text)
		case "expense":
			l.Expense = text
		case "quantity":
			l.Quantity = number("quantity", text)
		case "unit":
			l.UnitCost = number("unit_cost", text)
		case "currency":
			if strings.TrimSpace(text) != "" {
				l.Currency, err = money.ParseCurrency(text)
				complain("currency", text, err, "enter a code such as USD")
			}
		}
	}
	l.settle(bad, line)
	return l
}

// settle finds out whether the row is a cost, and what it is worth.
func (l *Line) settle(bad *fault.Fields, line int) {
	qty, price := l.Hours, l.Rate
	if strings.TrimSpace(l.Expense) != "" {
		l.Kind, qty, price = Expense, l.Quantity, l.UnitCost
	}
	var err error
	if l.ValueMinor, err = money.Line(qty, price, l.Currency, money.HalfUp); err != nil {
		*bad = append(*bad, fault.Field{Path: "hours", Line: line, Code: "money_overflow", Message: "hours and rate give an amount that is too large", Fix: "check both"})
	}
}

// Check judges one line of the sheet among the others, at every stage.
func (s *Sheet) Check(l Line, p Policy, failed func(line string, err error)) []Finding {
	return Check(l, Context{Stage: Every, Policy: p, Known: s.Known, Book: s.book, Failed: failed})
}
