package guideline

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
)

// ErrSheet refuses a file of entries; each field names line, column and fix.
var ErrSheet = fault.New(fault.Invalid, "sheet_invalid", "the file of entries cannot be read")

// maxSheet is the largest file of entries that is read.
const maxSheet = 256 << 20

// Sheet is a file of entries for a check without a database (DESIGN 7).
type Sheet struct {
	Lines []Line
	Known Input
	rows  []sheetRow // of the lines, in the same order
	book  *Book
	names *Names
	bills map[string]*Bill // by what stands in the column invoice
	order []string
}

// sheetColumns are the columns that are read, with what a column makes known.
var sheetColumns = map[string]struct {
	field string
	known Input
}{
	"id": {"id", 0}, "timekeeper_class": {"class", 0}, "hours": {"hours", InHours}, "narrative": {"narrative", InNarrative},
	"task_code": {"task", InTask}, "task": {"task", InTask}, "activity_code": {"activity", InActivity}, "activity": {"activity", InActivity},
	"date": {"date", InDate}, "client": {"client", InClient}, "matter": {"matter", InMatter}, "timekeeper": {"timekeeper", InTimekeeper | InCode},
	"rate": {"rate", InRate}, "expense_code": {"expense", InExpense}, "quantity": {"quantity", 0}, "unit_cost": {"unit", InUnitCost}, "currency": {"currency", 0},
	"timekeeper_name": {"name", InTimekeeperData}, "client_name": {"client_name", InNames}, "matter_name": {"matter_name", InNames},
	"joined": {"joined", InEmployment}, "left": {"left", InEmployment}, "admitted": {"admitted", InAdmission}, "start": {"start", InClock}, "end": {"end", InClock},
	"receipt": {"receipt", InReceipt}, "approval": {"approval", InApprovals}, "vendor_amount": {"vendor", InVendor}, "economy_fare": {"economy", 0}, "flight_hours": {"flight", 0},
	"agreed_rate": {"agreed", InAgreedRate}, "task_set": {"task_set", InTaskSet}, "matter_opened": {"opened", InMatterDates}, "matter_closed": {"closed", 0},
	"entered": {"entered", InToday}, "billed_through": {"billed_through", InBilledThrough}, "benchmark_hours": {"benchmark", InBenchmark},
	"invoice": {"invoice", InBill}, "invoice_date": {"invoice_date", InBilledOn}, "period_start": {"period_start", InPeriod}, "period_end": {"period_end", InPeriod},
	"adjustment": {"adjustment", 0}, "line_total": {"line_total", InStated}, "invoice_total": {"invoice_total", InStated}, "client_matter": {"client_matter", InReceiver},
	"client_number": {"client_number", InReceiver}, "billed_before": {"billed_before", InBilled}, "tax_rate": {"tax_rate", InTax}, "tax_due": {"tax_due", InTax}, "tax_note": {"tax_note", 0},
	"po_number": {"po_number", InPO}, "po_balance": {"po_balance", InPO}, "discount": {"discount", InDiscount},
}

// together are inputs of which a file has to give all columns.
var together = [][]string{{"period_start", "period_end"}, {"line_total", "invoice_total"}, {"client_matter", "client_number"}, {"po_number", "po_balance"}, {"tax_rate", "tax_due"}, {"start", "end"},
	{"timekeeper", "timekeeper_name"}}

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
		head[i] = strings.ToLower(strings.TrimSpace(name))
		col := sheetColumns[head[i]]
		columns[i] = col.field
		s.Known |= col.known
	}
	for _, both := range together {
		if slices.Contains(head, both[0]) != slices.Contains(head, both[1]) {
			s.Known &^= sheetColumns[both[1]].known &^ InTimekeeper
		}
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
		l, r := readRow(&bad, line, columns, row)
		s.Lines, s.rows = append(s.Lines, l), append(s.rows, r)
	}
	if err := bad.Err(ErrSheet); err != nil {
		return nil, err
	}
	s.collect()
	return s, nil
}

func csvFault(err error, line int) fault.Field {
	var p *csv.ParseError
	if errors.As(err, &p) {
		line, err = p.StartLine, p.Err
	}
	return fault.Field{Path: "line", Line: line, Code: "csv_invalid", Message: err.Error(), Fix: "correct the quotes and the number of columns of this line"}
}
