package ledes

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Write1998B writes invoices as one 1998B file: CR LF, ASCII, exact arithmetic,
// lines numbered through. It refuses what the format cannot say, with ErrWrite and
// every field at fault, and writes nothing then. The changes are what had to be
// spelt otherwise. An invoice with tax does not fit: 1998B has no tax fields.
func Write1998B(w io.Writer, invoices []Invoice, p Profile) ([]Change, error) {
	return writeFile(w, layout1998B(), invoices, p)
}

// Write98BIV2 writes invoices as one 98BI V2 file, gross with tax on each line.
// Each TaxMinor must be NetMinor x TaxRate, rounded.
func Write98BIV2(w io.Writer, invoices []Invoice, p Profile) ([]Change, error) {
	return writeFile(w, layout98BIV2(), invoices, p)
}

type writer struct {
	layout  layout
	profile Profile
	rows    [][]string
	changes []Change
	faults  fault.Fields
}

func writeFile(w io.Writer, l layout, invoices []Invoice, p Profile) ([]Change, error) {
	out := writer{layout: l, profile: p}
	for i := range invoices {
		if err := out.invoice(&invoices[i]); err != nil {
			return nil, err
		}
	}
	if len(out.rows) == 0 {
		return nil, ErrWrite.With("an invoice without lines cannot be written")
	}
	if err := out.faults.Err(ErrWrite); err != nil {
		return nil, err
	}
	file := encode(l, out.rows)
	if err := out.judge(file, invoices[0].Currency); err != nil {
		return nil, err
	}
	if _, err := w.Write(file); err != nil {
		return nil, fmt.Errorf("write LEDES file: %w", err)
	}
	return out.changes, nil
}

// judge reads the file back: what our own validator refuses does not leave the house.
func (w *writer) judge(file []byte, c money.Currency) error {
	_, err := Scan(bytes.NewReader(file), Options{Format: w.layout.format, Currency: c}, Handler{Finding: func(f Finding) {
		if f.Severity == Error && (f.Code != FLD05 || !w.profile.CountryAlpha2) {
			w.faults = append(w.faults, fault.Field{Path: f.Field, Line: f.Line, Code: string(f.Code), Message: f.Message, Fix: f.Fix})
		}
	}})
	if err != nil {
		return err
	}
	return w.faults.Err(ErrWrite)
}

// invoice adds the lines of one invoice. Its totals are the sums of what the lines state.
func (w *writer) invoice(inv *Invoice) error {
	gross, tax := make([]int64, 0, len(inv.Items)), make([]int64, 0, len(inv.Items))
	for _, it := range inv.Items {
		gross, tax = append(gross, it.NetMinor, it.TaxMinor), append(tax, it.TaxMinor)
	}
	total, err := money.Sum(gross...)
	if err != nil {
		return err
	}
	taxTotal, err := money.Sum(tax...)
	if err != nil {
		return err
	}
	for i := range inv.Items {
		row := make([]string, len(w.layout.fields))
		w.rows = append(w.rows, row)
		w.invoiceColumns(row, inv, total)
		if err := w.itemColumns(row, inv, &inv.Items[i]); err != nil {
			return err
		}
		if w.layout.format == Format98BIV2 {
			w.taxColumns(row, inv, &inv.Items[i], total, taxTotal)
			w.oneTax(&inv.Items[i])
		} else if inv.Items[i].TaxMinor != 0 {
			w.refuse(colLineTotal, "ledes_tax_unwritable", "1998B has no tax", "write 98BI V2")
		}
	}
	return nil
}

// line is the physical line being written.
func (w *writer) line() int { return len(w.rows) + 2 }

func (w *writer) refuse(column int, code, message, fix string) {
	w.faults = append(w.faults, fault.Field{Path: w.layout.fields[column].name, Line: w.line(), Code: code, Message: message, Fix: fix})
}

