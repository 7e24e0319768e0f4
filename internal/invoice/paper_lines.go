package invoice

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/pdf"
)

// columns of the table of lines: date, who, code, service, hours, rate, amount.
const (
	colDate = iota
	colWho
	colCode
	colService
	colHours
	colRate
	colAmount
	columns
)

var columnHeads = [columns]string{"Date", "Who", "Code", "Service", "Hours", "Rate", "Amount"}

// grid is where the columns are.
type grid struct{ x, w [columns]pdf.Unit }

// lineTable sets every line, the subtotals and the totals.
func (f *flow) lineTable() {
	g := f.measure()
	heads := make([]cell, columns)
	for i := range heads {
		heads[i] = cell{lines: []string{columnHeads[i]}, x: g.x[i], w: g.w[i], right: i >= colHours, scope: pdf.Column}
	}
	f.open(pdf.Table)
	f.tableHead(heads)
	f.open(pdf.TBody)
	rows := make([]row, 0, len(f.doc.Lines)+8)
	rows = f.section(rows, g, "Fees", hours(f.doc.feeHours()), f.doc.Totals.FeesMinor, Fee, Price, Adjustment)
	rows = f.section(rows, g, "Expenses", "", f.doc.Totals.ExpensesMinor, Expense)
	f.rows(f.totals(rows, g))
	f.close()
	f.close()
	f.head = nil
	f.y += pdf.MM(7)
}

// measure gives each column what its widest entry needs, and the service the rest.
func (f *flow) measure() *grid {
	g := &grid{}
	widen := func(col int, face pdf.Face, s string) {
		g.w[col] = max(g.w[col], f.fonts.Width(face, typeTable, s))
	}
	for i, head := range columnHeads {
		widen(i, pdf.Bold, head)
	}
	d := f.doc
	for i := range d.Lines {
		l := &d.Lines[i]
		widen(colDate, pdf.Regular, f.date(l.On))
		widen(colWho, pdf.Regular, l.Who)
		widen(colCode, pdf.Regular, codes(l))
		if l.Kind == Fee || l.Kind == Expense {
			widen(colHours, pdf.Regular, hours(l.QuantityE4))
			widen(colRate, pdf.Regular, rate(l.RateE4, d.Currency))
		}
	}
	widen(colHours, pdf.Bold, hours(d.feeHours()))
	widen(colAmount, pdf.Bold, amount(d.Totals.NetMinor, d.Currency)+"0")
	g.w[colAmount] = max(g.w[colAmount], f.fonts.Width(pdf.Bold, typeText, amount(d.Totals.TotalMinor, d.Currency)))
	// Codes of a firm's own making may be long; they are cut, the service is not starved.
	g.w[colWho] = min(g.w[colWho], pdf.MM(16))
	g.w[colCode] = min(g.w[colCode], pdf.MM(22))
	for i := range g.w {
		g.w[i] += 20 // Width rounds down; the widest entry must not be cut
	}
	rest := f.w - 2*margin - gap*(columns-1)
	for i, w := range g.w {
		if i != colService {
			rest -= w
		}
	}
	g.w[colService] = rest
	x := margin
	for i, w := range g.w {
		g.x[i] = x
		x += w + gap
	}
	return g
}

// date names the year only when the lines are not all of one.
func (f *flow) date(on Day) string {
	if d := f.doc; d.From != "" && d.From[:4] != d.To[:4] {
		return on.Time().Format("02 Jan 06")
	}
	return on.Time().Format("02 Jan")
}

func codes(l *Line) string {
	if l.Kind == Expense {
		return l.ExpenseCode
	}
	return strings.TrimSpace(l.Task + " " + l.Activity)
}

func (d *Document) feeHours() money.Fixed4 {
	var sum money.Fixed4
	for i := range d.Lines {
		if d.Lines[i].Kind == Fee {
			sum += d.Lines[i].QuantityE4
		}
	}
	return sum
}

// section adds the lines of some kinds, as they stand, and their subtotal.
func (f *flow) section(rows []row, g *grid, label, hoursText string, minor int64, of ...LineKind) []row {
	from := len(rows)
	for i := range f.doc.Lines {
		if l := &f.doc.Lines[i]; slices.Contains(of, l.Kind) {
			rows = append(rows, f.lineRow(g, l))
		}
	}
	if len(rows) == from {
		return rows
	}
	return append(rows, f.sumRow(g, sub, label, hoursText, minor))
}

