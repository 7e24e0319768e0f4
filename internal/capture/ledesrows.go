package capture

import (
	"bytes"
	"errors"
	"strings"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
)

// isLEDES goes by the first word: a CSV header never starts with it.
func isLEDES(data []byte) bool {
	head := bytes.ToUpper(bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf")))
	return bytes.HasPrefix(head, []byte("LEDES")) || bytes.HasPrefix(bytes.TrimSpace(head), []byte("<"))
}

// ledesReader makes rows of the lines of a LEDES file. Its faults are the
// validator's: an error on a line refuses the row, a fault of a whole invoice is a
// warning here, for the lines are what is taken.
type ledesReader struct {
	sheet *Sheet
}

func readLEDES(data []byte, own *code.Book) (*Sheet, error) {
	if bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf"))), []byte("<")) {
		return readXML(data, own)
	}
	r := &ledesReader{sheet: &Sheet{}}
	result, err := ledes.Scan(bytes.NewReader(data), ledes.Options{MaxLines: MaxRows, Own: own.Stands}, ledes.Handler{Finding: r.finding, Line: r.line})
	switch {
	case errors.Is(err, ledes.ErrLong):
		return nil, tooManyRows()
	case err != nil:
		return nil, err
	case result.Lines == 0:
		return nil, unreadable(1, "no line of this LEDES file can be read", "run docketry ledes validate on it: it names every fault")
	}
	r.sheet.Format = string(result.Format)
	return r.sheet, nil
}

// finding turns a finding into a fault of the import.
func (r *ledesReader) finding(f ledes.Finding) {
	x := Fault{Line: f.Line, Column: f.Field, Severity: Warning, Code: string(f.Code), Value: short(f.Value), Message: f.Message, Fix: f.Fix}
	if f.Field == ledes.ColumnName(ledes.Description) || f.Field == "INVOICE_DESCRIPTION" {
		x.Value, x.Message = "", f.Code.Says()
	}
	ofLine := f.Line > 2 && f.Code != ledes.ARI02 && f.Code != ledes.ARI03
	if f.Severity == ledes.Error && ofLine {
		x.Severity = Refused
	}
	if f.Code == ledes.FIL03 && f.Severity == ledes.Error {
		r.sheet.Rows = append(r.sheet.Rows, Row{Line: f.Line, Bad: true})
	}
	r.sheet.faults.add(x)
}

func (r *ledesReader) line(l *ledes.Line) {
	row := Row{
		Line: l.Number, Kind: guideline.Time, On: l.On(), Bad: l.Errors > 0,
		ExternalID: l.Text(ledes.InvoiceNumber) + "/" + l.Text(ledes.LineNumber),
		Client:     trimmed(l, ledes.ClientID), Matter: trimmed(l, ledes.MatterID), Timekeeper: trimmed(l, ledes.TimekeeperID),
		Class: trimmed(l, ledes.TimekeeperClass), Narrative: trimmed(l, ledes.Description),
		Lump: lumpOf(l), Task: trimmed(l, ledes.TaskCode), Activity: trimmed(l, ledes.ActivityCode), Expense: trimmed(l, ledes.ExpenseCode),
	}
	if c, err := money.ParseCurrency(l.Text(ledes.Currency)); err == nil {
		row.Currency = c
	}
	units, _ := l.Units()
	cost, stated := l.UnitCost()
	switch {
	case l.Fee():
		row.Hours, row.Rate, row.RateStated = units, cost, stated
	case l.Expense():
		row.Kind, row.Quantity, row.UnitCost = guideline.Expense, units, cost
	default:
		r.notAnEntry(l, &row)
	}
	r.sheet.unseen(&row)
	r.sheet.Rows = append(r.sheet.Rows, row)
}

// unseen refuses a row whose texts hold what nobody can see.
func (s *Sheet) unseen(row *Row) {
	for _, x := range [...]struct {
		of   Field
		text string
	}{{FieldID, row.ExternalID}, {FieldClient, row.Client}, {FieldMatter, row.Matter}, {FieldTimekeeper, row.Timekeeper}, {FieldClass, row.Class},
		{FieldNarrative, row.Narrative}, {FieldTask, row.Task}, {FieldActivity, row.Activity}, {FieldExpense, row.Expense}} {
		if what, ok := fault.Unseen(x.text); !ok {
			row.Bad = true
			s.faults.add(Fault{Line: row.Line, Column: s.columnOf(row.Path, x.of), Severity: Refused, Code: string(ledes.FIL01), Message: "the " + string(x.of) + " holds " + what + ", which nobody can see", Fix: "remove it"})
		}
	}
}

