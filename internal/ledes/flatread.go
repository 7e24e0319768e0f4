package ledes

import (
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// flatReader makes canonical invoices of the lines of a flat file.
type flatReader struct {
	*losses
	currency money.Currency // of a file that names none
	invoices []Invoice
	byKey    map[flatKey]int
	first    []*Line // of each invoice, for what its other lines must repeat
	numbers  []int   // LINE_ITEM_NUMBER of the last line of each
}

// flatKey is what an invoice of a flat file is known by (LEGAL-BILLING 3).
type flatKey struct{ number, client, matter string }

// flatRepeated are the columns that each line of an invoice repeats.
var flatRepeated = [...]int{
	colInvoiceDate, colPeriodStart, colPeriodEnd, colInvoiceDescription, colFirmID, colClientMatterID, colPO, colClientTaxID, colMatterName,
	colCurrency, colAccountType, colFirmName, colFirmAddress1, colFirmAddress2, colFirmCity, colFirmRegion, colFirmPostcode, colFirmCountry,
	colClientName, colClientAddress1, colClientAddress2, colClientCity, colClientRegion, colClientPostcode, colClientCountry,
}

func (f *flatReader) line(l *Line) {
	if l.Errors > 0 {
		return // the file is not valid; nothing will come of it
	}
	key := flatKey{l.trimmed(colInvoiceNumber), l.trimmed(colClientID), l.trimmed(colMatterID)}
	i, known := f.byKey[key]
	if !known {
		i = len(f.invoices)
		f.byKey[key] = i
		f.invoices = append(f.invoices, l.invoice())
		if f.invoices[i].Currency == "" {
			f.invoices[i].Currency = f.currency
		}
		f.first, f.numbers = append(f.first, l.kept()), append(f.numbers, 0)
	} else {
		f.repeats(f.first[i], l)
	}
	inv := &f.invoices[i]
	inv.Items = append(inv.Items, f.item(inv, l))
	f.counts(i, l)
}

func (l *Line) trimmed(column int) string { return strings.TrimSpace(l.Text(column)) }

// kept is a copy of the line's texts, which belong to the reader.
func (l *Line) kept() *Line {
	out := &Line{Number: l.Number, fields: make([][]byte, len(l.fields))}
	for i, v := range l.fields {
		out.fields[i] = append([]byte(nil), v...)
	}
	return out
}

// repeats refuses an invoice whose lines state something of the whole differently.
func (f *flatReader) repeats(first, l *Line) {
	for _, column := range flatRepeated {
		if a, b := first.trimmed(column), l.trimmed(column); a != b {
			f.refuse(l.Number, ColumnNameV2(column), b, "line "+strconv.Itoa(first.Number)+" of the same invoice says "+quote([]byte(a)), "write the same on every line of the invoice")
		}
	}
}

func (l *Line) invoice() Invoice {
	return Invoice{
		Number: l.trimmed(colInvoiceNumber), ClientID: l.trimmed(colClientID), MatterID: l.trimmed(colMatterID), ClientMatterID: l.trimmed(colClientMatterID),
		FirmID: l.trimmed(colFirmID), Description: l.trimmed(colInvoiceDescription), Date: parseDay(l.field(colInvoiceDate)).time(),
		PeriodStart: parseDay(l.field(colPeriodStart)).time(), PeriodEnd: parseDay(l.field(colPeriodEnd)).time(), Currency: money.Currency(l.trimmed(colCurrency)),
		PONumber: l.trimmed(colPO), ClientTaxID: l.trimmed(colClientTaxID), MatterName: l.trimmed(colMatterName), ThirdParty: l.trimmed(colAccountType) == "T",
		Firm: l.party(colFirmName), Client: l.party(colClientName),
	}
}

func (l *Line) field(column int) []byte { return []byte(l.Text(column)) }

// party is the seven columns of an address, from its name on.
func (l *Line) party(from int) Party {
	return Party{
		Name: l.trimmed(from), Address1: l.trimmed(from + 1), Address2: l.trimmed(from + 2), City: l.trimmed(from + 3),
		Region: l.trimmed(from + 4), Postcode: l.trimmed(from + 5), Country: l.trimmed(from + 6),
	}
}

func (f *flatReader) item(inv *Invoice, l *Line) Item {
	it := Item{
		Type: ItemType(l.Text(colType)), On: l.On(), Units: l.units.orZero(), UnitCost: l.cost.orZero(), Timekeeper: f.timekeeper(l),
		Task: utbms.Clean(l.Text(colTask)), Activity: utbms.Clean(l.Text(colActivity)), Expense: utbms.Clean(l.Text(colExpense)),
		Description: l.trimmed(colDescription), TaxType: l.trimmed(colTaxType), TaxMinor: f.minor(inv, l, colLineTax, l.tax),
	}
	it.NetMinor = f.minor(inv, l, colLineTotal, l.total) - it.TaxMinor
	it.Flat = it.Type == Fee && it.Timekeeper.Class == "FLTFEE"
	rate := l.trimmed(colTaxRate)
	var err error
	if it.TaxRate, err = money.ParseFraction(rate); rate != "" && err != nil {
		f.refuse(l.Number, ColumnNameV2(colTaxRate), rate, "the rate has more than six decimals", "write at most six")
	}
	if want, err := it.TaxRate.Of(it.NetMinor, money.HalfUp); err != nil || want != it.TaxMinor {
		f.refuse(l.Number, ColumnNameV2(colLineTax), l.Text(colLineTax), "the tax is not the rate of the net amount, rounded half up", "correct the tax or its rate")
	}
	for _, d := range [...]struct {
		column int
		is     decimal
	}{{colUnits, l.units}, {colUnitCost, l.cost}} {
		if d.is.wide != nil {
			f.refuse(l.Number, ColumnNameV2(d.column), l.Text(d.column), "the number is too long for an invoice", "write at most fourteen digits and four decimals")
		}
	}
	f.reported(l)
	return it
}

// reported refuses a tax total in another currency or of another amount than the
// invoice's own: no canonical invoice states both.
func (f *flatReader) reported(l *Line) {
	total, own := l.trimmed(colReportedTax), l.trimmed(colInvoiceTax)
	reported, _, _ := parseDecimal([]byte(total))
	stated, _, _ := parseDecimal([]byte(own))
	if total != "" && own != "" && reported.rat().Cmp(stated.rat()) != 0 {
		f.lose(l.Number, ColumnNameV2(colReportedTax), total, "it differs from INVOICE_TAX_TOTAL, and a canonical invoice has one total of tax")
	}
	if c := l.trimmed(colTaxCurrency); c != "" && c != l.trimmed(colCurrency) {
		f.lose(l.Number, ColumnNameV2(colTaxCurrency), c, "it differs from INVOICE_CURRENCY, and a canonical invoice has one currency")
	}
}

func (d decimal) orZero() money.Fixed4 {
	v, _ := d.fixed4()
	return v
}

func (f *flatReader) minor(inv *Invoice, l *Line, column int, d decimal) int64 {
	v, ok := d.fixed4()
	minor, whole := minorOf(v, inv.Currency)
	if d.state == readable && (!ok || !whole) {
		f.refuse(l.Number, ColumnNameV2(column), l.Text(column), "the amount has a fraction of the smallest coin", "round the line in the source, with the rest in the adjustment")
	}
	return minor
}

// timekeeper takes the names apart: from the columns of 98BI V2, else at the comma.
// A name in one piece stays in one, for where to part it would be a guess.
func (f *flatReader) timekeeper(l *Line) Timekeeper {
	t := Timekeeper{ID: l.trimmed(colTimekeeperID), Class: utbms.Clean(l.Text(colTimekeeperClass)), LastName: l.trimmed(colLastName), FirstName: l.trimmed(colFirstName)}
	name := l.trimmed(colTimekeeperName)
	if t.LastName == "" && t.FirstName == "" {
		last, first, _ := strings.Cut(name, ",")
		t.LastName, t.FirstName = strings.TrimSpace(last), strings.TrimSpace(first)
	}
	if name != "" && name != t.name(false) && name != t.FirstName+" "+t.LastName {
		f.lose(l.Number, ColumnNameV2(colTimekeeperName), name, "it differs from "+quote([]byte(t.name(false)))+", and a canonical invoice has one name of a person")
	}
	return t
}

// counts refuses line numbers that are more than the place in the invoice: writers
// number lines anew, through the file.
func (f *flatReader) counts(invoice int, l *Line) {
	v := l.trimmed(colLineNumber)
	n, ok := plainNumber([]byte(v))
	if !ok || n <= f.numbers[invoice] {
		f.lose(l.Number, ColumnNameV2(colLineNumber), v, "the number is not the place of the line in the invoice, and lines are numbered anew")
	}
	f.numbers[invoice] = n
}