func (f *flow) lineRow(g *grid, l *Line) row {
	field := "line " + strconv.Itoa(l.No) + " "
	at := func(col int, s, name string) cell {
		c := cell{x: g.x[col], w: g.w[col], right: col >= colHours, field: field + name}
		if s != "" {
			c.lines = []string{s}
		}
		return c
	}
	cells := make([]cell, 0, columns)
	cells = append(cells, at(colDate, f.date(l.On), "date"), f.wrapped(at(colWho, "", "timekeeper"), l.Who),
		f.wrapped(at(colCode, "", "code"), codes(l)), f.service(at(colService, "", "narrative"), l))
	quantity, price := "", "" // one of a thing: its price is the amount
	if l.Hourly() {
		quantity, price = hours(l.QuantityE4), rate(l.RateE4, f.doc.Currency)
	}
	cells = append(cells, at(colHours, quantity, "hours"), at(colRate, price, "rate"),
		at(colAmount, amount(l.AmountMinor, f.doc.Currency), "amount"))
	return row{cells: cells}
}

// oneUnit is a quantity of 1.
const oneUnit money.Fixed4 = 10_000

func (f *flow) wrapped(c cell, s string) cell {
	if s != "" {
		c.lines = f.fonts.Wrap(nil, pdf.Regular, typeTable, c.w, clean(s))
	}
	return c
}

// service is the narrative, and below it why hours times rate is not the amount.
func (f *flow) service(c cell, l *Line) cell {
	c = f.wrapped(c, l.Narrative)
	if l.AdjustMinor == 0 || l.Kind == Adjustment {
		return c
	}
	why, known := reductions[l.Reason]
	if !known {
		why = "reduction"
	}
	if l.AdjustMinor > 0 {
		why = "adjustment"
	}
	note := amount(l.ValueMinor, f.doc.Currency) + ", " + why + " " + amount(l.AdjustMinor, f.doc.Currency)
	before := len(c.lines)
	c.lines = f.fonts.Wrap(c.lines, pdf.Regular, typeTable, c.w, note)
	c.notes = len(c.lines) - before
	return c
}

// sumRow is a label over the columns before hours, and figures.
func (f *flow) sumRow(g *grid, k look, label, hoursText string, minor int64) row {
	labelWidth := g.x[colHours] - gap - margin
	span := uint8(colHours)
	if hoursText == "" {
		labelWidth, span = g.x[colAmount]-gap-margin, colAmount
	}
	head := cell{x: margin, w: labelWidth, scope: pdf.Row, span: span, field: "total"}
	head.lines = f.fonts.Wrap(nil, k.face(), k.size(), labelWidth, clean(label))
	cells := []cell{head}
	if hoursText != "" {
		cells = append(cells, cell{lines: []string{hoursText}, x: g.x[colHours], w: g.w[colHours], right: true, field: "hours"},
			cell{x: g.x[colRate], w: g.w[colRate]})
	}
	cells = append(cells, cell{lines: []string{amount(minor, f.doc.Currency)}, x: g.x[colAmount], w: g.w[colAmount], right: true, field: "total"})
	return row{cells: cells, look: k, sticks: true}
}

// totals adds net, taxes by rate and what is to be paid.
func (f *flow) totals(rows []row, g *grid) []row {
	d, t := f.doc, f.doc.Totals
	if len(d.Taxes) > 0 || (t.FeesMinor != 0 && t.ExpensesMinor != 0) {
		rows = append(rows, f.sumRow(g, sum, "Fees and expenses", "", t.NetMinor))
	}
	for _, x := range d.Taxes {
		label := x.Name + " " + percent(x.RateE6) + " on " + amount(x.BaseMinor, d.Currency)
		rows = append(rows, f.sumRow(g, sum, label, "", x.TaxMinor))
	}
	label := "Balance due " + d.DueOn.Long() + ", " + string(d.Currency)
	if d.Kind == KindCreditNote {
		label = "Total credited, " + string(d.Currency)
	}
	rows = append(rows, f.sumRow(g, grand, label, "", t.TotalMinor))
	for _, x := range d.Taxes {
		rows = f.remark(rows, d.roundingNote(x))
	}
	return f.remark(rows, d.TaxNote)
}

// remark adds a small line below the totals, if there is anything to say.
func (f *flow) remark(rows []row, s string) []row {
	if s == "" {
		return rows
	}
	c := cell{x: margin, w: f.w - 2*margin, span: columns, field: "tax note"}
	c.lines = f.fonts.Wrap(nil, pdf.Regular, typeSmall, c.w, clean(s))
	c.notes = len(c.lines)
	return append(rows, row{cells: []cell{c}, look: remark, sticks: true})
}

// roundingNote says by how much tax summed by line misses tax on the subtotal
// (LEGAL-BILLING 8: shown as rounding, not hidden).
func (d *Document) roundingNote(x Tax) string {
	whole, err := x.RateE6.Of(x.BaseMinor, d.Rounding)
	if err != nil || whole == x.TaxMinor {
		return ""
	}
	return x.Name + " is rounded line by line. On the subtotal it would be " + amount(whole, d.Currency) +
		"; rounding " + amount(x.TaxMinor-whole, d.Currency) + "."
}