func trimmed(l *ledes.Line, column int) string { return strings.TrimSpace(l.Text(column)) }

// notAnEntry refuses an adjustment of a whole invoice.
func (r *ledesReader) notAnEntry(l *ledes.Line, row *Row) {
	if l.Errors > 0 {
		return
	}
	row.Bad = true
	r.sheet.faults.add(Fault{
		Line: l.Number, Column: ledes.ColumnName(ledes.LineType), Severity: Refused, Code: string(ledes.FLD08), Value: l.Text(ledes.LineType),
		Message: "an adjustment of a whole invoice is neither time nor a cost", Fix: "write the discount down on the pre-bill",
	})
}

// lump is what a LEDES line comes to by its own account.
type lump struct {
	Stated   bool
	Total    money.Fixed4 // without tax, which an entry does not hold
	Adjusted money.Fixed4
}

func lumpOf(l *ledes.Line) lump {
	total, ok := l.Total()
	adjusted, err := money.ParseFixed4(trimmed(l, ledes.Adjustment))
	if err != nil {
		adjusted = 0
	}
	tax, err := money.ParseFixed4(trimmed(l, ledes.LineTax))
	if err != nil {
		tax = 0
	}
	return lump{ok, total - tax, adjusted}
}

// checkLump warns of a line that is worth something else in its file: an adjustment is
// not taken over, for an entry is worth units x price and a write-down belongs to the
// pre-bill. A residual of less than a minor unit that changes nothing is no discount.
func (j *judge) checkLump(e *Entry) {
	x := j.row.Lump
	worth := e.Original(j.rounding)
	landed, err := money.ParseFixed4(worth.Text())
	if !x.Stated || err != nil {
		return
	}
	least, off := minorUnit(worth.Currency), landed-x.Total
	if apart(off) < least && apart(x.Adjusted) < least {
		return
	}
	column, value, why := ledesColumn(FieldAmount), x.Total, ""
	if x.Adjusted != 0 {
		column, value, why = ledes.ColumnName(ledes.Adjustment), x.Adjusted, "; the adjustment of "+x.Adjusted.Text(2)+" is not taken over"
	}
	fix := "write " + nearest(off, least).Text(2) + " down on the pre-bill"
	if off < 0 {
		fix = "undo the import, raise the units or the unit cost of the line, and import the file again"
	}
	if j.row.Path != "" {
		column = pathTo(j.row.Path, xmlElement(FieldAmount))
		if x.Adjusted != 0 {
			column = pathTo(j.row.Path, "item_disc_cred_amount")
		}
	}
	j.plan.faults.add(Fault{
		Line: j.row.Line, Column: column, Severity: Warning, Code: string(ledes.ARI01), Value: value.Text(2),
		Message: "the file's total is " + x.Total.Text(2) + ", the entry is worth " + worth.Text() + why, Fix: fix,
	})
}

func apart(v money.Fixed4) money.Fixed4 { return max(v, -v) }

// nearest is v in whole units, halves up.
func nearest(v, unit money.Fixed4) money.Fixed4 { return (v + unit/2) / unit * unit }

// minorUnit is the smallest amount of a currency.
func minorUnit(c money.Currency) money.Fixed4 {
	unit := money.Fixed4(10_000)
	for range c.Exponent() {
		unit /= 10
	}
	return max(unit, 1)
}

// ledesColumn is the LEDES header of a field.
func ledesColumn(f Field) string {
	column, ok := map[Field]int{
		FieldID: ledes.LineNumber, FieldDate: ledes.LineDate, FieldClient: ledes.ClientID, FieldMatter: ledes.MatterID,
		FieldTimekeeper: ledes.TimekeeperID, FieldClass: ledes.TimekeeperClass, FieldHours: ledes.Units, FieldRate: ledes.UnitCost,
		FieldNarrative: ledes.Description, FieldTask: ledes.TaskCode, FieldActivity: ledes.ActivityCode, FieldExpense: ledes.ExpenseCode,
		FieldQuantity: ledes.Units, FieldUnitCost: ledes.UnitCost, FieldAmount: ledes.LineTotal,
	}[f]
	if !ok {
		return string(f)
	}
	return ledes.ColumnName(column)
}