func (w *writer) invoiceColumns(row []string, inv *Invoice, totalMinor int64) {
	row[colInvoiceDate] = compact(inv.Date)
	row[colInvoiceTotal] = money.Amount{Minor: totalMinor, Currency: inv.Currency}.Text()
	row[colPeriodStart] = compact(inv.PeriodStart)
	row[colPeriodEnd] = compact(inv.PeriodEnd)
	row[colLineNumber] = strconv.Itoa(len(w.rows))
	w.text(row, colInvoiceNumber, inv.Number)
	w.text(row, colClientID, inv.ClientID)
	w.text(row, colMatterID, inv.MatterID)
	w.text(row, colInvoiceDescription, inv.Description)
	w.text(row, colFirmID, inv.FirmID)
	w.text(row, colClientMatterID, inv.ClientMatterID)
}

func compact(t time.Time) string { return t.Format("20060102") }

func (w *writer) itemColumns(row []string, inv *Invoice, it *Item) error {
	p, err := price(*it, inv.Currency, w.profile.Residual)
	if err != nil {
		return err
	}
	row[colType] = string(it.Type)
	row[colAdjustment] = plain(p.adjustment)
	if p.units != 0 || it.Type == Fee || it.Type == Expense {
		row[colUnits], row[colUnitCost] = p.units.Text(2), p.cost.Text(2)
	}
	if p.cost != it.UnitCost && p.units != 0 {
		w.changed(colUnitCost, it.UnitCost.Text(2), row[colUnitCost], "the receiver takes no residual")
	}
	if p.rounded {
		w.changed(colLineTotal, "", "", "the total is rounded: four decimals do not hold the residual, or the receiver wants none")
	}
	row[colLineTotal] = money.Amount{Minor: it.NetMinor + it.TaxMinor, Currency: inv.Currency}.Text()
	row[colLineDate] = compact(it.On)
	w.text(row, colTask, it.Task)
	w.text(row, colExpense, it.Expense)
	w.text(row, colActivity, it.Activity)
	w.text(row, colTimekeeperID, it.Timekeeper.ID)
	w.text(row, colTimekeeperName, it.Timekeeper.name(w.profile.FirstNameFirst))
	w.text(row, colTimekeeperClass, it.Timekeeper.Class)
	w.text(row, colDescription, it.Description)
	return nil
}

// name is "Surname, First", the form that most receivers match.
func (t Timekeeper) name(firstFirst bool) string {
	switch {
	case t.FirstName == "" || t.LastName == "":
		return t.LastName + t.FirstName
	case firstFirst:
		return t.FirstName + " " + t.LastName
	}
	return t.LastName + ", " + t.FirstName
}

func plain(v money.Fixed4) string {
	if v == 0 {
		return "0"
	}
	return v.Text(2)
}

// text puts a text into its column in ASCII. A name that is too long is cut and
// the change logged; an id, a code or a narrative is refused.
func (w *writer) text(row []string, column int, s string) {
	f := w.layout.fields[column]
	limit := f.max
	if n := w.profile.NarrativeLimit; column == colDescription && n > 0 && n < limit {
		limit = n
	}
	t, lossless := ASCII(s)
	if t != s {
		why := "not ASCII or not allowed in the format"
		if !lossless {
			why = "some letters have no ASCII spelling and became ?"
		}
		w.changed(column, s, t, why)
		w.changes[len(w.changes)-1].lossy = !lossless
	}
	if len(t) > limit && cuttable(column) {
		w.changed(column, t, t[:limit], fmt.Sprintf("the field holds %d characters", limit))
		w.changes[len(w.changes)-1].lossy = true
		t = t[:limit]
	}
	if len(t) > limit {
		w.refuse(column, "ledes_text_too_long", fmt.Sprintf("%d characters do not fit %d", len(t), limit), "shorten it")
	}
	row[column] = t
}

func cuttable(column int) bool {
	switch column {
	case colTimekeeperName, colLastName, colFirstName, colMatterName, colInvoiceDescription,
		colFirmName, colFirmAddress1, colFirmAddress2, colFirmCity, colFirmRegion,
		colClientName, colClientAddress1, colClientAddress2, colClientCity, colClientRegion:
		return true
	default:
		return false
	}
}

func (w *writer) changed(column int, before, after, why string) {
	w.changes = append(w.changes, Change{Line: w.line(), Field: w.layout.fields[column].name, Before: before, After: after, Why: why})
}
