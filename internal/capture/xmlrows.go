package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
)

// idMax is the longest external id that is kept.
const idMax = 80

// xmlReader makes rows of the fees and expenses of a LEDES XML file (LEGAL-BILLING 5).
// Its faults are the validator's, and their column is the path of the element, for such
// a file may be one long line: an error on a fee or an expense refuses it, one of the
// invoice or the matter around it is a warning here. A file that cannot be read to its
// end is refused whole.
type xmlReader struct {
	sheet *Sheet
	last  ledes.Finding // of those that are errors
}

func readXML(data []byte, own *code.Book) (*Sheet, error) {
	r := &xmlReader{sheet: &Sheet{}}
	result, err := ledes.Scan(bytes.NewReader(data), ledes.Options{MaxLines: MaxRows, Own: own.Stands}, ledes.Handler{Finding: r.finding, Item: r.item})
	switch {
	case errors.Is(err, ledes.ErrLong):
		return nil, tooManyRows()
	case err != nil:
		return nil, err
	case result.Cut:
		return nil, unreadable(r.last.Line, "LEDES XML: "+r.last.Message+at(r.last.Path), r.last.Fix)
	case len(r.sheet.Rows) == 0:
		return nil, unreadable(1, "this LEDES XML file holds no fee and no expense", "run docketry ledes validate on it: it names every fault")
	}
	r.sheet.Format = string(result.Format)
	return r.sheet, nil
}

// at is the place of a fault, as the end of a sentence.
func at(path string) string {
	if path == "" {
		return ""
	}
	return ", at " + pathTo(path, "")
}

// pathMax is the longest path that a fault keeps; only an unknown element's is longer.
const pathMax = 120

// pathTo is the path of a child element, as long as a fault may carry it.
func pathTo(path, name string) string {
	if name != "" && path != "" {
		path += "/"
	}
	return cut(path+name, pathMax)
}

// finding turns a finding into a fault of the import. What a person wrote is never quoted.
func (r *xmlReader) finding(f ledes.Finding) {
	x := Fault{Line: f.Line, Column: pathTo(f.Path, ""), Severity: Warning, Code: string(f.Code), Value: short(visible(f.Value)), Message: f.Message, Fix: f.Fix}
	if f.Severity == ledes.Error {
		r.last = f
		if itemOf(f.Path) {
			x.Severity = Refused
		}
	}
	if f.Field == "charge_desc" || f.Field == "inv_desc" {
		x.Value = ""
	}
	r.sheet.faults.add(x)
}

// itemOf tells a path to a fee or an expense, or into it.
func itemOf(path string) bool {
	return strings.Contains(path, "/fee[") || strings.Contains(path, "/expense[")
}

func (r *xmlReader) item(i *ledes.XMLItem) {
	row := Row{
		Line: i.Line, Path: i.Path, Bad: i.Errors > 0, On: i.On(), ExternalID: fmt.Sprintf("%s/%s/%s %d", url.PathEscape(i.Invoice), url.PathEscape(i.Matter), i.Name, i.Place),
		Client: first(i.Client...), Matter: i.Matter, Timekeeper: i.Text("tk_id"), Class: i.Level, Narrative: i.Text("charge_desc"),
		Task: i.Text("task_code"), Activity: i.Text("task_activity"), Expense: i.Text("expense_code"), Lump: lumpOfItem(i),
	}
	if c, err := money.ParseCurrency(i.Currency); err == nil {
		row.Currency = c
	}
	units, _ := i.Number("units")
	price, stated := i.Number("rate")
	switch {
	case i.Adjusts():
		r.refuse(&row, ledes.FLD08, adjustment(i), i.Text("charge_type"), "an adjustment of a whole invoice is neither time nor a cost", "write the discount down on the pre-bill")
	case i.Name == "fee" && i.Flat():
		r.refuse(&row, ledes.FLD08, "charge_type", "F", "a flat price is not hours of work", "agree the price as the matter's arrangement, and send the hours as type U")
	case i.Name == "fee":
		row.Kind, row.Hours, row.Rate, row.RateStated = guideline.Time, units, price, stated
	case i.Flat():
		row.Kind, row.Quantity = guideline.Expense, oneUnit
		row.UnitCost, _ = i.Number("base_amount")
	default:
		row.Kind, row.Quantity, row.UnitCost = guideline.Expense, units, price
	}
	for _, name := range i.Shared {
		r.sheet.faults.add(Fault{Line: row.Line, Column: pathTo(row.Path, ""), Severity: Warning, Code: string(ledes.ARI01),
			Message: "the matter bills a part of it (" + name + "), the entry lands whole", Fix: "write the rest down on the pre-bill, or split the bill between its payors"})
	}
	r.texts(&row, i)
	r.sheet.unseen(&row)
	r.sheet.Rows = append(r.sheet.Rows, row)
}

