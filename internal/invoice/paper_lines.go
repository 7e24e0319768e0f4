package invoice

import (
	"slices"
	"strconv"

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
	rows = f.section(rows, g, Fee, Fee, Price, Adjustment)
	rows = f.section(rows, g, Expense, Expense)
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
		l := d.Print(&d.Lines[i])
		widen(colDate, pdf.Regular, l.Date)
		widen(colWho, pdf.Regular, l.Who)
		widen(colCode, pdf.Regular, l.Codes)
		widen(colHours, pdf.Regular, l.Hours)
		widen(colRate, pdf.Regular, l.Rate)
	}
	fees, _ := d.Subtotal(Fee)
	widen(colHours, pdf.Bold, fees.Hours)
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

// section adds the lines of some kinds, as they stand, and the subtotal of kind.
func (f *flow) section(rows []row, g *grid, kind LineKind, of ...LineKind) []row {
	for i := range f.doc.Lines {
		if l := &f.doc.Lines[i]; slices.Contains(of, l.Kind) {
			rows = append(rows, f.lineRow(g, l))
		}
	}
	if s, ok := f.doc.Subtotal(kind); ok {
		rows = append(rows, f.sumRow(g, sub, s))
	}
	return rows
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
	p := f.doc.Print(l)
	cells := make([]cell, 0, columns)
	cells = append(cells, at(colDate, p.Date, "date"), f.wrapped(at(colWho, "", "timekeeper"), p.Who),
		f.wrapped(at(colCode, "", "code"), p.Codes), f.service(at(colService, "", "narrative"), p),
		at(colHours, p.Hours, "hours"), at(colRate, p.Rate, "rate"), at(colAmount, p.Amount, "amount"))
	return row{cells: cells}
}

func (f *flow) wrapped(c cell, s string) cell {
	if s != "" {
		c.lines = f.fonts.Wrap(nil, pdf.Regular, typeTable, c.w, clean(s))
	}
	return c
}

// service is the narrative, and below it what is to be noted of the line.
func (f *flow) service(c cell, p Printed) cell {
	c = f.wrapped(c, p.Narrative)
	if p.Note == "" {
		return c
	}
	before := len(c.lines)
	c.lines = f.fonts.Wrap(c.lines, pdf.Regular, typeTable, c.w, p.Note)
	c.notes = len(c.lines) - before
	return c
}

// sumRow is a label over the columns before hours, and figures.
func (f *flow) sumRow(g *grid, k look, s Sum) row {
	labelWidth := g.x[colHours] - gap - margin
	span := uint8(colHours)
	if s.Hours == "" {
		labelWidth, span = g.x[colAmount]-gap-margin, colAmount
	}
	head := cell{x: margin, w: labelWidth, scope: pdf.Row, span: span, field: "total"}
	head.lines = f.fonts.Wrap(nil, k.face(), k.size(), labelWidth, clean(s.Label))
	cells := []cell{head}
	if s.Hours != "" {
		cells = append(cells, cell{lines: []string{s.Hours}, x: g.x[colHours], w: g.w[colHours], right: true, field: "hours"},
			cell{x: g.x[colRate], w: g.w[colRate]})
	}
	cells = append(cells, cell{lines: []string{amount(s.Minor, f.doc.Currency)}, x: g.x[colAmount], w: g.w[colAmount], right: true, field: "total"})
	return row{cells: cells, look: k, sticks: true}
}

// totals adds net, taxes by rate and what is to be paid.
func (f *flow) totals(rows []row, g *grid) []row {
	for _, s := range f.doc.Sums() {
		rows = append(rows, f.sumRow(g, sum, s))
	}
	rows = append(rows, f.sumRow(g, grand, f.doc.Due()))
	for _, s := range f.doc.Remarks() {
		rows = append(rows, f.remark(s))
	}
	return rows
}

// remark is a small line below the totals.
func (f *flow) remark(s string) row {
	c := cell{x: margin, w: f.w - 2*margin, span: columns, field: "tax note"}
	c.lines = f.fonts.Wrap(nil, pdf.Regular, typeSmall, c.w, clean(s))
	c.notes = len(c.lines)
	return row{cells: []cell{c}, look: remark, sticks: true}
}
