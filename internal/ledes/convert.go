package ledes

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/docketry/docketry/internal/money"
)

// ConvertOptions says what the other format holds that the file does not.
type ConvertOptions struct {
	To   Format
	Drop []string // fields that may be lost, by name

	Currency    string // of 98BI V2 and XML 2.1, as all below
	ClientTaxID string
	MatterName  string
	AccountType string // O or T

	FirmName    string // of XML 2.1, as all below
	FirmCountry string // where it is taxed
	ClientName  string
}

// Convert reads a valid file of any format and writes it in the format asked for.
// The file is nil when the source is invalid or something would be lost or is
// missing: the findings say what.
func Convert(src io.Reader, o ConvertOptions) ([]byte, []Finding, error) {
	to, flat := layoutOf(o.To)
	if !flat && !o.To.XMLWritten() {
		return nil, nil, ErrFormat.With("%q cannot be written; %s", o.To, ErrFormat.Message)
	}
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	file, err := sniff(src, FormatAuto)
	if err != nil {
		return nil, nil, err
	}
	if file.xml || !flat {
		return convertInvoices(file.whole, o)
	}
	c := conversion{to: to, options: o, losses: losses{drop: o.Drop}}
	r, err := Scan(file.whole, Options{}, Handler{Line: c.line, Finding: c.finding})
	if err != nil {
		return nil, nil, err
	}
	if r.Errors > 0 || c.refused {
		return nil, c.findings, nil
	}
	out := encode(to, c.rows)
	// What is good in one format need not be in the other: each rounds in its own way.
	judged, err := Scan(bytes.NewReader(out), Options{Format: o.To}, Handler{Finding: c.finding})
	if err != nil || judged.Errors > 0 {
		return nil, c.findings, err
	}
	return out, c.findings, nil
}

func (o ConvertOptions) check() error {
	if o.To == Format1998B {
		return nil
	}
	if _, err := money.ParseCurrency(o.Currency); o.Currency != "" && err != nil {
		return err
	}
	if o.AccountType != "O" && o.AccountType != "T" {
		return ErrText.With("the account type is O (own account) or T (third party)")
	}
	for _, v := range []string{o.ClientTaxID, o.MatterName} {
		if !o.To.XML() && (foreignByte([]byte(v)) >= 0 || strings.ContainsAny(v, "|\t") || strings.Contains(v, "[]")) {
			return ErrText.With("%q cannot stand in a LEDES file", v)
		}
	}
	return nil
}

type conversion struct {
	losses
	to      layout
	options ConvertOptions
	rows    [][]string
}

func (c *conversion) line(l *Line) {
	row := make([]string, len(c.to.fields))
	for i := range l.fields {
		if i < len(row) {
			row[i] = written(c.to.fields[i].kind, l.Text(i))
		}
	}
	switch {
	case len(l.fields) > len(row):
		c.lost(l)
	case len(l.fields) < len(row):
		c.added(l, row)
	}
	for i, v := range row {
		if f := c.to.fields[i]; f.kind == text && len(v) > f.max {
			c.refuse(l.Number, f.name, v, fmt.Sprintf("%d characters do not fit %d", len(v), f.max), "shorten it in the source")
		}
	}
	c.rows = append(c.rows, row)
}

// written spells a number as a writer does: no plus, no bare point.
func written(k kind, v string) string {
	if k != number && k != rate {
		return v
	}
	v = strings.TrimSuffix(strings.TrimPrefix(v, "+"), ".")
	if strings.HasPrefix(v, ".") {
		return "0" + v
	}
	if strings.HasPrefix(v, "-.") {
		return "-0" + v[1:]
	}
	return v
}

// lost refuses what 1998B cannot hold: tax always, the rest unless it is named in Drop.
func (c *conversion) lost(l *Line) {
	if l.tax.sign() != 0 || (l.invoiceTax.state == readable && l.invoiceTax.sign() != 0) {
		c.refuse(l.Number, "LINE_ITEM_TAX_TOTAL", l.Text(colLineTax), "1998B has no tax", "keep 98BI V2 or use XML")
	}
	fields := fieldsAdded98BI[:]
	for i, f := range fields {
		v := l.Text(columns1998B + i)
		if !c.implied(columns1998B+i, l) {
			c.lose(l.Number, f.name, v, "1998B has no field for it")
		}
	}
}

// implied tells whether 1998B says the same without the column.
func (c *conversion) implied(column int, l *Line) bool {
	switch column {
	case colInvoiceTax, colLineTax, colTaxRate, colReportedTax:
		d, _, _ := parseDecimal([]byte(l.Text(column)))
		return d.state == readable && d.sign() == 0
	case colInvoiceNet:
		return l.invoiceTax.sign() == 0
	case colLastName, colFirstName:
		return strings.Contains(l.Text(colTimekeeperName), l.Text(column))
	case colTaxType:
		return l.tax.sign() == 0
	default:
		return false
	}
}

// added fills what 98BI V2 requires and 1998B does not say.
func (c *conversion) added(l *Line, row []string) {
	o := c.options
	row[colCurrency], row[colClientTaxID] = strings.ToUpper(o.Currency), o.ClientTaxID
	row[colMatterName], row[colAccountType] = o.MatterName, o.AccountType
	row[colInvoiceTax], row[colLineTax], row[colInvoiceNet] = "0", "0", row[colInvoiceTotal]
	last, first, split := strings.Cut(row[colTimekeeperName], ",")
	row[colLastName], row[colFirstName] = strings.TrimSpace(last), strings.TrimSpace(first)
	if l.Fee() && (!split || row[colFirstName] == "") {
		c.refuse(l.Number, "TIMEKEEPER_NAME", row[colTimekeeperName], "98BI V2 needs last and first name apart", `write the name as "Surname, First" in the source`)
	}
	for _, column := range [...]int{colCurrency, colClientTaxID, colMatterName} {
		if name := c.to.fields[column].name; row[column] == "" && len(c.rows) == 0 {
			c.refuse(l.Number, name, "", "98BI V2 requires it and 1998B does not hold it", "give it as an option")
		}
	}
}

// encode writes rows in the flat form: names, then values, [] and CR LF on each line.
func encode(l layout, rows [][]string) []byte {
	var b bytes.Buffer
	b.WriteString(l.word + "[]\r\n")
	for i, f := range l.fields {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(f.name)
	}
	b.WriteString("[]\r\n")
	for _, row := range rows {
		b.WriteString(strings.Join(row, "|"))
		b.WriteString("[]\r\n")
	}
	return b.Bytes()
}