// oneUnit is the quantity of a flat price.
const oneUnit money.Fixed4 = 10_000

// adjustment is the element that makes an item one.
func adjustment(i *ledes.XMLItem) string {
	if i.Name == "matter_disc_cred" {
		return "disc_cred"
	}
	return "tk_level"
}

// refuse keeps a row out that is no entry.
func (r *xmlReader) refuse(row *Row, code ledes.Code, element, value, message, fix string) {
	row.Bad = true
	r.sheet.faults.add(Fault{Line: row.Line, Column: pathTo(row.Path, element), Severity: Refused, Code: string(code), Value: short(value), Message: message, Fix: fix})
}

// texts refuses what the invoice around the row lacks, and what is longer than an entry keeps.
func (r *xmlReader) texts(row *Row, i *ledes.XMLItem) {
	if row.Matter == "" {
		r.refuse(row, ledes.FLD03, "", "", "the matter around it has no lf_matter_id before it", "enter the firm's number of the matter")
	}
	if i.Invoice == "" {
		r.refuse(row, ledes.FLD03, "", "", "the invoice around it has no inv_id before it", "number the invoice: a row is told by it")
	}
	if row.On.IsZero() && i.Text("charge_date") == "" && i.Name == "expense" && !i.Adjusts() {
		r.refuse(row, ledes.FLD03, "charge_date", "", "the date is blank", "enter the day of the cost")
	}
	if n := utf8.RuneCountInString(row.ExternalID); n > idMax {
		r.refuse(row, ledes.FLD04, "", "", "the numbers of invoice and matter have together "+strconv.Itoa(n)+" characters with the row's place, and "+strconv.Itoa(idMax)+" are kept", "shorten them")
		row.ExternalID = ""
	}
	for _, x := range [...]struct {
		of   Field
		text *string
	}{{FieldMatter, &row.Matter}, {FieldTimekeeper, &row.Timekeeper}, {FieldClass, &row.Class}, {FieldTask, &row.Task}, {FieldActivity, &row.Activity}, {FieldExpense, &row.Expense}} {
		if utf8.RuneCountInString(*x.text) > 40 {
			r.refuse(row, ledes.FLD04, xmlElement(x.of), *x.text, "the "+string(x.of)+" has more than 40 characters", "shorten it")
			*x.text = ""
		}
	}
}

// lumpOfItem is what a fee or an expense comes to by its own account: XML states it
// without tax.
func lumpOfItem(i *ledes.XMLItem) lump {
	total, ok := i.Number("total_amount")
	adjusted, _ := i.Number("item_disc_cred_amount")
	return lump{ok, total, adjusted}
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// xmlElement is the element of a fee or an expense that holds a field; "" for one that
// stands around it, or is made of its place.
func xmlElement(f Field) string {
	return map[Field]string{
		FieldDate: "charge_date", FieldTimekeeper: "tk_id", FieldClass: "tk_level", FieldHours: "units", FieldRate: "rate", FieldNarrative: "charge_desc",
		FieldTask: "task_code", FieldActivity: "task_activity", FieldExpense: "expense_code", FieldQuantity: "units", FieldUnitCost: "rate", FieldAmount: "total_amount",
	}[f]
}
